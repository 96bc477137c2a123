//! Studies for the tests of the report: made up, fixed, and odd where users are odd.

use ocean_engine::inference::verdict::Verdict;

use crate::close_up::*;
use crate::model::*;

/// Permutations of the made-up studies.
const PERMUTATIONS: u32 = 999;

/// A cell as the engine would leave it; `z` is its distance from chance in sds of the null, which
/// fixes p.
pub fn cell(encoder: &str, target: &str, r2: f64, z: f64) -> CellResult {
    let (null_mean, null_sd) = (-0.021, 0.012);
    let floor = 1.0 / f64::from(PERMUTATIONS + 1);
    // Upper tail of the logistic distribution scaled to sd 1: no statistics, only a smooth stand-in
    // for p.
    let p = (1.0 / (1.0 + (1.814 * z).exp()) * 1000.0).round().max(1.0) * floor;
    CellResult {
        encoder: encoder.into(),
        regressor: "ridge".into(),
        target: target.into(),
        n: 412,
        n_train: 329.6,
        n_features: 384,
        folds: 5,
        repeats: 1,
        r2,
        r2_test_mean: r2 - 0.004,
        r2_fold_mean: Some(r2 - 0.01),
        r2_oosse: r2 - 0.0005,
        pearson_r: Some(r2.signum() * r2.abs().min(1.0).sqrt()),
        calibration_slope: Some(0.93),
        rmse: 0.81,
        mae: 0.64,
        rmse_baseline: 0.98,
        p: Some(p),
        p_floor: Some(floor),
        permutations: PERMUTATIONS,
        p_fwer: Some((p * 3.0).min(1.0)),
        correction: Some(Correction::MaxT),
        q_bh: Some((p * 2.0).min(1.0)),
        p_holm: Some((p * 4.0).min(1.0)),
        null_mean: Some(null_mean),
        null_sd: Some(null_sd),
        alpha_median: Some(512.25),
        feature_sample_ratio: 384.0 / 329.6,
        p_interval: Some(((p - 0.014).max(0.0), (p + 0.014).min(1.0))),
        null_interval: Some((null_mean - 1.96 * null_sd, null_mean + 1.96 * null_sd)),
        null_histogram: Some(bell(null_mean, null_sd)),
        r2_by_fold: [-0.04, -0.01, 0.0, 0.02, 0.03]
            .map(|off| Some(r2 + off))
            .to_vec(),
        verdict: Some(Verdict::TooFew),
        ..CellResult::default()
    }
}

/// A bell of 24 bins from −3 to 3 sd.
fn bell(mean: f64, sd: f64) -> (f64, f64, Vec<u32>) {
    let width = sd / 4.0;
    let counts = (0..24).map(|bin| {
        let z = (f64::from(bin) + 0.5) / 4.0 - 3.0;
        (100.0 * (-z * z / 2.0).exp()).round() as u32
    });
    (mean - 3.0 * sd, width, counts.collect())
}

/// The same cell with an interval and a verdict.
pub fn with_interval(cell: CellResult, half_width: f64, verdict: Verdict) -> CellResult {
    CellResult {
        se: Some(1.5 * half_width / 2.093),
        ci_low: Some(cell.r2 - half_width),
        ci_high: Some(cell.r2 + half_width),
        ci_low_fcr: Some(cell.r2 - 1.2 * half_width),
        ci_high_fcr: Some(cell.r2 + 1.2 * half_width),
        ci_method: Some(IntervalMethod::Planted),
        ci_low_jackknife: Some(cell.r2 - 1.5 * half_width),
        ci_high_jackknife: Some(cell.r2 + 1.5 * half_width),
        se_naive: Some(half_width / 3.0),
        r2_ranks: Some(0.5 * cell.r2),
        verdict: Some(verdict),
        ..cell
    }
}

fn control(cell: CellResult) -> CellResult {
    CellResult {
        is_control: true,
        verdict: None,
        p_fwer: None,
        correction: None,
        q_bh: None,
        p_holm: None,
        ..cell
    }
}

/// A model that predicts the training mean throughout.
fn empty(cell: CellResult) -> CellResult {
    CellResult {
        r2: 0.0,
        pearson_r: None,
        calibration_slope: None,
        p: Some(1.0),
        p_fwer: Some(1.0),
        q_bh: Some(1.0),
        p_holm: Some(1.0),
        p_interval: Some((0.996, 1.0)),
        null_interval: Some((0.0, 0.0)),
        null_histogram: Some((0.0, 0.0, vec![PERMUTATIONS])),
        null_mean: Some(0.0),
        null_sd: Some(0.0),
        empty_fits: 5,
        ties: PERMUTATIONS,
        nonzero_median: Some(0.0),
        sparsity: Some(1.0),
        verdict: Some(Verdict::NoModel),
        notes: "every fit is empty".into(),
        ..cell
    }
}

fn encoder(name: &str, source: &str, is_control: bool) -> EncoderSummary {
    EncoderSummary {
        name: name.into(),
        source: source.into(),
        n_features: 384,
        is_control,
        ..EncoderSummary::default()
    }
}

fn target(name: &str) -> TargetSummary {
    TargetSummary {
        name: name.into(),
        n: 412,
        n_missing: 8,
        mean: 0.4123,
        sd: 0.1875,
        n_distinct: 37,
        raters: Vec::new(),
        reliability: None,
        two_values: None,
    }
}

fn finding(severity: Severity, code: &str, about: &[&str], texts: [&str; 3]) -> Finding {
    Finding {
        severity,
        code: code.into(),
        about: about.iter().map(ToString::to_string).collect(),
        seen: texts[0].into(),
        meaning: texts[1].into(),
        remedy: texts[2].into(),
    }
}

/// What the quickstart looks like: strong, weak and no signal; two encoders and two controls; no
/// intervals.
pub fn quickstart() -> StudyResults {
    let mut openness = target("openness");
    openness.raters = vec!["rater_a_openness".into(), "rater_b_openness".into()];
    StudyResults {
        schema_version: SCHEMA_VERSION,
        version: "0.1.0".into(),
        study: "quickstart".into(),
        seed: 42,
        level: 0.05,
        smallest_effect: None,
        folds: 5,
        repeats: 1,
        inner_folds: None,
        permutations: PERMUTATIONS,
        is_adaptive: false,
        exchange: Exchange::Blocks,
        unit: Unit::Row,
        size_bands: 0,
        covariates: Vec::new(),
        covariates_read: Vec::new(),
        correction: Correction::MaxT,
        has_unequal_rows: false,
        data: DataSummary {
            file: "texts.csv".into(),
            hashes: vec![("texts.csv".into(), "5e".repeat(32))],
            n_rows: 420,
            dropped: vec![("no embedding for the id".into(), 3)],
            mean_characters: Some(188.4),
            ..DataSummary::default()
        },
        encoders: vec![
            EncoderSummary {
                truncated: Some(0),
                parameters: Some("dim = 384, word_ngram_max = 2".into()),
                omnibus_p: Some(0.003),
                ..encoder("lexical", "lexical 0.1.0", false)
            },
            EncoderSummary {
                omnibus_p: Some(0.003),
                ..encoder("precomputed", "precomputed", false)
            },
            encoder("length", "built in", true),
            encoder("random", "built in", true),
        ],
        regressors: vec![RegressorSummary {
            name: "ridge".into(),
            source: "ridge 0.1.0".into(),
            objective: Some("‖y − Xw‖² + α‖w‖²".into()),
            penalties: Some(
                "30 penalties from 0.1 to 0.99 of the rank in effective degrees of freedom".into(),
            ),
            parameters: None,
        }],
        targets: vec![openness, target("extraversion"), target("neuroticism")],
        omnibus_p: Some(0.003),
        cells: vec![
            cell("lexical", "openness", 0.2171, 9.0),
            cell("lexical", "extraversion", 0.0204, 2.05),
            cell("lexical", "neuroticism", -0.0317, -0.6),
            cell("precomputed", "openness", 0.3842, 9.0),
            cell("precomputed", "extraversion", 0.0713, 4.2),
            cell("precomputed", "neuroticism", -0.0228, 0.1),
            control(cell("length", "openness", 0.0098, 1.9)),
            control(cell("length", "extraversion", -0.0061, 0.4)),
            control(cell("length", "neuroticism", -0.0044, 0.2)),
            control(cell("random", "openness", -0.0255, -0.3)),
            control(cell("random", "extraversion", -0.0189, 0.2)),
            control(cell("random", "neuroticism", -0.0312, -0.7)),
        ],
        comparisons: Vec::new(),
        fold_column: None,
        test: None,
        subgroups: Vec::new(),
        close_ups: Vec::new(),
        words: None,
        texts: Vec::new(),
        failed: Vec::new(),
        findings: vec![finding(
            Severity::Note,
            "rows-dropped",
            &[],
            [
                "3 of 420 texts have no embedding in `embeddings.npy`",
                "They take part in no cell.",
                "Add their ids to the embeddings if they should.",
            ],
        )],
    }
}

/// The same study with intervals: a verdict of every kind that has one.
pub fn with_intervals() -> StudyResults {
    let mut results = quickstart();
    results.smallest_effect = Some(0.02);
    let cells = [
        (
            cell("lexical", "openness", 0.2171, 9.0),
            0.08,
            Verdict::Predictive,
        ),
        (
            cell("lexical", "extraversion", 0.0204, 4.2),
            0.05,
            Verdict::DependentUseNotShown,
        ),
        (
            cell("lexical", "neuroticism", -0.0317, -0.6),
            0.03,
            Verdict::PracticallyNull,
        ),
        (
            cell("precomputed", "openness", 0.3842, 9.0),
            0.09,
            Verdict::Predictive,
        ),
        (
            cell("precomputed", "extraversion", 0.0061, 3.9),
            0.012,
            Verdict::DependentTooSmall,
        ),
        (
            cell("precomputed", "neuroticism", -0.0228, 0.1),
            0.05,
            Verdict::Inconclusive,
        ),
    ];
    for (place, (cell, half_width, verdict)) in cells.into_iter().enumerate() {
        results.cells[place] = CellResult {
            gain_over_length: Some(cell.r2 - 0.01),
            ceiling: Some(0.81),
            gain_over_length_low: Some(cell.r2 - 0.01 - half_width),
            gain_over_length_high: Some(cell.r2 - 0.01 + half_width),
            r2_over_ceiling: Some(cell.r2 / 0.81),
            r2_over_ceiling_low: Some((cell.r2 - half_width) / 0.81),
            r2_over_ceiling_high: Some((cell.r2 + half_width) / 0.81),
            mde80: Some(0.04),
            mde80_r2: Some(0.019),
            ..with_interval(cell, half_width, verdict)
        };
    }
    results.comparisons = vec![
        compared(None, (0.0686, 0.1225), 0.05, (0.0371, 0.0371)),
        compared(Some("openness"), (0.2171, 0.3842), 0.09, (0.0009, 0.0027)),
        compared(Some("extraversion"), (0.0204, 0.0061), 0.05, (0.55, 1.0)),
        compared(Some("neuroticism"), (-0.0317, -0.0228), 0.04, (0.66, 1.0)),
    ];
    results.close_ups = ["openness", "extraversion", "neuroticism"]
        .map(|target| close_up("precomputed", target))
        .to_vec();
    results
}

/// One recipe looked at closely, with every part.
fn close_up(encoder: &str, target: &str) -> CloseUp {
    let bin = |x: f64, y: f64| BinSummary {
        x,
        y,
        se: 0.1,
        n: 41,
    };
    let line = |l1_ratio: f64, drop: f64| PathLine {
        l1_ratio: Some(l1_ratio),
        inner_r2: vec![Some(0.0), Some(0.2 - drop), Some(0.1 - drop), None],
    };
    CloseUp {
        encoder: encoder.into(),
        regressor: "ridge".into(),
        target: target.into(),
        calibration: vec![bin(3.1, 2.9), bin(3.5, 3.6), bin(4.2, 4.4)],
        density: Some(DensitySummary {
            x: (2.8, 4.6),
            y: (1.0, 7.0),
            n: 24,
            cells: vec![(0, 3, 40), (7, 11, 1), (23, 20, 371)],
        }),
        residual_by_length: vec![bin(80.0, -0.05), bin(190.0, 0.04), bin(420.0, 0.01)],
        path: Some(PathSummary {
            penalties: vec![10.0, 1.0, 0.1, 0.01],
            alpha_max: Some(4.0),
            lines: vec![line(0.1, 0.0), line(0.9, 0.02)],
            chosen: vec![(0, 1), (0, 1), (0, 2), (1, 1), (0, 1)],
        }),
    }
}

/// The two encoders of the quickstart, on one target or on the mean of three.
fn compared(
    target: Option<&str>,
    r2: (f64, f64),
    half_width: f64,
    p: (f64, f64),
) -> ComparisonResult {
    let delta = r2.0 - r2.1;
    ComparisonResult {
        compared: Compared::Encoders,
        encoder_a: "lexical".into(),
        regressor_a: "ridge".into(),
        encoder_b: "precomputed".into(),
        regressor_b: "ridge".into(),
        target: target.map(str::to_owned),
        n_targets: if target.is_some() { 1 } else { 3 },
        r2_a: r2.0,
        r2_b: r2.1,
        delta_r2: delta,
        se: Some(half_width / 2.093),
        ci_low: Some(delta - half_width),
        ci_high: Some(delta + half_width),
        p: Some(p.0),
        p_holm: Some(p.1),
        t_corrected: target.map(|_| 35.0 * delta),
        p_corrected: target.map(|_| p.0 / 2.0),
        ci_method: Some(IntervalMethod::Planted),
        se_naive: target.map(|_| half_width / 3.0),
        inflation: target.map(|_| 1.4),
        se_jackknife: Some(half_width / 1.8),
        notes: String::new(),
    }
}

/// Names of every kind that users come up with.
pub const ODD_NAMES: [&str; 5] = [
    "<script>alert(\"1\")</script> & Söhne",
    "Offenheit für Erfahrungen, Selbsteinschätzung nach dem zweiten Gespräch (Welle 3)",
    "開放性 🧠",
    "a|b*c*_d_`e`, \"f\"\n[g](h)",
    "esc\u{1b}[31mred\u{202e}",
];

/// Everything odd at once: names, an empty model, a cell without permutations, one far below zero,
/// failed cells, two regressors, all severities.
pub fn odd() -> StudyResults {
    let [script, long, wide, marks, escape] = ODD_NAMES;
    let mut results = quickstart();
    results.study = format!("odd {script}");
    results.targets = vec![target(script), target(long), target(wide)];
    results.targets[0].reliability = Some(Reliability {
        n_complete: 400,
        icc_2_1: 0.31,
        icc_2_k: 0.47,
        icc_3_1: 0.68,
        icc_3_k: 0.81,
        by_rater: vec![RaterSummary {
            name: script.into(),
            n: 412,
            mean: 3.5,
            sd: 0.9,
        }],
    });
    results.encoders = vec![
        encoder(marks, "précomputed", false),
        encoder(escape, "x 1.0", false),
        encoder("random", "built in", true),
    ];
    results.regressors.push(RegressorSummary {
        name: "lasso <α>".into(),
        source: "lasso 0.1.0".into(),
        objective: None,
        penalties: None,
        parameters: Some("l1_ratio chosen among 0.9, 0.5 and 0.1".into()),
    });
    let lasso = |cell: CellResult| CellResult {
        regressor: "lasso <α>".into(),
        ..cell
    };
    let untested = |cell: CellResult| CellResult {
        p: None,
        p_floor: None,
        permutations: 0,
        p_fwer: None,
        correction: None,
        q_bh: None,
        p_holm: None,
        null_mean: None,
        null_sd: None,
        p_interval: None,
        null_interval: None,
        null_histogram: None,
        verdict: Some(Verdict::Inconclusive),
        ..cell
    };
    results.cells = vec![
        with_interval(cell(marks, script, 0.31, 9.0), 0.1, Verdict::Predictive),
        lasso(empty(cell(marks, script, 0.0, 0.0))),
        cell(escape, long, -12.345, -4.0),
        untested(cell(marks, wide, 0.04, 0.0)),
        lasso(cell(escape, wide, 1e-300, 1.0)),
        control(cell("random", script, -0.03, -0.8)),
    ];
    results.cells[2].r2_test_mean = -1e300;
    results.comparisons = vec![
        ComparisonResult {
            encoder_a: marks.into(),
            encoder_b: escape.into(),
            ..compared(Some(script), (0.31, 0.02), 0.12, (0.0002, 0.0004))
        },
        ComparisonResult {
            compared: Compared::Regressors,
            encoder_a: marks.into(),
            encoder_b: marks.into(),
            regressor_b: "lasso <α>".into(),
            ..compared(Some(long), (-0.01, 0.05), 0.12, (0.31, 0.31))
        },
        ComparisonResult {
            encoder_a: marks.into(),
            encoder_b: escape.into(),
            regressor_a: "lasso <α>".into(),
            regressor_b: "lasso <α>".into(),
            target: Some(wide.into()),
            n_targets: 1,
            notes: "no model in either".into(),
            ..ComparisonResult::default()
        },
    ];
    results.close_ups = vec![
        close_up(marks, script),
        CloseUp {
            encoder: escape.into(),
            regressor: "ridge".into(),
            target: long.into(),
            ..CloseUp::default()
        },
    ];
    results.failed = vec![FailedCell {
        encoder: escape.into(),
        regressor: "lasso <α>".into(),
        target: long.into(),
        reason: "crashed its worker with signal 11 while fitting fold 3, n=320, p=384".into(),
    }];
    results.findings = vec![
        finding(
            Severity::Note,
            "ties",
            &[script],
            ["A note.", "It may mean little.", "Try nothing."],
        ),
        finding(
            Severity::Serious,
            "empty-models",
            &[long, marks, wide, escape],
            [
                "All 5 fits of 1 cell are empty: the largest penalty that keeps any coefficient is 0.004, the grid starts at 0.01.",
                "The grid is not scaled to the target, so these zeros say nothing about the texts.",
                "Remove `alphas`, so that penalties are found from the data.",
            ],
        ),
        finding(
            Severity::Warning,
            "duplicates",
            &[],
            [
                "7 texts occur twice.",
                "Copies in training and test would flatter r2; they are kept in one fold.",
                "Set duplicates = \"keep\" only if they are different people.",
            ],
        ),
    ];
    results
}

/// Nothing is significant in one target; the only cell of its family.
pub fn lonely_null() -> StudyResults {
    let mut results = quickstart();
    results.study = "lonely".into();
    results.targets.truncate(1);
    results.encoders.truncate(1);
    results.omnibus_p = Some(0.4);
    results.findings.clear();
    results.data.dropped.clear();
    results.cells = vec![with_interval(
        cell("lexical", "openness", -0.008, 0.3),
        0.06,
        Verdict::Inconclusive,
    )];
    results.cells[0].p_fwer = results.cells[0].p;
    results
}

/// No permutation was run.
pub fn untested() -> StudyResults {
    let mut results = quickstart();
    results.permutations = 0;
    results.omnibus_p = None;
    for cell in &mut results.cells {
        *cell = CellResult {
            p: None,
            p_floor: None,
            permutations: 0,
            p_fwer: None,
            correction: None,
            q_bh: None,
            p_holm: None,
            null_mean: None,
            null_sd: None,
            p_interval: None,
            null_interval: None,
            null_histogram: None,
            ..std::mem::take(cell)
        };
    }
    results
}

/// Permutations stopped where a cell had settled: Holm instead of maxT, fewer permutations in cells
/// without a signal.
pub fn adaptive() -> StudyResults {
    let mut results = with_intervals();
    results.is_adaptive = true;
    results.permutations = 9999;
    results.correction = Correction::Holm;
    for cell in results.cells.iter_mut().filter(|cell| !cell.is_control) {
        let n_losses = cell.p.map_or(0.0, |p| (1000.0 * p).round());
        cell.permutations = if n_losses > 2.0 {
            (20_000.0 / n_losses).round() as u32
        } else {
            9999
        };
        cell.p = Some(if n_losses > 2.0 {
            20.0 / f64::from(cell.permutations)
        } else {
            0.0001
        });
        cell.p_floor = Some(0.0001);
        cell.p_holm = cell.p.map(|p| (6.0 * p).min(1.0));
        (cell.p_fwer, cell.correction) = (cell.p_holm, Some(Correction::Holm));
    }
    let mut best = results.cells[3].clone();
    (best.encoder, best.regressor) = ("(best)".into(), "(best)".into());
    (best.is_best, best.alpha_median) = (true, None);
    best.notes = "chosen in 5 splits: precomputed × ridge 4, lexical × ridge 1".into();
    results.cells.insert(6, best);
    results.omnibus_p = Some(0.0006);
    results
}

/// A target of two words, and one of five steps.
pub fn two_values() -> StudyResults {
    let mut results = with_intervals();
    results.targets[0].raters.clear();
    results.targets[0].n_distinct = 2;
    results.targets[0].two_values = Some(TwoValues {
        low: "no".into(),
        high: "yes".into(),
        base_rate: 0.31,
    });
    results.targets[1].n_distinct = 5;
    let of_two = results.cells.iter_mut();
    for cell in of_two.filter(|cell| cell.target == "openness") {
        cell.auc = Some(0.5 + cell.r2);
        cell.auc_low = cell.ci_low.map(|low| 0.5 + low);
        cell.auc_high = cell.ci_high.map(|high| 0.5 + high);
        cell.balanced_accuracy = Some(0.5 + 0.7 * cell.r2);
        cell.base_rate = Some(0.31);
    }
    for cell in &mut results.cells {
        cell.spearman_r = cell.pearson_r.map(|r| 0.95 * r);
    }
    if let Some(density) = &mut results.close_ups[0].density {
        density.y = (0.0, 1.0);
    }
    results
}

/// Texts that went to another machine, and some of them twice.
pub fn served() -> StudyResults {
    let mut results = quickstart();
    let encoder = &mut results.encoders[1];
    encoder.source = "text-<3> at https://vectors.example/v1".into();
    encoder.servers = vec![
        ServerSummary {
            url: "https://vectors.example/v1".into(),
            model: "text-<3>".into(),
            is_local: false,
        },
        ServerSummary {
            url: "http://localhost:8080/v1".into(),
            model: "BAAI/bge-m3".into(),
            is_local: true,
        },
    ];
    encoder.repeated = Some(RepeatedSummary {
        texts: 16,
        largest: 3.14e-7,
    });
    results
}

/// Two words of one target, about one of which the model disagrees, and two texts.
pub fn with_words() -> StudyResults {
    let mut results = quickstart();
    let word = |term: &str, r: f64, p: f64, r_prediction: f64| WordResult {
        target: "openness".into(),
        term: term.into(),
        n_rows: 77,
        r,
        ci_low: r - 0.1,
        ci_high: r + 0.1,
        p,
        p_fwer: (p * 20.0).min(1.0),
        q_bh: (p * 10.0).min(1.0),
        encoder: "precomputed".into(),
        regressor: "ridge".into(),
        r_prediction: Some(r_prediction),
    };
    let words = vec![
        word("museum <b>", 0.31, 0.001, -0.05),
        word("the office", -0.14, 0.02, -0.22),
    ];
    results.words = Some(WordSummary {
        permutations: PERMUTATIONS,
        n_tests: 212,
        targets: vec![WordsOfTarget {
            target: "openness".into(),
            encoder: "precomputed".into(),
            regressor: "ridge".into(),
            n_terms: 106,
            n_significant: 1,
            leaning: words[1..].to_vec(),
            opposed: words[..1].to_vec(),
            shown: words,
        }],
    });
    let text = |id: &str, y_hat: f64, text: &str| TextResult {
        id: id.into(),
        y: 3.0,
        y_hat,
        text: text.into(),
    };
    results.texts = vec![TextsOfTarget {
        target: "openness".into(),
        encoder: "precomputed".into(),
        regressor: "ridge".into(),
        highest: vec![text("t17", 4.4, "We went to <b>the museum</b> | again…")],
        lowest: vec![text("t3", 2.1, "The office, as always.\nThen home.")],
    }];
    results
}

/// Sites as folds, of which one is predicted too high.
pub fn by_site() -> StudyResults {
    let mut results = quickstart();
    results.fold_column = Some("site".into());
    results.exchange = Exchange::Free;
    let of_cell = &results.cells[0];
    let site = |value: &str, r2: Option<f64>, bias: f64| SubgroupResult {
        column: "site".into(),
        value: value.into(),
        encoder: of_cell.encoder.clone(),
        regressor: of_cell.regressor.clone(),
        target: of_cell.target.clone(),
        n: 206,
        mean: 3.4,
        r2,
        ci_low: r2.map(|r2| r2 - 0.1),
        ci_high: r2.map(|r2| r2 + 0.08),
        pearson_r: r2.map(f64::sqrt),
        bias: Some(bias),
        rmse_baseline: 1.1,
    };
    results.subgroups = vec![site("north", Some(0.2), 0.31), site("south", None, -0.02)];
    results
}

/// A test sample, on which one cell and one control were tested.
pub fn tested() -> StudyResults {
    let mut results = quickstart();
    let of_cell = &results.cells[0];
    let result = |encoder: &str, is_control: bool| TestResult {
        encoder: encoder.into(),
        regressor: of_cell.regressor.clone(),
        target: of_cell.target.clone(),
        n_train: 412,
        n: 98,
        n_groups: None,
        r2_test: 0.17,
        ci_low: Some(0.05),
        ci_high: Some(0.27),
        ci_low_fcr: Some(0.03),
        ci_high_fcr: Some(0.29),
        pearson_r: Some(0.42),
        calibration_slope: Some(0.9),
        rmse: 0.9,
        mae: 0.7,
        rmse_baseline: 1.0,
        p: 0.00001,
        p_floor: 0.00001,
        p_fwer: (!is_control).then_some(0.00002),
        q_bh: (!is_control).then_some(0.00001),
        p_holm: (!is_control).then_some(0.00002),
        r2: 0.2,
        verdict: (!is_control).then_some(Verdict::Predictive),
        alpha: Some(120.0),
        auc: None,
        auc_low: None,
        auc_high: None,
        is_control,
    };
    results.test = Some(TestSummary {
        source: "later.csv".into(),
        n_rows: 99,
        permutations: 99_999,
        cells: vec![result(&of_cell.encoder, false), result("length", true)],
    });
    results
}

/// Every study, by the name of its kept files.
pub fn all() -> Vec<(&'static str, StudyResults)> {
    vec![
        ("quickstart", quickstart()),
        ("with_intervals", with_intervals()),
        ("odd", odd()),
        ("lonely_null", lonely_null()),
        ("untested", untested()),
        ("adaptive", adaptive()),
        ("by_site", by_site()),
        ("tested", tested()),
        ("two_values", two_values()),
        ("with_words", with_words()),
    ]
}
