//! Keys of `[[regressor]]` that say something of the penalty, beside a plugin that has none, or
//! none of that kind.
//!
//! A key that changes nothing is refused: whoever types it believes that it does. A value that is
//! the default is let pass, for `--dry-run` prints those.

pub use ocean_loader::Penalty;
use serde_json::{Map, Value};

use super::resolve::default;
use super::{Patience, RegressorPlan, Selection};
use crate::problem::{Problem, Problems, Refusal};

impl RegressorPlan {
    /// Refuses settings of a penalty that the plugin does not have. `title`: of the plugin, for
    /// messages; `n_variants`: combinations of its parameters to choose among.
    ///
    /// # Errors
    /// A [`Refusal`] with every such setting, each with its line.
    pub fn refuse_idle_penalty(
        &self,
        title: &str,
        penalty: Penalty,
        n_variants: usize,
    ) -> Result<(), Refusal> {
        let why = match penalty {
            Penalty::None => format!("{title} has no penalty"),
            Penalty::Fixed => format!("{title} has one penalty and no grid of them"),
            Penalty::Other | Penalty::Ridge | Penalty::Sparse => {
                format!("it is for lasso and elastic net, and {title} is neither")
            }
        };
        let has_grid = !matches!(penalty, Penalty::None | Penalty::Fixed);
        let is_sparse = penalty == Penalty::Sparse;
        let has_ratio = is_sparse || penalty == Penalty::Other;
        let n_alphas = self.alphas.as_ref().map_or(1, Vec::len);
        let has_choice = has_grid || n_alphas > 1 || n_variants > 1;
        let idle = [
            ("alphas", self.alphas.is_some() && penalty == Penalty::None),
            ("n_alphas", self.n_alphas.is_some() && !has_grid),
            (
                "alpha_min_ratio",
                !has_ratio && self.alpha_min_ratio != Some(default::ALPHA_MIN_RATIO),
            ),
            (
                "patience",
                !is_sparse
                    && !matches!(
                        self.patience,
                        Patience::Off | Patience::Steps(default::PATIENCE)
                    ),
            ),
            ("selection", self.selection != Selection::Min && !has_choice),
        ];
        let mut problems = Problems::default();
        // Another program's grid brings its own settings, and is refused beside such a plugin
        // elsewhere.
        let typed = idle
            .iter()
            .filter(|(key, is_idle)| *is_idle && self.has_typed(key));
        for (key, _) in typed {
            let why = match *key {
                "selection" => format!("{title} has nothing to choose among"),
                _ => why.clone(),
            };
            problems.push(
                Problem::new(
                    self.params.line_of(key),
                    format!("{key} changes nothing: {why}"),
                )
                .with_try(format!("leave `{key}` out")),
            );
        }
        problems.finish(())
    }

    /// `tol` is a key of the host and a parameter of plugins that fit by iteration: it reaches
    /// those that have it, and is refused for the others.
    ///
    /// # Errors
    /// A [`Refusal`] with its line, also where it is outside what the schema allows.
    pub fn hand_on_tol(
        &self,
        title: &str,
        schema: &Value,
        params: &mut Map<String, Value>,
    ) -> Result<(), Refusal> {
        if !self.has_typed("tol") {
            return Ok(());
        }
        let (tol, rules) = (self.tol, &schema["tol"]);
        let refuse = |message: String| Problem::new(self.params.line_of("tol"), message);
        if rules.is_null() {
            // What `--dry-run` prints may be typed.
            let message = format!("tol changes nothing: {title} has no such parameter");
            return match tol == default::TOL {
                true => Ok(()),
                false => Err(refuse(message).with_try("leave `tol` out").into()),
            };
        }
        let bound = |name: &str, none: f64| rules[name].as_f64().unwrap_or(none);
        let (min, max) = (bound("min", 0.0), bound("max", f64::INFINITY));
        if tol < min || tol > max {
            return Err(refuse(format!("tol = {tol:e} is outside [{min:e}, {max:e}]")).into());
        }
        params.insert("tol".to_owned(), Value::from(tol));
        Ok(())
    }

    /// The key stands in plugins.toml.
    pub fn has_typed(&self, key: &str) -> bool {
        self.params.origins.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::Plan;
    use crate::read::config::{Config, Scope};

    fn regressor(more: &str) -> RegressorPlan {
        let study = format!(
            "[study]\nname = \"s\"\n[data]\npath = \"d.csv\"\nid = \"id\"\ntargets = \"*\"\n\
             [[encoder]]\nname = \"v\"\nembeddings = \"v.csv\"\n[[regressor]]\nname = \"r\"\nplugin = \"r\"\n{more}"
        );
        let file = Path::new("/study/plugins.toml");
        let config = Config::parse(file, &study, &[], Scope::Evaluation).unwrap();
        let plan = Plan::resolve(&config, Some(Path::new("/out"))).unwrap();
        plan.regressors[0].clone()
    }

    fn refused(more: &str, penalty: Penalty, n_variants: usize) -> String {
        let found = regressor(more).refuse_idle_penalty("r 1.0", penalty, n_variants);
        found.map_or_else(|refusal| refusal.to_string(), |()| String::new())
    }

    #[test]
    fn settings_of_a_penalty_that_is_not_there_are_refused_with_their_line() {
        let of = |more: &str| refused(more, Penalty::None, 1);
        assert_eq!(
            of("n_alphas = 8"),
            "/study/plugins.toml:13: n_alphas changes nothing: r 1.0 has no penalty\n  try: leave `n_alphas` out"
        );
        for key in [
            "alphas = [1.0]",
            "alpha_min_ratio = 0.1",
            "patience = 3",
            "selection = \"1se\"",
        ] {
            assert!(of(key).contains("changes nothing"), "{key}");
        }
        // With parameters to choose among there is a choice; defaults, as a dry run prints them,
        // change nothing and say so.
        assert_eq!(refused("selection = \"1se\"", Penalty::None, 3), "");
        assert_eq!(
            of("alpha_min_ratio = 0.001\npatience = 5\nselection = \"min\""),
            ""
        );
        assert_eq!(of(""), "");
    }

    #[test]
    fn a_tolerance_reaches_the_plugin_that_has_one_and_is_refused_for_another() {
        let handed = |tol: &str, schema: Value| {
            let mut params = Map::new();
            let found = regressor(tol).hand_on_tol("r 1.0", &schema, &mut params);
            found
                .map(|()| params.get("tol").and_then(Value::as_f64))
                .map_err(|e| e.to_string())
        };
        let schema = || serde_json::json!({"tol": {"type": "number", "min": 1e-12, "max": 1e-2}});
        let none = || serde_json::json!({});
        assert_eq!(handed("tol = 1e-6", schema()), Ok(Some(1e-6)));
        assert_eq!(handed("", schema()), Ok(None));
        assert!(handed("tol = 0.5", schema()).is_err_and(|e| e.contains("outside [1e-12, 1e-2]")));
        assert!(handed("tol = 1e-6", none()).is_err_and(|e| e.contains("changes nothing")));
        assert_eq!(handed("tol = 1e-9", none()), Ok(None));
    }

    #[test]
    fn settings_of_another_kind_of_penalty_are_refused_and_its_own_are_not() {
        let ridge = |more: &str| refused(more, Penalty::Ridge, 1);
        assert!(ridge("patience = 3").contains("lasso and elastic net"));
        assert!(ridge("alpha_min_ratio = 0.1").contains("lasso and elastic net"));
        assert_eq!(
            ridge("n_alphas = 8\nselection = \"1se\"\npatience = \"off\""),
            ""
        );
        assert_eq!(ridge("compat = \"sklearn\""), "");
        let lasso = "n_alphas = 8\nalpha_min_ratio = 0.1\npatience = 3";
        assert_eq!(refused(lasso, Penalty::Sparse, 1), "");
        assert!(refused("n_alphas = 8", Penalty::Fixed, 1).contains("no grid"));
        assert_eq!(
            refused(
                "alphas = [1.0, 2.0]\nselection = \"1se\"",
                Penalty::Fixed,
                1
            ),
            ""
        );
    }
}
