//! What separates the fields of a file, whatever its name says: Excel writes `;` into .csv where
//! the comma is a decimal one, and names what it separates with tabs .txt.
//!
//! Found from the header and the first hundred records: the delimiter whose records have as many
//! fields as the header, the one that the name says before all others. Excel's own line `sep=;`
//! above the header settles it.

use super::ids::name_of;

/// What may separate fields.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records that are looked at.
const RECORDS: usize = 100;
/// Bytes that are looked at at most; a last record that is cut off does not count.
const BYTES: usize = 8 << 20;

/// How the fields of a file are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The delimiter.
    pub delimiter: u8,
    /// Bytes of a line `sep=;` before the header.
    pub n_skipped: usize,
    /// The file says so itself, in that line.
    pub is_stated: bool,
}

/// The delimiter of a text. `usual`: what its name says; `typed`: what the user says.
pub(super) fn find(text: &str, usual: u8, typed: Option<u8>) -> Found {
    let (stated, n_skipped) = stated(text);
    let chosen = typed.or(stated);
    Found {
        delimiter: chosen.unwrap_or_else(|| most_likely(&text[n_skipped..], usual)),
        n_skipped,
        is_stated: typed.is_none() && stated.is_some(),
    }
}

/// What is said of a delimiter that is not the one of the file's name.
pub(super) fn note(file: &str, found: Found) -> String {
    let why = match found.is_stated {
        true => ", as its first line says",
        false => "",
    };
    format!(
        "{}: its fields are separated by {}{why}",
        name_of(file),
        in_words(found.delimiter)
    )
}

/// `a tab`, or `` `;` ``.
pub(super) fn in_words(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "tabs".to_owned(),
        other => format!("`{}`", char::from(other)),
    }
}

/// Excel's first line `sep=;`, and its length.
fn stated(text: &str) -> (Option<u8>, usize) {
    let length = text.find('\n').map_or(text.len(), |end| end + 1);
    let line = text[..length]
        .trim_end_matches(['\r', '\n'])
        .trim_matches('"');
    let named = line
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="));
    match (named, &line.as_bytes()[line.len().min(4)..]) {
        (Some(_), [delimiter]) if delimiter.is_ascii() => (Some(*delimiter), length),
        _ => (None, 0),
    }
}

/// How well a delimiter splits a text; the larger the better.
#[derive(PartialEq, PartialOrd)]
struct Fit {
    /// Share of the records with as many fields as the header.
    of_header: f64,
    /// Share of the records with as many fields as the first one.
    of_each_other: f64,
    is_usual: bool,
    n_fields: usize,
}

fn most_likely(text: &str, usual: u8) -> u8 {
    let fits = CANDIDATES
        .iter()
        .filter_map(|&delimiter| Some((fit(text, delimiter, usual)?, delimiter)));
    let best = fits.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map_or(usual, |(_, delimiter)| delimiter)
}

/// `None` where the delimiter does not split the header.
fn fit(text: &str, delimiter: u8, usual: u8) -> Option<Fit> {
    let bytes = &text.as_bytes()[..text.len().min(BYTES)];
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut next = |record: &mut csv::ByteRecord| reader.read_byte_record(record).unwrap_or(false);
    if !next(&mut record) || record.len() < 2 {
        return None;
    }
    let n_fields = record.len();
    let mut lengths = Vec::with_capacity(RECORDS);
    while lengths.len() < RECORDS && next(&mut record) {
        lengths.push(record.len());
    }
    if bytes.len() < text.len() && lengths.len() < RECORDS {
        lengths.pop(); // cut off
    }
    let share = |of: usize| {
        let alike = lengths.iter().filter(|length| **length == of).count();
        alike as f64 / lengths.len().max(1) as f64
    };
    Some(Fit {
        of_header: share(n_fields),
        of_each_other: share(lengths.first().copied().unwrap_or_default()),
        is_usual: delimiter == usual,
        n_fields,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> char {
        char::from(find(text, b',', None).delimiter)
    }

    #[test]
    fn the_delimiter_is_the_one_that_makes_records_like_the_header() {
        for (text, delimiter) in [
            ("id;text;y\n1;a, b, c;3,5\n2;d;4\n", ';'),
            ("id\ttext\ty\n1\ta;b\t3,5\n", '\t'),
            ("id|text|y\n1|a;b|3,5\n", '|'),
            ("id,text,y\n1,\"a; b\",3\n2,c;d,4\n", ','),
            // What only the header, or only some rows, have is none.
            ("id,how are you; really,y\n1,good,3\n2,bad;sad,4\n", ','),
            ("id;wie, ja;y\n1;gut;3\n2;nein, nicht;4\n", ';'),
            // One column, and nothing that separates.
            ("text\na;b\nc;d\n", ','),
            ("id\n1\n", ','),
            // Line breaks in quotes, delimiters in quotes.
            ("\"id\";\"text\";\"y\"\n\"1\";\"a,\nb,c;d\";\"3,5\"\n", ';'),
            // Of two that both split everything the name decides.
            ("a,b;c\n1,2;3\n", ','),
            // Rows that do not fit are told of the delimiter that most of them fit.
            ("id;t;y\n1;a;2\n2;b;3\n3;c\n", ';'),
        ] {
            assert_eq!(found(text), delimiter, "{text}");
        }
        assert_eq!(find("a,b\n1,2\n", b'\t', None).delimiter, b',');
    }

    #[test]
    fn the_first_line_of_excel_settles_it_and_the_user_overrides_it() {
        let text = "sep=;\r\na,b;c,d\r\n1,2;3,4\r\n";
        let expected = Found {
            delimiter: b';',
            n_skipped: 7,
            is_stated: true,
        };
        assert_eq!(find(text, b',', None), expected);
        assert_eq!(find("\"sep=|\"\na|b\n", b',', None).delimiter, b'|');
        assert_eq!(find("SEP=\t\na\tb\n", b',', None).delimiter, b'\t');
        let typed = find(text, b';', Some(b','));
        assert_eq!(
            (typed.delimiter, typed.n_skipped, typed.is_stated),
            (b',', 7, false)
        );
        assert_eq!(find("sep=long,b\n1,2\n", b',', None).n_skipped, 0);
    }
}
