//! Ridge as a host sees it: through the exported tables.

use ocean_plugin::testing::Host;
use ocean_plugin::{Mat, Regressor};

use super::Ridge;

/// Two features of four samples, centred, and two new rows.
const X: [f64; 8] = [-1.5, -0.5, 0.5, 1.5, 1.0, -1.0, -1.0, 1.0];
const Y: [f64; 4] = [-2.0, -1.0, 0.0, 3.0];
const X_NEW: [f64; 4] = [2.0, 0.0, 0.0, 3.0];

#[test]
fn one_fit_is_the_closed_form() {
    // The columns are orthogonal: w = (xᵀy)/(xᵀx + α) each. xᵀx = (5, 4); xᵀy = (8, 2). With α = 3:
    // w = (1, 2/7).
    let y_hat = Host::new()
        .fit_predict::<Ridge>("{}", &X, &Y, 3.0, &X_NEW)
        .unwrap();
    assert!((y_hat[0] - 2.0).abs() < 1e-14 && (y_hat[1] - 6.0 / 7.0).abs() < 1e-14);
}

#[test]
fn the_path_predicts_what_single_fits_predict() {
    let host = Host::new();
    let y: Vec<f64> = Y.iter().chain(&[1.0, -2.0, 0.5, 0.5]).copied().collect();
    let mats = [
        Mat::from_slice(&X, 4, 2).unwrap(),
        Mat::from_slice(&y, 4, 2).unwrap(),
        Mat::from_slice(&X_NEW, 2, 2).unwrap(),
    ];
    let walked = host
        .walk::<Ridge>("{}", mats, &[], 5, &[0, 1, 2, 3, 4])
        .unwrap();
    assert_eq!(
        walked.alphas[..5],
        walked.alphas[5..],
        "one grid for all columns"
    );
    for (step, y_hat) in walked.y_hat.iter().enumerate() {
        for (target, y_hat) in y.chunks(4).zip(y_hat.chunks(2)) {
            let alone = host
                .fit_predict::<Ridge>("{}", &X, target, walked.alphas[step], &X_NEW)
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
fn the_grid_spans_a_tenth_of_a_degree_of_freedom_to_nearly_all() {
    let mats = [
        Mat::from_slice(&X, 4, 2).unwrap(),
        Mat::from_slice(&Y, 4, 1).unwrap(),
        Mat::from_slice(&X_NEW, 2, 2).unwrap(),
    ];
    let walked = Host::new().walk::<Ridge>("{}", mats, &[], 30, &[]).unwrap();
    let df = |alpha: f64| 5.0 / (5.0 + alpha) + 4.0 / (4.0 + alpha);
    assert!(
        (df(walked.alphas[0]) - 0.1).abs() < 1e-13 && (df(walked.alphas[29]) - 1.98).abs() < 1e-13
    );
}

#[test]
fn refusals_carry_status_and_sentence() {
    let host = Host::new();
    let refused = |params: &str, alpha: f64, x_new: &[f64]| {
        let error = host
            .fit_predict::<Ridge>(params, &X, &Y, alpha, x_new)
            .unwrap_err();
        (error.status(), error.message().to_owned())
    };
    assert_eq!(refused("{}", -1.0, &X_NEW).0, 1);
    assert_eq!(
        refused(r#"{"l1_ratio": 1}"#, 1.0, &X_NEW),
        (1, "unknown parameter `l1_ratio`; known: alpha".to_owned())
    );
    let y = [f64::INFINITY, 0.0, 0.0, 0.0];
    assert_eq!(
        host.fit_predict::<Ridge>("{}", &X, &y, 1.0, &X_NEW)
            .unwrap_err()
            .status(),
        3
    );
}

#[test]
fn it_is_the_ridge_family() {
    // The host pins the objective, and the grid, by this word.
    assert_eq!((Ridge::INFO.id, Ridge::INFO.family), ("ridge", "ridge"));
}
