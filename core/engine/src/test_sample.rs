//! A sample of its own to test on: one model of all training rows, which is then given, and scored
//! once on rows that had no part in it.
//!
//! Everything is learned on the training rows: the penalty on their folds, the scaling and the model
//! on all of them. The null is that y of the test rows is exchangeable given what is predicted for
//! them, so y moves among the test rows and the model stays: exact, and a permutation costs one
//! product. What is said is about this model, not about the recipe.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::best::{BestOf, Contender, Recipe};
use crate::design::FoldDesigns;
use crate::error::EngineError;
use crate::folds::Groups;
use crate::inference::given::LogRatio;
use crate::inference::multiplicity::settle_ties;
use crate::nested::Fit;
use crate::ordering::{Auc, two_values};
use crate::permutation::PermutationScheme;
use crate::score::{HeldOut, Scores};
use crate::targets::{RowSet, Targets};

/// What one model a target predicts for other rows.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// n other rows × targets of the row set, target units.
    pub y_hat: DMatrix<f64>,
    /// The training mean of each target: what is predicted without X.
    pub y_bar: Vec<f64>,
    /// The model of each target.
    pub fits: Vec<Fit>,
}

/// One target of the test rows, and what a model predicts for it.
#[derive(Debug, Clone, Copy)]
pub struct TestCell<'a> {
    /// Column of the targets of the test rows.
    pub target: usize,
    /// A prediction for each test row, with a value or without.
    pub y_hat: &'a [f64],
    /// ȳ of the training rows.
    pub y_bar: f64,
}

/// Predictions for the rows `x_new` (one matrix a contender, in their order) by one model of all
/// rows of a row set; among several contenders the one with the least inner error.
///
/// # Errors
/// As [`FoldDesigns::build_for_others`] and [`Recipe::run`].
///
/// Checked: against scikit-learn, `tests/golden/designs.json`.
pub fn predict_others(
    contenders: &[Contender],
    (targets, row_set): (&Targets, &RowSet),
    x_new: &[&DMatrix<f64>],
) -> Result<Predicted, EngineError> {
    let rows = &row_set.rows;
    let designs: Vec<FoldDesigns> = contenders
        .iter()
        .zip(x_new)
        .map(|(contender, x_new)| FoldDesigns::build_for_others(&contender.layout, rows, x_new))
        .collect::<Result<_, _>>()?;
    let recipe = BestOf::prepare(&designs, contenders)?;
    let n_new = x_new.first().map_or(0, |x_new| x_new.nrows());
    let y = DMatrix::from_fn(
        rows.len() + n_new,
        row_set.targets.len(),
        |row, t| match rows.get(row) {
            Some(&row) => targets.y()[(row, row_set.targets[t])],
            None => 0.0,
        },
    );
    let out = recipe.run(&y)?;
    let others = |all: &DMatrix<f64>| all.rows(rows.len(), n_new).into_owned();
    Ok(Predicted {
        y_hat: others(&out.y_hat),
        y_bar: others(&out.y_bar).row(0).iter().copied().collect(),
        fits: out.fits.into_iter().flatten().collect(),
    })
}

/// What the predictions of a model that is given are worth.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Rows with a value.
    pub n: usize,
    /// Groups among them.
    pub n_groups: usize,
    /// Over these rows.
    pub scores: Scores,
    /// What their interval follows from; `None` where [`LogRatio::of`] has none, and for a model
    /// that is empty.
    pub log_ratio: Option<LogRatio>,
    /// Of a target of two values.
    pub auc: Option<Auc>,
}

/// Scores one cell on the rows that have a value. `groups`: of all test rows; `is_empty`: the model
/// has no coefficient.
///
/// # Errors
/// As [`Scores::of`].
pub fn judge(
    targets: &Targets,
    cell: &TestCell,
    groups: &Groups,
    is_empty: bool,
) -> Result<Judged, EngineError> {
    let observed = targets.observed(cell.target);
    let valued: Vec<usize> = (0..observed.len()).filter(|&row| observed[row]).collect();
    let pick = |values: &[f64]| -> Vec<f64> { valued.iter().map(|&row| values[row]).collect() };
    let (y, y_hat) = (
        pick(targets.y().column(cell.target).as_slice()),
        pick(cell.y_hat),
    );
    let held_out = HeldOut {
        y: &y,
        y_hat: &y_hat,
        y_bar: &vec![cell.y_bar; y.len()],
        fold_of: &vec![0; y.len()],
        is_empty,
    };
    let own = groups.among(valued.iter().copied());
    Ok(Judged {
        n: y.len(),
        n_groups: own.n_groups(),
        scores: Scores::of(&held_out)?,
        log_ratio: LogRatio::of(&held_out, own.of_row()).filter(|_| !is_empty),
        auc: two_values(&y).and_then(|(_, high)| Auc::of(&held_out, high, own.of_row())),
    })
}

/// r2 of every cell with y moved among the test rows, (m + 1) × cells, row 0 as it is, ties settled:
/// 1 − Σ(y_π − ŷ)²/Σ(y − ȳ)² over the rows with a value.
///
/// The denominator and Σ(ŷ − ȳ)² do not move, so each costs Σ(y_π − ȳ)(ŷ − ȳ). One permutation moves
/// the values of all targets, by the first-return map where some are missing.
///
/// # Errors
/// [`EngineError::ConstantTarget`] for a cell whose y equals ȳ.
///
/// Checked: against r2 of each permuted target by the formula, below.
pub fn permuted_r2(
    targets: &Targets,
    cells: &[TestCell],
    scheme: &PermutationScheme,
    n_permutations: usize,
) -> Result<DMatrix<f64>, EngineError> {
    let prepared: Vec<Prepared> = cells
        .iter()
        .map(|cell| Prepared::of(targets, cell))
        .collect::<Result<_, _>>()?;
    // Cells of one target share where its values go.
    let mut different: Vec<usize> = cells.iter().map(|cell| cell.target).collect();
    different.sort_unstable();
    different.dedup();
    let moves: Vec<_> = different
        .iter()
        .map(|&target| {
            let observed = targets.observed(target);
            let rows: Vec<usize> = (0..observed.len()).filter(|&row| observed[row]).collect();
            (target, rows, observed)
        })
        .collect();
    let moves: Vec<_> = moves
        .iter()
        .map(|(target, rows, observed)| (*target, rows, scheme.of_target(observed)))
        .collect();
    let of_permutation = |b: usize| -> Vec<f64> {
        let mut r2 = vec![0.0; cells.len()];
        for (target, rows, moves) in &moves {
            let from = moves.sources(b as u64, rows);
            for (at, cell) in prepared.iter().enumerate() {
                if cells[at].target == *target {
                    r2[at] = cell.r2(rows, &from);
                }
            }
        }
        r2
    };
    let rows: Vec<Vec<f64>> = (0..=n_permutations)
        .into_par_iter()
        .map(of_permutation)
        .collect();
    let mut statistics = DMatrix::from_fn(rows.len(), cells.len(), |b, cell| rows[b][cell]);
    settle_ties(&mut statistics);
    Ok(statistics)
}

/// A cell about ȳ.
struct Prepared {
    /// y − ȳ of each row; NaN where there is none.
    y: Vec<f64>,
    /// ŷ − ȳ.
    y_hat: Vec<f64>,
    /// Σ(y − ȳ)².
    total: f64,
    /// Σ(ŷ − ȳ)².
    moved: f64,
}

impl Prepared {
    fn of(targets: &Targets, cell: &TestCell) -> Result<Self, EngineError> {
        let about = |value: &f64| value - cell.y_bar;
        let y: Vec<f64> = targets.y().column(cell.target).iter().map(about).collect();
        let y_hat: Vec<f64> = cell.y_hat.iter().map(about).collect();
        let both = || y.iter().zip(&y_hat).filter(|(y, _)| !y.is_nan());
        let total: f64 = both().map(|(y, _)| y * y).sum();
        let moved = both().map(|(_, y_hat)| y_hat * y_hat).sum();
        if total > 0.0 {
            Ok(Self {
                y,
                y_hat,
                total,
                moved,
            })
        } else {
            Err(EngineError::ConstantTarget)
        }
    }

    /// Each of `rows` has the value of one of `from`.
    fn r2(&self, rows: &[usize], from: &[usize]) -> f64 {
        let both = rows.iter().zip(from);
        let together: f64 = both
            .map(|(&row, &from)| self.y_hat[row] * self.y[from])
            .sum();
        (2.0 * together - self.moved) / self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permutation::Exchange;
    use crate::score::r2;
    use crate::seed::Seed;

    #[test]
    fn every_statistic_is_r2_of_the_permuted_target_by_the_formula() {
        let nan = f64::NAN;
        let y = DMatrix::from_column_slice(
            7,
            2,
            &[1., 4., 2., 8., 5., 7., 3., nan, 1., 2., nan, 4., 8., 6.],
        );
        let targets = Targets::new(y.clone()).unwrap();
        let groups = Groups::singletons(7);
        let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(2)).unwrap();
        let y_hat = [2.0, 3.0, 3.0, 6.0, 5.0, 5.5, 4.0];
        let cell = |target, y_bar| TestCell {
            target,
            y_hat: &y_hat,
            y_bar,
        };
        let cells = [cell(0, 4.0), cell(1, 4.5), cell(0, 3.0)];
        let found = permuted_r2(&targets, &cells, &scheme, 50).unwrap();
        assert_eq!(found.shape(), (51, 3));
        for (at, cell) in cells.iter().enumerate() {
            let observed = targets.observed(cell.target);
            let rows: Vec<usize> = (0..7).filter(|&row| observed[row]).collect();
            for b in 0..=50 {
                let from = scheme.of_target(&observed).sources(b as u64, &rows);
                let moved: Vec<f64> = from.iter().map(|&row| y[(row, cell.target)]).collect();
                let own: Vec<f64> = rows.iter().map(|&row| y_hat[row]).collect();
                let expected = r2(&moved, &own, &vec![cell.y_bar; rows.len()]).unwrap();
                assert!((found[(b, at)] - expected).abs() < 1e-12, "{b} {at}");
            }
        }
    }
}
