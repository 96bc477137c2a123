//! How well predictions order the rows: AUC and balanced accuracy of a target of two values,
//! Spearman's r of any.
//!
//! Rows are compared with rows of their own fold only. Each fold has models, and a training mean, of
//! its own: compared across folds, predictions that are nothing but that mean order the rows the
//! wrong way round, since a fold with many high values leaves few to the others (the AUC of an empty
//! model is then below .5, and its correlation about −.08).
//!
//! r2 of a target of two values is the Brier skill score against the training share. Both values may
//! be any numbers; nothing here changes with the scale of predictions.
//!
//! Checked: by hand and against all pairs below; scikit-learn and SciPy, `tests/golden/ordering.json`.

use crate::doctor::spearman;
use crate::folds::Groups;
use crate::inference::given::LEAST_FOR_INTERVAL;
use crate::inference::interval::{jackknife_se, t_quantile};
use crate::score::HeldOut;

/// The two values of a target that has no others, the lower first; NaN is missing.
#[must_use]
pub fn two_values(values: &[f64]) -> Option<(f64, f64)> {
    let mut present = values.iter().copied().filter(|value| !value.is_nan());
    let first = present.next()?;
    let mut second = None;
    for value in present.filter(|value| *value != first) {
        if second.is_some_and(|second| second != value) {
            return None;
        }
        second = Some(value);
    }
    second.map(|second| (first.min(second), first.max(second)))
}

/// The rows of each fold.
fn folds(held_out: &HeldOut) -> Vec<Vec<usize>> {
    let n_folds = held_out.fold_of.iter().max().map_or(0, |&last| last + 1);
    let mut rows = vec![Vec::new(); n_folds];
    for (row, &fold) in held_out.fold_of.iter().enumerate() {
        rows[fold].push(row);
    }
    rows
}

/// Spearman's r of target and prediction within each fold (equal values share the mean of their
/// ranks), mean over folds weighted by their rows; a fold whose predictions are all the same counts
/// 0, one whose target is constant is left out. `None` for an empty model, and where every fold is
/// left out.
#[must_use]
pub fn spearman_r(held_out: &HeldOut) -> Option<f64> {
    let (mut sum, mut n_rows) = (0.0, 0.0);
    for rows in folds(held_out) {
        let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
        let y = pick(held_out.y);
        if y.iter().any(|value| *value != y[0]) {
            let rho = spearman(&y, &pick(held_out.y_hat)).map_or(0.0, |(rho, _)| rho);
            sum += rho * rows.len() as f64;
            n_rows += rows.len() as f64;
        }
    }
    (n_rows > 0.0 && !held_out.is_empty).then(|| sum / n_rows)
}

/// The mean of the shares of high and of low values that are told right, ŷ above `threshold` being
/// told high; pooled over folds. An empty model, which is above no training mean, has .5.
///
/// `threshold`: of each row, the mean of its training targets, so that a rare value is not told
/// never.
#[must_use]
pub fn balanced_accuracy(held_out: &HeldOut, high: f64, threshold: &[f64]) -> f64 {
    // By value, low and high: rows, and rows that are told right.
    let mut counts = [(0.0, 0.0); 2];
    for (row, &y) in held_out.y.iter().enumerate() {
        let is_high = y == high;
        let (n, n_right) = &mut counts[usize::from(is_high)];
        *n += 1.0;
        if (held_out.y_hat[row] > threshold[row]) == is_high {
            *n_right += 1.0;
        }
    }
    let [low, high] = counts.map(|(n, n_right)| n_right / n);
    0.5 * (low + high)
}

/// AUC: the share of pairs of a high and a low row of one fold in which the high one has the higher
/// prediction, equal ones half; pairs pooled over folds.
#[derive(Debug, Clone, PartialEq)]
pub struct Auc {
    /// In [0, 1]; .5 is what chance has.
    pub auc: f64,
    /// The same without each group.
    without: Vec<f64>,
}

impl Auc {
    /// `high`: the higher of the two values; `group_of`: the group of each row, rows of their own
    /// where nothing is grouped. `None` where no fold has both values.
    #[must_use]
    pub fn of(held_out: &HeldOut, high: f64, group_of: &[usize]) -> Option<Self> {
        let groups = Groups::from_labels(group_of.iter());
        let mut all = Pairs::default();
        let mut of_group = vec![Pairs::default(); groups.n_groups()];
        for rows in folds(held_out) {
            for (row, pairs) in pairs_of_rows(held_out, high, &rows) {
                // Each pair is one of a high row and of a low row: half of each.
                all.add(pairs, 0.5);
                of_group[groups.of_row()[row]].add(pairs, 1.0);
            }
        }
        for (own, rows) in of_group.iter_mut().zip(groups.members()) {
            // Pairs inside a group were counted from both ends.
            for (at, &row) in rows.iter().enumerate() {
                for &other in &rows[at + 1..] {
                    if held_out.fold_of[row] == held_out.fold_of[other] {
                        own.add(Pairs::of_two(held_out, high, row, other), -1.0);
                    }
                }
            }
        }
        let share = |pairs: &Pairs| pairs.won / pairs.n;
        let without = of_group.iter().map(|own| {
            let mut others = all;
            others.add(*own, -1.0);
            share(&others)
        });
        (all.n > 0.0).then(|| Self {
            auc: share(&all),
            without: without.collect(),
        })
    }

    /// Mean over repeats, of the same rows in the same groups; `None` of none.
    #[must_use]
    pub fn mean_of(repeats: &[Self]) -> Option<Self> {
        let first = repeats.first()?;
        let mean =
            |of: &dyn Fn(&Self) -> f64| repeats.iter().map(of).sum::<f64>() / repeats.len() as f64;
        let without = 0..first.without.len();
        Some(Self {
            auc: mean(&|one| one.auc),
            without: without.map(|at| mean(&|one| one.without[at])).collect(),
        })
    }

    /// The interval at confidence 1 − `level`, (low, high): on the scale ln(auc/(1 − auc)), which
    /// keeps it within (0, 1), ± t·`inflation`·SE, SE of the jackknife over groups (or rows), groups −
    /// 1 degrees of freedom. `inflation`: how many times its naive standard error the r2 of the same
    /// recipe spreads, since rows also train; 1 for a model that is given. `None` with fewer than
    /// [`LEAST_FOR_INTERVAL`] groups, and where all pairs are told right, or wrong, without some
    /// group.
    #[must_use]
    pub fn interval(&self, inflation: f64, level: f64) -> Option<(f64, f64)> {
        if self.without.len() < LEAST_FOR_INTERVAL {
            return None;
        }
        let logit = |auc: f64| (auc / (1.0 - auc)).ln();
        let logits: Vec<f64> = self.without.iter().map(|&auc| logit(auc)).collect();
        let (centre, se) = (logit(self.auc), jackknife_se(&logits));
        let df = self.without.len() as f64 - 1.0;
        let half = t_quantile(1.0 - level / 2.0, df) * inflation * se;
        let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        (centre.is_finite() && se.is_finite()).then(|| (back(centre - half), back(centre + half)))
    }
}

/// Pairs of a high and a low row, and how many of them are told right.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    n: f64,
    won: f64,
}

impl Pairs {
    fn add(&mut self, other: Self, times: f64) {
        self.n += times * other.n;
        self.won += times * other.won;
    }

    fn of_two(held_out: &HeldOut, high: f64, row: usize, other: usize) -> Self {
        let (y, y_hat) = (held_out.y, held_out.y_hat);
        match (y[row] == high, y[other] == high) {
            (true, false) => Self::won(y_hat[row], y_hat[other]),
            (false, true) => Self::won(y_hat[other], y_hat[row]),
            _ => Self::default(),
        }
    }

    fn won(of_high: f64, of_low: f64) -> Self {
        let won = match of_high.total_cmp(&of_low) {
            _ if of_high == of_low => 0.5,
            std::cmp::Ordering::Greater => 1.0,
            _ => 0.0,
        };
        Self { n: 1.0, won }
    }
}

/// Of each row of one fold the pairs that it is in.
fn pairs_of_rows(held_out: &HeldOut, high: f64, rows: &[usize]) -> Vec<(usize, Pairs)> {
    let y_hat = held_out.y_hat;
    let is_high = |row: &usize| held_out.y[*row] == high;
    let mut order = rows.to_vec();
    order.sort_by(|&a, &b| y_hat[a].total_cmp(&y_hat[b]));
    let n_high = rows.iter().filter(|row| is_high(row)).count() as f64;
    let n_low = rows.len() as f64 - n_high;
    let (mut low_below, mut high_below) = (0.0, 0.0);
    let mut pairs = Vec::with_capacity(rows.len());
    for tied in order.chunk_by(|&a, &b| y_hat[a] == y_hat[b]) {
        let high_tied = tied.iter().filter(|row| is_high(row)).count() as f64;
        let low_tied = tied.len() as f64 - high_tied;
        for row in tied {
            let own = match is_high(row) {
                true => Pairs {
                    n: n_low,
                    won: low_below + 0.5 * low_tied,
                },
                false => Pairs {
                    n: n_high,
                    won: n_high - high_below - 0.5 * high_tied,
                },
            };
            pairs.push((*row, own));
        }
        low_below += low_tied;
        high_below += high_tied;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    fn held_out<'a>(y: &'a [f64], y_hat: &'a [f64], fold_of: &'a [usize]) -> HeldOut<'a> {
        HeldOut {
            y,
            y_hat,
            y_bar: y_hat,
            fold_of,
            is_empty: false,
        }
    }

    #[test]
    fn two_values_are_two() {
        let nan = f64::NAN;
        assert_eq!(two_values(&[1.0, nan, 0.0, 1.0]), Some((0.0, 1.0)));
        assert_eq!(two_values(&[2.0, 2.0, 5.0, 7.0]), None);
        assert_eq!(two_values(&[2.0, nan]), None);
        assert_eq!(two_values(&[nan]), None);
    }

    /// Fold 0: high .6, .4 against low .4, .1: 1 + 1 + ½ + 1 of 4. Fold 1: high .1 against low .9
    /// and .1: 0 + ½ of 2. Together 4 of 6, where pairs across folds do not count.
    #[test]
    fn auc_counts_pairs_within_folds_by_hand() {
        let y = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        let y_hat = [0.6, 0.4, 0.4, 0.1, 0.1, 0.9, 0.1];
        let fold_of = [0, 0, 0, 0, 1, 1, 1];
        let rows: Vec<usize> = (0..7).collect();
        let held_out = held_out(&y, &y_hat, &fold_of);
        let found = Auc::of(&held_out, 1.0, &rows).unwrap();
        assert!((found.auc - 4.0 / 6.0).abs() < 1e-15, "{found:?}");
        // Above .3: .6, .4 of the three high are; of the four low .1 and .1 are not.
        let balanced = balanced_accuracy(&held_out, 1.0, &[0.3; 7]);
        assert!((balanced - 0.5 * (2.0 / 3.0 + 0.5)).abs() < 1e-15);
        assert_eq!(Auc::of(&held_out, 2.0, &rows), None);
    }

    /// The slow twin: every pair, and every group left out in turn.
    #[test]
    fn auc_and_its_replicates_are_those_of_all_pairs() {
        let mut stream = Seed(5).stream("auc", 0);
        let n = 60;
        let y: Vec<f64> = (0..n)
            .map(|_| f64::from(u8::from(stream.uniform() < 0.3)))
            .collect();
        // Coarse, so that some are equal.
        let y_hat: Vec<f64> = y
            .iter()
            .map(|y| ((y + 2.0 * stream.normal()) * 3.0).round())
            .collect();
        let group_of: Vec<usize> = (0..n).map(|row| row / 2 % 25).collect();
        // Some groups have rows in two folds.
        let fold_of: Vec<usize> = (0..n).map(|row| row % 7 / 2).collect();
        let held_out = held_out(&y, &y_hat, &fold_of);
        let without = |group: usize| {
            let (mut n_pairs, mut won) = (0.0, 0.0);
            for high in 0..n {
                for low in 0..n {
                    let is_pair = y[high] == 1.0 && y[low] == 0.0 && fold_of[high] == fold_of[low];
                    if is_pair && group_of[high] != group && group_of[low] != group {
                        n_pairs += 1.0;
                        won += match y_hat[high].partial_cmp(&y_hat[low]).unwrap() {
                            std::cmp::Ordering::Greater => 1.0,
                            std::cmp::Ordering::Equal => 0.5,
                            std::cmp::Ordering::Less => 0.0,
                        };
                    }
                }
            }
            won / n_pairs
        };
        let found = Auc::of(&held_out, 1.0, &group_of).unwrap();
        assert!((found.auc - without(usize::MAX)).abs() < 1e-12);
        for (group, replicate) in found.without.iter().enumerate() {
            assert!((replicate - without(group)).abs() < 1e-12, "{group}");
        }
        let (low, high) = found.interval(1.0, 0.05).unwrap();
        assert!(low < found.auc && found.auc < high);
        let wider = found.interval(2.0, 0.05).unwrap();
        assert!(wider.0 < low && high < wider.1 && 0.0 < wider.0 && wider.1 < 1.0);
        assert_eq!(Auc::mean_of(&[found.clone(), found.clone()]), Some(found));
    }

    #[test]
    fn a_model_that_predicts_the_training_mean_orders_nothing() {
        // The training mean is lower where more of the fold is high.
        let y = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0];
        let y_hat = [0.2, 0.2, 0.2, 0.6, 0.6, 0.6];
        let held_out = held_out(&y, &y_hat, &[0, 0, 0, 1, 1, 1]);
        let found = Auc::of(&held_out, 1.0, &[0, 1, 2, 3, 4, 5]).unwrap();
        assert_eq!((found.auc, found.interval(1.0, 0.05)), (0.5, None));
        assert_eq!(balanced_accuracy(&held_out, 1.0, &y_hat), 0.5);
        assert_eq!(spearman_r(&held_out), Some(0.0));
        let empty = HeldOut {
            is_empty: true,
            ..held_out
        };
        assert_eq!(spearman_r(&empty), None);
    }

    /// Fold 0 in order: 1. Fold 1 the other way round: −1, with half as many rows. Fold 2 has one
    /// value only.
    #[test]
    fn spearman_is_the_mean_of_folds_weighted_by_rows() {
        let y = [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 5.0, 5.0];
        let y_hat = [0.1, 0.2, 0.3, 9.0, 2.0, 1.0, 0.0, 1.0];
        let held_out = held_out(&y, &y_hat, &[0, 0, 0, 0, 1, 1, 2, 2]);
        let rho = spearman_r(&held_out).unwrap();
        assert!((rho - (4.0 - 2.0) / 6.0).abs() < 1e-15, "{rho}");
    }
}
