//! `ocean-host power` says how often a study finds an effect: the share that studies find, run one
//! by one with permutations of their own, on data that nobody drew again.

use nalgebra::DMatrix;
use ocean_engine::best::Contender;
use ocean_engine::design::{InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::multiplicity::permutation_p;
use ocean_engine::nested::Tuning;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::piece::{Nothing, PieceRun, Unwatched, Work};
use ocean_engine::power::{Design, Sample, draw_rows, power, sample};
use ocean_engine::seed::{Seed, Stream};
use ocean_engine::targets::Targets;
use ocean_tests::ridge::PluginRidge;

const N: usize = 60;
const SHARES: [f64; 5] = [0.001, 0.05, 0.15, 0.3, 0.6];
const N_DATA_SETS: usize = 200;

/// Columns with falling weights.
fn vectors(n: usize, noise: &mut Stream) -> DMatrix<f64> {
    DMatrix::from_fn(n, 8, |_, k| noise.normal() / (k + 1) as f64)
}

#[test]
fn power_is_the_share_of_studies_that_find_the_effect() {
    let seed = Seed(23);
    let given = vectors(500, &mut seed.stream("texts", 0));
    let design = Design {
        shares: &SHARES,
        n_draws: 20,
        n_permutations: 99,
        n_folds: 5,
        inner: InnerFolds::Outer,
        weights: None,
    };
    let samples: Vec<Sample> = (0..N_DATA_SETS as u64 / 20)
        .map(|index| {
            let rows = draw_rows(given.nrows(), N, index, seed);
            let x = given.select_rows(&rows);
            sample(
                &x,
                (&PluginRidge, Tuning::PLAIN),
                design,
                seed.derive("sample", index),
            )
            .unwrap()
        })
        .collect();
    let found = power(&samples, &SHARES, 0.05).unwrap();
    // Next to no effect: the level.
    assert!((found[0].found - 0.05).abs() < 0.035, "{:?}", found[0]);
    assert!(found[0].predictive <= found[0].found);
    for (of_share, share) in found.iter().zip(SHARES).skip(2).take(2) {
        let studies = studies(share, seed);
        // Two shares of 200 data sets each, four standard errors.
        let se = (2.0 * 0.25 / N_DATA_SETS as f64).sqrt();
        let apart = (of_share.found - studies).abs();
        assert!(
            apart < 4.0 * se,
            "{share}: {} and {studies}",
            of_share.found
        );
    }
    assert!(
        found
            .windows(2)
            .all(|pair| pair[0].found <= pair[1].found + 0.05)
    );
}

/// The share of studies with p ≤ .05, each with vectors, noise and a signal of its own: weights of
/// the components as [`ocean_engine::inference::planted`] states them, here by hand, since columns
/// are independent.
fn studies(share: f64, seed: Seed) -> f64 {
    let n_found = (0..N_DATA_SETS as u64).filter(|&index| {
        let mut noise = seed.stream("studies", (share * 1000.0) as u64 * 1_000_000 + index);
        let x = vectors(N, &mut noise);
        // λ of standardised columns without correlation are alike: equal shares, drawn signs.
        let signs: Vec<f64> = (0..8)
            .map(|_| if noise.uniform() < 0.5 { -1.0 } else { 1.0 })
            .collect();
        let y = DMatrix::from_fn(N, 1, |row, _| {
            let parts = signs
                .iter()
                .enumerate()
                .map(|(k, sign)| sign * x[(row, k)] * (k + 1) as f64);
            let signal = parts.sum::<f64>() / 8f64.sqrt();
            share.sqrt() * signal + (1.0 - share).sqrt() * noise.normal()
        });
        p(&x, y, Seed(index)) <= 0.05
    });
    n_found.count() as f64 / N_DATA_SETS as f64
}

fn p(x: &DMatrix<f64>, y: DMatrix<f64>, seed: Seed) -> f64 {
    let groups = Groups::singletons(N);
    let folds = Folds::split(&groups, 5, 1, seed).unwrap();
    let layout = Layout {
        x,
        folds: &folds,
        groups: &groups,
        inner: InnerFolds::Outer,
        seed,
        covariates: None,
        weights: None,
    };
    let regressors = [(&PluginRidge as _, Tuning::PLAIN)];
    let contenders = [Contender {
        layout,
        regressors: &regressors,
    }];
    let targets = Targets::new(y).unwrap();
    let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, seed).unwrap();
    let row_set = targets.row_sets().remove(0);
    let work = Work {
        n_permutations: 99,
        ..Work::default()
    };
    let run = PieceRun::new(&contenders, (&targets, &row_set, &scheme), work);
    let piece = run.run(&Nothing, &Unwatched).unwrap();
    permutation_p(piece.statistics.as_view())[0].p
}
