//! Pairs of encoders and pairs of regressors: which pairs there are, and the numbers of each put
//! where the engine wants them.
//!
//! Two encoders are compared under the same regressor, two regressors on the same encoder, target
//! by target and over all targets together. Everything comes from pieces that the cells needed
//! anyway: predictions, permutations, planted effects, jackknife replicates. Controls and the best of all take no
//! part.

use std::collections::BTreeMap;

use ocean_engine::inference::comparison::{
    CorrectedT, Difference, FittedDifference, corrected_t, difference, fold_differences,
    inflated_difference, mean_difference, null_sd,
};
use ocean_engine::inference::multiplicity::holm;
use ocean_report::model::{CellResult, Compared, ComparisonResult, IntervalMethod};

use crate::judge::cells::{Cells, Common, PieceResult, both, draws, fitted_difference, minus};

/// Level of the intervals.
const LEVEL: f64 = 0.05;

/// Where numbers of a study are found.
struct Study<'a> {
    common: &'a Common<'a>,
    pieces: &'a [PieceResult],
    cells: &'a Cells,
}

/// An encoder and a regressor, by their labels.
type Recipe<'a> = (&'a str, &'a str);

/// Two recipes on one target: their cells' places.
#[derive(Clone, Copy)]
struct Pair {
    a: usize,
    b: usize,
}

/// Compares every pair on every target on which both have a result, and on the mean over these
/// targets where there are several.
#[must_use]
pub fn compare(common: &Common, pieces: &[PieceResult], cells: &Cells) -> Vec<ComparisonResult> {
    let study = Study {
        common,
        pieces,
        cells,
    };
    let (mut single, mut means) = (Vec::new(), Vec::new());
    for (compared, a, b) in recipes(&cells.results) {
        let pairs = study.pairs(a, b);
        let on_targets = pairs
            .iter()
            .map(|&pair| study.on_one_target(compared, pair));
        single.extend(on_targets);
        if pairs.len() > 1 {
            means.push(study.on_all_targets(compared, &pairs));
        }
    }
    adjust(&mut single);
    adjust(&mut means);
    means.extend(single);
    means
}

/// The pairs of recipes that differ in one thing, in the order of the configuration.
fn recipes(cells: &[CellResult]) -> Vec<(Compared, Recipe<'_>, Recipe<'_>)> {
    let (mut encoders, mut regressors): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for cell in cells
        .iter()
        .filter(|cell| !cell.is_control && !cell.is_best)
    {
        if !encoders.contains(&cell.encoder.as_str()) {
            encoders.push(&cell.encoder);
        }
        if !regressors.contains(&cell.regressor.as_str()) {
            regressors.push(&cell.regressor);
        }
    }
    let mut pairs = Vec::new();
    for &regressor in &regressors {
        for (a, b) in twos(&encoders) {
            pairs.push((Compared::Encoders, (a, regressor), (b, regressor)));
        }
    }
    for &encoder in &encoders {
        for (a, b) in twos(&regressors) {
            pairs.push((Compared::Regressors, (encoder, a), (encoder, b)));
        }
    }
    pairs
}

/// Every two of some names, the earlier first.
fn twos<'a>(names: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let later = |at: usize| names[at + 1..].iter().map(move |&b| (names[at], b));
    (0..names.len()).flat_map(later).collect()
}

/// Holm over what was tested. Two empty models count as a comparison that found nothing: whether
/// they are empty is known from the data only.
fn adjust(comparisons: &mut [ComparisonResult]) {
    let is_counted = |c: &&mut ComparisonResult| c.p.is_some() || c.notes == NO_MODEL;
    let mut counted: Vec<&mut ComparisonResult> =
        comparisons.iter_mut().filter(is_counted).collect();
    let p: Vec<f64> = counted.iter().map(|c| c.p.unwrap_or(1.0)).collect();
    for (comparison, adjusted) in counted.iter_mut().zip(holm(&p)) {
        comparison.p_holm = comparison.p.map(|_| adjusted);
    }
}

const NO_MODEL: &str = "no model in either";
const NO_INTERVAL: &str = "no interval: too few rows or groups";

impl Study<'_> {
    fn cell(&self, place: usize) -> &CellResult {
        &self.cells.results[place]
    }

    /// The cells of two recipes on the targets that both have, in the order of the cells.
    fn pairs(&self, a: Recipe, b: Recipe) -> Vec<Pair> {
        let of = |recipe: Recipe, target: Option<&str>| {
            let cells = self.cells.results.iter().enumerate();
            let own = cells.filter(move |(_, cell)| {
                !cell.is_control
                    && (cell.encoder.as_str(), cell.regressor.as_str()) == recipe
                    && target.is_none_or(|target| cell.target == target)
            });
            own.map(|(place, _)| place).collect::<Vec<_>>()
        };
        of(a, None)
            .into_iter()
            .filter_map(|a| {
                let b = *of(b, Some(&self.cell(a).target)).first()?;
                Some(Pair { a, b })
            })
            .collect()
    }

    fn on_one_target(&self, compared: Compared, pair: Pair) -> ComparisonResult {
        let named = self.named(compared, &[pair]);
        if self.is_empty(pair) {
            return with_note(named, NO_MODEL);
        }
        let null = null_sd(&self.permuted(pair));
        let by_blocks = self
            .replicates(pair)
            .and_then(|replicates| difference(named.delta_r2, &replicates, null, LEVEL));
        let corrected = self.corrected(pair);
        ComparisonResult {
            t_corrected: corrected.map(|corrected| corrected.t),
            p_corrected: corrected.map(|corrected| corrected.p),
            ..self.with_difference(named, &[pair], null, by_blocks)
        }
    }

    fn on_all_targets(&self, compared: Compared, pairs: &[Pair]) -> ComparisonResult {
        let named = self.named(compared, pairs);
        if pairs.iter().all(|&pair| self.is_empty(pair)) {
            return with_note(named, NO_MODEL);
        }
        let permuted = mean_of(pairs.iter().map(|&pair| self.permuted(pair)).collect());
        let null = null_sd(&permuted);
        let by_blocks = self
            .replicates_by_row_set(pairs)
            .and_then(|row_sets| mean_difference(named.delta_r2, &row_sets, null, LEVEL));
        self.with_difference(named, pairs, null, by_blocks)
    }

    /// With its standard error, interval and p: by what was planted, or else `by_blocks` of the
    /// jackknife. Without these there are too few rows or groups for either.
    fn with_difference(
        &self,
        comparison: ComparisonResult,
        pairs: &[Pair],
        null: f64,
        by_blocks: Option<Difference>,
    ) -> ComparisonResult {
        let Some(by_blocks) = by_blocks else {
            return with_note(comparison, NO_INTERVAL);
        };
        let fitted = self.fitted_by_row_set(pairs);
        let found = fitted
            .as_ref()
            .and_then(|row_sets| inflated_difference(comparison.delta_r2, row_sets, null, LEVEL));
        let (method, Difference { interval, p }) = match found {
            Some(found) => (IntervalMethod::Planted, found),
            None => (IntervalMethod::Jackknife, by_blocks),
        };
        // Of several row sets each has its own.
        let only = fitted.as_ref().filter(|row_sets| row_sets.len() == 1);
        let only = only.and_then(|row_sets| row_sets.first());
        ComparisonResult {
            se: Some(interval.se),
            ci_low: Some(interval.low),
            ci_high: Some(interval.high),
            p: Some(p),
            ci_method: Some(method),
            se_naive: only.map(|own| own.naive),
            inflation: only.map(|own| own.inflation),
            se_jackknife: Some(by_blocks.interval.se),
            ..comparison
        }
    }

    /// Labels and r2, means over the targets of `pairs`.
    fn named(&self, compared: Compared, pairs: &[Pair]) -> ComparisonResult {
        let r2 = |place: fn(&Pair) -> usize| {
            mean(
                &pairs
                    .iter()
                    .map(|pair| self.cell(place(pair)).r2)
                    .collect::<Vec<_>>(),
            )
        };
        let (a, b) = (self.cell(pairs[0].a), self.cell(pairs[0].b));
        let (r2_a, r2_b) = (r2(|pair| pair.a), r2(|pair| pair.b));
        ComparisonResult {
            compared,
            encoder_a: a.encoder.clone(),
            regressor_a: a.regressor.clone(),
            encoder_b: b.encoder.clone(),
            regressor_b: b.regressor.clone(),
            target: (pairs.len() == 1).then(|| a.target.clone()),
            n_targets: pairs.len(),
            r2_a,
            r2_b,
            delta_r2: r2_a - r2_b,
            ..ComparisonResult::default()
        }
    }

    /// Neither recipe fitted anything.
    fn is_empty(&self, pair: Pair) -> bool {
        [pair.a, pair.b].into_iter().all(|place| {
            let cell = self.cell(place);
            cell.empty_fits == cell.folds * cell.repeats
        })
    }

    /// Δ without each jackknife block; `None` where one of the two has none.
    fn replicates(&self, pair: Pair) -> Option<Vec<f64>> {
        both(
            &self.cells.replicates[pair.a],
            &self.cells.replicates[pair.b],
        )
    }

    /// Δ under each permutation that both have.
    fn permuted(&self, pair: Pair) -> Vec<f64> {
        minus(
            draws(&self.cells.statistics, pair.a),
            draws(&self.cells.statistics, pair.b),
        )
    }

    /// The pairs of each row set.
    fn by_row_set(&self, pairs: &[Pair]) -> Vec<Vec<Pair>> {
        let mut row_sets: BTreeMap<usize, Vec<Pair>> = BTreeMap::new();
        for &pair in pairs {
            let row_set = self.pieces[self.cells.origin[pair.a].0].id.row_set;
            row_sets.entry(row_set).or_default().push(pair);
        }
        row_sets.into_values().collect()
    }

    /// For each row set the number of its targets and their mean Δ without each block.
    fn replicates_by_row_set(&self, pairs: &[Pair]) -> Option<Vec<(usize, Vec<f64>)>> {
        let of_row_set = |own: Vec<Pair>| {
            let all = own.iter().map(|&pair| self.replicates(pair));
            let all: Vec<Vec<f64>> = all.collect::<Option<_>>()?;
            Some((all.len(), mean_of(all)))
        };
        self.by_row_set(pairs).into_iter().map(of_row_set).collect()
    }

    /// For each row set what the fitted models say.
    fn fitted_by_row_set(&self, pairs: &[Pair]) -> Option<Vec<FittedDifference>> {
        let origin = &self.cells.origin;
        let of_row_set = |own: Vec<Pair>| {
            let places = own.iter().map(|pair| (origin[pair.a], origin[pair.b]));
            fitted_difference(self.common, self.pieces, &places.collect::<Vec<_>>())
        };
        self.by_row_set(pairs).into_iter().map(of_row_set).collect()
    }

    fn corrected(&self, pair: Pair) -> Option<CorrectedT> {
        let (at, column) = self.cells.origin[pair.a];
        let (at_b, column_b) = self.cells.origin[pair.b];
        let row_set = &self.common.row_sets[self.pieces[at].id.row_set];
        let target = row_set.targets[column];
        let first = |at: usize| self.pieces[at].piece.observed.first();
        let (a, b) = (first(at)?, first(at_b)?);
        let y = row_set.pick(self.common.targets.y().column(target).as_slice());
        let fold_of = row_set.pick(self.common.folds.of_row(0));
        let mut n_test = vec![0; self.common.folds.n_folds()];
        fold_of.iter().for_each(|&fold| n_test[fold] += 1);
        let y_hat = (a.y_hat.column(column), b.y_hat.column(column_b));
        let differences = fold_differences(
            &y,
            (y_hat.0.as_slice(), y_hat.1.as_slice()),
            a.y_bar.column(column).as_slice(),
            &fold_of,
        );
        corrected_t(&differences, &n_test)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of several series, as far as all of them go.
fn mean_of(series: Vec<Vec<f64>>) -> Vec<f64> {
    let len = series.iter().map(Vec::len).min().unwrap_or(0);
    let at = |place: usize| mean(&series.iter().map(|one| one[place]).collect::<Vec<_>>());
    (0..len).map(at).collect()
}

fn with_note(comparison: ComparisonResult, note: &str) -> ComparisonResult {
    ComparisonResult {
        notes: note.to_owned(),
        ..comparison
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(encoder: &str, regressor: &str) -> CellResult {
        CellResult {
            encoder: encoder.to_owned(),
            regressor: regressor.to_owned(),
            ..CellResult::default()
        }
    }

    #[test]
    fn two_recipes_of_a_pair_differ_in_one_thing_and_controls_take_no_part() {
        let mut cells = vec![
            cell("bge", "ridge"),
            cell("bge", "lasso"),
            cell("minilm", "ridge"),
            cell("minilm", "lasso"),
            cell("length", "ridge"),
        ];
        cells[4].is_control = true;
        let expected = [
            (Compared::Encoders, ("bge", "ridge"), ("minilm", "ridge")),
            (Compared::Encoders, ("bge", "lasso"), ("minilm", "lasso")),
            (Compared::Regressors, ("bge", "ridge"), ("bge", "lasso")),
            (
                Compared::Regressors,
                ("minilm", "ridge"),
                ("minilm", "lasso"),
            ),
        ];
        assert_eq!(recipes(&cells), expected);
        assert_eq!(recipes(&cells[..1]), []);
    }

    #[test]
    fn two_empty_models_count_in_holm_and_get_no_p() {
        let tested = |p: f64| ComparisonResult {
            p: Some(p),
            ..ComparisonResult::default()
        };
        let mut all = vec![
            tested(0.01),
            with_note(ComparisonResult::default(), NO_MODEL),
            with_note(ComparisonResult::default(), NO_INTERVAL),
            tested(0.02),
        ];
        adjust(&mut all);
        let adjusted: Vec<Option<f64>> = all.iter().map(|c| c.p_holm).collect();
        // Three are counted: .01·3, then .02·2.
        assert_eq!(adjusted, [Some(0.03), None, None, Some(0.04)]);
    }
}
