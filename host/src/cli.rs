//! What can be typed after `ocean-host`: every command and option with its help, and nothing of
//! what they do.
//!
//! Commands that do not exist yet are absent rather than stubs. clap answers a wrong command line
//! itself, with exit code 2.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::commands::cluster::frozen::MOST_SHARDS;
use crate::commands::cluster::task::Asked;
use crate::commands::plugin::new;
use crate::plan::FormatPlan;
use crate::read::config::{self, Scope};
use crate::read::dataset::encoding;
use crate::tell::progress::Format;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold());

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the run failed or is partial
  2    the request was wrong; nothing was started
  130  interrupted; what is finished is kept";

/// Does this embedding predict anything? Cross-validated prediction from text embeddings, with
/// permutation tests.
#[derive(Debug, Parser)]
#[command(name = "ocean-host", version, styles = STYLES, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Evaluate every encoder with every regressor on every target, and test each result
    #[command(long_about = EVAL)]
    Eval(EvalArgs),
    /// Look at a table and write a plugins.toml for it that runs
    #[command(long_about = INIT)]
    Init(InitArgs),
    /// Say, before scores exist, how many rows a study needs
    #[command(long_about = POWER)]
    Power(PowerArgs),
    /// Turn the texts into vectors and keep them in the cache
    #[command(long_about = ENCODE)]
    Encode(EncodeArgs),
    /// Freeze a study so that many machines can compute it
    #[command(long_about = PLAN)]
    Plan(PlanArgs),
    /// Compute one shard of a planned study
    #[command(long_about = RUN)]
    Run(RunArgs),
    /// Put the shards of a planned study together: the report of one machine
    #[command(long_about = MERGE)]
    Merge(MergeArgs),
    /// Say how far a planned study is, and what to submit again
    Status(StatusArgs),
    /// Write the scripts that compute a planned study under Slurm
    #[command(long_about = SLURM)]
    Slurm(SlurmArgs),
    /// Begin a plugin, or show which there are and what they take
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Apply an exported model to other texts
    #[command(long_about = PREDICT)]
    Predict(PredictArgs),
    /// Render the reports of a results folder again, from its results.json
    Report(ReportArgs),
    /// Check, by simulation, that tests and intervals of this build keep what they promise
    #[command(long_about = SELFCHECK)]
    Selfcheck(SelfcheckArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, for man(1)
    Man,
    /// Run one plugin for a host that asks on standard input
    #[command(hide = true)]
    Worker {
        /// The library
        file: PathBuf,
        /// The plugin in it
        id: String,
        /// Bytes its data may have; 0: as many as there are
        memory: u64,
        /// Without the user's files but these, the network and other programs
        #[arg(long, num_args = 0..)]
        sandbox: Option<Vec<PathBuf>>,
    },
    /// Run one check of a plugin in this process: the child that `plugin check` starts
    #[command(hide = true)]
    CheckOne {
        /// The library
        file: PathBuf,
        /// The plugin in it
        id: String,
        /// The check
        check: String,
        /// What random data follow from
        seed: u64,
        /// Parameters, a JSON object
        params: String,
        /// What the process does before: none or busy
        past: String,
    },
    /// Open a library as a plugin and say what it is: the child that the host starts before it
    /// opens one itself
    #[command(hide = true)]
    Probe {
        /// The library
        file: PathBuf,
    },
}

const EVAL: &str = "\
Evaluate every encoder with every regressor on every target, and test each result.

Texts are encoded (or vectors read), each row is predicted by a model that never saw it, and the whole recipe, tuning included, is repeated on \
permuted targets. Reports, tables and everything drawn go to the results folder, which is new, empty, or that of an earlier run. Ctrl-C leaves a valid partial run; the same command \
resumes it.";

const INIT: &str = "\
Look at a table and write a plugins.toml for it that runs.

Which column is the id, which the text, which are scores, whether several raters scored the same traits and whether rows belong to groups is guessed from names and values, \
explained for every column, and written into a commented file, which is then tried as by eval --dry-run. Flags replace guesses.";

const POWER: &str = "\
Say, before scores exist, how many rows a study needs.

Texts like the planned ones are enough: effects of known size are planted into random scores of their vectors, and the whole recipe of the file is run on them. Of each encoder \
with each regressor it prints how often an effect is found and how often the report would say `predictive`, the rows for power .80 and .90, and a sentence for a preregistration. \
Only [study], [data], [[encoder]], [[regressor]] and folds, inner_folds and level of [evaluation] are read. With --out, power.csv and a picture of each recipe are written.";

const ENCODE: &str = "\
Turn the texts into vectors and keep them in the cache.

Only [study], [data] and [[encoder]] of the file are read. With --out, NAME.npy (one row a text, float32, in file order), NAME_ids.txt and \
NAME_summary.json are written for every encoder, for use in other programs. A file that is there already is replaced if encode wrote it and nobody has changed it since, or \
with --force; a file that the study itself reads, never.";

const PLAN: &str = "\
Freeze a study so that many machines can compute it.

Refuses what eval would refuse, takes over the vectors that the cache has, measures on this machine what the work costs, and writes DIR/cluster/plan.json with a recommended \
number of shards, their time and their memory. DIR must lie on a file system that all machines see.";

const RUN: &str = "\
Compute one shard of a planned study.

Which one says --shard i/n, or the scheduler in SLURM_ARRAY_TASK_ID, SGE_TASK_ID, PBS_ARRAY_INDEX or JOB_COMPLETION_INDEX. Shards may run in any order, at the same time, twice, \
and in different numbers n. One that was killed goes on where it was. Without --stage, vectors that are lacking are made first, by one task at a time. Exit code 0 says that its file is written, \
also where a plugin failed: status names it.";

const MERGE: &str = "\
Put the shards of a planned study together.

Leaves in the folder what eval would have left, byte for byte. A study that is not complete ends with exit code 1 and the missing ranges.";

const SLURM: &str = "\
Write the scripts that compute a planned study under Slurm: an array that encodes, one that permutes, and the merge, each after the other.

They are written to DIR/cluster/slurm, with time and memory from the plan. --submit hands them to sbatch; given again later, it submits what is missing.";

const CHECK: &str = "\
Check that a plugin keeps the promises of the ABI.

Every check runs in a process of its own with a time limit, so that a crash is a result and not the end. For each one that fails: what was expected, what was seen, and how \
to fix it. Exit code 1 when one failed.";

const PREDICT: &str = "\
Apply an exported model to other texts.

The model is a file of models/ in the results of a study whose regressor says export_models = true. Texts are encoded by the model's own encoder; another one, or other \
weights, is refused. Vectors that were made elsewhere are matched by the names of their columns. Prints one prediction a row, as CSV, or one a group for a model of groups; rows \
without a text or without a value of a covariate get an empty one. The evidence for the model goes to stderr.

A model file names plugins by id, version and hash, and never a library to load: a plugin that came with the program is used in any build of its version, another one when \
it has the recorded hash and is on the search path, or when --plugin names it.";

const SELFCHECK: &str = "\
Check, by simulation, that tests and intervals of this build keep what they promise: the calibration certificate.

The engine and the regressor plugins, as a run loads them, work through data sets whose truth is known: rejection rates where there is nothing to find, coverage of \
the 95 % interval, the comparison of two encoders, power. Quick (under three minutes on two cores), or --thorough. The seed is fixed: the same build and \
machine give the same bytes, on any number of threads. Exit code 1 when a check fails.";

/// `eval`
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The study: a plugins.toml
    #[arg(value_name = "FILE")]
    pub config: PathBuf,
    /// The results folder [default: runs/<study.name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Continue the run in the results folder; refused when the study has changed since
    #[arg(long, conflicts_with = "fresh")]
    pub resume: bool,
    /// Start anew, discarding what an earlier run left in the results folder; other files there
    /// stay
    #[arg(long)]
    pub fresh: bool,
    /// Print what would be done, every default filled in, and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Options shared with `encode`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The study: a plugins.toml
    #[arg(value_name = "FILE")]
    pub config: PathBuf,
    /// The results folder [default: runs/<study.name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Shards to cut the permutations into [default: so many that each takes half an hour]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_SHARDS)))]
    pub shards: Option<u32>,
    /// Plan anew, deleting what shards have computed in the folder, and the results of a run that
    /// is finished there
    #[arg(long)]
    pub fresh: bool,
    /// Threads that each shard will have [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Change a setting: a dotted key and a TOML value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// The folder of vectors that all machines read [default: DIR/cluster/cache]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// No progress, only warnings and the plan
    #[arg(long, short)]
    pub quiet: bool,
}

/// What every command on a planned study takes.
#[derive(Debug, Args)]
pub struct PlannedArgs {
    /// The results folder of the plan
    #[arg(value_name = "DIR")]
    pub run: PathBuf,
    /// Threads [default: one a core]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// No progress, only warnings and results
    #[arg(long, short)]
    pub quiet: bool,
    /// For whom progress and results are printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The planned study.
    #[command(flatten)]
    pub planned: PlannedArgs,
    /// Which shard, from 1, of how many (I alone: of as many as were planned) [default: what the
    /// scheduler says]
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Asked>,
    /// Only this part of the work [default: permute, after encoding what is lacking]
    #[arg(long, value_enum)]
    pub stage: Option<StageArg>,
}

/// `--stage`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StageArg {
    /// Turn a range of the texts into vectors
    Encode,
    /// Evaluate a range of the permutations
    Permute,
}

/// `merge`
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The planned study.
    #[command(flatten)]
    pub planned: PlannedArgs,
}

/// `status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The results folder of the plan
    #[arg(value_name = "DIR")]
    pub run: PathBuf,
    /// Say it for so many shards [default: those of the plan]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_SHARDS)))]
    pub shards: Option<u32>,
    /// Print the shards to compute and nothing else, as sbatch --array takes them
    #[arg(long)]
    pub missing: bool,
    /// For whom it is printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `slurm`
#[derive(Debug, Args)]
pub struct SlurmArgs {
    /// The results folder of the plan
    #[arg(value_name = "DIR")]
    pub run: PathBuf,
    /// The partition
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,
    /// The account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Another option for sbatch, as in --sbatch=--qos=long; may be repeated
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
    /// Submit what is missing, each stage after the one before
    #[arg(long)]
    pub submit: bool,
}

/// How a table is written, where it is not found or not as it was found.
#[derive(Debug, Args)]
pub struct TableArgs {
    /// What separates the fields of the table: one character, or tab [default: found]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<char>,
    /// What the bytes of the table mean, as windows-1252 [default: UTF-8 or UTF-16; that of a .sav]
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    pub encoding: Option<String>,
    /// The sheet of a workbook [default: the only one that holds something; of init: the largest]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
}

fn delimiter(typed: &str) -> Result<char, String> {
    config::delimiter(typed).ok_or_else(|| "one character is expected, or tab".to_owned())
}

fn encoding(typed: &str) -> Result<String, String> {
    let is_known = encoding::named(typed).is_some();
    is_known
        .then(|| typed.to_owned())
        .ok_or_else(|| encoding::unknown(typed))
}

impl From<TableArgs> for FormatPlan {
    fn from(args: TableArgs) -> Self {
        Self {
            delimiter: args.delimiter,
            encoding: args.encoding,
            sheet: args.sheet,
        }
    }
}

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The table (.csv, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls, .ods, .sav, .dta), or a folder with one
    #[arg(value_name = "DATA", default_value = ".")]
    pub data: PathBuf,
    /// The id column
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// The text column; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub text: Vec<String>,
    /// A target, a name or a glob; may be repeated
    #[arg(long = "target", value_name = "COLUMN")]
    pub targets: Vec<String>,
    /// The column whose rows belong together
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// How the table is written
    #[command(flatten)]
    pub table: TableArgs,
    /// The file to write [default: plugins.toml beside the table]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

/// `encode`
#[derive(Debug, Args)]
pub struct EncodeArgs {
    /// The study: a plugins.toml
    #[arg(value_name = "FILE")]
    pub config: PathBuf,
    /// Also write the vectors of every encoder here, as .npy with ids
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace files of these names that encode did not write itself; what the study reads is never
    /// replaced
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Options shared with `eval`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `power`
#[derive(Debug, Args)]
pub struct PowerArgs {
    /// The planned study: a plugins.toml
    #[arg(value_name = "FILE")]
    pub config: PathBuf,
    /// Numbers of rows to try
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [200, 400, 800, 1600])]
    pub n: Vec<usize>,
    /// True effects to try: shares of variance that the vectors explain
    #[arg(long, value_name = "R2,…", value_delimiter = ',', default_values_t = [0.02, 0.05, 0.1])]
    pub r2: Vec<f64>,
    /// Tests that share the level: encoders × regressors × targets [default: encoders × regressors of
    /// the file]
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..))]
    pub tests: Option<u32>,
    /// Data sets behind each number
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(20..))]
    pub data_sets: u32,
    /// Also write power.csv and the pictures here
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace files of these names
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Options shared with `eval`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Options of every command that works.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Threads [default: one a core]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Change a setting: a dotted key and a TOML value, as in evaluation.permutations=99 or
    /// encoder.minilm.dim=128; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// The folder of cached vectors [default: OCEAN_CACHE, else the platform's]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// No progress, only warnings and results
    #[arg(long, short)]
    pub quiet: bool,
    /// For whom progress and results are printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `predict`
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// The model
    #[arg(value_name = "MODEL.ocean")]
    pub model: PathBuf,
    /// The texts: .csv, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls, .ods, .sav or .dta, with the columns
    /// of the study
    #[arg(value_name = "TEXTS")]
    pub texts: PathBuf,
    /// How the texts are written
    #[command(flatten)]
    pub table: TableArgs,
    /// The id column [default: that of the study]
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// The text column [default: that of the study]; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub text: Vec<String>,
    /// The column of groups, for a model of groups or with their size as a covariate [default: that
    /// of the study]
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// A plugin to use for the model, a library or an id, whatever build the model was made with;
    /// may be repeated
    #[arg(long = "plugin", value_name = "FILE")]
    pub plugins: Vec<String>,
    /// Vectors, for a model of vectors that were made elsewhere
    #[arg(long, value_name = "FILE")]
    pub embeddings: Option<PathBuf>,
    /// One id a line, for a .npy file of vectors
    #[arg(long, value_name = "FILE", requires = "embeddings")]
    pub ids: Option<PathBuf>,
    /// The server to ask for vectors, for a model whose encoder was a server
    #[arg(long, value_name = "URL", conflicts_with = "embeddings")]
    pub endpoint: Option<String>,
    /// The variable of the environment that holds the key for that server
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    pub api_key_env: Option<String>,
    /// Let the texts go to a server on another machine
    #[arg(long, requires = "endpoint")]
    pub send_texts: bool,
    /// A parameter of the encoder that is other here, as in model=FOLDER (a TOML value, or a plain
    /// word); may be repeated
    #[arg(long = "param", value_name = "KEY=VALUE")]
    pub params: Vec<String>,
    /// Say how good the predictions of this column are (r2, its interval, p, rmse) instead of
    /// printing them; with --group whole groups are permuted
    #[arg(long, value_name = "COLUMN")]
    pub score: Option<String>,
    /// Write the predictions here instead of printing them
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace that file if it is there
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// The folder of cached vectors [default: OCEAN_CACHE, else the platform's]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// No progress, only warnings
    #[arg(long, short)]
    pub quiet: bool,
}

/// `selfcheck`
#[derive(Debug, Args)]
pub struct SelfcheckArgs {
    /// Every scenario, with data sets enough for narrow intervals
    #[arg(long)]
    pub thorough: bool,
    /// Certify this regressor, an id or the path of a library, instead of ridge, lasso and
    /// elastic-net; may be repeated
    #[arg(long = "regressor", visible_alias = "plugin", value_name = "PLUGIN")]
    pub regressors: Vec<String>,
    /// At most so many data sets of a kind: quicker, and blinder
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub data_sets: Option<u64>,
    /// Also write the certificate here, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace that file if it is there and is no certificate
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Threads [default: one a core]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// No progress, only warnings and the certificate
    #[arg(long, short)]
    pub quiet: bool,
    /// For whom the certificate is printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The results folder
    pub dir: PathBuf,
}

/// `plugin …`
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// List every plugin found, with its version and where it lies
    List,
    /// Show a plugin's description, interfaces and parameters
    Info {
        /// Its id, or the path of a library
        plugin: String,
        /// Also write what is shown beside the library, as FILE.json: `plugin list` then need not
        /// run it
        #[arg(long)]
        manifest: bool,
    },
    /// Check that a plugin keeps the promises of the ABI
    #[command(long_about = CHECK)]
    Check(CheckArgs),
    /// Make a folder with a plugin that builds and runs, to change into your own
    New(NewArgs),
}

/// `plugin check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Its id, or the path of a library
    #[arg(required_unless_present = "list")]
    pub plugin: Option<String>,
    /// This check alone; may be repeated
    #[arg(long, value_name = "CHECK")]
    pub only: Vec<String>,
    /// List the checks and what they ask
    #[arg(long)]
    pub list: bool,
    /// What random data follow from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// A parameter, as in model=FOLDER (a TOML value, or a plain word); may be repeated
    #[arg(long = "param", value_name = "KEY=VALUE")]
    pub params: Vec<String>,
    /// One JSON object a check
    #[arg(long)]
    pub json: bool,
    /// In this process, for a debugger: a crash ends the program
    #[arg(long)]
    pub in_process: bool,
}

/// `plugin new`
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Its id: lower-case letters, digits and `-`
    pub name: String,
    /// What it makes
    #[arg(long, value_enum)]
    pub kind: new::Kind,
    /// What it is written in
    #[arg(long, value_enum)]
    pub lang: new::Language,
    /// The folder in which the folder NAME is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// For Rust: use the SDK of this checkout of ocean-host, instead of a copy of it in the new
    /// folder
    #[arg(long, value_name = "PATH")]
    pub sdk: Option<PathBuf>,
}

/// `--format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// Text for people
    Human,
    /// JSON for programs
    Json,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Format {
        match format {
            FormatArg::Human => Format::Human,
            FormatArg::Json => Format::Json,
        }
    }
}

impl Command {
    /// Which sections of plugins.toml the command reads, if it reads one.
    pub fn scope(&self) -> Option<Scope> {
        match self {
            Command::Eval(_) => Some(Scope::Evaluation),
            Command::Encode(_) => Some(Scope::Encoding),
            _ => None,
        }
    }
}

/// The completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut <Cli as clap::CommandFactory>::command(),
        "ocean-host",
        &mut script,
    );
    script
}

/// The manual page, in roff.
///
/// # Errors
/// Writing to memory does not fail; the error is passed on rather than hidden.
pub fn manual() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(<Cli as clap::CommandFactory>::command()).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn clap_finds_no_contradiction_in_the_declarations() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_of_eval_is_read() {
        let line = "ocean-host eval p.toml --out o --fresh --dry-run --threads 2 --set a.b=1 --set c=2 --quiet --format json --cache c";
        let Command::Eval(eval) = parse(line).unwrap().command else {
            panic!("eval")
        };
        assert_eq!(eval.config, PathBuf::from("p.toml"));
        assert_eq!(eval.out, Some(PathBuf::from("o")));
        assert!(eval.fresh && !eval.resume && eval.dry_run && eval.common.quiet);
        assert_eq!(eval.common.threads, Some(2));
        assert_eq!(eval.common.sets, ["a.b=1", "c=2"]);
        assert_eq!(eval.common.cache, Some(PathBuf::from("c")));
        assert_eq!(Format::from(eval.common.format), Format::Json);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_exit_code_2() {
        for line in [
            "ocean-host eval",
            "ocean-host eval p.toml --resume --fresh",
            "ocean-host eval p.toml --threads 0",
            "ocean-host evla p.toml",
            "ocean-host eval p.toml --format xml",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn the_probe_works_and_is_not_advertised() {
        assert!(matches!(
            parse("ocean-host probe x.so").unwrap().command,
            Command::Probe { .. }
        ));
        let help = Cli::command().render_help().to_string();
        assert!(!help.contains("probe"), "{help}");
    }

    #[test]
    fn completions_and_the_manual_name_the_commands() {
        let script = String::from_utf8(completions(Shell::Bash)).unwrap();
        let page = String::from_utf8(manual().unwrap()).unwrap();
        for command in ["eval", "encode", "plugin", "report"] {
            assert!(
                script.contains(command) && page.contains(command),
                "{command}"
            );
        }
    }
}
