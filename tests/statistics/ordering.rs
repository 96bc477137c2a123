//! AUC, balanced accuracy and Spearman's r: against scikit-learn and SciPy, and how often the
//! interval of AUC holds the truth.

use nalgebra::DMatrix;
use ocean_engine::ordering::{Auc, balanced_accuracy, spearman_r};
use ocean_engine::score::HeldOut;
use ocean_engine::seed::Stream;
use ocean_host::commands::selfcheck::data::{by_group, groups_of, noise};
use ocean_host::commands::selfcheck::study::Study;
use ocean_tests::ridge::PluginRidge;

use crate::fixture::{golden, numbers, whole_numbers};
use crate::uniformity::{n_data_sets, simulate};

/// Sums of some dozen numbers in another order.
const ROUNDING: f64 = 1e-12;

#[test]
fn orderings_within_folds_agree_with_scikit_learn_and_scipy() {
    let file = golden("ordering.json");
    let case = &file["two_values"];
    let [y, y_hat, y_bar] = ["y", "y_hat", "y_bar"].map(|key| numbers(&case[key]));
    let held_out = HeldOut {
        y: &y,
        y_hat: &y_hat,
        y_bar: &y_bar,
        fold_of: &whole_numbers(&case["fold"]),
        is_empty: false,
    };
    let rows: Vec<usize> = (0..y.len()).collect();
    let auc = Auc::of(&held_out, 1.0, &rows).unwrap().auc;
    assert!((auc - case["auc"].as_f64().unwrap()).abs() < ROUNDING);
    let balanced = balanced_accuracy(&held_out, 1.0, &y_bar);
    let expected = case["balanced_accuracy"].as_f64().unwrap();
    assert!((balanced - expected).abs() < ROUNDING);

    let case = &file["steps"];
    let [y, y_hat] = ["y", "y_hat"].map(|key| numbers(&case[key]));
    let held_out = HeldOut {
        y: &y,
        y_hat: &y_hat,
        y_bar: &y_hat,
        fold_of: &whole_numbers(&case["fold"]),
        is_empty: false,
    };
    let rho = spearman_r(&held_out).unwrap();
    assert!((rho - case["spearman_r"].as_f64().unwrap()).abs() < ROUNDING);
}

struct Design {
    name: &'static str,
    n: usize,
    n_features: usize,
    /// Rows of a group.
    size: usize,
    slope: f64,
    /// Of the latent variable: above it y is 1.
    threshold: f64,
}

impl Design {
    /// AUC of the whole recipe, and its interval.
    fn one(&self, stream: &mut Stream, index: u64) -> (f64, Option<(f64, f64)>) {
        let groups = groups_of(self.n, self.size);
        let x = noise(self.n, self.n_features, stream);
        let own = by_group(&groups, 1, 1.0, stream);
        let y = DMatrix::from_fn(self.n, 1, |row, _| {
            let signal: f64 = (0..4).map(|column| self.slope * x[(row, column)]).sum();
            let latent = signal + own[(row, 0)] / 2f64.sqrt();
            f64::from(u8::from(latent > self.threshold))
        });
        let group_of = groups.of_row().to_vec();
        let study = Study::grouped(x, y, groups, 5, index).unwrap();
        let outcome = study.run_planted(&PluginRidge, 99, 40).unwrap();
        let answer = &outcome.answers[0][0];
        let held_out = HeldOut {
            y: study.y.as_slice(),
            y_hat: &answer.y_hat,
            y_bar: &answer.y_bar,
            fold_of: study.folds.of_row(0),
            is_empty: false,
        };
        let auc = Auc::of(&held_out, 1.0, &group_of).unwrap();
        let inflation = outcome.responses[0].inflation();
        (auc.auc, auc.interval(inflation, 0.05))
    }
}

#[test]
fn the_interval_of_auc_holds_the_auc_of_the_recipe() {
    let design = |name, n, n_features, size, slope, threshold| Design {
        name,
        n,
        n_features,
        size,
        slope,
        threshold,
    };
    let designs = [
        design("120 rows", 120, 10, 1, 0.4, 0.0),
        design("120 rows, one in five", 120, 10, 1, 0.4, 1.0),
        design("120 rows, no effect", 120, 10, 1, 0.0, 0.5),
        design("40 groups of 3", 120, 10, 3, 0.4, 0.5),
        design("100 rows, 150 columns", 100, 150, 1, 0.6, 0.0),
    ];
    for design in designs {
        let found = simulate(design.name, n_data_sets(60), |stream, index| {
            design.one(stream, index)
        });
        let n = found.len() as f64;
        let theta = found.iter().map(|(auc, _)| auc).sum::<f64>() / n;
        let spread = found
            .iter()
            .map(|(auc, _)| (auc - theta).powi(2))
            .sum::<f64>()
            / n;
        let ends: Vec<(f64, f64)> = found.iter().filter_map(|(_, ends)| *ends).collect();
        let width = ends.iter().map(|(low, high)| high - low).sum::<f64>() / ends.len() as f64;
        let covers = |(low, high): &&(f64, f64)| *low <= theta && theta <= *high;
        let share = ends.iter().filter(covers).count() as f64 / ends.len() as f64;
        let oracle = 2.0 * 1.96 * spread.sqrt();
        println!(
            "{}: auc {theta:.3}, covered {share:.3}, width {:.2} of the oracle's",
            design.name,
            width / oracle
        );
        assert_eq!(ends.len(), found.len(), "{}", design.name);
        // Of .95, 60 data sets leave less than .87 once in a hundred.
        assert!(share >= 0.87, "{}: {share}", design.name);
    }
}
