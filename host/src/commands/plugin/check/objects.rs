//! Checks of a plugin's objects, from loading to destroying: what they say of themselves, in which
//! order they may end, and what they leave behind.

use std::time::{Duration, Instant};

use ocean_loader::{
    CallContext, Kind, PluginEncoder, describe_again, in_odd_order, nothing_destroyed,
};
use serde_json::Value;

use super::encoders::encode;
use super::result::{Outcome, Verdict, failed, skipped};
use super::subject::{Subject, of_plugin, same_bits};
use crate::platform;

/// Lives in which memory must not grow are counted in rounds: what leaks grows in every one; what
/// an allocator keeps for later does not.
const ROUNDS: u32 = 4;
/// Lives of a round, unless time runs out.
const LIVES: u32 = 250;
/// Memory may grow by this much in a round: allocators keep a little; 250 models of 200 numbers are
/// more.
const MOST_GROWTH: u64 = 256 << 10;

pub fn describes_itself_the_same(subject: &Subject) -> Verdict {
    let again = describe_again(&subject.file, &subject.plugin.descriptor.id)
        .map_err(|fault| Outcome::Failed(fault.to_string()))?;
    if again.descriptor != subject.plugin.descriptor {
        return failed("asked a second time, its descriptor is another");
    }
    match again.answers_to_unknown {
        true => failed("it has an answer to the unknown interface `ocean.unknown/9`"),
        false => Ok(Outcome::Success),
    }
}

/// Objects end in an order that no study has.
pub fn any_order_of_destroy(subject: &Subject) -> Verdict {
    let context = CallContext::silent();
    nothing_destroyed(&subject.plugin, &context);
    if subject.plugin.descriptor.kind == Kind::Encoder {
        return encoders_in_any_order(subject);
    }
    let (x, y) = subject.data("lives", 20, 5);
    let params = Value::Object(subject.params.clone()).to_string();
    let fit = (&x, y.as_slice(), subject.alpha());
    let [before, after] =
        in_odd_order(&subject.plugin, &context, &params, fit).map_err(of_plugin)?;
    match same_bits(&before, &after) {
        true => Ok(Outcome::Success),
        false => failed("a model predicts otherwise when another regressor and its model are gone"),
    }
}

fn encoders_in_any_order(subject: &Subject) -> Verdict {
    let encode = |encoder: &PluginEncoder| encode(encoder, &["a text"]).map(|all| all.concat());
    let (one, other) = (subject.encoder()?, subject.encoder()?);
    let before = encode(&other)?;
    encode(&one)?;
    drop(one);
    let after = encode(&other)?;
    match before
        .iter()
        .map(|v| v.to_bits())
        .eq(after.iter().map(|v| v.to_bits()))
    {
        true => Ok(Outcome::Success),
        false => failed("an encoder gives other vectors when another is gone"),
    }
}

/// Creating an encoder may mean reading a large model's vocabulary; a check has a minute.
const LONG_ENOUGH: Duration = Duration::from_secs(30);

/// A thousand objects come and go, and with them their models.
pub fn leaves_no_memory_behind(subject: &Subject) -> Verdict {
    let life = || -> Result<(), Outcome> {
        match subject.plugin.descriptor.kind {
            Kind::Regressor => {
                let regressor = subject.regressor()?;
                let (x, y) = subject.data("memory", 10, 200);
                let alpha = subject.alpha();
                regressor
                    .fit_predict(&x, &y, alpha, &x)
                    .map(|_| ())
                    .map_err(of_plugin)
            }
            Kind::Encoder => subject.encoder().map(|_| ()),
        }
    };
    (0..100).try_for_each(|_| life())?;
    let (mut n_lives, mut least) = (0, u64::MAX);
    for _ in 0..ROUNDS {
        let (before, begun, last) = (resident()?, Instant::now(), n_lives + LIVES);
        while n_lives < last && begun.elapsed() < LONG_ENOUGH / ROUNDS {
            life()?;
            n_lives += 1;
        }
        least = least.min(resident()?.saturating_sub(before));
    }
    if least > MOST_GROWTH {
        let mb = f64::from(ROUNDS) * least as f64 / f64::from(1 << 20);
        return failed(format!(
            "{n_lives} × create, fit, destroy grew by {mb:.0} MB or more"
        ));
    }
    Ok(Outcome::Success)
}

fn resident() -> Result<u64, Outcome> {
    match platform::resident_bytes() {
        Some(bytes) => Ok(bytes),
        None => skipped("this system does not tell how much memory a process has"),
    }
}

/// Threads that a call starts are joined before it returns. What a library starts once and for all,
/// such as a pool at its first use, is there after the first call.
pub fn leaves_no_threads_behind(subject: &Subject) -> Verdict {
    let n_threads = || {
        // A thread that has been joined may take a moment to leave the list.
        std::thread::sleep(Duration::from_millis(50));
        std::fs::read_dir("/proc/self/task")
            .map(Iterator::count)
            .ok()
    };
    works_with_threads(subject)?;
    let Some(before) = n_threads() else {
        return skipped("this system does not list a process's threads");
    };
    works_with_threads(subject)?;
    match n_threads() {
        Some(after) if after > before => failed(format!(
            "{} more threads after a call than before",
            after - before
        )),
        _ => Ok(Outcome::Success),
    }
}

fn works_with_threads(subject: &Subject) -> Result<(), Outcome> {
    match subject.plugin.descriptor.kind {
        Kind::Regressor => {
            let regressor = subject.regressor()?;
            let (x, y) = subject.data("threads", 50, 8);
            let alpha = subject.alpha();
            regressor
                .fit_predict(&x, &y, alpha, &x)
                .map(|_| ())
                .map_err(of_plugin)
        }
        Kind::Encoder => {
            let encoder = subject.encoder_of(CallContext::silent(), 4)?;
            encode(&encoder, &["a text"; 64]).map(|_| ())
        }
    }
}

/// The floating-point mode after calls is the one before.
pub fn keeps_the_fp_mode(subject: &Subject) -> Verdict {
    use std::sync::{Arc, Mutex};
    let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
    let said = Arc::clone(&warnings);
    let context = CallContext::new(
        move |_, text| {
            if let Ok(mut said) = said.lock() {
                said.push(text.to_owned());
            }
        },
        Arc::default(),
    );
    match subject.plugin.descriptor.kind {
        Kind::Regressor => {
            let (x, y) = subject.data("mode", 30, 4);
            let alpha = subject.alpha();
            let regressor = subject.regressor_of(context)?;
            regressor
                .fit_predict(&x, &y, alpha, &x)
                .map_err(of_plugin)?;
        }
        Kind::Encoder => {
            let encoder = subject.encoder_of(context, 1)?;
            encode(&encoder, &["a text"])?;
        }
    }
    let warnings = warnings.lock().map(|all| all.clone()).unwrap_or_default();
    match warnings
        .iter()
        .find(|text| text.contains("floating-point mode"))
    {
        Some(warning) => failed(warning.clone()),
        None => Ok(Outcome::Success),
    }
}
