//! A tokenizer where tokenizer.json is missing: from vocab.txt (WordPiece), or from vocab.json and
//! merges.txt (merged pairs of bytes).

use super::added::Declared;
use super::class::{Class, template};
use super::config::Architecture;
use super::limits::Limits;
use super::optional_json;
use crate::error::{Error, Result, damaged, unreadable};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What tokenizer.json would say, and the file that says it instead.
pub(super) fn tokenizer(
    folder: &Path,
    architecture: &Architecture,
    limits: &Limits,
    declared: &Declared,
) -> Result<(PathBuf, Map<String, Value>)> {
    let missing = |advice: &str| Error::Missing {
        path: folder.join("tokenizer.json"),
        advice: format!("it says how texts become tokens {advice}"),
    };
    match limits.tokenizer.class {
        Class::Bert | Class::MpNet => {
            let path = folder.join("vocab.txt");
            let Some(text) = optional_text(&path)? else {
                return Err(missing(
                    "(vocab.txt would do as well, and is missing too); fetch the model again",
                ));
            };
            let description = word_piece(&path, &text, architecture, limits, declared)?;
            Ok((path, description))
        }
        Class::Roberta => {
            let path = folder.join("vocab.json");
            let vocabulary = optional_json::<Map<String, Value>>(&path)?;
            let merges = optional_text(&folder.join("merges.txt"))?;
            let (Some(vocabulary), Some(merges)) = (vocabulary, merges) else {
                return Err(missing(
                    "(vocab.json and merges.txt would do as well, and are not both there); fetch the model again",
                ));
            };
            Ok((path, byte_pairs(vocabulary, &merges, declared)))
        }
        Class::XlmRoberta | Class::File => Err(missing(
            "(vocab.txt would not do for this tokenizer_class); python -c \"from transformers import AutoTokenizer as A; \
             A.from_pretrained('FOLDER').save_pretrained('FOLDER')\" may write it",
        )),
    }
}

fn optional_text(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

/// One token a line, between the special tokens of the class.
fn word_piece(
    path: &Path,
    text: &str,
    architecture: &Architecture,
    limits: &Limits,
    declared: &Declared,
) -> Result<Map<String, Value>> {
    let vocabulary: Map<String, Value> = text
        .lines()
        .enumerate()
        .map(|(id, token)| (token.to_owned(), json!(id)))
        .collect();
    let content = |name| declared.named(name).map_or("", |token| &token.content);
    let (first, last) = limits.tokenizer.class.ends(declared);
    let mut numbered = Vec::new();
    for needed in [first, last, content("unk_token")] {
        let Some(id) = vocabulary.get(needed).and_then(Value::as_u64) else {
            return Err(damaged(
                path,
                format!("no token {needed}"),
                format!(
                    "the vocabulary of a {} model, one token a line",
                    architecture.family.name()
                ),
            ));
        };
        numbered.push((needed.to_owned(), id));
    }
    Ok(object(json!({
        "version": "1.0",
        "added_tokens": special_tokens(&vocabulary, declared),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(&[numbered[0].clone(), numbered[1].clone()]),
        "model": {"type": "WordPiece", "unk_token": content("unk_token"), "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary},
    })))
}

/// Numbers by token, and pairs in the order in which they are merged; the rest is the class's.
fn byte_pairs(
    vocabulary: Map<String, Value>,
    merges: &str,
    declared: &Declared,
) -> Map<String, Value> {
    // As the tokenizers library reads the file: a token may begin with # as well.
    let is_pair = |line: &&str| !line.is_empty() && !line.starts_with("#version");
    let merges: Vec<&str> = merges.lines().filter(is_pair).collect();
    object(json!({
        "version": "1.0",
        "added_tokens": special_tokens(&vocabulary, declared),
        "model": {"type": "BPE", "vocab": vocabulary, "merges": merges},
    }))
}

fn special_tokens(vocabulary: &Map<String, Value>, declared: &Declared) -> Vec<Value> {
    let names = [
        "cls_token",
        "sep_token",
        "unk_token",
        "pad_token",
        "mask_token",
    ];
    let token = |name| {
        let token = declared.named(name)?;
        Some(
            json!({"id": vocabulary.get(&token.content)?, "content": token.content, "special": true, "single_word": token.single_word,
            "lstrip": token.lstrip, "rstrip": token.rstrip, "normalized": token.normalized}),
        )
    };
    names.into_iter().filter_map(token).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
