//! `ocean-linear`'s lasso and elastic net behind the engine's traits: the arithmetic of the bundled
//! plugins without the way through the ABI.

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, Path, Prepared, Regressor, RegressorError, TrainingSet};
use ocean_linear::{LassoDesign, LassoFit, LassoOptions, LassoPath};

use crate::ridge::{columns, refused};

/// What the bundled plugins `lasso` and `elastic-net` compute: one variant a set of options, the
/// strongest first, 50 penalties.
#[derive(Debug)]
pub struct PluginLasso {
    /// What is tuned together with the penalty, strongest first.
    pub variants: Vec<LassoOptions>,
    /// Penalties of a grid.
    pub n_alphas: usize,
    /// The weakest as a share of the strongest.
    pub min_ratio: f64,
    /// As [`Regressor::scales_y`].
    pub scales_y: bool,
}

impl PluginLasso {
    /// With the plugins' defaults.
    #[must_use]
    pub fn new(variants: Vec<LassoOptions>) -> Self {
        Self {
            n_alphas: 50,
            min_ratio: 1e-3,
            scales_y: variants.iter().any(|variant| variant.l1_ratio < 1.0),
            variants,
        }
    }
}

/// The plugin's design behind the engine's trait.
struct PluginDesign<'a> {
    regressor: &'a PluginLasso,
    design: LassoDesign<'a>,
}

struct PluginPath<'a> {
    path: LassoPath<'a>,
    fits: Vec<LassoFit>,
}

impl Regressor for PluginLasso {
    fn n_variants(&self) -> usize {
        self.variants.len()
    }

    fn n_alphas(&self) -> usize {
        self.n_alphas
    }

    fn scales_y(&self) -> bool {
        self.scales_y
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        let (x, x_new) = training.rows()?;
        let design = LassoDesign::prepare(columns(x)?, columns(x_new)?).map_err(refused)?;
        Ok(Box::new(PluginDesign {
            regressor: self,
            design,
        }))
    }
}

impl Prepared for PluginDesign<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        self.design
            .grid(
                columns(y)?,
                self.regressor.min_ratio,
                self.regressor.variants[variant],
                alphas.as_mut_slice(),
            )
            .map_err(refused)
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        _: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        let path = self
            .design
            .begin(
                columns(y)?,
                columns(alphas)?,
                self.regressor.variants[variant],
            )
            .map_err(refused)?;
        Ok(Box::new(PluginPath {
            path,
            fits: vec![LassoFit::EMPTY; y.ncols()],
        }))
    }
}

impl Path for PluginPath<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        y_hat: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let fits = &mut self.fits[..columns.len()];
        self.path
            .advance(columns, steps, y_hat, fits)
            .map_err(refused)?;
        for (info, fit) in info.iter_mut().zip(fits) {
            *info = FitInfo {
                gap: fit.gap,
                n_nonzero: Some(fit.n_nonzero),
                is_unconverged: !fit.is_converged,
            };
        }
        Ok(())
    }
}
