//! The child from outside: started, asked, watched, and, when it is gone, said how it went.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::control::GRACE;
use super::protocol::{Id, Reply, Request, Told};
use super::sandbox;
use super::wire::{self, Connection};
use crate::children::{self, Patience};
use crate::platform::{Door, Link, Stream, crash, set_apart};
use crate::probe::{first_line, last_words};
use crate::{CallContext, Isolation, Limits, LogLevel, Plugin};

/// How much of what a child says on stderr is kept.
const MOST_SAID: usize = 8192;

/// Of all workers of this process, once.
const NO_SANDBOX: &str = "this system has no sandbox (landlock, Linux 5.13): plugins that did not come with this ocean-host run with your rights";
static NO_SANDBOX_IS_SAID: AtomicBool = AtomicBool::new(false);

/// Starts workers.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// `ocean-host`, or a program that calls [`worker_main`](super::worker_main) for
    /// `worker FILE ID`.
    pub program: PathBuf,
    /// What each worker may use.
    pub limits: Limits,
}

/// How a worker ended, as half a sentence: "crashed its worker with signal 11 …".
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It broke down.
    Broken(String),
    /// The run was stopped, and its worker with it.
    Cancelled,
}

/// A child process with one plugin in it.
pub struct Worker {
    /// `None` once it was ended.
    child: Mutex<Option<Child>>,
    link: Link,
    idle: Mutex<Vec<Connection>>,
    /// Objects that are not needed any more; the next frame says so.
    forgotten: Mutex<Vec<Id>>,
    said: Arc<Mutex<Vec<u8>>>,
    limits: Limits,
    is_sandboxed: bool,
    context: CallContext,
    /// What is known of its end.
    ended: Mutex<Option<Ended>>,
    is_cancelled: AtomicBool,
    /// How often the plugin told of progress, in whichever call.
    signs: Arc<AtomicU64>,
    told: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a worker for `plugin`, which loads it from `file` and may read `readable` besides.
    ///
    /// # Errors
    /// The system starts no process or gives no socket.
    pub fn start(
        launcher: &Launcher,
        plugin: &Plugin,
        file: &Path,
        readable: &[PathBuf],
        context: &CallContext,
    ) -> io::Result<Self> {
        let mut command = Command::new(&launcher.program);
        command
            .arg("worker")
            .arg(file)
            .arg(&plugin.descriptor.id)
            .arg(launcher.limits.memory.unwrap_or(0).to_string());
        let is_sandboxed = plugin.isolation == Isolation::Sandbox;
        if is_sandboxed {
            command.arg("--sandbox").args(readable);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        set_apart(&mut command);
        let door = Door::of(&mut command)?;
        let mut child = command.spawn()?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(stderr) = child.stderr.take() {
            keep_last_words(stderr, Arc::clone(&said))?;
        }
        if let Some(stdout) = child.stdout.take() {
            warn_of_noise(stdout, plugin.title(), context.clone())?;
        }
        let link = door.opened(&mut child)?;
        let signs = Arc::new(AtomicU64::new(0));
        let told = listen(link.listener()?, context.clone(), Arc::clone(&signs))?;
        Ok(Self {
            child: Mutex::new(Some(child)),
            link,
            idle: Mutex::default(),
            forgotten: Mutex::default(),
            said,
            limits: launcher.limits,
            is_sandboxed,
            context: context.clone(),
            ended: Mutex::default(),
            is_cancelled: AtomicBool::new(false),
            signs,
            told: Some(told),
        })
    }

    /// Asks, and waits for the reply and its numbers. `progress` receives the share that is done.
    ///
    /// # Errors
    /// The worker is gone, does not answer in time, or the run is stopped.
    pub fn ask(
        &self,
        request: &Request,
        numbers: &[&[f64]],
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<(Reply, Vec<f64>), Ended> {
        if let Some(ended) = self.ended() {
            return Err(ended);
        }
        let answered = self.connection().and_then(|mut connection| {
            let mut patient = Patient::of(self, &connection);
            let frame = (self.take_forgotten(), Some(request));
            connection.write(&mut patient, &frame, numbers)?;
            let most_numbers = request.most_numbers();
            let reply = loop {
                match connection.read(&mut patient, most_numbers)? {
                    (Reply::Progress(share), _) => progress(share),
                    (Reply::Refused(mut error), numbers) if self.is_sandboxed => {
                        error.message = sandbox::with_hint(error.message);
                        break (Reply::Refused(error), numbers);
                    }
                    (Reply::Failed { status, message }, numbers) if self.is_sandboxed => {
                        let message = sandbox::with_hint(message);
                        break (Reply::Failed { status, message }, numbers);
                    }
                    reply => break reply,
                }
            };
            lock(&self.idle).push(connection);
            Ok(reply)
        });
        answered.map_err(|error| self.bury(&error))
    }

    /// An object is not needed any more. It ends with the next request, so that nobody is woken for
    /// it.
    pub fn forget(&self, object: Id) {
        lock(&self.forgotten).push(object);
    }

    /// The same at once, for what may be large. A worker that is gone has forgotten it already.
    pub fn forget_now(&self, object: Id) {
        self.forget(object);
        if self.ended().is_some() {
            return;
        }
        if let Ok(mut connection) = self.connection() {
            let mut patient = Patient::of(self, &connection);
            let frame = (self.take_forgotten(), None::<&Request>);
            if connection.write(&mut patient, &frame, &[]).is_ok() {
                lock(&self.idle).push(connection);
            }
        }
    }

    fn take_forgotten(&self) -> Vec<Id> {
        std::mem::take(&mut *lock(&self.forgotten))
    }

    /// How it ended, once that is known.
    pub fn ended(&self) -> Option<Ended> {
        lock(&self.ended).clone()
    }

    /// A connection that nobody uses: an old one, or a new one.
    fn connection(&self) -> io::Result<Connection> {
        if let Some(connection) = lock(&self.idle).pop() {
            return Ok(connection);
        }
        self.link.connection(|| self.is_gone())
    }

    fn cancel(&self) {
        if !self.is_cancelled.swap(true, Ordering::Relaxed) {
            self.link.cancel();
        }
    }

    /// The child has ended. Its sockets tell that only when nobody else, such as a child of its
    /// own, holds them open.
    fn is_gone(&self) -> bool {
        lock(&self.child).as_mut().is_none_or(children::has_ended)
    }

    /// Finds out how the child ended, after `error` while it was asked, and ends it if it has not.
    fn bury(&self, error: &io::Error) -> Ended {
        let mut ended = lock(&self.ended);
        if let Some(ended) = &*ended {
            return ended.clone();
        }
        let found = match error.kind() {
            io::ErrorKind::Interrupted => Ended::Cancelled,
            io::ErrorKind::TimedOut => Ended::Broken(format!(
                "gave no sign for {} s, so its worker was stopped (time_limit)",
                self.limits.time.as_secs()
            )),
            _ => Ended::Broken(self.obituary(error)),
        };
        self.end();
        *ended = Some(found.clone());
        found
    }

    /// Ends the child and whom it started.
    fn end(&self) -> Option<io::Result<std::process::ExitStatus>> {
        let mut child = lock(&self.child).take()?;
        Some(children::end(&mut child))
    }

    fn obituary(&self, error: &io::Error) -> String {
        // The connection closes a moment before the process is gone.
        let mut patience = Patience::of(GRACE);
        while !self.is_gone() {
            if patience.is_over() {
                return format!("broke off in its worker ({error})");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let Some(Ok(status)) = self.end() else {
            return format!("broke off in its worker ({error})");
        };
        // Its last words may still be on their way.
        std::thread::sleep(Duration::from_millis(20));
        let said = last_words(&String::from_utf8_lossy(&lock(&self.said)));
        match crash(&status) {
            Some(how) => format!("crashed its worker with {how}{said}"),
            None => format!(
                "ended its worker with exit code {}{said}",
                status.code().unwrap_or(-1)
            ),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
        // What the plugin logged last is still on its way. The other end may be held open by a
        // process that the plugin started and that got away: what is there is read, and nothing
        // more is waited for.
        self.link.close();
        if let Some(told) = self.told.take() {
            let _ = told.join();
        }
    }
}

/// Writes a request and reads its reply for as long as there is a reason to wait.
struct Patient<'a> {
    stream: Arc<Stream>,
    worker: &'a Worker,
    /// Of the time limit.
    patience: Patience,
    /// Signs of life that were seen.
    signs: u64,
    /// Of a plugin that was asked to stop.
    grace: Option<Patience>,
    /// The worker was found gone: what it said before is read, and no more.
    is_gone: bool,
}

impl<'a> Patient<'a> {
    fn of(worker: &'a Worker, connection: &Connection) -> Self {
        Self {
            stream: Arc::clone(&connection.stream),
            worker,
            patience: Patience::of(worker.limits.time),
            signs: worker.signs.load(Ordering::Relaxed),
            grace: None,
            is_gone: false,
        }
    }

    /// Whether to go on waiting, after a tenth of a second in which nothing happened.
    fn look(&mut self) -> io::Result<()> {
        if self.worker.context.is_cancelled() {
            self.worker.cancel();
            let grace = self.grace.get_or_insert_with(|| Patience::of(GRACE));
            if grace.is_over() {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        let signs = self.worker.signs.load(Ordering::Relaxed);
        if std::mem::replace(&mut self.signs, signs) != signs {
            self.patience.renew();
        }
        if self.patience.is_over() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if self.is_gone {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.is_gone = self.worker.is_gone();
        Ok(())
    }

    fn patiently(
        &mut self,
        mut step: impl FnMut(&Stream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match step(&self.stream) {
                Err(error)
                    if matches!(
                        error.kind(),
                        // A signal, such as Ctrl-C itself, cuts a call short.
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::TimedOut
                            | io::ErrorKind::Interrupted
                    ) => {}
                result => return result,
            }
            self.look()?;
        }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.patiently(|mut stream| stream.read(buffer))
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|mut stream| stream.write(bytes))
    }

    // Every error is final, `Interrupted` too: it is said for reasons of ours.
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => bytes = &bytes[n..],
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep_last_words(
    mut stderr: impl Read + Send + 'static,
    said: Arc<Mutex<Vec<u8>>>,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = stderr.read(&mut buffer) {
            let mut said = lock(&said);
            said.extend_from_slice(&buffer[..n]);
            let too_many = said.len().saturating_sub(MOST_SAID);
            said.drain(..too_many);
        }
    })
}

/// Results go to stdout; what a plugin writes there is thrown away, and it is named once.
fn warn_of_noise(
    mut stdout: impl Read + Send + 'static,
    title: String,
    context: CallContext,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().spawn(move || {
        let mut buffer = [0; 4096];
        let mut is_first = true;
        while let Ok(n @ 1..) = stdout.read(&mut buffer) {
            if std::mem::take(&mut is_first) {
                let line = first_line(&String::from_utf8_lossy(&buffer[..n]));
                context.log(
                    LogLevel::Warn,
                    &format!("{title}: it writes to standard output (\"{line}\"), which is thrown away; a plugin should use `log`"),
                );
            }
        }
    })
}

/// Log lines go to the user.
fn listen(
    mut control: Stream,
    context: CallContext,
    signs: Arc<AtomicU64>,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().spawn(move || {
        while let Ok((told, _)) = wire::read_head(&mut control) {
            match told {
                Told::Log(level, text) => context.log(level, &text),
                Told::Sign => {
                    signs.fetch_add(1, Ordering::Relaxed);
                }
                Told::NoSandbox => {
                    if !NO_SANDBOX_IS_SAID.swap(true, Ordering::Relaxed) {
                        context.log(LogLevel::Warn, NO_SANDBOX);
                    }
                }
            }
        }
    })
}
