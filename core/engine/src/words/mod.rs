//! Which words go with a target: the correlation of the use of every word and pair of words with y,
//! and its p over all of them.
//!
//! x is the square root of a term's relative frequency in a row, n rows ([`Usage`]). With Z (or the
//! intercept alone) taken out of both by least squares, r = x̃ᵀỹ/(|x̃||ỹ|). The statistic is |r|: its
//! null distribution comes from the permutations π_b of the study, with covariates of the residuals
//! of y, from which Z is taken out anew. p = (1 + #{|r_b| ≥ |r|})/(m + 1) is exact where y is
//! exchangeable as the study says; `p_fwer` is the step-down maxT of Westfall & Young (1993) over all
//! terms of all targets at once; BH is of the raw p.
//!
//! x has as many zeros as rows do without the term, and x̃ᵀỹ = xᵀỹ: only the rows that use a term are
//! visited, for a block of permutations at a time.
//!
//! Checked: brute force and by hand below; r by numpy, `tests/golden/words.json`; size
//! under the null and coverage of the interval, `tests/statistics/words.rs`.

mod usage;

use nalgebra::DMatrix;
use rayon::prelude::*;

pub use usage::{LEAST_ROWS, LEAST_SHARE, Usage};

use crate::covariates::Partial;
use crate::evaluate::PermutedTargets;
use crate::folds::Groups;
use crate::inference::interval::t_quantile;
use crate::inference::multiplicity::benjamini_hochberg;

/// Permutations worked through together.
const BLOCK: usize = 32;
/// As in [`crate::inference::multiplicity`]: so near a permuted statistic counts as equal.
const TIE: f64 = 1e-12;
/// 1 − confidence of the interval.
const LEVEL: f64 = 0.05;

/// The targets of one row set, and how often its rows use each term.
pub struct TermSet<'a> {
    /// y and how it moves.
    pub permuted: PermutedTargets<'a>,
    /// Of the rows of the row set.
    pub usage: Usage,
}

/// One term and one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Which of the terms that [`Usage`] was made of.
    pub term: usize,
    /// Column of Y.
    pub target: usize,
    /// Rows of the target that use it.
    pub n_rows: usize,
    /// Correlation of use and target, Z taken out of both.
    pub r: f64,
    /// 95 %, (low, high): on the scale of Fisher's z, ± t·SE/(1 − r²), SE from the influence values
    /// ψ = uv − r(u² + v²)/2 of standardised x̃, ỹ, summed within groups; groups − 1 degrees of
    /// freedom. It is of this term alone, not adjusted.
    pub interval: (f64, f64),
    /// Permutation p, two-sided.
    pub p: f64,
    /// Adjusted over all terms and targets.
    pub p_fwer: f64,
    /// Benjamini & Hochberg's q over the same.
    pub q_bh: f64,
}

/// Every term with every target of its row set. `groups`: of all rows.
///
/// Order: row set, target, term. A term whose use the covariates explain, or that all rows use
/// alike, is left out.
#[must_use]
pub fn test(sets: &[TermSet], groups: &Groups, n_permutations: usize) -> Vec<Found> {
    let prepared: Vec<Prepared> = sets.iter().map(Prepared::of).collect();
    let mut found: Vec<Found> = prepared
        .iter()
        .flat_map(|set| set.describe(groups))
        .collect();
    let observed: Vec<f64> = found.iter().map(|one| one.r.abs()).collect();
    // The largest last: maxima are taken from the smallest on.
    let mut order: Vec<usize> = (0..observed.len()).collect();
    order.sort_by(|&a, &b| observed[a].total_cmp(&observed[b]).then(b.cmp(&a)));
    let counts = (0..n_permutations.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let first = 1 + block * BLOCK;
            let last = (first + BLOCK).min(n_permutations + 1);
            let of_sets = prepared.iter().map(|set| set.statistics(first..last));
            Counts::of(&of_sets.collect::<Vec<_>>(), &observed, &order)
        })
        .reduce(|| Counts::zero(observed.len()), Counts::plus);
    let p = |count: &u32| f64::from(1 + count) / (n_permutations + 1) as f64;
    let raw: Vec<f64> = counts.raw.iter().map(p).collect();
    let q_bh = benjamini_hochberg(&raw);
    let mut least = 0.0f64;
    for &at in order.iter().rev() {
        least = least.max(p(&counts.maxima[at]));
        (found[at].p, found[at].p_fwer, found[at].q_bh) = (raw[at], least, q_bh[at]);
    }
    found
}

/// Correlation of the use of each term with other values of the rows of a set (a prediction), Z
/// taken out of both, in the order of [`test()`]'s terms for one target; `None` where these do not
/// vary.
#[must_use]
pub fn correlations(set: &TermSet, values: &[f64]) -> Option<Vec<f64>> {
    let prepared = Prepared::of(set);
    let mut column = DMatrix::from_column_slice(values.len(), 1, values);
    prepared.standardise(&mut column);
    let varies = column.iter().any(|value| *value != 0.0);
    varies.then(|| prepared.correlate(&column))
}

/// A set with what all permutations share.
struct Prepared<'a> {
    set: &'a TermSet<'a>,
    partial: Partial,
    /// The terms that are left, and 1/|x̃| of each.
    terms: Vec<(usize, f64)>,
}

impl<'a> Prepared<'a> {
    fn of(set: &'a TermSet<'a>) -> Self {
        let rows = &set.permuted.row_set.rows;
        let z = match set.permuted.targets.covariates() {
            Some(z) => z.clone(),
            None => DMatrix::zeros(set.permuted.targets.n_samples(), 0),
        };
        let partial = Partial::of(&z, rows, &[]);
        let terms = 0..set.usage.n_terms();
        let terms = terms.into_par_iter().filter_map(|at| {
            let mut x = set.usage.dense(at);
            let is_left = partial.take_out(&mut x, &mut []);
            let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            (is_left && norm > 0.0).then(|| (at, 1.0 / norm))
        });
        Self {
            set,
            terms: terms.collect(),
            partial,
        }
    }

    /// Takes Z out of every column and scales it to length 1; what does not vary becomes 0.
    fn standardise(&self, columns: &mut DMatrix<f64>) {
        for mut column in columns.column_iter_mut() {
            let column = column.as_mut_slice();
            let is_left = self.partial.take_out(column, &mut []);
            let norm = column.iter().map(|value| value * value).sum::<f64>().sqrt();
            if is_left && norm > 0.0 {
                column.iter_mut().for_each(|value| *value /= norm);
            } else {
                column.fill(0.0);
            }
        }
    }

    /// r of every term (outer) with every standardised column (inner).
    fn correlate(&self, columns: &DMatrix<f64>) -> Vec<f64> {
        let width = columns.ncols();
        // Row by row, so that a row that uses a term adds to all columns at once.
        let by_row = columns.transpose();
        let by_row = by_row.as_slice();
        let mut r = vec![0.0; self.terms.len() * width];
        for (sums, &(term, scale)) in r.chunks_exact_mut(width.max(1)).zip(&self.terms) {
            for (row, x) in self.set.usage.uses(term) {
                let of_row = &by_row[row * width..(row + 1) * width];
                for (sum, value) in sums.iter_mut().zip(of_row) {
                    *sum += x * value;
                }
            }
            sums.iter_mut().for_each(|sum| *sum *= scale);
        }
        r
    }

    /// |r| under some permutations: for each of them every target and, within, every term.
    fn statistics(&self, permutations: std::ops::Range<usize>) -> Statistics {
        let n = permutations.len();
        let mut columns = self.set.permuted.columns(permutations);
        self.standardise(&mut columns);
        Statistics {
            r: self.correlate(&columns),
            n_permutations: n,
            n_targets: self.set.permuted.row_set.targets.len(),
        }
    }

    /// What there is before any permutation.
    fn describe(&self, groups: &Groups) -> Vec<Found> {
        let row_set = self.set.permuted.row_set;
        let own = groups.among(row_set.rows.iter().copied());
        let mut y = self.set.permuted.columns(0..1);
        self.standardise(&mut y);
        let r = self.correlate(&y);
        let n_targets = row_set.targets.len();
        let pairs: Vec<(usize, usize)> = (0..n_targets)
            .flat_map(|t| (0..self.terms.len()).map(move |at| (t, at)))
            .collect();
        pairs
            .into_par_iter()
            .map(|(t, at)| {
                let (term, r) = (self.terms[at].0, r[at * n_targets + t]);
                let mut x = self.set.usage.dense(term);
                self.partial.take_out(&mut x, &mut []);
                x.iter_mut().for_each(|x| *x *= self.terms[at].1);
                Found {
                    term: self.set.usage.term(term),
                    target: row_set.targets[t],
                    n_rows: self.set.usage.uses(term).count(),
                    r,
                    interval: interval(&x, y.column(t).as_slice(), r, &own),
                    p: 1.0,
                    p_fwer: 1.0,
                    q_bh: 1.0,
                }
            })
            .collect()
    }
}

/// The interval of a correlation r of `x` and `y`, each of mean 0 and length 1.
fn interval(x: &[f64], y: &[f64], r: f64, groups: &Groups) -> (f64, f64) {
    let n_groups = groups.n_groups() as f64;
    let mut sums = vec![0.0; groups.n_groups()];
    for ((x, y), &group) in x.iter().zip(y).zip(groups.of_row()) {
        // Of length 1 in place of variance 1: the mean over rows is then the sum.
        sums[group] += x * y - 0.5 * r * (x * x + y * y);
    }
    let variance = n_groups / (n_groups - 1.0) * sums.iter().map(|sum| sum * sum).sum::<f64>();
    let half = t_quantile(1.0 - LEVEL / 2.0, n_groups - 1.0) * variance.sqrt() / (1.0 - r * r);
    let z = r.atanh();
    if z.is_finite() && half.is_finite() {
        ((z - half).tanh(), (z + half).tanh())
    } else {
        (r, r)
    }
}

/// r of the terms of one set under some permutations, by term, permutation and target.
struct Statistics {
    r: Vec<f64>,
    n_permutations: usize,
    n_targets: usize,
}

impl Statistics {
    /// |r| of all terms and targets under one permutation, in the order of [`test()`].
    fn of(&self, permutation: usize, into: &mut Vec<f64>) {
        let width = self.n_permutations * self.n_targets;
        for t in 0..self.n_targets {
            let at = permutation * self.n_targets + t;
            into.extend(
                self.r[at.min(self.r.len())..]
                    .iter()
                    .step_by(width.max(1))
                    .map(|r| r.abs()),
            );
        }
    }
}

/// How many permutations reach each observed statistic: its own, and the largest of those that are
/// no larger when observed.
struct Counts {
    raw: Vec<u32>,
    maxima: Vec<u32>,
}

impl Counts {
    fn zero(n: usize) -> Self {
        Self {
            raw: vec![0; n],
            maxima: vec![0; n],
        }
    }

    /// `order`: from the smallest observed statistic to the largest.
    fn of(sets: &[Statistics], observed: &[f64], order: &[usize]) -> Self {
        let mut counts = Self::zero(observed.len());
        let n_permutations = sets.first().map_or(0, |set| set.n_permutations);
        let mut statistics = Vec::with_capacity(observed.len());
        for b in 0..n_permutations {
            statistics.clear();
            sets.iter().for_each(|set| set.of(b, &mut statistics));
            let mut largest = 0.0f64;
            for &at in order {
                // |r| is at most 1, and so is the unit of a tie.
                let reached = observed[at] - TIE;
                largest = largest.max(statistics[at]);
                counts.raw[at] += u32::from(statistics[at] >= reached);
                counts.maxima[at] += u32::from(largest >= reached);
            }
        }
        counts
    }

    /// Whole numbers: in any order the same.
    fn plus(mut self, other: Self) -> Self {
        let add = |a: &mut [u32], b: &[u32]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        add(&mut self.raw, &other.raw);
        add(&mut self.maxima, &other.maxima);
        self
    }
}

#[cfg(test)]
mod tests;
