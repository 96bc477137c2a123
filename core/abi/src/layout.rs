//! The layout door: how a host sees, before it calls anything, that a Rust plugin was compiled against the same signatures.
//!
//! A plugin built with an `f32` where the table says `f64` loads through the C entry and returns wrong numbers. `abi_stable` can compare the types
//! field by field and parameter by parameter, so every Rust plugin also exports an `abi_stable` root module, the [`Door`], frozen at two functions:
//! the entry, and a description of any interface by id. The host compares descriptions per interface, never the root itself, because `abi_stable`
//! would call a plugin outdated as soon as this crate grew a table or a version number.
//!
//! C, C++ and Python plugins have no door. That is not an error; their layouts are unchecked.

use crate::{
    BatchV1, EncoderInfoV1, EncoderV1, Entry, ErrorsV1, LinearV1, MomentsV1, PathV1, RegressorV1,
    StateV1, id,
};
use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::{
    AbiInstability, AbiInstabilityError, ExpectedFound, check_layout_compatibility,
};
use abi_stable::library::{AbiHeader, AbiHeaderRef, LibHeader, LibraryError, RootModule};
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RNone, ROption, RSome, RStr};
use abi_stable::type_layout::{TLFieldOrFunction, TypeLayout};
use core::ffi::c_void;
use core::fmt;

/// The symbol under which a Rust plugin exports its door, null-terminated as `dlsym` wants it.
pub const DOOR_SYMBOL: &str = abi_stable::library::ROOT_MODULE_LOADER_NAME_WITH_NUL;

/// What stands behind the door. Frozen: the host reads these two fields without a check of their own.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = DoorRef, prefix_fields = DoorFields)))]
#[sabi(missing_field(panic))]
pub struct Door {
    /// The same table that [`ENTRY_SYMBOL`](crate::ENTRY_SYMBOL) returns.
    pub entry: extern "C" fn() -> *const Entry,
    /// The layout of the table behind an interface id, as the plugin was compiled; none for an id it has never heard of.
    #[sabi(last_prefix_field)]
    pub layout_of: extern "C" fn(RStr<'_>) -> ROption<&'static TypeLayout>,
}

impl RootModule for DoorRef {
    abi_stable::declare_root_module_statics! {DoorRef}
    const BASE_NAME: &'static str = "ocean_plugin";
    const NAME: &'static str = "ocean_plugin";
    // Frozen with the door: abi_stable refuses a plugin whose root version is older, which is not what the door is for.
    const VERSION_STRINGS: VersionStrings = VersionStrings::new("1.0.0");
}

/// Exports the door of a plugin whose `extern "C" fn() -> *const Entry` is `$entry`. The SDK's `export_plugin!` calls it; authors need not.
#[macro_export]
macro_rules! export_door {
    ($entry:path) => {
        const _: () = {
            use $crate::abi_stable::{library, prefix_type::PrefixTypeTrait};

            fn door() -> $crate::layout::DoorRef {
                $crate::layout::Door {
                    entry: $entry,
                    layout_of: $crate::layout::layout_of,
                }
                .leak_into_prefix()
            }

            extern "C" fn erased_door() -> library::RootModuleResult {
                library::__call_root_module_loader(door)
            }

            // SAFETY: the name is abi_stable's for this very purpose, and one library has one door. The constructor returns a `DoorRef`, as declared.
            // The root's own layout is left out (`CheckTypeLayout::No`): see the module `layout`.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static OCEAN_PLUGIN_DOOR: library::LibHeader = unsafe {
                library::LibHeader::from_constructor::<$crate::layout::DoorRef>(
                    erased_door,
                    library::CheckTypeLayout::No,
                )
            };
        };
    };
}

/// The layout of the table behind `interface_id` in this build; [`id::ENTRY`] describes the entry and the descriptors.
#[must_use]
pub fn described(interface_id: &str) -> Option<&'static TypeLayout> {
    Some(match interface_id {
        id::REGRESSOR => RegressorV1::LAYOUT,
        id::BATCH => BatchV1::LAYOUT,
        id::PATH => PathV1::LAYOUT,
        id::LINEAR => LinearV1::LAYOUT,
        id::MOMENTS => MomentsV1::LAYOUT,
        id::ERRORS => ErrorsV1::LAYOUT,
        id::STATE => StateV1::LAYOUT,
        id::ENCODER => EncoderV1::LAYOUT,
        id::ENCODER_INFO => EncoderInfoV1::LAYOUT,
        id::ENTRY => Entry::LAYOUT,
        _ => return None,
    })
}

/// [`described`] as the door's second function.
pub extern "C" fn layout_of(interface_id: RStr<'_>) -> ROption<&'static TypeLayout> {
    match described(interface_id.as_str()) {
        Some(layout) => RSome(layout),
        None => RNone,
    }
}

/// Why the door stays shut: each prints as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorError {
    /// The plugin's `abi_stable` speaks another layout language, so nothing can be compared. No reason to refuse the plugin, whose tables are what
    /// counts for ever: its layout is as unchecked as that of a C plugin, and should be called so. Remedy: rebuild it with the current SDK.
    Foreign(String),
    /// The plugin's table has another layout; remedy: rebuild it with the current SDK.
    Different(LayoutDifference),
}

/// The first difference between the host's and the plugin's idea of one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutDifference {
    /// The interface.
    pub interface_id: String,
    /// What differs, from the table inwards: `fit, param_3` (parameters count from 0). Empty when it is the table itself.
    pub place: String,
    /// `expected f64, found f32`.
    pub what: String,
    /// How many further differences there are.
    pub n_more: usize,
}

impl fmt::Display for LayoutDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "different layout of `{}` (", self.interface_id)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}", self.what)?;
        if self.n_more > 0 {
            write!(f, "; and {} more", self.n_more)?;
        }
        write!(f, ")")
    }
}

impl fmt::Display for DoorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DoorError::Foreign(why) => write!(f, "its layout cannot be compared: {why}"),
            DoorError::Different(difference) => difference.fmt(f),
        }
    }
}

impl std::error::Error for DoorError {}

/// Opens the door of a loaded plugin.
///
/// # Errors
/// [`DoorError::Foreign`] when the plugin was built with another `abi_stable` or its root module does not answer.
///
/// # Safety
/// `symbol` is the address `dlsym` gave for [`DOOR_SYMBOL`], in a library that is never unloaded.
pub unsafe fn open(symbol: *const c_void) -> Result<DoorRef, DoorError> {
    // SAFETY: the symbol is a `LibHeader`, whose first field is the `AbiHeader` that tells whether the rest can be believed.
    let header: AbiHeaderRef =
        unsafe { core::mem::transmute::<*const c_void, AbiHeaderRef>(symbol) };
    let header: &'static LibHeader = header.upgrade().map_err(|error| foreign(&error))?;
    header
        .init_root_module::<DoorRef>()
        .map_err(|error| foreign(&error))
}

fn foreign(error: &LibraryError) -> DoorError {
    if let LibraryError::InvalidAbiHeader(found) = error {
        let expected = AbiHeader::VALUE;
        return DoorError::Foreign(format!(
            "it describes itself to abi_stable {}.{}, this host asks with abi_stable {}.{}",
            found.abi_major, found.abi_minor, expected.abi_major, expected.abi_minor
        ));
    }
    let text = error.to_string();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    DoorError::Foreign(line)
}

/// Whether a plugin describes `interface_id` as this build does.
///
/// `Ok(false)`: one of the two has no description of it, so nothing was compared.
///
/// # Errors
/// [`DoorError::Different`] with the first difference. Versions of this crate are no difference: types are compared, not releases.
pub fn check(door: DoorRef, interface_id: &str) -> Result<bool, DoorError> {
    let expected = described(interface_id);
    let found = (door.layout_of())(RStr::from_str(interface_id));
    match (expected, found) {
        (Some(expected), RSome(found)) => compare(interface_id, expected, found)
            .map(|()| true)
            .map_err(DoorError::Different),
        _ => Ok(false),
    }
}

/// Compares two descriptions of one interface and keeps the first difference of what `abi_stable` says in 864 lines.
///
/// # Errors
/// The first difference, outermost table first.
pub fn compare(
    interface_id: &str,
    expected: &'static TypeLayout,
    found: &'static TypeLayout,
) -> Result<(), LayoutDifference> {
    let Err(report) = check_layout_compatibility(expected, found) else {
        return Ok(());
    };
    let differences: Vec<(&AbiInstabilityError, &AbiInstability)> = report
        .errors
        .iter()
        .flat_map(|error| error.errs.iter().map(move |what| (error, what)))
        .filter(|(_, what)| !matches!(what, AbiInstability::PackageVersion(_)))
        .collect();
    match differences.first() {
        None => Ok(()),
        Some((error, what)) => Err(LayoutDifference {
            interface_id: interface_id.to_owned(),
            place: place(error),
            what: describe(what),
            n_more: differences.len() - 1,
        }),
    }
}

/// `fit, param_3`: the fields on the way in, without the repetition abi_stable needs for a field that is a function.
fn place(error: &AbiInstabilityError) -> String {
    let mut names: Vec<String> = Vec::new();
    for step in &error.stack_trace {
        let name = match step.expected {
            TLFieldOrFunction::Field(field) => field.name().to_owned(),
            TLFieldOrFunction::Function(function) => function.name.as_str().to_owned(),
        };
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// `expected f64, found f32`.
fn describe(what: &AbiInstability) -> String {
    use AbiInstability as Is;
    match what {
        Is::Name(v) => both(v, ToString::to_string),
        Is::Size(v) => both(v, |size| format!("{size} bytes")),
        Is::Alignment(v) => both(v, |align| format!("alignment {align}")),
        Is::FieldCountMismatch(v) => both(v, |count| format!("{count} fields")),
        Is::UnexpectedField(v) => both(v, |field| format!("`{}`", field.name())),
        Is::MismatchedPrimitive(v) => both(v, |primitive| format!("{primitive:?}")),
        Is::Package(v) => both(v, |package| format!("package {package}")),
        other => one_line(&format!("{other:?}")),
    }
}

fn both<T>(pair: &ExpectedFound<T>, show: impl Fn(&T) -> String) -> String {
    format!(
        "expected {}, found {}",
        show(&pair.expected),
        show(&pair.found)
    )
}

/// The rarest differences in abi_stable's own words, cut to a readable length.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `ocean.regressor/1` as another compiler run might have seen it.
    mod edited {
        use crate::handle::{Model, Regressor};
        use crate::{Call, Mat, Status, Str};

        #[repr(C)]
        #[derive(abi_stable::StableAbi)]
        pub struct RegressorV1 {
            pub struct_size: usize,
            pub create: Option<
                unsafe extern "C" fn(
                    params_json: Str,
                    call: *const Call,
                    out: *mut *mut Regressor,
                ) -> Status,
            >,
            pub destroy: Option<unsafe extern "C" fn(regressor: *mut Regressor)>,
            pub fit: Option<
                unsafe extern "C" fn(
                    regressor: *const Regressor,
                    x: *const Mat,
                    y: *const f64,
                    alpha: f32,
                    call: *const Call,
                    out: *mut *mut Model,
                ) -> Status,
            >,
            pub predict: Option<
                unsafe extern "C" fn(
                    regressor: *const Regressor,
                    model: *const Model,
                    x_new: *const Mat,
                    y_hat: *mut f64,
                    call: *const Call,
                ) -> Status,
            >,
            pub destroy_model: Option<unsafe extern "C" fn(model: *mut Model)>,
        }
    }

    #[test]
    fn every_interface_describes_itself_and_equals_itself() {
        for interface_id in [
            id::REGRESSOR,
            id::BATCH,
            id::PATH,
            id::LINEAR,
            id::MOMENTS,
            id::ERRORS,
            id::STATE,
            id::ENCODER,
            id::ENCODER_INFO,
            id::ENTRY,
        ] {
            let layout = described(interface_id).expect(interface_id);
            assert_eq!(compare(interface_id, layout, layout), Ok(()));
        }
        assert!(described("ocean.regressor/2").is_none());
    }

    #[test]
    fn an_f32_where_the_table_says_f64_is_one_line() {
        let difference = compare(
            id::REGRESSOR,
            RegressorV1::LAYOUT,
            <edited::RegressorV1 as StableAbi>::LAYOUT,
        )
        .unwrap_err();
        assert_eq!(
            difference.to_string(),
            "different layout of `ocean.regressor/1` (fit, param_3: expected f64, found f32)"
        );
    }

    #[test]
    fn a_door_of_another_abi_stable_stays_shut_and_says_why_in_one_line() {
        let mut header = AbiHeader::VALUE;
        header.abi_minor += 1;
        // SAFETY: only the header is read, since it says that the rest is foreign.
        let refused = unsafe { open(core::ptr::from_ref(&header).cast()) }.err();
        let line = refused.map(|error| error.to_string());
        assert_eq!(
            line.as_deref(),
            Some(
                "its layout cannot be compared: it describes itself to abi_stable 0.12, this host asks with abi_stable 0.11"
            )
        );
    }

    #[test]
    fn the_door_has_the_name_abi_stable_looks_for() {
        assert_eq!(
            abi_stable::library::ROOT_MODULE_LOADER_NAME,
            "_1as_0lib_1header_0root_bmodule_bloader",
            "`export_door!` must spell this name out, since an attribute takes no constant"
        );
        assert!(DOOR_SYMBOL.ends_with('\0'));
    }
}
