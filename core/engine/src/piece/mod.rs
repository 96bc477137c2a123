//! THE loop: observed, permuted, ranked, left-out, redrawn and planted targets of one encoder ×
//! regressor × row set.
//!
//! A row set is the targets observed on the same rows; they share designs. Designs are scaled once
//! a repeat and factorised once a regressor; then blocks of permutations are spread over the
//! threads. `eval`, its shards, `selfcheck` and whoever embeds the engine call this; nothing else
//! permutes. Where finished numbers are kept ([`Keep`]) and who watches ([`Watch`]) is the
//! caller's.
//!
//! The observed y is computed in a slot that no regressor is told
//! ([`PermutationScheme::observed_slot`](crate::permutation::PermutationScheme::observed_slot)),
//! and nothing else shows it to a regressor before all permutations of the piece are done.

mod error;
mod items;
mod keep;
mod ranks;
mod shares;
#[cfg(test)]
mod tests;

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::best::{BestOf, Contender, build_designs};
use crate::blocks::Blocks;
use crate::design::{FoldDesigns, Layout};
use crate::error::EngineError;
use crate::evaluate::{BlockResult, PermutedTargets, r2_and_naive_variance, run_block};
use crate::folds::Folds;
use crate::inference::interval::jackknife_blocks;
use crate::inference::planted::{PLANTED, Planted};
use crate::inference::response::{Observed, Response, Strength};
use crate::inference::sensitivity::{N_TRIED, POWER, Sensitivity, power, sensitivity};
use crate::inference::sequential::LEAST_DRAWS;
use crate::nested::OutOfFold;
use crate::permutation::PermutationScheme;
use crate::replicate::{Replicate, with_folds, without_block};
use crate::score::HeldOut;
use crate::targets::{RowSet, Targets};
use crate::waves::{Wave, Waves};

pub use error::PieceError;
pub use items::{Cost, Item, Items, Part};
pub use keep::{Keep, Nothing, Phase, Unwatched, Watch};
pub use ranks::Ranks;

/// Columns of a block of planted targets: strong effects take many times as long as none, and no
/// thread should wait for another's last block.
const PLANTED_COLUMNS: usize = 20;
/// Draws of an effect whose power is of no interest: enough for the mean and sd of their r2.
const FEWER_DRAWS: usize = 40;
/// Effects that are planted however soon they are found, for a curve through them.
const LEAST_STRENGTHS: usize = 3;

/// What to compute, besides the observed r2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Permutations m, or the most of the adaptive mode.
    pub n_permutations: usize,
    /// Targets that have settled get no further permutations.
    pub is_adaptive: bool,
    /// Leave out blocks for the interval.
    pub jackknife: bool,
    /// Redraws of the folds, 0 for none.
    pub fold_redraws: usize,
    /// r2 of the ranks of each target, too.
    pub ranks: bool,
    /// Planted targets for the sensitivity, 0 for none.
    pub sensitivity_draws: usize,
}

/// The most planted targets of a piece with so many draws.
#[must_use]
pub fn most_planted(n_draws: usize) -> usize {
    N_TRIED * n_draws + (PLANTED.len() - N_TRIED) * n_draws.min(FEWER_DRAWS)
}

/// One encoder × regressor, or several from which the best is chosen, on one row set.
pub struct PieceRun<'a> {
    contenders: &'a [Contender<'a>],
    permuted: PermutedTargets<'a>,
    work: Work,
}

/// Everything computed for one encoder × regressor × row set.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Out-of-fold predictions of the observed targets, one a repeat.
    pub observed: Vec<OutOfFold>,
    /// r2, (m + 1) × targets of the row set, row 0 observed, mean over repeats; NaN below the last
    /// permutation of a target that has settled.
    pub statistics: DMatrix<f64>,
    /// r2 in slot 0 of each repeat and target: what a machine with a share of the piece computed,
    /// too.
    pub slot_zero: Vec<Vec<f64>>,
    /// `None` with too few rows or groups, or when not asked for.
    pub jackknife: Option<Jackknife>,
    /// r2 under each redraw of the folds, redraws × targets; `None` where one leaves a fold too
    /// thin, or when not asked for.
    pub redraws: Option<DMatrix<f64>>,
    /// r2 of the ranks of each target, mean over repeats, or what the regressor said of them;
    /// `None` when not asked for.
    pub ranks: Option<Ranks>,
    /// Mean training rows of the outer splits.
    pub n_train: f64,
    /// Columns constant in at least one outer training set.
    pub n_constant: usize,
}

/// What planted effects are to be compared with.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The critical r2 of each target of the row set; none where there are too few permutations to
    /// say.
    pub critical: &'a [f64],
    /// 1 − confidence of the widest interval.
    pub level: f64,
}

/// How a piece answers to planted effects.
#[derive(Debug, Clone)]
pub struct Answers {
    /// What it would have found; `None` without critical r2.
    pub sensitivity: Option<Sensitivity>,
    /// Of each target of the row set.
    pub responses: Vec<Response>,
    /// What `responses` are made of.
    pub strengths: Vec<Strength>,
    /// Of each target, likewise.
    pub observed: Vec<Observed>,
}

/// The study without each jackknife block.
#[derive(Debug, Clone)]
pub struct Jackknife {
    /// The block of each row of the row set.
    pub block_of: Vec<usize>,
    /// r2, blocks × targets.
    pub r2: DMatrix<f64>,
    /// B, blocks × targets.
    pub baseline: DMatrix<f64>,
}

/// r2 of one block, slot by slot, and the predictions of the observed targets if they are in it.
type BlockNumbers = (Vec<f64>, Option<OutOfFold>);

/// r2 of one wave, slots × targets, and likewise the predictions.
type WaveNumbers = (DMatrix<f64>, Option<OutOfFold>);

impl<'a> PieceRun<'a> {
    /// `contenders`: one regressor on one encoder, or all from which every training part chooses
    /// the best; they share folds, groups and seed.
    #[must_use]
    pub fn new(
        contenders: &'a [Contender<'a>],
        (targets, row_set, scheme): (&'a Targets, &'a RowSet, &'a PermutationScheme),
        work: Work,
    ) -> Self {
        let m = work.n_permutations;
        // In the adaptive mode the first wave is what every target gets.
        let n_slots = 1 + if work.is_adaptive {
            m.min(LEAST_DRAWS)
        } else {
            m
        };
        let permuted = PermutedTargets {
            observed_slot: scheme.observed_slot(n_slots),
            targets,
            row_set,
            scheme,
        };
        Self {
            contenders,
            permuted,
            work,
        }
    }

    /// Steps that [`run`](Self::run) tells its watch: blocks of permutations, repeats of the ranks,
    /// jackknife blocks and redraws alike.
    #[must_use]
    pub fn n_steps(&self) -> u64 {
        let blocks = self.waves().most_blocks();
        let jackknife = self.jackknife_blocks().map_or(0, |(_, n_blocks)| n_blocks);
        let ranks = usize::from(self.work.ranks);
        ((blocks + ranks) * self.repeats() + jackknife + self.work.fold_redraws) as u64
    }

    /// Computes what was not kept.
    ///
    /// # Errors
    /// [`PieceError`].
    pub fn run<K: Keep>(
        &self,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Piece, PieceError<K::Error>> {
        self.forget()?;
        let repeats = self.repeats();
        let (mut null, mut ranks) = (Null::default(), None);
        let (mut n_train, mut n_constant) = (0.0, 0);
        watch.begin(Phase::Permutations);
        // Whether a target has settled is known from the mean over all repeats only, so the
        // adaptive mode holds their designs together.
        let together = match self.work.is_adaptive {
            true => repeats.max(1),
            false => 1,
        };
        for first in (0..repeats).step_by(together) {
            let designs = self.designs(first..first + together)?;
            let recipes = self.recipes(&designs)?;
            self.add_null(first, &recipes, &mut null, keep, watch)?;
            for designs in &designs {
                // All contenders have the same rows and folds.
                n_train += designs.first().map_or(0.0, FoldDesigns::mean_n_train) / repeats as f64;
                let constant = designs.iter().map(FoldDesigns::n_constant).max();
                n_constant = n_constant.max(constant.unwrap_or(0));
            }
            // The last permutations are done.
            if first + together >= repeats {
                ranks = self.ranks(first, &recipes, keep, watch)?;
            }
        }
        watch.begin(Phase::Jackknife);
        let jackknife = self.jackknife(keep, watch)?;
        watch.begin(Phase::Redraws);
        let redraws = self.redraws(keep, watch)?;
        Ok(Piece {
            observed: null.observed,
            statistics: null.statistics,
            slot_zero: null.slot_zero,
            jackknife,
            redraws,
            ranks,
            n_train,
            n_constant,
        })
    }

    /// How these contenders answer to effects of known size: those of [`PLANTED`], from the smallest
    /// up, until one is found often enough and stronger ones would move no interval of `asked`.
    /// `None` when not asked for.
    ///
    /// `piece`: of [`run`](Self::run). It comes after that of the whole family, from which what is
    /// asked follows.
    ///
    /// # Errors
    /// [`PieceError`].
    pub fn planted<K: Keep>(
        &self,
        piece: &Piece,
        asked: Asked,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Option<Answers>, PieceError<K::Error>> {
        let (n_draws, repeats) = (self.work.sensitivity_draws, self.repeats());
        let Some(layout) = self.layout().filter(|_| n_draws > 0) else {
            return Ok(None);
        };
        watch.begin(Phase::Planted);
        let seed = layout.seed.derive("planted", 0);
        let planted = Planted::draw((layout.x, layout.weights), &self.permuted, n_draws, seed)?;
        // Repeats' designs are held together, since r2 is their mean.
        let designs = self.designs(0..repeats)?;
        let recipes = self.recipes(&designs)?;
        let rows = self.permuted.row_set.rows.iter().copied();
        let own = layout.groups.among(rows);
        let group_of = own.of_row();
        let observed = self.observed(piece, group_of)?;
        let mut strengths: Vec<Strength> = Vec::new();
        let mut responses = Vec::new();
        let (mut is_found, mut n_counted) = (false, 0);
        for (effect, share) in PLANTED.into_iter().enumerate() {
            // How often effects are found is counted; for a mean and an sd fewer draws will do.
            let counts = !is_found && effect < N_TRIED && !asked.critical.is_empty();
            let n_draws = if counts {
                n_draws
            } else {
                n_draws.min(FEWER_DRAWS)
            };
            let columns = planted.columns(share, n_draws);
            let mut strength = Strength::new(share, n_draws);
            for (repeat, recipe) in recipes.iter().enumerate() {
                let item = Item::Planted { repeat, effect };
                let numbers = kept(keep, watch, item, 2 * n_draws, || {
                    let both = r2_and_naive_variance(recipe, &columns, PLANTED_COLUMNS, group_of)?;
                    Ok(both
                        .into_iter()
                        .flat_map(|(r2, naive)| [r2, naive])
                        .collect())
                })?;
                strength.add(&numbers, repeats);
            }
            n_counted += usize::from(counts);
            is_found |= counts && power(&strength.r2, asked.critical) >= POWER;
            strengths.push(strength);
            watch.done(1);
            let may_end = strengths.len() >= LEAST_STRENGTHS;
            if may_end && (is_found || !counts || effect + 1 == N_TRIED) {
                responses = self.responses(piece, &strengths, &observed);
                if responses.iter().all(|one| one.reaches(asked.level)) {
                    break;
                }
            }
        }
        watch.done((PLANTED.len() - strengths.len()) as u64);
        let counted = &strengths[..n_counted];
        Ok(Some(Answers {
            sensitivity: (n_counted > 0).then(|| sensitivity(counted, asked.critical)),
            responses,
            strengths,
            observed,
        }))
    }

    /// Of each target what its interval starts from.
    fn observed(&self, piece: &Piece, group_of: &[usize]) -> Result<Vec<Observed>, EngineError> {
        let row_set = self.permuted.row_set;
        let of_target = |(column, &target): (usize, &usize)| {
            let y = row_set.pick(self.permuted.targets.y().column(target).as_slice());
            let held_out: Vec<HeldOut> = piece
                .observed
                .iter()
                .map(|out_of_fold| out_of_fold.held_out(column, &y, &[]))
                .collect();
            Observed::of(piece.statistics[(0, column)], &held_out, group_of)
        };
        Ok(row_set.targets.iter().enumerate().map(of_target).collect())
    }

    /// Of each target how its r2 answers.
    fn responses(
        &self,
        piece: &Piece,
        strengths: &[Strength],
        observed: &[Observed],
    ) -> Vec<Response> {
        let n_samples = self.permuted.row_set.rows.len();
        let columns = piece.statistics.column_iter().zip(observed);
        columns
            .map(|(statistics, &observed)| {
                // A target that has settled has no draws after its last.
                let draws = statistics.iter().skip(1).copied();
                let null: Vec<f64> = draws.take_while(|t| !t.is_nan()).collect();
                Response::new(&null, strengths, observed, n_samples)
            })
            .collect()
    }

    /// Of some repeats the designs of every contender.
    fn designs(&self, repeats: Range<usize>) -> Result<Vec<Vec<FoldDesigns>>, EngineError> {
        let rows = &self.permuted.row_set.rows;
        let of_repeat = |repeat| build_designs(self.contenders, rows, repeat);
        repeats.map(of_repeat).collect()
    }

    /// The designs of each repeat, factorised.
    fn recipes<'d>(&self, designs: &'d [Vec<FoldDesigns>]) -> Result<Vec<BestOf<'d>>, EngineError>
    where
        'a: 'd,
    {
        let of_repeat = |designs: &'d Vec<FoldDesigns>| BestOf::prepare(designs, self.contenders);
        designs.iter().map(of_repeat).collect()
    }

    /// Whatever regressors remember of earlier work is gone.
    fn forget<E>(&self) -> Result<(), PieceError<E>> {
        let regressors = self.contenders.iter().flat_map(|one| one.regressors);
        for (regressor, _) in regressors {
            regressor
                .forget()
                .map_err(|source| EngineError::Regressor {
                    stage: "beginning anew".to_owned(),
                    n_train: self.permuted.row_set.rows.len(),
                    n_features: self.layout().map_or(0, |layout| layout.x.ncols()),
                    source,
                })?;
        }
        Ok(())
    }

    /// That of the first contender: all share folds, groups and seed.
    fn layout(&self) -> Option<Layout<'a>> {
        self.contenders.first().map(|contender| contender.layout)
    }

    fn repeats(&self) -> usize {
        self.layout().map_or(0, |layout| layout.folds.repeats())
    }

    fn n_targets(&self) -> usize {
        self.permuted.row_set.targets.len()
    }

    fn waves(&self) -> Waves {
        let (m, n_targets) = (self.work.n_permutations, self.n_targets());
        match self.work.is_adaptive {
            true => Waves::adaptive(m, n_targets),
            false => Waves::fixed(m, n_targets),
        }
    }

    fn blocks(&self) -> Blocks {
        Blocks::new(self.work.n_permutations, self.n_targets())
    }

    /// Adds the share of some repeats (the first of them `first`) to the mean r2 of every
    /// permutation, and their observed predictions.
    fn add_null<K: Keep>(
        &self,
        first: usize,
        recipes: &[BestOf],
        null: &mut Null,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<(), PieceError<K::Error>> {
        let mut waves = self.waves();
        let mut n_left = (waves.most_blocks() * recipes.len()) as u64;
        while let Some(wave) = waves.next_wave() {
            let mut mean = DMatrix::zeros(wave.slots.len(), wave.targets.len());
            for (repeat, recipe) in (first..).zip(recipes) {
                let (mut r2, observed) = self.wave(repeat, recipe, &wave, keep, watch)?;
                if wave.slots.start == 0 {
                    null.slot_zero.push(r2.row(0).iter().copied().collect());
                    // From slots to permutations.
                    r2.swap_rows(0, self.permuted.observed_slot);
                }
                null.observed.extend(observed);
                mean += r2 / self.repeats() as f64;
                n_left = n_left.saturating_sub(wave.blocks().len() as u64);
            }
            waves.take(&wave, &mean);
        }
        // What settled targets did not need.
        watch.done(n_left);
        let statistics = waves.finish();
        if first == 0 {
            null.statistics = statistics;
        } else {
            null.statistics += statistics;
        }
        Ok(())
    }

    /// r2 of one repeat in the slots of a wave, slots × targets, and in the first wave the observed
    /// predictions.
    fn wave<K: Keep>(
        &self,
        repeat: usize,
        recipe: &BestOf,
        wave: &Wave,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<WaveNumbers, PieceError<K::Error>> {
        let row_set = wave.row_set(self.permuted.row_set);
        let permuted = PermutedTargets {
            row_set: &row_set,
            ..self.permuted
        };
        let blocks = wave.blocks();
        let parts: Vec<BlockNumbers> = (0..blocks.len())
            .into_par_iter()
            .map(|block| {
                let numbers =
                    block_numbers(repeat, recipe, &permuted, (blocks, block), keep, watch)?;
                watch.done(1);
                Ok(numbers)
            })
            .collect::<Result<_, PieceError<K::Error>>>()?;
        let (mut r2, mut observed) = (Vec::new(), None);
        for (numbers, predictions) in parts {
            r2.extend(numbers);
            observed = observed.or(predictions);
        }
        let shape = (wave.slots.len(), wave.targets.len());
        Ok((DMatrix::from_row_slice(shape.0, shape.1, &r2), observed))
    }

    fn jackknife_blocks(&self) -> Option<(Vec<usize>, usize)> {
        let layout = self.layout().filter(|_| self.work.jackknife)?;
        let row_set = self.permuted.row_set;
        let fold_of = row_set.pick(layout.folds.of_row(0));
        jackknife_blocks(&row_set.rows, &fold_of, layout.groups, layout.seed)
    }

    /// r2 and B without each block. A block whose removal leaves a fold too thin ends the interval,
    /// not the run.
    fn jackknife<K: Keep>(
        &self,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Option<Jackknife>, PieceError<K::Error>> {
        let Some((block_of, n_blocks)) = self.jackknife_blocks() else {
            return Ok(None);
        };
        let n_targets = self.n_targets();
        let found = replicates(n_blocks, 2 * n_targets, watch, |block| {
            self.replicate(&block_of, block, keep, watch)
        })?;
        Ok(found.map(|both| Jackknife {
            r2: both.columns(0, n_targets).into_owned(),
            baseline: both.columns(n_targets, n_targets).into_owned(),
            block_of,
        }))
    }

    /// r2 and then B without one block.
    fn replicate<K: Keep>(
        &self,
        block_of: &[usize],
        block: usize,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Vec<f64>, PieceError<K::Error>> {
        let PermutedTargets {
            targets, row_set, ..
        } = self.permuted;
        let item = Item::Jackknife { block };
        kept(keep, watch, item, 2 * self.n_targets(), || {
            let Replicate { mut r2, baseline } =
                without_block(self.contenders, targets, row_set, block_of, block)?;
            r2.extend(baseline);
            Ok(r2)
        })
    }

    /// r2 under each redraw of the folds.
    fn redraws<K: Keep>(
        &self,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Option<DMatrix<f64>>, PieceError<K::Error>> {
        let n_redraws = self.work.fold_redraws;
        let Some(redrawn) = self.redrawn()? else {
            return Ok(None);
        };
        replicates(n_redraws, self.n_targets(), watch, |redraw| {
            self.redraw(&redrawn, redraw, keep, watch)
        })
    }

    /// Other folds: whole groups, if any, as in the study's own. `None` when not asked for.
    fn redrawn(&self) -> Result<Option<Folds>, EngineError> {
        let n_redraws = self.work.fold_redraws;
        let Some(layout) = self.layout().filter(|_| n_redraws > 0) else {
            return Ok(None);
        };
        let seed = layout.seed.derive("fold redraws", 0);
        let n_folds = layout.folds.n_folds();
        Folds::split(layout.groups, n_folds, n_redraws, seed).map(Some)
    }

    /// r2 under one redraw of the folds.
    fn redraw<K: Keep>(
        &self,
        redrawn: &Folds,
        redraw: usize,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Vec<f64>, PieceError<K::Error>> {
        let PermutedTargets {
            targets, row_set, ..
        } = self.permuted;
        kept(
            keep,
            watch,
            Item::Redraw { redraw },
            self.n_targets(),
            || with_folds(self.contenders, targets, row_set, redrawn, redraw),
        )
    }
}

/// The null distribution as repeats add to it.
#[derive(Default)]
struct Null {
    observed: Vec<OutOfFold>,
    statistics: DMatrix<f64>,
    slot_zero: Vec<Vec<f64>>,
}

/// The numbers of an item, kept or computed and then kept.
fn kept<K: Keep>(
    keep: &K,
    watch: &impl Watch,
    item: Item,
    len: usize,
    compute: impl FnOnce() -> Result<Vec<f64>, EngineError>,
) -> Result<Vec<f64>, PieceError<K::Error>> {
    // What is no number was kept by a version that did not refuse it: it is computed anew.
    let is_whole = |numbers: &Vec<f64>| {
        numbers.len() == len && numbers.iter().all(|number| number.is_finite())
    };
    if let Some(found) = keep.take(item).filter(is_whole) {
        return Ok(found);
    }
    go_on(watch)?;
    let numbers = compute()?;
    keep.put(item, &numbers).map_err(PieceError::Keep)?;
    Ok(numbers)
}

/// One block of a repeat, kept or computed and then kept.
fn block_numbers<K: Keep>(
    repeat: usize,
    recipe: &BestOf,
    permuted: &PermutedTargets,
    (blocks, block): (Blocks, usize),
    keep: &K,
    watch: &impl Watch,
) -> Result<BlockNumbers, PieceError<K::Error>> {
    let (slots, n_targets) = (blocks.range(block), permuted.row_set.targets.len());
    let len = slots.len() * n_targets;
    if !slots.contains(&permuted.observed_slot) {
        let first = slots.start;
        let numbers = kept(keep, watch, Item::Block { repeat, first }, len, || {
            Ok(slot_by_slot(&run_block(recipe, permuted, blocks, block)?))
        })?;
        return Ok((numbers, None));
    }
    let item = Item::Observed { repeat };
    let fits =
        |observed: &OutOfFold| observed.y_hat.shape() == (permuted.row_set.rows.len(), n_targets);
    let found = keep.take(item).and_then(|mut numbers| {
        let observed = OutOfFold::from_numbers(numbers.get(len..)?).filter(fits)?;
        numbers.truncate(len);
        let is_whole = numbers.iter().all(|number| number.is_finite());
        is_whole.then_some((numbers, Some(observed)))
    });
    if let Some(found) = found {
        return Ok(found);
    }
    go_on(watch)?;
    let computed = run_block(recipe, permuted, blocks, block)?;
    let mut numbers = slot_by_slot(&computed);
    let observed = computed.observed;
    numbers.extend(observed.iter().flat_map(OutOfFold::to_numbers));
    keep.put(item, &numbers).map_err(PieceError::Keep)?;
    numbers.truncate(len);
    Ok((numbers, observed))
}

fn slot_by_slot(block: &BlockResult) -> Vec<f64> {
    block.r2.transpose().as_slice().to_vec()
}

/// Rows computed one by one (`row` is given their number); `None` where one of them leaves a fold
/// too thin or the target constant.
fn replicates<E>(
    n_rows: usize,
    len: usize,
    watch: &impl Watch,
    row: impl Fn(usize) -> Result<Vec<f64>, PieceError<E>>,
) -> Result<Option<DMatrix<f64>>, PieceError<E>> {
    let mut rows = DMatrix::zeros(n_rows, len);
    for at in 0..n_rows {
        let numbers = row(at);
        watch.done(1);
        match numbers {
            Ok(numbers) => rows.row_mut(at).copy_from_slice(&numbers),
            Err(error) if error.is_of_rows() => {
                watch.done((n_rows - at - 1) as u64);
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(rows))
}

fn go_on<E>(watch: &impl Watch) -> Result<(), PieceError<E>> {
    match watch.is_stopped() {
        true => Err(PieceError::Stopped),
        false => Ok(()),
    }
}
