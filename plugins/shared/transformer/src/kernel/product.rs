//! C = A·B + bias, with B packed once.
//!
//! B (k × n) lies in panels of 32 columns, k rows each, padded with zeros. A tile of C, some rows
//! by 32 columns, stays in registers while k runs; A is read where it lies. Every value of C is the
//! chain `fma(a[k−1], b[k−1], … fma(a[0], b[0], bias))`, whatever the tile, the number of rows or
//! the path. Long k runs in blocks that stay in the cache; the chain goes on from the stored value,
//! which changes no bit.

use super::{Kernel, Simd};

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// Rows of B per block: 512 × 32 values are 64 kB, and the rows of A beside them fit the
/// second-level cache.
const DEPTH: usize = 512;

/// A matrix in panels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packed {
    values: Vec<f32>,
    depth: usize,
    panels: usize,
}

impl Packed {
    /// Room for a matrix of `depth` × `columns`, all zero.
    pub fn zeros(depth: usize, columns: usize) -> Packed {
        let panels = columns.div_ceil(PANEL);
        Packed {
            values: vec![0.0; depth * panels * PANEL],
            depth,
            panels,
        }
    }

    /// Changes the size and keeps the memory. Values are those of before, to be overwritten;
    /// columns beyond `columns` become zero.
    pub fn resize(&mut self, depth: usize, columns: usize) {
        self.depth = depth;
        self.panels = columns.div_ceil(PANEL);
        self.values.clear();
        self.values.resize(depth * self.panels * PANEL, 0.0);
    }

    /// Rows.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns with padding: the least row length of C.
    pub fn width(&self) -> usize {
        self.panels * PANEL
    }

    /// Packs a weight as PyTorch stores it, `columns` × `depth` row by row, into the columns from
    /// `first` on.
    pub fn put_transposed(&mut self, first: usize, weight: &[f32]) {
        for (c, row) in weight.chunks_exact(self.depth).enumerate() {
            self.put_column(first + c, row);
        }
    }

    /// One column.
    pub fn put_column(&mut self, column: usize, values: &[f32]) {
        let start = (column / PANEL) * self.depth * PANEL + column % PANEL;
        let places = self.values[start..].iter_mut().step_by(PANEL);
        places
            .zip(values)
            .for_each(|(place, value)| *place = *value);
    }

    /// One row.
    pub fn put_row(&mut self, k: usize, row: &[f32]) {
        for (panel, part) in row.chunks(PANEL).enumerate() {
            let start = (panel * self.depth + k) * PANEL;
            self.values[start..start + part.len()].copy_from_slice(part);
        }
    }

    /// Rows `from` to `to` of one panel.
    fn block(&self, panel: usize, from: usize, to: usize) -> &[f32] {
        let start = panel * self.depth * PANEL;
        &self.values[start + from * PANEL..start + to * PANEL]
    }
}

/// Rows of A: the first of them at the beginning, each `stride` after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub values: &'a [f32],
    pub stride: usize,
}

impl Kernel {
    /// `c[r] = a[r]·b + bias` for `rows` rows. `bias` has `b.width()` values or none; rows of `c`
    /// are `c_stride` ≥ `b.width()` long and get that many values, padding included.
    ///
    /// # Panics
    /// When a slice is too short: the sizes are the caller's own, never a user's.
    pub fn product(
        self,
        rows: usize,
        a: Rows<'_>,
        b: &Packed,
        bias: &[f32],
        c: &mut [f32],
        c_stride: usize,
    ) {
        if rows == 0 || b.panels == 0 {
            return;
        }
        assert!(a.values.len() >= (rows - 1) * a.stride + b.depth);
        assert!(c_stride >= b.width() && c.len() >= (rows - 1) * c_stride + b.width());
        assert!(bias.is_empty() || bias.len() >= b.width());
        for from in (0..b.depth.max(1)).step_by(DEPTH) {
            let to = (from + DEPTH).min(b.depth);
            for panel in 0..b.panels {
                let columns = panel * PANEL..(panel + 1) * PANEL;
                let start = match (from, bias) {
                    (0, []) => Start::Zero,
                    (0, bias) => Start::Bias(&bias[columns.clone()]),
                    _ => Start::Stored,
                };
                let tiles = Tiles {
                    rows,
                    a: &a.values[from..],
                    a_stride: a.stride,
                    b: b.block(panel, from, to),
                    c: &mut c[columns.start..],
                    c_stride,
                    start,
                };
                self.tiles(tiles);
            }
        }
    }

    fn tiles(self, tiles: Tiles<'_>) {
        match self.0 {
            // SAFETY: `Kernel::new` found the features, `product` checked the sizes.
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => unsafe { avx512::run(tiles) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => unsafe { avx2::run(tiles) },
            _ => portable(tiles),
        }
    }
}

/// Where the sums begin.
#[derive(Clone, Copy)]
enum Start<'a> {
    Zero,
    Bias(&'a [f32]),
    Stored,
}

/// One panel's share of C.
struct Tiles<'a> {
    rows: usize,
    a: &'a [f32],
    a_stride: usize,
    b: &'a [f32],
    c: &'a mut [f32],
    c_stride: usize,
    start: Start<'a>,
}

/// Columns of a tile in plain Rust: four vectors of NEON, so that four rows fill sixteen of its
/// registers. Larger tiles make LLVM give up on registers.
const WIDTH: usize = 16;

/// Four rows at a time, then one by one.
fn portable(mut tiles: Tiles<'_>) {
    for half in (0..PANEL).step_by(WIDTH) {
        let mut row = 0;
        while row + 4 <= tiles.rows {
            portable_tile::<4>(&mut tiles, row, half);
            row += 4;
        }
        while row < tiles.rows {
            portable_tile::<1>(&mut tiles, row, half);
            row += 1;
        }
    }
}

fn portable_tile<const ROWS: usize>(tiles: &mut Tiles<'_>, row: usize, half: usize) {
    let depth = tiles.b.len() / PANEL;
    let a: [&[f32]; ROWS] =
        std::array::from_fn(|r| &tiles.a[(row + r) * tiles.a_stride..][..depth]);
    let mut sums = [[0.0_f32; WIDTH]; ROWS];
    for (r, sums) in sums.iter_mut().enumerate() {
        match tiles.start {
            Start::Zero => {}
            Start::Bias(bias) => sums.copy_from_slice(&bias[half..half + WIDTH]),
            Start::Stored => {
                sums.copy_from_slice(&tiles.c[(row + r) * tiles.c_stride + half..][..WIDTH]);
            }
        }
    }
    for (k, b) in tiles.b.chunks_exact(PANEL).enumerate() {
        let b = &b[half..half + WIDTH];
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = a[k].mul_add(*b, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        tiles.c[(row + r) * tiles.c_stride + half..][..WIDTH].copy_from_slice(sums);
    }
}

/// A tile for each number of rows up to `$most`, in vectors of `$lanes`.
#[cfg(target_arch = "x86_64")]
macro_rules! x86_tiles {
    ($name:ident, $features:literal, $most:literal, $vectors:literal, $lanes:literal,
     $vector:ty, $zero:ident, $load:ident, $store:ident, $set1:ident, $fma:ident, [$($rows:literal)+]) => {
        mod $name {
            use super::{PANEL, Start, Tiles};
            use std::arch::x86_64::{$vector, $fma, $load, $set1, $store, $zero};

            /// All rows of the panel.
            ///
            /// # Safety
            /// The machine has the features, and the slices hold what `Kernel::product` checks.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn run(tiles: Tiles<'_>) {
                let depth = tiles.b.len() / PANEL;
                for half in (0..PANEL).step_by($vectors * $lanes) {
                    // SAFETY: `half` is within a row of a panel.
                    let b = unsafe { tiles.b.as_ptr().add(half) };
                    let start = match tiles.start {
                        Start::Bias(bias) => Start::Bias(&bias[half..]),
                        other => other,
                    };
                    let mut row = 0;
                    while row < tiles.rows {
                        let left = (tiles.rows - row).min($most);
                        // SAFETY: rows `row` to `row + left` exist in A and C.
                        unsafe {
                            let a = tiles.a.as_ptr().add(row * tiles.a_stride);
                            let c = tiles.c.as_mut_ptr().add(row * tiles.c_stride + half);
                            match left {
                                $($rows => tile::<$rows>(depth, a, tiles.a_stride, b, c, tiles.c_stride, start),)+
                                _ => {}
                            }
                        }
                        row += left;
                    }
                }
            }

            #[target_feature(enable = $features)]
            unsafe fn tile<const ROWS: usize>(depth: usize, a: *const f32, a_stride: usize, b: *const f32, c: *mut f32, c_stride: usize, start: Start<'_>) {
                let mut sums: [[$vector; $vectors]; ROWS] = [[$zero(); $vectors]; ROWS];
                // SAFETY: the caller's promise; every offset stays within the tile's rows and
                // columns.
                unsafe {
                    match start {
                        Start::Zero => {}
                        Start::Bias(bias) => {
                            for r in 0..ROWS {
                                for v in 0..$vectors {
                                    sums[r][v] = $load(bias.as_ptr().add(v * $lanes));
                                }
                            }
                        }
                        Start::Stored => {
                            for r in 0..ROWS {
                                for v in 0..$vectors {
                                    sums[r][v] = $load(c.add(r * c_stride + v * $lanes));
                                }
                            }
                        }
                    }
                    for k in 0..depth {
                        let mut row_of_b = [$zero(); $vectors];
                        for v in 0..$vectors {
                            row_of_b[v] = $load(b.add(k * PANEL + v * $lanes));
                        }
                        for r in 0..ROWS {
                            let value = $set1(*a.add(r * a_stride + k));
                            for v in 0..$vectors {
                                sums[r][v] = $fma(value, row_of_b[v], sums[r][v]);
                            }
                        }
                    }
                    for r in 0..ROWS {
                        for v in 0..$vectors {
                            $store(c.add(r * c_stride + v * $lanes), sums[r][v]);
                        }
                    }
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
x86_tiles!(avx512, "avx512f", 12, 2, 16, __m512, _mm512_setzero_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps,
    [1 2 3 4 5 6 7 8 9 10 11 12]);
#[cfg(target_arch = "x86_64")]
x86_tiles!(avx2, "avx2,fma", 6, 2, 8, __m256, _mm256_setzero_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps,
    [1 2 3 4 5 6]);
