//! What came of a check, in words and as JSON.

use serde::{Deserialize, Serialize};

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The promise is kept.
    Success,
    /// It is not; what was seen.
    Failed(String),
    /// The child died.
    Crashed(String),
    /// The child did not come back in time.
    TimedOut(String),
    /// It does not apply; why.
    Skipped(String),
    /// Kept, but worth a look.
    Warning(String),
}

/// What a check returns: an `Err` ends it early.
pub type Verdict = Result<Outcome, Outcome>;

/// Fails a check.
pub fn failed<T>(seen: impl Into<String>) -> Result<T, Outcome> {
    Err(Outcome::Failed(seen.into()))
}

/// Skips a check.
pub fn skipped<T>(why: impl Into<String>) -> Result<T, Outcome> {
    Err(Outcome::Skipped(why.into()))
}

/// One line of the result.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// The plugin's id.
    pub plugin: String,
    /// The check's name.
    pub check: &'static str,
    /// What is promised.
    pub expected: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// What to do when it failed.
    pub fix: &'static str,
}

/// How many came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Kept.
    pub success: usize,
    /// Failed, crashed or timed out.
    pub failed: usize,
    /// Kept, with a warning.
    pub warnings: usize,
    /// Not asked.
    pub skipped: usize,
}

impl Summary {
    pub(super) fn count(&mut self, result: &CheckResult) {
        match result.outcome {
            Outcome::Success => self.success += 1,
            Outcome::Warning(_) => self.warnings += 1,
            Outcome::Skipped(_) => self.skipped += 1,
            _ => self.failed += 1,
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} kept, {} failed, {} warnings, {} skipped",
            self.success + self.warnings,
            self.failed,
            self.warnings,
            self.skipped
        )
    }
}

impl CheckResult {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Success | Outcome::Skipped(_) | Outcome::Warning(_)
        )
    }
}

impl std::fmt::Display for CheckResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, word, seen) = match &self.outcome {
            Outcome::Success => return write!(f, "✓ {}", self.check),
            Outcome::Skipped(why) => return write!(f, "· {} skipped: {why}", self.check),
            Outcome::Warning(seen) => ("!", "warning", seen),
            Outcome::Failed(seen) => ("✗", "failed", seen),
            Outcome::Crashed(seen) => ("✗", "crashed", seen),
            Outcome::TimedOut(seen) => ("✗", "timed out", seen),
        };
        write!(
            f,
            "{sign} {} {word}\n    expected: {}\n    seen:     {seen}\n    to fix:   {}",
            self.check, self.expected, self.fix
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(outcome: Outcome) -> CheckResult {
        CheckResult {
            plugin: "toy".into(),
            check: "two-rows",
            expected: "two rows are fitted",
            outcome,
            fix: "nothing may be divided by n − 2",
        }
    }

    #[test]
    fn a_warning_counts_as_kept_and_what_crashed_or_hung_as_failed() {
        let mut summary = Summary::default();
        for outcome in [
            Outcome::Success,
            Outcome::Warning("slow".into()),
            Outcome::Skipped("no penalty".into()),
            Outcome::Failed("NaN".into()),
            Outcome::Crashed("SIGSEGV".into()),
            Outcome::TimedOut("60 s".into()),
        ] {
            summary.count(&result(outcome));
        }
        let expected = "2 kept, 3 failed, 1 warnings, 1 skipped";
        assert_eq!(summary.to_string(), expected);
    }

    #[test]
    fn a_failure_says_what_was_expected_what_was_seen_and_what_to_do() {
        assert_eq!(result(Outcome::Success).to_string(), "✓ two-rows");
        let failed = result(Outcome::Failed("row 0 is NaN".into()));
        assert_eq!(
            failed.to_string(),
            "✗ two-rows failed\n    expected: two rows are fitted\n    \
             seen:     row 0 is NaN\n    to fix:   nothing may be divided by n − 2"
        );
        assert!(!failed.is_sound() && result(Outcome::Skipped("why".into())).is_sound());
    }
}
