//! The longest text, lower-casing, the prompt, and how much of a vector is kept:
//! sentence_bert_config.json and its siblings, tokenizer_config.json,
//! config_sentence_transformers.json.

use super::class::Class;
use super::config::Architecture;
use super::modules::Modules;
use super::{known, optional_json, optional_object, typed};
use crate::Settings;
use crate::error::{Error, Result, damaged, unsupported};
use crate::family::Family;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::Path;

/// Names under which the first file has been published; the first that exists counts.
const SENTENCE_CONFIGS: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

#[derive(Deserialize, Default)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
    do_lower_case: Option<bool>,
}

/// What tokenizer_config.json says. Absent members have the defaults of transformers.
#[derive(Deserialize, Debug, Clone)]
pub(crate) struct TokenizerConfig {
    /// A number as large as 1e30 means "no limit".
    pub model_max_length: Option<f64>,
    /// Its name before 2020.
    pub max_len: Option<f64>,
    pub do_lower_case: Option<bool>,
    pub strip_accents: Option<bool>,
    pub tokenize_chinese_chars: Option<bool>,
    /// A blank before the first word, so that it is a word like others.
    pub add_prefix_space: Option<bool>,
    /// Which end of a long text is cut off.
    pub truncation_side: Option<Side>,
    /// Named here, else in config.json.
    #[serde(skip)]
    pub class: Class,
    /// All of it, for the special and added tokens.
    #[serde(skip)]
    pub members: Map<String, Value>,
}

/// An end of a text.
#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    #[serde(alias = "Left")]
    Left,
    #[serde(alias = "Right")]
    Right,
}

#[derive(Deserialize, Default)]
struct PromptConfig {
    #[serde(default)]
    prompts: Option<HashMap<String, Option<String>>>,
    default_prompt_name: Option<String>,
    truncate_dim: Option<usize>,
}

/// What a text goes through before the network.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Longest sequence, special tokens included.
    pub max_tokens: usize,
    /// sentence_bert_config.json asks for lower case, whatever the tokenizer does.
    pub is_lowered: bool,
    pub tokenizer: TokenizerConfig,
    /// Put before every text.
    pub prompt: String,
    /// So many numbers of a vector are kept, the first ones; after pooling and Normalize, whose
    /// length 1 it undoes.
    pub truncate_dim: Option<usize>,
}

impl Limits {
    /// Reads the three files; the user's settings, where given, win. Without modules.json
    /// sentence-transformers reads the tokenizer's alone. `tokenizer_class`: according to
    /// config.json.
    pub fn read(
        folder: &Path,
        modules: &Modules,
        architecture: &Architecture,
        tokenizer_class: Option<&str>,
        settings: &Settings,
    ) -> Result<Limits> {
        let sentence = if modules.is_listed {
            sentence_config(&modules.network)?
        } else {
            SentenceConfig::default()
        };
        let tokenizer =
            TokenizerConfig::read(&modules.network, architecture.family, tokenizer_class)?;
        let most = architecture.max_tokens();
        let max_tokens = match (settings.max_seq_length, sentence.max_seq_length) {
            (Some(length), _) => checked(length, most)?,
            (None, Some(length)) => length.min(most),
            (None, None) => tokenizer
                .longest()
                .map_or(most, |length| length.clamp(0.0, most as f64) as usize),
        };
        if max_tokens < 3 {
            return Err(damaged(
                &modules.network,
                format!("a limit of {max_tokens} tokens"),
                "room for two special tokens and one of the text",
            ));
        }
        let config = match modules.is_listed {
            true => PromptConfig::read(folder)?,
            false => PromptConfig::default(),
        };
        let prompt = match &settings.prompt {
            Some(prompt) => prompt.clone(),
            None => config.default_prompt(folder)?,
        };
        Ok(Limits {
            max_tokens,
            is_lowered: sentence.do_lower_case.unwrap_or(false),
            tokenizer,
            prompt,
            truncate_dim: config.truncate_dim,
        })
    }
}

/// The first of the files that says anything.
fn sentence_config(network: &Path) -> Result<SentenceConfig> {
    for name in SENTENCE_CONFIGS {
        let path = network.join(name);
        match optional_object(&path, &known::SENTENCE)? {
            Some(config) if !config.is_empty() => return typed(&path, config),
            _ => {}
        }
    }
    Ok(SentenceConfig::default())
}

impl TokenizerConfig {
    fn read(network: &Path, family: Family, of_network: Option<&str>) -> Result<TokenizerConfig> {
        let path = network.join("tokenizer_config.json");
        let members: Map<String, Value> = optional_json(&path)?.unwrap_or_default();
        // First of all: another class has other keys.
        let named = members.get("tokenizer_class").and_then(Value::as_str);
        let class = Class::find(&path, named.or(of_network), family)?;
        known::TOKENIZER_CONFIG.check(&path, &members)?;
        let config: TokenizerConfig = typed(&path, members.clone())?;
        // The file's own pre-tokenizer says it where the class has no rules.
        let is_setting = matches!(class, Class::Roberta | Class::File);
        if config.add_prefix_space == Some(false) && !is_setting {
            return Err(unsupported(&path, "add_prefix_space = false", "true is"));
        }
        Ok(TokenizerConfig {
            class,
            members,
            ..config
        })
    }

    fn longest(&self) -> Option<f64> {
        match self.members.contains_key("model_max_length") {
            true => self.model_max_length,
            false => self.max_len,
        }
    }
}

fn checked(length: usize, most: usize) -> Result<usize> {
    if (3..=most).contains(&length) {
        return Ok(length);
    }
    Err(Error::Setting(format!(
        "max_seq_length = {length} is outside [3, {most}]: two tokens are special ones, and this model has {most} positions"
    )))
}

impl PromptConfig {
    fn read(folder: &Path) -> Result<PromptConfig> {
        let path = folder.join("config_sentence_transformers.json");
        let Some(members) = optional_object(&path, &known::SENTENCE_TRANSFORMERS)? else {
            return Ok(PromptConfig::default());
        };
        let config: PromptConfig = typed(&path, members)?;
        match config.truncate_dim {
            Some(0) => Err(damaged(&path, "truncate_dim 0", "at least 1")),
            _ => Ok(config),
        }
    }

    fn default_prompt(&self, folder: &Path) -> Result<String> {
        let Some(name) = &self.default_prompt_name else {
            return Ok(String::new());
        };
        match self.prompts.as_ref().and_then(|prompts| prompts.get(name)) {
            Some(prompt) => Ok(prompt.clone().unwrap_or_default()),
            None => Err(damaged(
                &folder.join("config_sentence_transformers.json"),
                format!("default_prompt_name \"{name}\" without a prompt of that name"),
                "one of `prompts`",
            )),
        }
    }
}
