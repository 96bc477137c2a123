//! The working set: the features that are in the model or want to be, with their part of H = G +
//! α(1−ρ)I and of the gradient, packed densely.
//!
//! Coordinate descent finds out which features stay and with which sign. Once a sweep has left the
//! signs alone, the rest is a linear system, and one step solves it as far as the signs hold: where
//! descent would need hundreds of sweeps among correlated features, this needs a few.

use super::factor::Factor;
use super::gram::Gram;
use super::options::Penalty;
use crate::kernel::{add_columns, add_multiple, vectorised};

/// Rows are padded to a multiple of this.
const LANES: usize = 8;
/// Not a member.
const NOWHERE: u32 = u32::MAX;
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
    /// Right and left side of a linear system, in the order of the factor.
    sides: Vec<f64>,
    solution: Vec<f64>,
    /// Features of the support that are not in the factor yet.
    missing: Vec<u32>,
    /// Memory of the factor.
    panel: Vec<[f64; 8]>,
}

/// What a factor holds of the support.
enum Factored {
    Whole,
    /// Up to a member that depends linearly on those before.
    UpTo(usize),
    /// Less than that: descent is cheaper so far.
    TooDear,
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
        let terms = (0..).zip(&self.coef).filter(|(_, w)| **w != 0.0);
        let (hessian, stride) = (&self.hessian, self.stride);
        add_columns(&mut self.gradient, terms.map(|(i, w)| (i, -w)), |i: u32| {
            &hessian[i as usize * stride..][..stride]
        });
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
            let before = passes;
            while is_cut && passes < max_iter {
                is_cut = match self.bring_up_to_date(penalty, factor, spent) {
                    Factored::Whole => self.finish(penalty, factor),
                    Factored::UpTo(i) => self.slide(penalty, factor, i),
                    Factored::TooDear => break,
                };
                passes += 1;
            }
            if passes > before {
                self.refresh();
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
                        add_multiple(gradient, old - new, row);
                    }
                }
                signs_moved
            },
        )
    }

    /// Does every member meet its condition? To `tol` of αρ: then the gap is below `tol` too, as Σ
    /// αρ|wⱼ| is at most ¼yᵀy/n.
    fn is_settled(&self, penalty: &Penalty) -> bool {
        let conditions = self.coef.iter().zip(&self.gradient);
        conditions.take(self.members.len()).all(|(&w, &g)| {
            if w == 0.0 {
                !penalty.is_violated(g)
            } else {
                (g - penalty.l1 * sign(w)).abs() <= 0.2 * penalty.slack
            }
        })
    }

    /// Makes the factor that of the support, unless that costs much more than descent has so far.
    fn bring_up_to_date(
        &mut self,
        penalty: &Penalty,
        factor: &mut Factor,
        spent: usize,
    ) -> Factored {
        let n_support = self.coef.iter().filter(|w| **w != 0.0).count();
        let is_stale = factor.l2 != penalty.l2;
        let kept = if is_stale { 0 } else { factor.order.len() };
        // Rows to make: row i is a triangular solve of i²/2 multiplications.
        let price = n_support.pow(3).saturating_sub(kept.pow(3)) / 6;
        if price > 2 * spent {
            return Factored::TooDear;
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
        self.missing.clear();
        let support = self.members.iter().zip(&self.coef);
        self.missing
            .extend(support.filter(|(_, w)| **w != 0.0).map(|(&j, _)| j));
        let is_known = |j: u32| factor.order.contains(&j);
        self.missing.retain(|&j| !is_known(j));
        let (hessian, stride, place) = (&self.hessian, self.stride, &self.place);
        let place = |j: u32| place[j as usize] as usize;
        let row = |j: u32| &hessian[place(j) * stride..][..stride];
        let n_taken = factor.extend(&self.missing, row, place, &mut self.panel);
        if let Some(&j) = self.missing.get(n_taken) {
            return Factored::UpTo(self.place[j as usize] as usize);
        }
        Factored::Whole
    }

    /// One Newton step on the support. True when a coefficient reached 0 on the way.
    fn finish(&mut self, penalty: &Penalty, factor: &Factor) -> bool {
        self.sides.clear();
        for &j in &factor.order {
            let i = self.place[j as usize] as usize;
            self.sides
                .push(self.gradient[i] - penalty.l1 * sign(self.coef[i]));
        }
        self.set_direction(factor);
        let (share, is_cut) = self.go(1.0);
        // A share of the step takes the same share of what was left to do. Members outside the
        // support wait for the next refresh.
        for (&(i, _), side) in self.direction.iter().zip(&self.sides) {
            self.gradient[i as usize] -= share * side;
        }
        is_cut
    }

    /// Moves feature `i`, which depends on those of the factor, against them: predictions stay, the
    /// penalty falls, until a coefficient reaches 0.
    fn slide(&mut self, penalty: &Penalty, factor: &Factor, i: usize) -> bool {
        let row = &self.hessian[i * self.stride..][..self.stride];
        let places = factor.order.iter().map(|&j| self.place[j as usize]);
        self.sides.clear();
        self.sides.extend(places.map(|k| -row[k as usize]));
        self.set_direction(factor);
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
        self.go(gain.abs() / curvature.max(f64::MIN_POSITIVE)).1
    }

    /// The direction H⁻¹b of the factor's features, where b are the `sides`.
    fn set_direction(&mut self, factor: &Factor) {
        self.solution.clone_from(&self.sides);
        factor.solve(&mut self.solution);
        let places = factor.order.iter().map(|&j| self.place[j as usize]);
        self.direction.clear();
        self.direction
            .extend(places.zip(self.solution.iter().copied()));
    }

    /// Goes this far along the direction, or to where the first coefficient reaches 0: true then.
    /// It never raises the objective.
    fn go(&mut self, furthest: f64) -> (f64, bool) {
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
        (far, first.is_some())
    }
}

/// −1, 0 or 1.
#[inline(always)]
fn sign(w: f64) -> f64 {
    f64::from(i8::from(w > 0.0) - i8::from(w < 0.0))
}
