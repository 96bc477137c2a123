//! Powers of two in which numbers near the ends of f64 are kept, so that their squares neither
//! overflow nor vanish.

use std::borrow::Cow;

use crate::LinearError;

/// Magnitudes between 2⁻²⁰⁰ and 2²⁰⁰ (1.6e60) are taken as they are: products of four of them are
/// still in range.
const ORDINARY: i32 = 200;

/// The unit for these values: 1, unless the largest magnitude is extreme; then the power of two at
/// or below it. Not one bit is lost by it.
pub(crate) fn unit_of(values: &[f64], what: &'static str) -> Result<f64, LinearError> {
    // NaN is passed over by `max` and caught by the sum.
    let largest = crate::kernel::largest(values, false);
    if values.iter().map(|v| v * 0.0).sum::<f64>() != 0.0 {
        return Err(LinearError::Numeric(what));
    }
    let exponent = largest.log2().floor().clamp(-1000.0, 1000.0) as i32;
    let is_ordinary = largest == 0.0 || exponent.abs() <= ORDINARY;
    Ok(if is_ordinary {
        1.0
    } else {
        2.0_f64.powi(exponent)
    })
}

/// `values` in units.
pub(crate) fn in_units(values: &[f64], unit: f64) -> Cow<'_, [f64]> {
    if unit == 1.0 {
        Cow::Borrowed(values)
    } else {
        Cow::Owned(values.iter().map(|v| v / unit).collect())
    }
}
