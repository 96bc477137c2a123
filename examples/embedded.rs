//! The engine inside another program, without the host, files or plugins:
//! `cargo run --release -p ocean-examples --example embedded`.
//!
//! 200 people, an embedding of 50 columns; the first trait depends on it, the second does not.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::best::Contender;
use ocean_engine::design::{InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties, step_down_max_t};
use ocean_engine::nested::Tuning;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::piece::{Nothing, PieceRun, Unwatched, Work};
use ocean_engine::reference::ReferenceRidge;
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;

fn main() -> Result<(), EngineError> {
    let seed = Seed(42);
    let mut noise = seed.stream("example data", 0);
    let x = DMatrix::from_fn(200, 50, |_, _| noise.normal());
    let y = DMatrix::from_fn(200, 2, |person, t| {
        let signal = if t == 0 { x[(person, 0)] } else { 0.0 };
        signal + noise.normal()
    });

    // Who is held out when: one partition for everything that follows.
    let groups = Groups::singletons(200);
    let folds = Folds::split(&groups, 5, 1, seed)?;
    let layout = Layout {
        x: &x,
        folds: &folds,
        groups: &groups,
        inner: InnerFolds::Outer,
        seed,
        weights: None,
        covariates: None,
    };

    // Targets with the same observed rows are evaluated together; here both.
    let targets = Targets::new(y)?;
    let row_set = &targets.row_sets()[0];
    let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, seed)?;

    // The loop that `eval` goes through. Row 0 of the statistics is the observed r2.
    let ridge = ReferenceRidge::default();
    let contenders = [Contender {
        layout,
        regressors: &[(&ridge, Tuning::PLAIN)],
    }];
    let work = Work {
        n_permutations: 199,
        ..Work::default()
    };
    let run = PieceRun::new(&contenders, (&targets, row_set, &scheme), work);
    let mut statistics = run.run(&Nothing, &Unwatched)?.statistics;

    settle_ties(&mut statistics);
    let p = permutation_p(statistics.as_view());
    let p_fwer = step_down_max_t(statistics.as_view(), &[200, 200]);
    for (t, name) in ["depends on x", "does not"].into_iter().enumerate() {
        let r2 = statistics[(0, t)];
        println!(
            "{name:<14} r2 {r2:6.3}   p {:.3}   family-wise p {:.3}",
            p[t].p, p_fwer[t]
        );
    }
    Ok(())
}
