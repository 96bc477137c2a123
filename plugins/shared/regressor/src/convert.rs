//! Matrices of the SDK as those of `ocean-linear`, its refusals as statuses of the ABI, and the
//! prediction of every linear model.

use ocean_linear::{Columns, LinearError};
use ocean_plugin::{Error, Mat, MatMut, Result};

/// A matrix whose columns lie one behind the other.
///
/// # Errors
/// SHAPE, when they do not.
pub fn columns(matrix: Mat<'_>) -> Result<Columns<'_>> {
    let values = matrix.as_slice().ok_or_else(not_contiguous)?;
    Columns::new(values, matrix.rows(), matrix.cols()).map_err(refusal)
}

/// The numbers of a matrix to be filled, column by column.
///
/// # Errors
/// SHAPE, when they do not lie one behind the other.
pub fn values<'a>(matrix: &'a mut MatMut<'_>) -> Result<&'a mut [f64]> {
    matrix.as_mut_slice().ok_or_else(not_contiguous)
}

fn not_contiguous() -> Error {
    Error::shape("this regressor takes matrices that lie column by column, without gaps")
}

/// The status that tells the host whose fault it is.
pub fn refusal(error: LinearError) -> Error {
    let message = error.to_string();
    match error {
        LinearError::Shape { .. } | LinearError::Empty => Error::shape(message),
        LinearError::Penalty(_) | LinearError::NoPenalty(_) | LinearError::Setting { .. } => {
            Error::param(message)
        }
        LinearError::Numeric(_) => Error::numeric(message),
    }
}

/// ŷ = X_new·w, one value a row of `x_new`; columns whose coefficient is 0 are not read.
///
/// # Errors
/// SHAPE, when there are not as many coefficients as columns.
pub fn predict(coef: &[f64], x_new: Mat<'_>, y_hat: &mut [f64]) -> Result<()> {
    if x_new.cols() != coef.len() {
        return Err(Error::shape(format!(
            "the model has {} coefficients, X {} columns",
            coef.len(),
            x_new.cols()
        )));
    }
    y_hat.fill(0.0);
    for (w, column) in coef.iter().zip(x_new.columns()) {
        if *w != 0.0 {
            y_hat
                .iter_mut()
                .zip(column.iter())
                .for_each(|(y_hat, x)| *y_hat += w * x);
        }
    }
    Ok(())
}
