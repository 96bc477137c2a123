//! The tokenizer: tokenizer.json, or one built from the files of a vocabulary, as transformers would
//! set it up for this folder.
//!
//! What tokenizer.json says about truncation and padding is dropped but for the side: the limit is
//! `Limits`' (the real MiniLM says 128 there, and 256 is right), and nothing is padded. The rest
//! gives way to what the tokenizer's class sets up (`class`) and to the tokens that other files add
//! (`added`). Texts are tokenised one by one, without the library's own threads.

use super::added::Declared;
use super::class::Class;
use super::config::Architecture;
use super::limits::{Limits, Side};
use super::windows::{Frame, Windows};
use super::{known, optional_object, vocabulary};
use crate::LongTexts;
use crate::error::{Error, Result, damaged};
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
    /// The end of a long text that is cut off.
    pub cut: Side,
    /// Instead of cutting.
    windows: Option<Windows>,
    /// Hash of the tokenizer as set up, lower-casing included.
    pub hash: String,
    /// Texts are put in lower case.
    pub is_lowered: bool,
}

/// One text, ready for the network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokenised {
    /// What the network reads in one go: the text, or its windows.
    pub pieces: Vec<Vec<u32>>,
    /// Tokens before cutting, special ones included.
    pub n_tokens: usize,
    /// After.
    pub n_used: usize,
}

impl Tokens {
    /// Reads and checks the tokenizer of `folder`.
    pub fn read(
        folder: &Path,
        architecture: &Architecture,
        limits: &Limits,
        long_texts: LongTexts,
    ) -> Result<Tokens> {
        let class = limits.tokenizer.class;
        let declared = Declared::read(folder, &limits.tokenizer)?;
        let path = folder.join("tokenizer.json");
        let (path, mut description) = match optional_object(&path, &known::TOKENIZER)? {
            Some(description) => (path, description),
            None => vocabulary::tokenizer(folder, architecture, limits, &declared)?,
        };
        let cut = limits
            .tokenizer
            .truncation_side
            .unwrap_or_else(|| side(&description));
        class.set_up(&path, &mut description, &declared, limits)?;
        declared.apply(
            &path,
            &mut description,
            class != Class::File,
            architecture.vocab,
        )?;
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
        let mut tokens = Tokens {
            windows: None,
            n_special: tokenizer
                .get_post_processor()
                .map_or(0, |p| p.added_tokens(false)),
            hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
            is_lowered,
            cut,
            prompt: limits.prompt.clone(),
            max_tokens: limits.max_tokens,
            tokenizer,
            path,
        };
        tokens.check(architecture)?;
        if let LongTexts::Windows { stride } = long_texts {
            let frame = tokens.frame()?;
            tokens.windows = Some(Windows::new(frame, tokens.max_tokens, stride)?);
        }
        Ok(tokens)
    }

    /// Tokens from window to window; `None`: texts are cut.
    pub fn window_step(&self) -> Option<usize> {
        self.windows.as_ref().map(Windows::step)
    }

    /// The special tokens before and after every text.
    fn frame(&self) -> Result<Frame> {
        let failed = |error| self.failed(0, error);
        let bare = self.tokenizer.encode_fast("a", false).map_err(failed)?;
        let inside = bare.get_ids().to_vec();
        let whole = self.tokenizer.post_process(bare, None, true);
        Frame::find(whole.map_err(failed)?.get_ids(), &inside).ok_or_else(|| {
            Error::Setting("long_texts = \"windows\" is not for this model, whose tokenizer changes a text's tokens when it adds the special ones".into())
        })
    }

    fn failed(&self, index: usize, error: tokenizers::Error) -> Error {
        Error::Tokenizer {
            path: self.path.clone(),
            index,
            message: error.to_string(),
        }
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
        // Tables are padded by a few rows at most; one that is far larger was trained with another
        // vocabulary.
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

    /// The tokens of a text, after the prompt, cut at one end or in windows. `index` is for the
    /// message.
    pub fn of(&self, index: usize, text: &str) -> Result<Tokenised> {
        let failed = |error| self.failed(index, error);
        let text = if self.prompt.is_empty() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(format!("{}{text}", self.prompt))
        };
        let mut encoding = self
            .tokenizer
            .encode_fast(text.as_ref(), false)
            .map_err(failed)?;
        let n_tokens = encoding.len() + self.n_special;
        if let Some(windows) = self.windows.as_ref().filter(|_| n_tokens > self.max_tokens) {
            let pieces = windows.of(encoding.get_ids(), self.n_of_prompt(index, &text)?)?;
            return Ok(Tokenised {
                pieces,
                n_tokens,
                n_used: n_tokens,
            });
        }
        let direction = match self.cut {
            Side::Left => TruncationDirection::Left,
            Side::Right => TruncationDirection::Right,
        };
        encoding.truncate(self.max_tokens - self.n_special, 0, direction);
        let encoding = self
            .tokenizer
            .post_process(encoding, None, true)
            .map_err(failed)?;
        Ok(Tokenised {
            n_used: encoding.len(),
            pieces: vec![encoding.get_ids().to_vec()],
            n_tokens,
        })
    }

    /// How many tokens begin within the prompt, but for blanks at its end, which many tokenizers
    /// make a part of the next word.
    fn n_of_prompt(&self, index: usize, text: &str) -> Result<usize> {
        let end = self.prompt.trim_end().len();
        if end == 0 {
            return Ok(0);
        }
        let encoding = self.tokenizer.encode(text, false);
        let encoding = encoding.map_err(|error| self.failed(index, error))?;
        let offsets = encoding.get_offsets().iter();
        Ok(offsets.take_while(|(from, _)| *from < end).count())
    }
}

/// The side on which tokenizer.json cuts.
fn side(description: &Map<String, Value>) -> Side {
    match description.get("truncation") {
        Some(truncation) if truncation["direction"] == "Left" => Side::Left,
        _ => Side::Right,
    }
}

/// `do_lower_case` in sentence_bert_config.json puts a lower-casing before the normaliser, unless
/// that is or has one; truncation and padding go.
///
/// Returns whether texts are put in lower case.
fn set_up(description: &mut Map<String, Value>, limits: &Limits) -> bool {
    let mut normalizer = description.remove("normalizer").unwrap_or_default();
    let is_lowered = limits.is_lowered || normalizer["lowercase"] == true;
    let lowers = |step: &Value| step["type"] == "Lowercase";
    let steps = normalizer["normalizers"].as_array();
    let is_done = lowers(&normalizer) || steps.is_some_and(|steps| steps.iter().any(lowers));
    if limits.is_lowered && !is_done {
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
