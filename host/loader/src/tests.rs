//! A plugin made of functions of this very process: what the adapters do with each interface,
//! without a library to load.
//!
//! The model is marginal regression, coef_j = x_jᵀy / (x_jᵀx_j + alpha): simple enough to be worked
//! out beside it. One parameter, `mode`, makes it misbehave.

use std::ffi::c_void;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, Regressor as _, TrainingSet};
use ocean_plugin_abi::{self as abi, Call, Mat, MatMut, Status, Str, flag, handle, status};
use serde_json::{Map, Value, json};

use super::plugin::Origin;
use super::*;

// The objects behind the opaque handles.
struct Marginal {
    mode: String,
}
struct Design {
    x: DMatrix<f64>,
    x_new: DMatrix<f64>,
}
struct Walk {
    design: *const Design,
    y: DMatrix<f64>,
    alphas: DMatrix<f64>,
}

/// Objects made and not yet destroyed, and the most calls that were inside `fit` at once.
static ALIVE: AtomicUsize = AtomicUsize::new(0);
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static MOST_INSIDE: AtomicUsize = AtomicUsize::new(0);
/// `ALIVE` is shared by all tests of this file.
static ONE_TEST: Mutex<()> = Mutex::new(());

fn boxed<T, H>(value: T) -> *mut H {
    ALIVE.fetch_add(1, Ordering::SeqCst);
    Box::into_raw(Box::new(value)).cast()
}

unsafe fn unboxed<T, H>(raw: *mut H) {
    if !raw.is_null() {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
        // SAFETY: made by `boxed` with the same type.
        drop(unsafe { Box::from_raw(raw.cast::<T>()) });
    }
}

unsafe fn matrix(view: *const Mat) -> DMatrix<f64> {
    // SAFETY: the host's view of its own matrix.
    unsafe {
        let view = &*view;
        assert_eq!(
            (view.row_stride, view.col_stride),
            (1, view.rows as isize),
            "not STRIDED, so contiguous"
        );
        DMatrix::from_column_slice(
            view.rows,
            view.cols,
            std::slice::from_raw_parts(view.data, view.rows * view.cols),
        )
    }
}

fn marginal(x: &DMatrix<f64>, y: &[f64], alpha: f64) -> DMatrix<f64> {
    DMatrix::from_fn(x.ncols(), 1, |j, _| {
        let column = x.column(j);
        let xy: f64 = column.iter().zip(y).map(|(x, y)| x * y).sum();
        xy / (column.norm_squared() + alpha)
    })
}

unsafe extern "C" fn create(
    params: Str,
    call: *const Call,
    out: *mut *mut handle::Regressor,
) -> Status {
    // SAFETY: the host's text and call.
    unsafe {
        let params: Value = serde_json::from_str(params.as_str().unwrap()).unwrap();
        let mode = params["mode"].as_str().unwrap_or("").to_owned();
        if mode == "refuse" {
            let why = "mode = \"refuse\"\nis not\u{7} allowed";
            (*call).fail((*call).ctx, why.as_ptr(), why.len());
            return status::PARAM;
        }
        *out = boxed(Marginal { mode });
    }
    status::OK
}
unsafe extern "C" fn destroy(raw: *mut handle::Regressor) {
    unsafe { unboxed::<Marginal, _>(raw) }
}
unsafe extern "C" fn fit(
    raw: *const handle::Regressor,
    x: *const Mat,
    y: *const f64,
    alpha: f64,
    call: *const Call,
    out: *mut *mut handle::Model,
) -> Status {
    MOST_INSIDE.fetch_max(INSIDE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    std::thread::yield_now();
    // SAFETY: the host's views; y has as many values as x has rows.
    let result = unsafe {
        let mode = (*raw.cast::<Marginal>()).mode.as_str();
        let x = matrix(x);
        let y = std::slice::from_raw_parts(y, x.nrows());
        let alpha = if alpha.is_nan() { 0.0 } else { alpha };
        let mut coef = marginal(&x, y, alpha);
        match mode {
            "nan" => coef.fill(f64::NAN),
            "log" => {
                let text = b"fitting\xff";
                (*call).log((*call).ctx, abi::log_level::WARN, text.as_ptr(), text.len());
            }
            _ => {}
        }
        let is_stopped = mode == "cancellable" && (*call).cancelled((*call).ctx) != 0;
        match mode {
            _ if is_stopped => status::CANCELLED,
            "silent" => status::NUMERIC,
            "no-object" => status::OK,
            _ => {
                *out = boxed(coef);
                status::OK
            }
        }
    };
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    result
}
unsafe extern "C" fn predict(
    _: *const handle::Regressor,
    model: *const handle::Model,
    x_new: *const Mat,
    y_hat: *mut f64,
    _: *const Call,
) -> Status {
    // SAFETY: as above; y_hat has as many values as x_new has rows.
    unsafe {
        let y = matrix(x_new) * &*model.cast::<DMatrix<f64>>();
        std::slice::from_raw_parts_mut(y_hat, y.len()).copy_from_slice(y.as_slice());
    }
    status::OK
}
unsafe extern "C" fn destroy_model(model: *mut handle::Model) {
    unsafe { unboxed::<DMatrix<f64>, _>(model) }
}
unsafe extern "C" fn coef(
    _: *const handle::Regressor,
    model: *const handle::Model,
    out: *mut f64,
    _: *const Call,
) -> Status {
    // SAFETY: one value a feature.
    unsafe {
        let coef = &*model.cast::<DMatrix<f64>>();
        std::slice::from_raw_parts_mut(out, coef.len()).copy_from_slice(coef.as_slice());
    }
    status::OK
}
unsafe extern "C" fn prepare(
    _: *const handle::Regressor,
    x: *const Mat,
    x_new: *const Mat,
    _: *const Call,
    out: *mut *mut handle::Prepared,
) -> Status {
    // SAFETY: the host's views.
    unsafe {
        *out = boxed(Design {
            x: matrix(x),
            x_new: matrix(x_new),
        });
    }
    status::OK
}
unsafe extern "C" fn destroy_prepared(raw: *mut handle::Prepared) {
    unsafe { unboxed::<Design, _>(raw) }
}
unsafe extern "C" fn fit_predict(
    _: *const handle::Regressor,
    design: *const handle::Prepared,
    y: *const Mat,
    alphas: *const Mat,
    y_hat: MatMut,
    info: *mut abi::FitInfo,
    _: *const Call,
) -> Status {
    // SAFETY: the host's views; y_hat is (g·n_new) × t.
    unsafe {
        let (design, y, alphas) = (&*design.cast::<Design>(), matrix(y), matrix(alphas));
        let n_new = design.x_new.nrows();
        assert_eq!(
            (y_hat.rows, y_hat.cols),
            (alphas.nrows() * n_new, y.ncols())
        );
        for (j, column) in y.column_iter().enumerate() {
            for (g, alpha) in alphas.column(j).iter().enumerate() {
                let predicted = &design.x_new * marginal(&design.x, column.as_slice(), *alpha);
                let at = y_hat.data.add(j * y_hat.rows + g * n_new);
                std::slice::from_raw_parts_mut(at, n_new).copy_from_slice(predicted.as_slice());
                (*info.add(j * alphas.nrows() + g)).flags = abi::fit_flag::UNCONVERGED;
            }
        }
    }
    status::OK
}
unsafe extern "C" fn grid(
    _: *const handle::Regressor,
    _: *const handle::Prepared,
    _: *const Mat,
    min_ratio: f64,
    alphas: MatMut,
    _: *const Call,
) -> Status {
    for at in 0..alphas.rows * alphas.cols {
        let (k, last) = (at % alphas.rows, alphas.rows as f64 - 1.0);
        // SAFETY: inside the matrix.
        unsafe { *alphas.data.add(at) = min_ratio.powf(k as f64 / last) };
    }
    status::OK
}
unsafe extern "C" fn constant_grid(
    _: *const handle::Regressor,
    _: *const handle::Prepared,
    _: *const Mat,
    _: f64,
    alphas: MatMut,
    _: *const Call,
) -> Status {
    // SAFETY: the host's matrix.
    unsafe { std::slice::from_raw_parts_mut(alphas.data, alphas.rows * alphas.cols) }.fill(1.0);
    status::OK
}
unsafe extern "C" fn begin(
    _: *const handle::Regressor,
    design: *const handle::Prepared,
    y: *const Mat,
    alphas: *const Mat,
    _: *const Call,
    out: *mut *mut handle::Path,
) -> Status {
    // SAFETY: the host's views; the design outlives its paths.
    unsafe {
        *out = boxed(Walk {
            design: design.cast(),
            y: matrix(y),
            alphas: matrix(alphas),
        });
    }
    status::OK
}
unsafe extern "C" fn advance(
    path: *mut handle::Path,
    columns: *const u32,
    steps: *const u32,
    n: usize,
    y_hat: MatMut,
    info: *mut abi::FitInfo,
    _: *const Call,
) -> Status {
    // SAFETY: n columns and steps; y_hat is n_new × n.
    unsafe {
        let walk = &*path.cast::<Walk>();
        let design = &*walk.design;
        for c in 0..n {
            let (column, step) = (*columns.add(c) as usize, *steps.add(c) as usize);
            let coef = marginal(
                &design.x,
                walk.y.column(column).as_slice(),
                walk.alphas[(step, column)],
            );
            let predicted = &design.x_new * coef;
            std::slice::from_raw_parts_mut(y_hat.data.add(c * y_hat.rows), y_hat.rows)
                .copy_from_slice(predicted.as_slice());
            *info.add(c) = abi::FitInfo {
                gap: 1e-12,
                n_nonzero: 7,
                flags: 0,
            };
        }
    }
    status::OK
}
unsafe extern "C" fn destroy_path(raw: *mut handle::Path) {
    unsafe { unboxed::<Walk, _>(raw) }
}

static REGRESSOR: abi::RegressorV1 = abi::RegressorV1 {
    struct_size: size_of::<abi::RegressorV1>(),
    create: Some(create),
    destroy: Some(destroy),
    fit: Some(fit),
    predict: Some(predict),
    destroy_model: Some(destroy_model),
};
static LINEAR: abi::LinearV1 = abi::LinearV1 {
    struct_size: size_of::<abi::LinearV1>(),
    coef: Some(coef),
};
static BATCH: abi::BatchV1 = abi::BatchV1 {
    struct_size: size_of::<abi::BatchV1>(),
    preferred_columns: 0,
    reserved: 0,
    prepare: Some(prepare),
    fit_predict: Some(fit_predict),
    destroy: Some(destroy_prepared),
};
static PATH: abi::PathV1 = abi::PathV1 {
    struct_size: size_of::<abi::PathV1>(),
    preferred_columns: 0,
    reserved: 0,
    prepare: Some(prepare),
    grid: Some(grid),
    begin: Some(begin),
    advance: Some(advance),
    destroy_path: Some(destroy_path),
    destroy: Some(destroy_prepared),
};
static CONSTANT_GRID: abi::PathV1 = abi::PathV1 {
    grid: Some(constant_grid),
    ..PATH
};

fn simple() -> Interfaces {
    Interfaces {
        regressor: Some(&REGRESSOR),
        ..Interfaces::default()
    }
}

fn plugin(interfaces: Interfaces, family: &str, alpha: Value, flags: u32) -> Arc<Plugin> {
    let mut schema = json!({ "mode": {"type": "string", "default": ""} });
    if !alpha.is_null() {
        schema["alpha"] = alpha;
    }
    let descriptor = Descriptor {
        id: "marginal".into(),
        name: "Marginal".into(),
        version: "1".into(),
        vendor: String::new(),
        license: String::new(),
        url: String::new(),
        description: String::new(),
        family: family.into(),
        schema,
        kind: Kind::Regressor,
        flags,
    };
    let origin = Origin {
        path: Path::new("marginal.so"),
        hash: "",
        build_info: "",
        layout: Layout::NotChecked,
        is_bundled: true,
        isolation: Isolation::InProcess,
        is_fp_reported: false,
    };
    Plugin::new(descriptor, interfaces, interfaces.owned_ids(), &origin)
}

fn penalty() -> Value {
    json!({"type": "number", "min": 0.5, "max": 8.0, "scale": "log", "tunable": "alpha"})
}

fn mode(mode: &str) -> RegressorOptions {
    let mut params = Map::new();
    params.insert("mode".into(), mode.into());
    RegressorOptions {
        variants: vec![params],
        ..RegressorOptions::default()
    }
}

/// Five rows, two features, two targets; three held-out rows.
fn data() -> (DMatrix<f64>, DMatrix<f64>, DMatrix<f64>) {
    let x = DMatrix::from_column_slice(
        5,
        2,
        &[-2.0, -1.0, 0.0, 1.0, 2.0, 1.0, -1.0, 0.0, -1.0, 1.0],
    );
    let x_new = DMatrix::from_column_slice(3, 2, &[1.0, 0.0, -1.0, 0.5, 2.0, 0.0]);
    let y =
        DMatrix::from_column_slice(5, 2, &[-3.0, -1.0, 0.0, 2.0, 2.0, 1.0, -2.0, 1.0, 0.0, 0.0]);
    (x, x_new, y)
}

/// The grid, the predictions for three rows of columns 1 and 0, and what was said of the fits.
type Walked = (DMatrix<f64>, [f64; 6], [FitInfo; 2]);

/// Everything a path gives for both targets at the given steps.
fn walk(
    regressor: &PluginRegressor,
    steps: [u32; 2],
) -> Result<Walked, ocean_engine::regressor::RegressorError> {
    let (x, x_new, y) = data();
    let prepared = regressor.prepare(TrainingSet::Rows {
        x: &x,
        x_new: &x_new,
    })?;
    let mut alphas = DMatrix::zeros(regressor.n_alphas(), 2);
    prepared.grid(0, &y, &mut alphas)?;
    let mut path = prepared.begin(0, &y, &[], &alphas)?;
    let (mut y_hat, mut info) = ([0.0; 6], [FitInfo::default(); 2]);
    // The columns in reverse: results go where they were asked for.
    path.advance(&[1, 0], &steps, &mut y_hat, &mut info)?;
    Ok((alphas, y_hat, info))
}

/// The same by the formula in this file's first lines, for columns 1 and 0.
fn expected(alphas: &DMatrix<f64>, steps: [u32; 2]) -> Vec<f64> {
    let (x, x_new, y) = data();
    let predict = |column: usize, step: u32| {
        let coef = marginal(
            &x,
            y.column(column).as_slice(),
            alphas[(step as usize, column)],
        );
        (&x_new * coef).as_slice().to_vec()
    };
    [predict(1, steps[0]), predict(0, steps[1])].concat()
}

#[test]
fn path_batch_and_single_fits_predict_the_same_and_leave_nothing_behind() {
    let _one = ONE_TEST.lock();
    let offers = [
        simple(),
        Interfaces {
            linear: Some(&LINEAR),
            ..simple()
        },
        Interfaces {
            batch: Some(&BATCH),
            ..simple()
        },
        Interfaces {
            path: Some(&PATH),
            batch: Some(&BATCH),
            ..simple()
        },
    ];
    // Target 1 does not move with feature 0 (−2 + 2 = 0), so one coefficient is left; the fake path
    // says 7.
    let known = [None, Some(1), None, Some(7)];
    for (offer, n_nonzero) in offers.into_iter().zip(known) {
        let before = ALIVE.load(Ordering::SeqCst);
        let options = RegressorOptions {
            alphas: Some(vec![0.1, 10.0, 1.0]),
            ..RegressorOptions::default()
        };
        let regressor = PluginRegressor::new(
            plugin(offer, "other", penalty(), flag::THREAD_SAFE),
            options,
            CallContext::silent(),
        )
        .unwrap();
        let (alphas, y_hat, info) = walk(&regressor, [2, 1]).unwrap();
        assert_eq!(
            alphas.column(0).as_slice(),
            [10.0, 1.0, 0.1],
            "the study's own grid, strongest first"
        );
        assert_eq!(y_hat.as_slice(), expected(&alphas, [2, 1]).as_slice());
        assert_eq!(info[0].n_nonzero, n_nonzero);
        assert_eq!(
            info[0].is_unconverged,
            offer.batch.is_some() && offer.path.is_none()
        );
        drop(regressor);
        assert_eq!(
            ALIVE.load(Ordering::SeqCst),
            before,
            "an object was not destroyed"
        );
    }
}

#[test]
fn without_a_grid_of_its_own_a_plugin_gets_its_familys_or_its_schemas() {
    let _one = ONE_TEST.lock();
    let alphas = |family: &str, alpha: Value| {
        let regressor = PluginRegressor::new(
            plugin(simple(), family, alpha, flag::THREAD_SAFE),
            RegressorOptions::default(),
            CallContext::silent(),
        )
        .unwrap();
        walk(&regressor, [0, 0]).unwrap().0
    };
    // The schema's range, in equal factors from the strongest: 8 to 0.5.
    let range = alphas("other", penalty());
    assert_eq!(
        (range.nrows(), range[(0, 0)], range[(29, 1)]),
        (30, 8.0, 0.5)
    );
    // α_max by hand: target 0 has |xᵀy| = (6+1+2+4, -3+1-2+2) = (13, 2), so 13/5; target 1 |(-2+2,
    // 1+2)| = (0, 3), so 3/5.
    let lasso = alphas("lasso", penalty());
    assert_eq!(lasso.nrows(), 50);
    assert_eq!((lasso[(0, 0)], lasso[(0, 1)]), (13.0 / 5.0, 3.0 / 5.0));
    assert!((lasso[(49, 0)] / (13.0 / 5.0) - 1e-3).abs() < 1e-15);
    // XᵀX = diag(10, 4): dof 0.1 solves 10/(10+α) + 4/(4+α) = 0.1, which is 0.1α² − 12.6α − 76 = 0,
    // so α = 63 + √(63² + 760).
    let ridge = alphas("ridge", penalty());
    assert!((ridge[(0, 0)] / (63.0 + (63f64 * 63.0 + 760.0).sqrt()) - 1.0).abs() < 1e-12);
    // No penalty at all: one point, and fit is told NaN (the fake then uses 0).
    let none = alphas("ridge", Value::Null);
    assert!(none.nrows() == 1 && none[(0, 0)].is_nan());
}

#[test]
fn step_zero_of_a_relative_lasso_grid_is_the_empty_model_by_definition() {
    let _one = ONE_TEST.lock();
    for offer in [
        simple(),
        Interfaces {
            batch: Some(&BATCH),
            ..simple()
        },
    ] {
        let new = |options| {
            PluginRegressor::new(
                plugin(offer, "lasso", penalty(), flag::THREAD_SAFE),
                options,
                CallContext::silent(),
            )
            .unwrap()
        };
        let (alphas, y_hat, info) = walk(&new(RegressorOptions::default()), [0, 1]).unwrap();
        assert_eq!(y_hat[..3], [0.0; 3]);
        assert_eq!(info[0].n_nonzero, Some(0));
        assert_eq!(
            y_hat[3..],
            expected(&alphas, [0, 1])[3..],
            "step 1 is fitted"
        );
        let absolute = RegressorOptions {
            alphas: Some(vec![2.0, 1.0]),
            ..RegressorOptions::default()
        };
        assert!(
            walk(&new(absolute), [0, 1]).unwrap().1[0] != 0.0,
            "an absolute grid has no empty model by definition"
        );
    }
}

#[test]
fn each_failure_of_a_plugin_is_one_line_with_its_status() {
    let _one = ONE_TEST.lock();
    let failure = |mode_name: &str| {
        let plugin = plugin(simple(), "other", penalty(), flag::THREAD_SAFE);
        match PluginRegressor::new(plugin, mode(mode_name), CallContext::silent()) {
            Err(e) => (e.status, e.to_string()),
            Ok(regressor) => walk(&regressor, [0, 0])
                .map_err(|e| (e.status, e.message))
                .unwrap_err(),
        }
    };
    assert_eq!(
        failure("refuse"),
        (
            status::PARAM,
            "regressor `marginal`: mode = \"refuse\" is not  allowed".into()
        )
    );
    assert_eq!(
        failure("silent"),
        (
            status::NUMERIC,
            "regressor `marginal`: it did not say why (fit: NUMERIC)".into()
        )
    );
    assert_eq!(
        failure("no-object"),
        (
            status::INTERNAL,
            "regressor `marginal`: fit returned OK and no model".into()
        )
    );
    assert_eq!(
        failure("nan"),
        (
            status::NUMERIC,
            "regressor `marginal`: 6 of 6 predictions are NaN or infinite; run `ocean-host plugin check marginal.so` to see which check fails".into()
        )
    );
}

#[test]
fn a_grid_that_does_not_fall_is_refused_and_so_are_wrong_lists() {
    let _one = ONE_TEST.lock();
    let constant = Interfaces {
        path: Some(&CONSTANT_GRID),
        ..simple()
    };
    let new = |offer, alpha, alphas| {
        let options = RegressorOptions {
            alphas,
            ..RegressorOptions::default()
        };
        PluginRegressor::new(
            plugin(offer, "other", alpha, flag::THREAD_SAFE),
            options,
            CallContext::silent(),
        )
    };
    let error = walk(&new(constant, penalty(), None).unwrap(), [0, 0]).unwrap_err();
    assert_eq!(
        error.message,
        "regressor `marginal`: its grid is not a strictly decreasing list of finite penalties"
    );
    let refusal = |alpha, alphas| {
        new(simple(), alpha, Some(alphas))
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        refusal(penalty(), vec![]),
        "regressor `marginal`: alphas = [] leaves no penalty to try"
    );
    assert_eq!(
        refusal(penalty(), vec![1.0, -2.0]),
        "regressor `marginal`: alphas contains -2; numbers from 0 up are expected"
    );
    assert_eq!(
        refusal(penalty(), vec![1.0, 2.0, 1.0]),
        "regressor `marginal`: alphas contains 1 twice"
    );
    assert_eq!(
        refusal(Value::Null, vec![1.0]),
        "regressor `marginal`: it has no penalty to tune; remove `alphas`"
    );
}

#[test]
fn a_mistake_of_the_engine_is_an_error_and_never_reaches_the_plugin() {
    let _one = ONE_TEST.lock();
    let offer = Interfaces {
        path: Some(&PATH),
        ..simple()
    };
    let regressor = PluginRegressor::new(
        plugin(offer, "other", penalty(), flag::THREAD_SAFE),
        RegressorOptions::default(),
        CallContext::silent(),
    )
    .unwrap();
    let (x, x_new, y) = data();
    let prepared = regressor
        .prepare(TrainingSet::Rows {
            x: &x,
            x_new: &x_new,
        })
        .unwrap();
    let alphas = DMatrix::from_element(30, 2, 1.0);
    let mut path = prepared.begin(0, &y, &[], &alphas).unwrap();
    let mut info = [FitInfo::default(); 1];
    let outside = [(2, 0, 3), (0, 30, 3), (0, 0, 2)];
    for (column, step, n_values) in outside {
        let error = path
            .advance(&[column], &[step], &mut vec![0.0; n_values], &mut info)
            .unwrap_err();
        assert_eq!(error.status, status::SHAPE);
    }
    assert_eq!(
        prepared
            .begin(0, &x_new, &[], &alphas)
            .err()
            .unwrap()
            .status,
        status::SHAPE
    );
}

#[test]
fn a_plugin_that_is_not_thread_safe_is_called_by_one_thread_at_a_time() {
    let _one = ONE_TEST.lock();
    let regressor = PluginRegressor::new(
        plugin(simple(), "other", penalty(), 0),
        RegressorOptions::default(),
        CallContext::silent(),
    )
    .unwrap();
    MOST_INSIDE.store(0, Ordering::SeqCst);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| drop(walk(&regressor, [3, 4]).unwrap())));
        }
    });
    assert_eq!(MOST_INSIDE.load(Ordering::SeqCst), 1);
}

#[test]
fn log_lines_and_ctrl_c_cross_the_boundary() {
    let _one = ONE_TEST.lock();
    let lines: Arc<Mutex<Vec<(LogLevel, String)>>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let context = || {
        let lines = Arc::clone(&lines);
        CallContext::new(
            move |level, text| lines.lock().unwrap().push((level, text.to_owned())),
            Arc::clone(&stop),
        )
    };
    let new = |name| {
        PluginRegressor::new(
            plugin(simple(), "other", penalty(), flag::THREAD_SAFE),
            mode(name),
            context(),
        )
        .unwrap()
    };
    walk(&new("log"), [0, 0]).unwrap();
    assert_eq!(
        lines.lock().unwrap()[0],
        (
            LogLevel::Warn,
            "regressor `marginal`: fitting\u{fffd}".into()
        )
    );
    let cancellable = new("cancellable");
    walk(&cancellable, [0, 0]).unwrap();
    stop.store(true, Ordering::Relaxed);
    assert_eq!(
        walk(&cancellable, [0, 0]).unwrap_err().status,
        status::CANCELLED
    );
}

#[test]
fn the_cost_of_a_missing_interface_is_counted_and_named() {
    let _one = ONE_TEST.lock();
    let note = |offer| {
        let regressor = PluginRegressor::new(
            plugin(offer, "other", penalty(), flag::THREAD_SAFE),
            RegressorOptions::default(),
            CallContext::silent(),
        )
        .unwrap();
        regressor.cost_note(15, 1000)
    };
    assert_eq!(
        note(simple()).unwrap(),
        "regressor `marginal` has no path of its own: up to 450000 fits, one by one; implementing `ocean.regressor.batch/1` makes it faster"
    );
    assert!(
        note(Interfaces {
            batch: Some(&BATCH),
            ..simple()
        })
        .unwrap()
        .contains("implementing `ocean.regressor.path/1`")
    );
    assert_eq!(
        note(Interfaces {
            path: Some(&PATH),
            ..simple()
        }),
        None
    );
}

/// An entry that offers the same table for every question.
#[test]
fn one_table_for_every_interface_is_refused() {
    unsafe extern "C" fn count() -> u32 {
        1
    }
    unsafe extern "C" fn descriptor(_: u32) -> *const abi::Descriptor {
        std::ptr::null()
    }
    unsafe extern "C" fn same_for_all(_: u32, _: Str) -> *const c_void {
        (&raw const REGRESSOR).cast()
    }
    static ENTRY: abi::Entry = abi::Entry {
        magic: abi::MAGIC,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        struct_size: size_of::<abi::Entry>(),
        build_info: Str::EMPTY,
        count: Some(count),
        descriptor: Some(descriptor),
        interface_: Some(same_for_all),
    };
    let plugin = plugin(simple(), "other", penalty(), 0);
    // SAFETY: a complete entry of this process.
    let fault = unsafe { Interfaces::ask(&ENTRY, 0, &plugin.descriptor, |_| Ok(())) }.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "its plugin `marginal` answers interface ids that do not exist; `interface_` must return NULL for an id it does not know"
    );
}
