//! The thin binary: arguments in, exit code out.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use ocean_host::cli::{
    CheckArgs, Cli, Command, CommonArgs, EncodeArgs, EvalArgs, MergeArgs, PlanArgs, PlannedArgs,
    PluginCommand, PredictArgs, RunArgs, SelfcheckArgs, StageArg, StatusArgs,
};
use ocean_host::cluster::{self, freeze, slurm};
use ocean_host::events::{EVENTS_VERSION, Event};
use ocean_host::problem::{Problem, Refusal};
use ocean_host::progress::Format;
use ocean_host::report::escape;
use ocean_host::report::terminal::{self, Screen};
use ocean_host::run::{Options, Outcome, RunError};
use ocean_host::{
    cli, encode_command, events, exported, file_names, init, library, plugin_check, plugin_cli,
    report, selfcheck, stdout,
};

fn main() -> ExitCode {
    let code = match Cli::try_parse() {
        Ok(cli) => run(cli),
        // Help and versions, too, are asked for in vain if nobody can read them.
        Err(error) => match error.print().and_then(|()| std::io::stdout().flush()) {
            Err(failed) if !error.use_stderr() => {
                say(&format!("error: cannot write to standard output: {failed}"));
                ExitCode::FAILURE
            }
            _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
        },
    };
    let Some(why) = stdout::failure() else {
        return code;
    };
    say(&format!("error: cannot write to standard output: {why}"));
    if code == ExitCode::SUCCESS {
        ExitCode::FAILURE
    } else {
        code
    }
}

fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Eval(args) => {
            let format = Format::from(args.common.format);
            announce(format, "eval", &args.config);
            finish_drawn(format, eval(args))
        }
        Command::Init(args) => {
            let said = init::init(&init::Options {
                data: args.data,
                id: args.id,
                text: args.text,
                targets: args.targets,
                group: args.group,
                out: args.out,
                is_forced: args.force,
            });
            match said {
                Ok(init::Said {
                    text,
                    refusal: Some(refusal),
                }) => {
                    stdout::print(text.as_bytes());
                    finish(Err(refusal.into()))
                }
                said => finish(said.map(|said| (said.text, ExitCode::SUCCESS))),
            }
        }
        Command::Encode(args) => {
            let format = Format::from(args.common.format);
            announce(format, "encode", &args.config);
            finish_as(format, encode(args))
        }
        Command::Plan(args) => finish(plan(args).map(|text| (text, ExitCode::SUCCESS))),
        Command::Run(args) => {
            let format = Format::from(args.planned.format);
            announce(format, "run", &cluster::Place::of(&args.planned.run).plan());
            finish_as(format, shard(&args))
        }
        Command::Merge(args) => {
            let format = Format::from(args.planned.format);
            announce(
                format,
                "merge",
                &cluster::Place::of(&args.planned.run).plan(),
            );
            finish_drawn(format, merge(&args))
        }
        Command::Status(args) => finish(status(&args)),
        Command::Slurm(args) => finish(
            slurm::slurm(&slurm::Request {
                run: args.run,
                partition: args.partition,
                account: args.account,
                more: args.sbatch,
                is_submitted: args.submit,
            })
            .map(|text| (text, ExitCode::SUCCESS)),
        ),
        Command::Plugin(command) => finish(plugin(command)),
        Command::Predict(args) => finish_drawn(
            Format::Human,
            apply(args).map(|text| (text, ExitCode::SUCCESS)),
        ),
        Command::Report(args) => finish_drawn(
            Format::Human,
            report::render_again(&args.dir)
                .map_err(RunError::from)
                .map(|results| {
                    (
                        terminal::render(&results, Screen::of_stdout()),
                        ExitCode::SUCCESS,
                    )
                }),
        ),
        Command::Selfcheck(args) => finish(certify(&args)),
        Command::Completions { shell } => {
            stdout::print(&cli::completions(shell));
            ExitCode::SUCCESS
        }
        Command::Man => cli::manual().map_or(ExitCode::FAILURE, |page| {
            stdout::print(&page);
            ExitCode::SUCCESS
        }),
        Command::CheckOne {
            file,
            id,
            check,
            seed,
            params,
        } => {
            let params = serde_json::from_str(&params).unwrap_or_default();
            plugin_check::child_main(&plugin_check::Request {
                file: &file,
                id: &id,
                check: &check,
                seed,
                params: &params,
            })
        }
        Command::Worker { file, id, memory } => library::worker_main(&file, &id, memory),
        Command::Probe { file } => library::probe_main(&file),
    }
}

fn eval(args: EvalArgs) -> Result<(String, ExitCode), RunError> {
    let options = Options {
        is_fresh: args.fresh,
        is_dry: args.dry_run,
        ..options(args.config, args.out, &args.common)
    };
    Ok(outcome(
        ocean_host::run::eval(&options, &interruptible())?,
        options.format,
    ))
}

fn encode(args: EncodeArgs) -> Result<(String, ExitCode), RunError> {
    let is_json = Format::from(args.common.format) == Format::Json;
    let options = options(args.config, args.out, &args.common);
    let text = encode_command::encode(&options, args.force, &interruptible())?;
    let text = if is_json {
        let out = options.out.as_deref();
        Event::Finished {
            out,
            cells: 0,
            failed: 0,
        }
        .line()
    } else {
        text
    };
    Ok((text, ExitCode::SUCCESS))
}

/// What to print of a run that ended in a report.
fn outcome(outcome: Outcome, format: Format) -> (String, ExitCode) {
    let (results, out) = match outcome {
        Outcome::Planned(plan) if format == Format::Json => {
            return (Event::Planned { plan: &plan }.line(), ExitCode::SUCCESS);
        }
        Outcome::Planned(text) => return (escape::terminal(&text), ExitCode::SUCCESS),
        Outcome::Finished { results, out } => (results, out),
    };
    let text = if format == Format::Json {
        events::of_results(&results, &out)
    } else {
        format!(
            "{}\nReports: {}\n",
            terminal::render(&results, Screen::of_stdout()),
            escape::terminal(&out.display().to_string())
        )
    };
    // A partial run says so in its exit code, too.
    (text, code(results.failed.is_empty()))
}

fn code(is_whole: bool) -> ExitCode {
    if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn plan(args: PlanArgs) -> Result<String, RunError> {
    let options = Options {
        config: args.config,
        sets: args.sets,
        out: args.out,
        is_fresh: args.fresh,
        threads: args.threads.map(usize::from),
        cache: args.cache,
        is_quiet: args.quiet,
        ..Options::default()
    };
    let wishes = freeze::Wishes {
        shards: args.shards,
    };
    freeze::plan(&options, wishes, &interruptible())
}

fn planned(args: &PlannedArgs) -> cluster::Options {
    cluster::Options {
        run: args.run.clone(),
        threads: args.threads.map(usize::from),
        is_quiet: args.quiet,
        format: args.format.into(),
    }
}

fn shard(args: &RunArgs) -> Result<(String, ExitCode), RunError> {
    let stage = match args.stage {
        Some(StageArg::Encode) => cluster::Stage::Encode,
        Some(StageArg::Permute) | None => cluster::Stage::Permute,
    };
    let options = planned(&args.planned);
    let (mut text, is_whole) = cluster::run(&options, stage, args.shard, &interruptible())?;
    if options.format == Format::Json {
        text = Event::Finished {
            out: Some(&options.run),
            cells: 0,
            failed: usize::from(!is_whole),
        }
        .line();
    }
    // What a plugin could not do is in the file: for a scheduler the task is done, and what follows it may begin.
    Ok((text, ExitCode::SUCCESS))
}

fn merge(args: &MergeArgs) -> Result<(String, ExitCode), RunError> {
    let options = planned(&args.planned);
    let merged = cluster::merge::merge(&options, &interruptible())?;
    Ok(outcome(merged, options.format))
}

fn status(args: &StatusArgs) -> Result<(String, ExitCode), RunError> {
    let options = cluster::Options {
        run: args.run.clone(),
        ..cluster::Options::default()
    };
    let (status, frozen) = cluster::status::status(&options, args.shards)?;
    let text = if args.missing {
        format!("{}\n", status.missing())
    } else if Format::from(args.format) == Format::Json {
        escape::json(&format!("{}\n", status.to_json()))
    } else {
        status.words(&options, &frozen)
    };
    Ok((text, code(status.is_complete())))
}

fn apply(args: PredictArgs) -> Result<String, RunError> {
    if let Some(out) = &args.out {
        let inputs = [
            Some(&args.model),
            Some(&args.texts),
            args.embeddings.as_ref(),
            args.ids.as_ref(),
        ];
        let inputs: Vec<std::path::PathBuf> = inputs.into_iter().flatten().cloned().collect();
        file_names::may_write(out, &inputs, args.force)?;
    }
    let is_printed = args.out.is_none();
    let params = args.params.iter().map(|typed| exported::parameter(typed));
    let options = exported::Options {
        params: params.collect::<Result<_, _>>()?,
        model: args.model,
        texts: args.texts,
        id: args.id,
        text: args.text,
        group: args.group,
        plugins: args.plugins,
        embeddings: args.embeddings,
        ids: args.ids,
        out: args.out,
        threads: args.threads.map(usize::from),
        cache: args.cache,
        is_quiet: args.quiet,
    };
    let text = exported::predict(&options, &interruptible())?;
    // A table for a program or a file keeps its bytes; one on a terminal is text.
    Ok(match is_printed && !std::io::stdout().is_terminal() {
        true => text,
        false => escape::terminal(&text),
    })
}

fn certify(args: &SelfcheckArgs) -> Result<(String, ExitCode), RunError> {
    if let Some(out) = &args.out {
        file_names::may_write(out, &[], args.force || selfcheck::is_certificate(out))?;
    }
    let options = selfcheck::Options {
        effort: selfcheck::Effort {
            is_thorough: args.thorough,
            most: args.data_sets,
        },
        regressors: args.regressors.clone(),
        out: args.out.clone(),
        threads: args.threads.map(usize::from),
        is_quiet: args.quiet,
        format: args.format.into(),
    };
    let (certificate, mut text) = selfcheck::selfcheck(&options, &interruptible())?;
    if options.format == Format::Json {
        text = escape::json(&text);
    }
    let code = if certificate.passes {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    Ok((text, code))
}

fn plugin(command: PluginCommand) -> Result<(String, ExitCode), RunError> {
    let (search, prober) = ocean_host::run::plugin_places()?;
    let mut text = Vec::new();
    let failed = |error: std::io::Error| RunError::Failed(error.to_string());
    let is_sound = match command {
        PluginCommand::List => plugin_cli::list(&search, &prober, &mut text).map_err(failed)?,
        PluginCommand::Info { plugin, manifest } => {
            let here = std::env::current_dir().map_err(failed)?;
            plugin_cli::info(&plugin, &here, &search, &prober, manifest, &mut text)
                .map_err(failed)?
                .map_err(|error| Refusal::from(Problem::new(&plugin, error.to_string())))?;
            true
        }
        // What a library did before is no answer to whoever has just changed it: no quarantine.
        PluginCommand::Check(args) => {
            return check(args, &search, &library::Prober::new(prober.program()));
        }
        PluginCommand::New(args) => {
            let request = plugin_cli::new::Request {
                kind: args.kind,
                language: args.lang,
                name: args.name,
                folder: args.dir,
                sdk: args.sdk,
            };
            text = plugin_cli::new::new(&request)?.into_bytes();
            true
        }
    };
    let code = if is_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    Ok((String::from_utf8_lossy(&text).into_owned(), code))
}

fn check(
    args: CheckArgs,
    search: &library::SearchPath,
    prober: &library::Prober,
) -> Result<(String, ExitCode), RunError> {
    let Some(plugin) = args.plugin.filter(|_| !args.list) else {
        return Ok((plugin_check::listed(), ExitCode::SUCCESS));
    };
    let params = args.params.iter().map(|typed| exported::parameter(typed));
    let options = plugin_check::Options {
        plugin,
        only: args.only,
        seed: args.seed,
        params: params.collect::<Result<_, _>>()?,
        is_in_process: args.in_process,
    };
    let is_json = args.json;
    let summary = plugin_check::check(&options, search, prober, |result| {
        let line = match serde_json::to_string(result) {
            Ok(json) if is_json => escape::json(&json),
            _ => escape::terminal(&result.to_string()),
        };
        stdout::print(format!("{line}\n").as_bytes());
    })?;
    let code = if summary.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    let text = if is_json {
        String::new()
    } else {
        format!("{summary}\n")
    };
    Ok((text, code))
}

fn options(
    config: std::path::PathBuf,
    out: Option<std::path::PathBuf>,
    common: &CommonArgs,
) -> Options {
    Options {
        config,
        out,
        sets: common.sets.clone(),
        threads: common.threads.map(usize::from),
        cache: common.cache.clone(),
        is_quiet: common.quiet,
        format: common.format.into(),
        ..Options::default()
    }
}

/// Ctrl-C asks the work to stop at the next whole piece; a second one ends the program at once, which loses nothing either.
fn interruptible() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let installed = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        say("\nstopping at the next whole piece; once more to stop at once");
    });
    if let Err(error) = installed {
        say(&format!(
            "warning: Ctrl-C will end the program at once ({error})"
        ));
    }
    interrupted
}

/// The first line of a stream of events.
fn announce(format: Format, command: &str, config: &std::path::Path) {
    if format == Format::Json {
        let started = Event::Started {
            events_version: EVENTS_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            command,
            config,
        };
        stdout::print(started.line().as_bytes());
    }
}

/// The end of a command that may speak in events: an error is one, too.
fn finish_as(format: Format, result: Result<(String, ExitCode), RunError>) -> ExitCode {
    finish_drawn(
        format,
        result.map(|(text, code)| (escape::terminal(&text), code)),
    )
}

/// As [`finish_as`], of text that is made for the terminal already.
fn finish_drawn(format: Format, result: Result<(String, ExitCode), RunError>) -> ExitCode {
    if let (Format::Json, Err(error)) = (format, &result) {
        let (message, exit_code) = (&error.to_string(), error.exit_code());
        stdout::print(Event::Error { message, exit_code }.line().as_bytes());
    }
    match result {
        Ok((text, code)) => {
            stdout::print(text.as_bytes());
            code
        }
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

fn finish(result: Result<(String, ExitCode), RunError>) -> ExitCode {
    finish_as(Format::Human, result)
}

/// A line for people, in which nothing steers their terminal. Not `eprintln!`, which panics when stderr was closed.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", escape::terminal(line));
}
