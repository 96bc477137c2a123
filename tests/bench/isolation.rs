//! What a process of its own costs a plugin: starting it, and each call, measured apart.
//!
//! `cargo bench -p ocean-tests --bench isolation` asks the bundled `ridge` for the same work here
//! and in a worker, and prints one line of JSON a step: the median of each in microseconds. A
//! design has 283 training rows, 71 held-out rows and 96 columns, as the quickstart's.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, TrainingSet};
use ocean_engine::seed::Seed;
use ocean_host::read::config::Isolation;
use ocean_loader::{
    CallContext, Kind, Library, Limits, Prober, RegressorOptions, SearchPath, StudyRegressor, probe,
};
use ocean_tests::workspace;
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

const N: usize = 283;
const N_NEW: usize = 71;
const P: usize = 96;
/// Columns of one advance: a single target, and a block of permutations.
const COLUMNS: [usize; 2] = [1, 64];

fn main() -> Result<(), Failure> {
    let found = SearchPath::of(&workspace::built().host).find("ridge", Path::new("."))?;
    let probing = median(21, || Ok(probe(&prober(), &found.path)?))?;
    println!("{}", json!({"step": "probe in a child", "us": probing}));
    let [here, apart] = [Isolation::InProcess, Isolation::Process]
        .map(|isolation| Measured::of(isolation).map_err(|e| format!("{isolation:?}: {e}")));
    let (here, apart) = (here?, apart?);
    tell("load and create", here.start, apart.start);
    tell("prepare", here.prepare, apart.prepare);
    for (at, n_columns) in COLUMNS.into_iter().enumerate() {
        let step = |what| format!("{what}, {n_columns} columns");
        tell(&step("begin"), here.begin[at], apart.begin[at]);
        tell(&step("advance"), here.advance[at], apart.advance[at]);
    }
    Ok(())
}

fn tell(step: &str, here: f64, apart: f64) {
    let more = ((apart - here) * 10.0).round() / 10.0;
    println!(
        "{}",
        json!({"step": step, "here_us": here, "apart_us": apart, "more_us": more})
    );
}

fn prober() -> Prober {
    Prober::new(&workspace::built().host)
}

/// Microseconds of each step.
struct Measured {
    start: f64,
    prepare: f64,
    begin: [f64; 2],
    advance: [f64; 2],
}

impl Measured {
    fn of(isolation: Isolation) -> Result<Self, Failure> {
        let start = median(21, || regressor(isolation))?;
        let regressor = regressor(isolation)?;
        let mut noise = Seed(1).stream("benchmark", 0);
        let [x, x_new, y] = [(N, P), (N_NEW, P), (N, COLUMNS[1])]
            .map(|(rows, columns)| DMatrix::from_fn(rows, columns, |_, _| noise.normal()));
        let prepare = median(101, || {
            Ok(regressor
                .prepare(TrainingSet::Rows {
                    x: &x,
                    x_new: &x_new,
                })
                .map(drop)?)
        })?;
        let prepared = regressor.prepare(TrainingSet::Rows {
            x: &x,
            x_new: &x_new,
        })?;
        let mut measured = Self {
            start,
            prepare,
            begin: [0.0; 2],
            advance: [0.0; 2],
        };
        for (at, n_columns) in COLUMNS.into_iter().enumerate() {
            let y = y.columns(0, n_columns).into_owned();
            let alphas = DMatrix::from_fn(30, n_columns, |row, _| 1000.0 / (1 + row) as f64);
            measured.begin[at] = median(1001, || Ok(prepared.begin(0, &y, &[], &alphas)?))?;
            let mut path = prepared.begin(0, &y, &[], &alphas)?;
            let columns: Vec<u32> = (0..n_columns as u32).collect();
            let steps = vec![10; n_columns];
            let mut y_hat = vec![0.0; N_NEW * n_columns];
            let mut info = vec![FitInfo::default(); n_columns];
            measured.advance[at] = median(10_001, || {
                Ok(path.advance(&columns, &steps, &mut y_hat, &mut info)?)
            })?;
        }
        Ok(measured)
    }
}

/// A library that has opened nothing yet, so that opening is part of it. The probe is measured by
/// itself.
fn regressor(isolation: Isolation) -> Result<Box<dyn StudyRegressor>, Failure> {
    let search = SearchPath::of(&workspace::built().host);
    let library = Library::new(search, prober(), CallContext::silent());
    let plugin = library.load("ridge", Path::new("/"), Kind::Regressor, Some(isolation))?;
    let limits = Limits {
        time: Duration::from_secs(60),
        memory: None,
    };
    let options = RegressorOptions::default();
    Ok(library.regressor(plugin, options, CallContext::silent(), limits)?)
}

fn median<T>(rounds: usize, mut work: impl FnMut() -> Result<T, Failure>) -> Result<f64, Failure> {
    let mut all = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        let made = work()?;
        all.push(start.elapsed());
        drop(made);
    }
    all.sort_unstable();
    Ok((all[rounds / 2].as_secs_f64() * 1e7).round() / 10.0)
}
