//! The boundary: a panic becomes a status, an error becomes exactly one `fail`, nothing unwinds
//! across.

use crate::call::Call;
use crate::error::{Error, Result};
use ocean_plugin_abi::{self as abi, Status, status};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// Runs one function of a table.
///
/// # Safety
/// `call` is null or the host's table, valid until this returns.
pub(crate) unsafe fn guard(
    call: *const abi::Call,
    body: impl FnOnce(&Call<'_>) -> Result<()>,
) -> Status {
    // SAFETY: the caller's promise.
    let Some(call) = (unsafe { Call::borrow(call) }) else {
        return status::INTERNAL; // there is nobody to tell why
    };
    match catch(|| body(&call)).and_then(|result| result) {
        Ok(()) => status::OK,
        Err(error) => {
            call.fail(error.message());
            error.status()
        }
    }
}

/// Runs `body`; a panic in it is [`Error`] PANIC with message and place.
pub(crate) fn catch<T>(body: impl FnOnce() -> T) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(note_guarded_panics);
    let was_guarded = GUARDED.replace(true);
    // A half-done object is never used again: after a panic the host destroys it, if it got one at
    // all.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    let result = outcome.map_err(|payload| {
        let noted = NOTED.take();
        let message = noted.unwrap_or_else(|| payload_text(payload.as_ref()).to_owned());
        discard(payload);
        Error::panic(format!("panicked at {message}"))
    });
    GUARDED.set(was_guarded);
    result
}

/// Drops what a panic threw. Its destructor may panic in its turn; what that throws is left alone.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static NOTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Standard error belongs to the host: inside a guard, place and text of a panic are kept for
/// `fail` instead of printed.
fn note_guarded_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if GUARDED.get() {
            NOTED.set(Some(place_and_text(info)));
        } else {
            previous(info);
        }
    }));
}

fn place_and_text(info: &PanicHookInfo<'_>) -> String {
    let text = payload_text(info.payload());
    match info.location() {
        Some(place) => format!("{}:{}: {text}", place.file(), place.line()),
        None => text.to_owned(),
    }
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return text;
    }
    payload
        .downcast_ref::<String>()
        .map_or("(no message)", String::as_str)
}
