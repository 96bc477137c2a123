//! How far a fit can be from the optimum.

use super::options::Penalty;
use crate::kernel::largest;

/// What the gap needs of a fit.
pub(super) struct Fitted<'a> {
    /// c = Xᵀy/n.
    pub xty: &'a [f64],
    /// g = c − (G + α(1−ρ)I)w.
    pub gradient: &'a [f64],
    /// yᵀy/n.
    pub y_sq: f64,
    /// Features with a coefficient.
    pub support: &'a [u32],
    /// Their coefficients.
    pub coef: &'a [f64],
}

/// The duality gap, as a share of ½yᵀy/n, the objective of the empty model.
///
/// The dual point is the residual y − Xw, shrunk by κ = min(1, αρ/max|g|) until it is feasible (for
/// the elastic net, with √(nα(1−ρ))·I below X and zeros below y). The usual difference of two
/// objectives would lose the digits of a small gap; sorted by 1 − κ, its terms are small
/// themselves:
///
/// ```text
/// Σ (αρ|wⱼ| − wⱼgⱼ)  +  (1−κ)·wᵀg  +  ½(1−κ)²·(yᵀy/n − wᵀc − wᵀg)
/// ```
pub(super) fn relative_gap(fit: &Fitted<'_>, penalty: &Penalty) -> f64 {
    if fit.y_sq == 0.0 {
        return 0.0;
    }
    let (mut excess, mut wg, mut wc) = (0.0, 0.0, 0.0);
    for (&j, &w) in fit.support.iter().zip(fit.coef) {
        let g = fit.gradient[j as usize];
        excess += penalty.l1 * w.abs() - w * g;
        wg += w * g;
        wc += w * fit.xty[j as usize];
    }
    let largest = largest(fit.gradient, penalty.positive);
    let off = if largest > penalty.l1 {
        1.0 - penalty.l1 / largest
    } else {
        0.0
    };
    let gap = excess + off * wg + 0.5 * off * off * (fit.y_sq - wc - wg).max(0.0);
    // Rounding may leave it a hair below 0.
    gap.max(0.0) / (0.5 * fit.y_sq)
}
