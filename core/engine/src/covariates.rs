//! Covariates: what is taken out of X and y, by least squares, before anything else is learned from
//! them.
//!
//! In every training set y and each column of X are regressed on Z and the intercept, with training
//! rows only; what is left, for training and held-out rows alike, takes their place: X̃ = X − ZB̂,
//! ỹ = y − ZΓ̂. Only the space that the columns of Z span matters, so Z is made orthonormal once
//! per design and a column of Z that others already explain there (an empty category, say) is left
//! out, as R's `lm` does.

use nalgebra::DMatrix;

/// A column of Z keeps less than this share of its norm beside the columns before it: it says
/// nothing new.
const ALIASED: f64 = 1e-8;
/// What is left of a column of X or of y is less than this share of its norm: rounding, not data.
const EXPLAINED: f64 = 1e-10;

/// Z on the rows of one training set, orthonormal, and continued to other rows.
#[derive(Debug, Clone)]
pub struct Partial {
    /// n_train × rank, orthonormal, each column orthogonal to the constant.
    basis: DMatrix<f64>,
    /// The same combinations of Z on the held-out rows, n_new × rank.
    basis_new: DMatrix<f64>,
}

impl Partial {
    /// Regresses on `z` (n_samples × covariates, no missing values) over the rows `train`, for use
    /// on the rows `new` too.
    #[must_use]
    pub fn of(z: &DMatrix<f64>, train: &[usize], new: &[usize]) -> Self {
        let (mut basis, mut basis_new): (Vec<Vec<f64>>, Vec<Vec<f64>>) = Default::default();
        for column in z.column_iter() {
            let mut fitted: Vec<f64> = train.iter().map(|&row| column[row]).collect();
            let mut continued: Vec<f64> = new.iter().map(|&row| column[row]).collect();
            centre(&mut fitted, &mut continued);
            let before = norm(&fitted);
            // Twice is enough: the second pass takes out what rounding left of the first.
            for _ in 0..2 {
                for (direction, direction_new) in basis.iter().zip(&basis_new) {
                    subtract(&mut fitted, direction, &mut continued, direction_new);
                }
            }
            let length = norm(&fitted);
            if length > ALIASED * before {
                fitted.iter_mut().for_each(|value| *value /= length);
                continued.iter_mut().for_each(|value| *value /= length);
                basis.push(fitted);
                basis_new.push(continued);
            }
        }
        let matrix = |n_rows: usize, columns: &[Vec<f64>]| {
            DMatrix::from_iterator(n_rows, columns.len(), columns.iter().flatten().copied())
        };
        Self {
            basis: matrix(train.len(), &basis),
            basis_new: matrix(new.len(), &basis_new),
        }
    }

    /// Replaces a column by what Z and the intercept leave of it: its values on the training rows
    /// and, by the coefficients found there, on the new rows.
    ///
    /// Returns false, with both parts exactly 0 on the training rows, when nothing but rounding is
    /// left there.
    pub fn take_out(&self, train: &mut [f64], new: &mut [f64]) -> bool {
        centre(train, new);
        let before = norm(train);
        for (direction, direction_new) in self.basis.column_iter().zip(self.basis_new.column_iter())
        {
            subtract(train, direction.as_slice(), new, direction_new.as_slice());
        }
        let is_left = norm(train) > EXPLAINED * before;
        if !is_left {
            train.fill(0.0);
        }
        is_left
    }
}

/// Subtracts the training mean from both parts.
fn centre(train: &mut [f64], new: &mut [f64]) {
    // Relative to the first value: a large offset costs no digits.
    let offset = train.first().copied().unwrap_or(0.0);
    let sum: f64 = train.iter().map(|value| value - offset).sum();
    let mean = sum / train.len() as f64;
    for value in train.iter_mut().chain(new) {
        *value = *value - offset - mean;
    }
}

/// Subtracts from both parts the multiple of a direction that the training part holds.
fn subtract(train: &mut [f64], direction: &[f64], new: &mut [f64], direction_new: &[f64]) {
    let coefficient: f64 = train.iter().zip(direction).map(|(v, d)| v * d).sum();
    for (value, direction) in train.iter_mut().zip(direction) {
        *value -= coefficient * direction;
    }
    for (value, direction) in new.iter_mut().zip(direction_new) {
        *value -= coefficient * direction;
    }
}

/// √Σv², scaled by the largest value first, so that neither 1e200 nor 1e−200 leaves the range.
fn norm(values: &[f64]) -> f64 {
    let largest = values
        .iter()
        .fold(0.0f64, |largest, v| largest.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    largest
        * values
            .iter()
            .map(|v| (v / largest).powi(2))
            .sum::<f64>()
            .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// y = 1, 2, 4 on z = 0, 1, 2: slope 3/2, intercept 5/6, residuals 1/6, −1/3, 1/6; at z = 4 the
    /// line is at 41/6, so y = 7 leaves 1/6.
    #[test]
    fn residuals_of_a_line_by_hand_within_and_beyond_the_training_rows() {
        let z = DMatrix::from_column_slice(4, 1, &[0.0, 1.0, 2.0, 4.0]);
        let (mut train, mut new) = ([1.0, 2.0, 4.0], [7.0]);
        assert!(Partial::of(&z, &[0, 1, 2], &[3]).take_out(&mut train, &mut new));
        for (got, expected) in
            train
                .iter()
                .chain(&new)
                .zip([1.0 / 6.0, -1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0])
        {
            assert!((got - expected).abs() < 1e-14, "{got} {expected}");
        }
    }

    #[test]
    fn an_aliased_column_changes_nothing_and_an_explained_one_becomes_zero() {
        let z = DMatrix::from_fn(6, 1, |row, _| (row * row) as f64);
        let twice = DMatrix::from_fn(6, 3, |row, column| match column {
            0 => z[(row, 0)],
            1 => 3.0 * z[(row, 0)] - 7.0,
            _ => 5.0,
        });
        let rows = [0, 1, 2, 3];
        let residual = |z: &DMatrix<f64>, y: [f64; 6]| {
            let (mut train, mut new) = ([y[0], y[1], y[2], y[3]], [y[4], y[5]]);
            let is_left = Partial::of(z, &rows, &[4, 5]).take_out(&mut train, &mut new);
            (is_left, train, new)
        };
        let y = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0];
        assert_eq!(residual(&twice, y), residual(&z, y));
        let (is_left, train, new) = residual(&z, [1.0, 3.0, 9.0, 19.0, 33.0, 50.0]);
        assert!(!is_left && train == [0.0; 4]);
        // 1 + 2·16 is on the line and 1 + 2·25 one below 50 + 2.
        assert!(
            new[0].abs() < 1e-12 && (new[1] + 1.0).abs() < 1e-12,
            "{new:?}"
        );
    }
}
