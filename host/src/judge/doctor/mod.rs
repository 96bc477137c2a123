//! The doctor: what is empty, impossible or fragile about a study, in sentences.
//!
//! Each finding says what was seen, what it may mean and which setting to try. [`alignment`] runs
//! before the long work, because vectors that do not belong to their texts make everything after it
//! meaningless; [`data`] and [`vectors`] need no work at all, so that `--dry-run` says what they
//! see; [`examine()`] runs on the finished cells, subject by subject. The measurements are the
//! engine's.

pub mod advice;
pub mod alignment;
mod control_cells;
pub mod data;
mod examine;
pub mod facts;
mod finding;
mod fold_column;
mod grouping;
mod models;
mod p_values;
mod rater_columns;
mod rater_pairs;
mod repeated_text;
pub mod script;
mod spelling;
mod target_values;
mod text_rows;
mod unspaced;
pub mod vectors;
mod yardsticks;

pub use crate::plan::labels::{LENGTH, LEXICAL, RANDOM, RANDOM_GROUP};
pub use examine::examine;
pub use facts::{Facts, ValueBySize};

use finding::{MOST_LISTED, finding, listed, name};
