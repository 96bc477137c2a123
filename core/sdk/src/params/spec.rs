//! What is known about one parameter besides its name and type.

use super::value::ParamValue;

/// One parameter's default, range and use. Begins with [`default_to`] or [`required`].
#[derive(Debug, Clone)]
pub struct Param<T> {
    pub(super) default: Option<T>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) choices: &'static [&'static str],
    pub(super) is_log: bool,
    pub(super) tunable: Tunable,
    pub(super) format: Option<&'static str>,
}

/// Whether the host may choose the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tunable {
    No,
    Yes,
    Penalty,
}

/// A parameter that the user must give.
#[must_use]
pub fn required<T: ParamValue>() -> Param<T> {
    Param {
        default: None,
        min: None,
        max: None,
        choices: &[],
        is_log: false,
        tunable: Tunable::No,
        format: None,
    }
}

/// A parameter that has this value unless the user says otherwise.
#[must_use]
pub fn default_to<T: ParamValue>(value: impl Into<T>) -> Param<T> {
    Param {
        default: Some(value.into()),
        ..required()
    }
}

impl<T: ParamValue> Param<T> {
    /// The smallest value allowed.
    #[must_use]
    pub fn min(self, min: impl Into<f64>) -> Self {
        let min = Some(min.into());
        Param { min, ..self }
    }

    /// The largest value allowed.
    #[must_use]
    pub fn max(self, max: impl Into<f64>) -> Self {
        let max = Some(max.into());
        Param { max, ..self }
    }

    /// The only texts allowed.
    #[must_use]
    pub fn choices(self, choices: &'static [&'static str]) -> Self {
        Param { choices, ..self }
    }

    /// Steps of the parameter multiply: 0.1, 1, 10.
    #[must_use]
    pub fn log_scale(self) -> Self {
        Param {
            is_log: true,
            ..self
        }
    }

    /// This is the penalty, what `alpha` and `alphas` bring.
    #[must_use]
    pub fn penalty(self) -> Self {
        Param {
            tunable: Tunable::Penalty,
            ..self
        }
    }

    /// The user may list values, among which the host chooses. A prepared design must not depend on
    /// it.
    #[must_use]
    pub fn tunable(self) -> Self {
        Param {
            tunable: Tunable::Yes,
            ..self
        }
    }

    /// The name of a model, which the host turns into an absolute folder.
    #[must_use]
    pub fn model(self) -> Self {
        Param {
            format: Some("model"),
            ..self
        }
    }

    /// A path, which the host makes absolute.
    #[must_use]
    pub fn path(self) -> Self {
        Param {
            format: Some("path"),
            ..self
        }
    }

    /// `[0, 1]`, `(-∞, 1]`, …
    pub(super) fn range(&self) -> String {
        let low = self.min.map_or("(-∞".to_owned(), |min| format!("[{min}"));
        let high = self.max.map_or("∞)".to_owned(), |max| format!("{max}]"));
        format!("{low}, {high}")
    }

    pub(super) fn is_in_range(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}
