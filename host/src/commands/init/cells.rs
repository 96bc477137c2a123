//! Names and cells of a table as text.

use std::borrow::Cow;

use crate::read::dataset::table::Cell;

/// A name or cell for a message: control characters escaped, cut after 40 characters.
pub fn shown(text: &str) -> String {
    let cut: String = text.chars().take(40).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    cut.chars().map(escape).collect::<String>() + more
}

/// A cell as text, empty where there is none.
pub fn cell(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Text(text) => text.into(),
        Cell::Number(number) => number.to_string().into(),
        Cell::Null | Cell::Nested => "".into(),
    }
}
