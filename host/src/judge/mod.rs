//! Numbers become rows and findings: cells, comparisons, and what the doctor sees.

pub mod cells;
pub mod comparisons;
mod diagnosis;
pub mod doctor;
mod measured;
pub mod test_sample;
pub mod words;

pub(crate) use diagnosis::{diagnose, diagnose_data};
