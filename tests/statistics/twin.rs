//! The slow, obvious nested cross-validation: STATISTICS §1 as nested loops, one linear system per
//! penalty, nothing shared, nothing in blocks.
//!
//! Shares no code with the engine or the plugins: another scaling, another solver (Cholesky of XᵀX
//! + αI), eigenvalues from singular values, folds and permutations walked by hand.

use nalgebra::{DMatrix, DVector};

/// One target in one repeat; `y_hat` and `y_bar` are NaN where y is missing.
#[derive(Debug)]
pub struct TwinAnswer {
    pub steps: Vec<usize>,
    pub y_hat: Vec<f64>,
    pub y_bar: Vec<f64>,
    pub r2: f64,
}

/// Nested ridge of one target beside covariates: in every training set Z and the intercept are
/// taken out of y and of every column of X by the normal equations, and `y_bar` is what they
/// predict alone.
pub fn nested_ridge_beside(
    x: &DMatrix<f64>,
    y: &[f64],
    z: &DMatrix<f64>,
    fold_of: &[usize],
) -> TwinAnswer {
    nested(x, y, fold_of, &|train, held_out| {
        let (x_left, _) = taken_out(x, z, train);
        let y_column = DMatrix::from_column_slice(y.len(), 1, y);
        let (y_left, explained) = taken_out(&y_column, z, train);
        let mut path = predict_path(&x_left, y_left.as_slice(), train, held_out, None);
        for predictions in &mut path {
            for (prediction, &row) in predictions.iter_mut().zip(held_out) {
                *prediction += explained[(row, 0)];
            }
        }
        (
            path,
            held_out.iter().map(|&row| explained[(row, 0)]).collect(),
        )
    })
}

/// What Z and the intercept leave of each column, in all rows, and what they predict; coefficients
/// from the rows `train`.
fn taken_out(
    columns: &DMatrix<f64>,
    z: &DMatrix<f64>,
    train: &[usize],
) -> (DMatrix<f64>, DMatrix<f64>) {
    let z = z.clone().insert_column(0, 1.0);
    let z_train = z.select_rows(train);
    let system = z_train.transpose() * &z_train;
    let coefficients = system
        .lu()
        .solve(&(z_train.transpose() * columns.select_rows(train)))
        .unwrap();
    let explained = z * coefficients;
    (columns - &explained, explained)
}

/// Residuals of one target on Z and the intercept, over the rows where it is there.
pub fn residuals(y: &[f64], z: &DMatrix<f64>) -> Vec<f64> {
    let rows: Vec<usize> = (0..y.len()).filter(|&row| !y[row].is_nan()).collect();
    taken_out(&DMatrix::from_column_slice(y.len(), 1, y), z, &rows)
        .0
        .as_slice()
        .to_vec()
}

/// Nested ridge of one target. `alphas`: an absolute grid, strongest first; `None`: 30 penalties by
/// degrees of freedom, in every training set.
pub fn nested_ridge(
    x: &DMatrix<f64>,
    y: &[f64],
    fold_of: &[usize],
    alphas: Option<&[f64]>,
) -> TwinAnswer {
    nested(x, y, fold_of, &|train, held_out| {
        let path = predict_path(x, y, train, held_out, alphas);
        let y_bar = mean(train.iter().map(|&row| y[row]));
        (path, vec![y_bar; held_out.len()])
    })
}

/// Predictions of held-out rows from training rows: one list a penalty, strongest first, and those
/// that know nothing of X.
type Predict<'a> = &'a dyn Fn(&[usize], &[usize]) -> (Vec<Vec<f64>>, Vec<f64>);

fn nested(x: &DMatrix<f64>, y: &[f64], fold_of: &[usize], predict: Predict) -> TwinAnswer {
    assert_eq!(x.nrows(), y.len());
    let n_folds = 1 + *fold_of.iter().max().unwrap();
    let rows_where = |keep: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..y.len())
            .filter(|&row| !y[row].is_nan() && keep(fold_of[row]))
            .collect()
    };
    let (mut y_hat, mut y_bar) = (vec![f64::NAN; y.len()], vec![f64::NAN; y.len()]);
    let mut steps = Vec::new();
    for i in 0..n_folds {
        let mut errors: Vec<f64> = Vec::new();
        for j in (0..n_folds).filter(|&j| j != i) {
            let train = rows_where(&|fold| fold != i && fold != j);
            let held_out = rows_where(&|fold| fold == j);
            let (path, _) = predict(&train, &held_out);
            errors.resize(path.len(), 0.0);
            for (error, predictions) in errors.iter_mut().zip(&path) {
                *error += held_out
                    .iter()
                    .zip(predictions)
                    .map(|(&row, prediction)| (y[row] - prediction).powi(2))
                    .sum::<f64>();
            }
        }
        let least = errors.iter().copied().fold(f64::INFINITY, f64::min);
        let step = errors
            .iter()
            .position(|&error| error <= least * (1.0 + 1e-12))
            .unwrap();
        let train = rows_where(&|fold| fold != i);
        let held_out = rows_where(&|fold| fold == i);
        let (path, without_x) = predict(&train, &held_out);
        for (at, &row) in held_out.iter().enumerate() {
            y_hat[row] = path[step][at];
            y_bar[row] = without_x[at];
        }
        steps.push(step);
    }
    let r2 = r2(y, &y_hat, &y_bar);
    TwinAnswer {
        steps,
        y_hat,
        y_bar,
        r2,
    }
}

/// 1 − Σ(y−ŷ)²/Σ(y−ȳ)² over the rows where y is there.
pub fn r2(y: &[f64], y_hat: &[f64], y_bar: &[f64]) -> f64 {
    let (mut residual, mut total) = (0.0, 0.0);
    for row in (0..y.len()).filter(|&row| !y[row].is_nan()) {
        residual += (y[row] - y_hat[row]).powi(2);
        total += (y[row] - y_bar[row]).powi(2);
    }
    1.0 - residual / total
}

/// The target that permutation `source` makes: each cycle of it loses its missing rows, then every
/// row takes the value of the next row of its cycle.
pub fn permuted_target(y: &[f64], source: &[usize]) -> Vec<f64> {
    let mut moved = vec![f64::NAN; y.len()];
    let mut is_done = vec![false; y.len()];
    for start in 0..y.len() {
        let mut cycle = Vec::new();
        let mut row = start;
        while !is_done[row] {
            is_done[row] = true;
            if !y[row].is_nan() {
                cycle.push(row);
            }
            row = source[row];
        }
        for (at, &row) in cycle.iter().enumerate() {
            moved[row] = y[cycle[(at + 1) % cycle.len()]];
        }
    }
    moved
}

/// Predictions of the held-out rows, one list a penalty, strongest penalty first.
fn predict_path(
    x: &DMatrix<f64>,
    y: &[f64],
    train: &[usize],
    held_out: &[usize],
    alphas: Option<&[f64]>,
) -> Vec<Vec<f64>> {
    let y_mean = mean(train.iter().map(|&row| y[row]));
    let y_train = DVector::from_iterator(train.len(), train.iter().map(|&row| y[row] - y_mean));
    let scaled = scale(x, train);
    let x_train = scaled.select_rows(train);
    let x_new = scaled.select_rows(held_out);
    let alphas = alphas.map_or_else(
        || penalties_by_degrees_of_freedom(&x_train),
        <[f64]>::to_vec,
    );
    let fit = |&alpha: &f64| -> Vec<f64> {
        let system =
            x_train.transpose() * &x_train + DMatrix::identity(x.ncols(), x.ncols()) * alpha;
        let coef = system
            .cholesky()
            .unwrap()
            .solve(&(x_train.transpose() * &y_train));
        (&x_new * coef)
            .iter()
            .map(|centred| y_mean + centred)
            .collect()
    };
    alphas.iter().map(fit).collect()
}

/// All rows of X, centred and divided by mean and sd (ddof 0) of the training rows; a column that
/// is constant there becomes 0.
fn scale(x: &DMatrix<f64>, train: &[usize]) -> DMatrix<f64> {
    let mut scaled = x.clone();
    for mut column in scaled.column_iter_mut() {
        let centre = mean(train.iter().map(|&row| column[row]));
        let sd = mean(train.iter().map(|&row| (column[row] - centre).powi(2))).sqrt();
        let is_constant = train.iter().all(|&row| column[row] == column[train[0]]);
        column.iter_mut().for_each(|value| {
            *value = if is_constant {
                0.0
            } else {
                (*value - centre) / sd
            }
        });
    }
    scaled
}

/// The 30 penalties with Σ s²/(s²+α) log-spaced from 0.1 to 0.99 of the rank.
fn penalties_by_degrees_of_freedom(x_train: &DMatrix<f64>) -> Vec<f64> {
    let squares: Vec<f64> = x_train.singular_values().iter().map(|s| s * s).collect();
    let largest = squares.iter().copied().fold(0.0, f64::max);
    let squares: Vec<f64> = squares
        .into_iter()
        .filter(|square| *square > 1e-10 * largest)
        .collect();
    let degrees_of = |alpha: f64| {
        squares
            .iter()
            .map(|square| square / (square + alpha))
            .sum::<f64>()
    };
    let (first, last) = (0.1f64.ln(), (0.99 * squares.len() as f64).ln());
    (0..30)
        .map(|step| {
            let wanted = (first + (last - first) * f64::from(step) / 29.0).exp();
            // Bisection of log α; degrees of freedom fall as α grows.
            let (mut low, mut high) = (-60.0f64, 60.0f64);
            while high - low > 1e-14 * high.abs().max(1.0) {
                let middle = f64::midpoint(low, high);
                if middle <= low || middle >= high {
                    break;
                }
                if degrees_of(middle.exp()) > wanted {
                    low = middle
                } else {
                    high = middle
                }
            }
            low.exp()
        })
        .collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}
