//! A regressor as a study sees it, wherever its plugin runs.

use std::sync::Arc;

use nalgebra::DMatrix;
use ocean_engine::regressor::Regressor;
use ocean_plugin_abi as abi;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::PluginRegressor;
use crate::fitted::Fitted;
use crate::profile::Profile;
use crate::{Plugin, PluginError};

/// What a study says about one regressor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressorOptions {
    /// An absolute grid; `None`: relative to the data, as the plugin's or the family's grid makes
    /// it.
    pub alphas: Option<Vec<f64>>,
    /// Rows of a relative grid; `None`: 30, for lasso and elastic net 50.
    pub n_alphas: Option<usize>,
    /// The weakest penalty of a relative grid of a lasso or elastic net, as a share of the
    /// strongest; `None`: as glmnet, 1e-4, or .01 with fewer rows than features.
    pub alpha_min_ratio: Option<f64>,
    /// An elastic net fits y as it is, as scikit-learn does, even along a grid from the data.
    pub keeps_y: bool,
    /// What the plugin's own randomness follows from, if it has any.
    pub seed: u64,
    /// The parameters, one JSON object per combination of tunable values, the strongest first. At
    /// least one.
    pub variants: Vec<Map<String, Value>>,
}

impl Default for RegressorOptions {
    fn default() -> Self {
        Self {
            alphas: None,
            n_alphas: None,
            alpha_min_ratio: Some(1e-3),
            keeps_y: false,
            seed: 0,
            variants: vec![Map::new()],
        }
    }
}

/// A regressor of a study, whether its plugin runs in this process or in a worker.
pub trait StudyRegressor: Regressor + Send {
    /// The plugin behind it.
    fn plugin(&self) -> &Arc<Plugin>;

    /// What is known of it without asking it.
    fn profile(&self) -> &Profile;

    /// One model of `variant`: X (n × p, scaled), y (n, centred), the penalty in units of that y.
    ///
    /// # Errors
    /// UNSUPPORTED for a plugin whose models cannot be kept ([`can_be_kept`](crate::can_be_kept)),
    /// else whatever it reports.
    fn fit_model(
        &self,
        variant: usize,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
    ) -> Result<Fitted, PluginError>;

    /// What a model that was kept as bytes, by a regressor of one variant, predicts for rows in the
    /// scaling of its X; in units of its y, without the mean.
    ///
    /// # Errors
    /// PARAM for bytes that the plugin does not know.
    fn predict_model(&self, state: &[u8], x_new: &DMatrix<f64>) -> Result<Vec<f64>, PluginError>;

    /// For a plugin without a path of its own, what that costs and which interface would help; to
    /// be said once. `None` when the plugin has one.
    ///
    /// `n_designs`: prepared training sets; `n_columns`: targets with all their permutations.
    fn cost_note(&self, n_designs: u64, n_columns: u64) -> Option<String> {
        let (plugin, profile) = (self.plugin(), self.profile());
        if plugin.offers(abi::id::PATH) {
            return None;
        }
        let fits = n_designs
            .saturating_mul(n_columns)
            .saturating_mul((profile.n_alphas * profile.n_variants) as u64);
        let (how, missing) = if plugin.offers(abi::id::BATCH) {
            ("in blocks of targets", abi::id::PATH)
        } else {
            ("one by one", abi::id::BATCH)
        };
        Some(format!(
            "{} has no path of its own: up to {fits} fits, {how}; implementing `{missing}` makes it faster",
            plugin.title()
        ))
    }
}

impl StudyRegressor for PluginRegressor {
    fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn fit_model(
        &self,
        variant: usize,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
    ) -> Result<Fitted, PluginError> {
        self.fit_here(variant, x, y, alpha)
    }

    fn predict_model(&self, state: &[u8], x_new: &DMatrix<f64>) -> Result<Vec<f64>, PluginError> {
        self.predict_here(state, x_new)
    }
}
