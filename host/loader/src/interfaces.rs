//! Which tables a plugin offers, as typed references.
//!
//! A table is believed when it is large enough for its version and none of its functions is null;
//! after that no caller asks again.

use ocean_plugin_abi::{self as abi, Entry, Str, id};

use super::error::Fault;
use super::{Descriptor, Kind};

/// The tables of one plugin. `'static`, because a library is never unloaded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Interfaces {
    /// `ocean.regressor/1`.
    pub regressor: Option<&'static abi::RegressorV1>,
    /// `ocean.regressor.batch/1`.
    pub batch: Option<&'static abi::BatchV1>,
    /// `ocean.regressor.path/1`.
    pub path: Option<&'static abi::PathV1>,
    /// `ocean.regressor.linear/1`.
    pub linear: Option<&'static abi::LinearV1>,
    /// `ocean.regressor.moments/1`.
    pub moments: Option<&'static abi::MomentsV1>,
    /// `ocean.regressor.errors/1`.
    pub errors: Option<&'static abi::ErrorsV1>,
    /// `ocean.state/1`.
    pub state: Option<&'static abi::StateV1>,
    /// `ocean.encoder/1`.
    pub encoder: Option<&'static abi::EncoderV1>,
    /// `ocean.encoder.info/1`.
    pub encoder_info: Option<&'static abi::EncoderInfoV1>,
}

impl Interfaces {
    /// The ids of what is offered, in the order of the header.
    pub fn ids(&self) -> Vec<&'static str> {
        [
            (self.regressor.is_some(), id::REGRESSOR),
            (self.linear.is_some(), id::LINEAR),
            (self.batch.is_some(), id::BATCH),
            (self.path.is_some(), id::PATH),
            (self.moments.is_some(), id::MOMENTS),
            (self.errors.is_some(), id::ERRORS),
            (self.state.is_some(), id::STATE),
            (self.encoder.is_some(), id::ENCODER),
            (self.encoder_info.is_some(), id::ENCODER_INFO),
        ]
        .into_iter()
        .filter_map(|(is_offered, id)| is_offered.then_some(id))
        .collect()
    }

    /// The same, to be kept.
    pub(super) fn owned_ids(&self) -> Vec<String> {
        self.ids().into_iter().map(str::to_owned).collect()
    }

    /// Asks plugin `index` of a library for every interface of its kind. `check_layout` is called
    /// with each id that is offered, before its table is read.
    ///
    /// # Safety
    /// `entry` is a complete entry of a library that is never unloaded.
    pub(super) unsafe fn ask(
        entry: &'static Entry,
        index: u32,
        plugin: &Descriptor,
        check_layout: impl Fn(&str) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let bad = |what: String| Fault::BadInterface {
            id: plugin.id.clone(),
            what,
        };
        // A plugin that answers every question with the same table would have its functions called
        // with wrong arguments.
        let nonsense = Str::new("ocean.there-is-no-such-interface/1");
        // SAFETY: the caller's promise; the text is static.
        if !unsafe { entry.interface_(index, nonsense) }.is_null() {
            return Err(bad("answers interface ids that do not exist; `interface_` must return NULL for an id it does not know".into()));
        }
        macro_rules! ask {
            ($table:ty, $id:expr) => {{
                // SAFETY: as above.
                let raw = unsafe { entry.interface_(index, Str::new($id)) }.cast::<$table>();
                if !raw.is_null() {
                    check_layout($id)?;
                }
                // SAFETY: a plugin that returns a table under an id promises that it is of this
                // type; its size and functions are checked here.
                unsafe { believe!($table, raw, $id) }
            }};
        }
        macro_rules! believe {
            ($table:ty, $raw:expr, $id:expr) => {{
                if $raw.is_null() {
                    None
                } else if !$raw.is_aligned() {
                    return Err(bad(format!("has a `{}` that is not aligned", $id)));
                } else if (*$raw).struct_size < size_of::<$table>() {
                    let (found, expected) = ((*$raw).struct_size, size_of::<$table>());
                    return Err(bad(format!(
                        "has a `{}` with struct_size {found}; at least {expected} is expected",
                        $id
                    )));
                } else {
                    let table: &'static $table = &*$raw;
                    if let Some(function) = table.missing() {
                        return Err(bad(format!("has a `{}` without `{function}`", $id)));
                    }
                    Some(table)
                }
            }};
        }
        let (interfaces, required) = match plugin.kind {
            Kind::Regressor => (
                Self {
                    regressor: ask!(abi::RegressorV1, id::REGRESSOR),
                    batch: ask!(abi::BatchV1, id::BATCH),
                    path: ask!(abi::PathV1, id::PATH),
                    linear: ask!(abi::LinearV1, id::LINEAR),
                    moments: ask!(abi::MomentsV1, id::MOMENTS),
                    errors: ask!(abi::ErrorsV1, id::ERRORS),
                    state: ask!(abi::StateV1, id::STATE),
                    ..Self::default()
                },
                id::REGRESSOR,
            ),
            Kind::Encoder => (
                Self {
                    encoder: ask!(abi::EncoderV1, id::ENCODER),
                    encoder_info: ask!(abi::EncoderInfoV1, id::ENCODER_INFO),
                    ..Self::default()
                },
                id::ENCODER,
            ),
        };
        if interfaces.ids().contains(&required) {
            Ok(interfaces)
        } else {
            Err(bad(format!(
                "has the kind {}, but offers no `{required}`",
                plugin.kind
            )))
        }
    }
}
