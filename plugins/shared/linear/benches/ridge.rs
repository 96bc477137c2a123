//! Ridge for a permutation test, measured against the machine: time per target, executed GFLOP/s,
//! and their share of what the `gemm` crate reaches at 2048³ in the same process.
//!
//! One target costs one nested cross-validation: 10 pair designs of 300 × 200 rows walked along 30
//! penalties, 5 outer designs of 400 × 100 rows predicted at a penalty of its own (n = 500, p =
//! 384, K = 5). X is random with the spectrum of sentence embeddings (standard deviations falling
//! as a power law); speed depends on it only through the rank of the basis, printed below.
//! `cargo bench -p ocean-linear`.

use std::hint::black_box;
use std::time::Instant;

use ocean_linear::{Columns, RidgeDesign};

const N_FEATURES: usize = 384;
const N_ALPHAS: usize = 30;
const SQUARE: usize = 2048;

fn main() {
    println!("{}", processor());
    let pairs: Vec<_> = (0..10).map(|seed| design(seed, 300, 200)).collect();
    let outer: Vec<_> = (10..15).map(|seed| design(seed, 400, 100)).collect();
    let flop: f64 =
        pairs.iter().map(walk_flop).sum::<f64>() + outer.iter().map(final_flop).sum::<f64>();
    for (threads, block) in [(1, 64), (2, 8), (2, 16), (2, 32), (2, 64), (2, 128)] {
        report(&pairs, &outer, flop, threads, block);
    }
    let start = Instant::now();
    black_box(design(0, 300, 200));
    println!(
        "one pair design: {:.1} ms to make",
        start.elapsed().as_secs_f64() * 1e3
    );
}

/// Measures both kernels in turn, seven times, and prints medians.
fn report(pairs: &[RidgeDesign], outer: &[RidgeDesign], flop: f64, threads: usize, block: usize) {
    let mut matrices = square_matrices(threads);
    let (mut ours, mut gemm) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        gemm.push(time_squares(&mut matrices));
        ours.push(time_targets(pairs, outer, threads, block));
    }
    let speed = flop * threads as f64 / median(&ours, |t| t.busy) / 1e9;
    let ceiling = 2.0 * (SQUARE.pow(3) * threads) as f64 / median(&gemm, |t| t.busy) / 1e9;
    println!(
        "{threads} thread(s), blocks of {block:>3}: {:.3} ms a target on the clock, {:.3} by processor time; {:.1} MFLOP at {speed:.0} GFLOP/s = {:.0} % of gemm at 2048³ ({ceiling:.0} GFLOP/s)",
        median(&ours, |t| t.wall) * 1e3 / threads as f64,
        median(&ours, |t| t.busy) * 1e3 / threads as f64,
        flop / 1e6,
        100.0 * speed / ceiling
    );
}

fn median(timings: &[Timing], part: impl Fn(&Timing) -> f64) -> f64 {
    let mut values: Vec<f64> = timings.iter().map(part).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds of one job, of which each thread did one.
struct Timing {
    /// On the clock.
    wall: f64,
    /// Processor time of the busiest thread: what the clock would say on an idle machine.
    busy: f64,
}

/// Runs the jobs at the same time, one a thread.
fn time_jobs(jobs: Vec<impl FnOnce() + Send>) -> Timing {
    let start = Instant::now();
    let busy = std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .into_iter()
            .map(|job| {
                scope.spawn(|| {
                    let (start, before) = (Instant::now(), processor_time());
                    job();
                    let wall = start.elapsed().as_secs_f64();
                    processor_time()
                        .zip(before)
                        .map_or(wall, |(after, before)| after - before)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a job"))
            .fold(0.0, f64::max)
    });
    Timing {
        wall: start.elapsed().as_secs_f64(),
        busy,
    }
}

/// Seconds this thread has been on a processor (Linux; elsewhere the clock has to do).
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? * 1e-9)
}

/// Multiplications and additions, of one target on one pair design: projection, products with the
/// basis, recombination.
fn walk_flop(design: &RidgeDesign) -> f64 {
    let alphas = design.grid(N_ALPHAS).expect("grid");
    let per_row = design.walk_cost(&alphas);
    2.0 * (design.n_train() * design.rank() + per_row * design.n_new()) as f64
}

fn final_flop(design: &RidgeDesign) -> f64 {
    2.0 * (design.rank() * (design.n_train() + design.n_new())) as f64
}

/// Time per target and thread: each thread has blocks of its own.
fn time_targets(
    pairs: &[RidgeDesign],
    outer: &[RidgeDesign],
    threads: usize,
    block: usize,
) -> Timing {
    let blocks = (512 / block).max(2);
    let jobs = (0..threads)
        .map(|thread| {
            move || {
                (0..blocks)
                    .for_each(|b| one_block(pairs, outer, block, (thread * blocks + b) as u64))
            }
        })
        .collect();
    let Timing { wall, busy } = time_jobs(jobs);
    let targets = (blocks * block) as f64;
    Timing {
        wall: wall / targets,
        busy: busy / targets,
    }
}

/// What the engine does with one block of targets, without its sums of squares.
fn one_block(pairs: &[RidgeDesign], outer: &[RidgeDesign], block: usize, seed: u64) {
    let columns: Vec<u32> = (0..block as u32).collect();
    let y = noise(seed, 400 * block);
    let mut y_hat = vec![0.0; 200 * block];
    for (design, is_pair) in pairs
        .iter()
        .map(|d| (d, true))
        .chain(outer.iter().map(|d| (d, false)))
    {
        let n = design.n_train();
        let alphas = design.grid(N_ALPHAS).expect("grid").repeat(block);
        let alphas = Columns::new(&alphas, N_ALPHAS, block).expect("sizes");
        let y = Columns::new(&y[..n * block], n, block).expect("sizes");
        let mut path = design.begin(y, alphas).expect("begin");
        let out = &mut y_hat[..design.n_new() * block];
        if is_pair {
            for step in 0..N_ALPHAS as u32 {
                path.advance(&columns, &vec![step; block], out)
                    .expect("advance");
                black_box(&out);
            }
        } else {
            let steps: Vec<u32> = columns.iter().map(|c| c * 7 % N_ALPHAS as u32).collect();
            path.advance(&columns, &steps, out).expect("advance");
            black_box(&out);
        }
    }
}

fn square_matrices(threads: usize) -> Vec<[Vec<f64>; 3]> {
    let n = SQUARE * SQUARE;
    (0..threads as u64)
        .map(|seed| [noise(2 * seed, n), noise(2 * seed + 1, n), vec![0.0; n]])
        .collect()
}

/// The gemm crate at 2048³ in f64, each thread with a product of its own.
fn time_squares(matrices: &mut [[Vec<f64>; 3]]) -> Timing {
    time_jobs(
        matrices
            .iter_mut()
            .map(|[a, b, c]| || square_product(SQUARE, a, b, c))
            .collect(),
    )
}

fn square_product(n: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    assert!([a.len(), b.len(), c.len()] == [n * n; 3]);
    let stride = n as isize;
    // SAFETY: three matrices of n × n values, column-major with stride n; `c` is borrowed alone.
    unsafe {
        gemm::gemm(
            n,
            n,
            n,
            c.as_mut_ptr(),
            stride,
            1,
            false,
            a.as_ptr(),
            stride,
            1,
            b.as_ptr(),
            stride,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
    black_box(c);
}

/// A design whose columns mix latent features of falling variance, as embeddings do.
fn design(seed: u64, n_train: usize, n_new: usize) -> RidgeDesign {
    let n = n_train + n_new;
    let latent = noise(seed, n * N_FEATURES);
    let mixing = noise(seed + 1000, N_FEATURES * N_FEATURES);
    let mut rows = vec![vec![0.0; N_FEATURES]; n];
    for (i, row) in rows.iter_mut().enumerate() {
        for k in 0..N_FEATURES {
            let value = latent[i * N_FEATURES + k] / (k as f64 + 3.0).powf(0.6);
            row.iter_mut()
                .zip(&mixing[k * N_FEATURES..])
                .for_each(|(x, m)| *x += value * m);
        }
    }
    let part = |rows: &[Vec<f64>]| -> Vec<f64> {
        (0..N_FEATURES)
            .flat_map(|j| rows.iter().map(move |row| row[j]))
            .collect()
    };
    let (x, x_new) = (part(&rows[..n_train]), part(&rows[n_train..]));
    RidgeDesign::prepare(
        Columns::new(&x, n_train, N_FEATURES).expect("sizes"),
        Columns::new(&x_new, n_new, N_FEATURES).expect("sizes"),
    )
    .expect("a design of full rank")
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

fn processor() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("model name").map(str::to_owned))
        })
        .map(|line| line.trim_start_matches([' ', '\t', ':']).to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {cores} cores",
        model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
    )
}
