//! Every call of the system failed on purpose: what SQLite does, for this program.
//!
//! A small library between the program and the C library (`fixtures/c/faults.c`) counts the calls
//! about files of a tiny study, fails one of them, or ends the process at it. [`commands`] are what
//! is tried, [`points`] the calls of a command and the faults of each, [`trial`] one fault and what
//! must hold after it, [`bench`](mod@bench) the folder it happens in, [`sweep`] the lot of them, [`table`] what
//! docs/reliability.md shows.
//!
//! A sample runs with the other tests. All of them, which takes an hour of two processors, with the table:
//! `OCEAN_FAULTS=all cargo test --release -p ocean-tests --test faults -- --nocapture`;
//! `OCEAN_FAULTS=6` is every sixth, `OCEAN_FAULTS_ONLY=merge` one command; `OCEAN_BLESS=1` writes the
//! table into the page; `OCEAN_FAULTS_PROGRAM` names another ocean-host to try.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

#[cfg(target_os = "linux")]
mod bench;
#[cfg(target_os = "linux")]
mod commands;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod points;
#[cfg(target_os = "linux")]
mod surroundings;
#[cfg(target_os = "linux")]
mod sweep;
#[cfg(target_os = "linux")]
mod table;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(target_os = "linux")]
mod trial;

use ocean_tests::skip::needs;

/// Linux and a C compiler: what faults are made with.
#[cfg(target_os = "linux")]
fn can_fail() -> bool {
    needs("cc", ocean_tests::kit::has("cc"))
}

#[cfg(not(target_os = "linux"))]
#[test]
fn faults_are_made_on_linux() {
    assert!(!needs("linux", false));
}

#[cfg(target_os = "linux")]
#[test]
fn no_failed_call_and_no_kill_costs_more_than_the_command_it_hits() {
    if !can_fail() {
        return;
    }
    let step = match std::env::var("OCEAN_FAULTS").ok().as_deref() {
        None => None,
        Some("all") => Some(1),
        Some(step) => Some(step.parse().expect("OCEAN_FAULTS is `all` or a number")),
    };
    let swept = sweep::sweep(step);
    println!("{}", swept.markdown());
    if let Some(step) = step {
        table::bless(&swept, step);
    }
    let lost = swept.lost();
    assert!(
        lost.is_empty(),
        "{} points lost something:\n{}",
        lost.len(),
        lost.join("\n")
    );
    swept.assert_reached();
}
