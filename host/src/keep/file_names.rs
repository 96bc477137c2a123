//! Files that are named after labels: one rule for all of them, and no two labels share a file.
//!
//! A label is the user's text and may hold anything; a file name may not. What does not fit becomes
//! an underscore, and labels that fall together that way, or on a file system that does not tell
//! `A` from `a`, each get a few digits of their own hash. So a name depends on no order, and the
//! usual label is its own file name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::keep::atomic::cause;
use crate::keep::unfinished;
use crate::platform;
use crate::problem::{Problem, Refusal, shown_path};

/// Bytes of a name before it is cut: file systems take 255, and an ending and a temporary name must
/// fit, too.
const LONGEST: usize = 120;
/// Digits of the hash that tell names apart.
const DIGITS: usize = 8;
/// Names that Windows gives to devices, whatever their ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// One name a label, each of several parts (`["minilm", "ridge", "openness"]`), which are joined
/// with `__`. Different labels get names that differ on every file system; equal labels get equal
/// names.
#[must_use]
pub fn distinct<P: AsRef<str>>(labels: &[Vec<P>]) -> Vec<String> {
    let joined = |label: &Vec<P>| {
        let parts: Vec<String> = label.iter().map(|part| plain(part.as_ref())).collect();
        cut(parts.join("__"), &hash(label))
    };
    let plain: Vec<String> = labels.iter().map(joined).collect();
    let hashes: Vec<String> = labels.iter().map(|label| hash(label)).collect();
    let mut names = plain.clone();
    // Longer until they differ: a label may look like another one's name with its digits.
    for digits in (DIGITS..=hashes.first().map_or(0, String::len)).step_by(DIGITS) {
        let mut owner: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            owner.entry(name.to_lowercase()).or_default().push(at);
        }
        let shared = owner.into_values().filter(|places| {
            let first = places.first().map(|&at| &hashes[at]);
            places.iter().any(|&at| Some(&hashes[at]) != first)
        });
        let shared: Vec<usize> = shared.flatten().collect();
        if shared.is_empty() {
            break;
        }
        for at in shared {
            names[at] = format!("{}-{}", plain[at], &hashes[at][..digits]);
        }
    }
    names
}

/// [`distinct`] for labels of one part.
#[must_use]
pub fn distinct_of<P: AsRef<str>>(labels: &[P]) -> Vec<String> {
    let parts: Vec<Vec<&str>> = labels.iter().map(|label| vec![label.as_ref()]).collect();
    distinct(&parts)
}

/// The name of one label alone: letters, digits, hyphens, underscores and dots, the first of them
/// no dot.
#[must_use]
pub fn plain(label: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut name: String = label
        .chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect();
    let before_dot = name.split('.').next().unwrap_or_default().to_lowercase();
    let is_device = DEVICES.contains(&before_dot.as_str())
        || (before_dot.len() == 4
            && ["com", "lpt"]
                .iter()
                .any(|port| before_dot.starts_with(port))
            && before_dot.ends_with(|c: char| c.is_ascii_digit()));
    if is_device || name.is_empty() || name.starts_with('.') {
        name.insert(0, '_');
    }
    cut(name, &hash(&[label]))
}

/// A name of at most [`LONGEST`] bytes; one that is longer ends in digits of its hash.
fn cut(mut name: String, hash: &str) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let end = (0..LONGEST - DIGITS)
        .rev()
        .find(|&at| name.is_char_boundary(at));
    name.truncate(end.unwrap_or(0));
    format!("{name}-{}", &hash[..DIGITS])
}

/// Of all parts, each with its length: no two labels run into each other.
fn hash<P: AsRef<str>>(label: &[P]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in label {
        let part = part.as_ref();
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Which of `inputs` the file `path` is, if it is there: by way of a link, too, and however the two
/// are written.
#[must_use]
pub fn input_at<'a>(path: &Path, inputs: &'a [PathBuf]) -> Option<&'a Path> {
    let is_same = |input: &&PathBuf| platform::is_same_file(path, input);
    inputs.iter().find(is_same).map(PathBuf::as_path)
}

/// Refuses to write a file that a command reads (`inputs`), whatever is forced, and one that is
/// there already unless it `is_forced`. A device or a pipe may be written to.
///
/// # Errors
/// A [`Refusal`]; nothing was written.
pub fn may_write(path: &Path, inputs: &[PathBuf], is_forced: bool) -> Result<(), Refusal> {
    let place = shown_path(path);
    if input_at(path, inputs).is_some() {
        let problem = Problem::new(place, "is read by this command, and is not replaced");
        return Err(problem.with_try("another file to write to").into());
    }
    let is_taken = match std::fs::metadata(path) {
        Ok(there) => there.is_file(),
        // A link that leads nowhere is somebody's, too.
        Err(error) if is_absent(&error) => path.is_symlink(),
        // A disk or a network drive that does not answer: there may be one.
        Err(error) => {
            let message = format!("cannot be looked at: {}", cause(&error));
            return Err(Problem::new(place, message).into());
        }
    };
    if is_taken && !is_forced && !unfinished::has(path) {
        let problem = Problem::new(place, "is there already");
        return Err(problem
            .with_try("--force to replace it, or another --out")
            .into());
    }
    Ok(())
}

/// There is no such file: every other error leaves open whether there is one.
pub(crate) fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_labels_are_their_own_names_and_others_are_made_fit() {
        let names = distinct_of(&["minilm", "bge (precomputed)", "größe-1.5", "../x", ""]);
        assert_eq!(
            names,
            ["minilm", "bge__precomputed_", "größe-1.5", "_.._x", "_"]
        );
        assert_eq!(plain("nul.txt"), "_nul.txt");
        assert_eq!(plain("COM3"), "_COM3");
        assert_eq!(plain("a\0b\\c:d\u{202e}"), "a_b_c_d_");
    }

    #[test]
    fn labels_that_fall_together_get_different_names_whatever_their_order() {
        let labels = ["a b", "a_b", "A_B", "other"];
        let names = distinct_of(&labels);
        let mut lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        lower.sort();
        lower.dedup();
        assert_eq!(lower.len(), 4, "{names:?}");
        assert_eq!(names[3], "other");
        let turned = distinct_of(&["other", "A_B", "a_b", "a b"]);
        assert!(names.iter().rev().eq(turned.iter()), "{names:?} {turned:?}");
        // A label that is another one's name with its digits.
        let sly = distinct_of(&["a b", "a_b", names[0].as_str()]);
        assert!(
            sly[0] != sly[1] && sly[0] != sly[2] && sly[1] != sly[2],
            "{sly:?}"
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other_and_equal_labels_are_equal() {
        let names = distinct(&[
            vec!["a__b", "c"],
            vec!["a", "b__c"],
            vec!["a", "c"],
            vec!["a", "c"],
        ]);
        assert_ne!(names[0], names[1]);
        assert_eq!(names[2], "a__c");
        assert_eq!(names[2], names[3]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_there_is_refused_unless_forced_and_what_is_read_always() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("data.csv"), "id").unwrap();
        std::fs::write(path("old.csv"), "mine").unwrap();
        std::os::unix::fs::symlink(path("data.csv"), path("link.csv")).unwrap();
        let inputs = [path("data.csv")];
        assert!(may_write(&path("new.csv"), &inputs, false).is_ok());
        assert!(may_write(&path("old.csv"), &inputs, false).is_err());
        assert!(may_write(&path("old.csv"), &inputs, true).is_ok());
        assert!(may_write(Path::new("/dev/null"), &inputs, false).is_ok());
        for input in ["data.csv", "./data.csv", "link.csv"] {
            let error = may_write(&path(input), &inputs, true).unwrap_err();
            assert!(
                error.to_string().contains("is read by this command"),
                "{error}"
            );
        }
    }

    #[test]
    fn long_labels_are_cut_and_stay_different() {
        let long = |end: &str| format!("{}{end}", "ü".repeat(200));
        let parts = distinct(&[vec![long("1"), long("2"), long("3")]]);
        assert!(parts[0].len() <= LONGEST + 1, "{parts:?}");
        let names = distinct_of(&[long("1"), long("2")]);
        assert!(
            names.iter().all(|name| name.len() <= LONGEST + 1),
            "{names:?}"
        );
        assert_ne!(names[0], names[1]);
    }
}
