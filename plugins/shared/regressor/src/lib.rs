//! `ocean-linear`'s types at the plugin interfaces: what the plugins `ridge`, `lasso` and
//! `elastic-net` have in common.
//!
//! [`convert`] turns matrices and refusals of one side into those of the other; [`sparse`] is the
//! whole regressor behind `lasso` and `elastic-net`, which bring their names and parameters
//! ([`sparse::Kind`]).

pub mod convert;
pub mod sparse;
