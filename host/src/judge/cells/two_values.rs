//! How well the two values of a target are told apart, over repeats.

use ocean_engine::inference::response::Response;
use ocean_engine::ordering::{Auc, balanced_accuracy, two_values};
use ocean_engine::score::{HeldOut, mean, training_means};

/// 1 − confidence of the interval.
const LEVEL: f64 = 0.05;

/// Scores of a target of two values, means over repeats.
pub(super) struct TwoValueScore {
    /// `None` where no fold has both values.
    pub auc: Option<f64>,
    /// Its 95 % interval, (low, high).
    pub interval: Option<(f64, f64)>,
    pub balanced_accuracy: f64,
    /// Share of the rows that have the higher value.
    pub base_rate: f64,
}

/// What the repeats give.
pub(super) struct OfRepeats<'a> {
    high: f64,
    base_rate: f64,
    group_of: &'a [usize],
    auc: Vec<Auc>,
    balanced_accuracy: Vec<f64>,
}

impl<'a> OfRepeats<'a> {
    /// `None` for a target of more values.
    pub fn of(y: &[f64], group_of: &'a [usize]) -> Option<Self> {
        let (_, high) = two_values(y)?;
        let n_high = y.iter().filter(|value| **value == high).count();
        Some(Self {
            high,
            base_rate: n_high as f64 / y.len() as f64,
            group_of,
            auc: Vec::new(),
            balanced_accuracy: Vec::new(),
        })
    }

    /// With covariates ŷ⁰ is no threshold: the mean of the training targets is one all the same.
    pub fn add(&mut self, held_out: &HeldOut, has_covariates: bool) {
        let means = has_covariates.then(|| training_means(held_out.y, held_out.fold_of));
        let threshold = means.as_deref().unwrap_or(held_out.y_bar);
        let accuracy = balanced_accuracy(held_out, self.high, threshold);
        self.balanced_accuracy.push(accuracy);
        self.auc.extend(Auc::of(held_out, self.high, self.group_of));
    }

    /// `response`: how r2 answers to planted effects, if there were any, and a model.
    pub fn score(&self, response: Option<&Response>) -> TwoValueScore {
        let auc = Auc::mean_of(&self.auc);
        let interval = auc.as_ref().zip(response);
        TwoValueScore {
            interval: interval.and_then(|(auc, of)| auc.interval(of.inflation(), LEVEL)),
            auc: auc.map(|auc| auc.auc),
            balanced_accuracy: mean(&self.balanced_accuracy),
            base_rate: self.base_rate,
        }
    }
}
