//! What is fitted, and how exactly.

use crate::LinearError;

/// The objective's shape and when a fit counts as found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LassoOptions {
    /// ρ, the share of ℓ1 in the penalty: above 0, at most 1 (the lasso).
    pub l1_ratio: f64,
    /// A fit is found when its duality gap is at most this share of ½yᵀy/n (the objective of the
    /// empty model) and no condition of optimality is off by more than 100 times this share of αρ.
    pub tol: f64,
    /// Passes over the working set at one penalty, before the fit is returned as unconverged.
    pub max_iter: u32,
    /// No coefficient below 0.
    pub positive: bool,
}

impl Default for LassoOptions {
    /// The lasso, to a gap of 1e-9.
    fn default() -> Self {
        Self {
            l1_ratio: 1.0,
            tol: 1e-9,
            max_iter: 10_000,
            positive: false,
        }
    }
}

impl LassoOptions {
    pub(super) fn check(self) -> Result<Self, LinearError> {
        if !(self.l1_ratio > 0.0 && self.l1_ratio <= 1.0) {
            return Err(LinearError::Setting {
                name: "l1_ratio",
                got: self.l1_ratio,
                expected: "above 0 and at most 1; for 0 use ridge",
            });
        }
        if !(self.tol > 0.0 && self.tol < 1.0) {
            return Err(LinearError::Setting {
                name: "tol",
                got: self.tol,
                expected: "between 0 and 1",
            });
        }
        Ok(self)
    }
}

/// The penalty at one step, on the scale of the moments, with the accuracy that goes with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Penalty {
    /// αρ.
    pub l1: f64,
    /// α(1 − ρ).
    pub l2: f64,
    pub positive: bool,
    /// A feature outside the model violates its condition when its |g| exceeds this. The slack
    /// keeps features out that rounding alone would let in: the strongest penalty of a grid gives
    /// the empty model exactly.
    pub entry: f64,
    /// A coefficient's condition holds when g is this close to ±αρ.
    pub slack: f64,
}

impl Penalty {
    /// `l1` and `l2` on the scale of the moments; `strongest` is the largest |c|.
    pub fn new(l1: f64, l2: f64, strongest: f64, options: &LassoOptions) -> Self {
        // Far below any grid (a millionth of the strongest penalty), the rounding of c sets what
        // can be reached.
        let scale = l1.max(1e-6 * strongest);
        Self {
            l1,
            l2,
            positive: options.positive,
            entry: l1 + options.tol.max(1e-13) * scale,
            slack: 100.0 * options.tol * scale,
        }
    }

    /// What a coefficient would be whose curvature is 1 and whose unpenalised value is `z`.
    #[inline(always)]
    pub fn shrink(&self, z: f64) -> f64 {
        if z > self.l1 {
            z - self.l1
        } else if z < -self.l1 && !self.positive {
            z + self.l1
        } else {
            0.0
        }
    }

    /// Does a feature with coefficient 0 and this g have to enter?
    #[inline(always)]
    pub fn is_violated(&self, g: f64) -> bool {
        g > self.entry || (g < -self.entry && !self.positive)
    }
}
