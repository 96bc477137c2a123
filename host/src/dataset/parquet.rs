//! .parquet: columns of any flat type. Floats stay numbers, everything else becomes the text it would be in a CSV file.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::table::{Cell, Cells, Column, Places, Table, Texts};
use crate::problem::{Problem, Refusal};

/// Reads the bytes of a file.
pub fn read(file: String, bytes: Vec<u8>) -> Result<Table, Refusal> {
    let hash = blake3::hash(&bytes).to_hex().to_string();
    if bytes.is_empty() {
        return Err(Problem::new(file, "is empty").into());
    }
    // The crate promises errors for damaged files; where it panics all the same, that is a damaged file too.
    let columns = std::panic::catch_unwind(move || columns(Bytes::from(bytes)))
        .unwrap_or_else(|_| Err("the reader gave up on it".to_owned()))
        .map_err(|message| {
            Problem::new(&file, format!("is not a readable .parquet file: {message}"))
        })?;
    let n_rows = columns.first().map_or(0, |(_, cells)| match cells {
        Cells::Texts(texts) => texts.n_cells(),
        Cells::Numbers(numbers) => numbers.len(),
    });
    if n_rows == 0 {
        return Err(Problem::new(file, "has no rows").into());
    }
    let places = Arc::new(Places {
        file: file.clone(),
        are_lines: false,
        numbers: (1..=n_rows).collect(),
    });
    Ok(Table {
        file,
        hash,
        columns: columns
            .into_iter()
            .map(|(name, cells)| Column {
                name,
                cells,
                places: places.clone(),
            })
            .collect(),
        n_rows,
    })
}

fn columns(bytes: Bytes) -> Result<Vec<(String, Cells)>, String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| e.to_string())?;
    let mut columns: Vec<(String, Cells)> = builder
        .schema()
        .fields()
        .iter()
        .map(|field| match field.data_type().is_floating() {
            true => (field.name().clone(), Cells::Numbers(Vec::new())),
            false => (field.name().clone(), Cells::Texts(Texts::default())),
        })
        .collect();
    for batch in builder.build().map_err(|e| e.to_string())? {
        append(&mut columns, &batch.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    }
    Ok(columns)
}

fn append(columns: &mut [(String, Cells)], batch: &RecordBatch) -> Result<(), ArrowError> {
    for ((_, cells), array) in columns.iter_mut().zip(batch.columns()) {
        match cells {
            Cells::Numbers(numbers) => {
                let array = cast(array, &DataType::Float64)?;
                let values = array.as_primitive::<Float64Type>().iter();
                numbers.extend(values.map(|value| value.unwrap_or(f64::NAN)));
            }
            Cells::Texts(texts) => append_texts(texts, array)?,
        }
    }
    Ok(())
}

fn append_texts(texts: &mut Texts, array: &ArrayRef) -> Result<(), ArrowError> {
    let is_nested = array.data_type().is_nested();
    if is_nested || !can_cast_types(array.data_type(), &DataType::LargeUtf8) {
        for row in 0..array.len() {
            texts.push(match array.is_null(row) {
                true => Cell::Null,
                false => Cell::Nested,
            });
        }
        return Ok(());
    }
    let array = cast(array, &DataType::LargeUtf8)?;
    for value in array.as_string::<i64>().iter() {
        texts.push(value.map_or(Cell::Null, Cell::Text));
    }
    Ok(())
}

/// A cast that fails rather than turning what it cannot convert into null.
fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &strict)
}
