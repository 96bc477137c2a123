//! Matrix products, always on the calling thread: the host runs its threads over blocks of targets.
//!
//! faer's product is used throughout. Its kernels are chosen at run time (AVX-512, AVX2, NEON,
//! scalar) and its interface is safe; the `gemm` crate, the yardstick of the benchmark, is as fast
//! only with its own AVX-512 feature switched on.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// `out = a · b`.
pub(crate) fn multiply(out: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    matmul(out, Accum::Replace, a, b, 1.0, Par::Seq);
}

/// Multiplies column `j` of `matrix` by `factor(j)`.
pub(crate) fn scale_columns(matrix: &mut faer::Mat<f64>, factor: impl Fn(usize) -> f64) {
    for j in 0..matrix.ncols() {
        let factor = factor(j);
        matrix
            .col_as_slice_mut(j)
            .iter_mut()
            .for_each(|v| *v *= factor);
    }
}
