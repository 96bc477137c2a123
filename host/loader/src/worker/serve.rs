//! The child: one plugin, its objects, and a thread for each connection of the host.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, Path as Walk, Prepared, Regressor, RegressorError};
use ocean_plugin_abi::status;
use self_cell::self_cell;

use super::control;
use super::protocol::{INFO, Id, Reply, Request, Shape, Told, training_set};
use super::sandbox;
use super::wire::{self, Connection};
use crate::TextEncoder;
use crate::platform::{self, HostLink, Stream, end_all, limit};
use crate::{
    CallContext, Fitted, Plugin, PluginEncoder, PluginError, PluginRegressor, Seen, StudyRegressor,
    open_here,
};

/// Signs of life are told no oftener: `time_limit` counts seconds.
const SIGNS: Duration = Duration::from_millis(100);

/// What `ocean-host worker FILE ID MEMORY` does: opens the plugin `id` of the library `file`, which
/// the host has probed, and serves the host on stdin until that closes. `memory`: bytes its data
/// may have, 0 for no limit. `readable`: files and folders that it may read besides those of the
/// system and its own, in a sandbox; `None` for no sandbox.
pub fn worker_main(file: &Path, id: &str, memory: u64, readable: Option<Vec<PathBuf>>) -> ExitCode {
    limit(memory);
    let Ok(host) = HostLink::take() else {
        eprintln!("a worker is started by ocean-host, with a socket as its standard input");
        return ExitCode::FAILURE;
    };
    let cancelled = Arc::new(AtomicBool::new(false));
    let Ok(context) = telling(&host, Arc::clone(&cancelled)) else {
        return ExitCode::FAILURE;
    };
    // Another process's open file, which a plugin that was rebuilt is loaded from, is out of reach of
    // a sandbox.
    let held = std::fs::File::open(file).ok();
    let own = held.as_ref().map(platform::own_path);
    let file = match own {
        Some(own) if file.starts_with("/proc") && readable.is_some() => own,
        _ => file.to_path_buf(),
    };
    // While there is one thread: the rights of a thread are those of the one that begins it.
    let closed = readable.map(|named| closed(&file, named, &host));
    let readable = match closed.transpose() {
        Ok(readable) => readable.flatten(),
        Err(why) => return not_closed(&why),
    };
    let plugin = match open_here(&file, id) {
        Ok(plugin) => plugin,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::FAILURE;
        }
    };
    // What a library is linked with may lie anywhere; what it reads later may not.
    let readable = readable.map(|folders| [folders, sandbox::folders_of_libraries()].concat());
    if let Some(Err(why)) = readable.map(|folders| platform::sandbox::close_reading(&folders)) {
        return not_closed(&why);
    }
    let objects = Arc::new(Objects {
        plugin,
        context,
        last: AtomicU64::new(0),
        held: Mutex::default(),
    });
    while let Ok(Some((message, connection))) = host.receive() {
        match (message, connection) {
            (control::CONNECTION, Some(connection)) => {
                let objects = Arc::clone(&objects);
                std::thread::spawn(move || serve(connection, &objects));
            }
            (control::CANCEL, _) => cancelled.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
    // The host is gone or does not need us any more. A plugin that still computes is not waited
    // for, and destructors of libraries are not run. Whom it started goes too.
    end_all();
    ExitCode::SUCCESS
}

fn not_closed(why: &str) -> ExitCode {
    eprintln!("its sandbox could not be closed: {why}");
    ExitCode::FAILURE
}

/// Closes the sandbox but for reading; what may be read from then on, `None` where there is no
/// sandbox.
fn closed(
    file: &Path,
    named: Vec<PathBuf>,
    host: &HostLink,
) -> Result<Option<Vec<PathBuf>>, String> {
    if !platform::sandbox::close()? {
        let told = host
            .teller()
            .and_then(|mut control| wire::write_head(&mut control, &Told::NoSandbox, 0));
        return told.map(|()| None).map_err(|error| error.to_string());
    }
    Ok(Some([named, sandbox::needed_by(file)].concat()))
}

/// Log lines of the plugin go to the host, and that it tells of progress.
fn telling(host: &HostLink, cancelled: Arc<AtomicBool>) -> io::Result<CallContext> {
    let control = Arc::new(Mutex::new(host.teller()?));
    let tell = move |told| {
        let mut control = control.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = wire::write_head(&mut *control, &told, 0);
    };
    let log = {
        let tell = tell.clone();
        move |level, text: &str| tell(Told::Log(level, text.to_owned()))
    };
    let last_sign = Mutex::new(None);
    let watch = move |seen| {
        let Seen::Progress(_) = seen else {
            return;
        };
        let mut last = last_sign.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last: Instant| last.elapsed() > SIGNS) {
            *last = Some(Instant::now());
            tell(Told::Sign);
        }
    };
    Ok(CallContext::new(log, cancelled).watched(watch))
}

/// What a design is made from, and stays valid as long as it.
struct MadeFrom {
    regressor: Arc<PluginRegressor>,
    matrices: Vec<DMatrix<f64>>,
}

type BoxedPrepared<'a> = Box<dyn Prepared + 'a>;
type BoxedWalk<'a> = Box<dyn Walk + 'a>;

self_cell!(
    struct Design {
        owner: MadeFrom,
        #[covariant]
        dependent: BoxedPrepared,
    }
);
self_cell!(
    struct WalkOfDesign {
        owner: Arc<Design>,
        #[covariant]
        dependent: BoxedWalk,
    }
);

#[derive(Clone)]
enum Object {
    Regressor(Arc<PluginRegressor>),
    Design(Arc<Design>),
    Walk(Arc<Mutex<WalkOfDesign>>),
    Encoder(Arc<PluginEncoder>),
}

struct Objects {
    plugin: Arc<Plugin>,
    context: CallContext,
    last: AtomicU64,
    held: Mutex<BTreeMap<Id, Object>>,
}

/// Why a request is not done.
enum Failure {
    Plugin(PluginError),
    Regressor(RegressorError),
    Host(String),
}

impl From<PluginError> for Failure {
    fn from(error: PluginError) -> Self {
        Failure::Plugin(error)
    }
}

impl From<RegressorError> for Failure {
    fn from(error: RegressorError) -> Self {
        Failure::Regressor(error)
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Plugin(error) => Reply::Refused(error),
            Failure::Regressor(RegressorError { status, message }) => {
                Reply::Failed { status, message }
            }
            Failure::Host(message) => Reply::Failed {
                status: status::INTERNAL,
                message,
            },
        }
    }
}

/// Answers one connection until it closes.
fn serve(mut connection: Connection, objects: &Objects) {
    let stream = Arc::clone(&connection.stream);
    while let Ok(((forgotten, request), numbers)) = connection.read(&mut &*stream, usize::MAX) {
        objects.forget(forgotten);
        let Some(request) = request else {
            continue;
        };
        let answer = objects.answer(request, numbers, &stream);
        let (reply, numbers) = answer.unwrap_or_else(|failure| (failure.into(), Vec::new()));
        if connection
            .write(&mut &*stream, &reply, &[&numbers])
            .is_err()
        {
            return;
        }
    }
}

type Answer = Result<(Reply, Vec<f64>), Failure>;

impl Objects {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<Id, Object>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, object: Object) -> Id {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.held().insert(id, object);
        id
    }

    fn made(&self, object: Object) -> Answer {
        Ok((Reply::Made(self.keep(object)), Vec::new()))
    }

    /// Plugins take their time to destroy; the others are not kept waiting.
    fn forget(&self, ids: Vec<Id>) {
        let ended: Vec<Object> = {
            let mut held = self.held();
            ids.iter().filter_map(|id| held.remove(id)).collect()
        };
        drop(ended);
    }

    fn find(&self, id: Id) -> Result<Object, Failure> {
        let object = self.held().get(&id).cloned();
        object.ok_or_else(|| Failure::Host(format!("there is no object {id}")))
    }

    fn regressor(&self, id: Id) -> Result<Arc<PluginRegressor>, Failure> {
        match self.find(id)? {
            Object::Regressor(regressor) => Ok(regressor),
            _ => Err(Failure::Host(format!("{id} is no regressor"))),
        }
    }

    fn design(&self, id: Id) -> Result<Arc<Design>, Failure> {
        match self.find(id)? {
            Object::Design(design) => Ok(design),
            _ => Err(Failure::Host(format!("{id} is no design"))),
        }
    }

    fn walk(&self, id: Id) -> Result<Arc<Mutex<WalkOfDesign>>, Failure> {
        match self.find(id)? {
            Object::Walk(walk) => Ok(walk),
            _ => Err(Failure::Host(format!("{id} is no path"))),
        }
    }

    fn encoder(&self, id: Id) -> Result<Arc<PluginEncoder>, Failure> {
        match self.find(id)? {
            Object::Encoder(encoder) => Ok(encoder),
            _ => Err(Failure::Host(format!("{id} is no encoder"))),
        }
    }

    fn answer(&self, request: Request, numbers: Vec<f64>, connection: &Stream) -> Answer {
        let mut numbers = Numbers(numbers);
        match request {
            Request::Regressor(options) => {
                let made =
                    PluginRegressor::new(Arc::clone(&self.plugin), options, self.context.clone())?;
                self.made(Object::Regressor(Arc::new(made)))
            }
            Request::Fit {
                regressor,
                variant,
                x,
                alpha,
            } => {
                let regressor = self.regressor(regressor)?;
                let (x, y) = (numbers.matrix(x)?, numbers.matrix((x.0, 1))?);
                let alpha = alpha.unwrap_or(f64::NAN);
                match regressor.fit_model(variant, &x, y.as_slice(), alpha)? {
                    Fitted::Coefficients(numbers) => Ok((Reply::Fitted(None), numbers)),
                    Fitted::State(bytes) => Ok((Reply::Fitted(Some(bytes)), Vec::new())),
                }
            }
            Request::Predict {
                regressor,
                state,
                x_new,
            } => {
                let x_new = numbers.matrix(x_new)?;
                let y_hat = self.regressor(regressor)?.predict_model(&state, &x_new)?;
                Ok((Reply::Done, y_hat))
            }
            Request::Prepare {
                regressor,
                shapes,
                n_samples,
            } => {
                let matrices = shapes.into_iter().map(|shape| numbers.matrix(shape));
                let from = MadeFrom {
                    regressor: self.regressor(regressor)?,
                    matrices: matrices.collect::<Result<_, _>>()?,
                };
                let design = Design::try_new(from, |from| {
                    let training = training_set(&from.matrices, n_samples)
                        .ok_or_else(|| Failure::Host("these matrices are no design".into()))?;
                    Ok::<_, Failure>(from.regressor.prepare(training)?)
                })?;
                self.made(Object::Design(Arc::new(design)))
            }
            Request::Grid {
                prepared,
                variant,
                y,
                n_alphas,
            } => {
                let y = numbers.matrix(y)?;
                let mut alphas = DMatrix::zeros(n_alphas, y.ncols());
                let design = self.design(prepared)?;
                design.borrow_dependent().grid(variant, &y, &mut alphas)?;
                Ok((Reply::Done, alphas.as_slice().to_vec()))
            }
            Request::Begin {
                prepared,
                variant,
                y,
                n_y_sq,
                n_alphas,
            } => {
                let (y, y_sq) = (numbers.matrix(y)?, numbers.matrix((n_y_sq, 1))?);
                let alphas = numbers.matrix((n_alphas, y.ncols()))?;
                let walk = WalkOfDesign::try_new(self.design(prepared)?, |design| {
                    let design = design.borrow_dependent();
                    design.begin(variant, &y, y_sq.as_slice(), &alphas)
                })?;
                self.made(Object::Walk(Arc::new(Mutex::new(walk))))
            }
            Request::Advance {
                path,
                columns,
                steps,
                n_out,
            } => self.advance(path, &columns, &steps, n_out),
            Request::Errors {
                path, y_new, ends, ..
            } => {
                let y_new = numbers.matrix(y_new)?;
                let walk = self.walk(path)?;
                let mut walk = walk.lock().unwrap_or_else(PoisonError::into_inner);
                let found = walk.with_dependent_mut(|_, walk| walk.errors(&y_new, &ends))?;
                let numbers =
                    found.map(|found| [found.sse.as_slice(), found.bound.as_slice()].concat());
                Ok((Reply::Done, numbers.unwrap_or_default()))
            }
            Request::Encoder {
                label,
                params,
                max_threads,
            } => {
                let made = PluginEncoder::new(
                    Arc::clone(&self.plugin),
                    &label,
                    &params,
                    max_threads,
                    self.context.clone(),
                )?;
                let shape = made.shape().clone();
                let id = self.keep(Object::Encoder(Arc::new(made)));
                Ok((Reply::Encoder(id, shape), Vec::new()))
            }
            Request::Encode { encoder, texts, .. } => {
                let progress = passing_on(connection);
                let vectors = self
                    .encoder(encoder)?
                    .encode(&borrowed(&texts), &progress)?;
                Ok((Reply::Done, vectors.into_iter().map(f64::from).collect()))
            }
            Request::CountTokens { encoder, texts } => {
                let counts = self.encoder(encoder)?.token_counts(&borrowed(&texts))?;
                Ok((Reply::Tokens(counts), Vec::new()))
            }
        }
    }

    fn advance(&self, path: Id, columns: &[u32], steps: &[u32], n_out: usize) -> Answer {
        let walk = self.walk(path)?;
        let mut answer = vec![0.0; (n_out + INFO) * columns.len()];
        let (out, infos) = answer.split_at_mut(n_out * columns.len());
        let mut info = vec![FitInfo::default(); columns.len()];
        let mut walk = walk.lock().unwrap_or_else(PoisonError::into_inner);
        walk.with_dependent_mut(|_, walk| walk.advance(columns, steps, out, &mut info))?;
        for (to, info) in infos.chunks_exact_mut(INFO).zip(info) {
            let n_nonzero = info.n_nonzero.map_or(-1.0, f64::from);
            let is_unconverged = f64::from(u8::from(info.is_unconverged));
            to.copy_from_slice(&[info.gap, n_nonzero, is_unconverged]);
        }
        Ok((Reply::Done, answer))
    }
}

/// Tells the host of progress; a plugin may do so from any of its threads, between the request and
/// its reply.
fn passing_on(connection: &Stream) -> impl Fn(f64) + Sync {
    let connection = connection.try_clone().ok().map(Mutex::new);
    move |share| {
        if let Some(connection) = &connection {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = wire::write_head(&mut *connection, &Reply::Progress(share), 0);
        }
    }
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The numbers of a request, taken matrix by matrix.
struct Numbers(Vec<f64>);

impl Numbers {
    /// The first stay where they are: X, which is most of them, is not copied once more.
    fn matrix(&mut self, (rows, columns): Shape) -> Result<DMatrix<f64>, Failure> {
        let n = rows.checked_mul(columns).filter(|n| *n <= self.0.len());
        let n = n.ok_or_else(|| Failure::Host("a request lacks numbers".into()))?;
        let rest = self.0.split_off(n);
        let taken = std::mem::replace(&mut self.0, rest);
        Ok(DMatrix::from_vec(rows, columns, taken))
    }
}
