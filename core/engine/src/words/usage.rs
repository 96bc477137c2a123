//! How often rows use terms: a sparse matrix of the square roots of relative frequencies.

use crate::folds::Groups;

/// A term is looked at when so many rows use it, and rows of so many groups: nobody is to be
/// recognised by a word.
pub const LEAST_ROWS: usize = 5;
/// And this share of the rows.
pub const LEAST_SHARE: f64 = 0.05;

/// √(count/total) of each term in the rows that use it.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    n_rows: usize,
    /// Which term each column is.
    terms: Vec<usize>,
    /// Where the column of each begins, and the last ends.
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f64>,
}

impl Usage {
    /// `uses`: of each term the rows that use it, rising, each with its share of all the terms of its
    /// kind there, count/total, above 0.
    #[must_use]
    pub fn new(n_rows: usize, uses: &[Vec<(usize, f64)>]) -> Self {
        let mut usage = Self {
            n_rows,
            starts: vec![0],
            ..Self::default()
        };
        for (term, uses) in uses.iter().enumerate() {
            usage.push(term, uses.iter().map(|&(row, share)| (row, share.sqrt())));
        }
        usage
    }

    fn push(&mut self, term: usize, uses: impl Iterator<Item = (usize, f64)>) {
        for (row, value) in uses {
            self.rows.push(row as u32);
            self.values.push(value);
        }
        self.terms.push(term);
        self.starts.push(self.rows.len());
    }

    /// On some of the rows (rising), the terms that enough of them use: [`LEAST_SHARE`] of them, and
    /// [`LEAST_ROWS`] rows and groups. `groups`: of all rows.
    #[must_use]
    pub fn among(&self, rows: &[usize], groups: &Groups) -> Self {
        let mut place = vec![None; self.n_rows];
        for (at, &row) in rows.iter().enumerate() {
            place[row] = Some(at);
        }
        let least = Self::least(rows.len());
        let mut usage = Self {
            n_rows: rows.len(),
            starts: vec![0],
            ..Self::default()
        };
        for column in 0..self.n_terms() {
            let uses: Vec<(usize, f64)> = self
                .uses(column)
                .filter_map(|(row, value)| Some((place[row]?, value)))
                .collect();
            let mut of_groups: Vec<usize> = uses
                .iter()
                .map(|(at, _)| groups.of_row()[rows[*at]])
                .collect();
            of_groups.sort_unstable();
            of_groups.dedup();
            if uses.len() >= least && of_groups.len() >= LEAST_ROWS {
                usage.push(self.terms[column], uses.into_iter());
            }
        }
        usage
    }

    /// Rows that must use a term where there are `n_rows`.
    #[must_use]
    pub fn least(n_rows: usize) -> usize {
        // The slack keeps .05·20 from becoming 1.0000000000000002.
        let share = (LEAST_SHARE * n_rows as f64 * (1.0 - 1e-12)).ceil() as usize;
        share.max(LEAST_ROWS)
    }

    /// Columns.
    #[must_use]
    pub fn n_terms(&self) -> usize {
        self.terms.len()
    }

    /// Which of the terms that the whole was made of a column is.
    #[must_use]
    pub fn term(&self, column: usize) -> usize {
        self.terms[column]
    }

    /// The rows that use a term, rising, with √(count/total).
    pub fn uses(&self, column: usize) -> impl ExactSizeIterator<Item = (usize, f64)> + '_ {
        let entries = self.starts[column]..self.starts[column + 1];
        let rows = self.rows[entries.clone()].iter();
        rows.zip(&self.values[entries])
            .map(|(&row, &value)| (row as usize, value))
    }

    /// A column with its zeros.
    #[must_use]
    pub fn dense(&self, column: usize) -> Vec<f64> {
        let mut dense = vec![0.0; self.n_rows];
        for (row, value) in self.uses(column) {
            dense[row] = value;
        }
        dense
    }
}
