//! From what was typed to what will happen: defaults, absolute paths, and the refusal of what contradicts itself or does not exist yet.

use std::path::{Path, PathBuf, absolute};

use super::{
    DataPlan, EncoderPlan, EncoderSource, EvaluationPlan, JoinPlan, Plan, RaterPlan, RegressorPlan,
    StudyPlan,
};
use crate::config::{
    Config, DataConfig, Duplicates, EncoderConfig, EvaluationConfig, Exchange, InnerFolds,
    Isolation, Missing, MissingExchange, Patience, Permutations, Pool, RegressorConfig, Scope,
    Selection, Sourced, Unit,
};
use crate::problem::{Problem, Problems, Refusal, shown_path};

/// What an absent key means (CONTRACT, "Optional, with defaults"; STATISTICS §1).
mod default {
    pub const SEED: u64 = 0;
    pub const FOLDS: u32 = 5;
    pub const REPEATS: u32 = 1;
    pub const PERMUTATIONS: u32 = 999;
    pub const LEVEL: f64 = 0.05;
    pub const SENSITIVITY: u32 = 200;
    pub const PATIENCE: u32 = 5;
    pub const TOL: f64 = 1e-9;
    pub const ALPHA_MIN_RATIO: f64 = 1e-3;
    /// Inner folds when the remaining outer folds are too few to tune on.
    pub const INNER_FOLDS: u32 = 5;
}

/// Fewest outer folds whose remainder can serve as inner folds.
const FOLDS_FOR_OUTER: u32 = 4;

impl Plan {
    /// Fills in every default, makes every path absolute (from the folder of plugins.toml) and refuses what can be refused without opening data
    /// or plugins. `out`: the folder the user asked for, else `runs/<study.name>`.
    ///
    /// # Errors
    /// A [`Refusal`] with every contradiction and every feature that is asked for and does not exist yet.
    pub fn resolve(config: &Config, out: Option<&Path>) -> Result<Plan, Refusal> {
        let mut problems = Problems::default();
        refuse_unbuilt(config, &mut problems);
        refuse_contradictions(config, &mut problems);
        let folder = folder_of(&config.file)?;
        let out = out_folder(config, out)?;
        let mut notes = Vec::new();
        let data = data(config, &folder);
        let plan = Plan {
            study: StudyPlan {
                name: config.study.name.value.clone(),
                seed: config
                    .study
                    .seed
                    .as_ref()
                    .map_or(default::SEED, |seed| seed.value.unsigned_abs()),
            },
            out,
            raters: raters(config),
            evaluation: evaluation(&config.evaluation, &mut notes),
            encoders: config
                .encoders
                .iter()
                .filter_map(|typed| problems.keep(encoder(typed, data.pool, &folder)))
                .collect(),
            regressors: config.regressors.iter().map(regressor).collect(),
            data,
            folder,
            notes,
        };
        problems.finish(plan)
    }
}

fn folder_of(file: &Path) -> Result<PathBuf, Refusal> {
    let file = make_absolute(file)?;
    Ok(file.parent().map_or_else(PathBuf::new, Path::to_path_buf))
}

fn out_folder(config: &Config, out: Option<&Path>) -> Result<PathBuf, Refusal> {
    match out {
        Some(out) => make_absolute(out),
        None => make_absolute(&Path::new("runs").join(&config.study.name.value)),
    }
}

fn make_absolute(path: &Path) -> Result<PathBuf, Refusal> {
    absolute(path).map_err(|error| {
        Problem::new(shown_path(path), format!("is not a usable path: {error}")).into()
    })
}

fn value_or<T: Clone>(typed: Option<&Sourced<T>>, default: T) -> T {
    typed.map_or(default, |typed| typed.value.clone())
}

fn count_or(typed: Option<&Sourced<i64>>, default: u32) -> u32 {
    typed.map_or(default, |typed| {
        u32::try_from(typed.value).unwrap_or(u32::MAX)
    })
}

fn data(config: &Config, folder: &Path) -> DataPlan {
    let data = &config.data;
    let is_evaluation = config.scope == Scope::Evaluation; // `encode` reads texts and no ratings
    let if_evaluated = |names: Option<&Sourced<Vec<String>>>| match is_evaluation {
        true => value_or(names, Vec::new()),
        false => Vec::new(),
    };
    DataPlan {
        path: folder.join(&data.path.value),
        id: data.id.value.clone(),
        text: value_or(data.text.as_ref(), Vec::new()),
        pool: value_or(data.pool.as_ref(), Pool::Mean),
        targets: if_evaluated(data.targets.as_ref()),
        group: data
            .group
            .as_ref()
            .filter(|_| is_evaluation)
            .map(|group| group.value.clone()),
        missing: value_or(data.missing.as_ref(), Missing::Drop),
        covariates: if_evaluated(data.covariates.as_ref()),
        joins: data
            .joins
            .iter()
            .map(|join| JoinPlan {
                path: folder.join(&join.path.value),
                id: value_or(join.id.as_ref(), data.id.value.clone()),
                prefix: value_or(join.prefix.as_ref(), String::new()),
            })
            .collect(),
    }
}

fn raters(config: &Config) -> Vec<RaterPlan> {
    config
        .raters
        .iter()
        .map(|rater| RaterPlan {
            target: rater.target.clone(),
            columns: rater.columns.value.clone(),
        })
        .collect()
}

fn evaluation(config: &EvaluationConfig, notes: &mut Vec<String>) -> EvaluationPlan {
    let folds = count_or(config.folds.as_ref(), default::FOLDS);
    let inner_folds = match value_or(config.inner_folds.as_ref(), InnerFolds::Outer) {
        InnerFolds::Outer if folds < FOLDS_FOR_OUTER => {
            notes.push(format!(
                "folds = {folds}: too few for the remaining folds to tune on, so every training part gets {} inner folds of its own",
                default::INNER_FOLDS
            ));
            InnerFolds::Independent(default::INNER_FOLDS)
        }
        inner_folds => inner_folds,
    };
    EvaluationPlan {
        folds,
        repeats: count_or(config.repeats.as_ref(), default::REPEATS),
        permutations: value_or(
            config.permutations.as_ref(),
            Permutations::Fixed(default::PERMUTATIONS),
        ),
        level: value_or(config.level.as_ref(), default::LEVEL),
        smallest_effect: config.smallest_effect.as_ref().map(|effect| effect.value),
        controls: value_or(config.controls.as_ref(), true),
        inner_folds,
        exchange: value_or(config.exchange.as_ref(), Exchange::Blocks),
        unit: value_or(config.unit.as_ref(), Unit::Row),
        duplicates: value_or(config.duplicates.as_ref(), Duplicates::Group),
        missing_exchange: value_or(
            config.missing_exchange.as_ref(),
            MissingExchange::FirstReturn,
        ),
        sensitivity: count_or(config.sensitivity.as_ref(), default::SENSITIVITY),
        best: value_or(config.best.as_ref(), false),
    }
}

fn encoder(config: &EncoderConfig, pool: Pool, folder: &Path) -> Result<EncoderPlan, Refusal> {
    Ok(EncoderPlan {
        name: config.name.value.clone(),
        source: encoder_source(config, folder)?,
        pool: value_or(config.pool.as_ref(), pool),
        isolation: config.isolation.as_ref().map(|isolation| isolation.value),
        download: value_or(config.download.as_ref(), false),
    })
}

fn encoder_source(config: &EncoderConfig, folder: &Path) -> Result<EncoderSource, Refusal> {
    match (&config.plugin, &config.embeddings) {
        (Some(plugin), None) => {
            refuse_precomputed_keys(config)?;
            Ok(EncoderSource::Plugin {
                plugin: plugin.value.clone(),
                params: config.params.values.clone(),
                typed: config.params.clone(),
            })
        }
        (None, Some(embeddings)) => {
            refuse_plugin_keys(config)?;
            refuse_ids(config, embeddings)?;
            Ok(EncoderSource::Precomputed {
                embeddings: folder.join(&embeddings.value),
                ids: config.ids.as_ref().map(|ids| folder.join(&ids.value)),
                allow_misaligned: value_or(config.allow_misaligned.as_ref(), false),
            })
        }
        (Some(_), Some(embeddings)) => Err(embeddings
            .problem("stands beside `plugin`: vectors come from a plugin or from a file")
            .into()),
        (None, None) => Err(Problem::new(
            &config.origin,
            format!(
                "[[encoder]] {} has neither `plugin` nor `embeddings`",
                config.name.value
            ),
        )
        .with_try("plugin = \"lexical\", or embeddings = \"vectors.npy\" with ids = \"ids.txt\"")
        .into()),
    }
}

fn refuse_precomputed_keys(config: &EncoderConfig) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    if let Some(ids) = &config.ids {
        problems.push(ids.problem("belongs to `embeddings`; this encoder is a plugin"));
    }
    if let Some(allow) = config.allow_misaligned.as_ref().filter(|allow| allow.value) {
        problems.push(allow.problem("belongs to `embeddings`; this encoder is a plugin"));
    }
    problems.finish(())
}

/// A file of vectors has no parameters, so any further key is a slip or belongs to a plugin.
fn refuse_plugin_keys(config: &EncoderConfig) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    for (key, origin) in &config.params.origins {
        let known = crate::problem::suggestion(key, EncoderConfig::HOST_KEYS);
        problems.push(Problem::new(
            origin,
            format!(
                "[[encoder]] {} has no key `{key}`{known}",
                config.name.value
            ),
        ));
    }
    problems.finish(())
}

/// Row order is never trusted: a .npy file needs an ids file, a table brings its ids along.
fn refuse_ids(config: &EncoderConfig, embeddings: &Sourced<String>) -> Result<(), Refusal> {
    let is_npy = has_extension(&embeddings.value, &["npy"]);
    match &config.ids {
        None if is_npy => Err(embeddings
            .problem("is a .npy file without `ids`: row order is never trusted")
            .with_try("ids = \"ids.txt\", a text file with one id per row")
            .into()),
        Some(ids) if !is_npy => Err(ids
            .problem("belongs to .npy files; a table of vectors has its own id column")
            .into()),
        _ if is_npy || has_extension(&embeddings.value, &["csv", "tsv", "jsonl", "parquet"]) => {
            Ok(())
        }
        _ => Err(embeddings
            .problem("is none of .npy, .csv, .tsv, .jsonl, .parquet")
            .into()),
    }
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(path)
        .extension()
        .map(|extension| extension.to_ascii_lowercase());
    extension.is_some_and(|found| extensions.iter().any(|known| found == **known))
}

fn regressor(config: &RegressorConfig) -> RegressorPlan {
    let mut alphas = config.alphas.as_ref().map(|alphas| alphas.value.clone());
    if let Some(alphas) = &mut alphas {
        alphas.sort_by(|a, b| b.total_cmp(a)); // the strongest penalty comes first everywhere
    }
    RegressorPlan {
        name: config.name.value.clone(),
        plugin: config.plugin.value.clone(),
        params: config.params.values.clone(),
        typed: config.params.clone(),
        alphas,
        n_alphas: config
            .n_alphas
            .as_ref()
            .map(|n_alphas| count_or(Some(n_alphas), 0)),
        alpha_min_ratio: value_or(config.alpha_min_ratio.as_ref(), default::ALPHA_MIN_RATIO),
        patience: value_or(config.patience.as_ref(), Patience::Steps(default::PATIENCE)),
        tol: value_or(config.tol.as_ref(), default::TOL),
        selection: value_or(config.selection.as_ref(), Selection::Min),
        isolation: config.isolation.as_ref().map(|isolation| isolation.value),
    }
}

/// Settings that parse but whose feature this version lacks: refused only when the value asks for it.
fn refuse_unbuilt(config: &Config, problems: &mut Problems) {
    let mut refuse = |problem: Option<Problem>| {
        if let Some(problem) = problem {
            problems.push(problem);
        }
    };
    let evaluation = &config.evaluation;
    refuse(unbuilt(
        &evaluation.permutations,
        |permutations| matches!(permutations, Permutations::Adaptive(_)),
        "permutations = 999",
    ));
    refuse(unbuilt(
        &evaluation.unit,
        |u| *u == Unit::Group,
        "unit = \"row\"",
    ));
    refuse(unbuilt(
        &evaluation.exchange,
        |exchange| *exchange == Exchange::SizeBands,
        "exchange = \"blocks\" or \"within\"",
    ));
    refuse(unbuilt(
        &evaluation.missing_exchange,
        |exchange| *exchange == MissingExchange::Strata,
        "missing_exchange = \"first-return\"",
    ));
    refuse(unbuilt(&evaluation.best, |best| *best, "best = false"));
    if config.scope == Scope::Evaluation {
        refuse(unbuilt(
            &config.data.covariates,
            |covariates| !covariates.is_empty(),
            "covariates = []",
        ));
    }
    for encoder in &config.encoders {
        refuse(unbuilt(&encoder.isolation, is_process, IN_PROCESS));
        refuse(unbuilt(
            &encoder.download,
            |download| *download,
            "download = false, with the model in a folder",
        ));
    }
    for regressor in &config.regressors {
        refuse(unbuilt(&regressor.isolation, is_process, IN_PROCESS));
        refuse(unbuilt(
            &regressor.selection,
            |selection| *selection == Selection::OneSe,
            "selection = \"min\"",
        ));
        refuse(unbuilt(
            &regressor.compat,
            |_| true,
            "the same without `compat`",
        ));
        refuse(unbuilt(
            &regressor.export_models,
            |export| *export,
            "export_models = false",
        ));
    }
}

const IN_PROCESS: &str = "isolation = \"in-process\"";

fn is_process(isolation: &Isolation) -> bool {
    *isolation == Isolation::Process
}

fn unbuilt<T>(
    typed: &Option<Sourced<T>>,
    asks_for_it: impl Fn(&T) -> bool,
    instead: &str,
) -> Option<Problem> {
    typed
        .as_ref()
        .filter(|typed| asks_for_it(&typed.value))
        .map(|typed| {
            typed
                .problem("asks for a feature that this version does not have yet")
                .with_try(instead)
        })
}

fn refuse_contradictions(config: &Config, problems: &mut Problems) {
    refuse_shared_names("encoder", config.encoders.iter().map(|e| &e.name), problems);
    refuse_shared_names(
        "regressor",
        config.regressors.iter().map(|r| &r.name),
        problems,
    );
    refuse_missing_text(config, problems);
    refuse_roles(&config.data, problems);
    if config.scope == Scope::Evaluation
        && config.data.targets.is_none()
        && config.raters.is_empty()
    {
        problems.push(
            Problem::new(
                crate::problem::shown_path(&config.file),
                "says nowhere what is to be predicted",
            )
            .with_try("targets = [\"openness\"] under [data], or a section [raters]"),
        );
    }
    for regressor in &config.regressors {
        refuse_two_grids(regressor, problems);
    }
    refuse_exchange_without_group(config, problems);
}

fn refuse_shared_names<'a>(
    section: &str,
    names: impl Iterator<Item = &'a Sourced<String>>,
    problems: &mut Problems,
) {
    let mut seen: Vec<&Sourced<String>> = Vec::new();
    for name in names {
        // File systems that ignore case would let one encoder overwrite the other's files.
        let is_same =
            |other: &&&Sourced<String>| other.value.to_lowercase() == name.value.to_lowercase();
        match seen.iter().find(is_same) {
            Some(first) => problems.push(Problem::new(
                &name.origin,
                format!(
                    "two [[{section}]] are called `{}`; the other is at {}",
                    name.value, first.origin
                ),
            )),
            None => seen.push(name),
        }
    }
}

fn refuse_missing_text(config: &Config, problems: &mut Problems) {
    let needs_text = config
        .encoders
        .iter()
        .find(|encoder| encoder.plugin.is_some());
    if let (Some(encoder), None) = (needs_text, &config.data.text) {
        problems.push(
            Problem::new(
                &encoder.origin,
                format!(
                    "[[encoder]] {} needs texts, and [data] names no `text`",
                    encoder.name.value
                ),
            )
            .with_try("text = \"text\" under [data]"),
        );
    }
}

/// One column, one role.
fn refuse_roles(data: &DataConfig, problems: &mut Problems) {
    let targets = data.targets.iter().flat_map(|targets| &targets.value);
    for target in targets {
        let role = if *target == data.id.value {
            "id"
        } else if data.text.as_ref().is_some_and(|t| t.value.contains(target)) {
            "text"
        } else if data.group.as_ref().is_some_and(|g| g.value == *target) {
            "group"
        } else {
            continue;
        };
        if let Some(targets) = &data.targets {
            problems
                .push(targets.problem(&format!("names `{target}`, which is the {role} column")));
        }
    }
}

fn refuse_two_grids(regressor: &RegressorConfig, problems: &mut Problems) {
    if regressor.alphas.is_none() {
        return;
    }
    let relative = [
        regressor
            .n_alphas
            .as_ref()
            .map(|n| n.problem(BESIDE_ALPHAS)),
        regressor
            .alpha_min_ratio
            .as_ref()
            .map(|ratio| ratio.problem(BESIDE_ALPHAS)),
    ];
    for problem in relative.into_iter().flatten() {
        problems.push(problem);
    }
}

const BESIDE_ALPHAS: &str = "stands beside `alphas`: a grid is either given or found from the data";

fn refuse_exchange_without_group(config: &Config, problems: &mut Problems) {
    if let (Some(exchange), None) = (&config.evaluation.exchange, &config.data.group)
        && exchange.value == Exchange::Within
    {
        problems.push(
            exchange
                .problem("permutes inside groups, and [data] names no `group`")
                .with_try("group = \"author\" under [data]"),
        );
    }
}
