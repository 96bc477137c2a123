//! The pieces of six rows: which there are, what their numbers are, and what becomes of those that
//! fail.

use super::super::fixture::{Evaluated, R2, Tenth};
use super::*;

fn one() -> Evaluated {
    Evaluated::new(&[], &["near"], vec![Tenth::new()])
}

fn encoders(results: &[PieceResult]) -> Vec<&str> {
    results.iter().map(|of| of.id.encoder.as_str()).collect()
}

#[test]
fn controls_get_fewer_permutations_and_only_length_an_interval() {
    let six = Evaluated::new(
        &["evaluation.permutations=999", "evaluation.fold_redraws=2"],
        &["near"],
        vec![Tenth::new()],
    );
    six.with(|evaluator| {
        let id = |role, encoder: &str| PieceId {
            role,
            encoder: encoder.to_owned(),
            regressor: "tenth".to_owned(),
            row_set: 0,
        };
        let near = evaluator.work(&id(Role::Encoder, "near"));
        assert_eq!((near.n_permutations, near.fold_redraws), (999, 2));
        assert!(near.jackknife && near.sensitivity_draws == 200);
        assert_eq!(evaluator.work(&id(Role::Best, "near")), near);
        let length = evaluator.work(&id(Role::Control, LENGTH));
        assert_eq!((length.n_permutations, length.fold_redraws), (199, 0));
        assert!(length.jackknife && length.sensitivity_draws == 0);
        assert!(!evaluator.work(&id(Role::Control, "random")).jackknife);
    });
}

#[test]
fn every_piece_has_the_r2_that_follows_by_hand() {
    let six = Evaluated::new(
        &["evaluation.best=true"],
        &["near", "far"],
        vec![Tenth::new()],
    );
    let (results, failed) = six.with(|evaluator| evaluator.compute(&six.embedded).unwrap());
    assert!(failed.is_empty());
    assert_eq!(encoders(&results), ["near", "far", LENGTH, "(best)"]);
    for result in &results {
        let r2 = result.piece.statistics.column(0);
        assert_eq!(r2.len(), 40);
        assert!((r2[0] - R2).abs() < 1e-12);
        assert_eq!(result.n_features, 1);
        // Four of the six rows train.
        assert_eq!(result.piece.n_train, 4.0);
    }
    assert_eq!(results[3].candidates, ["near × tenth", "far × tenth"]);
    assert!(results[0].candidates.is_empty());
    // What was chosen from several has no l1_ratio of its own.
    assert_eq!(
        (&results[0].l1_ratios[..], &results[3].l1_ratios[..]),
        (&[0.5][..], &[][..])
    );
}

#[test]
fn what_is_kept_is_taken_from_there() {
    let six = one();
    let compute = || six.with(|evaluator| evaluator.compute(&six.embedded).unwrap().0);
    let first = compute();
    let n_kept = six.journal.n_found();
    let again = compute();
    assert_eq!(six.journal.n_found(), n_kept);
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(first.piece.statistics, again.piece.statistics);
    }
}

#[test]
fn a_piece_that_fails_costs_its_cells_and_not_the_run() {
    let regressors = vec![Tenth::new(), Tenth::failing()];
    let six = Evaluated::new(&[], &["near"], regressors);
    let (results, failed) = six.with(|evaluator| evaluator.compute(&six.embedded).unwrap());
    assert_eq!(encoders(&results), ["near", LENGTH]);
    let [cell] = &failed[..] else {
        panic!("{failed:?}");
    };
    assert_eq!(
        (cell.regressor.as_str(), cell.target.as_str()),
        ("failing", "mood")
    );
    assert!(
        cell.reason.contains("preparing (design of split"),
        "{}",
        cell.reason
    );
}

#[test]
fn without_any_cell_of_the_family_there_is_no_run() {
    let six = Evaluated::new(&[], &["near"], vec![Tenth::failing()]);
    let error = six.with(|evaluator| evaluator.compute(&six.embedded).err().unwrap());
    assert!(matches!(error, RunError::NoCell { reason } if reason.contains("no")));
}

#[test]
fn what_failed_elsewhere_is_not_tried_again() {
    let mut six = Evaluated::new(&[], &["near", "far"], vec![Tenth::new()]);
    let of_far = "far/0/tenth".to_owned();
    six.failed_elsewhere
        .insert(of_far, "out of memory".to_owned());
    let (results, failed) = six.with(|evaluator| evaluator.compute(&six.embedded).unwrap());
    assert_eq!(encoders(&results), ["near", LENGTH]);
    assert_eq!(
        (failed[0].encoder.as_str(), failed[0].reason.as_str()),
        ("far", "out of memory")
    );
}

#[test]
fn an_encoder_without_vectors_leaves_its_cells_and_no_best_of_all() {
    let mut six = Evaluated::new(&["evaluation.best=true"], &["near"], vec![Tenth::new()]);
    six.unembedded = vec![("far".to_owned(), "it crashed".to_owned())];
    six.with(|evaluator| {
        let (results, failed) = evaluator.compute(&six.embedded).unwrap();
        assert_eq!(encoders(&results), ["near", LENGTH]);
        assert_eq!(
            failed[0].reason,
            "encoder `far` made no vectors: it crashed"
        );
        let [cell] = &evaluator.without_vectors()[..] else {
            panic!("one regressor, one target");
        };
        assert_eq!(
            (cell.encoder.as_str(), cell.reason.as_str()),
            ("far", "it crashed")
        );
    });
}

#[test]
fn an_interruption_ends_the_run_and_is_no_failure_of_a_piece() {
    let six = Evaluated::new(&[], &["near"], vec![Tenth::failing()]);
    six.study.interrupted.store(true, Ordering::Relaxed);
    let error = six.with(|evaluator| evaluator.compute(&six.embedded).err().unwrap());
    assert!(matches!(error, RunError::Interrupted));
}

#[test]
fn effects_are_planted_for_encoders_and_not_for_controls_or_the_best() {
    let sets = ["evaluation.best=true", "evaluation.sensitivity=20"];
    let six = Evaluated::new(&sets, &["near"], vec![Tenth::new()]);
    six.with(|evaluator| {
        let (mut results, _) = evaluator.compute(&six.embedded).unwrap();
        evaluator.plant(&six.embedded, &mut results).unwrap();
        assert_eq!(encoders(&results), ["near", LENGTH, "(best)"]);
        assert!(matches!(results[0].sensitivity, Detectable::Planted(_)));
        for other in &results[1..] {
            assert!(matches!(other.sensitivity, Detectable::Unasked));
        }
    });
}

#[test]
fn a_recipe_that_fails_on_planted_effects_keeps_its_other_numbers() {
    let tenth = Tenth::new();
    let fails = std::sync::Arc::clone(&tenth.fails);
    let six = Evaluated::new(&["evaluation.sensitivity=20"], &["near"], vec![tenth]);
    six.with(|evaluator| {
        let (mut results, _) = evaluator.compute(&six.embedded).unwrap();
        fails.store(true, Ordering::Relaxed);
        evaluator.plant(&six.embedded, &mut results).unwrap();
        assert!(
            matches!(&results[0].sensitivity, Detectable::Failed(reason) if !reason.is_empty())
        );
        assert!((results[0].piece.statistics[(0, 0)] - R2).abs() < 1e-12);
    });
}

#[test]
fn the_seconds_of_a_phase_end_where_the_next_begins() {
    let (six, interrupted) = (one(), AtomicBool::new(false));
    let stage = six.study.progress.stage("test", 1);
    let watched = Watched::new(&stage, &interrupted);
    watched.begin(Phase::Permutations);
    std::thread::sleep(std::time::Duration::from_millis(2));
    watched.begin(Phase::Jackknife);
    let durations = watched.durations();
    assert!(durations.permutations_s >= 0.002);
    assert_eq!((durations.redraws_s, durations.sensitivity_s), (0.0, 0.0));
    // Nothing runs any more.
    assert_eq!(watched.durations().intervals_s, durations.intervals_s);
    assert!(!watched.is_stopped());
    interrupted.store(true, Ordering::Relaxed);
    assert!(watched.is_stopped());
}
