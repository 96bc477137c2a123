//! What the tokenizer's class makes of tokenizer.json.
//!
//! transformers 5, on which sentence-transformers 6 stands and which is followed here, takes from
//! the file no more than the vocabulary and the added tokens when the class is BertTokenizer,
//! MPNetTokenizer, RobertaTokenizer or XLMRobertaTokenizer, and sets up everything else as the class
//! does; transformers 4 took most of it from the file. Files that these classes wrote say the same, and
//! are left as they are. Classes without rules of their own follow the file.

use super::added::{Declared, Token};
use super::limits::{Limits, TokenizerConfig};
use crate::error::{Result, damaged, unsupported};
use crate::family::Family;
use serde_json::{Map, Value, json};
use std::path::Path;

/// How a tokenizer is set up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Class {
    /// WordPiece between [CLS] and [SEP].
    #[default]
    Bert,
    /// WordPiece between `<s>` and `</s>`.
    MpNet,
    /// Pairs of bytes, merged, between `<s>` and `</s>`.
    Roberta,
    /// Unigram between `<s>` and `</s>`.
    XlmRoberta,
    /// As tokenizer.json says.
    File,
}

impl Class {
    /// The class of this name; without one, that of the network's family.
    pub fn find(path: &Path, name: Option<&str>, family: Family) -> Result<Class> {
        let Some(name) = name else {
            return Ok(family.description().tokenizer);
        };
        match name.strip_suffix("Fast").unwrap_or(name) {
            // The second is the first under another name.
            "BertTokenizer" | "DistilBertTokenizer" => Ok(Class::Bert),
            "MPNetTokenizer" => Ok(Class::MpNet),
            "RobertaTokenizer" => Ok(Class::Roberta),
            "XLMRobertaTokenizer" => Ok(Class::XlmRoberta),
            "PreTrainedTokenizer" | "TokenizersBackend" => Ok(Class::File),
            _ => Err(unsupported(
                path,
                format!("tokenizer_class \"{name}\""),
                "BertTokenizer, DistilBertTokenizer, MPNetTokenizer, RobertaTokenizer, XLMRobertaTokenizer and PreTrainedTokenizerFast are",
            )),
        }
    }

    /// The class's own special tokens.
    pub fn special_tokens(self) -> Vec<(&'static str, Token)> {
        let names: &[(&'static str, &str)] = match self {
            Class::Bert => &[
                ("unk_token", "[UNK]"),
                ("sep_token", "[SEP]"),
                ("pad_token", "[PAD]"),
                ("cls_token", "[CLS]"),
                ("mask_token", "[MASK]"),
            ],
            Class::MpNet => &[
                ("bos_token", "<s>"),
                ("eos_token", "</s>"),
                ("sep_token", "</s>"),
                ("cls_token", "<s>"),
                ("unk_token", "[UNK]"),
                ("pad_token", "<pad>"),
                ("mask_token", "<mask>"),
            ],
            Class::Roberta | Class::XlmRoberta => &[
                ("bos_token", "<s>"),
                ("eos_token", "</s>"),
                ("sep_token", "</s>"),
                ("cls_token", "<s>"),
                ("unk_token", "<unk>"),
                ("pad_token", "<pad>"),
                ("mask_token", "<mask>"),
            ],
            Class::File => &[],
        };
        let special = |(name, content): &(&'static str, &str)| {
            let mut token = Token::special(content);
            token.lstrip = self == Class::MpNet && *name == "mask_token";
            (*name, token)
        };
        names.iter().map(special).collect()
    }

    /// The first and the last token of every text.
    pub fn ends(self, declared: &Declared) -> (&str, &str) {
        let (first, last) = match self {
            Class::XlmRoberta => ("bos_token", "eos_token"),
            _ => ("cls_token", "sep_token"),
        };
        let named = |name| declared.named(name).map_or("", |token| &token.content);
        (named(first), named(last))
    }

    /// Sets up what the class sets up, where the file says otherwise.
    pub fn set_up(
        self,
        path: &Path,
        description: &mut Map<String, Value>,
        declared: &Declared,
        limits: &Limits,
    ) -> Result<()> {
        match self {
            Class::File => return Ok(()),
            Class::Bert | Class::MpNet => {
                let unknown = declared.named("unk_token").map_or("[UNK]", |t| &t.content);
                word_piece(self, path, description, unknown)?;
                description.insert("normalizer".into(), bert_normalizer(&limits.tokenizer));
                description.insert("pre_tokenizer".into(), json!({"type": "BertPreTokenizer"}));
            }
            Class::Roberta => byte_pairs(path, description, &limits.tokenizer)?,
            Class::XlmRoberta => unigram(path, description)?,
        }
        let (first, last) = self.ends(declared);
        put_ends(path, description, first, last)
    }

    fn name(self) -> &'static str {
        match self {
            Class::Bert => "BertTokenizer",
            Class::MpNet => "MPNetTokenizer",
            Class::Roberta => "RobertaTokenizer",
            Class::XlmRoberta => "XLMRobertaTokenizer",
            Class::File => "PreTrainedTokenizerFast",
        }
    }
}

/// The model must be WordPiece, and is so with these rules.
fn word_piece(
    class: Class,
    path: &Path,
    description: &mut Map<String, Value>,
    unknown: &str,
) -> Result<()> {
    let model = model(class, path, description, "WordPiece")?;
    let rules = [
        ("unk_token", json!(unknown), json!("[UNK]")),
        ("continuing_subword_prefix", json!("##"), json!("##")),
        ("max_input_chars_per_word", json!(100), json!(100)),
    ];
    for (name, value, default) in rules {
        if *model.get(name).unwrap_or(&default) != value {
            model.insert(name.into(), value);
        }
    }
    Ok(())
}

/// The model must be BPE, and is so with these rules, over the bytes of words as GPT-2 splits them.
fn byte_pairs(
    path: &Path,
    description: &mut Map<String, Value>,
    config: &TokenizerConfig,
) -> Result<()> {
    let model = model(Class::Roberta, path, description, "BPE")?;
    for name in ["vocab", "merges"] {
        if !model.contains_key(name) {
            return Err(damaged(
                path,
                format!("a tokenizer without {name}"),
                "the file as its author published it",
            ));
        }
    }
    model.retain(|name, _| ["type", "vocab", "merges"].contains(&name.as_str()));
    description.insert("normalizer".into(), Value::Null);
    description.insert(
        "pre_tokenizer".into(),
        json!({"type": "ByteLevel", "add_prefix_space": config.add_prefix_space.unwrap_or(false),
            "trim_offsets": true, "use_regex": true}),
    );
    Ok(())
}

/// The model must be Unigram; what comes before it is sentencepiece's own normaliser, and words
/// that begin with ▁.
fn unigram(path: &Path, description: &mut Map<String, Value>) -> Result<()> {
    let model = model(Class::XlmRoberta, path, description, "Unigram")?;
    if model.get("unk_id") != Some(&json!(3)) {
        let found = model.get("unk_id").unwrap_or(&Value::Null);
        return Err(damaged(
            path,
            format!("unk_id {found}"),
            "3, as in XLM-RoBERTa",
        ));
    }
    if model.get("byte_fallback") == Some(&json!(true)) {
        model.insert("byte_fallback".into(), json!(false));
    }
    let normalizer = description.get("normalizer").unwrap_or(&Value::Null);
    let steps = match normalizer["normalizers"].as_array() {
        Some(steps) => &steps[..],
        None => std::slice::from_ref(normalizer),
    };
    let precompiled = steps.iter().find(|step| step["type"] == "Precompiled");
    let precompiled = precompiled.cloned().unwrap_or_default();
    description.insert("normalizer".into(), precompiled);
    let split = description.get("pre_tokenizer").unwrap_or(&Value::Null);
    let steps = split["pretokenizers"].as_array().map(Vec::as_slice);
    let is_usual = matches!(steps, Some([words, marked]) if words["type"] == "WhitespaceSplit" && is_marked(marked));
    if !is_usual {
        description.insert(
            "pre_tokenizer".into(),
            json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
                {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}]}),
        );
    }
    Ok(())
}

/// A Metaspace that puts ▁ before every word, as either generation of files writes it.
fn is_marked(step: &Value) -> bool {
    let always = step.get("prepend_scheme").map_or_else(
        || step["add_prefix_space"] == true,
        |scheme| scheme == "always",
    );
    step["type"] == "Metaspace"
        && step["replacement"] == "▁"
        && always
        && step.get("split").is_none_or(|split| split == true)
}

fn model<'a>(
    class: Class,
    path: &Path,
    description: &'a mut Map<String, Value>,
    kind: &str,
) -> Result<&'a mut Map<String, Value>> {
    let Some(model) = description.get_mut("model").and_then(Value::as_object_mut) else {
        return Err(damaged(
            path,
            "no usable tokenizer (no model)",
            "the file as its author published it",
        ));
    };
    match model.get("type").and_then(Value::as_str) {
        Some(found) if found != kind => Err(unsupported(
            path,
            format!("a {found} tokenizer with tokenizer_class {}", class.name()),
            format!("{kind} is; versions of transformers differ on others"),
        )),
        _ => Ok(model),
    }
}

/// BERT's normaliser as tokenizer_config.json wants it, in lower case unless it says otherwise.
fn bert_normalizer(config: &TokenizerConfig) -> Value {
    json!({
        "type": "BertNormalizer",
        "clean_text": true,
        "handle_chinese_chars": config.tokenize_chinese_chars.unwrap_or(true),
        "strip_accents": config.strip_accents,
        "lowercase": config.do_lower_case.unwrap_or(true),
    })
}

/// The first and last token of every text.
fn put_ends(
    path: &Path,
    description: &mut Map<String, Value>,
    first: &str,
    last: &str,
) -> Result<()> {
    let vocabulary = description
        .get("model")
        .and_then(|model| model.get("vocab"));
    let numbered = |token: &str| {
        let id = match vocabulary {
            Some(Value::Object(tokens)) => tokens.get(token).and_then(Value::as_u64),
            Some(Value::Array(pieces)) => pieces
                .iter()
                .position(|piece| piece[0] == token)
                .map(|id| id as u64),
            _ => None,
        };
        let missing = || {
            damaged(
                path,
                format!("no token {token}"),
                "a vocabulary with the token that begins or ends every text",
            )
        };
        Ok((token.to_owned(), id.ok_or_else(missing)?))
    };
    let ends = [numbered(first)?, numbered(last)?];
    let found = description.get("post_processor").and_then(ends_of);
    if found.as_ref() != Some(&ends) {
        description.insert("post_processor".into(), template(&ends));
    }
    Ok(())
}

/// What a post-processor puts before and after one text, with the numbers.
fn ends_of(processor: &Value) -> Option<[(String, u64); 2]> {
    let kind = processor["type"].as_str()?;
    if kind == "BertProcessing" || kind == "RobertaProcessing" {
        let end = |name: &str| {
            let token = processor[name][0].as_str()?.to_owned();
            Some((token, processor[name][1].as_u64()?))
        };
        return Some([end("cls")?, end("sep")?]);
    }
    let [first, text, last] = &processor["single"].as_array()?[..] else {
        return None;
    };
    (text["Sequence"]["id"] == "A").then_some(())?;
    // The name of a special token and the tokens it stands for are two things in the file.
    let end = |piece: &Value| {
        let name = piece["SpecialToken"]["id"].as_str()?;
        let entry = &processor["special_tokens"][name];
        let (tokens, ids) = (entry["tokens"].as_array()?, entry["ids"].as_array()?);
        let is_one = tokens.len() == 1 && ids.len() == 1;
        is_one.then_some((tokens[0].as_str()?.to_owned(), ids[0].as_u64()?))
    };
    Some([end(first)?, end(last)?])
}

/// A post-processor that puts one token before and one after a text.
pub(super) fn template(ends: &[(String, u64); 2]) -> Value {
    let [first, last] = ends.each_ref().map(|(token, _)| token.as_str());
    let piece = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let entry = |(token, id): &(String, u64)| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [piece(first), {"Sequence": {"id": "A", "type_id": 0}}, piece(last)],
        "pair": [piece(first), {"Sequence": {"id": "A", "type_id": 0}}, piece(last), {"Sequence": {"id": "B", "type_id": 0}}, piece(last)],
        "special_tokens": {first: entry(&ends[0]), last: entry(&ends[1])},
    })
}
