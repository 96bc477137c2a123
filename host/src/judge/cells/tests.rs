//! Two recipes and a control on six rows, every number by hand.

use nalgebra::DMatrix;
use ocean_engine::inference::verdict::Verdict;
use ocean_engine::nested::{Fit, OutOfFold};
use ocean_engine::regressor::FitInfo;

use super::*;
use crate::plan::labels::LENGTH;
use crate::run::Role;

/// Three folds of two rows; y = 0, 2, …, 10.
struct Six {
    targets: Targets,
    row_sets: Vec<RowSet>,
    folds: Folds,
    groups: Groups,
    names: Vec<String>,
}

impl Six {
    fn new() -> Self {
        let y = DMatrix::from_fn(6, 1, |row, _| 2.0 * row as f64);
        let targets = Targets::new(y).unwrap();
        Self {
            row_sets: targets.row_sets(),
            targets,
            folds: Folds::from_assignment(vec![vec![0, 1, 2, 0, 1, 2]], 3).unwrap(),
            groups: Groups::singletons(6),
            names: vec!["mood".to_owned()],
        }
    }

    fn common(&self) -> Common<'_> {
        Common {
            targets: &self.targets,
            target_names: &self.names,
            row_sets: &self.row_sets,
            folds: &self.folds,
            groups: &self.groups,
            is_grouped: false,
            level: 0.05,
            smallest_effect: None,
            n_permutations: 3,
            is_adaptive: false,
            rating_error: &[None],
            ratings: &[None],
        }
    }
}

/// Predictions that are `off` beside y, against a baseline of 5; with the statistics given.
fn result(role: Role, encoder: &str, off: f64, statistics: [f64; 4]) -> PieceResult {
    let fit = |step: usize| Fit {
        step,
        variant: 0,
        alpha: [1.0, 4.0, 2.0][step],
        info: FitInfo {
            n_nonzero: Some(2),
            ..FitInfo::default()
        },
        is_empty: false,
        at_grid_edge: step == 0,
        inner_sse: 1.0,
        candidate: 0,
    };
    PieceResult {
        id: PieceId {
            role,
            encoder: encoder.to_owned(),
            regressor: "ridge".to_owned(),
            row_set: 0,
        },
        n_features: 8,
        candidates: Vec::new(),
        l1_ratios: Vec::new(),
        piece: Piece {
            observed: vec![OutOfFold {
                y_hat: DMatrix::from_fn(6, 1, |row, _| 2.0 * row as f64 + off),
                y_bar: DMatrix::from_element(6, 1, 5.0),
                fits: (0..3).map(|split| vec![fit(split)]).collect(),
                paths: None,
            }],
            statistics: DMatrix::from_column_slice(4, 1, &statistics),
            slot_zero: Vec::new(),
            jackknife: None,
            redraws: None,
            ranks: None,
            n_train: 4.0,
            n_constant: 0,
        },
        durations: Durations::default(),
        sensitivity: Detectable::NoCriticalValue,
        responses: Vec::new(),
    }
}

fn assembled() -> Cells {
    let six = Six::new();
    // Σ(y − 5)² = 70: off by 1 everywhere is r2 = 1 − 6/70, by 2 it is 1 − 24/70.
    let pieces = [
        result(Role::Encoder, "near", 1.0, [64.0 / 70.0, 0.1, -0.2, 0.3]),
        result(Role::Encoder, "far", 2.0, [46.0 / 70.0, 0.9, -0.1, 0.8]),
        result(Role::Control, LENGTH, 2.0, [46.0 / 70.0, 0.2, 0.7, 0.1]),
    ];
    assemble(&six.common(), &pieces).unwrap()
}

#[test]
fn scores_and_fits_of_a_cell_by_hand() {
    let cells = assembled();
    let near = &cells.results[0];
    let is = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
    is(near.r2, 64.0 / 70.0);
    is(near.rmse, 1.0);
    is(near.mae, 1.0);
    is(near.rmse_baseline, (70.0f64 / 6.0).sqrt());
    assert_eq!((near.n, near.n_train, near.n_features), (6, 4.0, 8));
    assert_eq!(near.alpha_median, Some(2.0));
    assert_eq!(near.nonzero_median, Some(2.0));
    assert_eq!(near.sparsity, Some(0.75));
    assert_eq!((near.empty_fits, near.grid_edge_fits), (0, 1));
    is(near.null_mean.unwrap(), 0.2 / 3.0);
    // Six rows are too few for an interval, and three permutations for a critical value.
    assert_eq!((near.se, near.ci_low, near.mde80), (None, None, None));
    assert_eq!(near.verdict, Some(Verdict::TooFew));
    assert_eq!(near.notes, "no mde80: too few permutations for the level");
}

#[test]
fn ranks_have_their_r2_or_a_note_why_not() {
    let six = Six::new();
    let with = |ranks| {
        let mut piece = result(Role::Encoder, "near", 1.0, [64.0 / 70.0, 0.1, -0.2, 0.3]);
        piece.piece.ranks = ranks;
        let row = assemble(&six.common(), &[piece]).unwrap().results.remove(0);
        (row.r2_ranks, row.notes)
    };
    let no_mde80 = "no mde80: too few permutations for the level";
    assert_eq!(with(None), (None, no_mde80.to_owned()));
    assert_eq!(
        with(Some(Ok(vec![0.25]))),
        (Some(0.25), no_mde80.to_owned())
    );
    let (r2, notes) = with(Some(Err(ocean_engine::EngineError::Cancelled)));
    assert_eq!(r2, None);
    assert!(notes.starts_with("no r2_ranks: "), "{notes}");
}

#[test]
fn p_is_adjusted_over_the_family_and_a_control_stays_outside() {
    let cells = assembled();
    let [near, far, length] = &cells.results[..] else {
        panic!("three cells");
    };
    // None of three permutations reaches .914; two reach .657.
    assert_eq!((near.p, far.p), (Some(0.25), Some(0.75)));
    assert_eq!(near.p_floor, Some(0.25));
    // Holm: twice the smaller, and then at least that.
    assert_eq!((near.p_holm, far.p_holm), (Some(0.5), Some(0.75)));
    assert_eq!(near.correction, Some(Correction::MaxT));
    assert!(near.p_fwer >= near.p && far.p_fwer >= near.p_fwer);
    assert!(length.is_control && length.p == Some(0.5));
    assert_eq!((length.p_fwer, length.verdict), (None, None));
    assert_eq!(cells.control_p, [None, None, Some(0.5)]);
    assert!((near.gain_over_length.unwrap() - 18.0 / 70.0).abs() < 1e-12);
    assert_eq!(length.gain_over_length, None);
}

#[test]
fn cells_are_family_first_and_their_columns_are_those_of_the_null() {
    let six = Six::new();
    let pieces = [
        result(Role::Control, LENGTH, 2.0, [0.4, 0.1, 0.2, 0.3]),
        result(Role::Encoder, "near", 1.0, [0.5, 0.6, 0.7, f64::NAN]),
    ];
    let cells = assemble(&six.common(), &pieces).unwrap();
    let encoders: Vec<&str> = cells.results.iter().map(|cell| &*cell.encoder).collect();
    assert_eq!(encoders, ["near", LENGTH]);
    assert_eq!(cells.origin, [(1, 0), (0, 0)]);
    assert_eq!(
        cells.statistics.columns(0, 2).rows(0, 3),
        DMatrix::from_row_slice(3, 2, &[0.5, 0.4, 0.6, 0.1, 0.7, 0.2])
    );
    // Below the last permutation stands NaN, which no draw is.
    assert_eq!(draws(&cells.statistics, 0), [0.6, 0.7]);
}
