//! `compat`: the numbers of scikit-learn and glmnet, when each split has one grid (`Grid::Split`).

use nalgebra::{DMatrix, DVector};
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::nested::{Grid, NestedCv, Tuning};
use ocean_engine::score::r2;
use ocean_engine::seed::Seed;
use ocean_linear::LassoOptions;
use ocean_tests::lasso::PluginLasso;

use crate::fixture::{golden, indexes, list, numbers};

#[test]
fn with_their_grid_and_scaling_we_get_the_numbers_of_scikit_learn_and_glmnet() {
    let golden = golden("compat.json");
    let y = numbers(&golden["y"]);
    let (n, n_features) = (y.len(), list(&golden["x_by_column"]).len() / y.len());
    let x = DMatrix::from_vec(n, n_features, numbers(&golden["x_by_column"]));
    let fold = indexes(&golden["fold"]).into_iter().flatten().collect();
    let groups = Groups::singletons(n);
    let folds = Folds::from_assignment(vec![fold], 5).unwrap();
    let layout = Layout {
        x: &x,
        folds: &folds,
        groups: &groups,
        inner: InnerFolds::Outer,
        seed: Seed(0),
        weights: None,
        covariates: None,
    };
    let rows: Vec<usize> = (0..n).collect();
    let designs = FoldDesigns::build(&layout, &rows, 0).unwrap();
    for case in list(&golden["cases"]) {
        let (program, l1_ratio) = (
            case["program"].as_str().unwrap(),
            numbers_of(case, "l1_ratio"),
        );
        let theirs = numbers_of(case, "r2");
        let options = LassoOptions {
            l1_ratio,
            ..LassoOptions::default()
        };
        let is_glmnet = program == "glmnet";
        let regressor = PluginLasso {
            n_alphas: 100,
            min_ratio: if is_glmnet { 1e-4 } else { 1e-3 },
            scales_y: is_glmnet,
            ..PluginLasso::new(vec![options])
        };
        let tuning = Tuning {
            grid: Grid::Split,
            ..Tuning::PLAIN
        };
        let nested = NestedCv::prepare(&designs, &regressor, tuning).unwrap();
        let out = nested.run(&DMatrix::from_column_slice(n, 1, &y)).unwrap();
        let [y_hat, y_bar] = [&out.y_hat, &out.y_bar].map(DMatrix::as_slice);
        let ours = r2(&y, y_hat, y_bar).unwrap();
        // glmnet stops when a pass changes the deviance by less than 1e-14 of it, so its
        // coefficients are good to some 1e-7; scikit-learn's gap is 1e-13.
        let tolerance = if is_glmnet { 1e-6 } else { 1e-8 };
        let name = format!("{program} {l1_ratio}");
        println!(
            "{name}: r2 {ours} against {}, off by {:e}",
            theirs,
            (ours - theirs).abs()
        );
        assert!(
            (ours - theirs).abs() < tolerance,
            "{name}: {ours} {}",
            theirs
        );
        let alphas = DVector::from_iterator(5, out.fits.iter().map(|fits| fits[0].alpha));
        for (ours, theirs) in alphas.iter().zip(&numbers(&case["alpha"])) {
            assert!(
                (ours / theirs - 1.0).abs() < 1e-9,
                "{name}: {ours} {theirs}"
            );
        }
    }
}

fn numbers_of(case: &serde_json::Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}
