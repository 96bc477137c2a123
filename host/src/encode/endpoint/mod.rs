//! Vectors from a server that speaks OpenAI's `/embeddings`: text-embeddings-inference, vLLM,
//! llama.cpp, Ollama, and services that are paid for.
//!
//! Such a server is believed about as little as can be: vectors are joined by the index that it
//! states, and a reply that lacks one, has one twice, or holds what is no number is refused
//! (`reply`). It sees texts and key alone, at the address that the user typed and nowhere else
//! (`http`). What it has answered is kept at once, so that nothing is sent twice (`ask`).
//! Whether texts may leave the machine is decided in [`crate::plan`].

#[cfg(feature = "download")]
mod ask;
#[cfg(feature = "download")]
mod http;
#[cfg(feature = "download")]
mod reply;
#[cfg(feature = "download")]
mod said;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ocean_report::numbers::count;
use serde_json::{Map, Value, json};

use crate::encode::cache::{Cache, Entry, RowKey};
use crate::encode::embedding::{EncodeError, lacking};
use crate::encode::models::offline_variable;
use crate::encode::recipe::EndpointRecipe;
use crate::plan::Pool;
use crate::plan::address::Address;
use crate::tell::progress::Stage;

/// Texts that are sent twice, since services do not always answer the same.
pub const REPEATED: usize = 16;

/// What a text of blanks alone is sent as: services refuse the empty one.
const BLANK: &str = " ";

/// Columns that are counted with where nobody knows them yet.
const USUAL_WIDTH: usize = 1024;

/// The keys of `[[encoder]]` that an endpoint takes beside those of the host, as a plugin's schema.
pub fn schema() -> Value {
    json!({
        "model": { "type": "string", "help": "The server's name of the model." },
        "prompt": { "type": "string", "default": null, "help": "Put before every text." },
    })
}

/// A server and a model of it.
#[derive(Debug)]
pub struct Endpoint {
    /// Its label in the study.
    pub name: String,
    /// Where texts go.
    pub address: Address,
    /// The server's name of the model.
    pub model: String,
    /// Put before every text.
    pub prompt: Option<String>,
    /// The width that is asked for.
    pub dimensions: Option<usize>,
    /// The variable that holds the key.
    pub api_key_env: Option<String>,
    /// Of one request.
    pub time_limit: Duration,
    /// Numbers of a vector, once one was seen.
    width: Arc<OnceLock<usize>>,
}

impl Endpoint {
    /// `params`: `model` and `prompt`, checked against [`schema`].
    pub fn new(
        name: &str,
        address: &Address,
        params: &Map<String, Value>,
        dimensions: Option<u32>,
        api_key_env: Option<String>,
        time_limit: Duration,
    ) -> Self {
        let text = |key: &str| params.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: name.to_owned(),
            address: address.clone(),
            model: text("model").unwrap_or_default(),
            prompt: text("prompt").filter(|prompt| !prompt.is_empty()),
            dimensions: dimensions.map(|width| width as usize),
            api_key_env,
            time_limit,
            width: Arc::default(),
        }
    }

    /// How messages name it.
    pub fn title(&self) -> String {
        format!("encoder `{}`", self.name)
    }

    /// "BAAI/bge-m3 at http://localhost:8080/v1".
    pub fn origin(&self) -> String {
        format!("{} at {}", self.model, self.address)
    }

    /// What is asked of it besides, in words.
    pub fn in_words(&self) -> Option<String> {
        let width = self.dimensions.map(|width| format!("dimensions = {width}"));
        let prompt = self.prompt.as_ref();
        let prompt = prompt.map(|prompt| format!("prompt = {prompt}"));
        let all: Vec<String> = width.into_iter().chain(prompt).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// All that a vector depends on besides its text, as far as anybody here knows it: the key is
    /// not among it.
    pub fn key_parts(&self) -> Vec<(String, String)> {
        let width = self.dimensions.map(|width| width.to_string());
        [
            ("endpoint", self.address.url()),
            ("model", &self.model),
            ("dimensions", width.as_deref().unwrap_or("the model's")),
            ("prompt", self.prompt.as_deref().unwrap_or_default()),
            ("blank", BLANK),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Its entry of a cache, not yet read.
    pub fn open(&self, cache: &Cache) -> Entry {
        cache.open_unmeasured(self.key_parts())
    }

    /// Numbers of a vector; where none was seen yet, about as many as models have.
    pub fn width(&self) -> usize {
        let known = self.width.get().copied().or(self.dimensions);
        known.unwrap_or(USUAL_WIDTH)
    }

    /// A vector was seen, here or in the cache.
    pub fn note_width(&self, width: Option<usize>) {
        if let Some(width) = width {
            self.width.get_or_init(|| width);
        }
    }

    /// How its vectors are made, for an exported model. Without the variable of the key: a model
    /// file that somebody sends must not choose which secret goes where.
    pub fn recipe(&self, pool: Pool) -> EndpointRecipe {
        EndpointRecipe {
            name: self.name.clone(),
            endpoint: self.address.clone(),
            model: self.model.clone(),
            prompt: self.prompt.clone(),
            dimensions: self.dimensions.map(|width| width as u32),
            pool,
        }
    }

    /// What a run would send, for who asks before. `texts`: the different ones of the study.
    pub fn announced(&self, texts: &[&str], cache: &Cache) -> String {
        let n_lacking = lacking(self.into(), texts, cache).len();
        let place = match self.address.is_local() {
            true => "this machine".to_owned(),
            false => format!("{}, another machine", self.address.host()),
        };
        let known = format!(
            "{} of {} different texts are in the cache",
            count(texts.len() - n_lacking),
            count(texts.len())
        );
        let mut said = match n_lacking {
            0 => format!(
                "`{}`: {known}, nothing is sent to {}",
                self.name, self.address
            ),
            n => format!(
                "`{}`: {known}; {} would be sent to {} ({place}), and {} of them a second time",
                self.name,
                count(n),
                self.address,
                n.min(REPEATED)
            ),
        };
        if n_lacking > 0
            && let Some(variable) = self.unset_variable()
        {
            said.push_str(&format!("; {variable} is not set"));
        }
        said.push('.');
        said
    }

    /// The variable of the key, where it holds none.
    fn unset_variable(&self) -> Option<&str> {
        let is_unset = |name: &&String| std::env::var(name).is_ok_and(|key| !key.is_empty());
        let name = self.api_key_env.as_ref().filter(|name| !is_unset(name))?;
        Some(name)
    }

    /// What a reader of the plan should know of it.
    pub fn notes(&self) -> Vec<String> {
        if !self.address.is_open() {
            return Vec::new();
        }
        let what = match self.api_key_env {
            Some(_) => "Texts and key",
            None => "Texts",
        };
        vec![format!(
            "`{}`: {what} go to {} without encryption; https:// where the server has it.",
            self.name,
            self.address.host()
        )]
    }

    /// As it is sent.
    fn sent(&self, text: &str) -> String {
        let text = if text.trim().is_empty() { BLANK } else { text };
        format!("{}{text}", self.prompt.as_deref().unwrap_or_default())
    }

    fn error(&self, what: String, remedy: &str) -> EncodeError {
        EncodeError::Endpoint {
            title: self.title(),
            what,
            remedy: remedy.to_owned(),
            row: None,
            id: None,
        }
    }

    /// Whether anything may be sent now.
    fn may_send(&self) -> Result<(), EncodeError> {
        if let Some(variable) = offline_variable().filter(|_| !self.address.is_local()) {
            let what = format!(
                "{variable} is set, and not all of its vectors are in the cache: nothing is sent to {}",
                self.address.host()
            );
            return Err(self.error(what, &format!("unset {variable}")));
        }
        if let Some(variable) = self.unset_variable() {
            let what = format!("{variable}, which should hold the key (api_key_env), is not set");
            let remedy =
                format!("export {variable}=…; or leave api_key_env out for a server without keys");
            return Err(self.error(what, &remedy));
        }
        Ok(())
    }
}

/// What an asking needs to know.
pub(super) struct Asking<'a> {
    pub texts: &'a [&'a str],
    pub keys: &'a [RowKey],
    /// Rows of the different texts without a vector.
    pub missing: Vec<usize>,
    pub stage: &'a Stage,
    pub cancelled: &'a AtomicBool,
    pub entry: &'a mut Entry,
}

#[cfg(feature = "download")]
impl Endpoint {
    /// Puts the missing vectors into the entry.
    pub(super) fn ask(&self, asking: Asking<'_>) -> Result<(), EncodeError> {
        self.may_send()?;
        ask::ask(self, asking)
    }
}

#[cfg(not(feature = "download"))]
impl Endpoint {
    /// Built without the network.
    pub(super) fn ask(&self, _: Asking<'_>) -> Result<(), EncodeError> {
        self.may_send()?;
        let what = "this ocean-host was built without the network".to_owned();
        Err(self.error(
            what,
            "`cargo build --release --features ocean-host/download`",
        ))
    }
}
