//! Gathers the facts of a finished run for the doctor.

use crate::arrangement::Arrangement;
use crate::cells::Cells;
use crate::dataset::Dataset;
use crate::doctor::{Facts, examine};
use crate::outputs;
use crate::plan::Plan;
use crate::report::model::Finding;
use crate::sources::{Embedded, Sources};

/// What the doctor has to say about a finished run, worst first.
pub(super) fn diagnose(
    plan: &Plan,
    dataset: &Dataset,
    arrangement: &Arrangement,
    sources: &Sources,
    embedded: &[Embedded],
    cells: &Cells,
) -> Vec<Finding> {
    let targets: Vec<_> = dataset
        .targets
        .iter()
        .map(|target| (outputs::target_summary(target), target.values.as_slice()))
        .collect();
    let absolute_grids: Vec<String> = sources
        .regressors
        .iter()
        .filter(|regressor| regressor.has_absolute_grid)
        .map(|regressor| regressor.name.clone())
        .collect();
    let truncated: Vec<(String, usize)> = sources
        .encoders
        .iter()
        .zip(embedded)
        .filter_map(|(encoder, embedded)| Some((encoder.name.clone(), embedded.n_truncated?)))
        .collect();
    let is_blank = |text: &String| text.trim().is_empty();
    let plan_notes: Vec<String> = sources.notes.iter().chain(&plan.notes).cloned().collect();
    examine(&Facts {
        cells: &cells.results,
        control_p: &cells.control_p,
        targets: &targets,
        absolute_grids: &absolute_grids,
        level: plan.evaluation.level,
        n_permutations: plan.n_permutations() as usize,
        is_adaptive: plan.is_adaptive(),
        duplicate_texts: (
            arrangement.n_duplicates,
            plan.evaluation.duplicates == crate::plan::Duplicates::Group,
        ),
        blank_texts: dataset
            .joined_texts()
            .iter()
            .filter(|text| is_blank(text))
            .count(),
        n_rows: dataset.ids.len(),
        join_notes: &dataset.notes,
        plan_notes: &plan_notes,
        truncated: &truncated,
    })
}
