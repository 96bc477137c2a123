//! In which order the permutations of a row set are computed, and which targets still need them.
//!
//! With a fixed number there is one wave: all permutations of all targets. In the adaptive mode the
//! first wave holds the 199 permutations that every target gets; each later one goes half as far
//! again and holds only the targets that have not settled. A block keeps its number of columns
//! whatever targets are in it, so a column's arithmetic is that of the fixed mode, and what lies
//! past a target's stop is cut off in the end: where waves begin and end is in no number.

use std::ops::Range;

use nalgebra::DMatrix;

use crate::blocks::Blocks;
use crate::inference::sequential::{LEAST_DRAWS, Stopping};
use crate::targets::RowSet;

/// Draws of the smallest later wave: blocks enough for several threads.
const LEAST_STEP: usize = 128;

/// Permutations to be computed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Slots ([`PermutedTargets`](crate::evaluate::PermutedTargets)).
    pub slots: Range<usize>,
    /// Places in the row set of the targets that need them.
    pub targets: Vec<usize>,
    n_targets: usize,
}

impl Wave {
    /// Its blocks, as wide as those of all targets of the row set.
    #[must_use]
    pub fn blocks(&self) -> Blocks {
        Blocks::of(self.slots.clone(), self.n_targets, self.targets.len())
    }

    /// Its targets, with the rows of the whole row set.
    #[must_use]
    pub fn row_set(&self, all: &RowSet) -> RowSet {
        RowSet {
            rows: all.rows.clone(),
            targets: self.targets.iter().map(|&at| all.targets[at]).collect(),
        }
    }
}

/// The statistics of one row set as they come in.
#[derive(Debug, Clone)]
pub struct Waves {
    n_permutations: usize,
    stopping: Option<Stopping>,
    /// T_obs, T_1, T_2, … of each target, as far as computed.
    statistics: Vec<Vec<f64>>,
}

impl Waves {
    /// All `n_permutations` of every target.
    #[must_use]
    pub fn fixed(n_permutations: usize, n_targets: usize) -> Self {
        Self {
            n_permutations,
            stopping: None,
            statistics: vec![Vec::new(); n_targets],
        }
    }

    /// As many permutations as each target needs ([`Stopping`]), at most `cap`.
    #[must_use]
    pub fn adaptive(cap: usize, n_targets: usize) -> Self {
        Self {
            stopping: Some(Stopping::with_cap(cap)),
            ..Self::fixed(cap, n_targets)
        }
    }

    /// What is to be computed next; `None` when every target has what it needs.
    #[must_use]
    pub fn next_wave(&self) -> Option<Wave> {
        let targets: Vec<usize> = (0..self.statistics.len())
            .filter(|&target| self.n_used(target).is_none())
            .collect();
        let start = self.statistics[*targets.first()?].len();
        Some(Wave {
            slots: start..self.end(start),
            targets,
            n_targets: self.statistics.len(),
        })
    }

    /// Where a wave ends that begins with slot `start`.
    fn end(&self, start: usize) -> usize {
        let all = self.n_permutations + 1;
        let end = match (self.stopping, start) {
            (None, _) => all,
            (_, 0) => LEAST_DRAWS + 1,
            _ => start + LEAST_STEP.max(start / 2),
        };
        end.min(all)
    }

    /// Blocks of all waves if every target needs them all: no run has more.
    #[must_use]
    pub fn most_blocks(&self) -> usize {
        let n_targets = self.statistics.len();
        let (mut start, mut n_blocks) = (0, 0);
        while start <= self.n_permutations {
            let slots = start..self.end(start);
            start = slots.end;
            n_blocks += Blocks::of(slots, n_targets, n_targets).len();
        }
        n_blocks
    }

    /// Takes the statistics of a wave: its permutations, in the order of their indexes, × its
    /// targets.
    pub fn take(&mut self, wave: &Wave, statistics: &DMatrix<f64>) {
        for (&target, values) in wave.targets.iter().zip(statistics.column_iter()) {
            self.statistics[target].extend(values.iter());
        }
    }

    /// Permutations (without the observed y) that are used and kept of a target; `None` while it
    /// needs more.
    fn n_used(&self, target: usize) -> Option<usize> {
        let (observed, draws) = self.statistics[target].split_first()?;
        match self.stopping {
            None => (draws.len() >= self.n_permutations).then_some(self.n_permutations),
            Some(stopping) => stopping.n_kept(*observed, draws),
        }
    }

    /// All statistics, (1 + permutations of the target that needed most) × targets, row 0 observed;
    /// NaN below a target's last.
    #[must_use]
    pub fn finish(self) -> DMatrix<f64> {
        let n_used: Vec<usize> = (0..self.statistics.len())
            .map(|target| self.n_used(target).unwrap_or(0))
            .collect();
        let n_rows = 1 + n_used.iter().copied().max().unwrap_or(0);
        DMatrix::from_fn(n_rows, n_used.len(), |b, target| {
            if b <= n_used[target] {
                self.statistics[target][b]
            } else {
                f64::NAN
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T_b of a target: every `n_between`-th draw is a loss.
    fn statistic(b: usize, n_between: usize) -> f64 {
        if b > 0 && b.is_multiple_of(n_between) {
            1.0
        } else if b == 0 {
            0.5
        } else {
            b as f64 * 1e-9
        }
    }

    fn run(mut waves: Waves, n_between: &[usize]) -> (Vec<Wave>, DMatrix<f64>) {
        let mut seen = Vec::new();
        while let Some(wave) = waves.next_wave() {
            let values = DMatrix::from_fn(wave.slots.len(), wave.targets.len(), |b, t| {
                statistic(wave.slots.start + b, n_between[wave.targets[t]])
            });
            waves.take(&wave, &values);
            seen.push(wave);
        }
        (seen, waves.finish())
    }

    #[test]
    fn a_target_leaves_when_it_has_settled_and_keeps_what_it_used() {
        // Twentieth losses at draws 40, 600 and never.
        let (seen, statistics) = run(Waves::adaptive(2000, 3), &[2, 30, 5000]);
        let of = |target: usize| {
            seen.iter()
                .filter(move |wave| wave.targets.contains(&target))
        };
        assert_eq!(of(0).count(), 1);
        assert!(of(1).next_back().unwrap().slots.contains(&600));
        assert_eq!(of(2).next_back().unwrap().slots.end, 2001);
        assert_eq!(statistics.nrows(), 2001);
        let n_kept = |target: usize| {
            let column = statistics.column(target);
            column.iter().filter(|t| !t.is_nan()).count() - 1
        };
        assert_eq!([n_kept(0), n_kept(1), n_kept(2)], [199, 600, 2000]);
        assert!((0..=600).all(|b| statistics[(b, 1)] == statistic(b, 30)));
    }

    #[test]
    fn waves_follow_each_other_without_gap_or_overlap() {
        for cap in [1, 19, 199, 200, 1234] {
            let (seen, statistics) = run(Waves::adaptive(cap, 1), &[5000]);
            assert_eq!(seen[0].slots.start, 0);
            assert!(seen.windows(2).all(|w| w[0].slots.end == w[1].slots.start));
            assert_eq!(statistics.nrows(), cap + 1);
        }
    }

    #[test]
    fn a_fixed_number_is_one_wave() {
        let (seen, statistics) = run(Waves::fixed(999, 2), &[2, 3]);
        assert_eq!(seen.len(), 1);
        assert_eq!(statistics.shape(), (1000, 2));
    }
}
