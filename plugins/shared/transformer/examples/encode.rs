//! Encodes texts on command, for `tests/bench/encoders.py`, which measures several programs in
//! turn.
//!
//! `encode MODEL_FOLDER FAMILY TEXTS.json THREADS`, then one command a line on standard input, one
//! line of JSON each on standard output: `go` encodes all texts (the first time includes reading
//! the weights), `gemm` multiplies 2048 × 2048 matrices with the `gemm` crate in as many threads,
//! `save FILE` writes the last vectors as raw little-endian f32, `memory` tells the peak in MB.

use ocean_transformer::{Family, Model, Run, Settings};
use std::error::Error;
use std::io::BufRead;
use std::path::Path;
use std::sync::Barrier;
use std::time::Instant;

const SQUARE: usize = 2048;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, family, texts, threads] = &arguments[..] else {
        return Err("usage: encode MODEL_FOLDER FAMILY TEXTS.json THREADS".into());
    };
    let family = Family::named(family).ok_or("FAMILY is a model_type, as in config.json")?;
    let threads: usize = threads.parse()?;
    let texts: Vec<String> = serde_json::from_slice(&std::fs::read(texts)?)?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let model = Model::open(Path::new(folder), &Settings::new(family))?;
    let mut vectors = vec![0.0_f32; texts.len() * model.dim()];
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("go", _) => {
                let start = Instant::now();
                model.encode(
                    &texts,
                    &mut vectors,
                    Run {
                        threads,
                        ..Run::quiet()
                    },
                )?;
                println!("{{\"seconds\": {}}}", start.elapsed().as_secs_f64());
            }
            ("gemm", _) => println!("{{\"gflops\": {}}}", gemm_speed(threads)),
            ("save", path) => {
                std::fs::write(
                    path,
                    vectors
                        .iter()
                        .flat_map(|v| v.to_le_bytes())
                        .collect::<Vec<_>>(),
                )?;
                println!("{{}}");
            }
            ("memory", _) => println!("{{\"peak_mb\": {}}}", peak_mb()),
            (other, _) => return Err(format!("unknown command {other}").into()),
        }
    }
    Ok(())
}

/// GFLOP/s of `threads` products at once, the middle of five. Matrices are made, and touched by a
/// first product, before the clock starts.
fn gemm_speed(threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let speeds: Vec<f64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| gemm_thread(&barrier)))
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .collect()
    });
    speeds.iter().sum()
}

fn gemm_thread(barrier: &Barrier) -> f64 {
    let (a, b) = (
        vec![0.5_f32; SQUARE * SQUARE],
        vec![0.25_f32; SQUARE * SQUARE],
    );
    let mut c = vec![0.0_f32; SQUARE * SQUARE];
    multiply(&a, &b, &mut c);
    let mut speeds: Vec<f64> = (0..5)
        .map(|_| {
            barrier.wait();
            let start = Instant::now();
            multiply(&a, &b, &mut c);
            2.0 * SQUARE.pow(3) as f64 / start.elapsed().as_secs_f64() / 1e9
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    speeds[2]
}

fn multiply(a: &[f32], b: &[f32], c: &mut [f32]) {
    let (n, step) = (SQUARE, SQUARE as isize);
    // SAFETY: three matrices of n × n, column by column.
    unsafe {
        gemm::gemm(
            n,
            n,
            n,
            c.as_mut_ptr(),
            step,
            1,
            false,
            a.as_ptr(),
            step,
            1,
            b.as_ptr(),
            step,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
    std::hint::black_box(c);
}

/// Linux's own count of the most memory this process ever held; 0 elsewhere.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0)
        / 1000
}
