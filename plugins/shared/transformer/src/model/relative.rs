//! MPNet's attention bias: a number for each head and each class of distance, the same in all
//! layers.

/// Distances beyond this share the last class.
const FARTHEST: f32 = 128.0;

/// The class of a distance, of `buckets`: keys after the query in the upper half; in each half
/// distances one by one at first, then by their logarithm up to 128 (Raffel et al. 2020). The
/// logarithm in f32, as PyTorch takes it: at the borders the last bit decides.
fn bucket(distance: isize, buckets: usize) -> usize {
    let half = buckets / 2;
    let first = if distance > 0 { half } else { 0 };
    let n = distance.unsigned_abs();
    let exact = half / 2;
    if n < exact {
        return first + n;
    }
    // PyTorch divides by a f64 constant rounded to f32.
    let span = (f64::from(FARTHEST) / exact as f64).ln() as f32;
    let large =
        exact + (libm::logf(n as f32 / exact as f32) / span * (half - exact) as f32) as usize;
    first + large.min(half - 1)
}

/// For each head the bias of distances −(max − 1) … max − 1 (key − query), so that a query's row is
/// a slice.
pub(crate) fn by_distance(table: &[f32], heads: usize, max_tokens: usize) -> Vec<Vec<f32>> {
    let farthest = max_tokens as isize - 1;
    let buckets = table.len() / heads;
    let bias = |head: usize, distance| table[bucket(distance, buckets) * heads + head];
    (0..heads)
        .map(|head| {
            (-farthest..=farthest)
                .map(|distance| bias(head, distance))
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_fall_into_the_classes_of_mpnet() {
        // 32 classes: 0–7 one by one, then 8·2^(j/2): 8–11, 12–15, 16–22, 23–31, 32–45, 46–63,
        // 64–90, 91 and more. From PyTorch 2.15 for all distances to 511.
        let borders = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];
        for n in 0..512_isize {
            let class = borders.iter().rposition(|&border| border <= n).unwrap();
            assert_eq!(bucket(-n, 32), class, "{n} before");
            assert_eq!(
                bucket(n, 32),
                class + if n > 0 { 16 } else { 0 },
                "{n} after"
            );
        }
    }

    #[test]
    fn a_row_of_the_bias_is_a_slice() {
        let table: Vec<f32> = (0..64).map(|i| i as f32).collect(); // class · 2 + head
        let bias = by_distance(&table, 2, 3);
        assert_eq!(bias[0], [4.0, 2.0, 0.0, 34.0, 36.0]);
        assert_eq!(bias[1], [5.0, 3.0, 1.0, 35.0, 37.0]);
    }
}
