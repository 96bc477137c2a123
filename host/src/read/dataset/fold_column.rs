//! Folds that a column has: sites, or folds that somebody made elsewhere.

use ocean_engine::folds::Groups;

use super::labelled::{Labelled, label};
use super::table::Table;
use crate::plan::{DataPlan, Missing};
use crate::problem::{Problem, Refusal, listed_up_to};

/// Fewer folds leave too little to learn from.
const LEAST_VALUES: usize = 3;
/// As many as may be drawn.
const MOST_VALUES: usize = 1000;

/// The fold of every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldColumn {
    /// Its name.
    pub name: String,
    /// Its different values: as numbers if all are such, else as bytes.
    pub values: Vec<String>,
    /// Of each row the place of its value among them.
    pub of_row: Vec<usize>,
}

impl FoldColumn {
    /// Of the plan's column, if it names one, in a table all of whose rows have a value.
    ///
    /// # Errors
    /// Fewer than three values, more than may be folds, or one with a single row.
    pub(super) fn of(table: &Table, data: &DataPlan) -> Result<Option<Self>, Refusal> {
        let Some(name) = &data.fold_column else {
            return Ok(None);
        };
        let column = table.column("folds", name)?;
        let found = Labelled::read(column, name, table.n_rows);
        let (sizes, values) = (found.sizes(), found.values);
        let refuse = |message: String| Problem::new(&column.places.file, message);
        if !(LEAST_VALUES..=MOST_VALUES).contains(&values.len()) {
            let shown = listed_up_to(5, values.iter().map(|value| format!("`{value}`")));
            let message = format!(
                "folds: column `{name}` has {} different values ({shown}), and each is a fold: at least {LEAST_VALUES} and at most {MOST_VALUES} are needed",
                values.len()
            );
            return Err(refuse(message)
                .with_try("another column, or a number of folds, under [evaluation]")
                .into());
        }
        let thin = values.iter().zip(&sizes).filter(|(_, size)| **size < 2);
        let thin: Vec<String> = thin.map(|(value, _)| format!("`{value}`")).collect();
        if !thin.is_empty() {
            let message = format!(
                "folds: {} of the {} values of `{name}` have a single row ({}), and a fold needs two",
                thin.len(),
                values.len(),
                listed_up_to(5, thin.iter().cloned())
            );
            return Err(refuse(message)
                .with_try("a column that puts such rows together, or no value in them, which leaves them out")
                .into());
        }
        Ok(Some(Self {
            name: name.clone(),
            values,
            of_row: found.of_row.into_iter().flatten().collect(),
        }))
    }

    /// Refuses groups with rows in several folds: `groups`, the label of each row.
    pub(super) fn refuse_crossing(&self, groups: &[String], ids: &[String]) -> Result<(), Problem> {
        let of_label = Groups::in_order_of_labels(groups.iter());
        let members = of_label.members();
        let crossing = members
            .iter()
            .filter_map(|rows| Some((rows[0], self.other(rows)?)));
        let crossing: Vec<(usize, usize)> = crossing.collect();
        let Some(&(first, other)) = crossing.first() else {
            return Ok(());
        };
        let message = format!(
            "group `{}` has rows in more than one fold: id `{}` in `{}` and id `{}` in `{}`; so it is with {} of {} groups",
            groups[first],
            ids[first],
            self.value(first),
            ids[other],
            self.value(other),
            crossing.len(),
            members.len()
        );
        Err(Problem::new(format!("folds = \"{}\"", self.name), message)
            .with_try("a group of its own for the rows of each fold, if they are different people; or a number of folds, which keeps groups whole"))
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> &str {
        &self.values[self.of_row[row]]
    }

    /// The first of some rows that is in another fold than the first.
    pub fn other(&self, rows: &[usize]) -> Option<usize> {
        let is_other = |row: &&usize| self.of_row[**row] != self.of_row[rows[0]];
        rows.iter().find(is_other).copied()
    }

    /// Where groups are the rows: the fold of each, which all its rows have.
    pub(super) fn by_group(&self, members: &[Vec<usize>]) -> Self {
        Self {
            of_row: members.iter().map(|rows| self.of_row[rows[0]]).collect(),
            ..self.clone()
        }
    }
}

/// Of some rows those with a value in the fold column, and how many have none.
///
/// # Errors
/// With `missing = "error"` the first rows without.
pub(super) fn with_value(
    table: &Table,
    data: &DataPlan,
    rows: Vec<usize>,
) -> Result<(Vec<usize>, usize), Refusal> {
    let Some(name) = &data.fold_column else {
        return Ok((rows, 0));
    };
    let column = table.column("folds", name)?;
    let (with, without): (Vec<usize>, Vec<usize>) = rows
        .into_iter()
        .partition(|&row| label(column, row).is_some());
    if data.missing == Missing::Error && !without.is_empty() {
        let message = format!("has no `{name}` at {}", column.places.listed(&without));
        return Err(Problem::new(&column.places.file, message)
            .with_try("missing = \"drop\" under [data]")
            .into());
    }
    Ok((with, without.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(of_row: &[usize]) -> FoldColumn {
        FoldColumn {
            name: "site".to_owned(),
            values: ["a", "b", "c"].map(str::to_owned).to_vec(),
            of_row: of_row.to_vec(),
        }
    }

    #[test]
    fn a_group_in_two_folds_is_shown_with_two_of_its_rows() {
        let folds = column(&[0, 0, 1, 2, 0]);
        let names = |names: [&str; 5]| names.map(str::to_owned);
        let ids = names(["r1", "r2", "r3", "r4", "r5"]);
        assert!(
            folds
                .refuse_crossing(&names(["u", "u", "v", "w", "u"]), &ids)
                .is_ok()
        );
        let refused = folds.refuse_crossing(&names(["u", "v", "v", "w", "u"]), &ids);
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("group `v` has rows in more than one fold: id `r2` in `a` and id `r3` in `b`; so it is with 1 of 3 groups"), "{message}");
        assert_eq!(folds.by_group(&[vec![0, 1], vec![3]]).of_row, [0, 2]);
    }
}
