//! The lasso as a host sees it: through the exported tables.

use ocean_plugin::testing::Host;
use ocean_plugin::{Mat, Regressor};

use super::Lasso;

/// Two orthogonal features of four samples, centred, and two new rows.
const X: [f64; 8] = [-1.5, -0.5, 0.5, 1.5, 1.0, -1.0, -1.0, 1.0];
const Y: [f64; 4] = [-2.0, -1.0, 0.0, 3.0];
const X_NEW: [f64; 4] = [2.0, 0.0, 0.0, 3.0];

#[test]
fn one_fit_is_soft_thresholding_of_orthogonal_features() {
    // xᵀx/n = (5/4, 1), xᵀy/n = (2, 1/2). With α = ¼: w = (1.75/1.25, 0.25) = (1.4, 0.25), for the
    // new rows 2.8 and 0.75.
    let y_hat = Host::new()
        .fit_predict::<Lasso>("{}", &X, &Y, 0.25, &X_NEW)
        .unwrap();
    assert!((y_hat[0] - 2.8).abs() < 1e-14 && (y_hat[1] - 0.75).abs() < 1e-14);
}

#[test]
fn the_path_begins_at_the_empty_model_and_predicts_what_single_fits_predict() {
    let host = Host::new();
    let y: Vec<f64> = Y.iter().chain(&[1.0, -2.0, 0.5, 0.5]).copied().collect();
    let mats = [
        Mat::from_slice(&X, 4, 2).unwrap(),
        Mat::from_slice(&y, 4, 2).unwrap(),
        Mat::from_slice(&X_NEW, 2, 2).unwrap(),
    ];
    let walked = host
        .walk::<Lasso>("{}", mats, &[], 5, &[0, 1, 2, 3, 4])
        .unwrap();
    // α_max = max|xᵀy|/n: 2, and for the second target 0.625 (xᵀy/n = (0.125, 0.625)... by size).
    assert_eq!(walked.alphas[0], 2.0);
    assert!(walked.y_hat[0].iter().all(|y_hat| *y_hat == 0.0));
    for (step, y_hat) in walked.y_hat.iter().enumerate() {
        for (t, (target, y_hat)) in y.chunks(4).zip(y_hat.chunks(2)).enumerate() {
            let alone = host
                .fit_predict::<Lasso>("{}", &X, target, walked.alphas[5 * t + step], &X_NEW)
                .unwrap();
            // The same few sums in another order.
            assert!(
                alone.iter().zip(y_hat).all(|(a, b)| (a - b).abs() < 1e-14),
                "step {step}"
            );
        }
    }
}

#[test]
fn positive_keeps_coefficients_from_falling_below_zero() {
    // xᵀy/n = (2, −½): the second feature stays out.
    let y: Vec<f64> = (0..4).map(|i| 1.6 * X[i] - 0.5 * X[4 + i]).collect();
    let params = r#"{"positive": true}"#;
    let y_hat = Host::new()
        .fit_predict::<Lasso>(params, &X, &y, 0.25, &X_NEW)
        .unwrap();
    assert!((y_hat[0] - 2.8).abs() < 1e-14 && y_hat[1] == 0.0);
}

#[test]
fn refusals_carry_status_and_sentence() {
    let host = Host::new();
    let refused = |params: &str, alpha: f64, y: &[f64]| {
        let error = host
            .fit_predict::<Lasso>(params, &X, y, alpha, &X_NEW)
            .unwrap_err();
        (error.status(), error.message().to_owned())
    };
    assert_eq!(
        refused("{}", 0.0, &Y),
        (
            1,
            "alpha = 0 is not a penalty (above 0); without one this is least squares, for which use ridge".to_owned()
        )
    );
    assert_eq!(refused(r#"{"tol": 0}"#, 1.0, &Y).0, 1);
    assert_eq!(
        refused(r#"{"l1_ratio": 1}"#, 1.0, &Y),
        (
            1,
            "unknown parameter `l1_ratio`; known: alpha, tol, max_iter, positive".to_owned()
        )
    );
    assert_eq!(refused("{}", 1.0, &[f64::INFINITY, 0.0, 0.0, 0.0]).0, 3);
}

#[test]
fn a_fit_without_enough_passes_says_so() {
    let host = Host::new();
    // Correlated features, whose signs the first pass gets wrong or not settled.
    let x: Vec<f64> = (0..24)
        .map(|i| (((i * 37) % 11) as f64 - 5.0) + ((i % 8) as f64 - 3.5) * 2.0)
        .collect();
    let y: Vec<f64> = (0..8).map(|i| ((i * 5) % 8) as f64 - 3.5).collect();
    host.fit_predict::<Lasso>(r#"{"max_iter": 1}"#, &x, &y, 0.01, &[0.0; 3])
        .unwrap();
    let lines = host.log_lines();
    assert!(
        lines.len() == 1 && lines[0].1.contains("not converged after max_iter = 1"),
        "{lines:?}"
    );
}

#[test]
fn it_is_the_lasso_family() {
    // The host pins the objective, and the grid, by this word.
    assert_eq!((Lasso::INFO.id, Lasso::INFO.family), ("lasso", "lasso"));
}
