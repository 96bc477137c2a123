//! Checks of how a plugin behaves in a call, whatever it computes: many at once, asked to stop,
//! what it says of failure and of progress.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nalgebra::DMatrix;
use ocean_loader::{
    CallContext, Kind, PluginEncoder, PluginError, PluginRegressor, Seen, create_raw,
};
use ocean_plugin_abi::status;

use super::encoders::TEXTS;
use super::parameters::{GARBAGE, with_unknown};
use super::result::{Outcome, Verdict, failed, skipped};
use super::subject::{Subject, of_plugin};
use crate::encode::embedding::TextEncoder;

/// A call that is to stop has this long.
const PROMPT: Duration = Duration::from_secs(1);

/// A plugin's object, and the one piece of work that every kind has.
enum Worker {
    Regressor(Box<PluginRegressor>, f64),
    Encoder(Box<PluginEncoder>),
}

/// What it works on.
struct Work {
    x: DMatrix<f64>,
    y: Vec<f64>,
    texts: Vec<String>,
}

impl Work {
    /// Of a purpose: n × p for a regressor, `n` texts for an encoder.
    fn new(subject: &Subject, purpose: &str, n: usize, p: usize) -> Self {
        let (x, y) = subject.data(purpose, n, p);
        let texts = TEXTS.iter().cycle().take(n);
        let texts = texts.enumerate();
        let texts = texts.map(|(at, text)| format!("{purpose} {at}: {text}"));
        Self {
            x,
            y,
            texts: texts.collect(),
        }
    }
}

impl Worker {
    fn new(subject: &Subject, context: CallContext) -> Result<Self, Outcome> {
        match subject.plugin.descriptor.kind {
            Kind::Regressor => {
                let regressor = subject.regressor_of(context)?;
                Ok(Worker::Regressor(Box::new(regressor), subject.alpha()))
            }
            Kind::Encoder => Ok(Worker::Encoder(Box::new(subject.encoder_of(context, 1)?))),
        }
    }

    /// Predictions or vectors, as bits.
    fn work(&self, work: &Work) -> Result<Vec<u64>, PluginError> {
        match self {
            Worker::Regressor(regressor, alpha) => {
                let y_hat = regressor.fit_predict(&work.x, &work.y, *alpha, &work.x)?;
                Ok(y_hat.into_iter().map(f64::to_bits).collect())
            }
            Worker::Encoder(encoder) => {
                let texts: Vec<&str> = work.texts.iter().map(String::as_str).collect();
                let vectors = encoder.encode(&texts, &|_| {})?;
                Ok(vectors
                    .into_iter()
                    .map(|v| u64::from(v.to_bits()))
                    .collect())
            }
        }
    }
}

pub fn many_callers(subject: &Subject) -> Verdict {
    if !subject.plugin.descriptor.is_thread_safe() {
        return skipped("it is not THREAD_SAFE, so its calls are one after the other");
    }
    let worker = Worker::new(subject, CallContext::silent())?;
    let (n, n_rounds) = match worker {
        Worker::Regressor(..) => (40, 20),
        Worker::Encoder(_) => (7, 5),
    };
    let works = (0..8).map(|at| Work::new(subject, &format!("caller {at}"), n, 8));
    let works: Vec<Work> = works.collect();
    let alone = works
        .iter()
        .map(|work| worker.work(work).map_err(of_plugin));
    let alone = alone.collect::<Result<Vec<_>, _>>()?;
    for _ in 0..n_rounds {
        for (alone, together) in alone.iter().zip(at_once(&worker, &works)) {
            if *alone != together? {
                return failed("eight callers at once get other numbers than one");
            }
        }
    }
    Ok(Outcome::Success)
}

fn at_once(worker: &Worker, works: &[Work]) -> Vec<Result<Vec<u64>, Outcome>> {
    std::thread::scope(|scope| {
        let threads = works.iter().map(|work| scope.spawn(|| worker.work(work)));
        let threads: Vec<_> = threads.collect();
        let ended = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result.map_err(of_plugin),
            Err(_) => failed("a caller's thread ended"),
        });
        ended.collect()
    })
}

pub fn stops_when_asked(subject: &Subject) -> Verdict {
    let cancelled = Arc::new(AtomicBool::new(false));
    let worker = Worker::new(subject, CallContext::new(|_, _| {}, Arc::clone(&cancelled)))?;
    // What is read or made at the first call is there: a model of gigabytes may take longer than a
    // second.
    worker
        .work(&Work::new(subject, "before", 4, 2))
        .map_err(of_plugin)?;
    cancelled.store(true, Ordering::Relaxed);
    let work = Work::new(subject, "cancel", 300, 100);
    let begun = Instant::now();
    let result = worker.work(&work);
    let elapsed = begun.elapsed();
    match result {
        Err(error) if !error.is_cancelled() => failed(format!("asked to stop, it says {error}")),
        _ if elapsed > PROMPT => failed(format!(
            "asked to stop, it went on for {:.1} s",
            elapsed.as_secs_f64()
        )),
        _ => Ok(Outcome::Success),
    }
}

/// What a plugin did in its calls.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<Seen>>>);

impl Diary {
    fn context(&self, cancelled: &Arc<AtomicBool>) -> CallContext {
        let diary = Arc::clone(&self.0);
        CallContext::new(|_, _| {}, Arc::clone(cancelled)).watched(move |seen| {
            diary
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(seen);
        })
    }

    fn seen(&self) -> Vec<Seen> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub fn progress_rises(subject: &Subject) -> Verdict {
    let diary = Diary::default();
    let worker = Worker::new(subject, diary.context(&Arc::default()))?;
    let work = Work::new(subject, "progress", 140, 8);
    worker.work(&work).map_err(of_plugin)?;
    let (mut last, mut n_told) = (0.0, 0);
    for seen in diary.seen() {
        match seen {
            Seen::Returned { .. } => last = 0.0,
            Seen::Progress(share) if !(0.0..=1.0).contains(&share) => {
                return failed(format!("progress is {share}"));
            }
            Seen::Progress(share) if share < last => {
                return failed(format!("progress falls from {last} to {share}"));
            }
            Seen::Progress(share) => (last, n_told) = (share, n_told + 1),
        }
    }
    match n_told {
        0 => skipped("it reports no progress"),
        _ => Ok(Outcome::Success),
    }
}

/// Provokes failures of every kind that can be provoked, and counts what is said of each.
pub fn says_why_once(subject: &Subject) -> Verdict {
    let (diary, cancelled) = (Diary::default(), Arc::default());
    let context = diary.context(&cancelled);
    let unknown = with_unknown(subject);
    for garbage in GARBAGE.iter().copied().chain([unknown.as_str()]) {
        // What create says to it is another check's.
        let _ = create_raw(&subject.plugin, garbage, &context);
    }
    // An encoder may want a model that nobody named.
    if let Ok(worker) = Worker::new(subject, context) {
        provoke(&worker, subject, &cancelled);
    }
    for seen in diary.seen() {
        let Seen::Returned {
            what,
            status,
            n_fails,
        } = seen
        else {
            continue;
        };
        match (status, n_fails) {
            (status::OK, 0) => {}
            (status::OK, _) => return failed(format!("{what} calls `fail` and returns OK")),
            (_, 1) => {}
            (status, n) => {
                let name = status::name(status);
                return failed(format!(
                    "{what} returns {name} and has called `fail` {n} times"
                ));
            }
        }
    }
    Ok(Outcome::Success)
}

/// Results do not matter here: the diary has what was said.
fn provoke(worker: &Worker, subject: &Subject, cancelled: &AtomicBool) {
    let mut work = Work::new(subject, "why", 30, 5);
    let _ = worker.work(&work);
    if let Worker::Regressor(regressor, alpha) = worker {
        use ocean_loader::StudyRegressor;
        let _ = regressor.predict_model(b"garbage", &work.x);
        let _ = regressor.saved(&work.x, &work.y, *alpha);
        work.y.iter_mut().for_each(|value| *value *= 1e300);
        let _ = worker.work(&work);
    }
    cancelled.store(true, Ordering::Relaxed);
    let _ = worker.work(&work);
}
