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
}

/// Rows that move together, in dataset order.
type Unit = Vec<usize>;

/// The family of permutations of one study.
#[derive(Debug, Clone)]
pub struct PermutationScheme {
    seed: Seed,
    n_rows: usize,
    /// Units that may change places, each with its rows in dataset order. Units of a class are
    /// equally long.
    classes: Vec<Vec<Unit>>,
}

impl PermutationScheme {
    /// Sorts the groups into classes of exchangeable units. What is missing plays no part in it;
    /// each target minds what it lacks itself ([`of_target`](Self::of_target)).
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
            Exchange::Blocks => block_classes(groups),
            Exchange::Within => within_classes(groups),
        };
        Ok(Self {
            seed,
            n_rows: groups.n_rows(),
            classes,
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
            .flat_map(|units| strata(units, targets))
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

    /// The same scheme, exchanging only units of one part of the rows: of one site, say.
    /// `part_of`: the part of each row; the rows of a unit are of one part.
    ///
    /// Null: y is exchangeable given X *and* the part. Means and variances of y that go with the
    /// part stay where they are, in the observed and in every permuted data set: exact, though X
    /// too may know the part.
    ///
    /// Checked: over null data sets in which X and y know the part, and against a list of all
    /// arrangements, `tests/statistics/fold_column.rs`.
    #[must_use]
    pub fn within_parts(mut self, part_of: &[usize]) -> Self {
        let classes = std::mem::take(&mut self.classes);
        let parts_of = |units: Vec<Unit>| {
            let mut parts: BTreeMap<usize, Vec<Unit>> = BTreeMap::new();
            for unit in units {
                let part = unit.first().map_or(0, |&row| part_of[row]);
                parts.entry(part).or_default().push(unit);
            }
            parts.into_values()
        };
        self.classes = classes.into_iter().flat_map(parts_of).collect();
        self
    }

    /// The same scheme where each row stands for a group of `sizes[row]` rows: exchanging only units
    /// in the same band of size ([`size_bands`]; of several rows, their sum).
    ///
    /// Means of few rows vary more than means of many, and values may, too, so groups of very
    /// different size are not exchangeable. Approximate: inside a band sizes still differ.
    ///
    /// Checked: over null data sets in which variances go with size, `tests/statistics/groups.rs`.
    #[must_use]
    pub fn in_size_bands(mut self, sizes: &[usize]) -> Self {
        let classes = std::mem::take(&mut self.classes);
        let size_of = |unit: &Unit| unit.iter().map(|&row| sizes[row]).sum();
        let bands_of = |units: Vec<Unit>| {
            let band_of = size_bands(&units.iter().map(size_of).collect::<Vec<usize>>());
            let mut bands: BTreeMap<usize, Vec<Unit>> = BTreeMap::new();
            for (unit, band) in units.into_iter().zip(band_of) {
                bands.entry(band).or_default().push(unit);
            }
            bands.into_values()
        };
        self.classes = classes.into_iter().flat_map(bands_of).collect();
        self
    }

    /// How the values of one target move. `observed`: whether it has a value, for every row of the
    /// dataset.
    ///
    /// Blocks exchange with blocks of equal size that lack the same rows *of this target*; what
    /// other targets lack changes nothing. Among blocks of one size, those with the most frequent
    /// pattern follow π_b by the first-return map, as rows without groups do; those with another
    /// pattern have permutations of their own, from a substream of the seed that is named after
    /// class and pattern. (The first-return maps of π_b on several patterns would depend on each
    /// other: of four blocks, two with one pattern and two with another, both pairs would change
    /// places in 7 of 24 permutations, and not in 6.) So every arrangement of the target's values
    /// that keeps size and pattern is equally likely, and its p exact.
    ///
    /// Checked: against a list of all arrangements, `tests/statistics/groups.rs`.
    #[must_use]
    pub fn of_target(&self, observed: &[bool]) -> TargetMoves<'_> {
        let mut follows = observed.to_vec();
        let mut apart = Vec::new();
        for (class, units) in self.classes.iter().enumerate() {
            let mut parts: Vec<_> = by_pattern(units, observed).into_iter().collect();
            // The last one follows: the most frequent; of equally frequent ones that in which the
            // first row of the block has a value.
            parts.sort_by_key(|(_, units)| units.len());
            parts.pop();
            for (pattern, units) in parts {
                for &row in units.iter().copied().flatten() {
                    follows[row] = false;
                }
                if units.len() > 1 {
                    apart.push((self.seed_of(class, &pattern), units));
                }
            }
        }
        TargetMoves {
            scheme: self,
            follows,
            apart,
        }
    }

    /// The seed of the permutations of blocks with a pattern of their own.
    fn seed_of(&self, class: usize, pattern: &[bool]) -> Seed {
        let of_class = self.seed.derive("blocks of class", class as u64);
        let with = |seed: Seed, has_value: &bool| seed.derive("has value", u64::from(*has_value));
        pattern.iter().fold(of_class, with)
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
            let units: Vec<&Unit> = units.iter().collect();
            exchange(&units, &mut stream, &mut source);
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
            rows.map(|&row| (rounded(y[row]) + 0.0).to_bits()).collect()
        };
        let ln_factorial = |count: usize| ln_gamma(count as f64 + 1.0);
        let of_part = |units: &Vec<&Unit>| {
            let mut multiplicity: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
            for unit in units {
                *multiplicity.entry(values_of(unit)).or_insert(0) += 1;
            }
            ln_factorial(units.len()) - multiplicity.values().map(|&m| ln_factorial(m)).sum::<f64>()
        };
        let of_class =
            |units: &Vec<Unit>| -> f64 { by_pattern(units, &observed).values().map(of_part).sum() };
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

/// One class by what is missing in each row of its units.
fn strata(units: Vec<Unit>, targets: &Targets) -> Vec<Vec<Unit>> {
    let mut strata: BTreeMap<Vec<Vec<bool>>, Vec<Unit>> = BTreeMap::new();
    for unit in units {
        let pattern = unit.iter().map(|&row| missing(targets, row)).collect();
        strata.entry(pattern).or_default().push(unit);
    }
    strata.into_values().collect()
}

/// Units of a class that have a value, by the rows in which they have one.
fn by_pattern<'a>(units: &'a [Unit], observed: &[bool]) -> BTreeMap<Vec<bool>, Vec<&'a Unit>> {
    let mut parts: BTreeMap<Vec<bool>, Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        let pattern: Vec<bool> = unit.iter().map(|&row| observed[row]).collect();
        if pattern.contains(&true) {
            parts.entry(pattern).or_default().push(unit);
        }
    }
    parts
}

/// Puts units into one of their orders: each takes the rows of another.
fn exchange(units: &[&Unit], stream: &mut Stream, source: &mut [usize]) {
    let mut order: Vec<usize> = (0..units.len()).collect();
    stream.shuffle(&mut order);
    for (unit, &from) in units.iter().zip(&order) {
        for (&row, &from) in unit.iter().zip(units[from]) {
            source[row] = from;
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

/// Groups that a band of sizes holds at least.
pub const LEAST_IN_BAND: usize = 10;

/// Whether the largest of some groups is at least twice the smallest: from there on, size matters to
/// who may be exchanged with whom.
#[must_use]
pub fn sizes_differ(sizes: &[usize]) -> bool {
    let least = sizes.iter().min().copied().unwrap_or(0);
    sizes.iter().any(|&size| size >= 2 * least.max(1))
}

/// The band of each size, from 0, smaller sizes first: as many bands as possible with at least
/// [`LEAST_IN_BAND`] groups each, or one band of fewer. Groups of equal size are always in one.
///
/// Narrow, since inside a band variances still go with size. Checked: by hand, below.
#[must_use]
pub fn size_bands(sizes: &[usize]) -> Vec<usize> {
    let mut count_of: BTreeMap<usize, usize> = BTreeMap::new();
    for &size in sizes {
        *count_of.entry(size).or_insert(0) += 1;
    }
    let (mut band, mut held, mut n_left) = (0, 0, sizes.len());
    let mut band_of = BTreeMap::new();
    for (size, count) in count_of {
        // Too few that are left would be no band.
        if held >= LEAST_IN_BAND && n_left >= LEAST_IN_BAND {
            (band, held) = (band + 1, 0);
        }
        band_of.insert(size, band);
        held += count;
        n_left -= count;
    }
    sizes.iter().map(|size| band_of[size]).collect()
}

/// How the values of one target move: [`PermutationScheme::of_target`].
#[derive(Debug, Clone)]
pub struct TargetMoves<'a> {
    scheme: &'a PermutationScheme,
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
        // Whoever does not follow, and is alone with what it lacks, stays.
        let mut apart: Vec<usize> = (0..source.len()).collect();
        for (seed, units) in &self.apart {
            exchange(units, &mut seed.stream("permutation", b), &mut apart);
        }
        let of_row = |&row: &usize| match self.follows[row] {
            true => returning(&source, &self.follows, row),
            false => apart[row],
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

    #[test]
    fn bands_are_as_many_as_hold_ten_groups_and_never_part_groups_of_equal_size() {
        // Groups of 1, 2, 3, … rows, so many of each.
        let bands = |counts: &[usize]| -> Vec<usize> {
            let of_size = |(at, &n): (usize, &usize)| std::iter::repeat_n(at + 1, n);
            let sizes: Vec<usize> = counts.iter().enumerate().flat_map(of_size).collect();
            let band_of = size_bands(&sizes);
            let n_bands = band_of.last().map_or(0, |last| last + 1);
            let held = |band| band_of.iter().filter(|&&one| one == band).count();
            (0..n_bands).map(held).collect()
        };
        assert_eq!(bands(&[10, 10]), [10, 10]);
        assert_eq!(bands(&[9, 10, 11]), [19, 11]);
        assert_eq!(bands(&[4, 4, 4, 4, 4]), [20], "8 groups are no band");
        assert_eq!(bands(&[4, 4, 4, 4, 4, 4]), [12, 12]);
        assert_eq!(bands(&[12, 3, 3, 3]), [21], "9 that are left join");
        assert_eq!(bands(&[30]), [30]);
        assert_eq!(bands(&[2, 3]), [5]);
        assert_eq!(bands(&[]), [0; 0]);
    }

    #[test]
    fn rows_that_stand_for_groups_stay_in_their_band() {
        let targets = one_target(&(0..40).map(f64::from).collect::<Vec<_>>());
        // Rows 0–3 are two pairs that move as blocks.
        let groups = Groups::from_labels((0..40).map(|row| if row < 4 { row / 2 } else { row }));
        let sizes: Vec<usize> = (0..40)
            .map(|row| if row % 2 == 0 { 1 } else { 8 })
            .collect();
        let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(3))
            .unwrap()
            .in_size_bands(&sizes);
        for b in 1..50 {
            let source = scheme.permutation(b);
            assert!((0..40).all(|row| sizes[source[row]] == sizes[row]));
            assert!(source[0] < 4 && source[1] == source[0] + 1);
        }
        // 2! · 18! · 18! arrangements of different values.
        let ln_factorial = |n: u32| (1..=n).map(|k| f64::from(k).ln()).sum::<f64>();
        let expected = ln_factorial(2) + 2.0 * ln_factorial(18);
        assert!((scheme.ln_arrangements(&targets, 0) - expected).abs() < 1e-9);
    }

    #[test]
    fn sizes_differ_from_twice_on() {
        assert!(sizes_differ(&[3, 6]) && !sizes_differ(&[3, 5]) && !sizes_differ(&[7, 7]));
        assert!(!sizes_differ(&[]));
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
}
