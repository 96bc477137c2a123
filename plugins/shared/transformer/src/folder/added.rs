//! Added and special tokens: those that stand in a text as such, before any other rule.
//!
//! Four files name them. transformers 5.24 takes tokenizer_config.json's `added_tokens_decoder`
//! where there is one, else added_tokens.json and tokenizer.json; then the named special tokens
//! ([CLS] and so on) and the additional ones, where they are not among those yet. Numbers are the
//! vocabulary's, or follow it in the order of adding.

use super::limits::TokenizerConfig;
use super::{known, optional_json, optional_object};
use crate::error::{Error, Result, damaged, unsupported};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One of them, as tokenizer.json has it but for its number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Token {
    pub content: String,
    #[serde(default)]
    pub single_word: bool,
    #[serde(default)]
    pub lstrip: bool,
    #[serde(default)]
    pub rstrip: bool,
    #[serde(default)]
    pub normalized: bool,
    #[serde(default)]
    pub special: bool,
}

impl Token {
    /// A special token that is a bare string.
    pub fn special(content: &str) -> Token {
        Token {
            content: content.to_owned(),
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true,
        }
    }

    /// A string, or an object with flags. A token that says nothing about normalising is normalised
    /// unless it is special.
    fn parse(path: &Path, value: &Value, is_special: bool) -> Result<Token> {
        if let Value::String(content) = value {
            return Ok(Token {
                special: is_special,
                normalized: !is_special,
                ..Token::special(content)
            });
        }
        let mut token: Token = serde_json::from_value(value.clone()).map_err(|error| {
            damaged(
                path,
                format!("the token {value} ({error})"),
                "a text, or an object with `content`",
            )
        })?;
        token.special |= is_special;
        if value.get("normalized").is_none() {
            token.normalized = !token.special;
        }
        Ok(token)
    }
}

/// The names under which special tokens are known, in the order in which they are added.
const NAMES: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// What a folder's files beside tokenizer.json say of tokens.
#[derive(Debug)]
pub(crate) struct Declared {
    /// tokenizer_config.json.
    path: PathBuf,
    /// By number.
    decoder: Option<BTreeMap<u64, Token>>,
    /// added_tokens.json.
    added: BTreeMap<u64, Token>,
    /// By their names.
    named: BTreeMap<&'static str, Token>,
    additional: Vec<Token>,
}

impl Declared {
    /// Reads special_tokens_map.json and added_tokens.json, which count only where
    /// tokenizer_config.json has no `added_tokens_decoder`. Special tokens that no file names are
    /// those of the tokenizer's class.
    pub fn read(network: &Path, config: &TokenizerConfig) -> Result<Declared> {
        let mut declared = Declared {
            path: network.join("tokenizer_config.json"),
            decoder: None,
            added: BTreeMap::new(),
            named: config.class.special_tokens().into_iter().collect(),
            additional: Vec::new(),
        };
        let path = declared.path.clone();
        declared.members(&path, &config.members)?;
        if let Some(decoder) = config.members.get("added_tokens_decoder") {
            declared.decoder = Some(by_number(&path, decoder)?);
            return Ok(declared);
        }
        let path = network.join("special_tokens_map.json");
        if let Some(map) = optional_object(&path, &known::SPECIAL_TOKENS)? {
            declared.members(&path, &map)?;
        }
        let path = network.join("added_tokens.json");
        for (content, id) in optional_json::<BTreeMap<String, u64>>(&path)?.unwrap_or_default() {
            let is_special = declared.is_special(&content);
            let token = Token::parse(&path, &Value::String(content), is_special)?;
            declared.added.insert(id, token);
        }
        Ok(declared)
    }

    fn members(&mut self, path: &Path, members: &Map<String, Value>) -> Result<()> {
        for name in NAMES {
            let Some(value) = members.get(name).filter(|value| !value.is_null()) else {
                continue;
            };
            let mut token = Token::parse(path, value, true)?;
            // MPNet's <mask> swallows the blank before it, also where the file names it as a bare
            // string.
            if let (Value::String(_), Some(own)) = (value, self.named.get(name)) {
                token.lstrip = own.lstrip;
            }
            self.named.insert(name, token);
        }
        for key in ["extra_special_tokens", "additional_special_tokens"] {
            match members.get(key) {
                None | Some(Value::Null) => {}
                Some(Value::Object(named)) if named.is_empty() => {}
                Some(Value::Array(tokens)) => {
                    for value in tokens {
                        let token = Token::parse(path, value, true)?;
                        if self.additional.iter().all(|other| *other != token) {
                            self.additional.push(token);
                        }
                    }
                }
                Some(other) => {
                    return Err(unsupported(
                        path,
                        format!("{key} = {}", known::shown(other)),
                        "a list of tokens is",
                    ));
                }
            }
        }
        Ok(())
    }

    fn is_special(&self, content: &str) -> bool {
        let mut special = self.named.values().chain(&self.additional);
        special.any(|token| token.content == content)
    }

    /// The special token of this name.
    pub fn named(&self, name: &str) -> Option<&Token> {
        self.named.get(name)
    }

    /// The added tokens of the tokenizer in `description`, put into it where they are others than
    /// it has. `is_rebuilt`: its class starts from the vocabulary alone. `room`: rows of the
    /// network's table.
    pub fn apply(
        &self,
        path: &Path,
        description: &mut Map<String, Value>,
        is_rebuilt: bool,
        room: usize,
    ) -> Result<()> {
        let own = of_file(path, description)?;
        let numbering = Numbering::of(description);
        let mut tokens: Vec<(u64, Token)> = Vec::new();
        if !is_rebuilt {
            own.iter()
                .for_each(|(_, token)| numbering.add(&mut tokens, token));
        }
        let decoder = match &self.decoder {
            Some(decoder) => decoder.clone(),
            None => {
                let mut decoder = self.added.clone();
                decoder.extend(own.iter().cloned());
                decoder
            }
        };
        for (id, token) in &decoder {
            numbering.add(&mut tokens, token);
            let given = tokens.iter().find(|(_, t)| t.content == token.content);
            if given.is_some_and(|(given, _)| given != id) && !own.contains(&(*id, token.clone())) {
                return Err(Error::Damaged {
                    path: self.path.clone(),
                    found: format!("the added token {:?} numbered {id}", token.content),
                    expected: format!("{}, the next free number", given.map_or(0, |(id, _)| *id)),
                    advice: Some("the tokenizer is another model's: fetch the two together".into()),
                });
            }
        }
        let named = NAMES.iter().filter_map(|name| self.named.get(name));
        for token in named.chain(&self.additional) {
            let is_there = tokens
                .iter()
                .any(|(_, other)| other.content == token.content);
            // A special token that the network has no row for cannot stand in a text, in
            // transformers neither.
            if !is_there && numbering.next(&tokens, &token.content) < room as u64 {
                numbering.add(&mut tokens, token);
            }
        }
        tokens.sort_by_key(|(id, _)| *id);
        let mut before = own;
        before.sort_by_key(|(id, _)| *id);
        if tokens != before {
            description.insert("added_tokens".into(), written(&tokens));
        }
        Ok(())
    }
}

fn written(tokens: &[(u64, Token)]) -> Value {
    let objects = tokens.iter().map(|(id, token)| {
        serde_json::json!({"id": id, "content": token.content, "single_word": token.single_word, "lstrip": token.lstrip,
            "rstrip": token.rstrip, "normalized": token.normalized, "special": token.special})
    });
    Value::Array(objects.collect())
}

fn by_number(path: &Path, decoder: &Value) -> Result<BTreeMap<u64, Token>> {
    let Some(decoder) = decoder.as_object() else {
        return Err(damaged(
            path,
            "an added_tokens_decoder that is no object",
            "tokens by number",
        ));
    };
    let numbered = decoder.iter().map(|(id, value)| {
        let id = id.parse().map_err(|_| {
            damaged(
                path,
                format!("the number {id:?} in added_tokens_decoder"),
                "a token's number",
            )
        })?;
        Ok((id, Token::parse(path, value, false)?))
    });
    numbered.collect()
}

/// The added tokens of tokenizer.json, with their numbers.
fn of_file(path: &Path, description: &Map<String, Value>) -> Result<Vec<(u64, Token)>> {
    let tokens = description.get("added_tokens").and_then(Value::as_array);
    let numbered = tokens.into_iter().flatten().map(|value| {
        let id = value.get("id").and_then(Value::as_u64).ok_or_else(|| {
            damaged(
                path,
                format!("the added token {value} without a number"),
                "`id`",
            )
        })?;
        Ok((id, Token::parse(path, value, false)?))
    });
    numbered.collect()
}

/// How the tokenizers library numbers what is added.
struct Numbering {
    vocabulary: BTreeMap<String, u64>,
}

impl Numbering {
    fn of(description: &Map<String, Value>) -> Numbering {
        let vocabulary = match description
            .get("model")
            .and_then(|model| model.get("vocab"))
        {
            Some(Value::Object(tokens)) => tokens
                .iter()
                .filter_map(|(token, id)| Some((token.clone(), id.as_u64()?)))
                .collect(),
            Some(Value::Array(pieces)) => (0..)
                .zip(pieces)
                .filter_map(|(id, piece)| Some((piece.get(0)?.as_str()?.to_owned(), id)))
                .collect(),
            _ => BTreeMap::new(),
        };
        Numbering { vocabulary }
    }

    fn next(&self, tokens: &[(u64, Token)], content: &str) -> u64 {
        if let Some(id) = self.vocabulary.get(content) {
            return *id;
        }
        let after = tokens
            .iter()
            .map(|(id, _)| id.saturating_add(1))
            .max()
            .unwrap_or(0);
        after.max(self.vocabulary.len() as u64)
    }

    /// Adds a token, or gives one of the same content its flags.
    fn add(&self, tokens: &mut Vec<(u64, Token)>, token: &Token) {
        // Nothing can stand for itself; the library passes over it, too.
        if token.content.is_empty() {
            return;
        }
        if let Some((_, other)) = tokens
            .iter_mut()
            .find(|(_, other)| other.content == token.content)
        {
            other.clone_from(token);
            return;
        }
        let id = self.next(tokens, &token.content);
        tokens.push((id, token.clone()));
    }
}
