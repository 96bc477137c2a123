//! The permutations of the null hypothesis: which row's y lands where.
//!
//! Null, per target: y on the rows where it is observed is exchangeable given X (with groups: given
//! X and the group sizes). Permutation b moves whole rows of Y by one π_b for all targets, encoders
//! and regressors; X and the folds stay. π_b is a pure function of (seed, b), b = 0 the identity.
//! What a target lacks decides how its own values follow π_b, and nothing about those of others.
//!
//! Missing values use the first-return map: row i of a target receives y of the first of π_b(i),
//! π_b(π_b(i)), … at which the target is observed. It is uniform over the arrangements of the
//! observed values whenever π_b is uniform, so each p is exact, and targets stay together wherever
//! π_b lands on a row where all of them are observed. (Strata of equal missingness, the obvious
//! scheme, lock nine rows in ten at 20 targets with 20 % missing.)

use std::collections::BTreeMap;

use statrs::function::gamma::ln_gamma;

use crate::error::EngineError;
use crate::folds::Groups;
use crate::seed::{Seed, Stream};
use crate::targets::Targets;

/// What is exchanged when rows are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Whole groups, among groups of equal size that lack the same rows of the target: exact.
    /// Without groups: rows.
    Blocks,
    /// Rows inside their group: exact.
    Within,
    /// The one value that each group has, among groups in the same quartile of size. Approximate:
    /// exact only as far as the value does not depend on size inside a quartile.
    SizeBands,
}

/// Rows that move together, in dataset order.
type Unit = Vec<usize>;

/// The family of permutations of one study.
#[derive(Debug, Clone)]
pub struct PermutationScheme {
    seed: Seed,
    n_rows: usize,
    /// Units that may change places, each with its rows in dataset order. Units of a class are
    /// equally long, unless only values move.
    classes: Vec<Vec<Unit>>,
    /// Units hand on their one value, whatever their sizes ([`Exchange::SizeBands`]).
    values_move: bool,
}

impl PermutationScheme {
    /// Sorts the groups into classes of exchangeable units. What is missing plays no part in it;
    /// each target minds what it lacks itself ([`of_target`](Self::of_target)).
    ///
    /// # Errors
    /// [`EngineError::Shape`] when groups and targets differ in rows; [`EngineError::ValueVaries`]
    /// when values are to move and a group has more than one.
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
            Exchange::Blocks => block_classes(groups),
            Exchange::Within => within_classes(groups),
            Exchange::SizeBands => {
                refuse_varying(groups, targets)?;
                size_classes(groups)
            }
        };
        Ok(Self {
            seed,
            n_rows: groups.n_rows(),
            classes,
            values_move: exchange == Exchange::SizeBands,
        })
    }

    /// The slot among the first `n_slots` in which the observed y is computed: uniform, from a
    /// substream of the seed that no plugin is told.
    ///
    /// It is independent of all that is computed, so for a regressor that remembers earlier calls
    /// the rank of the observed statistic among those of all slots is uniform under the null, as
    /// it is for a pure one; of a pure one no number depends on it.
    ///
    /// Checked: over null data sets with regressors that remember, `tests/statistics/memory.rs`.
    #[must_use]
    pub fn observed_slot(&self, n_slots: usize) -> usize {
        let mut stream = self.seed.stream("observed slot", n_slots as u64);
        stream.below(n_slots as u64) as usize
    }

    /// The same scheme, exchanging only units with the same values missing: targets then stay
    /// together wherever they land.
    ///
    /// # Errors
    /// [`EngineError::LockedStrata`] when under half of the rows that have a value could move.
    pub fn within_strata(mut self, targets: &Targets) -> Result<Self, EngineError> {
        let classes = std::mem::take(&mut self.classes);
        self.classes = classes
            .into_iter()
            .flat_map(|units| self.strata(units, targets))
            .collect();
        let has_value = |row: &&usize| targets.y().row(**row).iter().any(|y| !y.is_nan());
        let rows_in = |units: &[Unit]| units.iter().flatten().filter(has_value).count();
        let n_rows = self.classes.iter().map(|units| rows_in(units)).sum();
        let movable = self.classes.iter().filter(|units| units.len() > 1);
        let n_movable = movable.map(|units| rows_in(units)).sum();
        if 2 * n_movable < n_rows {
            let fewest = (0..targets.n_targets())
                .map(|target| self.ln_arrangements(targets, target))
                .fold(f64::INFINITY, f64::min);
            return Err(EngineError::LockedStrata {
                n_movable,
                n_rows,
                arrangements: fewest.exp(),
            });
        }
        Ok(self)
    }

    /// One class by what is missing: row by row in each unit, or, where only values move, target by
    /// target.
    fn strata(&self, units: Vec<Unit>, targets: &Targets) -> Vec<Vec<Unit>> {
        let mut strata: BTreeMap<Vec<Vec<bool>>, Vec<Unit>> = BTreeMap::new();
        for unit in units {
            let by_row = unit.iter().map(|&row| missing(targets, row));
            let pattern = if self.values_move {
                let both =
                    |a: Vec<bool>, b: Vec<bool>| a.iter().zip(b).map(|(a, b)| *a && b).collect();
                by_row.reduce(both).into_iter().collect()
            } else {
                by_row.collect()
            };
            strata.entry(pattern).or_default().push(unit);
        }
        strata.into_values().collect()
    }

    /// How the values of one target move. `observed`: whether it has a value, for every row of the
    /// dataset.
    ///
    /// Blocks exchange with blocks of equal size that lack the same rows *of this target*; what
    /// other targets lack changes nothing. Among blocks of one size, those with the most frequent
    /// pattern follow π_b by the first-return map, as rows without groups do; those with another
    /// pattern have permutations of their own, from a substream of the seed that is named after
    /// size and pattern. (The first-return maps of π_b on several patterns would depend on each
    /// other: of four blocks, two with one pattern and two with another, both pairs would change
    /// places in 7 of 24 permutations, and not in 6.) So every arrangement of the target's values
    /// that keeps size and pattern is equally likely, and its p exact.
    ///
    /// Checked: against a list of all arrangements, `tests/statistics/groups.rs`.
    #[must_use]
    pub fn of_target(&self, observed: &[bool]) -> TargetMoves<'_> {
        let mut follows = observed.to_vec();
        let mut apart = Vec::new();
        for units in &self.classes {
            let mut parts: Vec<_> = self.by_pattern(units, observed).into_iter().collect();
            // The last one follows: the most frequent; of equally frequent ones that in which the
            // first row of the block has a value.
            parts.sort_by_key(|(_, units)| units.len());
            parts.pop();
            for (pattern, units) in parts {
                for &row in units.iter().copied().flatten() {
                    follows[row] = false;
                }
                if units.len() > 1 {
                    apart.push((self.seed_of(&pattern), units));
                }
            }
        }
        TargetMoves {
            scheme: self,
            observed: observed.to_vec(),
            follows,
            apart,
        }
    }

    /// Units of a class that have a value, by the rows in which they have one; of groups of which
    /// only the value moves, all.
    fn by_pattern<'a>(
        &self,
        units: &'a [Unit],
        observed: &[bool],
    ) -> BTreeMap<Vec<bool>, Vec<&'a Unit>> {
        let mut parts: BTreeMap<Vec<bool>, Vec<&Unit>> = BTreeMap::new();
        for unit in units {
            let mut pattern: Vec<bool> = unit.iter().map(|&row| observed[row]).collect();
            if !pattern.contains(&true) {
                continue;
            }
            if self.values_move {
                pattern = vec![true];
            }
            parts.entry(pattern).or_default().push(unit);
        }
        parts
    }

    /// The seed of the permutations of blocks with a pattern of their own.
    fn seed_of(&self, pattern: &[bool]) -> Seed {
        let of_size = self.seed.derive("blocks of size", pattern.len() as u64);
        let with = |seed: Seed, has_value: &bool| seed.derive("has value", u64::from(*has_value));
        pattern.iter().fold(of_size, with)
    }

    /// π_b: position i receives the row `source[i]`. b = 0 is the identity. Where only values move,
    /// every row of a group receives the first row of another.
    #[must_use]
    pub fn permutation(&self, b: u64) -> Vec<usize> {
        let mut source: Vec<usize> = (0..self.n_rows).collect();
        if b == 0 {
            return source;
        }
        let mut stream = self.seed.stream("permutation", b);
        for units in &self.classes {
            let units: Vec<&Unit> = units.iter().collect();
            exchange(&units, self.values_move, &mut stream, &mut source);
        }
        source
    }

    /// Natural logarithm of the number of distinct arrangements of one target's observed values
    /// (with covariates: residuals, to nine digits of the largest), Σ over classes and, in each,
    /// patterns of missing rows of ln(units! / Π multiplicities!).
    #[must_use]
    pub fn ln_arrangements(&self, targets: &Targets, target: usize) -> f64 {
        let y = targets.exchanged().column(target);
        let observed = targets.observed(target);
        // Residuals of equal values differ in the last bits.
        let largest = y
            .iter()
            .filter(|y| !y.is_nan())
            .fold(0.0f64, |a, y| a.max(y.abs()));
        let rounded = |y: f64| match targets.covariates() {
            Some(_) => (y / largest * 1e9).round(),
            None => y,
        };
        let values_of = |unit: &Unit| -> Vec<u64> {
            let rows = unit.iter().filter(|row| observed[**row]);
            // +0.0 makes −0 and 0 the same value.
            let values = rows.map(|&row| (rounded(y[row]) + 0.0).to_bits());
            values
                .take(if self.values_move { 1 } else { unit.len() })
                .collect()
        };
        let ln_factorial = |count: usize| ln_gamma(count as f64 + 1.0);
        let of_part = |units: &Vec<&Unit>| {
            let mut multiplicity: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
            for unit in units {
                *multiplicity.entry(values_of(unit)).or_insert(0) += 1;
            }
            ln_factorial(units.len()) - multiplicity.values().map(|&m| ln_factorial(m)).sum::<f64>()
        };
        let of_class = |units: &Vec<Unit>| -> f64 {
            self.by_pattern(units, &observed)
                .values()
                .map(of_part)
                .sum()
        };
        self.classes.iter().map(of_class).sum()
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

/// Which targets have no value in a row.
fn missing(targets: &Targets, row: usize) -> Vec<bool> {
    targets.y().row(row).iter().map(|y| y.is_nan()).collect()
}

/// Puts units into one of their orders: each takes the rows of another, or, if `values_move`, all
/// its rows the first of another.
fn exchange(units: &[&Unit], values_move: bool, stream: &mut Stream, source: &mut [usize]) {
    let mut order: Vec<usize> = (0..units.len()).collect();
    stream.shuffle(&mut order);
    for (unit, &from) in units.iter().zip(&order) {
        let from = units[from];
        for (at, &row) in unit.iter().enumerate() {
            source[row] = from[if values_move { 0 } else { at }];
        }
    }
}

fn block_classes(groups: &Groups) -> Vec<Vec<Unit>> {
    let mut classes: BTreeMap<usize, Vec<Unit>> = BTreeMap::new();
    for unit in groups.members() {
        classes.entry(unit.len()).or_default().push(unit);
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

fn refuse_varying(groups: &Groups, targets: &Targets) -> Result<(), EngineError> {
    for target in 0..targets.n_targets() {
        groups
            .values(targets.y().column(target).as_slice())
            .map_err(|group| EngineError::ValueVaries { group, target })?;
    }
    for (column, z) in targets
        .covariates()
        .iter()
        .flat_map(|z| z.column_iter().enumerate())
    {
        groups
            .values(z.as_slice())
            .map_err(|group| EngineError::CovariateVaries { group, column })?;
    }
    Ok(())
}

/// Groups in the same quartile of size. The quartiles are sizes that occur, those of the groups
/// ranked ⌈G/4⌉, ⌈G/2⌉ and ⌈3G/4⌉, and belong to the band below, so that groups of equal size are
/// always in one band.
fn size_classes(groups: &Groups) -> Vec<Vec<Unit>> {
    let units = groups.members();
    let mut sizes: Vec<usize> = units.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    let quartiles = [1, 2, 3].map(|quarter| sizes[(quarter * sizes.len()).div_ceil(4) - 1]);
    let mut bands = vec![Vec::new(); 4];
    for unit in units {
        let band = quartiles.iter().filter(|&&size| size < unit.len()).count();
        bands[band].push(unit);
    }
    bands.retain(|band| !band.is_empty());
    bands
}

/// How the values of one target move: [`PermutationScheme::of_target`].
#[derive(Debug, Clone)]
pub struct TargetMoves<'a> {
    scheme: &'a PermutationScheme,
    observed: Vec<bool>,
    /// Rows with a value whose unit follows π_b.
    follows: Vec<bool>,
    /// Units with another pattern of missing rows, and the seed of their permutations.
    apart: Vec<(Seed, Vec<&'a Unit>)>,
}

impl TargetMoves<'_> {
    /// Where permutation b takes the values from: for each of `rows` (ascending, all with a value)
    /// the row whose value it receives.
    #[must_use]
    pub fn sources(&self, b: u64, rows: &[usize]) -> Vec<usize> {
        if b == 0 {
            return rows.to_vec();
        }
        let source = self.scheme.permutation(b);
        if self.scheme.values_move {
            return self.sources_of_values(&source, rows);
        }
        // Whoever does not follow, and is alone with what it lacks, stays.
        let mut apart: Vec<usize> = (0..source.len()).collect();
        for (seed, units) in &self.apart {
            exchange(units, false, &mut seed.stream("permutation", b), &mut apart);
        }
        let of_row = |&row: &usize| match self.follows[row] {
            true => returning(&source, &self.follows, row),
            false => apart[row],
        };
        rows.iter().map(of_row).collect()
    }

    /// The first-return map of groups: each is its first row, and has a value if any of its rows
    /// has one, all rows having the same.
    fn sources_of_values(&self, source: &[usize], rows: &[usize]) -> Vec<usize> {
        let n_rows = source.len();
        let (mut first_of, mut valued) = (vec![0; n_rows], vec![None; n_rows]);
        for unit in self.scheme.classes.iter().flatten() {
            unit.iter().for_each(|&row| first_of[row] = unit[0]);
            valued[unit[0]] = unit.iter().copied().find(|&row| self.observed[row]);
        }
        let has_value: Vec<bool> = valued.iter().map(Option::is_some).collect();
        let of_row = |&row: &usize| {
            let first = returning(source, &has_value, first_of[row]);
            valued[first].unwrap_or(row)
        };
        rows.iter().map(of_row).collect()
    }
}

/// The first-return map of `source` on the observed rows: for each row of `rows` (ascending) the
/// row its value comes from.
///
/// `source[i]` is the row that position i receives; `observed[i]` whether the target has a value
/// there. Every orbit that starts at an observed row returns to it at the latest, so the walk ends.
#[must_use]
pub fn first_return(source: &[usize], observed: &[bool], rows: &[usize]) -> Vec<usize> {
    let of_row = |&row: &usize| returning(source, observed, row);
    rows.iter().map(of_row).collect()
}

/// The first-return map of one row.
fn returning(source: &[usize], observed: &[bool], row: usize) -> usize {
    let mut from = source[row];
    while !observed[from] && from != row {
        from = source[from];
    }
    from
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

    /// Eight groups of 1, 1, 2, 3, 3, 4, 6 and 9 rows: the second, fourth and sixth in size have 1,
    /// 3 and 4 rows, so the bands are {1, 1}, {2, 3, 3}, {4}, {6, 9}.
    fn eight_groups() -> Groups {
        let sizes = [1, 1, 2, 3, 3, 4, 6, 9];
        Groups::from_labels((0..8).flat_map(|group| std::iter::repeat_n(group, sizes[group])))
    }

    #[test]
    fn bands_are_the_quartiles_of_size_and_never_part_groups_of_equal_size() {
        let sizes: Vec<Vec<usize>> = size_classes(&eight_groups())
            .iter()
            .map(|band| band.iter().map(Vec::len).collect())
            .collect();
        assert_eq!(sizes, [vec![1, 1], vec![2, 3, 3], vec![4], vec![6, 9]]);
        let equal = Groups::from_labels((0..12).map(|row| row / 3));
        assert_eq!(size_classes(&equal).len(), 1);
    }

    #[test]
    fn size_bands_give_each_group_one_value_of_its_band_each_arrangement_equally_often() {
        let groups = eight_groups();
        // Group 3 is missing altogether and group 4 in its first row: band 2 keeps the values 2 and
        // 4 for two groups.
        let mut y: Vec<f64> = groups.of_row().iter().map(|&group| group as f64).collect();
        (4..8).for_each(|row| y[row] = f64::NAN);
        let targets = one_target(&y);
        let observed = targets.observed(0);
        let rows: Vec<usize> = (0..y.len()).filter(|&row| observed[row]).collect();
        let scheme =
            PermutationScheme::new(&groups, Exchange::SizeBands, &targets, Seed(3)).unwrap();
        let moves = scheme.of_target(&observed);
        let mut seen = BTreeMap::new();
        for b in 1..=8_000 {
            let values: Vec<f64> = moves.sources(b, &rows).iter().map(|&row| y[row]).collect();
            let mut of_group = [f64::NAN; 8];
            for (&row, &value) in rows.iter().zip(&values) {
                let group = &mut of_group[groups.of_row()[row]];
                assert!(group.is_nan() || *group == value, "one value a group");
                *group = value;
            }
            let arrangement = [0, 2, 6].map(|group| of_group[group] as usize);
            *seen.entry(arrangement).or_insert(0i32) += 1;
        }
        // Two values in each of three bands; group 5 is alone. Expected 1,000 each, sd 30.
        assert_eq!(seen.len(), 8);
        assert!(
            seen.values().all(|count| (count - 1_000).abs() < 125),
            "{seen:?}"
        );
        assert!((scheme.ln_arrangements(&targets, 0).exp() - 8.0).abs() < 1e-9);
        assert_eq!(moves.sources(0, &rows), rows);
    }

    /// Blocks 0–3 have two rows, 4–6 one. Target 0 lacks row 1 of blocks 2 and 3 and block 6.
    #[test]
    fn blocks_with_another_pattern_have_permutations_of_their_own() {
        let groups = Groups::from_labels([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6]);
        let nan = f64::NAN;
        let targets = one_target(&[1., 2., 3., 4., 5., nan, 6., nan, 7., 8., nan]);
        let observed = targets.observed(0);
        let rows = [0, 1, 2, 3, 4, 6, 8, 9];
        let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(6)).unwrap();
        let moves = scheme.of_target(&observed);
        let mut seen = BTreeMap::new();
        for b in 1..=8_000 {
            *seen.entry(moves.sources(b, &rows)).or_insert(0i32) += 1;
        }
        // Three pairs change places or do not, each by itself. Expected 1,000 each, sd 30.
        assert_eq!(seen.len(), 8);
        assert!(
            seen.values().all(|count| (count - 1_000).abs() < 125),
            "{seen:?}"
        );
        assert!((scheme.ln_arrangements(&targets, 0).exp() - 8.0).abs() < 1e-9);
        assert_eq!(moves.sources(0, &rows), rows);
    }

    #[test]
    fn size_bands_of_groups_of_equal_size_are_blocks() {
        let groups = Groups::from_labels((0..12).map(|row| row / 3));
        let y: Vec<f64> = (0..12).map(|row| f64::from(row / 3)).collect();
        let targets = one_target(&y);
        let rows: Vec<usize> = (0..12).collect();
        let values = |exchange| {
            let scheme = PermutationScheme::new(&groups, exchange, &targets, Seed(3)).unwrap();
            let of = |b| -> Vec<f64> {
                let sources = scheme.of_target(&[true; 12]).sources(b, &rows);
                sources.iter().map(|&row| y[row]).collect()
            };
            (0..20).map(of).collect::<Vec<_>>()
        };
        assert_eq!(values(Exchange::SizeBands), values(Exchange::Blocks));
    }

    #[test]
    fn values_of_groups_are_not_exchanged_where_a_group_has_two() {
        let groups = Groups::from_labels([0, 0, 1, 1, 2, 2]);
        let targets = one_target(&[1., 1., 2., 3., 4., f64::NAN]);
        let refused = PermutationScheme::new(&groups, Exchange::SizeBands, &targets, Seed(1));
        assert_eq!(
            refused.err(),
            Some(EngineError::ValueVaries {
                group: 1,
                target: 0
            })
        );
    }

    /// Rows 0–5 have both targets, 6–9 only the first, 10 only the second.
    fn two_targets() -> Targets {
        let nan = f64::NAN;
        let y = DMatrix::from_fn(11, 2, |row, target| match (row, target) {
            (6..=9, 1) | (10, 0) => nan,
            _ => (row + 20 * target) as f64,
        });
        Targets::new(y).unwrap()
    }

    #[test]
    fn strata_exchange_only_rows_with_the_same_values_missing() {
        let targets = two_targets();
        let scheme =
            PermutationScheme::new(&Groups::singletons(11), Exchange::Blocks, &targets, Seed(1))
                .unwrap()
                .within_strata(&targets)
                .unwrap();
        for b in 1..50 {
            let source = scheme.permutation(b);
            assert!((0..6).all(|row| source[row] < 6));
            assert!((6..10).all(|row| (6..10).contains(&source[row])));
            assert_eq!(source[10], 10);
        }
        // 6! · 4! arrangements of the first target, 6! of the second.
        let count = |target| scheme.ln_arrangements(&targets, target).exp();
        assert!(
            (count(0) / (720.0 * 24.0) - 1.0).abs() < 1e-9,
            "{}",
            count(0)
        );
        assert!((count(1) / 720.0 - 1.0).abs() < 1e-9, "{}", count(1));
    }

    #[test]
    fn strata_that_lock_more_than_half_of_the_rows_are_refused_with_what_is_left() {
        // Five targets, each row lacking another set of them, but for the last four rows, which
        // lack none; a row without any value does not count.
        let y = DMatrix::from_fn(10, 5, |row, target| {
            let lacks = row < 5 && target == row || row == 5;
            if lacks {
                f64::NAN
            } else {
                (row * 7 % 10) as f64
            }
        });
        let targets = Targets::new(y).unwrap();
        let scheme =
            PermutationScheme::new(&Groups::singletons(10), Exchange::Blocks, &targets, Seed(1))
                .unwrap();
        let Err(EngineError::LockedStrata {
            n_movable,
            n_rows,
            arrangements,
        }) = scheme.within_strata(&targets)
        else {
            panic!("4 of 9 rows can move");
        };
        assert_eq!((n_movable, n_rows), (4, 9));
        assert!((arrangements - 24.0).abs() < 1e-9);
    }

    #[test]
    fn strata_of_groups_go_by_the_targets_that_a_group_has() {
        // Groups 0 and 1 have both targets, the second only in some rows; groups 2 and 3 lack it.
        let groups = Groups::from_labels([0, 0, 1, 2, 2, 3]);
        let nan = f64::NAN;
        let second = [5., nan, 6., nan, nan, nan];
        let y = DMatrix::from_fn(6, 2, |row, target| match target {
            0 => groups.of_row()[row] as f64,
            _ => second[row],
        });
        let targets = Targets::new(y).unwrap();
        let mut scheme =
            PermutationScheme::new(&groups, Exchange::SizeBands, &targets, Seed(1)).unwrap();
        scheme.classes = vec![groups.members()];
        let scheme = scheme.within_strata(&targets).unwrap();
        let of_class = |units: &Vec<Unit>| units.iter().map(|unit| unit[0]).collect::<Vec<_>>();
        let classes: Vec<Vec<usize>> = scheme.classes.iter().map(of_class).collect();
        assert_eq!(classes, [vec![0, 2], vec![3, 5]]);
    }
}
