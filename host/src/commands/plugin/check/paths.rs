//! Checks of the interfaces that a study drives: path, batch, errors and moments say what single fits say,
//! walks may jump, grids fall.

use nalgebra::{DMatrix, DVectorView};
use ocean_engine::regressor::{FitInfo, Path, Prepared, Regressor, RegressorError, TrainingSet};
use ocean_loader::PluginRegressor;
use ocean_plugin_abi::id;

use super::models::{SAME, fit, is_sparse};
use super::result::{Outcome, Verdict, failed, skipped};
use super::subject::{Subject, apart, same_bits};

/// Rows of the grids that are walked here.
const N_ALPHAS: usize = 6;

fn of_engine(error: RegressorError) -> Outcome {
    Outcome::Failed(error.to_string())
}

fn offers(subject: &Subject, interface: &str) -> Result<(), Outcome> {
    match subject.plugin.offers(interface) {
        true => Ok(()),
        false => skipped(format!("it does not offer `{interface}`")),
    }
}

fn wants(subject: &Subject, interface: &str) -> Result<(), Outcome> {
    offers(subject, interface)?;
    if subject.plugin.descriptor.alpha().is_none() {
        return skipped("it has no penalty");
    }
    Ok(())
}

/// X, and two targets: y, and its rows in the other order.
fn data(subject: &Subject) -> (DMatrix<f64>, DMatrix<f64>) {
    let (x, y) = subject.data("path", 40, 8);
    let reversed = y.iter().rev().copied();
    let both: Vec<f64> = y.iter().copied().chain(reversed).collect();
    (x, DMatrix::from_column_slice(40, 2, &both))
}

/// From strong to weak. Of a sparse model the first is empty by the host's definition. Without a
/// penalty: the one NaN that the host passes.
fn alphas(subject: &Subject) -> Vec<f64> {
    if subject.plugin.descriptor.alpha().is_none() {
        return vec![f64::NAN];
    }
    let first = if is_sparse(subject) { 40.0 } else { 100.0 };
    (0..N_ALPHAS as i32)
        .map(|step| first / 4f64.powi(step))
        .collect()
}

/// The rows of `x`, which are also those to predict.
fn rows(x: &DMatrix<f64>) -> TrainingSet<'_> {
    TrainingSet::Rows { x, x_new: x }
}

/// A walk, and the sizes of what it gives.
struct Walk<'p> {
    path: Box<dyn Path + 'p>,
    n_out: usize,
}

impl<'p> Walk<'p> {
    fn begin(
        prepared: &'p (dyn Prepared + 'p),
        n_out: usize,
        y: &DMatrix<f64>,
        alphas: &[f64],
    ) -> Result<Self, Outcome> {
        Self::begin_moments(prepared, n_out, (y, &[]), alphas)
    }

    /// The same, for Xᵀy/n and yᵀy/n in place of y.
    fn begin_moments(
        prepared: &'p (dyn Prepared + 'p),
        n_out: usize,
        (y, y_sq): (&DMatrix<f64>, &[f64]),
        alphas: &[f64],
    ) -> Result<Self, Outcome> {
        let alphas = DMatrix::from_fn(alphas.len(), y.ncols(), |row, _| alphas[row]);
        let path = prepared.begin(0, y, y_sq, &alphas).map_err(of_engine)?;
        Ok(Self { path, n_out })
    }

    /// What the columns get at a step, one behind the other.
    fn at(&mut self, columns: &[u32], step: usize) -> Result<Vec<f64>, Outcome> {
        let n = columns.len();
        let mut out = vec![0.0; n * self.n_out];
        let mut info = vec![FitInfo::default(); n];
        self.path
            .advance(columns, &vec![step as u32; n], &mut out, &mut info)
            .map_err(of_engine)?;
        Ok(out)
    }
}

/// Every step of a walk along `prepared` predicts what a fit predicts.
fn same_as_fits(
    subject: &Subject,
    regressor: &PluginRegressor,
    prepared: &dyn Prepared,
) -> Verdict {
    let (x, y) = data(subject);
    let alphas = alphas(subject);
    // What the walk began with is gone: it copies what it keeps.
    let mut begun_with = y.clone();
    let mut walk = Walk::begin(prepared, x.nrows(), &begun_with, &alphas)?;
    begun_with.fill(f64::NAN);
    for (step, &alpha) in alphas.iter().enumerate() {
        let of_path = walk.at(&[0, 1], step)?;
        if step == 0 && is_sparse(subject) {
            continue;
        }
        for (target, found) in y.column_iter().zip(of_path.chunks(x.nrows())) {
            let expected = fit(regressor, &x, target.as_slice(), alpha)?;
            let apart = apart(&expected, found);
            if apart > SAME {
                let at = match alpha.is_nan() {
                    true => String::new(),
                    false => format!("at alpha = {alpha} "),
                };
                return failed(format!("{at}predictions are apart by {apart:.1e}"));
            }
        }
    }
    Ok(Outcome::Success)
}

pub fn path_is_fits(subject: &Subject) -> Verdict {
    wants(subject, id::PATH)?;
    let (x, _) = data(subject);
    let regressor = subject.regressor()?;
    let prepared = regressor.prepare(rows(&x)).map_err(of_engine)?;
    same_as_fits(subject, &regressor, &*prepared)
}

pub fn batch_is_fits(subject: &Subject) -> Verdict {
    offers(subject, id::BATCH)?;
    let (x, _) = data(subject);
    let regressor = subject.regressor()?;
    match regressor.prepare_batch(&x, &x) {
        Some(prepared) => {
            let prepared = prepared.map_err(of_engine)?;
            same_as_fits(subject, &regressor, &*prepared)
        }
        None => skipped(format!("it does not offer `{}`", id::BATCH)),
    }
}

/// Predictions of both targets by every interface that a study drives, step by step.
pub fn every_way(
    subject: &Subject,
    x: &DMatrix<f64>,
    y: &DMatrix<f64>,
) -> Result<Vec<f64>, Outcome> {
    let (regressor, alphas) = (subject.regressor()?, alphas(subject));
    let mut all = Vec::new();
    let mut walk = |prepared: &dyn Prepared, n_out, of: (&DMatrix<f64>, &[f64])| {
        let mut walk = Walk::begin_moments(prepared, n_out, of, &alphas)?;
        for step in 0..alphas.len() {
            all.extend(walk.at(&[0, 1], step)?);
        }
        Ok(())
    };
    if wants(subject, id::PATH).is_ok() {
        let prepared = regressor.prepare(rows(x)).map_err(of_engine)?;
        walk(&*prepared, x.nrows(), (y, &[]))?;
    }
    if let Some(prepared) = regressor.prepare_batch(x, x) {
        walk(&*prepared.map_err(of_engine)?, x.nrows(), (y, &[]))?;
    }
    if wants(subject, id::MOMENTS).is_ok() {
        let moments = Moments::of(x, y);
        let prepared = regressor.prepare(moments.training()).map_err(of_engine)?;
        walk(&*prepared, x.ncols(), (&moments.xty, &moments.y_sq))?;
    }
    for target in y.column_iter() {
        all.extend(fit(&regressor, x, target.as_slice(), subject.alpha())?);
    }
    Ok(all)
}

/// A walk that leaves rows out, and a column that comes back, against walks along every row.
pub fn path_may_jump(subject: &Subject) -> Verdict {
    wants(subject, id::PATH)?;
    let ((x, y), alphas) = (data(subject), alphas(subject));
    let regressor = subject.regressor()?;
    let prepared = regressor.prepare(rows(&x)).map_err(of_engine)?;
    let begin = || Walk::begin(&*prepared, x.nrows(), &y, &alphas);
    let mut every = begin()?;
    let every = (0..N_ALPHAS).map(|step| every.at(&[0, 1], step));
    let every = every.collect::<Result<Vec<_>, _>>()?;
    let jumps = || -> Result<[Vec<f64>; 3], Outcome> {
        let mut walk = begin()?;
        // Column 1 is not named at step 3, and comes back at 4.
        Ok([walk.at(&[1, 0], 1)?, walk.at(&[0], 3)?, walk.at(&[1], 4)?])
    };
    let [at_1, at_3, at_4] = jumps()?;
    if !jumps()?
        .iter()
        .zip([&at_1, &at_3, &at_4])
        .all(|(again, first)| same_bits(again, first))
    {
        return failed("the same calls, made again, give other bits");
    }
    let n = x.nrows();
    for (found, expected, what) in [
        (&at_1[n..], &every[1][..n], "column 0 at step 1"),
        (&at_1[..n], &every[1][n..], "column 1 at step 1"),
        (&at_3[..], &every[3][..n], "column 0 at step 3"),
        (&at_4[..], &every[4][n..], "column 1 at step 4"),
    ] {
        let apart = apart(expected, found);
        if apart > SAME {
            return failed(format!(
                "{what}, after a jump, is apart from the walk along every row by {apart:.1e}"
            ));
        }
    }
    Ok(Outcome::Success)
}

/// The plugin's own grid: the host refuses one that does not fall.
pub fn grid_falls(subject: &Subject) -> Verdict {
    wants(subject, id::PATH)?;
    let (x, y) = data(subject);
    let regressor = subject.regressor()?;
    let prepared = regressor.prepare(rows(&x)).map_err(of_engine)?;
    let grid = |y: &DMatrix<f64>| {
        let mut alphas = DMatrix::zeros(regressor.n_alphas(), y.ncols());
        prepared.grid(0, y, &mut alphas).map_err(of_engine)?;
        Ok(alphas)
    };
    let both = grid(&y)?;
    if !same_bits(both.as_slice(), grid(&y)?.as_slice()) {
        return failed("asked again, its grid is another");
    }
    let alone = grid(&y.columns(1, 1).into_owned())?;
    let apart = apart(both.column(1).as_slice(), alone.as_slice());
    if apart > SAME {
        return failed(format!(
            "the grid of a target alone differs from that among others by {apart:.1e}"
        ));
    }
    if !is_sparse(subject) {
        return Ok(Outcome::Success);
    }
    let mut walk = Walk::begin(&*prepared, x.nrows(), &y, both.column(0).as_slice())?;
    // As good as empty will do here; `empty-at-alpha-max` looks at the coefficients.
    let largest = y.column(0).amax();
    let is_empty = |value: &f64| value.abs() <= SAME * largest;
    match walk.at(&[0], 0)?.iter().all(is_empty) {
        true => Ok(Outcome::Success),
        false => failed("row 0 of its grid does not give the empty model"),
    }
}

/// Targets whose errors are asked for: interfaces that are quick for many may refuse a few.
const N_TARGETS: usize = 40;

pub fn errors_are_predictions(subject: &Subject) -> Verdict {
    wants(subject, id::ERRORS)?;
    let (x, y) = subject.data("path", 40, 8);
    let n = x.nrows();
    let y = DMatrix::from_fn(n, N_TARGETS, |row, target| y[(row + target) % n]);
    let regressor = subject.regressor()?;
    let prepared = regressor.prepare(rows(&x)).map_err(of_engine)?;
    let alphas = alphas(subject);
    let mut walk = Walk::begin(&*prepared, n, &y, &alphas)?;
    let ends = [n / 4, n];
    let Some(errors) = walk.path.errors(&y, &ends).map_err(of_engine)? else {
        return skipped(format!("it refers {N_TARGETS} targets to its predictions"));
    };
    let every: Vec<u32> = (0..N_TARGETS as u32).collect();
    for (step, alpha) in alphas.iter().enumerate() {
        let y_hat = walk.at(&every, step)?;
        for (target, y_hat) in y_hat.chunks(n).enumerate() {
            let squares = (0..n).map(|row| (y[(row, target)] - y_hat[row]).powi(2));
            let squares: Vec<f64> = squares.collect();
            let ranges = [&squares[..ends[0]], &squares[ends[0]..]];
            for (range, squares) in ranges.iter().enumerate() {
                let at = (step * ends.len() + range, target);
                let (found, expected) = (errors.sse[at], squares.iter().sum::<f64>());
                // Two ways to add the same squares up.
                let rounding = 1e-12 * expected;
                if (found - expected).abs() > errors.bound[at] + rounding {
                    return failed(format!(
                        "at alpha = {alpha} the error of target {target} is {found}, of its predictions {expected}, the bound {}",
                        errors.bound[at]
                    ));
                }
            }
        }
    }
    Ok(Outcome::Success)
}

/// XᵀX/n and, for each target, Xᵀy/n and yᵀy/n.
struct Moments {
    gram: DMatrix<f64>,
    xty: DMatrix<f64>,
    y_sq: Vec<f64>,
    n_samples: usize,
}

impl Moments {
    fn of(x: &DMatrix<f64>, y: &DMatrix<f64>) -> Self {
        let n = x.nrows() as f64;
        Self {
            gram: x.tr_mul(x) / n,
            xty: x.tr_mul(y) / n,
            y_sq: y.column_iter().map(|y| y.norm_squared() / n).collect(),
            n_samples: x.nrows(),
        }
    }

    fn training(&self) -> TrainingSet<'_> {
        TrainingSet::Moments {
            gram: &self.gram,
            n_samples: self.n_samples,
        }
    }
}

pub fn moments_are_rows(subject: &Subject) -> Verdict {
    wants(subject, id::MOMENTS)?;
    let (x, y) = data(subject);
    let regressor = subject.regressor()?;
    let moments = Moments::of(&x, &y);
    let prepared = regressor.prepare(moments.training()).map_err(of_engine)?;
    let (alphas, n_out) = (alphas(subject), x.ncols());
    let of = (&moments.xty, moments.y_sq.as_slice());
    let mut walk = Walk::begin_moments(&*prepared, n_out, of, &alphas)?;
    for (step, &alpha) in alphas.iter().enumerate() {
        let coefficients = walk.at(&[0, 1], step)?;
        for (target, w) in y.column_iter().zip(coefficients.chunks(n_out)) {
            let expected = fit(&regressor, &x, target.as_slice(), alpha)?;
            let found = &x * DVectorView::from_slice(w, n_out);
            let apart = apart(&expected, found.as_slice());
            if apart > SAME {
                return failed(format!(
                    "at alpha = {alpha}, predictions from moments are apart by {apart:.1e}"
                ));
            }
        }
    }
    same_grid(&regressor, (&x, &y), &*prepared, &moments)
}

/// The grid from moments is the grid from rows.
fn same_grid(
    regressor: &PluginRegressor,
    (x, y): (&DMatrix<f64>, &DMatrix<f64>),
    prepared: &dyn Prepared,
    moments: &Moments,
) -> Verdict {
    let of_rows = regressor.prepare(rows(x)).map_err(of_engine)?;
    let mut expected = DMatrix::zeros(regressor.n_alphas(), y.ncols());
    let mut found = expected.clone();
    if of_rows.grid(0, y, &mut expected).is_err() {
        return skipped("the grid from rows is refused: see grid-falls");
    }
    prepared
        .grid(0, &moments.xty, &mut found)
        .map_err(of_engine)?;
    let apart = apart(expected.as_slice(), found.as_slice());
    if apart > SAME {
        return failed(format!(
            "the grid from moments is apart from that from rows by {apart:.1e}"
        ));
    }
    Ok(Outcome::Success)
}
