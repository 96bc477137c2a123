//! Files of statistics programs that are not read here: how each is exported.

use std::path::Path;

use crate::problem::{Problem, for_shell, shown_path, typed_path};

/// Endings, whose they are, and how R and pandas read them.
const FORMATS: [(&str, &str, &str, &str); 8] = [
    ("sav", "SPSS", "haven::read_sav", "pandas.read_spss"),
    ("zsav", "SPSS", "haven::read_sav", "pandas.read_spss"),
    ("por", "SPSS", "haven::read_por", ""),
    ("dta", "Stata", "haven::read_dta", "pandas.read_stata"),
    ("sas7bdat", "SAS", "haven::read_sas", "pandas.read_sas"),
    ("rds", "R", "readRDS", ""),
    (
        "feather",
        "Arrow",
        "arrow::read_feather",
        "pandas.read_feather",
    ),
    ("pkl", "pandas", "", "pandas.read_pickle"),
];

/// What is said of such a file; `None` for any other.
pub(crate) fn refused(path: &Path) -> Option<Problem> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let (_, program, r, pandas) = FORMATS.iter().find(|(ending, ..)| *ending == extension)?;
    let csv = path.with_extension("csv");
    let (from, to) = (path.display().to_string(), csv.display().to_string());
    let mut ways = Vec::new();
    if *program == "SPSS" {
        ways.push("in SPSS: File > Save As > Comma delimited, in Unicode (user-missing values recoded to empty cells before)".to_owned());
    }
    if *program == "Stata" {
        ways.push(format!("in Stata: export delimited using {to:?}"));
    }
    if !r.is_empty() {
        // haven makes user-missing values NA; factors are the labels of values.
        let table = match r.starts_with("haven") {
            true => format!("haven::as_factor({r}({from:?}), only_labelled = TRUE)"),
            false => format!("{r}({from:?})"),
        };
        ways.push(format!(
            "in R: write.csv({table}, {to:?}, row.names = FALSE, na = \"\")"
        ));
    }
    if !pandas.is_empty() {
        let program =
            format!("import sys, pandas; {pandas}(sys.argv[1]).to_csv(sys.argv[2], index=False)");
        ways.push(format!(
            "python3 -c {} {} {}",
            for_shell(&program),
            typed_path(path),
            typed_path(&csv)
        ));
    }
    let message = format!("is a file of {program}, which is not read here: export it as .csv");
    Some(Problem::new(shown_path(path), message).with_try(ways.join("\n    or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_line_to_paste() {
        let said = |name: &str| refused(Path::new(name)).map(|problem| problem.to_string());
        let spss = said("my study.sav").unwrap();
        for line in [
            "my study.sav: is a file of SPSS, which is not read here: export it as .csv\n  try: in SPSS: File > Save As",
            "\n    or in R: write.csv(haven::as_factor(haven::read_sav(\"my study.sav\"), only_labelled = TRUE), \"my study.csv\", row.names = FALSE, na = \"\")",
            "\n    or python3 -c 'import sys, pandas; pandas.read_spss(sys.argv[1]).to_csv(sys.argv[2], index=False)' 'my study.sav' 'my study.csv'",
        ] {
            assert!(spss.contains(line), "{line}\n{spss}");
        }
        assert!(said("a.DTA").unwrap().contains("pandas.read_stata"));
        assert!(said("a.rds").unwrap().contains("readRDS(\"a.rds\")"));
        assert!(said("a.csv").is_none() && said("sav").is_none());
    }
}
