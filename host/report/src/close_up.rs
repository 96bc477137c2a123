//! A closer look at one recipe a target, as results.json keeps it for the pictures. All of it
//! describes the first repeat; nothing of it is tested.

use serde::{Deserialize, Serialize};

use crate::model::CellResult;

/// One cell, looked at closely: of each target the one with the highest r2, which is flattered by
/// having been chosen for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CloseUp {
    /// Label of the encoder.
    pub encoder: String,
    /// Label of the regressor.
    pub regressor: String,
    /// Label of the target.
    pub target: String,
    /// Mean target against mean prediction, in up to 10 bins of equally many rows sorted by
    /// prediction. Empty without a model.
    pub calibration: Vec<BinSummary>,
    /// How many rows lie where in the plane of prediction and target; `None` without a model.
    pub density: Option<DensitySummary>,
    /// Mean residual (target minus prediction) against the mean number of characters, in up to 10
    /// bins of equally many rows sorted by length. Empty without texts.
    pub residual_by_length: Vec<BinSummary>,
    /// What inner cross-validation saw along the penalties; `None` where it was not kept.
    pub path: Option<PathSummary>,
}

impl CloseUp {
    /// Whether this is the cell that it looks at.
    #[must_use]
    pub fn is_of(&self, cell: &CellResult) -> bool {
        !cell.is_control
            && self.target == cell.target
            && self.encoder == cell.encoder
            && self.regressor == cell.regressor
    }
}

/// Rows that are neighbours in one quantity, and the mean of another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BinSummary {
    /// Mean of the quantity that the rows are sorted by.
    pub x: f64,
    /// Mean of the other.
    pub y: f64,
    /// Standard error of `y`, rows taken as independent.
    pub se: f64,
    /// Rows.
    pub n: usize,
}

impl BinSummary {
    /// `y` minus and plus two standard errors.
    pub fn bar(&self) -> [f64; 2] {
        [self.y - 2.0 * self.se, self.y + 2.0 * self.se]
    }
}

/// The plane of prediction and target, cut into equal cells; those without a row are left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DensitySummary {
    /// Least and largest prediction.
    pub x: (f64, f64),
    /// Least and largest target.
    pub y: (f64, f64),
    /// Cells along each axis.
    pub n: usize,
    /// (cell along the prediction, cell along the target, rows).
    pub cells: Vec<(usize, usize, u32)>,
}

/// The penalties that were tried, strongest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PathSummary {
    /// Median over the outer splits, on the scale of the regressor's objective, of the setting
    /// chosen there.
    pub penalties: Vec<f64>,
    /// The strongest penalty that leaves a coefficient, at the setting chosen most often; `None`
    /// where the regressor has none.
    pub alpha_max: Option<f64>,
    /// One line a setting tuned with the penalty.
    pub lines: Vec<PathLine>,
    /// (line, step) chosen in each outer split.
    pub chosen: Vec<(usize, usize)>,
}

/// Inner r2 along the penalties.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PathLine {
    /// Its l1_ratio, if the regressor has one.
    pub l1_ratio: Option<f64>,
    /// 1 − Σ inner squared errors / Σ squares of the training targets about their means, over the
    /// splits; `None` where some split did not walk so far, or where the errors are no number.
    pub inner_r2: Vec<Option<f64>>,
}
