//! From a finished run to its files: results, tables, pictures and models.

pub mod close_up;
pub mod exported;
pub mod outputs;
pub mod report_files;
pub mod subgroups;
pub mod words;
