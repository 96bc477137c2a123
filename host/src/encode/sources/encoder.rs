//! One encoder of a study, checked and ready: what its vectors are made of, and the vectors.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use ocean_loader::StudyEncoder;
use serde_json::{Map, Value, json};

use super::embedded::{Embedded, pooled};
use crate::encode::cache::Cache;
use crate::encode::controls;
use crate::encode::embedding::{EncodeError, TextSource, distinct, get_or_encode};
use crate::encode::endpoint::Endpoint;
use crate::encode::recipe::{EncoderRecipe, PluginName, Recipe};
use crate::plan::labels::LEXICAL;
use crate::plan::{EncoderPlan, Pool, Weight};
use crate::read::dataset::{Covariate, Dataset};
use crate::tell::progress::Progress;

/// One source of vectors, checked and ready.
#[derive(Clone)]
pub(super) enum Source {
    Plugin(Arc<dyn StudyEncoder>),
    Endpoint(Arc<Endpoint>),
    Combined {
        parts: Vec<Encoder>,
        weight: Weight,
    },
    Precomputed {
        x: Arc<DMatrix<f64>>,
        columns: Option<Vec<String>>,
        allow_misaligned: bool,
    },
    /// Columns of the tables.
    Values {
        x: Arc<DMatrix<f64>>,
        columns: Vec<String>,
        kinds: Vec<Covariate>,
    },
    Length,
    Random,
    RandomGroup,
}

/// A named source.
#[derive(Clone)]
pub struct Encoder {
    /// Its label.
    pub name: String,
    /// Outside the family.
    pub is_control: bool,
    /// It has cells of its own, and does not serve others alone.
    pub is_reported: bool,
    /// "lexical 0.1.0", "precomputed" or "built in".
    pub origin: String,
    /// Its plugin's parameters in words.
    pub parameters: Option<String>,
    /// Hash of the vectors, or of the plugin file and then its cache key, which stands for model
    /// and settings; empty for what is built in.
    pub hash: String,
    pub(super) pool: Pool,
    pub(super) source: Source,
    /// Parameters that the user gave by the name of a model, for which the plugin got a folder.
    pub(super) models: Map<String, Value>,
}

#[cfg(test)]
impl Encoder {
    /// A name whose vectors a test brings along.
    pub(crate) fn without_source(name: &str, is_control: bool) -> Self {
        Self {
            name: name.to_owned(),
            is_control,
            is_reported: true,
            origin: String::new(),
            parameters: None,
            hash: String::new(),
            pool: Pool::Mean,
            source: Source::Length,
            models: Map::new(),
        }
    }
}

impl Encoder {
    /// Others side by side.
    pub(super) fn combined(plan: &EncoderPlan, parts: Vec<Self>, weight: Weight) -> Self {
        let of_part = |part: &Self| format!("{} ({})", part.name, part.origin);
        let names: Vec<String> = parts.iter().map(of_part).collect();
        let hashes: Vec<&str> = parts.iter().map(|part| part.hash.as_str()).collect();
        Self {
            name: plan.name.clone(),
            is_control: false,
            is_reported: plan.report,
            origin: format!("{} side by side", names.join(" and ")),
            parameters: Some(match weight {
                Weight::Blocks => "each counts alike".to_owned(),
                Weight::Columns => "each counts by its columns".to_owned(),
            }),
            hash: format!("{weight}: {}", hashes.join(" | ")),
            pool: plan.pool,
            source: Source::Combined { parts, weight },
            models: Map::new(),
        }
    }

    /// Its columns are those of others.
    pub fn is_combined(&self) -> bool {
        matches!(self.source, Source::Combined { .. })
    }

    pub(super) fn is_plugin(&self, id: &str) -> bool {
        matches!(&self.source, Source::Plugin(encoder) if encoder.plugin().descriptor.id == id)
    }

    /// How its vectors are made, for an exported model.
    pub fn recipe(&self) -> Recipe {
        match &self.source {
            Source::Plugin(encoder) => {
                let params = serde_json::from_str(encoder.params());
                let mut params: Map<String, Value> = params.unwrap_or_default();
                // A name is found on another machine, too.
                params.extend(self.models.clone());
                Recipe::Plugin(EncoderRecipe {
                    name: self.name.clone(),
                    plugin: PluginName::of(encoder.plugin()),
                    params,
                    key: encoder.key_parts(),
                    pool: self.pool,
                })
            }
            Source::Endpoint(endpoint) => Recipe::Endpoint(endpoint.recipe(self.pool)),
            Source::Combined { parts, .. } => {
                Recipe::Combined(parts.iter().map(Self::recipe).collect())
            }
            Source::Values { kinds, .. } => Recipe::Values {
                name: self.name.clone(),
                kinds: kinds.clone(),
            },
            source => Recipe::Precomputed {
                name: self.name.clone(),
                hash: self.hash.clone(),
                columns: match source {
                    Source::Precomputed { columns, .. } => columns.clone(),
                    _ => None,
                },
            },
        }
    }

    /// Its plugin has a parameter of this name.
    pub fn has_parameter(&self, name: &str) -> bool {
        match &self.source {
            Source::Plugin(encoder) => !encoder.plugin().descriptor.schema[name].is_null(),
            _ => false,
        }
    }

    /// These vectors hold hashed n-grams of the texts: the doctor compares others with them.
    pub fn is_lexical(&self) -> bool {
        self.is_plugin(LEXICAL)
    }

    /// Vectors whose rows may be wrong: an encoder plugin's cannot, the host hands it the texts.
    pub fn must_be_aligned(&self) -> bool {
        matches!(
            self.source,
            Source::Precomputed {
                allow_misaligned: false,
                ..
            }
        )
    }

    /// The vectors of a file, and the names of its columns if it is a table.
    pub fn precomputed(&self) -> Option<(&DMatrix<f64>, &[String])> {
        match &self.source {
            Source::Precomputed { x, columns, .. } => {
                Some((x, columns.as_deref().unwrap_or_default()))
            }
            Source::Values { x, columns, .. } => Some((x, columns)),
            _ => None,
        }
    }

    /// What the doctor asks about: everything but the controls and the n-grams themselves.
    pub fn is_examined(&self) -> bool {
        let is_of_table = matches!(self.source, Source::Values { .. });
        !self.is_control && !self.is_lexical() && !self.is_combined() && !is_of_table
    }

    /// Columns of its vectors.
    pub fn n_features(&self, dataset: &Dataset) -> usize {
        match &self.source {
            Source::Precomputed { x, .. } | Source::Values { x, .. } => x.ncols(),
            Source::Combined { parts, .. } => {
                parts.iter().map(|part| part.n_features(dataset)).sum()
            }
            Source::Length => 2,
            Source::Random | Source::RandomGroup => controls::N_RANDOM,
            Source::Plugin(encoder) => self.pooled_width(encoder.shape().dim, dataset),
            Source::Endpoint(endpoint) => self.pooled_width(endpoint.width(), dataset),
        }
    }

    fn pooled_width(&self, width: usize, dataset: &Dataset) -> usize {
        match self.pool {
            Pool::Mean => width,
            Pool::Concat => width * dataset.texts.len(),
        }
    }

    /// The vectors of all texts.
    ///
    /// # Errors
    /// [`EncodeError`]; what was encoded is kept.
    pub fn embed(
        &self,
        dataset: &Dataset,
        cache: &Cache,
        progress: &Progress,
        interrupted: &AtomicBool,
    ) -> Result<Embedded, EncodeError> {
        match &self.source {
            Source::Precomputed { x, .. } | Source::Values { x, .. } => {
                Ok(Embedded::ready(DMatrix::clone(x)))
            }
            Source::Combined { parts, weight } => {
                let embed = |part: &Self| part.embed(dataset, cache, progress, interrupted);
                let parts = parts.iter().map(embed).collect::<Result<Vec<_>, _>>()?;
                Ok(Embedded::side_by_side(parts, *weight))
            }
            Source::Length => Ok(Embedded::ready(of_texts(dataset, controls::length))),
            Source::Random => {
                let texts = dataset.told_apart();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                Ok(Embedded::ready(controls::random(&texts)))
            }
            Source::RandomGroup => {
                let labels: Vec<&str> = dataset
                    .groups
                    .iter()
                    .flatten()
                    .map(String::as_str)
                    .collect();
                Ok(Embedded::ready(controls::random_group(&labels)))
            }
            Source::Plugin(encoder) => {
                let source = TextSource::Plugin(encoder.as_ref());
                self.encoded(source, dataset, cache, (progress, interrupted))
            }
            Source::Endpoint(endpoint) => {
                let source = TextSource::Endpoint(endpoint);
                self.encoded(source, dataset, cache, (progress, interrupted))
            }
        }
    }

    fn encoded(
        &self,
        source: TextSource<'_>,
        dataset: &Dataset,
        cache: &Cache,
        (progress, interrupted): (&Progress, &AtomicBool),
    ) -> Result<Embedded, EncodeError> {
        let mut embedded = Embedded::none();
        let mut parts = Vec::new();
        for column in &dataset.texts {
            let texts: Vec<&str> = column.iter().map(String::as_str).collect();
            let embedding = get_or_encode(source, &texts, cache, progress, interrupted)
                .map_err(|error| error.naming(|row| dataset.ids.get(row).cloned()))?;
            embedded.add(&embedding);
            parts.push(embedding.x);
        }
        embedded.x = pooled(parts, self.pool);
        Ok(embedded)
    }

    /// The plugin or server that turns texts into vectors, if it is one.
    pub fn text_source(&self) -> Option<TextSource<'_>> {
        match &self.source {
            Source::Plugin(encoder) => Some(TextSource::Plugin(encoder.as_ref())),
            Source::Endpoint(endpoint) => Some(TextSource::Endpoint(endpoint)),
            _ => None,
        }
    }

    /// The servers that its vectors come from.
    pub fn endpoints(&self) -> Vec<&Endpoint> {
        match &self.source {
            Source::Endpoint(endpoint) => vec![endpoint],
            Source::Combined { parts, .. } => parts.iter().flat_map(Self::endpoints).collect(),
            _ => Vec::new(),
        }
    }

    /// What a run would send to a server; `None` where it is none.
    pub fn announced(&self, dataset: &Dataset, cache: &Cache) -> Option<String> {
        match &self.source {
            Source::Endpoint(endpoint) => {
                Some(endpoint.announced(&distinct(&dataset.texts), cache))
            }
            _ => None,
        }
    }

    /// Pooling of an encoder plugin, and parameters of a plugin or a server; null for other sources.
    pub fn plugin_facts(&self) -> (Value, Value) {
        match &self.source {
            Source::Plugin(encoder) => (
                json!(encoder.shape().pooling),
                serde_json::from_str(encoder.params()).unwrap_or_default(),
            ),
            Source::Endpoint(endpoint) => (Value::Null, json!(endpoint.recipe(self.pool))),
            _ => (Value::Null, Value::Null),
        }
    }
}

/// A control of several text columns reads them as one text, a line each.
fn of_texts(dataset: &Dataset, control: fn(&[&str]) -> DMatrix<f64>) -> DMatrix<f64> {
    let joined = dataset.joined_texts();
    let texts: Vec<&str> = joined.iter().map(String::as_str).collect();
    control(&texts)
}
