//! What a plugin says of itself: the descriptor, as an author writes it.

/// The descriptor of one plugin. Written with [`info!`](macro@crate::info), which fills from
/// `Cargo.toml` what it is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// What `plugins.toml` calls it: lower-case letters, digits, `-`.
    pub id: &'static str,
    /// What a report calls it.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Who made it.
    pub vendor: &'static str,
    /// SPDX expression.
    pub license: &'static str,
    /// Where to read more.
    pub url: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// `ridge`, `lasso` and `elastic-net` pin the objective and get the host's grid of penalties;
    /// else any word.
    pub family: &'static str,
    /// Takes matrices of any strides; otherwise the host passes them column-major and contiguous,
    /// and the SDK refuses others.
    pub is_strided: bool,
    /// Talks to a network, and its results may depend on the answer.
    pub uses_network: bool,
}

impl Info {
    /// Nothing said yet.
    pub const EMPTY: Info = Info {
        id: "",
        name: "",
        version: "",
        vendor: "",
        license: "",
        url: "",
        description: "",
        family: "other",
        is_strided: false,
        uses_network: false,
    };
}

/// An [`Info`]: `info! { id: "ridge", name: "Ridge regression", family: "ridge" }`.
///
/// `version`, `vendor` (the authors), `license`, `url` (the repository) and `description` come from
/// the plugin's `Cargo.toml` unless given.
#[macro_export]
macro_rules! info {
    ($($field:ident: $value:expr),+ $(,)?) => {
        $crate::Info {
            $($field: $value,)+
            ..$crate::Info {
                version: env!("CARGO_PKG_VERSION"),
                vendor: env!("CARGO_PKG_AUTHORS"),
                license: env!("CARGO_PKG_LICENSE"),
                url: env!("CARGO_PKG_REPOSITORY"),
                description: env!("CARGO_PKG_DESCRIPTION"),
                ..$crate::Info::EMPTY
            }
        }
    };
}
