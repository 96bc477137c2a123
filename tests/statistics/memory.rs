//! Regressors that remember: whatever they keep between calls, p is valid, because the observed y
//! stands in a slot that they are not told. With the observed y first the same regressors "predict"
//! noise.

use std::sync::Mutex;

use nalgebra::DMatrix;
use ocean_engine::blocks::Blocks;
use ocean_engine::design::FoldDesigns;
use ocean_engine::evaluate::{PermutedTargets, run_block};
use ocean_engine::inference::multiplicity::permutation_p;
use ocean_engine::nested::{NestedCv, Tuning};
use ocean_engine::permutation::Exchange;
use ocean_engine::reference::ReferenceRidge;
use ocean_engine::regressor::{FitInfo, Path, Prepared, Regressor, RegressorError, TrainingSet};
use ocean_engine::seed::Stream;
use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::study::Study;

use crate::uniformity::{n_data_sets, simulate};

const ROWS: usize = 60;
const FEATURES: usize = 3;
const PERMUTATIONS: usize = 39;
const DATA_SETS: u64 = 300;
const LEVEL: f64 = 0.05;
/// More rejections than these, of 300 at .05, come once in a hundred studies of a sound test.
const MOST_REJECTED: f64 = 0.08;

/// What is kept between calls.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Memory {
    /// Nothing.
    None,
    /// The first y that is seen with a row of X, which is then predicted for it.
    FirstSeen,
    /// The mean of all y seen with a row so far.
    RunningMean,
    /// The last fit's predictions, half of which begin the next.
    WarmStart,
    /// The first predictions for held-out rows, whatever y is: a cache whose key forgets y.
    CacheWithoutY,
}

/// A ridge with a memory.
struct Remembering {
    ridge: ReferenceRidge,
    memory: Memory,
    /// Rows of X with what is kept of them: a sum and a count.
    seen: Mutex<Vec<([f64; FEATURES], f64, f64)>>,
}

impl Remembering {
    fn new(memory: Memory) -> Self {
        Self {
            ridge: ReferenceRidge { n_alphas: 3 },
            memory,
            seen: Mutex::default(),
        }
    }

    /// Shows the memory a row; gives what it then says of it.
    fn recall(&self, row: [f64; FEATURES], y: Option<f64>) -> Option<f64> {
        let mut seen = self.seen.lock().unwrap();
        let found = nearest(&seen, row).map(|at| &mut seen[at]);
        match (found, y) {
            (Some((_, sum, count)), Some(y)) if self.memory == Memory::RunningMean => {
                (*sum, *count) = (*sum + y, *count + 1.0);
                Some(*sum / *count)
            }
            (Some((_, sum, _)), Some(y)) if self.memory == Memory::WarmStart => {
                *sum = y;
                Some(y)
            }
            (Some((_, sum, count)), _) => Some(*sum / *count),
            (None, Some(y)) => {
                seen.push((row, y, 1.0));
                Some(y)
            }
            (None, None) => None,
        }
    }
}

/// The row of the memory that this one is: scaling differs a little between training sets, and a row
/// is its own nearest neighbour. Plain loops, since tests are hardly optimised and spend their time
/// here.
fn nearest(seen: &[([f64; FEATURES], f64, f64)], row: [f64; FEATURES]) -> Option<usize> {
    let (mut found, mut least) = (None, 0.1);
    let mut at = 0;
    while at < seen.len() {
        let mut distance = 0.0;
        let mut feature = 0;
        while feature < FEATURES && distance < least {
            let apart = seen[at].0[feature] - row[feature];
            distance += apart * apart;
            feature += 1;
        }
        if distance < least {
            (found, least) = (Some(at), distance);
        }
        at += 1;
    }
    found
}

struct Design<'a> {
    of: &'a Remembering,
    inner: Box<dyn Prepared + 'a>,
    x: &'a DMatrix<f64>,
    x_new: &'a DMatrix<f64>,
}

struct Walk<'p> {
    design: &'p Design<'p>,
    inner: Box<dyn Path + 'p>,
}

fn row(x: &DMatrix<f64>, at: usize) -> [f64; FEATURES] {
    std::array::from_fn(|column| x[(at, column)])
}

impl Regressor for Remembering {
    fn n_alphas(&self) -> usize {
        self.ridge.n_alphas
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        let (x, x_new) = training.rows()?;
        Ok(Box::new(Design {
            of: self,
            inner: self.ridge.prepare(training)?,
            x,
            x_new,
        }))
    }
}

impl Prepared for Design<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        self.inner.grid(variant, y, alphas)
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        if matches!(self.of.memory, Memory::FirstSeen | Memory::RunningMean) {
            for column in y.column_iter() {
                for (at, y) in column.iter().enumerate() {
                    self.of.recall(row(self.x, at), Some(*y));
                }
            }
        }
        Ok(Box::new(Walk {
            design: self,
            inner: self.inner.begin(variant, y, y_sq, alphas)?,
        }))
    }
}

impl Path for Walk<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        out: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        self.inner.advance(columns, steps, out, info)?;
        let (of, x_new) = (self.design.of, self.design.x_new);
        for y_hat in out.chunks_mut(x_new.nrows()).take(columns.len()) {
            for (at, y_hat) in y_hat.iter_mut().enumerate() {
                let row = row(x_new, at);
                *y_hat = match of.memory {
                    Memory::None => *y_hat,
                    Memory::FirstSeen | Memory::RunningMean => of.recall(row, None).unwrap_or(0.0),
                    Memory::CacheWithoutY => of.recall(row, Some(*y_hat)).unwrap_or(0.0),
                    Memory::WarmStart => {
                        let before = of.recall(row, None).unwrap_or(0.0);
                        let now = 0.5 * before + 0.5 * *y_hat;
                        of.recall(row, Some(now));
                        now
                    }
                };
            }
        }
        Ok(())
    }
}

fn data_set(stream: &mut Stream, seed: u64) -> Study {
    let x = noise(ROWS, FEATURES, stream);
    let y = noise(ROWS, 1, stream);
    Study::new(x, y, 5, seed).unwrap()
}

/// On one thread, so that the order of calls, and with it what is remembered, is always the same.
fn alone<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().unwrap().install(act)
}

fn p_of_the_loop(memory: Memory) -> Vec<f64> {
    simulate(
        &format!("memory {memory:?}"),
        n_data_sets(DATA_SETS),
        |stream, seed| {
            let study = data_set(stream, seed);
            alone(|| {
                study
                    .run(&Remembering::new(memory), PERMUTATIONS)
                    .unwrap()
                    .p()[0]
            })
        },
    )
}

/// The same with the observed y in slot 0: what the loop would be without its secret.
fn p_with_the_observed_first(memory: Memory) -> Vec<f64> {
    simulate(
        &format!("memory {memory:?}"),
        n_data_sets(DATA_SETS),
        |stream, seed| {
            let study = data_set(stream, seed);
            let regressor = Remembering::new(memory);
            let (targets, scheme) = (
                study.targets().unwrap(),
                study.scheme(Exchange::Blocks).unwrap(),
            );
            let row_set = &targets.row_sets()[0];
            let designs = FoldDesigns::build(&study.layout(), &row_set.rows, 0).unwrap();
            let nested = NestedCv::prepare(&designs, &regressor, Tuning::PLAIN).unwrap();
            let permuted = PermutedTargets {
                targets: &targets,
                row_set,
                scheme: &scheme,
                observed_slot: 0,
            };
            let blocks = Blocks::new(PERMUTATIONS, 1);
            let r2: Vec<f64> = (0..blocks.len())
                .flat_map(|block| {
                    let result = run_block(&nested, &permuted, blocks, block).unwrap();
                    result.r2.as_slice().to_vec()
                })
                .collect();
            permutation_p(DMatrix::from_column_slice(r2.len(), 1, &r2).as_view())[0].p
        },
    )
}

fn rejected(p: &[f64]) -> f64 {
    p.iter().filter(|p| **p <= LEVEL).count() as f64 / p.len() as f64
}

#[test]
fn p_is_valid_whatever_a_regressor_remembers() {
    for memory in [
        Memory::None,
        Memory::FirstSeen,
        Memory::RunningMean,
        Memory::WarmStart,
        Memory::CacheWithoutY,
    ] {
        let share = rejected(&p_of_the_loop(memory));
        println!("{memory:?}: p ≤ {LEVEL} in {share:.3} of the data sets");
        assert!(share <= MOST_REJECTED, "{memory:?}: {share}");
    }
}

#[test]
fn with_the_observed_y_first_a_memory_finds_what_is_not_there() {
    let share = rejected(&p_with_the_observed_first(Memory::FirstSeen));
    println!("observed first: p ≤ {LEVEL} in {share:.3}");
    assert!(share > 0.9, "{share}");
    // Without a memory it makes no difference where the observed y stands.
    let share = rejected(&p_with_the_observed_first(Memory::None));
    assert!(share <= MOST_REJECTED, "{share}");
}
