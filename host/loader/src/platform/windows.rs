//! Windows.

use std::fs::{File, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::windows::fs::{FileExt, MetadataExt};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_PROCESS_MEMORY, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectExtendedLimitInformation, SetInformationJobObject,
};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READONLY,
    PAGE_READWRITE, VirtualAlloc, VirtualFree, VirtualProtect,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, GetCurrentProcess, TerminateProcess,
};

use crate::worker::control::{self, GRACE, LOOK};
use crate::worker::wire::Connection;

/// Nowhere: this is asked of systems that have sandboxes.
pub fn own_path(_: &std::fs::File) -> std::path::PathBuf {
    std::path::PathBuf::new()
}

/// Of the surroundings of a process what only other systems tell.
pub fn surroundings() -> Vec<(&'static str, String)> {
    Vec::new()
}

/// A worker that was started, or asked to connect, does so within this time.
const CONNECTS_WITHIN: Duration = Duration::from_secs(30);
/// Whoever connects says the key within this time.
const SAYS_KEY_WITHIN: Duration = Duration::from_secs(2);

/// Ctrl-C is for the host, which then ends its children in its own way.
pub fn set_apart(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

/// "exception 0xC0000005 (invalid memory access)", of a process that did not end itself.
pub fn crash(status: &ExitStatus) -> Option<String> {
    let code = status.code()?.cast_unsigned();
    let name = match code {
        0xC000_0005 => "invalid memory access",
        0xC000_0006 => "a part of its file is missing",
        0xC000_0017 => "no memory",
        0xC000_001D => "an instruction this processor does not have",
        0xC000_0094 => "integer division by zero",
        0xC000_00FD => "stack overflow",
        0xC000_013A => "Ctrl-C",
        0xC000_0374 => "damaged heap",
        0xC000_0409 => "it aborted",
        _ => "",
    };
    match (code >> 30, name) {
        (0b11, "") => Some(format!("exception {code:#010X}")),
        (0b11, _) => Some(format!("exception {code:#010X} ({name})")),
        _ => None,
    }
}

/// Whether a user ended the process, and not what the plugin did.
pub fn is_interrupted(status: &ExitStatus) -> bool {
    status.code().map(i32::cast_unsigned) == Some(0xC000_013A)
}

/// A crash that is expected shows no window and waits for nobody.
pub fn crash_in_silence() {
    // SAFETY: changes a setting of this process.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX) };
}

/// One end of a connection between host and worker.
pub struct Stream(TcpStream);

impl Stream {
    fn of(stream: TcpStream) -> io::Result<Self> {
        // Requests are small and waited for.
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    #[cfg(test)]
    pub fn pair() -> io::Result<(Self, Self)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let ours = TcpStream::connect(listener.local_addr()?)?;
        Ok((Self::of(ours)?, Self::of(listener.accept()?.0)?))
    }

    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A wait that ends in vain may lose what arrives at that very moment, unless it only looks.
        self.0.peek(&mut [0])?;
        (&self.0).read(buffer)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The host's way to a worker that is being started.
pub struct Door {
    listener: TcpListener,
    key: String,
}

impl Door {
    /// For the child that `command` will start, which is told port and key at its standard input.
    pub fn of(command: &mut Command) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        command.stdin(Stdio::piped());
        let key = new_key();
        Ok(Self { listener, key })
    }

    /// The way to that child, which runs now.
    pub fn opened(self, child: &mut Child) -> io::Result<Link> {
        let mut stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(stdin, "{} {}", self.listener.local_addr()?.port(), self.key)?;
        drop(stdin);
        let child = Mutex::new(child);
        let has_ended = || {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            !matches!(child.try_wait(), Ok(None))
        };
        let control = self.accept(has_ended)?;
        // A worker that does not read must not keep us.
        control.0.set_write_timeout(Some(GRACE))?;
        Ok(Link {
            control: Mutex::new(control),
            door: self,
        })
    }

    /// The next to connect who has the key.
    fn accept(&self, is_gone: impl Fn() -> bool) -> io::Result<Stream> {
        let begun = Instant::now();
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Ok(stream) = self.admitted(stream) {
                        return Ok(stream);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if is_gone() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(error),
            }
            if begun.elapsed() > CONNECTS_WITHIN {
                return Err(io::Error::other("its worker did not connect"));
            }
        }
    }

    fn admitted(&self, stream: TcpStream) -> io::Result<Stream> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(SAYS_KEY_WITHIN))?;
        let mut stream = Stream::of(stream)?;
        let mut said = vec![0; self.key.len()];
        stream.read_exact(&mut said)?;
        if said != self.key.as_bytes() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        stream.0.set_read_timeout(None)?;
        Ok(stream)
    }
}

/// 128 bits that nobody guesses: each state has the system's random numbers as its keys.
fn new_key() -> String {
    let half = || RandomState::new().hash_one(Instant::now());
    format!("{:016x}{:016x}", half(), half())
}

/// The host's way to a worker.
pub struct Link {
    control: Mutex<Stream>,
    door: Door,
}

impl Link {
    /// The control stream, to listen to.
    pub fn listener(&self) -> io::Result<Stream> {
        self.control().try_clone()
    }

    /// A new connection, which the child is asked for.
    pub fn connection(&self, is_gone: impl Fn() -> bool) -> io::Result<Connection> {
        let mut control = self.control();
        control.write_all(&[control::CONNECTION])?;
        let stream = self.door.accept(is_gone)?;
        stream.0.set_read_timeout(Some(LOOK))?;
        Ok(stream.into())
    }

    /// Asks the plugin to stop.
    pub fn cancel(&self) {
        let _ = self.control().write_all(&[control::CANCEL]);
    }

    /// What is there is still read, and nothing more is waited for.
    pub fn close(&self) {
        let _ = self.control().0.shutdown(Shutdown::Both);
    }

    fn control(&self) -> std::sync::MutexGuard<'_, Stream> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The worker's way to its host.
pub struct HostLink {
    control: Stream,
    port: u16,
    key: String,
}

impl HostLink {
    /// Standard input holds port and key, and nothing more.
    pub fn take() -> io::Result<Self> {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        let (port, key) = line
            .trim()
            .split_once(' ')
            .ok_or(io::ErrorKind::InvalidData)?;
        let port = port.parse().map_err(io::Error::other)?;
        Ok(Self {
            control: connected(port, key)?,
            port,
            key: key.to_owned(),
        })
    }

    /// The control stream, to tell the host through.
    pub fn teller(&self) -> io::Result<Stream> {
        self.control.try_clone()
    }

    /// The next message of the host, with the connection that it asked for; `None` when it is gone.
    pub fn receive(&self) -> io::Result<Option<(u8, Option<Connection>)>> {
        let mut byte = [0];
        if (&self.control).read(&mut byte)? == 0 {
            return Ok(None);
        }
        let connection = match byte[0] {
            control::CONNECTION => Some(connected(self.port, &self.key)?.into()),
            _ => None,
        };
        Ok(Some((byte[0], connection)))
    }
}

fn connected(port: u16, key: &str) -> io::Result<Stream> {
    let mut stream = Stream::of(TcpStream::connect((Ipv4Addr::LOCALHOST, port))?)?;
    stream.write_all(key.as_bytes())?;
    Ok(stream)
}

/// No window for a crash that was foreseen, no more memory than the study allows, and whom the
/// plugin starts ends with this process.
pub fn limit(memory: u64) {
    crash_in_silence();
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if memory > 0 {
        limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
        limits.ProcessMemoryLimit = usize::try_from(memory).unwrap_or(usize::MAX);
    }
    let bytes = size_of_val(&limits) as u32;
    // SAFETY: a job of its own for this process, with a struct of the length given. Its handle is
    // never closed: it closes with the process, and that ends whoever is left in the job.
    unsafe {
        let job = CreateJobObjectW(std::ptr::null(), std::ptr::null());
        let limits = (&raw const limits).cast();
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, limits, bytes);
        AssignProcessToJobObject(job, GetCurrentProcess());
    }
}

/// Ends this process at once, and with its job whom the plugin in it started.
pub fn end_all() {
    // SAFETY: this process, which is nobody's but the plugin's.
    unsafe { TerminateProcess(GetCurrentProcess(), 0) };
}

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    size: u64,
    modified: u64,
    created: u64,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.file_size(),
            modified: metadata.last_write_time(),
            created: metadata.creation_time(),
        }
    }
}

/// Reads from a place in a file that is open.
pub fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    file.seek_read(buffer, at)
}

/// Is `file` the one that has the name `path` now?
///
/// # Errors
/// The system does not tell.
pub fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match same_file::Handle::from_path(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        named => Ok(named? == same_file::Handle::from_file(file.try_clone()?)?),
    }
}

/// Bytes of a page of memory.
pub(crate) fn page_size() -> usize {
    let mut info = SYSTEM_INFO::default();
    // SAFETY: a struct that lives for the call.
    unsafe { GetSystemInfo(&raw mut info) };
    info.dwPageSize as usize
}

/// Pages of memory of their own, each of which can be closed.
pub(crate) struct Pages {
    at: NonNull<u8>,
    n: usize,
}

impl Pages {
    /// So many, to be read and written.
    pub(crate) fn new(n: usize) -> io::Result<Self> {
        let how = MEM_COMMIT | MEM_RESERVE;
        // SAFETY: new pages at an address of the system's choice.
        let at = unsafe { VirtualAlloc(std::ptr::null(), n * page_size(), how, PAGE_READWRITE) };
        let at = NonNull::new(at.cast()).ok_or_else(io::Error::last_os_error)?;
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
        self.protect(page, 1, PAGE_NOACCESS)
    }

    /// Whoever writes to any of them from now on is killed.
    pub(crate) fn make_read_only(&self) -> io::Result<()> {
        self.protect(0, self.n, PAGE_READONLY)
    }

    fn protect(&self, from: usize, n: usize, how: PAGE_PROTECTION_FLAGS) -> io::Result<()> {
        assert!(
            from + n <= self.n,
            "pages {from} and {n} more of {}",
            self.n
        );
        let mut before = 0;
        // SAFETY: pages of this object, and nothing that Rust knows of lies there.
        let is_done = unsafe {
            let at = self.at.add(from * page_size()).as_ptr().cast();
            VirtualProtect(at, n * page_size(), how, &raw mut before)
        };
        match is_done {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`; its whole, which is said by no length.
        unsafe { VirtualFree(self.at.as_ptr().cast(), 0, MEM_RELEASE) };
    }
}
