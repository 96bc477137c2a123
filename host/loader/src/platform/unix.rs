//! Linux, macOS and their like.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{
    Resource, Rlimit, Signal, getpgrp, getpid, getrlimit, kill_current_process_group, kill_process,
    setrlimit,
};

use crate::worker::control::{self, GRACE, LOOK};
use crate::worker::wire::Connection;

/// Of the surroundings of a process what only such systems have. Signals as Linux tells them; empty
/// where it cannot be read.
pub fn surroundings() -> Vec<(&'static str, String)> {
    // SAFETY: asks, and copies what it is told before anybody can change it.
    let locale = unsafe {
        let told = libc::setlocale(libc::LC_ALL, std::ptr::null());
        let is_told = !told.is_null();
        is_told.then(|| {
            std::ffi::CStr::from_ptr(told)
                .to_string_lossy()
                .into_owned()
        })
    };
    let limits = [
        ("the limit of open files", Resource::Nofile),
        ("the limit of file sizes", Resource::Fsize),
        ("the limit of the stack", Resource::Stack),
        ("the limit of memory", Resource::As),
        ("the limit of data", Resource::Data),
        ("the limit of processor time", Resource::Cpu),
        ("the limit of core files", Resource::Core),
    ];
    let limit = |resource| {
        let limit = getrlimit(resource);
        let words = |value: Option<u64>| value.map_or("any".to_owned(), |most| most.to_string());
        format!("{} of {}", words(limit.current), words(limit.maximum))
    };
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let of_status = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    // Signals 32 to 34 are the C library's own: it sets them up when the first thread begins.
    let signals = |name: &str| {
        let mask = u64::from_str_radix(&of_status(name), 16);
        mask.map_or(String::new(), |mask| format!("{:016x}", mask & !(7 << 31)))
    };
    let mut parts = vec![
        ("the locale", locale.unwrap_or_default()),
        ("the umask", of_status("Umask:")),
        ("the mask of signals", signals("SigBlk:")),
        ("the signals that are ignored", signals("SigIgn:")),
        ("the signals that have handlers", signals("SigCgt:")),
    ];
    parts.extend(limits.map(|(what, resource)| (what, limit(resource))));
    parts
}

/// `signal 11 (SIGSEGV, invalid memory access)`.
pub fn signal_name(number: i32) -> String {
    let known = [
        (Signal::SEGV, "SIGSEGV, invalid memory access"),
        (
            Signal::BUS,
            "SIGBUS, a part of its file is missing or memory is misaligned",
        ),
        (Signal::ABORT, "SIGABRT, it aborted"),
        (
            Signal::ILL,
            "SIGILL, an instruction this processor does not have",
        ),
        (Signal::FPE, "SIGFPE, integer division by zero"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::SYS, "SIGSYS, a forbidden system call"),
        (Signal::KILL, "SIGKILL, something killed it; out of memory?"),
        (Signal::TERM, "SIGTERM"),
    ];
    match known.iter().find(|(signal, _)| signal.as_raw() == number) {
        Some((_, name)) => format!("signal {number} ({name})"),
        None => format!("signal {number}"),
    }
}

/// One end of a connection between host and worker.
pub type Stream = std::os::unix::net::UnixStream;

/// Ctrl-C is for the host, which then ends its children in its own way.
pub fn set_apart(command: &mut Command) {
    command.process_group(0);
}

/// "signal 11 (SIGSEGV, invalid memory access)", of a process that did not end itself.
pub fn crash(status: &ExitStatus) -> Option<String> {
    status.signal().map(signal_name)
}

/// The host's way to a worker that is being started.
pub struct Door {
    control: Stream,
}

impl Door {
    /// For the child that `command` will start, which finds its end at its standard input.
    pub fn of(command: &mut Command) -> io::Result<Self> {
        let (control, theirs) = Stream::pair()?;
        // A worker that does not read must not keep us.
        control.set_write_timeout(Some(GRACE))?;
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        Ok(Self { control })
    }

    /// The way to that child, which runs now.
    pub fn opened(self, _: &mut Child) -> io::Result<Link> {
        Ok(Link {
            control: Mutex::new(self.control),
        })
    }
}

/// The host's way to a worker.
pub struct Link {
    control: Mutex<Stream>,
}

impl Link {
    /// The control stream, to listen to.
    pub fn listener(&self) -> io::Result<Stream> {
        self.control().try_clone()
    }

    /// A new connection, whose other end is sent to the child.
    pub fn connection(&self, _is_gone: impl Fn() -> bool) -> io::Result<Connection> {
        let (ours, theirs) = Stream::pair()?;
        ours.set_read_timeout(Some(LOOK))?;
        ours.set_write_timeout(Some(LOOK))?;
        let ours = Connection::shared(ours)?;
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let fds: Vec<BorrowedFd> = std::iter::once(theirs.as_fd())
            .chain(ours.shared_file())
            .collect();
        ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        let byte = [control::CONNECTION];
        let control = self.control();
        sendmsg(
            &*control,
            &[io::IoSlice::new(&byte)],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        )?;
        Ok(ours)
    }

    /// Asks the plugin to stop.
    pub fn cancel(&self) {
        let _ = self.control().write_all(&[control::CANCEL]);
    }

    /// What is there is still read, and nothing more is waited for.
    pub fn close(&self) {
        let _ = self.control().shutdown(Shutdown::Both);
    }

    fn control(&self) -> std::sync::MutexGuard<'_, Stream> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The worker's way to its host.
pub struct HostLink {
    control: Stream,
}

impl HostLink {
    /// Standard input is the control socket; it is moved away, so that a plugin that reads standard
    /// input finds nothing there.
    pub fn take() -> io::Result<Self> {
        let control = io::stdin().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        let control = Stream::from(control);
        control.peer_addr()?;
        Ok(Self { control })
    }

    /// The control stream, to tell the host through.
    pub fn teller(&self) -> io::Result<Stream> {
        self.control.try_clone()
    }

    /// The next message of the host, with the connection that came along; `None` when it is gone.
    pub fn receive(&self) -> io::Result<Option<(u8, Option<Connection>)>> {
        let mut byte = [0];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            let mut parts = [io::IoSliceMut::new(&mut byte)];
            recvmsg(
                &self.control,
                &mut parts,
                &mut ancillary,
                RecvFlags::empty(),
            )
        })?;
        if received.bytes == 0 {
            return Ok(None);
        }
        let mut fds: Vec<OwnedFd> = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(found) = message {
                fds.extend(found);
            }
        }
        Ok(Some((byte[0], Connection::of_host(fds)?)))
    }
}

/// No core file for a crash that was foreseen, and no more memory than the study allows.
pub fn limit(memory: u64) {
    let exactly = |bytes| Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    let _ = setrlimit(Resource::Core, exactly(0));
    if memory > 0 {
        let _ = setrlimit(Resource::Data, exactly(memory));
    }
    // When memory runs out after all, the system should take the worker and not the host.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// Where this process itself finds a file that it holds open.
pub fn own_path(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Ends this process at once, and whom the plugin in it started.
pub fn end_all() {
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    let _ = kill_process(getpid(), Signal::KILL);
}

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Reads from a place in a file that is open.
pub fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(buffer, at)
}

/// Is `file` the one that has the name `path` now?
///
/// # Errors
/// The system does not tell.
pub fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let identity = |file: Metadata| (file.dev(), file.ino());
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        named => Ok(identity(named?) == identity(file.metadata()?)),
    }
}

/// Bytes of a page of memory.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// Pages of memory of their own, each of which can be closed.
pub(crate) struct Pages {
    at: NonNull<u8>,
    n: usize,
}

impl Pages {
    /// So many, to be read and written.
    pub(crate) fn new(n: usize) -> io::Result<Self> {
        // SAFETY: new pages at an address of the system's choice.
        let at = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                n * page_size(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }?;
        let at = NonNull::new(at.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { at, n })
    }

    /// Where they begin.
    pub(crate) fn first(&self) -> NonNull<u8> {
        self.at
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Whoever touches this page from now on is killed.
    pub(crate) fn close(&self, page: usize) -> io::Result<()> {
        self.protect(page, 1, MprotectFlags::empty())
    }

    /// Whoever writes to any of them from now on is killed.
    pub(crate) fn make_read_only(&self) -> io::Result<()> {
        self.protect(0, self.n, MprotectFlags::READ)
    }

    fn protect(&self, from: usize, n: usize, how: MprotectFlags) -> io::Result<()> {
        assert!(
            from + n <= self.n,
            "pages {from} and {n} more of {}",
            self.n
        );
        // SAFETY: pages of this object, and nothing that Rust knows of lies there.
        unsafe {
            let at = self.at.add(from * page_size());
            mprotect(at.as_ptr().cast(), n * page_size(), how)?;
        }
        Ok(())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this length.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.n * page_size()) };
    }
}
