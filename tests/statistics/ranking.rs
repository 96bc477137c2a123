//! Penalties that are chosen from approximate errors with bounds are those that exact errors choose:
//! every prediction is the same to the bit, of noise and of signals, on designs of all shapes.

use nalgebra::DMatrix;
use ocean_engine::blocks::BLOCK_COLUMNS;
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::nested::{NestedCv, Tuning};
use ocean_engine::seed::{Seed, Stream};
use ocean_tests::ridge::PluginRidge;

/// Blocks of targets a design; 100,000 columns (n_blocks = 260) agreed on 2026-12-01.
const N_BLOCKS: usize = 2;

#[test]
fn what_is_chosen_from_bounded_errors_is_what_exact_errors_choose() {
    let mut n_fits = 0;
    // Rows, columns, how fast the spectrum falls.
    for (design, (n, p, fall)) in [
        (60, 80, 1.0),
        (60, 80, 0.0),
        (100, 20, 0.7),
        (75, 75, 1.5),
        (50, 200, 2.0),
        (40, 3, 0.0),
    ]
    .into_iter()
    .enumerate()
    {
        let mut noise = Seed(17).stream("ranking", design as u64);
        let x = falling(n, p, fall, &mut noise);
        let groups = Groups::singletons(n);
        let folds = Folds::split(&groups, 5, 1, Seed(17)).unwrap();
        let layout = Layout {
            x: &x,
            folds: &folds,
            groups: &groups,
            inner: InnerFolds::Outer,
            seed: Seed(17),
            weights: None,
            covariates: None,
        };
        let rows: Vec<usize> = (0..n).collect();
        let designs = FoldDesigns::build(&layout, &rows, 0).unwrap();
        let nested = NestedCv::prepare(&designs, &PluginRidge, Tuning::PLAIN).unwrap();
        for _ in 0..N_BLOCKS {
            let y = targets(&x, &mut noise);
            let (exact, ranked) = (nested.run(&y).unwrap(), nested.predict(&y).unwrap());
            assert_eq!(ranked.y_hat, exact.y_hat, "{n} × {p}, fall {fall}");
            let steps = |fits: &[ocean_engine::nested::Fit]| {
                fits.iter().map(|f| f.step).collect::<Vec<_>>()
            };
            for (ranked, exact) in ranked.fits.iter().zip(&exact.fits) {
                assert_eq!(steps(ranked), steps(exact));
                n_fits += exact.len();
            }
        }
    }
    assert_eq!(n_fits, 6 * N_BLOCKS * BLOCK_COLUMNS * 5);
}

/// Components of sd k^−fall, mixed so that every column has a share of each.
fn falling(n: usize, p: usize, fall: f64, noise: &mut Stream) -> DMatrix<f64> {
    let components = DMatrix::from_fn(n, p, |_, k| noise.normal() * ((k + 1) as f64).powf(-fall));
    let mixing = DMatrix::from_fn(p, p, |_, _| noise.normal());
    components * mixing
}

/// A block: normal, skewed, of two values and of large ones, three of four noise alone.
fn targets(x: &DMatrix<f64>, noise: &mut Stream) -> DMatrix<f64> {
    let mut y = DMatrix::from_fn(x.nrows(), BLOCK_COLUMNS, |_, _| noise.normal());
    for (column, mut y) in y.column_iter_mut().enumerate() {
        if column % 4 == 0 {
            let signal = x.column(column % x.ncols());
            y.axpy(
                noise.uniform() / signal.norm() * (x.nrows() as f64).sqrt(),
                &signal,
                1.0,
            );
        }
        match column % 5 {
            0 => y.apply(|v| *v = v.exp()),
            1 => y.apply(|v| *v = f64::from(*v > 0.5)),
            2 => y.apply(|v| *v = 1e6 + 1e3 * *v),
            _ => {}
        }
    }
    y
}
