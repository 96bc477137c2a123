//! Loading a library in a child process first, because loading runs its code: a truncated file
//! raises SIGBUS, a constructor may call exit(0) or loop.
//!
//! The child is the host's own binary, started as `ocean-host probe FILE`; it answers with one
//! marked line of JSON on stdout, at its very end. Whatever else arrives on stdout was written by
//! the plugin and is reported: in the host, stdout is for results. No answer is an answer too, see
//! [`Fault`].

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::children::{self, Patience};
use super::error::{Fault, LibraryError};
use super::quarantine::Quarantine;
use super::{Descriptor, Layout, linked, open, platform};

/// Begins the line that carries the child's answer.
const MARK: &str = "ocean-host-probe-answer:";

/// How much of a plugin's chatter is kept.
const MOST_CHATTER: usize = 64 * 1024;

/// How often a waiting prober looks whether its child has ended.
const LOOK: Duration = Duration::from_millis(50);
/// What a child wrote last is still on its way when it has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How plugins are probed before they are loaded.
#[derive(Debug, Clone)]
pub struct Prober {
    program: PathBuf,
    arguments: Vec<OsString>,
    time_limit: Duration,
    quarantine: Option<Quarantine>,
}

impl Prober {
    /// Probes with `program probe FILE`. `program` must call [`probe_main`] for that: `ocean-host`
    /// does, so that a program that embeds this library, or a test, names an `ocean-host` here.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: vec!["probe".into()],
            // Loading takes milliseconds; a large library on a cold network drive may take seconds.
            time_limit: Duration::from_secs(30),
            quarantine: None,
        }
    }

    /// Probes with the running program, which must be `ocean-host`.
    ///
    /// # Errors
    /// The system cannot tell which program is running.
    pub fn this_program() -> std::io::Result<Self> {
        std::env::current_exe().map(Self::new)
    }

    /// The same, which remembers what took its child down.
    #[must_use]
    pub fn with_quarantine(self, quarantine: Quarantine) -> Self {
        Self {
            quarantine: Some(quarantine),
            ..self
        }
    }

    /// The same, which remembers nothing.
    #[must_use]
    pub(crate) fn without_quarantine(self) -> Self {
        Self {
            quarantine: None,
            ..self
        }
    }

    /// The program that is started.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The same with another limit on the time that loading may take.
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }
}

/// What probing a library found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// blake3 of the file, hexadecimal.
    pub hash: String,
    /// Compiler and version, as the library says.
    pub build_info: String,
    /// Whether its tables were compared field by field.
    pub layout: Layout,
    /// Its plugins with the ids of the interfaces they offer.
    pub plugins: Vec<ProbedPlugin>,
    /// What is not forbidden but should not be: one line each.
    pub warnings: Vec<String>,
}

/// One plugin of a probed library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbedPlugin {
    /// As it describes itself.
    pub descriptor: Descriptor,
    /// Interface ids it offers.
    pub interfaces: Vec<String>,
}

impl Probed {
    /// Of what is open here; the hash is the parent's, taken before the library had a chance to
    /// touch its file.
    fn of(opened: open::Opened) -> Self {
        let plugin = |plugin: open::OpenPlugin| ProbedPlugin {
            descriptor: plugin.descriptor,
            interfaces: plugin.interfaces.owned_ids(),
        };
        Self {
            hash: String::new(),
            build_info: opened.build_info,
            layout: opened.layout,
            plugins: opened.plugins.into_iter().map(plugin).collect(),
            warnings: opened.fp_change.map(fp_warning).into_iter().collect(),
        }
    }
}

/// Loads `path` in a child process and says what it found there.
///
/// # Errors
/// [`LibraryError::Unusable`], for every bad file.
pub fn probe(prober: &Prober, path: &Path) -> Result<Probed, LibraryError> {
    let hash = super::search::inspect(path).map_err(|fault| LibraryError::new(path, fault))?;
    probe_inspected(prober, path, hash).map_err(|fault| LibraryError::new(path, fault))
}

pub(super) fn probe_inspected(prober: &Prober, path: &Path, hash: String) -> Result<Probed, Fault> {
    if linked::is_program(path) {
        // SAFETY: its plugins are part of this very program, which runs.
        let opened = unsafe { open::open(path) }?;
        return Ok(Probed {
            hash,
            ..Probed::of(opened)
        });
    }
    let Some(quarantine) = &prober.quarantine else {
        return probe_now(prober, path, hash);
    };
    if let Some(fault) = quarantine.find(&hash) {
        return Err(fault);
    }
    let probed = probe_now(prober, path, hash.clone());
    match &probed {
        Ok(_) => quarantine.release(&hash),
        Err(fault) => quarantine.take(&hash, path, fault),
    }
    probed
}

fn probe_now(prober: &Prober, path: &Path, hash: String) -> Result<Probed, Fault> {
    let path = std::path::absolute(path).map_err(|e| Fault::Unreadable(e.to_string()))?;
    let mut arguments: Vec<&OsStr> = prober.arguments.iter().map(OsString::as_os_str).collect();
    arguments.push(path.as_os_str());
    let (answer, chatter) = ask_child(&prober.program, &arguments, prober.time_limit, MARK)?;
    let answer: Result<Probed, Fault> = serde_json::from_str(&answer)
        .map_err(|e| Fault::NotProbed(format!("its answer cannot be read ({e})")))?;
    let mut probed = answer?;
    probed.hash = hash;
    if !chatter.trim().is_empty() {
        let first = first_line(&chatter);
        probed.warnings.push(format!("it wrote to standard output while it was loaded (\"{first}\"); results go there, a plugin should use `log`"));
    }
    Ok(probed)
}

/// Runs a child that answers with a line that begins with `mark`, and gives what is behind the mark
/// and everything else it said.
///
/// The answer is the last thing a child says; a child that fails afterwards has failed.
pub fn ask_child(
    program: &Path,
    arguments: &[&OsStr],
    time_limit: Duration,
    mark: &str,
) -> Result<(String, String), Fault> {
    let outcome = run(program, arguments, time_limit)?;
    let (answer, chatter) = split_answer(&outcome.stdout, mark);
    match answer {
        Some(answer) if outcome.status.success() => Ok((answer.to_owned(), chatter)),
        _ => Err(unanswered(outcome.status, last_words(&outcome.stderr))),
    }
}

struct Outcome {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

fn run(program: &Path, arguments: &[&OsStr], time_limit: Duration) -> Result<Outcome, Fault> {
    let mut command = Command::new(program);
    // A child killed by Ctrl-C would look like a plugin that crashed.
    platform::set_apart(&mut command);
    let mut child = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| Fault::NotProbed(format!("{} cannot be started: {e}", program.display())))?;
    let heard = |pipe: std::io::Result<Heard>| pipe.map_err(|e| Fault::NotProbed(e.to_string()));
    let stdout = heard(Heard::of(child.stdout.take()))?;
    let stderr = heard(Heard::of(child.stderr.take()))?;
    let mut patience = Patience::of(time_limit);
    // The pipe closes when the child ends, unless a child of its own keeps it open.
    let mut is_closed = false;
    let is_hung = loop {
        if children::has_ended(&mut child) {
            break false;
        }
        if patience.is_over() {
            break true;
        }
        if is_closed {
            std::thread::sleep(Duration::from_millis(2));
        } else {
            is_closed = stdout.is_at_its_end(LOOK);
        }
    };
    let is_stopped = is_hung && children::is_stopped(&child);
    let status = children::end(&mut child).map_err(|e| Fault::NotProbed(e.to_string()))?;
    if is_stopped {
        return Err(Fault::NotProbed(
            "its probe was stopped (SIGSTOP) and did not go on".to_owned(),
        ));
    }
    if is_hung {
        return Err(Fault::Hung {
            seconds: time_limit.as_secs(),
        });
    }
    stdout.is_at_its_end(LAST_WORDS);
    stderr.is_at_its_end(LAST_WORDS);
    Ok(Outcome {
        status,
        stdout: stdout.text(),
        stderr: stderr.text(),
    })
}

/// What comes through a pipe, read in the background. The last part of it is kept: the answer is
/// the last line, and so are last words.
struct Heard {
    kept: Arc<Mutex<Vec<u8>>>,
    end: mpsc::Receiver<()>,
}

impl Heard {
    fn of(pipe: Option<impl Read + Send + 'static>) -> std::io::Result<Self> {
        let (at_end, end) = mpsc::channel();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let heard = Self {
            kept: Arc::clone(&kept),
            end,
        };
        std::thread::Builder::new().spawn(move || {
            // Dropped at the end, which is what tells of it.
            let _at_end: mpsc::Sender<()> = at_end;
            let mut buffer = [0; 8192];
            let Some(mut pipe) = pipe else { return };
            while let Ok(n @ 1..) = pipe.read(&mut buffer) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&buffer[..n]);
                if kept.len() > 16 * MOST_CHATTER {
                    let too_many = kept.len() - MOST_CHATTER;
                    kept.drain(..too_many);
                }
            }
        })?;
        Ok(heard)
    }

    /// Waits for the end so long.
    fn is_at_its_end(&self, patience: Duration) -> bool {
        self.end.recv_timeout(patience) != Err(mpsc::RecvTimeoutError::Timeout)
    }

    fn text(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

/// The JSON after the mark, and everything else.
fn split_answer<'a>(stdout: &'a str, mark: &str) -> (Option<&'a str>, String) {
    let Some((before, rest)) = stdout.rsplit_once(mark) else {
        return (None, stdout.to_owned());
    };
    let (answer, after) = rest.split_once('\n').unwrap_or((rest, ""));
    (Some(answer), format!("{before}{after}"))
}

/// The first line of what a plugin printed, short enough for a warning.
pub(super) fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// The last line on stderr, for the end of an error message.
pub(super) fn last_words(stderr: &str) -> String {
    match stderr
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
    {
        None => String::new(),
        Some(line) => {
            let line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
            format!(" (it said: {line})")
        }
    }
}

fn unanswered(status: ExitStatus, said: String) -> Fault {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        if is_from_outside(signal) {
            return Fault::NotProbed(format!(
                "its probe was ended by {}",
                platform::signal_name(signal)
            ));
        }
        return Fault::Crashed {
            signal: platform::signal_name(signal),
            said,
        };
    }
    #[cfg(windows)]
    match platform::crash(&status) {
        Some(how) if platform::is_interrupted(&status) => {
            return Fault::NotProbed(format!("its probe was ended by {how}"));
        }
        Some(signal) => return Fault::Crashed { signal, said },
        None => {}
    }
    Fault::Exited {
        code: status.code().unwrap_or(-1),
        said,
    }
}

/// Whether a user, a scheduler or a system short of memory sent this signal, and not what the
/// plugin did.
#[cfg(unix)]
fn is_from_outside(signal: i32) -> bool {
    use rustix::process::Signal;
    [
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::KILL,
        Signal::TERM,
        Signal::PIPE,
        // Limits of the shell or of the scheduler.
        Signal::XCPU,
        Signal::XFSZ,
    ]
    .iter()
    .any(|one| one.as_raw() == signal)
}

/// What `ocean-host probe FILE` does: opens the library in this process, which is nobody's but the
/// plugin's, and answers.
pub fn probe_main(path: &Path) -> ExitCode {
    stay_harmless();
    // A kernel that has no sandbox has none for the study either, which then says so.
    let _ = platform::sandbox::close();
    // SAFETY: this is the child; a crash here is a result.
    let answer = unsafe { open::open(path) }.map(Probed::of);
    let Ok(json) = serde_json::to_string(&answer) else {
        return ExitCode::FAILURE;
    };
    // C libraries flush their own buffers at exit, in the middle of a line of ours or not: the mark
    // and the line break set the answer apart.
    let mut stdout = std::io::stdout();
    match writeln!(stdout, "{MARK}{json}").and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

pub(super) fn fp_warning(change: String) -> String {
    format!(
        "it changed the floating-point mode of the process: {change}; the mode was put back, relink the plugin without -ffast-math"
    )
}

/// No core file for a crash that is expected, and no child that loops on after its parent was
/// killed.
pub fn stay_harmless() {
    #[cfg(windows)]
    platform::crash_in_silence();
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_answer_is_found_among_a_plugins_chatter() {
        let stdout = format!("hello\n{MARK}{{\"a\":1}}\nbye");
        let (answer, chatter) = split_answer(&stdout, MARK);
        assert_eq!(answer, Some("{\"a\":1}"));
        assert_eq!(chatter, "hello\nbye");
        assert_eq!(split_answer("hello", MARK), (None, "hello".to_owned()));
    }

    /// A prober whose child is a shell script: what a plugin can do to a child, done on purpose.
    #[cfg(unix)]
    fn shell(script: &str, time_limit: Duration) -> Result<Probed, Fault> {
        let prober = Prober {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            time_limit,
            quarantine: None,
        };
        probe_inspected(&prober, Path::new("/x.so"), "hash".into())
    }

    #[cfg(unix)]
    #[test]
    fn every_way_not_to_answer_has_its_own_line() {
        let soon = Duration::from_secs(20);
        let line = |script: &str| shell(script, soon).unwrap_err().to_string();
        assert_eq!(
            line("kill -SEGV $$"),
            "it crashed while it was loaded, with signal 11 (SIGSEGV, invalid memory access); nothing of it was run in ocean-host itself"
        );
        assert_eq!(
            line("echo out of cheese >&2; exit 0"),
            "it ended its process with exit code 0 while it was loaded (it said: out of cheese); a plugin must not call exit"
        );
        assert_eq!(
            line(&format!("echo '{MARK}{{'")),
            "it could not be probed: its answer cannot be read (EOF while parsing an object at line 1 column 1)"
        );
        // From outside, and no fault of the plugin: it does not go into quarantine.
        assert_eq!(
            line("kill -TERM $$"),
            "it could not be probed: its probe was ended by signal 15 (SIGTERM)"
        );
        assert_eq!(
            line("kill -PIPE $$"),
            "it could not be probed: its probe was ended by signal 13"
        );
        let started = Instant::now();
        let hung = shell("while :; do :; done", Duration::from_secs(1)).unwrap_err();
        assert_eq!(hung, Fault::Hung { seconds: 1 });
        let stopped = shell("kill -STOP $$", Duration::from_millis(300)).unwrap_err();
        assert_eq!(
            stopped.to_string(),
            "it could not be probed: its probe was stopped (SIGSTOP) and did not go on"
        );
        assert!(started.elapsed() < soon);
    }

    /// What a probe of a library without plugins answers.
    #[cfg(unix)]
    fn answer() -> String {
        let answer = serde_json::to_string(&Ok::<_, Fault>(Probed {
            hash: String::new(),
            build_info: String::new(),
            layout: Layout::NotChecked,
            plugins: vec![],
            warnings: vec![],
        }));
        answer.unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_the_plugin_starts_keeps_nobody_and_is_gone_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("started");
        let script = format!(
            "sleep 600 & echo $! > {}; echo; echo '{MARK}{}'",
            file.display(),
            answer()
        );
        let started = Instant::now();
        assert!(shell(&script, Duration::from_secs(20)).is_ok());
        assert!(started.elapsed() < Duration::from_secs(5));
        let pid: i32 = std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        // Its parent is gone, so whoever takes care of orphans has to notice first.
        let is_there = || match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => !stat.contains(") Z "),
            Err(_) => rustix::process::test_kill_process(pid).is_ok() && !cfg!(target_os = "linux"),
        };
        (0..100).take_while(|_| is_there()).for_each(|_| {
            std::thread::sleep(Duration::from_millis(20));
        });
        assert!(!is_there());
    }

    #[cfg(unix)]
    #[test]
    fn a_crash_after_the_answer_is_a_crash() {
        let answer = answer();
        let soon = Duration::from_secs(20);
        assert!(matches!(
            shell(&format!("echo '{MARK}{answer}'; kill -ABRT $$"), soon),
            Err(Fault::Crashed { .. })
        ));
        let probed = shell(
            &format!("echo; echo 'loading weights'; echo '{MARK}{answer}'"),
            soon,
        )
        .unwrap();
        assert_eq!(
            probed.warnings,
            [
                "it wrote to standard output while it was loaded (\"loading weights\"); results go there, a plugin should use `log`"
            ]
        );
        assert_eq!(probed.hash, "hash");
    }

    #[test]
    fn a_program_that_is_not_there_cannot_probe() {
        let prober = Prober::new("/no/such/program");
        let fault = probe_inspected(&prober, Path::new("/x.so"), String::new()).unwrap_err();
        assert!(
            fault
                .to_string()
                .starts_with("it could not be probed: /no/such/program cannot be started"),
            "{fault}"
        );
    }
}
