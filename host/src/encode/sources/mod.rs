//! Where vectors come from: encoder plugins through the cache, files joined by id, columns of the
//! tables, and the controls; and the regressors that use them.
//!
//! Opening ([`Sources::open`]) finds and checks everything that can be refused, before any work;
//! [`Encoder::embed`] does the work.

mod embedded;
mod encoder;
mod opening;
mod regressors;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ocean_loader::{CallContext, Library, Limits, Plugin, PluginError};

use crate::encode::cache::Cache;
use crate::encode::embedding::EncodeError;
use crate::encode::models::Models;
use crate::plan::labels::{LENGTH, LEXICAL, RANDOM, RANDOM_GROUP};
use crate::plan::{EncoderPlan, EncoderSource, Place, Plan};
use crate::platform;
use crate::problem::{Problem, Problems, Refusal};
use crate::read::dataset::Dataset;
use crate::tell::progress::Progress;
use opening::Opener;

pub use embedded::Embedded;
pub(crate) use embedded::pooled;
pub use encoder::Encoder;
pub use regressors::NamedRegressor;
pub(crate) use regressors::open_regressor;

/// Encoders and regressors of a study, controls last.
pub struct Sources {
    /// In the order of plugins.toml, then the controls.
    pub encoders: Vec<Encoder>,
    /// In the order of plugins.toml.
    pub regressors: Vec<NamedRegressor>,
    /// What could not be opened and is not needed, and what was left out of files of vectors, one
    /// sentence each.
    pub notes: Vec<String>,
}

impl Sources {
    /// Finds, loads and checks every plugin, reads every file of vectors, adds the controls.
    ///
    /// # Errors
    /// A [`Refusal`] with everything that does not load, is of the wrong kind, does not fit its
    /// schema or does not belong to the rows.
    pub fn open(
        plan: &Plan,
        dataset: &Dataset,
        library: &Library,
        models: &Models<'_>,
        threads: usize,
        context: &CallContext,
    ) -> Result<Self, Refusal> {
        let mut problems = Problems::default();
        let opener = Opener {
            plan,
            dataset,
            library,
            models,
            threads,
            context,
        };
        let mut notes = Vec::new();
        let is_combined =
            |encoder: &&EncoderPlan| matches!(encoder.source, EncoderSource::Combined { .. });
        let (combined, own): (Vec<&EncoderPlan>, _) = plan.encoders.iter().partition(is_combined);
        let mut opened: Vec<Encoder> = own
            .into_iter()
            .filter_map(|encoder| problems.keep(opener.encoder(encoder, &[], &mut notes)))
            .collect();
        for encoder in combined {
            let made = opener.encoder(encoder, &opened, &mut notes);
            opened.extend(problems.keep(made));
        }
        let in_order = |encoder: &Encoder| {
            let mut names = plan.encoders.iter().map(|encoder| &encoder.name);
            names.position(|name| *name == encoder.name)
        };
        opened.sort_by_key(in_order);
        let mut encoders = opened;
        let regressors: Vec<NamedRegressor> = plan
            .regressors
            .iter()
            .filter_map(|regressor| problems.keep(opener.regressor(regressor)))
            .collect();
        notes.extend(regressors.iter().filter_map(unprotected));
        if plan.evaluation.controls {
            encoders
                .iter()
                .for_each(|encoder| refuse_control_name(encoder, &mut problems));
            let has_lexical = encoders.iter().any(|encoder| encoder.is_plugin(LEXICAL));
            opener.add_controls(has_lexical, &mut encoders, &mut notes);
        }
        problems.finish(Self {
            encoders,
            regressors,
            notes,
        })
    }
}

/// What is said of a plugin that is not ours and lives in this process for the whole study: nothing
/// ends what it may remember of the observed y between two pieces.
fn unprotected(regressor: &NamedRegressor) -> Option<String> {
    let plugin = regressor.regressor.plugin();
    (!plugin.is_bundled && !plugin.is_isolated()).then(|| {
        format!(
            "The plugin of regressor `{}` runs inside the program: should it remember earlier calls, \
             p is not protected from that; isolation = \"process\" protects it.",
            regressor.name
        )
    })
}

/// Two encoders of one name could not be told apart in any table.
fn refuse_control_name(encoder: &Encoder, problems: &mut Problems) {
    let is_taken = match encoder.name.as_str() {
        LENGTH | RANDOM | RANDOM_GROUP => true,
        LEXICAL => !encoder.is_lexical(),
        _ => false,
    };
    if is_taken {
        let message = format!(
            "`{}` is the name of a control that runs beside the encoders",
            encoder.name
        );
        problems.push(
            Problem::new(format!("[[encoder]] {}", encoder.name), message)
                .with_try("another name; or controls = false under [evaluation]"),
        );
    }
}

/// What a worker may use: what the study says, else four fifths of the machine's memory.
pub(crate) fn limits(place: &Place) -> Limits {
    let typed = place
        .memory_limit
        .map(|megabytes| u64::from(megabytes) << 20);
    Limits {
        time: Duration::from_secs(place.time_limit.into()),
        memory: typed.or_else(|| platform::memory_of_machine().map(|bytes| bytes / 5 * 4)),
    }
}

fn origin(plugin: &Plugin) -> String {
    format!("{} {}", plugin.descriptor.id, plugin.descriptor.version)
}

/// The name of an encoder without vectors, and why it has none.
pub(crate) type Unembedded = (String, String);

/// The vectors of all encoders that have some. One that fails costs its cells and not the run,
/// unless it is the only one; it leaves `sources` and is returned with its reason.
///
/// # Errors
/// [`EncodeError`] of the only encoder, of Ctrl-C, or of a cache that cannot be written.
pub(crate) fn embed_all(
    sources: &mut Sources,
    dataset: &Dataset,
    cache: &Cache,
    (progress, interrupted): (&Progress, &AtomicBool),
) -> Result<(Vec<Embedded>, Vec<Unembedded>), EncodeError> {
    let (mut embedded, mut unembedded) = (Vec::new(), Vec::new());
    let mut encoders = Vec::new();
    let mut first = None;
    for encoder in std::mem::take(&mut sources.encoders) {
        match encoder.embed(dataset, cache, progress, interrupted) {
            Ok(vectors) => {
                embedded.push(vectors);
                encoders.push(encoder);
            }
            Err(error) if error.is_of_encoder() => {
                progress.warn(&error.to_string());
                if encoder.is_control {
                    let note = format!("The control `{}` was left out: {error}", encoder.name);
                    sources.notes.push(note);
                } else {
                    if encoder.is_reported {
                        unembedded.push((encoder.name, error.to_string()));
                    }
                    first.get_or_insert(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    sources.encoders = encoders;
    match first {
        Some(error) if sources.encoders.iter().all(|encoder| encoder.is_control) => Err(error),
        _ => Ok((embedded, unembedded)),
    }
}

/// What a plugin refuses. Its message is one line; what it says to try stands on a line of its own
/// here, as everywhere.
fn refused(section: &str, error: &PluginError) -> Refusal {
    let told = error.to_string();
    match told.split_once("; try: ") {
        Some((what, remedy)) => Problem::new(section, what).with_try(remedy).into(),
        None => Problem::new(section, told).into(),
    }
}
