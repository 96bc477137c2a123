//! Lasso and elastic net, ‖y − Xw‖²/2n + α·ρ‖w‖₁ + ½α(1 − ρ)‖w‖², for many targets on one design.
//!
//! Everything is said in second moments, G = XᵀX/n, c = Xᵀy/n and yᵀy/n: G is made once and shared
//! by all targets and threads, and a target's rows are not looked at again after c. What is left of
//! a fit is the residual correlation r = c − Gw. With g = r − α(1−ρ)w, w is optimal when
//!
//! ```text
//! gⱼ = αρ·sign(wⱼ)  where wⱼ ≠ 0        |gⱼ| ≤ αρ  elsewhere
//! ```
//!
//! * `design` and `moments` hold what targets share, `gram` the columns of G, `projection` a block's c; `grid` chooses penalties.
//! * `path` is a block of targets on its way, `walk` one of them: at each penalty a working set of the features that were in or violate the
//!   condition is solved, then all of r is made anew and all features are checked.
//! * `block` is the working set: coordinate descent that touches its part of G and r only. `factor` ends it: once a sweep has left the signs
//!   alone, what remains is a linear system.
//! * `gap` says how far from the optimum a fit can be at most.
//!
//! What a target gets depends on its own y, penalties and steps only, to the last bit: every sum
//! has one order, whatever the block or thread.
//!
//! Tibshirani (1996); Zou & Hastie (2005); covariance updates and warm starts: Friedman, Hastie &
//! Tibshirani (2010).

mod block;
mod design;
mod factor;
mod fit;
mod gap;
mod gram;
mod grid;
mod moments;
mod options;
mod path;
mod projection;
#[cfg(test)]
mod tests;
mod walk;

pub use design::{LassoDesign, fit};
pub use fit::LassoFit;
pub use moments::LassoMoments;
pub use options::LassoOptions;
pub use path::LassoPath;
