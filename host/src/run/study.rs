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
use crate::read::test_rows::TestRows;
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
    pub(super) _library: Library,
}

/// The files that a study reads and that nothing it writes may replace: plugins.toml, tables,
/// vectors and their ids.
pub(crate) fn inputs(config: &Path, plan: &Plan) -> Vec<PathBuf> {
    let mut inputs = vec![config.to_path_buf(), plan.data.path.clone()];
    inputs.extend(plan.data.joins.iter().map(|join| join.path.clone()));
    inputs.extend(plan.test.iter().filter_map(|test| test.path.clone()));
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
    /// The rows to test on, if some were kept.
    pub test: Option<TestRows<'a>>,
}

impl Study {
    /// Resolves the plan, reads the data, opens every plugin and every file of vectors.
    pub fn open(
        config: &Config,
        options: &Options,
        interrupted: &Arc<AtomicBool>,
        timings: &mut Timings,
    ) -> Result<(Self, Sources), RunError> {
        let threads = set_threads(options.threads);
        let progress = Progress::new(options.format, options.is_quiet);
        let plan = Plan::resolve(config, options.out.as_deref())?;
        let folder = RunFolder::usable(&plan.out)?;
        folder.check(&inputs(&options.config, &plan))?;
        let folds = plan.evaluation.folds.number();
        let dataset = match &plan.test {
            None => Dataset::read(&plan.data, &plan.raters, folds)?,
            Some(test) => Dataset::read_with_test(&plan.data, test, &plan.raters, folds)?,
        };
        let learned_from = dataset
            .parts
            .as_ref()
            .map_or(&dataset, |parts| &parts.train);
        let folds = learned_from.folds.as_ref();
        let n_fold_values = folds.map_or(0, |folds| folds.values.len());
        let plan = plan.settled(n_fold_values as u32);
        check_adaptive_cap(&plan, dataset.targets.len())?;
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
        let test = TestRows::of(&self.plan, &self.dataset).map_err(reasoned)?;
        check_memory(&self.plan, &analysed.dataset, sources)?;
        Ok(Analysis {
            analysed,
            arrangement,
            test,
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{Six, Tenth, sources};
    use super::*;
    use crate::plan::OuterFolds;

    fn refused(six: &Six, options: &Options) -> String {
        let mut timings = Timings::start();
        let opened = Study::open(&six.config, options, &Arc::default(), &mut timings);
        let Err(RunError::Refused(refusal)) = opened else {
            panic!("it is opened, or fails otherwise");
        };
        refusal.to_string()
    }

    #[test]
    fn the_files_that_a_study_reads_are_its_own_and_those_of_joins_and_vectors() {
        let six = Six::new(&[]);
        let names = |plan: &Plan| -> Vec<String> {
            let inputs = inputs(&six.path("plugins.toml"), plan).into_iter();
            let relative = inputs.map(|path| path.strip_prefix(six.path("")).unwrap().to_owned());
            relative.map(|path| path.display().to_string()).collect()
        };
        let plan = six.study().plan;
        let expected = [
            "plugins.toml",
            "six.csv",
            "near.npy",
            "ids.txt",
            "far.npy",
            "ids.txt",
        ];
        assert_eq!(names(&plan), expected);
    }

    #[test]
    fn what_can_be_refused_is_refused_before_anything_is_written() {
        let six = Six::new(&[]);
        let message = refused(&six, &six.options());
        // Vectors and plugin at once.
        assert!(message.contains("near.npy"), "{message}");
        assert!(message.contains("libtenth.so"), "{message}");
        assert!(!six.path("out").exists());

        let mut beside = six.options();
        beside.out = Some(six.path(""));
        assert!(refused(&six, &beside).contains("six.csv"));

        std::fs::remove_file(six.path("six.csv")).unwrap();
        assert!(refused(&six, &six.options()).contains("six.csv"));
    }

    #[test]
    fn folds_are_of_two_rows_each_and_more_folds_than_rows_allow_are_refused() {
        let six = Six::new(&[]);
        let study = six.study();
        let analysis = study
            .arrange(&sources(&["near"], vec![Tenth::new()]))
            .unwrap();
        let fold_of = analysis.arrangement.folds.of_row(0);
        for fold in 0..3 {
            assert_eq!(fold_of.iter().filter(|&&of| of == fold).count(), 2);
        }
        assert_eq!(analysis.arrangement.target_names, ["mood"]);
        assert_eq!(analysis.arrangement.row_sets[0].rows, [0, 1, 2, 3, 4, 5]);

        let mut study = six.study();
        study.plan.evaluation.folds = OuterFolds::Drawn(4);
        let refused = study.arrange(&sources(&["near"], vec![Tenth::new()]));
        assert!(matches!(refused, Err(RunError::Refused(_))));
    }

    #[test]
    fn an_evaluator_begins_with_nothing_that_failed() {
        let six = Six::new(&[]);
        let (study, sources) = (six.study(), sources(&["near"], vec![Tenth::new()]));
        let (analysis, journal) = (study.arrange(&sources).unwrap(), six.journal());
        let evaluator = study.evaluator(&analysis, &sources, &journal);
        assert!(evaluator.failed_elsewhere.is_empty() && evaluator.unembedded.is_empty());
        assert!(std::ptr::eq(evaluator.interrupted, &*study.interrupted));
    }
}
