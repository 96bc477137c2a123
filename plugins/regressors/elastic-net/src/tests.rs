//! The elastic net as a host sees it: through the exported tables.

use ocean_plugin::testing::Host;
use ocean_plugin::{Mat, Parameters, PathRegressor, Regressor};

use super::{ElasticNet, ElasticNetParams};

/// Two orthogonal features of four samples, centred, and two new rows.
const X: [f64; 8] = [-1.5, -0.5, 0.5, 1.5, 1.0, -1.0, -1.0, 1.0];
const Y: [f64; 4] = [-2.0, -1.0, 0.0, 3.0];
const X_NEW: [f64; 4] = [2.0, 0.0, 0.0, 3.0];

#[test]
fn one_fit_is_shrunk_soft_thresholding_of_orthogonal_features() {
    // xᵀx/n = (5/4, 1), xᵀy/n = (2, 1/2). α = ½, ρ = ½: w = ((2 − ¼)/(5/4 + ¼), (½ − ¼)/(1 + ¼)) =
    // (7/6, 1/5).
    let y_hat = Host::new()
        .fit_predict::<ElasticNet>("{}", &X, &Y, 0.5, &X_NEW)
        .unwrap();
    assert!((y_hat[0] - 7.0 / 3.0).abs() < 1e-14 && (y_hat[1] - 0.6).abs() < 1e-14);
}

#[test]
fn the_grid_begins_where_the_l1_part_alone_empties_the_model() {
    let mats = [
        Mat::from_slice(&X, 4, 2).unwrap(),
        Mat::from_slice(&Y, 4, 1).unwrap(),
        Mat::from_slice(&X_NEW, 2, 2).unwrap(),
    ];
    for (params, alpha_max) in [
        ("{}", 4.0),
        (r#"{"l1_ratio": 0.1}"#, 20.0),
        (r#"{"l1_ratio": 1}"#, 2.0),
    ] {
        let walked = Host::new()
            .walk::<ElasticNet>(params, mats, &[], 4, &[0, 1])
            .unwrap();
        // max|xᵀy|/n = 2, over ρ.
        assert!((walked.alphas[0] / alpha_max - 1.0).abs() < 1e-15);
        assert!(walked.y_hat[0].iter().all(|y_hat| *y_hat == 0.0));
        assert!(walked.y_hat[1][0] > 0.0);
    }
}

#[test]
fn one_design_serves_every_l1_ratio() {
    let host = Host::new();
    let call = host.call();
    let net = |l1_ratio: f64| {
        let params =
            ElasticNetParams::from_json(&format!(r#"{{"l1_ratio": {l1_ratio}}}"#)).unwrap();
        ElasticNet::new(params, &call).unwrap()
    };
    let [x, y, x_new] = [(&X[..], 4, 2), (&Y[..], 4, 1), (&X_NEW[..], 2, 2)]
        .map(|(values, rows, cols)| Mat::from_slice(values, rows, cols).unwrap());
    let maker = net(1.0);
    let design = maker.prepare(x, x_new, &call).unwrap();
    for l1_ratio in [1.0, 0.5, 0.1] {
        let (net, params) = (net(l1_ratio), format!(r#"{{"l1_ratio": {l1_ratio}}}"#));
        let alphas = [0.7];
        let mut path = net
            .begin(&design, y, Mat::from_slice(&alphas, 1, 1).unwrap(), &call)
            .unwrap();
        let (mut y_hat, mut info) = ([0.0; 2], [ocean_plugin::FitInfo::CLOSED_FORM]);
        let out = ocean_plugin::MatMut::from_slice(&mut y_hat, 2, 1).unwrap();
        ElasticNet::advance(&mut path, &[0], &[0], out, &mut info, &call).unwrap();
        let own = host
            .fit_predict::<ElasticNet>(&params, &X, &Y, 0.7, &X_NEW)
            .unwrap();
        assert_eq!(y_hat[..], own);
        assert_eq!((info[0].n_nonzero > 0, info[0].flags), (true, 0));
    }
}

#[test]
fn without_l1_it_points_to_ridge() {
    let refused = |params: &str| {
        let error = Host::new()
            .fit_predict::<ElasticNet>(params, &X, &Y, 1.0, &X_NEW)
            .unwrap_err();
        (error.status(), error.message().to_owned())
    };
    assert_eq!(
        refused(r#"{"l1_ratio": 0}"#),
        (
            1,
            "l1_ratio = 0 is ridge regression, on another scale: use the regressor `ridge`"
                .to_owned()
        )
    );
    assert_eq!(refused(r#"{"l1_ratio": 1.5}"#).0, 1);
}

#[test]
fn the_schema_lets_a_list_of_l1_ratios_be_tuned() {
    let schema = ElasticNetParams::schema().to_string();
    let l1_ratio = schema.split("\"l1_ratio\"").nth(1).unwrap();
    assert!(
        l1_ratio
            .split('}')
            .next()
            .unwrap()
            .contains("\"tunable\":true"),
        "{schema}"
    );
    assert_eq!(
        (ElasticNet::INFO.id, ElasticNet::INFO.family),
        ("elastic-net", "elastic-net")
    );
}
