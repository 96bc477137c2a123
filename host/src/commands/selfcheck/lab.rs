//! Where data sets are simulated: how many, with which numbers, on all threads.
//!
//! A data set is a pure function of the seed, its scenario's name and its number, and results are
//! collected in order: the same on any number of threads.

use std::sync::atomic::{AtomicBool, Ordering};

use ocean_engine::EngineError;
use ocean_engine::family::Family;
use ocean_engine::seed::{Seed, Stream};
use rayon::prelude::*;

use super::study::Entrant;
use crate::encode::sources::NamedRegressor;
use crate::tell::progress::Stage;

/// The seed of every certificate: another one would let somebody choose.
pub const SEED: u64 = 20_261_122;

/// How thorough a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Everything, with data sets enough for narrow intervals.
    pub is_thorough: bool,
    /// At most so many data sets of a kind.
    pub most: Option<u64>,
}

/// Data sets of a scenario. A walk along an ℓ1 path costs many times a ridge, so there are fewer of
/// those.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Closed form, others.
    quick: (u64, u64),
    thorough: (u64, u64),
}

impl Size {
    /// Quick and thorough, each for ridge and for others; 0: left out.
    pub const fn of(
        quick_ridge: u64,
        quick_other: u64,
        thorough_ridge: u64,
        thorough_other: u64,
    ) -> Self {
        Self {
            quick: (quick_ridge, quick_other),
            thorough: (thorough_ridge, thorough_other),
        }
    }
}

/// A regressor on the bench.
pub struct Tested<'a> {
    /// As a run would use it.
    pub regressor: &'a NamedRegressor,
    /// The family it says it is of.
    pub family: Family,
}

impl Tested<'_> {
    /// For the engine.
    pub fn entrant(&self) -> Entrant<'_> {
        Entrant {
            regressor: self.regressor.regressor.as_ref(),
            tuning: self.regressor.tuning,
        }
    }

    /// Its scores are continuous and it is quick.
    pub fn is_ridge(&self) -> bool {
        self.family == Family::Ridge
    }
}

/// What all simulations share.
pub struct Lab<'a> {
    /// How many data sets.
    pub effort: Effort,
    /// Counts data sets.
    pub stage: &'a Stage,
    /// Set by Ctrl-C.
    pub interrupted: &'a AtomicBool,
}

impl Lab<'_> {
    /// Data sets of a scenario for a regressor.
    pub fn n(&self, size: &Size, tested: &Tested) -> u64 {
        let (ridge, other) = if self.effort.is_thorough {
            size.thorough
        } else {
            size.quick
        };
        let n = if tested.is_ridge() { ridge } else { other };
        n.min(self.effort.most.unwrap_or(n))
    }

    /// Runs `one` on `n` data sets and returns what it says of each, in order. `one` gets a stream
    /// of its own and the data set's number.
    ///
    /// # Errors
    /// The first error of `one`; [`EngineError::Cancelled`] after Ctrl-C.
    pub fn simulate<T: Send>(
        &self,
        name: &str,
        n: u64,
        one: impl Fn(&mut Stream, u64) -> Result<T, EngineError> + Sync,
    ) -> Result<Vec<T>, EngineError> {
        (0..n as usize)
            .into_par_iter()
            // One data set a task: they differ in cost, and none is too small to be worth one.
            .with_max_len(1)
            .map(|index| {
                let index = index as u64;
                if self.interrupted.load(Ordering::Relaxed) {
                    return Err(EngineError::Cancelled);
                }
                let outcome = one(&mut Seed(SEED).stream(name, index), index);
                self.stage.add(1);
                outcome
            })
            .collect()
    }
}
