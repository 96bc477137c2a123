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
use ocean_engine::regressor::{FitInfo, Path, Prepared, Regressor, RegressorError};
use ocean_engine::seed::Seed;
use ocean_linear::{Columns, LinearError, RidgeDesign, RidgePath};
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
    let nested = NestedCv::prepare(&designs, &Ridge, Tuning { patience: None })?;
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

/// `ocean-linear` behind the engine's traits, as the ridge plugin puts it behind the ABI's.
struct Ridge;

struct Walk(RidgePath);

impl Regressor for Ridge {
    fn n_alphas(&self) -> usize {
        30
    }

    fn prepare<'a>(
        &'a self,
        x: &'a DMatrix<f64>,
        x_new: &'a DMatrix<f64>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        let design = RidgeDesign::prepare(columns(x)?, columns(x_new)?).map_err(refusal)?;
        Ok(Box::new(Factorised(design)))
    }
}

struct Factorised(RidgeDesign);

impl Prepared for Factorised {
    fn grid(
        &self,
        _: usize,
        _: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        let grid = self.0.grid(alphas.nrows()).map_err(refusal)?;
        alphas
            .column_iter_mut()
            .for_each(|mut column| column.copy_from_slice(&grid));
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        _: usize,
        y: &DMatrix<f64>,
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        let path = self
            .0
            .begin(columns(y)?, columns(alphas)?)
            .map_err(refusal)?;
        Ok(Box::new(Walk(path)))
    }
}

impl Path for Walk {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        y_hat: &mut [f64],
        _: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        self.0.advance(columns, steps, y_hat).map_err(refusal)
    }
}

fn columns(matrix: &DMatrix<f64>) -> Result<Columns<'_>, RegressorError> {
    Columns::new(matrix.as_slice(), matrix.nrows(), matrix.ncols()).map_err(refusal)
}

fn refusal(error: LinearError) -> RegressorError {
    RegressorError {
        status: 7,
        message: error.to_string(),
    }
}
