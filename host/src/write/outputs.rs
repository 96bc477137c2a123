//! What a finished run leaves besides the reports: predictions, folds, null distributions,
//! jackknife replicates and provenance.

use std::path::Path;
use std::time::Instant;

use nalgebra::{DMatrix, DMatrixView};
use ocean_engine::inference::reliability::Agreement;
use ocean_engine::score::mean_and_sd;
use ocean_report::csv::{
    FoldOfRow, Prediction, TestPrediction, write_folds, write_predictions, write_test_predictions,
    write_words,
};
use ocean_report::model::{
    self, Correction, DataSummary, EncoderSummary, Finding, RaterSummary, RegressorSummary,
    Reliability, RepeatedSummary, SCHEMA_VERSION, ServerSummary, StudyResults, TargetSummary,
    TestSummary,
};
use serde_json::{Value, json};

use crate::encode::endpoint::Endpoint;
use crate::judge::cells::PieceResult;
use crate::keep::atomic::{self, WriteError};
use crate::plan::{Exchange, InnerFolds, Unit};
use crate::platform;
use crate::read::dataset::{RaterPanel, Target, as_read};
use crate::run::{Durations, FinishedRun};
use crate::write::close_up::close_ups;
use crate::write::subgroups::subgroups;
use crate::write::words::{extreme_texts, word_summary};

/// What the models predict for the rows of a test sample.
pub const TEST_PREDICTIONS: &str = "test_predictions.csv";
/// Every word with every target.
pub const WORDS: &str = "words.csv";

/// Wall and processor seconds of each stage, for provenance alone: no other file holds a clock
/// value.
pub struct Timings {
    last: (Instant, f64),
    stages: Vec<(&'static str, f64, f64)>,
}

impl Timings {
    /// Starts the clock.
    #[must_use]
    pub fn start() -> Self {
        Self {
            last: (Instant::now(), platform::process_cpu_s()),
            stages: Vec::new(),
        }
    }

    /// Ends a stage.
    pub fn mark(&mut self, stage: &'static str) {
        let cpu = platform::process_cpu_s();
        self.stages.push((
            stage,
            self.last.0.elapsed().as_secs_f64(),
            cpu - self.last.1,
        ));
        self.last = (Instant::now(), cpu);
    }

    fn to_json(&self) -> Value {
        let stage = |&(name, wall, cpu): &(&str, f64, f64)| json!({"stage": name, "wall_s": wall, "cpu_s": cpu});
        self.stages.iter().map(stage).collect()
    }
}

/// What the seconds of one encoder × regressor × row set were spent on.
fn durations(result: &PieceResult) -> Value {
    let Durations {
        permutations_s,
        sensitivity_s,
        intervals_s,
        redraws_s,
    } = result.durations;
    json!({
        "encoder": result.id.encoder,
        "regressor": result.id.regressor,
        "row_set": result.id.row_set,
        "permutations_s": permutations_s,
        "sensitivity_s": sensitivity_s,
        "intervals_s": intervals_s,
        "redraws_s": redraws_s,
    })
}

fn server_summary(endpoint: &Endpoint) -> ServerSummary {
    ServerSummary {
        url: endpoint.address.url().to_owned(),
        model: endpoint.model.clone(),
        is_local: endpoint.address.is_local(),
    }
}

/// What a report says of one target.
#[must_use]
pub fn target_summary(target: &Target) -> TargetSummary {
    let n_missing = target.values.iter().filter(|value| value.is_nan()).count();
    let (mean, sd) = mean_and_sd(&observed(&target.values), 1);
    TargetSummary {
        name: target.name.clone(),
        n: target.values.len() - n_missing,
        n_missing,
        mean,
        sd,
        n_distinct: ocean_engine::doctor::concentration(&target.values).1,
        raters: target
            .raters
            .as_ref()
            .map_or(Vec::new(), |panel| panel.columns.clone()),
        reliability: target.raters.as_ref().and_then(reliability),
        two_values: target.two_values(),
    }
}

/// The values that are there.
fn observed(values: &[f64]) -> Vec<f64> {
    let present = values.iter().filter(|value| !value.is_nan());
    present.copied().collect()
}

/// How far the raters of a target agree.
fn reliability(panel: &RaterPanel) -> Option<Reliability> {
    let agreement = Agreement::of(&panel.ratings)?;
    let by_rater = panel.columns.iter().zip(&panel.ratings);
    let by_rater = by_rater.map(|(name, ratings)| {
        let (mean, sd) = mean_and_sd(&observed(ratings), 1);
        RaterSummary {
            name: name.clone(),
            n: ratings.iter().filter(|rating| !rating.is_nan()).count(),
            mean,
            sd: if sd.is_finite() { sd } else { 0.0 },
        }
    });
    Some(Reliability {
        n_complete: agreement.n_complete,
        icc_2_1: agreement.icc_2_1,
        icc_2_k: agreement.icc_2_k,
        icc_3_1: agreement.icc_3_1,
        icc_3_k: agreement.icc_3_k,
        by_rater: by_rater.collect(),
    })
}

impl FinishedRun<'_> {
    /// Everything the reports show.
    #[must_use]
    pub fn results(&self, findings: Vec<Finding>) -> StudyResults {
        let evaluation = &self.plan.evaluation;
        let least = |of: Option<&str>| {
            let family = self.cells.results.iter().filter(|cell| !cell.is_control);
            family
                .filter(|cell| of.is_none_or(|name| cell.encoder == name))
                .filter_map(|cell| cell.p_fwer)
                .reduce(f64::min)
        };
        StudyResults {
            schema_version: SCHEMA_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            study: self.plan.study.name.clone(),
            seed: self.plan.study.seed,
            level: evaluation.level,
            smallest_effect: evaluation.smallest_effect,
            folds: evaluation.folds.number(),
            fold_column: evaluation.folds.column().map(str::to_owned),
            repeats: evaluation.repeats,
            inner_folds: match evaluation.inner_folds {
                InnerFolds::Outer => None,
                InnerFolds::Independent(n_inner) => Some(n_inner),
            },
            permutations: self.plan.n_permutations(),
            is_adaptive: self.plan.is_adaptive(),
            exchange: exchange(evaluation.exchange),
            unit: unit(evaluation.unit),
            size_bands: self.arrangement.n_size_bands,
            covariates: self.plan.data.covariates.clone(),
            covariates_read: self
                .read
                .covariates
                .as_ref()
                .map(as_read)
                .unwrap_or_default(),
            correction: if self.plan.is_adaptive() {
                Correction::Holm
            } else {
                Correction::MaxT
            },
            has_unequal_rows: self.arrangement.row_sets.len() > 1,
            data: self.data_summary(),
            encoders: self.encoder_summaries(&least),
            regressors: self
                .sources
                .regressors
                .iter()
                .map(|regressor| RegressorSummary {
                    name: regressor.name.clone(),
                    source: regressor.origin.clone(),
                    objective: regressor.objective.map(str::to_owned),
                    penalties: Some(regressor.penalties.clone()),
                    parameters: regressor.parameters.clone(),
                })
                .collect(),
            targets: self
                .analysed
                .dataset
                .targets
                .iter()
                .map(target_summary)
                .collect(),
            omnibus_p: least(None),
            cells: self.cells.results.clone(),
            comparisons: self.comparisons.clone(),
            test: self.test_summary(),
            subgroups: subgroups(self),
            close_ups: close_ups(self),
            words: self
                .words
                .as_ref()
                .map(|words| word_summary(words, evaluation.level)),
            texts: match self.plan.report.texts {
                true => extreme_texts(self),
                false => Vec::new(),
            },
            failed: self.failed.clone(),
            findings,
        }
    }

    fn test_summary(&self) -> Option<TestSummary> {
        let (rows, tested) = self.test.as_ref()?;
        let data = &self.plan.data;
        let path = self.plan.test.as_ref().and_then(|test| test.path.as_ref());
        let source = match (path, &data.split) {
            (Some(path), _) => file_name(path),
            (None, Some(column)) => format!("`{column}` of {}", file_name(&data.path)),
            (None, None) => file_name(&data.path),
        };
        Some(TestSummary {
            source,
            n_rows: rows.analysed.dataset.n_rows(),
            permutations: rows.n_permutations as u32,
            cells: tested.results.clone(),
        })
    }

    /// test_predictions.csv: of every test row what each model predicts.
    fn write_test_predictions(&self) -> Result<(), WriteError> {
        let Some((rows, tested)) = &self.test else {
            return Ok(());
        };
        let cells = tested.results.iter().zip(&tested.predictions);
        let ids = &rows.analysed.dataset.ids;
        let predictions = cells.flat_map(|(cell, (y_hat, y_bar, target))| {
            let y = rows.targets.y().column(*target);
            ids.iter().enumerate().map(move |(row, id)| TestPrediction {
                id,
                encoder: &cell.encoder,
                regressor: &cell.regressor,
                target: &cell.target,
                y: y[row],
                y_hat: y_hat[row],
                y_baseline: *y_bar,
            })
        });
        atomic::write_with(&self.plan.out.join(TEST_PREDICTIONS), |file| {
            Ok(write_test_predictions(file, predictions)?)
        })
    }

    fn data_summary(&self) -> DataSummary {
        let mean_characters = self.read.has_texts().then(|| {
            let total: usize = self
                .read
                .joined_texts()
                .iter()
                .map(|text| text.chars().count())
                .sum();
            total as f64 / self.read.n_rows() as f64
        });
        DataSummary {
            file: file_name(&self.plan.data.path),
            hashes: self.read.contents.clone(),
            n_rows: self.read.n_read,
            group: self.plan.data.group.clone(),
            n_groups: match self.plan.evaluation.unit {
                Unit::Group => Some(self.analysed.dataset.n_rows()),
                Unit::Row
                    if self.arrangement.groups.n_groups() < self.analysed.dataset.n_rows() =>
                {
                    Some(self.arrangement.groups.n_groups())
                }
                Unit::Row => None,
            },
            dropped: self.read.dropped.clone(),
            mean_characters,
        }
    }

    fn encoder_summaries(
        &self,
        least: &dyn Fn(Option<&str>) -> Option<f64>,
    ) -> Vec<EncoderSummary> {
        let encoders = self.sources.encoders.iter().zip(self.embedded);
        encoders
            .filter(|(encoder, _)| encoder.is_reported)
            .map(|(encoder, embedded)| EncoderSummary {
                name: encoder.name.clone(),
                source: encoder.origin.clone(),
                n_features: embedded.x.ncols(),
                is_control: encoder.is_control,
                truncated: embedded.n_truncated,
                parameters: encoder.parameters.clone(),
                servers: encoder
                    .endpoints()
                    .into_iter()
                    .map(server_summary)
                    .collect(),
                repeated: embedded.repeated.map(|repeated| RepeatedSummary {
                    texts: repeated.texts,
                    largest: repeated.largest,
                }),
                omnibus_p: if encoder.is_control {
                    None
                } else {
                    least(Some(&encoder.name))
                },
            })
            .collect()
    }

    /// predictions.csv, folds.csv, null.npy with its index (NaN below the last permutation of a
    /// cell that has fewer), jackknife.npy, and words.csv where it was asked for.
    ///
    /// # Errors
    /// [`WriteError`] naming the file.
    pub fn write_tables(&self) -> Result<(), WriteError> {
        let out = &self.plan.out;
        atomic::write_with(&out.join("predictions.csv"), |file| {
            Ok(write_predictions(file, self.predictions())?)
        })?;
        atomic::write_with(&out.join("folds.csv"), |file| {
            Ok(write_folds(file, self.folds())?)
        })?;
        let statistics = &self.cells.statistics;
        let null = statistics.rows(1, statistics.nrows() - 1);
        write_npy(&out.join("null.npy"), null)?;
        self.write_null_index(&out.join("null.csv"))?;
        write_npy(&out.join("jackknife.npy"), self.replicates().as_view())?;
        if let Some(words) = &self.words {
            atomic::write_with(&out.join(WORDS), |file| {
                Ok(write_words(file, &words.results)?)
            })?;
        }
        self.write_test_predictions()
    }

    fn predictions(&self) -> impl Iterator<Item = Prediction<'_>> {
        let cells = self.cells.origin.iter().zip(&self.cells.results);
        cells.flat_map(move |(&(at, column), cell)| {
            let result = &self.pieces[at];
            let row_set = &self.arrangement.row_sets[result.id.row_set];
            let target = row_set.targets[column];
            let repeats = result.piece.observed.iter().enumerate();
            repeats.flat_map(move |(repeat, observed)| {
                row_set
                    .rows
                    .iter()
                    .enumerate()
                    .map(move |(position, &row)| Prediction {
                        id: &self.analysed.dataset.ids[row],
                        repeat: repeat as u32 + 1,
                        fold: self.arrangement.folds.of_row(repeat)[row] as u32 + 1,
                        encoder: &cell.encoder,
                        regressor: &cell.regressor,
                        target: &cell.target,
                        y: self.arrangement.targets.y()[(row, target)],
                        y_hat: observed.y_hat[(position, column)],
                        y_baseline: observed.y_bar[(position, column)],
                    })
            })
        })
    }

    fn folds(&self) -> impl Iterator<Item = FoldOfRow<'_>> {
        let folds = &self.arrangement.folds;
        (0..folds.repeats()).flat_map(move |repeat| {
            let rows = self.analysed.dataset.ids.iter().zip(folds.of_row(repeat));
            rows.map(move |(id, &fold)| FoldOfRow {
                id,
                repeat: repeat as u32 + 1,
                fold: fold as u32 + 1,
            })
        })
    }

    /// Which column of null.npy and jackknife.npy is which cell.
    fn write_null_index(&self, path: &Path) -> Result<(), WriteError> {
        atomic::write_with(path, |file| {
            let mut writer = csv::Writer::from_writer(file);
            writer.write_record(["column", "encoder", "regressor", "target"])?;
            for (column, cell) in self.cells.results.iter().enumerate() {
                writer.write_record([
                    &column.to_string(),
                    &cell.encoder,
                    &cell.regressor,
                    &cell.target,
                ])?;
            }
            writer.flush()
        })
    }

    /// Blocks × cells; NaN where a cell has fewer blocks, or none.
    fn replicates(&self) -> DMatrix<f64> {
        let n_blocks = self
            .cells
            .replicates
            .iter()
            .map(Vec::len)
            .max()
            .unwrap_or(0);
        DMatrix::from_fn(n_blocks, self.cells.replicates.len(), |block, cell| {
            self.cells.replicates[cell]
                .get(block)
                .copied()
                .unwrap_or(f64::NAN)
        })
    }

    /// provenance.json: what was run, on what, with which versions, how long it took, and which
    /// files it left (`files`).
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write_provenance(
        &self,
        fingerprint: &Value,
        files: Value,
        timings: &Timings,
        threads: usize,
    ) -> Result<(), WriteError> {
        let plugins: Vec<Value> = self
            .sources
            .encoders
            .iter()
            .map(|encoder| json!({"name": encoder.name, "source": encoder.origin, "blake3": encoder.hash}))
            .chain(self.sources.regressors.iter().map(|regressor| {
                json!({"name": regressor.name, "source": regressor.origin, "blake3": regressor.hash})
            }))
            .collect();
        let notes: Vec<&String> = self.read.readings.iter().chain(&self.read.notes).collect();
        let provenance = json!({
            "ocean_host": env!("CARGO_PKG_VERSION"),
            "build": ocean_plugin_abi::BUILD_ID,
            "fingerprint": fingerprint,
            "plan": self.plan,
            "plugins": plugins,
            "rows": {"total": self.read.n_read, "analysed": self.analysed.dataset.n_rows(), "dropped": self.read.dropped, "notes": notes},
            "machine": {"os": std::env::consts::OS, "arch": std::env::consts::ARCH, "cpu_features": cpu_features(), "threads": threads},
            "stages": timings.to_json(),
            "evaluation": self.pieces.iter().map(durations).collect::<Vec<Value>>(),
            "files": files,
        });
        let text = serde_json::to_vec_pretty(&provenance).unwrap_or_default();
        atomic::write(&self.plan.out.join("provenance.json"), &text)
    }
}

/// How groups were permuted, in the report's words.
fn exchange(exchange: Exchange) -> model::Exchange {
    match exchange {
        Exchange::Blocks => model::Exchange::Blocks,
        Exchange::Within => model::Exchange::Within,
        Exchange::Free => model::Exchange::Free,
    }
}

/// What a row of the analysis was, in the report's words.
fn unit(unit: Unit) -> model::Unit {
    match unit {
        Unit::Row => model::Unit::Row,
        Unit::Group => model::Unit::Group,
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// float64 in C order, version 1.0 of the .npy format. Row by row from where it is: the null
/// distributions of a large study are in memory once.
pub(crate) fn write_npy(path: &Path, matrix: DMatrixView<f64>) -> Result<(), WriteError> {
    use npyz::WriterBuilder;
    atomic::write_with(path, |file| {
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&[matrix.nrows() as u64, matrix.ncols() as u64])
            .writer(file)
            .begin_nd()?;
        for row in matrix.row_iter() {
            writer.extend(row.iter().copied())?;
        }
        writer.finish()
    })
}

/// What the processor can do that changes how numbers are computed.
pub(crate) fn cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ]
        .into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name))
        .collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        Vec::new()
    }
}
