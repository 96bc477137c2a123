//! The columns of G = XᵀX/n.

use std::borrow::Cow;
use std::sync::OnceLock;

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use crate::kernel::cross_products;

/// Up to this many features the whole of G is made at once (34 MB); beyond, a column when a feature
/// first enters a model.
///
/// A whole G costs the least per column, but at 4,096 features it is 134 MB a design, of which many
/// targets touch a small part.
const WHOLE: usize = 2048;

pub(super) enum Gram<'x> {
    Whole(Cow<'x, [f64]>, usize),
    OnDemand {
        x: Cow<'x, [f64]>,
        n_samples: usize,
        columns: Vec<OnceLock<Box<[f64]>>>,
    },
}

impl<'x> Gram<'x> {
    /// Of the rows `x` (n_samples × n_features, column by column).
    pub fn of(x: Cow<'x, [f64]>, n_samples: usize, n_features: usize) -> Self {
        if n_features <= WHOLE {
            Self::whole(&x, n_samples, n_features)
        } else {
            Self::on_demand(x, n_samples, n_features)
        }
    }

    pub fn whole(x: &[f64], n_samples: usize, n_features: usize) -> Self {
        let p = n_features;
        let mut gram = vec![0.0; p * p];
        let x = MatRef::from_column_major_slice(x, n_samples, p);
        matmul(
            MatMut::from_column_major_slice_mut(&mut gram, p, p),
            BlockStructure::TriangularLower,
            Accum::Replace,
            x.transpose(),
            BlockStructure::Rectangular,
            x,
            BlockStructure::Rectangular,
            1.0 / n_samples as f64,
            Par::Seq,
        );
        mirror(&mut gram, p);
        Self::Whole(gram.into(), p)
    }

    pub fn on_demand(x: Cow<'x, [f64]>, n_samples: usize, n_features: usize) -> Self {
        Self::OnDemand {
            x,
            n_samples,
            columns: (0..n_features).map(|_| OnceLock::new()).collect(),
        }
    }

    pub fn n_features(&self) -> usize {
        match self {
            Self::Whole(_, p) => *p,
            Self::OnDemand { columns, .. } => columns.len(),
        }
    }

    /// Column `j`. Whoever asks first makes it; all get the same bits.
    #[inline(always)]
    pub fn column(&self, j: u32) -> &[f64] {
        let j = j as usize;
        match self {
            Self::Whole(gram, p) => &gram[j * p..(j + 1) * p],
            Self::OnDemand {
                x,
                n_samples,
                columns,
            } => columns[j].get_or_init(|| column(x, *n_samples, columns.len(), j)),
        }
    }
}

#[cold]
fn column(x: &[f64], n_samples: usize, n_features: usize, j: usize) -> Box<[f64]> {
    let mut column = vec![0.0; n_features];
    cross_products(n_samples, x, &x[j * n_samples..][..n_samples], &mut column);
    column.iter_mut().for_each(|v| *v /= n_samples as f64);
    column.into()
}

/// Copies the lower half to the upper one, tile by tile: whole columns apart, each number would
/// cost a cache miss.
fn mirror(gram: &mut [f64], p: usize) {
    const TILE: usize = 16;
    for first in (0..p).step_by(TILE) {
        for second in (first..p).step_by(TILE) {
            for j in first..(first + TILE).min(p) {
                for i in second.max(j + 1)..(second + TILE).min(p) {
                    gram[i * p + j] = gram[j * p + i];
                }
            }
        }
    }
}
