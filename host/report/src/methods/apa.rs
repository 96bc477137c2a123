//! The result table as a paper prints it: APA style (7th edition), as HTML to paste into a document
//! and as LaTeX.

use crate::escape::{latex, text, xml};
use crate::model::{CellResult, Correction, IntervalMethod, StudyResults};
use crate::numbers::{count, interval, p_with_floor, score};
use crate::verdict::words;
use crate::wording::{baseline, family, plural};

/// More rows than a page holds.
const PAGE: usize = 35;

/// The table, ready for any format. Mathematical signs are Unicode; `*…*` does not occur, italics
/// are the format's.
pub struct ApaTable {
    /// In title case, without number.
    pub title: &'static str,
    /// Headings; whether a column is flush right.
    pub headings: Vec<(&'static str, bool)>,
    /// One text a column. A target is named in its first row only.
    pub rows: Vec<Vec<String>>,
    /// What stands below, after "Note."
    pub note: String,
}

type Show = fn(&CellResult, &StudyResults) -> String;

/// The family's cells; `None` without any.
pub fn table(results: &StudyResults) -> Option<ApaTable> {
    let cells = family(results);
    if cells.is_empty() {
        return None;
    }
    let all: [(&'static str, bool, Show); 10] = [
        ("Target", false, |c, _| text(&c.target)),
        ("Encoder", false, |c, _| text(&c.encoder)),
        ("Regressor", false, |c, r| {
            if r.regressors.len() > 1 {
                text(&c.regressor)
            } else {
                String::new()
            }
        }),
        ("n", true, |c, _| count(c.n)),
        ("R²", true, |c, _| score(c.r2)),
        ("95% CI", true, |c, _| {
            c.ci().map(interval).unwrap_or_default()
        }),
        ("R²/ceiling", true, |c, _| {
            c.r2_over_ceiling.map(score).unwrap_or_default()
        }),
        ("p", true, |c, r| {
            let p = c.p.map(|p| p_with_floor(p, c.p_floor, r.level));
            p.unwrap_or_default()
        }),
        ("p adj", true, |c, r| {
            let p = c.p_fwer.map(|p| p_with_floor(p, c.p_floor, r.level));
            p.filter(|_| family(r).len() > 1).unwrap_or_default()
        }),
        ("Verdict", false, |c, _| words(c.verdict).to_owned()),
    ];
    let is_used = |show: Show| cells.iter().any(|cell| !show(cell, results).is_empty());
    let columns: Vec<_> = all
        .into_iter()
        .filter(|(.., show)| is_used(*show))
        .collect();
    let mut before = None;
    let rows = cells.iter().map(|cell| {
        let mut texts: Vec<String> = columns
            .iter()
            .map(|(.., show)| show(cell, results))
            .collect();
        if before.replace(&cell.target) == Some(&cell.target) {
            texts[0].clear();
        }
        texts
    });
    Some(ApaTable {
        title: "Out-of-Sample Prediction of Each Target",
        rows: rows.collect(),
        headings: columns
            .iter()
            .map(|(heading, is_right, _)| (*heading, *is_right))
            .collect(),
        note: note(results, &cells),
    })
}

fn note(results: &StudyResults, family: &[&CellResult]) -> String {
    let mut parts = vec![format!(
        "R² is out of sample, against {}, over {} folds.",
        baseline(results),
        results.folds
    )];
    if family.iter().any(|cell| cell.ci_low.is_some()) {
        let planted = Some(IntervalMethod::Planted);
        let source = match family.iter().any(|cell| cell.ci_method == planted) {
            true => "planted effects, inverted, of",
            false => "a block jackknife of",
        };
        parts.push(format!(
            "CI = confidence interval from {source} the whole procedure."
        ));
    }
    if family.iter().any(|cell| cell.r2_over_ceiling.is_some()) {
        parts.push("R²/ceiling = share of what rating error leaves to predict.".to_owned());
    }
    if results.permutations > 0 {
        let up_to = if results.is_adaptive { "up to " } else { "" };
        let adjusted = if family.len() > 1 {
            let method = match results.correction {
                Correction::MaxT => "step-down maxT",
                Correction::Holm => "Holm",
            };
            format!(
                "; p adj = adjusted for {} ({method})",
                plural(family.len(), "comparison")
            )
        } else {
            String::new()
        };
        parts.push(format!(
            "p from {up_to}{} of the target{adjusted}; ≤ marks the smallest p possible.",
            plural(results.permutations as usize, "permutation")
        ));
    }
    parts.join(" ")
}

impl ApaTable {
    /// As HTML with its own styles, which word processors keep when it is pasted.
    pub fn html(&self) -> String {
        let cell = |tag: &str, (value, is_right): (&str, bool), line: &str| {
            let align = if is_right { "right" } else { "left" };
            format!(
                "<{tag} style=\"text-align:{align};font-weight:400;padding:2pt 8pt 2pt 0;border:0;{line}\">{}</{tag}>",
                italic(&xml(value), value)
            )
        };
        let heads: String = self
            .headings
            .iter()
            .map(|(heading, is_right)| {
                cell(
                    "th",
                    (heading, *is_right),
                    "border-top:1pt solid;border-bottom:.5pt solid",
                )
            })
            .collect();
        let last = self.rows.len().saturating_sub(1);
        let rows: String = self
            .rows
            .iter()
            .enumerate()
            .map(|(at, row)| {
                let line = if at == last {
                    "border-bottom:1pt solid"
                } else {
                    ""
                };
                let cells: String = row
                    .iter()
                    .zip(&self.headings)
                    .map(|(value, (_, is_right))| cell("td", (value, *is_right), line))
                    .collect();
                format!("<tr>{cells}</tr>\n")
            })
            .collect();
        format!(
            "<table class=\"apa\" style=\"border-collapse:collapse\">\n<caption style=\"text-align:left\"><strong>Table 1</strong><br><em>{}</em></caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n<p><em>Note.</em> {}</p>\n",
            self.title,
            xml(&self.note)
        )
    }

    /// As LaTeX for the packages booktabs and, where it is longer than a page, longtable.
    pub fn latex(&self) -> String {
        let columns: String = self
            .headings
            .iter()
            .map(|(_, is_right)| if *is_right { 'r' } else { 'l' })
            .collect();
        let heads: Vec<String> = self
            .headings
            .iter()
            .map(|(heading, _)| latex_heading(heading))
            .collect();
        let head = format!("{} \\\\", heads.join(" & "));
        let rows: String = self
            .rows
            .iter()
            .map(|row| {
                let cells: Vec<String> = row.iter().map(|value| latex(value)).collect();
                format!("{} \\\\\n", cells.join(" & "))
            })
            .collect();
        let note = format!("\\textit{{Note.}} {}", latex(&self.note));
        let caption = format!("\\caption{{{}}}\\label{{tab:ocean-host}}", self.title);
        if self.rows.len() > PAGE {
            return format!(
                "% Needs \\usepackage{{booktabs,longtable}}\n\\begin{{longtable}}{{{columns}}}\n{caption} \\\\\n\\toprule\n{head}\n\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n{rows}\\end{{longtable}}\n{{\\footnotesize {note}\\par}}\n"
            );
        }
        format!(
            "% Needs \\usepackage{{booktabs}}\n\\begin{{table}}[ht]\n\\centering\n{caption}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head}\n\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n\n\\smallskip\n{{\\footnotesize {note}\\par}}\n\\end{{table}}\n"
        )
    }
}

/// Statistical symbols stand in italics.
fn italic(shown: &str, value: &str) -> String {
    match value {
        "n" | "p" => format!("<em>{value}</em>"),
        "R²" => "<em>R</em>²".to_owned(),
        "R²/ceiling" => "<em>R</em>²/ceiling".to_owned(),
        "p adj" => "<em>p</em><sub>adj</sub>".to_owned(),
        _ => shown.to_owned(),
    }
}

fn latex_heading(heading: &str) -> String {
    match heading {
        "n" | "p" => format!("$\\mathit{{{heading}}}$"),
        "R²" => "$R^2$".to_owned(),
        "R²/ceiling" => "$R^2$/ceiling".to_owned(),
        "p adj" => "$p_\\mathrm{adj}$".to_owned(),
        _ => latex(heading),
    }
}
