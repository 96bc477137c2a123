//! Checks that probing answers: what a library did when it was loaded.

use std::time::Duration;

use ocean_loader::{Fault, Layout, LibraryError, Probed};

use super::result::Outcome;

/// A library that takes longer makes every list of plugins slow. Starting the child is in it.
const QUICK: Duration = Duration::from_millis(500);

/// A library that loads: what probing saw of it, and how long it took.
pub struct Probing {
    pub probed: Probed,
    pub elapsed: Duration,
}

/// That there is something to ask is the answer.
pub fn loads(_: &Probing) -> Outcome {
    Outcome::Success
}

pub fn is_quick(probing: &Probing) -> Outcome {
    if probing.elapsed <= QUICK {
        Outcome::Success
    } else {
        Outcome::Warning(format!("loading took {} ms", probing.elapsed.as_millis()))
    }
}

pub fn is_silent(probing: &Probing) -> Outcome {
    unless_warned_of("standard output", probing)
}

pub fn keeps_the_fp_mode(probing: &Probing) -> Outcome {
    unless_warned_of("floating-point mode", probing)
}

fn unless_warned_of(word: &str, probing: &Probing) -> Outcome {
    let mut warnings = probing.probed.warnings.iter();
    let warning = warnings.find(|warning| warning.contains(word));
    warning.map_or(Outcome::Success, |warning| Outcome::Failed(warning.clone()))
}

pub fn has_our_layout(probing: &Probing) -> Outcome {
    match probing.probed.layout {
        Layout::Checked => Outcome::Success,
        Layout::NotChecked => {
            Outcome::Skipped("it has no layout door; the header checked its compiler".into())
        }
    }
}

/// Which check a library fails that does not load, and what was seen.
pub fn unloaded(error: &LibraryError) -> (&'static str, Outcome) {
    let Some(fault) = error.fault() else {
        return ("loads", Outcome::Failed(error.to_string()));
    };
    let seen = fault.to_string();
    match fault {
        Fault::Layout(_) => ("layout", Outcome::Failed(seen)),
        Fault::Crashed { .. } | Fault::Exited { .. } => ("loads", Outcome::Crashed(seen)),
        Fault::Hung { .. } => ("loads", Outcome::TimedOut(seen)),
        _ => ("loads", Outcome::Failed(seen)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probing(layout: Layout, warnings: &[&str]) -> Probing {
        let probed = Probed {
            hash: String::new(),
            build_info: String::new(),
            layout,
            plugins: Vec::new(),
            warnings: warnings.iter().map(ToString::to_string).collect(),
        };
        Probing {
            probed,
            elapsed: QUICK,
        }
    }

    #[test]
    fn a_warning_fails_the_check_it_speaks_of_and_no_other() {
        let talks = probing(Layout::Checked, &["it wrote to standard output"]);
        assert_eq!(
            is_silent(&talks),
            Outcome::Failed("it wrote to standard output".into())
        );
        assert_eq!(keeps_the_fp_mode(&talks), Outcome::Success);
        assert_eq!(loads(&talks), Outcome::Success);
    }

    #[test]
    fn half_a_second_is_quick_and_more_is_a_warning() {
        let mut probing = probing(Layout::Checked, &[]);
        assert_eq!(is_quick(&probing), Outcome::Success);
        probing.elapsed += Duration::from_millis(1);
        let slow = Outcome::Warning("loading took 501 ms".into());
        assert_eq!(is_quick(&probing), slow);
    }

    #[test]
    fn a_library_without_a_layout_door_is_not_asked_for_its_layout() {
        let (with, without) = (Layout::Checked, Layout::NotChecked);
        assert_eq!(has_our_layout(&probing(with, &[])), Outcome::Success);
        let outcome = has_our_layout(&probing(without, &[]));
        assert!(matches!(outcome, Outcome::Skipped(_)));
    }
}
