//! A study on many machines: whatever the shards, their order and their misfortunes, the merge leaves the bytes of `eval`.
//!
//! [`same_bytes`]: any number of shards, any order, any overlap. [`misfortunes`]: kills, damage, full disks, foreign files. [`encoding`]: vectors made by many.
//! [`refused`]: what cannot be planned or run. [`instructions`]: an older processor. [`schedulers`]: GNU parallel, Snakemake.
//! [`under_slurm`]: a [`slurm`] that the test starts itself. [`study`] is what they work on, [`disk`] one that gets full.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

#[allow(
    dead_code,
    reason = "shared with the tests of the command line, which use the rest"
)]
#[path = "../cli/folder.rs"]
mod folder;
#[path = "../cli/host.rs"]
mod host;
#[allow(dead_code, reason = "as above")]
#[path = "../cli/outputs.rs"]
mod outputs;

#[cfg(target_os = "linux")]
mod disk;
mod encoding;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod instructions;
mod misfortunes;
mod refused;
mod same_bytes;
#[cfg(target_os = "linux")]
mod schedulers;
#[cfg(target_os = "linux")]
mod slurm;
mod study;
#[cfg(target_os = "linux")]
mod under_slurm;
