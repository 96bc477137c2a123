//! What can go wrong in the engine, each with what would mend it.
//!
//! The engine knows no files and no names: a caller adds which encoder, target and line it was
//! about.

use crate::regressor::RegressorError;

/// A study that cannot be evaluated as asked, or a regressor that failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Fewer than two folds leave no held-out rows.
    #[error("folds = {n_folds}: at least 2 folds are needed")]
    TooFewFolds {
        /// Folds asked for.
        n_folds: usize,
    },
    /// Whole groups go into folds, so there must be at least as many groups.
    #[error("{n_groups} groups cannot fill {n_folds} folds; try fewer folds")]
    TooFewGroups {
        /// Groups in the data (rows, when nothing is grouped).
        n_groups: usize,
        /// Folds asked for.
        n_folds: usize,
    },
    /// A fold held fewer than two rows of a target.
    #[error(
        "fold {fold} of repeat {repeat} holds {n_rows} rows of this target, at least 2 are needed; try fewer folds"
    )]
    ThinFold {
        /// Fold, from 1.
        fold: usize,
        /// Repeat, from 1.
        repeat: usize,
        /// Observed rows of the target in it.
        n_rows: usize,
    },
    /// Inner folds made of the remaining outer folds need at least four of them.
    #[error(
        "folds = {n_folds} is too few for inner folds made of the remaining outer folds (needs 4); try inner_folds = 5"
    )]
    InnerNeedsFourFolds {
        /// Outer folds.
        n_folds: usize,
    },
    /// Every observed value equals its baseline, so there is nothing to explain.
    #[error("the target is constant: there is nothing to explain")]
    ConstantTarget,
    /// Predictions so far off that their squared errors cannot be calculated with.
    #[error(
        "the predictions are too far off to be scored: one is {}, where the target is at most {} from its mean; try: look for an outlier among the vectors, and at what the regressor returns",
        short(*prediction),
        short(*spread)
    )]
    TooFarOff {
        /// The prediction that is furthest from the mean of the training targets.
        prediction: f64,
        /// The largest distance of a target from that mean.
        spread: f64,
    },
    /// The permutation scheme leaves too few distinct arrangements to reach the level.
    #[error(
        "the permutation scheme allows only {arrangements:.0} distinct arrangements of this target: the smallest possible p is {floor:.3}, above the level {level}; try another exchange, or smaller groups"
    )]
    TooFewArrangements {
        /// Distinct arrangements of the target's values.
        arrangements: f64,
        /// Their inverse, the smallest p that can be reached.
        floor: f64,
        /// The level asked for.
        level: f64,
    },
    /// Least squares on the covariates leaves nothing of a target.
    #[error(
        "the covariates explain target {target} (from 0) completely: nothing is left to predict"
    )]
    Explained {
        /// Column of Y.
        target: usize,
    },
    /// Strata of equal missing values hold most rows in place.
    #[error(
        "missing_exchange = \"strata\" exchanges only rows with the same values missing: {n_movable} of {n_rows} rows have another such row, at least half must (attainable arrangements of the target that has fewest: {}); try missing_exchange = \"first-return\"",
        shown(*arrangements)
    )]
    LockedStrata {
        /// Rows that share their pattern with another.
        n_movable: usize,
        /// Rows with at least one value.
        n_rows: usize,
        /// Distinct arrangements of the target that has fewest.
        arrangements: f64,
    },
    /// Shapes that do not belong together.
    #[error("{what}: got {got}, expected {expected}")]
    Shape {
        /// Which argument.
        what: &'static str,
        /// What it was.
        got: String,
        /// What it must be.
        expected: String,
    },
    /// A value that is not finite where only numbers make sense.
    #[error("{what} has a value that is not finite at row {row}, column {column} (from 0)")]
    NotFinite {
        /// Which matrix.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
    },
    /// The regressor refused or failed.
    #[error("{stage}, n = {n_train}, p = {n_features}: {source}")]
    Regressor {
        /// "preparing the design without folds 1 and 2", …
        stage: String,
        /// Training rows of that design.
        n_train: usize,
        /// Columns of that design.
        n_features: usize,
        /// What the regressor said.
        source: RegressorError,
    },
    /// The directions of the embedding that signals are planted in could not be found.
    #[error(
        "the principal components of the embedding could not be computed; try: look for numbers of very different size among the vectors"
    )]
    NoComponents,
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Three digits of a number, with an exponent where it is very large or small.
fn short(number: f64) -> String {
    let rounded = format!("{number:.2e}").parse().unwrap_or(number);
    if (1e-4..1e6).contains(&f64::abs(rounded)) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// A count as it is, or, from a million on, its size.
fn shown(count: f64) -> String {
    if count < 1e6 {
        format!("{count:.0}")
    } else {
        format!("{count:.1e}")
    }
}
