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
    /// σ²ⱼ, the error variance of each rater; `None` with fewer than three raters, and where the
    /// design does not tell them apart.
    pub rater_variances: Option<Vec<f64>>,
    /// v̄, the error variance of the target: the mean over the rated rows of Σⱼ σ²ⱼ/cᵢ², or, where
    /// raters' own variances are not known, of σ²ₑ/cᵢ; at least 0.
    ///
    /// With complete data the two are the same. Where unlike raters rate unlike many texts they are
    /// not: a common variance gave a ceiling of .31 where .75 was true.
    pub mean_error_variance: Option<f64>,
}

impl RaterFit {
    /// Fits raters that chains of shared rows connect ([`unconnected`]); `None` when they do not.
    ///
    /// With complete data ρ̂ⱼ is the rater's mean less the grand mean and yᵢ the plain mean of the
    /// row.
    ///
    /// Checked: by hand on 3 × 2 ratings, against numpy's `lstsq` on sparse ones (in the host's
    /// tests of `[raters]`), `tests/golden/agreement.json` (R's `lm`).
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
        let residuals: Vec<Vec<f64>> = ratings
            .iter()
            .zip(&effects)
            .map(|(of_rater, effect)| {
                let of_row = of_rater.iter().zip(&values);
                of_row
                    .map(|(rating, value)| rating - effect - value)
                    .collect()
            })
            .collect();
        let residual_variance = residual_variance(&residuals, &counts);
        let rater_variances = rater_variances(ratings, &residuals);
        Some(Self {
            values,
            effects,
            counts,
            residual_variance,
            mean_error_variance: residual_variance.map(|common| {
                let of_rater = |rater: usize| match &rater_variances {
                    Some(variances) => variances[rater],
                    None => common,
                };
                mean_error_variance(ratings, of_rater)
            }),
            rater_variances,
        })
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
    /// Checked: `tests/golden/reliability.json` (pingouin), `agreement.json` (psych, lme4).
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

/// The normal equations of ρ with the row effects eliminated. Row i adds, for its raters j and k,
/// δⱼₖ − 1/cᵢ. The matrix maps the constant vector to zero; adding 1/k to every entry picks the
/// solution that sums to zero and leaves a positive definite matrix, as the raters are connected.
fn normal_matrix(ratings: &[Vec<f64>]) -> DMatrix<f64> {
    let n_raters = ratings.len();
    let mut matrix = DMatrix::from_element(n_raters, n_raters, 1.0 / n_raters as f64);
    for row in 0..ratings.first().map_or(0, Vec::len) {
        let of_row = present(ratings, row);
        let count = of_row.clone().count() as f64;
        for (rater, _) in of_row.clone() {
            matrix[(rater, rater)] += 1.0;
            for (other, _) in of_row.clone() {
                matrix[(rater, other)] -= 1.0 / count;
            }
        }
    }
    matrix
}

/// ρ̂: on the right side row i adds ratingᵢⱼ − mean of row i.
fn effects(ratings: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n_raters = ratings.len();
    let mut right = DVector::zeros(n_raters);
    for row in 0..ratings.first()?.len() {
        let of_row = present(ratings, row);
        let count = of_row.clone().count() as f64;
        let mean = of_row.clone().map(|(_, rating)| rating).sum::<f64>() / count;
        for (rater, rating) in of_row {
            right[rater] += rating - mean;
        }
    }
    let solution = normal_matrix(ratings).cholesky()?.solve(&right);
    solution
        .iter()
        .all(|effect| effect.is_finite())
        .then(|| solution.iter().copied().collect())
}

/// `residuals`: a vector a rater, NaN where there is no rating.
fn residual_variance(residuals: &[Vec<f64>], counts: &[u32]) -> Option<f64> {
    let n_ratings: u32 = counts.iter().sum();
    let n_rows = counts.iter().filter(|count| **count > 0).count();
    let parameters = n_rows + residuals.len() - 1;
    let freedom = (n_ratings as usize).checked_sub(parameters)?;
    let all = residuals.iter().flatten().filter(|one| !one.is_nan());
    let rss: f64 = all.map(|residual| residual * residual).sum();
    (freedom > 0).then(|| rss / freedom as f64)
}

/// The mean over the rated rows of Σⱼ σ²ⱼ/cᵢ²; `of_rater`: σ²ⱼ.
fn mean_error_variance(ratings: &[Vec<f64>], of_rater: impl Fn(usize) -> f64) -> f64 {
    let n_rows = ratings.first().map_or(0, Vec::len);
    let of_row = |row: usize| {
        let own = present(ratings, row).map(|(rater, _)| of_rater(rater));
        let (count, total) = own.fold((0.0, 0.0), |(count, sum), one| (count + 1.0, sum + one));
        (count > 0.0).then(|| total / (count * count))
    };
    let errors: Vec<f64> = (0..n_rows).filter_map(of_row).collect();
    mean(&errors).max(0.0)
}

/// σ²ⱼ by equating each rater's sum of squared residuals with what is expected of it.
///
/// The residuals are Mε, M the projection that least squares leaves, so E RSSⱼ = Σₖ Aⱼₖσ²ₖ with
/// Aⱼₖ = Σ over ratings a of rater j and b of rater k of M²ₐᵦ. Unbiased whatever the design and the
/// distribution of ε; one of several may come out below 0. With row i's rating of rater j centred
/// in its row, dᵢⱼ = eⱼ − 1ᵢ/cᵢ, and G the inverse of the normal equations, M has the entries
/// δ(δⱼₖ − 1/cᵢ) − dᵢⱼᵀGdᵢ′ₖ, and the squares of its last part add up to tr(GSⱼGSₖ), Sⱼ = Σᵢdᵢⱼdᵢⱼᵀ.
///
/// With complete ratings these are Grubbs's (1948) estimates.
///
/// Checked: against M itself and by simulation below, `tests/golden/agreement.json` (merror).
fn rater_variances(ratings: &[Vec<f64>], residuals: &[Vec<f64>]) -> Option<Vec<f64>> {
    /// A smaller share of the largest singular value is rounding.
    const SINGULAR: f64 = 1e-9;
    const MOST_ROTATIONS: usize = 10_000;
    let n_raters = ratings.len();
    if n_raters < 3 {
        return None;
    }
    let inverse = normal_matrix(ratings).cholesky()?.inverse();
    let mut expected = DMatrix::zeros(n_raters, n_raters);
    let mut scatter = vec![DMatrix::zeros(n_raters, n_raters); n_raters];
    for row in 0..ratings[0].len() {
        let raters: Vec<usize> = present(ratings, row).map(|(rater, _)| rater).collect();
        let share = 1.0 / raters.len() as f64;
        let centred: Vec<DVector<f64>> = raters
            .iter()
            .map(|&rater| {
                let mut d = DVector::zeros(n_raters);
                raters.iter().for_each(|&other| d[other] = -share);
                d[rater] += 1.0;
                d
            })
            .collect();
        for (j, d) in raters.iter().zip(&centred) {
            scatter[*j] += d * d.transpose();
            let mapped = &inverse * d;
            for (k, other) in raters.iter().zip(&centred) {
                let own = f64::from(u8::from(j == k)) - share;
                expected[(*j, *k)] += own * own - 2.0 * own * mapped.dot(other);
            }
        }
    }
    let mapped: Vec<DMatrix<f64>> = scatter.iter().map(|of_rater| &inverse * of_rater).collect();
    for j in 0..n_raters {
        for k in 0..n_raters {
            expected[(j, k)] += mapped[j].component_mul(&mapped[k].transpose()).sum();
        }
    }
    let sums = residuals.iter().map(|of_rater| {
        let present = of_rater.iter().filter(|one| !one.is_nan());
        present.map(|residual| residual * residual).sum::<f64>()
    });
    let sums = DVector::from_iterator(n_raters, sums);
    let svd = expected.try_svd(true, true, f64::EPSILON, MOST_ROTATIONS)?;
    let (smallest, largest) = (svd.singular_values.min(), svd.singular_values.max());
    if smallest <= SINGULAR * largest {
        return None;
    }
    let found = svd.solve(&sums, 0.0).ok()?;
    found
        .iter()
        .all(|one| one.is_finite())
        .then(|| found.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    /// Three raters of 40 rows, the third of every fourth alone; sds 1, 1 and 3.
    fn unequal(index: u64) -> Vec<Vec<f64>> {
        let mut stream = Seed(8).stream("raters", index);
        let truth: Vec<f64> = (0..40).map(|_| stream.normal()).collect();
        let rate = |(rater, sd): (usize, f64)| {
            let of_row = |row: usize| match rater == 2 && !row.is_multiple_of(4) {
                true => f64::NAN,
                false => truth[row] + rater as f64 + sd * stream.normal(),
            };
            (0..40).map(of_row).collect()
        };
        [(0, 1.0), (1, 1.0), (2, 3.0)].map(rate).to_vec()
    }

    #[test]
    fn expected_sums_are_those_of_the_projection() {
        // M of the design, rows and raters as dummies, by its pseudo-inverse.
        let ratings = unequal(0);
        let cells: Vec<(usize, usize)> = (0..40)
            .flat_map(|row| (0..3).map(move |rater| (row, rater)))
            .filter(|&(row, rater)| !ratings[rater][row].is_nan())
            .collect();
        let design = DMatrix::from_fn(cells.len(), 43, |at, column| {
            let (row, rater) = cells[at];
            f64::from(u8::from(column == row || column == 40 + rater))
        });
        let hat = &design * design.clone().pseudo_inverse(1e-9).unwrap();
        let left = DMatrix::identity(cells.len(), cells.len()) - hat;
        let mut expected = DMatrix::zeros(3, 3);
        let mut sums = DVector::zeros(3);
        let y = DVector::from_iterator(
            cells.len(),
            cells.iter().map(|&(row, rater)| ratings[rater][row]),
        );
        let residuals = &left * y;
        for (a, &(_, j)) in cells.iter().enumerate() {
            sums[j] += residuals[a].powi(2);
            for (b, &(_, k)) in cells.iter().enumerate() {
                expected[(j, k)] += left[(a, b)].powi(2);
            }
        }
        let by_hand: DVector<f64> = expected.lu().solve(&sums).unwrap();
        let found = RaterFit::of(&ratings).unwrap().rater_variances.unwrap();
        for (found, by_hand) in found.iter().zip(by_hand.iter()) {
            assert!(
                (found - by_hand).abs() < 1e-9 * by_hand.abs(),
                "{found}, {by_hand}"
            );
        }
    }

    #[test]
    fn error_variances_are_right_on_average_where_the_common_one_is_not() {
        let (mut own, mut common) = (0.0, 0.0);
        for index in 0..1000 {
            let ratings = unequal(index);
            let fit = RaterFit::of(&ratings).unwrap();
            own += fit.mean_error_variance.unwrap() / 1000.0;
            let one_for_all = fit.residual_variance.unwrap();
            common += mean_error_variance(&ratings, |_| one_for_all) / 1000.0;
        }
        // Three quarters of the rows: (1 + 1)/4; a quarter: (1 + 1 + 9)/9.
        let truth = 0.75 * 0.5 + 0.25 * 11.0 / 9.0;
        assert!((own - truth).abs() < 0.03, "{own}, {truth}");
        assert!((common - truth).abs() > 0.1, "{common}, {truth}");
    }

    #[test]
    fn with_complete_ratings_both_are_the_same() {
        let mut ratings = unequal(1);
        let mut stream = Seed(9).stream("raters", 0);
        ratings[2]
            .iter_mut()
            .for_each(|rating| *rating = stream.normal());
        let fit = RaterFit::of(&ratings).unwrap();
        let own = fit.mean_error_variance.unwrap();
        assert!((own - fit.residual_variance.unwrap() / 3.0).abs() < 1e-12);
    }

    #[test]
    fn two_raters_have_one_variance_and_so_have_raters_who_only_meet_the_same_one() {
        let ratings = unequal(2);
        assert_eq!(RaterFit::of(&ratings[..2]).unwrap().rater_variances, None);
        // The first rates every row, each of the others half of them.
        let mut paired = ratings.clone();
        paired[1][20..].fill(f64::NAN);
        paired[2] = (0..40).map(|row| f64::from(row % 5)).collect();
        paired[2][..20].fill(f64::NAN);
        let fit = RaterFit::of(&paired).unwrap();
        assert_eq!(fit.rater_variances, None);
        assert!(fit.residual_variance.is_some());
    }
}
