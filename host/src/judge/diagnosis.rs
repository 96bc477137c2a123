//! Gathers the facts of a finished run for the doctor.

use ocean_engine::family::Family;
use ocean_report::model::{Finding, Severity, TargetSummary};

use crate::judge::doctor::{Facts, ValueBySize, examine};
use crate::plan::{Exchange, Plan, Unit};
use crate::read::arrangement::Arrangement;
use crate::read::dataset::{Analysed, Dataset, LOG_SIZE};
use crate::run::FinishedRun;
use crate::write::outputs;

/// What the doctor has to say about a finished run, worst first.
pub(crate) fn diagnose(run: &FinishedRun) -> Vec<Finding> {
    let FinishedRun {
        plan,
        read: dataset,
        analysed,
        arrangement,
        sources,
        embedded,
        cells,
        ..
    } = run;
    let targets = targets(analysed);
    let absolute_grids: Vec<String> = sources
        .regressors
        .iter()
        .filter(|regressor| regressor.has_absolute_grid)
        .map(|regressor| regressor.name.clone())
        .collect();
    let truncated: Vec<(String, usize)> = sources
        .encoders
        .iter()
        .zip(*embedded)
        .filter_map(|(encoder, embedded)| Some((encoder.name.clone(), embedded.n_truncated?)))
        .collect();
    let is_blank = |text: &String| text.trim().is_empty();
    let plan_notes: Vec<String> = sources.notes.iter().chain(&plan.notes).cloned().collect();
    let texts = dataset.joined_texts();
    let (lexical, unspaced) = run.lexical(&texts);
    let families: Vec<(String, Family)> = sources
        .regressors
        .iter()
        .map(|regressor| (regressor.name.clone(), regressor.family))
        .collect();
    let with_parameter = |name: &str| -> Vec<String> {
        let encoders = sources.encoders.iter();
        let with = encoders.filter(|encoder| encoder.has_parameter(name));
        with.map(|encoder| encoder.name.clone()).collect()
    };
    let with_limit = with_parameter("max_seq_length");
    let with_windows = with_parameter("long_texts");
    examine(&Facts {
        concentrated: &run.concentrated(),
        tails: &run.tails(),
        at_fewer_rows: &run.at_fewer_rows(),
        strong_grids: &run.strong_grids(),
        near_duplicates: run.near_duplicates(),
        undeclared: &run.undeclared(dataset),
        joined_groups: run.joined_groups(),
        fold_differences: &run.fold_differences(),
        deciding_folds: &run.deciding_folds(),
        locked: run.locked(),
        strangers: &run.strangers(),
        shifted: &run.shifted(),
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
        across_folds: run.across_folds(),
        among_texts: &run.among_texts(),
        lexical: &lexical,
        unspaced: &unspaced,
        blank_texts: texts.iter().filter(|text| is_blank(text)).count(),
        n_texts: dataset.n_rows(),
        n_rows: analysed.dataset.n_rows(),
        value_by_size: &value_by_size(analysed, plan, arrangement),
        are_groups_rows: plan.evaluation.unit == Unit::Group,
        exchange: plan.evaluation.exchange,
        is_size_taken_out: plan.data.covariates.iter().any(|name| name == LOG_SIZE),
        doubts: &dataset.doubts,
        join_notes: &dataset.notes,
        readings: &dataset.readings,
        plan_notes: &plan_notes,
        truncated: &truncated,
        dataset: Some(dataset),
        plan: Some(plan),
        families: &families,
        with_limit: &with_limit,
        with_windows: &with_windows,
    })
}

/// Each target of the analysis with its values.
fn targets<'a>(analysed: &'a Analysed<'_>) -> Vec<(TargetSummary, &'a [f64])> {
    let targets = analysed.dataset.targets.iter();
    targets
        .map(|target| (outputs::target_summary(target), target.values.as_slice()))
        .collect()
}

/// What the doctor has to say before anything is computed: findings on the data alone that a reader
/// should act on.
pub(crate) fn diagnose_data(
    plan: &Plan,
    dataset: &Dataset,
    analysed: &Analysed,
    arrangement: &Arrangement,
) -> Vec<Finding> {
    let targets = targets(analysed);
    let findings = examine(&Facts {
        targets: &targets,
        // The preview has its own lines on permutations.
        n_permutations: 0,
        is_adaptive: plan.is_adaptive(),
        duplicate_texts: (
            arrangement.n_duplicates,
            plan.evaluation.duplicates == crate::plan::Duplicates::Group,
        ),
        n_rows: analysed.dataset.n_rows(),
        dataset: Some(dataset),
        plan: Some(plan),
        ..Facts::default()
    });
    let matters = |finding: &Finding| finding.severity != Severity::Note;
    findings.into_iter().filter(matters).collect()
}

/// How each target with one value a group goes with the size of the groups, where sizes differ.
fn value_by_size(analysed: &Analysed, plan: &Plan, arrangement: &Arrangement) -> Vec<ValueBySize> {
    let (sizes, groups) = match analysed.sizes() {
        Some(sizes) => (sizes, None),
        None if plan.data.group.is_some() && plan.evaluation.exchange != Exchange::Within => {
            let members = arrangement.groups.members();
            let sizes = members.iter().map(Vec::len).collect();
            (sizes, Some(&arrangement.groups))
        }
        None => return Vec::new(),
    };
    let as_numbers: Vec<f64> = sizes.iter().map(|&size| size as f64).collect();
    let of_target = |target: &crate::read::dataset::Target| {
        let values = match groups {
            None => target.values.clone(),
            Some(groups) => groups.values(&target.values).ok()?,
        };
        let (rho, n_groups) = ocean_engine::doctor::spearman(&values, &as_numbers)?;
        Some(ValueBySize {
            target: target.name.clone(),
            rho,
            n_groups,
        })
    };
    let targets = &analysed.dataset.targets;
    targets.iter().filter_map(of_target).collect()
}
