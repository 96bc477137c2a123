//! An encoder whose plugin lives in a worker.

use std::sync::{Arc, Mutex, PoisonError};

use ocean_plugin_abi::status;
use serde_json::{Map, Value};

use super::process::{Ended, Launcher, Worker};
use super::protocol::{Id, Reply, Request};
use super::sandbox;
use super::witness::{CHANGED, Witness};
use crate::encoder::{StudyEncoder, check_hint, key_parts};
use crate::regressor::json;
use crate::{CallContext, Plugin, PluginError};
use crate::{EncoderShape, TextEncoder, TokenCount};

/// An encoder plugin with its parameters in a worker.
pub struct IsolatedEncoder {
    plugin: Arc<Plugin>,
    label: String,
    params: String,
    /// What a worker is asked for first.
    creation: Request,
    launcher: Launcher,
    context: CallContext,
    shape: EncoderShape,
    witness: Witness,
    life: Mutex<(Arc<Worker>, Id)>,
}

impl IsolatedEncoder {
    /// Starts a worker, creates the encoder in it and asks for its shape.
    ///
    /// # Errors
    /// As [`PluginEncoder::new`](crate::PluginEncoder::new), and when there is no worker to be had.
    pub fn new(
        plugin: Arc<Plugin>,
        label: &str,
        params: &Map<String, Value>,
        max_threads: usize,
        context: CallContext,
        launcher: Launcher,
    ) -> Result<Self, PluginError> {
        let creation = Request::Encoder {
            label: label.to_owned(),
            params: params.clone(),
            max_threads,
        };
        let witness = Witness::of(&plugin).map_err(|e| unstarted(label, &e))?;
        let (worker, id, shape) = start(&launcher, &plugin, label, &context, &creation, &witness)?;
        Ok(Self {
            plugin,
            witness,
            label: label.to_owned(),
            params: json(params),
            creation,
            launcher,
            context,
            shape,
            life: Mutex::new((worker, id)),
        })
    }

    /// The worker, a new one if the last died: what was encoded before is in the cache, and another
    /// study may go further.
    fn worker(&self) -> Result<(Arc<Worker>, Id), PluginError> {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        if life.0.ended().is_some() {
            let (worker, id, _) = start(
                &self.launcher,
                &self.plugin,
                &self.label,
                &self.context,
                &self.creation,
                &self.witness,
            )?;
            *life = (worker, id);
        }
        Ok((Arc::clone(&life.0), life.1))
    }

    fn ask(
        &self,
        what: &str,
        request: impl FnOnce(Id) -> Request,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<(Reply, Vec<f64>), PluginError> {
        let (worker, encoder) = self.worker()?;
        match worker.ask(&request(encoder), &[], progress) {
            Ok((Reply::Refused(error), _)) => Err(error),
            Ok(answer) => refuse_changed(&self.label, &self.witness).map(|()| answer),
            Err(ended) => Err(dead(&self.label, what, &ended, &self.witness)),
        }
    }
}

fn start(
    launcher: &Launcher,
    plugin: &Plugin,
    label: &str,
    context: &CallContext,
    request: &Request,
    witness: &Witness,
) -> Result<(Arc<Worker>, Id, EncoderShape), PluginError> {
    refuse_changed(label, witness)?;
    let file = witness.place().ok_or_else(|| changed(label))?;
    let readable = match request {
        Request::Encoder { params, .. } => sandbox::named(plugin, std::iter::once(params)),
        _ => Vec::new(),
    };
    let worker = Worker::start(launcher, plugin, &file, &readable, context)
        .map_err(|e| unstarted(label, &e))?;
    let answer = worker.ask(request, &[], &|_| {});
    match answer {
        Ok((Reply::Encoder(id, shape), _)) => {
            refuse_changed(label, witness)?;
            Ok((Arc::new(worker), id, shape))
        }
        Ok((Reply::Refused(refused), _)) => Err(refused),
        Ok(_) => Err(strange(label)),
        Err(ended) => Err(dead(label, "create", &ended, witness)),
    }
}

fn unstarted(label: &str, why: &std::io::Error) -> PluginError {
    let what = format!("its worker cannot be started: {why}");
    error(label, status::INTERNAL, what)
}

fn changed(label: &str) -> PluginError {
    error(label, status::INTERNAL, CHANGED)
}

/// Whatever a worker says counts only as long as its file is what the study was planned with.
fn refuse_changed(label: &str, witness: &Witness) -> Result<(), PluginError> {
    match witness.is_unchanged() {
        true => Ok(()),
        false => Err(changed(label)),
    }
}

fn error(label: &str, status: i32, message: impl Into<String>) -> PluginError {
    PluginError {
        plugin: format!("encoder `{label}`"),
        status,
        message: message.into(),
    }
}

fn strange(label: &str) -> PluginError {
    error(
        label,
        status::INTERNAL,
        "its worker answered something else",
    )
}

fn dead(label: &str, what: &str, ended: &Ended, witness: &Witness) -> PluginError {
    match ended {
        Ended::Broken(_) if !witness.is_unchanged() => changed(label),
        Ended::Broken(how) => error(label, status::INTERNAL, format!("it {how} during {what}")),
        Ended::Cancelled => error(label, status::CANCELLED, "stopped"),
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

impl TextEncoder for IsolatedEncoder {
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
        let request = |encoder| Request::Encode {
            encoder,
            dim: self.shape.dim,
            texts: owned(texts),
        };
        let what = format!("encode, {} texts", texts.len());
        match self.ask(&what, request, progress)? {
            // Every f32 is an f64: there and back it stays the same.
            (Reply::Done, numbers) if numbers.len() == texts.len() * self.shape.dim => {
                Ok(numbers.iter().map(|&value| value as f32).collect())
            }
            _ => Err(strange(&self.label)),
        }
    }

    fn token_counts(&self, texts: &[&str]) -> Result<Option<Vec<TokenCount>>, PluginError> {
        let request = |encoder| Request::CountTokens {
            encoder,
            texts: owned(texts),
        };
        match self.ask("text_info", request, &|_| {})? {
            (Reply::Tokens(counts), _)
                if counts.as_ref().is_none_or(|all| all.len() == texts.len()) =>
            {
                Ok(counts)
            }
            _ => Err(strange(&self.label)),
        }
    }
}

impl StudyEncoder for IsolatedEncoder {
    fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    fn params(&self) -> &str {
        &self.params
    }
}
