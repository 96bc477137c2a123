//! A block of targets on designs of scaled rows.

use nalgebra::DMatrix;

use super::block::CentredBlock;
use super::walk::{Begun, Block};
use super::workspace::Workspace;
use super::{NestedCv, OutOfFold};
use crate::design::Design;
use crate::error::EngineError;
use crate::regressor::{FitInfo, Path, Prepared};

/// The block and its designs.
pub(super) struct RowsBlock<'p, 'a> {
    designs: Vec<&'p Design>,
    prepared: &'p [Box<dyn Prepared + 'a>],
    y: &'p DMatrix<f64>,
    n_alphas: usize,
    scales_y: bool,
}

/// The block at one design.
pub(super) struct Open {
    at: usize,
    part: CentredBlock,
    workspace: Workspace,
}

impl<'p, 'a> RowsBlock<'p, 'a> {
    pub(super) fn new(
        nested: &'p NestedCv<'a>,
        prepared: &'p [Box<dyn Prepared + 'a>],
        y: &'p DMatrix<f64>,
    ) -> Self {
        let designs = nested.designs;
        let designs: Vec<&Design> = designs.inner.iter().chain(&designs.outer).collect();
        Self {
            designs,
            prepared,
            y,
            n_alphas: nested.n_alphas,
            scales_y: nested.scales_y,
        }
    }
}

/// The penalties of one design for a block of targets, n_alphas × columns.
pub(super) fn grid(
    design: &Design,
    prepared: &dyn Prepared,
    variant: usize,
    part: &CentredBlock,
    n_alphas: usize,
) -> Result<DMatrix<f64>, EngineError> {
    let mut alphas = DMatrix::zeros(n_alphas, part.y.ncols());
    prepared
        .grid(variant, &part.y, &mut alphas)
        .map_err(|source| design.failed("making the penalty grid", source))?;
    Ok(alphas)
}

impl<'p> Block<'p> for RowsBlock<'p, '_> {
    type Open = Open;

    fn shape(&self) -> (usize, usize) {
        self.y.shape()
    }

    fn serves(&self, at: usize) -> Vec<(usize, usize)> {
        let serves = self.designs[at].serves.iter();
        serves.map(|(split, rows)| (*split, rows.len())).collect()
    }

    fn open(&self, at: usize) -> Open {
        let design = self.designs[at];
        Open {
            at,
            part: CentredBlock::new(self.y, design, self.scales_y),
            workspace: Workspace::new(design.held_out.len(), self.y.ncols()),
        }
    }

    fn begin(&self, open: &Open, variant: usize) -> Result<Begun<'p>, EngineError> {
        let (design, prepared) = (self.designs[open.at], self.prepared[open.at].as_ref());
        let alphas = grid(design, prepared, variant, &open.part, self.n_alphas)?;
        let path = prepared
            .begin(variant, &open.part.y, &alphas)
            .map_err(|source| design.failed("beginning the path", source))?;
        Ok((path, alphas))
    }

    fn advance(
        &self,
        open: &mut Open,
        path: &mut dyn Path,
        columns: &[u32],
        steps: &[u32],
    ) -> Result<(), EngineError> {
        open.workspace
            .advance(path, columns, steps)
            .map_err(|source| self.designs[open.at].failed("fitting", source))
    }

    fn sse(&self, open: &Open, served: usize, column: usize, slot: usize) -> f64 {
        let (_, rows) = &self.designs[open.at].serves[served];
        let y_hat = open.workspace.of(slot);
        open.part.sse(rows.clone(), column, y_hat)
    }

    fn info(open: &Open, slot: usize) -> FitInfo {
        open.workspace.info[slot]
    }

    fn scale(open: &Open, column: usize) -> (f64, bool) {
        (open.part.scale[column], open.part.constant[column])
    }

    fn put(&self, open: &Open, out: &mut OutOfFold, column: usize, slot: usize) {
        let y_hat = open.workspace.of(slot);
        open.part.put(out, self.designs[open.at], column, y_hat);
    }
}
