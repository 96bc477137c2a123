//! The file of an exported model: one JSON object, with a checksum over the rest of it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::atomic::{self, WriteError};
use crate::library::Fitted;
use crate::plan::Pool;

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;

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
    /// How texts become vectors.
    pub encoder: Recipe,
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
    Plugin {
        /// Its label in the study.
        name: String,
        /// Its id.
        id: String,
        /// Where its library was.
        path: PathBuf,
        /// Its parameters.
        params: Map<String, Value>,
        /// All that a vector depends on besides its text, by name: another encoder differs here.
        key: Vec<(String, String)>,
        /// How the vectors of several text columns become one.
        pool: Pool,
    },
    /// They were made elsewhere.
    Precomputed {
        /// The label in the study.
        name: String,
        /// Hash of the vectors of the study.
        hash: String,
    },
}

/// How vectors become predictions: ŷ = intercept + scale · f((x − mean)/sd).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Its label in the study.
    pub name: String,
    /// Its plugin's id.
    pub id: String,
    /// Where its library was.
    pub path: PathBuf,
    /// blake3 of that file.
    pub hash: String,
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
    pub verdict: String,
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

    /// Reads a model and believes it step by step.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let foreign = |what: String| ModelError::Foreign {
            path: path.to_path_buf(),
            what,
        };
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| foreign(e.to_string()))?;
        match value["ocean_model"].as_u64() {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => {
                return Err(foreign(format!(
                    "its format is {format}, {FORMAT} is expected; use an ocean-host of its version"
                )));
            }
            None => return Err(foreign("it has no `ocean_model`".into())),
        }
        let mut model: Self = serde_json::from_value(value).map_err(|e| foreign(e.to_string()))?;
        let written = std::mem::take(&mut model.checksum);
        let found = serde_json::to_vec(&model).map_err(|e| foreign(e.to_string()))?;
        let n_features = model.regressor.mean.len();
        let is_whole = model.regressor.sd.len() == n_features
            && match &model.regressor.fitted {
                Fitted::Coefficients(all) => all.len() == n_features,
                Fitted::State(_) => true,
            };
        if checksum(&found) != written || !is_whole {
            return Err(ModelError::Damaged {
                path: path.to_path_buf(),
            });
        }
        model.checksum = written;
        Ok(model)
    }
}

fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
