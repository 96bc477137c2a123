//! How a run ends when it does not end in a report, with its exit code.

use std::sync::atomic::{AtomicBool, Ordering};

use ocean_engine::EngineError;

use super::canaries::SAME_R2;
use crate::commands::cluster::error::ClusterError;
use crate::commands::plugin::error::PluginCommandError;
use crate::commands::selfcheck::error::SelfcheckError;
use crate::encode::embedding::EncodeError;
use crate::keep::atomic::WriteError;
use crate::keep::journal::JournalError;
use crate::keep::run_folder::ClaimError;
use crate::problem::Refusal;
use crate::write::exported::error::PredictionError;
use crate::write::report_files::ReportError;

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
    /// A file that is not the run's is in the way of its results, or one that is cannot be removed:
    /// exit code 1.
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
    /// Every cell of the family failed: exit code 1.
    #[error("no cell could be evaluated: {reason}")]
    NoCell {
        /// That of the first.
        reason: String,
    },
    /// Machines that share a study do not compute the same: exit code 1.
    #[error(
        "the r2 of some shards is not what this machine computes (they may differ by {SAME_R2:e}):\n{}\n  \
         what these files hold is not used; try: delete them, compute their shards again on the machines of the others, and merge there",
        different.join("\n")
    )]
    UnlikeMachines {
        /// One difference a line.
        different: Vec<String>,
    },
    /// An evaluated cell that cannot be scored, which its evaluation rules out: exit code 1.
    #[error(transparent)]
    Engine(EngineError),
    /// Work of many machines that failed: exit code 1.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A certificate that could not be made: exit code 1.
    #[error(transparent)]
    Selfcheck(#[from] SelfcheckError),
    /// An exported model that did not predict: exit code 1.
    #[error(transparent)]
    Prediction(#[from] PredictionError),
    /// A command about plugins that failed: exit code 1.
    #[error(transparent)]
    Plugins(#[from] PluginCommandError),
    /// The plan as JSON, by which a run is known again: plain data, which does not fail. Exit code
    /// 1.
    #[error(transparent)]
    Fingerprint(serde_json::Error),
    /// The system does not tell which program is running: exit code 1.
    #[error("cannot tell which program is running: {0}")]
    Program(std::io::Error),
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
            | Self::NoCell { .. }
            | Self::UnlikeMachines { .. }
            | Self::Engine(_)
            | Self::Cluster(_)
            | Self::Selfcheck(_)
            | Self::Prediction(_)
            | Self::Plugins(_)
            | Self::Fingerprint(_)
            | Self::Program(_) => 1,
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
