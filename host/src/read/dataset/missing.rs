//! How a missing value is written: one list for scores, covariates, groups and texts.

/// What R, pandas, spreadsheets, SPSS and databases write where there is no value.
pub(crate) const MISSING: [&str; 14] = [
    "", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "#NULL!", ".",
    "-",
];

/// The cell says that there is no value.
pub(crate) fn is_missing(text: &str) -> bool {
    MISSING.contains(&text.trim())
}
