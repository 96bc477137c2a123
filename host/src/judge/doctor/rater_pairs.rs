//! Findings on two raters of one trait: one scale turned round, two scales, one a copy of the
//! other.
//!
//! After each of them ceiling and r2_over_ceiling say nothing, and nothing may send the reader
//! there.

use std::collections::BTreeSet;

use ocean_engine::doctor::concentration;
use ocean_engine::doctor::raters::{Pair, pairs};
use ocean_report::model::{Finding, Severity};

use super::facts::Facts;
use super::finding;
use crate::read::dataset::RaterPanel;

/// Raters of one thing do not correlate less than this …
const OPPOSED: f64 = -0.3;
/// … by chance, if this many standard errors lie between r and 0.
const LEAST_T: f64 = 3.0;
/// Standard deviations on one scale do not differ by more than this factor.
const ONE_SCALE: f64 = 3.0;
/// Correlations nearer to 1 are those of copies.
const COPY: f64 = 1e-9;
/// Fewer rows agree by chance.
const LEAST_ROWS: usize = 10;
/// Ratings of fewer different values may agree in every row.
const LEAST_VALUES: usize = 4;

/// A target, its raters, and what is wrong with two of them.
struct Seen<'a> {
    target: &'a str,
    panel: &'a RaterPanel,
    pair: Pair,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Opposed,
    Copied,
    OtherScale,
}

/// All that is wrong with pairs of raters; of two scales only the narrowest against the widest.
fn seen<'a>(facts: &Facts<'a>) -> Vec<Seen<'a>> {
    let mut seen = Vec::new();
    let targets = facts.dataset.map_or(&[][..], |dataset| &dataset.targets);
    for target in targets {
        let Some(panel) = &target.raters else {
            continue;
        };
        let is_stranger = |rater: usize| {
            let (name, column) = (&target.name, &panel.columns[rater]);
            facts
                .strangers
                .iter()
                .any(|(of, who, _)| of == name && who == column)
        };
        let mut widest: Option<Pair> = None;
        for pair in pairs(&panel.ratings) {
            let what = if is_opposed(&pair) {
                (!is_stranger(pair.raters.0) && !is_stranger(pair.raters.1))
                    .then_some(What::Opposed)
            } else {
                is_copy(&pair, panel).then_some(What::Copied)
            };
            seen.extend(what.map(|what| Seen {
                target: &target.name,
                panel,
                pair,
                what,
            }));
            if pair.ratio() >= ONE_SCALE && widest.is_none_or(|other| pair.ratio() > other.ratio())
            {
                widest = Some(pair);
            }
        }
        seen.extend(widest.map(|pair| Seen {
            target: &target.name,
            panel,
            pair,
            what: What::OtherScale,
        }));
    }
    seen
}

fn is_opposed(pair: &Pair) -> bool {
    let t = pair.r * ((pair.n as f64 - 2.0) / (1.0 - pair.r * pair.r).max(COPY)).sqrt();
    pair.n >= LEAST_ROWS && pair.r < OPPOSED && t < -LEAST_T
}

fn is_copy(pair: &Pair, panel: &RaterPanel) -> bool {
    let n_values = concentration(&panel.ratings[pair.raters.0]).1;
    pair.n >= LEAST_ROWS && pair.r > 1.0 - COPY && n_values >= LEAST_VALUES
}

/// Targets whose ceiling says nothing.
pub(super) fn without_ceiling<'a>(facts: &Facts<'a>) -> BTreeSet<&'a str> {
    seen(facts).iter().map(|seen| seen.target).collect()
}

pub(super) fn rater_pairs(facts: &Facts, findings: &mut Vec<Finding>) {
    for seen in seen(facts) {
        let (severity, code, sentences) = match seen.what {
            What::Opposed => (Severity::Serious, "raters-reversed", seen.opposed()),
            What::Copied => (Severity::Warning, "raters-copied", seen.copied()),
            What::OtherScale => (Severity::Warning, "raters-scales", seen.scales()),
        };
        let about = vec![seen.target.to_owned()];
        findings.push(finding(severity, code, about, sentences));
    }
}

impl Seen<'_> {
    fn names(&self) -> (&str, &str) {
        let (a, b) = self.pair.raters;
        (&self.panel.columns[a], &self.panel.columns[b])
    }

    fn opposed(&self) -> [String; 3] {
        let (a, b) = self.names();
        [
            format!("`{a}` and `{b}` of `{}` correlate {:.2} ({} rows).", self.target, self.pair.r, self.pair.n),
            "The scale of one of them is turned round, or one of them was joined to other rows: their mean is noise, and ceiling and r2_over_ceiling say nothing.".to_owned(),
            format!("Turn the scale of one of them round in the data file (lowest + highest − rating), or check its ids; or leave one of them out of [raters] {}.", self.target),
        ]
    }

    fn copied(&self) -> [String; 3] {
        let (a, b) = self.names();
        let seen = match self.pair.n_equal == self.pair.n {
            true => format!(
                "`{a}` and `{b}` of `{}` are equal in all of {} rows.",
                self.target, self.pair.n
            ),
            false => format!(
                "`{b}` of `{}` is `{a}` on another scale: they correlate 1.00 in {} rows.",
                self.target, self.pair.n
            ),
        };
        [
            seen,
            "A copy? The second rater says nothing that the first does not, and the ceiling is inflated: the two seem to agree perfectly.".to_owned(),
            format!("Leave one of them out of [raters] {}, unless they rated apart.", self.target),
        ]
    }

    fn scales(&self) -> [String; 3] {
        let ((a, b), (sd_a, sd_b)) = (self.names(), self.pair.sd);
        let (wide, sd, narrow, other) = match sd_a > sd_b {
            true => (a, sd_a, b, sd_b),
            false => (b, sd_b, a, sd_a),
        };
        [
            format!("The ratings of `{wide}` spread {:.1} times as far as those of `{narrow}` (sd {sd:.2} and {other:.2}).", sd / other),
            format!("Two scales? The mean, `{}`, is then little else than `{wide}`; ceiling and r2_over_ceiling take the difference of the scales for error of rating and say nothing.", self.target),
            "Put the raters on one scale in the data file, for instance each as (rating − mean)/sd.".to_owned(),
        ]
    }
}
