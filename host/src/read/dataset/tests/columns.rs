//! Parquet: only the columns of the study are read, whatever the others are.

use arrow_array::{
    ArrayRef, BinaryArray, Decimal128Array, Float64Array, Int64Array, LargeStringArray,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};

use super::table::{Cell, Table};
use super::{StdArc, Study, in_file_order, list_file, parquet_file};

fn study(more: Vec<(&'static str, ArrayRef)>) -> Study {
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        (
            "id",
            StdArc::new(StringArray::from(vec!["a", "b", "c", "d"])),
        ),
        (
            "y",
            StdArc::new(Float64Array::from(vec![1.0, 2.0, 3.0, 5.0])),
        ),
    ];
    columns.extend(more);
    Study::new("d.parquet", parquet_file(columns), &["y"])
}

fn times(zone: &str) -> ArrayRef {
    let times = vec![0, 86_400_000_000, 1_000_000, 5];
    StdArc::new(TimestampMicrosecondArray::from(times).with_timezone(zone))
}

fn bytes() -> ArrayRef {
    StdArc::new(BinaryArray::from(vec![&b"\xff\xfe"[..]; 4]))
}

#[test]
fn a_column_that_nobody_asked_for_may_be_of_any_type() {
    let mut study = study(vec![
        ("when", times("UTC")),
        ("where", times("Europe/Berlin")),
        ("scan", bytes()),
    ]);
    assert_eq!(study.read().unwrap().targets[0].n(), 4);
    let table = Table::read(&study.data.path, &study.data.format).unwrap();
    assert_eq!(table.columns[2].cell(1), Cell::Text("1970-01-02T00:00:00Z"));
    assert_eq!(table.columns[4].cell(0), Cell::Nested);
    study.data.targets = vec!["scan".to_owned(), "when".to_owned()];
    assert_eq!(
        study.refused(),
        "d.parquet row 1: column `scan`: holds bytes that are no text"
    );
    let nested = Study::new("d.parquet", list_file(), &[]);
    assert_eq!(nested.read().unwrap().ids, ["a"]);
}

#[test]
fn ids_are_exact_in_every_type_that_holds_them() {
    let long = [u64::MAX, u64::MAX - 1, 1 << 60, 7];
    let decimals = Decimal128Array::from(vec![10_i128.pow(25), 10_i128.pow(25) + 1, 3, 4]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("u", StdArc::new(UInt64Array::from(long.to_vec()))),
        (
            "i",
            StdArc::new(Int64Array::from(vec![i64::MAX, i64::MIN, 0, 1])),
        ),
        (
            "d",
            StdArc::new(decimals.with_precision_and_scale(30, 0).unwrap()),
        ),
        (
            "t",
            StdArc::new(LargeStringArray::from(vec!["00", "0", "1e3", "1.0"])),
        ),
        (
            "f",
            StdArc::new(Float64Array::from(vec![1.0, 2.5, 3.0, 4.0])),
        ),
        (
            "g",
            StdArc::new(Float64Array::from(vec![1.0, 1e16, 3.0, 4.0])),
        ),
    ];
    let mut study = study(columns);
    let mut ids = |column: &str| {
        study.data.id = Some(column.to_owned());
        study
            .read()
            .map(|dataset| in_file_order(&dataset, &dataset.ids))
            .map_err(|refusal| study.without_folder(&refusal))
    };
    assert_eq!(ids("u").unwrap(), long.map(|id| id.to_string()));
    assert_eq!(ids("i").unwrap()[1], i64::MIN.to_string());
    assert_eq!(ids("d").unwrap()[1], "10000000000000000000000001");
    assert_eq!(ids("t").unwrap(), ["00", "0", "1e3", "1.0"]);
    assert_eq!(ids("f").unwrap(), ["1", "2.5", "3", "4"]);
    assert!(ids("g").unwrap_err().starts_with(
        "d.parquet row 2: the ids in `g` are floating-point numbers, which hold no more than 15 digits"
    ));
}
