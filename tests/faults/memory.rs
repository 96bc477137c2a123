//! Address space from too little to enough: a clear error or the right result, and nothing lost.

use std::process::Command;

use super::bench::{Ran, alone};
use super::commands::CASES;
use super::trial::Tried;

/// Megabytes with which the program cannot even begin.
const LEAST: u64 = 64;
/// More than the study takes.
const MOST: u64 = 16_384;

#[test]
fn too_little_memory_ends_in_a_clear_error_and_loses_nothing() {
    if !super::can_fail() {
        return;
    }
    let case = CASES.iter().find(|case| case.name == "eval").unwrap();
    let tried = Tried::new(case);
    let (mut megabytes, mut failed) = (LEAST, 0);
    loop {
        let bench = tried.begun();
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "ulimit -v \"$1\"; shift; exec \"$@\"", "sh"])
            .arg((megabytes << 10).to_string())
            .arg(alone())
            .args(case.command)
            .current_dir(bench.now());
        bench.surround(&mut limited);
        let ran = bench.ended(limited);
        if ran.code == Some(0) {
            assert_eq!(tried.differs(), None, "{megabytes} MB: {}", ran.said);
            break;
        }
        failed += 1;
        assert!(is_clear(&ran), "{megabytes} MB: {ran:?}");
        assert_eq!(tried.left(), None, "{megabytes} MB: {}", ran.said);
        megabytes += megabytes / 4;
        assert!(
            megabytes < MOST,
            "not even {MOST} MB are enough: {}",
            ran.said
        );
    }
    assert!(failed > 0, "{LEAST} MB were enough: nothing was tried");
}

/// An error with its cause; or the end of the process at a failed allocation, which says so.
fn is_clear(ran: &Ran) -> bool {
    let has_cause = [
        "memory",
        "Resource temporarily unavailable",
        "failed to map",
    ]
    .iter()
    .any(|cause| ran.said.contains(cause));
    !ran.said.contains("panicked") && !ran.is_stuck && has_cause
}
