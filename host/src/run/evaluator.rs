//! The long part of a run: every encoder × regressor × row set, each piece from the journal or computed and kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ocean_engine::best::Contender;
use ocean_engine::evaluate::PermutedTargets;
use ocean_engine::inference::sensitivity::PLANTED;
use ocean_engine::nested::Tuning;
use ocean_engine::regressor::Regressor;

use super::RunError;
use crate::arrangement::Arrangement;
use crate::cells::{Common, Computed, Found, critical_r2};
use crate::doctor::LENGTH;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::progress::{Progress, Stage};
use crate::report::model::{BEST, FailedCell};
use crate::sources::{Embedded, Encoder, NamedRegressor, Sources};
use crate::study::{Bench, Piece, StudyError, Work, stage_of};

/// Permutations of a control: enough for p ≤ .005, at a fifth of the default's cost.
const CONTROL_PERMUTATIONS: usize = 199;

/// A regressor as it competes.
pub(super) fn entrant(regressor: &NamedRegressor) -> (&dyn Regressor, Tuning) {
    (regressor.regressor.as_ref(), regressor.tuning)
}

/// The long part: every encoder × row set × regressor.
pub(crate) struct Evaluator<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) arrangement: &'a Arrangement,
    pub(crate) sources: &'a Sources,
    pub(crate) journal: &'a Journal,
    pub(crate) interrupted: &'a AtomicBool,
    pub(crate) progress: &'a Progress,
    /// Pieces that failed on other machines, with the reason.
    pub(crate) failed_elsewhere: &'a BTreeMap<String, String>,
}

impl Evaluator<'_> {
    /// What all cells share.
    pub(super) fn common(&self) -> Common<'_> {
        Common {
            targets: &self.arrangement.targets,
            target_names: &self.arrangement.target_names,
            row_sets: &self.arrangement.row_sets,
            folds: &self.arrangement.folds,
            groups: &self.arrangement.groups,
            is_grouped: self.arrangement.is_grouped,
            level: self.plan.evaluation.level,
            smallest_effect: self.plan.evaluation.smallest_effect,
            n_permutations: self.plan.n_permutations() as usize,
            is_adaptive: self.plan.is_adaptive(),
            rating_error: &self.arrangement.rating_error,
            ratings: &self.arrangement.ratings,
        }
    }

    /// Controls are there to be compared with, not to be reported: the first regressor only, fewer permutations, and no interval but for `length`, over
    /// which the gain of an encoder has one.
    fn work(&self, encoder: &Encoder) -> Work {
        let m = self.plan.n_permutations() as usize;
        Work {
            n_permutations: if encoder.is_control {
                m.min(CONTROL_PERMUTATIONS)
            } else {
                m
            },
            is_adaptive: self.plan.is_adaptive() && !encoder.is_control,
            jackknife: !encoder.is_control || encoder.name == LENGTH,
            fold_redraws: if encoder.is_control {
                0
            } else {
                self.plan.evaluation.fold_redraws as usize
            },
            sensitivity_draws: if encoder.is_control {
                0
            } else {
                self.plan.evaluation.sensitivity as usize
            },
        }
    }

    /// Every piece; a regressor that fails costs its cells, not the run.
    pub(super) fn compute(
        &self,
        embedded: &[Embedded],
    ) -> Result<(Vec<Computed>, Vec<FailedCell>), RunError> {
        let (mut computed, mut failed) = (Vec::new(), Vec::new());
        for (encoder, embedded) in self.sources.encoders.iter().zip(embedded) {
            let n_regressors = if encoder.is_control {
                1
            } else {
                self.sources.regressors.len()
            };
            let regressors = &self.sources.regressors[..n_regressors];
            let benches: Vec<Bench> = (0..self.arrangement.row_sets.len())
                .map(|at| self.bench(encoder, embedded, at))
                .collect();
            let n_steps: u64 =
                benches.iter().map(Bench::n_steps).sum::<u64>() * n_regressors as u64;
            let stage = stage_of(self.progress, &encoder.name, n_steps);
            for regressor in regressors {
                self.warn_of_cost(encoder, regressor, &benches);
                for (row_set, bench) in benches.iter().enumerate() {
                    let contender = Contender {
                        layout: bench.layout,
                        regressors: &[entrant(regressor)],
                    };
                    match self.computed(bench, &regressor.name, &[contender], &stage)? {
                        Ok(piece) => computed.push(Computed {
                            encoder: encoder.name.clone(),
                            n_features: embedded.x.ncols(),
                            is_control: encoder.is_control,
                            candidates: Vec::new(),
                            regressor: regressor.name.clone(),
                            l1_ratios: regressor.l1_ratios.clone(),
                            row_set,
                            piece,
                            sensitivity: Found::Unasked,
                        }),
                        Err(reason) => {
                            failed.extend(self.failed(
                                &encoder.name,
                                &regressor.name,
                                row_set,
                                &reason,
                            ));
                        }
                    }
                }
            }
            stage.finish();
        }
        if self.plan.evaluation.best {
            self.compute_best(embedded, &mut computed, &mut failed)?;
        }
        if computed.iter().all(|piece| piece.is_control) {
            let reason = failed
                .first()
                .map_or(String::new(), |cell: &FailedCell| cell.reason.clone());
            return Err(RunError::Failed(format!(
                "no cell could be evaluated: {reason}"
            )));
        }
        Ok((computed, failed))
    }

    /// One more piece for each row set: every encoder with every regressor, the best chosen inside each training part. It runs all of them again, since what it
    /// needs of them is more than their r2.
    fn compute_best(
        &self,
        embedded: &[Embedded],
        computed: &mut Vec<Computed>,
        failed: &mut Vec<FailedCell>,
    ) -> Result<(), RunError> {
        let encoders = self.sources.encoders.iter().zip(embedded);
        let encoders: Vec<(&Encoder, &Embedded)> = encoders
            .filter(|(encoder, _)| !encoder.is_control)
            .collect();
        let entrants = self.entrants();
        let Some(&(first, first_embedded)) = encoders.first() else {
            return Ok(());
        };
        let benches: Vec<Bench> = (0..self.arrangement.row_sets.len())
            .map(|at| self.best_bench(first, first_embedded, at))
            .collect();
        let contenders: Vec<Contender> = encoders
            .iter()
            .map(|(_, embedded)| Contender {
                layout: self.arrangement.layout(&embedded.x),
                regressors: &entrants,
            })
            .collect();
        let candidates: Vec<String> = encoders
            .iter()
            .flat_map(|(encoder, _)| {
                let regressors = self.sources.regressors.iter();
                regressors.map(|regressor| format!("{} × {}", encoder.name, regressor.name))
            })
            .collect();
        let widest = encoders
            .iter()
            .map(|(_, embedded)| embedded.x.ncols())
            .max();
        let stage = stage_of(
            self.progress,
            BEST,
            benches.iter().map(Bench::n_steps).sum(),
        );
        for (row_set, bench) in benches.iter().enumerate() {
            match self.computed(bench, BEST, &contenders, &stage)? {
                Ok(piece) => computed.push(Computed {
                    encoder: BEST.to_owned(),
                    n_features: widest.unwrap_or(0),
                    is_control: false,
                    candidates: candidates.clone(),
                    regressor: BEST.to_owned(),
                    l1_ratios: Vec::new(),
                    row_set,
                    piece,
                    sensitivity: Found::Unasked,
                }),
                Err(reason) => failed.extend(self.failed(BEST, BEST, row_set, &reason)),
            }
        }
        stage.finish();
        Ok(())
    }

    /// What each recipe would have found. It comes last, since what is critical follows from the permutations of the whole family.
    pub(super) fn plant(
        &self,
        embedded: &[Embedded],
        computed: &mut [Computed],
    ) -> Result<(), RunError> {
        if self.plan.evaluation.sensitivity == 0 || self.plan.n_permutations() == 0 {
            return Ok(());
        }
        let critical = critical_r2(&self.common(), computed)
            .map_err(|error| RunError::Failed(error.to_string()))?;
        // A planted effect belongs to one embedding, so what was chosen from several has none.
        let asked = |piece: &Computed| !piece.is_control && piece.candidates.is_empty();
        let n_asked = computed.iter().filter(|piece| asked(piece)).count();
        let stage = self
            .progress
            .stage("sensitivity", (n_asked * PLANTED.len()) as u64);
        let pieces = computed.iter_mut().zip(&critical);
        for (piece, critical) in pieces.filter(|(piece, _)| asked(piece)) {
            let Some(critical) = critical else {
                piece.sensitivity = Found::NoCriticalValue;
                continue;
            };
            let mut encoders = self.sources.encoders.iter().zip(embedded);
            let encoder = encoders.find(|(e, _)| !e.is_control && e.name == piece.encoder);
            let mut regressors = self.sources.regressors.iter();
            let regressor = regressors.find(|regressor| regressor.name == piece.regressor);
            let (Some((encoder, embedded)), Some(regressor)) = (encoder, regressor) else {
                continue;
            };
            let bench = self.bench(encoder, embedded, piece.row_set);
            let contender = Contender {
                layout: bench.layout,
                regressors: &[entrant(regressor)],
            };
            let begun = Instant::now();
            match self.kept(bench.sensitivity(&piece.regressor, &[contender], critical, &stage))? {
                Ok(found) => piece.sensitivity = found.map_or(Found::Unasked, Found::Planted),
                Err(reason) => self.progress.warn(&format!(
                    "no mde80 of encoder `{}`, regressor `{}`: {reason}",
                    piece.encoder, piece.regressor
                )),
            }
            piece.piece.spent.sensitivity_s = begun.elapsed().as_secs_f64();
        }
        stage.finish();
        Ok(())
    }

    /// Every regressor as it competes with the others.
    pub(super) fn entrants(&self) -> Vec<(&dyn Regressor, Tuning)> {
        self.sources.regressors.iter().map(entrant).collect()
    }

    /// The bench of the best of all: that of the first encoder under another name.
    pub(super) fn best_bench<'b>(
        &'b self,
        first: &Encoder,
        embedded: &'b Embedded,
        row_set: usize,
    ) -> Bench<'b> {
        Bench {
            name: format!("best:/{row_set}"),
            ..self.bench(first, embedded, row_set)
        }
    }

    /// A piece, or why it has none; one that failed elsewhere is not tried again.
    fn computed(
        &self,
        bench: &Bench,
        regressor_name: &str,
        contenders: &[Contender],
        stage: &Stage,
    ) -> Result<Result<Piece, String>, RunError> {
        let name = format!("{}/{regressor_name}", bench.name);
        if let Some(reason) = self.failed_elsewhere.get(&name) {
            return Ok(Err(reason.clone()));
        }
        self.kept(bench.compute(regressor_name, contenders, stage))
    }

    /// The result, or why its cells have none; what ends the whole run is an error.
    pub(super) fn kept<T>(
        &self,
        piece: Result<T, StudyError>,
    ) -> Result<Result<T, String>, RunError> {
        match piece {
            Ok(piece) => Ok(Ok(piece)),
            Err(StudyError::Interrupted) => Err(RunError::Interrupted),
            Err(StudyError::Write(error)) => Err(error.into()),
            Err(StudyError::Engine(_)) if self.interrupted.load(Ordering::Relaxed) => {
                Err(RunError::Interrupted)
            }
            Err(StudyError::Engine(error)) => Ok(Err(error.to_string())),
        }
    }

    pub(super) fn bench<'b>(
        &'b self,
        encoder: &Encoder,
        embedded: &'b Embedded,
        row_set: usize,
    ) -> Bench<'b> {
        let arrangement = self.arrangement;
        Bench {
            // A control keeps its pieces apart from an encoder that the user gave the same name.
            name: format!(
                "{}{}/{row_set}",
                if encoder.is_control { "control:" } else { "" },
                encoder.name
            ),
            layout: arrangement.layout(&embedded.x),
            permuted: PermutedTargets {
                targets: &arrangement.targets,
                row_set: &arrangement.row_sets[row_set],
                scheme: &arrangement.scheme,
            },
            work: self.work(encoder),
            journal: self.journal,
            interrupted: self.interrupted,
        }
    }

    fn warn_of_cost(&self, encoder: &Encoder, regressor: &NamedRegressor, benches: &[Bench]) {
        let n_targets = self.arrangement.target_names.len() as u64;
        let n_columns =
            n_targets * (u64::from(self.plan.n_permutations()) + 1) / benches.len().max(1) as u64;
        let note = regressor
            .regressor
            .cost_note(self.plan.n_designs() * benches.len() as u64, n_columns);
        if let Some(note) = note.filter(|_| {
            self.sources
                .encoders
                .first()
                .is_some_and(|first| first.name == encoder.name)
        }) {
            self.progress.warn(&note);
        }
    }

    /// The cells of encoders that made no vectors, with the reason.
    pub(super) fn without_vectors(&self, encoders: &[super::Unembedded]) -> Vec<FailedCell> {
        let mut cells = Vec::new();
        for (encoder, reason) in encoders {
            for regressor in &self.sources.regressors {
                for row_set in 0..self.arrangement.row_sets.len() {
                    cells.extend(self.cells(encoder, &regressor.name, row_set, reason));
                }
            }
        }
        cells
    }

    fn failed(
        &self,
        encoder: &str,
        regressor: &str,
        row_set: usize,
        reason: &str,
    ) -> Vec<FailedCell> {
        self.progress.warn(&format!(
            "encoder `{encoder}`, regressor `{regressor}`: {reason}"
        ));
        self.cells(encoder, regressor, row_set, reason)
    }

    fn cells(
        &self,
        encoder: &str,
        regressor: &str,
        row_set: usize,
        reason: &str,
    ) -> Vec<FailedCell> {
        self.arrangement.row_sets[row_set]
            .targets
            .iter()
            .map(|&target| FailedCell {
                encoder: encoder.to_owned(),
                regressor: regressor.to_owned(),
                target: self.arrangement.target_names[target].clone(),
                reason: reason.to_owned(),
            })
            .collect()
    }
}
