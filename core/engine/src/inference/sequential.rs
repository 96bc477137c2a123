//! The adaptive permutation test of one cell: stop as soon as enough permutations have done as well
//! as the observed y.
//!
//! A cell without a signal shows it soon: after some forty permutations twenty of them have scored
//! as well as the real y, and thousands more would only say it with more digits. A cell with a
//! signal gets all permutations up to the cap. Which permutations are computed when is
//! [`crate::waves`]'s; here is the rule alone, on draws in index order.

use super::multiplicity::{clopper_pearson, is_tie};

/// Losses h at which a cell stops.
pub const LOSSES: usize = 20;
/// Draws that every cell gets (or the cap, if that is lower): the mean and sd of the null need
/// them, p does not.
pub const LEAST_DRAWS: usize = 199;

/// When a cell stops: at the `losses`-th loss, or after `cap` draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping {
    /// h, at least 1.
    pub losses: usize,
    /// M, the most permutations a cell can get.
    pub cap: usize,
}

/// The p-value of a cell at the place where its draws stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SequentialP {
    /// h/γ, (L_M + 1)/(M + 1), or h/(t + h − L_t); never 0.
    pub p: f64,
    /// Draws it rests on: γ if the h-th loss came, else all that were given (at most M).
    pub n_draws: usize,
    /// Losses among them.
    pub n_losses: usize,
    /// Draws among them that equal the observed value within rounding.
    pub n_ties: usize,
    /// More draws would not change p: the h-th loss came, or M draws were made.
    pub is_settled: bool,
    /// 95 % Monte-Carlo interval of the p that all permutations would give.
    pub interval: (f64, f64),
}

impl Stopping {
    /// The program's rule: h = 20 losses, or `cap` permutations.
    #[must_use]
    pub fn with_cap(cap: usize) -> Self {
        Self {
            losses: LOSSES,
            cap,
        }
    }

    /// The p-value after the draws made so far.
    ///
    /// L_t = #{b ≤ t: T_b ≥ T_obs}, in index order; a T_b within 1e-12·max(1, |T_obs|) of T_obs is
    /// a loss too. With γ the first t at which L_t = h:
    /// - the h-th loss came: p = h/γ;
    /// - it did not within M draws: p = (L_M + 1)/(M + 1) (both Besag & Clifford 1991);
    /// - neither yet, t draws made: p = h/(t + h − L_t), valid at whatever t one stops, for whatever
    ///   reason (Fischer & Ramdas 2025). It is what the first rule would give if all further draws
    ///   were losses, hence never smaller than the p of an uninterrupted test that stops at its h-th
    ///   loss.
    ///
    /// P(p ≤ u) ≤ u if y is exchangeable. The Monte-Carlo interval orders outcomes by the p they
    /// give and inverts binomial tails (Clopper & Pearson 1934): from below by P(at least h losses
    /// in γ draws), from above by P(fewer than h in γ − 1); without the h-th loss the usual one of
    /// L_t in t draws.
    ///
    /// `draws`: T_1, T_2, … in index order, those past γ or M are not looked at.
    ///
    /// Checked: hand example below; against the whole null distribution, validity and optional
    /// stopping by simulation in `tests/statistics/adaptive.rs`.
    #[must_use]
    pub fn p(&self, observed: f64, draws: &[f64]) -> SequentialP {
        let (h, cap) = (self.losses.max(1), self.cap);
        let (mut n_losses, mut n_ties, mut n_draws) = (0, 0, 0);
        for &draw in draws.iter().take(cap) {
            let tie = is_tie(draw, observed);
            n_draws += 1;
            n_ties += usize::from(tie);
            n_losses += usize::from(tie || draw >= observed);
            if n_losses == h {
                break;
            }
        }
        let has_lost = n_losses == h;
        let (low, high) = clopper_pearson(n_losses, n_draws, 0.05);
        SequentialP {
            p: if has_lost {
                h as f64 / n_draws as f64
            } else if n_draws == cap {
                (n_losses + 1) as f64 / (cap + 1) as f64
            } else {
                h as f64 / (n_draws + h - n_losses) as f64
            },
            n_draws,
            n_losses,
            n_ties,
            is_settled: has_lost || n_draws == cap,
            interval: if has_lost {
                (low, clopper_pearson(h - 1, n_draws - 1, 0.05).1)
            } else {
                (low, high)
            },
        }
    }

    /// Draws of a cell that are used and written: max(γ, 199), at most M. `None` while the cell
    /// needs more than it has.
    #[must_use]
    pub fn n_kept(&self, observed: f64, draws: &[f64]) -> Option<usize> {
        let so_far = self.p(observed, draws);
        let n_kept = so_far.n_draws.max(LEAST_DRAWS).min(self.cap);
        (so_far.is_settled && draws.len() >= n_kept).then_some(n_kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observed 0.5; losses at draws 2, 3 (a tie within rounding), 6 and 7.
    const DRAWS: [f64; 8] = [0.1, 0.7, 0.5 - 1e-14, 0.2, 0.0, 0.9, 0.5, 0.3];

    fn p(losses: usize, cap: usize, n_draws: usize) -> SequentialP {
        Stopping { losses, cap }.p(0.5, &DRAWS[..n_draws])
    }

    #[test]
    fn the_three_ways_to_end_by_hand() {
        // Third loss at draw 6.
        let stopped = p(3, 100, 8);
        assert_eq!((stopped.p, stopped.n_draws), (3.0 / 6.0, 6));
        assert_eq!((stopped.n_losses, stopped.n_ties), (3, 1));
        assert!(stopped.is_settled);
        // Cap 5: two losses, (2 + 1)/(5 + 1).
        let capped = p(3, 5, 8);
        assert_eq!((capped.p, capped.n_draws), (3.0 / 6.0, 5));
        assert!(capped.is_settled);
        // Interrupted after 5: if the next were a loss, 3/6.
        let interrupted = p(3, 100, 5);
        assert_eq!((interrupted.p, interrupted.is_settled), (3.0 / 6.0, false));
        // After nothing at all: h/h.
        assert_eq!(p(3, 100, 0).p, 1.0);
        // Four losses by draw 7, five never: 5/(8 + 5 − 4).
        assert_eq!(p(4, 100, 8).p, 4.0 / 7.0);
        assert_eq!(p(5, 100, 8).p, 5.0 / 9.0);
    }

    #[test]
    fn with_the_last_loss_at_the_cap_the_cell_has_stopped() {
        let last = p(3, 6, 6);
        assert_eq!((last.p, last.n_draws, last.is_settled), (0.5, 6, true));
    }

    #[test]
    fn an_interrupted_p_only_falls_and_ends_in_the_p_of_the_stop() {
        let all: Vec<f64> = (0..=6).map(|t| p(3, 100, t).p).collect();
        assert!(all.windows(2).all(|pair| pair[1] <= pair[0]), "{all:?}");
        assert_eq!(all[6], p(3, 100, 8).p);
    }

    #[test]
    fn a_cell_keeps_199_draws_or_those_up_to_its_stop() {
        let stopping = Stopping::with_cap(1000);
        let lost = vec![1.0; 300];
        assert_eq!(stopping.n_kept(0.0, &lost[..198]), None);
        assert_eq!(stopping.n_kept(0.0, &lost), Some(199));
        let mut late = vec![-1.0; 230];
        late.extend([1.0; 70]);
        assert_eq!(stopping.n_kept(0.0, &late[..249]), None);
        assert_eq!(stopping.n_kept(0.0, &late), Some(250));
        assert_eq!(Stopping::with_cap(99).n_kept(0.0, &late), Some(99));
    }

    #[test]
    fn the_interval_inverts_the_tails_of_inverse_sampling() {
        // Twenty losses, the last at draw 50. P(γ ≤ 50) = P(Bin(50, low) ≥ 20) = .025, P(γ ≥ 50) =
        // P(Bin(49, high) ≤ 19) = .025: scipy.stats.beta.ppf(.025, 20, 31) and beta.ppf(.975, 20,
        // 30).
        let draws = [[-1.0; 30].as_slice(), &[1.0; 20]].concat();
        let stopped = Stopping::with_cap(999).p(1.0, &draws);
        assert_eq!((stopped.n_losses, stopped.n_draws), (20, 50));
        assert!((stopped.interval.0 - LOW).abs() < 1e-9, "{stopped:?}");
        assert!((stopped.interval.1 - HIGH).abs() < 1e-9, "{stopped:?}");
    }
    const LOW: f64 = 0.264_078_395_094_536_8;
    const HIGH: f64 = 0.537_614_509_079_770_4;
}
