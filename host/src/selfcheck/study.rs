//! A study in memory, and the engine's answer to it: what is simulated, and what `tests/statistics` compares with slow twins.
//!
//! Nothing is decided here; the designs, the tuning, the permutations and the jackknife are the engine's, as a run calls them.

use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::best::Contender;
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::evaluate::{PermutedTargets, adaptive_test, permutation_test};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::interval::jackknife_blocks;
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties};
use ocean_engine::nested::{NestedCv, OutOfFold, Tuning};
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::regressor::Regressor;
use ocean_engine::replicate::without_block;
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;

/// X, Y (NaN: missing), who is held out when, who belongs together.
pub struct Study {
    /// n_samples × n_features.
    pub x: DMatrix<f64>,
    /// n_samples × n_targets; NaN: missing.
    pub y: DMatrix<f64>,
    /// Who is held out when.
    pub folds: Folds,
    /// Who belongs together.
    pub groups: Groups,
    /// Permutations, inner folds and jackknife blocks follow from it.
    pub seed: Seed,
    /// Z, if covariates are taken out.
    pub z: Option<DMatrix<f64>>,
}

/// One target in one repeat, over all rows; NaN where the target is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Prediction by the split that held the row out.
    pub y_hat: Vec<f64>,
    /// Mean of that split's training rows.
    pub y_bar: Vec<f64>,
    /// Chosen row of the grid, split by split.
    pub steps: Vec<usize>,
    /// The penalty of each split.
    pub alphas: Vec<f64>,
    /// No split has a model.
    pub is_empty: bool,
}

/// A regressor, and how its penalty is chosen.
#[derive(Clone, Copy)]
pub struct Entrant<'a> {
    /// The model.
    pub regressor: &'a dyn Regressor,
    /// How its penalty is chosen.
    pub tuning: Tuning,
}

impl<'a> From<&'a dyn Regressor> for Entrant<'a> {
    fn from(regressor: &'a dyn Regressor) -> Self {
        Self {
            regressor,
            tuning: Tuning::PLAIN,
        }
    }
}

impl<'a, R: Regressor> From<&'a R> for Entrant<'a> {
    fn from(regressor: &'a R) -> Self {
        Self {
            regressor,
            tuning: Tuning::PLAIN,
        }
    }
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
    ///
    /// # Errors
    /// As [`Folds::split`].
    pub fn new(
        x: DMatrix<f64>,
        y: DMatrix<f64>,
        n_folds: usize,
        seed: u64,
    ) -> Result<Self, EngineError> {
        let groups = Groups::singletons(x.nrows());
        Self::grouped(x, y, groups, n_folds, seed)
    }

    /// Whole groups in folds drawn from the seed.
    ///
    /// # Errors
    /// As [`Folds::split`].
    pub fn grouped(
        x: DMatrix<f64>,
        y: DMatrix<f64>,
        groups: Groups,
        n_folds: usize,
        seed: u64,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            folds: Folds::split(&groups, n_folds, 1, Seed(seed))?,
            x,
            y,
            groups,
            seed: Seed(seed),
            z: None,
        })
    }

    /// Rows without groups in given folds, one list a repeat.
    ///
    /// # Errors
    /// As [`Folds::from_assignment`].
    pub fn with_folds(
        x: DMatrix<f64>,
        y: DMatrix<f64>,
        fold_of: Vec<Vec<usize>>,
    ) -> Result<Self, EngineError> {
        let n_folds = fold_of[0].iter().max().map_or(0, |last| last + 1);
        Ok(Self {
            groups: Groups::singletons(x.nrows()),
            folds: Folds::from_assignment(fold_of, n_folds)?,
            x,
            y,
            seed: Seed(0),
            z: None,
        })
    }

    /// Y as the engine takes it.
    ///
    /// # Errors
    /// As [`Targets::new`] and [`Targets::with_covariates`].
    pub fn targets(&self) -> Result<Targets, EngineError> {
        let targets = Targets::new(self.y.clone())?;
        match &self.z {
            None => Ok(targets),
            Some(z) => targets.with_covariates(z.clone()),
        }
    }

    /// How rows are exchanged.
    ///
    /// # Errors
    /// As [`PermutationScheme::new`].
    pub fn scheme(&self, exchange: Exchange) -> Result<PermutationScheme, EngineError> {
        PermutationScheme::new(&self.groups, exchange, &self.targets()?, self.seed)
    }

    /// What the designs are made from.
    #[must_use]
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

    /// r2 of every target without each jackknife block, blocks × targets; no rows with too few rows or groups. Targets without missing values only.
    ///
    /// # Errors
    /// Whatever the engine or the regressor reports.
    pub fn jackknife<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
    ) -> Result<DMatrix<f64>, EngineError> {
        let Entrant { regressor, tuning } = entrant.into();
        let targets = self.targets()?;
        let row_set = &targets.row_sets()[0];
        let (rows, fold_of) = (&row_set.rows, self.folds.of_row(0));
        let Some((block_of, n_blocks)) = jackknife_blocks(rows, fold_of, &self.groups, self.seed)
        else {
            return Ok(DMatrix::zeros(0, targets.n_targets()));
        };
        let contender = Contender {
            layout: self.layout(),
            regressors: &[(regressor, tuning)],
        };
        let mut replicates = DMatrix::zeros(n_blocks, targets.n_targets());
        for block in 0..n_blocks {
            let r2 = without_block(&[contender], &targets, row_set, &block_of, block)?.r2;
            replicates.row_mut(block).copy_from_slice(&r2);
        }
        Ok(replicates)
    }

    /// r2 of targets without missing values in the adaptive mode, as [`adaptive_test`] gives it for the first repeat.
    ///
    /// # Errors
    /// Whatever the engine or the regressor reports.
    pub fn run_adaptive<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
        cap: usize,
    ) -> Result<DMatrix<f64>, EngineError> {
        let Entrant { regressor, tuning } = entrant.into();
        let (targets, scheme) = (self.targets()?, self.scheme(Exchange::Blocks)?);
        let row_set = &targets.row_sets()[0];
        let entrants = [(regressor, tuning)];
        let designs = FoldDesigns::build_for(&self.layout(), &row_set.rows, 0, &entrants)?;
        let nested = NestedCv::prepare(&designs, regressor, tuning)?;
        let permuted = PermutedTargets {
            targets: &targets,
            row_set,
            scheme: &scheme,
        };
        Ok(adaptive_test(&nested, &permuted, cap, &AtomicBool::new(false))?.1)
    }

    /// The engine's whole line: designs, tuning, predictions, m permutations.
    ///
    /// # Errors
    /// Whatever the engine or the regressor reports.
    pub fn run<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
        n_permutations: usize,
    ) -> Result<Outcome, EngineError> {
        self.run_with(entrant, n_permutations, Exchange::Blocks)
    }

    /// The same under another scheme of exchange.
    ///
    /// # Errors
    /// As [`Study::run`].
    pub fn run_with<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
        n_permutations: usize,
        exchange: Exchange,
    ) -> Result<Outcome, EngineError> {
        let Entrant { regressor, tuning } = entrant.into();
        let (targets, scheme) = (self.targets()?, self.scheme(exchange)?);
        let layout = self.layout();
        let repeats = self.folds.repeats();
        let mut statistics = DMatrix::zeros(n_permutations + 1, targets.n_targets());
        let mut answers = vec![vec![None; targets.n_targets()]; repeats];
        for row_set in &targets.row_sets() {
            for (repeat, answers) in answers.iter_mut().enumerate() {
                let entrants = [(regressor, tuning)];
                let designs = FoldDesigns::build_for(&layout, &row_set.rows, repeat, &entrants)?;
                let nested = NestedCv::prepare(&designs, regressor, tuning)?;
                let permuted = PermutedTargets {
                    targets: &targets,
                    row_set,
                    scheme: &scheme,
                };
                let (observed, r2) =
                    permutation_test(&nested, &permuted, n_permutations, &AtomicBool::new(false))?;
                for (at, &target) in row_set.targets.iter().enumerate() {
                    let mut cell = statistics.column_mut(target);
                    cell += r2.column(at) / repeats as f64;
                    answers[target] = Some(self.answer(&observed, at, &row_set.rows));
                }
            }
        }
        settle_ties(&mut statistics);
        Ok(Outcome {
            // Every target is in one row set.
            answers: answers
                .into_iter()
                .map(|targets| targets.into_iter().flatten().collect())
                .collect(),
            statistics,
        })
    }

    fn answer(&self, observed: &OutOfFold, at: usize, rows: &[usize]) -> Answer {
        let all_rows = |column: &[f64]| spread(column, rows, self.x.nrows());
        let fits = || observed.fits.iter().map(|fits| fits[at]);
        Answer {
            y_hat: all_rows(observed.y_hat.column(at).as_slice()),
            y_bar: all_rows(observed.y_bar.column(at).as_slice()),
            steps: fits().map(|fit| fit.step).collect(),
            alphas: fits().map(|fit| fit.alpha).collect(),
            is_empty: fits().all(|fit| fit.is_empty),
        }
    }
}

impl Outcome {
    /// Observed r2 of a target.
    #[must_use]
    pub fn r2(&self, target: usize) -> f64 {
        self.statistics[(0, target)]
    }

    /// The permutation p of every target.
    #[must_use]
    pub fn p(&self) -> Vec<f64> {
        permutation_p(self.statistics.as_view())
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
