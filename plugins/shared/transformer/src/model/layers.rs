//! Token vectors of other layers than the last, and of several.

use crate::Settings;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use std::fmt;

/// How the token vectors of several layers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerPool {
    /// Their mean.
    Mean,
    /// Side by side, in the order in which they are named.
    Concat,
}

/// The layers whose token vectors count, each once; 0 is what goes into the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layers {
    numbers: Vec<usize>,
    pool: LayerPool,
}

impl Layers {
    /// The user's choice for a network of `n_layers`; `None` where that is the last layer alone.
    pub fn chosen(settings: &Settings, n_layers: usize) -> Result<Option<Layers>> {
        let refuse = |message: String| Err(Error::Setting(message));
        let typed = settings.layers.as_deref().unwrap_or(&[-1]);
        if typed.is_empty() {
            return refuse("layers = [] names no layer; without the key it is the last".into());
        }
        if settings.layer_pool.is_some() && typed.len() < 2 {
            return refuse("layer_pool says how several layers become one, and layers names one alone, or is not given".into());
        }
        let mut numbers = Vec::new();
        for &layer in typed {
            let from_end = if layer < 0 { n_layers as i64 + 1 } else { 0 };
            let number = layer.checked_add(from_end);
            let number = number.and_then(|number| usize::try_from(number).ok());
            let Some(number) = number.filter(|number| *number <= n_layers) else {
                return refuse(format!(
                    "layers: {layer} is outside [-{}, {n_layers}]: 0 is what goes into the first of this model's {n_layers} layers, and negative numbers count from the last",
                    n_layers + 1
                ));
            };
            if numbers.contains(&number) {
                return refuse(format!("layers names layer {number} twice"));
            }
            numbers.push(number);
        }
        if numbers == [n_layers] {
            return Ok(None);
        }
        let pool = settings.layer_pool.unwrap_or(LayerPool::Mean);
        if pool == LayerPool::Mean {
            // In the order in which they are added, so that the key does not tell orders apart.
            numbers.sort_unstable();
        }
        Ok(Some(Layers { numbers, pool }))
    }

    /// Numbers of a token's vector.
    pub fn width(&self, hidden: usize) -> usize {
        match self.pool {
            LayerPool::Mean => hidden,
            LayerPool::Concat => hidden * self.numbers.len(),
        }
    }

    /// The layers after this one are not needed.
    pub fn last(&self) -> usize {
        self.numbers.iter().copied().max().unwrap_or(0)
    }

    /// Room for `rows` tokens.
    pub fn begin(&self, rows: usize, hidden: usize, kept: &mut Vec<f32>) {
        kept.clear();
        kept.resize(rows * self.width(hidden), 0.0);
    }

    /// Takes what it wants of layer number `layer`: rows of `hidden` numbers in `x`.
    pub fn keep(&self, kernel: Kernel, layer: usize, hidden: usize, x: &[f32], kept: &mut [f32]) {
        let Some(place) = self.numbers.iter().position(|number| *number == layer) else {
            return;
        };
        match self.pool {
            LayerPool::Mean => kernel.add(kept, x),
            LayerPool::Concat => {
                let rows = kept.chunks_exact_mut(self.width(hidden));
                for (to, from) in rows.zip(x.chunks_exact(hidden)) {
                    to[place * hidden..][..hidden].copy_from_slice(from);
                }
            }
        }
    }

    /// After the last.
    pub fn end(&self, kernel: Kernel, kept: &mut [f32]) {
        if self.pool == LayerPool::Mean && self.numbers.len() > 1 {
            kernel.scale(kept, 1.0 / self.numbers.len() as f32);
        }
    }
}

/// As in the cache key.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layers={:?} layer_pool={:?}", self.numbers, self.pool)
    }
}
