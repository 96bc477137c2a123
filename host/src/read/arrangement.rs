//! How the rows of a study are arranged: targets, groups, folds and permutations, drawn once and
//! shared by every encoder and regressor.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::design::{InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::interval::LEAST_GROUPS;
use ocean_engine::permutation::{self, PermutationScheme, size_bands, sizes_differ};
use ocean_engine::seed::Seed;
use ocean_engine::targets::{RowSet, Targets};
use ocean_report::wording::plural;

use crate::plan::{self, Duplicates, Exchange, MissingExchange, Plan};
use crate::problem::{Problem, Problems, Refusal};
use crate::read::dataset::{Analysed, Covariates, Dataset, FoldColumn, LARGEST_VALUE, listed};

/// Rows, folds and permutations of one study.
pub struct Arrangement {
    /// Names of the columns of Y.
    pub target_names: Vec<String>,
    /// Y.
    pub targets: Targets,
    /// Targets by observed rows.
    pub row_sets: Vec<RowSet>,
    /// Who stays together: declared groups and equal texts.
    pub groups: Groups,
    /// What errors are clustered by: the groups; or the folds of a column, where they are enough to
    /// be a sample themselves.
    pub clusters: Groups,
    /// Some rows are of one cluster.
    pub is_grouped: bool,
    /// Rows whose text occurs more than once.
    pub n_duplicates: usize,
    /// v̄ = mean σ²ₑ/cᵢ of each target that is a mean of raters: its mean error variance.
    pub rating_error: Vec<Option<f64>>,
    /// The ratings behind each such target, a vector a rater.
    pub ratings: Vec<Option<Vec<Vec<f64>>>>,
    /// Who is held out when.
    pub folds: Folds,
    /// How y is permuted.
    pub scheme: PermutationScheme,
    /// Bands of size within which groups that are rows exchange their values; 0: none.
    pub n_size_bands: u32,
    /// Z, if covariates are taken out.
    pub covariates: Option<Covariates>,
    inner: InnerFolds,
    seed: Seed,
}

impl Arrangement {
    /// Draws folds and permutations of the rows of the analysis from the plan's seed.
    ///
    /// # Errors
    /// A [`Refusal`]: folds that hold fewer than two rows of a target, fewer groups than folds, too
    /// few arrangements for the level, strata that lock most rows.
    pub fn draw(plan: &Plan, analysed: &Analysed) -> Result<Self, Refusal> {
        let dataset: &Dataset = &analysed.dataset;
        let refuse =
            |about: String| move |error: EngineError| Problem::new(about, error.to_string());
        let place = || "[evaluation]".to_owned();
        let n_rows = dataset.n_rows();
        let seed = Seed(plan.study.seed);
        refuse_unusable(dataset)?;
        let y = DMatrix::from_fn(n_rows, dataset.targets.len(), |row, t| {
            dataset.targets[t].values[row]
        });
        let mut targets = Targets::new(y).map_err(refuse("targets".to_owned()))?;
        if let Some(covariates) = &dataset.covariates {
            targets = beside(covariates, targets, dataset)?;
        }
        let (groups, n_duplicates) = groups(plan, dataset).map_err(refuse(place()))?;
        let evaluation = &plan.evaluation;
        let folds = match &dataset.folds {
            None => Folds::split(
                &groups,
                evaluation.folds.number() as usize,
                evaluation.repeats as usize,
                seed,
            )
            .map_err(|error| mind_duplicates(plan, n_duplicates, refuse(place())(error)))?,
            Some(column) => of_column(column, &groups, dataset)?,
        };
        // Where groups are rows of very different size, like exchanges with like.
        let sizes = analysed.sizes().filter(|sizes| sizes_differ(sizes));
        let n_bands = |sizes: &Vec<usize>| {
            size_bands(sizes)
                .into_iter()
                .max()
                .map_or(0, |last| last + 1)
        };
        let n_bands = sizes.as_ref().map_or(0, n_bands);
        let mut scheme = scheme(plan, &groups, &targets).map_err(refuse(place()))?;
        if dataset.folds.is_some() && evaluation.exchange != Exchange::Free {
            scheme = scheme.within_parts(folds.of_row(0));
        }
        if let Some(sizes) = &sizes {
            scheme = scheme.in_size_bands(sizes);
        }
        if evaluation.missing_exchange == MissingExchange::Strata {
            scheme = scheme.within_strata(&targets).map_err(refuse(place()))?;
        }
        let clusters = match &dataset.folds {
            Some(_) if folds.n_folds() >= LEAST_GROUPS => {
                Groups::from_labels(folds.of_row(0).iter())
            }
            _ => groups.clone(),
        };
        let arrangement = Self {
            target_names: dataset
                .targets
                .iter()
                .map(|target| target.name.clone())
                .collect(),
            row_sets: targets.row_sets(),
            is_grouped: clusters.n_groups() < n_rows,
            clusters,
            targets,
            groups,
            n_duplicates,
            ratings: dataset
                .targets
                .iter()
                .map(|target| Some(target.raters.as_ref()?.ratings.clone()))
                .collect(),
            rating_error: dataset
                .targets
                .iter()
                .map(|target| target.raters.as_ref()?.fit.mean_error_variance)
                .collect(),
            folds,
            scheme,
            // One band is all groups.
            n_size_bands: if n_bands > 1 { n_bands as u32 } else { 0 },
            covariates: dataset.covariates.clone(),
            inner: match evaluation.inner_folds {
                plan::InnerFolds::Outer => InnerFolds::Outer,
                plan::InnerFolds::Independent(n_inner) => InnerFolds::Independent(n_inner as usize),
            },
            seed,
        };
        arrangement.check(plan, dataset.folds.as_ref())?;
        Ok(arrangement)
    }

    /// Every target has two rows in every fold and enough arrangements to reach the level.
    fn check(&self, plan: &Plan, fold_column: Option<&FoldColumn>) -> Result<(), Refusal> {
        let mut problems = Problems::default();
        for row_set in &self.row_sets {
            for &target in &row_set.targets {
                let enough = self.folds.check(&row_set.rows).and_then(|()| {
                    self.scheme
                        .check(&self.targets, target, plan.evaluation.level)
                });
                if let Err(error) = enough {
                    let is_locked = matches!(error, EngineError::TooFewArrangements { .. });
                    let message = match (&error, fold_column) {
                        (EngineError::ThinFold { fold, n_rows, .. }, Some(column)) => {
                            thin_fold(column, fold - 1, *n_rows)
                        }
                        _ => error.to_string(),
                    };
                    let mut problem =
                        Problem::new(format!("target `{}`", self.target_names[target]), message);
                    if is_locked && plan.data.group.is_some() && self.has_one_value_a_group(target)
                    {
                        problem = problem.with_try(ONE_VALUE_A_GROUP);
                    } else if !is_locked && plan.data.group.is_some() {
                        problem = problem.with_try("smaller groups");
                    }
                    problems.push(mind_duplicates(plan, self.n_duplicates, problem));
                }
            }
        }
        problems.finish(())
    }

    /// Every group has at most one value of the target.
    pub fn has_one_value_a_group(&self, target: usize) -> bool {
        let y = self.targets.y().column(target);
        self.groups.values(y.as_slice()).is_ok()
    }

    /// What the engine makes designs of `x` from.
    pub fn layout<'a>(&'a self, x: &'a DMatrix<f64>) -> Layout<'a> {
        Layout {
            x,
            folds: &self.folds,
            groups: &self.clusters,
            inner: self.inner,
            seed: self.seed,
            weights: None,
            covariates: self.covariates.as_ref().map(|covariates| &covariates.z),
        }
    }
}

/// Rows for each column of Z, the intercept included.
const ROWS_PER_COVARIATE: usize = 10;

/// The targets with what Z leaves of them.
fn beside(
    covariates: &Covariates,
    targets: Targets,
    dataset: &Dataset,
) -> Result<Targets, Refusal> {
    let mut problems = Problems::default();
    let n_columns = covariates.z.ncols() + 1;
    for target in &dataset.targets {
        let most = target.n() / ROWS_PER_COVARIATE;
        if n_columns > most {
            let message = format!(
                "{} rows allow {most} columns of covariates, the intercept included, and there are {n_columns}: {}",
                target.n(),
                listed(covariates)
            );
            problems.push(
                Problem::new(format!("target `{}`", target.name), message)
                    .with_try("fewer covariates, or categories with fewer levels"),
            );
        }
    }
    problems.finish(())?;
    targets
        .with_covariates(covariates.z.clone())
        .map_err(|error| match error {
            EngineError::Explained { target } => Problem::new(
                format!("target `{}`", dataset.targets[target].name),
                format!(
                    "the covariates ({}) explain it completely: nothing is left to predict",
                    listed(covariates)
                ),
            )
            .into(),
            error => Problem::new("[data] covariates", error.to_string()).into(),
        })
}

fn thin_fold(column: &FoldColumn, fold: usize, n_rows: usize) -> String {
    format!(
        "has {} where `{}` is `{}`, and each fold needs two; try: a column that puts small ones together, or no value in these rows, which leaves them out",
        plural(n_rows, "value"),
        column.name,
        column.values[fold]
    )
}

/// What to try where whole groups cannot be exchanged, though each has but one value.
const ONE_VALUE_A_GROUP: &str = "unit = \"group\" under [evaluation]: each group has one value of it, so that groups can be the rows and exchange values";

fn scheme(
    plan: &Plan,
    groups: &Groups,
    targets: &Targets,
) -> Result<PermutationScheme, EngineError> {
    let exchange = match plan.evaluation.exchange {
        Exchange::Blocks | Exchange::Free => permutation::Exchange::Blocks,
        Exchange::Within => permutation::Exchange::Within,
    };
    PermutationScheme::new(groups, exchange, targets, Seed(plan.study.seed))
}

/// The folds of a column. Declared groups are whole in them; sets of equal texts may not be.
fn of_column(column: &FoldColumn, groups: &Groups, dataset: &Dataset) -> Result<Folds, Refusal> {
    let place = format!("folds = \"{}\"", column.name);
    let members = groups.members();
    let crossing = members
        .iter()
        .filter_map(|rows| Some((rows, column.other(rows)?)));
    let crossing: Vec<(&Vec<usize>, usize)> = crossing.collect();
    if let Some(&(rows, other)) = crossing.first() {
        let first = rows[0];
        let message = format!(
            "ids `{}` and `{}` are one group by equal texts, and are in different folds, `{}` and `{}`; so it is with {}: a model would be tested on texts that it was trained on",
            dataset.ids[first],
            dataset.ids[other],
            column.value(first),
            column.value(other),
            plural(crossing.len(), "set")
        );
        return Err(Problem::new(place, message)
            .with_try("duplicates = \"keep\" under [evaluation], which treats them as rows like any other; or no value of the column in one of the two, which leaves it out")
            .into());
    }
    Folds::from_assignment(vec![column.of_row.clone()], column.values.len())
        .map_err(|error| Problem::new(place, error.to_string()).into())
}

/// Targets that vary by less than this are refused: their squares would vanish.
const LEAST_SPREAD: f64 = 1e-140;

/// A study needs targets, and values whose squares are numbers.
fn refuse_unusable(dataset: &Dataset) -> Result<(), Refusal> {
    if dataset.targets.is_empty() {
        return Err(
            Problem::new("[data] targets", "no target is left to evaluate")
                .with_try("targets = [\"name of a column\"]")
                .into(),
        );
    }
    let mut problems = Problems::default();
    for target in &dataset.targets {
        if let Some(row) = target
            .values
            .iter()
            .position(|value| value.abs() > LARGEST_VALUE)
        {
            let message = format!(
                "{:e} (id `{}`) is too large to be a score; values up to {LARGEST_VALUE:e} are accepted",
                target.values[row], dataset.ids[row]
            );
            problems.push(Problem::new(format!("target `{}`", target.name), message));
        }
        let present = target.values.iter().filter(|value| !value.is_nan());
        let (least, largest) = present.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| {
            (a.min(*value), b.max(*value))
        });
        if largest - least < LEAST_SPREAD {
            let message = format!(
                "its values lie between {least:e} and {largest:e}, too close together to be told apart when squared"
            );
            let problem = Problem::new(format!("target `{}`", target.name), message);
            problems.push(problem.with_try("the column times a power of ten: r2 has no unit"));
        }
    }
    if let Some(covariates) = &dataset.covariates {
        for (name, z) in covariates.names.iter().zip(covariates.z.column_iter()) {
            if let Some(row) = z.iter().position(|value| value.abs() > LARGEST_VALUE) {
                let message = format!(
                    "{:e} (id `{}`) is too large to be taken out; values up to {LARGEST_VALUE:e} are accepted",
                    z[row], dataset.ids[row]
                );
                problems.push(Problem::new(format!("covariate `{name}`"), message));
            }
        }
    }
    problems.finish(())
}

/// Adds to a refusal that equal texts were taken as groups, when that may be the cause.
fn mind_duplicates(plan: &Plan, n_duplicates: usize, problem: Problem) -> Problem {
    if n_duplicates == 0 || plan.evaluation.duplicates == Duplicates::Keep {
        return problem;
    }
    let before = problem
        .remedy
        .as_ref()
        .map_or(String::new(), |remedy| format!("{remedy}; or: "));
    problem.with_try(format!("{before}{n_duplicates} rows have a text that occurs more than once, and equal texts count as one group; duplicates = \"keep\" under [evaluation] treats them as rows"))
}

/// Declared groups joined with equal texts, and the rows whose text is not the only one of its
/// kind. Blank texts are not equal: nobody wrote the same there, and as one group they would tie
/// unrelated groups together.
fn groups(plan: &Plan, dataset: &Dataset) -> Result<(Groups, usize), EngineError> {
    let n_rows = dataset.ids.len();
    let declared = match &dataset.groups {
        Some(labels) => Groups::from_labels(labels.iter()),
        None => Groups::singletons(n_rows),
    };
    if !dataset.has_texts() {
        return Ok((declared, 0));
    }
    let texts_of = |row: usize| -> Result<Vec<&str>, usize> {
        let texts = dataset.texts.iter().map(|column| column[row].as_str());
        match dataset.is_blank(row) {
            true => Err(row),
            false => Ok(texts.collect()),
        }
    };
    let by_text = Groups::from_labels((0..n_rows).map(texts_of));
    let n_duplicates = by_text
        .members()
        .iter()
        .map(Vec::len)
        .filter(|&size| size > 1)
        .sum();
    match plan.evaluation.duplicates {
        Duplicates::Group => Ok((declared.join(&by_text)?, n_duplicates)),
        Duplicates::Keep => Ok((declared, n_duplicates)),
    }
}
