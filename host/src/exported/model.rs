//! The file of an exported model: one JSON object, with a checksum over the rest of it.
//!
//! A file may come from anybody. It is data: it names plugins by id, version and hash, never a library to load, and what is read here is bounded by its size.
//!
//! Format 1 knew neither covariates nor groups nor the names of columns, and named libraries by path: those files are read, the path is not followed.

use std::io::Read;
use std::path::{Path, PathBuf};

use ocean_engine::inference::verdict::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::checks;
use super::taken_out::TakenOut;
use crate::atomic::{self, WriteError};
use crate::library::{Fitted, Plugin};
use crate::plan::{Pool, Unit};

/// The format that this version writes; it reads all from 1 on.
pub const FORMAT: u32 = 2;

/// Bytes of the largest file that is read: a model of more is not one.
const MOST_BYTES: u64 = 1 << 30;

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
    pub id: String,
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

/// How texts become vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// By an encoder plugin.
    Plugin(EncoderRecipe),
    /// They were made elsewhere.
    Precomputed {
        /// The label in the study.
        name: String,
        /// Hash of the vectors of the study.
        hash: String,
        /// Names of their columns; `None` where they had none (.npy) or, in format 1, were not kept.
        #[serde(default)]
        columns: Option<Vec<String>>,
    },
}

/// An encoder and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderRecipe {
    /// Its label in the study.
    pub name: String,
    /// Its plugin.
    #[serde(flatten)]
    pub plugin: PluginName,
    /// Its parameters; a model of the hub by its name.
    pub params: Map<String, Value>,
    /// All that a vector depends on besides its text, by name: another encoder differs here.
    pub key: Vec<(String, String)>,
    /// How the vectors of several text columns become one.
    pub pool: Pool,
}

/// A plugin as a model file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginName {
    /// Its id.
    pub id: String,
    /// Its version; empty in format 1.
    #[serde(default)]
    pub version: String,
    /// blake3 of its library, hexadecimal; empty where format 1 did not keep it.
    #[serde(default)]
    pub hash: String,
    /// It came with the program: any build of its version will do.
    #[serde(default)]
    pub is_bundled: bool,
    /// Where its library was, in format 1. For messages: no library is loaded because a file names it.
    #[serde(default, skip_serializing)]
    pub path: Option<PathBuf>,
}

impl PluginName {
    /// The name of a plugin.
    pub fn of(plugin: &Plugin) -> Self {
        Self {
            id: plugin.descriptor.id.clone(),
            version: plugin.descriptor.version.clone(),
            hash: plugin.hash.clone(),
            is_bundled: plugin.is_bundled,
            path: None,
        }
    }
}

/// How vectors become predictions: ŷ = intercept + scale · f((x − mean)/sd), with what covariates add to both ([`TakenOut`]).
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
    /// Standard deviation (ddof 0) of each column there; 0 for one without spread, which is left out.
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

/// A model that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No such file, no permission, …
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something else, or of another version.
    #[error("{} is no model that this ocean-host can read: {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Not what was written.
    #[error("{} is damaged: its checksum does not match; copy it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl Model {
    /// Writes the model with its checksum.
    ///
    /// # Errors
    /// [`WriteError`] naming the file.
    pub fn write(&mut self, path: &Path) -> Result<(), WriteError> {
        let failed = |error: serde_json::Error| WriteError {
            path: path.to_path_buf(),
            source: error.into(),
        };
        self.checksum = String::new();
        self.checksum = checksum(&serde_json::to_vec(self).map_err(failed)?);
        let mut bytes = serde_json::to_vec(self).map_err(failed)?;
        bytes.push(b'\n');
        atomic::write(path, &bytes)
    }

    /// Reads a model and believes it step by step: its size, its format, that it is whole, that its parts fit each other.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let foreign = |what: String| ModelError::Foreign {
            path: path.to_path_buf(),
            what,
        };
        let bytes = read_bounded(path)?;
        let head: Head = serde_json::from_slice(&bytes).map_err(|e| foreign(e.to_string()))?;
        match head.ocean_model {
            Some(1..=FORMAT) => {}
            Some(format) => {
                return Err(foreign(format!(
                    "its format is {format}, at most {FORMAT} is expected; use an ocean-host of its version"
                )));
            }
            None => return Err(foreign("it has no `ocean_model`".into())),
        }
        if !is_as_written(&bytes) {
            return Err(ModelError::Damaged {
                path: path.to_path_buf(),
            });
        }
        let model: Self = serde_json::from_slice(&bytes).map_err(|e| foreign(e.to_string()))?;
        checks::check(&model).map_err(foreign)?;
        Ok(model)
    }
}

/// What every format begins with.
#[derive(Deserialize)]
struct Head {
    ocean_model: Option<u32>,
}

fn of_rows() -> Unit {
    Unit::Row
}

/// The bytes of a regular file of at most [`MOST_BYTES`].
fn read_bounded(path: &Path) -> Result<Vec<u8>, ModelError> {
    let failed = |source: std::io::Error| ModelError::Read {
        path: path.to_path_buf(),
        source,
    };
    let foreign = |what: &str| ModelError::Foreign {
        path: path.to_path_buf(),
        what: what.to_owned(),
    };
    // Asked of the path: opening a pipe would wait for its other end.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(foreign("it is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match bytes.len() as u64 > MOST_BYTES {
        true => Err(foreign("it has more than 1 GB")),
        false => Ok(bytes),
    }
}

/// The checksum, which is the last field, is that of the file with an empty one.
fn is_as_written(bytes: &[u8]) -> bool {
    const FIELD: &[u8] = b"\"checksum\":\"";
    let bytes = bytes.trim_ascii_end();
    let Some(rest) = bytes.strip_suffix(b"\"}") else {
        return false;
    };
    let Some(at) = rest.len().checked_sub(blake3::OUT_LEN * 2) else {
        return false;
    };
    let (before, written) = rest.split_at(at);
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(b"\"}");
    before.ends_with(FIELD) && hasher.finalize().to_hex().as_bytes() == written
}

fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
