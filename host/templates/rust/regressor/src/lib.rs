//! @ID@: a regressor in Rust. Change the method in `fit`; what stands around it can stay.
//!
//! The method it comes with: one component of powered partial least squares, shrunk.
//!
//! - c = Xᵀy, scaled so that the largest |c_j| is 1: how well each column goes with y
//! - w_j = sign(c_j) |c_j|^power: with power > 1 the best columns count more
//! - b = tᵀy / tᵀt / (1 + alpha), with t = Xw: least squares on one column, shrunk towards 0
//! - prediction: X_new (b w)
//!
//! What the host has done before: X and X_new are centred and scaled on the training rows, y is centred. Fit no intercept, rescale nothing.

use ocean_plugin::prelude::*;

// The comment above a field is the help text that `plugin info` shows.
ocean_plugin::params! {
    /// What the plugin can be told in plugins.toml.
    pub struct Params {
        /// 1 weighs columns by their covariance with y; larger leaves the best ones.
        pub power: f64 = default_to(1.0).min(1).max(8).tunable(),
        /// Shrinks predictions by 1 / (1 + alpha). The penalty: the host chooses it inside every training set.
        pub alpha: f64 = default_to(1.0).min(0.01).max(100).log_scale().penalty(),
    }
}

/// What the plugin was told. Several threads may use it at once.
struct Plugin {
    power: f64,
}

impl Regressor for Plugin {
    // Version, description and licence come from Cargo.toml. A family of "ridge", "lasso" or "elastic-net" would promise those objectives.
    const INFO: Info = ocean_plugin::info! {
        id: "@ID@",
        name: "@TITLE@",
        family: "pls",
    };
    type Params = Params;
    /// What `fit` learned: one coefficient a column.
    type Model = Vec<f64>;

    fn new(params: Params, _: &Call<'_>) -> Result<Self> {
        Ok(Plugin {
            power: params.power,
        })
    }

    // Everything is divided by its largest value first, so that nothing overflows on the way.
    fn fit(&self, x: Mat<'_>, y: &[f64], alpha: f64, call: &Call<'_>) -> Result<Vec<f64>> {
        let most_y = largest(y);
        let mut coef = Vec::with_capacity(x.cols());
        for column in x.columns() {
            call.check_cancelled()?;
            let products = column.iter().zip(y).map(|(x, y)| x * (y / most_y));
            coef.push(if most_y > 0.0 { products.sum() } else { 0.0 });
        }
        let most_c = largest(&coef);
        if most_c == 0.0 {
            return Ok(coef); // no column goes with y
        }
        let mut t = vec![0.0; x.rows()];
        for (column, c) in x.columns().zip(&mut coef) {
            *c = c.signum() * (*c / most_c).abs().powf(self.power);
            t.iter_mut().zip(&*column).for_each(|(t, x)| *t += x * *c);
        }
        let most_t = largest(&t);
        t.iter_mut().for_each(|t| *t /= most_t);
        let ty: f64 = t.iter().zip(y).map(|(t, y)| t * y).sum();
        let tt: f64 = t.iter().map(|t| t * t).sum();
        let slope = if most_t > 0.0 {
            ty / tt / (1.0 + alpha) / most_t
        } else {
            0.0
        };
        coef.iter_mut().for_each(|c| *c *= slope);
        Ok(coef)
    }

    fn predict(
        &self,
        coef: &Vec<f64>,
        x_new: Mat<'_>,
        y_hat: &mut [f64],
        _: &Call<'_>,
    ) -> Result<()> {
        if x_new.cols() != coef.len() {
            let (found, fitted) = (x_new.cols(), coef.len());
            return Err(Error::shape(format!(
                "X has {found} columns, the model was fitted on {fitted}"
            )));
        }
        y_hat.fill(0.0);
        for (column, c) in x_new.columns().zip(coef) {
            for (y_hat, x) in y_hat.iter_mut().zip(&*column) {
                *y_hat += x * c;
            }
        }
        Ok(())
    }
}

// Optional: only for methods that have coefficients.
impl LinearRegressor for Plugin {
    fn coef<'m>(&self, coef: &'m Vec<f64>, _: &Call<'_>) -> Result<&'m [f64]> {
        Ok(coef)
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

// What the library exports: the plugin, and after the colon the optional interfaces it has.
ocean_plugin::export_plugin!(regressor Plugin: linear);

#[cfg(test)]
mod tests {
    use super::*;
    use ocean_plugin::testing::Host;

    #[test]
    fn one_column_is_least_squares_shrunk() {
        // x = (−1, 0, 1), y = (−2, 0, 2): slope 2, halved by alpha = 1.
        let y_hat = Host::new()
            .fit_predict::<Plugin>("{}", &[-1.0, 0.0, 1.0], &[-2.0, 0.0, 2.0], 1.0, &[0.5, 3.0])
            .unwrap();
        assert_eq!(y_hat, [0.5, 3.0]);
    }
}
