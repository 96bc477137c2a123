//! Several raters of one trait: their crossed-effects fit and the target it gives (STATISTICS §7, first part).
//!
//! Raters differ in severity, and not everyone rates every text. A plain mean would then say who rated a text as much as what it is like. So
//! ratingᵢⱼ = μ + τᵢ + ρⱼ + εᵢⱼ is fitted by least squares to the ratings there are, and the target is the mean of what is left without ρⱼ.

use nalgebra::{DMatrix, DVector};

/// What several raters said of one trait, and how they differ.
#[derive(Debug, Clone, PartialEq)]
pub struct RaterPanel {
    /// The raters, in the order of the plan.
    pub columns: Vec<String>,
    /// Raw ratings, a vector a rater, one value a row, NaN where there is none.
    pub ratings: Vec<Vec<f64>>,
    /// ρ̂ⱼ: severity of each rater, in units of the ratings; they sum to zero.
    pub effects: Vec<f64>,
    /// cᵢ: how many raters each row has.
    pub counts: Vec<u32>,
    /// σ²ₑ = RSS / (ratings − rows − raters + 1), rows being those with a rating; `None` without degrees of freedom.
    pub residual_variance: Option<f64>,
}

impl RaterPanel {
    /// Fits the raters and returns the target with them: yᵢ = mean over the raters of row i of (ratingᵢⱼ − ρ̂ⱼ), NaN for a row without ratings.
    ///
    /// With complete data ρ̂ⱼ is the rater's mean less the grand mean and yᵢ the plain mean of the row. `ratings`: a vector a rater, all equally long.
    ///
    /// # Errors
    /// In words: a rater without ratings, or raters that no chain of shared rows connects: their severities cannot be compared.
    ///
    /// Checked: by hand on 3 × 2 ratings, against numpy's `lstsq` on sparse ones.
    pub fn fit(
        columns: &[String],
        ratings: Vec<Vec<f64>>,
    ) -> Result<(Vec<f64>, RaterPanel), String> {
        refuse_unconnected(columns, &ratings)?;
        let n_rows = ratings.first().map_or(0, Vec::len);
        let counts: Vec<u32> = (0..n_rows)
            .map(|row| present(&ratings, row).count() as u32)
            .collect();
        let effects = effects(&ratings).ok_or("the raters' severities could not be computed")?;
        let values: Vec<f64> = (0..n_rows)
            .map(|row| {
                let freed = present(&ratings, row).map(|(rater, rating)| rating - effects[rater]);
                freed.sum::<f64>() / f64::from(counts[row]) // 0/0 is NaN: no rating, no value
            })
            .collect();
        let residual_variance = residual_variance(&ratings, &effects, &values, &counts);
        let panel = RaterPanel {
            columns: columns.to_vec(),
            ratings,
            effects,
            counts,
            residual_variance,
        };
        Ok((values, panel))
    }
}

/// The ratings of a row, with their raters.
fn present(ratings: &[Vec<f64>], row: usize) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
    ratings
        .iter()
        .enumerate()
        .map(move |(rater, of_rater)| (rater, of_rater[row]))
        .filter(|(_, rating)| !rating.is_nan())
}

/// Every rater must reach every other by rows that two of them rated.
fn refuse_unconnected(columns: &[String], ratings: &[Vec<f64>]) -> Result<(), String> {
    let silent = ratings
        .iter()
        .position(|of_rater| of_rater.iter().all(|rating| rating.is_nan()));
    if let Some(rater) = silent {
        return Err(format!("`{}` has no ratings", columns[rater]));
    }
    let mut island: Vec<usize> = (0..columns.len()).collect();
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
    match island.iter().position(|other| *other != island[0]) {
        Some(rater) => Err(format!(
            "no row connects `{}` with `{}`, directly or through other raters, so their severities cannot be compared",
            columns[0], columns[rater]
        )),
        None => Ok(()),
    }
}

/// ρ̂: the least-squares equations with the row effects eliminated. Row i adds, for its raters j and k,
/// δⱼₖ − 1/cᵢ to the matrix and ratingᵢⱼ − mean of row i to the right side. The matrix maps the constant vector to zero; adding 1/k to every
/// entry picks the solution that sums to zero and leaves a positive definite matrix, as the raters are connected.
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

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: f64 = f64::NAN;

    fn names(count: usize) -> Vec<String> {
        ["a", "b", "c", "d"][..count]
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            let is_same = got.is_nan() && expected.is_nan();
            // Least squares on a handful of numbers near 1: a few roundings, far below 1e-12.
            assert!(
                is_same || (got - expected).abs() < 1e-12,
                "{got} {expected}"
            );
        }
    }

    /// Rows (1, 3), (2, 2), (3, 7): rater means 2 and 4, grand mean 3, so ρ = (−1, 1). Row means 2, 2, 5 stay as they are.
    /// Residuals: row 1: 1+1−2 = 0 and 3−1−2 = 0; row 2: 1 and −1; row 3: −1 and 1. RSS 4 over 6 − 3 − 2 + 1 = 2.
    #[test]
    fn complete_ratings_give_the_plain_mean_and_the_severities_of_the_column_means() {
        let ratings = vec![vec![1.0, 2.0, 3.0], vec![3.0, 2.0, 7.0]];
        let (values, panel) = RaterPanel::fit(&names(2), ratings).unwrap();
        assert_close(&values, &[2.0, 2.0, 5.0]);
        assert_close(&panel.effects, &[-1.0, 1.0]);
        assert_close(&[panel.residual_variance.unwrap()], &[2.0]);
        assert_eq!(panel.counts, [2, 2, 2]);
    }

    /// Rater b is 2 stricter on the two shared rows, (4, 2) and (6, 4): ρ = (1, −1). Row 3 has only b's 3, which is worth 4; row 4 only a's 5, also 4.
    #[test]
    fn a_text_that_only_the_strict_rater_saw_is_not_worse_for_it() {
        let ratings = vec![
            vec![4.0, 6.0, NONE, 5.0, NONE],
            vec![2.0, 4.0, 3.0, NONE, NONE],
        ];
        let (values, panel) = RaterPanel::fit(&names(2), ratings).unwrap();
        assert_close(&panel.effects, &[1.0, -1.0]);
        assert_close(&values, &[3.0, 5.0, 4.0, 4.0, NONE]);
        assert_eq!(panel.counts, [2, 2, 1, 1, 0]);
        assert_close(&[panel.residual_variance.unwrap()], &[0.0]);
    }

    /// numpy 2.4.6, lstsq over dummies of rows and raters, raters then moved to sum to zero:
    ///
    /// ```python
    /// import numpy as np
    /// n = np.nan
    /// R = np.array([[.2, .5, n, .4], [n, .7, .1, n], [.9, n, n, 1.], [.3, .35, .2, n], [n, n, .6, n], [.15, n, .05, .45]])
    /// i, j = np.nonzero(~np.isnan(R)); y = R[i, j]
    /// A = np.zeros((len(y), 10)); A[range(len(y)), i] = 1; A[range(len(y)), 6 + j] = 1
    /// b = np.linalg.lstsq(A, y, rcond=None)[0]
    /// rho = b[6:] - b[6:].mean(); tau = b[:6] + b[6:].mean()
    /// rss = ((y - A @ b) ** 2).sum()
    /// print(rho, tau, rss / (len(y) - 6 - 4 + 1))
    /// ```
    /// The fitted row effects are the target: a row's residuals sum to zero.
    #[test]
    fn sparse_ratings_agree_with_numpy() {
        let ratings = vec![
            vec![0.2, NONE, 0.9, 0.3, NONE, 0.15],
            vec![0.5, 0.7, NONE, 0.35, NONE, NONE],
            vec![NONE, 0.1, NONE, 0.2, 0.6, 0.05],
            vec![0.4, NONE, 1.0, NONE, NONE, 0.45],
        ];
        let (values, panel) = RaterPanel::fit(&names(4), ratings).unwrap();
        let effects = [
            -0.06508620689655209,
            0.16885775862068986,
            -0.22489224137931008,
            0.12112068965517225,
        ];
        let rows = [
            0.29170258620689704,
            0.42801724137930997,
            0.9219827586206905,
            0.32370689655172435,
            0.8248922413793105,
            0.2729525862068962,
        ];
        assert_close(&panel.effects, &effects);
        assert_close(&values, &rows);
        assert_close(&[panel.residual_variance.unwrap()], &[0.013233836206896554]);
    }

    #[test]
    fn raters_without_a_common_text_are_refused_by_name() {
        let apart = vec![
            vec![1.0, 2.0, NONE, NONE],
            vec![2.0, 1.0, NONE, NONE],
            vec![NONE, NONE, 1.0, 2.0],
        ];
        assert_eq!(
            RaterPanel::fit(&names(3), apart).unwrap_err(),
            "no row connects `a` with `c`, directly or through other raters, so their severities cannot be compared"
        );
        let silent = vec![vec![1.0, 2.0], vec![NONE, NONE]];
        assert_eq!(
            RaterPanel::fit(&names(2), silent).unwrap_err(),
            "`b` has no ratings"
        );
    }

    /// a–b share row 1, b–c row 2: enough. Two ratings a row, ρb − ρa = 1 and ρc − ρb = 1 exactly, no degree of freedom left.
    #[test]
    fn a_chain_of_shared_texts_connects() {
        let ratings = vec![vec![1.0, NONE], vec![2.0, 5.0], vec![NONE, 6.0]];
        let (values, panel) = RaterPanel::fit(&names(3), ratings).unwrap();
        assert_close(&panel.effects, &[-1.0, 0.0, 1.0]);
        assert_close(&values, &[2.0, 5.0]);
        assert_eq!(panel.residual_variance, None);
    }
}
