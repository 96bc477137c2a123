//! Models on all rows, for the cells of regressors that ask for them.

use std::path::Path;

use nalgebra::DMatrix;
use ocean_engine::design::{FoldDesigns, mean_and_sd_of_varying};
use ocean_engine::nested::{Fit, NestedCv};
use ocean_engine::score::mean_and_sd;

use super::model::{Evidence, FORMAT, Model, Regression};
use crate::arrangement::Arrangement;
use crate::atomic;
use crate::encode_command::file_stem;
use crate::library::{Fitted, StudyRegressor};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::model::CellResult;
use crate::run::RunError;
use crate::sources::{Embedded, NamedRegressor, Sources};

/// Fitted alone and along its path a model is the same, up to the solver's tolerance: this share of the sd of y.
const SAME: f64 = 1e-4;

/// The finished study.
pub struct Export<'a> {
    /// What was asked for.
    pub plan: &'a Plan,
    /// Rows and folds.
    pub arrangement: &'a Arrangement,
    /// Encoders and regressors.
    pub sources: &'a Sources,
    /// Vectors, one matrix an encoder.
    pub embedded: &'a [Embedded],
    /// What was found.
    pub cells: &'a [CellResult],
}

impl Export<'_> {
    /// Writes `models/*.ocean`. A model that cannot be made is a warning: the study does not depend on it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, progress: &Progress) -> Result<(), RunError> {
        let is_asked = |regressor: &&NamedRegressor| {
            let mut plans = self.plan.regressors.iter();
            plans.any(|plan| plan.name == regressor.name && plan.export_models)
        };
        let regressors: Vec<&NamedRegressor> =
            self.sources.regressors.iter().filter(is_asked).collect();
        if regressors.is_empty() {
            return Ok(());
        }
        let folder = self.plan.out.join("models");
        atomic::create_folder(&folder)?;
        for (at, encoder) in self.sources.encoders.iter().enumerate() {
            if encoder.is_control {
                continue;
            }
            for regressor in &regressors {
                for row_set in 0..self.arrangement.row_sets.len() {
                    if let Err(why) = self.write_row_set(at, regressor, row_set, &folder)? {
                        progress.warn(&format!(
                            "no models of encoder `{}`, regressor `{}`: {why}",
                            encoder.name, regressor.name
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// The models of all targets of a row set; the inner error: why there are none.
    fn write_row_set(
        &self,
        encoder: usize,
        regressor: &NamedRegressor,
        row_set: usize,
        folder: &Path,
    ) -> Result<Result<(), String>, RunError> {
        let models = match self.fit(encoder, regressor, row_set) {
            Ok(models) => models,
            Err(why) => return Ok(Err(why)),
        };
        for mut model in models {
            let names = [
                &self.sources.encoders[encoder].name,
                &regressor.name,
                &model.target,
            ];
            let stem = names.map(|name| file_stem(name)).join("__");
            model.write(&folder.join(format!("{stem}.ocean")))?;
        }
        Ok(Ok(()))
    }

    fn fit(
        &self,
        encoder: usize,
        regressor: &NamedRegressor,
        row_set: usize,
    ) -> Result<Vec<Model>, String> {
        let x = &self.embedded[encoder].x;
        let set = &self.arrangement.row_sets[row_set];
        let designs = FoldDesigns::build_final(&self.arrangement.layout(x), &set.rows, 0)
            .map_err(|e| e.to_string())?;
        let y = DMatrix::from_fn(set.rows.len(), set.targets.len(), |row, t| {
            self.arrangement.targets.y()[(set.rows[row], set.targets[t])]
        });
        let machine = regressor.regressor.as_ref();
        let out = NestedCv::prepare(&designs, machine, regressor.tuning)
            .and_then(|nested| nested.run(&y))
            .map_err(|e| e.to_string())?;
        let (mean, sd) = scaling(x, &set.rows);
        let mut models = Vec::new();
        for (column, &target) in set.targets.iter().enumerate() {
            let name = &self.arrangement.target_names[target];
            let is_cell = |cell: &&CellResult| {
                cell.encoder == self.sources.encoders[encoder].name
                    && cell.regressor == regressor.name
                    && cell.target == *name
            };
            let Some(cell) = self.cells.iter().find(is_cell) else {
                continue;
            };
            let fit = out.fits[0][column];
            let (values, of_path) = (y.column(column), out.y_hat.column(column));
            let (values, of_path) = (values.as_slice(), of_path.as_slice());
            let fitted = fit_alone(machine, &designs.outer[0].x, values, fit, of_path)
                .map_err(|why| format!("target `{name}`: {why}"))?;
            models.push(self.model(cell, encoder, regressor, fit, fitted, (&mean, &sd)));
        }
        Ok(models)
    }

    fn model(
        &self,
        cell: &CellResult,
        encoder: usize,
        regressor: &NamedRegressor,
        fit: Fit,
        alone: Alone,
        (mean, sd): (&[f64], &[f64]),
    ) -> Model {
        let plugin = regressor.regressor.plugin();
        Model {
            ocean_model: FORMAT,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            study: self.plan.study.name.clone(),
            target: cell.target.clone(),
            id: self.plan.data.id.clone(),
            text: self.plan.data.text.clone(),
            encoder: self.sources.encoders[encoder].recipe(),
            regressor: Regression {
                name: regressor.name.clone(),
                id: plugin.descriptor.id.clone(),
                path: plugin.path.clone(),
                hash: plugin.hash.clone(),
                params: regressor.variants[fit.variant].clone(),
                alpha: Some(fit.alpha).filter(|alpha| alpha.is_finite()),
                mean: mean.to_vec(),
                sd: sd.to_vec(),
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
                verdict: cell.verdict.clone(),
            },
            checksum: String::new(),
        }
    }
}

/// One model by itself.
struct Alone {
    intercept: f64,
    scale: f64,
    fitted: Fitted,
}

/// Fits what the path chose once more, alone, and holds it against the path's own predictions of the same rows, `of_path`.
fn fit_alone(
    regressor: &dyn StudyRegressor,
    x: &DMatrix<f64>,
    y: &[f64],
    fit: Fit,
    of_path: &[f64],
) -> Result<Alone, String> {
    let (intercept, sd) = mean_and_sd(y, 0);
    let scale = if regressor.scales_y() { sd } else { 1.0 };
    let alone = |fitted| Alone {
        intercept,
        scale,
        fitted,
    };
    if fit.is_empty {
        return Ok(alone(Fitted::Coefficients(vec![0.0; x.ncols()])));
    }
    let centred: Vec<f64> = y.iter().map(|value| (value - intercept) / scale).collect();
    let failed = |error: crate::library::PluginError| error.to_string();
    let fitted = regressor
        .fit_model(fit.variant, x, &centred, fit.alpha / scale)
        .map_err(failed)?;
    let y_hat = match &fitted {
        Fitted::Coefficients(w) => (x * nalgebra::DVectorView::from_slice(w, w.len()))
            .as_slice()
            .to_vec(),
        Fitted::State(state) => regressor.predict_model(state, x).map_err(failed)?,
    };
    let apart = |(alone, path): (&f64, &f64)| (intercept + scale * alone - path).abs();
    let furthest = y_hat.iter().zip(of_path).map(apart).fold(0.0, f64::max);
    if furthest <= SAME * sd {
        Ok(alone(fitted))
    } else {
        Err(format!(
            "fitted alone it predicts otherwise than along its path (by up to {:.1e} sd of y); run `ocean-host plugin check {}`",
            furthest / sd,
            regressor.plugin().path.display()
        ))
    }
}

/// Mean and sd (ddof 0) of each column over `rows`; an sd of 0 for a column without spread.
fn scaling(x: &DMatrix<f64>, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let columns = x.column_iter();
    columns
        .map(|column| {
            let values: Vec<f64> = rows.iter().map(|&row| column[row]).collect();
            mean_and_sd_of_varying(&values).unwrap_or((0.0, 0.0))
        })
        .unzip()
}
