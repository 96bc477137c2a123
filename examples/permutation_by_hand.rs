//! A permutation test small enough to check with a pencil:
//! `cargo run --release -p ocean-examples --example permutation_by_hand`.
//!
//! Four texts with one feature each, x = 1, 2, 3, 4, and one score each, y = 2, 4, 5, 9. The
//! statistic is the product Σxy. Under the null every order of y is as likely as any other: 4! =
//! 24. The p-value is the share of orders that do at least as well as the one observed. The engine
//! does the same with r2 as the statistic and a random sample of the orders, the observed one
//! counted among them.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::folds::Groups;
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties};
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;

const X: [f64; 4] = [1.0, 2.0, 3.0, 4.0];
const Y: [f64; 4] = [2.0, 4.0, 5.0, 9.0];

fn statistic(y: impl Iterator<Item = f64>) -> f64 {
    X.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn main() -> Result<(), EngineError> {
    let observed = statistic(Y.into_iter());
    let orders = all_orders(4);
    let at_least = orders
        .iter()
        .filter(|order| statistic(order.iter().map(|&i| Y[i])) >= observed)
        .count();
    println!(
        "observed Σxy = {observed}; {at_least} of {} orders reach it: exact p = {:.4}",
        orders.len(),
        at_least as f64 / 24.0
    );

    let targets = Targets::new(DMatrix::from_column_slice(4, 1, &Y))?;
    let scheme =
        PermutationScheme::new(&Groups::singletons(4), Exchange::Blocks, &targets, Seed(1))?;
    let mut statistics = DMatrix::from_iterator(
        10_000,
        1,
        (0..10_000).map(|b| {
            let source = scheme.permutation(b); // b = 0 is the observed order
            statistic(source.into_iter().map(|row| Y[row]))
        }),
    );
    settle_ties(&mut statistics);
    let sampled = permutation_p(statistics.as_view())[0];
    println!(
        "9,999 random orders and the observed one: p = {:.4}, 95 % Monte-Carlo interval {:.4} to {:.4}",
        sampled.p, sampled.interval.0, sampled.interval.1
    );
    Ok(())
}

fn all_orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let insert = |order: Vec<usize>| {
        (0..n).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, n - 1);
            longer
        })
    };
    all_orders(n - 1).into_iter().flat_map(insert).collect()
}
