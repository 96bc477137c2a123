//! What a run leaves: its files as bytes, and the rows of results.csv.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every file of a results folder but provenance.json, which alone may hold clock values.
pub fn bytes(results: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    gather(results, results, &mut files);
    files.remove(Path::new("provenance.json"));
    files
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            files.insert(
                path.strip_prefix(root).unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            );
        }
    }
}

/// The two hold the same files with the same bytes; if not, says which differ.
pub fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (bytes(one), bytes(other));
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        other.keys().collect::<Vec<_>>()
    );
    let different: Vec<&PathBuf> = one
        .keys()
        .filter(|name| one[*name] != other[*name])
        .collect();
    assert!(different.is_empty(), "different: {different:?}");
    assert!(one.len() >= 8, "a run leaves more than {:?}", one.keys());
}

/// One row of results.csv by column name.
pub type Row = BTreeMap<String, String>;

/// The rows of results.csv.
pub fn results(folder: &Path) -> Vec<Row> {
    table(&folder.join("results.csv"))
}

/// The rows of such a file.
pub fn table(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The row of one cell.
pub fn cell<'a>(rows: &'a [Row], encoder: &str, target: &str) -> &'a Row {
    rows.iter()
        .find(|row| row["encoder"] == encoder && row["target"] == target)
        .unwrap()
}

/// A number of a row.
pub fn number(row: &Row, column: &str) -> f64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column} = {:?}", row[column]))
}
