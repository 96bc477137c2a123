//! The interfaces that take a design first: `ocean.regressor.path/1` and `ocean.regressor.batch/1`
//! over the traits.
//!
//! A design borrows X and X_new until the host destroys it, and a path borrows its design and its
//! regressor. Rust cannot see those lives across the boundary, so they are written here as
//! `'static` and kept true by hand: X and X_new by the host's promise, the rest by `Arc`s that a
//! path holds and drops after itself. Authors cannot get hold of the `'static`, since their
//! functions are generic over the life.

use super::pointers::{
    borrow, borrow_mut, expect_size, give, matrix, matrix_mut, values, values_mut,
};
use crate::call::Call;
use crate::error::Result;
use crate::guard::{catch, guard};
use crate::matrix::Mat;
use crate::regressor::{BatchRegressor, ErrorsRegressor, PathRegressor, Regressor};
use ocean_plugin_abi::{self as abi, BatchV1, ErrorsV1, FitInfo, PathV1, Status, handle};
use std::marker::PhantomData;
use std::sync::Arc;

/// A design and what the shims must know of it.
pub(super) struct Design<P> {
    pub(super) prepared: P,
    /// Rows of y; of Xᵀy, where that is all there is.
    pub(super) n_samples: usize,
    /// Rows of what a path gives.
    pub(super) n_new: usize,
}

impl<P> Design<P> {
    fn new(x: &Mat<'_>, x_new: &Mat<'_>, prepared: P) -> Design<P> {
        Design {
            prepared,
            n_samples: x.rows(),
            n_new: x_new.rows(),
        }
    }
}

/// `prepare` of both interfaces: a design over matrices that the host keeps until it destroys the
/// design.
///
/// # Safety
/// The pointers are what the header promises of `prepare`.
unsafe fn prepare_with<R: Regressor, P>(
    regressor: *const handle::Regressor,
    x: *const abi::Mat,
    x_new: *const abi::Mat,
    call: *const abi::Call,
    out: *mut *mut handle::Prepared,
    prepare: impl FnOnce(&R, Mat<'static>, Mat<'static>, &Call<'_>) -> Result<P>,
) -> Status {
    unsafe {
        guard(call, |call| {
            let regressor = borrow(regressor.cast::<R>(), "regressor")?;
            let x: Mat<'static> = matrix(x, R::INFO.is_strided, "x")?;
            let x_new: Mat<'static> = matrix(x_new, R::INFO.is_strided, "x_new")?;
            expect_size("the width of x_new", x_new.cols(), x.cols())?;
            give(out, || {
                let prepared = prepare(regressor, x, x_new, call)?;
                Ok(Arc::into_raw(Arc::new(Design::new(&x, &x_new, prepared))))
            })
        })
    }
}

/// A path, then what it borrows: fields are dropped in this order.
struct Walk<R: PathRegressor> {
    path: R::Path<'static>,
    design: Arc<Design<R::Prepared<'static>>>,
    _regressor: Arc<R>,
}

pub(super) struct PathTable<R>(PhantomData<R>);

impl<R: PathRegressor> PathTable<R> {
    pub(super) const TABLE: &'static PathV1 = &PathV1 {
        struct_size: size_of::<PathV1>(),
        preferred_columns: 0,
        reserved: 0,
        prepare: Some(Self::prepare),
        grid: Some(Self::grid),
        begin: Some(Self::begin),
        advance: Some(Self::advance),
        destroy_path: Some(Self::destroy_path),
        destroy: Some(Self::destroy),
    };

    unsafe extern "C" fn prepare(
        regressor: *const handle::Regressor,
        x: *const abi::Mat,
        x_new: *const abi::Mat,
        call: *const abi::Call,
        out: *mut *mut handle::Prepared,
    ) -> Status {
        // SAFETY: here and below, the pointers are what the header promises.
        unsafe {
            prepare_with(
                regressor,
                x,
                x_new,
                call,
                out,
                |regressor: &R, x, x_new, call| PathRegressor::prepare(regressor, x, x_new, call),
            )
        }
    }

    unsafe extern "C" fn grid(
        regressor: *const handle::Regressor,
        prepared: *const handle::Prepared,
        y: *const abi::Mat,
        min_ratio: f64,
        alphas: abi::MatMut,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let design = borrow(prepared.cast::<Design<R::Prepared<'static>>>(), "prepared")?;
                let y = matrix(y, R::INFO.is_strided, "y")?;
                let alphas = matrix_mut(alphas, R::INFO.is_strided, "alphas")?;
                expect_size("the length of y", y.rows(), design.n_samples)?;
                expect_size("the width of alphas", alphas.cols(), y.cols())?;
                regressor.grid(&design.prepared, y, min_ratio, alphas, call)
            })
        }
    }

    unsafe extern "C" fn begin(
        regressor: *const handle::Regressor,
        prepared: *const handle::Prepared,
        y: *const abi::Mat,
        alphas: *const abi::Mat,
        call: *const abi::Call,
        out: *mut *mut handle::Path,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor_handle = regressor.cast::<R>();
                let design_handle = prepared.cast::<Design<R::Prepared<'static>>>();
                let regressor: &'static R = borrow(regressor_handle, "regressor")?;
                let design: &'static Design<R::Prepared<'static>> =
                    borrow(design_handle, "prepared")?;
                let y = matrix(y, R::INFO.is_strided, "y")?;
                let alphas = matrix(alphas, R::INFO.is_strided, "alphas")?;
                expect_size("the length of y", y.rows(), design.n_samples)?;
                expect_size("the width of alphas", alphas.cols(), y.cols())?;
                give(out, || {
                    let path = regressor.begin(&design.prepared, y, alphas, call)?;
                    Ok(Box::into_raw(Box::new(Walk::<R> {
                        path,
                        design: another(design_handle),
                        _regressor: another(regressor_handle),
                    }))
                    .cast_const())
                })
            })
        }
    }

    unsafe extern "C" fn advance(
        path: *mut handle::Path,
        columns: *const u32,
        steps: *const u32,
        n_columns: usize,
        y_hat: abi::MatMut,
        info: *mut FitInfo,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let walk = borrow_mut(path.cast::<Walk<R>>(), "path")?;
                let columns = values(columns, n_columns, "columns")?;
                let steps = values(steps, n_columns, "steps")?;
                let y_hat = matrix_mut(y_hat, R::INFO.is_strided, "y_hat")?;
                let info = values_mut(info, n_columns, "info")?;
                expect_size("the length of y_hat", y_hat.rows(), walk.design.n_new)?;
                expect_size("the width of y_hat", y_hat.cols(), n_columns)?;
                R::advance(&mut walk.path, columns, steps, y_hat, info, call)
            })
        }
    }

    unsafe extern "C" fn destroy_path(path: *mut handle::Path) {
        if path.is_null() {
            return;
        }
        // SAFETY: made by `begin`, given back once.
        let _ = catch(|| unsafe { drop(Box::from_raw(path.cast::<Walk<R>>())) });
    }

    unsafe extern "C" fn destroy(prepared: *mut handle::Prepared) {
        // SAFETY: made by `prepare`, given back once.
        unsafe { destroy_design::<R::Prepared<'static>>(prepared) }
    }
}

pub(super) struct ErrorsTable<R>(PhantomData<R>);

impl<R: ErrorsRegressor> ErrorsTable<R> {
    pub(super) const TABLE: &'static ErrorsV1 = &ErrorsV1 {
        struct_size: size_of::<ErrorsV1>(),
        errors: Some(Self::errors),
    };

    unsafe extern "C" fn errors(
        path: *mut handle::Path,
        y_new: *const abi::Mat,
        ends: *const u64,
        n_ranges: usize,
        sse: abi::MatMut,
        bound: abi::MatMut,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let walk = borrow_mut(path.cast::<Walk<R>>(), "path")?;
                let y_new = matrix(y_new, R::INFO.is_strided, "y_new")?;
                let ends = values(ends, n_ranges, "ends")?;
                let sse = matrix_mut(sse, R::INFO.is_strided, "sse")?;
                let bound = matrix_mut(bound, R::INFO.is_strided, "bound")?;
                expect_size("the length of y_new", y_new.rows(), walk.design.n_new)?;
                expect_size("the width of sse", sse.cols(), y_new.cols())?;
                expect_size("the width of bound", bound.cols(), y_new.cols())?;
                expect_size("the length of bound", bound.rows(), sse.rows())?;
                R::errors(&mut walk.path, y_new, ends, sse, bound, call)
            })
        }
    }
}

pub(super) struct BatchTable<R>(PhantomData<R>);

impl<R: BatchRegressor> BatchTable<R> {
    pub(super) const TABLE: &'static BatchV1 = &BatchV1 {
        struct_size: size_of::<BatchV1>(),
        preferred_columns: 0,
        reserved: 0,
        prepare: Some(Self::prepare),
        fit_predict: Some(Self::fit_predict),
        destroy: Some(Self::destroy),
    };

    unsafe extern "C" fn prepare(
        regressor: *const handle::Regressor,
        x: *const abi::Mat,
        x_new: *const abi::Mat,
        call: *const abi::Call,
        out: *mut *mut handle::Prepared,
    ) -> Status {
        unsafe {
            prepare_with(
                regressor,
                x,
                x_new,
                call,
                out,
                |regressor: &R, x, x_new, call| BatchRegressor::prepare(regressor, x, x_new, call),
            )
        }
    }

    unsafe extern "C" fn fit_predict(
        regressor: *const handle::Regressor,
        prepared: *const handle::Prepared,
        y: *const abi::Mat,
        alphas: *const abi::Mat,
        y_hat: abi::MatMut,
        info: *mut FitInfo,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let design = borrow(prepared.cast::<Design<R::Prepared<'static>>>(), "prepared")?;
                let y = matrix(y, R::INFO.is_strided, "y")?;
                let alphas = matrix(alphas, R::INFO.is_strided, "alphas")?;
                let y_hat = matrix_mut(y_hat, R::INFO.is_strided, "y_hat")?;
                expect_size("the length of y", y.rows(), design.n_samples)?;
                expect_size("the width of alphas", alphas.cols(), y.cols())?;
                expect_size("the width of y_hat", y_hat.cols(), y.cols())?;
                let n_predictions = alphas.rows().saturating_mul(design.n_new);
                expect_size("the length of y_hat", y_hat.rows(), n_predictions)?;
                let n_info = if info.is_null() {
                    0
                } else {
                    alphas.rows() * y.cols()
                };
                let info = values_mut(info, n_info, "info")?;
                regressor.fit_predict(&design.prepared, y, alphas, y_hat, info, call)
            })
        }
    }

    unsafe extern "C" fn destroy(prepared: *mut handle::Prepared) {
        // SAFETY: made by `prepare`, given back once.
        unsafe { destroy_design::<R::Prepared<'static>>(prepared) }
    }
}

/// One more owner of what a handle points to.
///
/// # Safety
/// `handle` came from `Arc::into_raw` and was not given back.
pub(super) unsafe fn another<T>(handle: *const T) -> Arc<T> {
    // SAFETY: the caller's promise.
    unsafe {
        Arc::increment_strong_count(handle);
        Arc::from_raw(handle)
    }
}

/// # Safety
/// `prepared` is null, or was made by a `prepare` above with this `P`, and is given back once.
pub(super) unsafe fn destroy_design<P>(prepared: *mut handle::Prepared) {
    if prepared.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let _ = catch(|| unsafe { drop(Arc::from_raw(prepared.cast_const().cast::<Design<P>>())) });
}
