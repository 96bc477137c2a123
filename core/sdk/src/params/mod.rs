//! Parameters: one declaration gives a struct, its defaults, its JSON schema and the check of what
//! a user wrote.
//!
//! ```
//! ocean_plugin::params! {
//!     /// What ridge can be told.
//!     pub struct RidgeParams {
//!         /// Penalty strength α of ‖y − Xw‖² + α‖w‖².
//!         pub alpha: f64 = default_to(1.0).min(0.0).log_scale().penalty(),
//!         /// How the system is solved.
//!         pub solver: String = default_to("eigen").choices(&["eigen", "cholesky"]),
//!     }
//! }
//! # use ocean_plugin::Parameters;
//! let params = RidgeParams::from_json(r#"{"alpha": 2}"#)?;
//! assert_eq!((params.alpha, params.solver.as_str()), (2.0, "eigen"));
//! assert_eq!(
//!     RidgeParams::from_json(r#"{"alpha": -1}"#).unwrap_err().message(),
//!     "alpha = -1 is outside [0, ∞): Penalty strength α of ‖y − Xw‖² + α‖w‖²."
//! );
//! # Ok::<(), ocean_plugin::Error>(())
//! ```

mod given;
mod schema;
mod spec;
mod value;

pub use given::Given;
pub use schema::Schema;
pub use spec::{Param, default_to, required};
pub use value::ParamValue;

use crate::error::Result;

/// What a plugin can be told. Implemented by [`params!`](macro@crate::params); [`NoParams`] for
/// plugins with nothing to tell.
pub trait Parameters: Sized + Send + Sync + 'static {
    /// The JSON schema of the descriptor, as `ocean_plugin.h` describes it under PARAMETERS.
    fn schema() -> Schema;

    /// Reads the JSON object the host passes to `create`, absent members by their defaults.
    ///
    /// # Errors
    /// PARAM: not a JSON object, an unknown member, a wrong type, a value out of range, or a
    /// required one missing.
    fn from_json(json: &str) -> Result<Self>;
}

/// No parameters: whatever a user writes is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoParams;

impl Parameters for NoParams {
    fn schema() -> Schema {
        Schema::new()
    }

    fn from_json(json: &str) -> Result<NoParams> {
        Given::parse(json)?.finish(&[])?;
        Ok(NoParams)
    }
}

/// Declares a struct of parameters and implements [`Parameters`] for it. The comment above a field
/// is its help text.
///
/// After `=` stands [`default_to(value)`](default_to) or [`required()`](required), followed by what
/// is known about the value: see [`Param`]. Types are `f64`, `u32`, `u64`, `usize`, `i64`, `bool`,
/// `String`, `Vec<String>`, `Vec<i64>`, and `Option` of one of these.
#[macro_export]
macro_rules! params {
    (
        $(#[$doc:meta])* $vis:vis struct $name:ident {
            $($(#[doc = $help:literal])* $field_vis:vis $field:ident: $type:ty = $spec:expr),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $($(#[doc = $help])* $field_vis $field: $type,)*
        }

        impl $crate::Parameters for $name {
            fn schema() -> $crate::params::Schema {
                #[allow(unused_imports, reason = "one of the two may not be needed")]
                use $crate::params::{default_to, required};
                let mut schema = $crate::params::Schema::new();
                $(schema.add::<$type>(stringify!($field), &$spec, concat!($($help, "\n"),*));)*
                schema
            }

            fn from_json(json: &str) -> $crate::Result<Self> {
                #[allow(unused_imports, reason = "one of the two may not be needed")]
                use $crate::params::{default_to, required};
                let mut given = $crate::params::Given::parse(json)?;
                let params = $name {
                    $($field: given.take::<$type>(stringify!($field), $spec, concat!($($help, "\n"),*))?,)*
                };
                given.finish(&[$(stringify!($field)),*])?;
                Ok(params)
            }
        }
    };
}
