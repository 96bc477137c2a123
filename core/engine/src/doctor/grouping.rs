//! Are the values of rows with a common label alike?

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use crate::folds::Groups;

/// One-way analysis of variance of a target by a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// ICC(1) = (MSB − MSW)/(MSB + (n₀ − 1)·MSW), n₀ = (N − Σnᵢ²/N)/(G − 1): the correlation of two
    /// rows of one label.
    pub icc: f64,
    /// p of F = MSB/MSW on G − 1 and N − G degrees of freedom.
    pub p: f64,
}

/// `values`: one a row, NaN for missing; `groups`: the labels. `None` without two labels, without
/// two rows of one, or where rows of a label do not differ.
#[must_use]
pub fn likeness(values: &[f64], groups: &Groups) -> Option<Likeness> {
    let mut sums = vec![(0.0, 0.0); groups.n_groups()];
    for (&value, &group) in values.iter().zip(groups.of_row()) {
        if !value.is_nan() {
            sums[group].0 += value;
            sums[group].1 += 1.0;
        }
    }
    sums.retain(|(_, size)| *size > 0.0);
    let n: f64 = sums.iter().map(|(_, size)| size).sum();
    let n_groups = sums.len() as f64;
    let grand = sums.iter().map(|(sum, _)| sum).sum::<f64>() / n;
    let present = values.iter().filter(|value| !value.is_nan());
    let total: f64 = present.map(|value| (value - grand).powi(2)).sum();
    let between: f64 = sums
        .iter()
        .map(|(sum, size)| size * (sum / size - grand).powi(2))
        .sum();
    if n_groups < 2.0 || n <= n_groups {
        return None;
    }
    let msb = between / (n_groups - 1.0);
    let msw = (total - between).max(0.0) / (n - n_groups);
    let squares: f64 = sums.iter().map(|(_, size)| size * size).sum();
    let n_0 = (n - squares / n) / (n_groups - 1.0);
    let f = msb / msw;
    // A quotient that is no number has no p.
    if msw <= 0.0 || f.is_nan() {
        return None;
    }
    let distribution = FisherSnedecor::new(n_groups - 1.0, n - n_groups).ok()?;
    Some(Likeness {
        icc: (msb - msw) / (msb + (n_0 - 1.0) * msw),
        p: distribution.sf(f),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_by_hand() {
        // Labels a: 1, 3; b: 5, 7; the missing one counts for nothing. Grand mean 4, SSB = 2·4 +
        // 2·4 = 16 on 1, SSW = 2 + 2 on 2: MSB 16, MSW 2, n₀ = 2.
        let groups = Groups::from_labels(["a", "a", "b", "b", "b"]);
        let found = likeness(&[1.0, 3.0, 5.0, 7.0, f64::NAN], &groups).unwrap();
        assert!((found.icc - 14.0 / 18.0).abs() < 1e-12);
        // F(1, 2) = 8 is t(2) = √8: p = 1 − 2.8284/√(8 + 2) = .10557.
        assert!(
            (found.p - (1.0 - (8.0f64 / 10.0).sqrt())).abs() < 1e-9,
            "{found:?}"
        );
        assert_eq!(likeness(&[1.0, 2.0], &Groups::singletons(2)), None);
    }
}
