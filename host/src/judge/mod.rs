//! Numbers become rows and findings: cells, comparisons, and what the doctor sees.

pub mod cells;
pub mod comparisons;
pub mod doctor;
