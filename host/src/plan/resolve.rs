//! From what was typed to what will happen: defaults, absolute paths, and the refusal of what
//! contradicts itself or does not exist yet.

use std::path::{Path, PathBuf, absolute};

use super::refusals::{
    refuse_beside_combine, refuse_beside_values, refuse_contradictions, refuse_ids,
    refuse_plugin_keys, refuse_precomputed_keys,
};
use super::server::{refuse_idle_server_keys, server};
use super::{
    DataPlan, EncoderPlan, EncoderSource, EvaluationPlan, FormatPlan, JoinPlan, Place, Plan,
    RaterPlan, RegressorPlan, ReportPlan, StudyPlan, TestPlan,
};
use crate::problem::{Problem, Problems, Refusal, shown_path};
use crate::read::config::tree::Origin;
use crate::read::config::{
    Blank, Compat, Config, DataConfig, Duplicates, EncoderConfig, EvaluationConfig, Exchange,
    FormatConfig, InnerFolds, JoinConfig, Missing, MissingExchange, OuterFolds, Parameters,
    Patience, Permutations, PlaceConfig, Pool, RegressorConfig, Scope, Selection, Sourced, Unit,
    Weight,
};

/// What an absent key means (CONTRACT, "Optional, with defaults"; STATISTICS §1).
pub(super) mod default {
    pub const SEED: u64 = 0;
    pub const FOLDS: u32 = 5;
    pub const REPEATS: u32 = 1;
    pub const PERMUTATIONS: u32 = 999;
    /// The model stays, so that a permutation costs one product.
    pub const TEST_PERMUTATIONS: u32 = 99_999;
    pub const LEVEL: f64 = 0.05;
    pub const SENSITIVITY: u32 = 200;
    pub const TIME_LIMIT: u32 = 600;
    /// Twenty redraws cost a quarter of a default run.
    pub const FOLD_REDRAWS: u32 = 0;
    pub const PATIENCE: u32 = 5;
    pub const TOL: f64 = 1e-9;
    pub const ALPHA_MIN_RATIO: f64 = 1e-3;
    /// Penalties of a grid of scikit-learn or glmnet.
    pub const N_ALPHAS_ELSEWHERE: u32 = 100;
    /// Inner folds when the remaining outer folds are too few to tune on.
    pub const INNER_FOLDS: u32 = 5;
}

/// Fewest outer folds whose remainder can serve as inner folds.
const FOLDS_FOR_OUTER: u32 = 4;

impl Plan {
    /// Fills in every default, makes every path absolute (from the folder of plugins.toml) and
    /// refuses what can be refused without opening data or plugins. `out`: the folder the user
    /// asked for, else `runs/<study.name>`.
    ///
    /// # Errors
    /// A [`Refusal`] with every contradiction and every feature that is asked for and does not
    /// exist yet.
    pub fn resolve(config: &Config, out: Option<&Path>) -> Result<Plan, Refusal> {
        let mut problems = Problems::default();
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
            test: test(config, &folder),
            raters: raters(config),
            evaluation: evaluation(&config.evaluation, &mut notes),
            report: report(config, &data),
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

    /// The same with what only the table says: how many folds a column has.
    pub(crate) fn settled(mut self, n_fold_values: u32) -> Plan {
        if let OuterFolds::Column { n_values, .. } = &mut self.evaluation.folds {
            *n_values = n_fold_values;
            let evaluation = &mut self.evaluation;
            evaluation.inner_folds =
                inner_folds(&evaluation.folds, evaluation.inner_folds, &mut self.notes);
        }
        self
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

pub(super) fn value_or<T: Clone>(typed: Option<&Sourced<T>>, default: T) -> T {
    typed.map_or(default, |typed| typed.value.clone())
}

pub(super) fn count_or(typed: Option<&Sourced<i64>>, default: u32) -> u32 {
    typed.map_or(default, |typed| {
        u32::try_from(typed.value).unwrap_or(u32::MAX)
    })
}

fn data(config: &Config, folder: &Path) -> DataPlan {
    let data = &config.data;
    let is_evaluation = config.scope == Scope::Evaluation; // `encode` and `power` read texts and no ratings
    let if_evaluated = |names: Option<&Sourced<Vec<String>>>| match is_evaluation {
        true => value_or(names, Vec::new()),
        false => Vec::new(),
    };
    DataPlan {
        path: folder.join(&data.path.value),
        format: format(&data.format),
        id: data.id.as_ref().map(|id| id.value.clone()),
        text: value_or(data.text.as_ref(), Vec::new()),
        pool: value_or(data.pool.as_ref(), Pool::Mean),
        targets: if_evaluated(data.targets.as_ref()),
        positive: if_evaluated(data.positive.as_ref()),
        group: data
            .group
            .as_ref()
            .filter(|_| is_evaluation)
            .map(|group| group.value.clone()),
        missing: value_or(data.missing.as_ref(), Missing::Drop),
        blank: value_or(data.blank.as_ref(), Blank::Drop),
        covariates: if_evaluated(data.covariates.as_ref()),
        split: data
            .split
            .as_ref()
            .filter(|_| is_evaluation)
            .map(|split| split.value.clone()),
        part: None,
        by: config.report.as_ref().map_or(Vec::new(), |report| {
            value_or(report.by.as_ref(), Vec::new())
        }),
        values: config
            .encoders
            .iter()
            .flat_map(|encoder| value_or(encoder.values.as_ref(), Vec::new()))
            .collect(),
        fold_column: config
            .evaluation
            .folds
            .as_ref()
            .and_then(|folds| folds.value.column())
            .map(str::to_owned),
        joins: data
            .joins
            .iter()
            .map(|join| JoinPlan {
                path: folder.join(&join.path.value),
                format: format(&join.format),
                id: id_of(join, data),
                on: join.on.as_ref().map(|on| on.value.clone()),
                prefix: value_or(join.prefix.as_ref(), String::new()),
            })
            .collect(),
    }
}

fn report(config: &Config, data: &DataPlan) -> ReportPlan {
    let typed = config.report.as_ref();
    ReportPlan {
        by: data.by.clone(),
        words: value_or(typed.and_then(|typed| typed.words.as_ref()), false),
        texts: value_or(typed.and_then(|typed| typed.texts.as_ref()), false),
    }
}

/// The id column of a joined table. One without any is refused elsewhere.
fn id_of(join: &JoinConfig, data: &DataConfig) -> String {
    let named = join.id.as_ref().or(join.on.as_ref()).or(data.id.as_ref());
    named.map_or(String::new(), |id| id.value.clone())
}

fn format(typed: &FormatConfig) -> FormatPlan {
    FormatPlan {
        delimiter: typed.delimiter.as_ref().map(|delimiter| delimiter.value),
        encoding: typed.encoding.as_ref().map(|name| name.value.clone()),
        sheet: typed.sheet.as_ref().map(|name| name.value.clone()),
    }
}

fn test(config: &Config, folder: &Path) -> Option<TestPlan> {
    let typed = config.test.as_ref();
    let is_asked = typed.is_some() || config.data.split.is_some();
    (is_asked && config.scope == Scope::Evaluation).then(|| TestPlan {
        path: typed
            .and_then(|typed| typed.path.as_ref())
            .map(|path| folder.join(&path.value)),
        permutations: count_or(
            typed.and_then(|typed| typed.permutations.as_ref()),
            default::TEST_PERMUTATIONS,
        ),
    })
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
    let folds = value_or(config.folds.as_ref(), OuterFolds::Drawn(default::FOLDS));
    let inner = value_or(config.inner_folds.as_ref(), InnerFolds::Outer);
    EvaluationPlan {
        inner_folds: inner_folds(&folds, inner, notes),
        folds,
        repeats: count_or(config.repeats.as_ref(), default::REPEATS),
        permutations: value_or(
            config.permutations.as_ref(),
            Permutations::Fixed(default::PERMUTATIONS),
        ),
        level: value_or(config.level.as_ref(), default::LEVEL),
        smallest_effect: config.smallest_effect.as_ref().map(|effect| effect.value),
        controls: value_or(config.controls.as_ref(), true),
        exchange: value_or(config.exchange.as_ref(), Exchange::Blocks),
        unit: value_or(config.unit.as_ref(), Unit::Row),
        duplicates: value_or(config.duplicates.as_ref(), Duplicates::Group),
        missing_exchange: value_or(
            config.missing_exchange.as_ref(),
            MissingExchange::FirstReturn,
        ),
        sensitivity: count_or(config.sensitivity.as_ref(), default::SENSITIVITY),
        fold_redraws: value_or(config.fold_redraws.as_ref(), default::FOLD_REDRAWS),
        best: value_or(config.best.as_ref(), false),
    }
}

/// The remaining outer folds, where they are enough; how many a column has is not known before the
/// table is read.
fn inner_folds(folds: &OuterFolds, inner: InnerFolds, notes: &mut Vec<String>) -> InnerFolds {
    let number = folds.number();
    if inner != InnerFolds::Outer || number == 0 || number >= FOLDS_FOR_OUTER {
        return inner;
    }
    let which = match folds.column() {
        None => format!("folds = {number}"),
        Some(column) => format!("folds = \"{column}\" ({number} values)"),
    };
    notes.push(format!(
        "{which}: too few for the remaining folds to tune on, so every training part gets {} inner folds of its own",
        default::INNER_FOLDS
    ));
    InnerFolds::Independent(default::INNER_FOLDS)
}

impl Default for Place {
    fn default() -> Self {
        Self {
            isolation: None,
            time_limit: default::TIME_LIMIT,
            memory_limit: None,
        }
    }
}

fn place(config: &PlaceConfig) -> Place {
    let memory_limit = config.memory_limit.as_ref();
    Place {
        isolation: config.isolation.as_ref().map(|isolation| isolation.value),
        time_limit: count_or(config.time_limit.as_ref(), default::TIME_LIMIT),
        memory_limit: memory_limit.map(|typed| count_or(Some(typed), 0)),
    }
}

fn encoder(config: &EncoderConfig, pool: Pool, folder: &Path) -> Result<EncoderPlan, Refusal> {
    Ok(EncoderPlan {
        name: config.name.value.clone(),
        source: encoder_source(config, pool, folder)?,
        pool: value_or(config.pool.as_ref(), pool),
        place: place(&config.place),
        download: value_or(config.download.as_ref(), false),
        report: value_or(config.report.as_ref(), true),
    })
}

fn encoder_source(
    config: &EncoderConfig,
    pool: Pool,
    folder: &Path,
) -> Result<EncoderSource, Refusal> {
    if let Some(combine) = &config.combine {
        refuse_beside_combine(config, pool)?;
        refuse_idle_server_keys(config)?;
        return Ok(EncoderSource::Combined {
            combine: combine.value.clone(),
            weight: value_or(config.weight.as_ref(), Weight::Blocks),
        });
    }
    refuse_idle_server_keys(config)?;
    if let Some(endpoint) = &config.endpoint {
        return server(config, endpoint);
    }
    if let Some(values) = &config.values {
        refuse_beside_values(config, values, pool)?;
        let values = values.value.clone();
        return Ok(EncoderSource::Values { values });
    }
    match (&config.plugin, &config.embeddings) {
        (Some(plugin), None) => {
            refuse_precomputed_keys(config)?;
            Ok(EncoderSource::Plugin {
                plugin: plugin.value.clone(),
                params: config.params.clone(),
            })
        }
        (None, Some(embeddings)) => {
            refuse_plugin_keys(config, pool)?;
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
                "[[encoder]] {} has neither `plugin`, nor `embeddings`, nor `values`, nor `endpoint`, nor `combine`",
                config.name.value
            ),
        )
        .with_try("plugin = \"lexical\", or embeddings = \"vectors.npy\" with ids = \"ids.txt\"")
        .into()),
    }
}

impl RegressorPlan {
    /// A regressor with every setting left at its default, as `--regressor ID_OR_PATH` asks for it.
    pub(crate) fn with_defaults(plugin: &str) -> Self {
        let argument = format!("--regressor {plugin}");
        Self {
            name: plugin.to_owned(),
            plugin: plugin.to_owned(),
            params: Parameters {
                section: argument.clone(),
                origin: Origin::Argument(argument.into()),
                values: serde_json::Map::new(),
                origins: std::collections::BTreeMap::new(),
            },
            alphas: None,
            n_alphas: None,
            alpha_min_ratio: Some(default::ALPHA_MIN_RATIO),
            patience: Patience::Steps(default::PATIENCE),
            tol: default::TOL,
            selection: Selection::Min,
            compat: None,
            export_models: false,
            place: Place::default(),
        }
    }
}

fn regressor(config: &RegressorConfig) -> RegressorPlan {
    let mut alphas = config.alphas.as_ref().map(|alphas| alphas.value.clone());
    if let Some(alphas) = &mut alphas {
        alphas.sort_by(|a, b| b.total_cmp(a)); // the strongest penalty comes first everywhere
    }
    let compat = config.compat.as_ref().map(|compat| compat.value);
    RegressorPlan {
        name: config.name.value.clone(),
        plugin: config.plugin.value.clone(),
        params: config.params.clone(),
        alphas,
        n_alphas: match (&config.n_alphas, compat) {
            (Some(n_alphas), _) => Some(count_or(Some(n_alphas), 0)),
            (None, Some(_)) => Some(default::N_ALPHAS_ELSEWHERE),
            (None, None) => None,
        },
        alpha_min_ratio: match (&config.alpha_min_ratio, compat) {
            (Some(ratio), _) => Some(ratio.value),
            (None, Some(Compat::Glmnet)) => None,
            (None, _) => Some(default::ALPHA_MIN_RATIO),
        },
        patience: match compat {
            Some(_) => Patience::Off,
            None => value_or(config.patience.as_ref(), Patience::Steps(default::PATIENCE)),
        },
        compat,
        export_models: value_or(config.export_models.as_ref(), false),
        tol: value_or(config.tol.as_ref(), default::TOL),
        selection: value_or(config.selection.as_ref(), Selection::Min),
        place: place(&config.place),
    }
}
