//! `results.json`: everything a report shows, and the only thing a report reads.
//!
//! Every table, picture and sentence is rendered from these types alone, so a run directory can be
//! rendered again later. A number that was not computed is `None` (JSON null, an empty CSV field);
//! it is never 0 or NaN, and `json` refuses to write one that is not finite. The formulas
//! named here are computed by the engine; each is defined once, in its documentation. Nothing of
//! the texts themselves is kept, unless `[report]` asks for words or texts.

use ocean_engine::inference::verdict::Verdict;
use serde::{Deserialize, Serialize};

use crate::close_up::CloseUp;

/// Version of the layout of `results.json`; grows when a field is renamed or removed, not when one
/// is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Stands for encoder and regressor where both are chosen inside each training part.
pub const BEST: &str = "(best)";

/// A finished (or partial) study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyResults {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// `ocean-host` version that made it.
    pub version: String,
    /// `study.name` of the configuration.
    pub study: String,
    /// `study.seed`: folds and permutations follow from it alone.
    pub seed: u64,
    /// Family-wise error level, in (0, 1).
    pub level: f64,
    /// The smallest r2 of interest, δ; without it no verdict says "practically null" or "too small
    /// to matter".
    pub smallest_effect: Option<f64>,
    /// Outer folds, K.
    pub folds: u32,
    /// The column whose values are the folds; `None`: they were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold_column: Option<String>,
    /// How often the folds were drawn anew.
    pub repeats: u32,
    /// Independent inner folds of the tuning; `None`: the other outer folds of each training part.
    #[serde(default)]
    pub inner_folds: Option<u32>,
    /// Permutations per cell, m; with sequential stopping, the most a cell could get.
    pub permutations: u32,
    /// Each cell's permutations stopped at the twentieth that scored as well as the observed y
    /// (Besag & Clifford 1991).
    #[serde(default)]
    pub is_adaptive: bool,
    /// How rows were exchanged when the data have groups.
    pub exchange: Exchange,
    /// What was permuted and scored; results written before there was a choice permuted rows.
    #[serde(default)]
    pub unit: Unit,
    /// Bands of group size within which groups that are rows exchanged their values; 0: all
    /// exchanged with all.
    #[serde(default)]
    pub size_bands: u32,
    /// Names of the covariates partialled out of X and y; empty: none.
    #[serde(default)]
    pub covariates: Vec<String>,
    /// How each covariate was read: "age as numbers", "site as dummies of 3 categories".
    #[serde(default)]
    pub covariates_read: Vec<String>,
    /// How p was adjusted for the number of cells.
    #[serde(default)]
    pub correction: Correction,
    /// Targets of the study lack different rows: step-down maxT is then approximate.
    #[serde(default)]
    pub has_unequal_rows: bool,
    /// The rows the study was made on.
    pub data: DataSummary,
    /// In the order of the configuration, controls last.
    pub encoders: Vec<EncoderSummary>,
    /// In the order of the configuration.
    pub regressors: Vec<RegressorSummary>,
    /// In the order of the configuration.
    pub targets: Vec<TargetSummary>,
    /// Family-wise omnibus p: the smallest adjusted p of the family. `None` without permutations.
    pub omnibus_p: Option<f64>,
    /// One entry a cell, family first, then controls.
    pub cells: Vec<CellResult>,
    /// Pairs of encoders and pairs of regressors, each on every target and, where there are
    /// several, on their mean; controls take no part.
    #[serde(default)]
    pub comparisons: Vec<ComparisonResult>,
    /// A sample of its own that the models were tested on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestSummary>,
    /// Cells of the family on some of the rows each, such as those of one site.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subgroups: Vec<SubgroupResult>,
    /// Of each target the cell with the highest r2, for the pictures.
    #[serde(default)]
    pub close_ups: Vec<CloseUp>,
    /// Which words go with the targets, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<WordSummary>,
    /// The texts with the highest and the lowest predictions, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<TextsOfTarget>,
    /// Cells that were planned and have no result; not empty means the run is partial.
    #[serde(default)]
    pub failed: Vec<FailedCell>,
    /// The doctor's findings, worst first.
    pub findings: Vec<Finding>,
}

/// How rows were exchanged when the data have groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Whole blocks among groups of equal size that lack the same rows of the target.
    #[default]
    Blocks,
    /// Rows inside their group.
    Within,
    /// As blocks, over the values of the column that has the folds, too.
    Free,
    /// Group values within quartiles of group size; only older versions did.
    SizeBands,
}

/// What was permuted and scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Rows of the table.
    #[default]
    Row,
    /// Groups: every group became one row.
    Group,
}

/// How p was adjusted for looking at many cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// Step-down maxT over the joint permutations (Westfall & Young 1993).
    #[default]
    MaxT,
    /// Holm (1979) on the raw p: where the permutations of different cells do not pair up, as with
    /// sequential stopping.
    Holm,
}

impl Correction {
    /// Its name in results.csv and results.json.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxT => "max-t",
            Self::Holm => "holm",
        }
    }
}

/// What the interval of r2 rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalMethod {
    /// Planted effects, inverted: the true R² whose r2 may be the observed one.
    Planted,
    /// Block jackknife: controls, the best of several, and where no effects were planted.
    Jackknife,
}

impl IntervalMethod {
    /// Its name in results.csv and results.json.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planted => "planted",
            Self::Jackknife => "jackknife",
        }
    }
}

/// The rows a study was made on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DataSummary {
    /// The data file as the configuration names it, never an absolute path of the machine.
    pub file: String,
    /// BLAKE3 of the rows of each table that was read, in the order of their ids, for whoever must
    /// know whether it is the same data.
    #[serde(default)]
    pub hashes: Vec<(String, String)>,
    /// Rows of the data file.
    pub n_rows: usize,
    /// Column that declares the groups, if any.
    #[serde(default)]
    pub group: Option<String>,
    /// Groups the folds respected (declared ones, or sets of identical texts); `None`: every row
    /// for itself.
    pub n_groups: Option<usize>,
    /// Rows dropped for a reason that concerns the whole row: the reason in words, how many.
    /// Missing targets are counted per target.
    pub dropped: Vec<(String, usize)>,
    /// Mean length of the texts in characters; `None` when the study has no texts.
    pub mean_characters: Option<f64>,
}

/// One source of features.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EncoderSummary {
    /// Its label in every table.
    pub name: String,
    /// Plugin id with version, "precomputed", a server's model and address, or "built in" for
    /// controls.
    pub source: String,
    /// Columns of X.
    pub n_features: usize,
    /// Outside the family: shown beside it, never counted.
    pub is_control: bool,
    /// Texts cut at the encoder's length limit; `None` when it does not report that.
    pub truncated: Option<usize>,
    /// Its plugin's parameters in words: "dim = 4096, lowercase = true"; `None` when it has none.
    #[serde(default)]
    pub parameters: Option<String>,
    /// Smallest adjusted p of the encoder's cells: "does this encoder say anything at all?". `None`
    /// without permutations and for controls.
    pub omnibus_p: Option<f64>,
    /// Servers that the texts were sent to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerSummary>,
    /// What came of sending some texts to them twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<RepeatedSummary>,
}

/// A server that made vectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ServerSummary {
    /// Its address.
    pub url: String,
    /// Its name of the model.
    pub model: String,
    /// It ran on the machine of the study, and no text left that.
    pub is_local: bool,
}

/// Texts that were sent to a server twice.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RepeatedSummary {
    /// How many texts were sent twice.
    pub texts: usize,
    /// The largest difference of one number, as a share of the vector's length.
    pub largest: f64,
}

/// One regressor.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RegressorSummary {
    /// Its label in every table.
    pub name: String,
    /// Plugin id with version.
    pub source: String,
    /// The objective that is minimised, as a formula, so that penalties can be compared with other
    /// software; `None` when the plugin states none.
    pub objective: Option<String>,
    /// The penalties tried, as half a sentence: "30 penalties of 0.1 to 0.99 of the rank in
    /// effective degrees of freedom".
    #[serde(default)]
    pub penalties: Option<String>,
    /// Its plugin's parameters in words, tuned ones with their values: "l1_ratio chosen among 0.9,
    /// 0.5 and 0.1"; `None` when it has none.
    #[serde(default)]
    pub parameters: Option<String>,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TargetSummary {
    /// Its label in every table.
    pub name: String,
    /// Rows on which it was studied.
    pub n: usize,
    /// Rows without a value of it.
    pub n_missing: usize,
    /// Mean over its rows, in its own units.
    pub mean: f64,
    /// Standard deviation over its rows (ddof 1), in its own units.
    pub sd: f64,
    /// Different values among its rows.
    pub n_distinct: usize,
    /// Columns averaged into it, when `[raters]` made it; else empty.
    pub raters: Vec<String>,
    /// How far its raters agree; `None` without raters, or where fewer than two rows have a rating
    /// of each.
    #[serde(default)]
    pub reliability: Option<Reliability>,
    /// Its values, where it has two; `None`: it has more.
    #[serde(default)]
    pub two_values: Option<TwoValues>,
}

/// A target of two values: its r2 is the Brier skill score against the training share.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TwoValues {
    /// The lower value, or the word that counts as 0.
    pub low: String,
    /// The higher value, or the word that counts as 1.
    pub high: String,
    /// Share of its rows that have the higher one.
    pub base_rate: f64,
}

/// Agreement of the raters of one target (Shrout & Fleiss 1979), on the rows that all of them
/// rated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reliability {
    /// Rows that every rater rated.
    pub n_complete: usize,
    /// ICC(2,1): absolute agreement of one rater drawn from many.
    pub icc_2_1: f64,
    /// ICC(2,k): that of the mean of as many raters drawn from many.
    pub icc_2_k: f64,
    /// ICC(3,1): consistency of one of these raters.
    pub icc_3_1: f64,
    /// ICC(3,k): that of the mean of these raters; differences between their means cost nothing.
    pub icc_3_k: f64,
    /// The raters, in the order of `raters`.
    pub by_rater: Vec<RaterSummary>,
}

/// One rater of one target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RaterSummary {
    /// Its column.
    pub name: String,
    /// Its ratings.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (ddof 1); 0 for a single one.
    pub sd: f64,
}

/// How much a finding should worry the reader; sorts worst first.
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

impl Severity {
    /// As a label.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Serious => "Serious",
            Self::Warning => "Warning",
            Self::Note => "Note",
        }
    }
}

/// One finding of the doctor: what was seen, what it may mean, which setting to try.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Finding {
    /// How much it should worry the reader.
    pub severity: Severity,
    /// Stable kebab-case name, for scripts.
    pub code: String,
    /// Cells, targets or encoders it is about; empty for the whole study.
    pub about: Vec<String>,
    /// What was seen, one sentence with the numbers in it.
    pub seen: String,
    /// What it may mean, one sentence.
    pub meaning: String,
    /// What to do: the setting to try, one sentence.
    #[serde(rename = "try")]
    pub remedy: String,
}

/// What is compared; everything else about the two is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// Two encoders under one regressor.
    #[default]
    Encoders,
    /// Two regressors on one encoder.
    Regressors,
}

/// The difference in r2 of two recipes on the same rows and folds. Names and order are those of
/// `comparisons.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ComparisonResult {
    /// Encoders or regressors.
    pub compared: Compared,
    /// Label of A's encoder.
    pub encoder_a: String,
    /// Label of A's regressor.
    pub regressor_a: String,
    /// Label of B's encoder.
    pub encoder_b: String,
    /// Label of B's regressor.
    pub regressor_b: String,
    /// Label of the target; `None`: the mean over targets.
    pub target: Option<String>,
    /// Targets averaged over, 1 for a single one.
    pub n_targets: usize,
    /// r2 of A (mean over the targets).
    pub r2_a: f64,
    /// r2 of B (mean over the targets).
    pub r2_b: f64,
    /// r2_a − r2_b.
    pub delta_r2: f64,
    /// Its standard error by `ci_method`. Planted: √((inflation·se_naive)² + sd of the difference
    /// over permutations²); jackknife: `se_jackknife`. `None` with too few rows or groups, and where
    /// there is no model in either.
    pub se: Option<f64>,
    /// Lower end of the 95 % interval, delta_r2 − t·se.
    pub ci_low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub ci_high: Option<f64>,
    /// Two-sided p of "equal r2", by t with groups (or rows) − 1 degrees of freedom; of the
    /// jackknife blocks − 1.
    pub p: Option<f64>,
    /// Holm's adjustment: over all pairs × targets, or for means over targets over all pairs.
    pub p_holm: Option<f64>,
    /// Corrected t of Nadeau & Bengio (2003) over the folds of the first repeat, folds − 1 degrees
    /// of freedom; for comparison with other work, single targets only.
    pub t_corrected: Option<f64>,
    /// Its two-sided p; not adjusted.
    pub p_corrected: Option<f64>,
    /// What `se`, interval and p rest on.
    #[serde(default)]
    pub ci_method: Option<IntervalMethod>,
    /// Standard error of the difference that takes the fitted models as given; `None` where targets
    /// with different rows are averaged.
    #[serde(default)]
    pub se_naive: Option<f64>,
    /// How many times its naive standard error r2 spreads where effects are planted, the larger of
    /// A and B; likewise.
    #[serde(default)]
    pub inflation: Option<f64>,
    /// Block jackknife of the difference, at least the sd of the difference over permutations.
    #[serde(default)]
    pub se_jackknife: Option<f64>,
    /// Short remarks, separated by "; ".
    pub notes: String,
}

/// A sample of its own to test on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TestSummary {
    /// Its table, or the column whose word `test` its rows have: "later.csv", "`part` of loans.csv".
    pub source: String,
    /// Rows of the analysis in it.
    pub n_rows: usize,
    /// Permutations of its targets.
    pub permutations: u32,
    /// One entry a cell, in the order of `cells`.
    pub cells: Vec<TestResult>,
}

/// The model of one cell, learned on all training rows, on the test rows. Names and order are those
/// of `test.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TestResult {
    /// Label of the encoder.
    pub encoder: String,
    /// Label of the regressor.
    pub regressor: String,
    /// Label of the target.
    pub target: String,
    /// Training rows of the model.
    pub n_train: usize,
    /// Test rows with a value of the target.
    pub n: usize,
    /// Groups among them; `None`: every row for itself.
    pub n_groups: Option<usize>,
    /// 1 − Σ(y−ŷ)²/Σ(y−ȳ_train)² over the test rows; ȳ_train is the mean of the training rows.
    pub r2_test: f64,
    /// Lower end of the 95 % interval of this model's r2 on rows like these: 1 − exp(λ ± t·SE), λ =
    /// ln(1 − r2_test), SE by the jackknife over rows or groups. `None` with fewer than 20 of them,
    /// and for a model without coefficients.
    pub ci_low: Option<f64>,
    /// Its upper end.
    pub ci_high: Option<f64>,
    /// Lower end of the interval that the verdict rests on, widened for the choice of the significant
    /// cells (false-coverage rate).
    pub ci_low_fcr: Option<f64>,
    /// Its upper end.
    pub ci_high_fcr: Option<f64>,
    /// Correlation of prediction and target, both as deviations from the training mean.
    pub pearson_r: Option<f64>,
    /// Slope of target on prediction, as deviations from the training mean.
    pub calibration_slope: Option<f64>,
    /// Root mean squared error, target units.
    pub rmse: f64,
    /// Mean absolute error, target units.
    pub mae: f64,
    /// Root mean squared error of guessing the training mean, target units.
    pub rmse_baseline: f64,
    /// Permutation p: (1 + #{r2 of y moved among the test rows ≥ r2_test})/(1 + permutations).
    pub p: f64,
    /// The smallest p that was possible.
    pub p_floor: f64,
    /// Step-down maxT over the cells that are no controls.
    pub p_fwer: Option<f64>,
    /// Benjamini & Hochberg's q over them.
    pub q_bh: Option<f64>,
    /// Holm's adjusted p over them.
    pub p_holm: Option<f64>,
    /// r2 of the recipe by cross-validation on the training rows, for comparison.
    pub r2: f64,
    /// What the evidence of the test rows allows one to say; `None` for controls.
    #[serde(with = "crate::verdict")]
    pub verdict: Option<Verdict>,
    /// Chosen penalty; `None` for a model without coefficients.
    pub alpha: Option<f64>,
    /// Of a target of two values: the share of pairs of a high and a low test row in which the high
    /// one has the higher prediction, equal ones half.
    #[serde(default)]
    pub auc: Option<f64>,
    /// Lower end of the 95 % interval of this model's `auc`: jackknife of ln(auc/(1 − auc)) over test
    /// rows or groups. `None` with fewer than 20 of them.
    #[serde(default)]
    pub auc_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub auc_high: Option<f64>,
    /// Outside the family.
    pub is_control: bool,
}

/// One cell on the rows of one value of a column. Names and order are those of `subgroups.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SubgroupResult {
    /// Name of the column.
    pub column: String,
    /// The value that these rows have.
    pub value: String,
    /// Label of the encoder.
    pub encoder: String,
    /// Label of the regressor.
    pub regressor: String,
    /// Label of the target.
    pub target: String,
    /// Rows that have it, and the target.
    pub n: usize,
    /// Mean of the target, in its own units.
    pub mean: f64,
    /// 1 − Σ(y−ŷ)²/Σ(y−ȳ_train)² over these rows, ȳ_train as for all rows; `None` where y equals it.
    pub r2: Option<f64>,
    /// Lower end of the 95 % interval of `r2`: jackknife of the logarithm of the ratio, its standard
    /// error as many times larger as that of the r2 of all rows. `None` with fewer than 20 rows, or
    /// groups where there are such, and where no effects were planted.
    pub ci_low: Option<f64>,
    /// Its upper end.
    pub ci_high: Option<f64>,
    /// Correlation of prediction and target, both as deviations from the training mean.
    pub pearson_r: Option<f64>,
    /// Mean of ŷ − y in standard deviations of the target over all rows: above 0 these rows are
    /// predicted too high.
    pub bias: Option<f64>,
    /// Root mean squared error of guessing the training mean, target units.
    pub rmse_baseline: f64,
}

/// Which words go with the targets; words.csv has all of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WordSummary {
    /// Permutations of the targets behind every p.
    pub permutations: u32,
    /// Words × targets, over which p is adjusted.
    pub n_tests: usize,
    /// One entry a target.
    pub targets: Vec<WordsOfTarget>,
}

/// The words of one target that a report shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WordsOfTarget {
    /// Label of the target.
    pub target: String,
    /// Label of the encoder whose predictions are looked at: that of the target's highest r2.
    pub encoder: String,
    /// Label of its regressor.
    pub regressor: String,
    /// Words and pairs of words that were tested.
    pub n_terms: usize,
    /// Those with an adjusted p of at most the level.
    pub n_significant: usize,
    /// Those with the largest |r|, from the highest r to the lowest.
    pub shown: Vec<WordResult>,
    /// Those whose use goes most with the prediction, the largest first.
    pub leaning: Vec<WordResult>,
    /// Significant ones that go the other way with the prediction.
    pub opposed: Vec<WordResult>,
}

/// One word, or pair of words, and one target. Names and order are those of `words.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WordResult {
    /// Label of the target.
    pub target: String,
    /// The word, or two words with a space between.
    pub term: String,
    /// Rows of the target that use it.
    pub n_rows: usize,
    /// Correlation of the square root of its relative frequency with the target; with covariates
    /// these are taken out of both.
    pub r: f64,
    /// Lower end of the 95 % interval of `r`, of this word alone.
    pub ci_low: f64,
    /// Its upper end.
    pub ci_high: f64,
    /// Permutation p, two-sided.
    pub p: f64,
    /// Adjusted for all words and targets, step-down maxT.
    pub p_fwer: f64,
    /// Benjamini & Hochberg's q over the same.
    pub q_bh: f64,
    /// Label of the encoder that makes the prediction.
    pub encoder: String,
    /// Label of its regressor.
    pub regressor: String,
    /// The same correlation with the out-of-fold prediction, as deviation from the training mean, in
    /// place of the target; `None` without a model.
    pub r_prediction: Option<f64>,
}

/// Texts at either end of the predictions of one target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TextsOfTarget {
    /// Label of the target.
    pub target: String,
    /// Label of the encoder with the highest r2.
    pub encoder: String,
    /// Label of its regressor.
    pub regressor: String,
    /// The highest predictions, the highest first.
    pub highest: Vec<TextResult>,
    /// The lowest predictions, the lowest first.
    pub lowest: Vec<TextResult>,
}

/// A text with what was predicted for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TextResult {
    /// Id of the row.
    pub id: String,
    /// Observed value, target units.
    pub y: f64,
    /// Predicted by the model that never saw the row.
    pub y_hat: f64,
    /// The text, or its beginning.
    pub text: String,
}

/// A planned cell that has no result.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct FailedCell {
    /// Label of the encoder.
    pub encoder: String,
    /// Label of the regressor.
    pub regressor: String,
    /// Label of the target.
    pub target: String,
    /// What happened, in one line.
    pub reason: String,
}

/// One cell, encoder × regressor × target. Names and order up to `notes` are those of
/// `results.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CellResult {
    /// Label of the encoder.
    pub encoder: String,
    /// Label of the regressor.
    pub regressor: String,
    /// Label of the target.
    pub target: String,
    /// Rows with a value of the target.
    pub n: usize,
    /// Mean number of training rows over the outer splits: the sample size r2 speaks about.
    pub n_train: f64,
    /// Columns of X.
    pub n_features: usize,
    /// Groups among the rows; `None`: every row for itself.
    pub n_groups: Option<usize>,
    /// Outer folds.
    pub folds: u32,
    /// Redraws of the folds averaged over.
    pub repeats: u32,
    /// Headline score: 1 − Σ(y−ŷ)²/Σ(y−ȳ_train)², pooled over held-out rows; 0 for the empty model,
    /// may be negative, never clipped. With covariates what these predict, ŷ⁰, is in the place of
    /// ȳ_train, here and in every score that is about it (`r2_partial`).
    pub r2: f64,
    /// Standard error of `r2`: block jackknife of the whole recipe, with `null_sd` added in
    /// quadrature. `ci_low_jackknife` and `ci_high_jackknife` rest on it, and where there are no
    /// planted effects the interval too.
    pub se: Option<f64>,
    /// Lower end of the 95 % interval, by `ci_method`.
    pub ci_low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub ci_high: Option<f64>,
    /// Lower end of the interval the verdict rests on: that of level 1 − α·max(R, 1)/J for R
    /// significant cells among J (false-coverage rate); at least as wide as the 95 % interval when
    /// α = .05.
    pub ci_low_fcr: Option<f64>,
    /// Its upper end.
    pub ci_high_fcr: Option<f64>,
    /// Standard error that ignores that rows also train; for comparison with other software only.
    pub se_naive: Option<f64>,
    /// Standard deviation (ddof 1) of `r2` over redraws of the folds: what the draw of the folds
    /// alone does. `None` unless `fold_redraws` asks for it.
    pub r2_fold_sd: Option<f64>,
    /// 1 − Σ(y−ŷ)²/Σ(y−ȳ)², ȳ the mean of all rows.
    pub r2_test_mean: f64,
    /// Mean over folds of scikit-learn's `r2_score`; `None` when y is constant in every fold.
    pub r2_fold_mean: Option<f64>,
    /// 1 − MSE/MST with MST = s²(n+1)/n (ddof 1).
    pub r2_oosse: f64,
    /// Correlation of prediction and target, both as deviations from the training mean; `None` for
    /// the empty model.
    pub pearson_r: Option<f64>,
    /// Slope of target on prediction, as deviations from the training mean: 1 is calibrated, below
    /// 1 too extreme; `None` for the empty model.
    pub calibration_slope: Option<f64>,
    /// Root mean squared error, target units.
    pub rmse: f64,
    /// Mean absolute error, target units.
    pub mae: f64,
    /// Root mean squared error of guessing the training mean, target units.
    pub rmse_baseline: f64,
    /// Permutation p, (1 + #{permuted r2 ≥ r2})/(1 + permutations), or with sequential stopping
    /// 20/permutations in a cell that stopped; never 0. `None` without permutations.
    pub p: Option<f64>,
    /// The smallest p that was possible, 1/(1 + m) with m the permutations a cell could get.
    pub p_floor: Option<f64>,
    /// Permutations that `p` rests on. The null distribution (`null_mean` and the like, null.npy)
    /// has at least 199, also where sequential stopping came sooner.
    pub permutations: u32,
    /// Permuted r2 equal to the observed one within rounding; they count against it.
    pub ties: u32,
    /// p adjusted for all cells of the family; `None` for controls.
    pub p_fwer: Option<f64>,
    /// How `p_fwer` was adjusted; `None` for controls.
    #[serde(default)]
    pub correction: Option<Correction>,
    /// Benjamini & Hochberg's q over the family.
    pub q_bh: Option<f64>,
    /// Holm's adjusted p over the family.
    pub p_holm: Option<f64>,
    /// Mean of the permuted r2.
    pub null_mean: Option<f64>,
    /// Standard deviation of the permuted r2.
    pub null_sd: Option<f64>,
    /// Planted share of variance (with covariates: of what these leave) that this recipe finds,
    /// after correction, in 4 of 5 data sets of this size.
    pub mde80: Option<f64>,
    /// The r2 one would see there, on average.
    pub mde80_r2: Option<f64>,
    /// Share of the target's variance that is not rating error: the r2 nobody can pass by
    /// predicting what the raters share.
    pub ceiling: Option<f64>,
    /// r2/ceiling; never clipped. `None` when the ceiling is at most .1.
    pub r2_over_ceiling: Option<f64>,
    /// r2 minus the r2 of text length alone, same regressor and folds.
    pub gain_over_length: Option<f64>,
    /// Median penalty chosen over the outer splits, on the scale of the regressor's objective.
    pub alpha_median: Option<f64>,
    /// Median l1_ratio chosen over the outer splits.
    pub l1_ratio_median: Option<f64>,
    /// Median number of coefficients that are not zero.
    pub nonzero_median: Option<f64>,
    /// Share of coefficients that are zero, 1 − nonzero_median/n_features.
    pub sparsity: Option<f64>,
    /// Outer splits whose chosen model was empty: it predicts the training mean.
    pub empty_fits: u32,
    /// Outer splits whose chosen penalty was the first or last of a given grid.
    pub grid_edge_fits: u32,
    /// Outer splits whose final fit stopped before its tolerance.
    pub unconverged_fits: u32,
    /// n_features / n_train.
    pub feature_sample_ratio: f64,
    /// What the evidence allows one to say, `wording` says what each means; `None` for controls,
    /// which get none.
    #[serde(with = "crate::verdict")]
    pub verdict: Option<Verdict>,
    /// With covariates: 1 − Σ(y−ŷ)²/Σ(y−ŷ⁰)², ŷ⁰ what the covariates predict; the same as `r2`,
    /// which it is then.
    #[serde(default)]
    pub r2_partial: Option<f64>,
    /// With covariates: 1 − Σ(y−ŷ⁰)²/Σ(y−ȳ_train)², what they explain alone.
    #[serde(default)]
    pub r2_covariates: Option<f64>,
    /// With covariates: 1 − Σ(y−ŷ)²/Σ(y−ȳ_train)², what both explain.
    #[serde(default)]
    pub r2_total: Option<f64>,
    /// With covariates: r2_total − r2_covariates.
    #[serde(default)]
    pub r2_increment: Option<f64>,
    /// PRMSE as rsmtool computes it (Loukina et al. 2020), one-way: differences between the raters'
    /// means count as their error. For comparison with other software only; `None` without raters.
    #[serde(default)]
    pub prmse_rsmtool: Option<f64>,
    /// Lower end of the 95 % interval of `r2_over_ceiling`: that of `r2` over the ceiling, with the
    /// ceiling's own error (block jackknife, the rating error and the error of guessing recomputed
    /// without each block).
    #[serde(default)]
    pub r2_over_ceiling_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub r2_over_ceiling_high: Option<f64>,
    /// Lower end of the 95 % interval of `gain_over_length`: block jackknife of the difference, as
    /// in comparisons.csv.
    #[serde(default)]
    pub gain_over_length_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub gain_over_length_high: Option<f64>,
    /// What the interval rests on; `None` where there is none.
    #[serde(default)]
    pub ci_method: Option<IntervalMethod>,
    /// Lower end of the jackknife's 95 % interval, r2 − t·se, for comparison: it is too wide where
    /// there are as many columns as rows, and too narrow with several repeats.
    #[serde(default)]
    pub ci_low_jackknife: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub ci_high_jackknife: Option<f64>,
    /// r2 of the whole recipe on the ranks of the target (equal values share the mean of theirs),
    /// same folds: no rare large value decides it. `None` for controls.
    #[serde(default)]
    pub r2_ranks: Option<f64>,
    /// Spearman's r of target and prediction within folds (equal values share the mean of their
    /// ranks), mean over folds weighted by their rows: for ordered scores of few steps. `None` for
    /// the empty model.
    #[serde(default)]
    pub spearman_r: Option<f64>,
    /// Of a target of two values: the share of pairs of a high and a low row of one fold in which the
    /// high one has the higher prediction, equal ones half; pairs pooled over folds. With covariates
    /// the prediction is that of covariates and X together.
    #[serde(default)]
    pub auc: Option<f64>,
    /// Lower end of its 95 % interval: jackknife of ln(auc/(1 − auc)) over rows, or groups, as many
    /// times wider as `r2` spreads beyond its naive standard error. `None` with fewer than 20 rows,
    /// or groups where there are such, and where no effects were planted.
    #[serde(default)]
    pub auc_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub auc_high: Option<f64>,
    /// Of a target of two values: mean of the shares of high and of low rows that are told right,
    /// where a prediction above the mean of the training targets is told high. .5 for the empty
    /// model.
    #[serde(default)]
    pub balanced_accuracy: Option<f64>,
    /// Of a target of two values: the share of its rows that have the higher one.
    #[serde(default)]
    pub base_rate: Option<f64>,
    /// Short remarks about this cell, separated by "; ". Controls are labelled by the writers, not
    /// here.
    pub notes: String,
    /// Not in results.csv: encoder and regressor were chosen by inner error inside each training
    /// part.
    #[serde(default)]
    pub is_best: bool,
    /// Not in results.csv: outside the family.
    #[serde(default)]
    pub is_control: bool,
    /// Not in results.csv: 95 % Monte-Carlo interval of p, (low, high): where the p of all possible
    /// permutations lies.
    #[serde(default)]
    pub p_interval: Option<(f64, f64)>,
    /// Not in results.csv: 2.5 and 97.5 % quantiles of the permuted r2, the band chance alone
    /// fills.
    #[serde(default)]
    pub null_interval: Option<(f64, f64)>,
    /// Not in results.csv: r2 of each fold of the first repeat by itself; `None` for a fold in
    /// which the target equals its training mean.
    #[serde(default)]
    pub r2_by_fold: Vec<Option<f64>>,
    /// Not in results.csv: the permuted r2, binned for the picture: (lowest edge, bin width,
    /// counts).
    #[serde(default)]
    pub null_histogram: Option<(f64, f64, Vec<u32>)>,
}

impl CellResult {
    /// The 95 % interval of r2.
    #[must_use]
    pub fn ci(&self) -> Option<(f64, f64)> {
        self.ci_low.zip(self.ci_high)
    }
}
