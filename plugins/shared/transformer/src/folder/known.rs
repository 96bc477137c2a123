//! The one list of what a model's folder may hold: files, and the keys of its JSON files.
//!
//! A key is read and obeyed, changes no vector whatever it says, or changes none while it says
//! certain values. What is on no list is refused by its name: a later version of transformers or
//! sentence-transformers may have given it a meaning. The lists follow sentence-transformers 6.2
//! and transformers 5.24, and what versions since 2019 wrote.

use super::present;
use crate::error::{Result, unknown, unreadable, unsupported};
use serde_json::{Map, Value};
use std::path::Path;

/// The keys of one kind of file.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Read and obeyed, or refused where they are read.
    obeyed: &'static [&'static str],
    /// Change no vector.
    harmless: &'static [&'static str],
    /// Change no vector while they say one of these values, or null.
    only: &'static [(&'static str, &'static [&'static str])],
    /// Objects of keyword arguments, and what is harmless in them.
    arguments: &'static [(&'static str, &'static Keys)],
}

const NO: &[&str] = &["false"];
const YES: &[&str] = &["true"];
const EMPTY: &[&str] = &["{}", "[]"];
/// Weights of these types are computed in f32.
const FLOATS: &[&str] = &[
    "\"float32\"",
    "\"float16\"",
    "\"bfloat16\"",
    "\"float64\"",
    "\"torch.float32\"",
    "\"torch.float16\"",
    "\"torch.bfloat16\"",
    "\"auto\"",
];

/// config.json: what all families have, beside the names of their own (`family`).
pub(crate) const CONFIG: Keys = Keys {
    obeyed: &[
        "is_decoder",
        "max_position_embeddings",
        "model_type",
        // Where positions are counted from it.
        "pad_token_id",
        "position_embedding_type",
        "tokenizer_class",
        "vocab_size",
    ],
    harmless: &[
        // Where it comes from, and how it is to be run.
        "_attn_implementation",
        "_attn_implementation_autoset",
        "_attn_implementation_internal",
        "_commit_hash",
        "_name_or_path",
        "_num_labels",
        "architectures",
        "attn_implementation",
        "gradient_checkpointing",
        "language",
        "name",
        "name_or_path",
        "sentence_transformers",
        "tf_legacy_loss",
        "torchscript",
        "transformers.js_config",
        "transformers_version",
        "unsloth_version",
        "use_bfloat16",
        "use_cache",
        "use_return_dict",
        "xla_device",
        // Training.
        "attention_dropout",
        "attention_probs_dropout_prob",
        "classifier_dropout",
        "dropout",
        "finetuning_task",
        "hidden_dropout_prob",
        "initializer_factor",
        "initializer_range",
        // Heads for classes, which a sentence's vector does not use.
        "directionality",
        "emb_size",
        "id2label",
        "label2id",
        "num_labels",
        "pooler_fc_size",
        "pooler_num_attention_heads",
        "pooler_num_fc_layers",
        "pooler_size_per_head",
        "pooler_type",
        "problem_type",
        "task_specific_params",
        // Numbers of tokens, which the tokenizer has itself.
        "bos_token_id",
        "decoder_start_token_id",
        "eos_token_id",
        "mask_token_id",
        "sep_token_id",
        // What is returned beside the last layer.
        "output_attentions",
        "output_hidden_states",
        "output_past",
        "return_dict",
        "tie_encoder_decoder",
        "tie_word_embeddings",
        "chunk_size_feed_forward",
        // Generation of text.
        "bad_words_ids",
        "begin_suppress_tokens",
        "cross_attention_hidden_size",
        "diversity_penalty",
        "do_sample",
        "early_stopping",
        "encoder_no_repeat_ngram_size",
        "exponential_decay_length_penalty",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "length_penalty",
        "max_length",
        "min_length",
        "no_repeat_ngram_size",
        "num_beam_groups",
        "num_beams",
        "num_return_sequences",
        "output_scores",
        "prefix",
        "remove_invalid_values",
        "repetition_penalty",
        "return_dict_in_generate",
        "suppress_tokens",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
    ],
    only: &[
        ("add_cross_attention", NO),
        ("auto_map", EMPTY),
        ("dtype", FLOATS),
        ("is_causal", NO),
        ("is_encoder_decoder", NO),
        ("pruned_heads", EMPTY),
        ("quantization_config", &[]),
        ("torch_dtype", FLOATS),
        ("use_bidirectional_attention", YES),
    ],
    arguments: &[],
};

/// modules.json: each entry.
pub(crate) const MODULE: Keys = Keys {
    obeyed: &["name", "path", "type"],
    harmless: &["idx"],
    only: &[("kwargs", EMPTY)],
    arguments: &[],
};

/// 1_Pooling/config.json.
pub(crate) const POOLING: Keys = Keys {
    obeyed: &[
        "include_prompt",
        "pooling_mode",
        "pooling_mode_cls_token",
        "pooling_mode_lasttoken",
        "pooling_mode_max_tokens",
        "pooling_mode_mean_sqrt_len_tokens",
        "pooling_mode_mean_tokens",
        "pooling_mode_weightedmean_tokens",
    ],
    harmless: &["embedding_dimension", "word_embedding_dimension"],
    only: &[],
    arguments: &[],
};

/// 2_Normalize/config.json.
pub(crate) const NORMALIZE: Keys = Keys {
    obeyed: &["module_input_name", "module_output_name"],
    harmless: &[],
    only: &[],
    arguments: &[],
};

/// 2_Dense/config.json.
pub(crate) const DENSE: Keys = Keys {
    obeyed: &[
        "activation_function",
        "bias",
        "in_features",
        "module_input_name",
        "module_output_name",
        "out_features",
    ],
    harmless: &[],
    only: &[("use_residual", NO)],
    arguments: &[],
};

/// sentence_bert_config.json and its siblings.
pub(crate) const SENTENCE: Keys = Keys {
    obeyed: &["do_lower_case", "max_seq_length"],
    harmless: &[
        // For the calls encode_query and encode_document alone, and for one kind of attention on a
        // graphics card.
        "document_length",
        "query_expansion",
        "query_length",
        "unpad_inputs",
    ],
    only: &[
        (
            "modality_config",
            &[
                r#"{"text":{"method":"forward","method_output_name":"last_hidden_state"}}"#,
                r#"{"text":{"method_output_name":"last_hidden_state","method":"forward"}}"#,
            ],
        ),
        ("module_output_name", &["\"token_embeddings\""]),
        ("processing_kwargs", EMPTY),
        ("tokenizer_name_or_path", &[]),
        ("transformer_task", &["\"feature-extraction\""]),
    ],
    arguments: &[
        ("config_args", &CONFIG_ARGUMENTS),
        ("config_kwargs", &CONFIG_ARGUMENTS),
        ("model_args", &MODEL_ARGUMENTS),
        ("model_kwargs", &MODEL_ARGUMENTS),
        ("processor_kwargs", &TOKENIZER_ARGUMENTS),
        ("tokenizer_args", &TOKENIZER_ARGUMENTS),
    ],
};

const MODEL_ARGUMENTS: Keys = Keys {
    obeyed: &[],
    harmless: &[
        "add_pooling_layer",
        "attn_implementation",
        "cache_dir",
        "device_map",
        "local_files_only",
        "low_cpu_mem_usage",
        "token",
        "trust_remote_code",
        "use_safetensors",
    ],
    only: &[("dtype", FLOATS), ("torch_dtype", FLOATS)],
    arguments: &[],
};

const CONFIG_ARGUMENTS: Keys = Keys {
    obeyed: &[],
    harmless: &[
        "attn_implementation",
        "cache_dir",
        "local_files_only",
        "token",
        "trust_remote_code",
        "use_cache",
    ],
    only: &[],
    arguments: &[],
};

const TOKENIZER_ARGUMENTS: Keys = Keys {
    obeyed: &[],
    harmless: &[
        "cache_dir",
        "clean_up_tokenization_spaces",
        "local_files_only",
        "padding_side",
        "token",
        "trust_remote_code",
        "use_fast",
    ],
    only: &[],
    arguments: &[],
};

/// config_sentence_transformers.json.
pub(crate) const SENTENCE_TRANSFORMERS: Keys = Keys {
    obeyed: &["default_prompt_name", "prompts", "truncate_dim"],
    harmless: &["__version__", "requirements", "similarity_fn_name"],
    only: &[("model_type", &["\"SentenceTransformer\""])],
    arguments: &[],
};

/// tokenizer_config.json.
pub(crate) const TOKENIZER_CONFIG: Keys = Keys {
    obeyed: &[
        "add_prefix_space",
        "added_tokens_decoder",
        "additional_special_tokens",
        "bos_token",
        "cls_token",
        "do_lower_case",
        "eos_token",
        "extra_special_tokens",
        "mask_token",
        "max_len",
        "model_max_length",
        "pad_token",
        "sep_token",
        "strip_accents",
        "tokenize_chinese_chars",
        "tokenizer_class",
        "truncation_side",
        "unk_token",
    ],
    harmless: &[
        "_commit_hash",
        "_from_auto",
        "_is_local",
        "add_bos_token",
        "add_eos_token",
        "backend",
        "cache_dir",
        "chat_template",
        "clean_up_tokenization_spaces",
        "device_map",
        // Both are the slow tokenizer's; sentence-transformers takes the fast one.
        "do_basic_tokenize",
        "never_split",
        "errors",
        "files_loaded",
        "from_auto_class",
        "from_slow",
        "full_tokenizer_file",
        "is_fast",
        "is_local",
        "legacy",
        "local_files_only",
        // Limits and padding of tokenizer.json, which a call overrides.
        "max_length",
        "pad_to_multiple_of",
        "pad_token_type_id",
        "padding",
        "padding_side",
        "stride",
        "truncation",
        "truncation_strategy",
        "model_input_names",
        "model_type",
        "name_or_path",
        "processor_class",
        "return_token_type_ids",
        "special_tokens_map_file",
        "tokenizer_file",
        "trim_offsets",
        "use_fast",
        "verbose",
        "vocab_file",
        "wordpieces_prefix",
    ],
    only: &[
        ("auto_map", EMPTY),
        ("clean_text", YES),
        ("fast_tokenizer_files", EMPTY),
        ("init_inputs", EMPTY),
        ("model_specific_special_tokens", EMPTY),
        ("sp_model_kwargs", EMPTY),
        ("split_special_tokens", NO),
    ],
    arguments: &[],
};

/// special_tokens_map.json.
pub(crate) const SPECIAL_TOKENS: Keys = Keys {
    obeyed: &[
        "additional_special_tokens",
        "bos_token",
        "cls_token",
        "eos_token",
        "extra_special_tokens",
        "mask_token",
        "pad_token",
        "sep_token",
        "unk_token",
    ],
    harmless: &[],
    only: &[],
    arguments: &[],
};

/// tokenizer.json.
pub(crate) const TOKENIZER: Keys = Keys {
    obeyed: &[
        "added_tokens",
        "model",
        "normalizer",
        "padding",
        "post_processor",
        "pre_tokenizer",
        "truncation",
    ],
    harmless: &["decoder", "version"],
    only: &[],
    arguments: &[],
};

/// JSON files that are read.
const READ: [&str; 16] = [
    "added_tokens.json",
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors.index.json",
    "modules.json",
    "sentence_albert_config.json",
    "sentence_bert_config.json",
    "sentence_camembert_config.json",
    "sentence_distilbert_config.json",
    "sentence_roberta_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
];

/// JSON files that neither library reads for such a model, or only for other formats of its
/// weights.
const HARMLESS: [&str; 17] = [
    "chat_template.json",
    "config_setfit.json",
    "configuration.json",
    "data_config.json",
    "flax_model.msgpack.index.json",
    "generation_config.json",
    "model_args.json",
    "model_head_config.json",
    "openvino_config.json",
    "ort_config.json",
    "package.json",
    "pytorch_model.bin.index.json",
    "quant_config.json",
    "quantize_config.json",
    "sentencepiece.bpe.json",
    "tf_model.h5.index.json",
    "unigram.json",
];

/// Parts of the names of what training and evaluation leave behind.
const RECORDS: [&str; 10] = [
    "benchmark",
    "card",
    "eval",
    "info",
    "manifest",
    "metadata",
    "metric",
    "result",
    "score",
    "train",
];

/// Files that change the vectors and are not read here.
const REFUSED: [(&str, &str); 4] = [
    ("adapter_config.json", "an adapter (PEFT)"),
    ("adapter_model.bin", "an adapter (PEFT)"),
    ("adapter_model.safetensors", "an adapter (PEFT)"),
    ("router_config.json", "a router of several networks"),
];

impl Keys {
    /// Refuses what is not known, and values that would change vectors.
    pub fn check(&self, path: &Path, found: &Map<String, Value>) -> Result<()> {
        self.check_within(path, "", found)
    }

    /// `prefix`: `config_kwargs.` for the keys of that object.
    fn check_within(&self, path: &Path, prefix: &str, found: &Map<String, Value>) -> Result<()> {
        for (key, value) in found {
            if self.obeyed.contains(&key.as_str()) || self.harmless.contains(&key.as_str()) {
                continue;
            }
            if let Some((_, values)) = self.only.iter().find(|(name, _)| name == key) {
                if value.is_null() || values.contains(&value.to_string().as_str()) {
                    continue;
                }
                return Err(unsupported(
                    path,
                    format!("{prefix}{key} = {}", shown(value)),
                    advice(values),
                ));
            }
            match (self.arguments.iter().find(|(name, _)| name == key), value) {
                (Some(_), Value::Null) => {}
                (Some((_, keys)), Value::Object(inside)) => {
                    keys.check_within(path, &format!("{key}."), inside)?;
                }
                _ => return Err(unknown(path, format!("`{prefix}{key}`"))),
            }
        }
        Ok(())
    }
}

fn advice(values: &[&str]) -> String {
    match values {
        [] => "a model without it is".into(),
        [one] => format!("{one} is"),
        several => format!("known: {}", several.join(", ")),
    }
}

/// A value, cut where it is long.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Refuses a folder with files that change vectors and are not read, and with JSON files on no
/// list. What else lies there is nobody's settings.
pub(crate) fn check_files(folder: &Path) -> Result<()> {
    for (name, what) in REFUSED {
        let path = folder.join(name);
        if present(&path) {
            return Err(unsupported(
                &path,
                what,
                "a model whose weights hold everything is",
            ));
        }
    }
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| !entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in names {
        let is_known = READ.contains(&name.as_str()) || HARMLESS.contains(&name.as_str());
        let is_record = RECORDS.iter().any(|part| name.contains(part));
        if name.ends_with(".json") && !name.starts_with('.') && !is_known && !is_record {
            return Err(unknown(
                &folder.join(&name),
                "this file (another one of your own? take it out)",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_on_two_lists() {
        for keys in [
            &CONFIG,
            &MODULE,
            &POOLING,
            &NORMALIZE,
            &DENSE,
            &SENTENCE,
            &MODEL_ARGUMENTS,
            &CONFIG_ARGUMENTS,
            &TOKENIZER_ARGUMENTS,
            &SENTENCE_TRANSFORMERS,
            &TOKENIZER_CONFIG,
            &SPECIAL_TOKENS,
            &TOKENIZER,
        ] {
            let only = keys.only.iter().map(|(name, _)| *name);
            let arguments = keys.arguments.iter().map(|(name, _)| *name);
            let named = keys.obeyed.iter().chain(keys.harmless).copied();
            let mut all: Vec<&str> = named.chain(only).chain(arguments).collect();
            let n = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), n, "{all:?}");
        }
    }
}
