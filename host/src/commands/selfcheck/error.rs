//! How a certificate fails, where it is neither a wrong request nor a file that cannot be written.
//! Exit code 1.

use ocean_engine::EngineError;

/// What failed.
#[derive(Debug, thiserror::Error)]
pub enum SelfcheckError {
    /// A regressor failed on a data set, or the engine refused its predictions.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The certificate as JSON: plain data, which does not fail.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The folder from which paths of regressors start is gone.
    #[error("{0}")]
    NoFolder(#[source] std::io::Error),
}
