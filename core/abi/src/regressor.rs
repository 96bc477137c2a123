//! Vectors and targets to predictions: `ocean.regressor/1` and what may stand beside it.

use crate::call::Call;
use crate::constants::Status;
use crate::handle;
use crate::values::{Mat, MatMut, Str};

record! {
    /// What one fit says of itself.
    FitInfo = "ocean_fit_info" {
        /// Relative duality gap, or NaN where the method has none.
        gap: f64,
        /// Coefficients that are not 0; [`UNKNOWN_NONZERO`](crate::UNKNOWN_NONZERO) when not known.
        n_nonzero: u32,
        /// Bits of [`fit_flag`](crate::fit_flag).
        flags: u32,
    }
}

impl FitInfo {
    /// A fit in closed form: no gap, coefficients not counted, converged.
    pub const CLOSED_FORM: FitInfo = FitInfo {
        gap: f64::NAN,
        n_nonzero: crate::UNKNOWN_NONZERO,
        flags: 0,
    };

    /// A fit by iteration: its relative duality gap, how many coefficients are not 0, and whether it reached its tolerance.
    #[must_use]
    pub const fn iterated(gap: f64, n_nonzero: u32, is_converged: bool) -> FitInfo {
        FitInfo {
            gap,
            n_nonzero,
            flags: if is_converged {
                0
            } else {
                crate::fit_flag::UNCONVERGED
            },
        }
    }
}

table! {
    /// `ocean.regressor/1`: the easy way to exist.
    RegressorV1 = "ocean_regressor_v1";
    values {
        /// `sizeof(ocean_regressor_v1)` of the plugin.
        struct_size: usize,
    }
    functions {
        /// `[any]` Makes a regressor from its parameters, one JSON object.
        fn create(params_json: Str, call: *const Call, out: *mut *mut handle::Regressor) -> Status;
        /// `[any]` Ends a regressor; null is allowed.
        fn destroy(regressor: *mut handle::Regressor);
        /// `[concurrent]` Fits `y` (x.rows values). `alpha` is NaN when the schema has no `"tunable": "alpha"`.
        fn fit(regressor: *const handle::Regressor, x: *const Mat, y: *const f64, alpha: f64, call: *const Call, out: *mut *mut handle::Model) -> Status;
        /// `[concurrent]` Fills `y_hat` (x_new.rows values), in units of y, without the mean.
        fn predict(regressor: *const handle::Regressor, model: *const handle::Model, x_new: *const Mat, y_hat: *mut f64, call: *const Call) -> Status;
        /// `[any]` Ends a model; null is allowed.
        fn destroy_model(model: *mut handle::Model);
    }
}

table! {
    /// `ocean.regressor.linear/1`.
    LinearV1 = "ocean_linear_v1";
    values {
        /// `sizeof(ocean_linear_v1)` of the plugin.
        struct_size: usize,
    }
    functions {
        /// `[concurrent]` Fills `coef` (n_features values), on the scale of the X that was fitted.
        fn coef(regressor: *const handle::Regressor, model: *const handle::Model, coef: *mut f64, call: *const Call) -> Status;
    }
}

table! {
    /// `ocean.regressor.batch/1`: one design, many targets, stateless; the easy way to be fast.
    BatchV1 = "ocean_batch_v1";
    values {
        /// `sizeof(ocean_batch_v1)` of the plugin.
        struct_size: usize,
        /// 0: kept for the layout, read by no host.
        preferred_columns: u32,
        /// 0.
        reserved: u32,
    }
    functions {
        /// `[any]` Takes a design. Both matrices stay valid and unchanged until `destroy`.
        fn prepare(regressor: *const handle::Regressor, x: *const Mat, x_new: *const Mat, call: *const Call, out: *mut *mut handle::Prepared) -> Status;
        /// `[concurrent]` y n × t; alphas g × t, own penalties per column; y_hat (g·n_new) × t, penalty g at rows g·n_new…; info g × t column-major, or null.
        fn fit_predict(regressor: *const handle::Regressor, prepared: *const handle::Prepared, y: *const Mat, alphas: *const Mat, y_hat: MatMut, info: *mut FitInfo, call: *const Call) -> Status;
        /// `[any]` Ends a design; null is allowed.
        fn destroy(prepared: *mut handle::Prepared);
    }
}

table! {
    /// `ocean.regressor.path/1`: what the engine drives.
    PathV1 = "ocean_path_v1";
    values {
        /// `sizeof(ocean_path_v1)` of the plugin.
        struct_size: usize,
        /// 0: kept for the layout, read by no host.
        preferred_columns: u32,
        /// 0.
        reserved: u32,
    }
    functions {
        /// `[any]` Takes a design. Both matrices stay valid and unchanged until `destroy`.
        fn prepare(regressor: *const handle::Regressor, x: *const Mat, x_new: *const Mat, call: *const Call, out: *mut *mut handle::Prepared) -> Status;
        /// `[concurrent]` Fills `alphas`, g × t: row 0 the strongest, strictly decreasing, each row of the same meaning in every design.
        fn grid(regressor: *const handle::Regressor, prepared: *const handle::Prepared, y: *const Mat, min_ratio: f64, alphas: MatMut, call: *const Call) -> Status;
        /// `[concurrent]` Begins a path for the columns of y (n × t) along their alphas (g × t); copies what it keeps.
        fn begin(regressor: *const handle::Regressor, prepared: *const handle::Prepared, y: *const Mat, alphas: *const Mat, call: *const Call, out: *mut *mut handle::Path) -> Status;
        /// `[any]` Predicts `columns[c]` at row `steps[c]` of its alphas: y_hat n_new × n_columns, info n_columns values. Steps of a column only grow, and may jump.
        fn advance(path: *mut handle::Path, columns: *const u32, steps: *const u32, n_columns: usize, y_hat: MatMut, info: *mut FitInfo, call: *const Call) -> Status;
        /// `[any]` Ends a path; null is allowed.
        fn destroy_path(path: *mut handle::Path);
        /// `[any]` Ends a design; null is allowed.
        fn destroy(prepared: *mut handle::Prepared);
    }
}

table! {
    /// `ocean.regressor.moments/1`: the same from second moments, for linear models.
    MomentsV1 = "ocean_moments_v1";
    values {
        /// `sizeof(ocean_moments_v1)` of the plugin.
        struct_size: usize,
        /// 0: kept for the layout, read by no host.
        preferred_columns: u32,
        /// 0.
        reserved: u32,
    }
    functions {
        /// `[any]` Takes XᵀX/n (p × p) of the scaled training rows; valid and unchanged until `destroy`.
        fn prepare(regressor: *const handle::Regressor, gram: *const Mat, n_samples: u64, call: *const Call, out: *mut *mut handle::Prepared) -> Status;
        /// `[concurrent]` As in [`PathV1`], from `xty` = Xᵀy/n (p × t).
        fn grid(regressor: *const handle::Regressor, prepared: *const handle::Prepared, xty: *const Mat, min_ratio: f64, alphas: MatMut, call: *const Call) -> Status;
        /// `[concurrent]` As in [`PathV1`]; `y_sq` = yᵀy/n, t values.
        fn begin(regressor: *const handle::Regressor, prepared: *const handle::Prepared, xty: *const Mat, y_sq: *const f64, alphas: *const Mat, call: *const Call, out: *mut *mut handle::Path) -> Status;
        /// `[any]` As in [`PathV1`], with coefficients (p × n_columns) instead of predictions.
        fn advance(path: *mut handle::Path, columns: *const u32, steps: *const u32, n_columns: usize, coef: MatMut, info: *mut FitInfo, call: *const Call) -> Status;
        /// `[any]` Ends a path; null is allowed.
        fn destroy_path(path: *mut handle::Path);
        /// `[any]` Ends a design; null is allowed.
        fn destroy(prepared: *mut handle::Prepared);
    }
}

table! {
    /// `ocean.regressor.errors/1`: the errors of a whole path without its predictions.
    ErrorsV1 = "ocean_errors_v1";
    values {
        /// `sizeof(ocean_errors_v1)` of the plugin.
        struct_size: usize,
    }
    functions {
        /// `[any]` y_new n_new × t; `ends`: n_ranges ends of ranges of its rows. Fills `sse` and `bound`, (g·n_ranges) × t, penalty k in range r at
        /// row k·n_ranges + r. UNSUPPORTED: ask [`PathV1`] for predictions.
        fn errors(path: *mut handle::Path, y_new: *const Mat, ends: *const u64, n_ranges: usize, sse: MatMut, bound: MatMut, call: *const Call) -> Status;
    }
}

table! {
    /// `ocean.state/1`: a fitted model as bytes.
    StateV1 = "ocean_state_v1";
    values {
        /// `sizeof(ocean_state_v1)` of the plugin.
        struct_size: usize,
    }
    functions {
        /// `[concurrent]` Writes the model to `call->write`: self-describing bytes, versioned by the plugin.
        fn save(regressor: *const handle::Regressor, model: *const handle::Model, call: *const Call) -> Status;
        /// `[any]` Reads it back; unknown or damaged bytes are PARAM, never a crash.
        fn load(regressor: *const handle::Regressor, bytes: *const u8, len: usize, call: *const Call, out: *mut *mut handle::Model) -> Status;
    }
}
