//! A script without blanks between words, in which n-grams of three characters and more see next to
//! nothing.

use ocean_report::model::{Finding, Severity};

use super::facts::Facts;
use super::{finding, listed};

pub use super::unspaced::Unspaced;

pub(super) fn unspaced(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(first) = facts.unspaced.first() else {
        return;
    };
    let about: Vec<String> = facts
        .unspaced
        .iter()
        .map(|one| one.encoder.clone())
        .collect();
    let names = listed(about.iter().map(|name| format!("`{name}`")));
    findings.push(finding(Severity::Warning, "no-blanks-between-words", about, [
        format!(
            "A text has {:.1} words on average, for its script sets no blanks between them, and of the runs of {} characters that {names} counts {:.0} % occur once.",
            first.words, first.n_characters, 100.0 * first.once
        ),
        format!("What occurs once says nothing of another text, so {names} sees next to nothing; an encoder's gain over it, also where it is the control, says little."),
        "char_ngram_min = 1 under an [[encoder]] with plugin = \"lexical\", which then takes the place of the control.".to_owned(),
    ]));
}
