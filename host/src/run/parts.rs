//! A study cut into pieces that machines share: which there are, what each consists of, and some items of one of them.
//!
//! The pieces and their names are those of [`Evaluator::compute`], so that what another machine computed is found in the journal as if it had been
//! computed here.

use std::ops::Range;

use ocean_engine::best::Contender;
use ocean_engine::score::r2;

use super::RunError;
use super::evaluator::{Evaluator, entrant};
use crate::cells::Computed;
use crate::progress::Stage;
use crate::report::model::BEST;
use crate::sources::{Embedded, Encoder};
use crate::study::{Bench, Cost, Items, Part};

/// Largest difference of an observed r2 between two machines, relative to 1 or r2, whichever is larger. Other instructions (a fused multiplication, wider vectors) round
/// differently, about 1e-15 each, and errors of sums over a thousand rows stay far below this; another data set, model or plugin does not.
const SAME_R2: f64 = 1e-10;

/// One encoder × regressor × row set, or the best of all on a row set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PieceKey {
    /// Places in the sources: encoder and regressor; `None`: the best of all.
    pub recipe: Option<(usize, usize)>,
    pub row_set: usize,
}

/// The observed r2 of one repeat of a piece as another machine computed it.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    /// Encoder, row set and regressor.
    pub piece: String,
    pub repeat: usize,
    /// Every target of the row set.
    pub r2: Vec<f64>,
    /// The file that says so, and the machine.
    pub by: String,
}

impl Evaluator<'_> {
    /// Every piece of the study, in the order in which `eval` computes them.
    pub(crate) fn pieces(&self) -> Vec<PieceKey> {
        let row_sets = 0..self.arrangement.row_sets.len();
        let mut pieces = Vec::new();
        for (encoder, is_control) in self
            .sources
            .encoders
            .iter()
            .map(|e| e.is_control)
            .enumerate()
        {
            let n_regressors = match is_control {
                true => 1,
                false => self.sources.regressors.len(),
            };
            for regressor in 0..n_regressors {
                pieces.extend(row_sets.clone().map(|row_set| PieceKey {
                    recipe: Some((encoder, regressor)),
                    row_set,
                }));
            }
        }
        if self.plan.evaluation.best {
            let recipe = None;
            pieces.extend(row_sets.map(|row_set| PieceKey { recipe, row_set }));
        }
        pieces
    }

    /// Encoder and regressor as reports name them.
    pub(crate) fn labels(&self, piece: PieceKey) -> (&str, &str) {
        match piece.recipe {
            None => (BEST, BEST),
            Some((encoder, regressor)) => (
                &self.sources.encoders[encoder].name,
                &self.sources.regressors[regressor].name,
            ),
        }
    }

    /// The encoders whose vectors a piece needs.
    pub(crate) fn encoders_of(&self, piece: PieceKey) -> Vec<usize> {
        match piece.recipe {
            Some((encoder, _)) => vec![encoder],
            None => self.competing().map(|(at, _)| at).collect(),
        }
    }

    fn competing(&self) -> impl Iterator<Item = (usize, &Encoder)> {
        let encoders = self.sources.encoders.iter().enumerate();
        encoders.filter(|(_, encoder)| !encoder.is_control)
    }

    fn bench_of<'b>(&'b self, piece: PieceKey, embedded: &'b [Embedded]) -> Bench<'b> {
        match piece.recipe {
            Some((at, _)) => self.bench(&self.sources.encoders[at], &embedded[at], piece.row_set),
            None => {
                // A plan has at least one encoder, and controls come last. Without any vectors it is only asked for its items.
                let has_vectors = |(at, _): &(usize, &Encoder)| embedded[*at].x.nrows() > 0;
                let first = self.competing().find(has_vectors).map_or(0, |(at, _)| at);
                self.best_bench(
                    &self.sources.encoders[first],
                    &embedded[first],
                    piece.row_set,
                )
            }
        }
    }

    /// The name of a piece in the journal, and what it consists of. Needs no vectors: `embedded` may be empty matrices.
    pub(crate) fn items(&self, piece: PieceKey, embedded: &[Embedded]) -> (String, Items) {
        let bench = self.bench_of(piece, embedded);
        let name = format!("{}/{}", bench.name, self.labels(piece).1);
        (name, bench.items())
    }

    /// Some items of a piece; or why it failed.
    pub(crate) fn part(
        &self,
        piece: PieceKey,
        embedded: &[Embedded],
        range: &Range<usize>,
        stage: &Stage,
    ) -> Result<Result<Part, String>, RunError> {
        let bench = self.bench_of(piece, embedded);
        let part = self.with_contenders(piece, embedded, |contenders| {
            bench.part(self.labels(piece).1, contenders, range, stage)
        });
        self.kept(part)
    }

    /// What the items of a piece cost on one thread of this machine.
    pub(crate) fn measure(
        &self,
        piece: PieceKey,
        embedded: &[Embedded],
    ) -> Result<Result<Cost, String>, RunError> {
        let bench = self.bench_of(piece, embedded);
        let cost = self.with_contenders(piece, embedded, |contenders| bench.measure(contenders));
        self.kept(cost)
    }

    fn with_contenders<T>(
        &self,
        piece: PieceKey,
        embedded: &[Embedded],
        run: impl FnOnce(&[Contender]) -> T,
    ) -> T {
        let layout = |at: usize| self.arrangement.layout(&embedded[at].x);
        match piece.recipe {
            Some((encoder, regressor)) => run(&[Contender {
                layout: layout(encoder),
                regressors: &[entrant(&self.sources.regressors[regressor])],
            }]),
            None => {
                let entrants = self.entrants();
                // As in `eval`, an encoder that made no vectors does not compete.
                let contenders: Vec<Contender> = self
                    .competing()
                    .filter(|(at, _)| embedded[*at].x.nrows() > 0)
                    .map(|(at, _)| Contender {
                        layout: layout(at),
                        regressors: &entrants,
                    })
                    .collect();
                run(&contenders)
            }
        }
    }

    /// Refuses what was computed on a machine whose observed r2 is not ours.
    pub(super) fn compare_observed(
        &self,
        computed: &[Computed],
        canaries: &[Canary],
    ) -> Result<(), RunError> {
        let mut different = Vec::new();
        for computed in computed {
            let control = if computed.is_control { "control:" } else { "" };
            let encoder = match computed.candidates.is_empty() {
                true => format!("{control}{}", computed.encoder),
                false => "best:".to_owned(),
            };
            let name = format!("{encoder}/{}/{}", computed.row_set, computed.regressor);
            for canary in canaries.iter().filter(|canary| canary.piece == name) {
                different.extend(self.difference(computed, canary)?);
            }
        }
        if different.is_empty() {
            return Ok(());
        }
        different.truncate(12);
        Err(RunError::Failed(format!(
            "the observed r2 of some shards is not what this machine computes (they may differ by {SAME_R2:e}):\n{}\n  what these files hold is not used; \
             try: delete them, compute their shards again on the machines of the others, and merge there",
            different.join("\n")
        )))
    }

    fn difference(&self, computed: &Computed, canary: &Canary) -> Result<Option<String>, RunError> {
        let row_set = &self.arrangement.row_sets[computed.row_set];
        let Some(observed) = computed.piece.observed.get(canary.repeat) else {
            return Ok(None);
        };
        for (column, (&target, &theirs)) in row_set.targets.iter().zip(&canary.r2).enumerate() {
            let y = self.arrangement.targets.y().column(target);
            let y: Vec<f64> = row_set.rows.iter().map(|&row| y[row]).collect();
            let (y_hat, y_bar) = (observed.y_hat.column(column), observed.y_bar.column(column));
            let ours = r2(&y, y_hat.as_slice(), y_bar.as_slice())
                .map_err(|error| RunError::Failed(error.to_string()))?;
            // NaN is never near anything.
            let is_near = (ours - theirs).abs() <= SAME_R2 * ours.abs().max(1.0);
            if !is_near {
                return Ok(Some(format!(
                    "  {}: {} × {}, target `{}`: {theirs}, here {ours}",
                    canary.by,
                    computed.encoder,
                    computed.regressor,
                    self.arrangement.target_names[target]
                )));
            }
        }
        Ok(None)
    }
}
