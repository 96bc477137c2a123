//! A study in memory, and the engine's answer to it.

use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use ocean_engine::best::Contender;
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::evaluate::{PermutedTargets, adaptive_test, permutation_test};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::interval::jackknife_blocks;
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties};
use ocean_engine::nested::{NestedCv, Tuning};
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::regressor::Regressor;
use ocean_engine::replicate::without_block;
use ocean_engine::seed::{Seed, Stream};
use ocean_engine::targets::Targets;

/// X, Y (NaN: missing), who is held out when, who belongs together.
pub struct Study {
    pub x: DMatrix<f64>,
    pub y: DMatrix<f64>,
    pub folds: Folds,
    pub groups: Groups,
    pub seed: Seed,
    /// Z, if covariates are taken out.
    pub z: Option<DMatrix<f64>>,
}

/// One target in one repeat, over all rows; NaN where the target is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub y_hat: Vec<f64>,
    pub y_bar: Vec<f64>,
    /// Chosen row of the grid, split by split.
    pub steps: Vec<usize>,
    pub alphas: Vec<f64>,
}

/// What the engine makes of a study.
pub struct Outcome {
    /// By repeat and target.
    pub answers: Vec<Vec<Answer>>,
    /// (m + 1) × targets, row 0 observed, mean over repeats, ties settled.
    pub statistics: DMatrix<f64>,
}

impl Study {
    /// Rows without groups, folds drawn from the seed.
    pub fn new(x: DMatrix<f64>, y: DMatrix<f64>, n_folds: usize, seed: u64) -> Self {
        let groups = Groups::singletons(x.nrows());
        let folds = Folds::split(&groups, n_folds, 1, Seed(seed)).unwrap();
        Self {
            x,
            y,
            folds,
            groups,
            seed: Seed(seed),
            z: None,
        }
    }

    /// Rows without groups, folds given: for each repeat the fold of every row.
    pub fn with_folds(x: DMatrix<f64>, y: DMatrix<f64>, fold_of: Vec<Vec<usize>>) -> Self {
        let n_folds = 1 + fold_of[0].iter().max().unwrap();
        let groups = Groups::singletons(x.nrows());
        let folds = Folds::from_assignment(fold_of, n_folds).unwrap();
        Self {
            x,
            y,
            folds,
            groups,
            seed: Seed(0),
            z: None,
        }
    }

    pub fn targets(&self) -> Targets {
        let targets = Targets::new(self.y.clone()).unwrap();
        match &self.z {
            None => targets,
            Some(z) => targets.with_covariates(z.clone()).unwrap(),
        }
    }

    pub fn scheme(&self, exchange: Exchange) -> PermutationScheme {
        PermutationScheme::new(&self.groups, exchange, &self.targets(), self.seed).unwrap()
    }

    /// r2 of every target without each jackknife block, blocks × targets; needs 50 rows and no missing values.
    pub fn jackknife(&self, regressor: &dyn Regressor) -> DMatrix<f64> {
        let targets = self.targets();
        let row_set = &targets.row_sets()[0];
        let (rows, fold_of) = (&row_set.rows, self.folds.of_row(0));
        let (block_of, n_blocks) =
            jackknife_blocks(rows, fold_of, &self.groups, self.seed).unwrap();
        let mut replicates = DMatrix::zeros(n_blocks, targets.n_targets());
        for block in 0..n_blocks {
            let contender = Contender {
                layout: self.layout(),
                regressors: &[(regressor, Tuning::PLAIN)],
            };
            let replicate =
                without_block(&[contender], &targets, row_set, &block_of, block).unwrap();
            replicates.row_mut(block).copy_from_slice(&replicate.r2);
        }
        replicates
    }

    pub fn layout(&self) -> Layout<'_> {
        Layout {
            x: &self.x,
            folds: &self.folds,
            groups: &self.groups,
            inner: InnerFolds::Outer,
            seed: self.seed,
            covariates: self.z.as_ref(),
        }
    }

    /// r2 of targets without missing values in the adaptive mode, as [`adaptive_test`] gives it for the first repeat.
    pub fn run_adaptive(&self, regressor: &dyn Regressor, cap: usize) -> DMatrix<f64> {
        let (targets, scheme) = (self.targets(), self.scheme(Exchange::Blocks));
        let row_set = &targets.row_sets()[0];
        let designs = FoldDesigns::build(&self.layout(), &row_set.rows, 0).unwrap();
        let nested = NestedCv::prepare(&designs, regressor, Tuning::PLAIN).unwrap();
        let permuted = PermutedTargets {
            targets: &targets,
            row_set,
            scheme: &scheme,
        };
        adaptive_test(&nested, &permuted, cap, &AtomicBool::new(false))
            .unwrap()
            .1
    }

    /// The engine's whole line: designs, tuning, predictions, m permutations.
    pub fn run(&self, regressor: &dyn Regressor, n_permutations: usize) -> Outcome {
        self.run_with(regressor, n_permutations, Exchange::Blocks)
    }

    pub fn run_with(
        &self,
        regressor: &dyn Regressor,
        n_permutations: usize,
        exchange: Exchange,
    ) -> Outcome {
        let (targets, scheme) = (self.targets(), self.scheme(exchange));
        let layout = self.layout();
        let repeats = self.folds.repeats();
        let mut statistics = DMatrix::zeros(n_permutations + 1, targets.n_targets());
        let mut answers = vec![vec![None; targets.n_targets()]; repeats];
        for row_set in &targets.row_sets() {
            for (repeat, answers) in answers.iter_mut().enumerate() {
                let designs = FoldDesigns::build(&layout, &row_set.rows, repeat).unwrap();
                let nested = NestedCv::prepare(&designs, regressor, Tuning::PLAIN).unwrap();
                let permuted = PermutedTargets {
                    targets: &targets,
                    row_set,
                    scheme: &scheme,
                };
                let (observed, r2) =
                    permutation_test(&nested, &permuted, n_permutations, &AtomicBool::new(false))
                        .unwrap();
                for (at, &target) in row_set.targets.iter().enumerate() {
                    let mut cell = statistics.column_mut(target);
                    cell += r2.column(at) / repeats as f64;
                    let all_rows = |column: &[f64]| spread(column, &row_set.rows, self.x.nrows());
                    answers[target] = Some(Answer {
                        y_hat: all_rows(observed.y_hat.column(at).as_slice()),
                        y_bar: all_rows(observed.y_bar.column(at).as_slice()),
                        steps: observed.fits.iter().map(|fits| fits[at].step).collect(),
                        alphas: observed.fits.iter().map(|fits| fits[at].alpha).collect(),
                    });
                }
            }
        }
        settle_ties(&mut statistics);
        let answers = answers
            .into_iter()
            .map(|targets| targets.into_iter().map(Option::unwrap).collect())
            .collect();
        Outcome {
            answers,
            statistics,
        }
    }
}

impl Outcome {
    pub fn r2(&self, target: usize) -> f64 {
        self.statistics[(0, target)]
    }

    pub fn p(&self) -> Vec<f64> {
        permutation_p(&self.statistics)
            .iter()
            .map(|cell| cell.p)
            .collect()
    }
}

/// Values of some rows, back in their places; NaN elsewhere.
fn spread(values: &[f64], rows: &[usize], n_rows: usize) -> Vec<f64> {
    let mut all = vec![f64::NAN; n_rows];
    for (&row, &value) in rows.iter().zip(values) {
        all[row] = value;
    }
    all
}

/// Standard normal numbers.
pub fn noise(n_rows: usize, n_columns: usize, stream: &mut Stream) -> DMatrix<f64> {
    DMatrix::from_fn(n_rows, n_columns, |_, _| stream.normal())
}
