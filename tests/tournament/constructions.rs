//! Who takes part: constructions of a 95 % interval of r2.

use ocean_engine::inference::interval::{jackknife_interval, r2_se};
use ocean_engine::inference::response::{Observed, Response, Strength};
use ocean_engine::score::{mean, mean_and_sd};

/// In the order of [`Evidence::intervals`].
pub const NAMES: [&str; 9] = [
    "planted effects inverted",
    "the same, V = 0",
    "the same, κ = 1",
    "plain inversion",
    "jackknife, 20 blocks",
    "jackknife, 40 % deleted",
    "planted sd",
    "planted sd or naive, the larger",
    "naive",
];

const Z: f64 = 1.96;

/// What there is to know of one target of one data set.
pub struct Evidence<'a> {
    pub observed: Observed,
    pub null: &'a [f64],
    pub planted: &'a [Strength],
    pub jackknife: Option<Vec<f64>>,
    /// r2 without two fifths of the rows; none where left out.
    pub refits: Vec<f64>,
    pub n_samples: usize,
    pub level: f64,
}

impl Evidence<'_> {
    pub fn intervals(&self) -> Vec<Option<(f64, f64)>> {
        let observed = self.observed;
        let inverted = |observed: Observed| {
            let response = Response::new(self.null, self.planted, observed, self.n_samples);
            response.interval(self.level)
        };
        let around = |sd: f64| (observed.r2 - Z * sd, observed.r2 + Z * sd);
        let (planted, naive) = (self.planted_sd(), observed.naive.sqrt());
        vec![
            Some(inverted(observed)),
            Some(inverted(Observed {
                sample: 0.0,
                ..observed
            })),
            Some(inverted(Observed {
                naive: 0.0,
                ..observed
            })),
            Some(self.plain_inversion()),
            self.jackknife.as_ref().map(|replicates| {
                let se = r2_se(replicates, sd(self.null));
                let found = jackknife_interval(observed.r2, se, replicates.len(), self.level);
                (found.low, found.high)
            }),
            // The variance of n − d of n rows is that of n times (n − d)/d apart: 3/2 for d = .4n.
            (self.refits.len() > 1)
                .then(|| around((1.5f64.sqrt() * sd(&self.refits)).hypot(sd(self.null)))),
            Some(around(planted)),
            Some(around(planted.max(naive))),
            Some(around(naive)),
        ]
    }

    /// Mean and sd of r2 at each strength, the null first.
    fn moments(&self) -> Vec<(f64, f64)> {
        let planted = self.planted.iter().map(|one| one.r2.as_slice());
        let all = std::iter::once(self.null).chain(planted);
        all.map(|r2| (mean(r2), sd(r2))).collect()
    }

    /// sd of r2 at the strength whose mean is nearest to the observed r2.
    fn planted_sd(&self) -> f64 {
        let distance = |one: &(f64, f64)| (one.0 - self.observed.r2).abs();
        let moments = self.moments().into_iter();
        let nearest = moments.min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.map_or(f64::NAN, |(_, sd)| sd)
    }

    /// {θ: |T − θ| ≤ 1.96·s(θ)}, means and sds as they are, straight lines between strengths.
    fn plain_inversion(&self) -> (f64, f64) {
        let moments = self.moments();
        let crossing = |sign: f64| {
            let end = |(mean, sd): (f64, f64)| mean + sign * Z * sd;
            let pairs = moments.windows(2).find_map(|pair| {
                let (below, above) = (end(pair[0]), end(pair[1]));
                let is_between = below <= self.observed.r2 && self.observed.r2 < above;
                let weight = (self.observed.r2 - below) / (above - below);
                is_between.then(|| pair[0].0 + weight * (pair[1].0 - pair[0].0))
            });
            let outside = match end(moments[0]) > self.observed.r2 {
                true => moments[0].1,
                false => moments[moments.len() - 1].1,
            };
            pairs.unwrap_or(self.observed.r2 - sign * Z * outside)
        };
        (crossing(1.0), crossing(-1.0))
    }
}

fn sd(values: &[f64]) -> f64 {
    mean_and_sd(values, 1).1
}
