//! One fault: what must hold while it lasts, and after the same command again without it.

use super::bench::{Bench, Ran};
use super::commands::{Case, INPUTS, prepare};
use super::points::{KILLED, Point, Trial};
use super::tree::Tree;

/// A command on a bench, with what it begins and ends with.
pub struct Tried<'a> {
    case: &'a Case,
    bench: Bench,
    before: Tree,
    after: Tree,
    /// Its calls.
    pub points: Vec<Point>,
}

/// How a trial ended.
pub enum Ended {
    /// As it must.
    Sound,
    /// The command made fewer calls this time.
    NotReached,
    /// What is lost.
    Lost(String),
}

impl<'a> Tried<'a> {
    /// Runs the command once with nothing going wrong.
    pub fn new(case: &'a Case) -> Self {
        let bench = Bench::new();
        prepare(&bench, case);
        let before = Tree::of(&bench.now());
        let points = bench.counted(case.command, case.code);
        let after = Tree::of(&bench.now());
        Self {
            case,
            bench,
            before,
            after,
            points,
        }
    }

    /// The bench with everything as it was.
    pub fn begun(&self) -> &Bench {
        self.before.restore(&self.bench.now());
        &self.bench
    }

    /// The study's folder after the command, with which nothing went wrong.
    pub fn begun_and_run(&self) -> std::path::PathBuf {
        self.after.restore(&self.bench.now());
        self.bench.now()
    }

    /// What a command has left that it must not leave, and what the same command does not mend.
    pub fn left(&self) -> Option<String> {
        self.half(&Tree::of(&self.bench.now()))
            .or_else(|| self.again())
    }

    /// How the results differ from those of a command with which nothing went wrong.
    pub fn differs(&self) -> Option<String> {
        let now = Tree::of(&self.bench.now());
        difference(&now.results(false), &self.after.results(false))
    }

    fn half(&self, now: &Tree) -> Option<String> {
        if let Some(input) = self.changed_input(now) {
            return Some(format!("{input} of the user's was changed"));
        }
        let half = now.half(&self.before, &self.after);
        half.map(|half| format!("{half} is half a file"))
    }

    /// Lets one call fail.
    pub fn fail(&self, trial: &Trial) -> Ended {
        self.before.restore(&self.bench.now());
        let fault = trial.point.fails_with(trial.fault.what);
        let ran = self.bench.run(self.case.command, Some(&fault));
        if trial.fault == KILLED && ran.signal != Some(9) {
            return Ended::NotReached;
        }
        let lost = self.during(trial, &ran).or_else(|| self.again());
        match lost {
            None => Ended::Sound,
            Some(lost) => {
                let path = trial
                    .point
                    .path
                    .replace(&*self.bench.now().to_string_lossy(), "");
                let (what, name) = (trial.fault.what, self.case.name);
                let (kind, n) = (&trial.point.kind, trial.point.n);
                Ended::Lost(format!("{name}: {kind} {n} of {path}, {what}: {lost}"))
            }
        }
    }

    /// What is wrong with how it ended and what it left.
    fn during(&self, trial: &Trial, ran: &Ran) -> Option<String> {
        let now = Tree::of(&self.bench.now());
        let said = &ran.said;
        if let Some(half) = self.half(&now) {
            return Some(format!("{half}: {said}"));
        }
        if trial.fault == KILLED {
            return None;
        }
        if ran.is_stuck
            || ran.signal.is_some()
            || ran.code == Some(101)
            || said.contains("panicked")
        {
            return Some(format!(
                "ended with {:?} {:?}: {said}",
                ran.code, ran.signal
            ));
        }
        if ran.code == Some(self.case.code) {
            let differs = difference(&now.results(false), &self.after.results(false));
            return differs
                .map(|differs| format!("nothing was said to be wrong, but {differs}: {said}"));
        }
        if trial.fault.is_harmless {
            return Some(format!("no reason to fail: {said}"));
        }
        unexplained(trial, said)
    }

    fn changed_input(&self, now: &Tree) -> Option<&'static str> {
        let is_changed = |name: &&&str| now.get(name) != self.before.get(name);
        INPUTS.iter().find(is_changed).copied()
    }

    /// The same command with nothing going wrong must end as if nothing had.
    fn again(&self) -> Option<String> {
        let results = || Tree::of(&self.bench.now()).results(self.case.keeps_cache);
        let expected = self.after.results(self.case.keeps_cache);
        let is_done = results() == expected;
        let ran = self.bench.run(self.case.command, None);
        // Some commands do not replace what they have written: when all is there, nothing is to be done.
        if ran.code != Some(self.case.code) && !is_done {
            return Some(format!(
                "the same command again ended with {:?}: {}",
                ran.code, ran.said
            ));
        }
        let differs = difference(&results(), &expected);
        differs.map(|differs| format!("after the same command again {differs}"))
    }
}

/// The message names neither the file nor its folder, or no cause.
fn unexplained(trial: &Trial, said: &str) -> Option<String> {
    let path = std::path::Path::new(&trial.point.path);
    let names = path.iter().rev().take(3).filter_map(|name| name.to_str());
    // A temporary file stands for the one it becomes, whose name is not known here.
    let is_temporary = trial.point.path.contains("/.tmp-");
    let is_named = (is_temporary && said.contains("cannot write"))
        || names.into_iter().any(|name| said.contains(name));
    let has_cause = trial.fault.causes.iter().any(|cause| said.contains(cause));
    (!is_named || !has_cause).then(|| {
        format!(
            "the message names {}: {said}",
            if is_named { "no cause" } else { "no file" }
        )
    })
}

/// Which file differs first, if one does.
fn difference(
    now: &std::collections::BTreeMap<String, String>,
    expected: &std::collections::BTreeMap<String, String>,
) -> Option<String> {
    let names: std::collections::BTreeSet<&String> = now.keys().chain(expected.keys()).collect();
    let differs = names
        .into_iter()
        .find(|name| now.get(*name) != expected.get(*name))?;
    Some(match (now.get(differs), expected.get(differs)) {
        (None, _) => format!("{differs} is missing"),
        (_, None) => format!("{differs} is too much"),
        _ => format!("{differs} has other bytes"),
    })
}
