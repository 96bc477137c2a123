//! Six rows for the tests of this folder, with a regressor that needs no plugin and whose numbers
//! can be worked out by hand.
//!
//! x = 0 … 5 and y = 2x, so that a regressor that shrinks the slope to a tenth predicts ȳ + (y −
//! ȳ)/10, ȳ the mean of the training rows: its errors are .9 of those of ȳ, and r2 = 1 − .81.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nalgebra::DMatrix;
use ocean_engine::family::Family;
use ocean_engine::nested::Tuning;
use ocean_engine::reference::ReferenceRidge;
use ocean_engine::regressor::{Prepared, Regressor, RegressorError, TrainingSet};
use ocean_loader::{CallContext, Fitted, Plugin, PluginError, Profile, StudyRegressor};
use serde_json::Value;

use super::{Evaluator, Options, Study};
use crate::encode::places::open_library;
use crate::encode::sources::{Embedded, Encoder, NamedRegressor, Sources};
use crate::keep::journal::Journal;
use crate::keep::run_folder::RunFolder;
use crate::plan::Plan;
use crate::plan::labels::LENGTH;
use crate::read::config::{Config, Scope};
use crate::read::dataset::Dataset;
use crate::tell::progress::{Format, Progress};

const TABLE: &str = "id,text,mood\na,one,0\nb,two,2\nc,three,4\nd,four,6\ne,five,8\nf,six,10\n";

const CONFIG: &str = r#"[study]
name = "six"
[data]
path = "six.csv"
id = "id"
text = "text"
targets = "mood"
[evaluation]
folds = 3
inner_folds = 2
permutations = 39
controls = false
[[encoder]]
name = "near"
embeddings = "near.npy"
ids = "ids.txt"
[[encoder]]
name = "far"
embeddings = "far.npy"
ids = "ids.txt"
[[regressor]]
name = "tenth"
plugin = "nowhere/libtenth.so"
"#;

/// What r2 of the observed y is.
pub(super) const R2: f64 = 1.0 - 0.81;

/// The folder of the study.
pub(super) struct Six {
    folder: tempfile::TempDir,
    pub config: Config,
}

impl Six {
    /// With some keys set.
    pub(super) fn new(sets: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("six.csv"), TABLE).unwrap();
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        let file = folder.path().join("plugins.toml");
        let config = Config::parse(&file, CONFIG, &sets, Scope::Evaluation).unwrap();
        Self { folder, config }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn options(&self) -> Options {
        Options {
            config: self.path("plugins.toml"),
            out: Some(self.path("out")),
            is_quiet: true,
            is_task: true,
            ..Options::default()
        }
    }

    /// As [`Study::open`] makes it, without its plugins.
    pub(super) fn study(&self) -> Study {
        let plan = Plan::resolve(&self.config, Some(&self.path("out"))).unwrap();
        Study {
            folder: RunFolder::usable(&plan.out).unwrap(),
            dataset: Dataset::read(&plan.data, &plan.raters, plan.evaluation.folds.number())
                .unwrap(),
            plan,
            threads: 1,
            progress: Progress::new(Format::Human, true),
            interrupted: Arc::default(),
            _library: open_library(&CallContext::silent(), true).unwrap(),
        }
    }

    pub(super) fn journal(&self) -> Journal {
        Journal::open(&self.path("out"), &Value::Null, false).unwrap()
    }
}

/// Encoders of these names and the control `length`, with a tenth on each.
pub(super) fn sources(encoders: &[&str], regressors: Vec<Tenth>) -> Sources {
    let mut encoders: Vec<Encoder> = encoders
        .iter()
        .map(|name| Encoder::without_source(name, false))
        .collect();
    encoders.push(Encoder::without_source(LENGTH, true));
    Sources {
        encoders,
        regressors: regressors.into_iter().map(Tenth::named).collect(),
        notes: Vec::new(),
    }
}

/// The vectors of each encoder of `sources`: x itself.
pub(super) fn embedded(sources: &Sources) -> Vec<Embedded> {
    let x = DMatrix::from_fn(6, 1, |row, _| row as f64);
    let of_encoder = |_: &Encoder| Embedded {
        x: x.clone(),
        ..Embedded::none()
    };
    sources.encoders.iter().map(of_encoder).collect()
}

/// Everything that an evaluator needs, and what it needs in turn.
pub(super) struct Evaluated {
    pub study: Study,
    pub sources: Sources,
    pub embedded: Vec<Embedded>,
    pub journal: Journal,
    pub failed_elsewhere: BTreeMap<String, String>,
    pub unembedded: Vec<(String, String)>,
    _six: Six,
}

impl Evaluated {
    pub(super) fn new(sets: &[&str], encoders: &[&str], regressors: Vec<Tenth>) -> Self {
        let six = Six::new(sets);
        let sources = sources(encoders, regressors);
        Self {
            study: six.study(),
            embedded: embedded(&sources),
            sources,
            journal: six.journal(),
            failed_elsewhere: BTreeMap::new(),
            unembedded: Vec::new(),
            _six: six,
        }
    }

    /// Lets `act` have the evaluator.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Evaluator) -> T) -> T {
        let analysis = self.study.arrange(&self.sources).unwrap();
        let evaluator = self
            .study
            .evaluator(&analysis, &self.sources, &self.journal);
        act(&Evaluator {
            failed_elsewhere: &self.failed_elsewhere,
            unembedded: &self.unembedded,
            ..evaluator
        })
    }
}

/// Shrinks a slope to a tenth: ridge on the one penalty whose degrees of freedom are .1.
pub(super) struct Tenth {
    ridge: ReferenceRidge,
    /// Whether it refuses every design, from now on.
    pub fails: Arc<AtomicBool>,
}

impl Tenth {
    pub(super) fn new() -> Self {
        Self {
            ridge: ReferenceRidge { n_alphas: 1 },
            fails: Arc::default(),
        }
    }

    /// One that refuses every design.
    pub(super) fn failing() -> Self {
        let tenth = Self::new();
        tenth.fails.store(true, Ordering::Relaxed);
        tenth
    }

    fn named(self) -> NamedRegressor {
        let name = match self.fails.load(Ordering::Relaxed) {
            true => "failing",
            false => "tenth",
        };
        NamedRegressor {
            name: name.to_owned(),
            origin: String::new(),
            parameters: None,
            hash: String::new(),
            family: Family::Other,
            objective: None,
            penalties: String::new(),
            has_absolute_grid: false,
            l1_ratios: vec![0.5],
            variants: Vec::new(),
            tuning: Tuning::PLAIN,
            regressor: Box::new(self),
        }
    }
}

impl Regressor for Tenth {
    fn n_alphas(&self) -> usize {
        1
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(RegressorError {
                status: 3,
                message: "no".to_owned(),
            });
        }
        self.ridge.prepare(training)
    }
}

impl StudyRegressor for Tenth {
    fn plugin(&self) -> &Arc<Plugin> {
        unreachable!("there is none")
    }

    fn profile(&self) -> &Profile {
        unreachable!("there is no plugin")
    }

    fn fit_model(
        &self,
        _: usize,
        _: &DMatrix<f64>,
        _: &[f64],
        _: f64,
    ) -> Result<Fitted, PluginError> {
        unreachable!("nothing is exported")
    }

    fn predict_model(&self, _: &[u8], _: &DMatrix<f64>) -> Result<Vec<f64>, PluginError> {
        unreachable!("nothing is exported")
    }

    fn cost_note(&self, _: u64, _: u64) -> Option<String> {
        None
    }
}
