//! Lasso and elastic net, timed: what a design costs, a whole path, and the paths of a permutation test.
//!
//! X is random with the spectrum of sentence embeddings (standard deviations falling as a power law) and standardised; y is noise or a tenth of
//! it explained. Medians of repeated rounds by processor time. `cargo bench -p ocean-linear --bench lasso`.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

use ocean_linear::{Columns, LassoDesign, LassoFit, LassoOptions};

const N_ALPHAS: usize = 50;

fn main() {
    for p in [384, 768, 2048] {
        let rows = Rows::new(1, 400, 100, p);
        let seconds = median(5, || drop(black_box(rows.design())));
        println!("design of 400 × {p}: {:.1} ms", 1e3 * seconds);
    }
    let rows = Rows::new(2, 400, 100, 384);
    let design = rows.design();
    for l1_ratio in [1.0, 0.5, 0.1] {
        for width in [1, 16] {
            for share in [0.0, 0.3] {
                whole_paths(&rows, &design, l1_ratio, width, share);
            }
        }
    }
    let pairs: Vec<Rows> = (0..10).map(|k| Rows::new(10 + k, 300, 200, 384)).collect();
    let designs: Vec<LassoDesign<'_>> = pairs.iter().map(Rows::design).collect();
    for l1_ratios in [&[1.0][..], &[0.9, 0.5, 0.1]] {
        for n_steps in [1, 6, 9] {
            beginnings(&pairs, &designs, l1_ratios, n_steps);
        }
    }
}

/// 50 penalties from α_max down to a thousandth of it, `width` targets of one path.
fn whole_paths(rows: &Rows, design: &LassoDesign<'_>, l1_ratio: f64, width: usize, share: f64) {
    let y = rows.targets(width, share);
    let mut n_nonzero = 0;
    let mut worst = 0.0_f64;
    let seconds = median(7, || {
        let fits = walk(design, &y, l1_ratio, N_ALPHAS);
        n_nonzero = fits[0].n_nonzero;
        worst = fits.iter().fold(0.0, |worst, fit| worst.max(fit.gap));
        assert!(fits.iter().all(|fit| fit.is_converged));
    });
    println!(
        "whole path, l1_ratio {l1_ratio}, {width:>2} target(s), {share} explained: {:.2} ms each ({n_nonzero} features at the end, gap at most {worst:.0e})",
        1e3 * seconds / width as f64,
    );
}

/// The first steps of the paths of 64 permuted targets on ten designs: what tuning inside a permutation test amounts to.
fn beginnings(rows: &[Rows], designs: &[LassoDesign<'_>], l1_ratios: &[f64], n_steps: usize) {
    let mut n_nonzero = 0;
    let mut rounds = 0;
    let seconds = median(5, || {
        // New targets each time, so that nothing is remembered.
        rounds += 1;
        for (rows, design) in rows.iter().zip(designs) {
            let y = noise(1000 + rounds, 64 * rows.n_train);
            for &l1_ratio in l1_ratios {
                let fits = walk(design, &y, l1_ratio, n_steps);
                n_nonzero += fits.iter().map(|fit| fit.n_nonzero).sum::<u32>();
            }
        }
    });
    let n_paths = 64 * rows.len() * l1_ratios.len() * rounds as usize;
    println!(
        "ten times {n_steps} steps, l1_ratio {l1_ratios:?}: {:.3} ms a target ({:.1} features at the end)",
        1e3 * seconds / 64.0,
        f64::from(n_nonzero) / n_paths as f64
    );
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

/// Median seconds of a run, by this thread's processor time; of `rounds` times as many runs as take a fifth of a second, as that clock ticks slowly.
fn median(rounds: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let (start, mut n) = (processor_time(), 0.0);
            loop {
                run();
                n += 1.0;
                let elapsed = processor_time() - start;
                if elapsed > 0.2 {
                    break elapsed / n;
                }
            }
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

/// Seconds this thread has been on a processor (Linux; elsewhere the clock has to do).
fn processor_time() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()) {
        Some(nanoseconds) => nanoseconds * 1e-9,
        None => START.elapsed().as_secs_f64(),
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
