//! Regressors of a study, checked and ready, and their penalties in words.

use std::path::Path;

use ocean_engine::family::Family;
use ocean_engine::nested::{Grid, Selection, Tuning};
use ocean_loader::{
    CallContext, Kind, Library, PluginError, RegressorOptions, StudyRegressor, can_be_kept,
};
use serde_json::{Map, Value};

use super::{limits, origin, refused};
use crate::plan::{self, Compat, Patience, RegressorPlan};
use crate::problem::{Problem, Refusal};

/// A regressor, checked and ready.
pub struct NamedRegressor {
    /// Its label.
    pub name: String,
    /// "ridge 0.1.0".
    pub origin: String,
    /// Its plugin's parameters in words.
    pub parameters: Option<String>,
    /// Hash of the plugin file.
    pub hash: String,
    /// What it minimises, as its descriptor names it.
    pub family: Family,
    /// The objective, when its family is known.
    pub objective: Option<&'static str>,
    /// The penalties tried, as half a sentence.
    pub penalties: String,
    /// The user gave the penalties.
    pub has_absolute_grid: bool,
    /// The l1_ratio of each variant, strongest first; empty when it has none.
    pub l1_ratios: Vec<f64>,
    /// Its parameters, one object a variant.
    pub variants: Vec<Map<String, Value>>,
    /// How the penalty is chosen.
    pub tuning: Tuning,
    /// The engine's regressor.
    pub regressor: Box<dyn StudyRegressor>,
}

/// Finds, loads and checks the plugin of a regressor: `folder` is where relative paths start,
/// `seed` what its own randomness follows from.
///
/// # Errors
/// A [`Refusal`] when it does not load, is no regressor or refuses its parameters.
pub(crate) fn open_regressor(
    regressor: &RegressorPlan,
    folder: &Path,
    seed: u64,
    library: &Library,
    context: &CallContext,
) -> Result<NamedRegressor, Refusal> {
    let section = regressor.params.section.clone();
    let isolation = regressor.place.isolation;
    let plugin = library
        .load(&regressor.plugin, folder, Kind::Regressor, isolation)
        .map_err(|error| Problem::new(&section, error.to_string()))?;
    if regressor.export_models && !can_be_kept(&plugin) {
        let message = format!(
            "export_models: {} offers neither `ocean.regressor.linear/1` nor `ocean.state/1`, so its models cannot be kept",
            plugin.title()
        );
        return Err(Problem::new(&section, message)
            .with_try("export_models = false")
            .into());
    }
    let mut checked = regressor.check_parameters(&plugin.descriptor.schema, folder)?;
    regressor.hand_on_tol(
        &plugin.title(),
        &plugin.descriptor.schema,
        &mut checked.fixed,
    )?;
    let variants = checked.variants();
    let parameters = checked.in_words();
    let l1_ratios = variants
        .iter()
        .filter_map(|variant| variant.get("l1_ratio")?.as_f64())
        .collect();
    regressor.refuse_idle_penalty(&plugin.title(), plugin.penalty(), variants.len())?;
    let family = plugin.family;
    let refuse = |error: PluginError| refused(&section, &error);
    let options = RegressorOptions {
        alphas: given_alphas(regressor, family).map_err(|what| Problem::new(&section, what))?,
        n_alphas: regressor.n_alphas.map(|n| n as usize),
        alpha_min_ratio: regressor.alpha_min_ratio,
        keeps_y: regressor.compat == Some(Compat::Sklearn),
        seed,
        variants: variants.clone(),
    };
    let (origin, hash) = (origin(&plugin), plugin.hash.clone());
    let limits = limits(&regressor.place);
    let made = library
        .regressor(plugin, options, context.clone(), limits)
        .map_err(refuse)?;
    Ok(NamedRegressor {
        name: regressor.name.clone(),
        origin,
        parameters,
        hash,
        objective: family.objective(),
        family,
        penalties: penalties(regressor, family, made.as_ref()),
        has_absolute_grid: regressor.alphas.is_some(),
        l1_ratios,
        variants,
        tuning: Tuning {
            patience: patience(regressor, family),
            selection: match regressor.selection {
                plan::Selection::Min => Selection::Min,
                plan::Selection::OneSe => Selection::OneSe,
            },
            grid: match regressor.compat {
                None => Grid::Design,
                Some(_) => Grid::Split,
            },
        },
        regressor: made,
    })
}

fn penalties(plan: &RegressorPlan, family: Family, regressor: &dyn StudyRegressor) -> String {
    let n_alphas = regressor.n_alphas();
    if let Some(compat) = plan.compat {
        let program = match (compat, family) {
            (Compat::Glmnet, _) => "glmnet's cv.glmnet",
            (Compat::Sklearn, Family::Ridge) => "scikit-learn's RidgeCV",
            (Compat::Sklearn, Family::Lasso) => "scikit-learn's LassoCV",
            (Compat::Sklearn, _) => "scikit-learn's ElasticNetCV",
        };
        return format!(
            "the {n_alphas} penalties of {program}, made from the whole training part and walked to the end in its inner folds"
        );
    }
    match (&plan.alphas, family) {
        (Some(alphas), _) => format!(
            "{} given penalties from {} to {}",
            alphas.len(),
            max(alphas),
            min(alphas)
        ),
        (None, Family::Ridge) => format!(
            "{n_alphas} penalties whose effective degrees of freedom are log-spaced from 0.1 to 0.99 of the rank"
        ),
        (None, Family::Lasso | Family::ElasticNet) => {
            let scaled = if regressor.scales_y() {
                "; y has variance 1 in every training set, and penalties are reported in its units"
            } else {
                ""
            };
            format!(
                "{n_alphas} log-spaced penalties from the smallest that empties the model to {} of it{scaled}",
                plan.alpha_min_ratio.unwrap_or_default()
            )
        }
        (None, Family::Other) => format!("{n_alphas} penalties made by the plugin"),
    }
}

fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn min(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The penalties that do not come from the data: the user's, or those of scikit-learn's `RidgeCV`.
fn given_alphas(plan: &RegressorPlan, family: Family) -> Result<Option<Vec<f64>>, String> {
    match (plan.compat, family) {
        (Some(Compat::Sklearn), Family::Ridge) => Ok(Some(vec![10.0, 1.0, 0.1])),
        (Some(Compat::Glmnet), Family::Ridge) => Err(
            "compat = \"glmnet\": glmnet's ridge is the elastic net of l1_ratio 0, on another scale of penalties; use the plugin `elastic-net` with a small l1_ratio".into(),
        ),
        (Some(compat), Family::Other) => Err(format!(
            "compat = \"{compat}\" is for ridge, lasso and elastic net, and this plugin is neither"
        )),
        _ => Ok(plan.alphas.clone()),
    }
}

/// Paths of lasso and elastic net stop early (STATISTICS §1.6); others are walked whole.
fn patience(plan: &RegressorPlan, family: Family) -> Option<usize> {
    match plan.patience {
        Patience::Steps(steps) if family.is_sparse() => Some(steps as usize),
        _ => None,
    }
}
