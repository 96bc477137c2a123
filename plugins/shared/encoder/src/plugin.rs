//! One plugin, said in a few lines.

/// Declares the plugin of these names: its parameters, its [`Kind`](crate::Kind), the encoder, and
/// the entry of the library.
///
/// `family`: `Some(Family::…)` for a preset, so that a report's `minilm` is no RoBERTa; `None`
/// takes any. Expands to paths of `ocean_plugin`, which the plugin depends on.
#[macro_export]
macro_rules! plugin {
    (
        $(#[$doc:meta])*
        $encoder:ident($kind:ident, $params:ident):
        id: $id:literal,
        name: $name:literal,
        description: $description:literal,
        model: $model:expr,
        family: $family:expr,
    ) => {
        ocean_plugin::params! {
            /// What the encoder can be told.
            pub struct $params {
                /// The model: a folder in the format of sentence-transformers, or a name that the
                /// host turns into one.
                pub model: String = $model.model(),
                /// Longest text in tokens, special ones included; longer ones are cut at the end.
                /// Not given: the model's own limit.
                pub max_seq_length: Option<u32> = default_to(None).min(3),
                /// Arithmetic of the network.
                pub precision: String = default_to("f32").choices(&["f32"]),
                /// Put before every text. Not given: the model's own default, usually nothing.
                pub prompt: Option<String> = default_to(None),
                /// The layers whose token vectors count: 0 is what goes into the first, 1 what
                /// comes out of it, -1 the last. Not given: the last.
                pub layers: Option<Vec<i64>> = default_to(None),
                /// How several layers become one: their mean, or side by side. Not given: the mean.
                pub layer_pool: Option<String> = default_to(None).choices(&["mean", "concat"]),
                /// How token vectors become one. Not given: as the model's author meant it.
                pub pooling: Option<String> = default_to(None).choices(&["mean", "cls", "max"]),
                /// What is done with texts longer than the limit: cut, or read in windows of its
                /// length, so that all of their tokens count.
                pub long_texts: String = default_to("truncate").choices(&["truncate", "windows"]),
                /// Tokens from the beginning of a window to that of the next. Not given: windows
                /// without overlap.
                pub window_stride: Option<u32> = default_to(None).min(1),
                /// So many numbers of each vector are kept, the first ones, with length 1 again
                /// where the model ends in that. Not given: all that its author meant.
                pub truncate_dim: Option<u32> = default_to(None).min(1),
            }
        }

        /// What makes it this plugin.
        pub struct $kind;

        impl $crate::Kind for $kind {
            const INFO: ocean_plugin::Info = ocean_plugin::info! {
                id: $id,
                name: $name,
                description: $description,
                family: "transformer",
            };
            type Params = $params;

            fn asked(params: $params) -> ocean_plugin::Result<(String, $crate::Settings)> {
                let settings = $crate::Settings {
                    max_seq_length: params.max_seq_length.map(|length| length as usize),
                    prompt: params.prompt,
                    layers: params.layers,
                    layer_pool: $crate::layer_pool(params.layer_pool.as_deref()),
                    pooling: $crate::pooling(params.pooling.as_deref()),
                    long_texts: $crate::long_texts(&params.long_texts, params.window_stride)?,
                    truncate_dim: params.truncate_dim.map(|dim| dim as usize),
                    ..$crate::Settings::new($family)
                };
                Ok((params.model, settings))
            }
        }

        $(#[$doc])*
        pub type $encoder = $crate::TextEncoder<$kind>;

        ocean_plugin::export_plugin!(encoder $encoder: info);
    };
}
