//! Measurements of a finished run that the doctor judges: each from the pieces, by a formula of the
//! engine.

use std::collections::{BTreeMap, BTreeSet};

use ocean_engine::doctor::grouping::likeness;
use ocean_engine::doctor::influence::{Concentrated, concentrated, deciding_fold, r2_among};
use ocean_engine::doctor::learning::r2_at_fewer_rows;
use ocean_engine::doctor::raters::{Stranger, strangers};
use ocean_engine::doctor::shift;
use ocean_engine::doctor::tails::kurtosis;
use ocean_engine::folds::Groups;
use ocean_engine::score::mean;
use ocean_engine::seed::Seed;

use crate::encode::sources::Encoder;
use crate::judge::doctor::facts::{
    Deciding, FoldDifference, JoinedGroups, NearDuplicates, StrongGrid, UndeclaredGroup,
};
use crate::judge::doctor::script::Unspaced;
use crate::plan::{InnerFolds, Unit};
use crate::read::dataset::{Dataset, in_number_order};
use crate::run::FinishedRun;

/// Permutations looked at to see which rows move.
const LOOKED_AT: u64 = 10;
/// The plugin lexical counts runs of so many characters and more unless told otherwise.
const SHORTEST_NGRAM: u64 = 3;
/// Folds of a column differ notably from this intraclass correlation on.
const NOTABLE_ICC: f64 = 0.05;
/// Level at which rows of a label count as alike, shared among all columns and targets.
const ALIKE_P: f64 = 0.01;

impl FinishedRun<'_> {
    /// The first repeat of each cell that has a model.
    pub(super) fn concentrated(&self) -> Vec<(usize, Concentrated)> {
        self.family()
            .filter_map(|cell| {
                let (result, column) = self.piece_of(cell);
                let observed = result.piece.observed.first()?;
                let rows = self.rows_of(cell);
                let found = concentrated(&rows.held_out(observed, column));
                let has_model = Self::has_model(&self.cells.results[cell]);
                Some((cell, found.filter(|_| has_model)?))
            })
            .collect()
    }

    /// Kurtosis of the errors in the first repeat of each cell that has a model.
    pub(super) fn tails(&self) -> Vec<(usize, f64)> {
        self.family()
            .filter(|&cell| Self::has_model(&self.cells.results[cell]))
            .filter_map(|cell| {
                let (result, column) = self.piece_of(cell);
                let observed = result.piece.observed.first()?;
                let rows = self.rows_of(cell);
                Some((cell, kurtosis(&rows.held_out(observed, column))?))
            })
            .collect()
    }

    /// What each cell explains among the texts that are not blank, where some are.
    pub(super) fn among_texts(&self) -> Vec<(usize, f64)> {
        let dataset = &self.analysed.dataset;
        if !(0..dataset.n_rows()).any(|row| dataset.is_blank(row)) {
            return Vec::new();
        }
        (0..self.cells.results.len())
            .filter_map(|cell| {
                let (result, column) = self.piece_of(cell);
                let observed = result.piece.observed.first()?;
                let row_set = &self.arrangement.row_sets[result.id.row_set];
                let written: Vec<usize> = (0..row_set.rows.len())
                    .filter(|&at| !dataset.is_blank(row_set.rows[at]))
                    .collect();
                let rows = self.rows_of(cell);
                let held_out = rows.held_out(observed, column);
                Some((cell, r2_among(&held_out, &written)?))
            })
            .collect()
    }

    /// Rows with a text, blank ones aside, that stands in another fold too; and rows of a declared
    /// group that does.
    pub(super) fn across_folds(&self) -> (usize, usize) {
        let dataset = &self.analysed.dataset;
        let folds = self.arrangement.folds.of_row(0);
        let count = |label: &dyn Fn(usize) -> Option<String>| {
            let mut seen: BTreeMap<String, (BTreeSet<usize>, usize)> = BTreeMap::new();
            for (row, fold) in folds.iter().enumerate() {
                if let Some(label) = label(row) {
                    let (folds, n_rows) = seen.entry(label).or_default();
                    folds.insert(*fold);
                    *n_rows += 1;
                }
            }
            let across = seen.values().filter(|(folds, _)| folds.len() > 1);
            across.map(|(_, n_rows)| n_rows).sum()
        };
        let texts = dataset.joined_texts();
        let text = |row: usize| texts.get(row).filter(|_| !dataset.is_blank(row)).cloned();
        let group = |row: usize| Some(dataset.groups.as_ref()?[row].clone());
        (count(&text), count(&group))
    }

    /// Encoders and controls of hashed n-grams, and those of them that see little in a script
    /// without blanks.
    pub(super) fn lexical(&self, texts: &[String]) -> (Vec<String>, Vec<Unspaced>) {
        let encoders: Vec<&Encoder> = self
            .sources
            .encoders
            .iter()
            .filter(|e| e.is_lexical())
            .collect();
        let unspaced = encoders.iter().filter_map(|encoder| {
            let (_, params) = encoder.plugin_facts();
            let shortest = params["char_ngram_min"].as_u64().unwrap_or(SHORTEST_NGRAM);
            Unspaced::of(&encoder.name, texts, usize::try_from(shortest).ok()?)
        });
        let names = encoders.iter().map(|encoder| encoder.name.clone());
        (names.collect(), unspaced.collect())
    }

    /// Where the inner folds are the other outer folds, drawn from rows alike, and nothing is taken out
    /// of y.
    pub(super) fn at_fewer_rows(&self) -> Vec<(usize, f64)> {
        let is_free = self.plan.evaluation.inner_folds == InnerFolds::Outer
            && self.arrangement.covariates.is_none()
            && self.analysed.dataset.folds.is_none()
            && self
                .plan
                .regressors
                .iter()
                .all(|regressor| regressor.compat.is_none());
        self.family()
            .filter(|_| is_free)
            .filter(|&cell| !self.cells.results[cell].is_best)
            .filter_map(|cell| {
                let (result, column) = self.piece_of(cell);
                let observed = result.piece.observed.first()?;
                let rows = self.rows_of(cell);
                Some((
                    cell,
                    r2_at_fewer_rows(observed, column, &rows.y, &rows.fold_of)?,
                ))
            })
            .collect()
    }

    /// Given penalties against the one that leaves nothing, by the pinned objectives.
    pub(super) fn strong_grids(&self) -> Vec<StrongGrid> {
        let mut found = Vec::new();
        for (plan, regressor) in self.plan.regressors.iter().zip(&self.sources.regressors) {
            let given = plan.alphas.as_ref().filter(|_| plan.compat.is_none());
            let Some(&weakest) = given.and_then(|alphas| alphas.last()) else {
                continue;
            };
            let encoders = self.sources.encoders.iter().zip(self.embedded);
            // Weights of columns are no part of the formula.
            let plain =
                encoders.filter(|(encoder, of)| !encoder.is_control && of.weights.is_none());
            for (encoder, embedded) in plain {
                let limits = self.arrangement.row_sets.iter().flat_map(|row_set| {
                    let x = embedded.x.select_rows(&row_set.rows);
                    let least_l1 = regressor
                        .l1_ratios
                        .iter()
                        .copied()
                        .fold(f64::INFINITY, f64::min);
                    let l1_ratio = if least_l1.is_finite() { least_l1 } else { 1.0 };
                    let limit = |&target: &usize| {
                        let y = self.arrangement.targets.y().column(target);
                        let y: Vec<f64> = row_set.rows.iter().map(|&row| y[row]).collect();
                        regressor.family.limit(&x, &y, l1_ratio)
                    };
                    row_set
                        .targets
                        .iter()
                        .filter_map(limit)
                        .collect::<Vec<f64>>()
                });
                let largest = limits.reduce(f64::max);
                if let Some(limit) = largest.filter(|limit| weakest >= *limit) {
                    found.push(StrongGrid {
                        regressor: regressor.name.clone(),
                        encoder: encoder.name.clone(),
                        weakest,
                        limit,
                    });
                }
            }
        }
        found
    }

    /// Rows are texts, not groups of them.
    pub(super) fn near_duplicates(&self) -> Option<NearDuplicates> {
        let dataset = &self.analysed.dataset;
        if !dataset.has_texts() || self.plan.evaluation.unit == Unit::Group {
            return None;
        }
        let lexical = self.sources.encoders.iter().position(Encoder::is_lexical);
        Some(NearDuplicates::of(
            &dataset.joined_texts(),
            lexical.map(|at| &self.embedded[at].x),
            self.arrangement.folds.of_row(0),
            Seed(self.plan.study.seed),
        ))
    }

    /// For each column that may hold labels the target that differs most between them, where no
    /// group is declared.
    pub(super) fn undeclared(&self, dataset: &Dataset) -> Vec<UndeclaredGroup> {
        if self.plan.data.group.is_some() {
            return Vec::new();
        }
        let columns = &dataset.shared_labels;
        let n_tests = (columns.len() * dataset.targets.len()).max(1) as f64;
        let look = |(column, labels): &(String, Vec<String>)| {
            let groups = Groups::from_labels(labels.iter());
            let of_target = |target: &crate::read::dataset::Target| {
                let found = likeness(&target.values, &groups)?;
                (found.p <= ALIKE_P / n_tests).then(|| (found.icc, target.name.clone()))
            };
            let alike = dataset.targets.iter().filter_map(of_target);
            let (icc, target) = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
            Some(UndeclaredGroup {
                column: column.clone(),
                n_groups: groups.n_groups(),
                target,
                icc,
            })
        };
        columns.iter().filter_map(look).collect()
    }

    /// Targets and vectors that differ between the folds of a column.
    pub(super) fn fold_differences(&self) -> Vec<FoldDifference> {
        let Some(column) = &self.analysed.dataset.folds else {
            return Vec::new();
        };
        let folds = Groups::from_labels(column.of_row.iter());
        let notable = |name: &str, is_target: bool, icc: f64| {
            (icc >= NOTABLE_ICC).then(|| FoldDifference {
                name: name.to_owned(),
                is_target,
                icc,
            })
        };
        let targets = self.analysed.dataset.targets.iter().filter_map(|target| {
            let found = likeness(&target.values, &folds)?;
            notable(&target.name, true, found.icc).filter(|_| found.p <= ALIKE_P)
        });
        let encoders = self.sources.encoders.iter().zip(self.embedded);
        let encoders =
            encoders.filter(|(encoder, _)| !encoder.is_control && !encoder.is_combined());
        let vectors = encoders.filter_map(|(encoder, embedded)| {
            let columns = embedded.x.column_iter();
            let iccs: Vec<f64> = columns
                .filter_map(|column| Some(likeness(column.as_slice(), &folds)?.icc))
                .collect();
            notable(&encoder.name, false, mean(&iccs))
        });
        targets.chain(vectors).collect()
    }

    /// Of each cell with a model the fold of a column without which less than half of r2 is left.
    pub(super) fn deciding_folds(&self) -> Vec<(usize, Deciding)> {
        let Some(column) = &self.analysed.dataset.folds else {
            return Vec::new();
        };
        self.family()
            .filter(|&cell| Self::has_model(&self.cells.results[cell]))
            .filter_map(|cell| {
                let (result, target) = self.piece_of(cell);
                let observed = result.piece.observed.first()?;
                let rows = self.rows_of(cell);
                let (fold, r2_without) = deciding_fold(&rows.held_out(observed, target))?;
                let value = column.values[fold].clone();
                Some((cell, Deciding { value, r2_without }))
            })
            .collect()
    }

    pub(super) fn joined_groups(&self) -> Option<JoinedGroups> {
        let declared = Groups::from_labels(self.analysed.dataset.groups.as_ref()?.iter());
        let largest = |groups: &Groups| groups.members().iter().map(Vec::len).max().unwrap_or(0);
        Some(JoinedGroups {
            n_declared: declared.n_groups(),
            n_left: self.arrangement.groups.n_groups(),
            largest: (largest(&declared), largest(&self.arrangement.groups)),
        })
    }

    /// The largest share, over row sets, of the rows that keep their value under each of ten
    /// permutations.
    pub(super) fn locked(&self) -> f64 {
        let arrangement = self.arrangement;
        let of_row_set = |row_set: &ocean_engine::targets::RowSet| -> f64 {
            let observed = arrangement.targets.observed(row_set.targets[0]);
            let moves = arrangement.scheme.of_target(&observed);
            let mut stays = vec![true; row_set.rows.len()];
            for b in 1..=LOOKED_AT {
                let sources = moves.sources(b, &row_set.rows);
                for ((stays, source), row) in stays.iter_mut().zip(sources).zip(&row_set.rows) {
                    *stays &= source == *row;
                }
            }
            stays.iter().filter(|stays| **stays).count() as f64 / stays.len() as f64
        };
        arrangement
            .row_sets
            .iter()
            .map(of_row_set)
            .fold(0.0, f64::max)
    }

    pub(super) fn strangers(&self) -> Vec<(String, String, Stranger)> {
        let targets = self.analysed.dataset.targets.iter();
        targets
            .filter_map(|target| Some((target, target.raters.as_ref()?)))
            .flat_map(|(target, panel)| {
                let found = strangers(&panel.ratings).into_iter();
                found.map(|one| (target.name.clone(), panel.columns[one.rater].clone(), one))
            })
            .collect()
    }

    /// Looked for along the ids' numbers, where they have such, for files are mostly written in
    /// that order; else along the file.
    pub(super) fn shifted(&self) -> Vec<(String, isize)> {
        if self.plan.evaluation.unit == Unit::Group {
            return Vec::new();
        }
        let y = self.arrangement.targets.y();
        let order = in_number_order(&self.analysed.dataset.ids);
        let order = order.unwrap_or_else(|| self.analysed.dataset.in_file_order());
        let encoders = self.sources.encoders.iter().zip(self.embedded);
        encoders
            .filter(|(encoder, _)| !encoder.is_control && !encoder.is_combined())
            .filter_map(|(encoder, embedded)| {
                let x = embedded.x.select_rows(&order);
                let by = shift::shift(&x, &y.select_rows(&order))?;
                Some((encoder.name.clone(), by))
            })
            .collect()
    }
}
