//! The whole report against kept files, and the properties that hold for every study.
//!
//! The kept files lie in `tests/golden/report`. After a deliberate change run the tests once with `OCEAN_BLESS=1`, and read the diff before it is committed.

use std::path::{Path, PathBuf};

use super::fixture;
use super::model::StudyResults;
use super::terminal::{self, Screen};
use super::*;

/// Every study of the fixtures, by the name of its kept files.
fn studies() -> Vec<(&'static str, StudyResults)> {
    vec![
        ("quickstart", fixture::quickstart()),
        ("with_intervals", fixture::with_intervals()),
        ("odd", fixture::odd()),
        ("lonely_null", fixture::lonely_null()),
        ("untested", fixture::untested()),
    ]
}

fn screen(width: u16) -> Screen {
    Screen {
        width,
        is_coloured: false,
    }
}

/// Compares with the kept file of that name, or replaces it when `OCEAN_BLESS` is set.
fn assert_kept(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/golden/report")
        .join(name);
    if std::env::var_os("OCEAN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; make it with OCEAN_BLESS=1", path.display()));
    let (kept_lines, lines) = (kept.lines(), text.lines());
    for (number, (was, is)) in kept_lines.zip(lines).enumerate() {
        assert_eq!(was, is, "{name}, line {}: kept on the left", number + 1);
    }
    assert_eq!(
        kept.lines().count(),
        text.lines().count(),
        "{name}: number of lines, kept on the left"
    );
    assert_eq!(kept, text, "{name}: line ends");
}

/// Everything `write_all` leaves, path and text.
fn written(results: &StudyResults) -> Vec<(PathBuf, String)> {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), results).unwrap();
    let mut folders = vec![folder.path().to_owned()];
    let mut files = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(folder.path()).unwrap().to_owned(), text));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn the_terminal_shows_what_was_agreed() {
    for (name, results) in studies() {
        assert_kept(
            &format!("{name}.80.txt"),
            &terminal::render(&results, screen(80)),
        );
    }
    assert_kept(
        "with_intervals.140.txt",
        &terminal::render(&fixture::with_intervals(), screen(140)),
    );
}

#[test]
fn no_line_is_wider_than_the_screen() {
    use unicode_width::UnicodeWidthStr;
    for (name, results) in studies() {
        for width in [72, 80, 100, 160] {
            for line in terminal::render(&results, screen(width)).lines() {
                assert!(
                    line.width() <= usize::from(width),
                    "{name} at {width}: {line}"
                );
            }
        }
    }
}

#[test]
fn nothing_from_a_name_steers_the_terminal() {
    let text = terminal::render(&fixture::odd(), screen(80));
    assert!(text.contains("\\u{1b}"), "the escape character is shown");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
}

#[test]
fn colours_add_nothing_but_escape_sequences() {
    let results = fixture::odd();
    let coloured = terminal::render(
        &results,
        Screen {
            width: 80,
            is_coloured: true,
        },
    );
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    let trimmed = |text: &str| {
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    assert_ne!(coloured, terminal::render(&results, screen(80)));
    assert_eq!(
        trimmed(&plain),
        trimmed(&terminal::render(&results, screen(80)))
    );
}

#[test]
fn results_csv_has_the_promised_columns_and_reads_back_bit_by_bit() {
    let results = fixture::odd();
    let (_, text) = written(&results)
        .into_iter()
        .find(|(path, _)| path == Path::new("results.csv"))
        .unwrap();
    assert_kept("odd.results.csv", &text);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let promised = "encoder, regressor, target, n, n_train, n_features, n_groups, folds, repeats, r2, se, ci_low, ci_high, se_naive, r2_fold_sd, \
        r2_test_mean, r2_fold_mean, r2_oosse, pearson_r, calibration_slope, rmse, mae, rmse_baseline, p, p_floor, permutations, ties, p_fwer, q_bh, \
        p_holm, null_mean, null_sd, mde80, mde80_r2, ceiling, r2_over_ceiling, gain_over_length, alpha_median, l1_ratio_median, nonzero_median, \
        sparsity, empty_fits, grid_edge_fits, unconverged_fits, feature_sample_ratio, verdict, notes";
    assert_eq!(
        reader.headers().unwrap(),
        promised.split(", ").collect::<Vec<_>>()
    );
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), results.cells.len());
    for (row, cell) in rows.iter().zip(&results.cells) {
        assert_eq!(&row[0], cell.encoder);
        assert_eq!(&row[2], cell.target);
        assert_eq!(row[9].parse::<f64>().unwrap().to_bits(), cell.r2.to_bits());
        assert_eq!(
            row[15].parse::<f64>().unwrap().to_bits(),
            cell.r2_test_mean.to_bits()
        );
        assert_eq!(
            row[23].parse::<f64>().ok(),
            cell.p,
            "an empty field where p is missing"
        );
    }
}

#[test]
fn results_json_reads_back_as_what_was_written() {
    for (name, results) in studies() {
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path(), &results).unwrap();
        let path = folder.path().join("results.json");
        assert_eq!(json::read(&path).unwrap(), results, "{name}");
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused_by_name() {
    let mut results = fixture::quickstart();
    results.cells[1].null_sd = Some(f64::NAN);
    assert!(json::to_text(&results).unwrap_err().to_string().starts_with(
        "null_sd of `lexical` × `ridge` × `extraversion` is NaN; only finite numbers are reported"
    ));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.csv");
    let error = super::csv::write_results(&path, &results.cells)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("null_sd of `lexical` × `ridge` × `extraversion` is NaN"),
        "{error}"
    );
    assert!(!path.exists());
    // Not a column of results.csv: found all the same, because the document would not read back.
    let mut results = fixture::quickstart();
    results.cells[0].null_histogram = Some((f64::INFINITY, 0.1, vec![1]));
    assert!(json::to_text(&results).is_err());
    let mut results = fixture::quickstart();
    results.omnibus_p = Some(f64::NAN);
    assert!(json::to_text(&results).is_err());
}

#[test]
fn another_layout_and_a_broken_file_are_refused_with_the_reason() {
    let path = Path::new("runs/x/results.json");
    let newer = json::from_text("{\"schema_version\": 2, \"whatever\": []}", path).unwrap_err();
    assert!(
        newer
            .to_string()
            .starts_with("runs/x/results.json: schema_version is 2, this ocean-host reads 1\n"),
        "{newer}"
    );
    let broken = json::from_text("{\"schema_version\": 1,\n \"study\": 3}", path).unwrap_err();
    assert!(broken.to_string().contains("at line 2 column"), "{broken}");
}

#[test]
fn the_long_tables_are_written_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("predictions.csv");
    let row = super::csv::Prediction {
        id: "a,\"1\"",
        repeat: 1,
        fold: 5,
        encoder: "e",
        regressor: "r",
        target: "t",
        y: 0.1,
        y_hat: -1e-300,
        y_baseline: 3.0,
    };
    super::csv::write_predictions(&path, [row]).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "id,repeat,fold,encoder,regressor,target,y,y_hat,y_baseline\n\"a,\"\"1\"\"\",1,5,e,r,t,0.1,-1e-300,3\n"
    );
    let error = super::csv::write_predictions(
        &path,
        [super::csv::Prediction {
            y_hat: f64::NAN,
            ..row
        }],
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("y_hat of row `a,\"1\"`, `e` × `r` × `t` is NaN"),
        "{error}"
    );
    let path = folder.path().join("folds.csv");
    super::csv::write_folds(
        &path,
        [super::csv::FoldOfRow {
            id: "x",
            repeat: 2,
            fold: 1,
        }],
    )
    .unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "id,repeat,fold\nx,2,1\n"
    );
}

#[test]
fn rendering_again_from_results_json_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let results = fixture::odd();
    write_all(folder.path(), &results).unwrap();
    let csv = folder.path().join("results.csv");
    let before = std::fs::read(&csv).unwrap();
    std::fs::remove_file(&csv).unwrap();
    assert_eq!(render_again(folder.path()).unwrap(), results);
    assert_eq!(std::fs::read(&csv).unwrap(), before);
}
