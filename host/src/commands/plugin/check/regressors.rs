//! Checks of every regressor: shapes, scales, the same bits again, models as bytes.

use nalgebra::DMatrix;
use ocean_loader::{Fitted, PluginRegressor, StudyRegressor, can_be_kept};
use ocean_plugin_abi as abi;

use super::result::{Outcome, Verdict, failed, skipped};
use super::subject::{Subject, apart, of_plugin, same_bits};

/// Predictions that must be there and finite.
pub fn predicts(
    regressor: &PluginRegressor,
    x: &DMatrix<f64>,
    y: &[f64],
    alpha: f64,
    what: &str,
) -> Result<Vec<f64>, Outcome> {
    let y_hat = regressor
        .fit_predict(x, y, alpha, x)
        .map_err(|error| Outcome::Failed(format!("{what}: {error}")))?;
    match y_hat.iter().position(|value| !value.is_finite()) {
        Some(row) => failed(format!(
            "{what}: the prediction of row {row} is {}",
            y_hat[row]
        )),
        None => Ok(y_hat),
    }
}

/// n × p of unusual size.
fn of_shape(subject: &Subject, n: usize, p: usize) -> Verdict {
    let (x, y) = subject.data("shape", n, p);
    let regressor = subject.regressor()?;
    predicts(&regressor, &x, &y, subject.alpha(), &format!("{n} × {p}"))?;
    Ok(Outcome::Success)
}

pub fn fits_ordinary_data(subject: &Subject) -> Verdict {
    of_shape(subject, 40, 6)
}

pub fn two_rows(subject: &Subject) -> Verdict {
    of_shape(subject, 2, 3)
}

pub fn one_feature(subject: &Subject) -> Verdict {
    of_shape(subject, 30, 1)
}

pub fn more_features_than_rows(subject: &Subject) -> Verdict {
    of_shape(subject, 20, 60)
}

pub fn constant_columns(subject: &Subject) -> Verdict {
    let (mut x, y) = subject.data("constant", 30, 6);
    x.column_mut(1).fill(0.0);
    x.column_mut(5).fill(0.0);
    let regressor = subject.regressor()?;
    predicts(&regressor, &x, &y, subject.alpha(), "columns of zeros")?;
    x.fill(0.0);
    let y_hat = predicts(&regressor, &x, &y, subject.alpha(), "nothing but zeros")?;
    // Nothing distinguishes the rows, so nothing may distinguish their predictions.
    if y_hat.iter().any(|value| (value - y_hat[0]).abs() > 1e-9) {
        return failed("rows that are all alike get different predictions");
    }
    Ok(Outcome::Success)
}

pub fn duplicate_columns(subject: &Subject) -> Verdict {
    let (mut x, y) = subject.data("duplicate", 30, 6);
    let copy = x.column(0).into_owned();
    x.column_mut(3).copy_from(&copy);
    x.column_mut(4).copy_from(&(-copy));
    let regressor = subject.regressor()?;
    predicts(&regressor, &x, &y, subject.alpha(), "equal columns")?;
    Ok(Outcome::Success)
}

pub fn extreme_scales(subject: &Subject) -> Verdict {
    let (x, y) = subject.data("scales", 30, 5);
    let regressor = subject.regressor()?;
    for scale in [1e-300, 1e-150, 1e-30, 1e30, 1e150, 1e300] {
        let y: Vec<f64> = y.iter().map(|value| value * scale).collect();
        match regressor.fit_predict(&x, &y, subject.alpha(), &x) {
            Ok(y_hat) if y_hat.iter().all(|value| value.is_finite()) => {}
            Ok(_) => return failed(format!("y of size {scale:e}: predictions are not finite")),
            Err(error) if error.status == abi::status::NUMERIC => {}
            Err(error) => return failed(format!("y of size {scale:e}: {error}")),
        }
    }
    Ok(Outcome::Success)
}

pub fn repeats_itself(subject: &Subject) -> Verdict {
    let (x, y) = subject.data("repeat", 40, 8);
    let alpha = subject.alpha();
    let (one, other) = (subject.regressor()?, subject.regressor()?);
    let first = predicts(&one, &x, &y, alpha, "a fit")?;
    // Another target in between must leave no trace.
    let (x_between, y_between) = subject.data("between", 30, 8);
    predicts(&one, &x_between, &y_between, alpha, "another fit")?;
    for (again, what) in [
        (predicts(&one, &x, &y, alpha, "a fit")?, "the same object"),
        (predicts(&other, &x, &y, alpha, "a fit")?, "a new object"),
    ] {
        if !same_bits(&first, &again) {
            return failed(format!(
                "{what}, asked again, predicts otherwise by {:.1e} of the largest prediction",
                apart(&first, &again)
            ));
        }
    }
    Ok(Outcome::Success)
}

/// One row alone, and the same row among others.
pub fn row_by_row(subject: &Subject) -> Verdict {
    let (x, y) = subject.data("row", 30, 6);
    let (regressor, alpha) = (subject.regressor()?, subject.alpha());
    let together = predicts(&regressor, &x, &y, alpha, "all rows")?;
    for (row, expected) in together.iter().enumerate().step_by(7) {
        let alone = x.rows(row, 1).into_owned();
        let found = regressor
            .fit_predict(&x, &y, alpha, &alone)
            .map_err(of_plugin)?;
        let largest = together.iter().fold(0.0f64, |most, v| most.max(v.abs()));
        // Sums of a block of rows may be in another order than those of one.
        if (found[0] - expected).abs() > 1e-9 * largest {
            return failed(format!(
                "row {row} alone is predicted {}, among others {expected}",
                found[0]
            ));
        }
    }
    Ok(Outcome::Success)
}

/// Random shapes and penalties: a prediction, or NUMERIC; never anything else.
pub fn survives_random_shapes(subject: &Subject) -> Verdict {
    let regressor = subject.regressor()?;
    let mut dice = subject.stream("fuzz");
    for round in 0..200 {
        let (n, p) = (2 + dice.below(40) as usize, 1 + dice.below(40) as usize);
        let (x, y) = subject.data(&format!("fuzz {round}"), n, p);
        let alpha = 10f64.powf(dice.normal() * 2.0);
        let case = format!("{n} × {p}, alpha = {alpha}");
        Subject::trying(&case);
        match regressor.fit_predict(&x, &y, alpha, &x) {
            Ok(y_hat) if y_hat.iter().all(|value| value.is_finite()) => {}
            Ok(_) => return failed(format!("{case}: predictions are not finite")),
            Err(error) if error.status == abi::status::NUMERIC => {}
            Err(error) => return failed(format!("{case}: {error}")),
        }
    }
    Ok(Outcome::Success)
}

/// A model as bytes, with the regressor and the data it comes from.
struct Saved {
    regressor: PluginRegressor,
    x: DMatrix<f64>,
    y: Vec<f64>,
    bytes: Vec<u8>,
}

fn state(subject: &Subject) -> Result<Saved, Outcome> {
    if !subject.plugin.offers(abi::id::STATE) {
        return skipped("it does not offer `ocean.state/1`");
    }
    let regressor = subject.regressor()?;
    let (x, y) = subject.data("state", 40, 6);
    debug_assert!(can_be_kept(&subject.plugin));
    let bytes = match regressor
        .saved(&x, &y, subject.alpha())
        .map_err(of_plugin)?
    {
        Fitted::State(bytes) => bytes,
        Fitted::Coefficients(_) => return skipped("its models are kept as coefficients"),
    };
    Ok(Saved {
        regressor,
        x,
        y,
        bytes,
    })
}

pub fn loads_what_it_saved(subject: &Subject) -> Verdict {
    let Saved {
        regressor,
        x,
        y,
        bytes,
    } = state(subject)?;
    let expected = predicts(&regressor, &x, &y, subject.alpha(), "before saving")?;
    let found = subject
        .regressor()?
        .predict_model(&bytes, &x)
        .map_err(of_plugin)?;
    if same_bits(&expected, &found) {
        Ok(Outcome::Success)
    } else {
        failed("a model that was saved and loaded predicts otherwise")
    }
}

pub fn refuses_damaged_models(subject: &Subject) -> Verdict {
    let Saved {
        regressor,
        x,
        bytes,
        ..
    } = state(subject)?;
    let mut damaged = vec![
        Vec::new(),
        b"garbage".to_vec(),
        bytes[..bytes.len() / 2].to_vec(),
    ];
    damaged.push([&bytes[..], b"more"].concat());
    let mut first = bytes.clone();
    if let Some(byte) = first.first_mut() {
        *byte ^= 0xff;
    }
    damaged.push(first);
    for bytes in damaged {
        match regressor.predict_model(&bytes, &x) {
            Ok(_) => {
                return failed(format!(
                    "load takes {} bytes that it never saved",
                    bytes.len()
                ));
            }
            Err(error) if error.status == abi::status::PARAM => {}
            Err(error) => return failed(format!("load of damaged bytes: {error}")),
        }
    }
    Ok(Outcome::Success)
}
