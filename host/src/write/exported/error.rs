//! How an exported model fails: why one is not made, and why one does not predict.

use std::path::PathBuf;

use ocean_engine::EngineError;

use ocean_loader::PluginError;

/// Why there are no models of an encoder and a regressor: a warning, for the study does not depend
/// on them.
#[derive(Debug, thiserror::Error)]
pub enum NoModel {
    /// All rows make no design, or the path failed on them.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The plugin failed on the one model.
    #[error("target `{target}`: {source}")]
    Plugin {
        /// Whose model it would be.
        target: String,
        /// What failed.
        source: PluginError,
    },
    /// The model is not the one that was judged.
    #[error(
        "target `{target}`: fitted alone it predicts otherwise than along its path (by up to {sds:.1e} sd of y); \
         run `ocean-host plugin check {}`",
        .plugin.display()
    )]
    Differs {
        /// Whose model it would be.
        target: String,
        /// How far apart predictions are, at most.
        sds: f64,
        /// The library.
        plugin: PathBuf,
    },
}

/// Why a model does not predict. Exit code 1.
#[derive(Debug, thiserror::Error)]
pub enum PredictionError {
    /// Overflow.
    #[error(
        "the prediction for `{label}` is {value}: vectors or coefficients of the model are too large to be multiplied"
    )]
    NotFinite {
        /// The id or the group.
        label: String,
        /// An infinity, or no number.
        value: f64,
    },
    /// The plugin that keeps the model failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The table could not be written.
    #[error(transparent)]
    Table(#[from] csv::Error),
}
