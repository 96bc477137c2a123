//! Checks of what a plugin leaves behind: in its process, on standard output, in its own memory.

use nalgebra::DMatrix;
use ocean_loader::{Kind, Surroundings};

use super::encoders::{TEXTS, encode};
use super::paths;
use super::result::{Outcome, Verdict, failed};
use super::subject::{Subject, of_plugin};
use super::suite::Past;

/// X, and two targets of its rows: y from the first rows down, or from the last up.
fn data(subject: &Subject, past: Past) -> (DMatrix<f64>, DMatrix<f64>) {
    let (x, y) = subject.data("surroundings", 40, 8);
    let y = DMatrix::from_fn(40, 2, |row, target| match past {
        Past::Busy => y[(row + target) % 40],
        Past::None => y[39 - (row + target) % 40],
    });
    (x, y)
}

/// Fits and predictions by every interface, or vectors, as bits.
fn work(subject: &Subject, past: Past) -> Result<Vec<u64>, Outcome> {
    match subject.plugin.descriptor.kind {
        Kind::Regressor => {
            let (x, y) = data(subject, past);
            let found = paths::every_way(subject, &x, &y)?;
            Ok(found.iter().map(|value| value.to_bits()).collect())
        }
        Kind::Encoder => {
            let encoder = subject.encoder()?;
            let found = match past {
                Past::None => encode(&encoder, &TEXTS)?,
                Past::Busy => {
                    let others = TEXTS.map(|text| format!("{text} And so on."));
                    encode(&encoder, &others.each_ref().map(String::as_str))?
                }
            };
            let bits = found.concat().into_iter();
            Ok(bits.map(|value| u64::from(value.to_bits())).collect())
        }
    }
}

/// The bits of one task, in a process that has or has not had others before.
pub fn after_a_past(subject: &Subject, past: Past) -> Result<Vec<u64>, Outcome> {
    if past == Past::Busy {
        work(subject, Past::Busy)?;
    }
    work(subject, Past::None)
}

/// Whoever listens to standard output has the answer.
pub fn works_in_every_way(subject: &Subject) -> Verdict {
    work(subject, Past::None)?;
    if subject.plugin.descriptor.kind == Kind::Regressor {
        let (x, y) = data(subject, Past::None);
        let y: Vec<f64> = y.column(0).iter().copied().collect();
        let regressor = subject.regressor()?;
        // Models of most plugins can be kept; whose cannot has said so.
        let _ = regressor.saved(&x, &y, subject.alpha());
        regressor
            .fit_predict(&x, &y, subject.alpha(), &x)
            .map_err(of_plugin)?;
    }
    Ok(Outcome::Success)
}

pub fn leaves_its_process_alone(subject: &Subject) -> Verdict {
    let before = Surroundings::now();
    let outcome = works_in_every_way(subject);
    let changes = Surroundings::now().changes_since(&before);
    // Of a plugin that broke its process, that is the news, and not what failed in consequence.
    match changes.is_empty() {
        true => outcome,
        false => failed(changes.join("; ")),
    }
}
