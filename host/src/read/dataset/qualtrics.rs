//! Qualtrics puts the questions and their import ids in two lines below the header: no answers.

use super::ids::name_of;
use super::table::{Cell, Table};

/// Rows among which such lines are looked for.
const FIRST: usize = 3;

/// Leaves out the lines up to the one with import ids, and says so.
pub(super) fn without_questions(table: &mut Table) {
    let is_import = |row: &usize| {
        let cells = table.columns.iter().map(|column| column.cell(*row));
        let ids = cells
            .filter(|cell| matches!(cell, Cell::Text(text) if text.starts_with("{\"ImportId\"")));
        2 * ids.count() > table.columns.len()
    };
    let Some(last) = (0..table.n_rows.min(FIRST)).find(is_import) else {
        return;
    };
    if last + 1 == table.n_rows {
        return;
    }
    let rows: Vec<usize> = (0..=last).collect();
    let Some(first) = table.columns.first() else {
        return;
    };
    let note = format!(
        "{}: {} hold the questions and import ids of Qualtrics, not answers, and are left out",
        name_of(&table.file),
        first.places.listed(&rows)
    );
    let kept: Vec<usize> = (last + 1..table.n_rows).collect();
    table.keep(&kept);
    table.notes.push(note);
}
