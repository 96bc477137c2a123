//! `plugin list`, `info`, `check` and `new`.

use ocean_loader::{Prober, SearchPath};

use super::Ended;
use crate::cli::{CheckArgs, NewArgs, PluginCommand};
use crate::commands::plugin::error::PluginCommandError;
use crate::commands::plugin::{self, InfoError};
use crate::encode::places::plugin_places;
use crate::problem::{Problem, Refusal};
use crate::run::RunError;

pub(super) fn plugin(command: PluginCommand) -> Result<Ended, RunError> {
    let (search, prober) = plugin_places().map_err(RunError::Program)?;
    match command {
        PluginCommand::List => list(&search, &prober),
        PluginCommand::Info { plugin, manifest } => info(&plugin, manifest, &search, &prober),
        // What a library did before is no answer to whoever has just changed it: no quarantine.
        PluginCommand::Check(args) => check(args, &search, &Prober::new(prober.program())),
        PluginCommand::New(args) => new(args),
    }
}

fn list(search: &SearchPath, prober: &Prober) -> Result<Ended, RunError> {
    let mut text = Vec::new();
    let is_sound = plugin::list(search, prober, &mut text).map_err(PluginCommandError::Io)?;
    Ok(Ended::saying(&String::from_utf8_lossy(&text)).only_if(is_sound))
}

fn info(
    plugin: &str,
    writes_manifest: bool,
    search: &SearchPath,
    prober: &Prober,
) -> Result<Ended, RunError> {
    let here = std::env::current_dir().map_err(PluginCommandError::Io)?;
    let mut text = Vec::new();
    let told = plugin::info(plugin, &here, search, prober, writes_manifest, &mut text);
    told.map_err(|error| match error {
        InfoError::Library(error) => Refusal::from(Problem::new(plugin, error.to_string())).into(),
        InfoError::Io(error) => RunError::from(PluginCommandError::Io(error)),
    })?;
    Ok(Ended::saying(&String::from_utf8_lossy(&text)))
}

fn new(args: NewArgs) -> Result<Ended, RunError> {
    let request = plugin::new::Request {
        kind: args.kind,
        language: args.lang,
        name: args.name,
        folder: args.dir,
        sdk: args.sdk,
    };
    Ok(Ended::saying(&plugin::new::new(&request)?))
}

fn check(args: CheckArgs, search: &SearchPath, prober: &Prober) -> Result<Ended, RunError> {
    use crate::commands::plugin::check;
    use crate::tell::stdout;
    use crate::write::exported;
    use ocean_report::escape;

    let Some(plugin) = args.plugin.filter(|_| !args.list) else {
        return Ok(Ended::saying(&check::listed()));
    };
    let params = args.params.iter().map(|typed| exported::parameter(typed));
    let options = check::Options {
        plugin,
        only: args.only,
        seed: args.seed,
        params: params.collect::<Result<_, _>>()?,
        is_in_process: args.in_process,
    };
    let is_json = args.json;
    let summary = check::check(&options, search, prober, |result| {
        let line = match serde_json::to_string(result) {
            Ok(json) if is_json => escape::json(&json),
            _ => escape::terminal(&result.to_string()),
        };
        stdout::print(format!("{line}\n").as_bytes());
    })?;
    let text = match is_json {
        true => String::new(),
        false => format!("{summary}\n"),
    };
    Ok(Ended::saying(&text).only_if(summary.failed == 0))
}
