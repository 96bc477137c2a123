//! What one fit says of itself, beside its coefficients.

/// What one fit says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LassoFit {
    /// Duality gap, as a share of ½yᵀy/n.
    pub gap: f64,
    /// Coefficients that are not 0.
    pub n_nonzero: u32,
    /// False: `max_iter` passes were not enough; the fit is the last iterate, and its gap says how
    /// far off it can be.
    pub is_converged: bool,
}

impl LassoFit {
    /// The empty model where it is the optimum.
    pub const EMPTY: LassoFit = LassoFit {
        gap: 0.0,
        n_nonzero: 0,
        is_converged: true,
    };
}
