//! The scripts that compute a planned study under Slurm: an array that encodes, an array that
//! permutes, and the merge.
//!
//! They are plain sbatch scripts with nothing in them that could not be typed: whoever's cluster
//! wants something else edits them, or writes the like for another scheduler.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;
use super::frozen::Frozen;
use super::status::{Status, status};
use super::{Options, Place};
use crate::keep::atomic;
use crate::problem::{Problem, Refusal, for_shell, shown_path, typed_path};
use crate::run::RunError;

/// Machines differ, and a task that runs out of time has to be submitted again.
const SPARE_TIME: f64 = 2.0;
/// The least time asked for, in minutes: a node may have to wake up and a file system to answer.
const LEAST_MINUTES: u64 = 10;
/// The least memory asked for, in megabytes: what a system counts for a process beside what it has
/// allocated differs.
const LEAST_MEGABYTES: u64 = 500;

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The run directory.
    pub run: PathBuf,
    /// `--partition`
    pub partition: Option<String>,
    /// `--account`
    pub account: Option<String>,
    /// Other options of sbatch, as typed.
    pub more: Vec<String>,
    /// Hand the scripts to sbatch.
    pub is_submitted: bool,
}

/// One script.
struct Script {
    name: &'static str,
    /// Number of tasks of the array; `None`: one job.
    array: Option<u32>,
    memory: u64,
    seconds: f64,
    command: String,
}

/// Writes the scripts, and submits them if asked to. Returns what to print.
///
/// # Errors
/// [`RunError`] when there is no plan, a file cannot be written, or sbatch refuses.
pub fn slurm(request: &Request) -> Result<String, RunError> {
    let options = Options {
        run: absolute(&request.run)?,
        ..Options::default()
    };
    let (status, frozen) = status(&options, None)?;
    let place = Place::of(&options.run);
    atomic::create_folder(&place.slurm())?;
    let mut text = String::new();
    for script in scripts(&frozen, &options.run)? {
        let path = path(&place, script.name);
        atomic::write(&path, script.text(request, &frozen, &place).as_bytes())?;
        let _ = writeln!(text, "written   {}", shown_path(&path));
    }
    if request.is_submitted {
        text.push_str(&submit(&status, &place)?);
    } else {
        let _ = writeln!(
            text,
            "submit    ocean-host slurm {} --submit",
            typed_path(&options.run)
        );
    }
    Ok(text)
}

fn absolute(path: &Path) -> Result<PathBuf, Refusal> {
    std::path::absolute(path).map_err(|error| {
        Problem::new(shown_path(path), format!("is not a usable path: {error}")).into()
    })
}

fn path(place: &Place, name: &str) -> PathBuf {
    place.slurm().join(format!("{name}.sh"))
}

fn scripts(frozen: &Frozen, run: &Path) -> Result<Vec<Script>, ClusterError> {
    let program = std::env::current_exe().map_err(ClusterError::NoProgram)?;
    let [program, run] =
        [program.as_path(), run].map(|path| for_shell(&path.display().to_string()));
    let shards = frozen.shards;
    let task = |stage: &str, count: u32| {
        format!(
            "exec {program} run {run} --stage {stage} --shard \"$SLURM_ARRAY_TASK_ID/{count}\" --threads \"$SLURM_CPUS_PER_TASK\""
        )
    };
    let mut scripts = Vec::new();
    if shards.encode > 0 {
        scripts.push(Script {
            name: "encode",
            array: Some(shards.encode),
            memory: frozen.memory.encode,
            seconds: frozen.encode_seconds(shards.encode, shards.threads),
            command: task("encode", shards.encode),
        });
    }
    scripts.push(Script {
        name: "permute",
        array: Some(shards.permute),
        memory: frozen.memory.permute,
        seconds: frozen.seconds(shards.permute, shards.threads),
        command: task("permute", shards.permute),
    });
    scripts.push(Script {
        name: "merge",
        array: None,
        memory: frozen.memory.merge,
        seconds: frozen.start_s + frozen.merge_s / f64::from(shards.threads),
        command: format!("exec {program} merge {run} --threads \"$SLURM_CPUS_PER_TASK\""),
    });
    Ok(scripts)
}

impl Script {
    fn text(&self, request: &Request, frozen: &Frozen, place: &Place) -> String {
        let study = request
            .run
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let log = match self.array {
            Some(_) => format!("{}-%A_%a.log", self.name),
            None => format!("{}-%j.log", self.name),
        };
        // A per cent sign begins a field of Slurm's.
        let folder = place.slurm().display().to_string().replace('%', "%%");
        let mut options = vec![
            format!("--job-name=ocean-{}-{}", word(&study), self.name),
            format!("--cpus-per-task={}", frozen.shards.threads),
            format!("--mem={}M", megabytes(self.memory)),
            format!("--time={}", minutes(self.seconds)),
            format!("--output=\"{folder}/{log}\""),
            "--requeue".to_owned(),
        ];
        options.extend(self.array.map(|count| format!("--array=1-{count}")));
        let named = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("--{name}={value}"))
        };
        options.extend(named("partition", &request.partition));
        options.extend(named("account", &request.account));
        options.extend(request.more.iter().cloned());
        let mut text = "#!/bin/sh\n# Written by `ocean-host slurm`; time and memory are the plan's estimates with room to spare.\n".to_owned();
        for option in options {
            let _ = writeln!(text, "#SBATCH {option}");
        }
        let _ = write!(text, "\n{}\n", self.command);
        text
    }
}

/// Letters, digits and hyphens, for the name of a job.
fn word(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect()
}

/// Hours and minutes as Slurm reads them.
fn minutes(seconds: f64) -> String {
    let minutes = ((seconds * SPARE_TIME / 60.0).ceil() as u64).max(LEAST_MINUTES);
    format!("{:02}:{:02}:00", minutes / 60, minutes % 60)
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20).max(LEAST_MEGABYTES)
}

/// Submits what is missing, each stage after the one before it.
fn submit(status: &Status, place: &Place) -> Result<String, RunError> {
    if status.is_merged() {
        return Ok("nothing to submit: the report is there\n".to_owned());
    }
    refuse_twice(place)?;
    let mut text = String::new();
    let mut jobs: Vec<String> = Vec::new();
    // Written down at once: what comes next may be refused.
    let mut submit = |name: &str, more: &[&str]| -> Result<String, RunError> {
        let job = sbatch(&path(place, name), more)?;
        jobs.push(job.clone());
        atomic::write(&submitted(place), jobs.join(",").as_bytes())?;
        Ok(job)
    };
    let mut after = None;
    if !status.is_complete() {
        let encode = status.to_encode();
        if !encode.is_empty() {
            let array = format!("--array={encode}");
            let job = submit("encode", &[&array])?;
            let _ = writeln!(text, "submitted encode   job {job}, {array}");
            // Without its vectors no shard should begin: all but one would wait.
            after = Some(format!("--dependency=afterok:{job}"));
        }
        let array = format!("--array={}", status.missing());
        let mut more = vec![array.as_str()];
        if let Some(after) = &after {
            more.extend([after.as_str(), "--kill-on-invalid-dep=yes"]);
        }
        let job = submit("permute", &more)?;
        let _ = writeln!(text, "submitted permute  job {job}, {array}");
        // Whatever became of them: the merge lists what is missing.
        after = Some(format!("--dependency=afterany:{job}"));
    }
    let more: Vec<&str> = after.iter().map(String::as_str).collect();
    let job = submit("merge", &more)?;
    let _ = writeln!(text, "submitted merge    job {job}");
    Ok(text)
}

/// Where the numbers of the jobs are that were submitted last.
fn submitted(place: &Place) -> PathBuf {
    place.slurm().join("submitted")
}

/// Jobs of this study that wait or run would compute the same twice: no harm, and a cluster's time
/// for nothing.
fn refuse_twice(place: &Place) -> Result<(), ClusterError> {
    let Ok(jobs) = std::fs::read_to_string(submitted(place)) else {
        return Ok(());
    };
    // It fails where it has forgotten all of them, which have ended then.
    let output = Command::new("squeue")
        .args(["--noheader", "--format=%F", "--jobs", &jobs])
        .output();
    let said = output.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).into_owned()
    });
    let is_there = |job: &&str| said.lines().any(|line| line.trim() == *job);
    let left: Vec<&str> = jobs.split(',').filter(is_there).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(ClusterError::StillSubmitted {
        jobs: left.join(" "),
    })
}

/// The number of the job.
fn sbatch(script: &Path, more: &[&str]) -> Result<String, ClusterError> {
    let output = Command::new("sbatch")
        .arg("--parsable")
        .args(more)
        .arg(script)
        .output()
        .map_err(ClusterError::NoSbatch)?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(ClusterError::SbatchRefused {
            script: script.to_path_buf(),
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    // "17", or "17;cluster".
    let job = said.trim().split(';').next().unwrap_or_default();
    Ok(job.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_doubled_and_never_too_short() {
        assert_eq!(minutes(1.0), "00:10:00");
        assert_eq!(minutes(1800.0), "01:00:00");
        assert_eq!(minutes(3601.0), "02:01:00");
    }

    #[test]
    fn memory_is_rounded_up_and_never_too_little() {
        assert_eq!(megabytes(1), 500);
        assert_eq!(megabytes((700 << 20) + 1), 701);
    }

    #[test]
    fn a_name_of_a_job_is_one_word() {
        assert_eq!(word("my study/2"), "my-study-2");
    }
}
