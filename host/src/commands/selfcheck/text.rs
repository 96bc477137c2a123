//! The certificate as a table of 80 columns.

use std::fmt::Write;

use super::certificate::{Certificate, Check, Role};

/// Headings of the parts, in their order.
const PARTS: [(&str, &str); 4] = [
    (
        "null",
        "Nothing to find: share of data sets with p at most …",
    ),
    (
        "coverage",
        "95 % interval of r2: share of data sets in which it holds the truth",
    ),
    (
        "comparison",
        "Comparison of two encoders: share of data sets with p at most …",
    ),
    ("power", "Planted R²: share of data sets with p at most 5 %"),
];
/// Two columns of margin, a name of 11 letters, one between.
const NAME_WIDTH: usize = 14;
const CELL_WIDTH: usize = 15;

/// Renders a certificate for people.
#[must_use]
pub fn render(certificate: &Certificate) -> String {
    let mut text = format!(
        "Certificate of ocean-host {} ({}), seed {}\n",
        certificate.version, certificate.mode, certificate.seed
    );
    for (part, title) in PARTS {
        let checks: Vec<&Check> = certificate
            .checks
            .iter()
            .filter(|check| check.part == part)
            .collect();
        if !checks.is_empty() {
            let _ = write!(text, "\n{title}\n");
            render_part(&checks, &mut text);
        }
    }
    text.push_str(&verdict(certificate));
    text
}

/// Scenario by scenario, a line a regressor.
fn render_part(checks: &[&Check], text: &mut String) {
    for scenario in distinct(checks, |check| &check.scenario) {
        let of_scenario = select(checks, |check| check.scenario == scenario);
        let labels = distinct(&of_scenario, |check| &check.label);
        let heads: String = labels
            .iter()
            .map(|label| format!("{label:<CELL_WIDTH$}"))
            .collect();
        let _ = write!(
            text,
            "\n  {scenario}\n{:NAME_WIDTH$}{}\n",
            "",
            heads.trim_end()
        );
        for regressor in distinct(&of_scenario, |check| &check.regressor) {
            let row = select(&of_scenario, |check| check.regressor == regressor);
            render_row(regressor, &labels, &row, text);
        }
    }
}

fn render_row(regressor: &str, labels: &[&str], row: &[&Check], text: &mut String) {
    let (mut cells, mut thetas) = (String::new(), String::new());
    for label in labels {
        let found = row.iter().find(|check| check.label == *label);
        let _ = write!(
            cells,
            "{:<CELL_WIDTH$}",
            found.map_or(String::new(), |check| cell(check))
        );
        let theta = found.and_then(|check| check.theta);
        let _ = write!(
            thetas,
            "{:<CELL_WIDTH$}",
            theta.map_or(String::new(), |theta| format!("truth {}", fraction(theta)))
        );
    }
    let name: String = regressor.chars().take(NAME_WIDTH - 3).collect();
    let cells = cells.trim_end();
    let _ = writeln!(text, "  {name:<11} {cells:<60}{}", mark(row));
    if !thetas.trim().is_empty() {
        let _ = writeln!(text, "{:NAME_WIDTH$}{}", "", thetas.trim_end());
    }
}

/// `.052 .041–.066`
fn cell(check: &Check) -> String {
    match (check.rate, check.ci_low, check.ci_high, check.p) {
        (Some(rate), Some(low), Some(high), _) => {
            format!("{} {}–{}", fraction(rate), short(low), short(high))
        }
        (None, _, _, Some(p)) if check.ks_d.is_some() => format!("KS p {}", fraction(p)),
        _ => "none".to_owned(),
    }
}

/// Three decimals without the zero before the point.
fn fraction(value: f64) -> String {
    let text = format!("{value:.3}");
    match text.strip_prefix("-0.") {
        Some(rest) => format!("-.{rest}"),
        None => text.strip_prefix('0').map_or(text.clone(), str::to_owned),
    }
}

fn short(value: f64) -> String {
    if value > 0.9995 {
        "1".to_owned()
    } else {
        fraction(value)
    }
}

fn mark(row: &[&Check]) -> &'static str {
    let is_demonstration = row.iter().any(|check| check.role == Role::Demonstration);
    if row.iter().any(|check| check.passes == Some(false)) {
        "FAILS"
    } else if is_demonstration {
        "shown"
    } else if row.iter().any(|check| check.passes.is_some()) {
        "ok"
    } else {
        ""
    }
}

fn verdict(certificate: &Certificate) -> String {
    let Certificate {
        n_judged, n_failed, ..
    } = certificate;
    let regressors: Vec<&str> = certificate
        .regressors
        .iter()
        .map(|regressor| regressor.origin.as_str())
        .collect();
    let result = if certificate.passes {
        format!("PASSED: all {n_judged} checks of {}", regressors.join(", "))
    } else {
        format!(
            "FAILED: {n_failed} of {n_judged} checks of {}",
            regressors.join(", ")
        )
    };
    format!(
        "\n{result}.\nRates with exact 95 % intervals. A check fails when chance alone would do so\nin fewer than {:.1e} of all data ({} over all checks).\n",
        certificate.level, certificate.error_rate
    )
}

/// Different values of a text in order of appearance.
fn distinct<'a>(checks: &[&'a Check], text: impl Fn(&'a Check) -> &'a String) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for check in checks {
        let text = text(check).as_str();
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

fn select<'a>(checks: &[&'a Check], keep: impl Fn(&Check) -> bool) -> Vec<&'a Check> {
    checks.iter().copied().filter(|check| keep(check)).collect()
}
