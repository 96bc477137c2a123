//! One check in a process of its own, which answers with a marked line of JSON as the prober's
//! child does.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ocean_loader::{Fault, ask_child, open_here, stay_harmless};
use serde_json::Value;

use super::result::Outcome;
use super::subject::Subject;
use super::suite::{self, Question};

/// Begins the line that carries the child's answer.
const MARK: &str = "ocean-host-check-answer:";

/// Which check of which plugin.
pub struct Request<'a> {
    /// The library.
    pub file: &'a Path,
    /// The plugin in it.
    pub id: &'a str,
    /// The check's name.
    pub check: &'a str,
    /// What random data follow from.
    pub seed: u64,
    /// Parameters, a JSON object.
    pub params: &'a Value,
}

/// Runs it in a child of `program` that has `time_limit`.
pub fn apart(request: &Request, program: &Path, time_limit: Duration) -> Outcome {
    let seed = request.seed.to_string();
    let params = request.params.to_string();
    let arguments = [
        "check-one".as_ref(),
        request.file.as_os_str(),
        request.id.as_ref(),
        request.check.as_ref(),
        seed.as_ref(),
        params.as_ref(),
    ];
    match ask_child(program, &arguments, time_limit, MARK) {
        Ok((answer, _)) => serde_json::from_str(&answer).unwrap_or_else(|error| {
            Outcome::Crashed(format!("its answer cannot be read ({error})"))
        }),
        Err(Fault::Hung { seconds }) => {
            Outcome::TimedOut(format!("it did not end within {seconds} s"))
        }
        Err(Fault::Crashed { signal, said }) => {
            Outcome::Crashed(format!("its process ended with {signal}{said}"))
        }
        Err(Fault::Exited { code, said }) => {
            Outcome::Crashed(format!("its process ended with exit code {code}{said}"))
        }
        Err(fault) => Outcome::Crashed(fault.to_string()),
    }
}

/// Runs it in this process.
pub fn here(request: &Request) -> Outcome {
    let Some(check) = suite::find(request.check) else {
        return Outcome::Skipped("there is no such check".into());
    };
    let plugin = match open_here(request.file, request.id) {
        Ok(plugin) => plugin,
        Err(fault) => return Outcome::Failed(fault.to_string()),
    };
    let subject = Subject::new(plugin, request.file, request.seed, request.params);
    match check.question {
        // Whoever opened it has seen it load; the rest of what probing saw is the parent's.
        Question::Probing(_) => Outcome::Success,
        Question::Plugin(ask) => ask(&subject).unwrap_or_else(|outcome| outcome),
    }
}

/// What `ocean-host check-one …` does.
pub fn child_main(request: &Request) -> ExitCode {
    stay_harmless();
    let outcome = here(request);
    let Ok(json) = serde_json::to_string(&outcome) else {
        return ExitCode::FAILURE;
    };
    let mut stdout = std::io::stdout();
    match writeln!(stdout, "{MARK}{json}").and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
