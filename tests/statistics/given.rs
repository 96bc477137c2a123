//! The interval of models that are given: how often it holds the truth.

use ocean_engine::inference::given::LogRatio;
use ocean_engine::score::HeldOut;
use ocean_engine::seed::Stream;
use ocean_host::commands::selfcheck::judge::Rate;

use crate::uniformity::{n_data_sets, simulate};

/// Groups of so many rows, ŷ = x of slope `slope`, y = x + noise: r2 = 1 − ((1 − slope)² + s²)/(1 +
/// s²) about ȳ = 0.
struct Design {
    name: &'static str,
    n_groups: usize,
    size: usize,
    slope: f64,
    sd: f64,
    is_heavy: bool,
}

impl Design {
    fn covers(&self, stream: &mut Stream) -> bool {
        let n = self.n_groups * self.size;
        let (mut y, mut y_hat) = (Vec::new(), Vec::new());
        for _ in 0..self.n_groups {
            let shared = stream.normal();
            for _ in 0..self.size {
                let share = if self.size > 1 { 0.5f64 } else { 0.0 };
                let x = stream.normal();
                let error = share.sqrt() * shared + (1.0 - share).sqrt() * stream.normal();
                // t of 5 degrees of freedom, variance 1.
                let squares: f64 = (0..5).map(|_| stream.normal().powi(2)).sum();
                let error = match self.is_heavy {
                    true => error / (squares / 3.0).sqrt(),
                    false => error,
                };
                y_hat.push(self.slope * x);
                y.push(x + self.sd * error);
            }
        }
        let groups: Vec<usize> = (0..n).map(|row| row / self.size).collect();
        let held_out = HeldOut {
            y: &y,
            y_hat: &y_hat,
            y_bar: &vec![0.0; n],
            fold_of: &vec![0; n],
            is_empty: false,
        };
        let interval = LogRatio::of(&held_out, &groups)
            .unwrap()
            .interval(1.0, 0.05);
        let variance = self.sd.powi(2);
        let truth = 1.0 - ((1.0 - self.slope).powi(2) + variance) / (1.0 + variance);
        interval.low <= truth && truth <= interval.high
    }
}

#[test]
fn the_interval_of_given_models_holds_the_truth_as_often_as_it_says() {
    let design = |name, n_groups, size, slope, sd, is_heavy| Design {
        name,
        n_groups,
        size,
        slope,
        sd,
        is_heavy,
    };
    let designs = [
        design("20 rows, strong", 20, 1, 1.0, 1.0, false),
        design("20 rows, weak", 20, 1, 0.5, 3.0, false),
        design("20 rows, worse than the mean", 20, 1, -0.5, 1.0, false),
        design("100 rows", 100, 1, 0.8, 1.5, false),
        design("30 groups of 5", 30, 5, 0.8, 1.5, false),
        design("100 rows, heavy tails", 100, 1, 0.8, 1.5, true),
    ];
    for design in designs {
        let covered = simulate(design.name, n_data_sets(1_000), |stream, _| {
            design.covers(stream)
        });
        let n = covered.len() as u64;
        let count = covered.into_iter().filter(|covers| *covers).count() as u64;
        let rate = Rate { n, count };
        println!("{}: {:.3}", design.name, rate.share());
        // At least .92: below what chance makes of .93 in 1,000 data sets only once in a hundred.
        assert!(rate.share() >= 0.905, "{}: {}", design.name, rate.share());
    }
}
