//! The adaptive mode: stopping early changes no bit of what is kept, the p-values stay valid, and
//! most permutations are saved.

use nalgebra::DMatrix;
use ocean_engine::inference::sequential::{LOSSES, SequentialP, Stopping};
use ocean_engine::regressor::Regressor;
use ocean_engine::seed::{Seed, Stream};
use ocean_linear::LassoOptions;
use ocean_tests::lasso::PluginLasso;
use ocean_tests::ridge::PluginRidge;

use crate::uniformity::{Rejections, n_data_sets, simulate};
use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::study::Study;

/// Five targets: one with a signal, one with a faint one, three without; nothing in common with the
/// number of columns in a block.
fn mixed(seed: u64) -> Study {
    let mut stream = Seed(seed).stream("adaptive", 0);
    let x = noise(60, 12, &mut stream);
    let y = DMatrix::from_fn(60, 5, |row, target| {
        let effect = [1.0, 0.28, 0.0, 0.0, 0.0][target];
        effect * x[(row, target)] + stream.normal()
    });
    Study::new(x, y, 4, seed).unwrap()
}

/// The rule, as slowly as it can be said: for every t count the losses among the first t draws.
fn slow_p(statistics: &[f64], cap: usize) -> (f64, usize) {
    let losses = |t: usize| {
        let slack = 1e-12 * statistics[0].abs().max(1.0);
        let lost = |&&draw: &&f64| draw >= statistics[0] || (draw - statistics[0]).abs() <= slack;
        statistics[1..=t].iter().filter(lost).count()
    };
    match (1..=cap).find(|&t| losses(t) == LOSSES) {
        Some(stop) => (LOSSES as f64 / stop as f64, stop),
        None => ((losses(cap) + 1) as f64 / (cap + 1) as f64, cap),
    }
}

fn is_what_the_fixed_mode_says(regressor: &dyn Regressor, cap: usize, seed: u64) {
    let study = mixed(seed);
    let fixed = study.run(regressor, cap).unwrap().statistics;
    let adaptive = study.run_adaptive(regressor, cap).unwrap();
    let mut stops = Vec::new();
    for target in 0..study.y.ncols() {
        let all: Vec<f64> = fixed.column(target).iter().copied().collect();
        let kept: Vec<f64> = adaptive
            .column(target)
            .iter()
            .copied()
            .take_while(|t| !t.is_nan())
            .collect();
        // Ties are settled in the fixed mode's matrix, and continuous y has none.
        assert!(
            kept.iter()
                .zip(&all)
                .all(|(a, b)| a.to_bits() == b.to_bits()),
            "target {target}: the draws that are kept are the first ones of the fixed mode, to the bit"
        );
        let (p, stop) = slow_p(&all, cap);
        let sequential = Stopping::with_cap(cap).p(kept[0], &kept[1..]);
        assert_eq!((sequential.p, sequential.n_draws), (p, stop));
        assert!(sequential.is_settled);
        assert_eq!(kept.len() - 1, stop.max(199).min(cap));
        stops.push(stop);
    }
    // Otherwise nothing was dropped, and the test compared nothing.
    assert!(
        stops.contains(&cap) && stops.iter().any(|&stop| stop < 199),
        "{stops:?}"
    );
}

#[test]
fn ridge_stopped_early_says_what_the_rule_says_of_the_whole_null_distribution() {
    for seed in 0..4 {
        is_what_the_fixed_mode_says(&PluginRidge, 1500, seed);
    }
}

#[test]
fn lasso_and_elastic_net_too() {
    let lasso = PluginLasso::new(vec![LassoOptions::default()]);
    is_what_the_fixed_mode_says(&lasso, 600, 1);
    let variants = [0.9, 0.3].map(|l1_ratio| LassoOptions {
        l1_ratio,
        ..LassoOptions::default()
    });
    is_what_the_fixed_mode_says(&PluginLasso::new(variants.to_vec()), 600, 1);
}

/// P(p ≤ u) ≤ u at 1, 5 and 10 %.
fn is_valid(p: &[f64], what: &str) -> bool {
    [0.01, 0.05, 0.1].into_iter().all(|level| {
        let rejections = Rejections::of(p, level);
        rejections.print(what);
        !rejections.are_too_many_at(level)
    })
}

#[test]
fn p_of_the_whole_recipe_is_valid_on_pure_noise_and_most_permutations_are_saved() {
    const CAP: usize = 999;
    let results: Vec<SequentialP> = simulate("adaptive", n_data_sets(400), |stream, index| {
        let (x, y) = (noise(60, 10, stream), noise(60, 1, stream));
        let statistics = Study::new(x, y, 4, index)
            .unwrap()
            .run_adaptive(&PluginRidge, CAP)
            .unwrap();
        Stopping::with_cap(CAP).p(statistics[0], &statistics.as_slice()[1..])
    });
    let p: Vec<f64> = results.iter().map(|result| result.p).collect();
    assert!(is_valid(&p, "adaptive, pure noise, at most 999"));
    let mean = |of: fn(&SequentialP) -> usize| {
        results.iter().map(of).sum::<usize>() as f64 / results.len() as f64
    };
    let (for_p, kept) = (
        mean(|result| result.n_draws),
        mean(|result| result.n_draws.max(199)),
    );
    println!("at most {CAP}: p rests on {for_p:.0} permutations on average, {kept:.0} are kept");
    // E γ ≈ ∫ min(h/u, M) du = h(1 + ln(M/h)) = 98 for h = 20, M = 999; sd of a mean of 400 about
    // 8.
    assert!((60.0..140.0).contains(&for_p), "{for_p}");
}

/// Exchangeable T_obs, T_1, … T_n: all that a permutation test knows of its data.
fn exchangeable(n: usize, stream: &mut Stream) -> Vec<f64> {
    (0..=n).map(|_| stream.uniform()).collect()
}

#[test]
fn p_is_valid_at_the_end_and_whenever_one_chooses_to_stop() {
    const CAP: usize = 1999;
    let p = simulate("stopping", 40_000, |stream, _| {
        let statistics = exchangeable(CAP, stream);
        let (observed, draws) = (statistics[0], &statistics[1..]);
        let p = |t: usize, cap: usize| Stopping::with_cap(cap).p(observed, &draws[..t]).p;
        // Interrupted when it looks best, among all t; the cap is far away.
        let looks = [25, 50, 100, 200, 400, 800, 1600, CAP];
        let best = looks
            .map(|t| p(t, 1_000_000))
            .into_iter()
            .fold(1.0, f64::min);
        // What a fixed number's formula gives when one looks at it all the time.
        let (mut n_lost, mut peeked) = (0, 1.0f64);
        for (t, &draw) in draws.iter().enumerate() {
            n_lost += usize::from(draw >= observed);
            peeked = peeked.min((n_lost + 1) as f64 / (t + 2) as f64);
        }
        [p(CAP, CAP), best, peeked]
    });
    let column = |at: usize| -> Vec<f64> { p.iter().map(|p| p[at]).collect() };
    assert!(is_valid(&column(0), "h/γ, at most 1,999"));
    assert!(is_valid(
        &column(1),
        "h/(t + h − L), stopped when it looked best"
    ));
    // The check has teeth.
    assert!(!is_valid(
        &column(2),
        "(L + 1)/(t + 1), stopped when it looked best"
    ));
    // Not merely valid but exact: 20/γ ≤ .05 if and only if 399 draws hold at most 19 losses, 20 of
    // 400 equally likely ranks.
    assert!(!Rejections::of(&column(0), 0.05).are_too_few());
}
