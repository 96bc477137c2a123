//! The loops in which coordinate descent spends its time, compiled for whatever instruction set the
//! machine has.
//!
//! Each gives the same bits on every machine: elementwise updates have no order, sums run in eight
//! fixed lanes, and every product is added unrounded (fused multiply-add, which x86 has had since
//! 2013; older machines do it in software, slowly). So they may be cut into blocks of any size, and
//! a result never depends on its neighbours.

use std::sync::LazyLock;

use pulp::Arch;

/// Numbers added side by side in a sum.
const LANES: usize = 8;
/// Rows whose sums [`add_columns`] keeps in registers.
const TILE: usize = 64;

static MACHINE: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs `work` compiled for the instruction set of this machine. What `work` calls must be
/// `#[inline(always)]` to take part.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    MACHINE.dispatch(work)
}

/// Σ aᵢ bᵢ.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    vectorised(
        #[inline(always)]
        || sum_of_products(a, b),
    )
}

/// [`dot`], for what is vectorised already.
#[inline(always)]
fn sum_of_products(a: &[f64], b: &[f64]) -> f64 {
    let ((a8, a_rest), (b8, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in a8.iter().zip(b8) {
        add_products(&mut lanes, a, b);
    }
    add_rest(&mut lanes, a_rest, b_rest);
    sum_of_lanes(lanes)
}

/// The products of four columns with two others, each sum as [`dot`] makes it.
#[inline(always)]
fn dots(a: [&[f64]; 4], b: [&[f64]; 2]) -> [[f64; 2]; 4] {
    let (a8, b8) = (
        a.map(|a| a.as_chunks::<LANES>().0),
        b.map(|b| b.as_chunks::<LANES>().0),
    );
    // One variable a sum and no index: this is what keeps all eight in registers.
    let [
        mut s0,
        mut s1,
        mut s2,
        mut s3,
        mut s4,
        mut s5,
        mut s6,
        mut s7,
    ] = [[0.0; LANES]; 8];
    let rows = a8[0].iter().zip(a8[1]).zip(a8[2].iter().zip(a8[3]));
    for (((a0, a1), (a2, a3)), (b0, b1)) in rows.zip(b8[0].iter().zip(b8[1])) {
        add_products(&mut s0, a0, b0);
        add_products(&mut s1, a0, b1);
        add_products(&mut s2, a1, b0);
        add_products(&mut s3, a1, b1);
        add_products(&mut s4, a2, b0);
        add_products(&mut s5, a2, b1);
        add_products(&mut s6, a3, b0);
        add_products(&mut s7, a3, b1);
    }
    let mut all = [[s0, s1], [s2, s3], [s4, s5], [s6, s7]];
    for (sums, a) in all.iter_mut().zip(a) {
        for (lanes, b) in sums.iter_mut().zip(b) {
            add_rest(lanes, a.as_chunks::<LANES>().1, b.as_chunks::<LANES>().1);
        }
    }
    all.map(|sums| sums.map(sum_of_lanes))
}

#[inline(always)]
fn add_products(lanes: &mut [f64; LANES], a: &[f64; LANES], b: &[f64; LANES]) {
    for k in 0..LANES {
        lanes[k] = a[k].mul_add(b[k], lanes[k]);
    }
}

#[inline(always)]
fn add_rest(lanes: &mut [f64; LANES], a: &[f64], b: &[f64]) {
    for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
        *lane = a.mul_add(*b, *lane);
    }
}

#[inline(always)]
pub(crate) fn sum_of_lanes(l: [f64; LANES]) -> f64 {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

/// AᵀB into `out` (columns of a × columns of b, column by column); `a` and `b` have columns of `n`
/// values.
pub(crate) fn cross_products(n: usize, a: &[f64], b: &[f64], out: &mut [f64]) {
    if n == 0 || a.is_empty() {
        out.fill(0.0);
        return;
    }
    let n_a = a.len() / n;
    vectorised(
        #[inline(always)]
        || {
            // Four columns of a stay in the first-level cache while all of b passes by.
            let mut j = 0;
            while j + 4 <= n_a {
                let a = [0, 1, 2, 3].map(|k| &a[(j + k) * n..][..n]);
                let mut pairs = b.chunks_exact(2 * n);
                for (pair, out) in pairs.by_ref().zip(out.chunks_exact_mut(2 * n_a)) {
                    let sums = dots(a, [&pair[..n], &pair[n..]]);
                    for (k, [first, second]) in sums.into_iter().enumerate() {
                        (out[j + k], out[n_a + j + k]) = (first, second);
                    }
                }
                let last = pairs.remainder();
                if !last.is_empty() {
                    let at = out.len() - n_a + j;
                    for (out, a) in out[at..at + 4].iter_mut().zip(a) {
                        *out = sum_of_products(a, last);
                    }
                }
                j += 4;
            }
            for j in j..n_a {
                for (b, out) in b.chunks_exact(n).zip(out.chunks_exact_mut(n_a)) {
                    out[j] = sum_of_products(&a[j * n..][..n], b);
                }
            }
        },
    );
}

/// `out += Σ weight · column(index)`, in the order of the terms.
pub(crate) fn add_columns<'m>(
    out: &mut [f64],
    terms: impl Iterator<Item = (u32, f64)> + Clone,
    column: impl Fn(u32) -> &'m [f64],
) {
    vectorised(
        #[inline(always)]
        || {
            let at = add_tiles::<TILE>(out, 0, &terms, &column);
            let at = add_tiles::<{ TILE / 4 }>(out, at, &terms, &column);
            let at = add_tiles::<LANES>(out, at, &terms, &column);
            for (j, weight) in terms {
                add_multiple(&mut out[at..], weight, &column(j)[at..]);
            }
        },
    );
}

/// The whole tiles of [`add_columns`] from row `at` on; gives the row behind them.
#[inline(always)]
fn add_tiles<'m, const N: usize>(
    out: &mut [f64],
    at: usize,
    terms: &(impl Iterator<Item = (u32, f64)> + Clone),
    column: &impl Fn(u32) -> &'m [f64],
) -> usize {
    let (tiles, _) = out[at..].as_chunks_mut::<N>();
    for (i, tile) in tiles.iter_mut().enumerate() {
        let mut sums = *tile;
        for (j, weight) in terms.clone() {
            let column = &column(j)[at + i * N..][..N];
            for k in 0..N {
                sums[k] = weight.mul_add(column[k], sums[k]);
            }
        }
        *tile = sums;
    }
    at + tiles.len() * N
}

/// `out += weight · column`.
#[inline(always)]
pub(crate) fn add_multiple(out: &mut [f64], weight: f64, column: &[f64]) {
    out.iter_mut()
        .zip(column)
        .for_each(|(out, v)| *out = weight.mul_add(*v, *out));
}

/// The largest magnitude, or the largest value (at least 0) when only positive ones count.
pub(crate) fn largest(values: &[f64], positive: bool) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let (chunks, rest) = values.as_chunks::<LANES>();
            let mut lanes = [0.0_f64; LANES];
            for chunk in chunks {
                for k in 0..LANES {
                    let v = size(chunk[k], positive);
                    lanes[k] = if v > lanes[k] { v } else { lanes[k] };
                }
            }
            let lanes = lanes
                .into_iter()
                .chain(rest.iter().map(|&v| size(v, positive)));
            lanes.fold(0.0, |m, v| if v > m { v } else { m })
        },
    )
}

#[inline(always)]
fn size(v: f64, positive: bool) -> f64 {
    if positive { v } else { v.abs() }
}
