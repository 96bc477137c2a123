//! What the doctor looks at: numbers gathered from a finished run, not yet judged.

use ocean_engine::doctor::influence::Concentrated;
use ocean_engine::doctor::raters::Stranger;
use ocean_engine::family::Family;
use ocean_report::model::{CellResult, TargetSummary};

use super::unspaced::Unspaced;
use crate::plan::{Exchange, Plan};
use crate::read::dataset::{Dataset, Doubt, Spelling};

/// What the doctor looks at.
pub struct Facts<'a> {
    /// All cells, controls included.
    pub cells: &'a [CellResult],
    /// Step-down maxT p of each control's cells among themselves, aligned with `cells`.
    pub control_p: &'a [Option<f64>],
    /// Targets with their values (NaN missing).
    pub targets: &'a [(TargetSummary, &'a [f64])],
    /// Regressors with a penalty grid given by the user.
    pub absolute_grids: &'a [String],
    /// Family-wise level.
    pub level: f64,
    /// Permutations m, or the most of the adaptive mode.
    pub n_permutations: usize,
    /// Permutations stop where a cell has settled: no maxT.
    pub is_adaptive: bool,
    /// Rows whose text occurs more than once, and whether duplicates stayed in one fold.
    pub duplicate_texts: (usize, bool),
    /// Rows with a text, not a blank one, that a row in another fold has, too; and rows of a
    /// declared group that stands in several folds.
    pub across_folds: (usize, usize),
    /// Texts read.
    pub n_texts: usize,
    /// Texts that are empty or blank.
    pub blank_texts: usize,
    /// Where texts are blank: what each cell explains among the others, beside their own mean, by
    /// place of the cell.
    pub among_texts: &'a [(usize, f64)],
    /// Encoders and controls of hashed n-grams, by label.
    pub lexical: &'a [String],
    /// Those that see little because words are not set apart.
    pub unspaced: &'a [Unspaced],
    /// Rows of the analysis, for shares.
    pub n_rows: usize,
    /// Targets with one value in each group, where groups differ in size.
    pub value_by_size: &'a [ValueBySize],
    /// One row of the analysis is a group.
    pub are_groups_rows: bool,
    /// How groups are permuted.
    pub exchange: Exchange,
    /// The logarithm of the groups' size is taken out as a covariate.
    pub is_size_taken_out: bool,
    /// What may have been meant otherwise than it was read.
    pub doubts: &'a [Doubt],
    /// Notes of the joins: ids without a partner and the like.
    pub join_notes: &'a [String],
    /// How files were read where that was found rather than said.
    pub readings: &'a [String],
    /// Choices made for the user, and parts left out.
    pub plan_notes: &'a [String],
    /// Encoder, texts cut at its limit.
    pub truncated: &'a [(String, usize)],
    /// The rows that r2 hangs on, by place of the cell.
    pub concentrated: &'a [(usize, Concentrated)],
    /// Kurtosis of the errors, by place of the cell.
    pub tails: &'a [(usize, f64)],
    /// r2 at (K − 2)/K of the rows, by place of the cell.
    pub at_fewer_rows: &'a [(usize, f64)],
    /// Given penalties that are all too strong.
    pub strong_grids: &'a [StrongGrid],
    /// Texts that are almost those of another fold.
    pub near_duplicates: Option<NearDuplicates>,
    /// Columns that look like groups and were not declared.
    pub undeclared: &'a [UndeclaredGroup],
    /// Declared groups that equal texts joined.
    pub joined_groups: Option<JoinedGroups>,
    /// Targets and vectors that differ between the folds of a column.
    pub fold_differences: &'a [FoldDifference],
    /// The fold of a column without which least is left of r2, by place of the cell.
    pub deciding_folds: &'a [(usize, Deciding)],
    /// Share of the rows that no permutation moves.
    pub locked: f64,
    /// Raters who agree with nobody: the target, the rater's column, the correlations.
    pub strangers: &'a [(String, String, Stranger)],
    /// Encoders whose vectors fit the targets of other rows, and by how many rows they are shifted.
    pub shifted: &'a [(String, isize)],
    /// The rows as read.
    pub dataset: Option<&'a Dataset>,
    /// What was asked for: advice has to fit it.
    pub plan: Option<&'a Plan>,
    /// Label and family of each regressor.
    pub families: &'a [(String, Family)],
    /// Encoders with a parameter `max_seq_length`.
    pub with_limit: &'a [String],
    /// Encoders that can read long texts in windows.
    pub with_windows: &'a [String],
}

impl Facts<'_> {
    /// Ids that differ in form alone.
    pub(super) fn spelling(&self) -> &Spelling {
        static NONE: Spelling = Spelling {
            lost: Vec::new(),
            alike: Vec::new(),
        };
        self.dataset.map_or(&NONE, |dataset| &dataset.spelling)
    }
}

/// A regressor whose weakest given penalty leaves nothing of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct StrongGrid {
    /// The regressor's label.
    pub regressor: String,
    /// The encoder's.
    pub encoder: String,
    /// The weakest penalty given.
    pub weakest: f64,
    /// From here on nothing is left, on all rows of the target for which it is largest.
    pub limit: f64,
}

/// Texts that are almost equal to one in another fold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearDuplicates {
    /// How many there are.
    pub n_rows: usize,
    /// Texts compared.
    pub n_compared: usize,
}

/// A column whose values rows share, and with them the target.
#[derive(Debug, Clone, PartialEq)]
pub struct UndeclaredGroup {
    /// Its name.
    pub column: String,
    /// Its different values.
    pub n_groups: usize,
    /// The target that differs most between them.
    pub target: String,
    /// ICC(1) of that target.
    pub icc: f64,
}

/// What differs between the folds of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldDifference {
    /// A target or an encoder.
    pub name: String,
    /// A target.
    pub is_target: bool,
    /// ICC(1); of vectors the mean over their columns.
    pub icc: f64,
}

/// A fold of a column on which r2 hangs.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciding {
    /// The value.
    pub value: String,
    /// r2 of the same predictions on the other rows.
    pub r2_without: f64,
}

/// What became of declared groups when equal texts were joined, too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JoinedGroups {
    /// Declared.
    pub n_declared: usize,
    /// Left.
    pub n_left: usize,
    /// Rows of the largest declared group, and of the largest now.
    pub largest: (usize, usize),
}

impl Default for Facts<'_> {
    /// Nothing seen, level .05.
    fn default() -> Self {
        Self {
            cells: &[],
            control_p: &[],
            targets: &[],
            absolute_grids: &[],
            level: 0.05,
            n_permutations: 999,
            is_adaptive: false,
            duplicate_texts: (0, true),
            across_folds: (0, 0),
            n_texts: 100,
            blank_texts: 0,
            among_texts: &[],
            lexical: &[],
            unspaced: &[],
            n_rows: 100,
            value_by_size: &[],
            are_groups_rows: false,
            exchange: Exchange::Blocks,
            is_size_taken_out: false,
            doubts: &[],
            join_notes: &[],
            readings: &[],
            plan_notes: &[],
            truncated: &[],
            concentrated: &[],
            tails: &[],
            at_fewer_rows: &[],
            strong_grids: &[],
            near_duplicates: None,
            undeclared: &[],
            joined_groups: None,
            fold_differences: &[],
            deciding_folds: &[],
            locked: 0.0,
            strangers: &[],
            shifted: &[],
            dataset: None,
            plan: None,
            families: &[],
            with_limit: &[],
            with_windows: &[],
        }
    }
}

/// Does the value of a group go with its size?
#[derive(Debug, Clone, PartialEq)]
pub struct ValueBySize {
    /// Label of the target.
    pub target: String,
    /// Spearman's rank correlation of value and size.
    pub rho: f64,
    /// Groups with a value.
    pub n_groups: usize,
}

impl ValueBySize {
    /// Further from 0 than chance leaves 19 in 20: ρ̂ of independent rankings has variance 1/(G −
    /// 1).
    pub(super) fn is_notable(&self) -> bool {
        self.rho.abs() * (self.n_groups as f64 - 1.0).sqrt() > 1.96
    }
}
