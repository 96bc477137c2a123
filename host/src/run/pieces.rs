//! Which pieces a study has, what competes in each, and the names of their numbers.
//!
//! This is the one enumeration: `eval`, `plan`, shards and the merge all take theirs from here, so
//! that what another machine computed is found in the journal as if it had been computed here.

use std::fmt;
use std::ops::Range;

use ocean_engine::inference::planted::PLANTED;
use ocean_engine::piece::{Item, Keep};
use ocean_report::model::BEST;

use crate::encode::sources::Sources;
use crate::keep::atomic::WriteError;
use crate::keep::journal::Journal;

/// What a piece is to the study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// One encoder with one regressor: of the family.
    Encoder,
    /// The best of all, chosen inside each training part: of the family.
    Best,
    /// Something to compare with, outside the family.
    Control,
}

/// Which piece of a study: one encoder × regressor × row set, or the best of all on a row set.
///
/// As text it is the name of its numbers in journals and files of shards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PieceId {
    /// What it is to the study.
    pub role: Role,
    /// The encoder as reports name it.
    pub encoder: String,
    /// The regressor as reports name it.
    pub regressor: String,
    /// Targets observed on the same rows, from 0.
    pub row_set: usize,
}

impl PieceId {
    /// Outside the family.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.role == Role::Control
    }

    /// Chosen from all encoders and regressors.
    #[must_use]
    pub fn is_best(&self) -> bool {
        self.role == Role::Best
    }

    /// Encoder and regressor: what the row sets of a recipe share.
    #[must_use]
    pub fn recipe(&self) -> (Role, &str, &str) {
        (self.role, &self.encoder, &self.regressor)
    }

    /// The name of an item's numbers in the journal.
    #[must_use]
    pub fn record(&self, item: Item) -> String {
        match item {
            Item::Block { repeat, first } => format!("null/{self}/{repeat}/{first}"),
            Item::Observed { repeat } => format!("observed/{self}/{repeat}"),
            Item::Jackknife { block } => format!("jackknife/{self}/{block}"),
            Item::Redraw { redraw } => format!("redraw/{self}/{redraw}"),
            Item::Ranks { repeat } => format!("ranks/{self}/{repeat}"),
            Item::Planted { repeat, effect } => {
                format!("planted/{self}/{repeat}/{}", PLANTED[effect])
            }
        }
    }
}

impl fmt::Display for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row_set = self.row_set;
        match self.role {
            // A control keeps its numbers apart from an encoder that the user gave the same name.
            Role::Control => f.write_str("control:")?,
            Role::Best => return write!(f, "best:/{row_set}/{BEST}"),
            Role::Encoder => {}
        }
        put_label(f, &self.encoder)?;
        write!(f, "/{row_set}/")?;
        put_label(f, &self.regressor)
    }
}

/// A label as it is; one that could be taken for something else with its length before it, so that
/// no two pieces have one name.
fn put_label(f: &mut fmt::Formatter<'_>, label: &str) -> fmt::Result {
    let is_plain = !label.contains('/')
        && !["#", "control:", "best:"]
            .iter()
            .any(|start| label.starts_with(start));
    match is_plain {
        true => f.write_str(label),
        false => write!(f, "#{}:{label}", label.len()),
    }
}

/// A piece with what competes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub id: PieceId,
    /// Places in the sources: an encoder, and the regressors on it.
    pub contenders: Vec<(usize, Range<usize>)>,
}

/// Every piece of a study, in the order in which they are computed: encoder by encoder, regressor
/// by regressor, row set by row set; the best of all comes last.
pub(crate) fn entries(sources: &Sources, n_row_sets: usize, with_best: bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    let all = 0..sources.regressors.len();
    let reported = || {
        let all = sources.encoders.iter().enumerate();
        all.filter(|(_, encoder)| encoder.is_reported)
    };
    for (at, encoder) in reported() {
        // Controls are there to be compared with: the first regressor is enough.
        let (role, regressors) = match encoder.is_control {
            true => (Role::Control, 0..1),
            false => (Role::Encoder, all.clone()),
        };
        for regressor in regressors {
            entries.extend((0..n_row_sets).map(|row_set| Entry {
                id: PieceId {
                    role,
                    encoder: encoder.name.clone(),
                    regressor: sources.regressors[regressor].name.clone(),
                    row_set,
                },
                contenders: vec![(at, regressor..regressor + 1)],
            }));
        }
    }
    let competing: Vec<(usize, Range<usize>)> = reported()
        .filter(|(_, encoder)| !encoder.is_control)
        .map(|(at, _)| (at, all.clone()))
        .collect();
    if with_best && !competing.is_empty() {
        entries.extend((0..n_row_sets).map(|row_set| Entry {
            id: PieceId {
                role: Role::Best,
                encoder: BEST.to_owned(),
                regressor: BEST.to_owned(),
                row_set,
            },
            contenders: competing.clone(),
        }));
    }
    entries
}

/// The journal as the loop sees it: the numbers of one piece.
pub(crate) struct PieceJournal<'a> {
    pub journal: &'a Journal,
    pub id: &'a PieceId,
}

impl Keep for PieceJournal<'_> {
    type Error = WriteError;

    fn take(&self, item: Item) -> Option<Vec<f64>> {
        self.journal.take(&self.id.record(item))
    }

    fn put(&self, item: Item, numbers: &[f64]) -> Result<(), WriteError> {
        self.journal.put(&self.id.record(item), numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(role: Role, encoder: &str, row_set: usize, regressor: &str) -> PieceId {
        PieceId {
            role,
            encoder: encoder.to_owned(),
            regressor: regressor.to_owned(),
            row_set,
        }
    }

    #[test]
    fn names_are_those_of_the_first_journals() {
        let ridge = id(Role::Encoder, "minilm", 1, "ridge");
        let block = Item::Block {
            repeat: 0,
            first: 64,
        };
        assert_eq!(ridge.record(block), "null/minilm/1/ridge/0/64");
        let control = id(Role::Control, "length", 0, "ridge");
        let jackknife = Item::Jackknife { block: 3 };
        assert_eq!(
            control.record(jackknife),
            "jackknife/control:length/0/ridge/3"
        );
        assert_eq!(id(Role::Best, BEST, 2, BEST).to_string(), "best:/2/(best)");
        let planted = Item::Planted {
            repeat: 1,
            effect: 2,
        };
        assert_eq!(ridge.record(planted), "planted/minilm/1/ridge/1/0.03");
        let ranks = Item::Ranks { repeat: 2 };
        assert_eq!(ridge.record(ranks), "ranks/minilm/1/ridge/2");
    }

    #[test]
    fn no_two_pieces_have_one_name_whatever_a_user_calls_them() {
        let labels = [
            "a",
            "a/0/b",
            "b",
            "0",
            "a/0",
            "0/b",
            "control:a",
            "best:",
            "#1:a",
            "",
            "/",
            "(best)",
            "#",
            "ä/ö",
        ];
        let mut names = std::collections::BTreeSet::new();
        let mut n_pieces = 0;
        for role in [Role::Encoder, Role::Control] {
            for encoder in labels {
                for regressor in labels {
                    for row_set in 0..2 {
                        names.insert(id(role, encoder, row_set, regressor).to_string());
                        n_pieces += 1;
                    }
                }
            }
        }
        for row_set in 0..2 {
            names.insert(id(Role::Best, BEST, row_set, BEST).to_string());
            n_pieces += 1;
        }
        assert_eq!(names.len(), n_pieces);
    }
}
