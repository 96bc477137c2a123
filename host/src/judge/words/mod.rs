//! Which words go with the targets, and which ones the model leans on.

mod terms;

use ocean_engine::evaluate::PermutedTargets;
use ocean_engine::words::{TermSet, Usage, correlations, test};
use ocean_report::model::WordResult;

use crate::judge::cells::{Cells, PieceResult};
use crate::plan::Plan;
use crate::read::arrangement::Arrangement;
use crate::read::dataset::Dataset;
use terms::Terms;

/// Permutations at most where the cells stop on their own.
const MOST_SEQUENTIAL: usize = 999;

/// Every term with every target.
pub struct Words {
    /// Target by target, the largest |r| first.
    pub results: Vec<WordResult>,
    /// Permutations behind the p.
    pub n_permutations: usize,
}

/// Permutations of the study that words are tested with.
pub(crate) fn n_permutations(plan: &Plan) -> usize {
    let all = plan.n_permutations() as usize;
    match plan.is_adaptive() {
        true => all.min(MOST_SEQUENTIAL),
        false => all,
    }
}

/// Tests the words of the rows of the analysis. What the model leans on is that of the target's cell
/// with the highest r2, first repeat.
pub(crate) fn find(
    plan: &Plan,
    dataset: &Dataset,
    arrangement: &Arrangement,
    pieces: &[PieceResult],
    cells: &Cells,
) -> Words {
    let fewest = arrangement.row_sets.iter().map(|set| set.rows.len()).min();
    let terms = Terms::of(&dataset.joined_texts(), Usage::least(fewest.unwrap_or(0)));
    let usage = Usage::new(dataset.n_rows(), &terms.uses);
    let sets = arrangement.row_sets.iter().map(|row_set| TermSet {
        permuted: PermutedTargets {
            targets: &arrangement.targets,
            row_set,
            scheme: &arrangement.scheme,
            observed_slot: 0,
        },
        usage: usage.among(&row_set.rows, &arrangement.groups),
    });
    let sets: Vec<TermSet> = sets.collect();
    let n_permutations = n_permutations(plan);
    let found = test(&sets, &arrangement.clusters, n_permutations);
    let mut results = Vec::with_capacity(found.len());
    for of_target in found.chunk_by(|a, b| a.target == b.target) {
        let target = of_target[0].target;
        let name = &arrangement.target_names[target];
        let best = cells.best_of(name);
        let leaning = best.and_then(|cell| leaning(cell, target, &sets, pieces, cells));
        let row = best.map(|cell| &cells.results[cell]);
        let recipe = row.map_or((String::new(), String::new()), |row| {
            (row.encoder.clone(), row.regressor.clone())
        });
        let first = results.len();
        results.extend(of_target.iter().enumerate().map(|(at, one)| WordResult {
            target: name.clone(),
            term: terms.names[one.term].clone(),
            n_rows: one.n_rows,
            r: one.r,
            ci_low: one.interval.0,
            ci_high: one.interval.1,
            p: one.p,
            p_fwer: one.p_fwer,
            q_bh: one.q_bh,
            encoder: recipe.0.clone(),
            regressor: recipe.1.clone(),
            r_prediction: leaning.as_ref().map(|r| r[at]),
        }));
        let by_size = |a: &WordResult, b: &WordResult| b.r.abs().total_cmp(&a.r.abs());
        results[first..].sort_by(|a, b| by_size(a, b).then_with(|| a.term.cmp(&b.term)));
    }
    Words {
        results,
        n_permutations,
    }
}

/// r of each term with ŷ − ȳ of a cell; `None` for an empty model.
fn leaning(
    cell: usize,
    target: usize,
    sets: &[TermSet],
    pieces: &[PieceResult],
    cells: &Cells,
) -> Option<Vec<f64>> {
    let (at, column) = cells.origin[cell];
    let mut sets = sets.iter();
    let set = sets.find(|set| set.permuted.row_set.targets.contains(&target))?;
    let observed = pieces[at].piece.observed.first()?;
    let moved = observed.y_hat.column(column) - observed.y_bar.column(column);
    correlations(set, moved.as_slice())
}
