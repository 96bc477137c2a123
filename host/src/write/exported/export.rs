//! Models on all rows, for the cells of regressors that ask for them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use nalgebra::DMatrix;
use ocean_engine::design::{FoldDesigns, Layout};
use ocean_engine::nested::{Fit, NestedCv};
use ocean_engine::scale::mean_and_sd_of_varying;
use ocean_engine::score::mean_and_sd;
use ocean_loader::{Fitted, StudyRegressor};
use ocean_report::model::CellResult;

use super::error::NoModel;
use super::file::FORMAT;
use super::model::{Evidence, Model, PluginName, Regression};
use super::taken_out;
use crate::encode::sources::{Embedded, NamedRegressor};
use crate::keep::atomic;
use crate::keep::file_names::distinct;
use crate::plan::Unit;
use crate::read::dataset::Covariate;
use crate::run::{FinishedRun, RunError};
use crate::tell::progress::Progress;

/// Fitted alone and along its path a model is the same, up to the solver's tolerance: this share of
/// the sd of y.
const SAME: f64 = 1e-4;

/// Where they go in the results folder.
const FOLDER: &str = "models";

/// What models are made from.
pub struct Export<'a> {
    /// The finished run.
    pub run: &'a FinishedRun<'a>,
}

impl Export<'_> {
    /// Writes `models/*.ocean`. A model that cannot be made is a warning: the study does not depend
    /// on it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, progress: &Progress) -> Result<(), RunError> {
        let regressors = self.regressors();
        if regressors.is_empty() {
            return Ok(());
        }
        let folder = self.run.plan.out.join(FOLDER);
        atomic::create_folder(&folder)?;
        let files = self.files(&regressors, &folder);
        for (at, encoder) in self.run.sources.encoders.iter().enumerate() {
            if encoder.is_control || !encoder.is_reported {
                continue;
            }
            for regressor in &regressors {
                for row_set in 0..self.run.arrangement.row_sets.len() {
                    match self.fit(at, regressor, row_set) {
                        Ok(models) => write_all(models, [&encoder.name, &regressor.name], &files)?,
                        Err(why) => progress.warn(&format!(
                            "no models of encoder `{}`, regressor `{}`: {why}",
                            encoder.name, regressor.name
                        )),
                    }
                }
            }
        }
        Ok(())
    }

    /// The models that [`Export::write`] may write, as the results folder names them.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let files = self.files(&self.regressors(), Path::new("")).into_values();
        let mut names: Vec<String> = files
            .map(|file| format!("{FOLDER}/{}", file.display()))
            .collect();
        names.sort();
        names
    }

    /// Those whose models are asked for.
    fn regressors(&self) -> Vec<&NamedRegressor> {
        let is_asked = |regressor: &&NamedRegressor| {
            let mut plans = self.run.plan.regressors.iter();
            plans.any(|plan| plan.name == regressor.name && plan.export_models)
        };
        let regressors = self.run.sources.regressors.iter();
        regressors.filter(is_asked).collect()
    }

    /// A file for every model.
    fn files<'a>(&'a self, regressors: &[&'a NamedRegressor], folder: &Path) -> Files<'a> {
        let encoders = self.run.sources.encoders.iter();
        let mut models = Vec::new();
        for encoder in encoders.filter(|encoder| !encoder.is_control && encoder.is_reported) {
            for regressor in regressors {
                let targets = self.run.arrangement.target_names.iter();
                models.extend(targets.map(|target| [&*encoder.name, &regressor.name, target]));
            }
        }
        let labels: Vec<Vec<&str>> = models.iter().map(|names| names.to_vec()).collect();
        let paths = distinct(&labels).into_iter();
        let paths = paths.map(|stem| folder.join(format!("{stem}.ocean")));
        models.iter().copied().zip(paths).collect()
    }

    /// The models of all targets of a row set.
    fn fit(
        &self,
        encoder: usize,
        regressor: &NamedRegressor,
        row_set: usize,
    ) -> Result<Vec<Model>, NoModel> {
        let Embedded { x, weights, .. } = &self.run.embedded[encoder];
        let set = &self.run.arrangement.row_sets[row_set];
        let layout = Layout {
            weights: weights.as_deref(),
            ..self.run.arrangement.layout(x)
        };
        let designs = FoldDesigns::build_final(&layout, &set.rows, 0)?;
        let y = DMatrix::from_fn(set.rows.len(), set.targets.len(), |row, t| {
            self.run.arrangement.targets.y()[(set.rows[row], set.targets[t])]
        });
        let machine = regressor.regressor.as_ref();
        let out = NestedCv::prepare(&designs, machine, regressor.tuning)
            .and_then(|nested| nested.run(&y))?;
        let covariates = self.run.arrangement.covariates.as_ref();
        let z = covariates.map(|all| taken_out::Fit::of(&all.z.select_rows(&set.rows)));
        let scaling = Scaling::of(&x.select_rows(&set.rows), z.as_ref());
        let scaling = scaling.weighted(weights.as_deref());
        let mut models = Vec::new();
        for (column, &target) in set.targets.iter().enumerate() {
            let name = &self.run.arrangement.target_names[target];
            let is_cell = |cell: &&CellResult| {
                cell.encoder == self.run.sources.encoders[encoder].name
                    && cell.regressor == regressor.name
                    && cell.target == *name
            };
            let Some(cell) = self.run.cells.results.iter().find(is_cell) else {
                continue;
            };
            let fit = out.fits[0][column];
            let (values, of_path) = (y.column(column), out.y_hat.column(column));
            let (values, of_path) = (values.as_slice(), of_path.as_slice());
            let z = z.as_ref();
            let alone = fit_alone(name, machine, &designs.outer[0].x, values, z, fit, of_path)?;
            let taken_out = covariates
                .zip(z)
                .map(|(all, z)| z.kept(&all.kinds, scaling.slopes.clone(), alone.slopes.clone()));
            models.push(Model {
                taken_out,
                ..self.model(cell, encoder, regressor, fit, alone, &scaling)
            });
        }
        Ok(models)
    }

    /// The column of groups, where a model needs it.
    fn group(&self) -> Option<String> {
        let covariates = self.run.arrangement.covariates.as_ref();
        let of_sizes = covariates.is_some_and(|all| all.kinds.contains(&Covariate::LogSize));
        let is_needed = of_sizes || self.run.plan.evaluation.unit == Unit::Group;
        self.run.plan.data.group.clone().filter(|_| is_needed)
    }

    fn model(
        &self,
        cell: &CellResult,
        encoder: usize,
        regressor: &NamedRegressor,
        fit: Fit,
        alone: Alone,
        scaling: &Scaling,
    ) -> Model {
        Model {
            ocean_model: FORMAT,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            study: self.run.plan.study.name.clone(),
            target: cell.target.clone(),
            id: self.run.plan.data.id.clone(),
            text: self.run.plan.data.text.clone(),
            unit: self.run.plan.evaluation.unit,
            group: self.group(),
            encoder: self.run.sources.encoders[encoder].recipe(),
            taken_out: None,
            regressor: Regression {
                name: regressor.name.clone(),
                plugin: PluginName::of(regressor.regressor.plugin()),
                params: regressor.variants[fit.variant].clone(),
                alpha: Some(fit.alpha).filter(|alpha| alpha.is_finite()),
                mean: scaling.mean.clone(),
                sd: scaling.sd.clone(),
                intercept: alone.intercept,
                scale: alone.scale,
                fitted: alone.fitted,
            },
            evidence: Evidence {
                n: cell.n,
                n_train: cell.n_train,
                r2: cell.r2,
                ci: cell.ci_low.zip(cell.ci_high),
                p_fwer: cell.p_fwer,
                verdict: cell.verdict,
            },
            checksum: String::new(),
        }
    }
}

/// Writes what was fitted of an encoder and a regressor.
fn write_all(models: Vec<Model>, of: [&str; 2], files: &Files<'_>) -> Result<(), RunError> {
    let [encoder, regressor] = of;
    for mut model in models {
        let file = files.get(&[encoder, regressor, &model.target]).cloned();
        if let Some(file) = file {
            model.write(&file)?;
        }
    }
    Ok(())
}

/// The file of each encoder, regressor and target.
type Files<'a> = HashMap<[&'a str; 3], PathBuf>;

/// One model by itself.
struct Alone {
    intercept: f64,
    scale: f64,
    /// Γ̂; none without covariates.
    slopes: Vec<f64>,
    fitted: Fitted,
}

/// Fits what the path chose once more, alone, and holds it against the path's own predictions of
/// the same rows, `of_path`. `z`: what is taken out of y before.
fn fit_alone(
    target: &str,
    regressor: &dyn StudyRegressor,
    x: &DMatrix<f64>,
    y: &[f64],
    z: Option<&taken_out::Fit>,
    fit: Fit,
    of_path: &[f64],
) -> Result<Alone, NoModel> {
    let (intercept, sd) = mean_and_sd(y, 0);
    let mut left: Vec<f64> = y.iter().map(|value| value - intercept).collect();
    let slopes = z.map_or(Vec::new(), |z| z.take_out(&mut left));
    let scale = if regressor.scales_y() {
        mean_and_sd(&left, 0).1
    } else {
        1.0
    };
    let alone = |fitted| Alone {
        intercept,
        scale,
        slopes,
        fitted,
    };
    if fit.is_empty {
        return Ok(alone(Fitted::Coefficients(vec![0.0; x.ncols()])));
    }
    let scaled: Vec<f64> = left.iter().map(|value| value / scale).collect();
    let failed = |source| NoModel::Plugin {
        target: target.to_owned(),
        source,
    };
    let fitted = regressor
        .fit_model(fit.variant, x, &scaled, fit.alpha / scale)
        .map_err(failed)?;
    let y_hat = match &fitted {
        Fitted::Coefficients(w) => (x * nalgebra::DVectorView::from_slice(w, w.len()))
            .as_slice()
            .to_vec(),
        Fitted::State(state) => regressor.predict_model(state, x).map_err(failed)?,
    };
    // What y has without what is left of it: its mean, and with covariates what they explain.
    let without_x = y.iter().zip(&left).map(|(y, left)| y - left);
    let apart = |((base, alone), path): ((f64, &f64), &f64)| (base + scale * alone - path).abs();
    let furthest = without_x.zip(&y_hat).zip(of_path).map(apart);
    let furthest = furthest.fold(0.0, f64::max);
    if furthest <= SAME * sd {
        Ok(alone(fitted))
    } else {
        Err(NoModel::Differs {
            target: target.to_owned(),
            sds: furthest / sd,
            plugin: regressor.plugin().path.clone(),
        })
    }
}

/// How the columns of X are scaled.
struct Scaling {
    mean: Vec<f64>,
    /// ddof 0, of what covariates leave; 0 for a column without spread.
    sd: Vec<f64>,
    /// B̂: for each column of Z a slope of every column; none without covariates.
    slopes: Vec<Vec<f64>>,
}

impl Scaling {
    /// A column that counts w times is one of 1/w times the sd.
    fn weighted(mut self, weights: Option<&[f64]>) -> Self {
        let of_columns = self.sd.iter_mut().zip(weights.into_iter().flatten());
        of_columns.for_each(|(sd, weight)| *sd /= weight);
        self
    }

    /// `x`: the rows of the model.
    fn of(x: &DMatrix<f64>, z: Option<&taken_out::Fit>) -> Self {
        let of_column = |column: nalgebra::DVectorView<'_, f64>| {
            mean_and_sd_of_varying(column.as_slice()).unwrap_or((0.0, 0.0))
        };
        let (mean, sd) = x.column_iter().map(of_column).unzip();
        match z {
            None => Self {
                mean,
                sd,
                slopes: Vec::new(),
            },
            Some(z) => {
                let (slopes, sd) = z.take_out_of_all(x);
                Self { mean, sd, slopes }
            }
        }
    }
}
