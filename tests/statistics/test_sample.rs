//! A test sample: the model against scikit-learn's, and p where there is nothing to find.

use nalgebra::DMatrix;
use ocean_engine::best::Contender;
use ocean_engine::design::Layout;
use ocean_engine::inference::multiplicity::permutation_p;
use ocean_engine::nested::Tuning;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::regressor::Regressor;
use ocean_engine::score::r2;
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;
use ocean_engine::test_sample::{Predicted, TestCell, permuted_r2, predict_others};
use ocean_host::commands::selfcheck::data::{by_group, groups_of, noise};
use ocean_host::commands::selfcheck::study::Study;
use ocean_tests::ridge::PluginRidge;

use crate::fixture::{golden, matrix, numbers, whole_numbers};
use crate::ridge::both_with;
use crate::uniformity::{Uniformity, n_data_sets, simulate};

/// Ridge predictions of two solvers, as in [`crate::golden`].
const SAME_FIT: f64 = 1e-9;

fn predicted(study: &Study, ridge: &dyn Regressor, x_new: &DMatrix<f64>) -> Predicted {
    predicted_by(study.layout(), study, ridge, x_new)
}

fn predicted_by(
    layout: Layout,
    study: &Study,
    ridge: &dyn Regressor,
    x_new: &DMatrix<f64>,
) -> Predicted {
    let contenders = [Contender {
        layout,
        regressors: &[(ridge, Tuning::PLAIN)],
    }];
    let targets = study.targets().unwrap();
    let row_set = targets.row_sets().remove(0);
    predict_others(&contenders, (&targets, &row_set), &[x_new]).unwrap()
}

#[test]
fn the_model_of_all_training_rows_agrees_with_scikit_learn() {
    let file = golden("designs.json");
    let case = &file["test_sample"];
    let y = numbers(&case["y"]);
    let targets = DMatrix::from_column_slice(y.len(), 1, &y);
    let fold = whole_numbers(&case["fold"]);
    let study = Study::with_folds(matrix(&case["x"]), targets, vec![fold]).unwrap();
    for (name, ridge) in both_with(&numbers(&file["penalties"])) {
        let found = predicted(&study, &*ridge, &matrix(&case["x_test"]));
        assert_eq!(Some(found.fits[0].alpha), case["alpha"].as_f64(), "{name}");
        assert!((found.y_bar[0] - case["y_bar"].as_f64().unwrap()).abs() < SAME_FIT);
        let y_hat = found.y_hat.column(0);
        for (got, expected) in y_hat.iter().zip(numbers(&case["y_hat"])) {
            assert!(
                (got - expected).abs() < SAME_FIT,
                "{name}: {got} {expected}"
            );
        }
        let y_test = numbers(&case["y_test"]);
        let y_bar = vec![found.y_bar[0]; y_test.len()];
        let r2_test = r2(&y_test, y_hat.as_slice(), &y_bar).unwrap();
        assert!(
            (r2_test - case["r2_test"].as_f64().unwrap()).abs() < SAME_FIT,
            "{name}"
        );
    }
}

#[test]
fn blocks_of_columns_that_count_alike_agree_with_scikit_learn() {
    let file = golden("designs.json");
    let case = &file["side_by_side"];
    let y = numbers(&case["y"]);
    let targets = DMatrix::from_column_slice(y.len(), 1, &y);
    let fold = whole_numbers(&case["fold"]);
    let study = Study::with_folds(matrix(&case["x"]), targets, vec![fold]).unwrap();
    let weights = numbers(&case["weights"]);
    for (name, ridge) in both_with(&numbers(&file["penalties"])) {
        let layout = Layout {
            weights: Some(&weights),
            ..study.layout()
        };
        let found = predicted_by(layout, &study, &*ridge, &matrix(&case["x_test"]));
        assert_eq!(Some(found.fits[0].alpha), case["alpha"].as_f64(), "{name}");
        for (got, expected) in found.y_hat.iter().zip(numbers(&case["y_hat"])) {
            assert!(
                (got - expected).abs() < SAME_FIT,
                "{name}: {got} {expected}"
            );
        }
    }
}

#[test]
fn p_of_a_given_model_is_uniform_with_groups_too() {
    const M: usize = 99;
    for size in [1, 3] {
        let p = simulate("test sample", n_data_sets(400), |stream, index| {
            // A model of something: the test rows have nothing to do with it.
            let (x, y) = (noise(40, 5, stream), noise(40, 1, stream));
            let y = y + x.columns(0, 1);
            let study = Study::new(x, y, 4, index).unwrap();
            let groups = groups_of(42, size);
            let own = if size > 1 { 0.5 } else { 0.0 };
            let of_test = |n_columns, stream: &mut _| match size {
                1 => noise(42, n_columns, stream),
                _ => by_group(&groups, n_columns, own, stream),
            };
            let (x_new, y_new) = (of_test(5, stream), of_test(1, stream));
            let found = predicted(&study, &PluginRidge, &x_new);
            let targets = Targets::new(y_new).unwrap();
            let seed = Seed(index);
            let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, seed);
            let y_hat = found.y_hat.column(0);
            let cell = TestCell {
                target: 0,
                y_hat: y_hat.as_slice(),
                y_bar: found.y_bar[0],
            };
            let r2 = permuted_r2(&targets, &[cell], &scheme.unwrap(), M).unwrap();
            permutation_p(r2.as_view())[0].p
        });
        let uniformity = Uniformity::of(&p, M);
        uniformity.print(&format!("a given model on test groups of {size}"));
        assert!(uniformity.holds());
    }
}
