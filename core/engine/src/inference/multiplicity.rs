//! p-values of one cell and of many: permutation p, step-down maxT, Benjamini–Hochberg, Holm.

use nalgebra::{DMatrix, DMatrixView};
use statrs::distribution::{Beta, ContinuousCDF};

use crate::score::mean;

/// A permuted statistic this close to the observed one (relative to max(1, |observed|)) counts as
/// equal: a shuffle that restores the original arrangement can differ from it in the last bits and
/// must still count as a tie.
const TIE: f64 = 1e-12;

/// The permutation p of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PermutationP {
    /// (1 + #{T_b ≥ T_obs})/(1 + m), never 0.
    pub p: f64,
    /// 1/(m + 1), the smallest p these permutations can give.
    pub floor: f64,
    /// Permuted statistics equal to the observed one.
    pub n_ties: usize,
    /// 95 % Monte-Carlo interval of the p that all permutations would give (Clopper & Pearson 1934,
    /// from #{T_b ≥ T_obs} of m).
    pub interval: (f64, f64),
}

/// Whether a permuted statistic equals the observed one but for rounding.
pub(super) fn is_tie(value: f64, observed: f64) -> bool {
    (value - observed).abs() <= TIE * observed.abs().max(1.0)
}

/// Sets every permuted statistic within rounding of the observed one equal to it.
///
/// `statistics`: (m + 1) × cells, row 0 observed. Returns the ties of each cell.
pub fn settle_ties(statistics: &mut DMatrix<f64>) -> Vec<usize> {
    statistics
        .column_iter_mut()
        .map(|mut cell| {
            let observed = cell[0];
            let mut n_ties = 0;
            for value in cell.iter_mut().skip(1) {
                if is_tie(*value, observed) {
                    *value = observed;
                    n_ties += 1;
                }
            }
            n_ties
        })
        .collect()
}

/// The permutation p of each cell: (1 + #{T_b ≥ T_obs})/(1 + m) (Phipson & Smyth 2010).
///
/// `statistics`: (m + 1) × cells, row 0 observed, ties settled ([`settle_ties`]).
///
/// Checked: hand example below, uniformity under the null in `tests/statistics`.
#[must_use]
pub fn permutation_p(statistics: DMatrixView<f64>) -> Vec<PermutationP> {
    let m = statistics.nrows() - 1;
    statistics
        .column_iter()
        .map(|cell| {
            let observed = cell[0];
            let at_least = cell.iter().skip(1).filter(|&&t| t >= observed).count();
            PermutationP {
                p: (1 + at_least) as f64 / (1 + m) as f64,
                floor: 1.0 / (1 + m) as f64,
                n_ties: cell.iter().skip(1).filter(|&&t| t == observed).count(),
                interval: clopper_pearson(at_least, m, 0.05),
            }
        })
        .collect()
}

/// Exact binomial interval of a proportion, `successes` of `trials`, at confidence 1 − `level`.
#[must_use]
pub fn clopper_pearson(successes: usize, trials: usize, level: f64) -> (f64, f64) {
    let quantile = |a: usize, b: usize, q: f64| {
        Beta::new(a as f64, b as f64).map_or(f64::NAN, |beta| beta.inverse_cdf(q))
    };
    let failures = trials - successes.min(trials);
    let low = if successes == 0 {
        0.0
    } else {
        quantile(successes, failures + 1, level / 2.0)
    };
    let high = if failures == 0 {
        1.0
    } else {
        quantile(successes + 1, failures, 1.0 - level / 2.0)
    };
    (low, high)
}

/// Step-down maxT adjusted p-values (Westfall & Young 1993, algorithm 4.1) on standardised
/// statistics.
///
/// z = (T − mean)/max(sd, 1/n) with mean and sd (ddof 0) of each cell over all m + 1 values. With
/// the observed z ordered z₍₁₎ ≥ … ≥ z₍J₎ and u_J,b = z_b,(J), u_j,b = max(u_j+1,b, z_b,(j)): p̃₍ⱼ₎
/// = (1 + #{b ≥ 1: u_j,b ≥ z₍ⱼ₎})/(m + 1), made monotone. The floor 1/n keeps a lasso null of
/// nearly all empty models (sd ≈ 0) from setting everyone's critical value.
///
/// `statistics`: (m + 1) × J, row 0 observed, ties settled; `n_samples`: rows of each cell. Memory
/// beside it: one column, since a large study fills what there is.
///
/// Controls the family-wise error rate strongly if the true-null targets are jointly exchangeable
/// given their X. Checked: hand example, `tests/golden/multiplicity.json`, family-wise error in
/// `tests/statistics`.
#[must_use]
pub fn step_down_max_t(statistics: DMatrixView<f64>, n_samples: &[usize]) -> Vec<f64> {
    let (n_rows, n_cells) = statistics.shape();
    let cells: Vec<Standard> = statistics
        .column_iter()
        .zip(n_samples)
        .map(|(cell, &n)| Standard::of(cell.as_slice(), n))
        .collect();
    let observed: Vec<f64> = (0..n_cells)
        .map(|cell| cells[cell].z(statistics[(0, cell)]))
        .collect();
    let mut order: Vec<usize> = (0..n_cells).collect();
    order.sort_by(|&a, &b| observed[b].total_cmp(&observed[a]).then(a.cmp(&b)));
    let mut running_max = vec![f64::NEG_INFINITY; n_rows];
    let mut adjusted = vec![0.0; n_cells];
    for &cell in order.iter().rev() {
        for (max, &value) in running_max.iter_mut().zip(statistics.column(cell).iter()) {
            *max = max.max(cells[cell].z(value));
        }
        let observed = observed[cell];
        let at_least = running_max[1..]
            .iter()
            .filter(|&&max| max >= observed)
            .count();
        adjusted[cell] = (1 + at_least) as f64 / n_rows as f64;
    }
    let mut so_far = 0.0f64;
    for &cell in &order {
        so_far = so_far.max(adjusted[cell]);
        adjusted[cell] = so_far;
    }
    adjusted
}

/// How the statistics of a cell become z. Equal values stay exactly equal.
#[derive(Debug, Clone, Copy)]
struct Standard {
    centre: f64,
    spread: f64,
}

impl Standard {
    fn of(cell: &[f64], n_samples: usize) -> Self {
        let centre = mean(cell);
        let variance = cell.iter().map(|t| (t - centre).powi(2)).sum::<f64>() / cell.len() as f64;
        let spread = variance.sqrt().max(1.0 / n_samples as f64);
        Self { centre, spread }
    }

    fn z(self, t: f64) -> f64 {
        (t - self.centre) / self.spread
    }
}

/// Benjamini–Hochberg q-values: the false discovery rate at which each cell would just be called,
/// min over larger p of p·J/rank (1995).
///
/// Same numbers as R's `p.adjust(p, "BH")`.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let n_cells = p.len() as f64;
    let mut q = vec![0.0; p.len()];
    let mut smallest = 1.0f64;
    for (rank, &cell) in order.iter().enumerate().rev() {
        smallest = smallest.min(p[cell] * n_cells / (rank + 1) as f64);
        q[cell] = smallest;
    }
    q
}

/// Holm's adjusted p-values: max over smaller p of p·(J − rank + 1), at most 1 (1979). Valid under
/// any dependence between cells.
///
/// Same numbers as R's `p.adjust(p, "holm")`. Its floor with m permutations is J/(m + 1): see
/// [`permutations_for_holm`].
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0f64;
    for (rank, cell) in ascending(p).into_iter().enumerate() {
        largest = largest.max(p[cell] * (p.len() - rank) as f64).min(1.0);
        adjusted[cell] = largest;
    }
    adjusted
}

/// The fewest permutations with which Holm could reject at `level` among `n_cells` cells: m ≥
/// J/level − 1.
#[must_use]
pub fn permutations_for_holm(n_cells: usize, level: f64) -> usize {
    // Rounded down by a hair first: 20/0.05 must be 400, not 400.00000000000006.
    (n_cells as f64 / level - 1.0 - 1e-9).ceil().max(1.0) as usize
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]).then(a.cmp(&b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_counts_the_observed_value_itself_and_ties() {
        let observed = 0.3;
        let nearly = observed + 1e-14;
        let mut statistics =
            DMatrix::from_column_slice(5, 1, &[observed, 0.1, nearly, 0.5, 0.3 - 1e-15]);
        assert_eq!(settle_ties(&mut statistics), [2]);
        let p = permutation_p(statistics.as_view())[0];
        // 0.5 and two ties are at least 0.3: (1 + 3)/(1 + 4).
        assert_eq!((p.p, p.floor, p.n_ties), (0.8, 0.2, 2));
    }

    #[test]
    fn p_is_never_zero() {
        let statistics = DMatrix::from_column_slice(4, 1, &[9.0, 1.0, 2.0, 3.0]);
        assert_eq!(permutation_p(statistics.as_view())[0].p, 0.25);
    }

    #[test]
    fn clopper_pearson_matches_binom_test() {
        // R: binom.test(4, 99)$conf.int = 0.01110986 0.10017090 (also statsmodels
        // proportion_confint(4, 99, method="beta")).
        let (low, high) = clopper_pearson(4, 99, 0.05);
        assert!(
            (low - 0.011_12).abs() < 2e-5 && (high - 0.100_2).abs() < 2e-4,
            "{low} {high}"
        );
        assert_eq!(clopper_pearson(0, 99, 0.05).0, 0.0);
        assert_eq!(clopper_pearson(99, 99, 0.05).1, 1.0);
    }

    #[test]
    fn holm_and_bh_by_hand() {
        let p = [0.01, 0.04, 0.03, 0.005];
        // Sorted .005 .01 .03 .04. Holm: .02 .03 .06 .06. BH: .02 .02 .04 .04.
        let close = |got: Vec<f64>, expected: [f64; 4]| {
            assert!(
                got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15),
                "{got:?}"
            );
        };
        close(holm(&p), [0.03, 0.06, 0.06, 0.02]);
        close(benjamini_hochberg(&p), [0.02, 0.04, 0.04, 0.02]);
        assert_eq!(permutations_for_holm(20, 0.05), 399);
    }

    #[test]
    fn step_down_by_hand() {
        // Two cells with the same null {0, 1, 2} shuffled; standardising is then the same affine
        // map, apart from the observed value.
        let statistics =
            DMatrix::from_column_slice(4, 2, &[3.0, 0.0, 1.0, 2.0, 1.5, 2.0, 0.0, 1.0]);
        let z = |b: usize, cell: usize| {
            Standard::of(statistics.column(cell).as_slice(), 1000).z(statistics[(b, cell)])
        };
        let adjusted = step_down_max_t(statistics.as_view(), &[1000, 1000]);
        // Cell 0 leads: u_1 = max over both cells; none reaches its z: 1/4. Cell 1: z of 2.0 alone
        // is above its own: 2/4.
        let u = |b: usize| z(b, 0).max(z(b, 1));
        assert!((1..4).all(|b| u(b) < z(0, 0)));
        assert_eq!(adjusted, [0.25, 0.5]);
    }

    #[test]
    fn one_cell_needs_no_adjustment() {
        let statistics = DMatrix::from_column_slice(5, 1, &[0.3, 0.1, 0.4, 0.2, 0.0]);
        assert_eq!(
            step_down_max_t(statistics.as_view(), &[50])[0],
            permutation_p(statistics.as_view())[0].p
        );
    }
}
