//! Texts to vectors: `ocean.encoder/1` and `ocean.encoder.info/1`.

use crate::call::Call;
use crate::constants::Status;
use crate::handle;
use crate::values::Str;

record! {
    /// What an encoder makes.
    EncoderShape = "ocean_encoder_shape" {
        /// `sizeof(ocean_encoder_shape)`, set by the host.
        struct_size: usize,
        /// Numbers a text becomes; at least 1.
        dim: u32,
        /// Longest text in tokens, special ones included, before it is cut; 0: none is cut.
        max_tokens: u32,
        /// One of [`pooling`](crate::pooling).
        pooling: u32,
        /// 1: every vector has length 1.
        normalised: u32,
        /// A hash of everything a vector depends on besides its text: weights, tokenizer, effective settings. Lives as long as the encoder.
        cache_key: Str,
    }
}

record! {
    /// How one text was cut into tokens.
    TextInfo = "ocean_text_info" {
        /// Tokens, special ones included, before cutting.
        n_tokens: u32,
        /// Tokens that were used.
        n_used: u32,
    }
}

table! {
    /// `ocean.encoder/1`.
    EncoderV1 = "ocean_encoder_v1";
    values {
        /// `sizeof(ocean_encoder_v1)` of the plugin.
        struct_size: usize,
    }
    functions {
        /// `[any]` Makes an encoder. Cheap: weights may be read at the first encode, so that a full cache loads nothing.
        fn create(params_json: Str, call: *const Call, out: *mut *mut handle::Encoder) -> Status;
        /// `[any]` Ends an encoder; null is allowed.
        fn destroy(encoder: *mut handle::Encoder);
        /// `[any]` Fills `out`; the same values every time.
        fn shape(encoder: *const handle::Encoder, out: *mut EncoderShape, call: *const Call) -> Status;
        /// `[concurrent]` Fills `out`, n × dim, row-major. A vector depends on its own text only.
        fn encode(encoder: *const handle::Encoder, texts: *const Str, n: usize, out: *mut f32, call: *const Call) -> Status;
    }
}

table! {
    /// `ocean.encoder.info/1`.
    EncoderInfoV1 = "ocean_encoder_info_v1";
    values {
        /// `sizeof(ocean_encoder_info_v1)` of the plugin.
        struct_size: usize,
    }
    functions {
        /// `[concurrent]` Fills `out`, one value a text; tokenises only.
        fn text_info(encoder: *const handle::Encoder, texts: *const Str, n: usize, out: *mut TextInfo, call: *const Call) -> Status;
    }
}
