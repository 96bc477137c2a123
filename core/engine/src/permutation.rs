//! The permutations of the null hypothesis: which row's y lands where.
//!
//! Null, per target: y on the rows where it is observed is exchangeable given X (with groups: given X and the group sizes). Permutation b moves
//! whole rows of Y by one π_b for all targets, encoders and regressors; X and the folds stay. π_b is a pure function of (seed, b), b = 0 the identity.
//!
//! Missing values use the first-return map: row i of a target receives y of the first of π_b(i), π_b(π_b(i)), … at which the target is observed.
//! It is uniform over the arrangements of the observed values whenever π_b is uniform, so each p is exact, and targets stay together wherever π_b lands
//! on a row where all of them are observed. (Strata of equal missingness, the obvious scheme, lock nine rows in ten at 20 targets with 20 % missing.)

use std::collections::BTreeMap;

use statrs::function::gamma::ln_gamma;

use crate::error::EngineError;
use crate::folds::Groups;
use crate::seed::Seed;
use crate::targets::Targets;

/// What is exchanged when rows are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Whole groups, among groups of equal size and equal missing pattern. Without groups: rows.
    Blocks,
    /// Rows inside their group.
    Within,
}

/// Rows that move together, in dataset order.
type Unit = Vec<usize>;

/// The family of permutations of one study.
#[derive(Debug, Clone)]
pub struct PermutationScheme {
    seed: Seed,
    n_rows: usize,
    /// Units that may change places: each class holds units of equal length, each unit its rows in dataset order.
    classes: Vec<Vec<Unit>>,
}

impl PermutationScheme {
    /// Sorts the groups into classes of exchangeable units.
    ///
    /// Groups of one row form one class whatever is missing (the first-return map handles that); larger blocks exchange with blocks of equal size and equal
    /// missing pattern.
    ///
    /// # Errors
    /// [`EngineError::Shape`] when groups and targets differ in rows.
    pub fn new(
        groups: &Groups,
        exchange: Exchange,
        targets: &Targets,
        seed: Seed,
    ) -> Result<Self, EngineError> {
        if groups.n_rows() != targets.n_samples() {
            return Err(EngineError::Shape {
                what: "groups of the permutation",
                got: format!("{} rows", groups.n_rows()),
                expected: format!("{} rows", targets.n_samples()),
            });
        }
        let classes = match exchange {
            Exchange::Blocks => block_classes(groups, targets),
            Exchange::Within => within_classes(groups),
        };
        Ok(Self {
            seed,
            n_rows: groups.n_rows(),
            classes,
        })
    }

    /// π_b: position i receives the row `source[i]`. b = 0 is the identity.
    #[must_use]
    pub fn permutation(&self, b: u64) -> Vec<usize> {
        let mut source: Vec<usize> = (0..self.n_rows).collect();
        if b == 0 {
            return source;
        }
        let mut stream = self.seed.stream("permutation", b);
        for units in &self.classes {
            let mut order: Vec<usize> = (0..units.len()).collect();
            stream.shuffle(&mut order);
            for (unit, &from) in units.iter().zip(&order) {
                for (&row, &from_row) in unit.iter().zip(&units[from]) {
                    source[row] = from_row;
                }
            }
        }
        source
    }

    /// Natural logarithm of the number of distinct arrangements of one target's observed values, Σ over classes of ln(units! / Π multiplicities!).
    #[must_use]
    pub fn ln_arrangements(&self, targets: &Targets, target: usize) -> f64 {
        let y = targets.y().column(target);
        let ln_factorial = |count: usize| ln_gamma(count as f64 + 1.0);
        self.classes
            .iter()
            .map(|units| {
                let mut multiplicity: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
                let observed = units
                    .iter()
                    .filter(|unit| unit.len() > 1 || !y[unit[0]].is_nan());
                for unit in observed {
                    // +0.0 makes −0 and 0 the same value.
                    let values = unit.iter().map(|&row| (y[row] + 0.0).to_bits()).collect();
                    *multiplicity.entry(values).or_insert(0) += 1;
                }
                let n_units = multiplicity.values().sum();
                ln_factorial(n_units) - multiplicity.values().map(|&m| ln_factorial(m)).sum::<f64>()
            })
            .sum()
    }

    /// Refuses a target whose distinct arrangements are too few to reach `level`.
    ///
    /// # Errors
    /// [`EngineError::TooFewArrangements`].
    pub fn check(&self, targets: &Targets, target: usize, level: f64) -> Result<(), EngineError> {
        let ln_arrangements = self.ln_arrangements(targets, target);
        if -ln_arrangements > level.ln() {
            return Err(EngineError::TooFewArrangements {
                arrangements: ln_arrangements.exp(),
                floor: (-ln_arrangements).exp(),
                level,
            });
        }
        Ok(())
    }
}

fn block_classes(groups: &Groups, targets: &Targets) -> Vec<Vec<Unit>> {
    let pattern =
        |row: usize| -> Vec<bool> { targets.y().row(row).iter().map(|y| y.is_nan()).collect() };
    // Keyed by length and, for blocks of several rows, by what is missing in them.
    let mut classes: BTreeMap<(usize, Vec<Vec<bool>>), Vec<Unit>> = BTreeMap::new();
    for unit in groups.members() {
        let missing = if unit.len() == 1 {
            Vec::new()
        } else {
            unit.iter().map(|&row| pattern(row)).collect()
        };
        classes.entry((unit.len(), missing)).or_default().push(unit);
    }
    classes.into_values().collect()
}

fn within_classes(groups: &Groups) -> Vec<Vec<Unit>> {
    groups
        .members()
        .into_iter()
        .map(|rows| rows.into_iter().map(|row| vec![row]).collect())
        .collect()
}

/// The first-return map of `source` on the observed rows: for each row of `rows` (ascending) the row its value comes from.
///
/// `source[i]` is the row that position i receives; `observed[i]` whether the target has a value there. Every orbit that starts at an observed row
/// returns to it at the latest, so the walk ends.
#[must_use]
pub fn first_return(source: &[usize], observed: &[bool], rows: &[usize]) -> Vec<usize> {
    rows.iter()
        .map(|&row| {
            let mut from = source[row];
            while !observed[from] && from != row {
                from = source[from];
            }
            from
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;

    fn one_target(y: &[f64]) -> Targets {
        Targets::new(DMatrix::from_column_slice(y.len(), 1, y)).unwrap()
    }

    #[test]
    fn the_first_return_map_skips_missing_rows() {
        // 0←1←2←0, row 1 missing: row 0 is sent to 1 (missing), so it takes 2; row 2 takes 0.
        let mapped = first_return(&[1, 2, 0], &[true, false, true], &[0, 2]);
        assert_eq!(mapped, [2, 0]);
    }

    #[test]
    fn first_return_is_uniform_on_the_observed_rows() {
        let y = [1.0, f64::NAN, 2.0, f64::NAN, 3.0];
        let targets = one_target(&y);
        let observed = targets.observed(0);
        let scheme =
            PermutationScheme::new(&Groups::singletons(5), Exchange::Blocks, &targets, Seed(5))
                .unwrap();
        let mut seen = BTreeMap::new();
        for b in 1..=12_000 {
            let mapped = first_return(&scheme.permutation(b), &observed, &[0, 2, 4]);
            *seen.entry(mapped).or_insert(0i32) += 1;
        }
        assert_eq!(seen.len(), 6);
        // Expected 2,000 each, sd 41.
        assert!(
            seen.values().all(|count| (count - 2_000).abs() < 170),
            "{seen:?}"
        );
    }

    #[test]
    fn blocks_move_whole_groups_among_groups_of_equal_size() {
        let groups = Groups::from_labels([0, 0, 1, 1, 2, 2, 3, 3, 3]);
        let targets = one_target(&[1., 2., 3., 4., 5., 6., 7., 8., 9.]);
        let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(1)).unwrap();
        for b in 1..50 {
            let source = scheme.permutation(b);
            assert_eq!(source[6..], [6, 7, 8], "the only group of three stays");
            for pair in [0, 2, 4] {
                assert_eq!(source[pair] % 2, 0);
                assert_eq!(
                    source[pair + 1],
                    source[pair] + 1,
                    "rows of a block stay in order"
                );
            }
        }
    }

    #[test]
    fn within_never_leaves_the_group() {
        let groups = Groups::from_labels([0, 1, 0, 1, 0]);
        let targets = one_target(&[1., 2., 3., 4., 5.]);
        let scheme = PermutationScheme::new(&groups, Exchange::Within, &targets, Seed(1)).unwrap();
        for b in 1..50 {
            let source = scheme.permutation(b);
            assert!((0..5).all(|row| source[row] % 2 == row % 2));
        }
    }

    #[test]
    fn arrangements_are_counted_over_distinct_values() {
        // 4!/(2!·2!) = 6 arrangements of two ones and two zeros.
        let targets = one_target(&[1., 1., 0., 0.]);
        let scheme =
            PermutationScheme::new(&Groups::singletons(4), Exchange::Blocks, &targets, Seed(1))
                .unwrap();
        assert!((scheme.ln_arrangements(&targets, 0).exp() - 6.0).abs() < 1e-9);
        assert!(scheme.check(&targets, 0, 0.2).is_ok());
        assert!(matches!(
            scheme.check(&targets, 0, 0.05),
            Err(EngineError::TooFewArrangements { .. })
        ));
    }

    #[test]
    fn a_permutation_does_not_depend_on_what_was_drawn_before() {
        let targets = one_target(&[1., 2., 3., 4., 5., 6.]);
        let scheme =
            PermutationScheme::new(&Groups::singletons(6), Exchange::Blocks, &targets, Seed(8))
                .unwrap();
        let direct = scheme.permutation(17);
        (1..17).for_each(|b| drop(scheme.permutation(b)));
        assert_eq!(scheme.permutation(17), direct);
        assert_eq!(scheme.permutation(0), [0, 1, 2, 3, 4, 5]);
    }
}
