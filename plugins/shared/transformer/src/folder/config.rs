//! config.json: the network's shape.

use super::{json, known};
use crate::error::{Error, Result, damaged, unsupported};
use crate::family::{Family, Positions};
use serde_json::{Map, Value};
use std::path::Path;

/// In all families, where the file does not say.
const EPS: f32 = 1e-12;

/// In MPNet, where the file does not say.
const BUCKETS: usize = 32;

/// The network's shape. Cache keys hold it as it prints itself: another field is another key.
#[derive(Debug, Clone)]
pub(crate) struct Architecture {
    pub family: Family,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub intermediate: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// Position of the first token.
    pub first_position: usize,
    /// A token that has the position before the first, wherever it stands, and is not counted:
    /// padding, which a text may spell out.
    pub uncounted: Option<u32>,
    pub vocab: usize,
    /// Rows of their table; 0: there is none.
    pub token_types: usize,
    pub eps: f32,
    /// Rows of MPNet's bias by distance.
    pub buckets: usize,
}

impl Architecture {
    /// Reads config.json and refuses what is not a network that can be run, or not one of `wanted`.
    /// Beside the shape: the class of the tokenizer, where the file names one.
    pub fn read(folder: &Path, wanted: Option<Family>) -> Result<(Architecture, Option<String>)> {
        let path = folder.join("config.json");
        let members: Map<String, Value> = json(
            &path,
            "give the folder of a sentence-transformers model, with config.json, tokenizer.json and model.safetensors",
        )?;
        let config = Config {
            path: &path,
            members,
        };
        let family = config.family(wanted)?;
        config.check_keys(family)?;
        config.check_kind(family)?;
        let architecture = config.architecture(family)?;
        config.check_sizes(&architecture)?;
        Ok((architecture, config.text("tokenizer_class")?))
    }

    /// Longest sequence, special tokens included, that has positions.
    pub fn max_tokens(&self) -> usize {
        self.positions - self.first_position
    }

    /// Numbers of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden / self.heads
    }
}

/// config.json, as it is read.
struct Config<'a> {
    path: &'a Path,
    members: Map<String, Value>,
}

impl Config<'_> {
    fn family(&self, wanted: Option<Family>) -> Result<Family> {
        let found = self.text("model_type")?.unwrap_or_default();
        if found.is_empty() {
            let expected = match wanted {
                Some(family) => format!("\"model_type\": \"{}\"", family.name()),
                None => format!("a model_type: {}", family_names()),
            };
            return Err(damaged(self.path, "no model_type", expected));
        }
        let Some(family) = Family::named(&found) else {
            return Err(unsupported(
                self.path,
                format!("model_type \"{found}\""),
                format!("the types {} are", family_names()),
            ));
        };
        match wanted {
            Some(wanted) if wanted != family => Err(Error::Damaged {
                path: self.path.to_owned(),
                found: format!("model_type \"{found}\""),
                expected: format!("\"{}\"", wanted.name()),
                advice: Some(format!(
                    "use the encoder {} for this model",
                    plugins_of(family)
                )),
            }),
            _ => Ok(family),
        }
    }

    /// The family's own names beside those that all have.
    fn check_keys(&self, family: Family) -> Result<()> {
        let settings = &family.description().settings;
        let mut rest = self.members.clone();
        rest.retain(|key, _| !settings.names().any(|name| name == key));
        known::CONFIG.check(self.path, &rest)
    }

    /// What is computed in another way than here.
    fn check_kind(&self, family: Family) -> Result<()> {
        let name = family.description().settings.activation;
        let activation = self.text(name)?.unwrap_or_else(|| "gelu".to_owned());
        // transformers has two names for the same formula.
        if activation != "gelu" && activation != "gelu_python" {
            return Err(unsupported(
                self.path,
                format!("{name} \"{activation}\""),
                "\"gelu\" (with the error function) is",
            ));
        }
        match self.text("position_embedding_type")?.as_deref() {
            None | Some("absolute") => {}
            Some(other) => {
                return Err(unsupported(
                    self.path,
                    format!("position_embedding_type \"{other}\""),
                    "\"absolute\" is",
                ));
            }
        }
        match self.members.get("is_decoder") {
            None | Some(Value::Null | Value::Bool(false)) => Ok(()),
            Some(value) => Err(unsupported(
                self.path,
                format!("is_decoder = {value}"),
                "encoders, which look both ways, are",
            )),
        }
    }

    fn architecture(&self, family: Family) -> Result<Architecture> {
        let (settings, positions) = (
            &family.description().settings,
            family.description().positions,
        );
        let padding = match positions {
            Positions::FromZero => None,
            Positions::AfterPadding {
                padding,
                is_setting,
            } => Some(self.padding(padding, is_setting)?),
        };
        Ok(Architecture {
            family,
            hidden: self.size(settings.hidden)?,
            layers: self.size(settings.layers)?,
            heads: self.size(settings.heads)?,
            intermediate: self.size(settings.intermediate)?,
            positions: self.size("max_position_embeddings")?,
            first_position: padding.map_or(0, |id| id as usize + 1),
            uncounted: padding,
            vocab: self.size("vocab_size")?,
            token_types: match settings.token_types {
                None => 0,
                Some(name) => self.optional_size(name)?.unwrap_or(2),
            },
            eps: match settings.eps {
                None => EPS,
                Some(name) => self.number(name)?.map_or(EPS, |eps| eps as f32),
            },
            buckets: match settings.buckets {
                None => BUCKETS,
                Some(name) => self.optional_size(name)?.unwrap_or(BUCKETS),
            },
        })
    }

    fn padding(&self, usual: u32, is_setting: bool) -> Result<u32> {
        match self.members.get("pad_token_id").filter(|_| is_setting) {
            None => Ok(usual),
            Some(value) => match value.as_u64() {
                Some(id) if id < 1 << 16 => Ok(id as u32),
                _ => Err(self.wrong("pad_token_id", value, "a token's number, usually 1")),
            },
        }
    }

    fn check_sizes(&self, a: &Architecture) -> Result<()> {
        let sizes = [a.hidden, a.heads, a.intermediate, a.vocab, a.layers];
        let is_absurd = |size: &usize| *size == 0 || *size > 1 << 24;
        if sizes.iter().any(is_absurd)
            || a.positions < a.first_position + 8
            || a.positions > 1 << 20
            || a.token_types > 1 << 24
        {
            return Err(damaged(
                self.path,
                "a size of 0 or beyond reason",
                "sizes as they are in BERT models",
            ));
        }
        if !a.hidden.is_multiple_of(a.heads) {
            let settings = &a.family.description().settings;
            return Err(damaged(
                self.path,
                format!(
                    "{} {} and {} {}",
                    settings.hidden, a.hidden, settings.heads, a.heads
                ),
                "a whole number of values per head",
            ));
        }
        if a.buckets < 4 || !a.buckets.is_multiple_of(4) || a.buckets > 1 << 12 {
            return Err(damaged(
                self.path,
                format!("relative_attention_num_buckets {}", a.buckets),
                "a multiple of 4, usually 32",
            ));
        }
        Ok(())
    }

    fn size(&self, name: &str) -> Result<usize> {
        self.optional_size(name)?.ok_or_else(|| {
            damaged(
                self.path,
                format!("no {name}"),
                "all the sizes of the network",
            )
        })
    }

    fn optional_size(&self, name: &str) -> Result<Option<usize>> {
        self.read(name, "a whole number", |value| {
            value.as_u64().and_then(|size| usize::try_from(size).ok())
        })
    }

    fn number(&self, name: &str) -> Result<Option<f64>> {
        self.read(name, "a number", Value::as_f64)
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        self.read(name, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// `None` when it is absent or null.
    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(self.wrong(name, value, expected)),
            },
        }
    }

    fn wrong(&self, name: &str, value: &Value, expected: &str) -> Error {
        damaged(
            self.path,
            format!("{name} {}", known::shown(value)),
            expected,
        )
    }
}

fn family_names() -> String {
    Family::ALL.map(Family::name).join(", ")
}

/// The plugins that a user may be sent to.
fn plugins_of(family: Family) -> &'static str {
    match family {
        Family::Bert => "`minilm` or `bge`",
        Family::MpNet => "`mpnet`",
        _ => "`sentence-transformer`",
    }
}
