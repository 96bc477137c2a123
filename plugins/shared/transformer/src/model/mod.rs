//! The network: weights, and what is done with them.

mod attention;
mod forward;
mod layout;
mod pool;
mod relative;
mod sequence;
mod steps;
mod weights;

pub(crate) use forward::{Workspace, forward};
pub(crate) use layout::Layout;
pub(crate) use pool::pool;
pub(crate) use weights::{Table, Weights};
