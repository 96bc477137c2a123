//! Lasso and elastic net, timed by criterion: what a design costs, a whole path, and the beginnings
//! of paths that a permutation test consists of.
//!
//! X is random with the spectrum of sentence embeddings (standard deviations falling as a power
//! law) and standardised; y is noise or three tenths of it explained.
//! `cargo bench -p ocean-linear --bench lasso`.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ocean_linear::{Columns, LassoDesign, LassoFit, LassoOptions};

const N_ALPHAS: usize = 50;

criterion_group!(benches, designs, whole_paths, beginnings);
criterion_main!(benches);

/// One training set of 400 rows.
fn designs(c: &mut Criterion) {
    let mut group = c.benchmark_group("design");
    group.sample_size(10);
    for p in [384, 768, 1024] {
        let rows = Rows::new(1, 400, 100, p);
        group.bench_function(BenchmarkId::from_parameter(p), |b| {
            b.iter(|| drop(black_box(rows.design())));
        });
    }
}

/// 50 penalties from α_max down to a thousandth of it, 16 targets side by side.
fn whole_paths(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole path");
    group.sample_size(10).throughput(Throughput::Elements(16));
    let rows = Rows::new(2, 400, 100, 384);
    let design = rows.design();
    for l1_ratio in [1.0, 0.5, 0.1] {
        for share in [0.0, 0.3] {
            let y = rows.targets(16, share);
            let name = format!("l1_ratio {l1_ratio}, {share} explained");
            group.bench_function(name, |b| b.iter(|| walk(&design, &y, l1_ratio, N_ALPHAS)));
        }
    }
}

/// The first steps of the paths of 64 permuted targets on one design.
fn beginnings(c: &mut Criterion) {
    let mut group = c.benchmark_group("beginning of a path");
    group.sample_size(20).throughput(Throughput::Elements(64));
    let rows = Rows::new(10, 300, 200, 384);
    let design = rows.design();
    for l1_ratio in [1.0, 0.5, 0.1] {
        for n_steps in [1, 6, 9] {
            let mut round = 1000;
            // New targets each time, so that nothing is remembered.
            let mut targets = || {
                round += 1;
                noise(round, 64 * 300)
            };
            let name = format!("l1_ratio {l1_ratio}, {n_steps} steps");
            group.bench_function(name, |b| {
                let run = |y: Vec<f64>| walk(&design, &y, l1_ratio, n_steps);
                b.iter_batched(&mut targets, run, BatchSize::SmallInput);
            });
        }
    }
}

/// Walks the first `n_steps` of the grid, step by step; the fits of the last.
fn walk(design: &LassoDesign<'_>, y: &[f64], l1_ratio: f64, n_steps: usize) -> Vec<LassoFit> {
    let options = LassoOptions {
        l1_ratio,
        ..LassoOptions::default()
    };
    let width = y.len() / design.n_train();
    let y = Columns::new(y, design.n_train(), width).expect("sizes");
    let mut alphas = vec![0.0; N_ALPHAS * width];
    design.grid(y, 1e-3, options, &mut alphas).expect("a grid");
    let alphas = Columns::new(&alphas, N_ALPHAS, width).expect("sizes");
    let mut path = design.begin(y, alphas, options).expect("a path");
    let columns: Vec<u32> = (0..width as u32).collect();
    let mut y_hat = vec![0.0; width * design.n_new()];
    let mut fits = vec![LassoFit::EMPTY; width];
    for step in 0..n_steps as u32 {
        path.advance(&columns, &vec![step; width], &mut y_hat, &mut fits)
            .expect("fits");
    }
    black_box(y_hat);
    fits
}

/// Training rows and new rows.
struct Rows {
    x: Vec<f64>,
    x_new: Vec<f64>,
    n_train: usize,
    n_new: usize,
}

impl Rows {
    fn new(seed: u64, n_train: usize, n_new: usize, p: usize) -> Self {
        let n = n_train + n_new;
        let (latent, mixing) = (noise(seed, n * p), noise(7, p * p));
        let mut x = vec![0.0; n * p];
        for (j, column) in x.chunks_exact_mut(n).enumerate() {
            for k in 0..p {
                let weight = mixing[j * p + k] / (k as f64 + 1.0).powf(0.6);
                let latent = &latent[k * n..][..n];
                column
                    .iter_mut()
                    .zip(latent)
                    .for_each(|(x, v)| *x += weight * v);
            }
            let mean = column[..n_train].iter().sum::<f64>() / n_train as f64;
            let square = column[..n_train]
                .iter()
                .map(|v| (v - mean).powi(2))
                .sum::<f64>();
            let sd = (square / n_train as f64).sqrt();
            column.iter_mut().for_each(|v| *v = (*v - mean) / sd);
        }
        let part = |from: usize, to: usize| -> Vec<f64> {
            x.chunks_exact(n)
                .flat_map(|column| &column[from..to])
                .copied()
                .collect()
        };
        Self {
            x: part(0, n_train),
            x_new: part(n_train, n),
            n_train,
            n_new,
        }
    }

    fn design(&self) -> LassoDesign<'_> {
        let p = self.x.len() / self.n_train;
        LassoDesign::prepare(
            Columns::new(&self.x, self.n_train, p).expect("sizes"),
            Columns::new(&self.x_new, self.n_new, p).expect("sizes"),
        )
        .expect("a design")
    }

    /// Targets of which ten features explain about this share.
    fn targets(&self, width: usize, share: f64) -> Vec<f64> {
        let mut all = Vec::new();
        for t in 0..width {
            let weights = noise(500 + t as u64, 10);
            let error = noise(600 + t as u64, self.n_train);
            let signal: Vec<f64> = (0..self.n_train)
                .map(|i| {
                    (0..10)
                        .map(|k| weights[k] * self.x[(k * 31) * self.n_train + i])
                        .sum()
                })
                .collect();
            let size = |v: &[f64]| (v.iter().map(|v| v * v).sum::<f64>() / v.len() as f64).sqrt();
            let (of_signal, of_error) = (size(&signal), size(&error));
            let y: Vec<f64> = signal
                .iter()
                .zip(&error)
                .map(|(s, e)| share.sqrt() * s / of_signal + (1.0 - share).sqrt() * e / of_error)
                .collect();
            let mean = y.iter().sum::<f64>() / y.len() as f64;
            all.extend(y.iter().map(|y| y - mean));
        }
        all
    }
}

/// Uniform numbers in [-1, 1): splitmix64.
fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    (0..n)
        .map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}
