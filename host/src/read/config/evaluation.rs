//! `[evaluation]`: how encoders and regressors are judged.
//!
//! An absent key stays `None` here; its default is in [`crate::plan`].

use serde::{Serialize, Serializer};

use super::choices::{Duplicates, Exchange, MissingExchange, Unit};
use super::section::{Section, Sourced, as_whole};
use super::tree::Value;
use crate::problem::Problem;

/// More permutations, repeats or grid points than anyone can mean.
pub(super) const MANY: i64 = 10_000_000;

/// `[evaluation]`; a value of `None` takes its default in the plan.
#[derive(Debug, Clone, Default)]
pub struct EvaluationConfig {
    /// How many, or the column that has them.
    pub folds: Option<Sourced<OuterFolds>>,
    /// Redraws of the folds, at least 1.
    pub repeats: Option<Sourced<i64>>,
    /// How many, or until when.
    pub permutations: Option<Sourced<Permutations>>,
    /// Family-wise level, inside (0, 1).
    pub level: Option<Sourced<f64>>,
    /// δ in units of r2, inside (0, 1).
    pub smallest_effect: Option<Sourced<f64>>,
    /// Are the control encoders run?
    pub controls: Option<Sourced<bool>>,
    /// The inner split.
    pub inner_folds: Option<Sourced<InnerFolds>>,
    /// How groups are permuted.
    pub exchange: Option<Sourced<Exchange>>,
    /// What one row of the analysis is.
    pub unit: Option<Sourced<Unit>>,
    /// What duplicates of a text are.
    pub duplicates: Option<Sourced<Duplicates>>,
    /// How a permutation treats missing values.
    pub missing_exchange: Option<Sourced<MissingExchange>>,
    /// Draws of the sensitivity analysis; 0 is off.
    pub sensitivity: Option<Sourced<i64>>,
    /// Redraws of the folds behind r2_fold_sd; 0 is off.
    pub fold_redraws: Option<Sourced<u32>>,
    /// Is a cell added that chooses encoder and regressor inside?
    pub best: Option<Sourced<bool>>,
}

impl EvaluationConfig {
    pub(super) fn read(mut section: Section<'_>) -> EvaluationConfig {
        let config = EvaluationConfig {
            folds: section.take("folds", OuterFolds::from_toml),
            repeats: section.whole("repeats"),
            permutations: section.take("permutations", Permutations::from_toml),
            level: section.number("level"),
            smallest_effect: section.number("smallest_effect"),
            controls: section.flag("controls"),
            inner_folds: section.take("inner_folds", InnerFolds::from_toml),
            exchange: exchange(&mut section),
            unit: section.choice("unit"),
            duplicates: section.choice("duplicates"),
            missing_exchange: section.choice("missing_exchange"),
            sensitivity: section.whole("sensitivity"),
            fold_redraws: section.take("fold_redraws", |value| {
                let redraws = as_whole(value, &(0..=1000)).filter(|redraws| *redraws != 1);
                redraws.and_then(|redraws| u32::try_from(redraws).ok())
            }),
            best: section.flag("best"),
        };
        section.finish();
        config
    }
}

/// Refuses `"size_bands"`, which there once was.
fn exchange(section: &mut Section<'_>) -> Option<Sourced<Exchange>> {
    match section.node("exchange") {
        Some(node) if matches!(&node.value, Value::Text(word) if word == "size_bands") => {
            let message = "[evaluation] exchange = \"size_bands\" is not offered any more: a large group's value counts in many rows, and p ≤ .05 came up in 7 to 23 % of simulated data sets without an effect";
            let problem = Problem::new(&node.origin, message).with_try(
                "unit = \"group\" under [evaluation], which makes every group one row and exchanges values among groups of similar size; where value and size go together, covariates = [\"log_size\"] under [data], too",
            );
            section.problems().borrow_mut().push(problem);
            None
        }
        _ => section.choice("exchange"),
    }
}

/// How many permutations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permutations {
    /// Until a cell is decided, at most so many (STATISTICS §3).
    Adaptive(u32),
    /// Exactly so many for every cell.
    #[serde(untagged)]
    Fixed(u32),
}

impl Permutations {
    fn from_toml(value: &Value) -> Option<Permutations> {
        let count = |value| as_whole(value, &(1..=MANY)).and_then(|n| u32::try_from(n).ok());
        match value {
            Value::Table(table) => match table.entries.as_slice() {
                [only] if only.key == "adaptive" => {
                    count(&only.node.value).map(Permutations::Adaptive)
                }
                _ => None,
            },
            value => count(value).map(Permutations::Fixed),
        }
    }
}

/// The outer folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OuterFolds {
    /// So many, drawn.
    Drawn(u32),
    /// Those of a column: each of its values is one.
    Column {
        /// Its name.
        name: String,
        /// Its different values; 0 before the table is read.
        n_values: u32,
    },
}

impl OuterFolds {
    fn from_toml(value: &Value) -> Option<OuterFolds> {
        match value {
            Value::Text(name) if !name.is_empty() => Some(OuterFolds::Column {
                name: name.clone(),
                n_values: 0,
            }),
            value => as_whole(value, &(2..=1000))
                .and_then(|n| u32::try_from(n).ok())
                .map(OuterFolds::Drawn),
        }
    }

    /// K; 0 for a column of a table that is not read.
    pub fn number(&self) -> u32 {
        match self {
            OuterFolds::Drawn(number) => *number,
            OuterFolds::Column { n_values, .. } => *n_values,
        }
    }

    /// The column that has them.
    pub fn column(&self) -> Option<&str> {
        match self {
            OuterFolds::Drawn(_) => None,
            OuterFolds::Column { name, .. } => Some(name),
        }
    }
}

impl Serialize for OuterFolds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            OuterFolds::Drawn(number) => serializer.serialize_u32(*number),
            OuterFolds::Column { name, .. } => serializer.serialize_str(name),
        }
    }
}

/// The inner split, for tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InnerFolds {
    /// The remaining outer folds.
    Outer,
    /// So many independent folds.
    Independent(u32),
}

impl InnerFolds {
    fn from_toml(value: &Value) -> Option<InnerFolds> {
        match value {
            Value::Text(word) if word == "outer" => Some(InnerFolds::Outer),
            value => as_whole(value, &(2..=1000))
                .and_then(|n| u32::try_from(n).ok())
                .map(InnerFolds::Independent),
        }
    }
}

impl Serialize for InnerFolds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            InnerFolds::Outer => serializer.serialize_str("outer"),
            InnerFolds::Independent(folds) => serializer.serialize_u32(*folds),
        }
    }
}
