//! From scores and permuted scores to p-values, intervals and a verdict.

pub mod ceiling;
pub mod comparison;
pub mod given;
pub mod interval;
pub mod multiplicity;
pub mod planted;
pub mod reliability;
pub mod response;
pub mod sensitivity;
pub mod sequential;
pub mod verdict;
