//! Files of statistics programs that are not read here: how each is exported.

use std::path::Path;

use crate::problem::{Problem, for_shell, shown_path, typed_path};

/// Endings, whose they are, and how R and pandas read them.
const FORMATS: [(&str, &str, &str, &str); 5] = [
    ("por", "portable file of SPSS", "haven::read_por", ""),
    (
        "sas7bdat",
        "file of SAS",
        "haven::read_sas",
        "pandas.read_sas",
    ),
    ("rds", "file of R", "readRDS", ""),
    (
        "feather",
        "file of Arrow",
        "arrow::read_feather",
        "pandas.read_feather",
    ),
    ("pkl", "file of pandas", "", "pandas.read_pickle"),
];

/// What is said of such a file; `None` for any other.
pub(crate) fn refused(path: &Path) -> Option<Problem> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let (ending, program, r, pandas) = FORMATS.iter().find(|(ending, ..)| *ending == extension)?;
    let csv = path.with_extension("csv");
    let (from, to) = (path.display().to_string(), csv.display().to_string());
    let mut ways = Vec::new();
    if *ending == "por" {
        ways.push("in SPSS: File > Save As > SPSS Statistics (.sav)".to_owned());
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
    let message = format!("is a {program}, which is not read here: export it");
    Some(Problem::new(shown_path(path), message).with_try(ways.join("\n    or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_line_to_paste() {
        let said = |name: &str| refused(Path::new(name)).map(|problem| problem.to_string());
        let spss = said("my study.por").unwrap();
        for line in [
            "my study.por: is a portable file of SPSS, which is not read here: export it\n  try: in SPSS: File > Save As",
            "\n    or in R: write.csv(haven::as_factor(haven::read_por(\"my study.por\"), only_labelled = TRUE), \"my study.csv\", row.names = FALSE, na = \"\")",
        ] {
            assert!(spss.contains(line), "{line}\n{spss}");
        }
        let sas = said("my study.sas7bdat").unwrap();
        assert!(sas.contains("\n    or python3 -c 'import sys, pandas; pandas.read_sas(sys.argv[1]).to_csv(sys.argv[2], index=False)' 'my study.sas7bdat' 'my study.csv'"), "{sas}");
        assert!(said("a.rds").unwrap().contains("readRDS(\"a.rds\")"));
        assert!(said("a.csv").is_none() && said("sav").is_none());
    }
}
