//! A study on many machines: whatever the shards, their order and their misfortunes, the merge
//! leaves the bytes of `eval`.
//!
//! [`same_bytes`]: any number of shards, any order, any overlap. [`misfortunes`]: kills, damage,
//! full disks, foreign files. [`encoding`]: vectors made by many. [`refused`]: what cannot be
//! planned or run. [`instructions`]: an older processor. [`schedulers`]: GNU parallel, Snakemake.
//! [`under_slurm`]: a [`slurm`] that the test starts itself. [`study`] is what they work on,
//! [`disk`] one that gets full.

use crate::cli::{folder, host, outputs};

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
