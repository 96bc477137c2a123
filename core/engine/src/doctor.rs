//! Measurements behind the doctor's findings; the host puts them into words.

pub mod codes;
pub mod copies;
pub mod displaced;
pub mod grouping;
pub mod influence;
pub mod learning;
pub mod raters;
pub mod shift;
pub mod tails;

use nalgebra::DMatrix;

use crate::seed::Seed;

/// Agreement of two embeddings of the same texts: the correlation, over pairs of texts, of their
/// cosines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Correlation over pairs of rows.
    pub r: f64,
    /// The largest correlation among the row permutations of the second.
    pub largest_permuted: f64,
    /// (1 + #{permuted ≥ r})/(1 + permutations).
    pub p: f64,
}

/// Correlates the cosines of `a` and `b` (both n × features, same texts row by row) over all pairs
/// of rows, against `n_permutations` row permutations of `b`.
///
/// An embedding whose rows belong to other texts shows no agreement with any honest description of
/// the texts. All n(n−1)/2 pairs are used: the caller picks at most some hundred rows.
#[must_use]
pub fn cosine_agreement(
    a: &DMatrix<f64>,
    b: &DMatrix<f64>,
    n_permutations: usize,
    seed: Seed,
) -> Agreement {
    let (a, b) = (cosines(a), cosines(b));
    let n = a.nrows();
    let mut order: Vec<usize> = (0..n).collect();
    let observed = pair_correlation(&a, &b, &order);
    let permuted: Vec<f64> = (1..=n_permutations)
        .map(|index| {
            order.sort_unstable();
            seed.stream("agreement", index as u64).shuffle(&mut order);
            pair_correlation(&a, &b, &order)
        })
        .collect();
    let at_least = permuted.iter().filter(|&&r| r >= observed).count();
    Agreement {
        r: observed,
        largest_permuted: permuted.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        p: (1 + at_least) as f64 / (1 + n_permutations) as f64,
    }
}

/// Cosine of every pair of rows; 0 with a zero row.
fn cosines(x: &DMatrix<f64>) -> DMatrix<f64> {
    let mut unit = x.clone();
    for mut row in unit.row_iter_mut() {
        let norm = row.norm();
        if norm > 0.0 {
            row /= norm;
        }
    }
    &unit * unit.transpose()
}

fn pair_correlation(a: &DMatrix<f64>, b: &DMatrix<f64>, order: &[usize]) -> f64 {
    let (mut sums, mut n_pairs) = ([0.0; 5], 0.0);
    for column in 1..a.ncols() {
        for row in 0..column {
            let (u, v) = (a[(row, column)], b[(order[row], order[column])]);
            for (sum, term) in sums.iter_mut().zip([u, v, u * u, v * v, u * v]) {
                *sum += term;
            }
            n_pairs += 1.0;
        }
    }
    let [u, v, uu, vv, uv] = sums.map(|sum| sum / n_pairs);
    let spread = ((uu - u * u) * (vv - v * v)).sqrt();
    if spread > 0.0 {
        (uv - u * v) / spread
    } else {
        0.0
    }
}

/// Share of the commonest value among the observed ones, and the number of distinct values.
#[must_use]
pub fn concentration(values: &[f64]) -> (f64, usize) {
    let mut sorted: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    sorted.sort_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a == b);
    let (mut longest, mut n_distinct) = (0, 0);
    for run in runs {
        longest = longest.max(run.len());
        n_distinct += 1;
    }
    (longest as f64 / sorted.len().max(1) as f64, n_distinct)
}

/// Spearman's rank correlation of the pairs in which both are there (ties get their mean rank), and
/// their number; `None` when either does not vary.
#[must_use]
pub fn spearman(a: &[f64], b: &[f64]) -> Option<(f64, usize)> {
    let pairs = a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
    let (a, b) = (ranks(&a), ranks(&b));
    let centre = (a.len() as f64 + 1.0) / 2.0;
    let product = |u: &[f64], v: &[f64]| -> f64 {
        let pairs = u.iter().zip(v);
        pairs.map(|(u, v)| (u - centre) * (v - centre)).sum()
    };
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    (spread > 0.0).then(|| (product(&a, &b) / spread, a.len()))
}

/// Ranks from 1; equal values share the mean of theirs.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&at| ranks[at] = rank);
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_agrees_with_itself_and_not_with_its_shuffled_rows() {
        let mut stream = Seed(1).stream("data", 0);
        let x = DMatrix::from_fn(40, 6, |_, _| stream.normal());
        let same = cosine_agreement(&x, &x, 99, Seed(2));
        assert!((same.r - 1.0).abs() < 1e-9 && same.p == 0.01, "{same:?}");
        let mut order: Vec<usize> = (0..40).collect();
        stream.shuffle(&mut order);
        let shuffled = DMatrix::from_fn(40, 6, |row, column| x[(order[row], column)]);
        let other = cosine_agreement(&x, &shuffled, 99, Seed(2));
        assert!(other.r < 0.3 && other.p > 0.01, "{other:?}");
    }

    #[test]
    fn concentration_counts_the_commonest_value() {
        assert_eq!(concentration(&[1.0, 2.0, 2.0, f64::NAN, 2.0]), (0.75, 2));
    }

    /// Ranks of 10, 20, 20, 40 are 1, 2.5, 2.5, 4; of 3, 1, 2, 4: 3, 1, 2, 4. About 2.5 their
    /// products sum to −.75 + 0 + 0 + 2.25 = 1.5, their squares to 4.5 and 5: 1.5/√22.5 = .316228,
    /// which is scipy.stats.spearmanr's.
    #[test]
    fn spearman_shares_the_ranks_of_ties() {
        let nan = f64::NAN;
        let (r, n) = spearman(&[10.0, 20.0, 20.0, 40.0, nan], &[3.0, 1.0, 2.0, 4.0, 9.0]).unwrap();
        assert!((r - 1.5 / 22.5f64.sqrt()).abs() < 1e-15 && n == 4, "{r}");
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
    }
}
