//! The network: weights, and what is done with them.

mod attention;
mod forward;
mod layers;
mod layout;
mod pool;
mod relative;
mod sequence;
mod steps;
mod weights;

pub(crate) use forward::{Workspace, forward};
pub use layers::LayerPool;
pub(crate) use layers::Layers;
pub(crate) use layout::Layout;
pub(crate) use pool::pool;
pub(crate) use steps::normalise;
pub(crate) use weights::{Table, Weights};
