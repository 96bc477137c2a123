//! One target on its way along its penalties.

use super::block::Block;
use super::factor::Factor;
use super::fit::LassoFit;
use super::gap::{Fitted, relative_gap};
use super::gram::Gram;
use super::options::{LassoOptions, Penalty};
use crate::kernel::{add_columns, largest};

/// Factors of up to this many features are kept from penalty to penalty (1 MB); a block of targets
/// has one each.
const KEPT_FACTOR: usize = 512;
/// Working sets begin with at most this many features that want to enter, and at most double later:
/// those that violate their condition most come first, and many of the others turn out not to.
const FEWEST_ENTERING: usize = 32;

/// Where a target stands.
#[derive(Default)]
pub(super) struct Walk {
    /// Features with a coefficient.
    pub support: Vec<u32>,
    /// Their coefficients.
    pub coef: Vec<f64>,
    /// The factor of the support of a lasso, as far as it is kept.
    factor: Factor,
    /// α(1−ρ) of the gradient.
    l2: f64,
}

/// What a thread needs while it walks, used again for every target.
#[derive(Default)]
pub(super) struct Workspace {
    block: Block,
    entering: Vec<u32>,
    /// Of a target whose penalty has an ℓ2 part.
    factor: Factor,
}

/// The moments of one target.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub gram: &'a Gram<'a>,
    /// c = Xᵀy/n.
    pub xty: &'a [f64],
    /// yᵀy/n.
    pub y_sq: f64,
}

impl Walk {
    /// Goes to the next penalty. `gradient` is the target's g = c − (G + α(1−ρ)I)w, kept between
    /// calls; c at the start.
    pub fn step(
        &mut self,
        target: Target<'_>,
        gradient: &mut [f64],
        penalty: &Penalty,
        options: &LassoOptions,
        space: &mut Workspace,
    ) -> LassoFit {
        let (tol, max_iter) = (options.tol, options.max_iter);
        self.change_l2(gradient, penalty.l2);
        space.factor.restart(penalty.l2);
        let mut passes = 0;
        let (gap, is_converged) = loop {
            self.find_entering(gradient, penalty, &mut space.entering);
            let is_candidate =
                space.entering.is_empty() && self.meets_conditions(gradient, penalty);
            if is_candidate || passes >= max_iter {
                let gap = self.gap(target, gradient, penalty);
                let is_converged = is_candidate && gap <= tol;
                if is_converged || passes >= max_iter {
                    break (gap, is_converged);
                }
            }
            passes += self.solve_working_set(target, penalty, max_iter - passes, space);
            self.refresh(target, gradient);
        };
        if self.factor.order.len() > KEPT_FACTOR {
            self.factor.clear();
        }
        LassoFit {
            gap,
            n_nonzero: self.support.len() as u32,
            is_converged,
        }
    }

    fn change_l2(&mut self, gradient: &mut [f64], l2: f64) {
        for (&j, w) in self.support.iter().zip(&self.coef) {
            gradient[j as usize] -= (l2 - self.l2) * w;
        }
        self.l2 = l2;
    }

    /// Features outside the support whose condition is violated, at most a working set's worth, in
    /// their own order.
    fn find_entering(&self, gradient: &[f64], penalty: &Penalty, entering: &mut Vec<u32>) {
        entering.clear();
        if largest(gradient, penalty.positive) <= penalty.entry {
            return;
        }
        entering.extend(
            (0..gradient.len() as u32).filter(|&j| penalty.is_violated(gradient[j as usize])),
        );
        if entering.is_empty() {
            return;
        }
        entering.retain(|j| !self.support.contains(j));
        let most = FEWEST_ENTERING.max(self.support.len());
        if entering.len() > most {
            let size = |j: &u32| gradient[*j as usize].abs();
            entering
                .select_nth_unstable_by(most, |a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
            entering.truncate(most);
            entering.sort_unstable();
        }
    }

    fn meets_conditions(&self, gradient: &[f64], penalty: &Penalty) -> bool {
        self.support
            .iter()
            .zip(&self.coef)
            .all(|(&j, &w)| (gradient[j as usize] - penalty.l1 * w.signum()).abs() <= penalty.slack)
    }

    /// Solves for the support and the features that want to enter it; what has a coefficient then
    /// is the support.
    fn solve_working_set(
        &mut self,
        target: Target<'_>,
        penalty: &Penalty,
        max_iter: u32,
        space: &mut Workspace,
    ) -> u32 {
        let block = &mut space.block;
        block.clear();
        block.members.extend(&self.support);
        block.members.extend(&space.entering);
        block.coef.extend(&self.coef);
        block.fill(target.gram, target.xty, penalty.l2);
        let factor = if penalty.l2 == 0.0 {
            &mut self.factor
        } else {
            &mut space.factor
        };
        let passes = block.solve(penalty, factor, max_iter);
        self.support.clear();
        self.coef.clear();
        for (&j, &w) in block.members.iter().zip(&block.coef) {
            if w != 0.0 {
                self.support.push(j);
                self.coef.push(w);
            }
        }
        passes
    }

    /// Makes the gradient of all features anew.
    fn refresh(&self, target: Target<'_>, gradient: &mut [f64]) {
        gradient.copy_from_slice(target.xty);
        let terms = self.support.iter().zip(&self.coef).map(|(&j, &w)| (j, -w));
        add_columns(gradient, terms, |j| target.gram.column(j));
        for (&j, w) in self.support.iter().zip(&self.coef) {
            gradient[j as usize] -= self.l2 * w;
        }
    }

    fn gap(&self, target: Target<'_>, gradient: &[f64], penalty: &Penalty) -> f64 {
        let fit = Fitted {
            xty: target.xty,
            gradient,
            y_sq: target.y_sq,
            support: &self.support,
            coef: &self.coef,
        };
        relative_gap(&fit, penalty)
    }
}
