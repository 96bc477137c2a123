//! The long part of a run: the engine's loop on every piece, from the journal or computed and kept.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::best::Contender;
use ocean_engine::design::Layout;
use ocean_engine::inference::planted::PLANTED;
use ocean_engine::nested::Tuning;
use ocean_engine::piece::{Asked, Cost, Items, Part, Phase, PieceError, PieceRun, Watch, Work};
use ocean_engine::regressor::Regressor;
use ocean_engine::targets::{RowSet, Targets};
use ocean_engine::test_sample::{Predicted, predict_others};
use ocean_report::model::FailedCell;

use super::RunError;
use super::pieces::{Entry, PieceId, PieceJournal, Role, entries};
use crate::encode::sources::{Embedded, NamedRegressor, Sources, Unembedded};
use crate::judge::cells::{Common, Detectable, PieceResult, Questions};
use crate::keep::atomic::WriteError;
use crate::keep::journal::Journal;
use crate::plan::Plan;
use crate::plan::labels::LENGTH;
use crate::platform::thread_cpu_s;
use crate::read::arrangement::Arrangement;
use crate::tell::progress::{Progress, Stage};

/// Permutations of a control: enough for p ≤ .005, at a fifth of the default's cost.
const CONTROL_PERMUTATIONS: usize = 199;

/// Why there is no such piece when one of its encoders made no vectors.
pub(crate) fn without_encoder(id: &PieceId, encoder: &str, reason: &str) -> Setback {
    Setback::Piece(match id.is_best() {
        true => format!("encoder `{encoder}` made no vectors: {reason}"),
        false => reason.to_owned(),
    })
}

/// A regressor as it competes.
type Entrant<'a> = (&'a dyn Regressor, Tuning);

/// What computes the pieces of a study.
pub(crate) struct Evaluator<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) arrangement: &'a Arrangement,
    pub(crate) sources: &'a Sources,
    pub(crate) journal: &'a Journal,
    pub(crate) interrupted: &'a AtomicBool,
    pub(crate) progress: &'a Progress,
    /// Pieces that failed on other machines, by name, with the reason: they are not tried again.
    pub(crate) failed_elsewhere: &'a BTreeMap<String, String>,
    /// Encoders that made no vectors, with the reason: without them there is no best of all.
    pub(crate) unembedded: &'a [Unembedded],
}

/// Why a piece has no numbers.
pub(crate) enum Setback {
    /// Its cells are lost, the run goes on.
    Piece(String),
    /// The run ends; what is finished stays.
    Run(RunError),
}

/// Wall seconds of one piece by what they were spent on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Durations {
    /// Observed and permuted targets, designs included, and then their ranks.
    pub permutations_s: f64,
    /// Planted targets.
    pub sensitivity_s: f64,
    /// Jackknife replicates.
    pub intervals_s: f64,
    /// Redraws of the folds.
    pub redraws_s: f64,
}

impl Evaluator<'_> {
    /// What all cells share.
    pub(super) fn common(&self) -> Common<'_> {
        Common {
            targets: &self.arrangement.targets,
            target_names: &self.arrangement.target_names,
            row_sets: &self.arrangement.row_sets,
            folds: &self.arrangement.folds,
            groups: &self.arrangement.clusters,
            is_grouped: self.arrangement.is_grouped,
            level: self.plan.evaluation.level,
            smallest_effect: self.plan.evaluation.smallest_effect,
            n_permutations: self.plan.n_permutations() as usize,
            is_adaptive: self.plan.is_adaptive(),
            rating_error: &self.arrangement.rating_error,
            ratings: &self.arrangement.ratings,
        }
    }

    /// Every piece of the study, in the order in which they are computed.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let n_row_sets = self.arrangement.row_sets.len();
        entries(self.sources, n_row_sets, self.plan.evaluation.best)
    }

    /// What is computed of a piece. Controls get fewer permutations, no ranks, and no interval but
    /// for `length`, over which the gain of an encoder has one.
    fn work(&self, id: &PieceId) -> Work {
        let m = self.plan.n_permutations() as usize;
        let evaluation = &self.plan.evaluation;
        match id.role {
            Role::Control => Work {
                n_permutations: m.min(CONTROL_PERMUTATIONS),
                jackknife: id.encoder == LENGTH,
                ..Work::default()
            },
            Role::Encoder | Role::Best => Work {
                n_permutations: m,
                is_adaptive: self.plan.is_adaptive(),
                jackknife: true,
                fold_redraws: evaluation.fold_redraws as usize,
                ranks: true,
                sensitivity_draws: evaluation.sensitivity as usize,
            },
        }
    }

    /// Lets `act` have the loop of a piece.
    fn with_run<T>(
        &self,
        entry: &Entry,
        embedded: &[Embedded],
        act: impl FnOnce(&PieceRun) -> T,
    ) -> T {
        self.with_contenders(entry, embedded, |contenders, (targets, row_set)| {
            let sample = (targets, row_set, &self.arrangement.scheme);
            act(&PieceRun::new(contenders, sample, self.work(&entry.id)))
        })
    }

    /// Lets `act` have what competes in a piece, and for what.
    fn with_contenders<T>(
        &self,
        entry: &Entry,
        embedded: &[Embedded],
        act: impl FnOnce(&[Contender], (&Targets, &RowSet)) -> T,
    ) -> T {
        let competing: Vec<(usize, Vec<Entrant>)> = entry
            .contenders
            .iter()
            .map(|(encoder, regressors)| {
                let regressors = &self.sources.regressors[regressors.clone()];
                (*encoder, regressors.iter().map(entrant).collect())
            })
            .collect();
        let contenders: Vec<Contender> = competing
            .iter()
            .map(|(encoder, regressors)| Contender {
                layout: Layout {
                    weights: embedded[*encoder].weights.as_deref(),
                    ..self.arrangement.layout(&embedded[*encoder].x)
                },
                regressors,
            })
            .collect();
        let arrangement = self.arrangement;
        let row_set = &arrangement.row_sets[entry.id.row_set];
        act(&contenders, (&arrangement.targets, row_set))
    }

    fn keep<'b>(&'b self, id: &'b PieceId) -> PieceJournal<'b> {
        PieceJournal {
            journal: self.journal,
            id,
        }
    }

    /// Every piece; one that fails costs its cells, not the run.
    pub(super) fn compute(
        &self,
        embedded: &[Embedded],
    ) -> Result<(Vec<PieceResult>, Vec<FailedCell>), RunError> {
        let (mut results, mut failed) = (Vec::new(), Vec::new());
        let entries = self.entries();
        let same_stage =
            |a: &Entry, b: &Entry| (a.id.role, &a.id.encoder) == (b.id.role, &b.id.encoder);
        for of_encoder in entries.chunk_by(same_stage) {
            let steps = |entry| self.with_run(entry, embedded, |run| run.n_steps());
            let n_steps = of_encoder.iter().map(steps).sum();
            let name = format!("evaluate {}", of_encoder[0].id.encoder);
            let stage = self.progress.stage(&name, n_steps);
            for entry in of_encoder {
                self.warn_of_cost(entry);
                match self.result(entry, embedded, &stage) {
                    Ok(result) => results.push(result),
                    Err(Setback::Run(error)) => return Err(error),
                    Err(Setback::Piece(reason)) => failed.extend(self.failed(&entry.id, &reason)),
                }
            }
            stage.finish();
        }
        if results.iter().all(|result| result.id.is_control()) {
            let reason = failed
                .first()
                .map_or(String::new(), |cell: &FailedCell| cell.reason.clone());
            return Err(RunError::NoCell { reason });
        }
        Ok((results, failed))
    }

    /// A piece; one that failed elsewhere is not tried again.
    fn result(
        &self,
        entry: &Entry,
        embedded: &[Embedded],
        stage: &Stage,
    ) -> Result<PieceResult, Setback> {
        if let Some(reason) = self.failed_elsewhere.get(&entry.id.to_string()) {
            return Err(Setback::Piece(reason.clone()));
        }
        if let Some((encoder, reason)) = self.unembedded.first().filter(|_| entry.id.is_best()) {
            return Err(without_encoder(&entry.id, encoder, reason));
        }
        let watched = Watched::new(stage, self.interrupted);
        let keep = self.keep(&entry.id);
        let piece = self.with_run(entry, embedded, |run| run.run(&keep, &watched));
        let piece = piece.map_err(|error| self.setback(error))?;
        let widths = entry
            .contenders
            .iter()
            .map(|(at, _)| embedded[*at].x.ncols());
        Ok(PieceResult {
            id: entry.id.clone(),
            n_features: widths.max().unwrap_or(0),
            candidates: self.candidates(entry),
            l1_ratios: match entry.contenders.as_slice() {
                [(_, of)] if of.len() == 1 => self.sources.regressors[of.start].l1_ratios.clone(),
                _ => Vec::new(),
            },
            durations: watched.durations(),
            piece,
            sensitivity: Detectable::Unasked,
            responses: Vec::new(),
        })
    }

    /// What the best is chosen from, in the order in which the engine numbers them.
    fn candidates(&self, entry: &Entry) -> Vec<String> {
        if !entry.id.is_best() {
            return Vec::new();
        }
        let of_encoder = |(at, regressors): &(usize, Range<usize>)| {
            let encoder = &self.sources.encoders[*at].name;
            let regressors = self.sources.regressors[regressors.clone()].iter();
            regressors
                .map(|regressor| format!("{encoder} × {}", regressor.name))
                .collect::<Vec<String>>()
        };
        entry.contenders.iter().flat_map(of_encoder).collect()
    }

    /// How each recipe answers to planted effects: what it would have found, and the intervals. It comes last, since what is critical follows from the
    /// permutations of the whole family.
    pub(super) fn plant(
        &self,
        embedded: &[Embedded],
        results: &mut [PieceResult],
    ) -> Result<(), RunError> {
        if self.plan.evaluation.sensitivity == 0 || self.plan.n_permutations() == 0 {
            return Ok(());
        }
        let Questions { critical, level } = Questions::of(&self.common(), results);
        // A planted effect belongs to one embedding, so what was chosen from several has none.
        let is_asked = |id: &PieceId| id.role == Role::Encoder;
        let n_asked = results.iter().filter(|result| is_asked(&result.id)).count();
        let n_steps = (n_asked * PLANTED.len()) as u64;
        let stage = self.progress.stage("sensitivity", n_steps);
        let entries = self.entries();
        let asked = results.iter_mut().zip(&critical);
        for (result, critical) in asked.filter(|(result, _)| is_asked(&result.id)) {
            let Some(entry) = entries.iter().find(|entry| entry.id == result.id) else {
                continue;
            };
            let watched = Watched::new(&stage, self.interrupted);
            let keep = self.keep(&entry.id);
            let asked = Asked {
                critical: critical.as_deref().unwrap_or_default(),
                level,
            };
            let found = self.with_run(entry, embedded, |run| {
                run.planted(&result.piece, asked, &keep, &watched)
            });
            match found.map_err(|error| self.setback(error)) {
                Ok(None) => result.sensitivity = Detectable::Unasked,
                Ok(Some(answers)) => {
                    let found = answers.sensitivity;
                    result.sensitivity =
                        found.map_or(Detectable::NoCriticalValue, Detectable::Planted);
                    result.responses = answers.responses;
                }
                Err(Setback::Run(error)) => return Err(error),
                Err(Setback::Piece(reason)) => {
                    self.progress.warn(&format!(
                        "no mde80 of encoder `{}`, regressor `{}`: {reason}",
                        result.id.encoder, result.id.regressor
                    ));
                    result.sensitivity = Detectable::Failed(reason);
                }
            }
            result.durations.sensitivity_s = watched.durations().sensitivity_s;
        }
        stage.finish();
        Ok(())
    }

    /// Of each piece what one model of all its rows predicts for others: `others`, their vectors by
    /// each encoder. `None` for a piece whose model cannot be made, which is told.
    pub(super) fn predict_others(
        &self,
        embedded: &[Embedded],
        others: &[DMatrix<f64>],
        results: &[PieceResult],
    ) -> Result<Vec<Option<Predicted>>, RunError> {
        let stage = self.progress.stage("test sample", results.len() as u64);
        let entries = self.entries();
        let of_piece = |result: &PieceResult| {
            let entry = entries.iter().find(|entry| entry.id == result.id);
            let found = entry.map(|entry| {
                let of_encoder = |(at, _): &(usize, Range<usize>)| &others[*at];
                let x_new: Vec<&DMatrix<f64>> = entry.contenders.iter().map(of_encoder).collect();
                self.with_contenders(entry, embedded, |contenders, sample| {
                    predict_others(contenders, sample, &x_new)
                })
            });
            stage.add(1);
            match found
                .transpose()
                .map_err(|error| self.setback(error.into()))
            {
                Ok(predicted) => Ok(predicted),
                Err(Setback::Run(error)) => Err(error),
                Err(Setback::Piece(reason)) => {
                    self.progress.warn(&format!(
                        "no test of encoder `{}`, regressor `{}`: {reason}",
                        result.id.encoder, result.id.regressor
                    ));
                    Ok(None)
                }
            }
        };
        let predicted = results.iter().map(of_piece).collect();
        stage.finish();
        predicted
    }

    /// The name of a piece in the journal, and what it consists of. Needs no vectors: `embedded`
    /// may be empty matrices.
    pub(crate) fn items(&self, entry: &Entry, embedded: &[Embedded]) -> (String, Items) {
        let items = self.with_run(entry, embedded, |run| run.items());
        (entry.id.to_string(), items)
    }

    /// Some items of a piece.
    pub(crate) fn part(
        &self,
        entry: &Entry,
        embedded: &[Embedded],
        range: &Range<usize>,
        stage: &Stage,
    ) -> Result<Part, Setback> {
        let watched = Watched::new(stage, self.interrupted);
        let keep = self.keep(&entry.id);
        let part = self.with_run(entry, embedded, |run| run.part(range, &keep, &watched));
        part.map_err(|error| self.setback(error))
    }

    /// What the items of a piece cost on one thread of this machine.
    pub(crate) fn measure(&self, entry: &Entry, embedded: &[Embedded]) -> Result<Cost, Setback> {
        let mut clock = Clock::start();
        let cost = self.with_run(entry, embedded, |run| run.measure(|| clock.lap_us()));
        cost.map_err(|error| self.setback(error))
    }

    fn setback(&self, error: PieceError<WriteError>) -> Setback {
        match error {
            PieceError::Stopped => Setback::Run(RunError::Interrupted),
            PieceError::Keep(error) => Setback::Run(error.into()),
            PieceError::Engine(_) if self.interrupted.load(Ordering::Relaxed) => {
                Setback::Run(RunError::Interrupted)
            }
            PieceError::Engine(error) => Setback::Piece(error.to_string()),
        }
    }

    /// Once a regressor, with the first encoder.
    fn warn_of_cost(&self, entry: &Entry) {
        let [(0, regressors)] = entry.contenders.as_slice() else {
            return;
        };
        if entry.id.row_set > 0 || entry.id.is_best() {
            return;
        }
        let n_row_sets = self.arrangement.row_sets.len() as u64;
        let n_permutations = u64::from(self.plan.n_permutations()) + 1;
        let n_targets = self.arrangement.target_names.len() as u64;
        let n_columns = n_targets * n_permutations / n_row_sets.max(1);
        let n_designs = self.plan.n_designs() * n_row_sets;
        for regressor in &self.sources.regressors[regressors.clone()] {
            if let Some(note) = regressor.regressor.cost_note(n_designs, n_columns) {
                self.progress.warn(&note);
            }
        }
    }

    /// The cells of encoders that made no vectors, with the reason.
    pub(super) fn without_vectors(&self) -> Vec<FailedCell> {
        let mut cells = Vec::new();
        for (encoder, reason) in self.unembedded {
            for regressor in &self.sources.regressors {
                for row_set in 0..self.arrangement.row_sets.len() {
                    let id = PieceId {
                        role: Role::Encoder,
                        encoder: encoder.clone(),
                        regressor: regressor.name.clone(),
                        row_set,
                    };
                    cells.extend(self.failed_cells(&id, reason));
                }
            }
        }
        cells
    }

    fn failed(&self, id: &PieceId, reason: &str) -> Vec<FailedCell> {
        let PieceId {
            encoder, regressor, ..
        } = id;
        let message = format!("encoder `{encoder}`, regressor `{regressor}`: {reason}");
        self.progress.warn(&message);
        self.failed_cells(id, reason)
    }

    fn failed_cells(&self, id: &PieceId, reason: &str) -> Vec<FailedCell> {
        let targets = self.arrangement.row_sets[id.row_set].targets.iter();
        targets
            .map(|&target| FailedCell {
                encoder: id.encoder.clone(),
                regressor: id.regressor.clone(),
                target: self.arrangement.target_names[target].clone(),
                reason: reason.to_owned(),
            })
            .collect()
    }
}

fn entrant(regressor: &NamedRegressor) -> Entrant<'_> {
    (regressor.regressor.as_ref(), regressor.tuning)
}

/// Shows the loop's steps, passes Ctrl-C on to it and takes the time of its phases.
struct Watched<'a> {
    stage: &'a Stage,
    interrupted: &'a AtomicBool,
    clock: Mutex<(Durations, Option<(Phase, Instant)>)>,
}

impl<'a> Watched<'a> {
    fn new(stage: &'a Stage, interrupted: &'a AtomicBool) -> Self {
        Self {
            stage,
            interrupted,
            clock: Mutex::default(),
        }
    }

    /// Ends the phase that is running, and begins another if there is one.
    fn turn(&self, next: Option<Phase>) -> Durations {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let (durations, running) = &mut *clock;
        if let Some((phase, begun)) = running.take() {
            let seconds = match phase {
                Phase::Permutations => &mut durations.permutations_s,
                Phase::Jackknife => &mut durations.intervals_s,
                Phase::Redraws => &mut durations.redraws_s,
                Phase::Planted => &mut durations.sensitivity_s,
            };
            *seconds += begun.elapsed().as_secs_f64();
        }
        *running = next.map(|phase| (phase, Instant::now()));
        *durations
    }

    fn durations(&self) -> Durations {
        self.turn(None)
    }
}

impl Watch for Watched<'_> {
    fn begin(&self, phase: Phase) {
        self.turn(Some(phase));
    }

    fn done(&self, n_steps: u64) {
        self.stage.add(n_steps);
    }

    fn is_stopped(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// Tells what a thread has worked: machines on which studies are planned are busy with other
/// things.
struct Clock {
    wall: Instant,
    worked: f64,
}

impl Clock {
    /// A plugin in a process of its own works elsewhere: below this share of the time that went by,
    /// that time is what counts.
    const LEAST_SHARE: f64 = 0.05;

    fn start() -> Self {
        Self {
            wall: Instant::now(),
            worked: thread_cpu_s(),
        }
    }

    /// Millionths of a second since the last call.
    fn lap_us(&mut self) -> u64 {
        let last = std::mem::replace(self, Self::start());
        let wall = self.wall.duration_since(last.wall).as_secs_f64();
        let worked = self.worked - last.worked;
        let seconds = match worked < Self::LEAST_SHARE * wall {
            true => wall,
            false => worked,
        };
        (seconds * 1e6) as u64
    }
}

impl From<EngineError> for RunError {
    /// Errors of the engine that no input should cause: those of pieces are setbacks.
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}
