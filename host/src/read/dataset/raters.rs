//! Several raters of one trait, by name: the target that they make (STATISTICS §7). The formulas
//! are the engine's.

use ocean_engine::inference::reliability::{RaterFit, unconnected};

/// What several raters said of one trait, and how they differ.
#[derive(Debug, Clone, PartialEq)]
pub struct RaterPanel {
    /// The raters, in the order of the plan.
    pub columns: Vec<String>,
    /// Raw ratings, a vector a rater, one value a row, NaN where there is none.
    pub ratings: Vec<Vec<f64>>,
    /// Their crossed-effects fit.
    pub fit: RaterFit,
}

impl RaterPanel {
    /// Fits the raters and returns the target with them. `ratings`: a vector a rater, all equally
    /// long.
    ///
    /// # Errors
    /// In words: a rater without ratings, or raters that no chain of shared rows connects: their
    /// severities cannot be compared.
    pub fn fit(
        columns: &[String],
        ratings: Vec<Vec<f64>>,
    ) -> Result<(Vec<f64>, RaterPanel), String> {
        let is_silent = |of_rater: &Vec<f64>| of_rater.iter().all(|rating| rating.is_nan());
        if let Some(rater) = ratings.iter().position(is_silent) {
            return Err(format!("`{}` has no ratings", columns[rater]));
        }
        if let Some(rater) = unconnected(&ratings) {
            return Err(format!(
                "no row connects `{}` with `{}`, directly or through other raters, so their severities cannot be compared",
                columns[0], columns[rater]
            ));
        }
        let fit = RaterFit::of(&ratings).ok_or("the raters' severities could not be computed")?;
        let panel = RaterPanel {
            columns: columns.to_vec(),
            ratings,
            fit,
        };
        Ok((panel.fit.values.clone(), panel))
    }
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

    /// Rows (1, 3), (2, 2), (3, 7): rater means 2 and 4, grand mean 3, so ρ = (−1, 1). Row means 2,
    /// 2, 5 stay as they are. Residuals: row 1: 1+1−2 = 0 and 3−1−2 = 0; row 2: 1 and −1; row 3: −1
    /// and 1. RSS 4 over 6 − 3 − 2 + 1 = 2.
    #[test]
    fn complete_ratings_give_the_plain_mean_and_the_severities_of_the_column_means() {
        let ratings = vec![vec![1.0, 2.0, 3.0], vec![3.0, 2.0, 7.0]];
        let (values, panel) = RaterPanel::fit(&names(2), ratings).unwrap();
        assert_close(&values, &[2.0, 2.0, 5.0]);
        assert_close(&panel.fit.effects, &[-1.0, 1.0]);
        assert_close(&[panel.fit.residual_variance.unwrap()], &[2.0]);
        assert_eq!(panel.fit.counts, [2, 2, 2]);
    }

    /// Rater b is 2 stricter on the two shared rows, (4, 2) and (6, 4): ρ = (1, −1). Row 3 has only
    /// b's 3, which is worth 4; row 4 only a's 5, also 4.
    #[test]
    fn a_text_that_only_the_strict_rater_saw_is_not_worse_for_it() {
        let ratings = vec![
            vec![4.0, 6.0, NONE, 5.0, NONE],
            vec![2.0, 4.0, 3.0, NONE, NONE],
        ];
        let (values, panel) = RaterPanel::fit(&names(2), ratings).unwrap();
        assert_close(&panel.fit.effects, &[1.0, -1.0]);
        assert_close(&values, &[3.0, 5.0, 4.0, 4.0, NONE]);
        assert_eq!(panel.fit.counts, [2, 2, 1, 1, 0]);
        assert_close(&[panel.fit.residual_variance.unwrap()], &[0.0]);
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
        assert_close(&panel.fit.effects, &effects);
        assert_close(&values, &rows);
        assert_close(
            &[panel.fit.residual_variance.unwrap()],
            &[0.013233836206896554],
        );
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

    /// a–b share row 1, b–c row 2: enough. Two ratings a row, ρb − ρa = 1 and ρc − ρb = 1 exactly,
    /// no degree of freedom left.
    #[test]
    fn a_chain_of_shared_texts_connects() {
        let ratings = vec![vec![1.0, NONE], vec![2.0, 5.0], vec![NONE, 6.0]];
        let (values, panel) = RaterPanel::fit(&names(3), ratings).unwrap();
        assert_close(&panel.fit.effects, &[-1.0, 0.0, 1.0]);
        assert_close(&values, &[2.0, 5.0]);
        assert_eq!(panel.fit.residual_variance, None);
    }
}
