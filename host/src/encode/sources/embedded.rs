//! The vectors of a study's texts, whatever made them.

use nalgebra::DMatrix;

use crate::encode::cache::Repeated;
use crate::encode::embedding::Embedding;
use crate::plan::{Pool, Weight};

/// An encoder's vectors of all texts.
pub struct Embedded {
    /// n_samples × n_features, dataset order.
    pub x: DMatrix<f64>,
    /// What each column is multiplied by once it is scaled; `None`: 1.
    pub weights: Option<Vec<f64>>,
    /// Texts cut at the encoder's limit, when it counts them.
    pub n_truncated: Option<usize>,
    /// Tokens of all texts before cutting, when the encoder counts them.
    pub n_tokens: Option<u64>,
    /// Different texts that were encoded now and not taken from the cache.
    pub n_encoded: usize,
    /// What came of encoding some texts twice, by a server.
    pub repeated: Option<Repeated>,
    /// Seconds that took.
    pub elapsed_s: f64,
}

impl Embedded {
    /// No vectors: for an encoder of which none are needed.
    pub fn none() -> Self {
        Self::ready(DMatrix::zeros(0, 0))
    }

    pub(super) fn ready(x: DMatrix<f64>) -> Self {
        Self {
            x,
            weights: None,
            n_truncated: None,
            n_tokens: None,
            n_encoded: 0,
            repeated: None,
            elapsed_s: 0.0,
        }
    }

    /// The vectors of several encoders of the same rows.
    pub(super) fn side_by_side(parts: Vec<Self>, weight: Weight) -> Self {
        let of_part = |part: &Self| {
            let width = part.x.ncols();
            std::iter::repeat_n(1.0 / (width.max(1) as f64).sqrt(), width)
        };
        let weights = match weight {
            Weight::Blocks => Some(parts.iter().flat_map(of_part).collect()),
            Weight::Columns => None,
        };
        let sum = |number: &dyn Fn(&Self) -> f64| parts.iter().map(number).sum::<f64>();
        Self {
            weights,
            n_encoded: parts.iter().map(|part| part.n_encoded).sum(),
            repeated: parts.iter().fold(None, |all, part| {
                part.repeated.map(|repeated| repeated.or(all)).or(all)
            }),
            elapsed_s: sum(&|part| part.elapsed_s),
            ..Self::ready(pooled(
                parts.into_iter().map(|part| part.x).collect(),
                Pool::Concat,
            ))
        }
    }

    /// Texts encoded now, a second; 0 when all came from the cache.
    pub fn texts_per_s(&self) -> f64 {
        if self.n_encoded == 0 {
            0.0
        } else {
            self.n_encoded as f64 / self.elapsed_s.max(1e-9)
        }
    }

    /// Takes in the vectors of one more text column.
    pub(super) fn add(&mut self, embedding: &Embedding) {
        let plus = |before: Option<u64>, now: Option<u64>| match (before, now) {
            (Some(a), Some(b)) => Some(a + b),
            (before, now) => before.or(now),
        };
        let tokens = embedding
            .tokens
            .as_ref()
            .map(|tokens| tokens.iter().map(|count| u64::from(count.n_tokens)).sum());
        self.n_tokens = plus(self.n_tokens, tokens);
        self.n_truncated = plus(
            self.n_truncated.map(|n| n as u64),
            embedding.n_truncated.map(|n| n as u64),
        )
        .map(|n| n as usize);
        self.n_encoded += embedding.n_encoded;
        self.repeated = embedding.repeated.or(self.repeated);
        self.elapsed_s += embedding.elapsed_s;
    }
}

/// Vectors of several text columns: their mean, or side by side.
pub(crate) fn pooled(parts: Vec<DMatrix<f64>>, pool: Pool) -> DMatrix<f64> {
    let n_parts = parts.len().max(1) as f64;
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_default();
    match pool {
        Pool::Mean => parts.fold(first, |sum, part| sum + part) / n_parts,
        Pool::Concat => parts.fold(first, |mut left, right| {
            let (at, width) = (left.ncols(), right.ncols());
            left = left.resize_horizontally(at + width, 0.0);
            left.columns_mut(at, width).copy_from(&right);
            left
        }),
    }
}
