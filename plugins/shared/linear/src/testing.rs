//! Small matrices for the tests of this crate, and the slow way to compare them.

use crate::Columns;

/// A small dense matrix for the slow way: column-major, like [`Columns`].
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub values: Vec<f64>,
    pub n_rows: usize,
    pub n_columns: usize,
}

impl Dense {
    pub fn from_fn(n_rows: usize, n_columns: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..n_columns)
            .flat_map(|j| (0..n_rows).map(move |i| (i, j)))
            .map(|(i, j)| value(i, j))
            .collect();
        Self {
            values,
            n_rows,
            n_columns,
        }
    }

    /// Uniform numbers in [-1, 1): splitmix64.
    pub fn noise(seed: u64, n_rows: usize, n_columns: usize) -> Self {
        Self::from_fn(n_rows, n_columns, |i, j| {
            let mut z = (seed << 40)
                .wrapping_add((i + j * n_rows + 1) as u64)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
    }

    /// Noise whose columns fall in size, as the directions of embeddings do, then mixed.
    pub fn falling(seed: u64, n_rows: usize, n_columns: usize) -> Self {
        let latent = Self::noise(seed, n_rows, n_columns);
        let mixing = Self::noise(77, n_columns, n_columns);
        Self::from_fn(n_rows, n_columns, |i, j| {
            (0..n_columns)
                .map(|k| latent.at(i, k) * mixing.at(k, j) / (k as f64 + 2.0).powf(0.7))
                .sum()
        })
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.values[j * self.n_rows + i]
    }

    pub fn view(&self) -> Columns<'_> {
        Columns::new(&self.values, self.n_rows, self.n_columns).unwrap()
    }

    pub fn times(&self, factor: f64) -> Self {
        Self::from_fn(self.n_rows, self.n_columns, |i, j| self.at(i, j) * factor)
    }
}

pub(crate) fn norm(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// ‖a − b‖ / ‖b‖, and 0 when both are zero.
pub(crate) fn relative_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    if norm(&difference) == 0.0 {
        0.0
    } else {
        norm(&difference) / norm(b)
    }
}

/// The penalties `alphas`, the same for `n_targets` targets.
pub(crate) fn shared(alphas: &[f64], n_targets: usize) -> Dense {
    Dense {
        values: alphas.repeat(n_targets),
        n_rows: alphas.len(),
        n_columns: n_targets,
    }
}
