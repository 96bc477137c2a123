//! The covariates that the host makes itself: the length of the texts, the size of the groups.

use ocean_engine::folds::Groups;

use super::length::length;
use crate::problem::{Problem, Refusal};

/// The covariate that the host makes of the texts: the columns of the control of that name.
pub const LENGTH: &str = "length";
/// The covariate that the host makes of the groups: the logarithm of the number of rows of the
/// row's group.
pub const LOG_SIZE: &str = "log_size";

/// Columns of Z, each with its name.
pub type Named = Vec<(String, Vec<f64>)>;

/// The columns of [`LENGTH`].
pub fn of_length(texts: &[String]) -> Result<Named, Refusal> {
    if texts.is_empty() {
        let problem = Problem::new(
            "[data] covariates",
            "`length` is that of the texts, and there are none",
        );
        return Err(problem.with_try("text = \"text\" under [data]").into());
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let x = length(&texts);
    let named = ["length (characters)", "length (words)"]
        .into_iter()
        .zip(x.column_iter());
    Ok(named
        .map(|(name, column)| (name.to_owned(), column.iter().copied().collect()))
        .collect())
}

/// The column of [`LOG_SIZE`]. `groups`: the label of each row.
pub fn of_sizes(groups: Option<&[String]>) -> Result<Named, Refusal> {
    let Some(labels) = groups else {
        let problem = Problem::new(
            "[data] covariates",
            "`log_size` is that of the groups, and there are none",
        );
        return Err(problem.with_try("group = \"author\" under [data]").into());
    };
    let groups = Groups::from_labels(labels.iter());
    let sizes: Vec<usize> = groups.members().iter().map(Vec::len).collect();
    let of_row = groups
        .of_row()
        .iter()
        .map(|&group| (sizes[group] as f64).ln());
    Ok(vec![(LOG_SIZE.to_owned(), of_row.collect())])
}
