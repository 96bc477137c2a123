//! The settings that are one word out of a few, each with its spelling in plugins.toml and in the
//! plan's JSON.

use std::fmt;

pub use ocean_loader::Isolation;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A setting with named values.
pub trait Choice: Sized + Copy + 'static {
    /// Every value with its spelling, the default first.
    const ALL: &'static [(&'static str, Self)];
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl Choice for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, $name::$value)),+];
        }

        impl $name {
            /// As it is written in plugins.toml.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$value => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                let found = Self::ALL.iter().find(|(known, _)| *known == word);
                found.map(|(_, value)| *value).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{word}` is none of its values"))
                })
            }
        }
    )+};
}

choices! {
    /// What a row is that has a text in no text column.
    Blank {
        /// It is left out, and counted.
        Drop = "drop",
        /// It is encoded like any other.
        Keep = "keep",
    }
    /// What a missing target value means.
    Missing {
        /// The row is left out of that target's analysis.
        Drop = "drop",
        /// The study is refused.
        Error = "error",
    }

    /// The program whose grid and scaling of y a regressor takes over, to be compared with it.
    Compat {
        /// `LassoCV`, `ElasticNetCV`, `RidgeCV`.
        Sklearn = "sklearn",
        /// `cv.glmnet`.
        Glmnet = "glmnet",
    }

    /// How the vectors of several text columns become one.
    Pool {
        /// Averaged.
        Mean = "mean",
        /// Side by side.
        Concat = "concat",
    }

    /// How groups are permuted (STATISTICS §3).
    Exchange {
        /// Whole blocks among groups of equal size that lack the same rows of the target.
        Blocks = "blocks",
        /// Rows inside their group.
        Within = "within",
        /// As `blocks`, whatever the fold: where a column has the folds, nothing else moves values
        /// between them.
        Free = "free",
    }

    /// How much each of several sets of columns counts beside the others.
    Weight {
        /// As much as any other: every column is divided by the root of the set's number of columns.
        Blocks = "blocks",
        /// As many times as it has columns.
        Columns = "columns",
    }

    /// What one row of the analysis is.
    Unit {
        /// A row of the table.
        Row = "row",
        /// A group, its X averaged.
        Group = "group",
    }

    /// What exact duplicates of a text are.
    Duplicates {
        /// One group: they are never split between training and test.
        Group = "group",
        /// Rows like any other.
        Keep = "keep",
    }

    /// How a permutation treats rows without a value (STATISTICS §3).
    MissingExchange {
        /// The first-return map of the common permutation.
        FirstReturn = "first-return",
        /// Within strata of equal missingness.
        Strata = "strata",
    }

    /// Which penalty inner cross-validation selects.
    Selection {
        /// The strongest one with the least error.
        Min = "min",
        /// The strongest one within a standard error of it.
        OneSe = "1se",
    }
}

impl Choice for Isolation {
    const ALL: &'static [(&'static str, Self)] = &[
        ("sandbox", Isolation::Sandbox),
        ("process", Isolation::Process),
        ("in-process", Isolation::InProcess),
    ];
}
