//! Inner designs along the grid of their split: how other programs do it, for comparison with them.

use nalgebra::DMatrix;

use super::NestedCv;
use super::block::CentredBlock;
use super::errors::InnerErrors;
use super::rows::grid;
use super::workspace::Workspace;
use crate::error::EngineError;
use crate::regressor::Prepared;

impl<'a> NestedCv<'a> {
    /// The whole paths of each split's inner designs along that split's own grid.
    pub(super) fn walk_splits(
        &self,
        prepared: &[Box<dyn Prepared + 'a>],
        y: &DMatrix<f64>,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let all: Vec<u32> = (0..y.ncols() as u32).collect();
        let (inner, outer) = prepared.split_at(self.designs.inner.len());
        // Each split's grid of each variant, with the scale of y that it is for.
        let mut grids = Vec::with_capacity(self.designs.n_splits());
        for (design, prepared) in self.designs.outer.iter().zip(outer) {
            let part = CentredBlock::new(y, design, self.scales_y);
            let of_variants = (0..self.n_variants)
                .map(|variant| grid(design, prepared.as_ref(), variant, &part, self.n_alphas))
                .collect::<Result<Vec<_>, _>>()?;
            grids.push((part.scale, of_variants));
        }
        for (design, prepared) in self.designs.inner.iter().zip(inner) {
            let part = CentredBlock::new(y, design, self.scales_y);
            let mut workspace = Workspace::new(design.held_out.len(), y.ncols());
            for (split, range) in &design.serves {
                let (scale, of_variants) = &grids[*split];
                for (variant, alphas) in of_variants.iter().enumerate() {
                    // The same penalty in units of y.
                    let mut alphas = alphas.clone();
                    for (column, mut alphas) in alphas.column_iter_mut().enumerate() {
                        alphas *= scale[column] / part.scale[column];
                    }
                    let mut path = prepared
                        .begin(variant, &part.y, &alphas)
                        .map_err(|source| design.failed("beginning the path", source))?;
                    for step in 0..self.n_alphas {
                        let steps = vec![step as u32; all.len()];
                        workspace
                            .advance(path.as_mut(), &all, &steps)
                            .map_err(|source| design.failed("fitting", source))?;
                        for column in 0..y.ncols() {
                            let sse = part.sse(range.clone(), column, workspace.of(column));
                            errors.add((*split, column, variant, step), sse, range.len());
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
