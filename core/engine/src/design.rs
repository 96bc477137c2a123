//! Designs: the scaled training and held-out rows of X that a regressor sees.
//!
//! Everything learned from X, the mean and the sd of each column, is learned on the training rows
//! of one design alone. Designs depend on X, the rows and the folds, never on y, so they are built
//! once and serve the observed y and every permuted one.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::covariates::Partial;
use crate::error::EngineError;
use crate::folds::{Folds, Groups};
use crate::moments::Moments;
use crate::nested::{Grid, Tuning};
use crate::regressor::{Regressor, RegressorError, TrainingSet};
use crate::scale::mean_and_sd_beside;
use crate::seed::Seed;

/// How inner folds, those that choose the penalty, are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InnerFolds {
    /// The remaining K−1 outer folds. The training set "all but folds i and j" then serves split i
    /// (validating on j) and split j (validating on i): K(K−1)/2 inner designs instead of K(K−1).
    /// Needs K ≥ 4.
    Outer,
    /// An independent partition of each training set into this many folds.
    Independent(usize),
}

/// What every design of one encoder is made from: the embedding, who is held out when, and how
/// inner folds are made.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// The embedding, n_samples × n_features, dataset order.
    pub x: &'a DMatrix<f64>,
    /// Outer folds of all rows.
    pub folds: &'a Folds,
    /// Who stays together, in independent inner folds and in the jackknife.
    pub groups: &'a Groups,
    /// How inner folds are made.
    pub inner: InnerFolds,
    /// The study's seed.
    pub seed: Seed,
    /// What every column is multiplied by once it is scaled; `None`: 1. Where a penalty weighs columns
    /// alike, that says how much a block of many columns counts beside one of few.
    pub weights: Option<&'a [f64]>,
    /// Z, n_samples × covariates, without the intercept and without missing values; `None`: nothing
    /// is taken out of X and y.
    pub covariates: Option<&'a DMatrix<f64>>,
}

/// Which rows train a model, and which it predicts: numbers within the row set, 0..n.
#[derive(Debug, Clone)]
pub struct Split {
    /// Training rows.
    pub train: Vec<usize>,
    /// Held-out rows, stacked.
    pub held_out: Vec<usize>,
    /// Which outer split each range of held-out rows validates, in the order of the rows. For an
    /// outer design: its own split, all rows.
    pub serves: Vec<(usize, Range<usize>)>,
}

/// One training set with the rows it predicts, columns centred and scaled by their training sd
/// (ddof 0).
///
/// A column that is constant in the training rows, up to rounding, is 0 in both parts.
#[derive(Debug)]
pub struct Design {
    /// Whose rows these are.
    pub split: Split,
    /// n_train × n_features.
    pub x: DMatrix<f64>,
    /// n_held_out × n_features, in the same scaling.
    pub x_new: DMatrix<f64>,
    /// Columns constant in the training rows, or explained there by the covariates.
    pub n_constant: usize,
    /// What takes the covariates out of y, as it did out of `x` and `x_new`.
    pub partial: Option<Partial>,
}

/// All designs of one repeat and row set: what one nested cross-validation needs of X.
#[derive(Debug)]
pub struct FoldDesigns {
    /// Rows of the row set, dataset numbering.
    pub rows: Vec<usize>,
    /// Designs that choose the penalty; none where every regressor takes moments.
    pub inner: Vec<Design>,
    /// One design a split: trained on all but its fold, held-out rows its fold; none where every
    /// regressor takes moments.
    pub outer: Vec<Design>,
    /// The same designs as second moments, where a regressor takes those.
    pub moments: Option<Moments>,
    n_features: usize,
    /// The fold of each row of the row set.
    pub fold_of: Vec<usize>,
}

impl FoldDesigns {
    /// Scales the designs of the rows `rows` (dataset numbers, ascending) in one repeat, for any
    /// regressor.
    ///
    /// # Errors
    /// [`EngineError::InnerNeedsFourFolds`], [`EngineError::Shape`], [`EngineError::ThinFold`],
    /// [`EngineError::NotFinite`], [`EngineError::TooFewGroups`] for inner folds.
    pub fn build(layout: &Layout, rows: &[usize], repeat: usize) -> Result<Self, EngineError> {
        Self::build_for(layout, rows, repeat, &[])
    }

    /// The same for these regressors: rows for those that take rows, moments for those that take
    /// moments. For none of them, rows.
    ///
    /// # Errors
    /// As [`FoldDesigns::build`].
    pub fn build_for(
        layout: &Layout,
        rows: &[usize],
        repeat: usize,
        regressors: &[(&dyn Regressor, Tuning)],
    ) -> Result<Self, EngineError> {
        check_rows(layout, rows)?;
        let n_folds = layout.folds.n_folds();
        let fold_of: Vec<usize> = rows
            .iter()
            .map(|&row| layout.folds.of_row(repeat)[row])
            .collect();
        let outer_splits: Vec<Split> = (0..n_folds)
            .map(|fold| without(&fold_of, &[fold]))
            .collect();
        let inner_splits = match layout.inner {
            InnerFolds::Outer => pair_splits(&fold_of, n_folds)?,
            InnerFolds::Independent(n_inner) => {
                independent_splits(layout, rows, &outer_splits, repeat, n_inner)?
            }
        };
        let can_add_up = layout.inner == InnerFolds::Outer
            && layout.covariates.is_none()
            && Moments::is_affordable(n_folds, layout.x.ncols());
        let takes_moments = |&(regressor, tuning): &(&dyn Regressor, Tuning)| {
            can_add_up && takes_moments(regressor, tuning, (rows.len(), layout.x.ncols()))
        };
        let moments = regressors
            .iter()
            .any(takes_moments)
            .then(|| {
                let splits = (inner_splits.as_slice(), outer_splits.as_slice());
                Moments::build((layout.x, layout.weights), rows, &fold_of, splits)
            })
            .flatten();
        let needs_rows = moments.is_none() || !regressors.iter().all(takes_moments);
        let scale = |splits: Vec<Split>| -> Vec<Design> {
            let splits = splits.into_par_iter().filter(|_| needs_rows);
            splits
                .map(|split| Design::scale(layout, rows, split))
                .collect()
        };
        Ok(Self {
            inner: scale(inner_splits),
            outer: scale(outer_splits),
            moments,
            n_features: layout.x.ncols(),
            rows: rows.to_vec(),
            fold_of,
        })
    }

    /// The designs of one model of all rows: the K training sets of a repeat, each with its
    /// held-out fold, choose the penalty; the one outer design trains on all rows and "holds out"
    /// the same, so that its predictions are those of the training rows.
    ///
    /// # Errors
    /// As [`FoldDesigns::build`].
    pub fn build_final(
        layout: &Layout,
        rows: &[usize],
        repeat: usize,
    ) -> Result<Self, EngineError> {
        check_rows(layout, rows)?;
        let fold_of: Vec<usize> = rows
            .iter()
            .map(|&row| layout.folds.of_row(repeat)[row])
            .collect();
        let inner = (0..layout.folds.n_folds()).map(|fold| {
            let split = without(&fold_of, &[fold]);
            Split {
                serves: vec![(0, 0..split.held_out.len())],
                ..split
            }
        });
        let all: Vec<usize> = (0..rows.len()).collect();
        let whole = Split {
            serves: vec![(0, 0..rows.len())],
            train: all.clone(),
            held_out: all,
        };
        Ok(Self {
            inner: inner
                .map(|split| Design::scale(layout, rows, split))
                .collect(),
            outer: vec![Design::scale(layout, rows, whole)],
            moments: None,
            n_features: layout.x.ncols(),
            rows: rows.to_vec(),
            fold_of,
        })
    }

    /// The same model for other rows: the one outer design "holds out" the rows of `x_new` (n × columns
    /// of x), which come after those of the row set. A block of targets has a row for each of them,
    /// which nothing looks at.
    ///
    /// # Errors
    /// As [`FoldDesigns::build_final`]; [`EngineError::Shape`] where `x_new` has other columns, or
    /// with covariates, which are not known of other rows.
    pub fn build_for_others(
        layout: &Layout,
        rows: &[usize],
        x_new: &DMatrix<f64>,
    ) -> Result<Self, EngineError> {
        let mut designs = Self::build_final(layout, rows, 0)?;
        if x_new.ncols() != layout.x.ncols() || layout.covariates.is_some() {
            return Err(EngineError::Shape {
                what: "columns of the other rows",
                got: x_new.ncols().to_string(),
                expected: format!("{}, and no covariates", layout.x.ncols()),
            });
        }
        let (n, n_new) = (rows.len(), x_new.nrows());
        let split = Split {
            train: (0..n).collect(),
            held_out: (n..n + n_new).collect(),
            serves: vec![(0, 0..n_new)],
        };
        let mut outer = Design {
            x: layout.x.select_rows(rows),
            x_new: x_new.clone(),
            split,
            n_constant: 0,
            partial: None,
        };
        outer.standardise(layout.weights);
        designs.outer = vec![outer];
        designs.rows.resize(n + n_new, usize::MAX);
        Ok(designs)
    }

    /// Rows of the row set.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.rows.len()
    }

    /// Outer splits.
    #[must_use]
    pub fn n_splits(&self) -> usize {
        match &self.moments {
            Some(moments) => moments.outer.len(),
            None => self.outer.len(),
        }
    }

    /// The designs of scaled rows, inner ones first.
    pub(crate) fn of_rows(&self) -> Vec<&Design> {
        self.inner.iter().chain(&self.outer).collect()
    }

    /// Features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Mean number of training rows of the outer splits: every row is held out once.
    #[must_use]
    pub fn mean_n_train(&self) -> f64 {
        let n_splits = self.n_splits();
        (self.n_samples() * (n_splits - 1)) as f64 / n_splits as f64
    }

    /// Columns without spread in the training rows of an outer split, or explained there by the
    /// covariates; the most of any split.
    #[must_use]
    pub fn n_constant(&self) -> usize {
        let of_rows = self.outer.iter().map(|design| design.n_constant);
        let of_moments = self.moments.iter().flat_map(|moments| &moments.outer);
        of_rows
            .chain(of_moments.map(|design| design.n_constant))
            .max()
            .unwrap_or(0)
    }
}

/// Whether a regressor is given moments of designs of this size (rows of the row set, features).
pub(crate) fn takes_moments(
    regressor: &dyn Regressor,
    tuning: Tuning,
    (n_samples, n_features): (usize, usize),
) -> bool {
    tuning.grid == Grid::Design && regressor.takes_moments(n_samples, n_features)
}

/// All but folds i and j, for every pair: fold j validates split i, fold i validates split j.
fn pair_splits(fold_of: &[usize], n_folds: usize) -> Result<Vec<Split>, EngineError> {
    if n_folds < 4 {
        return Err(EngineError::InnerNeedsFourFolds { n_folds });
    }
    let split = |(i, j): (usize, usize)| {
        let mut split = without(fold_of, &[i, j]);
        let n_i = fold_of.iter().filter(|&&fold| fold == i).count();
        split.serves = vec![(j, 0..n_i), (i, n_i..split.held_out.len())];
        split
    };
    Ok(pairs(n_folds).map(split).collect())
}

/// An own partition of each training set, groups kept together.
fn independent_splits(
    layout: &Layout,
    rows: &[usize],
    outer: &[Split],
    repeat: usize,
    n_inner: usize,
) -> Result<Vec<Split>, EngineError> {
    let mut all = Vec::with_capacity(outer.len() * n_inner);
    for (fold, split) in outer.iter().enumerate() {
        let seed = layout
            .seed
            .derive("inner folds", (repeat * outer.len() + fold) as u64);
        let train = split.train.iter().map(|&row| rows[row]);
        let train_groups = layout.groups.among(train);
        let inner = Folds::split(&train_groups, n_inner, 1, seed)?;
        for held in 0..n_inner {
            let within = without(inner.of_row(0), &[held]);
            let name =
                |positions: Vec<usize>| positions.into_iter().map(|at| split.train[at]).collect();
            all.push(Split {
                serves: vec![(fold, 0..within.held_out.len())],
                train: name(within.train),
                held_out: name(within.held_out),
            });
        }
    }
    Ok(all)
}

/// All pairs i < j.
fn pairs(n_folds: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n_folds).flat_map(move |i| (i + 1..n_folds).map(move |j| (i, j)))
}

/// Training on all but the named folds; held-out rows are those folds, stacked in the order named.
fn without(fold_of: &[usize], folds: &[usize]) -> Split {
    let rows_where = |keep: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..fold_of.len())
            .filter(|&row| keep(fold_of[row]))
            .collect()
    };
    let train = rows_where(&|fold| !folds.contains(&fold));
    let held_out: Vec<usize> = folds
        .iter()
        .flat_map(|&held| rows_where(&|fold| fold == held))
        .collect();
    let serves = vec![(folds[0], 0..held_out.len())];
    Split {
        train,
        held_out,
        serves,
    }
}

impl Split {
    /// The error of a regressor at the design of these rows.
    pub(crate) fn failed(
        &self,
        doing: &str,
        n_features: usize,
        source: RegressorError,
    ) -> EngineError {
        let splits = self.serves.iter().map(|(split, _)| (split + 1).to_string());
        let splits: Vec<String> = splits.collect();
        EngineError::Regressor {
            stage: format!("{doing} (design of split {})", splits.join(" and ")),
            n_train: self.train.len(),
            n_features,
            source,
        }
    }
}

impl Design {
    /// What a regressor gets to see.
    pub(crate) fn training_set(&self) -> TrainingSet<'_> {
        let Self { x, x_new, .. } = self;
        TrainingSet::Rows { x, x_new }
    }

    fn scale(layout: &Layout, rows: &[usize], split: Split) -> Self {
        let x = layout.x;
        let pick = |positions: &[usize]| {
            let mut part = DMatrix::zeros(positions.len(), x.ncols());
            for (mut to, from) in part.column_iter_mut().zip(x.column_iter()) {
                for (slot, &position) in to.iter_mut().zip(positions) {
                    *slot = from[rows[position]];
                }
            }
            part
        };
        let mut design = Self {
            x: pick(&split.train),
            x_new: pick(&split.held_out),
            split,
            n_constant: 0,
            partial: None,
        };
        if let Some(z) = layout.covariates {
            design.take_out(z, rows);
        }
        design.standardise(layout.weights);
        design
    }

    /// Centres and scales every column of both parts by the training rows.
    fn standardise(&mut self, weights: Option<&[f64]>) {
        for column in 0..self.x.ncols() {
            let weight = weights.map_or(1.0, |weights| weights[column]);
            let (train, held_out) = (self.x.column(column), self.x_new.column(column));
            match mean_and_sd_beside(train.as_slice(), held_out.as_slice()) {
                Some((mean, sd)) => {
                    let sd = sd / weight;
                    let standardise = |value: &mut f64| *value = (*value - mean) / sd;
                    self.x.column_mut(column).iter_mut().for_each(standardise);
                    self.x_new
                        .column_mut(column)
                        .iter_mut()
                        .for_each(standardise);
                }
                None => {
                    self.n_constant += 1;
                    self.x.column_mut(column).fill(0.0);
                    self.x_new.column_mut(column).fill(0.0);
                }
            }
        }
    }

    /// X̃ = X − ZB̂ in both parts, B̂ from the training rows. A column that Z explains there
    /// becomes exactly 0, so that it counts as constant.
    fn take_out(&mut self, z: &DMatrix<f64>, rows: &[usize]) {
        let of_dataset =
            |positions: &[usize]| -> Vec<usize> { positions.iter().map(|&at| rows[at]).collect() };
        let Split {
            train, held_out, ..
        } = &self.split;
        let partial = Partial::of(z, &of_dataset(train), &of_dataset(held_out));
        let columns = self.x.column_iter_mut().zip(self.x_new.column_iter_mut());
        for (mut train, mut new) in columns {
            partial.take_out(train.as_mut_slice(), new.as_mut_slice());
        }
        self.partial = Some(partial);
    }
}

fn check_rows(layout: &Layout, rows: &[usize]) -> Result<(), EngineError> {
    let Layout {
        x, folds, groups, ..
    } = *layout;
    let n_samples = folds.of_row(0).len();
    if x.nrows() != n_samples || groups.n_rows() != n_samples {
        return Err(EngineError::Shape {
            what: "rows of x, folds and groups",
            got: format!("{}, {n_samples} and {}", x.nrows(), groups.n_rows()),
            expected: "the same number".into(),
        });
    }
    if let Some(&row) = rows.iter().find(|&&row| row >= n_samples) {
        return Err(EngineError::Shape {
            what: "a row of the row set",
            got: row.to_string(),
            expected: format!("below {n_samples}"),
        });
    }
    if let Some(at) = x.iter().position(|value| !value.is_finite()) {
        return Err(EngineError::NotFinite {
            what: "the design matrix",
            row: at % x.nrows(),
            column: at / x.nrows(),
        });
    }
    if let Some(z) = layout.covariates {
        check_covariates(z, n_samples)?;
    }
    if let Some(weights) = layout.weights {
        check_weights(weights, x.ncols())?;
    }
    folds.check(rows)
}

fn check_weights(weights: &[f64], n_features: usize) -> Result<(), EngineError> {
    if weights.len() != n_features {
        return Err(EngineError::Shape {
            what: "weights of the columns",
            got: weights.len().to_string(),
            expected: n_features.to_string(),
        });
    }
    match weights
        .iter()
        .position(|weight| !(weight.is_finite() && *weight > 0.0))
    {
        None => Ok(()),
        Some(column) => Err(EngineError::NotFinite {
            what: "the weights of the columns",
            row: 0,
            column,
        }),
    }
}

fn check_covariates(z: &DMatrix<f64>, n_samples: usize) -> Result<(), EngineError> {
    if z.nrows() != n_samples {
        return Err(EngineError::Shape {
            what: "rows of the covariates",
            got: z.nrows().to_string(),
            expected: n_samples.to_string(),
        });
    }
    match z.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(EngineError::NotFinite {
            what: "the covariates",
            row: at % n_samples,
            column: at / n_samples,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four_folds() -> (DMatrix<f64>, Folds, Groups) {
        let x = DMatrix::from_fn(8, 2, |row, column| (row * row + column) as f64);
        let folds = Folds::from_assignment(vec![vec![0, 1, 2, 3, 3, 2, 1, 0]], 4).unwrap();
        (x, folds, Groups::singletons(8))
    }

    fn build(
        x: &DMatrix<f64>,
        folds: &Folds,
        groups: &Groups,
        inner: InnerFolds,
    ) -> Result<FoldDesigns, EngineError> {
        let rows: Vec<usize> = (0..x.nrows()).collect();
        let layout = Layout {
            x,
            folds,
            groups,
            inner,
            seed: Seed(0),
            weights: None,
            covariates: None,
        };
        FoldDesigns::build(&layout, &rows, 0)
    }

    #[test]
    fn a_pair_design_serves_both_its_splits_with_the_other_fold() {
        let (x, folds, groups) = four_folds();
        let designs = build(&x, &folds, &groups, InnerFolds::Outer).unwrap();
        assert_eq!((designs.inner.len(), designs.outer.len()), (6, 4));
        for design in &designs.inner {
            for (split, range) in &design.split.serves {
                for &row in &design.split.train {
                    assert_ne!(
                        designs.fold_of[row], *split,
                        "split {split} saw its test fold"
                    );
                }
                for &row in &design.split.held_out[range.clone()] {
                    assert_ne!(designs.fold_of[row], *split);
                    assert!(!design.split.train.contains(&row));
                }
            }
        }
    }

    #[test]
    fn scaling_is_learned_on_training_rows_only() {
        let (x, folds, groups) = four_folds();
        let designs = build(&x, &folds, &groups, InnerFolds::Outer).unwrap();
        let design = &designs.outer[0];
        assert_eq!(design.split.held_out, [0, 7]);
        let column = design.x.column(0);
        assert!(column.mean().abs() < 1e-12);
        assert!((column.norm_squared() / 6.0 - 1.0).abs() < 1e-12);
        // Rows 1…6 have squares 1, 4, 9, 16, 25, 36: mean 91/6, variance 2275/6 − (91/6)².
        let (mean, sd) = (91.0 / 6.0, (2275.0 / 6.0 - (91.0f64 / 6.0).powi(2)).sqrt());
        assert!((design.x_new[(1, 0)] - (49.0 - mean) / sd).abs() < 1e-12);
    }

    #[test]
    fn independent_inner_folds_stay_inside_the_training_part() {
        let (x, folds, groups) = four_folds();
        let designs = build(&x, &folds, &groups, InnerFolds::Independent(3)).unwrap();
        assert_eq!(designs.inner.len(), 12);
        for design in &designs.inner {
            let (split, range) = &design.split.serves[0];
            assert_eq!(*range, 0..design.split.held_out.len());
            let all = design.split.train.iter().chain(&design.split.held_out);
            assert!(all.clone().all(|&row| designs.fold_of[row] != *split));
            assert_eq!(all.count(), 6);
        }
    }

    #[test]
    fn a_weight_multiplies_what_is_scaled_in_both_parts() {
        let (x, folds, groups) = four_folds();
        let rows: Vec<usize> = (0..8).collect();
        let layout = |weights| Layout {
            x: &x,
            folds: &folds,
            groups: &groups,
            inner: InnerFolds::Outer,
            seed: Seed(0),
            weights,
            covariates: None,
        };
        let plain = FoldDesigns::build(&layout(None), &rows, 0).unwrap();
        let weighted = FoldDesigns::build(&layout(Some(&[0.5, 1.0])), &rows, 0).unwrap();
        let (plain, weighted) = (&plain.outer[1], &weighted.outer[1]);
        assert!((plain.x.column(0) * 0.5 - weighted.x.column(0)).amax() < 1e-14);
        assert!((plain.x_new.column(0) * 0.5 - weighted.x_new.column(0)).amax() < 1e-14);
        assert_eq!(plain.x.column(1), weighted.x.column(1));
        for wrong in [&[1.0][..], &[0.0, 1.0]] {
            assert!(FoldDesigns::build(&layout(Some(wrong)), &rows, 0).is_err());
        }
    }

    #[test]
    fn a_constant_column_is_zero_and_counted() {
        let (mut x, folds, groups) = four_folds();
        // 0.1 has no exact mean in binary: only comparing values finds the column constant.
        x.column_mut(1).fill(0.1);
        let designs = build(&x, &folds, &groups, InnerFolds::Outer).unwrap();
        assert!(
            designs
                .inner
                .iter()
                .all(|d| d.n_constant == 1 && d.x.column(1).amax() == 0.0)
        );
    }

    #[test]
    fn a_held_out_value_beside_rounding_in_training_stays_zero() {
        let (mut x, folds, groups) = four_folds();
        // All but row 3 hold what cancelling terms leave; where row 3 is held out, nothing else is
        // there to scale by.
        x.column_mut(1).fill(0.0);
        (x[(1, 1)], x[(6, 1)], x[(3, 1)]) = (-5e-18, 3e-18, 0.05);
        for inner in [InnerFolds::Outer, InnerFolds::Independent(3)] {
            let designs = build(&x, &folds, &groups, inner).unwrap();
            for design in designs.inner.iter().chain(&designs.outer) {
                let trains_on_it = design.split.train.contains(&3);
                let is_zero = design.x.column(1).amax() == 0.0;
                let largest = design.x_new.column(1).amax();
                // Where neither part holds row 3, numbers of 1e-18 are all that is there.
                let holds_it = trains_on_it || design.split.held_out.contains(&3);
                assert!(largest < 10.0, "{largest}");
                assert!(!holds_it || is_zero != trains_on_it);
                assert_eq!(design.n_constant, usize::from(is_zero));
            }
        }
    }

    #[test]
    fn three_folds_cannot_be_their_own_inner_folds() {
        let folds = Folds::from_assignment(vec![vec![0, 0, 1, 1, 2, 2]], 3).unwrap();
        let x = DMatrix::from_fn(6, 1, |row, _| row as f64);
        let refused = build(&x, &folds, &Groups::singletons(6), InnerFolds::Outer);
        assert_eq!(
            refused.err(),
            Some(EngineError::InnerNeedsFourFolds { n_folds: 3 })
        );
    }
}
