//! What a plan cannot be: settings that contradict each other.

use std::path::Path;

use ocean_report::model::BEST;

use super::FormatPlan;
use super::resolve::default;
use crate::problem::{Problem, Problems, Refusal, shown_path, suggestion};
use crate::read::config::keys::ENCODER;
use crate::read::config::tree::Origin;
use crate::read::config::{
    Config, DataConfig, EncoderConfig, EvaluationConfig, Exchange, FormatConfig, Isolation,
    Patience, PlaceConfig, Pool, RegressorConfig, Scope, Sourced, Unit,
};
use crate::read::dataset::workbook::is_workbook;
use crate::read::dataset::{is_table, is_text};

pub(super) fn refuse_contradictions(config: &Config, problems: &mut Problems) {
    refuse_shared_names("encoder", config.encoders.iter().map(|e| &e.name), problems);
    refuse_shared_names(
        "regressor",
        config.regressors.iter().map(|r| &r.name),
        problems,
    );
    refuse_missing_text(config, problems);
    refuse_roles(&config.data, problems);
    refuse_joins_without_id(config, problems);
    refuse_idle_format(&config.data.path.value, &config.data.format, problems);
    for join in &config.data.joins {
        refuse_idle_format(&join.path.value, &join.format, problems);
    }
    if config.scope == Scope::Evaluation
        && config.data.targets.is_none()
        && config.raters.is_empty()
    {
        problems.push(
            Problem::new(
                shown_path(&config.file),
                "says nowhere what is to be predicted",
            )
            .with_try("targets = [\"openness\"] under [data], or a section [raters]"),
        );
    }
    for regressor in &config.regressors {
        refuse_two_grids(regressor, problems);
        refuse_beside_compat(regressor, problems);
    }
    let places = config.encoders.iter().map(|encoder| &encoder.place);
    for place in places.chain(config.regressors.iter().map(|regressor| &regressor.place)) {
        refuse_idle_limits(place, problems);
    }
    refuse_groups(config, problems);
    refuse_beside_fold_column(config, problems);
    refuse_beside_test(config, problems);
    refuse_best_of_one(config, problems);
    refuse_combined(config, problems);
    refuse_words_without_text(config, problems);
}

/// Words and texts need texts.
fn refuse_words_without_text(config: &Config, problems: &mut Problems) {
    let has_text = config
        .data
        .text
        .as_ref()
        .is_some_and(|text| !text.value.is_empty());
    let Some(report) = config.report.as_ref().filter(|_| !has_text) else {
        return;
    };
    let asked = [&report.words, &report.texts].into_iter().flatten();
    for key in asked.filter(|key| key.value) {
        problems.push(
            key.problem("needs texts, and [data] names no column of them")
                .with_try("text = \"text\" under [data]"),
        );
    }
}

fn refuse_best_of_one(config: &Config, problems: &mut Problems) {
    let is_reported =
        |encoder: &&EncoderConfig| encoder.report.as_ref().is_none_or(|report| report.value);
    let n_reported = config.encoders.iter().filter(is_reported).count();
    let n_recipes = n_reported * config.regressors.len();
    if let Some(best) = config.evaluation.best.as_ref().filter(|best| best.value)
        && config.scope == Scope::Evaluation
        && n_recipes == 1
    {
        problems.push(
            best.problem("has nothing to choose from: there is one encoder and one regressor")
                .with_try("best = false, or a second [[encoder]] or [[regressor]]"),
        );
    }
    let encoders = config.encoders.iter().map(|encoder| &encoder.name);
    let names = encoders.chain(config.regressors.iter().map(|regressor| &regressor.name));
    for name in names.filter(|name| name.value == BEST) {
        problems.push(name.problem("is what the report calls the best of all (best = true)"));
    }
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
        .find(|encoder| encoder.plugin.is_some() || encoder.endpoint.is_some());
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

/// The number of a row is an id for nobody else.
fn refuse_joins_without_id(config: &Config, problems: &mut Problems) {
    if config.data.id.is_some() {
        return;
    }
    let by_id = config.data.joins.iter().filter(|join| join.on.is_none());
    let by_id = by_id.map(|join| (&join.path, "joins a table by id"));
    let elsewhere = config
        .encoders
        .iter()
        .filter_map(|encoder| encoder.embeddings.as_ref());
    let elsewhere = elsewhere.map(|vectors| (vectors, "joins vectors by id"));
    for (named, what) in by_id.chain(elsewhere) {
        let message = format!("{what}, and [data] has no `id`: row order is never trusted");
        problems.push(named.problem(&message).with_try("id = \"id\" under [data]"));
    }
}

/// One column, one role.
fn refuse_roles(data: &DataConfig, problems: &mut Problems) {
    let names = |columns: &Option<Sourced<Vec<String>>>, name: &String| {
        columns
            .as_ref()
            .is_some_and(|columns| columns.value.contains(name))
    };
    let role_of = |name: &String| {
        if data.id.as_ref().is_some_and(|id| id.value == *name) {
            Some("the id column")
        } else if names(&data.text, name) {
            Some("the text column")
        } else if data.group.as_ref().is_some_and(|g| g.value == *name) {
            Some("the group column")
        } else {
            None
        }
    };
    for columns in [&data.targets, &data.covariates].into_iter().flatten() {
        for name in &columns.value {
            if let Some(role) = role_of(name) {
                problems.push(columns.problem(&format!("names `{name}`, which is {role}")));
            }
        }
    }
    if let Some(covariates) = &data.covariates {
        for name in &covariates.value {
            if names(&data.targets, name) {
                problems.push(covariates.problem(&format!("names `{name}`, which is a target")));
            }
        }
    }
}

/// Another program's grid leaves nothing to choose: neither penalties nor an early end, which those
/// programs do not have.
fn refuse_beside_compat(regressor: &RegressorConfig, problems: &mut Problems) {
    let Some(compat) = &regressor.compat else {
        return;
    };
    let beside = |what: &str| {
        compat.problem(&format!(
            "stands beside `{what}`: the other program's own grid is walked to its end"
        ))
    };
    problems.extend(regressor.alphas.as_ref().map(|_| beside("alphas")));
    let stops = |patience: &&Sourced<Patience>| patience.value != Patience::Off;
    problems.extend(
        regressor
            .patience
            .as_ref()
            .filter(stops)
            .map(|_| beside("patience")),
    );
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

/// Schemes for groups need groups; where groups are rows, there is nothing left to exchange but
/// rows.
fn refuse_groups(config: &Config, problems: &mut Problems) {
    let EvaluationConfig { exchange, unit, .. } = &config.evaluation;
    let exchange = exchange
        .as_ref()
        .filter(|exchange| exchange.value == Exchange::Within);
    let unit = unit.as_ref().filter(|unit| unit.value == Unit::Group);
    let without_group = |problem: Problem| problem.with_try("group = \"author\" under [data]");
    if config.data.group.is_none() {
        problems.extend(exchange.map(|exchange| {
            without_group(exchange.problem("permutes inside groups, and [data] names no `group`"))
        }));
        problems.extend(unit.map(|unit| {
            without_group(unit.problem("makes every group one row, and [data] names no `group`"))
        }));
    } else if let (Some(exchange), Some(_)) = (exchange, unit) {
        problems.push(
            exchange
                .problem("stands beside `unit = \"group\"`, which makes every group one row and exchanges their values")
                .with_try("one of the two"),
        );
    }
}

/// Test rows come from one place, and what covariates leave of them is not known.
fn refuse_beside_test(config: &Config, problems: &mut Problems) {
    let split = config.data.split.as_ref();
    let path = config.test.as_ref().and_then(|test| test.path.as_ref());
    match (split, path, &config.test) {
        (Some(split), Some(path), _) => {
            let message = format!("stands beside `split` of [data] ({})", split.origin);
            problems.push(path.problem(&message).with_try("one of the two"));
        }
        (None, None, Some(test)) => {
            let problem = Problem::new(
                &test.origin,
                "[test] says of no rows that they are the sample",
            );
            problems
                .push(problem.with_try("path = \"later.csv\", or split = \"part\" under [data]"));
        }
        _ => {}
    }
    if let (Some(covariates), true) = (&config.data.covariates, split.is_some() || path.is_some())
        && !covariates.value.is_empty()
    {
        let message = "stands beside a test sample: what covariates leave of its rows would have to be learned on them, or the test would be about the covariates, too";
        problems.push(
            covariates
                .problem(message)
                .with_try("one of the two; or the covariates as columns of a table of vectors"),
        );
    }
}

/// Why folds of a column have no repeats.
const ANEW: &str = "draws the folds anew, and those of a column are given";

/// Folds of a column are there once, nothing but them is held out, and no column can be both a fold
/// and something else.
fn refuse_beside_fold_column(config: &Config, problems: &mut Problems) {
    let evaluation = &config.evaluation;
    let folds = evaluation.folds.as_ref();
    let Some((folds, column)) = folds.and_then(|folds| Some((folds, folds.value.column()?))) else {
        let free = evaluation.exchange.as_ref();
        problems.extend(
            free.filter(|typed| typed.value == Exchange::Free)
                .map(|typed| {
                    typed
                        .problem(
                            "moves values between the folds of a column, and `folds` names none",
                        )
                        .with_try("exchange = \"blocks\", or folds = \"site\"")
                }),
        );
        return;
    };
    let again = [
        evaluation
            .repeats
            .as_ref()
            .filter(|typed| typed.value > 1)
            .map(|typed| typed.problem(ANEW)),
        evaluation
            .fold_redraws
            .as_ref()
            .filter(|typed| typed.value > 0)
            .map(|typed| typed.problem(ANEW)),
    ];
    for problem in again.into_iter().flatten() {
        problems.push(problem.with_try("leave it out, or a number of folds"));
    }
    let data = &config.data;
    let is_among = |columns: &Option<Sourced<Vec<String>>>| {
        columns
            .as_ref()
            .is_some_and(|columns| columns.value.iter().any(|name| name == column))
    };
    if data.id.as_ref().is_some_and(|id| id.value == column) {
        problems.push(folds.problem("is the id column: every row would be a fold"));
    } else if is_among(&data.text) {
        problems.push(folds.problem("is the text column"));
    } else if is_among(&data.targets) {
        problems.push(folds.problem("is a target"));
    } else if is_among(&data.covariates) {
        let message = "is a covariate, too: what it does to rows of a value is not to be learned from rows of the others";
        problems.push(
            folds
                .problem(message)
                .with_try("one of the two; permutations stay inside its values anyway"),
        );
    } else if data
        .group
        .as_ref()
        .is_some_and(|group| group.value == column)
    {
        let message = "is the group column, too: with one group a fold nothing could change places";
        problems.push(
            folds
                .problem(message)
                .with_try("leave out `group`: values then move inside each fold"),
        );
    }
}

/// Limits hold for calls of another process. A value that is the default is let pass, for
/// `--dry-run` prints those.
fn refuse_idle_limits(place: &PlaceConfig, problems: &mut Problems) {
    let isolation = place.isolation.as_ref().map(|isolation| isolation.value);
    if isolation != Some(Isolation::InProcess) {
        return;
    }
    let time = place.time_limit.as_ref();
    let time = time.filter(|limit| limit.value != i64::from(default::TIME_LIMIT));
    for limit in [time, place.memory_limit.as_ref()].into_iter().flatten() {
        let problem = limit.problem(
            "changes nothing beside `isolation = \"in-process\"`: only a process of its own is stopped",
        );
        problems.push(problem.with_try("one of the two"));
    }
}

/// What stands side by side are other encoders, each of which has vectors of its own.
fn refuse_combined(config: &Config, problems: &mut Problems) {
    let encoders = &config.encoders;
    let names = || encoders.iter().map(|encoder| encoder.name.value.as_str());
    for combine in encoders
        .iter()
        .filter_map(|encoder| encoder.combine.as_ref())
    {
        if combine.value.len() < 2 {
            problems.push(combine.problem("names one encoder; two or more stand side by side"));
        }
        for name in &combine.value {
            let part = encoders.iter().find(|encoder| encoder.name.value == *name);
            match part {
                None => {
                    let known = suggestion(name, names());
                    problems.push(
                        combine.problem(&format!("names `{name}`, which is no [[encoder]]{known}")),
                    );
                }
                Some(part) if part.combine.is_some() => {
                    let message = format!("names `{name}`, which is combined itself");
                    problems.push(
                        combine
                            .problem(&message)
                            .with_try("the encoders that it is made of"),
                    );
                }
                Some(_) => {}
            }
        }
    }
    for encoder in encoders.iter().filter(|encoder| encoder.combine.is_none()) {
        problems.extend(encoder.weight.as_ref().map(|weight| {
            weight
                .problem("belongs to `combine`: one encoder has nothing to be weighed against")
                .with_try("leave it out")
        }));
    }
    let is_part = |name: &String| {
        let combined = encoders
            .iter()
            .filter_map(|encoder| encoder.combine.as_ref());
        combined
            .into_iter()
            .any(|combine| combine.value.contains(name))
    };
    let mut all_hidden = true;
    for encoder in encoders {
        let hidden = encoder.report.as_ref().filter(|report| !report.value);
        all_hidden &= hidden.is_some();
        if let Some(report) = hidden.filter(|_| !is_part(&encoder.name.value)) {
            let message = "leaves nothing of it: no other encoder names it in `combine`";
            problems.push(
                report
                    .problem(message)
                    .with_try("report = true, or no such [[encoder]]"),
            );
        }
    }
    if let (true, Some(first)) = (
        all_hidden,
        encoders.first().and_then(|one| one.report.as_ref()),
    ) {
        problems.push(first.problem("stands at every encoder: there is nothing to evaluate"));
    }
}

/// Encoders side by side bring what belongs to each along.
pub(super) fn refuse_beside_combine(config: &EncoderConfig, pool: Pool) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    if let Some(other) = config.plugin.as_ref().or(config.embeddings.as_ref()) {
        let message = "stands beside `combine`: vectors come from one place";
        problems.push(other.problem(message).with_try("one of the two"));
    }
    if let Some(other) = &config.values {
        let message = "stands beside `combine`: vectors come from one place";
        problems.push(other.problem(message).with_try("one of the two"));
    }
    problems.keep(refuse_plugin_keys(config, pool));
    problems.keep(refuse_precomputed_keys(config));
    problems.finish(())
}

/// Columns of the tables need no file and no plugin.
pub(super) fn refuse_beside_values(
    config: &EncoderConfig,
    values: &Sourced<Vec<String>>,
    pool: Pool,
) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    if config.plugin.is_some() || config.embeddings.is_some() {
        let message = "stands beside `plugin` or `embeddings`: vectors come from one place";
        problems.push(values.problem(message).with_try("one of the two"));
    }
    if values.value.is_empty() {
        problems.push(values.problem("names no column"));
    }
    problems.keep(refuse_plugin_keys(config, pool));
    problems.keep(refuse_precomputed_keys(config));
    problems.finish(())
}

pub(super) fn refuse_precomputed_keys(config: &EncoderConfig) -> Result<(), Refusal> {
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
/// `pool`: the study's, which dry runs print for every encoder.
pub(super) fn refuse_plugin_keys(config: &EncoderConfig, pool: Pool) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    let params = &config.params;
    let is_further = |(key, _): &(&String, &Origin)| params.values.contains_key(*key);
    for (key, origin) in params.origins.iter().filter(is_further) {
        let known = suggestion(key, ENCODER.names());
        problems.push(Problem::new(
            origin,
            format!(
                "[[encoder]] {} has no key `{key}`{known}",
                config.name.value
            ),
        ));
    }
    let place = &config.place;
    let own_pool = config.pool.as_ref().filter(|typed| typed.value != pool);
    let idle = [
        own_pool.map(|typed| typed.problem(NO_PLUGIN)),
        place
            .isolation
            .as_ref()
            .map(|typed| typed.problem(NO_PLUGIN)),
        place
            .time_limit
            .as_ref()
            .map(|typed| typed.problem(NO_PLUGIN)),
        place
            .memory_limit
            .as_ref()
            .map(|typed| typed.problem(NO_PLUGIN)),
        config
            .download
            .as_ref()
            .map(|typed| typed.problem(NO_PLUGIN)),
    ];
    for problem in idle.into_iter().flatten() {
        problems.push(problem.with_try("leave it out; it belongs to encoders with `plugin`"));
    }
    problems.finish(())
}

/// Why a setting of plugins is refused beside vectors from a file.
const NO_PLUGIN: &str = "has no meaning without `plugin`: vectors in a file or a table need none";

/// Row order is never trusted: a .npy file needs an ids file, an .npz may bring its own, a table
/// brings its ids along.
pub(super) fn refuse_ids(
    config: &EncoderConfig,
    embeddings: &Sourced<String>,
) -> Result<(), Refusal> {
    let is_npy = has_extension(&embeddings.value, &["npy"]);
    let is_numpy = is_npy || has_extension(&embeddings.value, &["npz"]);
    match &config.ids {
        None if is_npy => Err(embeddings
            .problem("is a .npy file without `ids`: row order is never trusted")
            .with_try("ids = \"ids.txt\", a text file with one id per row, or a .npy file of ids")
            .into()),
        Some(ids) if !is_numpy => Err(ids
            .problem("belongs to .npy files; a table of vectors has its own id column")
            .into()),
        _ if is_numpy || is_table(Path::new(&embeddings.value)) => Ok(()),
        _ => Err(embeddings
            .problem("is none of .npy, .npz, .csv, .tsv, .jsonl, .parquet, .xlsx, .xls, .ods, .sav, .dta")
            .into()),
    }
}

/// What cannot be said of a table of this name: why it has no delimiter, no encoding, no sheet.
#[derive(Debug, Default)]
struct Idle {
    delimiter: Option<&'static str>,
    encoding: Option<&'static str>,
    sheet: Option<&'static str>,
}

impl Idle {
    fn of(name: &str) -> Self {
        let path = Path::new(name);
        let is_delimited = is_text(path) && !has_extension(name, &["jsonl"]);
        let is_encoded = is_text(path) || has_extension(name, &["sav", "zsav", "dta"]);
        let unless = |has: bool, why| (!has).then_some(why);
        Self {
            delimiter: unless(
                is_delimited,
                "belongs to files whose fields are separated by something, as .csv",
            ),
            encoding: unless(
                is_encoded,
                "belongs to text files, as .csv, and to .sav and .dta",
            ),
            sheet: unless(is_workbook(path), "belongs to workbooks: .xlsx, .xls, .ods"),
        }
    }
}

/// Refuses what the command line says of a table that does not have it.
///
/// # Errors
/// Each such flag.
pub(crate) fn refuse_idle_flags(path: &Path, format: &FormatPlan) -> Result<(), Refusal> {
    let idle = Idle::of(&path.to_string_lossy());
    let mut problems = Problems::default();
    for (flag, is_typed, why) in [
        ("--delimiter", format.delimiter.is_some(), idle.delimiter),
        ("--encoding", format.encoding.is_some(), idle.encoding),
        ("--sheet", format.sheet.is_some(), idle.sheet),
    ] {
        let why = why.filter(|_| is_typed);
        problems.extend(why.map(|why| Problem::new(flag, why).with_try("leave it out")));
    }
    problems.finish(())
}

/// What a format does not have cannot be said of it.
fn refuse_idle_format(name: &str, format: &FormatConfig, problems: &mut Problems) {
    let idle = Idle::of(name);
    let found = [
        format
            .delimiter
            .as_ref()
            .zip(idle.delimiter)
            .map(|(typed, why)| typed.problem(why)),
        format
            .encoding
            .as_ref()
            .zip(idle.encoding)
            .map(|(typed, why)| typed.problem(why)),
        format
            .sheet
            .as_ref()
            .zip(idle.sheet)
            .map(|(typed, why)| typed.problem(why)),
    ];
    let found = found.into_iter().flatten();
    problems.extend(found.map(|problem| problem.with_try("leave it out")));
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(path)
        .extension()
        .map(|extension| extension.to_ascii_lowercase());
    extension.is_some_and(|found| extensions.iter().any(|known| found == **known))
}
