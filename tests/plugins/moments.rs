//! The bundled regressors from second moments and from rows: the same models, choices and
//! predictions, whichever way the engine takes.
//!
//! From rows is the slow, obvious twin: a product with every training set. What is compared went
//! through the ABI both times.

use nalgebra::DMatrix;
use ocean_engine::best::{BestOf, Contender, build_designs};
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::nested::{NestedCv, OutOfFold, Tuning};
use ocean_engine::regressor::{Prepared, Regressor, RegressorError, TrainingSet};
use ocean_engine::replicate::without_block;
use ocean_engine::seed::Seed;
use ocean_engine::targets::{RowSet, Targets};
use ocean_loader::{PluginRegressor, RegressorOptions};
use serde_json::{Value, json};

use crate::loading::bundled_regressor;

/// A regressor whose moments are never, or always, taken.
struct Taking<'a> {
    regressor: &'a PluginRegressor,
    moments: bool,
}

impl Regressor for Taking<'_> {
    fn n_variants(&self) -> usize {
        self.regressor.n_variants()
    }

    fn n_alphas(&self) -> usize {
        self.regressor.n_alphas()
    }

    fn scales_y(&self) -> bool {
        self.regressor.scales_y()
    }

    fn takes_moments(&self, _: usize, _: usize) -> bool {
        self.moments
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        let is_moments = matches!(training, TrainingSet::Moments { .. });
        assert_eq!(is_moments, self.moments);
        self.regressor.prepare(training)
    }
}

/// Targets that depend on few features, on many, on none, and one that is constant but for a fold;
/// y far from 0; groups of several rows.
struct Study {
    x: DMatrix<f64>,
    y: DMatrix<f64>,
    folds: Folds,
    groups: Groups,
}

impl Study {
    fn new(n: usize, p: usize) -> Self {
        let mut noise = Seed(n as u64).stream("moments", 0);
        let mut x = DMatrix::from_fn(n, p, |_, k| 3.0 * k as f64 + noise.normal());
        x.column_mut(1).fill(0.1);
        let groups = Groups::from_labels((0..n).map(|row| row / 2));
        let folds = Folds::split(&groups, 5, 1, Seed(9)).unwrap();
        let fold_of = folds.of_row(0).to_vec();
        let y = DMatrix::from_fn(n, 5, |row, target| match target {
            0 => 1e4 + x[(row, 0)] - x[(row, 2)] + 0.5 * noise.normal(),
            1 => (0..p).map(|k| x[(row, k)] - 3.0 * k as f64).sum::<f64>() / 5.0 + noise.normal(),
            2 => 1e-3 * noise.normal(),
            3 if fold_of[row] == 2 => noise.normal(),
            3 => 7.3,
            _ => f64::from(u8::from(noise.uniform() < 0.3)),
        });
        Self {
            x,
            y,
            folds,
            groups,
        }
    }

    fn layout(&self) -> Layout<'_> {
        Layout {
            x: &self.x,
            folds: &self.folds,
            groups: &self.groups,
            inner: InnerFolds::Outer,
            seed: Seed(9),
            weights: None,
            covariates: None,
        }
    }

    fn run(&self, regressor: &dyn Regressor, tuning: Tuning, y: &DMatrix<f64>) -> OutOfFold {
        let rows: Vec<usize> = (0..self.x.nrows()).collect();
        let regressors = [(regressor, tuning)];
        let designs = FoldDesigns::build_for(&self.layout(), &rows, 0, &regressors).unwrap();
        let nested = NestedCv::prepare(&designs, regressor, tuning).unwrap();
        nested.run(y).unwrap()
    }
}

fn regressor(id: &str, params: &[Value]) -> PluginRegressor {
    let variants = params
        .iter()
        .map(|p| p.as_object().cloned().unwrap_or_default());
    let options = RegressorOptions {
        variants: variants.collect(),
        ..RegressorOptions::default()
    };
    bundled_regressor(id, options)
}

/// Every bundled regressor, with the tuning of its family.
fn all() -> Vec<(&'static str, PluginRegressor, Tuning)> {
    let patient = Tuning {
        patience: Some(5),
        ..Tuning::PLAIN
    };
    let ratios = [json!({"l1_ratio": 0.9}), json!({"l1_ratio": 0.2})];
    vec![
        ("ridge", regressor("ridge", &[json!({})]), Tuning::PLAIN),
        ("lasso", regressor("lasso", &[json!({})]), patient),
        (
            "lasso, whole path",
            regressor("lasso", &[json!({})]),
            Tuning::PLAIN,
        ),
        (
            "positive lasso",
            regressor("lasso", &[json!({"positive": true})]),
            patient,
        ),
        ("elastic net", regressor("elastic-net", &ratios), patient),
    ]
}

#[test]
fn moments_and_rows_give_the_same_choices_and_predictions() {
    // More rows than features by far, hardly, and fewer.
    for (n, p) in [(120, 8), (60, 30), (60, 80)] {
        let study = Study::new(n, p);
        for (name, regressor, tuning) in &all() {
            let take = |moments| Taking { regressor, moments };
            let slow = study.run(&take(false), *tuning, &study.y);
            let fast = study.run(&take(true), *tuning, &study.y);
            for target in 0..study.y.ncols() {
                let what = format!("{name}, n = {n}, p = {p}, target {target}");
                let spread = study.y.column(target).variance().sqrt();
                let apart = (fast.y_hat.column(target) - slow.y_hat.column(target)).amax();
                // Ridge's weakest penalties have condition 1e5; a lasso is exact to its tol of
                // 1e-9; y of 1e4 has lost four digits.
                assert!(apart < 1e-7 * spread, "{what}: {}", apart / spread);
                assert_eq!(
                    fast.y_bar.column(target),
                    slow.y_bar.column(target),
                    "{what}"
                );
                for (fast, slow) in fast.fits.iter().zip(&slow.fits) {
                    let (fast, slow) = (fast[target], slow[target]);
                    assert_eq!(
                        (fast.step, fast.variant),
                        (slow.step, slow.variant),
                        "{what}"
                    );
                    assert_eq!(fast.is_empty, slow.is_empty, "{what}");
                    let is_same = |a: f64, b: f64| {
                        a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-8 * b.abs()
                    };
                    assert!(is_same(fast.alpha, slow.alpha), "{what}");
                    assert!(is_same(fast.inner_sse, slow.inner_sse), "{what}");
                }
            }
        }
    }
}

#[test]
fn what_a_target_gets_does_not_depend_on_its_neighbours() {
    let study = Study::new(120, 8);
    for (name, regressor, tuning) in &all() {
        let taking = Taking {
            regressor,
            moments: true,
        };
        // Dense and sparse models together, in blocks of 64 columns that begin and end elsewhere.
        let wide = DMatrix::from_fn(120, 64, |row, c| study.y[((row * 7 + c / 5) % 120, c % 5)]);
        let turned = DMatrix::from_fn(120, 64, |row, c| wide[(row, (c + 13) % 64)]);
        let wide = study.run(&taking, *tuning, &wide);
        let turned = study.run(&taking, *tuning, &turned);
        for c in 0..64 {
            assert_eq!(
                turned.y_hat.column(c),
                wide.y_hat.column((c + 13) % 64),
                "{name}"
            );
        }
    }
}

#[test]
fn jackknife_and_the_best_of_several_take_rows_and_moments_side_by_side() {
    let study = Study::new(120, 8);
    let targets = Targets::new(study.y.columns(0, 2).into_owned()).unwrap();
    let row_set = RowSet {
        rows: (0..120).collect(),
        targets: vec![0, 1],
    };
    let block_of: Vec<usize> = (0..120).map(|row| row / 12).collect();
    let regressors = all();
    let r2 = |moments: [bool; 2]| {
        let taking: Vec<Taking> = regressors[..2]
            .iter()
            .zip(moments)
            .map(|((_, regressor, _), moments)| Taking { regressor, moments })
            .collect();
        let entrants: Vec<(&dyn Regressor, Tuning)> = taking
            .iter()
            .map(|t| (t as &dyn Regressor, Tuning::PLAIN))
            .collect();
        let contenders = [Contender {
            layout: study.layout(),
            regressors: &entrants,
        }];
        let designs = build_designs(&contenders, &row_set.rows, 0).unwrap();
        assert_eq!(designs[0].moments.is_some(), moments.contains(&true));
        assert_eq!(designs[0].outer.is_empty(), !moments.contains(&false));
        assert!(BestOf::prepare(&designs, &contenders).is_ok());
        without_block(&contenders, &targets, &row_set, &block_of, 3)
            .unwrap()
            .r2
    };
    let rows = r2([false, false]);
    for mixed in [r2([true, false]), r2([false, true]), r2([true, true])] {
        rows.iter()
            .zip(&mixed)
            .for_each(|(a, b)| assert!((a - b).abs() < 1e-9));
    }
}
