//! One check in a process of its own, which answers with a marked line of JSON as the prober's
//! child does.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ocean_loader::{Fault, ask_child, open_here, stay_harmless};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::result::Outcome;
use super::subject::Subject;
use super::suite::{self, Check, Past, Question};

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
    /// What the process does before it is asked.
    pub past: Past,
}

/// What a child answers.
#[derive(Serialize, Deserialize)]
enum Answer {
    Outcome(Outcome),
    /// The bits of its work, hashed.
    Bits(String),
}

/// Runs it in a child of `program` that has `time_limit`, or in two.
pub fn apart(check: &Check, request: &Request, program: &Path, time_limit: Duration) -> Outcome {
    let ask = |past| ask(&Request { past, ..*request }, program, time_limit);
    match (check.question, ask(Past::None)) {
        (_, Err(outcome)) => outcome,
        (Question::Listened(_), Ok((_, chatter))) if !chatter.is_empty() => {
            let first: String = chatter.chars().take(40).collect();
            Outcome::Failed(format!(
                "{} characters on standard output, beginning {first:?}",
                chatter.chars().count()
            ))
        }
        (_, Ok((Answer::Outcome(outcome), _))) => outcome,
        (_, Ok((Answer::Bits(first), _))) => match ask(Past::Busy) {
            Err(outcome) | Ok((Answer::Outcome(outcome), _)) => outcome,
            Ok((Answer::Bits(second), _)) if first == second => Outcome::Success,
            Ok(_) => Outcome::Failed(
                "after other targets of the same rows, or other texts, it gives other bits than in a new process"
                    .into(),
            ),
        },
    }
}

/// The answer of one child, and what else was on its standard output.
fn ask(
    request: &Request,
    program: &Path,
    time_limit: Duration,
) -> Result<(Answer, String), Outcome> {
    let seed = request.seed.to_string();
    let params = request.params.to_string();
    let arguments = [
        "check-one".as_ref(),
        request.file.as_os_str(),
        request.id.as_ref(),
        request.check.as_ref(),
        seed.as_ref(),
        params.as_ref(),
        match request.past {
            Past::None => "none",
            Past::Busy => "busy",
        }
        .as_ref(),
    ];
    let (answer, chatter) =
        ask_child(program, &arguments, time_limit, MARK).map_err(|fault| match fault {
            Fault::Hung { seconds } => {
                Outcome::TimedOut(format!("it did not end within {seconds} s"))
            }
            Fault::Crashed { signal, said } => {
                Outcome::Crashed(format!("its process ended with {signal}{said}"))
            }
            Fault::Exited { code, said } => {
                Outcome::Crashed(format!("its process ended with exit code {code}{said}"))
            }
            fault => Outcome::Crashed(fault.to_string()),
        })?;
    match serde_json::from_str(&answer) {
        Ok(answer) => Ok((answer, chatter)),
        Err(error) => Err(Outcome::Crashed(format!(
            "its answer cannot be read ({error})"
        ))),
    }
}

/// Runs it in this process.
pub fn here(request: &Request) -> Outcome {
    match answer(request) {
        Answer::Outcome(outcome) => outcome,
        Answer::Bits(_) => Outcome::Skipped("it takes processes of its own".into()),
    }
}

fn answer(request: &Request) -> Answer {
    let Some(check) = suite::find(request.check) else {
        return Answer::Outcome(Outcome::Skipped("there is no such check".into()));
    };
    let plugin = match open_here(request.file, request.id) {
        Ok(plugin) => plugin,
        Err(fault) => return Answer::Outcome(Outcome::Failed(fault.to_string())),
    };
    let subject = Subject::new(plugin, request.file, request.seed, request.params);
    let verdict = match check.question {
        // Whoever opened it has seen it load; the rest of what probing saw is the parent's.
        Question::Probing(_) => Ok(Outcome::Success),
        Question::Plugin(ask) | Question::Listened(ask) => ask(&subject),
        Question::Twice(ask) => match ask(&subject, request.past) {
            Ok(bits) => return Answer::Bits(hash(&bits)),
            Err(outcome) => Err(outcome),
        },
    };
    Answer::Outcome(verdict.unwrap_or_else(|outcome| outcome))
}

fn hash(bits: &[u64]) -> String {
    let bytes: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    blake3::hash(&bytes).to_hex().to_string()
}

/// What `ocean-host check-one …` does.
pub fn child_main(request: &Request) -> ExitCode {
    stay_harmless();
    let Ok(json) = serde_json::to_string(&answer(request)) else {
        return ExitCode::FAILURE;
    };
    let mut stdout = std::io::stdout();
    match writeln!(stdout, "{MARK}{json}").and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
