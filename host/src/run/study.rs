//! A study as it is when everything that can be refused has been, and nothing is computed: what
//! `eval`, a shard and a merge begin with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ocean_loader::{CallContext, Library};
use serde_json::Value;

use super::checks::{check_adaptive_cap, check_memory, fingerprint};
use super::{Evaluator, Options, RunError};
use crate::encode::models::Models;
use crate::encode::places::{open_library, set_threads};
use crate::encode::sources::Sources;
use crate::keep::journal::Journal;
use crate::keep::run_folder::RunFolder;
use crate::plan::{EncoderSource, Plan};
use crate::read::arrangement::Arrangement;
use crate::read::config::Config;
use crate::read::dataset::{Analysed, Dataset};
use crate::tell::progress::Progress;
use crate::write::outputs::Timings;

/// A study that is read and checked.
pub(crate) struct Study {
    pub plan: Plan,
    /// Where results go, and which files there are the run's own.
    pub folder: RunFolder,
    /// Rows as read.
    pub dataset: Dataset,
    pub threads: usize,
    pub progress: Progress,
    /// Set by Ctrl-C.
    pub interrupted: Arc<AtomicBool>,
    /// Lives as long as its plugins are used.
    _library: Library,
}

/// The files that a study reads and that nothing it writes may replace: plugins.toml, tables,
/// vectors and their ids.
pub(crate) fn inputs(config: &Path, plan: &Plan) -> Vec<PathBuf> {
    let mut inputs = vec![config.to_path_buf(), plan.data.path.clone()];
    inputs.extend(plan.data.joins.iter().map(|join| join.path.clone()));
    for encoder in &plan.encoders {
        if let EncoderSource::Precomputed {
            embeddings, ids, ..
        } = &encoder.source
        {
            inputs.push(embeddings.clone());
            inputs.extend(ids.clone());
        }
    }
    inputs
}

/// The rows of the analysis, and how they are arranged.
pub(crate) struct Analysis<'a> {
    pub analysed: Analysed<'a>,
    pub arrangement: Arrangement,
}

impl Study {
    /// Resolves the plan, reads the data, opens every plugin and every file of vectors.
    pub fn open(
        config: &Config,
        options: &Options,
        interrupted: &Arc<AtomicBool>,
        timings: &mut Timings,
    ) -> Result<(Self, Sources), RunError> {
        let progress = Progress::new(options.format, options.is_quiet);
        let plan = Plan::resolve(config, options.out.as_deref())?;
        let folder = RunFolder::usable(&plan.out)?;
        folder.check(&inputs(&options.config, &plan))?;
        let dataset = Dataset::read(&plan.data, &plan.raters, plan.evaluation.folds)?;
        check_adaptive_cap(&plan, dataset.targets.len())?;
        let threads = set_threads(options.threads);
        let context = CallContext::of(&progress, Arc::clone(interrupted));
        let library = open_library(&context, options.is_task).map_err(RunError::Program)?;
        let may_fetch = !options.is_dry && !options.is_task;
        let models = Models::new(&progress, interrupted, may_fetch);
        let sources = Sources::open(&plan, &dataset, &library, &models, threads, &context)
            .map_err(|refusal| RunError::of_opening(refusal, interrupted))?;
        timings.mark("read and check");
        let study = Self {
            plan,
            folder,
            dataset,
            threads,
            progress,
            interrupted: Arc::clone(interrupted),
            _library: library,
        };
        Ok((study, sources))
    }

    /// Draws folds and permutations; refuses what would not fit into memory.
    pub fn arrange(&self, sources: &Sources) -> Result<Analysis<'_>, RunError> {
        let reasoned = |refusal| self.dataset.reasoned(refusal);
        let analysed = Analysed::of(&self.dataset, self.plan.evaluation.unit).map_err(reasoned)?;
        let arrangement = Arrangement::draw(&self.plan, &analysed).map_err(reasoned)?;
        check_memory(&self.plan, &analysed.dataset, sources)?;
        Ok(Analysis {
            analysed,
            arrangement,
        })
    }

    /// What evaluates this study. No piece has failed elsewhere.
    pub fn evaluator<'a>(
        &'a self,
        analysis: &'a Analysis,
        sources: &'a Sources,
        journal: &'a Journal,
    ) -> Evaluator<'a> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        Evaluator {
            plan: &self.plan,
            arrangement: &analysis.arrangement,
            sources,
            journal,
            interrupted: &self.interrupted,
            progress: &self.progress,
            failed_elsewhere: &NONE,
            unembedded: &[],
        }
    }

    /// Everything the numbers depend on.
    pub fn fingerprint(&self, sources: &Sources) -> Result<Value, RunError> {
        fingerprint(&self.plan, &self.dataset, sources)
    }
}
