//! A plugin that turns texts into vectors.

use std::sync::Arc;

use ocean_plugin_abi::{self as abi, Str, handle, pooling, status};
use serde_json::{Map, Value};

use super::call::{self, CallContext, Terms};
use super::regressor::json;
use super::text_encoder::{EncoderShape, Pooling, TextEncoder, TokenCount};
use super::{Plugin, PluginError, descriptor};

/// Wider vectors than this are taken for a broken `shape`.
const MOST_DIMENSIONS: u32 = 1 << 20;

/// An encoder of a study, whether its plugin runs in this process or in a worker.
pub trait StudyEncoder: TextEncoder + Send + Sync {
    /// The plugin behind it.
    fn plugin(&self) -> &Arc<Plugin>;

    /// The parameters it was made with, one JSON object.
    fn params(&self) -> &str;
}

impl StudyEncoder for PluginEncoder {
    fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    fn params(&self) -> &str {
        &self.params
    }
}

/// All that a vector of a plugin depends on besides its text.
pub(super) fn key_parts(
    plugin: &Plugin,
    shape: &EncoderShape,
    params: &str,
) -> Vec<(String, String)> {
    let descriptor = &plugin.descriptor;
    let mut parts = vec![
        ("plugin".into(), descriptor.id.clone()),
        ("version".into(), descriptor.version.clone()),
    ];
    // The key stands for weights and effective settings, wherever the model lies; without one,
    // everything we know stands for them.
    match shape.cache_key.is_empty() {
        false => parts.push(("cache_key".into(), shape.cache_key.clone())),
        true => parts.extend([
            ("plugin_hash".into(), plugin.hash.clone()),
            ("params".into(), params.to_owned()),
        ]),
    }
    parts
}

/// What to do about vectors that are not numbers.
pub(super) fn check_hint(plugin: &Plugin) -> String {
    format!(
        "run `ocean-host plugin check {}` to see which check fails",
        plugin.path.display()
    )
}

/// An encoder plugin with its parameters. Making one is cheap; weights may be read at the first
/// encode.
pub struct PluginEncoder {
    plugin: Arc<Plugin>,
    /// What plugins.toml calls it, for messages.
    label: String,
    context: CallContext,
    max_threads: u32,
    /// One JSON object, as the plugin got it.
    params: String,
    table: &'static abi::EncoderV1,
    raw: *mut handle::Encoder,
    shape: EncoderShape,
}

// SAFETY: `[any]` functions are called through `&mut` or in the constructor alone, `encode` and
// `text_info` are `[concurrent]`; plugins that are not THREAD_SAFE are serialised by `call`.
unsafe impl Send for PluginEncoder {}
// SAFETY: as above.
unsafe impl Sync for PluginEncoder {}

impl PluginEncoder {
    /// Creates the plugin's object and asks for its shape.
    ///
    /// `label`: the name in the report, for messages. `params`: one JSON object with every
    /// parameter that the user set or that has a default. Encoders get seed 0 always: a vector
    /// depends on its text, the plugin and the parameters, so that the cache can be shared by
    /// studies.
    ///
    /// # Errors
    /// The plugin is no encoder, refuses the parameters, or describes vectors that cannot be.
    pub fn new(
        plugin: Arc<Plugin>,
        label: &str,
        params: &Map<String, Value>,
        max_threads: usize,
        context: CallContext,
    ) -> Result<Self, PluginError> {
        let table = plugin.interfaces.encoder.ok_or_else(|| {
            PluginError::new(&plugin, status::UNSUPPORTED, "it is not an encoder")
        })?;
        let mut encoder = Self {
            plugin,
            label: label.to_owned(),
            context,
            max_threads: u32::try_from(max_threads).unwrap_or(u32::MAX).max(1),
            params: json(params),
            table,
            raw: std::ptr::null_mut(),
            shape: EncoderShape {
                dim: 0,
                max_tokens: None,
                pooling: Pooling::Other,
                is_normalised: false,
                cache_key: String::new(),
            },
        };
        encoder.create()?;
        encoder.shape = encoder.ask_shape()?;
        Ok(encoder)
    }

    fn terms(&self) -> Terms<'static> {
        Terms {
            seed: 0,
            max_threads: self.max_threads,
            progress: None,
            sink: None,
        }
    }

    pub(super) fn error(&self, status: i32, message: impl Into<String>) -> PluginError {
        PluginError {
            plugin: self.title(),
            ..PluginError::new(&self.plugin, status, message)
        }
    }

    fn call(
        &self,
        terms: Terms<'_>,
        what: &str,
        function: impl FnOnce(*const abi::Call) -> abi::Status,
    ) -> Result<(), PluginError> {
        call::call(&self.plugin, &self.context, terms, what, function)
            .map_err(|e| self.error(e.status, e.message))
    }

    /// Encodes on memory of the caller's.
    ///
    /// # Safety
    /// The views are of readable UTF-8; `out` has room for as many vectors.
    pub(super) unsafe fn encode_views(
        &self,
        texts: &[Str],
        out: *mut f32,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<(), PluginError> {
        let terms = Terms {
            progress: Some(progress),
            ..self.terms()
        };
        self.call(terms, "encode", |call| {
            // SAFETY: the caller's promise; the object is alive.
            unsafe {
                self.table
                    .encode(self.raw, texts.as_ptr(), texts.len(), out, call)
            }
        })
    }

    /// Numbers a text becomes.
    pub(super) fn dim(&self) -> usize {
        self.shape.dim
    }

    fn create(&mut self) -> Result<(), PluginError> {
        let mut raw = std::ptr::null_mut();
        self.call(self.terms(), "create", |call| {
            // SAFETY: text, call and out live for the call.
            unsafe {
                self.table
                    .create(Str::new(&self.params), call, &raw mut raw)
            }
        })?;
        if raw.is_null() {
            return Err(self.error(status::INTERNAL, "create returned OK and no object"));
        }
        self.raw = raw;
        Ok(())
    }

    fn ask_shape(&self) -> Result<EncoderShape, PluginError> {
        let mut shape = abi::EncoderShape {
            struct_size: size_of::<abi::EncoderShape>(),
            dim: 0,
            max_tokens: 0,
            pooling: pooling::OTHER,
            normalised: 0,
            cache_key: Str::EMPTY,
        };
        self.call(self.terms(), "shape", |call| {
            // SAFETY: the object is alive; out lives for the call.
            unsafe { self.table.shape(self.raw, &raw mut shape, call) }
        })?;
        if shape.dim == 0 || shape.dim > MOST_DIMENSIONS {
            return Err(self.error(
                status::SHAPE,
                format!(
                    "it says that its vectors have {} numbers; 1 to {MOST_DIMENSIONS} are expected",
                    shape.dim
                ),
            ));
        }
        // SAFETY: the key lives as long as the encoder.
        let cache_key = unsafe { descriptor::text("cache_key", shape.cache_key, 10_000) }
            .map_err(|what| self.error(status::PARAM, what))?;
        Ok(EncoderShape {
            dim: shape.dim as usize,
            max_tokens: (shape.max_tokens > 0).then_some(shape.max_tokens),
            pooling: match shape.pooling {
                pooling::MEAN => Pooling::Mean,
                pooling::CLS => Pooling::Cls,
                pooling::MAX => Pooling::Max,
                _ => Pooling::Other,
            },
            is_normalised: shape.normalised == 1,
            cache_key,
        })
    }
}

impl Drop for PluginEncoder {
    fn drop(&mut self) {
        // SAFETY: made by this table, or null, which is allowed; destroyed once.
        call::guarded(&self.plugin, &self.context, || unsafe {
            self.table.destroy(self.raw)
        });
    }
}

impl TextEncoder for PluginEncoder {
    fn title(&self) -> String {
        format!("encoder `{}`", self.label)
    }

    fn shape(&self) -> &EncoderShape {
        &self.shape
    }

    fn key_parts(&self) -> Vec<(String, String)> {
        key_parts(&self.plugin, &self.shape, &self.params)
    }

    fn check_hint(&self) -> String {
        check_hint(&self.plugin)
    }

    fn encode(
        &self,
        texts: &[&str],
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Vec<f32>, PluginError> {
        let mut out = vec![0f32; texts.len() * self.shape.dim];
        let texts: Vec<Str> = texts.iter().map(|text| Str::new(text)).collect();
        // SAFETY: views of borrowed texts, and n × dim numbers.
        unsafe { self.encode_views(&texts, out.as_mut_ptr(), progress) }?;
        Ok(out)
    }

    fn token_counts(&self, texts: &[&str]) -> Result<Option<Vec<TokenCount>>, PluginError> {
        let Some(table) = self.plugin.interfaces.encoder_info else {
            return Ok(None);
        };
        let texts: Vec<Str> = texts.iter().map(|text| Str::new(text)).collect();
        let mut out = vec![
            abi::TextInfo {
                n_tokens: 0,
                n_used: 0
            };
            texts.len()
        ];
        self.call(self.terms(), "text_info", |call| {
            // SAFETY: as in `encode`, with n values.
            unsafe {
                table.text_info(
                    self.raw,
                    texts.as_ptr(),
                    texts.len(),
                    out.as_mut_ptr(),
                    call,
                )
            }
        })?;
        Ok(Some(
            out.iter()
                .map(|info| TokenCount {
                    n_tokens: info.n_tokens,
                    n_used: info.n_used,
                })
                .collect(),
        ))
    }
}
