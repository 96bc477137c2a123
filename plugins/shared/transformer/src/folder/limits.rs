//! The longest text, lower-casing and the prompt: sentence_bert_config.json and its siblings, tokenizer_config.json, config_sentence_transformers.json.

use super::config::Architecture;
use super::modules::Modules;
use super::optional_json;
use crate::error::{Error, Result, damaged};
use serde::Deserialize;
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
#[derive(Deserialize, Default, Debug, Clone)]
pub(crate) struct TokenizerConfig {
    /// A number as large as 1e30 means "no limit".
    pub model_max_length: Option<f64>,
    pub do_lower_case: Option<bool>,
    pub strip_accents: Option<bool>,
    pub tokenize_chinese_chars: Option<bool>,
    pub tokenizer_class: Option<String>,
}

#[derive(Deserialize, Default)]
struct PromptConfig {
    #[serde(default)]
    prompts: Option<HashMap<String, String>>,
    default_prompt_name: Option<String>,
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
}

impl Limits {
    /// Reads the three files; the user's settings, where given, win.
    pub fn read(
        folder: &Path,
        modules: &Modules,
        architecture: &Architecture,
        max_seq_length: Option<usize>,
        prompt: Option<&str>,
    ) -> Result<Limits> {
        let sentence = if modules.is_listed {
            sentence_config(&modules.network)?
        } else {
            SentenceConfig::default()
        };
        let tokenizer: TokenizerConfig =
            optional_json(&modules.network.join("tokenizer_config.json"))?.unwrap_or_default();
        let most = architecture.max_tokens();
        let max_tokens = match (max_seq_length, sentence.max_seq_length) {
            (Some(length), _) => checked(length, most)?,
            (None, Some(length)) => length.min(most),
            (None, None) => tokenizer
                .model_max_length
                .map_or(most, |length| length.clamp(0.0, most as f64) as usize),
        };
        if max_tokens < 3 {
            return Err(damaged(
                &modules.network,
                format!("a limit of {max_tokens} tokens"),
                "room for two special tokens and one of the text",
            ));
        }
        let prompt = match prompt {
            Some(prompt) => prompt.to_owned(),
            None => default_prompt(folder)?,
        };
        Ok(Limits {
            max_tokens,
            is_lowered: sentence.do_lower_case.unwrap_or(false),
            tokenizer,
            prompt,
        })
    }
}

fn sentence_config(network: &Path) -> Result<SentenceConfig> {
    for name in SENTENCE_CONFIGS {
        if let Some(config) = optional_json(&network.join(name))? {
            return Ok(config);
        }
    }
    Ok(SentenceConfig::default())
}

fn checked(length: usize, most: usize) -> Result<usize> {
    if (3..=most).contains(&length) {
        return Ok(length);
    }
    Err(Error::Setting(format!(
        "max_seq_length = {length} is outside [3, {most}]: two tokens are special ones, and this model has {most} positions"
    )))
}

fn default_prompt(folder: &Path) -> Result<String> {
    let path = folder.join("config_sentence_transformers.json");
    let config: PromptConfig = optional_json(&path)?.unwrap_or_default();
    let Some(name) = config.default_prompt_name else {
        return Ok(String::new());
    };
    config
        .prompts
        .unwrap_or_default()
        .remove(&name)
        .ok_or_else(|| {
            damaged(
                &path,
                format!("default_prompt_name \"{name}\" without a prompt of that name"),
                "one of `prompts`",
            )
        })
}
