//! From a file to a [`Table`]: the one place that knows the formats.

use std::path::Path;

use super::table::{Table, Wanted, read_bytes};
use super::{delimited, foreign, jsonl, parquet, qualtrics, spss, stata, workbook};
use crate::plan::FormatPlan;
use crate::problem::{Problem, Refusal, shown_path};

/// Formats that a study reads, as the ends of their files' names.
const EXTENSIONS: [&str; 11] = [
    "csv", "tsv", "jsonl", "parquet", "xlsx", "xlsm", "xls", "ods", "sav", "zsav", "dta",
];

/// Is this the name of a table?
pub(crate) fn is_table(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| {
        EXTENSIONS
            .iter()
            .any(|known| found.eq_ignore_ascii_case(known))
    })
}

/// Is this the name of a table in text?
pub(crate) fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    matches!(extension.as_str(), "csv" | "tsv" | "tab" | "txt" | "jsonl")
}

impl Table {
    /// Reads a file of any of these formats, as much of it as can be read.
    ///
    /// # Errors
    /// A [`Refusal`] when the file cannot be read, is not what its name says, is damaged or holds
    /// no rows.
    pub fn read(path: &Path, format: &FormatPlan) -> Result<Table, Refusal> {
        Table::read_columns(path, Wanted::Readable, format)
    }

    /// Reads a file of any of these formats for the sake of some columns. The others are
    /// there by name.
    ///
    /// # Errors
    /// As [`Table::read`]; a wanted column that cannot be read, or all of them together too large
    /// for memory.
    pub fn read_columns(
        path: &Path,
        wanted: Wanted<'_>,
        format: &FormatPlan,
    ) -> Result<Table, Refusal> {
        let file = shown_path(path);
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let bytes = || read_bytes(path, &file);
        let mut table = match extension.to_str() {
            Some("csv") => delimited::read(file.clone(), &bytes()?, b',', format, wanted),
            Some("tsv" | "tab" | "txt") => {
                delimited::read(file.clone(), &bytes()?, b'\t', format, wanted)
            }
            Some("jsonl") => {
                let keeps_lists = matches!(wanted, Wanted::Vectors(_));
                jsonl::read(
                    file.clone(),
                    &bytes()?,
                    format.encoding.as_deref(),
                    keeps_lists,
                )
            }
            Some("xlsx" | "xlsm" | "xls" | "ods") => {
                workbook::read(file.clone(), bytes()?, format.sheet.as_deref())
            }
            Some("sav" | "zsav") => {
                let encoding = format.encoding.as_deref();
                spss::read(file.clone(), &bytes()?, encoding, wanted)
            }
            Some("dta") => {
                let encoding = format.encoding.as_deref();
                stata::read(file.clone(), &bytes()?, encoding, wanted)
            }
            Some("parquet") => parquet::read(file.clone(), bytes()?, wanted),
            _ => {
                if let Some(problem) = foreign::refused(path) {
                    return Err(problem.into());
                }
                let message =
                    "is none of .csv, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls, .ods, .sav, .dta";
                Err(Problem::new(file, message).into())
            }
        }?;
        qualtrics::without_questions(&mut table);
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_known_by_the_end_of_its_name_whatever_its_case() {
        for name in [
            "a.csv",
            "a.TSV",
            "a.b.jsonl",
            "a.Parquet",
            "a.xlsx",
            "a.ODS",
        ] {
            assert!(is_table(Path::new(name)), "{name}");
        }
        for name in ["csv", "a.csv.gz", "a.json", "a"] {
            assert!(!is_table(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_file_of_another_format_is_refused_before_it_is_opened() {
        let refused =
            Table::read(Path::new("/nowhere/a.docx"), &FormatPlan::default()).unwrap_err();
        let expected =
            "is none of .csv, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls, .ods, .sav, .dta";
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}
