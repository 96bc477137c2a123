//! Each finding on data that has the fault and on data that has not.

use ocean_engine::doctor::influence::Concentrated;
use ocean_engine::doctor::raters::Stranger;
use ocean_report::model::{CellResult, TargetSummary};

use super::*;
use crate::judge::doctor::facts::{
    JoinedGroups, NearDuplicates, StrongGrid, UndeclaredGroup, ValueBySize,
};
use crate::judge::doctor::{LENGTH, RANDOM, RANDOM_GROUP};

pub(super) fn cell(encoder: &str, r2: f64) -> CellResult {
    CellResult {
        encoder: encoder.to_owned(),
        regressor: "ridge".to_owned(),
        target: "openness".to_owned(),
        r2,
        p: Some(0.001),
        p_fwer: Some(0.001),
        folds: 5,
        repeats: 1,
        ..CellResult::default()
    }
}

fn codes(
    change: impl FnOnce(&mut Vec<CellResult>),
    grids: &[String],
    values: &[f64],
    duplicates: (usize, bool),
) -> Vec<String> {
    let mut cells = vec![cell("a", 0.2), cell("b", 0.3)];
    change(&mut cells);
    let control_p: Vec<Option<f64>> = cells
        .iter()
        .map(|cell| cell.p.filter(|_| cell.is_control))
        .collect();
    let facts = Facts {
        cells: &cells,
        control_p: &control_p,
        targets: &[(
            TargetSummary {
                name: "openness".to_owned(),
                ..TargetSummary::default()
            },
            values,
        )],
        absolute_grids: grids,
        duplicate_texts: duplicates,
        ..Facts::default()
    };
    examine(&facts)
        .into_iter()
        .map(|finding| finding.code)
        .collect()
}

const SOUND: [f64; 4] = [1.0, 2.0, 3.0, 4.0];

#[test]
fn sound_data_has_no_finding() {
    assert!(codes(|_| {}, &["ridge".to_owned()], &SOUND, (0, true)).is_empty());
}

#[test]
fn each_fault_has_its_finding_and_only_that() {
    let grid = ["ridge".to_owned()];
    assert_eq!(
        codes(|c| c[0].empty_fits = 5, &[], &SOUND, (0, true)),
        ["empty-fits"]
    );
    assert_eq!(
        codes(|c| c[1].r2 = 0.2 + 1e-12, &[], &SOUND, (0, true)),
        ["equal-scores"]
    );
    assert_eq!(
        codes(|c| c[0].grid_edge_fits = 3, &grid, &SOUND, (0, true)),
        ["grid-edge"]
    );
    assert_eq!(
        codes(|c| c[0].grid_edge_fits = 3, &[], &SOUND, (0, true)),
        [""; 0]
    );
    assert_eq!(
        codes(|c| c[0].unconverged_fits = 1, &[], &SOUND, (0, true)),
        ["unconverged"]
    );
    assert_eq!(
        codes(|_| {}, &[], &[1.0, 1.0, 1.0, 1.0, 2.0], (0, true)),
        ["nearly-constant"]
    );
    assert_eq!(codes(|_| {}, &[], &SOUND, (4, false)), ["duplicate-texts"]);
    assert_eq!(
        codes(|c| c[0].p_fwer = Some(0.048), &[], &SOUND, (0, true)),
        ["borderline"]
    );
    let random = |c: &mut Vec<CellResult>| {
        c.push(CellResult {
            is_control: true,
            ..cell(RANDOM, 0.1)
        })
    };
    assert_eq!(codes(random, &[], &SOUND, (0, true)), ["random-control"]);
    let length = |c: &mut Vec<CellResult>| {
        c.push(CellResult {
            is_control: true,
            ..cell(LENGTH, 0.1)
        })
    };
    assert_eq!(codes(length, &[], &SOUND, (0, true)), ["length-predicts"]);
}

#[test]
fn wholly_empty_models_are_serious_and_come_first() {
    let mut cells = vec![cell("a", 0.0), cell("b", 0.0)];
    cells.iter_mut().for_each(|cell| cell.empty_fits = 5);
    let control_p: Vec<Option<f64>> = cells
        .iter()
        .map(|cell| cell.p.filter(|_| cell.is_control))
        .collect();
    let facts = Facts {
        cells: &cells,
        control_p: &control_p,
        n_permutations: 99,
        blank_texts: 2,
        ..Facts::default()
    };
    let findings = examine(&facts);
    assert_eq!(findings[0].severity, Severity::Serious);
    assert_eq!(findings[0].code, "empty-fits");
    assert!(
        findings
            .iter()
            .any(|finding| finding.code == "equal-scores")
    );
}

#[test]
fn a_link_of_value_and_size_is_told_and_when_notable_warned_of() {
    let said = |rho: f64, are_groups_rows: bool| {
        let facts = Facts {
            n_rows: 65,
            value_by_size: &[ValueBySize {
                target: "mood".to_owned(),
                rho,
                n_groups: 65,
            }],
            are_groups_rows,
            ..Facts::default()
        };
        let finding = examine(&facts).remove(0);
        assert!(finding.seen.contains(&format!("mood {rho:.2} (65 groups)")));
        (finding.code, finding.severity)
    };
    // The limit for 65 groups is 1.96/8 = .245.
    let of_groups = |rho| said(rho, true);
    assert_eq!(
        of_groups(0.24),
        ("value-by-size".to_owned(), Severity::Note)
    );
    assert_eq!(
        of_groups(-0.25),
        ("value-by-size".to_owned(), Severity::Warning)
    );
    let blocks = said(0.25, false);
    assert_eq!(blocks, ("one-value-a-group".to_owned(), Severity::Note));
}

/// The codes of what is found in `facts` besides nothing.
pub(super) fn found(facts: &Facts) -> Vec<String> {
    examine(facts)
        .into_iter()
        .map(|finding| finding.code)
        .collect()
}

#[test]
fn what_is_measured_beside_the_cells_has_its_finding_past_its_limit_and_none_below() {
    let cells = [CellResult {
        n_train: 80.0,
        ..cell("a", 0.2)
    }];
    let concentrated = |share: f64, r2_without: f64| {
        [(
            0,
            Concentrated {
                n_rows: 1,
                share,
                r2_without,
            },
        )]
    };
    let with = |concentrated: &[(usize, Concentrated)]| {
        found(&Facts {
            cells: &cells,
            concentrated,
            ..Facts::default()
        })
    };
    assert_eq!(with(&concentrated(0.6, 0.1)), ["few-rows-decide"]);
    assert_eq!(with(&concentrated(0.3, -0.1)), ["few-rows-decide"]);
    assert_eq!(with(&concentrated(0.3, 0.1)), [""; 0]);

    let tails = |kurtosis: f64, r2: f64| {
        let cells = [CellResult {
            r2_ranks: Some(0.31),
            ..cell("a", r2)
        }];
        let facts = Facts {
            cells: &cells,
            tails: &[(0, kurtosis)],
            ..Facts::default()
        };
        examine(&facts)
    };
    let heavy = tails(4.1, 0.1).remove(0);
    assert_eq!(
        (heavy.code.as_str(), heavy.severity),
        ("heavy-tails", Severity::Note)
    );
    assert!(
        heavy.seen.contains("4.1") && heavy.seen.ends_with("r2 is .100, and .310 of the ranks."),
        "{}",
        heavy.seen
    );
    assert!(tails(3.9, 0.1).is_empty() && tails(4.1, 0.09).is_empty());

    let fewer = |r2: f64| {
        examine(&Facts {
            cells: &cells,
            at_fewer_rows: &[(0, r2)],
            ..Facts::default()
        })
        .remove(0)
    };
    assert!(
        fewer(0.15).meaning.contains("still growing")
            && fewer(0.199).meaning.contains("hardly grows")
    );
    assert!(
        fewer(0.15)
            .seen
            .ends_with("with 80 training rows and was .150 with 60."),
        "{:?}",
        fewer(0.15)
    );

    let near = |n_rows| {
        found(&Facts {
            near_duplicates: Some(NearDuplicates {
                n_rows,
                n_compared: 9,
            }),
            ..Facts::default()
        })
    };
    assert_eq!(
        (near(2), near(0)),
        (vec!["near-duplicates".to_owned()], Vec::new())
    );

    let joined = |n_left| {
        found(&Facts {
            joined_groups: Some(JoinedGroups {
                n_declared: 136,
                n_left,
                largest: (5, 9),
            }),
            ..Facts::default()
        })
    };
    assert_eq!(
        (joined(94), joined(136)),
        (vec!["joined-groups".to_owned()], Vec::new())
    );

    let locked = |locked| {
        found(&Facts {
            locked,
            ..Facts::default()
        })
    };
    assert_eq!(
        (locked(0.8), locked(0.2)),
        (vec!["locked-rows".to_owned()], Vec::new())
    );

    let grid = StrongGrid {
        regressor: "ridge".into(),
        encoder: "a".into(),
        weakest: 1e300,
        limit: 2e5,
    };
    assert_eq!(
        found(&Facts {
            strong_grids: &[grid],
            ..Facts::default()
        }),
        ["grid-too-strong"]
    );
    let column = UndeclaredGroup {
        column: "author".into(),
        n_groups: 20,
        target: "mood".into(),
        icc: 0.4,
    };
    assert_eq!(
        found(&Facts {
            undeclared: &[column],
            ..Facts::default()
        }),
        ["undeclared-groups"]
    );
    let stranger = Stranger {
        rater: 1,
        r: 0.0,
        r_of_others: 0.5,
    };
    assert_eq!(
        found(&Facts {
            strangers: &[("mood".into(), "b".into(), stranger)],
            ..Facts::default()
        }),
        ["rater-joined-wrongly"]
    );
    assert_eq!(
        found(&Facts {
            shifted: &[("a".into(), -1)],
            ..Facts::default()
        }),
        ["shifted-rows"]
    );
    let wide = [CellResult {
        feature_sample_ratio: 1.2,
        ..cell("a", 0.2)
    }];
    assert_eq!(
        found(&Facts {
            cells: &wide,
            ..Facts::default()
        }),
        ["more-columns-than-rows"]
    );
}

#[test]
fn values_that_are_no_scores_are_told_apart_from_scores() {
    let with = |values: &[f64], mean: f64, sd: f64| {
        let summary = TargetSummary {
            name: "y".to_owned(),
            mean,
            sd,
            ..TargetSummary::default()
        };
        found(&Facts {
            targets: &[(summary, values)],
            ..Facts::default()
        })
    };
    assert_eq!(
        with(&[1.0, 4.0, -999.0, 2.0, 3.0], 1.0, 1.0),
        ["missing-code"]
    );
    assert_eq!(with(&[0.0, 1.0, 1.0, 0.0], 0.5, 0.5), ["few-values"]);
    assert_eq!(
        with(&[1e9, 1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0], 1e9, 1.3),
        ["tiny-spread"]
    );
    assert_eq!(with(&SOUND, 2.5, 1.3), [""; 0]);
}

#[test]
fn missing_values_make_the_adjustment_approximate_only_where_targets_lack_different_rows() {
    let nan = f64::NAN;
    let meaning = |one: &[f64], other: &[f64]| {
        let summary = |name: &str, values: &[f64]| TargetSummary {
            name: name.to_owned(),
            n_missing: values.iter().filter(|value| value.is_nan()).count(),
            mean: 2.5,
            sd: 1.0,
            ..TargetSummary::default()
        };
        let targets = [(summary("a", one), one), (summary("b", other), other)];
        let facts = Facts {
            targets: &targets,
            ..Facts::default()
        };
        examine(&facts).remove(0).meaning
    };
    let different = meaning(&[1.0, 2.0, 3.0, 4.0, nan], &[nan, 2.0, 3.0, 4.0, 5.0]);
    assert!(
        different.contains(ocean_report::wording::UNEQUAL_ROWS),
        "{different}"
    );
    let same = meaning(&[1.0, 2.0, 3.0, 4.0, nan], &[5.0, 2.0, 3.0, 4.0, nan]);
    assert!(!same.contains("maxT"), "{same}");
}

#[test]
fn long_lists_end_in_a_number() {
    let targets: Vec<(TargetSummary, &[f64])> = (0..22)
        .map(|at| {
            (
                TargetSummary {
                    name: format!("t{at}"),
                    n_missing: 3,
                    mean: 2.5,
                    sd: 1.0,
                    ..TargetSummary::default()
                },
                &SOUND[..],
            )
        })
        .collect();
    let missing = examine(&Facts {
        targets: &targets,
        ..Facts::default()
    })
    .remove(0);
    assert!(
        missing.seen.ends_with("t4 (3) and 17 more."),
        "{}",
        missing.seen
    );
    let one = examine(&Facts {
        targets: &targets[..1],
        ..Facts::default()
    })
    .remove(0);
    assert!(
        one.seen
            .starts_with("Rows without a value were left out of 1 target: t0 (3)."),
        "{}",
        one.seen
    );
}

#[test]
fn noise_that_predicts_is_serious_only_where_equal_texts_cross_folds() {
    for (control, across) in [(RANDOM, (6, 0)), (RANDOM_GROUP, (0, 6))] {
        let cells = [CellResult {
            is_control: true,
            ..cell(control, 0.1)
        }];
        let said = |across_folds: (usize, usize)| {
            let facts = Facts {
                cells: &cells,
                control_p: &[Some(0.03)],
                across_folds,
                ..Facts::default()
            };
            examine(&facts).remove(0)
        };
        let memory = said(across);
        assert_eq!(memory.severity, Severity::Serious);
        assert!(memory.seen.contains("6 rows") && memory.meaning.contains("memory"));
        // What crosses folds is not what this control knows.
        for chance in [said((0, 0)), said((across.1, across.0))] {
            assert_eq!(chance.severity, Severity::Note);
            assert!(chance.seen.contains("no equal"), "{}", chance.seen);
            assert!(
                chance
                    .meaning
                    .starts_with("By chance that happens in 1 of 20 studies")
            );
        }
    }
}

#[test]
fn blank_texts_are_told_with_what_is_left_of_length_among_the_others() {
    let cells = [
        cell("a", 0.2),
        CellResult {
            is_control: true,
            p: Some(0.5),
            ..cell(LENGTH, 0.31)
        },
    ];
    let facts = Facts {
        cells: &cells,
        control_p: &[None, Some(0.5)],
        blank_texts: 16,
        n_texts: 80,
        among_texts: &[(0, 0.15), (1, 0.01)],
        ..Facts::default()
    };
    let mut said = examine(&facts).into_iter();
    let blank = said.find(|one| one.code == "blank-texts").unwrap();
    assert!(
        blank
            .seen
            .starts_with("16 of 80 texts are empty or blank. `length` has r2 .310 for `openness`, .010 among the other texts; `a` has r2 .200"),
        "{}",
        blank.seen
    );
}
