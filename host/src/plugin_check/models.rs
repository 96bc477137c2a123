//! Checks of what a regressor computes: the same whatever interface is asked, and what its family promises.

use nalgebra::{DMatrix, DVector, DVectorView};
use ocean_engine::regressor::{FitInfo, Regressor};
use ocean_plugin_abi::id;

use super::result::Outcome;
use super::subject::{Subject, Verdict, apart, failed, of_plugin, skipped};
use crate::library::{PluginRegressor, StudyRegressor};

/// Two ways to one model of an iterative solver: its tolerance, not the last bit.
const SAME: f64 = 1e-6;
/// A violation of the optimality conditions, as a share of α.
const KKT: f64 = 1e-5;

fn family(subject: &Subject) -> &str {
    &subject.plugin.descriptor.family
}

fn is_sparse(subject: &Subject) -> bool {
    matches!(family(subject), "lasso" | "elastic-net")
}

fn fit(
    regressor: &PluginRegressor,
    x: &DMatrix<f64>,
    y: &[f64],
    alpha: f64,
) -> Result<Vec<f64>, Outcome> {
    regressor.fit_predict(x, y, alpha, x).map_err(of_plugin)
}

pub fn order_of_rows(subject: &Subject) -> Verdict {
    if family(subject) != "ridge" && !is_sparse(subject) {
        return skipped("its family may depend on the order: a bootstrap does");
    }
    let (x, y) = subject.data("order", 40, 6);
    let regressor = subject.regressor()?;
    let expected = fit(&regressor, &x, &y, subject.alpha())?;
    let order: Vec<usize> = (0..40).map(|row| (row * 17 + 5) % 40).collect();
    let shuffled = x.select_rows(&order);
    let y: Vec<f64> = order.iter().map(|&row| y[row]).collect();
    let found = fit(&regressor, &shuffled, &y, subject.alpha())?;
    let expected: Vec<f64> = order.iter().map(|&row| expected[row]).collect();
    let apart = apart(&expected, &found);
    if apart > SAME {
        return failed(format!(
            "rows in another order change predictions by {apart:.1e}"
        ));
    }
    Ok(Outcome::Success)
}

pub fn units_of_y(subject: &Subject) -> Verdict {
    let power = match family(subject) {
        "ridge" => 0.0,
        "lasso" => 1.0,
        _ => return skipped("its family promises nothing about the units of y"),
    };
    let (x, y) = subject.data("units", 40, 6);
    let regressor = subject.regressor()?;
    let expected = fit(&regressor, &x, &y, subject.alpha())?;
    for c in [100.0f64, 0.01] {
        let scaled: Vec<f64> = y.iter().map(|value| value * c).collect();
        let alpha = subject.alpha() * c.powf(power);
        let found = fit(&regressor, &x, &scaled, alpha)?;
        let found: Vec<f64> = found.iter().map(|value| value / c).collect();
        let apart = apart(&expected, &found);
        if apart > SAME {
            return failed(format!(
                "y in units of {c} changes predictions by {apart:.1e}"
            ));
        }
    }
    Ok(Outcome::Success)
}

/// Predictions of one target along a grid, by whatever path the host drives.
fn along_path(
    regressor: &PluginRegressor,
    x: &DMatrix<f64>,
    y: &[f64],
    alphas: &[f64],
) -> Result<Vec<Vec<f64>>, Outcome> {
    let engine =
        |error: ocean_engine::regressor::RegressorError| Outcome::Failed(error.to_string());
    let prepared = regressor.prepare(x, x).map_err(engine)?;
    // A second target beside it, in the other order of rows.
    let other: Vec<f64> = y.iter().rev().copied().collect();
    let y = DMatrix::from_columns(&[
        DVector::from_column_slice(y),
        DVector::from_column_slice(&other),
    ]);
    let alphas = DMatrix::from_fn(alphas.len(), 2, |row, _| alphas[row]);
    let mut path = prepared.begin(0, &y, &alphas).map_err(engine)?;
    let mut all = Vec::new();
    for step in 0..alphas.nrows() as u32 {
        let mut y_hat = vec![0.0; 2 * x.nrows()];
        let mut info = [FitInfo::default(); 2];
        path.advance(&[0, 1], &[step, step], &mut y_hat, &mut info)
            .map_err(engine)?;
        y_hat.truncate(x.nrows());
        all.push(y_hat);
    }
    Ok(all)
}

/// The interface `id` says what single fits say.
fn same_as_fits(subject: &Subject, interface: &str) -> Verdict {
    if !subject.plugin.offers(interface) {
        return skipped(format!("it does not offer `{interface}`"));
    }
    if subject.plugin.descriptor.alpha().is_none() {
        return skipped("it has no penalty");
    }
    let (x, y) = subject.data("path", 40, 8);
    let regressor = subject.regressor()?;
    let first = if is_sparse(subject) { 40.0 } else { 100.0 };
    let alphas: Vec<f64> = (0..6).map(|step| first / 4f64.powi(step)).collect();
    let all = along_path(&regressor, &x, &y, &alphas)?;
    // Of a sparse model the first is empty by the host's definition.
    let steps = alphas.iter().zip(all).skip(usize::from(is_sparse(subject)));
    for (alpha, of_path) in steps {
        let apart = apart(&fit(&regressor, &x, &y, *alpha)?, &of_path);
        if apart > SAME {
            return failed(format!(
                "at alpha = {alpha} predictions are apart by {apart:.1e}"
            ));
        }
    }
    Ok(Outcome::Success)
}

pub fn path_is_fits(subject: &Subject) -> Verdict {
    same_as_fits(subject, id::PATH)
}

pub fn batch_is_fits(subject: &Subject) -> Verdict {
    if subject.plugin.offers(id::PATH) {
        return skipped("the host drives its path");
    }
    same_as_fits(subject, id::BATCH)
}

fn coefficients(
    subject: &Subject,
    x: &DMatrix<f64>,
    y: &[f64],
    alpha: f64,
) -> Result<Vec<f64>, Outcome> {
    use crate::library::Fitted;
    if !subject.plugin.offers(id::LINEAR) {
        return skipped(format!("it does not offer `{}`", id::LINEAR));
    }
    match subject
        .regressor()?
        .fit_model(0, x, y, alpha)
        .map_err(of_plugin)?
    {
        Fitted::Coefficients(all) => Ok(all),
        Fitted::State(_) => failed("it gives no coefficients"),
    }
}

pub fn coefficients_predict(subject: &Subject) -> Verdict {
    let (x, y) = subject.data("linear", 40, 6);
    let w = coefficients(subject, &x, &y, subject.alpha())?;
    let found = &x * DVectorView::from_slice(&w, w.len());
    let expected = fit(&subject.regressor()?, &x, &y, subject.alpha())?;
    let apart = apart(&expected, found.as_slice());
    if apart > SAME {
        return failed(format!("Xw and predict are apart by {apart:.1e}"));
    }
    Ok(Outcome::Success)
}

pub fn moments_are_rows(subject: &Subject) -> Verdict {
    use ocean_engine::regressor::MomentsRegressor;
    if !subject.plugin.offers(id::MOMENTS) {
        return skipped(format!("it does not offer `{}`", id::MOMENTS));
    }
    let engine =
        |error: ocean_engine::regressor::RegressorError| Outcome::Failed(error.to_string());
    let (x, y) = subject.data("moments", 60, 6);
    let regressor = subject.regressor()?;
    let n = x.nrows() as f64;
    let gram = x.tr_mul(&x) / n;
    let y = DMatrix::from_column_slice(60, 1, &y);
    let (xty, y_sq) = (x.tr_mul(&y) / n, y.norm_squared() / n);
    let prepared = regressor.prepare_moments(&gram, 60).map_err(engine)?;
    let alpha = subject.alpha();
    let alphas = DMatrix::from_element(1, 1, alpha);
    let mut path = prepared.begin(0, &xty, &[y_sq], &alphas).map_err(engine)?;
    let mut w = vec![0.0; 6];
    path.advance(&[0], &[0], &mut w, &mut [FitInfo::default()])
        .map_err(engine)?;
    let found = &x * DVectorView::from_slice(&w, 6);
    let apart = apart(&fit(&regressor, &x, y.as_slice(), alpha)?, found.as_slice());
    if apart > SAME {
        return failed(format!("from moments predictions are apart by {apart:.1e}"));
    }
    Ok(Outcome::Success)
}

pub fn ridge_is_closed_form(subject: &Subject) -> Verdict {
    if family(subject) != "ridge" {
        return skipped("its family is not ridge");
    }
    for (n, p) in [(40, 6), (20, 50)] {
        let (x, y) = subject.data("ridge", n, p);
        for alpha in [0.1, 10.0, 1000.0] {
            let gram = x.tr_mul(&x) + DMatrix::identity(p, p) * alpha;
            let Some(factor) = gram.cholesky() else {
                return skipped("the test's own system has no solution");
            };
            let w = factor.solve(&x.tr_mul(&DVectorView::from_slice(&y, n)));
            let found = fit(&subject.regressor()?, &x, &y, alpha)?;
            let apart = apart((&x * w).as_slice(), &found);
            if apart > SAME {
                return failed(format!(
                    "{n} × {p}, alpha = {alpha}: (XᵀX + αI)⁻¹Xᵀy predicts otherwise by {apart:.1e}"
                ));
            }
        }
    }
    Ok(Outcome::Success)
}

/// The share of ℓ1 that a sparse plugin is tested with.
fn l1_ratio(subject: &Subject) -> f64 {
    let given = subject
        .params
        .get("l1_ratio")
        .and_then(serde_json::Value::as_f64);
    given.unwrap_or(1.0)
}

pub fn sparse_is_optimal(subject: &Subject) -> Verdict {
    if !is_sparse(subject) {
        return skipped("its family is neither lasso nor elastic-net");
    }
    let rho = l1_ratio(subject);
    for (n, p) in [(40, 6), (20, 50)] {
        let (x, y) = subject.data("kkt", n, p);
        for alpha in [0.5, 0.1, 0.02] {
            let w = coefficients(subject, &x, &y, alpha)?;
            let w = DVector::from_vec(w);
            let residual = DVector::from_column_slice(&y) - &x * &w;
            let gradient = x.tr_mul(&residual) / n as f64 - &w * (alpha * (1.0 - rho));
            for (at, (slope, w)) in gradient.iter().zip(&w).enumerate() {
                let violation = if *w == 0.0 {
                    (slope.abs() - alpha * rho).max(0.0)
                } else {
                    (slope - alpha * rho * w.signum()).abs()
                };
                if violation > KKT * alpha {
                    return failed(format!(
                        "{n} × {p}, alpha = {alpha}: column {at} misses its optimality condition by {:.1e} α",
                        violation / alpha
                    ));
                }
            }
        }
    }
    Ok(Outcome::Success)
}

pub fn sparse_is_empty_at_the_top(subject: &Subject) -> Verdict {
    if !is_sparse(subject) {
        return skipped("its family is neither lasso nor elastic-net");
    }
    let (x, y) = subject.data("empty", 40, 10);
    let slopes = x.tr_mul(&DVectorView::from_slice(&y, 40)) / 40.0;
    let top = slopes.amax() / l1_ratio(subject).max(1e-3);
    let at_top = coefficients(subject, &x, &y, top * (1.0 + 1e-9))?;
    let below = coefficients(subject, &x, &y, top * 0.95)?;
    let n_nonzero = |w: &[f64]| w.iter().filter(|value| **value != 0.0).count();
    match (n_nonzero(&at_top), n_nonzero(&below)) {
        (0, 1..) => Ok(Outcome::Success),
        (0, 0) => failed("just below α_max, max|Xᵀy|/(nρ), it has no coefficient"),
        (n, _) => failed(format!("at α_max, max|Xᵀy|/(nρ), it has {n} coefficients")),
    }
}
