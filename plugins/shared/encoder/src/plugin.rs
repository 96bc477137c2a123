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

            fn asked(params: $params) -> (String, $crate::Settings) {
                let settings = $crate::Settings {
                    max_seq_length: params.max_seq_length.map(|length| length as usize),
                    prompt: params.prompt,
                    ..$crate::Settings::new($family)
                };
                (params.model, settings)
            }
        }

        $(#[$doc])*
        pub type $encoder = $crate::TextEncoder<$kind>;

        ocean_plugin::export_plugin!(encoder $encoder: info);
    };
}
