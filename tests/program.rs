//! The whole program from outside, in one binary, so that tests that wait (for a browser, a
//! scheduler, a killed run) do not keep others waiting.
//!
//! [`cli`]: the command line. [`cluster`]: a study over many machines. [`browser`]: the report in a
//! real browser. What opens foreign code in its own process (`plugins`), and the statistics, are
//! binaries of their own.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

mod browser;
mod cli;
mod cluster;
