//! The whole report against kept files, and the properties that hold for every study.
//!
//! The kept files lie in `tests/golden/report`. After a deliberate change run the tests once with
//! `OCEAN_BLESS=1`, and read the diff before it is committed.

use std::path::Path;

use ocean_engine::inference::verdict::Verdict;

use super::*;
use crate::model::ComparisonResult;
use crate::terminal::Screen;

fn screen(width: u16) -> Screen {
    Screen {
        width,
        is_coloured: false,
    }
}

/// Compares with the kept file of that name, or replaces it when `OCEAN_BLESS` is set.
fn assert_kept(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden/report")
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

/// Every file of the report with its text, and `results.json`; of a PNG its hash.
fn written(results: &StudyResults) -> Vec<(String, String)> {
    let text = |file: File| match file.name.ends_with(".png") {
        true => blake3::hash(&file.bytes).to_string(),
        false => String::from_utf8(file.bytes).unwrap(),
    };
    let mut written: Vec<_> = files(results)
        .unwrap()
        .into_iter()
        .map(|file| (file.name.clone(), text(file)))
        .collect();
    written.push(("results.json".to_owned(), json::to_text(results).unwrap()));
    written.sort();
    written
}

#[test]
fn the_terminal_shows_what_was_agreed() {
    for (name, results) in fixture::all() {
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
    for (name, results) in fixture::all() {
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
        .find(|(path, _)| path == "results.csv")
        .unwrap();
    assert_kept("odd.results.csv", &text);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let promised = "encoder, regressor, target, n, n_train, n_features, n_groups, folds, repeats, r2, se, ci_low, ci_high, se_naive, r2_fold_sd, \
        r2_test_mean, r2_fold_mean, r2_oosse, pearson_r, calibration_slope, rmse, mae, rmse_baseline, p, p_floor, permutations, ties, p_fwer, q_bh, \
        p_holm, null_mean, null_sd, mde80, mde80_r2, ceiling, r2_over_ceiling, gain_over_length, alpha_median, l1_ratio_median, nonzero_median, \
        sparsity, empty_fits, grid_edge_fits, unconverged_fits, feature_sample_ratio, verdict, ci_low_fcr, ci_high_fcr, correction, r2_partial, r2_covariates, \
        r2_total, r2_increment, prmse_rsmtool, r2_over_ceiling_low, r2_over_ceiling_high, gain_over_length_low, gain_over_length_high, ci_method, ci_low_jackknife, ci_high_jackknife, r2_ranks, spearman_r, auc, auc_low, auc_high, \
        balanced_accuracy, base_rate, notes";
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
    for (name, results) in fixture::all() {
        let text = json::to_text(&results).unwrap();
        assert_eq!(json::from_text(&text).unwrap(), results, "{name}");
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused_by_name() {
    let mut results = fixture::quickstart();
    results.cells[1].null_sd = Some(f64::NAN);
    assert!(json::to_text(&results).unwrap_err().to_string().starts_with(
        "null_sd of `lexical` × `ridge` × `extraversion` is NaN; only finite numbers are reported"
    ));
    let error = files(&results).unwrap_err().to_string();
    assert!(
        error.contains("null_sd of `lexical` × `ridge` × `extraversion` is NaN"),
        "{error}"
    );
    // Not a column of results.csv: found all the same, because the document would not read back.
    let mut results = fixture::quickstart();
    results.cells[0].null_histogram = Some((f64::INFINITY, 0.1, vec![1]));
    assert!(json::to_text(&results).is_err());
    let mut results = fixture::quickstart();
    results.omnibus_p = Some(f64::NAN);
    assert!(json::to_text(&results).is_err());
}

#[test]
fn a_number_that_is_none_costs_itself_or_its_cell_and_never_the_report() {
    let mut results = fixture::quickstart();
    let n_cells = results.cells.len();
    assert_eq!(json::settled(results.clone()), results);
    results.cells[0].calibration_slope = Some(f64::INFINITY);
    results.cells[0].ci_low = Some(f64::NAN);
    results.cells[1].rmse = f64::INFINITY;
    results.comparisons.push(ComparisonResult {
        p: Some(f64::NAN),
        ..Default::default()
    });
    let settled = json::settled(results.clone());
    json::to_text(&settled).unwrap();
    let cell = &settled.cells[0];
    assert_eq!((cell.calibration_slope, cell.ci_low), (None, None));
    assert_eq!(cell.r2, results.cells[0].r2);
    assert!(
        cell.notes
            .ends_with("ci_low, calibration_slope not computed: out of the range of numbers"),
        "{}",
        cell.notes
    );
    assert_eq!(settled.cells.len(), n_cells - 1);
    let failed = settled.failed.last().unwrap();
    assert_eq!(failed.target, results.cells[1].target);
    assert_eq!(
        failed.reason,
        "rmse is inf: it is out of the range of numbers"
    );
    assert_eq!(settled.comparisons.last().unwrap().p, None);
}

#[test]
fn another_layout_and_a_broken_file_are_refused_with_the_reason() {
    let newer = json::from_text("{\"schema_version\": 2, \"whatever\": []}").unwrap_err();
    assert!(
        newer
            .to_string()
            .starts_with("schema_version is 2, this ocean-host reads 1\n"),
        "{newer}"
    );
    let broken = json::from_text("{\"schema_version\": 1,\n \"study\": 3}").unwrap_err();
    assert!(broken.to_string().contains("at line 2 column"), "{broken}");
    let text = json::to_text(&fixture::with_intervals()).unwrap();
    let unknown = json::from_text(&text.replace("practically null", "significant")).unwrap_err();
    assert!(
        unknown
            .to_string()
            .starts_with("unknown verdict `significant`, expected one of `no model`, `too few`, "),
        "{unknown}"
    );
}

#[test]
fn the_long_tables_are_written_as_they_come() {
    let row = csv::Prediction {
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
    let mut table = Vec::new();
    csv::write_predictions(&mut table, [row]).unwrap();
    assert_eq!(
        String::from_utf8(table).unwrap(),
        "id,repeat,fold,encoder,regressor,target,y,y_hat,y_baseline\n\"a,\"\"1\"\"\",1,5,e,r,t,0.1,-1e-300,3\n"
    );
    let none = csv::Prediction {
        y_hat: f64::NAN,
        ..row
    };
    let error = csv::write_predictions(std::io::sink(), [none]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("y_hat of row `a,\"1\"`, `e` × `r` × `t` is NaN"),
        "{error}"
    );
    let mut table = Vec::new();
    let held_out = csv::FoldOfRow {
        id: "x",
        repeat: 2,
        fold: 1,
    };
    csv::write_folds(&mut table, [held_out]).unwrap();
    assert_eq!(String::from_utf8(table).unwrap(), "id,repeat,fold\nx,2,1\n");
}

#[test]
fn rendering_again_from_results_json_gives_the_same_bytes() {
    for (name, results) in fixture::all() {
        let read = json::from_text(&json::to_text(&results).unwrap()).unwrap();
        assert!(
            files(&read).unwrap() == files(&results).unwrap(),
            "{name}: a file differs"
        );
    }
}

#[test]
fn a_study_of_which_nothing_is_left_is_reported_too() {
    let mut results = fixture::odd();
    results.cells.clear();
    results.encoders.clear();
    results.regressors.clear();
    results.targets.clear();
    let files = written(&results);
    assert!(files.iter().any(|(path, _)| path == "report.html"));
    let text = terminal::render(&results, screen(80));
    assert!(
        text.starts_with("Partial run: 1 of 1 planned cells has no result."),
        "{text}"
    );
}

#[test]
fn the_page_of_a_large_study_stays_under_two_megabytes() {
    // 225 cells, the founding study: 3 encoders × 3 regressors × 25 targets.
    let mut results = fixture::with_intervals();
    let cells: Vec<_> = results
        .cells
        .iter()
        .filter(|cell| !cell.is_control)
        .cloned()
        .collect();
    results.cells = cells.into_iter().cycle().take(225).collect();
    let bytes = html::render(&results).len();
    assert!(bytes < 2_000_000, "{bytes}");
}

#[test]
fn no_file_holds_a_number_that_is_not_one() {
    for (name, results) in fixture::all() {
        for (path, text) in written(&results) {
            let text = text.split("<script>").next().unwrap();
            for word in text.split(|c: char| !c.is_alphanumeric()) {
                assert!(
                    !["NaN", "nan", "inf", "Infinity"].contains(&word),
                    "{name}/{path}: {word}"
                );
            }
        }
    }
}

#[test]
fn no_name_becomes_markup() {
    for (path, text) in written(&fixture::odd()) {
        match path.rsplit('.').next() {
            Some("html" | "svg" | "md") => {
                for raw in ["<script>alert", "<α>", "\u{1b}", "\u{202e}"] {
                    assert!(!text.contains(raw), "{path}: {raw:?}");
                }
            }
            Some("txt" | "tex") => {
                assert!(!text.contains(['\u{1b}', '\u{202e}']), "{path}")
            }
            _ => {}
        }
        let file = path.rsplit('/').next().unwrap();
        assert!(file.is_ascii() && file.len() < 150, "{file}");
    }
    // A pipe in a name must not add a column: every row of a Markdown table has as many as its
    // heading.
    let text = markdown::render(&fixture::odd());
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
    for pair in rows.windows(2).filter(|pair| pair[1].starts_with("| ---")) {
        assert_eq!(columns(pair[0]), columns(pair[1]));
    }
    let mut of_heading = 0;
    for (row, next) in text.lines().zip(text.lines().skip(1)) {
        if next.starts_with("| ---") {
            of_heading = columns(row);
        } else if row.contains("alert") && row.starts_with('|') {
            assert_eq!(columns(row), of_heading, "{row}");
        }
    }
}

#[test]
fn every_row_of_a_control_says_so() {
    for (name, results) in fixture::all() {
        let n_controls = results.cells.iter().filter(|cell| cell.is_control).count();
        let rows = |text: &str, is_row: &dyn Fn(&str) -> bool| {
            text.lines().filter(|line| is_row(line)).count()
        };
        let csv = written(&results)
            .into_iter()
            .find(|(path, _)| path == "results.csv")
            .unwrap()
            .1;
        assert_eq!(
            rows(&csv, &|line| line.ends_with("control: outside the family")),
            n_controls,
            "{name}"
        );
        let tested = results.test.iter().flat_map(|test| &test.cells);
        let n_shown = n_controls + tested.filter(|cell| cell.is_control).count();
        let text = terminal::render(&results, screen(160));
        assert_eq!(
            rows(&text, &|line| line.contains("  control")),
            n_shown,
            "{name}"
        );
        let markdown = markdown::render(&results);
        assert_eq!(
            rows(&markdown, &|line| line.contains(" | control | ")
                && line.contains("412")),
            n_controls,
            "{name}"
        );
        let html = html::render(&results);
        assert_eq!(
            html.matches("<td class=\"verdict\">control</td>").count(),
            n_shown,
            "{name}"
        );
        let forest = plot::forest(&results).file();
        assert_eq!(
            rows(&forest, &|line| line.starts_with("<text")
                && line.contains(" (control)")),
            n_controls,
            "{name}"
        );
    }
}

#[test]
fn the_page_asks_nobody_for_anything() {
    for (name, results) in fixture::all() {
        let page = html::render(&results);
        for word in [
            "<link", "<iframe", " src=", "url(", "@import", "fetch(", "XMLHttp",
        ] {
            assert!(!page.contains(word), "{name}: {word}");
        }
        // The one that sorts; the page's policy knows its hash and lets no other run.
        assert_eq!(page.matches("<script").count(), 1, "{name}");
        for link in page.split(" href=\"").skip(1) {
            assert!(
                link.starts_with('#') || link.starts_with("https://doi.org/"),
                "{name}: {link:.40}"
            );
        }
        let mut ids: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let n_ids = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), n_ids, "{name}: an id occurs twice");
        for reference in page.split("aria-labelledby=\"").skip(1) {
            for id in reference.split('"').next().unwrap().split(' ') {
                assert!(ids.contains(&id), "{name}: {id} is referred to and missing");
            }
        }
    }
}

#[test]
fn every_tag_is_closed_in_order() {
    for (name, results) in fixture::all() {
        for (path, text) in written(&results) {
            if path.ends_with(".html") || path.ends_with(".svg") {
                assert_eq!(left_open(&text), Vec::<&str>::new(), "{name}/{path}");
            }
        }
    }
}

/// Names of the tags left open at the end, or the first that closes another one than it should.
fn left_open(text: &str) -> Vec<&str> {
    let mut open = Vec::new();
    for piece in text.split('<').skip(1) {
        let tag = piece.split_once('>').map_or(piece, |(tag, _)| tag);
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n'])
            .next()
            .unwrap_or(tag);
        if let Some(closed) = tag.strip_prefix('/') {
            if open.pop() != Some(closed) {
                return vec![closed];
            }
        } else if !tag.ends_with('/') && !tag.starts_with('!') && !["meta", "br"].contains(&name) {
            open.push(name);
        }
    }
    open
}

/// Every place that names the adjustment says the same of it; nowhere does it "control" what it
/// keeps about.
#[test]
fn targets_with_different_rows_make_step_down_max_t_approximate_everywhere() {
    let mut results = fixture::with_intervals();
    results.has_unequal_rows = true;
    let files = written(&results);
    let of = |name: &str| {
        let (_, text) = files.iter().find(|(path, _)| path == name).unwrap();
        text.as_str()
    };
    assert!(wording::answer(&results).contains("approximate step-down maxT"));
    for name in ["methods.txt", "report.md"] {
        assert!(of(name).contains(wording::UNEQUAL_ROWS), "{}", of(name));
        assert!(
            !of(name).contains("controls the family-wise error"),
            "{name}"
        );
    }
    let exact = written(&fixture::with_intervals());
    assert!(
        exact
            .iter()
            .all(|(_, text)| !text.contains(wording::UNEQUAL_ROWS))
    );
    for page in ["docs/report.md", "docs/statistics.md"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(wording::UNEQUAL_ROWS), "{page}");
    }
}

/// The answer, the first thing that is read.
#[test]
fn the_answer_claims_no_more_than_the_verdicts() {
    let answer = |results: &StudyResults| wording::answer(results);
    assert_eq!(
        answer(&fixture::with_intervals()),
        "2 of 6 cells predict better than the training mean (family-wise error ≤ .05 over 6 cells, step-down maxT, 999 permutations). \
         2 more depend on the texts without shown use. 1 is practically null for this recipe at this sample size (r2 below .020)."
    );
    assert_eq!(
        answer(&fixture::quickstart()),
        "3 of 6 cells carry a signal that permuted targets do not have (family-wise error ≤ .05 over 6 cells, step-down maxT, 999 permutations). \
         No interval was computed, so how much of it is use on new texts stays open; their r2 runs from .071 to .384."
    );
    assert_eq!(
        answer(&fixture::lonely_null()),
        "The one cell cannot be told from chance (level .05, 999 permutations). That is no evidence that the texts are unrelated to the targets."
    );
    let mut empty = fixture::quickstart();
    for cell in &mut empty.cells {
        cell.verdict = Some(Verdict::NoModel);
    }
    assert!(answer(&empty).starts_with("No model in any of 6 cells: every fit is empty"));
    let mut nothing = fixture::quickstart();
    nothing.cells.retain(|cell| cell.is_control);
    assert_eq!(
        answer(&nothing),
        "There is no cell to judge outside the controls."
    );
    let mut unshown = fixture::with_intervals();
    for cell in &mut unshown.cells {
        cell.verdict = Some(Verdict::DependentUseNotShown);
    }
    assert!(answer(&unshown).ends_with("None is shown to predict better than the training mean."));
}

/// The defaults permute less often for the controls; a reader must not take their p for one of the
/// family's.
#[test]
fn controls_with_fewer_permutations_say_so_wherever_p_is_explained() {
    let mut results = fixture::quickstart();
    let explained = |results: &StudyResults| {
        let entries = wording::how_to_read(results);
        entries.into_iter().find(|(term, _)| term == "controls")
    };
    assert!(!explained(&results).unwrap().1.contains("Their p"));
    assert!(!methods::render(&results).contains(", with 199 permutations"));
    for cell in results.cells.iter_mut().filter(|cell| cell.is_control) {
        cell.permutations = 199;
        cell.p_floor = Some(0.005);
    }
    let (_, text) = explained(&results).unwrap();
    assert!(
        text.ends_with(" Their p is a share of 200 permuted targets and cannot be below .005."),
        "{text}"
    );
    assert!(methods::render(&results).contains("), with 199 permutations, outside the family"));
}

#[test]
fn the_other_formats_show_what_was_agreed() {
    for (name, results) in fixture::all() {
        assert_kept(&format!("{name}.report.md"), &markdown::render(&results));
        assert_kept(&format!("{name}.methods.txt"), &methods::render(&results));
    }
    assert_kept("odd.report.html", &html::render(&fixture::odd()));
    assert_kept("odd.forest.svg", &plot::forest(&fixture::odd()).file());
    for (name, results) in [
        ("odd", fixture::odd()),
        ("with_intervals", fixture::with_intervals()),
    ] {
        let table = methods::apa::table(&results).unwrap();
        assert_kept(&format!("{name}.table.tex"), &table.latex());
        assert_kept(&format!("{name}.table.html"), &table.html());
    }
}

#[test]
fn every_kind_of_picture_is_drawn_as_it_was() {
    let results = fixture::with_intervals();
    let mut kinds: Vec<String> = Vec::new();
    for picture in plot::all(&results) {
        let kind = picture.name.split('-').next().unwrap().to_owned();
        if !kinds.contains(&kind) {
            assert_kept(&format!("with_intervals.{kind}.svg"), &picture.file());
            kinds.push(kind);
        }
    }
    assert_eq!(
        kinds,
        [
            "forest",
            "heatmap",
            "folds",
            "differences",
            "null",
            "calibration",
            "path",
            "length"
        ]
    );
}

/// A PNG beside each SVG, and a description for those who see neither.
#[test]
fn every_picture_comes_twice_and_says_what_it_shows() {
    for (name, results) in fixture::all() {
        let names: Vec<String> = written(&results)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        for picture in plot::all(&results) {
            for suffix in ["svg", "png"] {
                let path = format!("plots/{}.{suffix}", picture.name);
                assert!(names.contains(&path), "{name}: {path}");
            }
            assert!(
                picture.title.len() > 5 && picture.description.len() > 20,
                "{name}: {}",
                picture.name
            );
        }
    }
}

#[test]
fn names_are_broken_behind_their_underscores() {
    let mut results = fixture::quickstart();
    for cell in &mut results.cells {
        cell.target = "llama_conscientiousness".to_owned();
        cell.encoder = "a_longer_name".to_owned();
    }
    let text = terminal::render(&results, screen(60));
    let rows: Vec<&str> = text.lines().collect();
    let first = rows
        .iter()
        .position(|line| line.starts_with("llama_ "))
        .unwrap();
    // The word itself is wider than its column.
    assert!(rows[first + 1].starts_with("cons"), "{text}");
}

#[test]
fn the_method_says_where_texts_went_and_what_came_of_sending_some_twice() {
    let text = methods::methods(&fixture::served()).method;
    let expected = "For the vectors of precomputed the texts were sent to another machine: https://vectors.example/v1, model text-<3>. \
         The vectors of precomputed were made by BAAI/bge-m3 on a server of the same machine (http://localhost:8080/v1). \
         16 texts sent to it a second time came back with numbers that differed by at most 3.1e-7 of a vector's length.";
    assert!(text.contains(expected), "{text}");
    assert!(
        !methods::methods(&fixture::quickstart())
            .method
            .contains("sent")
    );
}
