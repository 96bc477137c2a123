//! The loop against a slow twin, from what was kept, in shares, and stopped.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::design::InnerFolds;
use crate::folds::Groups;
use crate::nested::{NestedCv, Tuning};
use crate::permutation::Exchange;
use crate::reference::ReferenceRidge;
use crate::regressor::{Path, Prepared, Regressor, RegressorError, TrainingSet};
use crate::score::r2;
use crate::seed::Seed;

/// 30 rows, two targets, 5 folds, two repeats.
struct Study {
    x: DMatrix<f64>,
    folds: Folds,
    groups: Groups,
    targets: Targets,
    scheme: PermutationScheme,
}

const SEED: Seed = Seed(4);

/// Of 100 slots in blocks of 32: seeds that put the observed y into the first block, one in the
/// middle, the last, which is short, and slot 0.
fn seeds() -> [Seed; 4] {
    let study = Study::new();
    let is_in = |seed: u64, slots: &std::ops::Range<usize>| {
        let groups = &study.groups;
        let scheme = PermutationScheme::new(groups, Exchange::Blocks, &study.targets, Seed(seed));
        slots.contains(&scheme.unwrap().observed_slot(100))
    };
    [1..32, 40..60, 96..100, 0..1]
        .map(|slots| (0..).find(|seed| is_in(*seed, &slots)).unwrap())
        .map(Seed)
}

const WORK: Work = Work {
    n_permutations: 99,
    is_adaptive: false,
    jackknife: true,
    fold_redraws: 2,
    ranks: true,
    sensitivity_draws: 0,
};

impl Study {
    fn new() -> Self {
        Self::permuted_by(SEED)
    }

    fn permuted_by(seed: Seed) -> Self {
        let mut noise = SEED.stream("study", 0);
        let x = DMatrix::from_fn(30, 3, |_, _| noise.normal());
        let y = DMatrix::from_fn(30, 2, |row, t| {
            x[(row, 0)] * (1 - t) as f64 + noise.normal()
        });
        let groups = Groups::singletons(30);
        let targets = Targets::new(y).unwrap();
        Self {
            folds: Folds::split(&groups, 5, 2, SEED).unwrap(),
            scheme: PermutationScheme::new(&groups, Exchange::Blocks, &targets, seed).unwrap(),
            x,
            groups,
            targets,
        }
    }

    fn layout(&self) -> Layout<'_> {
        Layout {
            x: &self.x,
            folds: &self.folds,
            groups: &self.groups,
            inner: InnerFolds::Outer,
            seed: SEED,
            weights: None,
            covariates: None,
        }
    }

    fn with<T>(
        &self,
        regressor: &dyn Regressor,
        work: Work,
        act: impl FnOnce(&PieceRun) -> T,
    ) -> T {
        let contenders = [Contender {
            layout: self.layout(),
            regressors: &[(regressor, Tuning::PLAIN)],
        }];
        let row_set = &self.targets.row_sets()[0];
        act(&PieceRun::new(
            &contenders,
            (&self.targets, row_set, &self.scheme),
            work,
        ))
    }
}

const RIDGE: ReferenceRidge = ReferenceRidge { n_alphas: 5 };

/// Keeps numbers in memory.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<String, Vec<f64>>>);

impl Keep for Shelf {
    type Error = std::convert::Infallible;

    fn take(&self, item: Item) -> Option<Vec<f64>> {
        self.0.lock().unwrap().get(&format!("{item:?}")).cloned()
    }

    fn put(&self, item: Item, numbers: &[f64]) -> Result<(), Self::Error> {
        let mut shelf = self.0.lock().unwrap();
        shelf.insert(format!("{item:?}"), numbers.to_vec());
        Ok(())
    }
}

/// A ridge that counts how often it was asked to take a design, and to forget.
#[derive(Default)]
struct Counting {
    n_designs: AtomicUsize,
    n_forgotten: AtomicUsize,
}

impl Regressor for Counting {
    fn n_alphas(&self) -> usize {
        5
    }

    fn forget(&self) -> Result<(), RegressorError> {
        self.n_forgotten.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        self.n_designs.fetch_add(1, Ordering::Relaxed);
        RIDGE.prepare(training)
    }
}

fn same(a: &Piece, b: &Piece) {
    let bits = |numbers: &[f64]| numbers.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(a.statistics.as_slice()), bits(b.statistics.as_slice()));
    assert_eq!(a.slot_zero, b.slot_zero);
    assert_eq!(a.observed.len(), b.observed.len());
    for (a, b) in a.observed.iter().zip(&b.observed) {
        assert_eq!(bits(&a.to_numbers()), bits(&b.to_numbers()));
    }
    let jackknife = |piece: &Piece| piece.jackknife.as_ref().map(|all| all.r2.clone());
    assert_eq!(jackknife(a), jackknife(b));
    assert_eq!(a.redraws, b.redraws);
    assert_eq!(a.ranks, b.ranks);
}

#[test]
fn every_statistic_is_that_of_its_permutation_computed_alone() {
    let study = Study::new();
    let piece = study
        .with(&RIDGE, WORK, |run| run.run(&Nothing, &Unwatched))
        .unwrap();
    let rows: Vec<usize> = (0..30).collect();
    let layout = study.layout();
    for target in 0..2 {
        for b in 0..100 {
            let mut mean = 0.0;
            for repeat in 0..2 {
                let designs = FoldDesigns::build(&layout, &rows, repeat).unwrap();
                let nested = NestedCv::prepare(&designs, &RIDGE, Tuning::PLAIN).unwrap();
                let from = study.scheme.of_target(&[true; 30]).sources(b as u64, &rows);
                let y = DMatrix::from_fn(30, 1, |row, _| study.targets.y()[(from[row], target)]);
                let out = nested.run(&y).unwrap();
                let (y_hat, y_bar) = (out.y_hat.as_slice(), out.y_bar.as_slice());
                mean += r2(y.as_slice(), y_hat, y_bar).unwrap() / 2.0;
                if b == 0 {
                    let observed = piece.observed[repeat].y_hat.column(target);
                    assert!((observed - out.y_hat.column(0)).amax() < 1e-12);
                }
            }
            let found = piece.statistics[(b, target)];
            assert!((found - mean).abs() < 1e-12, "{b}, {target}");
        }
    }
}

#[test]
fn no_number_of_a_pure_regressor_depends_on_where_the_observed_y_stands() {
    let study = Study::new();
    let layout = study.layout();
    let row_set = &study.targets.row_sets()[0];
    let designs = FoldDesigns::build(&layout, &row_set.rows, 0).unwrap();
    let nested = NestedCv::prepare(&designs, &RIDGE, Tuning::PLAIN).unwrap();
    let blocks = Blocks::new(99, 2);
    let by_index = |observed_slot: usize| {
        let permuted = PermutedTargets {
            targets: &study.targets,
            row_set,
            scheme: &study.scheme,
            observed_slot,
        };
        let (mut r2, mut observed) = (Vec::new(), None);
        for block in 0..blocks.len() {
            let result = run_block(&nested, &permuted, blocks, block).unwrap();
            r2.extend(slot_by_slot(&result));
            observed = observed.or(result.observed);
        }
        let mut r2 = DMatrix::from_row_slice(100, 2, &r2);
        r2.swap_rows(0, observed_slot);
        (r2, observed.unwrap().y_hat)
    };
    let first = by_index(0);
    for slot in [1, 31, 32, 40, 63, 64, 99] {
        assert_eq!(by_index(slot), first, "{slot}");
    }
}

#[test]
fn what_was_kept_is_not_computed_again_the_observed_targets_included() {
    seeds().into_iter().for_each(is_kept);
}

fn is_kept(seed: Seed) {
    let (study, shelf) = (Study::permuted_by(seed), Shelf::default());
    let computed = study
        .with(&RIDGE, WORK, |run| run.run(&shelf, &Unwatched))
        .unwrap();
    let counting = Counting::default();
    let again = study
        .with(&counting, WORK, |run| run.run(&shelf, &Unwatched))
        .unwrap();
    same(&computed, &again);
    // 5 outer and 10 inner designs of each repeat are made ready; replicates would make more.
    assert_eq!(counting.n_designs.load(Ordering::Relaxed), 2 * 15);
    assert_eq!(counting.n_forgotten.load(Ordering::Relaxed), 1);
    // What is cut short, or no number, is computed again.
    for numbers in shelf.0.lock().unwrap().values_mut() {
        match numbers.len() % 2 {
            0 => numbers[0] = f64::NAN,
            _ => numbers.truncate(1),
        }
    }
    let third = study
        .with(&RIDGE, WORK, |run| run.run(&shelf, &Unwatched))
        .unwrap();
    same(&computed, &third);
}

#[test]
fn shares_of_any_cut_make_the_whole() {
    seeds().into_iter().for_each(is_shared);
}

fn is_shared(seed: Seed) {
    let study = Study::permuted_by(seed);
    let whole = study
        .with(&RIDGE, WORK, |run| run.run(&Nothing, &Unwatched))
        .unwrap();
    let n_items = study.with(&RIDGE, WORK, |run| run.items().len());
    for n_shares in [1, 2, 5] {
        let shelf = Shelf::default();
        for share in 0..n_shares {
            let range = share * n_items / n_shares..(share + 1) * n_items / n_shares;
            let part = study
                .with(&RIDGE, WORK, |run| run.part(&range, &Nothing, &Unwatched))
                .unwrap();
            assert_eq!(part.items.len(), range.len());
            for (repeat, slot_zero) in part.slot_zero {
                assert_eq!(slot_zero, whole.slot_zero[repeat]);
            }
            for (item, numbers) in part.items {
                shelf.put(item, &numbers).unwrap();
            }
        }
        let merged = study
            .with(&RIDGE, WORK, |run| run.run(&shelf, &Unwatched))
            .unwrap();
        same(&whole, &merged);
    }
}

#[test]
fn adaptive_statistics_are_the_first_of_the_fixed_ones() {
    let study = Study::new();
    let fixed = Work {
        n_permutations: 600,
        jackknife: false,
        fold_redraws: 0,
        ..WORK
    };
    let adaptive = Work {
        is_adaptive: true,
        ..fixed
    };
    let all = study
        .with(&RIDGE, fixed, |run| run.run(&Nothing, &Unwatched))
        .unwrap();
    let some = study
        .with(&RIDGE, adaptive, |run| run.run(&Nothing, &Unwatched))
        .unwrap();
    for (found, expected) in some
        .statistics
        .column_iter()
        .zip(all.statistics.column_iter())
    {
        let kept: Vec<f64> = found.iter().copied().take_while(|t| !t.is_nan()).collect();
        assert!(kept.len() >= 200);
        assert_eq!(kept, expected.as_slice()[..kept.len()]);
    }
    assert_eq!(some.observed[1].y_hat, all.observed[1].y_hat);
    // What was kept of one run serves the next.
    let (shelf, again) = (Shelf::default(), Counting::default());
    let first = study.with(&RIDGE, adaptive, |run| run.run(&shelf, &Unwatched));
    let second = study.with(&again, adaptive, |run| run.run(&shelf, &Unwatched));
    same(&first.unwrap(), &second.unwrap());
    assert_eq!(again.n_designs.load(Ordering::Relaxed), 2 * 15);
}

#[test]
fn a_watch_that_says_stop_is_obeyed_and_steps_add_up() {
    let study = Study::new();
    let stopped = AtomicBool::new(true);
    let ended = study.with(&RIDGE, WORK, |run| run.run(&Nothing, &stopped));
    assert!(matches!(ended, Err(PieceError::Stopped)));

    #[derive(Default)]
    struct Counted(AtomicUsize);
    impl Watch for Counted {
        fn done(&self, n_steps: u64) {
            self.0.fetch_add(n_steps as usize, Ordering::Relaxed);
        }
    }
    for work in [
        WORK,
        Work {
            is_adaptive: true,
            n_permutations: 2000,
            ..WORK
        },
    ] {
        let counted = Counted::default();
        let n_steps = study.with(&RIDGE, work, |run| {
            run.run(&Nothing, &counted).unwrap();
            run.n_steps()
        });
        assert_eq!(counted.0.load(Ordering::Relaxed), n_steps as usize);
    }
}

const PLANTED_WORK: Work = Work {
    sensitivity_draws: 45,
    ..WORK
};

fn answers<K: Keep>(study: &Study, regressor: &dyn Regressor, keep: &K) -> Answers {
    study.with(regressor, PLANTED_WORK, |run| {
        let piece = run.run(&Nothing, &Unwatched).unwrap();
        let asked = Asked {
            critical: &[0.3, 0.3],
            level: 0.05,
        };
        match run.planted(&piece, asked, keep, &Unwatched) {
            Ok(found) => found.unwrap(),
            Err(_) => panic!("the reference ridge does not fail"),
        }
    })
}

#[test]
fn planted_effects_are_scored_alone_as_together() {
    let study = Study::new();
    let found = answers(&study, &RIDGE, &Nothing);
    let row_set = &study.targets.row_sets()[0];
    let permuted = PermutedTargets {
        targets: &study.targets,
        row_set,
        scheme: &study.scheme,
        observed_slot: 0,
    };
    let planted =
        Planted::draw((&study.x, None), &permuted, 45, SEED.derive("planted", 0)).unwrap();
    for strength in &found.strengths {
        let columns = planted.columns(strength.share, strength.r2.len());
        for draw in [0, 1, 39] {
            let (mut mean, mut naive) = (0.0, 0.0);
            for repeat in 0..2 {
                let designs = FoldDesigns::build(&study.layout(), &row_set.rows, repeat).unwrap();
                let nested = NestedCv::prepare(&designs, &RIDGE, Tuning::PLAIN).unwrap();
                let y = columns.columns(draw, 1).into_owned();
                let out = nested.run(&y).unwrap();
                let held_out = out.held_out(0, y.as_slice(), &[]);
                mean += r2(held_out.y, held_out.y_hat, held_out.y_bar).unwrap() / 2.0;
                naive += crate::score::se_naive(&held_out, None).powi(2) / 2.0;
            }
            assert!((strength.r2[draw] - mean).abs() < 1e-12);
            assert!((strength.naive[draw] - naive).abs() < 1e-12);
        }
    }
    // Full draws up to the first effect that is found; then fewer, up to the one that no interval
    // needs.
    let is_found = |one: &Strength| power(&one.r2, &[0.3, 0.3]) >= POWER;
    let first = found.strengths.iter().position(is_found).unwrap();
    let first = first.min(N_TRIED - 1);
    for (at, strength) in found.strengths.iter().enumerate() {
        assert_eq!(strength.r2.len(), if at <= first { 45 } else { 40 }, "{at}");
    }
    assert!(found.strengths.len() > first + 1 && found.strengths.len() < PLANTED.len());
    // Only full draws say what would have been found.
    let counted = sensitivity(&found.strengths[..=first], &[0.3, 0.3]);
    assert_eq!(found.sensitivity, Some(counted));
    assert!(found.responses.iter().all(|one| one.reaches(0.05)));
}

#[test]
fn planted_effects_that_were_kept_are_not_computed_again() {
    let (study, shelf) = (Study::new(), Shelf::default());
    let first = answers(&study, &RIDGE, &shelf);
    assert_eq!(answers(&study, &RIDGE, &shelf).strengths, first.strengths);
    let n_kept = shelf.0.lock().unwrap().len();
    assert_eq!(n_kept, 2 * first.strengths.len());
    // What was kept is what is used; the weakest effect is found then, and others get fewer draws.
    for numbers in shelf.0.lock().unwrap().values_mut() {
        numbers.fill(0.5);
    }
    let again = answers(&study, &RIDGE, &shelf);
    let weakest = &again.strengths[0].r2;
    assert!(weakest.iter().all(|r2| (r2 - 0.5).abs() < 1e-12));
}

/// Lognormal targets; the first depends on x, the second not.
fn skewed() -> Study {
    let mut study = Study::new();
    study.targets = Targets::new(study.targets.y().map(|y| (2.0 * y).exp())).unwrap();
    study.scheme =
        PermutationScheme::new(&study.groups, Exchange::Blocks, &study.targets, SEED).unwrap();
    study
}

#[test]
fn ranks_are_scored_as_if_they_were_the_targets_in_a_study_of_their_own() {
    let study = skewed();
    let rows: Vec<usize> = (0..30).collect();
    let run = |work: Work| study.with(&RIDGE, work, |run| run.run(&Nothing, &Unwatched).unwrap());
    let found = run(WORK).ranks.unwrap().unwrap();
    for (target, found) in found.iter().enumerate() {
        let y = crate::doctor::ranks(study.targets.y().column(target).as_slice());
        let y = DMatrix::from_column_slice(30, 1, &y);
        let mut mean = 0.0;
        for repeat in 0..2 {
            let designs = FoldDesigns::build(&study.layout(), &rows, repeat).unwrap();
            let nested = NestedCv::prepare(&designs, &RIDGE, Tuning::PLAIN).unwrap();
            let out = nested.run(&y).unwrap();
            let (y_hat, y_bar) = (out.y_hat.as_slice(), out.y_bar.as_slice());
            mean += r2(y.as_slice(), y_hat, y_bar).unwrap() / 2.0;
        }
        assert!((found - mean).abs() < 1e-12, "{found}, {mean}");
    }
    // Whether the designs of all repeats are at hand changes not a bit.
    let adaptive = Work {
        is_adaptive: true,
        n_permutations: 250,
        ..WORK
    };
    assert_eq!(run(adaptive).ranks, Some(Ok(found)));
    let unasked = Work {
        ranks: false,
        ..WORK
    };
    assert_eq!(run(unasked).ranks, None);
}

/// A ridge that refuses every y after the first so many blocks of them.
struct Refusing {
    n_blocks: AtomicUsize,
    most: usize,
}

impl Refusing {
    fn after(most: usize) -> Self {
        Self {
            n_blocks: AtomicUsize::new(0),
            most,
        }
    }
}

impl Regressor for Refusing {
    fn n_alphas(&self) -> usize {
        5
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        Ok(Box::new(Refused(RIDGE.prepare(training)?, self)))
    }
}

struct Refused<'a>(Box<dyn Prepared + 'a>, &'a Refusing);

impl Prepared for Refused<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        self.0.grid(variant, y, alphas)
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        if self.1.n_blocks.fetch_add(1, Ordering::Relaxed) < self.1.most {
            return self.0.begin(variant, y, y_sq, alphas);
        }
        Err(RegressorError {
            status: 5,
            message: "ranks are no counts".to_owned(),
        })
    }
}

#[test]
fn ranks_come_after_all_permutations_and_one_that_is_refused_costs_no_other_number() {
    let study = skewed();
    let work = Work {
        jackknife: false,
        fold_redraws: 0,
        ..WORK
    };
    let without = Work {
        ranks: false,
        ..work
    };
    let counting = Refusing::after(usize::MAX);
    let sound = study.with(&counting, without, |run| run.run(&Nothing, &Unwatched));
    let sound = sound.unwrap();
    // What is needed up to the last permutation, and no more.
    let refusing = Refusing::after(counting.n_blocks.into_inner());
    let found = study.with(&refusing, work, |run| run.run(&Nothing, &Unwatched));
    let found = found.unwrap();
    let Some(Err(EngineError::Regressor { source, .. })) = &found.ranks else {
        panic!("{:?}", found.ranks);
    };
    assert_eq!(source.message, "ranks are no counts");
    same(
        &sound,
        &Piece {
            ranks: None,
            ..found
        },
    );
}
