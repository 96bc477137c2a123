//! What the loop asks of its surroundings: somewhere to keep finished numbers, somebody who
//! watches.

use std::convert::Infallible;

use super::Item;

/// Keeps finished numbers and gives them back, so that nothing is computed twice. From any thread.
pub trait Keep: Sync {
    /// Why numbers could not be kept: a full disk, …
    type Error: Send;

    /// What was kept of an item, if anything; the loop checks whether it can be that item's.
    fn take(&self, item: Item) -> Option<Vec<f64>>;

    /// Keeps the numbers of an item.
    ///
    /// # Errors
    /// What ends the computation: work that cannot be kept would be lost.
    fn put(&self, item: Item, numbers: &[f64]) -> Result<(), Self::Error>;
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Keep for Nothing {
    type Error = Infallible;

    fn take(&self, _: Item) -> Option<Vec<f64>> {
        None
    }

    fn put(&self, _: Item, _: &[f64]) -> Result<(), Infallible> {
        Ok(())
    }
}

/// What the loop is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Observed and permuted targets, designs included, and then their ranks.
    Permutations,
    /// The study without each block of rows.
    Jackknife,
    /// The study with other folds.
    Redraws,
    /// Planted effects.
    Planted,
}

/// Counts steps and says when to stop. From any thread.
pub trait Watch: Sync {
    /// A phase begins; the one before is over.
    fn begin(&self, _phase: Phase) {}

    /// Steps that are done: blocks of permutations, replicates, repeats of the ranks and planted
    /// effects weigh alike.
    fn done(&self, _n_steps: u64) {}

    /// Nothing new is to be begun.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Looks away.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// One that another thread sets stops the loop.
impl Watch for std::sync::atomic::AtomicBool {
    fn is_stopped(&self) -> bool {
        self.load(std::sync::atomic::Ordering::Relaxed)
    }
}
