//! From many data sets to a judgement: how often did something happen, and could that be chance?
//!
//! Rates are judged by exact binomial tails, uniformity by Kolmogorov and Smirnov's test. Nothing
//! here knows what was simulated.

use ocean_engine::inference::multiplicity::clopper_pearson;
use ocean_engine::seed::Seed;

/// How often something happened in data sets that know nothing of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Data sets in which it happened.
    pub count: u64,
    /// Data sets.
    pub n: u64,
}

impl Rate {
    /// Of data sets for which `is_so` holds.
    pub fn of<T>(all: &[T], is_so: impl Fn(&T) -> bool) -> Self {
        Self {
            count: all.iter().filter(|one| is_so(one)).count() as u64,
            n: all.len() as u64,
        }
    }

    /// Of p-values at most `level`. 1e-12: 0.05·200 permutations is 10 only up to rounding.
    #[must_use]
    pub fn of_rejections(p: &[f64], level: f64) -> Self {
        Self::of(p, |&p| p <= level + 1e-12)
    }

    /// The share; NaN of no data set.
    #[must_use]
    pub fn share(self) -> f64 {
        self.count as f64 / self.n as f64
    }

    /// Exact 95 % interval of the probability behind it (Clopper & Pearson 1934).
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        clopper_pearson(self.count as usize, self.n as usize, 0.05)
    }

    /// The chance of so many or more, if each came with probability `probability`.
    #[must_use]
    pub fn p_of_so_many(self, probability: f64) -> f64 {
        binomial_at_least(self.count, self.n, probability)
    }

    /// The chance of so few or fewer.
    #[must_use]
    pub fn p_of_so_few(self, probability: f64) -> f64 {
        1.0 - binomial_at_least(self.count + 1, self.n, probability)
    }
}

/// Kolmogorov and Smirnov's D and its p, for p-values that are uniform on {1, …, m+1}/(m+1) under
/// the null.
///
/// p − U/(m+1) with U uniform is then uniform on (0, 1), so that the test applies exactly.
#[must_use]
pub fn uniformity(p: &[f64], n_permutations: usize) -> (f64, f64) {
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
    (d, kolmogorov(d, n))
}

/// P(count ≥ k) for Binomial(n, level), by adding up the terms below.
#[must_use]
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
#[must_use]
pub fn kolmogorov(d: f64, n: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kolmogorov_and_binomial_tails_agree_with_scipy() {
        // scipy.stats.kstwobign.sf(1.0) and (1.5) = 0.26999967…, 0.02221796…; n large enough that
        // the correction vanishes.
        let n: f64 = 1e14;
        assert!((kolmogorov(1.0 / n.sqrt(), n) - 0.269_999_671_677_354_6).abs() < 1e-6);
        assert!((kolmogorov(1.5 / n.sqrt(), n) - 0.022_217_962_616_525_1).abs() < 1e-6);
        // scipy.stats.binom.sf(2, 10, .05) = 0.0115036…
        assert!((binomial_at_least(3, 10, 0.05) - 0.011_503_557_379_296_9).abs() < 1e-12);
        assert!((binomial_at_least(0, 10, 0.05) - 1.0).abs() < 1e-12);
        // binom.sf(2099, 40000, .05): 40,000 additions of logarithms keep eight digits.
        assert!((binomial_at_least(2100, 40_000, 0.05) - 0.011648382218143462).abs() < 1e-8);
    }

    #[test]
    fn a_rate_is_judged_by_its_exact_tails() {
        // scipy.stats.binom: sf(39, 400, .05) = 3.13e-05, sf(29, 400, .05) = .0190, cdf(350, 400,
        // .92) = .00123: forty rejections of twenty expected are no chance, thirty may be.
        let rate = |count| Rate { count, n: 400 };
        assert!(rate(40).p_of_so_many(0.05) < 1e-4);
        assert!(rate(30).p_of_so_many(0.05) > 0.01);
        assert!(rate(350).p_of_so_few(0.92) < 0.01);
        assert!(rate(368).p_of_so_few(0.92) > 0.5);
        assert_eq!(
            Rate::of_rejections(&[0.05, 0.051, 0.01], 0.05),
            Rate { count: 2, n: 3 }
        );
    }

    #[test]
    fn uniform_p_pass_and_small_ones_do_not() {
        let even: Vec<f64> = (0..400).map(|at| f64::from(at % 100 + 1) / 100.0).collect();
        assert!(uniformity(&even, 99).1 > 0.5);
        let small: Vec<f64> = even.iter().map(|p| (p * p).max(0.01)).collect();
        assert!(uniformity(&small, 99).1 < 1e-6);
    }
}
