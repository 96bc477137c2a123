//! What came of a check, in words and as JSON.

use serde::{Deserialize, Serialize};

use super::suite::Check;

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
    pub(super) fn of(plugin: &str, check: &'static Check, outcome: Outcome) -> Self {
        Self {
            plugin: plugin.to_owned(),
            check: check.name,
            expected: check.promise,
            outcome,
            fix: check.fix,
        }
    }

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
