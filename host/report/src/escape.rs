//! Names made harmless: what a user calls a target must not become markup.
//!
//! One function a format. Control characters, which XML forbids and terminals obey, are shown as
//! the replacement character everywhere.

/// Text for HTML and SVG, between tags or inside double quotes.
pub fn xml(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut escaped, c| {
            match c {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                c => escaped.push(plain(c)),
            }
            escaped
        })
}

/// Text for Markdown, in a table cell too: every character that could start markup gets a
/// backslash, `<` and `&` become entities.
///
/// `_` inside a word starts nothing, and a backslash there would spoil `p_fwer` for readers of the
/// source; one at either end of a word is escaped.
pub fn markdown(text: &str) -> String {
    let characters: Vec<char> = text.chars().map(plain).collect();
    let is_word = |at: Option<usize>| {
        at.and_then(|at| characters.get(at))
            .is_some_and(|c| c.is_alphanumeric())
    };
    let mut escaped = String::with_capacity(text.len());
    for (at, &c) in characters.iter().enumerate() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '_' if is_word(at.checked_sub(1)) && is_word(Some(at + 1)) => escaped.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text for LaTeX, with the signs that reports use as mathematics; other letters are left to the
/// encoding, which is UTF-8.
pub fn latex(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().map(plain) {
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            // A bracket that begins a row would be taken for the argument of the \\ before it.
            '[' => escaped.push_str("{[}"),
            ']' => escaped.push_str("{]}"),
            '−' => escaped.push_str("$-$"),
            '≤' => escaped.push_str("$\\le$"),
            '≥' => escaped.push_str("$\\ge$"),
            '²' => escaped.push_str("$^2$"),
            'Δ' => escaped.push_str("$\\Delta$"),
            'α' => escaped.push_str("$\\alpha$"),
            '×' => escaped.push_str("$\\times$"),
            '…' => escaped.push_str("\\dots{}"),
            '\u{a0}' => escaped.push('~'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text for a line of plain text.
pub fn text(text: &str) -> String {
    text.chars().map(plain).collect()
}

/// Text that cannot steer a terminal: control characters but line ends and tabs, and those that
/// reorder what follows, are shown as `\u{1b}` and the like.
pub fn terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if steers(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// A line of JSON, that means the same and cannot steer a terminal either: JSON itself escapes only
/// the first 32 characters.
pub fn json(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\n' => shown.push(c),
            c if steers(c) => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown
}

/// Control characters, of both kinds, and bidirectional overrides, which reorder the rest of a line
/// without being control characters.
pub(super) fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A file name's part: lower-case ASCII letters, digits and single hyphens, at most 40.
pub fn file_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() == 40 {
            break;
        }
    }
    name.trim_end_matches('-').to_owned()
}

/// Line breaks become spaces; other control characters and bidirectional overrides, which reorder
/// what follows, become visible.
fn plain(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(
            xml("<b a=\"1\" c='2'>&\u{1b}\n"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{fffd} "
        );
        assert_eq!(
            markdown("a|b*c `d` [e](f) <g>\n"),
            "a\\|b\\*c \\`d\\` \\[e\\](f) &lt;g> "
        );
        assert_eq!(markdown("p_fwer _x_"), "p_fwer \\_x\\_");
        assert_eq!(text("a\u{202e}b\tc"), "a\u{fffd}b c");
    }

    #[test]
    fn nothing_steers_a_terminal() {
        let text = "a\u{1b}[31m\r\u{9b}2J\u{7f}\u{202e}b\u{2066}\nö";
        assert_eq!(
            terminal(text),
            "a\\u{1b}[31m\\u{d}\\u{9b}2J\\u{7f}\\u{202e}b\\u{2066}\nö"
        );
        let line = serde_json::to_string(text).unwrap();
        let shown = json(&line);
        assert!(!shown.chars().any(steers), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }

    #[test]
    fn file_names_are_plain_and_short() {
        assert_eq!(file_name("../Öff<nheit>  2"), "ff-nheit-2");
        assert_eq!(file_name("開放性"), "");
        assert_eq!(file_name(&"x".repeat(99)).len(), 40);
    }
}
