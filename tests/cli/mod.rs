//! The whole program from outside: files in, exit code, words and files out.
//!
//! [`quickstart`] and [`mistakes`]: the examples end as they promise. [`refused`]: bad inputs, each
//! with its exact message. [`groups`]: groups as rows and how they are exchanged. [`covariates`]:
//! what is taken out first. [`raters`]: how far they agree. [`comparisons`]: differences between
//! encoders, from the files beside them. [`combined`]: encoders side by side. [`by_value`]: who is
//! predicted how well. [`fold_column`]: folds that a column has. [`test_sample`]: rows of their own
//! to test on. [`two_values`]: words as targets, and AUC. [`words`]: which go with a target. [`power`]: rows before scores. [`best`]: the best of all. [`failing`]: what goes
//! wrong while it runs. [`files`]: tables as other programs write them. [`survival`]: numbers out
//! of range, and plugins that pull at the host itself.
//! [`download`]: models, found or fetched. [`endpoint`]: vectors from a server. [`same_bytes`]: threads, kills and a rebuilt plugin
//! change nothing. [`init`]: a table becomes a study that runs. [`selfcheck`]: the certificate.
//! [`packages`] and [`r`]: what people install, in Python and R.
//! [`readme`]: the commands that are printed in READMEs. [`keys`]: every key of plugins.toml does
//! what the table of keys says. [`kept`]: nothing of the user's is lost, and altered results are
//! not believed. [`shown`]: what cannot be printed, and what would steer a terminal. [`host`] runs
//! the program, [`folder`] is a study in a temporary folder, [`outputs`] reads what a run leaves.

mod best;
mod by_value;
mod combined;
mod comparisons;
mod covariates;
mod doctor;
mod download;
mod endpoint;
mod events;
mod failing;
pub mod files;
mod fold_column;
pub mod folder;
mod groups;
pub mod host;
mod init;
mod isolation;
mod kept;
mod keys;
mod linked;
mod manifest;
mod mistakes;
mod models;
pub mod outputs;
mod packages;
mod power;
mod predict;
mod predict_designs;
mod quickstart;
mod r;
mod raters;
mod readme;
mod refused;
mod same_bytes;
mod same_null;
mod sandbox;
mod selfcheck;
mod shown;
mod statistics_programs;
mod survival;
mod test_sample;
mod two_values;
mod values;
mod words;
