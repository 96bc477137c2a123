//! `results.json`: everything a report shows, and the only thing a report reads.
//!
//! Every table, picture and sentence is rendered from these types alone, so a run directory can be rendered again later.
//! A number that was not computed is `None` (JSON null, an empty CSV field); it is never 0 or NaN.

use serde::{Deserialize, Serialize};

/// Version of the layout of `results.json`; grows when a field is renamed or removed.
pub const SCHEMA_VERSION: u32 = 1;

/// A finished study.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StudyResults {
    pub schema_version: u32,
    /// `ocean-host` version that made it.
    pub version: String,
    pub study: String,
    pub seed: u64,
    pub level: f64,
    pub smallest_effect: Option<f64>,
    pub folds: u32,
    pub repeats: u32,
    /// Permutations per cell.
    pub permutations: u32,
    /// "blocks", "within", …
    pub exchange: String,
    /// Rows of the data file, and texts in words: how the study was made up.
    pub data: DataSummary,
    pub encoders: Vec<EncoderSummary>,
    pub regressors: Vec<RegressorSummary>,
    pub targets: Vec<TargetSummary>,
    /// Family-wise omnibus p (smallest step-down adjusted p of the family).
    pub omnibus_p: Option<f64>,
    /// One row a cell, family first, then controls.
    pub cells: Vec<CellResult>,
    /// The doctor's findings, worst first.
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DataSummary {
    pub file: String,
    pub n_rows: usize,
    pub n_groups: Option<usize>,
    /// Rows dropped for a whole-row reason, with the reason in words.
    pub dropped: Vec<(String, usize)>,
    pub mean_characters: Option<f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EncoderSummary {
    pub name: String,
    /// Plugin id with version, or "precomputed".
    pub source: String,
    pub n_features: usize,
    pub is_control: bool,
    pub truncated: Option<usize>,
    /// Smallest adjusted p of the encoder's cells.
    pub omnibus_p: Option<f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegressorSummary {
    pub name: String,
    pub source: String,
    /// The objective in words, pinned per family.
    pub objective: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TargetSummary {
    pub name: String,
    pub n: usize,
    pub n_missing: usize,
    pub mean: f64,
    pub sd: f64,
    pub n_distinct: usize,
    /// Columns averaged into it, when `[raters]` made it.
    pub raters: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord, Copy)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The result cannot be trusted as it stands.
    Serious,
    /// Read the result with this in mind.
    Warning,
    /// Good to know.
    Note,
}

/// One finding of the doctor: what was seen, what it may mean, which setting to try.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Finding {
    pub severity: Severity,
    /// Stable kebab-case name, for scripts.
    pub code: String,
    /// Cells, targets or encoders it is about; empty for the whole study.
    pub about: Vec<String>,
    pub seen: String,
    pub meaning: String,
    #[serde(rename = "try")]
    pub remedy: String,
}

/// One cell, encoder × regressor × target. Field order and names are those of `results.csv` (STATISTICS: the engine's docs define each).
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub struct CellResult {
    pub encoder: String,
    pub regressor: String,
    pub target: String,
    pub n: usize,
    pub n_train: f64,
    pub n_features: usize,
    pub n_groups: Option<usize>,
    pub folds: u32,
    pub repeats: u32,
    pub r2: f64,
    pub se: Option<f64>,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
    pub se_naive: Option<f64>,
    pub r2_fold_sd: Option<f64>,
    pub r2_test_mean: f64,
    pub r2_fold_mean: Option<f64>,
    pub r2_oosse: f64,
    pub pearson_r: Option<f64>,
    pub calibration_slope: Option<f64>,
    pub rmse: f64,
    pub mae: f64,
    pub rmse_baseline: f64,
    pub p: Option<f64>,
    pub p_floor: Option<f64>,
    pub permutations: u32,
    pub ties: u32,
    pub p_fwer: Option<f64>,
    pub q_bh: Option<f64>,
    pub p_holm: Option<f64>,
    pub null_mean: Option<f64>,
    pub null_sd: Option<f64>,
    pub mde80: Option<f64>,
    pub mde80_r2: Option<f64>,
    pub ceiling: Option<f64>,
    pub r2_over_ceiling: Option<f64>,
    pub gain_over_length: Option<f64>,
    pub alpha_median: Option<f64>,
    pub l1_ratio_median: Option<f64>,
    pub nonzero_median: Option<f64>,
    pub sparsity: Option<f64>,
    pub empty_fits: u32,
    pub grid_edge_fits: u32,
    pub unconverged_fits: u32,
    pub feature_sample_ratio: f64,
    pub verdict: String,
    pub notes: String,
    /// Not in results.csv: outside the family.
    pub is_control: bool,
    /// Not in results.csv: 95 % Monte-Carlo interval of p.
    pub p_interval: Option<(f64, f64)>,
    /// Not in results.csv: the permuted r2, binned for the picture: (lowest edge, bin width, counts).
    pub null_histogram: Option<(f64, f64, Vec<u32>)>,
}
