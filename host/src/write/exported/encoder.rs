//! From texts to vectors by the encoder of a model, and by no other.

use std::path::Path;
use std::time::Duration;

use nalgebra::DMatrix;
use ocean_loader::{Kind, StudyEncoder};
use serde_json::{Map, Value, json};

use super::model::{EncoderRecipe, EndpointRecipe, PluginName};
use super::plugins::Chosen;
use super::predict::Command;
use crate::encode::cache::Cache;
use crate::encode::embedding::{TextSource, get_or_encode};
use crate::encode::endpoint::Endpoint;
use crate::encode::models::Models;
use crate::encode::sources::{limits, pooled};
use crate::plan::address::Address;
use crate::plan::{Place, Pool, is_variable};
use crate::problem::{Problem, Refusal, quoted};
use crate::read::dataset::NewRows;
use crate::run::RunError;

impl Command<'_> {
    /// The vectors of the complete rows, by the model's encoder.
    pub(super) fn encoded(
        &self,
        recipe: &EncoderRecipe,
        rows: &NewRows,
    ) -> Result<DMatrix<f64>, RunError> {
        let encoder = self.encoder(recipe)?;
        self.made(TextSource::Plugin(encoder.as_ref()), recipe.pool, rows)
    }

    /// The vectors of the complete rows, by a server that the user names. What the file says is
    /// whom to ask; asking is the user's decision, as the key is.
    pub(super) fn asked(
        &self,
        recipe: &EndpointRecipe,
        rows: &NewRows,
    ) -> Result<DMatrix<f64>, RunError> {
        let label = format!("encoder `{}`", recipe.name);
        let refuse = |what: String, remedy: &str| {
            Err(Refusal::from(Problem::new(&label, what).with_try(remedy)).into())
        };
        let made_by = format!("{} at {}", quoted(&recipe.model), recipe.endpoint);
        let Some(typed) = &self.options.endpoint else {
            let what = format!(
                "the model's vectors were made by a server ({made_by}), and a model file contacts nobody by itself"
            );
            return refuse(
                what,
                "--endpoint URL (with --send-texts for another machine, --api-key-env NAME for a key); or `ocean-host encode` and --embeddings FILE.npy --ids IDS.txt",
            );
        };
        let address = match Address::parse(typed) {
            Ok(address) => address,
            Err(what) => {
                return refuse(
                    format!("--endpoint {what}"),
                    "--endpoint http://localhost:8080/v1",
                );
            }
        };
        if !address.is_local() && !self.options.send_texts {
            let host = address.host();
            let what = format!(
                "--endpoint is on another machine: the texts would leave this one, for {host}"
            );
            return refuse(
                what,
                "--send-texts, where those who wrote the texts have agreed to that",
            );
        }
        let variable = self.options.api_key_env.clone();
        if variable.as_ref().is_some_and(|name| !is_variable(name)) {
            let what = "--api-key-env is not the name of a variable of the environment: capital letters, digits and underscores".to_owned();
            return refuse(what, "--api-key-env OPENAI_API_KEY");
        }
        if address != recipe.endpoint {
            self.progress.note(&format!(
                "{label} was made by {made_by}, and {address} is asked instead"
            ));
        }
        let mut params = Map::new();
        params.insert("model".to_owned(), json!(recipe.model));
        params.insert("prompt".to_owned(), json!(recipe.prompt));
        let time_limit = Duration::from_secs(Place::default().time_limit.into());
        let dimensions = recipe.dimensions;
        let endpoint = Endpoint::new(
            &recipe.name,
            &address,
            &params,
            dimensions,
            variable,
            time_limit,
        );
        self.made(TextSource::Endpoint(&endpoint), recipe.pool, rows)
    }

    fn made(
        &self,
        source: TextSource<'_>,
        pool: Pool,
        rows: &NewRows,
    ) -> Result<DMatrix<f64>, RunError> {
        let cache = Cache::resolve(self.options.cache.as_deref());
        let mut parts = Vec::new();
        for column in &rows.texts {
            let texts: Vec<&str> = column.iter().map(String::as_str).collect();
            let id_of = |at: usize| rows.ids.get(*rows.complete.get(at)?).cloned();
            let embedding = get_or_encode(source, &texts, &cache, self.progress, self.interrupted);
            parts.push(embedding.map_err(|error| error.naming(id_of))?.x);
        }
        Ok(pooled(parts, pool))
    }

    /// The model's own encoder, and no other.
    fn encoder(&self, recipe: &EncoderRecipe) -> Result<Box<dyn StudyEncoder>, RunError> {
        let EncoderRecipe {
            name,
            plugin,
            params,
            key,
            ..
        } = recipe;
        let Chosen { plugin, is_named } = self.finder.find(&known(plugin, key), Kind::Encoder)?;
        let label = format!("encoder `{name}`");
        let params = self.parameters(&label, params, &plugin.descriptor.schema)?;
        let limits = limits(&Place::default());
        let (library, context) = (self.finder.library, self.context.clone());
        let made = library
            .encoder(plugin, name, &params, self.threads, context, limits)
            .map_err(|error| Refusal::from(Problem::new(&label, error.to_string())))?;
        // Another build or version is what naming a plugin asks for; other weights or settings it
        // does not.
        let is_asked_for = |part: &str| is_named && ["version", "plugin_hash"].contains(&part);
        let found = made.key_parts();
        let differences: Vec<String> = key
            .iter()
            .filter(|part| !found.contains(part) && !is_asked_for(&part.0))
            .map(|(part, of_model)| {
                let here = found.iter().find(|(name, _)| name == part);
                let here = here.map_or("nothing", |(_, value)| value.as_str());
                format!("{part} is {here}, the model's is {of_model}")
            })
            .collect();
        if differences.is_empty() {
            return Ok(made);
        }
        let message = format!(
            "it is not the one the model was made with: {}",
            differences.join("; ")
        );
        let problem = Problem::new(label, message).with_try(
            "the same version of the plugin and the same model files (--param model=FOLDER)",
        );
        Err(Refusal::from(problem).into())
    }

    /// The parameters of the file with those of the command line, models as folders.
    ///
    /// A name in the file is looked for among the models of this machine, as in a study. A folder
    /// in the file is read, since loading weights runs no code, but not without a word.
    fn parameters(
        &self,
        label: &str,
        of_file: &Map<String, Value>,
        schema: &Value,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut params = of_file.clone();
        params.extend(self.options.params.iter().cloned());
        let models = Models::new(self.progress, self.interrupted, false);
        for (key, rules) in schema.as_object().into_iter().flatten() {
            let is_model = match rules["format"].as_str() {
                Some("model") => true,
                Some("path") => false,
                _ => continue,
            };
            let Some(value) = params.get(key).and_then(Value::as_str) else {
                continue;
            };
            let refuse = |what: &str| {
                let remedy = format!("--param {key}=…, where it lies on this machine");
                Problem::new(label, format!("{key} = {value:?}: {what}")).with_try(remedy)
            };
            let is_typed = self.options.params.iter().any(|(typed, _)| typed == key);
            let path = Path::new(value);
            let folder = match (is_typed, is_model) {
                (true, true) => models.folder(value, Path::new("."), false),
                (true, false) => continue,
                (false, _) if path.is_absolute() => {
                    if !path.exists() || is_model && !path.is_dir() {
                        return Err(refuse("the model file names it, and it is not here").into());
                    }
                    self.progress.note(&format!(
                        "{label} reads {value:?}, as the model file says; --param {key}=… names another"
                    ));
                    continue;
                }
                (false, true) => models.named(value, false),
                (false, false) => {
                    return Err(refuse("a path in a model file must be absolute").into());
                }
            };
            let folder = folder.map_err(|error| refuse(&error.to_string()))?;
            let folder = folder.to_str().ok_or_else(|| refuse("it is not UTF-8"))?;
            params.insert(key.clone(), json!(folder));
        }
        Ok(params)
    }
}

/// The name of an encoder's plugin with what format 1 kept in the key alone.
fn known(plugin: &PluginName, key: &[(String, String)]) -> PluginName {
    let part = |name: &str, own: &str| match own {
        "" => key
            .iter()
            .find(|(part, _)| part == name)
            .map_or(String::new(), |(_, v)| v.clone()),
        own => own.to_owned(),
    };
    PluginName {
        version: part("version", &plugin.version),
        hash: part("plugin_hash", &plugin.hash),
        ..plugin.clone()
    }
}
