//! How a command about plugins fails, other than for a wrong request. Exit code 1.

/// What failed.
#[derive(Debug, thiserror::Error)]
pub enum PluginCommandError {
    /// The list or the description could not be written, or the folder of the process is gone.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Checks are children of the program, which is done on Unix only.
    #[error("checks need a Unix system")]
    NotUnix,
}
