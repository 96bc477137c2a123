//! What an author of an ocean-host plugin writes against.
//!
//! A plugin turns texts into vectors (an [`Encoder`]) or vectors and targets into predictions (a
//! [`Regressor`]). It is a `cdylib` that depends on this crate alone. A plugin in twenty lines, the
//! regressor that predicts from one column:
//!
//! ```
//! use ocean_plugin::prelude::*;
//!
//! struct FirstColumn;
//!
//! impl Regressor for FirstColumn {
//!     const INFO: Info = ocean_plugin::info! { id: "first-column", name: "First column" };
//!     type Params = NoParams;
//!     type Model = f64;
//!
//!     fn new(_: NoParams, _: &Call<'_>) -> Result<Self> {
//!         Ok(FirstColumn)
//!     }
//!
//!     fn fit(&self, x: Mat<'_>, y: &[f64], _alpha: f64, _: &Call<'_>) -> Result<f64> {
//!         let column = x.column(0);
//!         let xy: f64 = column.iter().zip(y).map(|(x, y)| x * y).sum();
//!         let xx: f64 = column.iter().map(|x| x * x).sum();
//!         Ok(if xx > 0.0 { xy / xx } else { 0.0 })
//!     }
//!
//!     fn predict(&self, slope: &f64, x_new: Mat<'_>, y_hat: &mut [f64], _: &Call<'_>) -> Result<()> {
//!         y_hat.iter_mut().zip(x_new.column(0).iter()).for_each(|(y_hat, x)| *y_hat = slope * x);
//!         Ok(())
//!     }
//! }
//!
//! ocean_plugin::export_plugin!(regressor FirstColumn);
//!
//! # let host = ocean_plugin::testing::Host::new();
//! # let y_hat = host.fit_predict::<FirstColumn>("{}", &[-1.0, 0.0, 1.0], &[-2.0, 0.0, 2.0], f64::NAN, &[0.5]).unwrap();
//! # assert_eq!(y_hat, [1.0]);
//! ```
//!
//! In its `Cargo.toml`: `[lib]` with `crate-type = ["cdylib"]`. The rest is optional, each a trait
//! of its own: a whole path of penalties at once ([`PathRegressor`]), its errors
//! without its predictions ([`ErrorsRegressor`]), many targets at once
//! ([`BatchRegressor`]), second moments ([`MomentsRegressor`]), coefficients ([`LinearRegressor`]),
//! saved models ([`SaveRegressor`]), token counts ([`TokenCounter`]), parameters
//! ([`params!`](macro@params)). Without them the host falls back on `fit` and `predict`, which is
//! slow and right.
//!
//! `ocean-host plugin new --lang rust` writes a whole package round such a plugin; the guide for
//! authors is `docs/plugins/` in ocean-host's repository, with the specification of every table.
//!
//! The SDK owns the boundary: panics become errors, wrong sizes and null pointers never reach an
//! author, parameters are checked. The rules it cannot enforce are a plugin's own: the same seed
//! gives the same bits; no clock, environment or global random generator; nothing printed (use
//! [`Call::log`]); at most [`Call::max_threads`] threads, joined before returning.

#![warn(missing_docs)]

mod call;
mod encoder;
mod error;
#[doc(hidden)]
pub mod export;
mod guard;
mod info;
mod matrix;
pub mod params;
mod regressor;
pub mod testing;

#[doc(hidden)]
pub use ocean_plugin_abi as abi;

pub use call::{Call, Level};
pub use encoder::{Encoder, Pooling, Shape, TextInfo, TokenCounter};
pub use error::{Error, Result};
pub use info::Info;
pub use matrix::{Mat, MatMut};
pub use params::{NoParams, Parameters};
pub use regressor::{
    BatchRegressor, ErrorsRegressor, FitInfo, LinearRegressor, MomentsRegressor, PathRegressor,
    Regressor, SaveRegressor,
};

/// Everything a plugin usually needs: `use ocean_plugin::prelude::*;`.
pub mod prelude {
    pub use crate::{
        BatchRegressor, Call, Encoder, Error, ErrorsRegressor, FitInfo, Info, Level,
        LinearRegressor, Mat, MatMut, MomentsRegressor, NoParams, Parameters, PathRegressor,
        Pooling, Regressor, Result, SaveRegressor, Shape, TextInfo, TokenCounter,
    };
}

/// The plugin in the README compiles as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
