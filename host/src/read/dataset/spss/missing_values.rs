//! Which values of a variable are called missing.

use std::fmt;

/// Values that stand for no answer: "refused", "not asked".
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct MissingValues {
    /// From and to, both included.
    pub range: Option<(f64, f64)>,
    pub numbers: Vec<f64>,
    /// As bytes of the file, without blanks at the end.
    pub texts: Vec<Vec<u8>>,
}

impl MissingValues {
    /// As a dictionary has them: up to three numbers, or a range, perhaps with one beside it.
    pub fn of_numbers(is_range: bool, values: &[f64]) -> Self {
        match (is_range, values) {
            (true, [low, high, numbers @ ..]) => Self {
                range: Some((*low, *high)),
                numbers: numbers.to_vec(),
                texts: Vec::new(),
            },
            (_, numbers) => Self {
                numbers: numbers.to_vec(),
                ..Self::default()
            },
        }
    }

    pub fn has(&self, number: f64) -> bool {
        let is_inside = |(low, high): (f64, f64)| low <= number && number <= high;
        self.numbers.contains(&number) || self.range.is_some_and(is_inside)
    }

    /// A field, with or without blanks at its end.
    pub fn has_text(&self, field: &[u8]) -> bool {
        let field = field.trim_ascii_end();
        self.texts.iter().any(|text| text == field)
    }
}

impl fmt::Display for MissingValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |number: f64| match number.abs() == f64::MAX || number.abs() >= 1e300 {
            true => String::new(),
            false => number.to_string(),
        };
        let range = self
            .range
            .map(|(low, high)| format!("{}..{}", end(low), end(high)));
        let numbers = self.numbers.iter().map(ToString::to_string);
        let texts = self
            .texts
            .iter()
            .map(|text| format!("{:?}", String::from_utf8_lossy(text)));
        let all: Vec<String> = range.into_iter().chain(numbers).chain(texts).collect();
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_their_ends_and_texts_leave_blanks_aside() {
        let missing = MissingValues {
            range: Some((-f64::MAX, -1.0)),
            numbers: vec![99.0],
            texts: vec![b"NA".to_vec()],
        };
        assert!(missing.has(-1.0) && missing.has(-1e9) && missing.has(99.0));
        assert!(!missing.has(-0.5) && !missing.has(98.0));
        assert!(missing.has_text(b"NA      ") && !missing.has_text(b"NAB"));
        assert_eq!(missing.to_string(), "..-1, 99, \"NA\"");
    }
}
