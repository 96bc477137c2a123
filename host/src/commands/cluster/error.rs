//! How the work of many machines fails, where it is neither a wrong request nor a file that cannot
//! be written. Exit code 1.

use std::io;
use std::path::PathBuf;

use crate::problem::shown_path;

/// What failed.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Vectors were made and the cache does not have them; it has said why.
    #[error("the vectors of {n_texts} texts of {encoder} could not be kept in {}", .cache.display())]
    TextsLost {
        /// How many.
        n_texts: usize,
        /// The plugin that made them.
        encoder: String,
        /// The cache of the encoding shard.
        cache: PathBuf,
    },
    /// The same of the cache that all shards read.
    #[error("the vectors of {encoder} could not be kept in {}", .cache.display())]
    VectorsLost {
        /// The encoder.
        encoder: String,
        /// The common cache.
        cache: PathBuf,
    },
    /// A folder of the run is there and cannot be listed.
    #[error("cannot read {}: {source}", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Two files hold one item with other numbers.
    #[error(
        "{} and {} differ in `{item}`, which both hold; the same item must be the same numbers, bit for bit\n  \
         try: delete the one whose machine you trust less ({machine}), and compute its shard again",
        shown_path(.one),
        shown_path(.other)
    )]
    Differ {
        /// The file that was read first.
        one: PathBuf,
        /// The file that was read later.
        other: PathBuf,
        /// The name of the item in the journal.
        item: String,
        /// Who computed the later file.
        machine: String,
    },
    /// Shards are missing.
    #[error("the study is not complete; missing are\n{holes}{}", .useless.iter().map(|file| format!("\n  {file}")).collect::<String>())]
    Incomplete {
        /// What is not there.
        holes: String,
        /// Files that could not be read, in words.
        useless: Vec<String>,
    },
    /// No folder for the journal of what is only measured.
    #[error("no temporary folder: {0}")]
    NoScratch(#[source] io::Error),
    /// No thread to measure on.
    #[error("no thread: {0}")]
    NoThread(#[source] rayon::ThreadPoolBuildError),
    /// Scripts name the program by its path.
    #[error("cannot tell which program is running: {0}")]
    NoProgram(#[source] io::Error),
    /// The study was submitted before, and its jobs have not ended.
    #[error(
        "jobs of this study are waiting or running ({jobs}), and would be computed twice\n  \
         try: the same command when they have ended; or before it: scancel {jobs}"
    )]
    StillSubmitted {
        /// Their numbers, with spaces between them.
        jobs: String,
    },
    /// sbatch is not there, or cannot be run.
    #[error("sbatch did not start: {0}; is this a machine of the cluster?")]
    NoSbatch(#[source] io::Error),
    /// sbatch would not take a script.
    #[error("sbatch refused {}: {said}", .script.display())]
    SbatchRefused {
        /// Which.
        script: PathBuf,
        /// What it said.
        said: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_differs_is_said_line_by_line() {
        let incomplete = ClusterError::Incomplete {
            holes: "  a × b: 1–3".to_owned(),
            useless: vec!["x is cut".to_owned(), "y is cut".to_owned()],
        };
        assert_eq!(
            incomplete.to_string(),
            "the study is not complete; missing are\n  a × b: 1–3\n  x is cut\n  y is cut"
        );
        let differ = ClusterError::Differ {
            one: "/r/1".into(),
            other: "/r/2".into(),
            item: "a/0".to_owned(),
            machine: "node7".to_owned(),
        };
        assert_eq!(
            differ.to_string(),
            "/r/1 and /r/2 differ in `a/0`, which both hold; the same item must be the same numbers, \
             bit for bit\n  try: delete the one whose machine you trust less (node7), and compute its \
             shard again"
        );
        let twice = ClusterError::StillSubmitted {
            jobs: "17 18".to_owned(),
        };
        assert_eq!(
            twice.to_string(),
            "jobs of this study are waiting or running (17 18), and would be computed twice\n  \
             try: the same command when they have ended; or before it: scancel 17 18"
        );
    }
}
