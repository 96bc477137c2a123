//! Lasso and elastic net against the slow obvious ways, their conditions of optimality, and their
//! limits.

mod bits;
mod golden;
mod limits;
mod optimality;
mod pieces;
mod twin;

use super::{LassoDesign, LassoFit, LassoOptions};
use crate::Columns;
use crate::testing::Dense;

/// A path of one target: penalties, and coefficients and report at each.
struct Walked {
    alphas: Vec<f64>,
    coef: Vec<Vec<f64>>,
    fits: Vec<LassoFit>,
}

fn options(l1_ratio: f64) -> LassoOptions {
    LassoOptions {
        l1_ratio,
        ..LassoOptions::default()
    }
}

/// Coefficients along the grid of `n_alphas` penalties: predictions of the rows of an identity
/// matrix.
fn walk(x: &Dense, y: &[f64], n_alphas: usize, options: LassoOptions) -> Walked {
    let design_of = Dense::from_fn(x.n_columns, x.n_columns, |i, j| f64::from(i == j));
    let design = LassoDesign::prepare(x.view(), design_of.view()).unwrap();
    let y = Columns::new(y, y.len(), 1).unwrap();
    let mut alphas = vec![0.0; n_alphas];
    design.grid(y, 1e-3, options, &mut alphas).unwrap();
    let mut path = design
        .begin(y, Columns::new(&alphas, n_alphas, 1).unwrap(), options)
        .unwrap();
    let (mut coef, mut fits) = (Vec::new(), Vec::new());
    for step in 0..n_alphas as u32 {
        let (mut w, mut fit) = (vec![f64::NAN; x.n_columns], [LassoFit::EMPTY]);
        path.advance(&[0], &[step], &mut w, &mut fit).unwrap();
        coef.push(w);
        fits.push(fit[0]);
    }
    Walked { alphas, coef, fits }
}

/// Each column minus its mean, divided by its standard deviation; a constant column becomes 0.
fn standardised(x: &Dense) -> Dense {
    let n = x.n_rows as f64;
    let moments: Vec<(f64, f64)> = (0..x.n_columns)
        .map(|j| {
            let mean = x.view().column(j).iter().sum::<f64>() / n;
            let square = x.view().column(j).iter().map(|v| (v - mean).powi(2));
            (mean, (square.sum::<f64>() / n).sqrt())
        })
        .collect();
    Dense::from_fn(x.n_rows, x.n_columns, |i, j| match moments[j] {
        (_, 0.0) => 0.0,
        (mean, sd) => (x.at(i, j) - mean) / sd,
    })
}

/// A target of `n` values that the first features of x explain in part.
fn target(x: &Dense, seed: u64) -> Vec<f64> {
    let noise = Dense::noise(seed, x.n_rows, 1).values;
    let y: Vec<f64> = (0..x.n_rows)
        .map(|i| {
            let signal = (0..x.n_columns.min(5)).map(|j| x.at(i, j) * (1.0 - 0.4 * j as f64));
            signal.sum::<f64>() + 2.0 * noise[i]
        })
        .collect();
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    y.iter().map(|y| y - mean).collect()
}

/// Designs with something awkward about each.
fn designs() -> Vec<(&'static str, Dense)> {
    let tall = Dense::noise(1, 40, 8);
    vec![
        ("more samples than features", standardised(&tall)),
        (
            "more features than samples",
            standardised(&Dense::noise(2, 20, 60)),
        ),
        (
            "correlated as embeddings are",
            standardised(&Dense::falling(3, 50, 40)),
        ),
        (
            "correlated, more features than samples",
            standardised(&Dense::falling(4, 30, 70)),
        ),
        (
            "a column of zeros",
            standardised(&Dense::from_fn(40, 8, |i, j| {
                if j == 1 { 3.0 } else { tall.at(i, j) }
            })),
        ),
        (
            "columns twice",
            standardised(&Dense::from_fn(40, 8, |i, j| tall.at(i, j % 4))),
        ),
        (
            "columns and their negatives",
            standardised(&Dense::from_fn(40, 8, |i, j| {
                tall.at(i, j % 4) * if j < 4 { 1.0 } else { -1.0 }
            })),
        ),
        (
            "not scaled",
            Dense::from_fn(40, 8, |i, j| tall.at(i, j) * 10f64.powi(j as i32 - 4)),
        ),
        ("one feature", standardised(&Dense::noise(5, 9, 1))),
        ("two rows", standardised(&Dense::noise(6, 2, 3))),
    ]
}
