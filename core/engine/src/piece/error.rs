//! How a piece can end early.

use std::convert::Infallible;

use crate::error::EngineError;

/// Why a piece was not computed.
#[derive(Debug, thiserror::Error)]
pub enum PieceError<E> {
    /// The engine or a regressor failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Finished numbers could not be kept.
    #[error("finished numbers could not be kept: {0}")]
    Keep(E),
    /// The watch said so; what is kept stays.
    #[error("stopped")]
    Stopped,
}

impl<E> PieceError<E> {
    /// What is left of the rows cannot be evaluated: there is no such number, and nothing failed.
    #[must_use]
    pub fn is_of_rows(&self) -> bool {
        matches!(
            self,
            Self::Engine(
                EngineError::ThinFold { .. }
                    | EngineError::ConstantTarget
                    | EngineError::TooFewGroups { .. }
                    // Of four folds one was a block.
                    | EngineError::InnerNeedsFourFolds { .. },
            )
        )
    }
}

impl From<PieceError<Infallible>> for EngineError {
    fn from(error: PieceError<Infallible>) -> Self {
        match error {
            PieceError::Engine(error) => error,
            PieceError::Keep(never) => match never {},
            PieceError::Stopped => EngineError::Cancelled,
        }
    }
}
