//! From computed pieces to the rows of `results.csv`: scores, p-values over the family, intervals and verdicts.
//!
//! Every formula is the engine's; this file says which numbers go where. Cells are in the order encoder, regressor, target; the family first, controls
//! behind it with p-values of their own.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::interval::{
    LEAST_GROUPS, LEAST_ROWS, jackknife_interval, jackknife_se,
};
use ocean_engine::inference::multiplicity::{
    PermutationP, benjamini_hochberg, holm, permutation_p, settle_ties, step_down_max_t,
};
use ocean_engine::inference::reliability::prmse_one_way;
use ocean_engine::inference::sensitivity::{
    critical_maximum, critical_pooled, null_moments, sensitivity,
};
use ocean_engine::inference::sequential::{LEAST_DRAWS, Stopping};
use ocean_engine::inference::verdict::{Evidence, Verdict, false_coverage_level};
use ocean_engine::nested::OutOfFold;
use ocean_engine::score::{CovariateScores, HeldOut, Scores, se_naive};
use ocean_engine::targets::{RowSet, Targets};

use crate::report::model::{CellResult, Correction};
use crate::study::Piece;

/// Bins of the null histogram.
const N_BINS: usize = 30;

/// Below this ceiling r2_over_ceiling would divide by noise.
const LEAST_CEILING: f64 = 0.1;

/// Stands for encoder and regressor where both are chosen inside each training part.
pub const BEST: &str = "(best)";

/// What all cells of a study share.
pub struct Common<'a> {
    /// Y.
    pub targets: &'a Targets,
    /// Names of the columns of Y.
    pub target_names: &'a [String],
    /// Targets by observed rows.
    pub row_sets: &'a [RowSet],
    /// Outer folds.
    pub folds: &'a Folds,
    /// Who stays together.
    pub groups: &'a Groups,
    /// The rows are grouped, so errors cluster.
    pub is_grouped: bool,
    /// Family-wise level.
    pub level: f64,
    /// δ.
    pub smallest_effect: Option<f64>,
    /// The most permutations m of a cell of the family.
    pub n_permutations: usize,
    /// The family's permutations stop where a cell has settled: p and its adjustment are those of sequential stopping.
    pub is_adaptive: bool,
    /// Mean error variance of the targets that are means of raters, v̄ = mean σ²ₑ/cᵢ over their rows; `None` for other targets.
    pub rating_error: &'a [Option<f64>],
    /// The ratings behind each such target, a vector a rater over all rows.
    pub ratings: &'a [Option<Vec<Vec<f64>>>],
}

impl Common<'_> {
    /// How p is adjusted for the number of cells: a joint null distribution needs the same permutations in every cell.
    #[must_use]
    pub fn correction(&self) -> Correction {
        if self.is_adaptive {
            Correction::Holm
        } else {
            Correction::MaxT
        }
    }
}

/// One computed encoder × regressor × row set.
pub struct Computed {
    /// Label of the encoder.
    pub encoder: String,
    /// Columns of its embedding.
    pub n_features: usize,
    /// Outside the family.
    pub is_control: bool,
    /// What was chosen from inside each training part, in the order of [`ocean_engine::nested::Fit::candidate`]; empty where there was no choice.
    pub candidates: Vec<String>,
    /// Label of the regressor.
    pub regressor: String,
    /// The l1_ratio of each variant of the regressor, strongest first; empty when it has none.
    pub l1_ratios: Vec<f64>,
    /// Which row set.
    pub row_set: usize,
    /// The numbers.
    pub piece: Piece,
}

/// The cells of a study with the matrices behind them.
pub struct Cells {
    /// Rows of results.csv.
    pub results: Vec<CellResult>,
    /// r2 by permutation, (m + 1) × cells, row 0 observed, ties settled; NaN below the fewer permutations of a control or of a cell that has settled.
    pub statistics: DMatrix<f64>,
    /// Step-down maxT p of each control's cells among themselves, for the doctor; `None` for the family.
    pub control_p: Vec<Option<f64>>,
    /// Jackknife replicates of each cell.
    pub replicates: Vec<Vec<f64>>,
    /// Which computed piece and which of its columns each cell is.
    pub origin: Vec<(usize, usize)>,
}

/// Puts the cells together.
///
/// # Errors
/// [`EngineError::ConstantTarget`], which an evaluated target cannot cause.
pub fn assemble(common: &Common, computed: &[Computed]) -> Result<Cells, EngineError> {
    let origin = order(common, computed);
    let n_rows = computed
        .iter()
        .map(|computed| computed.piece.statistics.nrows());
    let n_rows = n_rows.max().unwrap_or(1);
    let mut statistics = DMatrix::from_element(n_rows, origin.len(), f64::NAN);
    for (cell, &(at, column)) in origin.iter().enumerate() {
        let r2 = computed[at].piece.statistics.column(column);
        statistics.view_mut((0, cell), (r2.len(), 1)).copy_from(&r2);
    }
    settle_ties(&mut statistics);
    let mut results = Vec::with_capacity(origin.len());
    for (cell, &(at, column)) in origin.iter().enumerate() {
        let null = draws(&statistics, cell);
        results.push(describe(common, &computed[at], column, null)?);
    }
    let replicates = origin
        .iter()
        .map(|&(at, column)| {
            let jackknife = computed[at].piece.jackknife.as_ref();
            jackknife.map_or(Vec::new(), |all| {
                all.column(column).iter().copied().collect()
            })
        })
        .collect();
    let mut cells = Cells {
        control_p: vec![None; results.len()],
        results,
        statistics,
        replicates,
        origin,
    };
    let n_family = cells.results.iter().filter(|cell| !cell.is_control).count();
    if common.n_permutations > 0 {
        cells.add_p(common, n_family);
        cells.add_sensitivity(common, computed, n_family);
    }
    cells.add_intervals(common, computed, n_family);
    cells.add_gain_over_length();
    Ok(cells)
}

/// The permuted r2 of a cell, without the observed one: NaN stands below the last.
pub fn draws(statistics: &DMatrix<f64>, cell: usize) -> &[f64] {
    let n_rows = statistics.nrows();
    let column = &statistics.as_slice()[cell * n_rows..(cell + 1) * n_rows];
    let end = column.iter().position(|t| t.is_nan()).unwrap_or(n_rows);
    &column[1.min(end)..end]
}

/// Family before controls; else the order of the pieces, targets in the order of Y.
fn order(common: &Common, computed: &[Computed]) -> Vec<(usize, usize)> {
    let mut first_of: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, piece) in computed.iter().enumerate() {
        first_of
            .entry((&piece.encoder, &piece.regressor))
            .or_insert(at);
    }
    let mut cells: Vec<(bool, usize, usize, usize, usize)> = Vec::new();
    for (at, piece) in computed.iter().enumerate() {
        let pair = first_of[&(piece.encoder.as_str(), piece.regressor.as_str())];
        for (column, &target) in common.row_sets[piece.row_set].targets.iter().enumerate() {
            cells.push((piece.is_control, pair, target, at, column));
        }
    }
    cells.sort_unstable();
    cells
        .into_iter()
        .map(|(.., at, column)| (at, column))
        .collect()
}

fn describe(
    common: &Common,
    computed: &Computed,
    column: usize,
    null: &[f64],
) -> Result<CellResult, EngineError> {
    let row_set = &common.row_sets[computed.row_set];
    let target = row_set.targets[column];
    let piece = &computed.piece;
    let n = row_set.rows.len();
    let y: Vec<f64> = row_set
        .rows
        .iter()
        .map(|&row| common.targets.y()[(row, target)])
        .collect();
    let fits = Fits::of(piece, column);
    let group_of: Vec<usize> = row_set
        .rows
        .iter()
        .map(|&row| common.groups.of_row()[row])
        .collect();
    let clusters = common.is_grouped.then_some(group_of.as_slice());
    let mut by_repeat = Vec::with_capacity(piece.observed.len());
    let mut beside_covariates = Vec::new();
    let mut naive = 0.0;
    for (repeat, observed) in piece.observed.iter().enumerate() {
        let fold_of: Vec<usize> = row_set
            .rows
            .iter()
            .map(|&row| common.folds.of_row(repeat)[row])
            .collect();
        let (y_hat, y_bar) = (observed.y_hat.column(column), observed.y_bar.column(column));
        let held_out = HeldOut {
            y: &y,
            y_hat: y_hat.as_slice(),
            y_bar: y_bar.as_slice(),
            fold_of: &fold_of,
            is_empty: fits.all_empty(),
        };
        by_repeat.push(Scores::of(&held_out)?);
        if common.targets.covariates().is_some() {
            beside_covariates.push(CovariateScores::of(&held_out)?);
        }
        naive += se_naive(&held_out, clusters) / piece.observed.len() as f64;
    }
    let scores = Scores::mean_of(&by_repeat);
    let beside_covariates =
        (!beside_covariates.is_empty()).then(|| CovariateScores::mean_of(&beside_covariates));
    // B, the mean squared error of guessing the training mean: what a perfect prediction of the true scores could not save is the rating error.
    let baseline = by_repeat
        .iter()
        .map(|scores| scores.rmse_baseline.powi(2))
        .sum::<f64>()
        / by_repeat.len() as f64;
    let ceiling = common.rating_error[target].map(|rating_error| 1.0 - rating_error / baseline);
    let nonzero_median = fits.median(|fit| fit.info.n_nonzero.map(f64::from));
    let n_groups = common
        .is_grouped
        .then(|| Groups::from_labels(group_of.iter()).n_groups());
    let mut notes = Vec::new();
    if scores.n_constant_folds > 0 {
        notes.push(format!(
            "{} folds with constant target left out of r2_fold_mean",
            scores.n_constant_folds
        ));
    }
    if piece.n_constant > 0 {
        notes.push(format!(
            "{} columns constant in a training part",
            piece.n_constant
        ));
    }
    let has_enough = n >= LEAST_ROWS && n_groups.is_none_or(|n_groups| n_groups >= LEAST_GROUPS);
    if piece.jackknife.is_none() && !computed.is_control && has_enough {
        notes.push(
            "no interval: without one of its blocks a fold would be empty or the target constant"
                .to_owned(),
        );
    }
    let is_best = !computed.candidates.is_empty();
    if is_best {
        notes.push(fits.chosen(&computed.candidates));
    }
    // Penalties and coefficients of different recipes have no common median.
    let nonzero_median = nonzero_median.filter(|_| !is_best);
    Ok(CellResult {
        is_best,
        encoder: computed.encoder.clone(),
        regressor: computed.regressor.clone(),
        target: common.target_names[target].clone(),
        n,
        n_train: piece.n_train,
        n_features: computed.n_features,
        n_groups,
        folds: common.folds.n_folds() as u32,
        repeats: common.folds.repeats() as u32,
        r2: scores.r2,
        se_naive: finite(naive).filter(|_| !fits.all_empty()),
        r2_test_mean: scores.r2_test_mean,
        r2_fold_mean: scores.r2_fold_mean,
        r2_oosse: scores.r2_oosse,
        prmse_rsmtool: common.ratings[target]
            .as_ref()
            .and_then(|ratings| mean_prmse(ratings, &row_set.rows, piece, column)),
        r2_partial: beside_covariates.map(|s| s.r2_partial),
        r2_covariates: beside_covariates.map(|s| s.r2_covariates),
        r2_total: beside_covariates.map(|s| s.r2_total),
        r2_increment: beside_covariates.map(|s| s.r2_increment),
        pearson_r: scores.pearson_r,
        calibration_slope: scores.calibration_slope,
        rmse: scores.rmse,
        mae: scores.mae,
        rmse_baseline: scores.rmse_baseline,
        permutations: null.len() as u32,
        null_mean: (!null.is_empty()).then(|| mean_and_sd(null).0),
        null_sd: (!null.is_empty()).then(|| mean_and_sd(null).1),
        null_interval: quantiles(null),
        null_histogram: histogram(null),
        alpha_median: fits.median(|fit| finite(fit.alpha)).filter(|_| !is_best),
        l1_ratio_median: fits.median(|fit| computed.l1_ratios.get(fit.variant).copied()),
        nonzero_median,
        sparsity: nonzero_median.map(|nonzero| 1.0 - nonzero / computed.n_features as f64),
        empty_fits: fits.count(|fit| fit.is_empty),
        grid_edge_fits: fits.count(|fit| fit.at_grid_edge),
        unconverged_fits: fits.count(|fit| fit.info.is_unconverged),
        feature_sample_ratio: computed.n_features as f64 / piece.n_train,
        ceiling,
        r2_over_ceiling: ceiling
            .filter(|ceiling| *ceiling > LEAST_CEILING)
            .map(|ceiling| scores.r2 / ceiling),
        notes: notes.join("; "),
        is_control: computed.is_control,
        ..CellResult::default()
    })
}

/// PRMSE of rsmtool, mean over repeats.
fn mean_prmse(ratings: &[Vec<f64>], rows: &[usize], piece: &Piece, column: usize) -> Option<f64> {
    let of_rows = |rater: &Vec<f64>| rows.iter().map(|&row| rater[row]).collect();
    let ratings: Vec<Vec<f64>> = ratings.iter().map(of_rows).collect();
    let of_repeat =
        |observed: &OutOfFold| prmse_one_way(&ratings, observed.y_hat.column(column).as_slice());
    let by_repeat: Option<Vec<f64>> = piece.observed.iter().map(of_repeat).collect();
    by_repeat.map(|all| all.iter().sum::<f64>() / all.len() as f64)
}

/// The chosen fits of one cell, all splits and repeats.
struct Fits(Vec<ocean_engine::nested::Fit>);

impl Fits {
    fn of(piece: &Piece, column: usize) -> Self {
        let splits = piece.observed.iter().flat_map(|observed| &observed.fits);
        Self(splits.map(|fits| fits[column]).collect())
    }

    fn all_empty(&self) -> bool {
        self.0.iter().all(|fit| fit.is_empty)
    }

    /// "chosen in 5 splits: minilm × ridge 4, lexical × ridge 1".
    fn chosen(&self, candidates: &[String]) -> String {
        let times = |at: usize| self.0.iter().filter(|fit| fit.candidate == at).count();
        let mut counts: Vec<(usize, &String)> = (0..).map(times).zip(candidates).collect();
        counts.retain(|(count, _)| *count > 0);
        counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let counts: Vec<String> = counts
            .iter()
            .map(|(count, name)| format!("{name} {count}"))
            .collect();
        format!("chosen in {} splits: {}", self.0.len(), counts.join(", "))
    }

    fn count(&self, is_so: impl Fn(&ocean_engine::nested::Fit) -> bool) -> u32 {
        self.0.iter().filter(|fit| is_so(fit)).count() as u32
    }

    /// Median over the fits that have the value; `None` when none has.
    fn median(&self, value: impl Fn(&ocean_engine::nested::Fit) -> Option<f64>) -> Option<f64> {
        let mut values: Vec<f64> = self.0.iter().filter_map(value).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() {
            0 => None,
            n if n % 2 == 1 => Some(values[middle]),
            _ => Some(0.5 * (values[middle - 1] + values[middle])),
        }
    }
}

impl Cells {
    /// Permutation p of every cell; maxT (in the adaptive mode Holm), BH and Holm over the family. Each control's cells have a maxT among themselves, which
    /// the doctor sees.
    fn add_p(&mut self, common: &Common, n_family: usize) {
        let family: Vec<usize> = (0..n_family).collect();
        let max_t = if common.is_adaptive {
            self.add_sequential_p(&family, common.n_permutations);
            None
        } else {
            Some(self.add_raw_p(&family))
        };
        let p: Vec<f64> = family
            .iter()
            .filter_map(|&cell| self.results[cell].p)
            .collect();
        let (q_bh, p_holm) = (benjamini_hochberg(&p), holm(&p));
        for (cell, result) in self.results[..n_family].iter_mut().enumerate() {
            result.p_fwer = Some(max_t.as_ref().map_or(p_holm[cell], |max_t| max_t[cell]));
            result.correction = Some(common.correction());
            result.q_bh = Some(q_bh[cell]);
            result.p_holm = Some(p_holm[cell]);
        }
        let mut controls: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (cell, result) in self.results.iter().enumerate().skip(n_family) {
            controls.entry(&result.encoder).or_default().push(cell);
        }
        let controls: Vec<Vec<usize>> = controls.into_values().collect();
        for cells in controls {
            for (&cell, adjusted) in cells.iter().zip(self.add_raw_p(&cells)) {
                self.control_p[cell] = Some(adjusted);
            }
        }
    }

    /// Fills in p, floor, ties and Monte-Carlo interval of cells whose permutations stopped on their own, and the permutations that p rests on.
    fn add_sequential_p(&mut self, cells: &[usize], cap: usize) {
        let stopping = Stopping::with_cap(cap);
        for &cell in cells {
            let sequential = stopping.p(self.statistics[(0, cell)], draws(&self.statistics, cell));
            let result = &mut self.results[cell];
            result.p = Some(sequential.p);
            result.p_floor = Some(1.0 / (cap + 1) as f64);
            result.permutations = sequential.n_draws as u32;
            result.ties = sequential.n_ties as u32;
            result.p_interval = Some(sequential.interval);
        }
    }

    /// Fills in p, floor, ties and Monte-Carlo interval of cells with the same number of permutations; returns their step-down maxT p.
    fn add_raw_p(&mut self, cells: &[usize]) -> Vec<f64> {
        let Some(&first) = cells.first() else {
            return Vec::new();
        };
        let n_rows = self.results[first].permutations as usize + 1;
        let statistics = self
            .statistics
            .select_columns(cells)
            .rows(0, n_rows)
            .into_owned();
        let n_samples: Vec<usize> = cells.iter().map(|&cell| self.results[cell].n).collect();
        let raw: Vec<PermutationP> = permutation_p(&statistics);
        for (&cell, raw) in cells.iter().zip(&raw) {
            let result = &mut self.results[cell];
            result.p = Some(raw.p);
            result.p_floor = Some(raw.floor);
            result.ties = raw.n_ties as u32;
            result.p_interval = Some(raw.interval);
        }
        step_down_max_t(&statistics, &n_samples)
    }

    /// mde80 of each encoder × regressor × row set, at the critical value of the family.
    fn add_sensitivity(&mut self, common: &Common, computed: &[Computed], n_family: usize) {
        let critical_r2 = if common.is_adaptive {
            self.critical_without_joint_null(common, n_family)
        } else {
            self.critical_of_max_t(common, n_family)
        };
        for (at, computed) in computed.iter().enumerate() {
            if computed.is_control || computed.piece.planted.is_empty() {
                continue;
            }
            let of_piece: Vec<usize> = (0..n_family)
                .filter(|&cell| self.origin[cell].0 == at)
                .collect();
            let critical: Option<Vec<f64>> =
                of_piece.iter().map(|&cell| critical_r2[cell]).collect();
            let Some(critical) = critical else {
                for cell in of_piece.into_iter().filter(|_| common.is_adaptive) {
                    add_note(&mut self.results[cell].notes, TOO_FEW_FOR_SENSITIVITY);
                }
                continue;
            };
            let found = sensitivity(&computed.piece.planted, &critical);
            for cell in of_piece {
                self.results[cell].mde80 = found.mde80;
                self.results[cell].mde80_r2 = found.mde80_r2;
            }
        }
    }

    /// The r2 that each cell of the family must exceed, by the null distribution of the maximum.
    fn critical_of_max_t(&self, common: &Common, n_family: usize) -> Vec<Option<f64>> {
        let n_samples: Vec<usize> = self.results.iter().map(|cell| cell.n).collect();
        let family = self.statistics.columns(0, n_family).into_owned();
        let critical = critical_maximum(&family, &n_samples[..n_family], common.level);
        (0..n_family)
            .map(|cell| {
                let (centre, spread) = null_moments(
                    &self.statistics.column(cell).as_slice()[1..],
                    n_samples[cell],
                );
                Some(centre + spread * critical?)
            })
            .collect()
    }

    /// The same where cells have stopped at different permutations: Holm's first step, level α/J for a single cell, by the z of all targets of the cell's
    /// encoder and regressor together, from the permutations that every cell has. `None` where even those are too few for that level.
    fn critical_without_joint_null(&self, common: &Common, n_family: usize) -> Vec<Option<f64>> {
        let common_draws = |cell: usize| {
            let null = draws(&self.statistics, cell);
            (&null[..null.len().min(LEAST_DRAWS)], self.results[cell].n)
        };
        let recipe = |cell: usize| (&self.results[cell].encoder, &self.results[cell].regressor);
        (0..n_family)
            .map(|cell| {
                let nulls: Vec<(&[f64], usize)> = (0..n_family)
                    .filter(|&other| recipe(other) == recipe(cell))
                    .map(common_draws)
                    .collect();
                let critical = critical_pooled(&nulls, common.level / n_family as f64)?;
                let (null, n) = common_draws(cell);
                let (centre, spread) = null_moments(null, n);
                Some(centre + spread * critical)
            })
            .collect()
    }

    /// 95 % intervals, and the verdicts with the interval adjusted for the false-coverage rate.
    fn add_intervals(&mut self, common: &Common, computed: &[Computed], n_family: usize) {
        let level = common.level;
        let rejected = |cell: &CellResult| cell.p_fwer.is_some_and(|p| p <= level);
        let n_rejected = self.results[..n_family]
            .iter()
            .filter(|cell| rejected(cell))
            .count();
        let adjusted_level = false_coverage_level(level, n_rejected, n_family);
        for (at, cell) in self.results.iter_mut().enumerate() {
            let (piece, column) = self.origin[at];
            let all_empty = Fits::of(&computed[piece].piece, column).all_empty();
            let replicates = &self.replicates[at];
            if !replicates.is_empty() && !all_empty {
                let se = jackknife_se(replicates, cell.null_sd.unwrap_or(0.0));
                let plain = jackknife_interval(cell.r2, se, replicates.len(), 0.05);
                let adjusted = jackknife_interval(cell.r2, se, replicates.len(), adjusted_level);
                (cell.se, cell.ci_low, cell.ci_high) =
                    (Some(se), Some(plain.low), Some(plain.high));
                (cell.ci_low_fcr, cell.ci_high_fcr) = (Some(adjusted.low), Some(adjusted.high));
            }
            let evidence = Evidence {
                all_empty,
                p_fwer: cell.p_fwer.unwrap_or(1.0),
                level,
                adjusted_interval: cell.ci_low_fcr.zip(cell.ci_high_fcr),
                ci_high: cell.ci_high,
                smallest_effect: common.smallest_effect,
                mde80_r2: cell.mde80_r2,
            };
            if !cell.is_control {
                cell.verdict = Verdict::of(&evidence).as_str().to_owned();
            }
        }
    }

    /// r2 minus that of the control `length`, same regressor and target.
    fn add_gain_over_length(&mut self) {
        let length: BTreeMap<(String, String), f64> = self
            .results
            .iter()
            .filter(|cell| cell.is_control && cell.encoder == crate::doctor::LENGTH)
            .map(|cell| ((cell.regressor.clone(), cell.target.clone()), cell.r2))
            .collect();
        for cell in self.results.iter_mut().filter(|cell| !cell.is_control) {
            let key = (cell.regressor.clone(), cell.target.clone());
            cell.gain_over_length = length.get(&key).map(|r2| cell.r2 - r2);
        }
    }
}

/// Without a joint null distribution a critical value needs permutations for a single cell's share of the level.
const TOO_FEW_FOR_SENSITIVITY: &str =
    "no mde80: too few permutations for the level of a single cell";

fn add_note(notes: &mut String, note: &str) {
    if !notes.is_empty() {
        notes.push_str("; ");
    }
    notes.push_str(note);
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Mean and sd (ddof 0).
fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / n;
    (mean, variance.sqrt())
}

/// 2.5 and 97.5 % quantiles, interpolated between order statistics (R's type 7).
fn quantiles(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |share: f64| {
        let position = share * last as f64;
        let below = position.floor() as usize;
        let above = (below + 1).min(last);
        sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
    };
    Some((at(0.025), at(0.975)))
}

fn histogram(values: &[f64]) -> Option<(f64, f64, Vec<u32>)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let width = (high - low) / N_BINS as f64;
    if width <= 0.0 {
        return Some((low, 0.0, vec![values.len() as u32]));
    }
    let mut counts = vec![0; N_BINS];
    for value in values {
        counts[(((value - low) / width) as usize).min(N_BINS - 1)] += 1;
    }
    Some((low, width, counts))
}
