//! `ocean.regressor.moments/1` over the traits. Lives are kept as for the path interface: see
//! `walk`.

use super::pointers::{
    borrow, borrow_mut, expect_size, give, matrix, matrix_mut, values, values_mut,
};
use super::walk::{Design, another, destroy_design};
use crate::guard::{catch, guard};
use crate::matrix::Mat;
use crate::regressor::MomentsRegressor;
use ocean_plugin_abi::{self as abi, FitInfo, MomentsV1, Status, handle};
use std::marker::PhantomData;
use std::sync::Arc;

/// A path, then what it borrows: fields are dropped in this order.
struct Walk<R: MomentsRegressor> {
    path: R::MomentsPath<'static>,
    design: Arc<Design<R::PreparedMoments<'static>>>,
    _regressor: Arc<R>,
}

pub(super) struct MomentsTable<R>(PhantomData<R>);

impl<R: MomentsRegressor> MomentsTable<R> {
    pub(super) const TABLE: &'static MomentsV1 = &MomentsV1 {
        struct_size: size_of::<MomentsV1>(),
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
        gram: *const abi::Mat,
        n_samples: u64,
        call: *const abi::Call,
        out: *mut *mut handle::Prepared,
    ) -> Status {
        // SAFETY: here and below, the pointers are what the header promises.
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let gram: Mat<'static> = matrix(gram, R::INFO.is_strided, "gram")?;
                expect_size("the width of gram", gram.cols(), gram.rows())?;
                give(out, || {
                    Ok(Arc::into_raw(Arc::new(Design {
                        prepared: regressor.prepare_moments(gram, n_samples, call)?,
                        n_samples: gram.rows(),
                        n_new: gram.rows(),
                    })))
                })
            })
        }
    }

    unsafe extern "C" fn grid(
        regressor: *const handle::Regressor,
        prepared: *const handle::Prepared,
        xty: *const abi::Mat,
        min_ratio: f64,
        alphas: abi::MatMut,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let design = prepared.cast::<Design<R::PreparedMoments<'static>>>();
                let design = borrow(design, "prepared")?;
                let xty = matrix(xty, R::INFO.is_strided, "xty")?;
                let alphas = matrix_mut(alphas, R::INFO.is_strided, "alphas")?;
                expect_size("the length of xty", xty.rows(), design.n_samples)?;
                expect_size("the width of alphas", alphas.cols(), xty.cols())?;
                regressor.moments_grid(&design.prepared, xty, min_ratio, alphas, call)
            })
        }
    }

    unsafe extern "C" fn begin(
        regressor: *const handle::Regressor,
        prepared: *const handle::Prepared,
        xty: *const abi::Mat,
        y_sq: *const f64,
        alphas: *const abi::Mat,
        call: *const abi::Call,
        out: *mut *mut handle::Path,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor_handle = regressor.cast::<R>();
                let design_handle = prepared.cast::<Design<R::PreparedMoments<'static>>>();
                let regressor: &'static R = borrow(regressor_handle, "regressor")?;
                let design: &'static Design<R::PreparedMoments<'static>> =
                    borrow(design_handle, "prepared")?;
                let xty = matrix(xty, R::INFO.is_strided, "xty")?;
                let alphas = matrix(alphas, R::INFO.is_strided, "alphas")?;
                let y_sq = values(y_sq, xty.cols(), "y_sq")?;
                expect_size("the length of xty", xty.rows(), design.n_samples)?;
                expect_size("the width of alphas", alphas.cols(), xty.cols())?;
                give(out, || {
                    let path =
                        regressor.begin_moments(&design.prepared, xty, y_sq, alphas, call)?;
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
        coef: abi::MatMut,
        info: *mut FitInfo,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let walk = borrow_mut(path.cast::<Walk<R>>(), "path")?;
                let columns = values(columns, n_columns, "columns")?;
                let steps = values(steps, n_columns, "steps")?;
                let coef = matrix_mut(coef, R::INFO.is_strided, "coef")?;
                let info = values_mut(info, n_columns, "info")?;
                expect_size("the length of coef", coef.rows(), walk.design.n_new)?;
                expect_size("the width of coef", coef.cols(), n_columns)?;
                R::advance_moments(&mut walk.path, columns, steps, coef, info, call)
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
        unsafe { destroy_design::<R::PreparedMoments<'static>>(prepared) }
    }
}
