//! A whole walk along the penalties for the price of about half of it.
//!
//! The shrinkage factors λᵢ/(λᵢ+αₖ), rank × n_alphas, are smooth in both directions: neighbouring
//! penalties shrink almost alike. So the matrix is written as B·C, with few orthonormal columns in
//! B, and predictions at all penalties are recombined (C) from products with the columns of B.
//! Eigenvalues close to each other need fewer columns still, so the directions are cut into a few
//! runs, each with its own B: at rank 299 and 30 penalties, runs of 74, 150 and 75 directions need
//! 18, 12 and 8 columns, 3,700 direction-products instead of 8,970.

use std::ops::{Mul, Range};

use faer::traits::RealField;
use faer::{MatMut, MatRef};

use crate::product::multiply;

/// Error allowed in a run's factors, relative to the norm of each penalty's column in this run.
/// Tested: predictions agree to 1e-12.
const TOLERANCE: f64 = 1e-13;
/// Runs begin and end at multiples of rank / PIECES; six would save 1 % more products and take
/// twice as long to try.
const PIECES: usize = 4;
/// Cost of a multiplication in the recombination, relative to one in the products: it moves more
/// memory (measured).
const RECOMBINATION_COST: f64 = 1.25;
/// A basis that saves less than this share is not worth its memory.
const LEAST_GAIN: f64 = 0.15;

/// The factors of one shared list of penalties, as B·C.
pub(super) struct Basis {
    /// Runs of directions, in order.
    pub runs: Vec<Run>,
    /// C: n_terms × n_alphas, column-major.
    pub recombination: Vec<f64>,
    /// Columns of B, all runs together.
    pub n_terms: usize,
}

/// Directions `first..first + n_directions` and the columns of B that are not zero there.
pub(super) struct Run {
    pub first: usize,
    pub n_directions: usize,
    /// n_directions × n_terms, column-major, orthonormal.
    pub factors: Vec<f64>,
    pub n_terms: usize,
}

impl Basis {
    /// The cheapest basis over a few ways to cut the directions; `None` when direct products are as
    /// good.
    pub fn of(lambda: &[f64], alphas: &[f64]) -> Option<Self> {
        let within =
            |directions: &[f64]| compress(&shrinkage(directions, alphas), directions.len(), None);
        let (cost, basis) = Self::cheapest(lambda.len(), alphas.len(), |run| within(&lambda[run]))?;
        let direct = (lambda.len() * alphas.len()) as f64;
        (cost < (1.0 - LEAST_GAIN) * direct).then_some(basis)
    }

    /// The cheapest basis of the factors times `weights`, one a direction and none of them 0, to
    /// `tolerance` of the norm of each penalty's weighted column over all directions. The factors
    /// of the basis are without the weights.
    pub fn weighted(
        lambda: &[f64],
        alphas: &[f64],
        weights: &[f64],
        tolerance: f64,
    ) -> Option<Self> {
        let weighted = |run: Range<usize>| {
            let mut columns = shrinkage(&lambda[run.clone()], alphas);
            for column in columns.chunks_exact_mut(run.len()) {
                column
                    .iter_mut()
                    .zip(&weights[run.clone()])
                    .for_each(|(f, w)| *f *= w);
            }
            columns
        };
        let allowed: Vec<f64> = weighted(0..lambda.len())
            .chunks_exact(lambda.len().max(1))
            .map(|column| tolerance * norm(column))
            .collect();
        let within =
            |run: Range<usize>| compress(&weighted(run.clone()), run.len(), Some(&allowed));
        let (_, mut basis) = Self::cheapest(lambda.len(), alphas.len(), within)?;
        for run in &mut basis.runs {
            let weights = &weights[run.first..][..run.n_directions];
            for factor in run.factors.chunks_exact_mut(run.n_directions) {
                factor.iter_mut().zip(weights).for_each(|(f, w)| *f /= w);
            }
        }
        Some(basis)
    }

    /// Cuts the directions where it is cheapest, and what that costs; `compress`: B and C of a run.
    fn cheapest(
        n_directions: usize,
        n_alphas: usize,
        compress: impl Fn(Range<usize>) -> (Vec<f64>, Vec<f64>),
    ) -> Option<(f64, Self)> {
        let pieces = PIECES.min(n_directions);
        let edge = |i: usize| i * n_directions / pieces.max(1);
        // best[j]: the cheapest way to cut the directions before edge(j).
        let mut best: Vec<(f64, Vec<usize>)> = vec![(0.0, vec![0])];
        for j in 1..=pieces {
            let cheapest = (0..j)
                .map(|i| {
                    let (_, coefs) = compress(edge(i)..edge(j));
                    let n_terms = coefs.len() / n_alphas;
                    let products = n_terms * (edge(j) - edge(i));
                    let recombined = RECOMBINATION_COST * (n_terms * n_alphas) as f64;
                    (best[i].0 + products as f64 + recombined, i)
                })
                .min_by(|a, b| a.0.total_cmp(&b.0))?;
            let mut cuts = best[cheapest.1].1.clone();
            cuts.push(edge(j));
            best.push((cheapest.0, cuts));
        }
        let (cost, cuts) = best.pop()?;
        Some((cost, Self::cut_at(&cuts, n_alphas, compress)))
    }

    /// Multiplications per new row and target: products, then recombination.
    pub fn cost(&self) -> usize {
        let products: usize = self
            .runs
            .iter()
            .map(|run| run.n_directions * run.n_terms)
            .sum();
        products + self.recombination.len()
    }

    fn cut_at(
        cuts: &[usize],
        n_alphas: usize,
        compress: impl Fn(Range<usize>) -> (Vec<f64>, Vec<f64>),
    ) -> Self {
        let parts: Vec<_> = cuts
            .windows(2)
            .map(|cut| (cut[0], compress(cut[0]..cut[1]), cut[1] - cut[0]))
            .collect();
        let n_terms = parts
            .iter()
            .map(|(_, (_, coefs), _)| coefs.len() / n_alphas)
            .sum();
        let mut recombination = vec![0.0; n_terms * n_alphas];
        let mut runs = Vec::with_capacity(parts.len());
        let mut first_term = 0;
        for (first, (factors, coefs), n_directions) in parts {
            let n_terms_here = coefs.len() / n_alphas;
            for k in 0..n_alphas {
                recombination[k * n_terms + first_term..][..n_terms_here]
                    .copy_from_slice(&coefs[k * n_terms_here..][..n_terms_here]);
            }
            first_term += n_terms_here;
            runs.push(Run {
                first,
                n_directions,
                factors,
                n_terms: n_terms_here,
            });
        }
        Self {
            runs,
            recombination,
            n_terms,
        }
    }
}

/// `products`: (n_new · targets) × n_terms, column-major: H·diag(b)·s for every column b of a basis
/// and every target's scores s.
///
/// `runs`: with their factors, in the precision of the products; `new_rows`: H, n_new × rank;
/// `scores`: rank × targets; `weighted`: memory.
pub(super) fn products_with<'r, T: RealField + Copy + Mul<Output = T> + 'r>(
    runs: impl Iterator<Item = (&'r Run, &'r [T])>,
    new_rows: MatRef<'_, T>,
    scores: &[T],
    products: &mut [T],
    weighted: &mut Vec<T>,
) {
    let (n_new, rank) = new_rows.shape();
    let n_targets = scores.len() / rank;
    let mut rest = products;
    for (run, factors) in runs {
        let (first, n) = (run.first, run.n_directions);
        let n_products = run.n_terms * n_targets;
        weighted.resize(n * n_products, T::zero_impl());
        let mut slots = weighted.chunks_exact_mut(n);
        for factor in factors.chunks_exact(n) {
            for (scores, slot) in scores.chunks_exact(rank).zip(&mut slots) {
                let products = factor.iter().zip(&scores[first..]).map(|(f, s)| *f * *s);
                slot.iter_mut().zip(products).for_each(|(w, v)| *w = v);
            }
        }
        let (here, after) = rest.split_at_mut(n_new * n_products);
        rest = after;
        multiply(
            MatMut::from_column_major_slice_mut(here, n_new, n_products),
            new_rows.subcols(first, n),
            MatRef::from_column_major_slice(weighted, n, n_products),
        );
    }
}

/// M: λ/(λ+α), directions × penalties, column-major.
fn shrinkage(lambda: &[f64], alphas: &[f64]) -> Vec<f64> {
    let of = |&alpha: &f64| lambda.iter().map(move |&l| l / (l + alpha));
    alphas.iter().flat_map(of).collect()
}

/// B (directions × terms, orthonormal) and C = BᵀM (terms × penalties) with the norm of every
/// column of M − BC at most as `allowed`, by default the tolerance times the norm of M's; all
/// column-major.
///
/// Gram–Schmidt with column pivoting: the penalty that is explained worst gives the next column,
/// until none is left.
fn compress(m: &[f64], n: usize, allowed: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
    let allowed = match allowed {
        Some(allowed) => allowed.to_vec(),
        None => m
            .chunks_exact(n)
            .map(|column| TOLERANCE * norm(column))
            .collect(),
    };
    let mut rest = m.to_vec();
    let mut factors: Vec<f64> = Vec::new();
    while factors.len() < n * n.min(allowed.len()) {
        let Some((worst, share)) = rest
            .chunks_exact(n)
            .zip(&allowed)
            .map(|(column, &allowed)| {
                if allowed > 0.0 {
                    norm(column) / allowed
                } else {
                    0.0
                }
            })
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1))
        else {
            break;
        };
        if share <= 1.0 {
            break;
        }
        let mut column = rest[worst * n..][..n].to_vec();
        // Once more against all columns so far: what is left of a nearly explained penalty is
        // mostly rounding in their directions.
        for earlier in factors.chunks_exact(n) {
            subtract(&mut column, earlier);
        }
        let length = norm(&column);
        if length == 0.0 {
            break;
        }
        column.iter_mut().for_each(|v| *v /= length);
        rest.chunks_exact_mut(n)
            .for_each(|other| subtract(other, &column));
        factors.extend_from_slice(&column);
    }
    let coefs = m
        .chunks_exact(n)
        .flat_map(|column| {
            factors
                .chunks_exact(n)
                .map(move |factor| dot(factor, column))
        })
        .collect();
    (factors, coefs)
}

/// Takes the part along `unit` (of length 1) out of `column`.
fn subtract(column: &mut [f64], unit: &[f64]) {
    let along = dot(column, unit);
    column
        .iter_mut()
        .zip(unit)
        .for_each(|(c, u)| *c -= along * u);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
