//! Two raters of one trait, one stricter than the other: what is said of their agreement.

use crate::cli::folder::{Folder, texts};
use crate::cli::outputs::{cell, number, results};

/// Sixty texts rated by `a` and, `apart` points higher, by `b`.
fn study(apart: f64) -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,a,b\n".to_owned();
    for (row, line) in texts(60).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let mood: f64 = mood.parse().unwrap();
        let noise = [0.1, -0.2, 0.05, 0.15, -0.1][row % 5];
        table.push_str(&format!(
            "{start},{},{}\n",
            mood + noise,
            mood - noise + apart
        ));
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"trait\"]\n\n[raters]\ntrait = [\"a\", \"b\"]",
    );
    folder
}

#[test]
fn raters_of_unlike_levels_are_warned_of_and_cost_r2_over_ceiling_nothing() {
    let run = |apart: f64| {
        let folder = study(apart);
        folder.eval(&["--quiet"]).ending_with(0);
        let rows = results(&folder.file("run"));
        let row = cell(&rows, "lexical", "trait");
        let numbers = ["r2_over_ceiling", "prmse_rsmtool"].map(|name| number(row, name));
        let report = std::fs::read_to_string(folder.file("run/report.md")).unwrap();
        (numbers, report)
    };
    let ([ceiling, prmse], report) = run(0.0);
    let ([ceiling_apart, prmse_apart], report_apart) = run(1.0);
    // The same ratings but for a constant: every deviation is the same, to rounding.
    assert!(
        (ceiling - ceiling_apart).abs() < 1e-9,
        "{ceiling} {ceiling_apart}"
    );
    assert!((prmse - ceiling).abs() < 0.1, "{prmse} {ceiling}");
    assert!(prmse_apart > prmse + 0.1, "{prmse_apart} {prmse}");
    assert!(
        report.contains("The raters' own levels differ little beside the texts"),
        "{report}"
    );
    assert!(
        report_apart.contains("prmse_rsmtool counts it as their error"),
        "{report_apart}"
    );
    for said in [
        "agree at ICC(2,k) 0.",
        "for \\`trait\\`",
        "| rated by all | ICC(2,1) |",
        "| trait | 60 | ",
    ] {
        assert!(report.contains(said), "{report}");
    }
}

#[test]
fn raters_who_agree_but_for_a_constant_leave_r2_and_its_interval_as_they_are() {
    let folder = study(0.0);
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let alike = table.lines().map(|text| {
        let (start, b) = text.rsplit_once(',').unwrap();
        let (start, a) = start.rsplit_once(',').unwrap();
        let b = a
            .parse::<f64>()
            .map_or(b.to_owned(), |a| (a + 1.0).to_string());
        format!("{start},{a},{b}\n")
    });
    folder.write("texts.csv", alike.collect::<String>());
    folder
        .eval(&["--quiet", "--set", "evaluation.fold_redraws=3"])
        .ending_with(0);
    let rows = results(&folder.file("run"));
    let row = cell(&rows, "lexical", "trait");
    // The fit leaves residuals of some 1e-16 of a rating, squared: nothing.
    for (share, r2) in [
        ("r2_over_ceiling", "r2"),
        ("r2_over_ceiling_low", "ci_low"),
        ("r2_over_ceiling_high", "ci_high"),
    ] {
        assert!(
            (number(row, share) - number(row, r2)).abs() < 1e-12,
            "{share}"
        );
    }
    assert!(number(row, "r2_fold_sd") > 0.0);
}
