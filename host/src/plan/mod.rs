//! [`Plan`]: what will happen, with every default filled in and every path made absolute.
//!
//! Everything that can be refused without opening data or plugins is refused in [`Plan::resolve`].
//! A plan is plain data: it is written to provenance.json, printed by `--dry-run` and compared when
//! a run is resumed. It holds nothing that may differ between two runs of the same study: no clock,
//! no number of threads.

pub mod address;
pub mod labels;
mod parameters;
mod penalty;
pub mod permutations;
pub mod preview;
mod refusals;
mod resolve;
mod resume;
mod server;

use std::path::{Path, PathBuf};

use address::Address;
use serde::{Serialize, Serializer};

pub use crate::read::config::{
    Blank, Compat, Duplicates, Exchange, InnerFolds, Isolation, Missing, MissingExchange,
    OuterFolds, Parameters, Patience, Permutations, Pool, Selection, Unit, Weight,
};
pub use parameters::{CheckedParameters, check_given};
pub use penalty::Penalty;
pub(crate) use refusals::refuse_idle_flags;
pub(crate) use server::is_variable;

/// A path in JSON, which is text: what is none in a name is replaced. Nobody reads it back.
fn as_text<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

fn as_text_if_any<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => as_text(path, to),
        None => to.serialize_none(),
    }
}

/// A resolved study.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Name and seed.
    pub study: StudyPlan,
    /// The results folder, absolute.
    #[serde(serialize_with = "as_text")]
    pub out: PathBuf,
    /// Where paths in plugins.toml start, absolute; also for parameters that are paths.
    #[serde(serialize_with = "as_text")]
    pub folder: PathBuf,
    /// Tables, columns and joins.
    pub data: DataPlan,
    /// A sample of its own to test on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<TestPlan>,
    /// Targets made from several raters, in file order.
    pub raters: Vec<RaterPlan>,
    /// Folds, permutations and everything drawn.
    pub evaluation: EvaluationPlan,
    /// What the report shows besides.
    #[serde(skip_serializing_if = "ReportPlan::is_empty")]
    pub report: ReportPlan,
    /// At least one.
    pub encoders: Vec<EncoderPlan>,
    /// At least one, or none for `encode`.
    pub regressors: Vec<RegressorPlan>,
    /// Choices made for the user that differ from what a reader would expect, one sentence each.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// `[study]`
#[derive(Debug, Clone, Serialize)]
pub struct StudyPlan {
    /// Its name in reports.
    pub name: String,
    /// Everything random follows from it.
    pub seed: u64,
}

/// `[data]`
#[derive(Debug, Clone, Serialize)]
pub struct DataPlan {
    /// The main table, absolute. Its rows are the dataset's, in file order.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// How the file is written.
    #[serde(flatten)]
    pub format: FormatPlan,
    /// The id column; `None`: the number of a row is its id.
    pub id: Option<String>,
    /// Text columns; empty when every encoder is precomputed and no text is read.
    pub text: Vec<String>,
    /// How the vectors of several text columns become one.
    pub pool: Pool,
    /// Names and globs of columns and of traits under `[raters]`, in the order typed; empty: every
    /// trait.
    pub targets: Vec<String>,
    /// Values that are 1 where a target has two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub positive: Vec<String>,
    /// The column of groups.
    pub group: Option<String>,
    /// What a missing target value means.
    pub missing: Missing,
    /// What a row without any text is.
    pub blank: Blank,
    /// Covariate columns.
    pub covariates: Vec<String>,
    /// The column that says which rows are tested on.
    pub split: Option<String>,
    /// Of its two kinds of rows those that are read.
    #[serde(skip)]
    pub part: Option<Part>,
    /// The columns of `by` of `[report]`.
    #[serde(skip)]
    pub by: Vec<String>,
    /// The columns of `values` of all encoders, names and globs.
    #[serde(skip)]
    pub values: Vec<String>,
    /// The column that has the folds: `folds` of `[evaluation]`.
    #[serde(skip)]
    pub fold_column: Option<String>,
    /// Further tables, in file order.
    pub joins: Vec<JoinPlan>,
}

/// How a table is written, where the user says so; the rest is found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FormatPlan {
    /// What separates the fields of a text file.
    pub delimiter: Option<char>,
    /// What its bytes mean.
    pub encoding: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

/// `[[data.join]]`
#[derive(Debug, Clone, Serialize)]
pub struct JoinPlan {
    /// Absolute.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// How the file is written.
    #[serde(flatten)]
    pub format: FormatPlan,
    /// The id column of this table.
    pub id: String,
    /// The column of the tables before whose values are these ids; `None`: their ids.
    pub on: Option<String>,
    /// Put before the names of its other columns.
    pub prefix: String,
}

/// `[test]`: other rows, of a table of their own or those that `split` says.
#[derive(Debug, Clone, Serialize)]
pub struct TestPlan {
    /// The table, absolute; `None`: that of `[data]`.
    #[serde(serialize_with = "as_text_if_any")]
    pub path: Option<PathBuf>,
    /// m.
    pub permutations: u32,
}

/// What a row is for, where some are kept to be tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// To be learned from.
    Train,
    /// To be tested on.
    Test,
}

/// One trait and the columns of its raters.
#[derive(Debug, Clone, Serialize)]
pub struct RaterPlan {
    /// The name of the target.
    pub target: String,
    /// At least two columns, after joins.
    pub columns: Vec<String>,
}

/// `[evaluation]`
#[derive(Debug, Clone, Serialize)]
pub struct EvaluationPlan {
    /// K, or the column that has the folds.
    pub folds: OuterFolds,
    /// Redraws of the folds.
    pub repeats: u32,
    /// m, or the cap of the adaptive mode.
    pub permutations: Permutations,
    /// Family-wise.
    pub level: f64,
    /// δ, in units of r2.
    pub smallest_effect: Option<f64>,
    /// Are the control encoders run?
    pub controls: bool,
    /// [`InnerFolds::Outer`] only with four folds or more.
    pub inner_folds: InnerFolds,
    /// How groups are permuted.
    pub exchange: Exchange,
    /// What one row of the analysis is.
    pub unit: Unit,
    /// What duplicates of a text are.
    pub duplicates: Duplicates,
    /// How a permutation treats missing values.
    pub missing_exchange: MissingExchange,
    /// Draws; 0 is off.
    pub sensitivity: u32,
    /// Redraws of the folds behind r2_fold_sd; 0 is off.
    pub fold_redraws: u32,
    /// Is a cell added that chooses encoder and regressor inside?
    pub best: bool,
}

/// `[report]`
#[derive(Debug, Clone, Serialize)]
pub struct ReportPlan {
    /// Columns by whose values it tells who is predicted how well.
    pub by: Vec<String>,
    /// Does it tell which words go with the targets?
    pub words: bool,
    /// Does it show the texts with the highest and the lowest predictions?
    pub texts: bool,
}

impl ReportPlan {
    /// Nothing besides.
    fn is_empty(&self) -> bool {
        self.by.is_empty() && !self.words && !self.texts
    }
}

/// Where a plugin runs, and what it may use there. No number depends on it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Place {
    /// `None`: in a process of its own unless it is bundled.
    pub isolation: Option<Isolation>,
    /// Seconds that one call may take in a process of its own.
    pub time_limit: u32,
    /// Megabytes that its data may take there; `None`: four fifths of the machine's.
    pub memory_limit: Option<u32>,
}

/// `[[encoder]]`
#[derive(Debug, Clone, Serialize)]
pub struct EncoderPlan {
    /// Its label; no two encoders share one.
    pub name: String,
    /// A plugin, or vectors in a file.
    pub source: EncoderSource,
    /// How the vectors of several text columns become one.
    pub pool: Pool,
    /// Where the plugin runs.
    #[serde(flatten)]
    pub place: Place,
    /// May models be fetched from the network?
    pub download: bool,
    /// Does it have cells of its own?
    pub report: bool,
}

/// Where vectors come from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderSource {
    /// Texts go through a plugin.
    Plugin {
        /// Id or path of the library, as typed; a path starts at [`Plan::folder`].
        plugin: String,
        /// As typed; checked against the plugin's schema by [`EncoderPlan::check_parameters`].
        params: Parameters,
    },
    /// Vectors are read from a file and joined by id.
    Precomputed {
        /// .npy, or a table with an id column; absolute.
        #[serde(serialize_with = "as_text")]
        embeddings: PathBuf,
        /// For .npy: one id a row; absolute.
        #[serde(serialize_with = "as_text_if_any")]
        ids: Option<PathBuf>,
        /// Are they used even if they do not seem to belong to the texts?
        allow_misaligned: bool,
    },
    /// Columns of the tables are features themselves.
    Values {
        /// Names and globs, as typed.
        values: Vec<String>,
    },
    /// Texts are sent to a server.
    Endpoint {
        /// Its address; `/embeddings` comes after it.
        endpoint: Address,
        /// The variable of the environment that holds the key.
        api_key_env: Option<String>,
        /// How wide vectors are asked to be.
        dimensions: Option<u32>,
        /// May they be sent to another machine? If it is one, they may.
        send_texts: bool,
        /// As typed; checked against [`schema`](crate::encode::endpoint::schema).
        params: Parameters,
    },
    /// The columns of others, side by side.
    Combined {
        /// Their names, in the order of the columns.
        combine: Vec<String>,
        /// How much they count beside each other.
        weight: Weight,
    },
}

/// `[[regressor]]`
#[derive(Debug, Clone, Serialize)]
pub struct RegressorPlan {
    /// Its label; no two regressors share one.
    pub name: String,
    /// Id or path of the library, as typed; a path starts at [`Plan::folder`].
    pub plugin: String,
    /// As typed; checked against the plugin's schema by [`RegressorPlan::check_parameters`].
    pub params: Parameters,
    /// An absolute grid, strongest first.
    pub alphas: Option<Vec<f64>>,
    /// Points of the relative grid; `None`: the family's own number.
    pub n_alphas: Option<u32>,
    /// Weakest penalty of the relative grid as a share of the strongest; `None`: as glmnet, 1e-4,
    /// or .01 with fewer training rows than features.
    pub alpha_min_ratio: Option<f64>,
    /// When a path ends early.
    pub patience: Patience,
    /// Relative duality gap of final fits.
    pub tol: f64,
    /// Which penalty is selected.
    pub selection: Selection,
    /// The program whose grid and scaling of y are taken over.
    pub compat: Option<Compat>,
    /// Are models of all rows written?
    pub export_models: bool,
    /// Where the plugin runs.
    #[serde(flatten)]
    pub place: Place,
}

impl Plan {
    /// Permutations of each cell: m, or the cap of the adaptive mode.
    pub fn n_permutations(&self) -> u32 {
        match self.evaluation.permutations {
            Permutations::Fixed(m) | Permutations::Adaptive(m) => m,
        }
    }

    /// The encoders that have cells of their own.
    pub fn reported(&self) -> impl Iterator<Item = &EncoderPlan> {
        self.encoders.iter().filter(|encoder| encoder.report)
    }

    /// Do permutations stop where a cell has settled?
    pub fn is_adaptive(&self) -> bool {
        matches!(self.evaluation.permutations, Permutations::Adaptive(_))
    }

    /// Designs of one row set and encoder: K(K−1)/2 + K when inner folds are the outer ones, else
    /// K(N + 1); times the repeats.
    pub fn n_designs(&self) -> u64 {
        let folds = u64::from(self.evaluation.folds.number());
        let of_one_repeat = match self.evaluation.inner_folds {
            InnerFolds::Outer => folds * (folds - 1) / 2 + folds,
            InnerFolds::Independent(inner) => folds * (u64::from(inner) + 1),
        };
        of_one_repeat * u64::from(self.evaluation.repeats)
    }
}

#[cfg(test)]
mod tests;
