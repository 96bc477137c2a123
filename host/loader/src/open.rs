//! Opening a library in this process: dlopen, the entry, the descriptors, the tables, the layout
//! door.
//!
//! The same code runs first in the probing child, where a crash is a result, and then here, where
//! it no longer happens. A library is never unloaded: plugins start threads, register handlers and
//! hand out pointers that outlive any reference count.

use std::ffi::c_void;
use std::path::Path;

use ocean_plugin_abi::{self as abi, ENTRY_SYMBOL, Entry, EntryFn, layout};

use super::error::Fault;
use super::fp::FpMode;
use super::interfaces::Interfaces;
use super::{Descriptor, Layout, descriptor, linked};

/// More plugins than this in one library are taken for a broken `count`.
const MOST_PLUGINS: u32 = 256;

/// A library that is open in this process, for good.
pub(super) struct Opened {
    pub build_info: String,
    pub layout: Layout,
    pub plugins: Vec<OpenPlugin>,
    /// What the library did to the floating-point mode while it was opened; already undone.
    pub fp_change: Option<String>,
}

/// A plugin of a library that is open in this process.
pub(super) struct OpenPlugin {
    pub descriptor: Descriptor,
    pub interfaces: Interfaces,
    /// Where it came from, for questions of one's own.
    pub entry: &'static Entry,
    /// Its place in that entry.
    pub index: u32,
}

/// Opens `path` and believes it step by step. The program itself is a library, too, where plugins
/// are linked into it.
///
/// # Safety
/// Runs the library's constructors: the caller has probed this very file in a child process, or is
/// that child.
pub(super) unsafe fn open(path: &Path) -> Result<Opened, Fault> {
    let mode = FpMode::save();
    // SAFETY: the caller's promise.
    let result = unsafe { open_in_any_mode(path) };
    let fp_change = mode.restore();
    result.map(|opened| Opened {
        fp_change,
        ..opened
    })
}

unsafe fn open_in_any_mode(path: &Path) -> Result<Opened, Fault> {
    if linked::is_program(path) {
        // SAFETY: entries of this program, made by the SDK.
        return unsafe { read_linked() };
    }
    // SAFETY: the caller of `open` promises it.
    let library = unsafe { load(path) }?;
    // SAFETY: the symbol, if it is code, is an `EntryFn`: its name carries the major version.
    let entry = unsafe { believe_entry(&library) }?;
    // SAFETY: `entry` was just checked for its magic, version, size and functions.
    let opened = unsafe { read(&library, entry) }?;
    std::mem::forget(library);
    Ok(opened)
}

#[cfg(unix)]
type System = libloading::os::unix::Library;
#[cfg(not(unix))]
type System = libloading::Library;

/// # Safety
/// As `open`.
unsafe fn load(path: &Path) -> Result<System, Fault> {
    // A name without a slash would be searched in the system's folders.
    let path = std::path::absolute(path).map_err(|e| Fault::Unreadable(e.to_string()))?;
    // NOW: a missing symbol is found here, not in the middle of a fit. LOCAL: two plugins may bring
    // different versions of one library.
    #[cfg(unix)]
    // SAFETY: the caller's promise.
    let result = unsafe {
        use libloading::os::unix::{RTLD_LOCAL, RTLD_NOW};
        System::open(Some(&path), RTLD_NOW | RTLD_LOCAL)
    };
    #[cfg(not(unix))]
    // SAFETY: the caller's promise.
    let result = unsafe { System::new(&path) };
    result.map_err(|e| {
        // libloading's own words are "dlopen failed"; the system's are in the source. They begin
        // with the path, which our line has already.
        let text = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
        let path = format!("{}: ", path.display());
        Fault::NotLoadable(text.strip_prefix(&path).unwrap_or(&text).to_owned())
    })
}

fn symbol(library: &System, name: &str) -> Option<*const c_void> {
    // SAFETY: read as an address only.
    let symbol = unsafe { library.get::<*const c_void>(name.as_bytes()) }.ok()?;
    #[cfg(unix)]
    let address = symbol.into_raw().cast_const();
    #[cfg(not(unix))]
    let address = *symbol;
    (!address.is_null()).then_some(address)
}

/// # Safety
/// Calls the entry function.
unsafe fn believe_entry(library: &System) -> Result<&'static Entry, Fault> {
    let Some(address) = symbol(library, ENTRY_SYMBOL) else {
        return Err(
            other_major(library).map_or(Fault::NoEntry, |found| Fault::OtherMajor { found })
        );
    };
    if is_executable(address) == Some(false) {
        return Err(Fault::EntryIsData);
    }
    // SAFETY: the address of a function of that name; see the caller.
    let function = unsafe { std::mem::transmute::<*const c_void, EntryFn>(address) };
    // SAFETY: an entry function takes nothing.
    let entry = unsafe { function() };
    if entry.is_null() || !entry.is_aligned() {
        return Err(Fault::BadEntry("its address is null or not aligned".into()));
    }
    // SAFETY: not null and aligned; the magic is the first field, the major the second.
    let (magic, major) = unsafe { ((*entry).magic, (*entry).abi_major) };
    if magic != abi::MAGIC {
        return Err(Fault::BadEntry(format!(
            "it begins with {magic:#010x}, expected {:#010x}",
            abi::MAGIC
        )));
    }
    if major != abi::ABI_MAJOR {
        return Err(Fault::OtherMajor { found: major });
    }
    // SAFETY: an entry of this major has this field.
    let struct_size = unsafe { (*entry).struct_size };
    if struct_size < size_of::<Entry>() {
        return Err(Fault::BadEntry(format!(
            "struct_size is {struct_size}, at least {} is expected",
            size_of::<Entry>()
        )));
    }
    // SAFETY: the plugin says that the whole struct is there, and it is never unloaded.
    let entry = unsafe { &*entry };
    match entry.missing() {
        Some(function) => Err(Fault::BadEntry(format!("it has no `{function}`"))),
        None => Ok(entry),
    }
}

/// A library for another major exports another symbol; the few majors that may exist are tried by
/// name.
fn other_major(library: &System) -> Option<u16> {
    (0..=9)
        .filter(|major| *major != abi::ABI_MAJOR)
        .find(|major| symbol(library, &format!("ocean_plugin_entry_v{major}")).is_some())
}

/// Whether an address lies in executable memory; `None` where the system does not tell.
fn is_executable(address: *const c_void) -> Option<bool> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let address = address as usize;
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let range = usize::from_str_radix(from, 16).ok()?..usize::from_str_radix(to, 16).ok()?;
        range
            .contains(&address)
            .then(|| rest.as_bytes().get(2) == Some(&b'x'))
    })
}

/// # Safety
/// `entry` is a complete entry of `library`.
unsafe fn read(library: &System, entry: &'static Entry) -> Result<Opened, Fault> {
    let door = match symbol(library, layout::DOOR_SYMBOL.trim_end_matches('\0')) {
        // A door of another abi_stable cannot be read; its tables count for ever all the same, so
        // it is as unchecked as a C plugin's. SAFETY: the address dlsym gave, in a library that
        // stays.
        Some(address) => match unsafe { layout::open(address) } {
            Ok(door) => Some(door),
            Err(layout::DoorError::Foreign(_)) => None,
            Err(error) => return Err(Fault::Layout(error.to_string())),
        },
        None => None,
    };
    // The layout of the entry itself comes before any of its functions is called.
    check_layout(door, abi::id::ENTRY)?;
    // SAFETY: build_info is a text of the entry.
    let build_info = unsafe { descriptor::text("build_info", entry.build_info, 10_000) }
        .map_err(Fault::BadEntry)?;
    // SAFETY: the caller's promise.
    let plugins = unsafe { read_plugins(entry, door) }?;
    Ok(Opened {
        build_info: build_info.chars().filter(|c| !c.is_control()).collect(),
        layout: door.map_or(Layout::NotChecked, |_| Layout::Checked),
        plugins,
        fp_change: None,
    })
}

/// The plugins of this program, compiled with it: their tables are its own.
///
/// # Safety
/// The entries are complete.
unsafe fn read_linked() -> Result<Opened, Fault> {
    let mut plugins = Vec::new();
    for entry in linked::entries() {
        // SAFETY: the caller's promise.
        plugins.extend(unsafe { read_plugins(entry, None) }?);
    }
    Ok(Opened {
        build_info: abi::BUILD_ID.to_owned(),
        layout: Layout::Checked,
        plugins,
        fp_change: None,
    })
}

/// # Safety
/// `entry` is complete and stays.
unsafe fn read_plugins(
    entry: &'static Entry,
    door: Option<layout::DoorRef>,
) -> Result<Vec<OpenPlugin>, Fault> {
    // SAFETY: a complete entry.
    let count = unsafe { entry.count() };
    if count == 0 || count > MOST_PLUGINS {
        return Err(Fault::BadEntry(format!(
            "it counts {count} plugins; 1 to {MOST_PLUGINS} are expected"
        )));
    }
    let mut plugins: Vec<OpenPlugin> = Vec::new();
    for index in 0..count {
        let bad = |what| Fault::BadDescriptor { index, what };
        // SAFETY: a complete entry; what it returns is a descriptor or null.
        let descriptor = unsafe { Descriptor::read(entry.descriptor(index)) }.map_err(bad)?;
        if plugins.iter().any(|p| p.descriptor.id == descriptor.id) {
            return Err(bad(format!("the id `{}` appears twice", descriptor.id)));
        }
        // SAFETY: a complete entry of a library that stays.
        let interfaces =
            unsafe { Interfaces::ask(entry, index, &descriptor, |id| check_layout(door, id)) }?;
        plugins.push(OpenPlugin {
            descriptor,
            interfaces,
            entry,
            index,
        });
    }
    Ok(plugins)
}

fn check_layout(door: Option<layout::DoorRef>, id: &str) -> Result<(), Fault> {
    let Some(door) = door else { return Ok(()) };
    layout::check(door, id)
        .map(|_| ())
        .map_err(|e| Fault::Layout(e.to_string()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn code_and_data_are_told_apart() {
        static DATA: u64 = 7;
        assert_eq!(
            is_executable(code_and_data_are_told_apart as *const c_void),
            Some(true)
        );
        assert_eq!(is_executable((&raw const DATA).cast()), Some(false));
        assert_eq!(is_executable(8 as *const c_void), None);
    }

    #[test]
    fn a_system_library_is_a_library_but_no_plugin() {
        // libm is on every Linux with glibc; where it has another name there is nothing to test.
        let Some(path) = [
            "/lib/x86_64-linux-gnu/libm.so.6",
            "/lib64/libm.so.6",
            "/usr/lib/libm.so.6",
        ]
        .map(Path::new)
        .into_iter()
        .find(|p| p.exists()) else {
            return;
        };
        // SAFETY: libm is in this process already.
        let fault = unsafe { open(path) }.err().unwrap();
        assert_eq!(fault, Fault::NoEntry);
    }
}
