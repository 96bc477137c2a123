//! The rows of the analysis: those of the table, or one a group (`unit = "group"`, STATISTICS §3).
//!
//! Where every row of a group has the same value, rows are not what was sampled: groups are. One
//! row a group, its vectors averaged, then makes an honest study, whatever the sizes of the groups.
//! Texts are still encoded one by one; only what comes after sees groups as rows.

use std::borrow::Cow;

use nalgebra::DMatrix;
use ocean_engine::folds::Groups;

use super::{Dataset, RaterPanel, Target};
use crate::plan::Unit;
use crate::problem::{Problem, Problems, Refusal};

/// The rows of the analysis.
pub struct Analysed<'a> {
    /// The dataset as read, or with one row a group: ids are then the labels of the groups, and
    /// nothing is grouped any more.
    pub dataset: Cow<'a, Dataset>,
    groups: Option<Groups>,
    /// Where its rows are among all that were read, if not all are its.
    rows: Option<&'a [usize]>,
}

impl<'a> Analysed<'a> {
    /// Makes groups rows if the plan asks for it.
    ///
    /// # Errors
    /// A [`Refusal`] naming each target with more than one value in a group, and the first such
    /// group.
    pub fn of(dataset: &'a Dataset, unit: Unit) -> Result<Self, Refusal> {
        match &dataset.parts {
            None => Self::of_part(dataset, None, unit),
            Some(parts) => Self::of_part(&parts.train, Some(&parts.rows[0]), unit),
        }
    }

    /// The rows to test on, if some were kept; groups are rows where they are so in the analysis.
    ///
    /// # Errors
    /// As [`Analysed::of`].
    pub fn to_test(dataset: &'a Dataset, unit: Unit) -> Result<Option<Self>, Refusal> {
        let parts = dataset.parts.as_ref();
        let of_test = parts.map(|parts| Self::of_part(&parts.test, Some(&parts.rows[1]), unit));
        of_test.transpose()
    }

    fn of_part(
        dataset: &'a Dataset,
        rows: Option<&'a [usize]>,
        unit: Unit,
    ) -> Result<Self, Refusal> {
        let (Unit::Group, Some(labels)) = (unit, &dataset.groups) else {
            return Ok(Self {
                dataset: Cow::Borrowed(dataset),
                groups: None,
                rows,
            });
        };
        let groups = Groups::in_order_of_labels(labels.iter());
        Ok(Self {
            dataset: Cow::Owned(by_group(dataset, &groups, labels)?),
            groups: Some(groups),
            rows,
        })
    }

    /// The vectors of the rows of the analysis: those of the texts, or the mean of each group.
    pub fn vectors(&self, x: DMatrix<f64>) -> DMatrix<f64> {
        let x = match self.rows {
            None => x,
            Some(rows) => x.select_rows(rows),
        };
        match &self.groups {
            None => x,
            Some(groups) => groups.means(&x),
        }
    }

    /// Rows of each group, where groups are the rows.
    pub fn sizes(&self) -> Option<Vec<usize>> {
        let groups = self.groups.as_ref()?;
        Some(groups.members().iter().map(Vec::len).collect())
    }
}

fn by_group(dataset: &Dataset, groups: &Groups, labels: &[String]) -> Result<Dataset, Refusal> {
    let members = groups.members();
    let mut problems = Problems::default();
    let targets = dataset
        .targets
        .iter()
        .filter_map(|target| problems.keep(target_by_group(dataset, target, groups)))
        .collect();
    let texts = dataset.texts.iter().map(|column| {
        let of_group = |rows: &Vec<usize>| {
            // Sorted: the mean of the vectors does not depend on the order either.
            let mut texts: Vec<&str> = rows.iter().map(|&row| column[row].as_str()).collect();
            texts.sort_unstable();
            texts.join("\n")
        };
        members.iter().map(of_group).collect()
    });
    let labelled = dataset.labels.iter().filter_map(|column| {
        problems.keep(column.by_group(&members, labels).map_err(Refusal::from))
    });
    let labelled = labelled.collect();
    problems.finish(Dataset {
        labels: labelled,
        ids: members.iter().map(|rows| labels[rows[0]].clone()).collect(),
        file_rows: members
            .iter()
            .map(|rows| dataset.file_rows[rows[0]])
            .collect(),
        texts: texts.collect(),
        targets,
        groups: None,
        folds: dataset.folds.as_ref().map(|folds| folds.by_group(&members)),
        covariates: dataset.covariates.as_ref().map(|z| z.means(groups)),
        shared_labels: Vec::new(),
        // Vectors are of rows, and averaged.
        features: dataset.features.clone(),
        parts: None,
        n_read: dataset.n_read,
        notes: dataset.notes.clone(),
        readings: dataset.readings.clone(),
        doubts: dataset.doubts.clone(),
        misnumbered: dataset.misnumbered.clone(),
        spelling: dataset.spelling.clone(),
        dropped: dataset.dropped.clone(),
        hashes: dataset.hashes.clone(),
        contents: dataset.contents.clone(),
    })
}

/// The target with one value a group. One made of raters is made again, of one rating a group:
/// repeated on every row they would pass for more ratings.
fn target_by_group(dataset: &Dataset, target: &Target, groups: &Groups) -> Result<Target, Refusal> {
    let one_each = |name: &str, values: &[f64]| -> Result<Vec<f64>, Refusal> {
        one_value_a_group(dataset, name, values, groups).map_err(Refusal::from)
    };
    let (values, raters) = match &target.raters {
        None => {
            let name = format!("target `{}`", target.name);
            (one_each(&name, &target.values)?, None)
        }
        Some(panel) => {
            let ratings = panel.columns.iter().zip(&panel.ratings);
            let ratings = ratings
                .map(|(name, values)| one_each(&format!("rating `{name}`"), values))
                .collect::<Result<_, _>>()?;
            let (values, panel) = RaterPanel::fit(&panel.columns, ratings)
                .map_err(|message| Problem::new(format!("[raters] {}", target.name), message))?;
            (values, Some(panel))
        }
    };
    Ok(Target {
        name: target.name.clone(),
        values,
        raters,
        words: target.words.clone(),
    })
}

/// The value of each group, NaN where it has none. `name`: "target `mood`", for the message.
///
/// # Errors
/// The first group with more than one value, two of its rows, and the number of such groups.
fn one_value_a_group(
    dataset: &Dataset,
    name: &str,
    values: &[f64],
    groups: &Groups,
) -> Result<Vec<f64>, Problem> {
    groups.values(values).map_err(|_| {
        let varying: Vec<(usize, usize)> = groups
            .members()
            .iter()
            .filter_map(|rows| two_values(rows, values))
            .collect();
        let shown = |row: usize| format!("{} (id `{}`)", values[row], dataset.ids[row]);
        let (first, other) = varying.first().copied().unwrap_or_default();
        let label = dataset.groups.as_ref().map_or("", |labels| &labels[first]);
        let message = format!(
            "has more than one value in group `{label}`: {} and {}; so it is in {} of {} groups",
            shown(first),
            shown(other),
            varying.len(),
            groups.n_groups()
        );
        Problem::new(name, message).with_try(
            "unit = \"row\" and exchange = \"blocks\" under [evaluation], which need no common value",
        )
    })
}

/// The first two rows with different values.
fn two_values(rows: &[usize], values: &[f64]) -> Option<(usize, usize)> {
    let mut valued = rows.iter().copied().filter(|&row| !values[row].is_nan());
    let first = valued.next()?;
    let other = valued.find(|&row| values[row] != values[first])?;
    Some((first, other))
}
