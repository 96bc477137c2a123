//! Advice that fits the configuration: it names keys that are there, values that are not set
//! already, and numbers that are enough.

use super::facts::Facts;
use crate::plan::permutations::permutations;
use crate::plan::{Duplicates, Plan};

impl Facts<'_> {
    /// Cells of the family.
    pub(super) fn n_cells(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_control).count()
    }

    /// `permutations = 1999 under [evaluation]`, for a p that more of them would settle: ten times
    /// as many as behind it, and enough for level and cells.
    pub(super) fn more_permutations(&self, n_drawn: usize) -> String {
        let least = permutations(self.level, self.n_cells());
        let more = least.max((n_drawn + 1) * 10 - 1).max(self.n_permutations);
        let fixed = if self.is_adaptive {
            ", without adaptive,"
        } else {
            ""
        };
        format!("permutations = {more} under [evaluation]{fixed} leaves less to chance.")
    }

    /// The user gave the penalties of this regressor.
    pub(super) fn has_alphas(&self, regressor: &str) -> bool {
        self.absolute_grids.iter().any(|with| with == regressor)
    }

    /// The regressor is a lasso or an elastic net.
    pub(super) fn is_sparse(&self, regressor: &str) -> bool {
        let of = self.families.iter().find(|(name, _)| name == regressor);
        of.is_some_and(|(_, family)| family.is_sparse())
    }

    /// The column that declares the groups.
    pub(super) fn group(&self) -> Option<&str> {
        self.plan?.data.group.as_deref()
    }

    /// The column that has the folds.
    pub(super) fn fold_column(&self) -> Option<&str> {
        self.plan?.evaluation.folds.column()
    }

    /// Equal texts count as one group.
    pub(super) fn joins_equal_texts(&self) -> bool {
        let joins = |plan: &Plan| plan.evaluation.duplicates == Duplicates::Group;
        self.plan.map_or(self.duplicate_texts.1, joins)
    }

    /// What adds a covariate to those that there are.
    pub(super) fn with_covariate(&self, name: &str) -> String {
        let given = self.plan.map_or(&[][..], |plan| &plan.data.covariates);
        let all: Vec<String> = given
            .iter()
            .map(String::as_str)
            .chain([name])
            .map(|covariate| format!("{covariate:?}"))
            .collect();
        format!("covariates = [{}] under [data]", all.join(", "))
    }
}
