//! Predictions as they are handed out: one for each row of the table, or for each group, empty
//! where there is none.

use std::collections::BTreeMap;

use super::error::PredictionError;
use super::model::Model;
use crate::plan::Unit;
use crate::problem::{listed_up_to, quoted};
use crate::read::dataset::NewRows;
use crate::tell::progress::Progress;

/// What a model predicts for the rows of a table.
pub(super) struct Predictions<'a> {
    model: &'a Model,
    rows: &'a NewRows,
    /// Ids or groups, in the order of the table.
    labels: Vec<&'a str>,
    /// One each; `None` where what it takes is lacking.
    values: Vec<Option<f64>>,
}

impl<'a> Predictions<'a> {
    /// `y_hat`: one a complete row, or one a group of complete rows in the order of their first.
    ///
    /// # Errors
    /// A prediction that is no number.
    pub(super) fn of(
        model: &'a Model,
        rows: &'a NewRows,
        y_hat: Vec<f64>,
    ) -> Result<Self, PredictionError> {
        let (all, complete) = match (model.unit, &rows.groups) {
            (Unit::Group, Some(groups)) => {
                let complete = rows.complete.iter().map(|&row| groups[row].as_str());
                (once(groups.iter().map(String::as_str)), once(complete))
            }
            _ => {
                let complete = rows.complete.iter().map(|&row| rows.ids[row].as_str());
                (
                    rows.ids.iter().map(String::as_str).collect(),
                    complete.collect(),
                )
            }
        };
        if let Some((label, value)) = complete.iter().zip(&y_hat).find(|(_, y)| !y.is_finite()) {
            return Err(PredictionError::NotFinite {
                label: (*label).to_owned(),
                value: *value,
            });
        }
        let of_label: BTreeMap<&str, f64> = complete.into_iter().zip(y_hat).collect();
        let values = all.iter().map(|label| of_label.get(label).copied());
        Ok(Self {
            values: values.collect(),
            labels: all,
            model,
            rows,
        })
    }

    /// How many there are.
    pub(super) fn n(&self) -> usize {
        self.values.iter().flatten().count()
    }

    /// Names what has no prediction, and why.
    pub(super) fn warn(&self, progress: &Progress) {
        let n_rows = self.rows.ids.len();
        for (why, lacking) in &self.rows.lacking {
            let (have, get) = match (lacking.len(), self.model.unit) {
                (1, Unit::Row) => ("has", "gets an empty prediction"),
                (1, Unit::Group) => ("has", "is left out of its group"),
                (_, Unit::Row) => ("have", "get empty predictions"),
                (_, Unit::Group) => ("have", "are left out of their groups"),
            };
            let ids = lacking.iter().map(|&row| self.rows.ids[row].as_str());
            progress.warn(&format!(
                "{} of {n_rows} rows {have} {why} and {get}: {}",
                lacking.len(),
                listed(ids)
            ));
        }
        let empty = self.labels.iter().zip(&self.values);
        let empty = empty.filter(|(_, value)| value.is_none());
        let empty: Vec<&str> = empty.map(|(label, _)| *label).collect();
        if self.model.unit == Unit::Group && !empty.is_empty() {
            progress.warn(&format!(
                "{} of {} groups have no row left and get empty predictions: {}",
                empty.len(),
                self.labels.len(),
                listed(empty.iter().copied())
            ));
        }
    }

    /// The table, under the names of the study.
    ///
    /// # Errors
    /// What the writer reports.
    pub(super) fn csv(&self) -> Result<String, PredictionError> {
        let model = self.model;
        let label = match (model.unit, &model.group) {
            (Unit::Group, Some(group)) => group.as_str(),
            _ => model.id.as_deref().unwrap_or("row"),
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([label, &model.target])?;
        for (label, value) in self.labels.iter().zip(&self.values) {
            let value = value.map_or(String::new(), |value| value.to_string());
            writer.write_record([*label, &value])?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Each label once, in the order of its first.
fn once<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    labels.filter(|label| seen.insert(*label)).collect()
}

fn listed<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    listed_up_to(10, ids.map(quoted))
}
