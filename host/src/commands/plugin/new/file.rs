//! A file that is yet to be written.

use std::path::PathBuf;

/// One file of the new folder.
#[derive(Debug)]
pub(super) struct File {
    /// Inside the folder.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
}
