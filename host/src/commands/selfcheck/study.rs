//! A study in memory, and the engine's answer to it: what is simulated, and what `tests/statistics`
//! compares with slow twins.
//!
//! Nothing is decided here: what is simulated goes through [`PieceRun`], the loop that a run goes
//! through.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::best::Contender;
use ocean_engine::design::{InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties};
use ocean_engine::inference::response::Response;
use ocean_engine::nested::{OutOfFold, Tuning};
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::piece::{Answers, Asked, Nothing, Piece, PieceRun, Unwatched, Work};
use ocean_engine::regressor::Regressor;
use ocean_engine::seed::Seed;
use ocean_engine::targets::{RowSet, Targets};

/// 1 − confidence.
const LEVEL: f64 = 0.05;

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
    /// How each target answers to planted effects; empty where none were planted.
    pub responses: Vec<Response>,
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

    /// One row a group of `of_row`, the mean of its X and its one y, which exchange values as the
    /// program does with `unit = "group"`: within bands of size. Folds are drawn from the seed.
    ///
    /// # Errors
    /// As [`Folds::split`] and [`PermutationScheme::new`].
    pub fn of_groups(
        x: &DMatrix<f64>,
        y: &DMatrix<f64>,
        of_row: &Groups,
        n_folds: usize,
        seed: u64,
    ) -> Result<(Self, PermutationScheme), EngineError> {
        let members = of_row.members();
        let values = DMatrix::from_fn(members.len(), y.ncols(), |group, target| {
            y[(members[group][0], target)]
        });
        let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
        let study = Self::new(of_row.means(x), values, n_folds, seed)?;
        let scheme = study.scheme(Exchange::Blocks)?.in_size_bands(&sizes);
        Ok((study, scheme))
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
            weights: None,
            covariates: self.z.as_ref(),
        }
    }

    /// r2 of every target without each jackknife block, blocks × targets; no rows with too few rows
    /// or groups. Targets without missing values only.
    ///
    /// # Errors
    /// Whatever the engine or the regressor reports.
    pub fn jackknife<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
    ) -> Result<DMatrix<f64>, EngineError> {
        let work = Work {
            jackknife: true,
            ..Work::default()
        };
        let pieces = self.pieces(entrant.into(), work, &self.scheme(Exchange::Blocks)?)?;
        let found = pieces
            .into_iter()
            .next()
            .and_then(|(_, piece, _)| piece.jackknife);
        Ok(found.map_or_else(|| DMatrix::zeros(0, self.y.ncols()), |found| found.r2))
    }

    /// r2 of targets without missing values in the adaptive mode, mean over repeats.
    ///
    /// # Errors
    /// Whatever the engine or the regressor reports.
    pub fn run_adaptive<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
        cap: usize,
    ) -> Result<DMatrix<f64>, EngineError> {
        let work = Work {
            n_permutations: cap,
            is_adaptive: true,
            ..Work::default()
        };
        let pieces = self.pieces(entrant.into(), work, &self.scheme(Exchange::Blocks)?)?;
        let first = pieces.into_iter().next();
        Ok(first.map_or_else(|| DMatrix::zeros(0, 0), |(_, piece, _)| piece.statistics))
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
        self.run_in(entrant, n_permutations, &self.scheme(exchange)?)
    }

    /// The same under a scheme of one's own.
    ///
    /// # Errors
    /// As [`Study::run`].
    pub fn run_in<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
        n_permutations: usize,
        scheme: &PermutationScheme,
    ) -> Result<Outcome, EngineError> {
        let work = Work {
            n_permutations,
            ..Work::default()
        };
        self.outcome(entrant.into(), work, scheme)
    }

    /// The same, with planted effects, a number of draws each. Targets without missing values only.
    ///
    /// # Errors
    /// As [`Study::run`].
    pub fn run_planted<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
        n_permutations: usize,
        n_draws: usize,
    ) -> Result<Outcome, EngineError> {
        let scheme = self.scheme(Exchange::Blocks)?;
        self.run_planted_in(entrant, (n_permutations, n_draws), &scheme)
    }

    /// The same under a scheme of one's own: permutations, and draws of each planted effect.
    ///
    /// # Errors
    /// As [`Study::run`].
    pub fn run_planted_in<'a>(
        &'a self,
        entrant: impl Into<Entrant<'a>>,
        (n_permutations, n_draws): (usize, usize),
        scheme: &PermutationScheme,
    ) -> Result<Outcome, EngineError> {
        let work = Work {
            n_permutations,
            sensitivity_draws: n_draws,
            ..Work::default()
        };
        self.outcome(entrant.into(), work, scheme)
    }

    fn outcome(
        &self,
        entrant: Entrant,
        work: Work,
        scheme: &PermutationScheme,
    ) -> Result<Outcome, EngineError> {
        let n_targets = self.y.ncols();
        let mut statistics = DMatrix::zeros(work.n_permutations + 1, n_targets);
        let mut responses = Vec::new();
        let mut answers = vec![vec![None; n_targets]; self.folds.repeats()];
        for (row_set, piece, of_planted) in self.pieces(entrant, work, scheme)? {
            responses.extend(of_planted.into_iter().flat_map(|all| all.responses));
            for (at, &target) in row_set.targets.iter().enumerate() {
                let column = piece.statistics.column(at);
                statistics.column_mut(target).copy_from(&column);
                for (answers, observed) in answers.iter_mut().zip(&piece.observed) {
                    answers[target] = Some(self.answer(observed, at, &row_set.rows));
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
            responses,
        })
    }

    /// Each row set through the loop that a run goes through.
    fn pieces(
        &self,
        Entrant { regressor, tuning }: Entrant,
        work: Work,
        scheme: &PermutationScheme,
    ) -> Result<Vec<(RowSet, Piece, Option<Answers>)>, EngineError> {
        let targets = self.targets()?;
        let contenders = [Contender {
            layout: self.layout(),
            regressors: &[(regressor, tuning)],
        }];
        let of_row_set = |row_set: RowSet| {
            let run = PieceRun::new(&contenders, (&targets, &row_set, scheme), work);
            let piece = run.run(&Nothing, &Unwatched)?;
            let asked = Asked {
                critical: &[],
                level: LEVEL,
            };
            let answers = run.planted(&piece, asked, &Nothing, &Unwatched)?;
            Ok((row_set, piece, answers))
        };
        targets.row_sets().into_iter().map(of_row_set).collect()
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
