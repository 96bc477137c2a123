//! The engine with the bundled ridge's arithmetic, timed on matrices from files: what `tests/bench/ridge.py` compares with other software.
//!
//! `cargo bench -p ocean-tests --bench nested -- DIR N P T [THREADS]` reads `DIR/x.f64` (N × P) and `DIR/y.f64` (N × T), both column by column in
//! little-endian f64, runs one nested cross-validation of every column of y (5 folds, 30 penalties) and prints one line of JSON. Without arguments
//! it makes numbers of its own.

use std::error::Error;
use std::path::Path as FilePath;
use std::time::Instant;

use nalgebra::DMatrix;
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::evaluate::r2_of_columns;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::nested::{NestedCv, Tuning};
use ocean_engine::seed::Seed;
use ocean_tests::ridge::PluginRidge;
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

const N_FOLDS: usize = 5;

fn main() -> Result<(), Failure> {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let size =
        |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (n, p, t, threads) = (size(1, 200)?, size(2, 50)?, size(3, 640)?, size(4, 2)?);
    let (x, y) = match arguments.first() {
        Some(folder) => {
            let folder = FilePath::new(folder);
            (
                read(&folder.join("x.f64"), n, p)?,
                read(&folder.join("y.f64"), n, t)?,
            )
        }
        None => {
            let mut noise = Seed(1).stream("benchmark", 0);
            (
                DMatrix::from_fn(n, p, |_, _| noise.normal()),
                DMatrix::from_fn(n, t, |_, _| noise.normal()),
            )
        }
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?
        .install(|| run(&x, &y))
}

fn run(x: &DMatrix<f64>, y: &DMatrix<f64>) -> Result<(), Failure> {
    let start = Instant::now();
    let groups = Groups::singletons(x.nrows());
    let folds = Folds::split(&groups, N_FOLDS, 1, Seed(0))?;
    let layout = Layout {
        x,
        folds: &folds,
        groups: &groups,
        inner: InnerFolds::Outer,
        seed: Seed(0),
    };
    let rows: Vec<usize> = (0..x.nrows()).collect();
    let designs = FoldDesigns::build(&layout, &rows, 0)?;
    let nested = NestedCv::prepare(&designs, &PluginRidge, Tuning::PLAIN)?;
    let prepared = start.elapsed().as_secs_f64();
    let r2 = r2_of_columns(&nested, y)?;
    let total = start.elapsed().as_secs_f64();
    let line = json!({
        "columns": y.ncols(),
        "threads": rayon::current_num_threads(),
        "prepare_s": prepared,
        "total_s": total,
        "r2": r2,
    });
    println!("{line}");
    Ok(())
}

fn read(path: &FilePath, n_rows: usize, n_columns: usize) -> Result<DMatrix<f64>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if bytes.len() != n_rows * n_columns * 8 {
        return Err(format!(
            "{}: {} bytes, expected {n_rows} × {n_columns} × 8",
            path.display(),
            bytes.len()
        )
        .into());
    }
    let values = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes));
    Ok(DMatrix::from_iterator(n_rows, n_columns, values))
}
