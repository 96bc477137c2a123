//! What of a plan must be the same for a run to be resumed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{EncoderSource, Plan};
use crate::read::config::keys::{ENCODER, Feeds, REGRESSOR};

impl Plan {
    /// The plan as JSON without anything that depends on where it runs: files by name only, the
    /// results folder left out.
    ///
    /// What the files hold is to be compared by content hash, beside this.
    ///
    /// # Errors
    /// Serialisation of plain data does not fail; the error is passed on rather than hidden.
    pub fn portable(&self) -> Result<Value, serde_json::Error> {
        let mut plan = self.clone();
        plan.data.path = file_name(&plan.data.path);
        for join in &mut plan.data.joins {
            join.path = file_name(&join.path);
        }
        if let Some(test) = &mut plan.test {
            test.path = test.path.as_deref().map(file_name);
        }
        for encoder in &mut plan.encoders {
            if let EncoderSource::Precomputed {
                embeddings, ids, ..
            } = &mut encoder.source
            {
                *embeddings = file_name(embeddings);
                *ids = ids.as_deref().map(file_name);
            }
            // Another key opens the same door.
            if let EncoderSource::Endpoint { api_key_env, .. } = &mut encoder.source {
                *api_key_env = None;
            }
        }
        let mut plan = serde_json::to_value(&plan)?;
        if let Some(plan) = plan.as_object_mut() {
            plan.shift_remove("out");
            plan.shift_remove("folder");
            // Where a plugin runs changes no number.
            for (kind, keys) in [("encoders", &ENCODER), ("regressors", &REGRESSOR)] {
                let plugins = plan.get_mut(kind).and_then(Value::as_array_mut);
                for plugin in plugins
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_object_mut)
                {
                    for key in keys.feeding(Feeds::Place) {
                        plugin.shift_remove(key);
                    }
                }
            }
        }
        Ok(plan)
    }

    /// A hash of the portable plan and of what its files hold: `contents` are names with content
    /// hashes, of data, vectors, models and plugins.
    ///
    /// # Errors
    /// As [`Plan::portable`].
    pub fn fingerprint(&self, contents: &[(String, String)]) -> Result<String, serde_json::Error> {
        let mut sorted: Vec<_> = contents.iter().collect();
        sorted.sort();
        let whole = serde_json::to_vec(&(self.portable()?, sorted))?;
        Ok(blake3::hash(&whole).to_hex().to_string())
    }
}

fn file_name(path: &Path) -> PathBuf {
    path.file_name().map(PathBuf::from).unwrap_or_default()
}
