//! Runs `ocean-host` as a user would.

use std::path::Path;
use std::process::{Command, Output};

use ocean_tests::workspace::built;

/// What a run said, and how it ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// `ocean-host` in a folder, with nothing of the caller's settings.
pub fn ocean_host(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(&built().host);
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("OCEAN_CACHE", folder.join("cache"))
        .env_remove("OCEAN_PLUGIN_PATH");
    command
}

/// Runs it to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(&ocean_host(folder, arguments).output().unwrap())
}

impl Ran {
    /// Of a command that has ended.
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Itself, if it ended with `code`.
    pub fn ending_with(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}
