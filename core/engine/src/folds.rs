//! Groups and folds: who must stay together, and who is held out when.
//!
//! One partition is drawn from the seed and the group sizes, never from y, and is shared by every
//! encoder, regressor and target, so that their scores compare row by row. Which rows a target has
//! observed is the caller's business; [`Folds::check`] says whether enough of them are in each
//! fold.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use crate::error::EngineError;
use crate::seed::Seed;

/// Which rows belong together: numbers from 0, in order of first appearance. Without groups every
/// row is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    of_row: Vec<usize>,
    n_groups: usize,
}

impl Groups {
    /// Every row its own group.
    #[must_use]
    pub fn singletons(n_rows: usize) -> Self {
        Self {
            of_row: (0..n_rows).collect(),
            n_groups: n_rows,
        }
    }

    /// Rows with equal labels belong together.
    pub fn from_labels<T: Ord>(labels: impl IntoIterator<Item = T>) -> Self {
        let mut number_of = BTreeMap::new();
        let of_row = labels
            .into_iter()
            .map(|label| {
                let next = number_of.len();
                *number_of.entry(label).or_insert(next)
            })
            .collect();
        Self {
            of_row,
            n_groups: number_of.len(),
        }
    }

    /// The same, groups numbered in the ascending order of their labels: in whatever order the rows
    /// stand.
    pub fn in_order_of_labels<T: Ord>(labels: impl IntoIterator<Item = T>) -> Self {
        let labels: Vec<T> = labels.into_iter().collect();
        let mut different: Vec<&T> = labels.iter().collect();
        different.sort_unstable();
        different.dedup();
        let number = |label: &T| different.partition_point(|other| *other < label);
        Self {
            of_row: labels.iter().map(number).collect(),
            n_groups: different.len(),
        }
    }

    /// Rows that either grouping puts together, directly or through others, belong together.
    ///
    /// # Errors
    /// [`EngineError::Shape`] when the two are about different numbers of rows.
    pub fn join(&self, other: &Self) -> Result<Self, EngineError> {
        if self.n_rows() != other.n_rows() {
            return Err(EngineError::Shape {
                what: "groups to join",
                got: format!("{} rows", other.n_rows()),
                expected: format!("{} rows", self.n_rows()),
            });
        }
        // Every row points at the first row of its component; following the pointers until they
        // stop finds it.
        let mut parent: Vec<usize> = (0..self.n_rows()).collect();
        for grouping in [self, other] {
            for members in grouping.members() {
                for &row in &members {
                    let (a, b) = (root(&mut parent, members[0]), root(&mut parent, row));
                    parent[a.max(b)] = a.min(b);
                }
            }
        }
        let roots: Vec<usize> = (0..self.n_rows())
            .map(|row| root(&mut parent, row))
            .collect();
        Ok(Self::from_labels(roots))
    }

    /// Rows in the data.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.of_row.len()
    }

    /// Groups in the data.
    #[must_use]
    pub fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// The group of each row.
    #[must_use]
    pub fn of_row(&self) -> &[usize] {
        &self.of_row
    }

    /// The groups of some rows, numbered anew.
    #[must_use]
    pub fn among(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        Self::from_labels(rows.into_iter().map(|row| self.of_row[row]))
    }

    /// The rows of each group, in dataset order.
    #[must_use]
    pub fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.n_groups];
        for (row, &group) in self.of_row.iter().enumerate() {
            members[group].push(row);
        }
        members
    }

    /// The one value of each group: that of its rows which have one, NaN where none has. `values`:
    /// one a row, NaN for missing.
    ///
    /// # Errors
    /// The first group with more than one value.
    pub fn values(&self, values: &[f64]) -> Result<Vec<f64>, usize> {
        let mut of_group = vec![f64::NAN; self.n_groups];
        let mut varying: Option<usize> = None;
        for (&group, &value) in self.of_row.iter().zip(values) {
            if of_group[group].is_nan() {
                of_group[group] = value;
            } else if !value.is_nan() && value != of_group[group] {
                varying = Some(varying.map_or(group, |first| first.min(group)));
            }
        }
        varying.map_or(Ok(of_group), Err)
    }

    /// Mean of the rows of each group: n_groups × columns of `x` (n_rows × columns).
    #[must_use]
    pub fn means(&self, x: &DMatrix<f64>) -> DMatrix<f64> {
        let mut means = DMatrix::zeros(self.n_groups, x.ncols());
        for (group, rows) in self.members().iter().enumerate() {
            for column in 0..x.ncols() {
                let sum: f64 = rows.iter().map(|&row| x[(row, column)]).sum();
                means[(group, column)] = sum / rows.len() as f64;
            }
        }
        means
    }
}

fn root(parent: &mut [usize], mut row: usize) -> usize {
    while parent[row] != row {
        parent[row] = parent[parent[row]];
        row = parent[row];
    }
    row
}

/// The held-out fold of every row, for every repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    fold_of: Vec<Vec<usize>>,
    n_folds: usize,
}

impl Folds {
    /// Draws `repeats` partitions into `n_folds` folds of nearly equal numbers of rows.
    ///
    /// Whole groups, largest first (ties in an order drawn from the seed), go into the fold with
    /// the fewest rows so far (ties: the lowest fold).
    ///
    /// # Errors
    /// [`EngineError::TooFewFolds`], [`EngineError::TooFewGroups`].
    pub fn split(
        groups: &Groups,
        n_folds: usize,
        repeats: usize,
        seed: Seed,
    ) -> Result<Self, EngineError> {
        if n_folds < 2 {
            return Err(EngineError::TooFewFolds { n_folds });
        }
        if groups.n_groups() < n_folds {
            return Err(EngineError::TooFewGroups {
                n_groups: groups.n_groups(),
                n_folds,
            });
        }
        let members = groups.members();
        let fold_of = (0..repeats.max(1))
            .map(|repeat| {
                let mut order: Vec<usize> = (0..members.len()).collect();
                seed.stream("folds", repeat as u64).shuffle(&mut order);
                order.sort_by_key(|&group| std::cmp::Reverse(members[group].len()));
                deal(&members, &order, n_folds)
            })
            .collect();
        Ok(Self { fold_of, n_folds })
    }

    /// Folds made elsewhere: for each repeat the fold of every row, from 0. For comparison with
    /// other software.
    ///
    /// # Errors
    /// [`EngineError::TooFewFolds`]; [`EngineError::Shape`] when repeats differ in length or a fold
    /// number is out of range.
    pub fn from_assignment(fold_of: Vec<Vec<usize>>, n_folds: usize) -> Result<Self, EngineError> {
        if n_folds < 2 || fold_of.is_empty() {
            return Err(EngineError::TooFewFolds { n_folds });
        }
        let n_rows = fold_of[0].len();
        for assignment in &fold_of {
            if assignment.len() != n_rows || assignment.iter().any(|&fold| fold >= n_folds) {
                return Err(EngineError::Shape {
                    what: "fold assignment",
                    got: format!(
                        "{} rows, folds {:?}",
                        assignment.len(),
                        assignment.iter().max()
                    ),
                    expected: format!("{n_rows} rows, folds below {n_folds}"),
                });
            }
        }
        Ok(Self { fold_of, n_folds })
    }

    /// One repeat of folds that are labels which the rows have: fold f is group f.
    ///
    /// # Errors
    /// [`EngineError::TooFewFolds`] with fewer than two labels.
    pub fn of_groups(groups: &Groups) -> Result<Self, EngineError> {
        Self::from_assignment(vec![groups.of_row().to_vec()], groups.n_groups())
    }

    /// The folds that hold some of these rows in each repeat, numbered anew: where a whole fold is
    /// left out, it is no fold that lacks rows.
    #[must_use]
    pub fn holding(&self, rows: &[usize]) -> Self {
        let mut is_held = vec![false; self.n_folds];
        for fold_of in &self.fold_of {
            rows.iter().for_each(|&row| is_held[fold_of[row]] = true);
        }
        let number = |fold: usize| is_held[..fold].iter().filter(|held| **held).count();
        let renumbered = |fold_of: &Vec<usize>| fold_of.iter().map(|&fold| number(fold)).collect();
        Self {
            fold_of: self.fold_of.iter().map(renumbered).collect(),
            n_folds: number(self.n_folds),
        }
    }

    /// Folds of one repeat.
    #[must_use]
    pub fn n_folds(&self) -> usize {
        self.n_folds
    }

    /// Redraws of the partition.
    #[must_use]
    pub fn repeats(&self) -> usize {
        self.fold_of.len()
    }

    /// The fold of each row in one repeat (both from 0).
    #[must_use]
    pub fn of_row(&self, repeat: usize) -> &[usize] {
        &self.fold_of[repeat]
    }

    /// Every fold of every repeat holds at least two of these rows.
    ///
    /// # Errors
    /// [`EngineError::ThinFold`] names the first that does not.
    pub fn check(&self, rows: &[usize]) -> Result<(), EngineError> {
        for (repeat, fold_of) in self.fold_of.iter().enumerate() {
            let mut held = vec![0; self.n_folds];
            for &row in rows {
                held[fold_of[row]] += 1;
            }
            if let Some(fold) = held.iter().position(|&n_rows| n_rows < 2) {
                return Err(EngineError::ThinFold {
                    fold: fold + 1,
                    repeat: repeat + 1,
                    n_rows: held[fold],
                });
            }
        }
        Ok(())
    }
}

fn deal(members: &[Vec<usize>], order: &[usize], n_folds: usize) -> Vec<usize> {
    let n_rows = members.iter().map(Vec::len).sum();
    let mut fold_of = vec![0; n_rows];
    let mut held = vec![0; n_folds];
    for &group in order {
        let fewest = (0..n_folds).min_by_key(|&fold| held[fold]).unwrap_or(0);
        held[fewest] += members[group].len();
        for &row in &members[group] {
            fold_of[row] = fewest;
        }
    }
    fold_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_never_split_and_folds_stay_balanced() {
        let groups = Groups::from_labels((0..100).map(|row| row % 23));
        let folds = Folds::split(&groups, 5, 3, Seed(1)).unwrap();
        for repeat in 0..3 {
            let fold_of = folds.of_row(repeat);
            for members in groups.members() {
                assert!(
                    members
                        .iter()
                        .all(|&row| fold_of[row] == fold_of[members[0]])
                );
            }
            for fold in 0..5 {
                let held = fold_of.iter().filter(|&&f| f == fold).count();
                assert!((16..=24).contains(&held), "fold {fold} holds {held}");
            }
        }
        assert_ne!(folds.of_row(0), folds.of_row(1));
    }

    #[test]
    fn rows_without_groups_fill_folds_that_differ_by_at_most_one() {
        let folds = Folds::split(&Groups::singletons(103), 5, 1, Seed(9)).unwrap();
        let mut held = [0; 5];
        folds.of_row(0).iter().for_each(|&fold| held[fold] += 1);
        assert_eq!(held, [21, 21, 21, 20, 20]);
    }

    #[test]
    fn joining_follows_chains() {
        // rows 0-1 share a group, rows 1-2 share a text: all three belong together.
        let groups = Groups::from_labels(["a", "a", "b", "c"]);
        let texts = Groups::from_labels(["x", "y", "y", "z"]);
        let joined = groups.join(&texts).unwrap();
        assert_eq!(joined.of_row(), [0, 0, 0, 1]);
    }

    #[test]
    fn a_fold_with_one_row_of_a_target_is_refused_by_number() {
        let folds = Folds::from_assignment(vec![vec![0, 0, 1, 1, 1]], 2).unwrap();
        assert_eq!(folds.check(&[0, 1, 2, 3]), Ok(()));
        let thin = folds.check(&[0, 2, 3]);
        assert_eq!(
            thin,
            Err(EngineError::ThinFold {
                fold: 1,
                repeat: 1,
                n_rows: 1
            })
        );
    }

    #[test]
    fn a_fold_that_is_left_out_whole_is_no_fold_any_more() {
        let folds = Folds::of_groups(&Groups::from_labels(["a", "a", "b", "c", "b"])).unwrap();
        assert_eq!(
            (folds.of_row(0), folds.n_folds()),
            (&[0, 0, 1, 2, 1][..], 3)
        );
        let left = folds.holding(&[0, 1, 3]);
        assert_eq!(left.n_folds(), 2);
        assert_eq!([0, 1, 3].map(|row| left.of_row(0)[row]), [0, 0, 1]);
        assert_eq!(folds.holding(&[0, 2, 3]), folds);
        assert!(Folds::of_groups(&Groups::from_labels(["a", "a"])).is_err());
    }

    #[test]
    fn too_few_groups_are_refused() {
        let groups = Groups::from_labels(["a", "b", "a", "b"]);
        assert_eq!(
            Folds::split(&groups, 3, 1, Seed(0)),
            Err(EngineError::TooFewGroups {
                n_groups: 2,
                n_folds: 3
            })
        );
    }

    #[test]
    fn groups_have_the_mean_of_their_rows_and_their_one_value() {
        let groups = Groups::from_labels(["a", "b", "a", "a"]);
        let x = DMatrix::from_column_slice(4, 1, &[1.0, 7.0, 2.0, 6.0]);
        assert_eq!(groups.means(&x).as_slice(), [3.0, 7.0]);
        let nan = f64::NAN;
        assert_eq!(groups.values(&[2.0, 5.0, nan, 2.0]), Ok(vec![2.0, 5.0]));
        assert!(groups.values(&[2.0, nan, nan, 2.0]).unwrap()[1].is_nan());
        assert_eq!(groups.values(&[2.0, 5.0, 3.0, 2.0]), Err(0));
    }
}
