//! .parquet: columns of any flat type. Floats stay numbers, everything else becomes the text it
//! would be in a CSV file.
//!
//! Only what is needed is read, one column after the other: a column that nobody asked for may be
//! of any type and any size. A file of some kilobytes can unfold to gigabytes, so its size is
//! judged by its metadata before anything is read, and by what was read while it goes on.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BinaryViewArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Schema};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;

use super::quiet::caught;
use super::table::{
    Cell, Cells, Column, Lists, PlaceUnit, Places, Size, Table, Texts, Wanted, cell_bytes,
    most_bytes,
};
use crate::problem::{Problem, Problems, Refusal};

/// Rows decoded at once.
const BATCH_ROWS: usize = 8192;
/// Bytes decoded at once, where one value may be copied into many rows.
const BATCH_BYTES: usize = 64 << 20;
/// Memory for columns that nobody asked for, which may tell whose a row is.
const SPARE_BYTES: usize = 128 << 20;

/// Reads the bytes of a file.
pub fn read(file: String, bytes: Vec<u8>, wanted: Wanted<'_>) -> Result<Table, Refusal> {
    let hash = blake3::hash(&bytes).to_hex().to_string();
    if bytes.is_empty() {
        return Err(Problem::new(file, "is empty").into());
    }
    let file_bytes = bytes.len();
    let source = Source::open(Bytes::from(bytes)).map_err(|message| damaged(&file, &message))?;
    if source.n_rows == 0 {
        return Err(Problem::new(file, "has no rows").into());
    }
    let columns = match wanted {
        Wanted::Readable => source.readable(most_bytes(file_bytes)),
        Wanted::Named(is_wanted) => source.named(&file, file_bytes, is_wanted)?,
        Wanted::Vectors(id) => {
            let has_lists = (0..source.schema.fields().len()).any(|at| source.is_list(at));
            let is_wanted = |at: usize, name: &str| name == id || !has_lists || source.is_list(at);
            source.of_columns(&file, file_bytes, &is_wanted, has_lists)?
        }
    };
    let places = Arc::new(Places {
        file: file.clone(),
        unit: PlaceUnit::Rows,
        numbers: (1..=source.n_rows).collect(),
    });
    let names = source.schema.fields().iter().map(|field| field.name());
    Ok(Table {
        file,
        hash,
        columns: names
            .zip(columns)
            .map(|(name, cells)| Column {
                name: name.clone(),
                cells,
                places: places.clone(),
                has_decimal_commas: false,
                labels: None,
            })
            .collect(),
        n_rows: source.n_rows,
        notes: Vec::new(),
    })
}

fn damaged(file: &str, message: &str) -> Problem {
    let message = format!("is not a readable .parquet file: {message}");
    Problem::new(file, message).with_try("write or copy it again")
}

/// What the crate says, or that it panicked: it promises errors for damaged files, and where it
/// panics all the same, that is a damaged file too.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    caught(work).unwrap_or_else(|| Err("the reader gave up on it".to_owned()))
}

/// A file whose metadata have been read.
struct Source {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
    schema: Arc<Schema>,
    n_rows: usize,
}

impl Source {
    fn open(bytes: Bytes) -> Result<Source, String> {
        guarded(|| {
            let load = |options| {
                ArrowReaderMetadata::load(&bytes, options).map_err(|error| error.to_string())
            };
            let plain = load(ArrowReaderOptions::new())?;
            let views = with_views(plain.schema());
            let options = ArrowReaderOptions::new().with_schema(Arc::new(views));
            // Without views long texts are copied: slower, not wrong.
            let metadata = load(options).unwrap_or(plain);
            let groups = metadata.metadata().row_groups().iter();
            let n_rows = groups
                .map(|group| usize::try_from(group.num_rows()))
                .try_fold(0_usize, |sum, rows| sum.checked_add(rows.ok()?));
            Ok(Source {
                schema: metadata.schema().clone(),
                n_rows: n_rows.ok_or("its number of rows is impossible")?,
                metadata,
                bytes: bytes.clone(),
            })
        })
    }

    /// All columns that can be read in this much memory.
    fn readable(&self, most: usize) -> Vec<Cells> {
        let mut left = most;
        let columns = 0..self.schema.fields().len();
        columns.map(|at| self.spare(at, &mut left)).collect()
    }

    /// A column that nobody needs, if it can be read in what is left of the memory.
    fn spare(&self, at: usize, left: &mut usize) -> Cells {
        if self.estimate(at) > *left || self.schema.field(at).data_type().is_nested() {
            return Cells::Unread;
        }
        let read = self.column(at, *left).unwrap_or(Cells::Unread);
        *left = left.saturating_sub(self.bytes_of(&read));
        read
    }

    fn named(
        &self,
        file: &str,
        file_bytes: usize,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Cells>, Refusal> {
        self.of_columns(file, file_bytes, &|_, name| is_wanted(name), false)
    }

    /// A list of numbers a row, whatever kind of list.
    fn is_list(&self, at: usize) -> bool {
        item_of(self.schema.field(at).data_type()).is_some_and(DataType::is_numeric)
    }

    /// The wanted columns, and what else there is room for unless `is_strict`.
    fn of_columns(
        &self,
        file: &str,
        file_bytes: usize,
        is_wanted: &dyn Fn(usize, &str) -> bool,
        is_strict: bool,
    ) -> Result<Vec<Cells>, Refusal> {
        let fields = self.schema.fields().iter().enumerate();
        let is_wanted: Vec<bool> = fields
            .map(|(at, field)| is_wanted(at, field.name()))
            .collect();
        let fields = self.schema.fields();
        let wanted = || (0..fields.len()).filter(|at| is_wanted[*at]);
        let estimated = Size {
            n_rows: self.n_rows,
            n_columns: wanted().count(),
            bytes: wanted().fold(0, |sum, at| sum.saturating_add(self.estimate(at))),
        };
        estimated.check(file, file_bytes)?;
        let mut problems = Problems::default();
        let mut columns: Vec<Cells> = fields.iter().map(|_| Cells::Unread).collect();
        let mut left = most_bytes(file_bytes);
        for at in wanted() {
            match self.column(at, left) {
                Ok(cells) => columns[at] = cells,
                Err(Fault::TooLarge) => {
                    let bytes = most_bytes(file_bytes).saturating_add(1);
                    Size { bytes, ..estimated }.check(file, file_bytes)?;
                }
                Err(Fault::Damaged(message)) => {
                    problems.push(damaged(file, &self.titled(at, &message)));
                }
                Err(Fault::Cell(row, what)) => {
                    let place = format!("{file} row {}", row + 1);
                    problems.push(Problem::new(place, self.titled(at, what)));
                }
            }
            left = left.saturating_sub(self.bytes_of(&columns[at]));
        }
        problems.finish(())?;
        let mut left = if is_strict { 0 } else { left.min(SPARE_BYTES) };
        for at in (0..fields.len()).filter(|at| !is_wanted[*at] && !is_strict) {
            columns[at] = self.spare(at, &mut left);
        }
        Ok(columns)
    }

    fn titled(&self, at: usize, what: &str) -> String {
        format!("column `{}`: {what}", self.schema.field(at).name())
    }

    /// Memory of a column by what the file says of it, before it is read. A value that many rows
    /// share counts once.
    fn estimate(&self, at: usize) -> usize {
        let data_type = self.schema.field(at).data_type();
        if data_type.is_nested() {
            // Of lists: their numbers, which are stored in as many bytes or fewer.
            0
        } else if data_type.is_floating() {
            self.n_rows.saturating_mul(size_of::<f64>())
        } else {
            cell_bytes(self.n_rows, 1).saturating_add(match is_text(data_type) {
                true => self.chunk_bytes(at).fold(0, usize::saturating_add),
                false => self.n_rows,
            })
        }
    }

    fn bytes_of(&self, cells: &Cells) -> usize {
        match cells {
            Cells::Unread => 0,
            Cells::Numbers(numbers) => size_of_val(numbers.as_slice()),
            Cells::Lists(lists) => lists.n_values().saturating_mul(size_of::<f64>()),
            Cells::Texts(texts) => cell_bytes(self.n_rows, 1).saturating_add(texts.text_bytes()),
        }
    }

    /// Bytes of the pages of a flat column in each group of rows.
    fn chunk_bytes(&self, at: usize) -> impl Iterator<Item = usize> {
        let leaf = self.leaf(at);
        let groups = self.metadata.metadata().row_groups().iter();
        groups.map(move |group| {
            let chunk = leaf.and_then(|leaf| group.columns().get(leaf));
            chunk.map_or(0, |chunk| {
                usize::try_from(chunk.uncompressed_size()).unwrap_or(usize::MAX)
            })
        })
    }

    /// Where a flat column stands among the leaves of the schema.
    fn leaf(&self, at: usize) -> Option<usize> {
        let schema = self.metadata.parquet_schema();
        (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == at)
    }

    /// Rows to decode at once: one value may be as long as its whole group of rows, and some
    /// encodings copy it into every row.
    fn batch_rows(&self, at: usize) -> usize {
        let data_type = self.schema.field(at).data_type();
        let leaf = self.leaf(at);
        let copies = self.metadata.metadata().row_groups().iter().any(|group| {
            let chunk = leaf.and_then(|leaf| group.columns().get(leaf));
            chunk.is_some_and(|chunk| {
                chunk
                    .encodings()
                    .any(|encoding| encoding == Encoding::DELTA_BYTE_ARRAY)
            })
        });
        let is_view = matches!(data_type, DataType::Utf8View | DataType::BinaryView);
        let longest = self.chunk_bytes(at).max().unwrap_or(0).max(1);
        match is_text(data_type) && (copies || !is_view) {
            true => (BATCH_BYTES / longest).clamp(1, BATCH_ROWS),
            false => BATCH_ROWS,
        }
    }

    fn column(&self, at: usize, most: usize) -> Result<Cells, Fault> {
        let data_type = self.schema.field(at).data_type();
        let is_list = self.is_list(at);
        if data_type.is_nested() && !is_list {
            return Ok(Cells::Unread);
        }
        let read = caught(|| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                self.bytes.clone(),
                self.metadata.clone(),
            );
            let root = ProjectionMask::roots(builder.parquet_schema(), [at]);
            let reader = builder
                .with_projection(root)
                .with_batch_size(self.batch_rows(at).min(self.n_rows))
                .build()
                .map_err(|error| Fault::Damaged(error.to_string()))?;
            let mut cells = match data_type.is_floating() {
                _ if is_list => Cells::Lists(Lists::default()),
                true => Cells::Numbers(Vec::new()),
                false => Cells::Texts(Texts::default()),
            };
            let mut n_read = 0;
            for batch in reader {
                let batch = batch.map_err(|error| Fault::Damaged(error.to_string()))?;
                n_read += batch.num_rows();
                if n_read > self.n_rows {
                    break;
                }
                append(&mut cells, batch.column(0), most)?;
            }
            match n_read == self.n_rows {
                true => Ok(cells),
                false => Err(Fault::Damaged(format!(
                    "it does not hold {} values",
                    self.n_rows
                ))),
            }
        });
        read.unwrap_or_else(|| Err(Fault::Damaged("the reader gave up on it".to_owned())))
    }
}

/// Why a column cannot be read.
enum Fault {
    TooLarge,
    Damaged(String),
    /// A row, from 0, and what is wrong with its cell.
    Cell(usize, &'static str),
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        _ => data_type.is_string() || data_type.is_binary(),
    }
}

/// The schema with texts as views into their pages: a text that many rows share is held once.
fn with_views(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let view = match field.data_type() {
            DataType::Dictionary(_, values) if values.is_string() => DataType::Utf8View,
            DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
            DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
            _ => return field.clone(),
        };
        Arc::new(field.as_ref().clone().with_data_type(view))
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}

fn append(cells: &mut Cells, array: &ArrayRef, most: usize) -> Result<(), Fault> {
    match cells {
        Cells::Unread => {}
        Cells::Lists(lists) => {
            for row in 0..array.len() {
                let Some(values) = list_of(array, row) else {
                    lists.push([]);
                    continue;
                };
                let so_far = lists.n_values().saturating_add(values.len());
                if so_far.saturating_mul(size_of::<f64>()) > most {
                    return Err(Fault::TooLarge);
                }
                let values = cast(&values, &DataType::Float64)?;
                let values = values.as_primitive::<Float64Type>().iter();
                lists.push(values.map(|value| value.unwrap_or(f64::NAN)));
            }
        }
        Cells::Numbers(numbers) => {
            let array = cast(array, &DataType::Float64)?;
            let values = array.as_primitive::<Float64Type>().iter();
            numbers.extend(values.map(|value| value.unwrap_or(f64::NAN)));
        }
        Cells::Texts(texts) => {
            for value in as_bytes(array)?.iter() {
                let Some(value) = value else {
                    texts.push(Cell::Null);
                    continue;
                };
                if texts.text_bytes().saturating_add(value.len()) > most {
                    return Err(Fault::TooLarge);
                }
                match std::str::from_utf8(value) {
                    Ok(text) => texts.push(Cell::Text(text)),
                    Err(_) => {
                        return Err(Fault::Cell(texts.n_cells(), "holds bytes that are no text"));
                    }
                }
            }
        }
    }
    Ok(())
}

/// What a list is a list of.
fn item_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// The list of a row, if it has one.
fn list_of(array: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::List(_) => Some(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Some(array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => Some(array.as_fixed_size_list().value(row)),
        _ => None,
    }
}

/// The values as they would stand in a CSV file. Times with a zone are those of UTC: the names of
/// zones are not known here.
fn as_bytes(array: &ArrayRef) -> Result<BinaryViewArray, Fault> {
    Ok(match array.data_type() {
        DataType::Null => BinaryViewArray::new_null(array.len()),
        DataType::BinaryView => array.as_binary_view().clone(),
        DataType::Utf8View => array.as_string_view().clone().to_binary_view(),
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            let text = cast(&cast(array, &utc)?, &DataType::Utf8View)?;
            text.as_string_view().clone().to_binary_view()
        }
        data_type if data_type.is_binary() => {
            cast(array, &DataType::BinaryView)?.as_binary_view().clone()
        }
        _ => {
            let text = cast(array, &DataType::Utf8View)?;
            text.as_string_view().clone().to_binary_view()
        }
    })
}

/// A cast that fails rather than turning what it cannot convert into null.
fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Fault> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &strict).map_err(|error| Fault::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use arrow_array::types::Int32Type;
    use arrow_array::{DictionaryArray, Int8Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    /// One text of 100,000 characters in each of 50 rows, held once; a column of small numbers.
    fn source(encoding: Option<Encoding>) -> Source {
        let text = "x".repeat(100_000);
        let values = Arc::new(StringArray::from(vec![text.as_str()]));
        let keys = arrow_array::Int32Array::from(vec![0; 50]);
        let texts: ArrayRef = match encoding {
            None => Arc::new(DictionaryArray::<Int32Type>::new(keys, values)),
            Some(_) => Arc::new(StringArray::from(vec![text.as_str(); 50])),
        };
        let counts: ArrayRef = Arc::new(Int8Array::from(vec![1; 50]));
        let batch = RecordBatch::try_from_iter([("text", texts), ("count", counts)]).unwrap();
        let mut properties = WriterProperties::builder().set_dictionary_enabled(encoding.is_none());
        if let Some(encoding) = encoding {
            properties = properties.set_column_encoding("text".into(), encoding);
        }
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert!(
            bytes.len() < 300_000,
            "the text is held once: {}",
            bytes.len()
        );
        Source::open(Bytes::from(bytes)).unwrap()
    }

    #[test]
    fn a_text_that_unfolds_to_more_than_may_be_used_is_given_up() {
        let dictionary = source(None);
        assert!(dictionary.estimate(0) < 300_000);
        assert!(matches!(
            dictionary.column(0, 1_000_000),
            Err(Fault::TooLarge)
        ));
        assert!(matches!(
            dictionary.column(0, 6_000_000),
            Ok(Cells::Texts(_))
        ));
        // What nobody asked for is left alone instead.
        let readable = dictionary.readable(1_000_000);
        assert!(matches!(readable[0], Cells::Unread) && matches!(readable[1], Cells::Texts(_)));
    }

    #[test]
    fn many_rows_are_refused_by_the_metadata_alone() {
        let mut many = source(None);
        many.n_rows = 200_000_000;
        let refusal = many.named("d.parquet", 2_000_000, &|_| true).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "d.parquet: has 200000000 rows, and the cells of the 2 columns that are needed would take about 3.8 GB of memory; a file of its size (2000000 bytes) may take 0.6 GB\n  \
             try: a file of the rows and columns of the study"
        );
    }

    #[test]
    fn texts_that_are_stored_as_differences_are_read_in_small_batches() {
        let differences = source(Some(Encoding::DELTA_BYTE_ARRAY));
        assert!(differences.batch_rows(0) < BATCH_ROWS);
        assert_eq!(source(None).batch_rows(0), BATCH_ROWS);
        assert!(matches!(
            differences.column(0, 6_000_000),
            Ok(Cells::Texts(_))
        ));
    }
}
