//! Were the vectors shifted against the targets? Asked where there are no texts to compare them
//! with.

use nalgebra::DMatrix;

use crate::scale::mean_and_sd_of_varying;
use crate::score::mean_and_sd;

/// Fewer rows give no clear answer.
pub const LEAST_ROWS: usize = 200;
/// Shifts looked at, in either direction.
const MOST: usize = 50;
/// Standard deviations by which the best shift must stand out among the others.
const STANDS_OUT: f64 = 8.0;
/// Standard deviations below which the rows as they are do not stand out.
const ORDINARY: f64 = 3.0;

/// The shift at which vectors and targets belong together, if it is not 0: row i's vector then
/// belongs to the targets of row i + s.
///
/// For s from −50 to 50 the statistic is ‖Zᵀy₍s₎‖² summed over targets: Z the standardised columns
/// of X, y₍s₎ the standardised target turned by s rows, its missing values 0. A shift is named when
/// it lies 8 standard deviations above the mean of the others, and no shift less than 3. It finds
/// shifts only; rows in another order look like rows without a relation. `None` with fewer than 200
/// rows.
#[must_use]
pub fn shift(x: &DMatrix<f64>, y: &DMatrix<f64>) -> Option<isize> {
    let n = x.nrows();
    if n < LEAST_ROWS {
        return None;
    }
    let (z, y) = (standardised(x), standardised(y));
    let shifts: Vec<isize> = (-(MOST as isize)..=MOST as isize).collect();
    let statistic = |shift: &isize| -> f64 {
        let turned = DMatrix::from_fn(n, y.ncols(), |row, column| {
            y[(
                (row as isize + shift).rem_euclid(n as isize) as usize,
                column,
            )]
        });
        z.tr_mul(&turned).norm_squared()
    };
    let all: Vec<f64> = shifts.iter().map(statistic).collect();
    let best = (0..all.len()).max_by(|&a, &b| all[a].total_cmp(&all[b]))?;
    let others: Vec<f64> = (0..all.len())
        .filter(|&at| at != best && shifts[at] != 0)
        .map(|at| all[at])
        .collect();
    let (centre, spread) = mean_and_sd(&others, 0);
    let stands_out = |at: usize, by: f64| all[at] > centre + by * spread;
    let is_shifted =
        shifts[best] != 0 && stands_out(best, STANDS_OUT) && !stands_out(MOST, ORDINARY);
    is_shifted.then(|| shifts[best])
}

/// Columns with mean 0 and sd 1 over what is there; 0 where a value is missing or a column does not
/// vary.
fn standardised(x: &DMatrix<f64>) -> DMatrix<f64> {
    let mut z = x.clone();
    for mut column in z.column_iter_mut() {
        let present = column.iter().copied().filter(|value| !value.is_nan());
        let scaling = mean_and_sd_of_varying(&present.collect::<Vec<_>>());
        let scale = |value: &mut f64| {
            *value = match scaling {
                Some((mean, sd)) if !value.is_nan() => (*value - mean) / sd,
                _ => 0.0,
            };
        };
        column.iter_mut().for_each(scale);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn vectors_one_row_late_are_found_and_aligned_or_unrelated_ones_are_not() {
        let mut stream = Seed(8).stream("shift", 0);
        let x = DMatrix::from_fn(300, 5, |_, _| stream.normal());
        let related = DMatrix::from_fn(300, 2, |row, column| match (row * 7 + column) % 20 {
            0 => f64::NAN,
            _ => x[(row, column)] + stream.normal(),
        });
        let unrelated = DMatrix::from_fn(300, 2, |_, _| stream.normal());
        assert_eq!(shift(&x, &related), None);
        assert_eq!(shift(&x, &unrelated), None);
        let late = DMatrix::from_fn(300, 5, |row, column| x[((row + 299) % 300, column)]);
        // The vector in row i is that of row i − 1.
        assert_eq!(shift(&late, &related), Some(-1));
        assert_eq!(
            shift(
                &late.rows(0, 199).into_owned(),
                &related.rows(0, 199).into_owned()
            ),
            None
        );
    }
}
