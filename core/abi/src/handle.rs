//! The opaque objects a plugin hands out. The host sees addresses only; each goes back to the plugin's own `destroy`.

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Debug)]
        #[cfg_attr(feature = "layout", derive(abi_stable::StableAbi))]
        pub struct $name {
            _private: [u8; 0],
        }
    )+};
}

opaque! {
    /// `ocean_regressor`: a regressor with its parameters.
    Regressor;
    /// `ocean_model`: one fitted model.
    Model;
    /// `ocean_prepared`: one design, factorised, or whatever a regressor makes of it.
    Prepared;
    /// `ocean_path`: a walk along the penalties of one block of targets.
    Path;
    /// `ocean_encoder`: an encoder with its parameters.
    Encoder;
}
