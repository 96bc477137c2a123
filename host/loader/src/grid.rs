//! Which grid of penalties a plugin gets that has none of its own (STATISTICS §1.5).
//!
//! That of its family, which the engine makes; where the family is none of the engine's, the range
//! that the plugin's schema states, or one point.

use ocean_engine::family::Family;
use ocean_plugin_abi as abi;
use serde_json::Value;

use super::{Descriptor, Plugin};

/// What a regressor's penalty is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Penalty {
    /// There is none.
    None,
    /// It has one value unless the study gives more.
    Fixed,
    /// A grid of the plugin's or of another family than ours.
    Other,
    /// A grid of degrees of freedom.
    Ridge,
    /// A grid from the penalty that empties the model down to a share of it, and paths that may end
    /// early.
    Sparse,
}

/// How the host makes a grid for one plugin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Grid {
    /// Log-spaced degrees of freedom of the design.
    Ridge,
    /// Log-spaced fractions of α_max, which depends on the target and on the l1_ratio; the first is
    /// the empty model.
    Sparse,
    /// From `max` down to `min`, in equal factors or equal steps.
    Range {
        /// The weakest penalty.
        min: f64,
        /// The strongest.
        max: f64,
        /// Equal factors.
        is_log: bool,
    },
    /// Nothing to tune. NaN when there is not even a default: the plugin has no penalty.
    Point(f64),
}

impl Grid {
    /// By family, else by the schema of the penalty.
    pub fn of(plugin: &Plugin) -> Self {
        Self::of_family(plugin.family, &plugin.descriptor)
    }

    fn of_family(family: Family, descriptor: &Descriptor) -> Self {
        let Some((_, alpha)) = descriptor.alpha() else {
            return Grid::Point(f64::NAN);
        };
        match family {
            Family::Ridge => Grid::Ridge,
            Family::Lasso | Family::ElasticNet => Grid::Sparse,
            Family::Other => Self::of_schema(alpha),
        }
    }

    fn of_schema(alpha: &Value) -> Self {
        let is_log = alpha["scale"] == "log";
        match (alpha["min"].as_f64(), alpha["max"].as_f64()) {
            (Some(min), Some(max)) if max > min && (min > 0.0 || !is_log) => {
                Grid::Range { min, max, is_log }
            }
            _ => Grid::Point(alpha["default"].as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// The kind of penalty of a plugin, for what a study may say about it.
    pub fn penalty(plugin: &Plugin) -> Penalty {
        let has_path = plugin.offers(abi::id::PATH);
        match Self::of(plugin) {
            Grid::Ridge => Penalty::Ridge,
            Grid::Sparse => Penalty::Sparse,
            Grid::Range { .. } => Penalty::Other,
            Grid::Point(_) if has_path => Penalty::Other,
            Grid::Point(_) if plugin.descriptor.alpha().is_some() => Penalty::Fixed,
            Grid::Point(_) => Penalty::None,
        }
    }

    /// Rows when the study does not say.
    pub fn n_alphas(self) -> usize {
        match self {
            Grid::Ridge | Grid::Range { .. } => 30,
            Grid::Sparse => 50,
            Grid::Point(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn grid(family: Family, schema: Value) -> Grid {
        let descriptor = Descriptor {
            id: "x".into(),
            name: String::new(),
            version: String::new(),
            vendor: String::new(),
            license: String::new(),
            url: String::new(),
            description: String::new(),
            family: String::new(),
            schema,
            kind: super::super::Kind::Regressor,
            flags: 0,
        };
        Grid::of_family(family, &descriptor)
    }

    #[test]
    fn the_family_decides_then_the_schema_then_there_is_one_point() {
        let alpha = |more: Value| {
            let mut schema = json!({"a": {"type": "number", "tunable": "alpha"}});
            schema["a"]
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            schema
        };
        assert_eq!(grid(Family::Ridge, alpha(json!({}))), Grid::Ridge);
        assert_eq!(grid(Family::ElasticNet, alpha(json!({}))), Grid::Sparse);
        let range = alpha(json!({"min": 0.5, "max": 8, "scale": "log"}));
        assert_eq!(
            grid(Family::Other, range),
            Grid::Range {
                min: 0.5,
                max: 8.0,
                is_log: true
            }
        );
        // 0 has no place on a logarithmic scale.
        let from_zero = alpha(json!({"min": 0, "max": 8, "scale": "log", "default": 2}));
        assert_eq!(grid(Family::Other, from_zero), Grid::Point(2.0));
        assert!(matches!(grid(Family::Ridge, json!({})), Grid::Point(nothing) if nothing.is_nan()));
    }
}
