//! Many data sets without a signal, and what their p-values must look like.

use ocean_engine::inference::multiplicity::clopper_pearson;
use ocean_engine::seed::{Seed, Stream};
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

/// Runs `one` on as many independent data sets, each with numbers of its own, and returns what it says of each.
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
    count: u64,
    n: u64,
}

impl Rejections {
    pub fn of(p: &[f64], level: f64) -> Self {
        // 1e-12: 0.05·200 permutations is 10 only up to rounding.
        let count = p.iter().filter(|&&p| p <= level + 1e-12).count() as u64;
        Self {
            level,
            count,
            n: p.len() as u64,
        }
    }

    /// So many rejections are not a matter of chance if each came with probability `level`.
    pub fn are_too_many_at(&self, level: f64) -> bool {
        binomial_at_least(self.count, self.n, level) < ALARM
    }

    /// So few are not.
    pub fn are_too_few(&self) -> bool {
        1.0 - binomial_at_least(self.count + 1, self.n, self.level) < ALARM
    }

    pub fn print(&self, what: &str) {
        let (low, high) = clopper_pearson(self.count as usize, self.n as usize, 0.05);
        let share = self.count as f64 / self.n as f64;
        println!(
            "{what}: p ≤ {} in {share:.4} of {} data sets (95 % interval {low:.4}–{high:.4})",
            self.level, self.n
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
    /// Of p-values that are uniform on {1, …, m+1}/(m+1) under the null. p − U/(m+1) with U uniform is then uniform on (0, 1), so that the
    /// Kolmogorov–Smirnov test applies exactly.
    pub fn of(p: &[f64], n_permutations: usize) -> Self {
        let mut stream = Seed(1).stream("spread", 0);
        let mut spread: Vec<f64> = p
            .iter()
            .map(|p| p - stream.uniform() / (n_permutations + 1) as f64)
            .collect();
        spread.sort_by(f64::total_cmp);
        let n = spread.len() as f64;
        let distance = |(at, p): (usize, &f64)| {
            (p - at as f64 / n)
                .abs()
                .max(((at + 1) as f64 / n - p).abs())
        };
        let d = spread.iter().enumerate().map(distance).fold(0.0, f64::max);
        Self {
            d,
            d_p: kolmogorov(d, n),
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

/// P(count ≥ k) for Binomial(n, level), by adding up the terms below.
pub fn binomial_at_least(k: u64, n: u64, level: f64) -> f64 {
    // Logarithms: .95 to the power of 40,000 is no number.
    let mut ln_term = n as f64 * (1.0 - level).ln();
    let mut below = 0.0;
    for at in 0..k.min(n + 1) {
        below += ln_term.exp();
        ln_term += ((n - at) as f64 / (at + 1) as f64 * level / (1.0 - level)).ln();
    }
    (1.0 - below).max(0.0)
}

/// P(D ≥ d): the asymptotic series, with the correction of Stephens (1970) for n values.
fn kolmogorov(d: f64, n: f64) -> f64 {
    let lambda = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * d;
    if lambda < 0.2 {
        // The series needs ever more terms as d falls; here it is 1 to twelve digits.
        return 1.0;
    }
    let series: f64 = (1..=100)
        .map(|k| (-1f64).powi(k - 1) * (-2.0 * (f64::from(k) * lambda).powi(2)).exp())
        .sum();
    (2.0 * series).clamp(0.0, 1.0)
}

#[test]
fn the_kolmogorov_and_binomial_tails_agree_with_scipy() {
    // scipy.stats.kstwobign.sf(1.0) and (1.5) = 0.26999967…, 0.02221796…; n large enough that the correction vanishes.
    let n: f64 = 1e14;
    assert!((kolmogorov(1.0 / n.sqrt(), n) - 0.269_999_671_677_354_6).abs() < 1e-6);
    assert!((kolmogorov(1.5 / n.sqrt(), n) - 0.022_217_962_616_525_1).abs() < 1e-6);
    // scipy.stats.binom.sf(2, 10, .05) = 0.0115036…
    assert!((binomial_at_least(3, 10, 0.05) - 0.011_503_557_379_296_9).abs() < 1e-12);
    assert!((binomial_at_least(0, 10, 0.05) - 1.0).abs() < 1e-12);
    // binom.sf(2099, 40000, .05): 40,000 additions of logarithms keep eight digits.
    assert!((binomial_at_least(2100, 40_000, 0.05) - 0.011648382218143462).abs() < 1e-8);
}
