//! Which names a new plugin may have.
//!
//! A name is the id in plugins.toml, the name of a folder, of a library file and of a package, so
//! it must be good for all four.

use crate::problem::{Problem, Refusal, quoted};

/// Longer names make file names that some systems refuse.
const MOST: usize = 64;

/// Ids that are taken: bundled plugins are found first by their id, and the rest means something
/// else in a study or a report.
const BUNDLED: [&str; 8] = [
    "ridge",
    "lasso",
    "elastic-net",
    "lexical",
    "minilm",
    "mpnet",
    "bge",
    "sentence-transformer",
];
const RESERVED: [&str; 9] = [
    // The crate behind the SDK is called ocean-plugin-abi, and two crates of one name cannot be
    // linked.
    "abi",
    // Labels of rows that every report has.
    "length",
    "random",
    "best",
    "precomputed",
    // No file or folder can have these names on Windows.
    "aux",
    "con",
    "nul",
    "prn",
];

/// Accepts kebab-case: `[a-z][a-z0-9]*(-[a-z0-9]+)*`, at most 64 letters, not taken.
///
/// # Errors
/// What is wrong with it, and a name that would do.
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    let wrong = |what: String| Problem::new("NAME", what);
    if !is_kebab_case(name) {
        let what = format!(
            "{} cannot be an id: lower-case letters, digits and single `-` between them, beginning with a letter, at most {MOST}",
            quoted(name)
        );
        let problem = wrong(what);
        return Err(match suggestion(name) {
            Some(better) => problem.with_try(better),
            None => problem,
        }
        .into());
    }
    if BUNDLED.contains(&name) {
        let what = format!("`{name}` is the id of a plugin that comes with ocean-host");
        return Err(wrong(what).with_try(format!("my-{name}")).into());
    }
    if RESERVED.contains(&name) {
        return Err(wrong(format!("`{name}` is reserved"))
            .with_try(format!("my-{name}"))
            .into());
    }
    Ok(())
}

fn is_kebab_case(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.len() <= MOST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split('-').all(is_word)
}

/// `My Plugin_2` → `my-plugin-2`, where something like it exists.
fn suggestion(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect();
    let better = words.join("-");
    is_kebab_case(&better).then_some(better)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kebab_case_is_accepted_and_nothing_else() {
        for good in ["a", "kernel-ridge", "x2", "pls-1", &"a".repeat(MOST)] {
            check(good).unwrap();
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "Kernel",
            "a_b",
            "2x",
            "a b",
            "../a",
            "ä",
            &"a".repeat(MOST + 1),
        ] {
            check(bad).unwrap_err();
        }
    }

    #[test]
    fn a_near_miss_is_told_what_would_do() {
        let said = |name: &str| check(name).unwrap_err().to_string();
        assert_eq!(
            said("Kernel Ridge"),
            "NAME: \"Kernel Ridge\" cannot be an id: lower-case letters, digits and single `-` between them, beginning with a letter, at most 64\n  \
             try: kernel-ridge"
        );
        assert_eq!(
            said("ridge"),
            "NAME: `ridge` is the id of a plugin that comes with ocean-host\n  try: my-ridge"
        );
        assert_eq!(said("con"), "NAME: `con` is reserved\n  try: my-con");
        assert_eq!(said("日本").lines().count(), 1, "nothing to suggest");
    }
}
