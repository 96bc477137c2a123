//! What these models can refuse, and how each refusal reads.

use std::fmt;

/// Why a model was not fitted.
#[derive(Debug, Clone, PartialEq)]
pub enum LinearError {
    /// Two inputs do not belong together, or an index lies outside them.
    Shape {
        /// What was counted.
        what: &'static str,
        /// How many there were.
        got: usize,
        /// How many there have to be; for an index,
        /// how many there are to choose from.
        expected: usize,
    },
    /// A design without rows or without columns.
    Empty,
    /// A penalty that is negative or not a number.
    Penalty(f64),
    /// A penalty that is not above 0, where least squares would have no unique answer.
    NoPenalty(f64),
    /// A setting outside its range.
    Setting {
        /// Which.
        name: &'static str,
        /// Its value.
        got: f64,
        /// Its range, in words.
        expected: &'static str,
    },
    /// The decomposition did not converge, or a result is not finite; the text says which.
    Numeric(&'static str),
}

impl fmt::Display for LinearError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape {
                what,
                got,
                expected,
            } => write!(f, "{what}: got {got}, expected {expected}"),
            Self::Empty => write!(f, "the design matrix has no rows or no columns"),
            Self::Penalty(alpha) => write!(f, "alpha = {alpha} is not a penalty (0 or more)"),
            Self::NoPenalty(alpha) => write!(
                f,
                "alpha = {alpha} is not a penalty (above 0); without one this is least squares, for which use ridge"
            ),
            Self::Setting {
                name,
                got,
                expected,
            } => write!(f, "{name} = {got}: it has to be {expected}"),
            Self::Numeric(what) => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for LinearError {}

/// Checks one count against another.
pub(crate) fn expect_count(
    what: &'static str,
    got: usize,
    expected: usize,
) -> Result<(), LinearError> {
    if got == expected {
        Ok(())
    } else {
        Err(LinearError::Shape {
            what,
            got,
            expected,
        })
    }
}
