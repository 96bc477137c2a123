//! What is refused, and what is remembered, before the long part: memory, the identity of the run,
//! vectors that belong to other texts.

use ocean_engine::inference::multiplicity::permutations_for_holm;
use ocean_report::model::Finding;
use ocean_report::wording::plural;
use serde_json::{Value, json};

use super::{RunError, Study};
use crate::encode::sources::{Embedded, Encoder, Sources};
use crate::judge::doctor;
use crate::judge::doctor::alignment::Alignment;
use crate::judge::doctor::vectors::Vectors;
use crate::plan::Plan;
use crate::plan::preview::n_cells;
use crate::problem::{Problem, Refusal};
use crate::read::dataset::Dataset;
use crate::tell::progress::Progress;

/// Most memory that the designs of one encoder may take.
const DESIGN_BYTES: f64 = 8e9;
/// Bytes per number of a design: the scaled rows (8), and about as much again for what a regressor
/// factorises.
const BYTES_PER_NUMBER: f64 = 20.0;

/// Refuses a cap at which Holm, which alone adjusts in the adaptive mode, could reject nothing.
pub(super) fn check_adaptive_cap(plan: &Plan, n_targets: usize) -> Result<(), Refusal> {
    let (cap, level) = (plan.n_permutations() as usize, plan.evaluation.level);
    let n_cells = n_cells(plan, n_targets) as usize;
    let least = permutations_for_holm(n_cells, level);
    if !plan.is_adaptive() || cap >= least {
        return Ok(());
    }
    let message = format!(
        "{{ adaptive = {cap} }} is too few for {}: the smallest p that Holm can give is {n_cells}/({cap} + 1), above the level {level}",
        plural(n_cells, "cell")
    );
    Err(Problem::new("[evaluation] permutations", message)
        .with_try(format!("permutations = {{ adaptive = {least} }}, or more"))
        .into())
}

/// Refuses designs that do not fit: with many folds their number grows with the square.
pub(super) fn check_memory(
    plan: &Plan,
    dataset: &Dataset,
    sources: &Sources,
) -> Result<(), Refusal> {
    let repeats = u64::from(plan.evaluation.repeats);
    let of_one_repeat = plan.n_designs() / repeats;
    // The adaptive mode holds the designs of all repeats together, and so do planted effects.
    let is_together = plan.is_adaptive() || plan.evaluation.sensitivity > 0;
    let [n_designs, n_competing] = match is_together {
        true => [
            plan.n_designs(),
            if plan.is_adaptive() {
                plan.n_designs()
            } else {
                of_one_repeat
            },
        ],
        false => [of_one_repeat; 2],
    };
    let widths = || {
        let encoders = sources.encoders.iter();
        encoders.map(|encoder| (encoder.is_control, encoder.n_features(dataset)))
    };
    // Where the best is chosen, all encoders compete at the same time.
    let together = widths().filter(|(is_control, _)| plan.evaluation.best && !is_control);
    let together: usize = together.map(|(_, width)| width).sum();
    let widest = widths().map(|(_, width)| width).max().unwrap_or(0);
    let most = [(n_designs, widest), (n_competing, together)];
    let of = |(n_designs, width): (u64, usize)| design_bytes(n_designs, dataset.n_rows(), width);
    let Some((n_designs, width)) = most.into_iter().find(|&one| of(one) > DESIGN_BYTES) else {
        return Ok(());
    };
    let message = format!(
        "{n_designs} designs of {} rows × {width} columns would take about {:.0} GB of memory, at most {:.0} GB are used",
        dataset.n_rows(),
        of((n_designs, width)) / 1e9,
        DESIGN_BYTES / 1e9
    );
    let remedy = match repeats {
        1 => "folds = 5 (15 designs), or 10 (55)",
        _ => "folds = 5 (15 designs), or 10 (55); or fewer repeats",
    };
    Err(Problem::new("[evaluation] folds", message)
        .with_try(remedy)
        .into())
}

/// Memory of designs with what a regressor factorises.
pub(crate) fn design_bytes(n_designs: u64, n_rows: usize, n_features: usize) -> f64 {
    n_designs as f64 * n_rows as f64 * n_features as f64 * BYTES_PER_NUMBER
}

/// Everything the numbers depend on; what is different refuses a resume, by name.
pub(super) fn fingerprint(
    plan: &Plan,
    dataset: &Dataset,
    sources: &Sources,
) -> Result<Value, RunError> {
    let portable = plan.portable().map_err(RunError::Fingerprint)?;
    let hashes = |named: Vec<(&str, &str)>| -> Value {
        named
            .into_iter()
            .map(|(name, hash)| (name.to_owned(), Value::from(hash)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    Ok(json!({
        "ocean-host": ocean_plugin_abi::BUILD_ID,
        "plan": portable,
        // What was computed when rows stood in the order of the file has other folds.
        "rows": "in the order of their ids",
        "data": hashes(dataset.hashes.iter().map(|(name, hash)| (name.as_str(), hash.as_str())).collect()),
        "encoders": hashes(sources.encoders.iter().map(|encoder| (encoder.name.as_str(), encoder.hash.as_str())).collect()),
        "regressors": hashes(sources.regressors.iter().map(|regressor| (regressor.name.as_str(), regressor.hash.as_str())).collect()),
    }))
}

/// What vectors show before anything is computed from them; refuses those that belong to other
/// texts.
pub(super) fn check_vectors(
    study: &Study,
    sources: &Sources,
    embedded: &[Embedded],
) -> Result<Vec<Finding>, RunError> {
    let (dataset, progress) = (&study.dataset, &study.progress);
    let mut findings = check_alignment(&study.plan, dataset, sources, embedded, progress)?;
    findings.extend(look_at_files(dataset, sources));
    findings.extend(look_at_encoded(dataset, sources, embedded));
    let encoders = sources.encoders.iter().zip(embedded);
    let servers = encoders.filter(|(encoder, _)| !encoder.is_combined());
    findings.extend(servers.filter_map(|(encoder, embedded)| {
        doctor::vectors::unsteady(&encoder.name, embedded.repeated?)
    }));
    Ok(findings)
}

/// What the data and the files of vectors show before anything is computed.
pub(super) fn look_at_files(dataset: &Dataset, sources: &Sources) -> Vec<Finding> {
    let mut findings = doctor::data::examine(dataset);
    for encoder in &sources.encoders {
        if let Some((x, columns)) = encoder.precomputed() {
            findings.extend(doctor::vectors::examine(
                dataset,
                &Vectors {
                    encoder: &encoder.name,
                    x,
                    columns,
                    is_precomputed: true,
                },
            ));
        }
    }
    findings
}

/// The same of vectors that plugins made.
fn look_at_encoded(dataset: &Dataset, sources: &Sources, embedded: &[Embedded]) -> Vec<Finding> {
    let encoders = sources.encoders.iter().zip(embedded);
    encoders
        .filter(|(encoder, _)| !encoder.is_control && !encoder.is_combined())
        .filter(|(encoder, _)| encoder.precomputed().is_none())
        .flat_map(|(encoder, embedded)| {
            let vectors = Vectors {
                encoder: &encoder.name,
                x: &embedded.x,
                columns: &[],
                is_precomputed: false,
            };
            doctor::vectors::examine(dataset, &vectors)
        })
        .collect()
}

/// Refuses files of vectors that do not belong to their texts; says so of plugins. An encoder whose
/// vectors are not there yet (no rows) is passed over.
pub(crate) fn check_alignment(
    plan: &Plan,
    dataset: &Dataset,
    sources: &Sources,
    embedded: &[Embedded],
    progress: &Progress,
) -> Result<Vec<Finding>, RunError> {
    if !dataset.has_texts() {
        return Ok(Vec::new());
    }
    let characters: Vec<usize> = dataset
        .joined_texts()
        .iter()
        .map(|text| text.chars().count())
        .collect();
    let lexical = sources
        .encoders
        .iter()
        .position(Encoder::is_lexical)
        .map(|at| &embedded[at].x)
        .filter(|x| x.nrows() > 0);
    let seed = ocean_engine::seed::Seed(plan.study.seed);
    let examined: Vec<usize> = (0..embedded.len())
        .filter(|&at| sources.encoders[at].is_examined() && embedded[at].x.nrows() > 0)
        .collect();
    let stage = progress.stage("do vectors fit texts?", examined.len() as u64);
    let mut findings = Vec::new();
    for at in examined {
        let encoder = &sources.encoders[at];
        let measured = Alignment::measure(
            &embedded[at].x,
            &characters,
            lexical,
            &dataset.file_rows,
            seed,
        );
        stage.add(1);
        let alignment = match measured {
            Ok(Some(alignment)) => alignment,
            Ok(None) => continue,
            Err(error) => {
                progress.warn(&format!(
                    "encoder `{}` could not be examined: {error}",
                    encoder.name
                ));
                continue;
            }
        };
        if alignment.is_misaligned() && encoder.must_be_aligned() {
            let problem = Problem::new(
                format!("encoder `{}`", encoder.name),
                format!(
                    "these vectors do not belong to these texts\n  {}",
                    alignment.seen(&encoder.name)
                ),
            );
            let remedy = "check the ids file against the order in which the vectors were written; allow_misaligned = true under this [[encoder]] runs all the same";
            return Err(Refusal::from(problem.with_try(remedy)).into());
        }
        match encoder.precomputed() {
            Some(_) => findings.extend(alignment.findings(&encoder.name)),
            None => findings.extend(alignment.finding_on_plugin(&encoder.name)),
        }
    }
    stage.finish();
    Ok(findings)
}
