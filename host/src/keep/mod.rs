//! What outlives an interruption: whole files, the journal, and the folder of a run.

pub mod atomic;
pub mod differences;
pub mod file_names;
pub mod journal;
pub mod run_folder;
pub mod unfinished;
