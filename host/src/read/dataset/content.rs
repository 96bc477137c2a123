//! What a table holds as one hash: the same for the same rows in any order, so that results do not
//! depend on the order of a file.

use super::ids::Ids;
use super::table::{Cell, Table};

/// BLAKE3 of a table's column names and of its cells, row by row in the order of the ids (as
/// bytes).
///
/// Every part is preceded by its kind and its length, so that no two tables share a hash by moving
/// a border.
pub fn hash_of_rows(table: &Table, ids: &Ids) -> String {
    let mut hasher = Buffered::default();
    for column in &table.columns {
        add(&mut hasher, b'c', column.name.as_bytes());
    }
    let mut rows: Vec<usize> = (0..table.n_rows).collect();
    rows.sort_unstable_by(|a, b| ids.names[*a].cmp(&ids.names[*b]));
    for row in rows {
        for column in &table.columns {
            match column.cell(row) {
                Cell::Null => add(&mut hasher, b'0', &[]),
                Cell::Nested => add(&mut hasher, b'n', &[]),
                Cell::Text(text) => add(&mut hasher, b't', text.as_bytes()),
                Cell::Number(number) => add(&mut hasher, b'f', &number.to_le_bytes()),
            }
        }
    }
    hasher.flush();
    hasher.hasher.finalize().to_hex().to_string()
}

/// Bytes that wait to be hashed together: cells are short, and there are many.
#[derive(Default)]
struct Buffered {
    hasher: blake3::Hasher,
    waiting: Vec<u8>,
}

impl Buffered {
    const MOST: usize = 1 << 16;

    fn flush(&mut self) {
        self.hasher.update(&self.waiting);
        self.waiting.clear();
    }
}

fn add(hasher: &mut Buffered, kind: u8, bytes: &[u8]) {
    hasher.waiting.push(kind);
    hasher
        .waiting
        .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    hasher.waiting.extend_from_slice(bytes);
    if hasher.waiting.len() >= Buffered::MOST {
        hasher.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::FormatPlan;

    fn hash(name: &str, lines: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, lines).unwrap();
        let table = Table::read(&path, &FormatPlan::default()).unwrap();
        let ids = Ids::of(&table, "id").unwrap();
        hash_of_rows(&table, &ids)
    }

    #[test]
    fn rows_in_another_order_are_the_same_data_and_another_cell_is_not() {
        let sorted = hash("a.csv", "id,y\n1,ab\n2,c\n10,\n");
        assert_eq!(sorted, hash("b.csv", "id,y\n10,\n2,c\n1,ab\n"));
        assert_eq!(sorted, hash("a.tsv", "id\ty\n1\tab\n10\t\n2\tc\n"));
        assert_ne!(sorted, hash("a.csv", "id,y\n1,a\n2,bc\n10,\n"));
        assert_ne!(sorted, hash("a.csv", "id,z\n1,ab\n2,c\n10,\n"));
    }
}
