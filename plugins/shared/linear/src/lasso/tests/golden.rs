//! The coefficients that scikit-learn finds (`tests/golden/make_sparse.py`).

use serde_json::Value;

use crate::Columns;
use crate::lasso::{LassoOptions, fit};

fn numbers(value: &Value) -> Vec<f64> {
    let items = value.as_array().unwrap().iter();
    items.map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn coefficients_are_those_of_scikit_learn() {
    let file = include_str!("../../../../../../tests/golden/sparse.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let mut n_fits = 0;
    for (name, case) in file["cases"].as_object().unwrap() {
        let rows: Vec<Vec<f64>> = case["x"].as_array().unwrap().iter().map(numbers).collect();
        let (y, p) = (numbers(&case["y"]), rows[0].len());
        let x: Vec<f64> = (0..p)
            .flat_map(|j| rows.iter().map(move |row| row[j]))
            .collect();
        for expected in case["fits"].as_array().unwrap() {
            let options = LassoOptions {
                l1_ratio: expected["l1_ratio"].as_f64().unwrap(),
                positive: expected["positive"].as_bool().unwrap(),
                ..LassoOptions::default()
            };
            let alpha = expected["alpha"].as_f64().unwrap();
            let columns = Columns::new(&x, rows.len(), p).unwrap();
            let (coef, report) = fit(columns, &y, alpha, options).unwrap();
            assert!(report.is_converged);
            let expected = numbers(&expected["coef"]);
            let size = expected.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
            for (w, expected) in coef.iter().zip(&expected) {
                // A gap of 1e-14 leaves coefficients uncertain by its root, times a bit for correlated features.
                assert!(
                    (w - expected).abs() <= 1e-6 * size,
                    "{name}, {options:?}, alpha {alpha}: {w} {expected}"
                );
            }
            n_fits += 1;
        }
    }
    assert_eq!(n_fits, 4 * 4 * 6 * 2);
}
