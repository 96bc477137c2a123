//! The numbers and names both sides must agree on. `include/ocean_plugin.h` has the same under `OCEAN_*`; a test compares the two.

/// `ocean_status`: 0, or one of [`status`](crate::status).
pub type Status = i32;

/// The one symbol a plugin exports: a function without arguments that returns a pointer to its [`Entry`](crate::Entry). The major is in the name.
pub const ENTRY_SYMBOL: &str = "ocean_plugin_entry_v1";

/// First field of every [`Entry`](crate::Entry), so that a wrong pointer is noticed before anything behind it is believed.
pub const MAGIC: u32 = 0x4F43_454E;

/// The major version of the ABI, [`Entry::abi_major`](crate::Entry). A host loads plugins of its own major only.
pub const ABI_MAJOR: u16 = 1;

/// The minor version of the ABI. Informative: what a plugin can do is asked by interface id.
pub const ABI_MINOR: u16 = 0;

/// How the mirror was built: package version and compiler. The SDK puts it into [`Entry::build_info`](crate::Entry); a host that finds its own
/// value there knows that the plugin came out of the same build.
pub const BUILD_ID: &str = concat!(
    "ocean-plugin-abi ",
    env!("CARGO_PKG_VERSION"),
    ", ",
    env!("OCEAN_RUSTC_VERSION")
);

/// [`FitInfo::n_nonzero`](crate::FitInfo) of a regressor that does not know.
pub const UNKNOWN_NONZERO: u32 = u32::MAX;

/// What a function returns. Before any value but [`OK`](status::OK) it calls `fail` exactly once.
pub mod status {
    use super::Status;

    /// Done.
    pub const OK: Status = 0;
    /// A parameter or argument is wrong, or saved bytes are damaged.
    pub const PARAM: Status = 1;
    /// Sizes do not fit together.
    pub const SHAPE: Status = 2;
    /// A result is not finite, or a decomposition failed.
    pub const NUMERIC: Status = 3;
    /// The host asked to stop, and the plugin did.
    pub const CANCELLED: Status = 4;
    /// The plugin cannot do this.
    pub const UNSUPPORTED: Status = 5;
    /// A panic or exception was caught at the boundary.
    pub const PANIC: Status = 6;
    /// Anything else that is not the caller's fault.
    pub const INTERNAL: Status = 7;
    /// Out of memory.
    pub const OOM: Status = 8;

    /// The name of a status as the documentation writes it.
    #[must_use]
    pub const fn name(status: Status) -> &'static str {
        match status {
            OK => "OK",
            PARAM => "PARAM",
            SHAPE => "SHAPE",
            NUMERIC => "NUMERIC",
            CANCELLED => "CANCELLED",
            UNSUPPORTED => "UNSUPPORTED",
            PANIC => "PANIC",
            INTERNAL => "INTERNAL",
            OOM => "OOM",
            _ => "a status outside the ABI",
        }
    }
}

/// Interface ids: what [`Entry::interface_`](crate::Entry) is asked for. A host supports every `/N` of its major for ever.
pub mod id {
    /// [`RegressorV1`](crate::RegressorV1): create, fit, predict.
    pub const REGRESSOR: &str = "ocean.regressor/1";
    /// [`BatchV1`](crate::BatchV1): one design, many targets.
    pub const BATCH: &str = "ocean.regressor.batch/1";
    /// [`PathV1`](crate::PathV1): what the engine drives. Ridge, lasso and elastic net walk it.
    pub const PATH: &str = "ocean.regressor.path/1";
    /// [`LinearV1`](crate::LinearV1): coefficients.
    pub const LINEAR: &str = "ocean.regressor.linear/1";
    /// [`MomentsV1`](crate::MomentsV1): the path from second moments.
    pub const MOMENTS: &str = "ocean.regressor.moments/1";
    /// [`ErrorsV1`](crate::ErrorsV1): the errors of a whole path.
    pub const ERRORS: &str = "ocean.regressor.errors/1";
    /// [`StateV1`](crate::StateV1): save and load a fitted model.
    pub const STATE: &str = "ocean.state/1";
    /// [`EncoderV1`](crate::EncoderV1): texts to vectors.
    pub const ENCODER: &str = "ocean.encoder/1";
    /// [`EncoderInfoV1`](crate::EncoderInfoV1): token counts and truncation.
    pub const ENCODER_INFO: &str = "ocean.encoder.info/1";
    /// Not asked of `interface_`: under this name the layout door describes [`Entry`](crate::Entry) and [`Descriptor`](crate::Descriptor).
    pub const ENTRY: &str = "ocean.entry/1";
}

/// [`Descriptor::kind`](crate::Descriptor).
pub mod kind {
    /// Texts to vectors.
    pub const ENCODER: u32 = 1;
    /// Vectors and targets to predictions.
    pub const REGRESSOR: u32 = 2;

    /// The kind as a word.
    #[must_use]
    pub const fn name(kind: u32) -> &'static str {
        match kind {
            ENCODER => "encoder",
            REGRESSOR => "regressor",
            _ => "kind outside the ABI",
        }
    }
}

/// Bits of [`Descriptor::flags`](crate::Descriptor).
pub mod flag {
    /// Functions tagged `[concurrent]` may run at the same time on one handle.
    pub const THREAD_SAFE: u32 = 1;
    /// Matrices with any strides are welcome; without it the host passes them column-major and contiguous.
    pub const STRIDED: u32 = 2;
    /// The plugin talks to a network, and its results may depend on the answer.
    pub const NETWORK: u32 = 4;
}

/// Bits of [`FitInfo::flags`](crate::FitInfo).
pub mod fit_flag {
    /// The iteration ended before its tolerance; the prediction is the best iterate's.
    pub const UNCONVERGED: u32 = 1;
}

/// [`EncoderShape::pooling`](crate::EncoderShape): how token vectors became one.
pub mod pooling {
    /// Something else, or nothing to pool.
    pub const OTHER: u32 = 0;
    /// Their mean.
    pub const MEAN: u32 = 1;
    /// The first token's.
    pub const CLS: u32 = 2;
    /// Their maximum.
    pub const MAX: u32 = 3;
}

/// The `level` of [`Call::log`](crate::Call).
pub mod log_level {
    /// Something went wrong; the call may still succeed.
    pub const ERROR: i32 = 1;
    /// Worth a user's attention.
    pub const WARN: i32 = 2;
    /// Worth knowing.
    pub const INFO: i32 = 3;
    /// For the author.
    pub const DEBUG: i32 = 4;
}
