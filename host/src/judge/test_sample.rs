//! The models on the rows of a test sample: scores, p over the family, intervals and verdicts.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::inference::interval::Interval;
use ocean_engine::inference::multiplicity::{
    PermutationP, benjamini_hochberg, holm, permutation_p, step_down_max_t,
};
use ocean_engine::inference::verdict::{Evidence, Verdict, false_coverage_level};
use ocean_engine::nested::Fit;
use ocean_engine::test_sample::{Predicted, TestCell, judge, permuted_r2};
use ocean_report::model::{CellResult, TestResult};

use crate::judge::cells::{Cells, Common};
use crate::read::test_rows::TestRows;

/// 1 − confidence of the intervals that are reported.
const LEVEL: f64 = 0.05;

/// What a test sample says.
pub struct Tested {
    /// In the order of the cells, those whose model could be made.
    pub results: Vec<TestResult>,
    /// Of each the predictions for all test rows, the training mean and the target.
    pub predictions: Vec<(Vec<f64>, f64, usize)>,
}

/// A cell with its model.
struct OfCell<'a> {
    row: &'a CellResult,
    /// Column of Y.
    target: usize,
    y_hat: Vec<f64>,
    y_bar: f64,
    fit: Fit,
}

/// Scores every model. `predicted`: of each piece.
///
/// # Errors
/// A prediction that cannot be scored.
pub(crate) fn test(
    common: &Common,
    cells: &Cells,
    predicted: &[Option<Predicted>],
    rows: &TestRows,
) -> Result<Tested, EngineError> {
    let all: Vec<OfCell> = cells
        .results
        .iter()
        .zip(&cells.origin)
        .filter_map(|(row, &(at, column))| {
            let predicted = predicted[at].as_ref()?;
            let mut names = common.target_names.iter();
            Some(OfCell {
                row,
                target: names.position(|name| *name == row.target)?,
                y_hat: predicted.y_hat.column(column).iter().copied().collect(),
                y_bar: predicted.y_bar[column],
                fit: predicted.fits[column],
            })
        })
        .collect();
    // Controls stand behind the family.
    let n_family = all.iter().filter(|cell| !cell.row.is_control).count();
    let tested: Vec<TestCell> = all.iter().map(OfCell::as_tested).collect();
    let statistics = permuted_r2(&rows.targets, &tested, &rows.scheme, rows.n_permutations)?;
    let raw = permutation_p(statistics.as_view());
    let family: Vec<f64> = raw[..n_family].iter().map(|one| one.p).collect();
    let n: Vec<usize> = all
        .iter()
        .map(|cell| rows.valued(cell.target).len())
        .collect();
    let max_t = adjusted(&statistics, n_family, &n);
    let (q_bh, p_holm) = (benjamini_hochberg(&family), holm(&family));
    let n_rejected = max_t.iter().filter(|p| **p <= common.level).count();
    let of_family = Family {
        level: common.level,
        smallest_effect: common.smallest_effect,
        fcr: false_coverage_level(common.level, n_rejected, n_family),
    };
    let results = all
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            let adjusted = (at < n_family).then(|| [max_t[at], q_bh[at], p_holm[at]]);
            cell.result(rows, &raw[at], adjusted, &of_family)
        })
        .collect::<Result<_, _>>()?;
    let predictions = all
        .into_iter()
        .map(|cell| (cell.y_hat, cell.y_bar, cell.target));
    Ok(Tested {
        results,
        predictions: predictions.collect(),
    })
}

fn adjusted(statistics: &DMatrix<f64>, n_family: usize, n: &[usize]) -> Vec<f64> {
    match n_family {
        0 => Vec::new(),
        _ => step_down_max_t(statistics.columns(0, n_family), &n[..n_family]),
    }
}

/// What the cells of the family share.
struct Family {
    level: f64,
    smallest_effect: Option<f64>,
    /// The level of the adjusted intervals.
    fcr: f64,
}

impl OfCell<'_> {
    fn as_tested(&self) -> TestCell<'_> {
        TestCell {
            target: self.target,
            y_hat: &self.y_hat,
            y_bar: self.y_bar,
        }
    }

    fn result(
        &self,
        rows: &TestRows,
        raw: &PermutationP,
        adjusted: Option<[f64; 3]>,
        family: &Family,
    ) -> Result<TestResult, EngineError> {
        let Self { row, fit, .. } = self;
        let judged = judge(&rows.targets, &self.as_tested(), &rows.groups, fit.is_empty)?;
        let scores = &judged.scores;
        let at = |level: f64| judged.log_ratio.map(|found| found.interval(1.0, level));
        let plain = at(LEVEL);
        let wide = at(family.fcr).filter(|_| !row.is_control);
        let evidence = Evidence {
            all_empty: fit.is_empty,
            p_fwer: adjusted.map_or(1.0, |[p, ..]| p),
            level: family.level,
            adjusted_interval: wide.map(|ends| (ends.low, ends.high)),
            ci_high: plain.map(|ends| ends.high),
            smallest_effect: family.smallest_effect,
            mde80_r2: None,
        };
        let auc = judged.auc.as_ref();
        let of_auc = auc.and_then(|auc| auc.interval(1.0, LEVEL));
        let low = |ends: Option<Interval>| ends.map(|ends| ends.low);
        let high = |ends: Option<Interval>| ends.map(|ends| ends.high);
        Ok(TestResult {
            encoder: row.encoder.clone(),
            regressor: row.regressor.clone(),
            target: row.target.clone(),
            n_train: row.n,
            n: judged.n,
            n_groups: rows.is_grouped.then_some(judged.n_groups),
            r2_test: scores.r2,
            ci_low: low(plain),
            ci_high: high(plain),
            ci_low_fcr: low(wide),
            ci_high_fcr: high(wide),
            pearson_r: scores.pearson_r,
            calibration_slope: scores.calibration_slope,
            rmse: scores.rmse,
            mae: scores.mae,
            rmse_baseline: scores.rmse_baseline,
            p: raw.p,
            p_floor: raw.floor,
            p_fwer: adjusted.map(|[p, ..]| p),
            q_bh: adjusted.map(|[_, q, _]| q),
            p_holm: adjusted.map(|[.., p]| p),
            r2: row.r2,
            verdict: (!row.is_control).then(|| Verdict::of(&evidence)),
            auc: auc.map(|auc| auc.auc),
            auc_low: of_auc.map(|(low, _)| low),
            auc_high: of_auc.map(|(_, high)| high),
            alpha: Some(fit.alpha).filter(|alpha| alpha.is_finite() && !fit.is_empty),
            is_control: row.is_control,
        })
    }
}
