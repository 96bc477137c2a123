//! The null distribution of a cell in a few numbers.

/// Bins of the null histogram.
const N_BINS: usize = 30;

/// 2.5 and 97.5 % quantiles, interpolated between order statistics (R's type 7).
pub(super) fn quantiles(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |share: f64| {
        let position = share * last as f64;
        let below = position.floor() as usize;
        let above = (below + 1).min(last);
        sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
    };
    Some((at(0.025), at(0.975)))
}

pub(super) fn histogram(values: &[f64]) -> Option<(f64, f64, Vec<u32>)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let width = (high - low) / N_BINS as f64;
    if width <= 0.0 {
        return Some((low, 0.0, vec![values.len() as u32]));
    }
    let mut counts = vec![0; N_BINS];
    for value in values {
        counts[(((value - low) / width) as usize).min(N_BINS - 1)] += 1;
    }
    Some((low, width, counts))
}
