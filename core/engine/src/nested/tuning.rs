//! How the penalty is chosen: how far a path is walked, whose penalties it tries, which of them
//! is taken.

/// How the penalty is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Stop a path after this many steps that did not lower the inner error by more than 1e-12 of
    /// it; `None` walks it all. Part of the procedure: the same for observed and permuted y.
    pub patience: Option<usize>,
    /// Which of the walked steps is taken.
    pub selection: Selection,
    /// Whose grid the inner designs walk along.
    pub grid: Grid,
}

impl Tuning {
    /// The whole path, the smallest inner error.
    pub const PLAIN: Self = Self {
        patience: None,
        selection: Selection::Min,
        grid: Grid::Design,
    };
}

/// Whose penalties the inner designs of a split try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Their own: what is carried to the outer design is the index. A design then serves two splits
    /// with one walk, and nothing of the held-out rows enters a grid.
    Design,
    /// That of the whole training part, penalty by penalty, as scikit-learn's `LassoCV` and
    /// glmnet's `cv.glmnet` do: for comparison with them. Walked whole, and once for every split
    /// that a design serves.
    Split,
}

/// Which penalty inner cross-validation selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The strongest whose inner error is the smallest, up to 1e-12 of it.
    Min,
    /// The strongest whose inner error is within one standard error of the smallest (Breiman et al.
    /// 1984; glmnet's `lambda.1se`).
    OneSe,
}
