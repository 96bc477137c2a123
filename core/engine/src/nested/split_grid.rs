//! Inner designs along the grid of their split: how other programs do it, for comparison with them.

use super::NestedCv;
use super::block::Block;
use super::errors::InnerErrors;
use crate::error::EngineError;

impl NestedCv<'_> {
    /// The whole paths of each split's inner designs along that split's own grid.
    pub(super) fn walk_splits(
        &self,
        block: &impl Block,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let all: Vec<u32> = (0..block.y().ncols() as u32).collect();
        // Each split's grid of each variant, with the scale of y that it is for.
        let mut grids = Vec::with_capacity(self.designs.n_splits());
        for at in self.n_inner()..self.splits.len() {
            let open = block.open(at);
            let of_variants = (0..self.n_variants)
                .map(|variant| self.grid(&open, variant))
                .collect::<Result<Vec<_>, _>>()?;
            grids.push((open.scale, of_variants));
        }
        for at in 0..self.n_inner() {
            let mut open = block.open(at);
            for (served, (split, rows)) in self.splits[at].serves.iter().enumerate() {
                let (scale, of_variants) = &grids[*split];
                for (variant, alphas) in of_variants.iter().enumerate() {
                    // The same penalty in units of y.
                    let mut alphas = alphas.clone();
                    for (column, mut alphas) in alphas.column_iter_mut().enumerate() {
                        alphas *= scale[column] / open.scale[column];
                    }
                    let mut path = self.begin(&open, variant, &alphas)?;
                    for step in 0..self.n_alphas {
                        let steps = vec![step as u32; all.len()];
                        self.advance(&mut open, path.as_mut(), &all, &steps)?;
                        let sse = block.score(&open, &all);
                        for (column, &sse) in sse.row(served).iter().enumerate() {
                            errors.add((*split, column, variant, step), sse, rows.len());
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
