//! Tests that need what not every machine has. CI lists what it has, so that nothing is skipped
//! there in silence.

/// Whether `is_present`; if not, says so, and the test should return.
///
/// Prints `SKIPPED: needs WHAT`, which `.ci/run` counts.
///
/// # Panics
/// When `OCEAN_TEST_REQUIRE`, a comma-separated list, names `what`: then it must not be missing.
#[must_use]
pub fn needs(what: &str, is_present: bool) -> bool {
    if is_present {
        return true;
    }
    let required = std::env::var("OCEAN_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name.trim() == what),
        "OCEAN_TEST_REQUIRE lists {what}, and it was not found"
    );
    println!("SKIPPED: needs {what}");
    false
}
