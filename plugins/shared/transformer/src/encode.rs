//! Many texts over several threads: tokenise, sort by length, share out, pool.
//!
//! Texts are sorted by length and laid end to end in tasks of a few hundred tokens: enough rows to
//! keep the multipliers busy, few enough to stay in a core's own cache. A thread takes the next
//! task when it has finished one. Nothing a thread does depends on another's work.

use crate::error::{Error, Result};
use crate::folder::tokens::Tokenised;
use crate::model::{Table, Weights, Workspace, forward, normalise, pool};
use crate::{Model, TextInfo};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Tokens of a task. 256 rows of 512 numbers are 512 kB, half of a second-level cache of today.
const TASK_TOKENS: usize = 256;

/// Texts that are tokenised in one go.
const TOKENISED_AT_ONCE: usize = 32;

/// Share of the work that tokenising is taken for in `progress`.
const TOKENISING: f64 = 0.01;

/// How a call is to be done.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Threads to use, the calling one included.
    pub threads: usize,
    /// Asked once a layer of every task: true stops.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told how much is done, 0 to 1, never less than before.
    pub progress: &'a (dyn Fn(f64) + Sync),
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl Run<'_> {
    /// One thread, never stopped, nobody told.
    #[must_use]
    pub fn quiet() -> Run<'static> {
        Run {
            threads: 1,
            cancelled: &|| false,
            progress: &|_| {},
        }
    }
}

impl Model {
    /// The vectors of `texts`, one after the other into `out`, [`Model::dim`] numbers each.
    ///
    /// # Errors
    /// The weights cannot be read, the tokenizer fails, a vector is not finite, or the caller stops
    /// the call. `out` of another size is a setting's error.
    pub fn encode(&self, texts: &[&str], out: &mut [f32], run: Run<'_>) -> Result<()> {
        if Some(out.len()) != texts.len().checked_mul(self.dim()) {
            return Err(Error::Setting(format!(
                "{} numbers of room for {} vectors of {}",
                out.len(),
                texts.len(),
                self.dim()
            )));
        }
        let tokenised = self.tokenised(texts, run)?;
        let weights = self.weights()?;
        let pieces: Vec<&[u32]> = tokenised
            .iter()
            .flat_map(|text| text.pieces.iter().map(Vec::as_slice))
            .collect();
        let tasks = tasks(&pieces, run.threads);
        let mut pooled = vec![0.0; pieces.len() * self.pooled_dim()];
        let board = Board {
            out: Mutex::new((&mut pooled, 0)),
            total: pieces.iter().map(|piece| piece.len()).sum(),
            run,
        };
        in_threads(run.threads.min(tasks.len()), tasks.len(), |next| {
            let mut work = Workspace::default();
            while let Some(task) = next() {
                self.task(&weights, &pieces, &tasks[task], &mut work, &board)?;
            }
            Ok(())
        })?;
        if let Table::InFile(_) = weights.words {
            self.tensors.check_unchanged()?;
        }
        let pooled = joined(pooled, &tokenised, self.pooled_dim());
        self.finish(&weights, pooled, out)
    }

    /// What follows pooling, and the cut.
    fn finish(&self, weights: &Weights, pooled: Vec<f32>, out: &mut [f32]) -> Result<()> {
        let (mut vectors, mut width) = (pooled, self.pooled_dim());
        for step in &weights.steps {
            vectors = step.apply(self.kernel, vectors, &mut width);
        }
        let rows = vectors
            .chunks_exact(width)
            .zip(out.chunks_exact_mut(self.dim()));
        for (index, (vector, out)) in rows.enumerate() {
            if !vector.iter().all(|v| v.is_finite()) {
                return Err(Error::NotFinite {
                    index,
                    path: self.folder.clone(),
                });
            }
            out.copy_from_slice(&vector[..out.len()]);
            if self.is_normalised_again() {
                normalise(self.kernel, out);
            }
        }
        Ok(())
    }

    /// Token counts of `texts`; tokenises and no more.
    ///
    /// # Errors
    /// The tokenizer fails, or the caller stops the call.
    pub fn text_info(&self, texts: &[&str], run: Run<'_>) -> Result<Vec<TextInfo>> {
        let tokenised = self.tokenised(
            texts,
            Run {
                progress: &|_| {},
                ..run
            },
        )?;
        Ok(tokenised
            .iter()
            .map(|t| TextInfo {
                n_tokens: t.n_tokens,
                n_used: t.n_used,
            })
            .collect())
    }

    fn tokenised(&self, texts: &[&str], run: Run<'_>) -> Result<Vec<Tokenised>> {
        let tokenised = Mutex::new(vec![Tokenised::default(); texts.len()]);
        let parts = texts.len().div_ceil(TOKENISED_AT_ONCE);
        in_threads(run.threads.min(parts), parts, |next| {
            while let Some(part) = next() {
                let first = part * TOKENISED_AT_ONCE;
                let some = &texts[first..texts.len().min(first + TOKENISED_AT_ONCE)];
                for (i, text) in some.iter().enumerate() {
                    if (run.cancelled)() {
                        return Err(Error::Cancelled);
                    }
                    let one = self.tokens.of(first + i, text)?;
                    lock(&tokenised)[first + i] = one;
                }
            }
            Ok(())
        })?;
        (run.progress)(TOKENISING);
        Ok(tokenised
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner))
    }

    fn task(
        &self,
        weights: &Weights,
        pieces: &[&[u32]],
        task: &[usize],
        work: &mut Workspace,
        board: &Board<'_>,
    ) -> Result<()> {
        let (width, pooled) = (self.token_dim(), self.pooled_dim());
        let pieces: Vec<&[u32]> = task.iter().map(|&piece| pieces[piece]).collect();
        forward(
            self.kernel,
            weights,
            &pieces,
            self.layers.as_ref(),
            work,
            board.run.cancelled,
        )?;
        let mut vectors = vec![0.0; task.len() * pooled];
        for (sequence, vector) in work.sequences.iter().zip(vectors.chunks_exact_mut(pooled)) {
            let rows = &work.x[sequence.rows(width)];
            pool(self.kernel, &self.modules.pooling, rows, width, vector);
        }
        board.put(
            task,
            vectors.chunks_exact(pooled),
            pieces.iter().map(|piece| piece.len()).sum(),
        );
        Ok(())
    }
}

/// One vector a text from one a piece: the mean over its windows, each weighing as many tokens as
/// it has. A text of one piece has that piece's vector, to the bit.
fn joined(pooled: Vec<f32>, tokenised: &[Tokenised], width: usize) -> Vec<f32> {
    if pooled.len() == tokenised.len() * width {
        return pooled;
    }
    let mut vectors = Vec::with_capacity(tokenised.len() * width);
    let mut rows = pooled.chunks_exact(width);
    for text in tokenised {
        if let [_] = text.pieces[..] {
            vectors.extend_from_slice(rows.next().unwrap_or_default());
            continue;
        }
        let mut sum = vec![0.0_f64; width];
        let mut n_tokens = 0.0;
        for (piece, row) in text.pieces.iter().zip(rows.by_ref()) {
            let weight = piece.len() as f64;
            n_tokens += weight;
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += weight * f64::from(*value);
            }
        }
        vectors.extend(sum.iter().map(|sum| (sum / n_tokens) as f32));
    }
    vectors
}

/// Where pooled vectors go, and how many tokens they had.
struct Board<'a> {
    out: Mutex<(&'a mut [f32], usize)>,
    total: usize,
    run: Run<'a>,
}

impl Board<'_> {
    /// Progress is told under the lock, so that it never falls.
    fn put<'v>(&self, task: &[usize], vectors: impl Iterator<Item = &'v [f32]>, tokens: usize) {
        let mut guard = lock(&self.out);
        let (out, done) = &mut *guard;
        for (&text, vector) in task.iter().zip(vectors) {
            out[text * vector.len()..][..vector.len()].copy_from_slice(vector);
        }
        *done += tokens;
        let left = (self.total - *done) as f64 / self.total as f64;
        // What is left is taken from 1, so that the last call says 1 exactly.
        (self.run.progress)(1.0 - (1.0 - TOKENISING) * left);
    }
}

/// Numbers of the pieces of each task, longest pieces first, so that no long task starts last.
fn tasks(pieces: &[&[u32]], threads: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|&piece| (std::cmp::Reverse(pieces[piece].len()), piece));
    let total: usize = pieces.iter().map(|piece| piece.len()).sum();
    // Few texts are shared out evenly rather than given to one thread.
    let room = TASK_TOKENS.min(total.div_ceil(threads.max(1)));
    let mut tasks: Vec<Vec<usize>> = Vec::new();
    let mut used = usize::MAX;
    for piece in order {
        let len = pieces[piece].len();
        match tasks.last_mut() {
            Some(task) if used.saturating_add(len) <= room => {
                task.push(piece);
                used += len;
            }
            _ => {
                tasks.push(vec![piece]);
                used = len;
            }
        }
    }
    tasks
}

/// Runs `work` in up to `threads` threads, this one included; each asks for the next of `n` parts
/// until none is left. The first error stops all.
fn in_threads(
    threads: usize,
    n: usize,
    work: impl Fn(&dyn Fn() -> Option<usize>) -> Result<()> + Sync,
) -> Result<()> {
    let (taken, is_failed, first_error) = (
        AtomicUsize::new(0),
        AtomicBool::new(false),
        Mutex::new(None),
    );
    let next = || {
        if is_failed.load(Ordering::Relaxed) {
            return None;
        }
        let part = taken.fetch_add(1, Ordering::Relaxed);
        (part < n).then_some(part)
    };
    let body = || {
        if let Err(error) = work(&next) {
            is_failed.store(true, Ordering::Relaxed);
            lock(&first_error).get_or_insert(error);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // A machine that refuses another thread still has this one.
            let _ = std::thread::Builder::new()
                .name("ocean-encode".into())
                .spawn_scoped(scope, body);
        }
        body();
    });
    first_error
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .map_or(Ok(()), Err)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
