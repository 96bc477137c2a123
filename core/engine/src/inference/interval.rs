//! The block jackknife of a whole recipe: its standard error, and an interval from it.
//!
//! The interval of r2 where no effects are planted ([`super::response`]), of differences and of
//! shares of a ceiling. Estimand θ: R² of the whole recipe, tuning included, trained on n(1 − 1/K)
//! rows and averaged over training sets; not of the fitted models, not of a model on all n. Each
//! row both trains and is scored, so errors of a fixed fit do not give its variance; leaving out
//! whole blocks and running everything again does. Conservative on average (Efron & Stein 1981),
//! except where tuning is about to give up: near an empty model all replicates agree on next to
//! nothing, and the blocks understate how far r2 would fall elsewhere. The variance of the null,
//! which is that of a recipe with nothing to hold on to, is therefore added. Simulated coverage of
//! the 95 % interval: docs/intervals.md.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::folds::Groups;
use crate::score::mean;
use crate::seed::Seed;

/// Blocks of the jackknife, unless there are fewer than twice as many groups.
pub const N_BLOCKS: usize = 20;
/// Below this many rows no interval is given.
pub const LEAST_ROWS: usize = 50;
/// Below this many groups no interval is given.
pub const LEAST_GROUPS: usize = 20;

/// A standard error and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Standard error, of which `low` and `high` are t·SE away.
    pub se: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The jackknife block of each row of a row set, and the number of blocks; `None` with fewer than
/// 50 rows or 20 groups.
///
/// Each fold's groups (rows, when nothing is grouped) in an order shuffled by the seed are dealt
/// round robin by one running counter, so that every block takes evenly from every fold. With fewer
/// than 40 groups each group is a block.
///
/// `rows`: dataset rows of the row set; `fold_of`: their folds (first repeat); `groups`: of the
/// whole dataset.
#[must_use]
pub fn jackknife_blocks(
    rows: &[usize],
    fold_of: &[usize],
    groups: &Groups,
    seed: Seed,
) -> Option<(Vec<usize>, usize)> {
    let own = groups.among(rows.iter().copied());
    if rows.len() < LEAST_ROWS || own.n_groups() < LEAST_GROUPS {
        return None;
    }
    if own.n_groups() < 2 * N_BLOCKS {
        return Some((own.of_row().to_vec(), own.n_groups()));
    }
    let members = own.members();
    let mut order: Vec<usize> = (0..members.len()).collect();
    seed.stream("jackknife", 0).shuffle(&mut order);
    // A stable sort keeps the shuffled order inside each fold.
    order.sort_by_key(|&group| fold_of[members[group][0]]);
    let mut block_of = vec![0; rows.len()];
    for (counter, &group) in order.iter().enumerate() {
        for &row in &members[group] {
            block_of[row] = counter % N_BLOCKS;
        }
    }
    Some((block_of, N_BLOCKS))
}

/// The standard error of r2, SE² = (G−1)/G·Σ(r2₍₋g₎ − mean)² + null_sd².
///
/// `replicates`: r2 without each block in turn; `null_sd`: sd of the permuted r2 (b ≥ 1) of the
/// same recipe.
#[must_use]
pub fn r2_se(replicates: &[f64], null_sd: f64) -> f64 {
    jackknife_se(replicates).hypot(null_sd)
}

/// The jackknife standard error, SE² = (G−1)/G·Σ(θ₍₋g₎ − mean)².
///
/// `replicates`: the statistic without each block in turn.
///
/// Checked: by hand for a mean below, `tests/golden/jackknife.json` (R's survey).
#[must_use]
pub fn jackknife_se(replicates: &[f64]) -> f64 {
    let n_blocks = replicates.len() as f64;
    let centre = mean(replicates);
    let sum: f64 = replicates.iter().map(|r2| (r2 - centre).powi(2)).sum();
    ((n_blocks - 1.0) / n_blocks * sum).sqrt()
}

/// r2 ± t·SE with G − 1 degrees of freedom, at confidence 1 − `level`.
#[must_use]
pub fn jackknife_interval(r2: f64, se: f64, n_blocks: usize, level: f64) -> Interval {
    let half = t_quantile(1.0 - level / 2.0, n_blocks as f64 - 1.0) * se;
    Interval {
        se,
        low: r2 - half,
        high: r2 + half,
    }
}

/// Quantile of Student's t. `probability` ≥ ½; NaN outside (0, 1) or without degrees of freedom.
pub(crate) fn t_quantile(probability: f64, degrees: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, degrees) {
        Ok(t) if (0.5..1.0).contains(&probability) => t.inverse_cdf(probability),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jackknife_of_a_mean_is_its_standard_error() {
        // Leave-one-out means of n values: SE² = (n−1)/n·Σ(mean₍₋i₎ − mean)² = s²/n, exactly.
        let values = [1.0, 4.0, 2.0, 9.0, 5.0];
        let total: f64 = values.iter().sum();
        let replicates: Vec<f64> = values.iter().map(|v| (total - v) / 4.0).collect();
        let s2 = values
            .iter()
            .map(|v| (v - total / 5.0).powi(2))
            .sum::<f64>()
            / 4.0;
        assert!((jackknife_se(&replicates) - (s2 / 5.0).sqrt()).abs() < 1e-14);
        // s² = 9.7, SE² = 1.94; a null of sd 2 adds 4.
        assert!((r2_se(&replicates, 2.0) - 5.94f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn the_interval_uses_students_t() {
        // R: qt(.975, 19) = 2.093024054408309; qt(.9995, 19) = 3.883405852592082.
        let interval = jackknife_interval(0.5, 1.0, 20, 0.05);
        assert!((interval.high - 2.593_024_054).abs() < 1e-7, "{interval:?}");
        assert!((interval.low + 1.593_024_054).abs() < 1e-7);
        assert!((t_quantile(0.9995, 19.0) - 3.883_405_853).abs() < 1e-6);
    }

    #[test]
    fn blocks_are_even_across_folds_and_keep_groups_whole() {
        let rows: Vec<usize> = (0..200).collect();
        let groups = Groups::from_labels(rows.iter().map(|row| row / 2));
        let fold_of: Vec<usize> = rows.iter().map(|row| (row / 2) % 5).collect();
        let (block_of, n_blocks) = jackknife_blocks(&rows, &fold_of, &groups, Seed(1)).unwrap();
        assert_eq!(n_blocks, 20);
        for block in 0..20 {
            let of = |fold: usize| {
                rows.iter()
                    .filter(|&&r| block_of[r] == block && fold_of[r] == fold)
                    .count()
            };
            assert!((0..5).all(|fold| of(fold) == 2), "block {block}");
        }
        assert!(
            rows.iter()
                .all(|&row| block_of[row] == block_of[row / 2 * 2])
        );
        assert_eq!(
            jackknife_blocks(&rows[..40], &fold_of[..40], &groups, Seed(1)),
            None
        );
    }
}
