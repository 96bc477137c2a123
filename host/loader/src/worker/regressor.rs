//! A regressor whose plugin lives in a worker. A worker that dies costs the calls that were made of
//! it; the next design gets a new one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nalgebra::DMatrix;
use ocean_engine::regressor::{
    Errors, FitInfo, Path, Prepared, Regressor, RegressorError, Sizes, TrainingSet,
};
use ocean_plugin_abi::status;

use super::process::{Ended, Launcher, Worker};
use super::protocol::{INFO, Id, Reply, Request, parts};
use super::sandbox;
use super::witness::{CHANGED, Witness};
use crate::profile::Profile;
use crate::regressor::{StudyRegressor, engine_error};
use crate::{CallContext, Fitted, Plugin, PluginError, RegressorOptions};

/// After so many deaths no further worker is started.
const MOST_DEATHS: usize = 4;

/// A plugin with its parameters in a worker, ready to be driven by the engine.
pub struct IsolatedRegressor {
    plugin: Arc<Plugin>,
    profile: Profile,
    options: RegressorOptions,
    launcher: Launcher,
    context: CallContext,
    witness: Witness,
    life: Mutex<Life>,
}

#[derive(Default)]
struct Life {
    worker: Option<(Arc<Worker>, Id)>,
    /// It has been asked for something: there may be something that it remembers.
    is_used: bool,
    n_deaths: usize,
}

impl IsolatedRegressor {
    /// Starts a worker and creates the plugin's objects in it.
    ///
    /// # Errors
    /// As [`PluginRegressor::new`](crate::PluginRegressor::new), and when there is no worker to be
    /// had.
    pub fn new(
        plugin: Arc<Plugin>,
        options: RegressorOptions,
        context: CallContext,
        launcher: Launcher,
    ) -> Result<Self, PluginError> {
        let witness = Witness::of(&plugin).map_err(|e| unstarted(&plugin, &e))?;
        let regressor = Self {
            witness,
            profile: Profile::of(&plugin, &options),
            plugin,
            options,
            launcher,
            context,
            life: Mutex::default(),
        };
        regressor.worker()?;
        regressor.life().is_used = false;
        Ok(regressor)
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The living worker and the regressor in it; a new one after a death.
    fn worker(&self) -> Result<(Arc<Worker>, Id), PluginError> {
        let mut life = self.life();
        life.is_used = true;
        if let Some((worker, id)) = &life.worker {
            match worker.ended() {
                None => return Ok((Arc::clone(worker), *id)),
                Some(Ended::Cancelled) => return Err(self.dead("create", &Ended::Cancelled)),
                Some(ended) => {
                    life.n_deaths += 1;
                    if life.n_deaths >= MOST_DEATHS {
                        return Err(self.dead("every fit, four times over", &ended));
                    }
                }
            }
        }
        let error = |what: &str| PluginError::new(&self.plugin, status::INTERNAL, what);
        self.refuse_changed()?;
        let file = self.witness.place().ok_or_else(|| error(CHANGED))?;
        let readable = sandbox::named(&self.plugin, self.options.variants.iter());
        let context = &self.context;
        let worker = Worker::start(&self.launcher, &self.plugin, &file, &readable, context)
            .map_err(|e| unstarted(&self.plugin, &e))?;
        let request = Request::Regressor(self.options.clone());
        let id = match worker.ask(&request, &[], &|_| {}) {
            Ok((Reply::Made(id), _)) => id,
            Ok((Reply::Refused(refused), _)) => return Err(refused),
            Ok(_) => return Err(error(STRANGE)),
            Err(ended) => return Err(self.dead("create", &ended)),
        };
        self.refuse_changed()?;
        let worker = Arc::new(worker);
        life.worker = Some((Arc::clone(&worker), id));
        Ok((worker, id))
    }

    /// Whatever a worker says counts only as long as its file is what the study was planned with.
    fn refuse_changed(&self) -> Result<(), PluginError> {
        match self.witness.is_unchanged() {
            true => Ok(()),
            false => Err(PluginError::new(&self.plugin, status::INTERNAL, CHANGED)),
        }
    }

    fn dead(&self, what: &str, ended: &Ended) -> PluginError {
        match ended {
            // A library that is written over crashes whoever runs it.
            Ended::Broken(_) if !self.witness.is_unchanged() => {
                PluginError::new(&self.plugin, status::INTERNAL, CHANGED)
            }
            Ended::Broken(how) => PluginError::new(
                &self.plugin,
                status::INTERNAL,
                format!("it {how} during {what}"),
            ),
            Ended::Cancelled => PluginError::new(&self.plugin, status::CANCELLED, "stopped"),
        }
    }

    fn ask(
        &self,
        worker: &Worker,
        request: &Request,
        numbers: &[&[f64]],
        what: impl FnOnce() -> String,
    ) -> Result<(Reply, Vec<f64>), RegressorError> {
        match worker.ask(request, numbers, &|_| {}) {
            Ok((Reply::Failed { status, message }, _)) => Err(RegressorError { status, message }),
            Ok((Reply::Refused(error), _)) => Err(engine_error(error)),
            Ok(answer) => self.refuse_changed().map(|()| answer).map_err(engine_error),
            Err(ended) => Err(engine_error(self.dead(&what(), &ended))),
        }
    }

    /// A request to the regressor itself.
    fn ask_once(
        &self,
        request: impl FnOnce(Id) -> Request,
        numbers: &[&[f64]],
        what: &str,
    ) -> Result<(Reply, Vec<f64>), PluginError> {
        let (worker, regressor) = self.worker()?;
        match worker.ask(&request(regressor), numbers, &|_| {}) {
            Ok((Reply::Refused(error), _)) => Err(error),
            Ok(answer) => self.refuse_changed().map(|()| answer),
            Err(ended) => Err(self.dead(what, &ended)),
        }
    }

    fn strange(&self) -> RegressorError {
        RegressorError {
            status: status::INTERNAL,
            message: format!("{}: {STRANGE}", self.plugin.title()),
        }
    }
}

fn unstarted(plugin: &Plugin, error: &std::io::Error) -> PluginError {
    let what = format!("its worker cannot be started: {error}");
    PluginError::new(plugin, status::INTERNAL, what)
}

const STRANGE: &str = "its worker answered something else";

impl StudyRegressor for IsolatedRegressor {
    fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn fit_model(
        &self,
        variant: usize,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
    ) -> Result<Fitted, PluginError> {
        let request = |regressor| Request::Fit {
            regressor,
            variant,
            x: x.shape(),
            alpha: Some(alpha).filter(|alpha| !alpha.is_nan()),
        };
        match self.ask_once(request, &[x.as_slice(), y], "fit")? {
            (Reply::Fitted(None), numbers) => Ok(Fitted::Coefficients(numbers)),
            (Reply::Fitted(Some(bytes)), _) => Ok(Fitted::State(bytes)),
            _ => Err(PluginError::new(&self.plugin, status::INTERNAL, STRANGE)),
        }
    }

    fn predict_model(&self, state: &[u8], x_new: &DMatrix<f64>) -> Result<Vec<f64>, PluginError> {
        let request = |regressor| Request::Predict {
            regressor,
            state: state.to_vec(),
            x_new: x_new.shape(),
        };
        match self.ask_once(request, &[x_new.as_slice()], "predict")? {
            (Reply::Done, y_hat) if y_hat.len() == x_new.nrows() => Ok(y_hat),
            _ => Err(PluginError::new(&self.plugin, status::INTERNAL, STRANGE)),
        }
    }
}

impl Regressor for IsolatedRegressor {
    fn n_variants(&self) -> usize {
        self.profile.n_variants
    }

    fn n_alphas(&self) -> usize {
        self.profile.n_alphas
    }

    fn scales_y(&self) -> bool {
        self.profile.scales_y
    }

    fn takes_moments(&self, n_samples: usize, n_features: usize) -> bool {
        self.profile.takes_moments(n_samples, n_features)
    }

    /// What a plugin remembers ends with its process: the next call gets a new one.
    fn forget(&self) -> Result<(), RegressorError> {
        let mut life = self.life();
        let is_alive = |(worker, _): &(Arc<Worker>, Id)| worker.ended().is_none();
        // One that has died is counted where the next one is asked for.
        if life.is_used && life.worker.as_ref().is_some_and(is_alive) {
            (life.worker, life.is_used) = (None, false);
        }
        Ok(())
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        let (worker, regressor) = self.worker().map_err(engine_error)?;
        let (matrices, n_samples) = parts(training);
        let request = Request::Prepare {
            regressor,
            shapes: matrices.iter().map(|matrix| matrix.shape()).collect(),
            n_samples,
        };
        let numbers: Vec<&[f64]> = matrices.iter().map(|matrix| matrix.as_slice()).collect();
        let Sizes {
            n_samples: n,
            n_features: p,
            n_out,
            ..
        } = training.sizes();
        let sizes = format!("n = {n}, p = {p}");
        let what = || format!("prepare, {sizes}");
        match self.ask(&worker, &request, &numbers, what)? {
            (Reply::Made(id), _) => Ok(Box::new(IsolatedPrepared {
                regressor: self,
                worker,
                id,
                sizes,
                n_out,
            })),
            _ => Err(self.strange()),
        }
    }
}

/// A design in a worker.
struct IsolatedPrepared<'a> {
    regressor: &'a IsolatedRegressor,
    worker: Arc<Worker>,
    id: Id,
    /// "n = 320, p = 384", for messages.
    sizes: String,
    /// Numbers a column that a path gives.
    n_out: usize,
}

impl Drop for IsolatedPrepared<'_> {
    fn drop(&mut self) {
        self.worker.forget_now(self.id);
    }
}

impl Prepared for IsolatedPrepared<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        let request = Request::Grid {
            prepared: self.id,
            variant,
            y: y.shape(),
            n_alphas: alphas.nrows(),
        };
        let what = || format!("grid, {}", self.sizes);
        let (reply, numbers) = self
            .regressor
            .ask(&self.worker, &request, &[y.as_slice()], what)?;
        if !matches!(reply, Reply::Done) || numbers.len() != alphas.len() {
            return Err(self.regressor.strange());
        }
        alphas.copy_from_slice(&numbers);
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        let request = Request::Begin {
            prepared: self.id,
            variant,
            y: y.shape(),
            n_y_sq: y_sq.len(),
            n_alphas: alphas.nrows(),
        };
        let what = || format!("begin, {}, {} targets", self.sizes, y.ncols());
        let numbers = [y.as_slice(), y_sq, alphas.as_slice()];
        match self.regressor.ask(&self.worker, &request, &numbers, what)? {
            (Reply::Made(id), _) => Ok(Box::new(IsolatedPath {
                prepared: self,
                id,
                n_alphas: alphas.nrows(),
            })),
            _ => Err(self.regressor.strange()),
        }
    }
}

struct IsolatedPath<'p> {
    prepared: &'p IsolatedPrepared<'p>,
    id: Id,
    n_alphas: usize,
}

impl Drop for IsolatedPath<'_> {
    fn drop(&mut self) {
        self.prepared.worker.forget(self.id);
    }
}

impl Path for IsolatedPath<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        out: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let IsolatedPrepared {
            regressor,
            worker,
            sizes,
            n_out,
            ..
        } = self.prepared;
        let request = Request::Advance {
            path: self.id,
            columns: columns.to_vec(),
            steps: steps.to_vec(),
            n_out: *n_out,
        };
        let what = || format!("advance, {sizes}");
        let (reply, numbers) = regressor.ask(worker, &request, &[], what)?;
        let is_sound = matches!(reply, Reply::Done)
            && numbers.len() == out.len() + INFO * info.len()
            && info.len() == columns.len();
        if !is_sound {
            return Err(regressor.strange());
        }
        let (predictions, infos) = numbers.split_at(out.len());
        out.copy_from_slice(predictions);
        for (info, said) in info.iter_mut().zip(infos.chunks_exact(INFO)) {
            *info = FitInfo {
                gap: said[0],
                n_nonzero: (said[1] >= 0.0).then_some(said[1] as u32),
                is_unconverged: said[2] != 0.0,
            };
        }
        Ok(())
    }

    fn errors(
        &mut self,
        y_new: &DMatrix<f64>,
        ends: &[usize],
    ) -> Result<Option<Errors>, RegressorError> {
        let IsolatedPrepared {
            regressor,
            worker,
            sizes,
            ..
        } = self.prepared;
        if !regressor.profile.ranks {
            return Ok(None);
        }
        let request = Request::Errors {
            path: self.id,
            y_new: y_new.shape(),
            ends: ends.to_vec(),
            n_alphas: self.n_alphas,
        };
        let what = || format!("errors, {sizes}");
        let (reply, numbers) = regressor.ask(worker, &request, &[y_new.as_slice()], what)?;
        let shape = (self.n_alphas * ends.len(), y_new.ncols());
        match reply {
            Reply::Done if numbers.is_empty() => Ok(None),
            Reply::Done if numbers.len() == 2 * shape.0 * shape.1 => {
                let (sse, bound) = numbers.split_at(shape.0 * shape.1);
                let matrix = |numbers| DMatrix::from_column_slice(shape.0, shape.1, numbers);
                Ok(Some(Errors {
                    sse: matrix(sse),
                    bound: matrix(bound),
                }))
            }
            _ => Err(regressor.strange()),
        }
    }
}
