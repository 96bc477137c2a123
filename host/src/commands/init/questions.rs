//! What only the user knows, asked at a terminal: which texts, which scores, whose rows belong
//! together. At most three questions, none of which a flag has answered; Enter takes the guess.

use std::io::{BufRead, Write};

use super::Options;
use super::cells::shown;
use super::guess::Guess;
use crate::problem::listed_up_to;

/// The options with the answers; as they are where nothing is asked or the input ends.
///
/// # Errors
/// The terminal cannot be read or written.
pub fn ask(
    guess: &Guess,
    options: &Options,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> std::io::Result<Options> {
    let mut answered = options.clone();
    let mut answer = |question: String| -> std::io::Result<Vec<String>> {
        write!(output, "{question} ")?;
        output.flush()?;
        let mut line = String::new();
        input.read_line(&mut line)?;
        let names = line
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Ok(names.map(str::to_owned).collect())
    };
    if options.text.is_empty() && guess.all_texts.len() > 1 {
        answered.text = answer(format!(
            "Which columns have the texts: {}? Names with commas between; Enter: {}.",
            named(&guess.all_texts),
            named(&guess.texts)
        ))?;
    }
    if options.targets.is_empty() && guess.targets.len() > 1 {
        answered.targets = answer(format!(
            "What is to be predicted: {}? Names or patterns with commas between; Enter: all of them.",
            named(&guess.targets)
        ))?;
    }
    if options.group.is_none() && guess.group.is_none() && !guess.other_groups.is_empty() {
        let column = answer(format!(
            "Do rows that share a value of one of these belong together, as texts of one author do: {}? Its name; Enter: no.",
            named(&guess.other_groups)
        ))?;
        answered.group = column.into_iter().next();
    }
    Ok(answered)
}

fn named(columns: &[String]) -> String {
    let all = columns.iter().map(|name| format!("`{}`", shown(name)));
    listed_up_to(8, all)
}

#[cfg(test)]
mod tests {
    use super::super::guess::Wishes;
    use super::super::inspect::Facts;
    use super::*;
    use crate::plan::FormatPlan;
    use crate::read::dataset::table::Table;

    #[test]
    fn what_no_flag_has_said_is_asked_and_enter_takes_the_guess() {
        let mut table = "id,question,answer,author,mood,calm\n".to_owned();
        for row in 0..40 {
            table += &format!(
                "r{row},how was your day number {row} my dear,it was a day like {} others before,w{},{},{}\n",
                row * 3,
                row * 7 % 13,
                row * 5 % 11,
                row * 3 % 7
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, table).unwrap();
        let table = Table::read(&path, &FormatPlan::default()).unwrap();
        let facts: Vec<Facts> = table.columns.iter().map(Facts::of).collect();
        let wishes = Wishes {
            id: None,
            text: &[],
            targets: &[],
            group: None,
        };
        let mut guess = Guess::of(&table, &facts, &wishes).unwrap();
        guess.all_texts = ["question", "answer"].map(str::to_owned).to_vec();
        guess.group = None;
        guess.other_groups = vec!["author".to_owned()];
        let asked = |options: &Options, typed: &str| {
            let (mut input, mut output) = (typed.as_bytes(), Vec::new());
            let answered = ask(&guess, options, &mut input, &mut output).unwrap();
            (answered, String::from_utf8(output).unwrap())
        };
        let none = Options::default();
        let (answered, output) = asked(&none, "answer\nmood, calm\nauthor\n");
        assert_eq!(output.matches('?').count(), 3, "{output}");
        assert_eq!(
            (answered.text, answered.targets),
            (
                vec!["answer".to_owned()],
                vec!["mood".to_owned(), "calm".to_owned()]
            )
        );
        assert_eq!(answered.group.as_deref(), Some("author"));
        // Enter, and an input that ends.
        let (answered, _) = asked(&none, "\n");
        assert!(
            answered.text.is_empty() && answered.targets.is_empty() && answered.group.is_none()
        );
        let said = Options {
            text: vec!["answer".to_owned()],
            targets: vec!["mood".to_owned()],
            group: Some("author".to_owned()),
            ..none
        };
        assert_eq!(asked(&said, "").1, "");
    }
}
