//! One thing said of many lines of a file, as one problem: twenty equal lines hide the one that
//! matters.

use crate::problem::{Problem, listed_up_to};

/// Collects what is wrong with lines; what is the same is told once, where it is first.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    said: Vec<Said>,
}

#[derive(Debug)]
struct Said {
    /// What makes two of them the same.
    key: String,
    message: String,
    lines: Vec<usize>,
}

impl Repeated {
    /// Says `message` of a line. Of lines with the same `key` the first one's message is told.
    pub fn push(&mut self, line: usize, key: &str, message: impl FnOnce() -> String) {
        match self.said.iter().position(|said| said.key == key) {
            Some(at) => self.said[at].lines.push(line),
            None if self.said.len() < MOST => self.said.push(Said {
                key: key.to_owned(),
                message: message(),
                lines: vec![line],
            }),
            None => {}
        }
    }

    /// Nothing was said.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// One problem for each different thing.
    pub fn problems(self, file: &str, remedy: &str) -> Vec<Problem> {
        let problem = |said: Said| {
            let lines = said.lines[1..].iter().map(ToString::to_string);
            let others = match said.lines.len() {
                1 => String::new(),
                2 => format!("; the same at line {}", said.lines[1]),
                _ => format!("; the same at lines {}", listed_up_to(5, lines)),
            };
            let place = format!("{file}:{}", said.lines[0]);
            Problem::new(place, said.message + &others).with_try(remedy)
        };
        self.said.into_iter().map(problem).collect()
    }
}

/// More different things are not told apart by any reader.
const MOST: usize = 20;
