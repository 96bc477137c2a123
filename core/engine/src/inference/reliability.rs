//! Several raters of one trait: their crossed-effects fit, how far they agree, and what that says
//! of a prediction (STATISTICS §7).
//!
//! Raters differ in severity, and not everyone rates every text. A plain mean would then say who
//! rated a text as much as what it is like. So ratingᵢⱼ = μ + τᵢ + ρⱼ + εᵢⱼ is fitted by least
//! squares to the ratings there are, and the target is the mean of what is left without ρⱼ.
//!
//! Ratings are a vector a rater, all equally long, one value a row, NaN where there is none.

use nalgebra::{DMatrix, DVector};

use crate::score::mean;

/// The fit of ratingᵢⱼ = μ + τᵢ + ρⱼ + εᵢⱼ.
#[derive(Debug, Clone, PartialEq)]
pub struct RaterFit {
    /// yᵢ = mean over the raters of row i of (ratingᵢⱼ − ρ̂ⱼ), NaN for a row without ratings.
    pub values: Vec<f64>,
    /// ρ̂ⱼ: severity of each rater, in units of the ratings; they sum to zero.
    pub effects: Vec<f64>,
    /// cᵢ: how many raters each row has.
    pub counts: Vec<u32>,
    /// σ²ₑ = RSS / (ratings − rows − raters + 1), rows being those with a rating; `None` without
    /// degrees of freedom.
    pub residual_variance: Option<f64>,
}

impl RaterFit {
    /// Fits raters that chains of shared rows connect ([`unconnected`]); `None` when they do not.
    ///
    /// With complete data ρ̂ⱼ is the rater's mean less the grand mean and yᵢ the plain mean of the
    /// row.
    ///
    /// Checked: by hand on 3 × 2 ratings, against numpy's `lstsq` on sparse ones (in the host's
    /// tests of `[raters]`).
    #[must_use]
    pub fn of(ratings: &[Vec<f64>]) -> Option<Self> {
        let n_rows = ratings.first().map_or(0, Vec::len);
        let counts: Vec<u32> = (0..n_rows)
            .map(|row| present(ratings, row).count() as u32)
            .collect();
        let effects = effects(ratings)?;
        let values: Vec<f64> = (0..n_rows)
            .map(|row| {
                let freed = present(ratings, row).map(|(rater, rating)| rating - effects[rater]);
                freed.sum::<f64>() / f64::from(counts[row]) // 0/0 is NaN: no rating, no value
            })
            .collect();
        let residual_variance = residual_variance(ratings, &effects, &values, &counts);
        Some(Self {
            values,
            effects,
            counts,
            residual_variance,
        })
    }

    /// v̄ = mean over the rated rows of σ²ₑ/cᵢ: the error variance of the target.
    #[must_use]
    pub fn mean_error_variance(&self) -> Option<f64> {
        let variance = self.residual_variance?;
        let rated = self.counts.iter().filter(|&&count| count > 0);
        let errors: Vec<f64> = rated.map(|&count| variance / f64::from(count)).collect();
        Some(mean(&errors))
    }
}

/// A rater that no chain of shared rows connects with the first: their severities cannot be
/// compared.
#[must_use]
pub fn unconnected(ratings: &[Vec<f64>]) -> Option<usize> {
    let mut island: Vec<usize> = (0..ratings.len()).collect();
    for row in 0..ratings.first().map_or(0, Vec::len) {
        let mut raters = present(ratings, row).map(|(rater, _)| rater);
        let Some(first) = raters.next() else { continue };
        for rater in raters {
            let (from, to) = (island[rater], island[first]);
            if from != to {
                island
                    .iter_mut()
                    .filter(|i| **i == from)
                    .for_each(|i| *i = to);
            }
        }
    }
    island.iter().position(|other| *other != island[0])
}

/// Intraclass correlations (Shrout & Fleiss 1979) of the rows that every rater rated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Absolute agreement of one rater drawn from many: (MSR − MSE)/(MSR + (k−1)MSE + k(MSC −
    /// MSE)/n).
    pub icc_2_1: f64,
    /// That of the mean of k raters drawn from many: (MSR − MSE)/(MSR + (MSC − MSE)/n).
    pub icc_2_k: f64,
    /// Consistency of one of these raters: (MSR − MSE)/(MSR + (k−1)MSE).
    pub icc_3_1: f64,
    /// That of the mean of these raters: (MSR − MSE)/MSR. Where all rated everything this is the
    /// ceiling, but for B in the place of a variance.
    pub icc_3_k: f64,
    /// Rows that every rater rated.
    pub n_complete: usize,
}

impl Agreement {
    /// Of n ≥ 2 complete rows and k ≥ 2 raters: MSR, MSC and MSE are the mean squares of rows,
    /// raters and residuals. `None` with fewer, or without any variance.
    ///
    /// Checked: `tests/golden/reliability.json` (pingouin).
    #[must_use]
    pub fn of(ratings: &[Vec<f64>]) -> Option<Self> {
        let k = ratings.len();
        let n_rows = ratings.first().map_or(0, Vec::len);
        let complete: Vec<usize> = (0..n_rows)
            .filter(|&row| present(ratings, row).count() == k)
            .collect();
        let n = complete.len();
        if n < 2 || k < 2 {
            return None;
        }
        let (n_f, k_f) = (n as f64, k as f64);
        let of_rater: Vec<f64> = ratings
            .iter()
            .map(|of_rater| complete.iter().map(|&row| of_rater[row]).sum::<f64>() / n_f)
            .collect();
        let grand = mean(&of_rater);
        let (mut rows, mut residuals) = (0.0, 0.0);
        for &row in &complete {
            let of_row = ratings.iter().map(|of_rater| of_rater[row]).sum::<f64>() / k_f;
            rows += k_f * (of_row - grand).powi(2);
            for (of_rater, rater_mean) in ratings.iter().zip(&of_rater) {
                residuals += (of_rater[row] - of_row - rater_mean + grand).powi(2);
            }
        }
        let raters: f64 = of_rater.iter().map(|m| n_f * (m - grand).powi(2)).sum();
        let freedom = (n_f - 1.0) * (k_f - 1.0);
        let (msr, msc, mse) = (
            rows / (n_f - 1.0),
            raters / (k_f - 1.0),
            residuals / freedom,
        );
        let agreement = Self {
            icc_2_1: (msr - mse) / (msr + (k_f - 1.0) * mse + k_f * (msc - mse) / n_f),
            icc_2_k: (msr - mse) / (msr + (msc - mse) / n_f),
            icc_3_1: (msr - mse) / (msr + (k_f - 1.0) * mse),
            icc_3_k: (msr - mse) / msr,
            n_complete: n,
        };
        let numbers = [
            agreement.icc_2_1,
            agreement.icc_2_k,
            agreement.icc_3_1,
            agreement.icc_3_k,
        ];
        numbers
            .iter()
            .all(|icc| icc.is_finite())
            .then_some(agreement)
    }
}

/// Proportional reduction in mean squared error as rsmtool computes it (Loukina et al. 2020):
/// one-way, so that differences between the raters' means count as error. For parity;
/// `r2_over_ceiling` is the number to read, and the two differ where rater means do.
///
/// Rows without a rating are left out. With σ² the mean of the rows' own variances (ddof 1),
/// weighted by cᵢ − 1, m the mean of all M ratings and ȳᵢ the plain mean of row i: 1 − [(Σ cᵢ(ȳᵢ −
/// ŷᵢ)² − Nσ²)/M] / [(Σ cᵢ(ȳᵢ − m)² − (N−1)σ²)/(M − Σcᵢ²/M)]. `None` when no row has two ratings or
/// the true variance is not positive.
///
/// Checked: `tests/golden/reliability.json` (rsmtool 12).
#[must_use]
pub fn prmse_one_way(ratings: &[Vec<f64>], y_hat: &[f64]) -> Option<f64> {
    let rows: Vec<(Vec<f64>, f64)> = y_hat
        .iter()
        .enumerate()
        .map(|(row, &y_hat)| {
            (
                present(ratings, row).map(|(_, rating)| rating).collect(),
                y_hat,
            )
        })
        .filter(|(own, _): &(Vec<f64>, f64)| !own.is_empty())
        .collect();
    let n = rows.len() as f64;
    let m: f64 = rows.iter().map(|(own, _)| own.len() as f64).sum();
    let grand = rows.iter().flat_map(|(own, _)| own).sum::<f64>() / m;
    let (mut within, mut about_grand, mut about_y_hat, mut squared_counts) = (0.0, 0.0, 0.0, 0.0);
    for (own, y_hat) in &rows {
        let (count, centre) = (own.len() as f64, mean(own));
        within += own
            .iter()
            .map(|rating| (rating - centre).powi(2))
            .sum::<f64>();
        about_grand += count * (centre - grand).powi(2);
        about_y_hat += count * (centre - y_hat).powi(2);
        squared_counts += count * count;
    }
    if m <= n {
        return None;
    }
    let error = within / (m - n);
    let true_variance = (about_grand - (n - 1.0) * error) / (m - squared_counts / m);
    let mse = (about_y_hat - n * error) / m;
    (true_variance > 0.0).then(|| 1.0 - mse / true_variance)
}

/// The ratings of a row, with their raters.
fn present(ratings: &[Vec<f64>], row: usize) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
    ratings
        .iter()
        .enumerate()
        .map(move |(rater, of_rater)| (rater, of_rater[row]))
        .filter(|(_, rating)| !rating.is_nan())
}

/// ρ̂: the least-squares equations with the row effects eliminated. Row i adds, for its raters j
/// and k, δⱼₖ − 1/cᵢ to the matrix and ratingᵢⱼ − mean of row i to the right side. The matrix maps
/// the constant vector to zero; adding 1/k to every entry picks the solution that sums to zero and
/// leaves a positive definite matrix, as the raters are connected.
fn effects(ratings: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n_raters = ratings.len();
    let mut matrix = DMatrix::from_element(n_raters, n_raters, 1.0 / n_raters as f64);
    let mut right = DVector::zeros(n_raters);
    for row in 0..ratings.first()?.len() {
        let of_row = present(ratings, row);
        let count = of_row.clone().count() as f64;
        let mean = of_row.clone().map(|(_, rating)| rating).sum::<f64>() / count;
        for (rater, rating) in of_row.clone() {
            matrix[(rater, rater)] += 1.0;
            right[rater] += rating - mean;
            for (other, _) in of_row.clone() {
                matrix[(rater, other)] -= 1.0 / count;
            }
        }
    }
    let solution = matrix.cholesky()?.solve(&right);
    solution
        .iter()
        .all(|effect| effect.is_finite())
        .then(|| solution.iter().copied().collect())
}

fn residual_variance(
    ratings: &[Vec<f64>],
    effects: &[f64],
    values: &[f64],
    counts: &[u32],
) -> Option<f64> {
    let n_ratings: u32 = counts.iter().sum();
    let n_rows = counts.iter().filter(|count| **count > 0).count();
    let parameters = n_rows + effects.len() - 1;
    let freedom = (n_ratings as usize).checked_sub(parameters)?;
    let residuals = (0..values.len()).flat_map(|row| {
        present(ratings, row).map(move |(rater, rating)| rating - effects[rater] - values[row])
    });
    let rss: f64 = residuals.map(|residual| residual * residual).sum();
    (freedom > 0).then(|| rss / freedom as f64)
}
