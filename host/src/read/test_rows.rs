//! How the rows of a test sample are arranged: their targets, who belongs together, and how values
//! move among them.

use nalgebra::DMatrix;
use ocean_engine::folds::Groups;
use ocean_engine::permutation::{self, PermutationScheme};
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;

use crate::plan::{Duplicates, Exchange, Plan, TestPlan};
use crate::problem::{Problem, Problems, Refusal};
use crate::read::dataset::{Analysed, Dataset};

/// The rows to test on.
pub struct TestRows<'a> {
    /// Rows, or groups as rows.
    pub analysed: Analysed<'a>,
    /// Y.
    pub targets: Targets,
    /// Who belongs together: declared groups and equal texts.
    pub groups: Groups,
    /// Some rows are of one group.
    pub is_grouped: bool,
    /// How y moves.
    pub scheme: PermutationScheme,
    /// m.
    pub n_permutations: usize,
}

impl<'a> TestRows<'a> {
    /// Arranges the test rows of a study, if it has some.
    ///
    /// # Errors
    /// A [`Refusal`]: too few arrangements of a target for the level, constant targets.
    pub fn of(plan: &Plan, dataset: &'a Dataset) -> Result<Option<Self>, Refusal> {
        let analysed = Analysed::to_test(dataset, plan.evaluation.unit)?;
        match (analysed, &plan.test) {
            (Some(analysed), Some(test)) => Self::arrange(plan, test, analysed).map(Some),
            _ => Ok(None),
        }
    }

    /// The rows that have a value of a target.
    pub fn valued(&self, target: usize) -> Vec<usize> {
        let observed = self.targets.observed(target);
        (0..observed.len()).filter(|&row| observed[row]).collect()
    }

    fn arrange(plan: &Plan, test: &TestPlan, analysed: Analysed<'a>) -> Result<Self, Refusal> {
        let dataset: &Dataset = &analysed.dataset;
        let place = "[test]";
        let y = DMatrix::from_fn(dataset.n_rows(), dataset.targets.len(), |row, t| {
            dataset.targets[t].values[row]
        });
        let targets = Targets::new(y).map_err(|error| Problem::new(place, error.to_string()))?;
        let duplicates = plan.evaluation.duplicates == Duplicates::Group;
        let groups = groups(dataset, duplicates);
        let exchange = match plan.evaluation.exchange {
            Exchange::Blocks | Exchange::Free => permutation::Exchange::Blocks,
            Exchange::Within => permutation::Exchange::Within,
        };
        let seed = Seed(plan.study.seed).derive("test sample", 0);
        let scheme = PermutationScheme::new(&groups, exchange, &targets, seed)
            .map_err(|error| Problem::new(place, error.to_string()))?;
        let mut problems = Problems::default();
        for (at, target) in dataset.targets.iter().enumerate() {
            if let Err(error) = scheme.check(&targets, at, plan.evaluation.level) {
                let about = format!("{place} target `{}`", target.name);
                problems.push(Problem::new(about, error.to_string()));
            }
        }
        problems.finish(())?;
        Ok(Self {
            is_grouped: groups.n_groups() < groups.n_rows(),
            n_permutations: test.permutations as usize,
            targets,
            groups,
            scheme,
            analysed,
        })
    }
}

/// Declared groups, and equal texts unless they are rows like any other.
fn groups(dataset: &Dataset, joins_equal_texts: bool) -> Groups {
    let n_rows = dataset.n_rows();
    let declared = match &dataset.groups {
        Some(labels) => Groups::from_labels(labels.iter()),
        None => Groups::singletons(n_rows),
    };
    if !dataset.has_texts() || !joins_equal_texts {
        return declared;
    }
    let by_text = Groups::from_labels(dataset.told_apart());
    declared.join(&by_text).unwrap_or(declared)
}
