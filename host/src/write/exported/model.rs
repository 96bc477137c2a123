//! An exported model: what it takes to apply a recipe to other rows, as it stands in its file.
//!
//! Format 1 knew neither covariates nor groups nor the names of columns, and named libraries by
//! path: those files are read, the path is not followed.

use ocean_engine::inference::verdict::Verdict;
use ocean_loader::Fitted;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::taken_out::TakenOut;
pub use crate::encode::recipe::{EncoderRecipe, EndpointRecipe, PluginName, Recipe};
use crate::plan::Unit;

/// A model and all it takes to apply it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The format; the first field, so that a reader finds out early.
    pub ocean_model: u32,
    /// Version of the program that wrote it.
    pub made_by: String,
    /// The study it comes from.
    pub study: String,
    /// What it predicts.
    pub target: String,
    /// The id column of the study's table.
    #[serde(default)]
    pub id: Option<String>,
    /// Its text columns.
    pub text: Vec<String>,
    /// What one prediction is of: a row, or a group of rows.
    #[serde(default = "of_rows")]
    pub unit: Unit,
    /// The column of groups, where they are predicted or their size is a covariate.
    #[serde(default)]
    pub group: Option<String>,
    /// How texts become vectors.
    pub encoder: Recipe,
    /// What is taken out of vectors and scores before anything else.
    #[serde(default)]
    pub taken_out: Option<TakenOut>,
    /// How vectors become predictions.
    pub regressor: Regression,
    /// What the study says of this recipe.
    pub evidence: Evidence,
    /// blake3 of this object without this field, hexadecimal.
    #[serde(default)]
    pub checksum: String,
}
/// How vectors become predictions: ŷ = intercept + scale · f((x − mean)/sd), with what covariates
/// add to both ([`TakenOut`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Its label in the study.
    pub name: String,
    /// Its plugin.
    #[serde(flatten)]
    pub plugin: PluginName,
    /// Its parameters.
    pub params: Map<String, Value>,
    /// The chosen penalty; `None` for a plugin without.
    pub alpha: Option<f64>,
    /// Mean of each column over the rows it was fitted on.
    pub mean: Vec<f64>,
    /// Standard deviation (ddof 0) of each column there; 0 for one without spread, which is left
    /// out.
    pub sd: Vec<f64>,
    /// Mean of the target there.
    pub intercept: f64,
    /// What predictions are multiplied by.
    pub scale: f64,
    /// f: coefficients, or bytes of the plugin's.
    pub fitted: Fitted,
}

/// What the study found out about this recipe on rows that no model had seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Rows of the model.
    pub n: usize,
    /// Training rows behind `r2`.
    pub n_train: f64,
    /// Out-of-sample R².
    pub r2: f64,
    /// Its 95 % interval.
    pub ci: Option<(f64, f64)>,
    /// Family-wise p.
    pub p_fwer: Option<f64>,
    /// The verdict, as in the report.
    #[serde(with = "ocean_report::verdict")]
    pub verdict: Option<Verdict>,
}

fn of_rows() -> Unit {
    Unit::Row
}
