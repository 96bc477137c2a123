//! `ocean.regressor/1`, `ocean.regressor.linear/1` and `ocean.state/1` over the traits.
//!
//! A regressor's handle is the raw pointer of an `Arc`: a path keeps its regressor alive, so that a
//! host that destroys in the wrong order gets no dangling reference.

use super::pointers::{borrow, give, matrix, text, values, values_mut};
use crate::error::{Error, Result};
use crate::guard::{catch, guard};
use crate::params::Parameters;
use crate::regressor::{LinearRegressor, Regressor, SaveRegressor};
use ocean_plugin_abi::{self as abi, LinearV1, RegressorV1, StateV1, Status, Str, handle};
use std::marker::PhantomData;
use std::sync::Arc;

pub(super) struct RegressorTable<R>(PhantomData<R>);

impl<R: Regressor> RegressorTable<R> {
    pub(super) const TABLE: &'static RegressorV1 = &RegressorV1 {
        struct_size: size_of::<RegressorV1>(),
        create: Some(Self::create),
        destroy: Some(Self::destroy),
        fit: Some(Self::fit),
        predict: Some(Self::predict),
        destroy_model: Some(Self::destroy_model),
    };

    unsafe extern "C" fn create(
        params_json: Str,
        call: *const abi::Call,
        out: *mut *mut handle::Regressor,
    ) -> Status {
        // SAFETY: here and below, the pointers are what the header promises.
        unsafe {
            guard(call, |call| {
                let params = R::Params::from_json(text(params_json, "params_json")?)?;
                give(out, || Ok(Arc::into_raw(Arc::new(R::new(params, call)?))))
            })
        }
    }

    unsafe extern "C" fn destroy(regressor: *mut handle::Regressor) {
        if regressor.is_null() {
            return;
        }
        // A destructor that panics has nobody to tell.
        // SAFETY: made by `create`, given back once.
        let _ = catch(|| unsafe { drop(Arc::from_raw(regressor.cast_const().cast::<R>())) });
    }

    unsafe extern "C" fn fit(
        regressor: *const handle::Regressor,
        x: *const abi::Mat,
        y: *const f64,
        alpha: f64,
        call: *const abi::Call,
        out: *mut *mut handle::Model,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let x = matrix(x, R::INFO.is_strided, "x")?;
                let y = values(y, x.rows(), "y")?;
                check_alpha::<R>(alpha)?;
                let fit = || regressor.fit(x, y, alpha, call);
                give(out, || Ok(Box::into_raw(Box::new(fit()?)).cast_const()))
            })
        }
    }

    unsafe extern "C" fn predict(
        regressor: *const handle::Regressor,
        model: *const handle::Model,
        x_new: *const abi::Mat,
        y_hat: *mut f64,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let model = borrow(model.cast::<R::Model>(), "model")?;
                let x_new = matrix(x_new, R::INFO.is_strided, "x_new")?;
                let y_hat = values_mut(y_hat, x_new.rows(), "y_hat")?;
                regressor.predict(model, x_new, y_hat, call)
            })
        }
    }

    unsafe extern "C" fn destroy_model(model: *mut handle::Model) {
        if model.is_null() {
            return;
        }
        // SAFETY: made by `fit` or `load`, given back once.
        let _ = catch(|| unsafe { drop(Box::from_raw(model.cast::<R::Model>())) });
    }
}

/// A penalty is a finite number from 0 on; without a penalty it may be anything, and is NaN.
fn check_alpha<R: Regressor>(alpha: f64) -> Result<()> {
    let is_penalty = alpha.is_finite() && alpha >= 0.0;
    if !is_penalty && R::Params::schema().has_penalty() {
        return Err(Error::param(format!("alpha = {alpha} is no penalty")));
    }
    Ok(())
}

pub(super) struct LinearTable<R>(PhantomData<R>);

impl<R: LinearRegressor> LinearTable<R> {
    pub(super) const TABLE: &'static LinearV1 = &LinearV1 {
        struct_size: size_of::<LinearV1>(),
        coef: Some(Self::coef),
    };

    unsafe extern "C" fn coef(
        regressor: *const handle::Regressor,
        model: *const handle::Model,
        coef: *mut f64,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let model = borrow(model.cast::<R::Model>(), "model")?;
                let found = regressor.coef(model, call)?;
                values_mut(coef, found.len(), "coef")?.copy_from_slice(found);
                Ok(())
            })
        }
    }
}

pub(super) struct StateTable<R>(PhantomData<R>);

impl<R: SaveRegressor> StateTable<R> {
    pub(super) const TABLE: &'static StateV1 = &StateV1 {
        struct_size: size_of::<StateV1>(),
        save: Some(Self::save),
        load: Some(Self::load),
    };

    unsafe extern "C" fn save(
        regressor: *const handle::Regressor,
        model: *const handle::Model,
        call: *const abi::Call,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let model = borrow(model.cast::<R::Model>(), "model")?;
                call.write(&regressor.save(model, call)?)
            })
        }
    }

    unsafe extern "C" fn load(
        regressor: *const handle::Regressor,
        bytes: *const u8,
        len: usize,
        call: *const abi::Call,
        out: *mut *mut handle::Model,
    ) -> Status {
        unsafe {
            guard(call, |call| {
                let regressor = borrow(regressor.cast::<R>(), "regressor")?;
                let bytes = values(bytes, len, "bytes")?;
                let load = || regressor.load(bytes, call);
                give(out, || Ok(Box::into_raw(Box::new(load()?)).cast_const()))
            })
        }
    }
}
