//! The calls of a command, and what can go wrong with each.

/// One call about a file of the study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What it does: `open`, `write`, `rename`, …
    pub kind: String,
    /// Which of its kind, from 1.
    pub n: usize,
    /// The file or folder.
    pub path: String,
}

/// What a call ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// As the library takes it.
    pub what: &'static str,
    /// In the table.
    pub title: &'static str,
    /// A system does so on a good day: nothing may come of it.
    pub is_harmless: bool,
    /// One of these stands in the message; empty where there is none.
    pub causes: &'static [&'static str],
}

const fn failing(what: &'static str, causes: &'static [&'static str]) -> Fault {
    Fault {
        what,
        title: what,
        is_harmless: false,
        causes,
    }
}

const fn harmless(what: &'static str, title: &'static str) -> Fault {
    Fault {
        what,
        title,
        is_harmless: true,
        causes: &[],
    }
}

const FULL: Fault = failing("ENOSPC", &["the disk is full", "No space left"]);
const STAYS_FULL: Fault = Fault {
    what: "ENOSPC on",
    title: "ENOSPC, from then on",
    ..FULL
};
const IO: Fault = failing("EIO", &["Input/output error"]);
const FORBIDDEN: Fault = failing("EACCES", &["ermission"]);
const TOO_MANY: Fault = failing("EMFILE", &["Too many open files"]);
const BUSY: Fault = failing("EBUSY", &["busy"]);
const NO_MEMORY: Fault = failing("ENOMEM", &["memory"]);
/// A file system without locks.
const NO_LOCKS: Fault = harmless("ENOLCK", "ENOLCK");
const INTERRUPTED: Fault = harmless("EINTR", "EINTR");
const SHORT: Fault = harmless("short", "short count");
/// Nothing is to be done about it, and nothing is lost by it: what matters was synced.
const NOT_CLOSED: Fault = harmless("EIO", "EIO on close");
/// Suspended, and continued.
const STOPPED: Fault = harmless("stop", "stopped, continued");
/// The process is gone.
pub const KILLED: Fault = failing("kill", &[]);

/// What a call of a kind can end with.
pub fn faults_of(kind: &str) -> Vec<Fault> {
    let own: &[Fault] = match kind {
        "open" => &[IO, FORBIDDEN, TOO_MANY, INTERRUPTED],
        "create" => &[FULL, FORBIDDEN, STAYS_FULL, INTERRUPTED],
        "read" => &[IO, INTERRUPTED, SHORT],
        "write" => &[FULL, STAYS_FULL, IO, INTERRUPTED, SHORT],
        "sync" => &[IO, FULL],
        "rename" => &[IO, FULL, FORBIDDEN],
        "unlink" => &[FORBIDDEN, BUSY],
        "mkdir" => &[FULL, FORBIDDEN],
        "truncate" | "copy" => &[IO],
        "map" => &[NO_MEMORY],
        "stat" => &[IO, FORBIDDEN],
        "list" => &[IO],
        "lock" => &[NO_LOCKS],
        "close" => &[NOT_CLOSED],
        _ => &[],
    };
    let always: &[Fault] = match kind {
        "stat" | "close" => &[KILLED],
        _ => &[KILLED, STOPPED],
    };
    own.iter().chain(always).copied().collect()
}

impl Point {
    /// A line of the library's log.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        Some(Self {
            kind: words.next()?.to_owned(),
            n: words.next()?.parse().ok()?,
            path: words.next()?.to_owned(),
        })
    }

    /// What the library is told.
    pub fn fails_with(&self, what: &str) -> String {
        format!("{} {} {what}", self.kind, self.n)
    }
}

/// One fault at one call.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Where.
    pub point: Point,
    /// What.
    pub fault: Fault,
}

/// All trials of these points.
pub fn trials(points: &[Point]) -> Vec<Trial> {
    let of_point = |point: &Point| -> Vec<Trial> {
        let faults = faults_of(&point.kind).into_iter();
        let trial = |fault| Trial {
            point: point.clone(),
            fault,
        };
        faults.map(trial).collect()
    };
    points.iter().flat_map(of_point).collect()
}

/// `n` of them, spread over all.
pub fn sample(trials: &[Trial], n: usize) -> Vec<Trial> {
    // Not in step with the number of faults that a kind has; when all are asked for, each once.
    let shift = |at: usize| if n < trials.len() { at % 7 } else { 0 };
    let place = |at: usize| (at * trials.len() / n + shift(at)) % trials.len();
    (0..n.min(trials.len()))
        .map(|at| trials[place(at)].clone())
        .collect()
}
