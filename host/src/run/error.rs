//! How a run ends when it does not end in a report, with its exit code.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::atomic::WriteError;
use crate::encode::EncodeError;
use crate::journal::JournalError;
use crate::problem::Refusal;
use crate::report_files::ReportError;
use crate::run_folder::ClaimError;

/// How a run ended otherwise.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing was started: exit code 2.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The folder holds another run, or is in use: exit code 2.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file could not be written: exit code 1.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file that is not the run's is in the way of its results, or one that is cannot be removed: exit code 1.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A report could not be written: exit code 1.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// An encoder failed: exit code 1.
    #[error(transparent)]
    Encode(EncodeError),
    /// Ctrl-C: exit code 130.
    #[error("interrupted; what is finished is kept, the same command goes on from there")]
    Interrupted,
    /// Something that should not happen: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl RunError {
    /// Ctrl-C during a download is no wrong request.
    pub(crate) fn of_opening(refusal: Refusal, interrupted: &AtomicBool) -> Self {
        if interrupted.load(Ordering::Relaxed) {
            Self::Interrupted
        } else {
            Self::Refused(refusal)
        }
    }

    /// The exit code of the program.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_)
            | Self::Journal(
                JournalError::OtherPlan { .. }
                | JournalError::InUse { .. }
                | JournalError::Foreign { .. },
            ) => 2,
            // `report` of a folder without a run, or with other results than the run wrote.
            Self::Report(ReportError::Read { .. } | ReportError::Changed { .. }) => 2,
            // A folder that cannot be written is a wrong request: nothing was started.
            Self::Journal(JournalError::Write(_) | JournalError::Remove(_)) => 2,
            Self::Interrupted => 130,
            Self::Write(_)
            | Self::Claim(_)
            | Self::Report(_)
            | Self::Encode(_)
            | Self::Failed(_) => 1,
        }
    }
}

impl From<EncodeError> for RunError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Interrupted { .. } => Self::Interrupted,
            other => Self::Encode(other),
        }
    }
}
