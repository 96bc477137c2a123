//! A library opened as a host opens it, and a regressor driven through its table.

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use ocean_plugin::testing::Host;
use ocean_plugin_abi::layout::{self, DOOR_SYMBOL, DoorError, DoorRef};
use ocean_plugin_abi::{ENTRY_SYMBOL, Entry, EntryFn, Mat, RegressorV1, Str, handle, id};
use std::ffi::c_void;
use std::path::Path;
use std::ptr;

/// A library that stays open until the process ends.
pub struct Opened {
    library: &'static Library,
    pub entry: &'static Entry,
}

impl Opened {
    pub fn new(path: &Path) -> Opened {
        // SAFETY: a fixture without constructors.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.unwrap();
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the symbol has this type in every plugin.
        let entry = unsafe { library.get::<EntryFn>(ENTRY_SYMBOL.as_bytes()).unwrap()() };
        // SAFETY: the library is never closed.
        let entry = unsafe { entry.as_ref() }.unwrap();
        Opened { library, entry }
    }

    /// The table behind an interface id of the first plugin.
    pub fn table<T>(&self, interface_id: &str) -> Option<&'static T> {
        // SAFETY: the caller asks for the table that goes with the id.
        unsafe {
            let table = self.entry.interface_(0, Str::new(interface_id));
            table.cast::<T>().as_ref()
        }
    }

    /// The id in the first descriptor.
    pub fn plugin_id(&self) -> &'static str {
        // SAFETY: descriptors live as long as the library.
        unsafe { (*self.entry.descriptor(0)).id.as_str().unwrap() }
    }

    /// The layout door, where there is one.
    pub fn door(&self) -> Option<Result<DoorRef, DoorError>> {
        // SAFETY: the symbol is abi_stable's header where it exists.
        unsafe {
            let symbol = self.library.get::<*const c_void>(DOOR_SYMBOL.as_bytes());
            Some(layout::open(symbol.ok()?.into_raw().cast_const()))
        }
    }

    /// Fits y on x (column by column, one column per `x.len() / y.len()`) and predicts `x_new`.
    pub fn fit_predict(
        &self,
        params_json: &str,
        x: &[f64],
        y: &[f64],
        alpha: f64,
        x_new: &[f64],
    ) -> Result<Vec<f64>, ocean_plugin::Error> {
        let table: &RegressorV1 = self.table(id::REGRESSOR).unwrap();
        let host = Host::new();
        let call = host.raw_call();
        let n_features = x.len() / y.len();
        let n_new = x_new.len() / n_features;
        let x = Mat::column_major(x.as_ptr(), y.len(), n_features);
        let x_new = Mat::column_major(x_new.as_ptr(), n_new, n_features);
        let mut regressor: *mut handle::Regressor = ptr::null_mut();
        let mut model: *mut handle::Model = ptr::null_mut();
        let mut y_hat = vec![0.0; n_new];
        // SAFETY: sizes as the header asks; every handle is given back once.
        unsafe {
            host.outcome(table.create(Str::new(params_json), &call, &mut regressor))?;
            let fitted =
                host.outcome(table.fit(regressor, &x, y.as_ptr(), alpha, &call, &mut model));
            let predicted = fitted.and_then(|()| {
                let y_hat = y_hat.as_mut_ptr();
                let predicted = host.outcome(table.predict(regressor, model, &x_new, y_hat, &call));
                table.destroy_model(model);
                predicted
            });
            table.destroy(regressor);
            predicted?;
        }
        Ok(y_hat)
    }
}
