//! The working set: the features that are in the model or want to be, with their part of H = G + α(1−ρ)I and of the gradient, packed densely.
//!
//! Coordinate descent finds out which features stay and with which sign. Once a sweep has left the signs alone, the rest is a linear system, and
//! one step solves it as far as the signs hold: where descent would need hundreds of sweeps among correlated features, this needs a few.

use super::factor::Factor;
use super::gram::Gram;
use super::options::Penalty;
use crate::kernel::{add_multiple, vectorised};

/// Rows are padded to a multiple of this.
const LANES: usize = 8;
/// Not a member.
const NOWHERE: u32 = u32::MAX;
/// A factor made with another α(1−ρ) still serves, as long as that was at most this many times larger: each solve with it then leaves at most half of the error.
const STALE: f64 = 2.0;

/// A working set and the memory for it, used again for the next.
#[derive(Default)]
pub(super) struct Block {
    /// Features.
    pub members: Vec<u32>,
    /// Their coefficients, padded.
    pub coef: Vec<f64>,
    /// g = c − Hw, padded with 0.
    gradient: Vec<f64>,
    /// c.
    xty: Vec<f64>,
    /// Row by row, each padded with 0 to `stride`.
    hessian: Vec<f64>,
    stride: usize,
    /// Position of each feature among the members.
    place: Vec<u32>,
    /// Positions of the support and the step of each.
    direction: Vec<(u32, f64)>,
}

impl Block {
    /// Takes these members at these coefficients.
    pub fn fill(&mut self, gram: &Gram<'_>, xty: &[f64], l2: f64) {
        let m = self.members.len();
        self.stride = m.next_multiple_of(LANES);
        self.hessian.clear();
        self.hessian.resize(m * self.stride, 0.0);
        self.coef.resize(self.stride, 0.0);
        self.xty.clear();
        self.xty
            .extend(self.members.iter().map(|&j| xty[j as usize]));
        self.xty.resize(self.stride, 0.0);
        self.place.resize(gram.n_features(), NOWHERE);
        let rows = self.hessian.chunks_exact_mut(self.stride);
        for (i, (row, &j)) in rows.zip(&self.members).enumerate() {
            let column = gram.column(j);
            row.iter_mut()
                .zip(&self.members)
                .for_each(|(h, &k)| *h = column[k as usize]);
            row[i] += l2;
            self.place[j as usize] = i as u32;
        }
        self.refresh();
    }

    /// No members.
    pub fn clear(&mut self) {
        for &j in &self.members {
            if let Some(place) = self.place.get_mut(j as usize) {
                *place = NOWHERE;
            }
        }
        self.members.clear();
        self.coef.clear();
    }

    /// Makes the gradient anew.
    fn refresh(&mut self) {
        self.gradient.clone_from(&self.xty);
        let (gradient, rows) = (&mut self.gradient, self.hessian.chunks_exact(self.stride));
        vectorised(
            #[inline(always)]
            || {
                for (row, &w) in rows.zip(&self.coef) {
                    if w != 0.0 {
                        add_multiple(gradient, -w, row);
                    }
                }
            },
        );
    }

    /// Solves the problem of the members; gives the passes it took, at most `max_iter`.
    pub fn solve(&mut self, penalty: &Penalty, factor: &mut Factor, max_iter: u32) -> u32 {
        let (mut passes, mut spent) = (0, 0);
        while passes < max_iter {
            passes += 1;
            spent += self.hessian.len();
            let signs_moved = self.sweep(penalty);
            if signs_moved {
                continue;
            }
            // A coefficient that reaches 0 leaves: the rest is another linear system.
            let mut is_cut = true;
            while is_cut && passes < max_iter && self.bring_up_to_date(penalty, factor, spent) {
                passes += 1;
                is_cut = match self.missing(factor) {
                    None => self.finish(penalty, factor),
                    Some(i) => self.slide(penalty, factor, i),
                };
            }
            if self.is_settled(penalty) {
                break;
            }
        }
        passes
    }

    /// One round of coordinate descent; did a coefficient get another sign, 0 counting as one?
    fn sweep(&mut self, penalty: &Penalty) -> bool {
        let m = self.members.len();
        let (gradient, coef) = (&mut self.gradient[..], &mut self.coef[..m]);
        let rows = self.hessian.chunks_exact(self.stride);
        vectorised(
            #[inline(always)]
            || {
                let mut signs_moved = false;
                for (i, (row, w)) in rows.zip(coef).enumerate() {
                    let (old, curvature) = (*w, row[i]);
                    let new = penalty.shrink(gradient[i] + curvature * old) / curvature;
                    if new != old {
                        *w = new;
                        signs_moved |= sign(new) != sign(old);
                        let (gradient, row) = (
                            gradient.as_chunks_mut::<LANES>().0,
                            row.as_chunks::<LANES>().0,
                        );
                        let step = new - old;
                        for (gradient, row) in gradient.iter_mut().zip(row) {
                            for k in 0..LANES {
                                gradient[k] -= step * row[k];
                            }
                        }
                    }
                }
                signs_moved
            },
        )
    }

    /// Does every member meet its condition? To `tol` of αρ: then the gap is below `tol` too, as Σ αρ|wⱼ| is at most ¼yᵀy/n.
    fn is_settled(&self, penalty: &Penalty) -> bool {
        let conditions = self.coef.iter().zip(&self.gradient);
        conditions.take(self.members.len()).all(|(&w, &g)| {
            if w == 0.0 {
                !penalty.is_violated(g)
            } else {
                (g - penalty.l1 * sign(w)).abs() <= 0.01 * penalty.slack
            }
        })
    }

    /// Makes the factor that of the support, up to a feature that depends on the others; false when that costs much more than descent has so far.
    fn bring_up_to_date(&self, penalty: &Penalty, factor: &mut Factor, spent: usize) -> bool {
        let n_support = self.coef.iter().filter(|w| **w != 0.0).count();
        let is_stale = factor.l2 < penalty.l2 || factor.l2 > STALE * penalty.l2;
        let kept = if is_stale { 0 } else { factor.order.len() };
        // Rows to make: row i is a triangular solve of i²/2 multiplications.
        let price = n_support.pow(3).saturating_sub(kept.pow(3)) / 6;
        if price > 4 * spent {
            return false;
        }
        if is_stale {
            factor.restart(penalty.l2);
        }
        for k in (0..factor.order.len()).rev() {
            let at = self.place[factor.order[k] as usize];
            if at == NOWHERE || self.coef[at as usize] == 0.0 {
                factor.remove(k);
            }
        }
        while let Some(i) = self.missing(factor) {
            let row = &self.hessian[i * self.stride..][..self.stride];
            let diagonal = row[i] + (factor.l2 - penalty.l2);
            let h = |k: u32| row[self.place[k as usize] as usize];
            if factor.append(self.members[i], h, diagonal).is_err() {
                break;
            }
        }
        true
    }

    /// The first member with a coefficient that is not in the factor.
    fn missing(&self, factor: &Factor) -> Option<usize> {
        (0..self.members.len())
            .find(|&i| self.coef[i] != 0.0 && !factor.order.contains(&self.members[i]))
    }

    /// One Newton step on the support. True when a coefficient reached 0 on the way.
    fn finish(&mut self, penalty: &Penalty, factor: &Factor) -> bool {
        self.set_direction(factor, |block, i| {
            block.gradient[i] - penalty.l1 * sign(block.coef[i])
        });
        self.go(1.0)
    }

    /// Moves feature `i`, which depends on those of the factor, against them: predictions stay, the penalty falls, until a coefficient reaches 0.
    fn slide(&mut self, penalty: &Penalty, factor: &Factor, i: usize) -> bool {
        self.set_direction(factor, |block, k| -block.hessian[i * block.stride + k]);
        self.direction.push((i as u32, 1.0));
        let (mut gain, mut curvature) = (0.0, 0.0);
        let row = &self.hessian[i * self.stride..][..self.stride];
        for &(k, step) in &self.direction {
            let k = k as usize;
            gain += step * (self.gradient[k] - penalty.l1 * sign(self.coef[k]));
            curvature += step * row[k];
        }
        if gain < 0.0 {
            self.direction
                .iter_mut()
                .for_each(|(_, step)| *step = -*step);
        }
        // The curvature is rounding, or nearly so.
        self.go(gain.abs() / curvature.max(f64::MIN_POSITIVE))
    }

    /// The direction H⁻¹b of the factor's features, where b is `right_side` of each.
    fn set_direction(&mut self, factor: &Factor, right_side: impl Fn(&Self, usize) -> f64) {
        let place = |j: &u32| self.place[*j as usize];
        let sides = factor
            .order
            .iter()
            .map(|j| right_side(self, place(j) as usize));
        let mut solution: Vec<f64> = sides.collect();
        factor.solve(&mut solution);
        self.direction = factor.order.iter().map(place).zip(solution).collect();
    }

    /// Goes this far along the direction, or to where the first coefficient reaches 0: true then. It never raises the objective.
    fn go(&mut self, furthest: f64) -> bool {
        let (mut far, mut first) = (furthest, None);
        for &(i, step) in &self.direction {
            let w = self.coef[i as usize];
            // Divided only where it cannot overflow.
            if w * step < 0.0 && w.abs() <= far * step.abs() {
                (far, first) = (w.abs() / step.abs(), Some(i as usize));
            }
        }
        if far.is_finite() {
            for &(i, step) in &self.direction {
                self.coef[i as usize] += far * step;
            }
        }
        if let Some(i) = first {
            self.coef[i] = 0.0;
        }
        self.refresh();
        first.is_some()
    }
}

/// −1, 0 or 1.
#[inline(always)]
fn sign(w: f64) -> f64 {
    f64::from(i8::from(w > 0.0) - i8::from(w < 0.0))
}
