//! The Cholesky factor of the support's part of H = G + α(1−ρ)I, kept from penalty to penalty.
//!
//! Features join at the end and leave from anywhere at a cost of about k² for k features, where
//! making it anew costs k³/6. All loops go over eight rows at once, so that they are bound by
//! arithmetic and not by the wait for one sum.

use crate::kernel::{sum_of_lanes, vectorised};

/// A feature whose variance the others explain up to this share is not taken: its row would hold
/// rounding only.
const DEPENDENT: f64 = 1e-10;
/// Rows made and solved at once.
const PANEL: usize = 8;

type Lanes = [f64; PANEL];

/// L of LLᵀ = H over the features of `order`.
#[derive(Default, Clone)]
pub(super) struct Factor {
    /// Features, in the order of the rows.
    pub order: Vec<u32>,
    /// The α(1−ρ) in it.
    pub l2: f64,
    /// The rows below the diagonal, one after the other, each padded with 0 to a multiple of eight,
    /// with rows of 0 to a multiple of eight rows.
    rows: Vec<Lanes>,
    /// 1 / the diagonal; 0 for the rows of 0.
    inverse: Vec<Lanes>,
}

/// Where row `i` begins.
fn start(i: usize) -> usize {
    (i / PANEL + 1) * (i / PANEL * PANEL / 2 + i % PANEL)
}

/// The length of row `i`.
fn width(i: usize) -> usize {
    i / PANEL + 1
}

impl Factor {
    /// Forgets everything, and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets the features.
    pub fn restart(&mut self, l2: f64) {
        self.order.clear();
        self.set_size(0);
        self.l2 = l2;
    }

    /// Takes features: `row(j)` is a row of H, with the α(1−ρ) of this factor on its diagonal, and
    /// `place(j)` where feature j is in each row. Gives the number taken: it ends before a feature
    /// of which the others leave next to nothing.
    pub fn extend<'h>(
        &mut self,
        features: &[u32],
        row: impl Fn(u32) -> &'h [f64],
        place: impl Fn(u32) -> usize,
        panel: &mut Vec<Lanes>,
    ) -> usize {
        let mut n_taken = 0;
        for features in features.chunks(PANEL) {
            let mut places = [0; PANEL];
            places
                .iter_mut()
                .zip(features)
                .for_each(|(at, &j)| *at = place(j));
            let taken = self.append(features, &places, &row, panel);
            n_taken += taken;
            if taken < features.len() {
                break;
            }
        }
        n_taken
    }

    /// [`Self::extend`] by at most eight features, whose rows are the lanes of `panel` until they
    /// are done.
    fn append<'h>(
        &mut self,
        features: &[u32],
        places: &[usize; PANEL],
        row: &impl Fn(u32) -> &'h [f64],
        panel: &mut Vec<Lanes>,
    ) -> usize {
        let n = self.order.len();
        panel.clear();
        // Lanes without a feature hold another's numbers, which nobody reads.
        panel.extend(self.order.iter().map(|&other| {
            let row = row(other);
            places.map(|at| row[at])
        }));
        panel.resize(n.next_multiple_of(PANEL), [0.0; PANEL]);
        let explained = self.eliminate(n, panel);
        let (mut corner, mut inverse) = ([[0.0; PANEL]; PANEL], [0.0; PANEL]);
        let mut n_taken = 0;
        for (r, &j) in features.iter().enumerate() {
            let row = row(j);
            for s in 0..r {
                let known: f64 = (0..s).map(|t| corner[r][t] * corner[s][t]).sum();
                corner[r][s] = (row[places[s]] - explained[r][s] - known) * inverse[s];
            }
            let diagonal = row[places[r]];
            let known: f64 = corner[r][..r].iter().map(|l| l * l).sum();
            let rest = diagonal - explained[r][r] - known;
            if rest.is_nan() || rest <= DEPENDENT * diagonal {
                break;
            }
            inverse[r] = rest.sqrt().recip();
            n_taken += 1;
        }
        self.set_size(n + n_taken);
        for r in 0..n_taken {
            let (i, row) = (n + r, self.row_mut(n + r).as_flattened_mut());
            row.iter_mut()
                .zip(&panel[..n])
                .for_each(|(l, lanes)| *l = lanes[r]);
            row[n..i].copy_from_slice(&corner[r][..r]);
            self.inverse.as_flattened_mut()[i] = inverse[r];
        }
        self.order.extend(&features[..n_taken]);
        n_taken
    }

    /// Forward substitution of all lanes of `panel`, in place; gives their products with each
    /// other.
    fn eliminate(&self, n: usize, panel: &mut [Lanes]) -> [Lanes; PANEL] {
        vectorised(
            #[inline(always)]
            || {
                for i in 0..n {
                    // Row i is 0 from i on.
                    let mut sums = [[0.0; PANEL]; 4];
                    for (row, lanes) in self.row(i).iter().zip(panel.as_chunks::<PANEL>().0) {
                        for (t, (l, lanes)) in row.iter().zip(lanes).enumerate() {
                            for k in 0..PANEL {
                                sums[t % 4][k] = l.mul_add(lanes[k], sums[t % 4][k]);
                            }
                        }
                    }
                    let inverse = self.inverse[i / PANEL][i % PANEL];
                    for k in 0..PANEL {
                        let sum = (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]);
                        panel[i][k] = (panel[i][k] - sum) * inverse;
                    }
                }
                let mut products = [[0.0; PANEL]; PANEL];
                for lanes in panel.iter() {
                    for (products, one) in products.iter_mut().zip(lanes) {
                        for k in 0..PANEL {
                            products[k] = one.mul_add(lanes[k], products[k]);
                        }
                    }
                }
                products
            },
        )
    }

    /// Drops the feature of row `k`: the rows below are one too long by then, and rotations of
    /// neighbouring columns shorten them.
    pub fn remove(&mut self, k: usize) {
        let n = self.order.len();
        self.order.remove(k);
        let mut rotations: Vec<(f64, f64)> = Vec::with_capacity(n - k);
        let mut row = Vec::with_capacity(n);
        for i in k..n - 1 {
            row.clear();
            row.extend_from_slice(&self.row(i + 1).as_flattened()[..=i]);
            row.push(self.inverse.as_flattened()[i + 1].recip());
            for (at, &(cos, sin)) in (k..).zip(&rotations) {
                let (a, b) = (row[at], row[at + 1]);
                (row[at], row[at + 1]) = (cos * a + sin * b, cos * b - sin * a);
            }
            let (a, b) = (row[i], row[i + 1]);
            let length = a.hypot(b);
            rotations.push((a / length, b / length));
            self.row_mut(i).as_flattened_mut()[..i].copy_from_slice(&row[..i]);
            self.inverse.as_flattened_mut()[i] = length.recip();
        }
        self.row_mut(n - 1).fill([0.0; PANEL]);
        self.inverse.as_flattened_mut()[n - 1] = 0.0;
        self.set_size(n - 1);
    }

    /// Solves LLᵀ x = b in place.
    pub fn solve(&self, b: &mut Vec<f64>) {
        let n = b.len();
        b.resize(self.inverse.len() * PANEL, 0.0);
        vectorised(
            #[inline(always)]
            || {
                let (b, _) = b.as_chunks_mut::<PANEL>();
                for q in 0..b.len() {
                    self.solve_panel(q, b);
                }
                for q in (0..b.len()).rev() {
                    self.solve_panel_transposed(q, b);
                }
            },
        );
        b.truncate(n);
    }

    #[inline(always)]
    fn solve_panel(&self, q: usize, b: &mut [Lanes]) {
        let (done, rest) = b.split_at_mut(q);
        let rows = self.panel(q);
        let mut sums = [[0.0; PANEL]; PANEL];
        for (c, done) in done.iter().enumerate() {
            for (sums, row) in sums.iter_mut().zip(rows) {
                for k in 0..PANEL {
                    sums[k] = row[c][k].mul_add(done[k], sums[k]);
                }
            }
        }
        let b = &mut rest[0];
        for r in 0..PANEL {
            let mut value = b[r] - sum_of_lanes(sums[r]);
            for t in 0..r {
                value -= rows[r][q][t] * b[t];
            }
            b[r] = value * self.inverse[q][r];
        }
    }

    #[inline(always)]
    fn solve_panel_transposed(&self, q: usize, b: &mut [Lanes]) {
        let (done, rest) = b.split_at_mut(q);
        let rows = self.panel(q);
        let mut b = rest[0];
        for r in (0..PANEL).rev() {
            b[r] *= self.inverse[q][r];
            for t in 0..r {
                b[t] -= b[r] * rows[r][q][t];
            }
        }
        rest[0] = b;
        for (c, done) in done.iter_mut().enumerate() {
            let mut rest = *done;
            for r in 0..PANEL {
                let row = rows[r][c];
                for k in 0..PANEL {
                    rest[k] = row[k].mul_add(-b[r], rest[k]);
                }
            }
            *done = rest;
        }
    }

    /// The eight rows from 8q on, each of q + 1 lanes.
    #[inline(always)]
    fn panel(&self, q: usize) -> [&[Lanes]; PANEL] {
        let rows = &self.rows[start(q * PANEL)..][..PANEL * (q + 1)];
        std::array::from_fn(|r| &rows[r * (q + 1)..][..=q])
    }

    #[inline(always)]
    fn row(&self, i: usize) -> &[Lanes] {
        &self.rows[start(i)..][..width(i)]
    }

    fn row_mut(&mut self, i: usize) -> &mut [Lanes] {
        &mut self.rows[start(i)..][..width(i)]
    }

    /// Room for `n` features: whole panels, new rows of 0.
    fn set_size(&mut self, n: usize) {
        let n = n.next_multiple_of(PANEL);
        self.rows.resize(start(n), [0.0; PANEL]);
        self.inverse.resize(n / PANEL, [0.0; PANEL]);
    }
}
