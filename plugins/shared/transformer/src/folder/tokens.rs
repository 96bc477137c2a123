//! The tokenizer: tokenizer.json, or one built from vocab.txt, as transformers would set it up for this folder.
//!
//! What tokenizer.json says about truncation and padding is dropped: the limit is `Limits`' (the real MiniLM says 128 there, and 256 is right), and nothing is
//! padded. Its normaliser gives way to tokenizer_config.json, where transformers reads it from. Texts are tokenised one by one, without the
//! library's own threads.

use super::config::{Architecture, Family};
use super::limits::Limits;
use super::optional_json;
use crate::error::{Error, Result, damaged, unreadable};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use tokenizers::{PostProcessor, Tokenizer, TruncationDirection};

/// Texts to token numbers.
#[derive(Debug)]
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    path: PathBuf,
    prompt: String,
    max_tokens: usize,
    /// Special tokens of every text.
    n_special: usize,
    /// Hash of the tokenizer as set up, lower-casing included.
    pub hash: String,
    /// Texts are put in lower case.
    pub is_lowered: bool,
}

/// One text, ready for the network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokenised {
    pub ids: Vec<u32>,
    /// Tokens before cutting, special ones included.
    pub n_tokens: usize,
}

impl Tokens {
    /// Reads and checks the tokenizer of `folder`.
    pub fn read(folder: &Path, architecture: &Architecture, limits: &Limits) -> Result<Tokens> {
        let path = folder.join("tokenizer.json");
        let (path, mut description) = match optional_json::<Map<String, Value>>(&path)? {
            Some(description) => (path, description),
            None => from_vocabulary(folder, architecture.family)?,
        };
        let is_lowered = set_up(&mut description, limits);
        let text = Value::Object(description).to_string();
        let mut tokenizer: Tokenizer = text.parse().map_err(|error| {
            damaged(
                &path,
                format!("no usable tokenizer ({error})"),
                "the file as its author published it",
            )
        })?;
        // Removes what the file says, so it cannot fail for want of room.
        let _ = tokenizer.with_truncation(None);
        tokenizer.with_padding(None);
        let tokens = Tokens {
            n_special: tokenizer
                .get_post_processor()
                .map_or(0, |p| p.added_tokens(false)),
            hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
            is_lowered,
            prompt: limits.prompt.clone(),
            max_tokens: limits.max_tokens,
            tokenizer,
            path,
        };
        tokens.check(architecture)?;
        Ok(tokens)
    }

    /// The tokenizer must belong to this network, and leave something of an empty text.
    fn check(&self, architecture: &Architecture) -> Result<()> {
        let largest = self
            .tokenizer
            .get_vocab(true)
            .into_values()
            .max()
            .unwrap_or(0) as usize;
        if largest >= architecture.vocab {
            return Err(Error::Damaged {
                path: self.path.clone(),
                found: format!("a token numbered {largest}"),
                expected: format!(
                    "numbers below {}, the model's vocabulary (config.json)",
                    architecture.vocab
                ),
                advice: Some("the tokenizer is another model's: fetch the two together".into()),
            });
        }
        // Tables are padded by a few rows at most; one that is far larger was trained with another vocabulary.
        if 10 * (largest + 1) < 9 * architecture.vocab {
            return Err(Error::Damaged {
                path: self.path.clone(),
                found: format!("{} tokens", largest + 1),
                expected: format!(
                    "about {}, the model's vocabulary (config.json)",
                    architecture.vocab
                ),
                advice: Some("the tokenizer is another model's: fetch the two together".into()),
            });
        }
        if self.n_special < 1 || self.n_special >= self.max_tokens {
            return Err(damaged(
                &self.path,
                format!(
                    "a post-processor that adds {} special tokens to a text, of {} allowed",
                    self.n_special, self.max_tokens
                ),
                "two, one before and one after the text",
            ));
        }
        self.of(0, "a").map(|_| ())
    }

    /// The tokens of a text, after the prompt, cut at the right. `index` is for the message.
    pub fn of(&self, index: usize, text: &str) -> Result<Tokenised> {
        let text = if self.prompt.is_empty() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(format!("{}{text}", self.prompt))
        };
        let failed = |error: tokenizers::Error| Error::Tokenizer {
            path: self.path.clone(),
            index,
            message: error.to_string(),
        };
        let mut encoding = self
            .tokenizer
            .encode_fast(text.as_ref(), false)
            .map_err(failed)?;
        let n_tokens = encoding.len() + self.n_special;
        encoding.truncate(
            self.max_tokens - self.n_special,
            0,
            TruncationDirection::Right,
        );
        let encoding = self
            .tokenizer
            .post_process(encoding, None, true)
            .map_err(failed)?;
        Ok(Tokenised {
            ids: encoding.get_ids().to_vec(),
            n_tokens,
        })
    }
}

/// What transformers and sentence-transformers change after reading tokenizer.json.
///
/// Their BERT and MPNet tokenizers build the normaliser anew from tokenizer_config.json, in lower case unless it says otherwise;
/// `do_lower_case` in sentence_bert_config.json puts a lower-casing before it.
///
/// Returns whether texts are put in lower case.
fn set_up(description: &mut Map<String, Value>, limits: &Limits) -> bool {
    let class = limits
        .tokenizer
        .tokenizer_class
        .as_deref()
        .unwrap_or("BertTokenizer");
    let mut normalizer = description.remove("normalizer").unwrap_or_default();
    if (class.starts_with("Bert") || class.starts_with("MPNet"))
        && normalizer["type"] == "BertNormalizer"
    {
        normalizer = bert_normalizer(limits);
    }
    let is_lowered = limits.is_lowered || normalizer["lowercase"] == true;
    if limits.is_lowered {
        let steps = [json!({"type": "Lowercase"}), normalizer]
            .into_iter()
            .filter(|step| !step.is_null());
        normalizer = json!({"type": "Sequence", "normalizers": steps.collect::<Vec<_>>()});
    }
    description.insert("normalizer".into(), normalizer);
    description.insert("truncation".into(), Value::Null);
    description.insert("padding".into(), Value::Null);
    is_lowered
}

fn bert_normalizer(limits: &Limits) -> Value {
    let config = &limits.tokenizer;
    json!({
        "type": "BertNormalizer",
        "clean_text": true,
        "handle_chinese_chars": config.tokenize_chinese_chars.unwrap_or(true),
        "strip_accents": config.strip_accents,
        "lowercase": config.do_lower_case.unwrap_or(true),
    })
}

/// Special tokens: first, last, unknown, and the others that may stand in a text as such.
fn special(family: Family) -> (&'static str, &'static str, &'static str, [&'static str; 2]) {
    match family {
        Family::Bert => ("[CLS]", "[SEP]", "[UNK]", ["[PAD]", "[MASK]"]),
        Family::MpNet => ("<s>", "</s>", "[UNK]", ["<pad>", "<mask>"]),
    }
}

/// A tokenizer from vocab.txt, one token a line: WordPiece between BERT's normaliser and the family's special tokens.
fn from_vocabulary(folder: &Path, family: Family) -> Result<(PathBuf, Map<String, Value>)> {
    let path = folder.join("vocab.txt");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::Missing {
                path: folder.join("tokenizer.json"),
                advice: "it says how texts become tokens (vocab.txt would do as well, and is missing too); fetch the model again".into(),
            });
        }
        Err(error) => return Err(unreadable(&path, error)),
    };
    let vocabulary: serde_json::Map<String, Value> = text
        .lines()
        .enumerate()
        .map(|(id, token)| (token.to_owned(), json!(id)))
        .collect();
    let (first, last, unknown, others) = special(family);
    for needed in [first, last, unknown] {
        if !vocabulary.contains_key(needed) {
            return Err(damaged(
                &path,
                format!("no token {needed}"),
                format!(
                    "the vocabulary of a {} model, one token a line",
                    family.name()
                ),
            ));
        }
    }
    let added: Vec<Value> = [first, last, unknown]
        .iter()
        .chain(&others)
        .filter_map(|token| Some(json!({"id": vocabulary.get(*token)?, "content": token, "special": true, "single_word": false,
            "lstrip": *token == "<mask>", "rstrip": false, "normalized": false})))
        .collect();
    let piece = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let entry = |token: &str| json!({"id": token, "ids": [vocabulary[token]], "tokens": [token]});
    let description = json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece(first), {"Sequence": {"id": "A", "type_id": 0}}, piece(last)],
            "pair": [piece(first), {"Sequence": {"id": "A", "type_id": 0}}, piece(last), {"Sequence": {"id": "B", "type_id": 0}}, piece(last)],
            "special_tokens": {first: entry(first), last: entry(last)},
        },
        "model": {"type": "WordPiece", "unk_token": unknown, "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    let Value::Object(description) = description else {
        unreachable!("written as an object above")
    };
    Ok((path, description))
}
