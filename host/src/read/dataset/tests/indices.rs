//! Columns that number the rows, among vectors and among targets.

use std::fmt::Write as _;

use arrow_array::{ArrayRef, Float32Array, Int64Array, StringArray};

use super::{StdArc, Study, parquet_file, precomputed};

const ROWS: usize = 20;

/// A table of vectors with two dimensions and one more column before them.
fn vectors(name: &str, values: impl Fn(usize) -> String) -> Vec<u8> {
    let mut table = format!("{name},id,v1,v2\n");
    for row in 0..ROWS {
        writeln!(
            table,
            "{},t{row},{}.5,{}.25",
            values(row),
            row * 7 % 5,
            row % 3
        )
        .unwrap();
    }
    table.into_bytes()
}

#[test]
fn an_index_among_vectors_is_left_out_and_said() {
    let shuffled = |row: usize| (row * 7 % ROWS * 3).to_string();
    for (name, title) in [
        ("", "column 1 (without a name)"),
        ("Unnamed: 0", "column `Unnamed: 0`"),
        ("index", "column `index`"),
        ("...1", "column `...1`"),
    ] {
        let read = precomputed("v.csv", vectors(name, shuffled), None, &["t1", "t0"]).unwrap();
        assert_eq!(read.x.as_slice(), [2.5, 0.5, 1.25, 0.25], "{name}");
        assert_eq!(
            read.notes,
            [format!(
                "v.csv: {title} numbers the rows (0 to 57) and was left out of the vectors"
            )]
        );
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("v1", StdArc::new(Float32Array::from(vec![1.5, 2.5]))),
        ("id", StdArc::new(StringArray::from(vec!["t0", "t1"]))),
        (
            "__index_level_0__",
            StdArc::new(Int64Array::from(vec![40, 7])),
        ),
    ];
    let read = precomputed("v.parquet", parquet_file(columns), None, &["t1", "t0"]).unwrap();
    assert_eq!(read.x.as_slice(), [2.5, 1.5]);
    assert_eq!(read.notes.len(), 1);
}

#[test]
fn a_column_that_counts_the_rows_under_another_name_is_refused() {
    let counted = precomputed(
        "v.csv",
        vectors("nr", |row| (row + 1).to_string()),
        None,
        &["t0"],
    );
    assert_eq!(
        counted.unwrap_err(),
        "v.csv: column `nr` counts the rows of the file and is no dimension of a vector\n  try: the file without this column"
    );
    let values: Vec<f32> = (0..ROWS as u8)
        .flat_map(|row| [f32::from(row), 0.5])
        .collect();
    let ids: String = (0..ROWS).map(|row| format!("t{row}\n")).collect();
    let array = precomputed("v.npy", super::npy(ROWS, &values), Some(&ids), &["t0"]);
    assert!(
        array
            .unwrap_err()
            .starts_with("v.npy: column 1 counts the rows of the file")
    );
    // A code, a rank in another order, a step of two: dimensions like any other.
    for sound in [|row: usize| row / 2, |row| row * 7 % ROWS, |row| 2 * row] {
        let table = vectors("w", |row| sound(row).to_string());
        let read = precomputed("v.csv", table, None, &["t0"]).unwrap();
        assert!(read.x.ncols() == 3 && read.notes.is_empty());
    }
}

#[test]
fn no_glob_means_the_index_of_the_data_file() {
    let mut content = "Unnamed: 0,id,y\n".to_owned();
    for row in 0..ROWS {
        writeln!(content, "{row},t{row},{}", row % 7).unwrap();
    }
    let read = |targets: &[&str]| Study::new("d.csv", &content, targets).read().unwrap();
    let of_glob = read(&["*"]);
    assert_eq!(of_glob.targets.len(), 1);
    assert_eq!(
        of_glob.notes,
        ["column `Unnamed: 0` of the data file numbers the rows and is no target"]
    );
    assert_eq!(read(&["Unnamed: 0", "y"]).targets.len(), 2);
}

#[test]
fn cells_that_are_no_numbers_in_many_columns_are_one_problem() {
    let table = "id,v1,v2,v3\na,\"0,5\",\"1,5\",\"2,5\"\n";
    let said = precomputed("v.csv", table.as_bytes().to_vec(), None, &["a"]).unwrap_err();
    assert!(
        said.starts_with("v.csv:2: `v1` = \"0,5\" is not a number; 3 columns have such cells\n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 2);
}
