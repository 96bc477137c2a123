//! The best of several recipes: not biased upwards, valid under a true null, and as good as the
//! good one where one is.

use nalgebra::DMatrix;
use ocean_engine::best::Contender;
use ocean_engine::design::{InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties};
use ocean_engine::nested::{OutOfFold, Tuning};
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::piece::{Nothing, Piece, PieceRun, Unwatched, Work};
use ocean_engine::replicate::without_block;
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;
use ocean_tests::ridge::PluginRidge;

use crate::twin::r2;
use crate::uniformity::{Rejections, n_data_sets, simulate};
use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::study::Study;

/// Encoders without a model, all on the same rows and folds.
struct Several {
    x: Vec<DMatrix<f64>>,
    y: DMatrix<f64>,
    folds: Folds,
    groups: Groups,
    seed: Seed,
}

impl Several {
    fn new(x: Vec<DMatrix<f64>>, y: DMatrix<f64>, seed: u64) -> Self {
        let groups = Groups::singletons(y.nrows());
        let folds = Folds::split(&groups, 4, 1, Seed(seed)).unwrap();
        Self {
            x,
            y,
            folds,
            groups,
            seed: Seed(seed),
        }
    }

    fn contenders(&self) -> Vec<Contender<'_>> {
        let layout = |x| Layout {
            x,
            folds: &self.folds,
            groups: &self.groups,
            inner: InnerFolds::Outer,
            seed: self.seed,
            weights: None,
            covariates: None,
        };
        self.x
            .iter()
            .map(|x| Contender {
                layout: layout(x),
                regressors: &[(&PluginRidge, Tuning::PLAIN)],
            })
            .collect()
    }

    /// The best of all, under m permutations.
    fn best(&self, m: usize) -> (OutOfFold, DMatrix<f64>) {
        let targets = Targets::new(self.y.clone()).unwrap();
        let scheme =
            PermutationScheme::new(&self.groups, Exchange::Blocks, &targets, self.seed).unwrap();
        let row_set = &targets.row_sets()[0];
        let contenders = self.contenders();
        let work = Work {
            n_permutations: m,
            ..Work::default()
        };
        let run = PieceRun::new(&contenders, (&targets, row_set, &scheme), work);
        let Piece {
            mut observed,
            mut statistics,
            ..
        } = run.run(&Nothing, &Unwatched).unwrap();
        settle_ties(&mut statistics);
        (observed.remove(0), statistics)
    }

    /// Each recipe by itself.
    fn alone(&self) -> Vec<Study> {
        let study =
            |x: &DMatrix<f64>| Study::new(x.clone(), self.y.clone(), 4, self.seed.0).unwrap();
        self.x.iter().map(study).collect()
    }
}

#[test]
fn the_best_is_put_together_from_what_each_recipe_says_alone_also_under_permutations_and_without_a_block()
 {
    let mut stream = Seed(3).stream("best", 0);
    let x: Vec<DMatrix<f64>> = (0..3).map(|_| noise(60, 8, &mut stream)).collect();
    let y = DMatrix::from_fn(60, 2, |row, target| {
        0.5 * x[0][(row, target)] + 0.5 * x[1][(row, 3)] + stream.normal()
    });
    let several = Several::new(x, y, 3);
    let (observed, statistics) = several.best(5);
    let alone: Vec<_> = several
        .alone()
        .iter()
        .map(|study| study.run(&PluginRidge, 0).unwrap())
        .collect();
    for target in 0..2 {
        let mut y_hat = vec![f64::NAN; 60];
        for (row, &split) in several.folds.of_row(0).iter().enumerate() {
            let chosen = observed.fits[split][target].candidate;
            y_hat[row] = alone[chosen].answers[0][target].y_hat[row];
        }
        let column = several.y.column(target);
        let by_hand = r2(
            column.as_slice(),
            &y_hat,
            &alone[0].answers[0][target].y_bar,
        );
        // The widths of blocks differ, and with them the order of sums.
        assert!((statistics[(0, target)] - by_hand).abs() < 1e-12);
    }
    let candidates: Vec<usize> = observed
        .fits
        .iter()
        .flatten()
        .map(|fit| fit.candidate)
        .collect();
    assert!(
        candidates.iter().any(|&c| c != candidates[0]),
        "{candidates:?}"
    );
    // A permutation is a study of its own: its y put in the place of the observed one.
    let targets = Targets::new(several.y.clone()).unwrap();
    let scheme =
        PermutationScheme::new(&several.groups, Exchange::Blocks, &targets, several.seed).unwrap();
    let source = scheme.permutation(4);
    let moved = Several {
        y: several.y.select_rows(&source),
        x: several.x.clone(),
        folds: several.folds.clone(),
        groups: several.groups.clone(),
        seed: several.seed,
    };
    let again = moved.best(0).1;
    for target in 0..2 {
        assert!((again[(0, target)] - statistics[(4, target)]).abs() < 1e-12);
    }
    // Without nothing, a replicate is the study itself.
    let row_set = &targets.row_sets()[0];
    let whole = without_block(&several.contenders(), &targets, row_set, &[0; 60], 1)
        .unwrap()
        .r2;
    for target in 0..2 {
        assert!((whole[target] - statistics[(0, target)]).abs() < 1e-12);
    }
}

#[test]
fn the_largest_of_many_r2_flatters_and_the_best_chosen_inside_does_not() {
    let results = simulate("best of noise", n_data_sets(200), |stream, index| {
        let x = (0..6).map(|_| noise(50, 5, stream)).collect();
        let several = Several::new(x, noise(50, 1, stream), index);
        let alone = several.alone();
        let largest = alone
            .iter()
            .map(|study| study.run(&PluginRidge, 0).unwrap().r2(0));
        let statistics = several.best(39).1;
        let p = permutation_p(statistics.as_view())[0].p;
        (
            largest.fold(f64::NEG_INFINITY, f64::max),
            statistics[(0, 0)],
            p,
        )
    });
    let mean = |of: fn(&(f64, f64, f64)) -> f64| {
        results.iter().map(of).sum::<f64>() / results.len() as f64
    };
    let (largest, inside) = (mean(|r| r.0), mean(|r| r.1));
    println!(
        "six encoders of noise: mean of the largest r2 {largest:.3}, of the best chosen inside {inside:.3}"
    );
    assert!(inside < 0.0 && largest > inside + 0.02);
    let p: Vec<f64> = results.iter().map(|r| r.2).collect();
    for level in [0.05, 0.1] {
        let rejections = Rejections::of(&p, level);
        rejections.print("the best of six encoders of noise");
        assert!(!rejections.are_too_many_at(level));
    }
}

#[test]
fn where_one_encoder_is_good_it_is_chosen() {
    let chosen = simulate("one good encoder", 40, |stream, index| {
        let x: Vec<DMatrix<f64>> = (0..4).map(|_| noise(80, 5, stream)).collect();
        let y = DMatrix::from_fn(80, 1, |row, _| x[2][(row, 1)] + stream.normal());
        let observed = Several::new(x, y, index).best(0).0;
        let fits = observed.fits.iter().flatten();
        fits.filter(|fit| fit.candidate == 2).count()
    });
    let n_right = chosen.iter().sum::<usize>();
    println!(
        "one good encoder of four: chosen in {n_right} of {} splits",
        4 * chosen.len()
    );
    assert!(n_right >= 155);
}
