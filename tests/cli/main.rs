//! The whole program from outside: files in, exit code, words and files out.
//!
//! [`quickstart`] and [`mistakes`]: the examples end as they promise. [`refused`]: bad inputs, each with its exact message. [`groups`]: groups as rows and
//! how they are exchanged. [`covariates`]: what is taken out first. [`raters`]: how far they agree. [`comparisons`]: differences between encoders, from the
//! files beside them. [`best`]: the best of all. [`failing`]: what goes wrong while it runs. [`download`]: models, found or fetched. [`same_bytes`]: threads,
//! kills and a rebuilt plugin change nothing. [`selfcheck`]: the certificate. [`readme`]: the commands that are printed in READMEs.
//! [`host`] runs the program, [`folder`] is a study in a temporary folder, [`outputs`] reads what a run leaves.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

mod best;
mod comparisons;
mod covariates;
mod doctor;
mod download;
mod events;
mod failing;
mod folder;
mod groups;
mod host;
mod isolation;
mod linked;
mod manifest;
mod mistakes;
mod outputs;
mod packages;
mod predict;
mod quickstart;
mod raters;
mod readme;
mod refused;
mod same_bytes;
mod selfcheck;
