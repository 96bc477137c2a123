//! What is simulated: populations of X, and targets whose truth is known.
//!
//! The covariance of X is that of a sentence embedding: eigenvalues that fall as 1/k, mixed into
//! all columns. (MiniLM's vectors of 2,000 texts, columns scaled: the log eigenvalues against log k
//! have slope −1.0 over the first hundred.)

use nalgebra::DMatrix;
use ocean_engine::folds::Groups;
use ocean_engine::seed::{Seed, Stream};

use std::fmt;

/// The regressor of a population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    Ridge,
    Lasso,
    ElasticNet,
}

/// Rows and columns, and what every data set of them shares.
#[derive(Debug, Clone, Copy)]
pub struct Population {
    pub name: &'static str,
    pub model: Model,
    pub n: usize,
    pub p: usize,
    pub repeats: usize,
    /// Rows of a group; 1: no groups. Half of the variance of X and of the noise is the group's.
    pub group_size: usize,
    /// Data sets with a jackknife; the others go without, where it takes minutes.
    pub jackknives: u64,
    pub targets: &'static [Target],
}

/// A target of every data set of a population.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub effect: Effect,
    /// Share of the variance of y, before any rounding.
    pub share: f64,
    pub noise: Noise,
}

/// Where the signal lies.
#[derive(Debug, Clone, Copy)]
pub enum Effect {
    /// Normal weights on all columns.
    Dense,
    /// The first three principal components.
    Components,
    /// Five columns.
    Sparse,
}

/// The noise, or what is made of y.
#[derive(Debug, Clone, Copy)]
pub enum Noise {
    Normal,
    /// Student's t with 5 or 3 degrees of freedom.
    T5,
    T3,
    LogNormal,
    /// sd ∝ exp(signal/2).
    Uneven,
    /// Ratings from 1 to 5.
    Steps,
    /// Above the mean or not.
    Binary,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.share == 0.0 {
            return write!(f, "no effect");
        }
        let effect = match self.effect {
            Dense => "dense",
            Components => "3 components",
            Sparse => "5 columns",
        };
        let noise = match self.noise {
            Normal => "",
            T5 => ", t5",
            T3 => ", t3",
            LogNormal => ", lognormal",
            Uneven => ", uneven",
            Steps => ", 5 steps",
            Binary => ", binary",
        };
        write!(f, "{effect} {}{noise}", self.share)
    }
}

const fn target(effect: Effect, share: f64, noise: Noise) -> Target {
    Target {
        effect,
        share,
        noise,
    }
}

use Effect::{Components, Dense, Sparse};
use Noise::{Binary, LogNormal, Normal, Steps, T3, T5, Uneven};

const NONE: Target = target(Dense, 0.0, Normal);

const fn population(
    name: &'static str,
    model: Model,
    (n, p): (usize, usize),
    targets: &'static [Target],
) -> Population {
    Population {
        name,
        model,
        n,
        p,
        repeats: 1,
        group_size: 1,
        jackknives: u64::MAX,
        targets,
    }
}

pub const POPULATIONS: [Population; 14] = [
    population(
        "60x384",
        Model::Ridge,
        (60, 384),
        &[
            NONE,
            target(Components, 0.3, Normal),
            target(Components, 0.5, Normal),
        ],
    ),
    population(
        "100x10",
        Model::Ridge,
        (100, 10),
        &[
            NONE,
            target(Dense, 0.15, Normal),
            target(Dense, 0.35, Normal),
        ],
    ),
    population(
        "100x1024",
        Model::Ridge,
        (100, 1024),
        &[target(Components, 0.2, Normal), target(Dense, 0.35, Normal)],
    ),
    population(
        "200x20",
        Model::Ridge,
        (200, 20),
        &[
            NONE,
            target(Dense, 0.1, Normal),
            target(Sparse, 0.3, Normal),
        ],
    ),
    population(
        "200x200",
        Model::Ridge,
        (200, 200),
        &[
            NONE,
            target(Components, 0.1, Normal),
            target(Components, 0.2, Normal),
            target(Components, 0.3, Normal),
            target(Components, 0.5, Normal),
            target(Dense, 0.35, Normal),
            target(Sparse, 0.35, Normal),
            target(Components, 0.3, T5),
            target(Components, 0.3, Steps),
            target(Components, 0.3, Binary),
            target(Components, 0.3, Uneven),
            target(Components, 0.3, T3),
            target(Components, 0.3, LogNormal),
        ],
    ),
    Population {
        jackknives: 60,
        ..population(
            "500x384",
            Model::Ridge,
            (500, 384),
            &[target(Components, 0.1, Normal), target(Dense, 0.3, Normal)],
        )
    },
    population(
        "1000x50",
        Model::Ridge,
        (1000, 50),
        &[
            target(Dense, 0.1, Normal),
            target(Dense, 0.3, Normal),
            target(Dense, 0.3, Uneven),
        ],
    ),
    population(
        "2000x10",
        Model::Ridge,
        (2000, 10),
        &[target(Dense, 0.02, Normal), target(Dense, 0.5, Normal)],
    ),
    Population {
        group_size: 5,
        ..population(
            "200x60 groups",
            Model::Ridge,
            (200, 60),
            &[NONE, target(Components, 0.3, Normal)],
        )
    },
    Population {
        repeats: 5,
        ..population(
            "100x10 repeats",
            Model::Ridge,
            (100, 10),
            &[
                NONE,
                target(Dense, 0.15, Normal),
                target(Dense, 0.2, Normal),
            ],
        )
    },
    Population {
        repeats: 5,
        jackknives: 60,
        ..population(
            "200x200 repeats",
            Model::Ridge,
            (200, 200),
            &[target(Components, 0.2, Normal)],
        )
    },
    population(
        "100x50 lasso",
        Model::Lasso,
        (100, 50),
        &[NONE, target(Sparse, 0.35, Normal)],
    ),
    population(
        "150x100 lasso",
        Model::Lasso,
        (150, 100),
        &[target(Components, 0.3, Normal)],
    ),
    population(
        "100x50 elastic net",
        Model::ElasticNet,
        (100, 50),
        &[target(Sparse, 0.35, Normal)],
    ),
];

/// X and Y of one data set, with who belongs together.
pub struct DataSet {
    pub x: DMatrix<f64>,
    pub y: DMatrix<f64>,
    pub groups: Groups,
}

/// What every data set of a population shares.
pub struct Truth {
    population: Population,
    /// Latent components → columns of X.
    mixing: DMatrix<f64>,
    /// Weights of each target on the latent components.
    weights: DMatrix<f64>,
}

impl Truth {
    pub fn of(population: Population) -> Self {
        let p = population.p;
        let mut stream = Seed(SEED).stream(population.name, u64::MAX);
        let scale = |k: usize| 1.0 / ((k + 1) as f64).sqrt();
        let orthogonal = DMatrix::from_fn(p, p, |_, _| stream.normal()).qr().q();
        let mixing = DMatrix::from_fn(p, p, |k, column| scale(k) * orthogonal[(k, column)]);
        let mut weights = DMatrix::zeros(p, population.targets.len());
        for (mut weights, target) in weights.column_iter_mut().zip(population.targets) {
            match target.effect {
                Effect::Components => weights.rows_mut(0, 3).fill(1.0),
                Effect::Dense => {
                    let on_columns = DMatrix::from_fn(p, 1, |column, _| {
                        stream.normal() / mixing.column(column).norm()
                    });
                    weights.copy_from(&(&mixing * on_columns));
                }
                Effect::Sparse => {
                    for column in 0..5 {
                        let at = column * p / 5;
                        weights += mixing.column(at) / mixing.column(at).norm();
                    }
                }
            }
            let norm = weights.norm();
            weights /= norm;
        }
        Self {
            population,
            mixing,
            weights,
        }
    }

    pub fn draw(&self, stream: &mut Stream) -> DataSet {
        let Population {
            n, p, group_size, ..
        } = self.population;
        let groups = if group_size == 1 {
            Groups::singletons(n)
        } else {
            Groups::from_labels((0..n).map(|row| row / group_size))
        };
        let latent = by_group(&groups, p, stream);
        let x = &latent * &self.mixing;
        let signals = &latent * &self.weights;
        let noise = by_group(&groups, self.population.targets.len(), stream);
        let mut y = signals.clone();
        for (at, target) in self.population.targets.iter().enumerate() {
            for row in 0..n {
                let (signal, normal) = (signals[(row, at)], noise[(row, at)]);
                y[(row, at)] = target.value(signal, normal, stream);
            }
        }
        DataSet { x, y, groups }
    }
}

/// Standard normal numbers, half of whose variance is shared by the rows of a group.
fn by_group(groups: &Groups, n_columns: usize, stream: &mut Stream) -> DMatrix<f64> {
    let n = groups.n_rows();
    let own = DMatrix::from_fn(n, n_columns, |_, _| stream.normal());
    if groups.n_groups() == n {
        return own;
    }
    let shared = DMatrix::from_fn(groups.n_groups(), n_columns, |_, _| stream.normal());
    DMatrix::from_fn(n, n_columns, |row, column| {
        (shared[(groups.of_row()[row], column)] + own[(row, column)]) / 2f64.sqrt()
    })
}

impl Target {
    /// No construction cures the others: what decides θ is in rows that the sample does not hold.
    pub fn is_light_tailed(&self) -> bool {
        !matches!(self.noise, Noise::T3 | Noise::LogNormal)
    }

    /// y of a row, from its signal and noise of variance 1.
    fn value(&self, signal: f64, normal: f64, stream: &mut Stream) -> f64 {
        // χ² with an even number of degrees of freedom: a sum of exponentials; one more: a square.
        let mut chi = |degrees: usize| {
            let pairs: f64 = (0..degrees / 2).map(|_| -2.0 * stream.uniform().ln()).sum();
            pairs
                + if degrees % 2 == 1 {
                    stream.normal().powi(2)
                } else {
                    0.0
                }
        };
        let noise = match self.noise {
            Noise::T5 => normal / (chi(5) / 5.0).sqrt() / (5f64 / 3.0).sqrt(),
            Noise::T3 => normal / (chi(3) / 3.0).sqrt() / 3f64.sqrt(),
            Noise::LogNormal => {
                let e = std::f64::consts::E;
                (normal.exp() - e.sqrt()) / ((e - 1.0) * e).sqrt()
            }
            // E exp(signal) = √e.
            Noise::Uneven => normal * (signal / 2.0 - 0.25).exp(),
            Noise::Normal | Noise::Steps | Noise::Binary => normal,
        };
        let y = self.share.sqrt() * signal + (1.0 - self.share).sqrt() * noise;
        match self.noise {
            Noise::Steps => (3.0 + y).round().clamp(1.0, 5.0),
            Noise::Binary => f64::from(u8::from(y > 0.0)),
            _ => y,
        }
    }
}

/// Of every tournament.
pub const SEED: u64 = 20_261_130;
