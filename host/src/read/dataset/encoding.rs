//! From the bytes of a file to its text.
//!
//! UTF-8 needs no word; UTF-16 is known by its mark, or by the zeros between its letters. Whatever
//! else a file is in looks like many things: the likely one is named, and the user says it.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::ids::name_of;
use super::table::count_lines;
use crate::problem::{Problem, listed_up_to, quoted};

/// Bytes that are looked at before anything is read.
const HEAD: usize = 4096;
/// Bytes around the first one that is no UTF-8, by which the encoding is guessed.
const SAMPLE: usize = 1 << 20;
/// Names that are no labels of the web's standard, and what they mean there.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("cp1250", "windows-1250"),
    ("cp1251", "windows-1251"),
    ("ansi", "windows-1252"),
    ("latin-1", "windows-1252"),
    ("mac-roman", "macintosh"),
];

/// The encoding of a name as Python, R or a spreadsheet writes it; `None` for one that is unknown.
pub fn named(name: &str) -> Option<&'static Encoding> {
    let lower = name.trim().to_lowercase().replace('_', "-");
    let found = OTHER_NAMES.iter().find(|(other, _)| *other == lower);
    let label = found.map_or(lower.as_str(), |(_, label)| label);
    // The label `replacement` stands for encodings that the web forbids.
    Encoding::for_label(label.as_bytes()).filter(|found| found.name() != "replacement")
}

/// The encoding that the user says a file is in.
///
/// # Errors
/// Its name is unknown.
pub fn typed(file: &str, name: Option<&str>) -> Result<Option<&'static Encoding>, Problem> {
    let found = name.map(|name| named(name).ok_or_else(|| Problem::new(file, unknown(name))));
    found.transpose()
}

/// The text of a file, and what should be said of how it was read.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// Without a byte order mark.
    pub text: Cow<'a, str>,
    /// One sentence, unless it is UTF-8.
    pub note: Option<String>,
}

/// The text of the bytes of a file. `name`: what the user says it is in.
///
/// # Errors
/// It is empty, is not in the encoding that was typed, or in none that is known without a word: the
/// line, the byte, and the likely encoding.
pub fn decode<'a>(file: &str, bytes: &'a [u8], name: Option<&str>) -> Result<Decoded<'a>, Problem> {
    if bytes.is_empty() {
        return Err(Problem::new(file, "is empty"));
    }
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(Problem::new(file, "is UTF-32 text, which is not read").with_try(RESAVE));
    }
    if let Some((marked, length)) = Encoding::for_bom(bytes) {
        return as_encoded(file, &bytes[length..], marked);
    }
    if let (Some(name), Some(encoding)) = (name, typed(file, name)?) {
        refuse_utf8_as_another(file, bytes, encoding, name)?;
        // What the user said needs not be said.
        let text = as_encoded(file, bytes, encoding)?.text;
        return Ok(Decoded { text, note: None });
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        return as_encoded(file, bytes, encoding);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Decoded {
            text: text.into(),
            note: None,
        }),
        Err(error) => Err(neither(file, bytes, error.valid_up_to())),
    }
}

/// The likely encoding of bytes that are no UTF-8, as it is typed, and a few words of the first
/// line that shows it; `None` for bytes that are read without a word.
pub fn likely(bytes: &[u8]) -> Option<(String, String)> {
    if Encoding::for_bom(bytes).is_some() || unmarked_utf16(bytes).is_some() {
        return None;
    }
    let at = std::str::from_utf8(bytes).err()?.valid_up_to();
    let encoding = guess(bytes, at);
    Some((encoding.name().to_lowercase(), excerpt(bytes, at, encoding)))
}

/// Says of an encoding that nobody knows.
pub fn unknown(typed: &str) -> String {
    let known = [
        "windows-1252",
        "windows-1250",
        "windows-1251",
        "macintosh",
        "shift_jis",
        "gb18030",
        "big5",
        "euc-kr",
    ];
    let known = listed_up_to(8, known.iter().map(|name| format!("\"{name}\"")));
    format!("no encoding is called {}; there are {known}", quoted(typed))
}

const RESAVE: &str = "save it as UTF-8; spreadsheets offer \"CSV UTF-8\"";

fn as_encoded<'a>(
    file: &str,
    bytes: &'a [u8],
    encoding: &'static Encoding,
) -> Result<Decoded<'a>, Problem> {
    let decoded = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let Some(text) = decoded else {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        let before = text.split('\u{fffd}').next().unwrap_or_default();
        let line = 1 + count_lines(before.as_bytes());
        let message = format!("is not sound {} text", encoding.name());
        return Err(Problem::new(format!("{file}:{line}"), message).with_try(RESAVE));
    };
    if text.is_empty() {
        return Err(Problem::new(file, "is empty"));
    }
    let note =
        (encoding != UTF_8).then(|| format!("{}: read as {}", name_of(file), encoding.name()));
    Ok(Decoded { text, note })
}

/// UTF-16 without a mark: nearly every second byte of Western text is zero.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let zeros = |first: usize| {
        head.iter()
            .skip(first)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let half = head.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    match bytes.len().is_multiple_of(2) && half > 0 {
        true if 10 * odd >= 7 * half && even == 0 => Some(UTF_16LE),
        true if 10 * even >= 7 * half && odd == 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// `encoding = "windows-1252"` beside a file that is UTF-8 would make `Ã¤` of every `ä`.
fn refuse_utf8_as_another(
    file: &str,
    bytes: &[u8],
    encoding: &'static Encoding,
    typed: &str,
) -> Result<(), Problem> {
    if encoding == UTF_8 || !encoding.is_single_byte() || bytes.is_ascii() {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let Some(letter) = text.chars().find(|c| !c.is_ascii()) else {
        return Ok(());
    };
    let mut utf8 = [0; 4];
    let (wrong, _) = encoding.decode_without_bom_handling(letter.encode_utf8(&mut utf8).as_bytes());
    let message =
        format!("is UTF-8 text, and encoding = \"{typed}\" would make \"{wrong}\" of \"{letter}\"");
    Err(Problem::new(file, message).with_try("leave `encoding` out"))
}

/// `at`: the first byte that is no UTF-8.
fn neither(file: &str, bytes: &[u8], at: usize) -> Problem {
    let line = 1 + count_lines(&bytes[..at]);
    let likely = guess(bytes, at);
    let message = format!(
        "is not UTF-8 text: byte {at} is {:#04x}; it looks like {}, in which the line reads {}",
        bytes[at],
        likely.name(),
        quoted(&excerpt(bytes, at, likely))
    );
    let label = likely.name().to_lowercase();
    Problem::new(format!("{file}:{line}"), message).with_try(format!(
        "encoding = \"{label}\" beside the file's `path`; or the file in UTF-8: spreadsheets offer \"CSV UTF-8\", and `iconv -f {} -t UTF-8` makes a copy",
        likely.name()
    ))
}

fn guess(bytes: &[u8], at: usize) -> &'static Encoding {
    let sample = &bytes[at.saturating_sub(HEAD)..bytes.len().min(at.saturating_add(SAMPLE))];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// What stands around a byte, in an encoding.
fn excerpt(bytes: &[u8], at: usize, encoding: &'static Encoding) -> String {
    const BEFORE: usize = 20;
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = bytes[..at]
        .iter()
        .rposition(is_end)
        .map_or(0, |end| end + 1);
    let end = bytes[at..].iter().position(is_end);
    let end = end.map_or(bytes.len(), |end| at + end);
    let (before, _) = encoding.decode_without_bom_handling(&bytes[start..at]);
    let (after, _) = encoding.decode_without_bom_handling(&bytes[at..end.min(at + 4 * BEFORE)]);
    let skipped = before.chars().count().saturating_sub(BEFORE);
    let (before, after): (String, String) = (
        before.chars().skip(skipped).collect(),
        after.chars().take(BEFORE).collect(),
    );
    let more = |is_cut: bool| if is_cut { "…" } else { "" };
    format!(
        "{}{before}{after}{}",
        more(skipped > 0),
        more(at + after.len() < end)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], typed: Option<&str>) -> Result<String, String> {
        let decoded = decode("d.csv", bytes, typed).map_err(|problem| problem.to_string())?;
        Ok(decoded.text.into_owned())
    }

    fn utf16(text: &str, mark: &[u8], to: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let units = text.encode_utf16().flat_map(to);
        mark.iter().copied().chain(units).collect()
    }

    #[test]
    fn utf_8_and_utf_16_are_read_with_and_without_a_mark() {
        let content = "id,text\n1,Käse 尺\n";
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend(content.as_bytes());
        for bytes in [
            content.as_bytes().to_vec(),
            marked,
            utf16(content, b"\xff\xfe", u16::to_le_bytes),
            utf16(content, b"\xfe\xff", u16::to_be_bytes),
            utf16(content, b"", u16::to_le_bytes),
            utf16(content, b"", u16::to_be_bytes),
        ] {
            assert_eq!(text(&bytes, None).unwrap(), content);
        }
        let note = decode("a/d.csv", &utf16("a", b"\xff\xfe", u16::to_le_bytes), None)
            .unwrap()
            .note;
        assert_eq!(note.unwrap(), "d.csv: read as UTF-16LE");
        assert!(
            text(b"\xff\xfe\0\0a\0\0\0", None)
                .unwrap_err()
                .contains("UTF-32")
        );
        assert!(
            text(b"\xff\xfea\0\x00\xd8", None)
                .unwrap_err()
                .contains("is not sound UTF-16LE text")
        );
        assert_eq!(text(b"\xef\xbb\xbf", None).unwrap_err(), "d.csv: is empty");
    }

    #[test]
    fn another_encoding_needs_its_name_and_the_likely_one_is_named() {
        for (content, name) in [
            (
                "id,text\n1,Die Käse schmecken älteren Männern für fünf Öre\n",
                "windows-1252",
            ),
            (
                "id,text\n1,Сегодня мне было очень хорошо и спокойно\n",
                "windows-1251",
            ),
            (
                "id,text\n1,今日はとても気分がよかったです。仕事が終わってから、友だちとゆっくり散歩をしました。夕方は家で本を読んで、早く寝ました\n",
                "shift_jis",
            ),
            ("id,text\n1,今天我的心情非常好,工作也很顺利\n", "gbk"),
            (
                "id,text\n1,Dziś byłem bardzo szczęśliwy, że mogłem odpocząć\n",
                "windows-1250",
            ),
        ] {
            let (bytes, _, _) = named(name).unwrap().encode(content);
            let refused = text(&bytes, None).unwrap_err();
            assert!(
                refused.starts_with("d.csv:2: is not UTF-8 text: byte "),
                "{refused}"
            );
            assert!(
                refused.contains(&format!("encoding = \"{name}\"")),
                "{refused}"
            );
            assert_eq!(text(&bytes, Some(name)).unwrap(), content);
            let (likely, seen) = likely(&bytes).unwrap();
            assert_eq!(likely, name);
            assert!(content.contains(seen.trim_matches('…')), "{seen}");
        }
    }

    #[test]
    fn the_names_of_other_programs_are_understood_and_a_wrong_one_is_refused() {
        for name in ["latin1", "ISO-8859-1", "cp1252", "Windows-1252", "ANSI"] {
            assert_eq!(text(b"caf\xe9", Some(name)).unwrap(), "café", "{name}");
        }
        assert!(named("cp850x").is_none() && named("replacement").is_none());
        assert_eq!(
            text("café".as_bytes(), Some("latin1")).unwrap_err(),
            "d.csv: is UTF-8 text, and encoding = \"latin1\" would make \"Ã©\" of \"é\"\n  try: leave `encoding` out"
        );
        assert!(
            text(b"a\n\xff\xff", Some("shift_jis"))
                .unwrap_err()
                .starts_with("d.csv:2: is not sound Shift_JIS text")
        );
    }
}
