//! Matrix products, always on the calling thread: the host runs its threads over blocks of targets.
//!
//! faer's product is used throughout. Its kernels are chosen at run time (AVX-512, AVX2, NEON,
//! scalar) and its interface is safe; the `gemm` crate, the yardstick of the benchmark, is as fast
//! only with its own AVX-512 feature switched on.

use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, MatMut, MatRef, Par};

/// `out = a · b`.
pub(crate) fn multiply<T: RealField>(out: MatMut<'_, T>, a: MatRef<'_, T>, b: MatRef<'_, T>) {
    matmul(out, Accum::Replace, a, b, T::one_impl(), Par::Seq);
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
