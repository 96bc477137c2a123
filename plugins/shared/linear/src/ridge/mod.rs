//! Ridge regression, ‖y − Xw‖² + α‖w‖², for many targets and many penalties on one design.
//!
//! With the singular value decomposition X = U S Vᵀ and λ = s², the prediction for new rows is
//!
//! ```text
//! ŷ = H · diag(λ/(λ+α)) · Uᵀy        H = X_new V S⁻¹
//! ```
//!
//! so that H Uᵀy is the least-squares prediction and α only shrinks its parts, each by a factor
//! between 0 and 1 whose sum is the effective degrees of freedom. `factors` makes U, λ, V once per
//! design; `grid` chooses penalties by their degrees of freedom; `path` projects a block of targets
//! and walks the penalties; `basis` makes a whole walk cheaper than one product per penalty; `ranking`
//! makes the errors of a walk cheaper still, where they need only say which penalties cannot be the
//! best.
//!
//! Hoerl & Kennard (1970); degrees of freedom: Hastie, Tibshirani & Friedman (2009), eq. 3.50.

mod basis;
mod design;
mod factors;
mod grid;
mod path;
mod ranking;
mod shared;
#[cfg(test)]
mod tests;

pub use design::{RidgeDesign, fit};
pub use path::RidgePath;
