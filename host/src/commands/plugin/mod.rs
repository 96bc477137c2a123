//! `ocean-host plugin …`: what is installed, what a plugin says of itself, and how to begin one.
//!
//! Nothing here loads a plugin into this process: everything shown was found by the probing child,
//! so a plugin that crashes is a line in a list.

pub mod check;
pub mod error;
mod info;
mod list;
mod manifest;
pub mod new;

pub use info::{InfoError, info};
pub use list::list;
