//! Why a request is refused: every problem found, each with its place, what was found, what is
//! expected and what to try.
//!
//! Whoever reads what a user wrote (plugins.toml, a table, a .npy file) collects [`Problem`]s and
//! goes on, so that one run shows them all. A [`Refusal`] means that nothing was started: exit code
//! 2. Failures of the work itself are not reported here.

use std::fmt;
use std::path::Path;

/// Problems shown before the rest is only counted.
const SHOWN: usize = 20;

/// One thing wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `plugins.toml:14`, `loans.csv:97`, `--set evaluation.folds=1`.
    pub place: String,
    /// What was found and what is expected.
    pub message: String,
    /// What to try, where that is not plain from the message.
    pub remedy: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: impl fmt::Display, message: impl Into<String>) -> Problem {
        Problem {
            place: place.to_string(),
            message: message.into(),
            remedy: None,
        }
    }

    /// The same with a line of advice.
    #[must_use]
    pub fn with_try(mut self, remedy: impl Into<String>) -> Problem {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  try: {remedy}"),
            None => Ok(()),
        }
    }
}

/// The request was wrong and nothing was started. Holds at least one problem; shown one below the
/// other, at most 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    problems: Vec<Problem>,
}

impl Refusal {
    /// The problems, in the order found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal {
            problems: vec![problem],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().take(SHOWN).enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Collects problems while reading goes on.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes one more problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes more problems.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems);
    }

    /// Keeps the value of a part, or notes all that is wrong with it.
    pub fn keep<T>(&mut self, part: Result<T, Refusal>) -> Option<T> {
        part.map_err(|refusal| self.0.extend(refusal.problems)).ok()
    }

    /// Is there none so far?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, unless a problem was noted.
    ///
    /// # Errors
    /// All problems noted so far.
    pub fn finish<T>(self, value: T) -> Result<T, Refusal> {
        if self.0.is_empty() {
            return Ok(value);
        }
        Err(Refusal { problems: self.0 })
    }
}

/// The known name most like `name`, if one is near enough to be a slip of the pen: at most two
/// letters or a third of them differ, one in a name of three.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = |candidate: &str| {
        strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase())
    };
    let allowed = match name.chars().count() {
        ..=3 => 1,
        length => (length / 3).max(2),
    };
    known
        .into_iter()
        .map(|candidate| (slips(candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Ends a message about an unknown name: `; did you mean …?` when one is near, else the names there
/// are.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        return format!("; did you mean `{near}`?");
    }
    match listed(known.into_iter().map(|name| format!("`{name}`"))) {
        names if names.is_empty() => String::new(),
        names => format!("; there are {names}"),
    }
}

/// `a, b, c and 4 more`: at most ten of the items.
pub fn listed(items: impl IntoIterator<Item = String>) -> String {
    listed_up_to(10, items)
}

/// `a, b, c and 4 more`: at most `shown` of the items.
pub fn listed_up_to(shown: usize, items: impl IntoIterator<Item = String>) -> String {
    let mut items = items.into_iter();
    let first: Vec<String> = items.by_ref().take(shown).collect();
    match items.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A path as the reader would type it: relative to the working folder when it lies inside, else in
/// full.
pub fn shown_path(path: &Path) -> String {
    let inside = std::env::current_dir()
        .ok()
        .and_then(|folder| path.strip_prefix(folder).ok());
    match inside {
        Some(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        _ => inside.unwrap_or(path).display().to_string(),
    }
}

/// A path as [`shown_path`] shows it, as one word of a shell: for commands to copy.
pub fn typed_path(path: &Path) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    let shown = shown_path(path);
    match !shown.is_empty() && shown.chars().all(is_plain) {
        true => shown,
        false => for_shell(&shown),
    }
}

/// One word of a shell, in quotes.
pub fn for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A value as it stands in a file, quoted and cut after 40 characters.
pub fn quoted(text: &str) -> String {
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let known = ["permutations", "folds", "level"];
        assert_eq!(nearest("permutation", known), Some("permutations"));
        assert_eq!(nearest("Fodls", known), Some("folds"));
        assert_eq!(nearest("seed", known), None);
        assert_eq!(
            suggestion("seed", known),
            "; there are `permutations`, `folds`, `level`"
        );
    }

    #[test]
    fn a_path_to_copy_is_one_word_of_a_shell() {
        let typed = |path: &str| typed_path(Path::new(path));
        assert_eq!(typed("runs/größe-1.5"), "runs/größe-1.5");
        assert_eq!(typed("/a/it's $HOME"), r"'/a/it'\''s $HOME'");
        assert_eq!(typed(""), "''");
        assert_eq!(shown_path(&std::env::current_dir().unwrap()), ".");
    }

    #[test]
    fn the_twenty_first_problem_is_only_counted() {
        let mut problems = Problems::default();
        for line in 1..=22 {
            problems.push(Problem::new(format!("a.toml:{line}"), "wrong"));
        }
        let text = problems.finish(()).unwrap_err().to_string();
        assert_eq!(text.lines().count(), 21);
        assert!(text.ends_with("a.toml:20: wrong\n… and 2 more"));
    }
}
