//! Columns by name, for a model that was made with columns of these names: order is not trusted,
//! and another set is refused.

use std::collections::BTreeMap;

use super::table::Column;
use crate::problem::{Problem, listed_up_to};

/// The columns of these names, in their order, each with its place in the file. A name that stands
/// twice will do only where all stand as they should.
///
/// # Errors
/// Other columns than these: both lists, and where they differ.
pub fn in_order<'a>(
    file: &str,
    columns: Vec<(usize, &'a Column)>,
    names: &[String],
) -> Result<Vec<(usize, &'a Column)>, Problem> {
    if columns.iter().map(|(_, column)| &column.name).eq(names) {
        return Ok(columns);
    }
    let found = counted(columns.iter().map(|(_, column)| column.name.as_str()));
    let expected = counted(names.iter().map(String::as_str));
    let by_name: BTreeMap<&str, (usize, &Column)> = columns
        .iter()
        .map(|(at, column)| (column.name.as_str(), (*at, *column)))
        .collect();
    let is_clear = |counts: &BTreeMap<&str, usize>| counts.values().all(|count| *count == 1);
    if found.keys().eq(expected.keys()) && is_clear(&found) && is_clear(&expected) {
        return Ok(names
            .iter()
            .filter_map(|name| by_name.get(name.as_str()).copied())
            .collect());
    }
    let missing = expected.keys().filter(|name| !found.contains_key(*name));
    let unknown = found.keys().filter(|name| !expected.contains_key(*name));
    let repeated = found.iter().filter(|(_, count)| **count > 1);
    let message = format!(
        "its columns are {}; those of the model are {}{}{}{}",
        listed(10, columns.iter().map(|(_, column)| column.name.as_str())),
        listed(10, names.iter().map(String::as_str)),
        also("missing here", missing.copied()),
        also("unknown to the model", unknown.copied()),
        also("more than once here", repeated.map(|(name, _)| *name)),
    );
    Err(Problem::new(file, message)
        .with_try("a table of the id column and the model's columns, each once, in any order"))
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn listed<'a>(shown: usize, names: impl Iterator<Item = &'a str>) -> String {
    listed_up_to(shown, names.map(|name| format!("`{name}`")))
}

fn also<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    match listed(5, names) {
        names if names.is_empty() => names,
        names => format!("; {what}: {names}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::embeddings::read_columns;

    fn read(file: &str, content: &str) -> Result<Vec<f64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        let names = ["a", "b", "c"].map(str::to_owned);
        let read = read_columns(&path, "id", &names, &["1".to_owned()]);
        let folder = format!("{}/", folder.path().display());
        read.map(|read| read.x.iter().copied().collect())
            .map_err(|refusal| refusal.to_string().replace(&folder, ""))
    }

    #[test]
    fn columns_are_matched_by_name_and_another_set_is_refused_with_both_lists() {
        let expected = Ok(vec![1.0, 2.0, 3.0]);
        assert_eq!(read("v.csv", "id,a,b,c\n1,1,2,3\n"), expected);
        assert_eq!(read("v.csv", "c,b,id,a\n3,2,1,1\n"), expected);
        assert_eq!(read("v.tsv", "b\tc\ta\tid\n2\t3\t1\t1\n"), expected);
        assert_eq!(read("v.jsonl", r#"{"c":3,"id":1,"a":1,"b":2}"#), expected);
        let lists = |columns: &str, difference: &str| {
            format!(
                "v.csv: its columns are {columns}; those of the model are `a`, `b`, `c`{difference}\n  \
                 try: a table of the id column and the model's columns, each once, in any order"
            )
        };
        for (content, columns, difference) in [
            // The target beside the vectors, missing columns, both, a name that stands twice,
            // another case.
            (
                "id,a,b,c,y\n1,1,2,3,9\n",
                "`a`, `b`, `c`, `y`",
                "; unknown to the model: `y`",
            ),
            ("id,a,c\n1,1,3\n", "`a`, `c`", "; missing here: `b`"),
            (
                "id,age,a,b\n1,30,1,2\n",
                "`age`, `a`, `b`",
                "; missing here: `c`; unknown to the model: `age`",
            ),
            (
                "id,a,b,c,a\n1,1,2,3,1\n",
                "`a`, `b`, `c`, `a`",
                "; more than once here: `a`",
            ),
            (
                "id,A,b,c\n1,1,2,3\n",
                "`A`, `b`, `c`",
                "; missing here: `a`; unknown to the model: `A`",
            ),
        ] {
            assert_eq!(read("v.csv", content), Err(lists(columns, difference)));
        }
    }
}
