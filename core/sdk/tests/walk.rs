//! The interfaces that take a design first, driven through their tables: path and batch,
//! coefficients and saved models.
//!
//! The regressor under test is ridge on one column, where everything can be checked by hand: coef =
//! xᵀy / (xᵀx + alpha).

#![allow(
    clippy::unwrap_used,
    reason = "a test target: a panic here is the report"
)]

use ocean_plugin::abi::{self, BatchV1, PathV1, RegressorV1, StateV1, Str, handle, status};
use ocean_plugin::export::interface;
use ocean_plugin::prelude::*;
use ocean_plugin::testing::Host;
use std::ptr::null_mut;

struct OneColumn;

/// Borrows X and X_new, as a path regressor should.
struct Design<'x> {
    x: Mat<'x>,
    x_new: Mat<'x>,
    xx: f64,
}

/// Borrows its design.
struct Walk<'p> {
    design: &'p Design<'p>,
    xy: Vec<f64>,
    alphas: Vec<f64>,
    n_alphas: usize,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Regressor for OneColumn {
    const INFO: Info =
        ocean_plugin::info! { id: "one-column", name: "One column", family: "ridge" };
    type Params = NoParams;
    type Model = Vec<f64>;

    fn new(_: NoParams, _: &Call<'_>) -> Result<Self> {
        Ok(OneColumn)
    }

    fn fit(&self, x: Mat<'_>, y: &[f64], alpha: f64, _: &Call<'_>) -> Result<Vec<f64>> {
        let column = x.column(0);
        Ok(vec![dot(&column, y) / (dot(&column, &column) + alpha)])
    }

    fn predict(
        &self,
        coef: &Vec<f64>,
        x_new: Mat<'_>,
        y_hat: &mut [f64],
        _: &Call<'_>,
    ) -> Result<()> {
        let column = x_new.column(0);
        y_hat
            .iter_mut()
            .zip(column.iter())
            .for_each(|(y_hat, x)| *y_hat = coef[0] * x);
        Ok(())
    }
}

impl PathRegressor for OneColumn {
    type Prepared<'x> = Design<'x>;
    type Path<'p> = Walk<'p>;

    fn prepare<'x>(&self, x: Mat<'x>, x_new: Mat<'x>, _: &Call<'_>) -> Result<Design<'x>> {
        let xx = dot(&x.column(0), &x.column(0));
        Ok(Design { x, x_new, xx })
    }

    fn grid(
        &self,
        design: &Design<'_>,
        y: Mat<'_>,
        min_ratio: f64,
        mut alphas: MatMut<'_>,
        _: &Call<'_>,
    ) -> Result<()> {
        let n_alphas = alphas.rows();
        for j in 0..y.cols() {
            let strongest = design.xx;
            let ratio = |k: usize| min_ratio.powf(k as f64 / (n_alphas - 1).max(1) as f64);
            let column: Vec<f64> = (0..n_alphas).map(|k| strongest * ratio(k)).collect();
            alphas.fill_column(j, &column);
        }
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        design: &'p Design<'_>,
        y: Mat<'_>,
        alphas: Mat<'_>,
        _: &Call<'_>,
    ) -> Result<Walk<'p>> {
        let x = design.x.column(0);
        Ok(Walk {
            design,
            xy: y.columns().map(|y| dot(&x, &y)).collect(),
            alphas: alphas.to_vec(),
            n_alphas: alphas.rows(),
        })
    }

    fn advance(
        walk: &mut Walk<'_>,
        columns: &[u32],
        steps: &[u32],
        mut y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        call: &Call<'_>,
    ) -> Result<()> {
        call.check_cancelled()?;
        for (c, (&column, &step)) in columns.iter().zip(steps).enumerate() {
            let (column, step) = (column as usize, step as usize);
            let coef =
                walk.xy[column] / (walk.design.xx + walk.alphas[column * walk.n_alphas + step]);
            let predicted: Vec<f64> = walk
                .design
                .x_new
                .column(0)
                .iter()
                .map(|x| coef * x)
                .collect();
            y_hat.fill_column(c, &predicted);
            info[c] = FitInfo::iterated(0.0, 1, true);
        }
        Ok(())
    }
}

impl ErrorsRegressor for OneColumn {
    fn errors(
        walk: &mut Walk<'_>,
        y_new: Mat<'_>,
        ends: &[u64],
        mut sse: MatMut<'_>,
        mut bound: MatMut<'_>,
        _: &Call<'_>,
    ) -> Result<()> {
        let x_new = walk.design.x_new.column(0).to_vec();
        for (j, y) in y_new.columns().enumerate() {
            let mut errors = Vec::new();
            for alpha in &walk.alphas[j * walk.n_alphas..][..walk.n_alphas] {
                let coef = walk.xy[j] / (walk.design.xx + alpha);
                let mut squares = y.iter().zip(&x_new).map(|(y, x)| (y - coef * x).powi(2));
                let mut start = 0;
                for &end in ends {
                    errors.push(squares.by_ref().take((end - start) as usize).sum::<f64>());
                    start = end;
                }
            }
            sse.fill_column(j, &errors);
            bound.fill_column(j, &vec![0.0; errors.len()]);
        }
        Ok(())
    }
}

impl BatchRegressor for OneColumn {
    type Prepared<'x> = Design<'x>;

    fn prepare<'x>(&self, x: Mat<'x>, x_new: Mat<'x>, call: &Call<'_>) -> Result<Design<'x>> {
        PathRegressor::prepare(self, x, x_new, call)
    }

    fn fit_predict(
        &self,
        design: &Design<'_>,
        y: Mat<'_>,
        alphas: Mat<'_>,
        mut y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        call: &Call<'_>,
    ) -> Result<()> {
        for j in 0..y.cols() {
            let mut stacked = Vec::new();
            for k in 0..alphas.rows() {
                let coef = self.fit(design.x, &y.column(j), alphas.at(k, j), call)?[0];
                stacked.extend(design.x_new.column(0).iter().map(|x| coef * x));
            }
            y_hat.fill_column(j, &stacked);
        }
        info.fill(FitInfo::CLOSED_FORM);
        Ok(())
    }
}

impl SaveRegressor for OneColumn {
    fn save(&self, coef: &Vec<f64>, _: &Call<'_>) -> Result<Vec<u8>> {
        Ok([b"one1".to_vec(), coef[0].to_le_bytes().to_vec()].concat())
    }

    fn load(&self, bytes: &[u8], _: &Call<'_>) -> Result<Vec<f64>> {
        let damaged = || Error::param("these bytes are no model of one-column");
        let coef = bytes.strip_prefix(b"one1").ok_or_else(damaged)?;
        Ok(vec![f64::from_le_bytes(
            coef.try_into().map_err(|_| damaged())?,
        )])
    }
}

impl LinearRegressor for OneColumn {
    fn coef<'m>(&self, coef: &'m Vec<f64>, _: &Call<'_>) -> Result<&'m [f64]> {
        Ok(coef)
    }
}

const X: [f64; 3] = [-1.0, 0.0, 1.0];
/// Two targets: xᵀy = 4 and −2.
const Y: [f64; 6] = [-2.0, 0.0, 2.0, 1.0, 0.0, -1.0];
const X_NEW: [f64; 2] = [1.0, 3.0];

fn matrices() -> [Mat<'static>; 3] {
    [
        Mat::from_slice(&X, 3, 1).unwrap(),
        Mat::from_slice(&Y, 3, 2).unwrap(),
        Mat::from_slice(&X_NEW, 2, 1).unwrap(),
    ]
}

#[test]
fn a_path_predicts_the_hand_worked_numbers_for_every_column_and_step() {
    // xᵀx = 2. Column 0: alphas 6 and 2 → coef 4/8 and 4/4. Column 1: alphas 2 and 0 → −2/4 and
    // −2/2.
    let walked = Host::new()
        .walk::<OneColumn>("{}", matrices(), &[6.0, 2.0, 2.0, 0.0], 0, &[0, 1])
        .unwrap();
    assert_eq!(walked.y_hat[0], [0.5, 1.5, -0.5, -1.5]);
    assert_eq!(walked.y_hat[1], [1.0, 3.0, -1.0, -3.0]);
    assert_eq!(
        (walked.info[1][0].n_nonzero, walked.info[1][0].flags),
        (1, 0)
    );
}

#[test]
fn a_grid_falls_from_the_strongest_penalty_to_its_ratio() {
    let walked = Host::new()
        .walk::<OneColumn>("{}", matrices(), &[], 4, &[3])
        .unwrap();
    // 2, 0.2, 0.02, 0.002 in both columns: the testing host asks for a ratio of 1e-3.
    for column in walked.alphas.chunks(4) {
        for (alpha, expected) in column.iter().zip([2.0, 0.2, 0.02, 0.002]) {
            assert!(
                (alpha / expected - 1.0).abs() < 1e-14,
                "powf rounds: {alpha}"
            );
        }
    }
}

#[test]
fn a_path_agrees_with_fit_and_predict() {
    let host = Host::new();
    let walked = host
        .walk::<OneColumn>("{}", matrices(), &[5.0, 0.5, 5.0, 0.5], 0, &[1])
        .unwrap();
    let one_by_one = host
        .fit_predict::<OneColumn>("{}", &X, &Y[..3], 0.5, &X_NEW)
        .unwrap();
    assert_eq!(walked.y_hat[0][..2], one_by_one);
}

/// Every handle a path needs, made through the tables.
struct Made {
    table: &'static PathV1,
    regressors: &'static RegressorV1,
    regressor: *mut handle::Regressor,
    prepared: *mut handle::Prepared,
    path: *mut handle::Path,
}

fn made(host: &Host) -> Made {
    let call = host.raw_call();
    let [x, y, x_new] = [
        (X.as_ptr(), 3, 1),
        (Y.as_ptr(), 3, 2),
        (X_NEW.as_ptr(), 2, 1),
    ]
    .map(|(data, rows, cols)| abi::Mat::column_major(data, rows, cols));
    let alphas = [6.0, 2.0, 2.0, 0.0];
    let alphas = abi::Mat::column_major(alphas.as_ptr(), 2, 2);
    // SAFETY: the tables go with the interfaces; X and X_new are constants.
    unsafe {
        let mut made = Made {
            table: &*interface::path::<OneColumn>().table().cast(),
            regressors: &*interface::regressor::<OneColumn>().table().cast(),
            regressor: null_mut(),
            prepared: null_mut(),
            path: null_mut(),
        };
        let ok = |status| assert_eq!(host.outcome(status), Ok(()));
        ok(made
            .regressors
            .create(Str::new("{}"), &call, &mut made.regressor));
        ok(made
            .table
            .prepare(made.regressor, &x, &x_new, &call, &mut made.prepared));
        ok(made.table.begin(
            made.regressor,
            made.prepared,
            &y,
            &alphas,
            &call,
            &mut made.path,
        ));
        made
    }
}

fn advance(
    host: &Host,
    made: &Made,
    columns: &[u32],
    steps: &[u32],
    rows: usize,
) -> Result<Vec<f64>> {
    let call = host.raw_call();
    let mut y_hat = vec![f64::NAN; rows * columns.len()];
    let mut info = vec![FitInfo::CLOSED_FORM; columns.len()];
    let out = abi::MatMut::column_major(y_hat.as_mut_ptr(), rows, columns.len());
    // SAFETY: sizes as the header asks, except where a test says so.
    let status = unsafe {
        made.table.advance(
            made.path,
            columns.as_ptr(),
            steps.as_ptr(),
            columns.len(),
            out,
            info.as_mut_ptr(),
            &call,
        )
    };
    host.outcome(status).map(|()| y_hat)
}

#[test]
fn columns_may_pause_and_come_back_in_any_order() {
    let host = Host::new();
    let made = made(&host);
    assert_eq!(advance(&host, &made, &[1], &[0], 2), Ok(vec![-0.5, -1.5]));
    assert_eq!(
        advance(&host, &made, &[1, 0], &[1, 1], 2),
        Ok(vec![-1.0, -3.0, 1.0, 3.0])
    );
    assert_eq!(advance(&host, &made, &[], &[], 2), Ok(vec![]));
    // SAFETY: each handle is given back once.
    unsafe {
        made.table.destroy_path(made.path);
        made.table.destroy(made.prepared);
        made.regressors.destroy(made.regressor);
    }
}

#[test]
fn a_path_survives_a_host_that_destroys_in_the_wrong_order() {
    let host = Host::new();
    let made = made(&host);
    // SAFETY: each handle is given back once; X and X_new are constants.
    unsafe {
        made.regressors.destroy(made.regressor);
        made.table.destroy(made.prepared);
        assert_eq!(advance(&host, &made, &[0], &[1], 2), Ok(vec![1.0, 3.0]));
        made.table.destroy_path(made.path);
    }
}

#[test]
fn sizes_that_do_not_fit_the_design_are_refused() {
    let host = Host::new();
    let made = made(&host);
    let refused = advance(&host, &made, &[0], &[0], 5).unwrap_err();
    assert_eq!(
        refused,
        Error::shape("the length of y_hat is 5, expected 2")
    );
    let call = host.raw_call();
    let mut path: *mut handle::Path = null_mut();
    let y = abi::Mat::column_major(Y.as_ptr(), 2, 3);
    // SAFETY: six values as 2 × 3, which does not fit.
    let refused = unsafe {
        let status = made
            .table
            .begin(made.regressor, made.prepared, &y, &y, &call, &mut path);
        made.table.destroy_path(made.path);
        made.table.destroy(made.prepared);
        made.regressors.destroy(made.regressor);
        host.outcome(status)
    };
    assert_eq!(
        refused,
        Err(Error::shape("the length of y is 2, expected 3"))
    );
    assert!(path.is_null());
}

/// What `errors` answers for y_new with these numbers in two columns of `rows`, over two ranges of
/// one row each, with room for `n_errors` a target.
fn errors(host: &Host, made: &Made, rows: usize, n_errors: usize) -> Result<Vec<f64>> {
    let call = host.raw_call();
    let y_new = [1.0, 3.0, 0.0, 1.0, 0.0, 0.0];
    let y_new = abi::Mat::column_major(y_new.as_ptr(), rows, 2);
    let mut found = vec![f64::NAN; 4 * n_errors];
    let (sse, bound) = found.split_at_mut(2 * n_errors);
    let view = |values: &mut [f64]| abi::MatMut::column_major(values.as_mut_ptr(), n_errors, 2);
    let (sse, bound) = (view(sse), view(bound));
    // SAFETY: sizes as the header asks, except where a test says so.
    let status = unsafe {
        let table: &abi::ErrorsV1 = &*interface::errors::<OneColumn>().table().cast();
        table.errors(made.path, &y_new, [1, 2].as_ptr(), 2, sse, bound, &call)
    };
    host.outcome(status).map(|()| found)
}

#[test]
fn errors_of_a_whole_path_are_the_hand_worked_ones_and_sizes_are_checked() {
    let host = Host::new();
    let made = made(&host);
    // Coefficients 1/2 and 1 of the first target (4 / (2 + 6), 4 / (2 + 2)), −1/2 and −1 of the
    // second; new rows x = 1 and 3, their y 1, 3 and 0, 1.
    let sse = [0.25, 2.25, 0.0, 0.0, 0.25, 6.25, 1.0, 16.0];
    assert_eq!(
        errors(&host, &made, 2, 4),
        Ok([&sse[..], &[0.0; 8]].concat())
    );
    assert_eq!(
        errors(&host, &made, 3, 4),
        Err(Error::shape("the length of y_new is 3, expected 2"))
    );
    // SAFETY: each handle is given back once.
    unsafe {
        made.table.destroy_path(made.path);
        made.table.destroy(made.prepared);
        made.regressors.destroy(made.regressor);
    }
}

#[test]
fn a_batch_stacks_penalties_and_agrees_with_the_path() {
    let host = Host::new();
    let made = made(&host);
    let call = host.raw_call();
    let [x, y, x_new] = [
        (X.as_ptr(), 3, 1),
        (Y.as_ptr(), 3, 2),
        (X_NEW.as_ptr(), 2, 1),
    ]
    .map(|(data, rows, cols)| abi::Mat::column_major(data, rows, cols));
    let alphas = [6.0, 2.0, 2.0, 0.0];
    let alphas = abi::Mat::column_major(alphas.as_ptr(), 2, 2);
    let mut y_hat = [0.0; 8];
    let mut prepared: *mut handle::Prepared = null_mut();
    // SAFETY: the table goes with the interface; sizes as the header asks; each handle is given
    // back once.
    unsafe {
        let batch: &BatchV1 = &*interface::batch::<OneColumn>().table().cast();
        host.outcome(batch.prepare(made.regressor, &x, &x_new, &call, &mut prepared))
            .unwrap();
        let out = abi::MatMut::column_major(y_hat.as_mut_ptr(), 4, 2);
        host.outcome(batch.fit_predict(
            made.regressor,
            prepared,
            &y,
            &alphas,
            out,
            null_mut(),
            &call,
        ))
        .unwrap();
        batch.destroy(prepared);
        made.table.destroy_path(made.path);
        made.table.destroy(made.prepared);
        made.regressors.destroy(made.regressor);
    }
    assert_eq!(y_hat, [0.5, 1.5, 1.0, 3.0, -0.5, -1.5, -1.0, -3.0]);
}

#[test]
fn a_saved_model_comes_back_bit_by_bit_and_damaged_bytes_are_refused() {
    let host = Host::new();
    let call = host.raw_call();
    let x = abi::Mat::column_major(X.as_ptr(), 3, 1);
    let mut regressor: *mut handle::Regressor = null_mut();
    let mut models: [*mut handle::Model; 2] = [null_mut(); 2];
    let mut coef = [[0.0; 1]; 2];
    // SAFETY: the tables go with the interfaces; each handle is given back once.
    unsafe {
        let table: &RegressorV1 = &*interface::regressor::<OneColumn>().table().cast();
        let state: &StateV1 = &*interface::state::<OneColumn>().table().cast();
        let linear: &abi::LinearV1 = &*interface::linear::<OneColumn>().table().cast();
        let ok = |status| assert_eq!(host.outcome(status), Ok(()));
        ok(table.create(Str::new("{}"), &call, &mut regressor));
        ok(table.fit(regressor, &x, Y.as_ptr(), 0.1, &call, &mut models[0]));
        ok(state.save(regressor, models[0], &call));
        let bytes = host.written();
        ok(state.load(
            regressor,
            bytes.as_ptr(),
            bytes.len(),
            &call,
            &mut models[1],
        ));
        for (model, coef) in models.iter().zip(&mut coef) {
            ok(linear.coef(regressor, *model, coef.as_mut_ptr(), &call));
            table.destroy_model(*model);
        }
        for len in 0..bytes.len() {
            let mut none: *mut handle::Model = null_mut();
            let refused =
                host.outcome(state.load(regressor, bytes.as_ptr(), len, &call, &mut none));
            assert_eq!(refused.unwrap_err().status(), status::PARAM, "{len} bytes");
            assert!(none.is_null());
        }
        table.destroy(regressor);
    }
    assert_eq!(coef[0], [4.0 / 2.1]);
    assert_eq!(coef[0][0].to_bits(), coef[1][0].to_bits());
}
