//! A node whose processor is older than the others': an emulated one, without AVX and FMA, computes
//! one of the shards.

use std::process::Command;

use ocean_tests::kit::has;
use ocean_tests::skip::needs;
use ocean_tests::workspace::built;
use serde_json::Value;

use crate::cluster::host::Ran;
use crate::cluster::study::Study;

/// Computes a shard on a processor of 2008.
fn on_an_older_processor(study: &Study, shard: &str) -> Ran {
    let output = Command::new("qemu-x86_64")
        .args(["-cpu", "Nehalem"])
        .arg(&built().host)
        .args(["run", "out", "--quiet", "--shard", shard])
        .current_dir(study.path())
        .env("OCEAN_CACHE", study.file("cache"))
        .output()
        .unwrap();
    Ran::of(&output)
}

/// What the machine of a shard could do, as its file says.
fn cpu_features(study: &Study, index: u32) -> Vec<String> {
    let header = crate::cluster::misfortunes::header(&study.result("out", index, 2));
    serde_json::from_value(header["machine"]["cpu_features"].clone()).unwrap()
}

fn results(study: &Study, run: &str) -> Value {
    let text = std::fs::read(study.file(run).join("results.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The same words, and numbers that differ in their last digits at most. Returns how many numbers
/// those are that differ.
fn assert_close(one: &Value, other: &Value, at: &str) -> usize {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            assert!(one.keys().eq(other.keys()), "{at}");
            let pairs = one.iter().zip(other.values());
            pairs
                .map(|((key, one), other)| assert_close(one, other, &format!("{at}.{key}")))
                .sum()
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{at}");
            let pairs = one.iter().zip(other).enumerate();
            pairs
                .map(|(place, (one, other))| assert_close(one, other, &format!("{at}[{place}]")))
                .sum()
        }
        (Value::Number(one), Value::Number(other)) => {
            let (a, b) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            assert!(
                (a - b).abs() <= 1e-10 * a.abs().max(1.0),
                "{at}: {a} and {b}"
            );
            usize::from(one != other)
        }
        _ => {
            assert_eq!(one, other, "{at}");
            0
        }
    }
}

#[test]
fn a_shard_of_an_older_processor_is_accepted_and_changes_last_digits_at_most() {
    if !needs("qemu", has("qemu-x86_64")) {
        return;
    }
    let study = Study::small();
    study.eval();
    study.plan("out", 2);
    study.shard("out", 1, 2).ending_with(0);
    on_an_older_processor(&study, "2/2").ending_with(0);
    assert_eq!(cpu_features(&study, 2), [""; 0], "the emulated processor");
    study.merge("out").ending_with(0);
    let differing = assert_close(&results(&study, "whole"), &results(&study, "out"), "");
    println!("{differing} numbers differ in their last digits");
}
