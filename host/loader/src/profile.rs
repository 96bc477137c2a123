//! What is known of a regressor from its descriptor, its interfaces and a study's options alone,
//! wherever its plugin runs.

use ocean_engine::family::Family;
use ocean_plugin_abi as abi;

use super::grid::Grid;
use super::{Plugin, RegressorOptions};

/// Rows a feature from which on moments are faster than rows (measured at p = 384, n from 500 to
/// 10,000): of sparse models, and of any. Scoring a model of every feature from moments costs p
/// multiplications a feature, from rows n.
const ROWS_A_FEATURE: (usize, usize) = (2, 8);

/// The engine's questions that need no plugin to answer.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Combinations of tunable parameters.
    pub n_variants: usize,
    /// Rows of the penalty grid.
    pub n_alphas: usize,
    /// Whether y comes with variance 1.
    pub scales_y: bool,
    /// Rows a feature from which on moments are used; `None`: never.
    moments_from: Option<usize>,
    /// Whether its paths may be asked for errors without predictions.
    pub ranks: bool,
}

impl Profile {
    /// Of `plugin` with `options`.
    pub(super) fn of(plugin: &Plugin, options: &RegressorOptions) -> Self {
        let grid = Grid::of(plugin);
        let (of_sparse, of_any) = ROWS_A_FEATURE;
        let least = if grid == Grid::Sparse {
            of_sparse
        } else {
            of_any
        };
        let has_path = plugin.offers(abi::id::PATH);
        Self {
            n_variants: options.variants.len(),
            n_alphas: match (&options.alphas, options.n_alphas, grid) {
                (Some(given), _, _) => given.len(),
                (None, _, Grid::Point(_)) if !has_path => 1,
                (None, Some(n), _) => n.max(1),
                // A path of a family that is not ours: as many as the ridge.
                (None, None, Grid::Point(_)) => Grid::Ridge.n_alphas(),
                (None, None, grid) => grid.n_alphas(),
            },
            // Penalties that a user gives are meant for y as it is, as in other software.
            scales_y: plugin.family == Family::ElasticNet
                && options.alphas.is_none()
                && !options.keeps_y,
            moments_from: plugin.offers(abi::id::MOMENTS).then_some(least),
            ranks: has_path && plugin.offers(abi::id::ERRORS),
        }
    }

    /// Whether moments are the faster way, if there are any.
    pub fn takes_moments(&self, n_samples: usize, n_features: usize) -> bool {
        self.moments_from
            .is_some_and(|least| n_samples >= least * n_features)
    }
}
