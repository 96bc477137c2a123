//! The long part of a run: observed and permuted r2 of every encoder × regressor × row set, piece by piece, each kept in the journal.
//!
//! A row set is the targets observed on the same rows; they share designs. For one encoder and row set the designs are scaled once per repeat and
//! factorised once per regressor; then blocks of permutations are spread over the threads. Nothing here knows a file format or a formula: the
//! pieces come from the engine, their names and order from here.

mod items;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::best::{BestOf, Contender, build_designs};
use ocean_engine::design::{FoldDesigns, Layout};
use ocean_engine::evaluate::{Blocks, PermutedTargets, r2_of_columns, run_block};
use ocean_engine::folds::Folds;
use ocean_engine::inference::interval::jackknife_blocks;
use ocean_engine::inference::sensitivity::{
    PLANTED, POWER, Planted, Sensitivity, power, sensitivity,
};
use ocean_engine::nested::OutOfFold;
use ocean_engine::replicate::{Replicate, with_folds, without_block};
use ocean_engine::waves::{Wave, Waves};
use rayon::prelude::*;

use crate::atomic::WriteError;
use crate::journal::Journal;
use crate::progress::{Progress, Stage};

pub use items::{Cost, Item, Items, Part};

/// Columns of a block of planted targets: strong effects take many times as long as none, and no thread should wait for another's last block.
const PLANTED_COLUMNS: usize = 32;

/// What to compute, besides the observed r2.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// Permutations m, or the most of the adaptive mode.
    pub n_permutations: usize,
    /// Targets that have settled get no further permutations.
    pub is_adaptive: bool,
    /// Leave out blocks for the interval.
    pub jackknife: bool,
    /// Redraws of the folds, 0 for none.
    pub fold_redraws: usize,
    /// Planted targets for the sensitivity, 0 for none.
    pub sensitivity_draws: usize,
}

/// Something went wrong while computing.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The engine or a regressor failed: the cells of this piece are lost, the others are not.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The journal cannot be written: the run stops, what is finished stays.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Ctrl-C: the run stops, what is finished stays.
    #[error("interrupted")]
    Interrupted,
}

/// One encoder on one row set, as every regressor sees it.
pub struct Bench<'a> {
    /// Names the pieces in the journal: encoder and row set.
    pub name: String,
    /// The embedding, folds and groups.
    pub layout: Layout<'a>,
    /// The targets of the row set and their permutations.
    pub permuted: PermutedTargets<'a>,
    /// What to compute.
    pub work: Work,
    /// Finished pieces.
    pub journal: &'a Journal,
    /// Set by Ctrl-C.
    pub interrupted: &'a AtomicBool,
}

/// Wall seconds of one piece by what they were spent on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Observed and permuted targets, designs included.
    pub permutations_s: f64,
    /// Planted targets.
    pub sensitivity_s: f64,
    /// Jackknife replicates.
    pub intervals_s: f64,
    /// Redraws of the folds.
    pub redraws_s: f64,
}

/// The study without each jackknife block.
pub struct Jackknife {
    /// The block of each row of the row set.
    pub block_of: Vec<usize>,
    /// r2, blocks × targets.
    pub r2: DMatrix<f64>,
    /// B, blocks × targets.
    pub baseline: DMatrix<f64>,
}

/// Permutation by permutation, as the journal keeps a block.
fn row_major(r2: DMatrix<f64>) -> Vec<f64> {
    r2.transpose().as_slice().to_vec()
}

/// Adds the seconds since the last call.
fn add_lap(seconds: &mut f64, last: &mut Instant) {
    *seconds += last.elapsed().as_secs_f64();
    *last = Instant::now();
}

/// Everything computed for one encoder × regressor × row set.
pub struct Piece {
    /// Out-of-fold predictions of the observed targets, one a repeat.
    pub observed: Vec<OutOfFold>,
    /// r2, (m + 1) × targets of the row set, row 0 observed, mean over repeats; NaN below the last permutation of a target that has settled.
    pub statistics: DMatrix<f64>,
    /// `None` with too few rows or groups, or when not asked for.
    pub jackknife: Option<Jackknife>,
    /// r2 under each redraw of the folds, redraws × targets; `None` where one leaves a fold too thin, or when not asked for.
    pub redraws: Option<DMatrix<f64>>,
    /// Mean training rows of the outer splits.
    pub n_train: f64,
    /// Columns constant in at least one outer training set.
    pub n_constant: usize,
    /// How long it took.
    pub spent: Spent,
}

impl Bench<'_> {
    /// Steps one regressor takes here, for the progress bar: blocks of permutations, jackknife blocks and redraws weighed alike.
    pub fn n_steps(&self) -> u64 {
        let repeats = self.layout.folds.repeats();
        let blocks = Blocks::new(self.work.n_permutations, self.n_targets()).len();
        let jackknife = self.jackknife_blocks().map_or(0, |(_, n_blocks)| n_blocks);
        (blocks * repeats + jackknife + self.work.fold_redraws) as u64
    }

    fn n_targets(&self) -> usize {
        self.permuted.row_set.targets.len()
    }

    /// Computes what the journal does not hold, with the best of the contenders in every training part; of one regressor on this encoder alone, with that.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn compute(
        &self,
        regressor_name: &str,
        contenders: &[Contender],
        stage: &Stage,
    ) -> Result<Piece, StudyError> {
        let name = format!("{}/{regressor_name}", self.name);
        let repeats = self.layout.folds.repeats();
        let mut piece = Piece {
            observed: Vec::with_capacity(repeats),
            statistics: DMatrix::zeros(0, 0),
            jackknife: None,
            redraws: None,
            n_train: 0.0,
            n_constant: 0,
            spent: Spent::default(),
        };
        let mut lap = Instant::now();
        // Whether a target has settled is known from the mean over all repeats only, so the adaptive mode holds their designs together.
        let together = if self.work.is_adaptive { repeats } else { 1 };
        for first in (0..repeats).step_by(together) {
            let designs = (first..first + together)
                .map(|repeat| build_designs(contenders, &self.permuted.row_set.rows, repeat))
                .collect::<Result<Vec<_>, _>>()?;
            let nested = designs
                .iter()
                .map(|designs| BestOf::prepare(designs, contenders))
                .collect::<Result<Vec<_>, _>>()?;
            let statistics = self.null(&name, first, &nested, &mut piece.observed, stage)?;
            piece.statistics = if first == 0 {
                statistics
            } else {
                piece.statistics + statistics
            };
            add_lap(&mut piece.spent.permutations_s, &mut lap);
            for designs in &designs {
                // All contenders have the same rows and folds.
                let n_train = designs.first().map_or(0.0, FoldDesigns::mean_n_train);
                piece.n_train += n_train / repeats as f64;
                let constant = designs.iter().map(FoldDesigns::n_constant).max();
                piece.n_constant = piece.n_constant.max(constant.unwrap_or(0));
            }
        }
        piece.jackknife = self.jackknife(&name, contenders, stage)?;
        add_lap(&mut piece.spent.intervals_s, &mut lap);
        piece.redraws = self.redraws(&name, contenders, stage)?;
        add_lap(&mut piece.spent.redraws_s, &mut lap);
        Ok(piece)
    }

    fn go_on(&self) -> Result<(), StudyError> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(StudyError::Interrupted);
        }
        Ok(())
    }

    /// Takes a piece from the journal, or computes and keeps it.
    fn keep(
        &self,
        name: &str,
        len: usize,
        compute: impl FnOnce() -> Result<Vec<f64>, EngineError>,
    ) -> Result<Vec<f64>, StudyError> {
        // What is no number was kept by a version that did not refuse it: it is computed anew.
        let found = self.journal.take(name, len);
        if let Some(found) = found.filter(|all| all.iter().all(|number| number.is_finite())) {
            return Ok(found);
        }
        self.go_on()?;
        let numbers = compute()?;
        self.journal.put(name, &numbers)?;
        Ok(numbers)
    }

    /// The share of some repeats (the first of them `first`) in the mean r2 under every permutation index, as [`Waves::finish`] lays it out; adds their
    /// observed predictions to `observed`.
    fn null(
        &self,
        name: &str,
        first: usize,
        nested: &[BestOf],
        observed: &mut Vec<OutOfFold>,
        stage: &Stage,
    ) -> Result<DMatrix<f64>, StudyError> {
        let (m, n_targets) = (self.work.n_permutations, self.n_targets());
        let n_steps = (Blocks::new(m, n_targets).len() * nested.len()) as u64;
        let mut n_done = 0;
        let mut waves = if self.work.is_adaptive {
            Waves::adaptive(m, n_targets)
        } else {
            Waves::fixed(m, n_targets)
        };
        while let Some(wave) = waves.next_wave() {
            let mut mean = DMatrix::zeros(wave.indexes.len(), wave.targets.len());
            for (repeat, nested) in (first..).zip(nested) {
                let (r2, predictions) = self.wave(name, repeat, nested, &wave, stage)?;
                mean += r2 / self.layout.folds.repeats() as f64;
                observed.extend(predictions);
                n_done += wave.blocks().len() as u64;
            }
            waves.take(&wave, &mean);
        }
        // What settled targets did not need.
        stage.add(n_steps.saturating_sub(n_done));
        Ok(waves.finish())
    }

    /// r2 of one repeat in a wave, indexes × targets, and in the first wave the observed predictions.
    fn wave(
        &self,
        name: &str,
        repeat: usize,
        nested: &BestOf,
        wave: &Wave,
        stage: &Stage,
    ) -> Result<(DMatrix<f64>, Option<OutOfFold>), StudyError> {
        let row_set = wave.row_set(self.permuted.row_set);
        let permuted = PermutedTargets {
            row_set: &row_set,
            ..self.permuted
        };
        let blocks = wave.blocks();
        let run = |block| run_block(nested, &permuted, blocks, block);
        let mut parts = Vec::with_capacity(blocks.len());
        let mut observed = None;
        if wave.indexes.start == 0 {
            // The first block holds the predictions that the report needs, so it is always computed.
            self.go_on()?;
            let first = run(0)?;
            observed = first.observed;
            parts.push(row_major(first.r2));
            stage.add(1);
        }
        let others: Vec<Vec<f64>> = (parts.len()..blocks.len())
            .into_par_iter()
            .map(|block| {
                let indexes = blocks.range(block);
                let len = indexes.len() * wave.targets.len();
                let item = Item::Block {
                    repeat,
                    first: indexes.start,
                };
                let numbers =
                    self.keep(&item.record(name), len, || Ok(row_major(run(block)?.r2)))?;
                stage.add(1);
                Ok(numbers)
            })
            .collect::<Result<_, StudyError>>()?;
        parts.extend(others);
        let r2 = DMatrix::from_row_iterator(
            wave.indexes.len(),
            wave.targets.len(),
            parts.into_iter().flatten(),
        );
        Ok((r2, observed))
    }

    /// What these contenders would have found, given the critical r2 of each target of the row set: the effects of [`PLANTED`], from the smallest up to the
    /// first that is found often enough. Repeats' designs are held together, since r2 is their mean. `None` when not asked for.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn sensitivity(
        &self,
        regressor_name: &str,
        contenders: &[Contender],
        critical: &[f64],
        stage: &Stage,
    ) -> Result<Option<Sensitivity>, StudyError> {
        let n_draws = self.work.sensitivity_draws;
        if n_draws == 0 {
            return Ok(None);
        }
        let (name, repeats) = (
            format!("{}/{regressor_name}", self.name),
            self.layout.folds.repeats(),
        );
        let seed = self.layout.seed.derive("planted", 0);
        let planted = Planted::draw(self.layout.x, &self.permuted, n_draws, seed);
        let designs = (0..repeats)
            .map(|repeat| build_designs(contenders, &self.permuted.row_set.rows, repeat))
            .collect::<Result<Vec<_>, _>>()?;
        let nested = designs
            .iter()
            .map(|designs| BestOf::prepare(designs, contenders))
            .collect::<Result<Vec<_>, _>>()?;
        let mut r2: Vec<Vec<f64>> = Vec::new();
        for share in PLANTED {
            let columns = planted.columns(share);
            let mut mean = vec![0.0; n_draws];
            for (repeat, nested) in nested.iter().enumerate() {
                let piece = format!("planted/{name}/{repeat}/{share}");
                let numbers = self.keep(&piece, n_draws, || {
                    r2_of_columns(nested, &columns, PLANTED_COLUMNS)
                })?;
                for (mean, r2) in mean.iter_mut().zip(numbers) {
                    *mean += r2 / repeats as f64;
                }
            }
            let is_found = power(&mean, critical) >= POWER;
            r2.push(mean);
            stage.add(1);
            if is_found {
                break;
            }
        }
        stage.add((PLANTED.len() - r2.len()) as u64);
        Ok(Some(sensitivity(&r2, critical)))
    }

    fn jackknife_blocks(&self) -> Option<(Vec<usize>, usize)> {
        if !self.work.jackknife {
            return None;
        }
        let rows = &self.permuted.row_set.rows;
        let folds = self.layout.folds.of_row(0);
        let fold_of: Vec<usize> = rows.iter().map(|&row| folds[row]).collect();
        jackknife_blocks(rows, &fold_of, self.layout.groups, self.layout.seed)
    }

    /// r2 and B without each block. A block whose removal leaves a fold too thin ends the interval, not the run.
    fn jackknife(
        &self,
        name: &str,
        contenders: &[Contender],
        stage: &Stage,
    ) -> Result<Option<Jackknife>, StudyError> {
        let Some((block_of, n_blocks)) = self.jackknife_blocks() else {
            return Ok(None);
        };
        let n_targets = self.n_targets();
        let found = self.rows(n_blocks, 2 * n_targets, stage, |block| {
            self.replicate(name, contenders, &block_of, block)
        })?;
        Ok(found.map(|both| Jackknife {
            r2: both.columns(0, n_targets).into_owned(),
            baseline: both.columns(n_targets, n_targets).into_owned(),
            block_of,
        }))
    }

    /// r2 and then B without one block.
    fn replicate(
        &self,
        name: &str,
        contenders: &[Contender],
        block_of: &[usize],
        block: usize,
    ) -> Result<Vec<f64>, StudyError> {
        let PermutedTargets {
            targets, row_set, ..
        } = self.permuted;
        let item = Item::Jackknife { block };
        self.keep(&item.record(name), 2 * self.n_targets(), || {
            let Replicate { mut r2, baseline } =
                without_block(contenders, targets, row_set, block_of, block)?;
            r2.extend(baseline);
            Ok(r2)
        })
    }

    /// r2 under each redraw of the folds.
    fn redraws(
        &self,
        name: &str,
        contenders: &[Contender],
        stage: &Stage,
    ) -> Result<Option<DMatrix<f64>>, StudyError> {
        let n_redraws = self.work.fold_redraws;
        if n_redraws == 0 {
            return Ok(None);
        }
        let redrawn = self.redrawn()?;
        self.rows(n_redraws, self.n_targets(), stage, |redraw| {
            self.redraw(name, contenders, &redrawn, redraw)
        })
    }

    /// Other folds: whole groups, if any, as in the study's own.
    fn redrawn(&self) -> Result<Folds, EngineError> {
        let Layout {
            folds,
            groups,
            seed,
            ..
        } = self.layout;
        let seed = seed.derive("fold redraws", 0);
        Folds::split(groups, folds.n_folds(), self.work.fold_redraws, seed)
    }

    /// r2 under one redraw of the folds.
    fn redraw(
        &self,
        name: &str,
        contenders: &[Contender],
        redrawn: &Folds,
        redraw: usize,
    ) -> Result<Vec<f64>, StudyError> {
        let PermutedTargets {
            targets, row_set, ..
        } = self.permuted;
        let item = Item::Redraw { redraw };
        self.keep(&item.record(name), self.n_targets(), || {
            with_folds(contenders, targets, row_set, redrawn, redraw)
        })
    }

    /// Rows computed one by one (`row` is given their number); `None` where one of them leaves a fold too thin or the target constant.
    fn rows(
        &self,
        n_rows: usize,
        len: usize,
        stage: &Stage,
        row: impl Fn(usize) -> Result<Vec<f64>, StudyError>,
    ) -> Result<Option<DMatrix<f64>>, StudyError> {
        let mut rows = DMatrix::zeros(n_rows, len);
        for at in 0..n_rows {
            let numbers = row(at);
            stage.add(1);
            match numbers {
                Ok(numbers) => rows.row_mut(at).copy_from_slice(&numbers),
                Err(error) if error.is_of_rows() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(rows))
    }
}

impl StudyError {
    /// What is left of the rows cannot be evaluated: there is no such number, and nothing failed.
    fn is_of_rows(&self) -> bool {
        matches!(
            self,
            StudyError::Engine(
                EngineError::ThinFold { .. }
                    | EngineError::ConstantTarget
                    | EngineError::TooFewGroups { .. },
            )
        )
    }
}

/// Shows the stage of one encoder.
pub fn stage_of(progress: &Progress, encoder: &str, n_steps: u64) -> Stage {
    progress.stage(&format!("evaluate {encoder}"), n_steps)
}
