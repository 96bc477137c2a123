//! Sensitivity: how large an effect would this study have found?
//!
//! Known shares of variance are planted into permuted targets, from the smallest up until .80 of
//! them are found; the whole recipe is run on them as more columns of Y. One answer per encoder ×
//! regressor × row set: `mde80`, the planted share found with power .80, and `mde80_r2`, the r2 one
//! would then see.

use nalgebra::DMatrixView;

use super::response::Strength;
use crate::score::mean;

/// So many of [`PLANTED`](super::planted::PLANTED) are tried, the smallest first: who looks for more
/// than half of the variance needs no study of its size.
pub const N_TRIED: usize = 10;
/// Power that counts as found: in 4 of 5 data sets of this size.
pub const POWER: f64 = 0.8;

/// What would have been found in 4 of 5 data sets of this size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensitivity {
    /// Smallest planted share of variance found with power .80, interpolated; `None` when even the
    /// largest is not.
    pub mde80: Option<f64>,
    /// Mean r2 seen at that share.
    pub mde80_r2: Option<f64>,
}

/// The critical value c of the standardised maximum: the ⌊α(m+1)⌋-th largest of max_j z_b,j (b ≥ 1,
/// moments over b ≥ 1).
///
/// `statistics`: (m + 1) × cells of the family, row 0 observed; `n_samples` of each cell. `None`
/// when the level is below 1/(m+1).
#[must_use]
pub fn critical_maximum(
    statistics: DMatrixView<f64>,
    n_samples: &[usize],
    level: f64,
) -> Option<f64> {
    let m = statistics.nrows() - 1;
    let rank = (level * (m + 1) as f64 + 1e-9).floor() as usize;
    if rank == 0 || m == 0 {
        return None;
    }
    let mut maxima = vec![f64::NEG_INFINITY; m];
    for (cell, &n) in statistics.column_iter().zip(n_samples) {
        let null = &cell.as_slice()[1..];
        let (centre, spread) = null_moments(null, n);
        for (max, t) in maxima.iter_mut().zip(null) {
            *max = max.max((t - centre) / spread);
        }
    }
    maxima.sort_by(|a, b| b.total_cmp(a));
    Some(maxima[rank.min(m) - 1])
}

/// The critical value c of one cell where there is no joint null distribution: the ⌊`level`·(N +
/// 1)⌋-th largest of N pooled z.
///
/// `nulls`: permuted statistics of cells whose null distributions differ in place and spread at
/// most (one encoder, one regressor, several targets), each with its rows; each is standardised by
/// its own moments ([`null_moments`]). `level`: that of a single cell, α/J for the first step of
/// Holm. `None` when it is below 1/(N + 1): then so few draws cannot say how large a statistic must
/// be.
#[must_use]
pub fn critical_pooled(nulls: &[(&[f64], usize)], level: f64) -> Option<f64> {
    let mut pooled = Vec::new();
    for &(null, n) in nulls {
        let (centre, spread) = null_moments(null, n);
        pooled.extend(null.iter().map(|t| (t - centre) / spread));
    }
    let rank = (level * (pooled.len() + 1) as f64 + 1e-9).floor() as usize;
    pooled.sort_by(|a, b| b.total_cmp(a));
    pooled.get(rank.checked_sub(1)?).copied()
}

/// Mean and max(sd, 1/n) of a null distribution (ddof 0).
#[must_use]
pub fn null_moments(null: &[f64], n_samples: usize) -> (f64, f64) {
    let centre = mean(null);
    let variance = null.iter().map(|t| (t - centre).powi(2)).sum::<f64>() / null.len() as f64;
    (centre, variance.sqrt().max(1.0 / n_samples as f64))
}

/// The share of draws that are found: r2 above the critical r2 of the draw's target. Once it is
/// [`POWER`], stronger effects need not be planted.
///
/// `r2`: one value a draw; `critical`: one a target of the row set, c_t = mean_t + max(sd_t,
/// 1/n)·c.
#[must_use]
pub fn power(r2: &[f64], critical: &[f64]) -> f64 {
    let found = r2.iter().zip(critical.iter().cycle());
    found.filter(|(t, critical)| t > critical).count() as f64 / r2.len() as f64
}

/// Power by planted share, made monotone, and the point at which it passes .80.
///
/// `planted`: the smallest first, as many as were planted; `critical`: as for [`power`].
#[must_use]
pub fn sensitivity(planted: &[Strength], critical: &[f64]) -> Sensitivity {
    let of_each = |number: &dyn Fn(&Strength) -> f64| planted.iter().map(number).collect();
    let powers: Vec<f64> = of_each(&|one| power(&one.r2, critical));
    let seen: Vec<f64> = of_each(&|one| mean(&one.r2));
    let shares: Vec<f64> = of_each(&|one| one.share);
    let power = monotone(&powers);
    let Some(above) = power.iter().position(|&power| power >= POWER) else {
        return Sensitivity {
            mde80: None,
            mde80_r2: None,
        };
    };
    // Below the smallest planted share lies no share at all: power and r2 there are not planted but
    // known, the level and about 0.
    if above == 0 {
        return Sensitivity {
            mde80: Some(shares[0]),
            mde80_r2: Some(seen[0]),
        };
    }
    let weight = (POWER - power[above - 1]) / (power[above] - power[above - 1]);
    let between = |values: &[f64]| values[above - 1] + weight * (values[above] - values[above - 1]);
    Sensitivity {
        mde80: Some(between(&shares)),
        mde80_r2: Some(between(&seen)),
    }
}

/// The closest increasing sequence in squares (pool adjacent violators).
pub(crate) fn monotone(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for &value in values {
        pools.push((value, 1));
        while let [.., (before, n_before), (last, n_last)] = pools[..] {
            if before <= last {
                break;
            }
            let n = n_before + n_last;
            pools.truncate(pools.len() - 2);
            pools.push((
                (before * n_before as f64 + last * n_last as f64) / n as f64,
                n,
            ));
        }
    }
    pools
        .iter()
        .flat_map(|&(value, n)| std::iter::repeat_n(value, n))
        .collect()
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::super::planted::PLANTED;
    use super::*;

    #[test]
    fn violators_are_pooled() {
        assert_eq!(
            monotone(&[0.1, 0.4, 0.2, 0.9, 0.6]),
            [0.1, 0.30000000000000004, 0.30000000000000004, 0.75, 0.75]
        );
    }

    #[test]
    fn the_point_of_power_80_is_interpolated() {
        // Five draws of one target, critical r2 0.05: power 0 up to .03, 3/5 at .05, 1 from .07 on;
        // r2 seen .04 … .06.
        let of_share = |share: f64| {
            let found = |draw: &usize| share >= 0.07 || (share == 0.05 && *draw < 3);
            let r2 = |draw| if found(&draw) { 0.06 } else { 0.04 };
            Strength {
                r2: (0..5).map(r2).collect(),
                ..Strength::new(share, 5)
            }
        };
        let planted: Vec<Strength> = PLANTED[..N_TRIED].iter().copied().map(of_share).collect();
        let found = sensitivity(&planted, &[0.05]);
        // Half way between .05 (power .6, mean r2 .052) and .07 (power 1, mean r2 .06).
        assert!((found.mde80.unwrap() - 0.06).abs() < 1e-12);
        assert!((found.mde80_r2.unwrap() - 0.056).abs() < 1e-12);
        // What was not planted because .07 was found already makes no difference.
        assert_eq!(sensitivity(&planted[..5], &[0.05]), found);
        assert_eq!(sensitivity(&[Strength::new(0.01, 5)], &[0.05]).mde80, None);
    }

    #[test]
    fn a_draw_is_found_by_the_critical_r2_of_its_own_target() {
        // Draws 0, 2 belong to the first target, draw 1 to the second.
        assert_eq!(power(&[0.2, 0.2, 0.05], &[0.1, 0.3]), 1.0 / 3.0);
    }

    #[test]
    fn the_critical_maximum_is_an_order_statistic_of_the_null() {
        // One cell, nulls −1, 0, 0, 1 (sd √.5): at level .2·(4+1) = 1 the largest.
        let statistics = DMatrix::from_column_slice(5, 1, &[9.0, -1.0, 0.0, 0.0, 1.0]);
        let c = critical_maximum(statistics.as_view(), &[1000], 0.2).unwrap();
        assert!((c - 2.0f64.sqrt()).abs() < 1e-12);
        assert_eq!(critical_maximum(statistics.as_view(), &[1000], 0.1), None);
    }

    #[test]
    fn the_pooled_critical_value_is_an_order_statistic_of_all_z() {
        // −1, 0, 0, 1 and the same ten times as wide, around 50: z of ±√2 and 0, twice each. N = 8:
        // rank 2 at .23·9, rank 3 at 1/3, none below 1/9.
        let (one, wide) = ([-1.0, 0.0, 0.0, 1.0], [40.0, 50.0, 50.0, 60.0]);
        let critical = |level: f64| critical_pooled(&[(&one, 1000), (&wide, 1000)], level);
        assert!((critical(0.23).unwrap() - 2.0f64.sqrt()).abs() < 1e-12);
        assert_eq!(critical(1.0 / 3.0), Some(0.0));
        assert_eq!(critical(0.11), None);
    }
}
