//! The interval of r2: which true R² the observed one may come from, by inverting planted effects.
//!
//! Estimand θ: R² of the whole recipe, tuning included, trained on n(1 − 1/K) rows and averaged
//! over training sets; not of the fitted models, not of a model on all n.
//!
//! Signals of known shares ρ² of the variance are planted ([`super::planted`]) and the whole recipe
//! is run on them. Their r2 have a mean m(ρ²), a variance s²(ρ²), a skewness γ(ρ²) and a mean naive
//! variance σ²(ρ²) ([`crate::score::se_naive`] squared); ρ² = 0 is the permutation null. m is made
//! monotone, so that θ = m(ρ²) indexes everything. With T the observed r2 and its naive variance σ²,
//!
//! - x̂: the strength at which m is max(T, m(0));
//! - κ² = max(1, (σ² + s²(0)) / (σ²(x̂) + s²(0))): heavy tails and unequal variances show in the
//!   naive variance of the target itself;
//! - S² = s² + (dm/dlogit ρ²)²·V: planting keeps X, whose rows are a sample too. V is the relative
//!   variance of the variance explained and left over in the sample ([`Observed::of`]);
//! - q± = ±z + (z² − 1)/6·γ, at least .816·z in size: Cornish & Fisher's points at the level asked
//!   for;
//!
//! the interval is {θ: θ + 1.1·κ·q₋·S ≤ T ≤ θ + 1.1·κ·q₊·S}. Where T lies below the upper point at
//! ρ² = 0 the lower limit is as far below T as that point is above m(0); likewise above.
//!
//! Compared with eight other constructions in docs/intervals.md. A block jackknife
//! ([`super::interval`]) is 1.5–4 times too wide where there are as many columns as rows.

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::score::{HeldOut, mean, se_naive};

/// Rows are a sample, and draws are few: the interval is so much wider than planted effects say.
const MARGIN: f64 = 1.1;
/// The least size of a standardised point, as a share of that of the normal distribution: 1.6/1.96.
const LEAST_POINT: f64 = 0.816;
/// Skewness beyond this is not used: Cornish & Fisher's points turn round.
const MOST_SKEW: f64 = 1.2;
/// Smoothed variances are at least this share of the smallest of the strengths'.
const LEAST_VARIANCE: f64 = 0.5;
/// Degree of the polynomials in ρ².
const DEGREE: usize = 3;
/// Strengths at which the curves are evaluated.
const N_POINTS: usize = 400;
/// Rounds of reweighting.
const N_ROUNDS: usize = 4;
/// A value weighs as if it were at least this share of the largest.
const LEAST_SIZE: f64 = 1e-3;
/// More do not find the coefficients of a polynomial.
const MOST_ROTATIONS: usize = 1000;

/// The r2 of the planted targets of one strength.
#[derive(Debug, Clone, PartialEq)]
pub struct Strength {
    /// ρ², the planted share of variance.
    pub share: f64,
    /// r2, one a draw.
    pub r2: Vec<f64>,
    /// Their naive variances.
    pub naive: Vec<f64>,
}

/// What was observed of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// T.
    pub r2: f64,
    /// σ², the naive variance of T.
    pub naive: f64,
    /// V.
    pub sample: f64,
}

/// How the recipe's r2 answers to planted effects, for one target.
#[derive(Debug, Clone)]
pub struct Response {
    observed: f64,
    points: Vec<Point>,
    /// κ·[`MARGIN`].
    factor: f64,
    inflation: f64,
}

/// The distribution of r2 at one strength.
#[derive(Debug, Clone, Copy)]
struct Point {
    theta: f64,
    sd: f64,
    skew: f64,
}

/// The moments of r2 at one strength, and from how many draws.
#[derive(Clone, Copy)]
struct Moments {
    share: f64,
    n_draws: f64,
    mean: f64,
    variance: f64,
    skew: f64,
}

impl Strength {
    /// Of no repeat yet.
    #[must_use]
    pub fn new(share: f64, n_draws: usize) -> Self {
        Self {
            share,
            r2: vec![0.0; n_draws],
            naive: vec![0.0; n_draws],
        }
    }

    /// Adds one repeat of so many; `numbers`: of each draw r2 and naive variance.
    pub fn add(&mut self, numbers: &[f64], repeats: usize) {
        let draws = self.r2.iter_mut().zip(&mut self.naive);
        for ((r2, naive), of_draw) in draws.zip(numbers.chunks_exact(2)) {
            *r2 += of_draw[0] / repeats as f64;
            *naive += of_draw[1] / repeats as f64;
        }
    }
}

impl Observed {
    /// Of one target, each value the mean over repeats.
    ///
    /// V = V_u + V_e, the relative variances of the means of (ŷ − ȳ)² and of (y − ŷ)²: of v with
    /// mean v̄, Σ_g(Σ_{i∈g}(v_i/v̄ − 1))²/n², clustered by group.
    ///
    /// `group_of`: the group of each row, rows of their own where nothing is grouped.
    #[must_use]
    pub fn of(r2: f64, repeats: &[HeldOut], group_of: &[usize]) -> Self {
        let over = |number: &dyn Fn(&HeldOut) -> f64| {
            mean(&repeats.iter().map(number).collect::<Vec<f64>>())
        };
        let of_both = |held_out: &HeldOut| {
            let explained = squares(held_out.y_hat, held_out.y_bar);
            let left = squares(held_out.y, held_out.y_hat);
            relative_variance(&explained, group_of) + relative_variance(&left, group_of)
        };
        Self {
            r2,
            naive: over(&|held_out| se_naive(held_out, Some(group_of)).powi(2)),
            sample: over(&of_both),
        }
    }
}

impl Response {
    /// `null`: r2 of the permutations; `planted`: by strength, the smallest first, at least one;
    /// `n_samples`: rows of the target.
    #[must_use]
    pub fn new(null: &[f64], planted: &[Strength], observed: Observed, n_samples: usize) -> Self {
        let least = 1.0 / (n_samples as f64).powi(2);
        let at_zero = Moments::of(0.0, null, least);
        let moments: Vec<Moments> = planted
            .iter()
            .map(|strength| Moments::of(strength.share, &strength.r2, least))
            .collect();
        let curves = Curves::of(at_zero, &moments, planted);
        let end = planted.last().map_or(0.0, |strength| strength.share);
        let mut theta = f64::NEG_INFINITY;
        let points: Vec<Point> = (0..=N_POINTS)
            .map(|at| {
                let share = end * at as f64 / N_POINTS as f64;
                theta = curves.mean(share).max(theta);
                let of_sample =
                    curves.slope(share) * share * (1.0 - share) * observed.sample.sqrt();
                Point {
                    theta,
                    sd: curves.variance.at(share).sqrt().hypot(of_sample),
                    skew: curves.skew.at(share).clamp(-MOST_SKEW, MOST_SKEW),
                }
            })
            .collect();
        let nearest = points.partition_point(|point| point.theta < observed.r2);
        let share = end * nearest.min(N_POINTS) as f64 / N_POINTS as f64;
        let null_variance = at_zero.variance;
        let excess = (observed.naive + null_variance) / (curves.naive.at(share) + null_variance);
        Self {
            observed: observed.r2,
            factor: MARGIN * excess.max(1.0).sqrt(),
            inflation: points[nearest.min(N_POINTS)].sd / curves.naive.at(share).sqrt(),
            points,
        }
    }

    /// S/σ* at x̂: how many times the naive standard error of planted effects their r2 spread, since
    /// rows also train.
    #[must_use]
    pub fn inflation(&self) -> f64 {
        self.inflation
    }

    /// The limits of θ at confidence 1 − `level`.
    #[must_use]
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let (lower, upper) = self.ends(level);
        let (first, last) = (0, self.points.len() - 1);
        let observed = self.observed;
        let theta = |at: usize| self.points[at].theta;
        let low = match upper.iter().position(|upper| *upper >= observed) {
            Some(0) => observed - (upper[first] - theta(first)),
            Some(at) => self.between(&upper, at - 1),
            None => observed - (upper[last] - theta(last)),
        };
        let high = match lower.iter().rposition(|lower| *lower <= observed) {
            None => observed + (theta(first) - lower[first]),
            Some(at) if at == last => observed + (theta(last) - lower[last]),
            Some(at) => self.between(&lower, at),
        };
        (low, high)
    }

    /// Stronger effects than those planted would not move the upper limit.
    #[must_use]
    pub fn reaches(&self, level: f64) -> bool {
        let (lower, _) = self.ends(level);
        lower.last().is_some_and(|lower| *lower > self.observed)
    }

    /// Between which points r2 lies at each strength.
    fn ends(&self, level: f64) -> (Vec<f64>, Vec<f64>) {
        let z = Normal::standard().inverse_cdf(1.0 - level / 2.0);
        let of_point = |point: &Point| {
            let tilt = (z * z - 1.0) / 6.0 * point.skew;
            let below = (z - tilt).max(LEAST_POINT * z);
            let above = (z + tilt).max(LEAST_POINT * z);
            let sd = self.factor * point.sd;
            (point.theta - below * sd, point.theta + above * sd)
        };
        self.points.iter().map(of_point).unzip()
    }

    /// θ where `ends`, at points `at` and the one after, passes the observed r2.
    fn between(&self, ends: &[f64], at: usize) -> f64 {
        let (from, to) = (self.points[at].theta, self.points[at + 1].theta);
        let (below, above) = (ends[at], ends[at + 1]);
        if above <= below {
            return to;
        }
        from + ((self.observed - below) / (above - below)).clamp(0.0, 1.0) * (to - from)
    }
}

impl Moments {
    /// `least`: the smallest variance, since a recipe that mostly leaves its models empty has none.
    fn of(share: f64, r2: &[f64], least: f64) -> Self {
        let n_draws = r2.len() as f64;
        let centre = mean(r2);
        let moment =
            |power: i32| r2.iter().map(|t| (t - centre).powi(power)).sum::<f64>() / n_draws;
        let variance = moment(2).max(least);
        Self {
            share,
            n_draws,
            mean: centre,
            // Unbiased.
            variance: variance * n_draws / (n_draws - 1.0).max(1.0),
            skew: moment(3) / variance.powf(1.5),
        }
    }
}

/// Moments as smooth functions of ρ².
struct Curves {
    at_zero: f64,
    /// (m(ρ²) − m(0))/ρ².
    rise: Polynomial,
    variance: Smooth,
    skew: Polynomial,
    naive: Smooth,
}

impl Curves {
    fn of(at_zero: Moments, planted: &[Moments], strengths: &[Strength]) -> Self {
        let rise: Vec<(f64, f64, f64)> = planted
            .iter()
            .map(|one| {
                let weight = one.n_draws / one.variance * one.share.powi(2);
                (one.share, (one.mean - at_zero.mean) / one.share, weight)
            })
            .collect();
        let all: Vec<Moments> = std::iter::once(at_zero)
            .chain(planted.iter().copied())
            .collect();
        let of_variance: Vec<(f64, f64, f64)> = all
            .iter()
            .map(|one| (one.share, one.variance, one.n_draws))
            .collect();
        let of_skew: Vec<(f64, f64, f64)> = all
            .iter()
            .map(|one| (one.share, one.skew, one.n_draws))
            .collect();
        let of_naive: Vec<(f64, f64, f64)> = strengths
            .iter()
            .map(|one| (one.share, mean(&one.naive), one.naive.len() as f64))
            .collect();
        Self {
            at_zero: at_zero.mean,
            rise: Polynomial::fit(&rise, DEGREE - 1),
            variance: Smooth::fit(&of_variance),
            skew: Polynomial::fit(&of_skew, 1),
            naive: Smooth::fit(&of_naive),
        }
    }

    fn mean(&self, share: f64) -> f64 {
        self.at_zero + share * self.rise.at(share)
    }

    /// dm/dρ², at least 0.
    fn slope(&self, share: f64) -> f64 {
        (self.rise.at(share) + share * self.rise.slope(share)).max(0.0)
    }
}

/// A positive function of ρ² with errors in proportion to its size.
struct Smooth {
    polynomial: Polynomial,
    least: f64,
}

impl Smooth {
    /// `values`: (ρ², value, draws). Least squares weighted by draws/value², the value first as it
    /// is and then as fitted.
    fn fit(values: &[(f64, f64, f64)]) -> Self {
        let degree = DEGREE.min(values.len() / 2);
        let smallest = values.iter().map(|one| one.1).fold(f64::INFINITY, f64::min);
        let largest = values.iter().map(|one| one.1).fold(0.0, f64::max);
        let mut found = Self {
            polynomial: Polynomial(vec![0.0]),
            least: LEAST_VARIANCE * smallest,
        };
        if largest <= 0.0 {
            return found;
        }
        let mut sizes: Vec<f64> = values.iter().map(|one| one.1).collect();
        for _ in 0..N_ROUNDS {
            let weighted: Vec<(f64, f64, f64)> = values
                .iter()
                .zip(&sizes)
                .map(|(&(share, value, n_draws), size)| {
                    let size = size.max(LEAST_SIZE * largest) / largest;
                    (share, value, n_draws / size.powi(2))
                })
                .collect();
            found.polynomial = Polynomial::fit(&weighted, degree);
            for (size, &(share, ..)) in sizes.iter_mut().zip(values) {
                *size = found.at(share);
            }
        }
        found
    }

    fn at(&self, share: f64) -> f64 {
        self.polynomial.at(share).max(self.least)
    }
}

/// Coefficients, the constant first.
struct Polynomial(Vec<f64>);

impl Polynomial {
    /// Weighted least squares; `values`: (x, y, weight). The degree is at most that which they
    /// determine.
    fn fit(values: &[(f64, f64, f64)], degree: usize) -> Self {
        let degree = degree.min(values.len().saturating_sub(1));
        let root = |weight: f64| weight.max(0.0).sqrt();
        let x = DMatrix::from_fn(values.len(), degree + 1, |row, power| {
            let (x, _, weight) = values[row];
            root(weight) * x.powi(power as i32)
        });
        let y = DVector::from_iterator(
            values.len(),
            values.iter().map(|&(_, y, weight)| root(weight) * y),
        );
        let svd = x.try_svd(true, true, f64::EPSILON, MOST_ROTATIONS);
        let solution = svd.and_then(|svd| svd.solve(&y, 1e-12).ok());
        Self(solution.map_or_else(Vec::new, |found| found.as_slice().to_vec()))
    }

    fn at(&self, x: f64) -> f64 {
        self.0.iter().rev().fold(0.0, |sum, c| sum * x + c)
    }

    fn slope(&self, x: f64) -> f64 {
        let terms = self.0.iter().enumerate().skip(1);
        terms
            .map(|(k, c)| k as f64 * c * x.powi(k as i32 - 1))
            .sum()
    }
}

fn squares(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).collect()
}

/// Σ_g(Σ_{i∈g}(v_i/v̄ − 1))²/n²; 0 where all v are 0.
fn relative_variance(values: &[f64], group_of: &[usize]) -> f64 {
    let centre = mean(values);
    if centre <= 0.0 {
        return 0.0;
    }
    let n_groups = group_of.iter().max().map_or(0, |last| last + 1);
    let mut sums = vec![0.0; n_groups];
    for (value, &group) in values.iter().zip(group_of) {
        sums[group] += value / centre - 1.0;
    }
    sums.iter().map(|sum| sum * sum).sum::<f64>() / (values.len() as f64).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    const SD: f64 = 0.03;
    const SHARES: [f64; 7] = [0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7];

    /// Forty values of this mean and of the sample variance SD², half on either side.
    fn two_sided(mean: f64) -> Vec<f64> {
        let step = SD * (39.0f64 / 40.0).sqrt();
        let of_draw = |draw: usize| mean + if draw.is_multiple_of(2) { step } else { -step };
        (0..40).map(of_draw).collect()
    }

    /// A recipe that finds nine tenths of every effect, and whose r2 always spreads alike.
    fn planted() -> Vec<Strength> {
        let of_share = |share: f64| Strength {
            share,
            r2: two_sided(0.9 * share),
            naive: vec![4e-4; 40],
        };
        SHARES.map(of_share).to_vec()
    }

    fn response(r2: f64, naive: f64, sample: f64) -> Response {
        let observed = Observed { r2, naive, sample };
        Response::new(&two_sided(0.0), &planted(), observed, 1000)
    }

    fn assert_close(found: (f64, f64), expected: (f64, f64)) {
        assert!(
            (found.0 - expected.0).abs() < 1e-6 && (found.1 - expected.1).abs() < 1e-6,
            "{found:?} is not {expected:?}"
        );
    }

    #[test]
    fn constant_spread_gives_a_symmetric_interval() {
        // R: qnorm(.975) = 1.959964, qnorm(.995) = 2.575829.
        let half = |z: f64| MARGIN * z * SD;
        let found = response(0.3, 0.0, 0.0);
        assert_close(
            found.interval(0.05),
            (0.3 - half(1.959964), 0.3 + half(1.959964)),
        );
        assert_close(
            found.interval(0.01),
            (0.3 - half(2.575829), 0.3 + half(2.575829)),
        );
    }

    #[test]
    fn the_targets_own_noise_widens_it() {
        // κ² = (4·σ*² + s²)/(σ*² + s²) with σ*² = 4e-4, s² = 9e-4.
        let half = MARGIN * (25.0f64 / 13.0).sqrt() * 1.959964 * SD;
        assert_close(
            response(0.3, 16e-4, 0.0).interval(0.05),
            (0.3 - half, 0.3 + half),
        );
        // Less noise than planted does not narrow it.
        let plain = response(0.3, 0.0, 0.0).interval(0.05);
        assert_close(response(0.3, 1e-4, 0.0).interval(0.05), plain);
    }

    #[test]
    fn rows_are_a_sample_too() {
        // At ρ² the slope is .9·ρ²(1 − ρ²); the lower limit solves θ + 1.1·z·S(θ) = T.
        let (sample, observed) = (0.02f64, 0.3);
        let (low, high) = response(observed, 0.0, sample).interval(0.05);
        for (limit, sign) in [(low, 1.0), (high, -1.0)] {
            let share = limit / 0.9;
            let slope = 0.9 * share * (1.0 - share);
            let sd = SD.hypot(slope * sample.sqrt());
            let end = limit + sign * MARGIN * 1.959964 * sd;
            // Straight lines between 400 points.
            assert!((end - observed).abs() < 1e-5, "{end}");
        }
    }

    #[test]
    fn outside_of_what_was_planted_the_last_spread_counts() {
        let half = MARGIN * 1.959964 * SD;
        for r2 in [-0.2, 0.01, 0.8] {
            let found = response(r2, 0.0, 0.0);
            assert_eq!(found.reaches(0.05), r2 < 0.6);
            assert_close(found.interval(0.05), (r2 - half, r2 + half));
        }
    }

    #[test]
    fn a_recipe_that_leaves_its_models_empty_has_an_interval() {
        let empty = |share: f64| Strength::new(share, 40);
        let observed = Observed {
            r2: 0.0,
            naive: 0.0,
            sample: 0.0,
        };
        let found = Response::new(&[0.0; 99], &SHARES.map(empty), observed, 100);
        let (low, high) = found.interval(0.05);
        assert!(low < 0.0 && high > 0.0 && high - low < 0.1);
    }

    #[test]
    fn limits_are_crossed_as_often_as_they_say() {
        // r2 = m + s·(χ²₈ − 8)/4, skewness 1, with s growing along θ = .8ρ².
        let mut stream = Seed(5).stream("response", 0);
        let mut skewed = |share: f64| {
            let chi: f64 = (0..4).map(|_| -2.0 * stream.uniform().ln()).sum();
            0.8 * share + (0.02 + 0.1 * share * (1.0 - share)) * (chi - 8.0) / 4.0
        };
        let (true_share, n_data_sets) = (0.2, 2000);
        let (mut below, mut above) = (0, 0);
        for _ in 0..n_data_sets {
            let null: Vec<f64> = (0..199).map(|_| skewed(0.0)).collect();
            let mut of_share = |share: f64| Strength {
                r2: (0..40).map(|_| skewed(share)).collect(),
                ..Strength::new(share, 40)
            };
            let planted: Vec<Strength> = SHARES.iter().map(|&share| of_share(share)).collect();
            let observed = Observed {
                r2: skewed(true_share),
                naive: 0.0,
                sample: 0.0,
            };
            let (low, high) = Response::new(&null, &planted, observed, 1000).interval(0.05);
            below += u32::from(high < 0.8 * true_share);
            above += u32::from(low > 0.8 * true_share);
        }
        // The margin of 1.1 leaves some 3 % of the 5.
        let missed = f64::from(below + above) / f64::from(n_data_sets);
        assert!(
            (0.01..0.055).contains(&missed),
            "{below} below, {above} above"
        );
        assert!(below > 0 && above > 0, "{below} below, {above} above");
    }
}
