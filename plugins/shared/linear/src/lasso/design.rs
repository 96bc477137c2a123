//! One design, prepared once and shared by all threads and all targets.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use super::LassoOptions;
use super::fit::LassoFit;
use super::gram::Gram;
use super::grid;
use super::path::{LassoPath, Shared};
use super::projection::Projection;
use crate::error::expect_count;
use crate::units::{in_units, unit_of};
use crate::{Columns, LinearError};

/// A training set and the new rows it predicts, for lasso and elastic net of any l1_ratio. Borrows
/// both; shared by threads.
pub struct LassoDesign<'x> {
    /// In units.
    x: Cow<'x, [f64]>,
    x_new: Cow<'x, [f64]>,
    n_train: usize,
    n_new: usize,
    pub(super) gram: Gram<'x>,
    /// A power of two, 1 unless X is extreme.
    unit: f64,
    /// The block of targets that each thread asked about last: it asks for their grid, then for
    /// their path, then the same at the next l1_ratio.
    projected: Mutex<Vec<(ThreadId, Arc<Block>)>>,
}

/// Targets and their moments.
struct Block {
    y: Vec<f64>,
    projection: Arc<Projection>,
}

impl<'x> LassoDesign<'x> {
    /// Takes the training rows `x` (n_train × n_features) and the rows to predict, `x_new` (n_new ×
    /// n_features).
    ///
    /// `x` is taken as it is: centring and scaling are the caller's, and `x_new` is in the same
    /// scaling. The cost is one product XᵀX; with more than 2,048 features its columns are made
    /// when they are first needed.
    ///
    /// # Errors
    /// [`LinearError::Empty`] without rows or columns, [`LinearError::Shape`] when the features
    /// differ in number, [`LinearError::Numeric`] when a value is not finite.
    pub fn prepare(x: Columns<'x>, x_new: Columns<'x>) -> Result<Self, LinearError> {
        expect_count("features of the new rows", x_new.n_columns(), x.n_columns())?;
        if x.values().is_empty() {
            return Err(LinearError::Empty);
        }
        let unit = unit_of(
            x.values(),
            "the design matrix holds a value that is not finite",
        )?;
        unit_of(
            x_new.values(),
            "the new rows hold a value that is not finite",
        )?;
        let scaled = in_units(x.values(), unit);
        Ok(Self {
            gram: Gram::of(scaled.clone(), x.n_rows(), x.n_columns()),
            x: scaled,
            x_new: in_units(x_new.values(), unit),
            n_train: x.n_rows(),
            n_new: x_new.n_rows(),
            unit,
            projected: Mutex::default(),
        })
    }

    /// Rows that targets have.
    pub fn n_train(&self) -> usize {
        self.n_train
    }

    /// Rows that are predicted.
    pub fn n_new(&self) -> usize {
        self.n_new
    }

    /// Fills `alphas` (n_alphas × n_targets) for the targets `y` (n_train × n_targets, each column
    /// centred): log-spaced from the smallest penalty at which the target's model is empty, down to
    /// `min_ratio` of it. A target without any correlation gets n_alphas, …, 2, 1.
    ///
    /// # Errors
    /// [`LinearError::Shape`] when sizes disagree, [`LinearError::Numeric`] when y is not finite,
    /// or the penalties lie outside the range of f64.
    pub fn grid(
        &self,
        y: Columns<'_>,
        min_ratio: f64,
        options: LassoOptions,
        alphas: &mut [f64],
    ) -> Result<(), LinearError> {
        let projection = self.project(y)?;
        grid::fill(&projection, min_ratio, self.unit, options, alphas)
    }

    /// Begins a walk for the targets `y` (n_train × n_targets, each column centred) along `alphas`
    /// (n_alphas × n_targets, all above 0). Keeps neither.
    ///
    /// # Errors
    /// [`LinearError::Shape`] when sizes disagree, [`LinearError::NoPenalty`] for a penalty that is
    /// 0, negative or NaN, [`LinearError::Setting`] for options out of range,
    /// [`LinearError::Numeric`] when y is not finite.
    pub fn begin(
        &self,
        y: Columns<'_>,
        alphas: Columns<'_>,
        options: LassoOptions,
    ) -> Result<LassoPath<'_>, LinearError> {
        let shared = Shared {
            gram: &self.gram,
            unit: self.unit,
            x_new: Some(Columns::new(
                &self.x_new,
                self.n_new,
                self.gram.n_features(),
            )?),
        };
        LassoPath::begin(shared, self.project(y)?, alphas, options)
    }

    /// The moments of these targets: those of the last call, if it was about the same.
    fn project(&self, y: Columns<'_>) -> Result<Arc<Projection>, LinearError> {
        expect_count("rows of y", y.n_rows(), self.n_train)?;
        let me = thread::current().id();
        let known = self.last_block(me);
        if let Some(block) = known.filter(|block| block.y == y.values()) {
            return Ok(Arc::clone(&block.projection));
        }
        let projection = Arc::new(Projection::of(&self.x, self.gram.n_features(), y)?);
        let block = Arc::new(Block {
            y: y.values().to_vec(),
            projection: Arc::clone(&projection),
        });
        let mut projected = self
            .projected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match projected.iter_mut().find(|(thread, _)| *thread == me) {
            Some((_, last)) => *last = block,
            None => projected.push((me, block)),
        }
        Ok(projection)
    }

    fn last_block(&self, thread: ThreadId) -> Option<Arc<Block>> {
        let projected = self
            .projected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mine = projected.iter().find(|(owner, _)| *owner == thread);
        mine.map(|(_, block)| Arc::clone(block))
    }
}

/// Coefficients (n_features values) of one fit, and what it says of itself.
///
/// `x`: n_samples × n_features, `y`: n_samples values, both centred by the caller.
///
/// # Errors
/// As [`LassoDesign::prepare`] and [`LassoDesign::begin`].
pub fn fit(
    x: Columns<'_>,
    y: &[f64],
    alpha: f64,
    options: LassoOptions,
) -> Result<(Vec<f64>, LassoFit), LinearError> {
    let design = LassoDesign::prepare(x, Columns::new(&[], 0, x.n_columns())?)?;
    let shared = Shared {
        gram: &design.gram,
        unit: design.unit,
        x_new: None,
    };
    let projection = design.project(Columns::new(y, y.len(), 1)?)?;
    let mut path = LassoPath::begin(shared, projection, Columns::new(&[alpha], 1, 1)?, options)?;
    let (mut coef, mut fit) = (vec![0.0; x.n_columns()], [LassoFit::EMPTY]);
    path.advance(&[0], &[0], &mut coef, &mut fit)?;
    Ok((coef, fit[0]))
}
