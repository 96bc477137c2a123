//! Checks of what a regressor computes: what its family promises, and what its coefficients are.

use nalgebra::{DMatrix, DVector, DVectorView};
use ocean_engine::family::{Family, alpha_max};
use ocean_loader::{PluginRegressor, StudyRegressor};
use ocean_plugin_abi::id;

use super::result::{Outcome, Verdict, failed, skipped};
use super::subject::{Subject, apart, of_plugin};

/// Two ways to one model of an iterative solver: its tolerance, not the last bit.
pub const SAME: f64 = 1e-6;
/// A violation of the optimality conditions, as a share of α.
const KKT: f64 = 1e-5;

/// Penalties of the family make coefficients zero.
pub fn is_sparse(subject: &Subject) -> bool {
    subject.plugin.family.is_sparse()
}

/// Predictions of the rows that were fitted.
pub fn fit(
    regressor: &PluginRegressor,
    x: &DMatrix<f64>,
    y: &[f64],
    alpha: f64,
) -> Result<Vec<f64>, Outcome> {
    regressor.fit_predict(x, y, alpha, x).map_err(of_plugin)
}

pub fn order_of_rows(subject: &Subject) -> Verdict {
    if subject.plugin.family == Family::Other {
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
    let power = match subject.plugin.family {
        Family::Ridge => 0.0,
        Family::Lasso => 1.0,
        Family::ElasticNet | Family::Other => {
            return skipped("its family promises nothing about the units of y");
        }
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

fn coefficients(
    subject: &Subject,
    x: &DMatrix<f64>,
    y: &[f64],
    alpha: f64,
) -> Result<Vec<f64>, Outcome> {
    use ocean_loader::Fitted;
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

pub fn ridge_is_closed_form(subject: &Subject) -> Verdict {
    if subject.plugin.family != Family::Ridge {
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
    let products = x.tr_mul(&DVectorView::from_slice(&y, 40));
    let top = alpha_max(products.iter().copied(), 40, l1_ratio(subject).max(1e-3));
    let at_top = coefficients(subject, &x, &y, top * (1.0 + 1e-9))?;
    let below = coefficients(subject, &x, &y, top * 0.95)?;
    let n_nonzero = |w: &[f64]| w.iter().filter(|value| **value != 0.0).count();
    match (n_nonzero(&at_top), n_nonzero(&below)) {
        (0, 1..) => Ok(Outcome::Success),
        (0, 0) => failed("just below α_max, max|Xᵀy|/(nρ), it has no coefficient"),
        (n, _) => failed(format!("at α_max, max|Xᵀy|/(nρ), it has {n} coefficients")),
    }
}
