//! Many data sets without a signal, and what their p-values must look like.

use ocean_engine::seed::{Seed, Stream};
use ocean_host::commands::selfcheck::judge::{Rate, uniformity};
use rayon::prelude::*;

/// A sound procedure fails one of these checks once in ten thousand seeds, and the seeds are fixed.
pub const ALARM: f64 = 1e-4;

/// Data sets of a simulation: `usual`, or 2,000 with `OCEAN_THOROUGH` set.
pub fn n_data_sets(usual: u64) -> u64 {
    if std::env::var_os("OCEAN_THOROUGH").is_some() {
        2_000
    } else {
        usual
    }
}

/// Runs `one` on as many independent data sets, each with numbers of its own, and returns what it
/// says of each.
pub fn simulate<T: Send>(
    name: &str,
    n_data_sets: u64,
    one: impl Fn(&mut Stream, u64) -> T + Sync,
) -> Vec<T> {
    (0..n_data_sets)
        .into_par_iter()
        .map(|index| one(&mut Seed(20_261_122).stream(name, index), index))
        .collect()
}

/// Rejections at one level.
pub struct Rejections {
    level: f64,
    rate: Rate,
}

impl Rejections {
    pub fn of(p: &[f64], level: f64) -> Self {
        Self {
            level,
            rate: Rate::of_rejections(p, level),
        }
    }

    /// So many rejections are not a matter of chance if each came with probability `level`.
    pub fn are_too_many_at(&self, level: f64) -> bool {
        self.rate.p_of_so_many(level) < ALARM
    }

    /// So few are not.
    pub fn are_too_few(&self) -> bool {
        self.rate.p_of_so_few(self.level) < ALARM
    }

    pub fn print(&self, what: &str) {
        let (low, high) = self.rate.interval();
        println!(
            "{what}: p ≤ {} in {:.4} of {} data sets (95 % interval {low:.4}–{high:.4})",
            self.level,
            self.rate.share(),
            self.rate.n
        );
    }
}

/// What the p-values of many null data sets look like.
pub struct Uniformity {
    d: f64,
    d_p: f64,
    rejections: Vec<Rejections>,
}

impl Uniformity {
    /// Of p-values that are uniform on {1, …, m+1}/(m+1) under the null.
    pub fn of(p: &[f64], n_permutations: usize) -> Self {
        let (d, d_p) = uniformity(p, n_permutations);
        Self {
            d,
            d_p,
            rejections: [0.01, 0.05, 0.1]
                .into_iter()
                // p cannot be below its floor.
                .filter(|level| level * (n_permutations + 1) as f64 >= 1.0)
                .map(|level| Rejections::of(p, level))
                .collect(),
        }
    }

    pub fn holds(&self) -> bool {
        self.d_p > ALARM
            && self
                .rejections
                .iter()
                .all(|r| !r.are_too_many_at(r.level) && !r.are_too_few())
    }

    pub fn print(&self, what: &str) {
        println!(
            "{what}: Kolmogorov–Smirnov D = {:.4}, p = {:.2e}",
            self.d, self.d_p
        );
        self.rejections
            .iter()
            .for_each(|rejections| rejections.print("  rejections"));
    }
}
