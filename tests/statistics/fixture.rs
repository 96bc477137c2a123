//! Reads `tests/golden/*.json`.

use std::path::Path;

use nalgebra::DMatrix;
use serde_json::Value;

/// One golden file.
pub fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A list of numbers; null is NaN.
pub fn numbers(value: &Value) -> Vec<f64> {
    list(value)
        .iter()
        .map(|item| item.as_f64().unwrap_or(f64::NAN))
        .collect()
}

/// A list of whole numbers; null is `None`.
pub fn indexes(value: &Value) -> Vec<Option<usize>> {
    list(value)
        .iter()
        .map(|item| item.as_u64().map(|index| index as usize))
        .collect()
}

/// A list of whole numbers without nulls.
pub fn whole_numbers(value: &Value) -> Vec<usize> {
    indexes(value).into_iter().map(Option::unwrap).collect()
}

/// A list of rows.
pub fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = list(value).iter().map(numbers).collect();
    DMatrix::from_fn(rows.len(), rows[0].len(), |row, column| rows[row][column])
}

/// The items of a list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}
