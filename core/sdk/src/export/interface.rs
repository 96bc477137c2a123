//! One function per interface id: the table of a plugin type. `export_plugin!` calls them by the
//! names authors write after the colon.

use super::encoder::{EncoderTable, InfoTable};
use super::moments::MomentsTable;
use super::regressor::{LinearTable, RegressorTable, StateTable};
use super::walk::{BatchTable, ErrorsTable, PathTable};
use crate::encoder::{Encoder, TokenCounter};
use crate::regressor::{
    BatchRegressor, ErrorsRegressor, LinearRegressor, MomentsRegressor, PathRegressor, Regressor,
    SaveRegressor,
};
use ocean_plugin_abi::id;
use std::ffi::c_void;
use std::ptr;

/// A table and its id.
#[derive(Debug, Clone, Copy)]
pub struct Interface {
    pub(crate) id: &'static str,
    pub(crate) table: *const c_void,
}

// SAFETY: the table is a constant.
unsafe impl Send for Interface {}
// SAFETY: as above.
unsafe impl Sync for Interface {}

impl Interface {
    /// The interface id.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The table, of the type that goes with the id.
    #[must_use]
    pub const fn table(&self) -> *const c_void {
        self.table
    }

    const fn new<T>(id: &'static str, table: &'static T) -> Interface {
        Interface {
            id,
            table: ptr::from_ref(table).cast(),
        }
    }
}

/// `ocean.regressor/1`
#[must_use]
pub const fn regressor<R: Regressor>() -> Interface {
    Interface::new(id::REGRESSOR, RegressorTable::<R>::TABLE)
}

/// `ocean.regressor.linear/1`
#[must_use]
pub const fn linear<R: LinearRegressor>() -> Interface {
    Interface::new(id::LINEAR, LinearTable::<R>::TABLE)
}

/// `ocean.regressor.batch/1`
#[must_use]
pub const fn batch<R: BatchRegressor>() -> Interface {
    Interface::new(id::BATCH, BatchTable::<R>::TABLE)
}

/// `ocean.regressor.path/1`
#[must_use]
pub const fn path<R: PathRegressor>() -> Interface {
    Interface::new(id::PATH, PathTable::<R>::TABLE)
}

/// `ocean.regressor.moments/1`
#[must_use]
pub const fn moments<R: MomentsRegressor>() -> Interface {
    Interface::new(id::MOMENTS, MomentsTable::<R>::TABLE)
}

/// `ocean.regressor.errors/1`
#[must_use]
pub const fn errors<R: ErrorsRegressor>() -> Interface {
    Interface::new(id::ERRORS, ErrorsTable::<R>::TABLE)
}

/// `ocean.state/1`
#[must_use]
pub const fn state<R: SaveRegressor>() -> Interface {
    Interface::new(id::STATE, StateTable::<R>::TABLE)
}

/// `ocean.encoder/1`
#[must_use]
pub const fn encoder<E: Encoder>() -> Interface {
    Interface::new(id::ENCODER, EncoderTable::<E>::TABLE)
}

/// `ocean.encoder.info/1`
#[must_use]
pub const fn info<E: TokenCounter>() -> Interface {
    Interface::new(id::ENCODER_INFO, InfoTable::<E>::TABLE)
}
