use super::*;
use ocean_plugin::testing::Host;

#[test]
fn two_rows_are_worked_by_hand() {
    // Rows −1 and 1: K = [[1, e⁻⁴], [e⁻⁴, 1]]. y = (−1, 1) is an eigenvector of it with the value 1
    // − e⁻⁴, so that c = y / (1 − e⁻⁴ + alpha).
    let value = 1.0 - (-4.0f64).exp();
    let y_hat = Host::new()
        .fit_predict::<KernelRidge>("{}", &[-1.0, 1.0], &[-1.0, 1.0], 1.0, &[-1.0, 1.0, 0.0])
        .unwrap();
    let expected = [-value / (value + 1.0), value / (value + 1.0), 0.0];
    for (found, expected) in y_hat.iter().zip(expected) {
        // A handful of roundings of numbers below 1.
        assert!((found - expected).abs() < 1e-15, "{y_hat:?}");
    }
}

#[test]
fn a_walk_predicts_what_single_fits_predict() {
    let numbers = |seed: u64, n: usize| -> Vec<f64> {
        (0..n as u64)
            .map(|i| (((i + seed) * 2_654_435_761) % 1009) as f64 / 504.5 - 1.0)
            .collect()
    };
    let (x, y, x_new) = (numbers(1, 30 * 4), numbers(2, 30 * 2), numbers(3, 7 * 4));
    let alphas = [50.0, 0.5, 10.0, 0.1];
    for params in ["{}", "{\"gamma\":0.01}", "{\"gamma\":30.0}"] {
        let matrices = [
            Mat::from_slice(&x, 30, 4).unwrap(),
            Mat::from_slice(&y, 30, 2).unwrap(),
            Mat::from_slice(&x_new, 7, 4).unwrap(),
        ];
        let walked = Host::new()
            .walk::<KernelRidge>(params, matrices, &alphas, 0, &[0, 1])
            .unwrap();
        for (step, walked) in walked.y_hat.iter().enumerate() {
            for (column, found) in walked.chunks(7).enumerate() {
                let alpha = alphas[column * 2 + step];
                let y = &y[column * 30..][..30];
                let expected = Host::new()
                    .fit_predict::<KernelRidge>(params, &x, y, alpha, &x_new)
                    .unwrap();
                for (found, expected) in found.iter().zip(expected) {
                    // Two decompositions of a system whose condition is at most n / alpha = 300.
                    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
                }
            }
        }
    }
}
