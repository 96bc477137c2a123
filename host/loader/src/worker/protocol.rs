//! What is said: requests of the host and replies of its worker. Matrices travel behind the header,
//! column-major, in the order named here.

use nalgebra::DMatrix;
use ocean_engine::regressor::TrainingSet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{EncoderShape, TokenCount};
use crate::{LogLevel, PluginError, RegressorOptions};

/// Names an object of the worker.
pub type Id = u64;

/// Rows and columns.
pub type Shape = (usize, usize);

/// What the host asks. A reply follows each. `y` is what [`Prepared`] means by it.
///
/// [`Prepared`]: ocean_engine::regressor::Prepared
///
/// A frame of the host is the [`Id`]s of objects that it does not need any more, which end first,
/// and a request or none.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// One model; X, then y. → `Fitted`
    Fit {
        /// Of which regressor.
        regressor: Id,
        /// Which combination of tunable parameters.
        variant: usize,
        /// Of X.
        x: Shape,
        /// The penalty; `None`: NaN.
        alpha: Option<f64>,
    },
    /// Predictions of a model that was kept as bytes; X_new. → `Done`, with them
    Predict {
        /// Of which regressor.
        regressor: Id,
        /// The model.
        state: Vec<u8>,
        /// Of X_new.
        x_new: Shape,
    },
    /// A regressor with these parameters. → `Made`
    Regressor(RegressorOptions),
    /// An encoder. → `Encoder`
    Encoder {
        /// How messages name it.
        label: String,
        /// Its parameters.
        params: Map<String, Value>,
        /// Threads it may start.
        max_threads: usize,
    },
    /// A design; its matrices. → `Made`
    Prepare {
        /// Of which regressor.
        regressor: Id,
        /// Of the matrices.
        shapes: Vec<Shape>,
        /// Rows behind moments; `None`: the matrices are rows.
        n_samples: Option<usize>,
    },
    /// The grid for y. → `Done`, with the penalties
    Grid {
        /// The design.
        prepared: Id,
        /// Which combination of tunable parameters.
        variant: usize,
        /// Of y.
        y: Shape,
        /// Rows of the grid.
        n_alphas: usize,
    },
    /// A path; y, yᵀy/n of its columns, then the penalties. → `Made`
    Begin {
        /// The design.
        prepared: Id,
        /// Which combination of tunable parameters.
        variant: usize,
        /// Of y.
        y: Shape,
        /// How many yᵀy/n there are.
        n_y_sq: usize,
        /// Rows of the grid.
        n_alphas: usize,
    },
    /// Steps of a path. → `Done`, with `n_out` predictions a column and then [`INFO`] numbers a
    /// column
    Advance {
        /// The path.
        path: Id,
        /// Columns of y.
        columns: Vec<u32>,
        /// The row of its penalties for each.
        steps: Vec<u32>,
        /// Predictions (from moments: coefficients) a column.
        n_out: usize,
    },
    /// Errors of a whole path; the targets of its new rows. → `Done`, with the errors and then as
    /// many bounds, or without numbers where predictions are no slower
    Errors {
        /// The path.
        path: Id,
        /// Of the targets of its new rows.
        y_new: Shape,
        /// Ends of the ranges of rows.
        ends: Vec<usize>,
        /// Rows of its penalties.
        n_alphas: usize,
    },
    /// Vectors of texts. → any number of `Progress`, then `Done` with the vectors
    Encode {
        /// The encoder.
        encoder: Id,
        /// Numbers a text becomes.
        dim: usize,
        /// The texts.
        texts: Vec<String>,
    },
    /// Token counts of texts. → `Tokens`
    CountTokens {
        /// The encoder.
        encoder: Id,
        /// The texts.
        texts: Vec<String>,
    },
}

impl Request {
    /// Numbers that may come back.
    pub fn most_numbers(&self) -> usize {
        match self {
            Self::Fit { x, .. } => x.1,
            Self::Predict { x_new, .. } => x_new.0,
            Self::Grid { y, n_alphas, .. } => n_alphas.saturating_mul(y.1),
            Self::Advance { columns, n_out, .. } => {
                n_out.saturating_add(INFO).saturating_mul(columns.len())
            }
            Self::Errors {
                y_new,
                ends,
                n_alphas,
                ..
            } => [2, ends.len(), *n_alphas]
                .iter()
                .fold(y_new.1, |product, n| product.saturating_mul(*n)),
            Self::Encode { dim, texts, .. } => dim.saturating_mul(texts.len()),
            Self::Regressor(_)
            | Self::Encoder { .. }
            | Self::Prepare { .. }
            | Self::Begin { .. }
            | Self::CountTokens { .. } => 0,
        }
    }
}

/// The matrices of a training set, and the rows behind them if they are moments.
pub fn parts(training: TrainingSet<'_>) -> (Vec<&DMatrix<f64>>, Option<usize>) {
    match training {
        TrainingSet::Rows { x, x_new } => (vec![x, x_new], None),
        TrainingSet::Moments { gram, n_samples } => (vec![gram], Some(n_samples)),
    }
}

/// The training set of some [`parts`].
pub fn training_set(
    matrices: &[DMatrix<f64>],
    n_samples: Option<usize>,
) -> Option<TrainingSet<'_>> {
    match (matrices, n_samples) {
        ([x, x_new], None) => Some(TrainingSet::Rows { x, x_new }),
        ([gram], Some(n_samples)) => Some(TrainingSet::Moments { gram, n_samples }),
        _ => None,
    }
}

/// Numbers that say what a fit reports of itself: gap, n_nonzero or −1, unconverged or not.
pub const INFO: usize = 3;

/// What the worker answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Done; what was asked for is in the numbers.
    Done,
    /// A new object.
    Made(Id),
    /// A new encoder.
    Encoder(Id, EncoderShape),
    /// A model; its coefficients are in the numbers, or these are its bytes.
    Fitted(Option<Vec<u8>>),
    /// Token counts, if the encoder counts.
    Tokens(Option<Vec<TokenCount>>),
    /// The share of a call that is done; its reply is still to come.
    Progress(f64),
    /// The plugin refused or failed.
    Refused(PluginError),
    /// The regressor failed.
    Failed {
        /// The status of the ABI.
        status: i32,
        /// Why.
        message: String,
    },
}

/// What a worker tells on the control socket, whatever it is asked meanwhile.
#[derive(Debug, Serialize, Deserialize)]
pub enum Told {
    /// A line of the plugin's log.
    Log(LogLevel, String),
    /// The plugin told of progress: it has not hung.
    Sign,
    /// It was to be in a sandbox, and the system has none.
    NoSandbox,
}
