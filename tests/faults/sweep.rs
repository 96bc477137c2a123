//! All trials, or a sample of them, on all processors.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::commands::CASES;
use super::points::{Fault, sample, trials};
use super::trial::{Ended, Tried};

/// What was tried and what was lost.
#[derive(Default)]
pub struct Swept {
    /// By fault and command: tried, lost.
    cells: BTreeMap<(&'static str, usize), (usize, usize)>,
    /// Calls of each command.
    calls: BTreeMap<usize, usize>,
    lost: Vec<String>,
    not_reached: usize,
}

/// Tries every command: every `step`-th trial, or a sample.
pub fn sweep(step: Option<usize>) -> Swept {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // A sample is over before a second bench would be worth its while.
    let chunks = if step.is_some() { threads } else { 1 };
    let only = std::env::var("OCEAN_FAULTS_ONLY").ok();
    let is_asked = |case: usize| only.as_ref().is_none_or(|only| CASES[case].name == only);
    let jobs: Vec<(usize, usize)> = (0..CASES.len())
        .filter(|case| is_asked(*case))
        .flat_map(|case| (0..chunks).map(move |chunk| (case, chunk)))
        .collect();
    let (next, swept) = (AtomicUsize::new(0), Mutex::new(Swept::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&(case, chunk)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    try_case(case, (chunk, chunks), step, &swept);
                }
            });
        }
    });
    swept.into_inner().unwrap()
}

fn try_case(
    case: usize,
    (chunk, chunks): (usize, usize),
    step: Option<usize>,
    swept: &Mutex<Swept>,
) {
    let tried = Tried::new(&CASES[case]);
    let all = trials(&tried.points);
    let chosen = match step {
        // Not always the same fault of a call.
        Some(step) => sample(&all, all.len().div_ceil(step)),
        None => sample(&all, CASES[case].sampled),
    };
    swept.lock().unwrap().calls.insert(case, tried.points.len());
    for trial in chosen.iter().skip(chunk).step_by(chunks) {
        let ended = tried.fail(trial);
        swept.lock().unwrap().note(case, trial.fault, ended);
    }
}

impl Swept {
    fn note(&mut self, case: usize, fault: Fault, ended: Ended) {
        let (tried, lost) = self.cells.entry((fault.title, case)).or_default();
        match ended {
            Ended::NotReached => {
                self.not_reached += 1;
                return;
            }
            Ended::Sound => {}
            Ended::Lost(what) => {
                *lost += 1;
                println!("{what}");
                self.lost.push(what);
            }
        }
        *tried += 1;
    }

    /// What was lost, a line each.
    pub fn lost(&self) -> &[String] {
        &self.lost
    }

    /// Points that were counted and then not met, as threads take turns, are few.
    pub fn assert_reached(&self) {
        let tried: usize = self.cells.values().map(|(tried, _)| tried).sum();
        assert!(
            self.not_reached * 50 <= tried,
            "{} of {tried} kills never came",
            self.not_reached
        );
    }

    /// A row a fault, a column a command; where something was lost, how often.
    pub fn markdown(&self) -> String {
        let cases: Vec<usize> = self.calls.keys().copied().collect();
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let named = |first: &str, cell: &dyn Fn(usize) -> String, last: String| {
            let cells = cases.iter().map(|case| cell(*case));
            let cells = std::iter::once(first.to_owned()).chain(cells);
            row(cells.chain(std::iter::once(last)).collect())
        };
        let mut text = named(
            "fault",
            &|case| CASES[case].name.to_owned(),
            "lost".to_owned(),
        );
        text += &row(vec!["---".to_owned(); cases.len() + 2]);
        text += &named(
            "calls",
            &|case| self.calls[&case].to_string(),
            String::new(),
        );
        let mut faults: Vec<&str> = self.cells.keys().map(|(fault, _)| *fault).collect();
        faults.dedup();
        for fault in faults {
            let cell = |case: usize| self.cells.get(&(fault, case)).copied().unwrap_or_default();
            let shown = |case: usize| match cell(case) {
                (0, _) => "–".to_owned(),
                (tried, 0) => tried.to_string(),
                (tried, lost) => format!("{tried} ({lost} lost)"),
            };
            let lost: usize = cases.iter().map(|case| cell(*case).1).sum();
            text += &named(fault, &shown, lost.to_string());
        }
        let total = |case: usize| {
            let cells = self.cells.iter().filter(|((_, of), _)| *of == case);
            cells.map(|(_, (tried, _))| tried).sum::<usize>()
        };
        text += &named(
            "all",
            &|case| total(case).to_string(),
            self.lost.len().to_string(),
        );
        text
    }

    /// Trials in all.
    pub fn n_tried(&self) -> usize {
        self.cells.values().map(|(tried, _)| tried).sum()
    }
}
