//! The engine with the bundled regressors, through the plugin ABI as in a study, timed on matrices
//! from files: what `tests/bench/*.py` compare with other software.
//!
//! `cargo bench -p ocean-tests --bench nested -- DIR N P T [THREADS [MODEL]]` reads `DIR/x.f64` (N
//! × P) and `DIR/y.f64` (N × T), both column by column in little-endian f64, runs one nested
//! cross-validation of every column of y (5 folds) and prints one line of JSON. MODEL is `ridge`
//! (30 penalties, the default), `lasso` or `elastic-net` (50 penalties, the latter for each
//! l1_ratio of 0.9, 0.5, 0.1; patience 5), or one of these two with `-whole` behind it (paths not
//! stopped early). MODEL `path-RATIO`: no cross-validation, but one path of 50 penalties a target
//! on x as it is, at that l1_ratio. Without arguments it makes numbers of its own.

use std::error::Error;
use std::path::Path as FilePath;
use std::time::Instant;

use nalgebra::DMatrix;
use ocean_engine::blocks::BLOCK_COLUMNS;
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::evaluate::r2_of_columns;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::nested::{NestedCv, Tuning};
use ocean_engine::seed::Seed;
use ocean_linear::{Columns, LassoDesign, LassoFit, LassoOptions};
use ocean_loader::{
    CallContext, Kind, Library, PluginRegressor, Prober, RegressorOptions, SearchPath,
};
use ocean_tests::workspace;
use serde_json::{Map, json};

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
        .install(|| match arguments.get(5).map_or("ridge", String::as_str) {
            model if model.starts_with("path-") => {
                whole_paths(&x, &y, model["path-".len()..].parse()?)
            }
            model => run(&x, &y, model),
        })
}

/// The seconds of a path of 50 penalties, design included as often as peers make it (once a
/// target), and the worst duality gap of the last one.
fn whole_paths(x: &DMatrix<f64>, y: &DMatrix<f64>, l1_ratio: f64) -> Result<(), Failure> {
    let options = LassoOptions {
        l1_ratio,
        ..LassoOptions::default()
    };
    let identity = DMatrix::identity(x.ncols(), x.ncols());
    let (mut alphas, mut gap) = (vec![0.0; 50], 0.0_f64);
    let mut coef = vec![0.0; x.ncols()];
    let start = Instant::now();
    for y in y.column_iter() {
        let design = LassoDesign::prepare(columns(x)?, columns(&identity)?)?;
        let y = Columns::new(y.as_slice(), x.nrows(), 1)?;
        design.grid(y, 1e-3, options, &mut alphas)?;
        let mut path = design.begin(y, Columns::new(&alphas, 50, 1)?, options)?;
        gap = 0.0;
        for step in 0..50 {
            let mut fit = [LassoFit::EMPTY];
            path.advance(&[0], &[step], &mut coef, &mut fit)?;
            gap = gap.max(fit[0].gap);
        }
    }
    let seconds = start.elapsed().as_secs_f64() / y.ncols() as f64;
    println!("{}", json!({ "seconds": seconds, "gap": gap }));
    Ok(())
}

/// The bundled plugin of that name as a study loads it, and the steps after which its paths stop.
fn regressor(model: &str) -> Result<(PluginRegressor, Option<usize>), Failure> {
    let (name, patience) = match model.strip_suffix("-whole") {
        Some(name) => (name, None),
        None => (model, Some(5)),
    };
    let host = &workspace::built().host;
    let library = Library::new(
        SearchPath::of(host),
        Prober::new(host),
        CallContext::silent(),
    );
    let plugin = library.load(name, FilePath::new("/"), Kind::Regressor, None)?;
    let ratio = |l1_ratio: f64| Map::from_iter([("l1_ratio".to_owned(), l1_ratio.into())]);
    let options = RegressorOptions {
        variants: match name {
            "elastic-net" => [0.9, 0.5, 0.1].map(ratio).to_vec(),
            _ => vec![Map::new()],
        },
        ..RegressorOptions::default()
    };
    let regressor = PluginRegressor::new(plugin, options, CallContext::silent())?;
    Ok((regressor, patience.filter(|_| name != "ridge")))
}

fn run(x: &DMatrix<f64>, y: &DMatrix<f64>, model: &str) -> Result<(), Failure> {
    let (regressor, patience) = regressor(model)?;
    let tuning = Tuning {
        patience,
        ..Tuning::PLAIN
    };
    let start = Instant::now();
    let groups = Groups::singletons(x.nrows());
    let folds = Folds::split(&groups, N_FOLDS, 1, Seed(0))?;
    let layout = Layout {
        x,
        folds: &folds,
        groups: &groups,
        inner: InnerFolds::Outer,
        seed: Seed(0),
        weights: None,
        covariates: None,
    };
    let rows: Vec<usize> = (0..x.nrows()).collect();
    let designs = FoldDesigns::build_for(&layout, &rows, 0, &[(&regressor, tuning)])?;
    let nested = NestedCv::prepare(&designs, &regressor, tuning)?;
    let prepared = start.elapsed().as_secs_f64();
    let r2 = r2_of_columns(&nested, y, BLOCK_COLUMNS)?;
    let total = start.elapsed().as_secs_f64();
    let line = json!({
        "columns": y.ncols(),
        "threads": rayon::current_num_threads(),
        "prepare_s": prepared,
        "total_s": total,
        "peak_mb": peak_mb(),
        "r2": r2,
    });
    println!("{line}");
    Ok(())
}

/// The most memory that was held at once, where Linux tells.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kb: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1024)
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

fn columns(matrix: &DMatrix<f64>) -> Result<Columns<'_>, Failure> {
    Ok(Columns::new(
        matrix.as_slice(),
        matrix.nrows(),
        matrix.ncols(),
    )?)
}
