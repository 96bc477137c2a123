//! Windows.

use std::fs::Permissions;
use std::io;
use std::path::Path;

use windows_sys::Win32::Foundation::{FILETIME, HANDLE};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, GetProcessTimes, GetThreadTimes,
};
use windows_sys::core::BOOL;

/// Processor seconds of this process so far, all threads.
pub(crate) fn process_cpu_s() -> f64 {
    // SAFETY: the number of this process for this process, no memory behind it.
    seconds(GetProcessTimes, unsafe { GetCurrentProcess() })
}

/// Processor seconds of this thread so far, in ticks of some milliseconds.
pub(crate) fn thread_cpu_s() -> f64 {
    // SAFETY: as above, of this thread.
    seconds(GetThreadTimes, unsafe { GetCurrentThread() })
}

type Times = unsafe extern "system" fn(
    HANDLE,
    *mut FILETIME,
    *mut FILETIME,
    *mut FILETIME,
    *mut FILETIME,
) -> BOOL;

fn seconds(times: Times, of: HANDLE) -> f64 {
    let mut all = [FILETIME::default(); 4];
    let [created, ended, kernel, user] = &mut all;
    // SAFETY: four times that live for the call. Where it fails they stay zero.
    unsafe { times(of, created, ended, kernel, user) };
    let ticks =
        |time: &FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    // Ticks of 100 ns.
    (ticks(kernel) + ticks(user)) as f64 * 1e-7
}

/// Bytes of memory of this machine.
pub(crate) fn memory_of_machine() -> Option<u64> {
    let mut status = MEMORYSTATUSEX {
        dwLength: size_of::<MEMORYSTATUSEX>() as u32,
        ..MEMORYSTATUSEX::default()
    };
    // SAFETY: a struct of the length it says, which lives for the call.
    let is_told = unsafe { GlobalMemoryStatusEx(&raw mut status) } != 0;
    is_told.then_some(status.ullTotalPhys)
}

/// Bytes of memory that this process has now.
pub(crate) fn resident_bytes() -> Option<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let bytes = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    // SAFETY: this process, and a struct of the length given, which lives for the call.
    let is_told =
        unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), &raw mut counters, bytes) } != 0;
    is_told.then_some(counters.WorkingSetSize as u64)
}

/// Makes the names in a folder durable: NTFS keeps a journal of them itself.
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Of a new file that is nobody's secret: it has those of its folder.
pub(crate) fn ordinary_permissions() -> Option<Permissions> {
    None
}

/// Both are there and are one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    same_file::is_same_file(one, other).unwrap_or(false)
}

/// Gives the file `blob` the name `path`, instead of its own: links need a right that few users
/// have.
pub(crate) fn link(blob: &Path, _from_there: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(blob, path)
}
