//! The folder in which things go wrong, and the program that runs there with the library of faults
//! before it.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ocean_tests::fixtures::preload;
use ocean_tests::workspace::{built, target};

use super::points::Point;
use super::tree::Tree;

/// Longer than any command of the study takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of its own, with `now` in it, the study as it is.
pub struct Bench {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code, if it had one.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard error.
    pub said: String,
    /// It had not ended after a long while, and was killed.
    pub is_stuck: bool,
}

impl Bench {
    /// An empty one: in memory where there is a file system for that, which syncs in no time.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        Self {
            folder: folder.unwrap(),
        }
    }

    /// Where the study is: the same place for each trial, as plans hold paths.
    pub fn now(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("now")
    }

    /// The study with these files and nothing else.
    pub fn begin(&self, files: &[(&str, Vec<u8>)]) {
        let files = files.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
        Tree::of_files(files).restore(&self.now());
    }

    /// Writes one more file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.now().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a command of ocean-host there, to its end; `fault` is what goes wrong.
    pub fn run(&self, command: &[&str], fault: Option<&str>) -> Ran {
        let mut ocean_host = self.command(command);
        if let Some(fault) = fault {
            ocean_host.env("OCEAN_FAULT", fault);
            self.interpose(&mut ocean_host);
        }
        self.ended(ocean_host)
    }

    /// Runs it with nothing going wrong, and tells every call.
    pub fn counted(&self, command: &[&str], code: i32) -> Vec<Point> {
        let log = self.folder.path().join("log");
        let _ = std::fs::remove_file(&log);
        let mut ocean_host = self.command(command);
        ocean_host.env("OCEAN_FAULT_LOG", &log);
        self.interpose(&mut ocean_host);
        let ran = self.ended(ocean_host);
        assert_eq!(ran.code, Some(code), "{command:?}: {}", ran.said);
        let lines = std::fs::read_to_string(log).unwrap_or_default();
        lines.lines().filter_map(Point::read).collect()
    }

    /// ocean-host with nothing of the caller's settings, and nothing beside it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(alone());
        command.args(arguments).current_dir(self.now());
        self.surround(&mut command);
        command
    }

    /// The settings of a command.
    pub fn surround(&self, command: &mut Command) {
        let is_ours = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with("OCEAN_"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
            command.env_remove(name);
        }
        command
            .env("NO_COLOR", "1")
            .env("HOME", self.folder.path())
            .env("OCEAN_CACHE", self.now().join("cache"))
            // Pictures are drawn side by side; one after the other, calls keep their order.
            .env("RAYON_NUM_THREADS", "1");
    }

    /// The library of faults, for what is in the study's folder.
    pub fn interpose(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", preload("faults"))
            .env("OCEAN_FAULT_UNDER", self.now());
    }

    /// Waits for its end. One that is stopped goes on after a moment.
    pub fn ended(&self, mut command: Command) -> Ran {
        let said = self.folder.path().join("said");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let (status, is_stuck): (ExitStatus, bool) = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break (status, false);
            }
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
                break (child.wait().unwrap(), true);
            }
            std::thread::sleep(Duration::from_millis(2));
            if is_stopped(child.id()) {
                std::thread::sleep(Duration::from_millis(20));
                let continued = Command::new("kill")
                    .args(["-CONT", &child.id().to_string()])
                    .status();
                assert!(continued.unwrap().success());
            }
        };
        let said = std::fs::read(said).unwrap();
        Ran {
            code: status.code(),
            signal: status.signal(),
            said: String::from_utf8_lossy(&said).into_owned(),
            is_stuck,
        }
    }
}

/// By what the system says of the process: the letter after its name.
fn is_stopped(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.trim().chars().next());
    state == Some('T')
}

/// The program in a folder where no plugin lies beside it: those linked in are used, and no child
/// asks a library who it is.
pub fn alone() -> &'static Path {
    static ALONE: OnceLock<PathBuf> = OnceLock::new();
    ALONE.get_or_init(|| {
        let named = std::env::var_os("OCEAN_FAULTS_PROGRAM").map(PathBuf::from);
        let program = named.unwrap_or_else(|| built().host.clone());
        let folder = target().join("fixtures/alone");
        std::fs::create_dir_all(&folder).unwrap();
        let (new, alone) = (
            folder.join(format!("new-{}", std::process::id())),
            folder.join("ocean-host"),
        );
        std::fs::copy(program, &new).unwrap();
        std::fs::rename(&new, &alone).unwrap();
        alone
    })
}
