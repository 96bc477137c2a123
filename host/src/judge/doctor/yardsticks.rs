//! Is a model better than what knows no language? Encoders beside the controls `length` and
//! `lexical`.

use ocean_report::model::{CellResult, Finding, Severity};
use ocean_report::numbers::score;

use super::facts::Facts;
use super::{LENGTH, LEXICAL, finding, listed};

/// What an encoder's gain is over.
const YARDSTICKS: [(&str, &str); 2] = [(LEXICAL, "words"), (LENGTH, "length")];

/// Encoders that reach no more than hashed n-grams or the length of a text, where either has found
/// something.
///
/// Hashed n-grams are a yardstick as an encoder of the study, too; they are not held against
/// themselves. Where several stand in the study, the best counts.
pub(super) fn yardsticks(facts: &Facts, findings: &mut Vec<Finding>) {
    let is_lexical = |encoder: &String| facts.lexical.contains(encoder);
    let mut encoders: Vec<&str> = Vec::new();
    for cell in facts.cells.iter().filter(|c| !c.is_control && !c.is_best) {
        if !encoders.contains(&cell.encoder.as_str()) {
            encoders.push(&cell.encoder);
        }
    }
    for (yardstick, what) in YARDSTICKS {
        let is_yardstick = |cell: &CellResult| match yardstick {
            LEXICAL => is_lexical(&cell.encoder) && !cell.is_best,
            label => cell.is_control && cell.encoder == label,
        };
        for &encoder in &encoders {
            let is_its_own_kind = yardstick == LEXICAL && is_lexical(&encoder.to_owned());
            if !is_its_own_kind {
                findings.extend(beside(facts, encoder, &is_yardstick, what));
            }
        }
    }
}

/// One encoder beside the cells of a yardstick, target by target.
fn beside(
    facts: &Facts,
    encoder: &str,
    is_yardstick: &dyn Fn(&CellResult) -> bool,
    what: &str,
) -> Option<Finding> {
    let own = facts
        .cells
        .iter()
        .zip(facts.control_p)
        .filter(|(cell, _)| cell.encoder == encoder && !cell.is_control);
    let mut pairs = Vec::new();
    for own in own {
        let others = facts.cells.iter().zip(facts.control_p);
        let best = others
            .filter(|(cell, _)| is_yardstick(cell))
            .filter(|(cell, _)| {
                (&cell.regressor, &cell.target) == (&own.0.regressor, &own.0.target)
            })
            .max_by(|a, b| a.0.r2.total_cmp(&b.0.r2));
        pairs.extend(best.map(|best| (best, own)));
    }
    pairs.retain(|(a, b)| is_found(facts, *a) || is_found(facts, *b));
    let n_found = pairs.len();
    pairs.retain(|((yardstick, _), (own, _))| yardstick.r2 >= own.r2);
    let ((first, _), (own, _)) = pairs
        .iter()
        .max_by(|a, b| (a.0.0.r2 - a.1.0.r2).total_cmp(&(b.0.0.r2 - b.1.0.r2)))?;
    // Beside an encoder of the study stands a test of the difference; one target of many may be
    // chance.
    let severity = match first.is_control && 2 * pairs.len() >= n_found {
        true => Severity::Warning,
        false => Severity::Note,
    };
    let targets = pairs.iter().map(|(_, (own, _))| own.target.clone());
    let about = std::iter::once(encoder.to_owned()).chain(targets.clone());
    let where_else = match (pairs.len(), n_found) {
        (1, 1) => String::new(),
        (n, all) => format!(
            "; it does as well or better in {n} of {all} cells in which either finds something ({})",
            listed(targets.map(|target| format!("`{target}`")))
        ),
    };
    Some(finding(
        severity,
        "no-better-than-control",
        about.collect(),
        [
            format!(
                "`{}` reaches r2 {}, `{encoder}` {} (`{}`, {}){where_else}.",
                first.encoder,
                score(first.r2),
                score(own.r2),
                own.target,
                own.regressor
            ),
            format!(
                "The gain of the model over {what} is not shown: what it predicts, {what} alone predict{} as well.",
                if what == "words" { "" } else { "s" }
            ),
            format!(
                "Report both; `{}` stands beside `{encoder}` in every table.",
                first.encoder
            ),
        ],
    ))
}

/// Significant, and better than the mean.
fn is_found(facts: &Facts, (cell, control_p): (&CellResult, &Option<f64>)) -> bool {
    let p = if cell.is_control {
        *control_p
    } else {
        cell.p_fwer
    };
    cell.r2 > 0.0 && p.is_some_and(|p| p <= facts.level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(encoder: &str, target: &str, r2: f64, p: f64) -> CellResult {
        let is_control = encoder == LENGTH || encoder == LEXICAL;
        CellResult {
            encoder: encoder.to_owned(),
            regressor: "ridge".to_owned(),
            target: target.to_owned(),
            r2,
            is_control,
            p: Some(p),
            p_fwer: Some(p).filter(|_| !is_control),
            ..CellResult::default()
        }
    }

    /// `words`: the plugin lexical under that name.
    fn said(cells: &[CellResult]) -> Vec<(Severity, String)> {
        let control_p: Vec<Option<f64>> = cells
            .iter()
            .map(|cell| cell.p.filter(|_| cell.is_control))
            .collect();
        let lexical = [LEXICAL.to_owned(), "words".to_owned()];
        let facts = Facts {
            cells,
            control_p: &control_p,
            lexical: &lexical,
            ..Facts::default()
        };
        let mut findings = Vec::new();
        yardsticks(&facts, &mut findings);
        let said = findings.into_iter();
        said.map(|one| (one.severity, one.seen)).collect()
    }

    #[test]
    fn a_model_that_is_no_better_than_words_is_told() {
        let lexical = || cell(LEXICAL, "mood", 0.31, 0.01);
        let expected = "`lexical` reaches r2 .310, `minilm` .290 (`mood`, ridge).";
        assert_eq!(
            said(&[cell("minilm", "mood", 0.29, 0.01), lexical()]),
            [(Severity::Warning, expected.to_owned())]
        );
        // The model finds nothing where words do.
        assert_eq!(
            said(&[cell("minilm", "mood", -0.1, 0.8), lexical()]).len(),
            1
        );
        // Better; neither finds anything; another target.
        assert_eq!(said(&[cell("minilm", "mood", 0.32, 0.01), lexical()]), []);
        let nothing = [
            cell("minilm", "mood", 0.01, 0.4),
            cell(LEXICAL, "mood", 0.02, 0.3),
        ];
        assert_eq!(said(&nothing), []);
        assert_eq!(said(&[cell("minilm", "calm", 0.29, 0.01), lexical()]), []);
    }

    #[test]
    fn n_grams_are_a_yardstick_as_an_encoder_and_not_for_themselves() {
        let words = || cell("words", "mood", 0.31, 0.01);
        assert_eq!(
            said(&[words(), cell("minilm", "mood", 0.29, 0.01)]).len(),
            1
        );
        assert_eq!(said(&[words(), cell(LEXICAL, "mood", 0.33, 0.01)]), []);
        let beside_length = said(&[words(), cell(LENGTH, "mood", 0.4, 0.01)]);
        assert!(
            beside_length[0]
                .1
                .starts_with("`length` reaches r2 .400, `words` .310")
        );
    }

    #[test]
    fn one_target_of_many_is_a_note() {
        let targets = ["a", "b", "c"];
        let mut cells: Vec<CellResult> = targets.map(|t| cell("minilm", t, 0.3, 0.01)).to_vec();
        cells.extend(targets.map(|t| cell(LEXICAL, t, 0.2, 0.01)));
        cells[5].r2 = 0.3;
        let said = said(&cells);
        assert_eq!(said[0].0, Severity::Note);
        assert!(said[0].1.contains("in 1 of 3 cells"), "{}", said[0].1);
    }
}
