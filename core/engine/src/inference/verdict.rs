//! The verdict of a cell: the first line that holds. No verdict says that y is unrelated to the
//! text.

/// What the evidence allows one to say of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every fit was empty: nothing was learned, nothing can be said.
    NoModel,
    /// Too few rows or groups for an interval.
    TooFew,
    /// Dependent (p̃ ≤ α) and the interval of r2 lies above 0.
    Predictive,
    /// Dependent, and the interval lies below the smallest effect of interest.
    DependentTooSmall,
    /// Dependent; whether it predicts better than the mean is not shown.
    DependentUseNotShown,
    /// For this recipe at this n: the 95 % interval lies below the smallest effect of interest, and
    /// an effect of that size would have been found in 4 of 5 data sets of this size.
    PracticallyNull,
    /// None of the above.
    Inconclusive,
}

/// The evidence a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Every fit of the cell was empty.
    pub all_empty: bool,
    /// Family-wise adjusted p.
    pub p_fwer: f64,
    /// Family-wise level α.
    pub level: f64,
    /// Interval at 1 − α·max(R, 1)/J, R the cells with p̃ ≤ α (false-coverage rate); `None`: too
    /// few rows or groups.
    pub adjusted_interval: Option<(f64, f64)>,
    /// Upper end of the plain 95 % interval.
    pub ci_high: Option<f64>,
    /// Smallest effect of interest, δ.
    pub smallest_effect: Option<f64>,
    /// The r2 one would see at the smallest share of variance found in 4 of 5 data sets of this size.
    pub mde80_r2: Option<f64>,
}

impl Verdict {
    /// Every verdict, in the order in which the lines are tried.
    pub const ALL: [Self; 7] = [
        Self::NoModel,
        Self::TooFew,
        Self::Predictive,
        Self::DependentTooSmall,
        Self::DependentUseNotShown,
        Self::PracticallyNull,
        Self::Inconclusive,
    ];

    /// The first line that holds.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let Some((low, high)) = evidence.adjusted_interval.filter(|_| !evidence.all_empty) else {
            return if evidence.all_empty {
                Self::NoModel
            } else {
                Self::TooFew
            };
        };
        let below =
            |value: Option<f64>, bound: Option<f64>| value.zip(bound).is_some_and(|(v, b)| v < b);
        let would_be_found = evidence
            .mde80_r2
            .zip(evidence.smallest_effect)
            .is_some_and(|(mde, delta)| mde <= delta);
        if evidence.p_fwer <= evidence.level {
            if low > 0.0 {
                Self::Predictive
            } else if below(Some(high), evidence.smallest_effect) {
                Self::DependentTooSmall
            } else {
                Self::DependentUseNotShown
            }
        } else if below(evidence.ci_high, evidence.smallest_effect) && would_be_found {
            Self::PracticallyNull
        } else {
            Self::Inconclusive
        }
    }

    /// The words of `results.csv`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoModel => "no model",
            Self::TooFew => "too few",
            Self::Predictive => "predictive",
            Self::DependentTooSmall => "dependent, too small to matter",
            Self::DependentUseNotShown => "dependent, use not shown",
            Self::PracticallyNull => "practically null",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The verdict of these words; `None` where they are none's.
    #[must_use]
    pub fn from_words(words: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == words)
    }
}

/// Level of the adjusted interval, α·max(R, 1)/J (Benjamini & Yekutieli 2005): `n_rejected` of
/// `n_cells` cells have p̃ ≤ α.
#[must_use]
pub fn false_coverage_level(level: f64, n_rejected: usize, n_cells: usize) -> f64 {
    level * n_rejected.max(1) as f64 / n_cells.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAR: Evidence = Evidence {
        all_empty: false,
        p_fwer: 0.001,
        level: 0.05,
        adjusted_interval: Some((0.1, 0.3)),
        ci_high: Some(0.28),
        smallest_effect: Some(0.02),
        mde80_r2: Some(0.015),
    };

    #[test]
    fn each_verdict_is_known_by_its_words() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_words(verdict.as_str()), Some(verdict));
        }
        assert_eq!(Verdict::from_words("significant"), None);
    }

    #[test]
    fn the_first_line_that_holds_is_the_verdict() {
        let of = |change: fn(&mut Evidence)| {
            let mut evidence = CLEAR;
            change(&mut evidence);
            Verdict::of(&evidence)
        };
        assert_eq!(of(|_| {}), Verdict::Predictive);
        assert_eq!(of(|e| e.all_empty = true), Verdict::NoModel);
        assert_eq!(of(|e| e.adjusted_interval = None), Verdict::TooFew);
        assert_eq!(
            of(|e| e.adjusted_interval = Some((-0.01, 0.015))),
            Verdict::DependentTooSmall
        );
        assert_eq!(
            of(|e| e.adjusted_interval = Some((-0.01, 0.05))),
            Verdict::DependentUseNotShown
        );
        assert_eq!(
            of(|e| (e.p_fwer, e.ci_high) = (0.4, Some(0.01))),
            Verdict::PracticallyNull
        );
        assert_eq!(
            of(|e| (e.p_fwer, e.ci_high, e.mde80_r2) = (0.4, Some(0.01), Some(0.03))),
            Verdict::Inconclusive
        );
        assert_eq!(
            of(|e| (e.p_fwer, e.ci_high, e.smallest_effect) = (0.4, Some(0.01), None)),
            Verdict::Inconclusive
        );
        assert_eq!(of(|e| e.p_fwer = 0.4), Verdict::Inconclusive);
    }
}
