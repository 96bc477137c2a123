//! Linux, macOS and their like.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

/// Processor seconds of this process so far, all threads.
pub(crate) fn process_cpu_s() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

/// Processor seconds of this thread so far.
pub(crate) fn thread_cpu_s() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Bytes of memory of this machine.
pub(crate) fn memory_of_machine() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let info = rustix::system::sysinfo();
        Some(info.totalram * u64::from(info.mem_unit))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Bytes of memory that this process has now.
pub(crate) fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages = statm.split(' ').nth(1)?.parse::<u64>().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Makes the names in a folder durable. Where folders cannot be synced (some network file systems)
/// a rename is still atomic.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Of a new file that is nobody's secret; the umask still applies.
pub(crate) fn ordinary_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

/// Both are there and are one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path| std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

/// Gives the file `blob` the name `path`, too: a link, for which `blob` is called `from_there`.
pub(crate) fn link(_blob: &Path, from_there: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from_there, path)
}
