//! The Cholesky factor of the support's part of H = G + α(1−ρ)I, kept from penalty to penalty.
//!
//! Features join at the end and leave from anywhere at a cost of about k² for k features, where making it anew costs k³/6.

use crate::kernel::{add_multiple, dot, vectorised};

/// A feature whose variance the others explain up to this share is not taken: its row would hold rounding only.
const DEPENDENT: f64 = 1e-10;

/// L of LLᵀ = H over the features of `order`, its rows one after the other.
#[derive(Default, Clone)]
pub(super) struct Factor {
    /// Features, in the order of the rows.
    pub order: Vec<u32>,
    /// The α(1−ρ) in it.
    pub l2: f64,
    /// Row i has i + 1 values.
    rows: Vec<f64>,
}

/// Where row `i` begins.
fn start(i: usize) -> usize {
    i * (i + 1) / 2
}

impl Factor {
    /// Forgets everything, and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets the features.
    pub fn restart(&mut self, l2: f64) {
        self.order.clear();
        self.rows.clear();
        self.l2 = l2;
    }

    /// Takes feature `j`: `h(k)` is its element of H with feature k, `diagonal` that with itself, α(1−ρ) of this factor included.
    ///
    /// # Errors
    /// What the others leave of `diagonal`, when that is next to nothing; the feature is not taken then.
    pub fn append(&mut self, j: u32, h: impl Fn(u32) -> f64, diagonal: f64) -> Result<(), f64> {
        let k = self.order.len();
        self.rows.extend(self.order.iter().map(|&other| h(other)));
        let (above, row) = self.rows.split_at_mut(start(k));
        let rest = vectorised(
            #[inline(always)]
            || {
                for i in 0..k {
                    let other = &above[start(i)..][..=i];
                    row[i] = (row[i] - dot(&row[..i], &other[..i])) / other[i];
                }
                diagonal - dot(row, row)
            },
        );
        if rest > DEPENDENT * diagonal {
            self.rows.push(rest.sqrt());
            self.order.push(j);
            Ok(())
        } else {
            self.rows.truncate(start(k));
            Err(rest.max(0.0))
        }
    }

    /// Drops the feature of row `k`: the rows below are one too long by then, and rotations of neighbouring columns shorten them.
    pub fn remove(&mut self, k: usize) {
        let n = self.order.len();
        self.order.remove(k);
        self.rows.drain(start(k)..start(k + 1));
        // Row i (counted anew) still begins where its longer self did.
        let mut rotations: Vec<(f64, f64)> = Vec::with_capacity(n - k);
        for i in k..n - 1 {
            let old = start(i + 1) - (k + 1);
            let row = &mut self.rows[old..old + i + 2];
            for (at, &(cos, sin)) in (k..).zip(&rotations) {
                let (a, b) = (row[at], row[at + 1]);
                (row[at], row[at + 1]) = (cos * a + sin * b, cos * b - sin * a);
            }
            let (a, b) = (row[i], row[i + 1]);
            let length = a.hypot(b);
            rotations.push((a / length, b / length));
            row[i] = length;
            self.rows.copy_within(old..old + i + 1, start(i));
        }
        self.rows.truncate(start(n - 1));
    }

    /// Solves LLᵀ x = b in place.
    pub fn solve(&self, b: &mut [f64]) {
        vectorised(
            #[inline(always)]
            || {
                for i in 0..b.len() {
                    let row = &self.rows[start(i)..][..=i];
                    b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
                }
                for i in (0..b.len()).rev() {
                    let row = &self.rows[start(i)..][..=i];
                    let x = b[i] / row[i];
                    add_multiple(&mut b[..i], -x, &row[..i]);
                    b[i] = x;
                }
            },
        );
    }
}
