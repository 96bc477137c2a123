//! What crosses the boundary and what does not: panics, errors, null pointers, wrong sizes.

#![allow(
    clippy::unwrap_used,
    reason = "a test target: a panic here is the report"
)]

use ocean_plugin::abi::{Mat as RawMat, RegressorV1, Str, handle, id, status};
use ocean_plugin::export::interface;
use ocean_plugin::prelude::*;
use ocean_plugin::testing::Host;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

ocean_plugin::params! {
    /// What goes wrong, and where.
    pub struct Trouble {
        /// The function it happens in.
        pub place: String = default_to("nowhere"),
    }
}

static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// A value that is counted, and panics when it is dropped if told so.
struct Counted {
    panics: bool,
}

impl Counted {
    fn new(panics: bool) -> Counted {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Counted { panics }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
        assert!(!self.panics, "dropped on purpose");
    }
}

/// Thrown by a panic, and panics when it is dropped.
struct PanicsAgain;

impl Drop for PanicsAgain {
    fn drop(&mut self) {
        panic!("the payload on purpose");
    }
}

struct Troubled {
    place: String,
}

impl Troubled {
    fn may_panic(&self, place: &str) {
        assert!(self.place != place, "{place} on purpose");
    }
}

impl Regressor for Troubled {
    const INFO: Info = ocean_plugin::info! { id: "troubled", name: "Troubled" };
    type Params = Trouble;
    type Model = Counted;

    fn new(params: Trouble, _: &Call<'_>) -> Result<Self> {
        let troubled = Troubled {
            place: params.place,
        };
        troubled.may_panic("new");
        Ok(troubled)
    }

    fn fit(&self, _: Mat<'_>, _: &[f64], _: f64, call: &Call<'_>) -> Result<Counted> {
        call.check_cancelled()?;
        self.may_panic("fit");
        if self.place == "payload" {
            std::panic::panic_any(PanicsAgain);
        }
        Ok(Counted::new(self.place == "drop"))
    }

    fn predict(&self, _: &Counted, _: Mat<'_>, y_hat: &mut [f64], _: &Call<'_>) -> Result<()> {
        self.may_panic("predict");
        if self.place == "error" {
            return Err(Error::numeric("row 3 is not finite"));
        }
        y_hat.fill(1.0);
        Ok(())
    }
}

fn table() -> &'static RegressorV1 {
    let interface = interface::regressor::<Troubled>();
    // SAFETY: the interface of a `Regressor` is this table.
    unsafe { &*interface.table().cast::<RegressorV1>() }
}

fn with_trouble(place: &str) -> Result<Vec<f64>> {
    let params = format!("{{\"place\": \"{place}\"}}");
    Host::new().fit_predict::<Troubled>(&params, &[1.0, -1.0], &[1.0, -1.0], 1.0, &[0.5])
}

#[test]
fn a_panic_anywhere_is_status_6_with_place_and_message() {
    for place in ["new", "fit", "predict"] {
        let failed = with_trouble(place).unwrap_err();
        assert_eq!(failed.status(), status::PANIC, "{place}");
        let message = failed.message();
        assert!(message.starts_with("panicked at "), "{message}");
        assert!(message.contains("boundary.rs:"), "{message}");
        assert!(
            message.ends_with(&format!(": {place} on purpose")),
            "{message}"
        );
    }
}

#[test]
fn a_panic_that_throws_what_panics_again_is_one_panic_with_a_place() {
    let failed = with_trouble("payload").unwrap_err();
    assert_eq!(failed.status(), status::PANIC);
    assert!(failed.message().ends_with(": (no message)"), "{failed}");
}

#[test]
fn a_panic_in_a_destructor_stays_inside() {
    assert_eq!(with_trouble("drop"), Ok(vec![1.0]));
    assert_eq!(
        with_trouble("nowhere"),
        Ok(vec![1.0]),
        "and the next call works"
    );
}

#[test]
fn an_error_keeps_its_status_and_its_words() {
    let failed = with_trouble("error").unwrap_err();
    assert_eq!(failed, Error::numeric("row 3 is not finite"));
}

#[test]
fn a_cancelled_call_says_so() {
    let host = Host::new();
    host.cancel();
    let stopped = host.fit_predict::<Troubled>("{}", &[1.0, -1.0], &[1.0, -1.0], 1.0, &[0.5]);
    assert_eq!(stopped, Err(Error::cancelled()));
}

#[test]
fn garbage_parameters_are_refused_before_anything_is_made() {
    let long = format!("{{\"{}\": 1}}", "x".repeat(100_000));
    let deep = "[".repeat(100_000);
    for garbage in [
        "",
        "null",
        "[]",
        "{",
        "{\"place\":7}",
        "{\"plaice\":\"fit\"}",
        &long,
        &deep,
    ] {
        let host = Host::new();
        let refused = host
            .fit_predict::<Troubled>(garbage, &[1.0], &[1.0], 1.0, &[1.0])
            .unwrap_err();
        assert_eq!(refused.status(), status::PARAM, "{refused}");
        assert!(refused.message().len() < 200, "{refused}");
        assert!(!refused.message().contains('\n'), "{refused}");
    }
}

#[test]
fn parameters_that_are_not_utf8_are_refused() {
    let host = Host::new();
    let call = host.raw_call();
    let bytes = [b'{', 0xff, b'}'];
    let text = Str {
        ptr: bytes.as_ptr(),
        len: bytes.len(),
    };
    let mut made: *mut handle::Regressor = null_mut();
    // SAFETY: the text is valid for the call.
    let refused = host
        .outcome(unsafe { table().create(text, &call, &mut made) })
        .unwrap_err();
    assert_eq!(refused.status(), status::PARAM);
    assert!(made.is_null());
}

#[test]
fn null_where_something_is_due_is_an_error_and_not_a_crash() {
    let host = Host::new();
    let call = host.raw_call();
    let mut regressor: *mut handle::Regressor = null_mut();
    let mut model: *mut handle::Model = null_mut();
    let x = RawMat::column_major([1.0, -1.0].as_ptr(), 2, 1);
    let nowhere = RawMat::column_major(null(), 2, 1);
    let y = [1.0, -1.0];
    let expect = |found, status| assert_eq!(host.outcome(found).unwrap_err().status(), status);
    // SAFETY: null is what is being tested; everything else is valid.
    unsafe {
        let table = table();
        expect(
            table.create(Str::new("{}"), &call, null_mut()),
            status::PARAM,
        );
        assert_eq!(
            table.create(Str::new("{}"), &call, &mut regressor),
            status::OK
        );
        expect(
            table.fit(null(), &x, y.as_ptr(), 1.0, &call, &mut model),
            status::PARAM,
        );
        expect(
            table.fit(regressor, null(), y.as_ptr(), 1.0, &call, &mut model),
            status::PARAM,
        );
        expect(
            table.fit(regressor, &nowhere, y.as_ptr(), 1.0, &call, &mut model),
            status::SHAPE,
        );
        expect(
            table.fit(regressor, &x, null(), 1.0, &call, &mut model),
            status::PARAM,
        );
        expect(
            table.predict(regressor, null(), &x, null_mut(), &call),
            status::PARAM,
        );
        assert!(model.is_null());
        // Without a call there is nobody to tell why.
        assert_eq!(
            table.create(Str::new("{}"), null(), &mut regressor),
            status::INTERNAL
        );
        table.destroy(regressor);
        table.destroy(null_mut());
        table.destroy_model(null_mut());
    }
}

#[test]
fn matrices_with_strides_are_refused_unless_the_plugin_declared_them() {
    let host = Host::new();
    let call = host.raw_call();
    let rows_first = RawMat {
        data: [0.0; 4].as_ptr(),
        rows: 2,
        cols: 2,
        row_stride: 2,
        col_stride: 1,
    };
    let mut regressor: *mut handle::Regressor = null_mut();
    let mut model: *mut handle::Model = null_mut();
    // SAFETY: four values, two by two.
    let refused = unsafe {
        assert_eq!(
            table().create(Str::new("{}"), &call, &mut regressor),
            status::OK
        );
        let y = [1.0, -1.0];
        let refused =
            host.outcome(table().fit(regressor, &rows_first, y.as_ptr(), 1.0, &call, &mut model));
        table().destroy(regressor);
        refused.unwrap_err()
    };
    assert_eq!(refused.status(), status::SHAPE);
    assert!(refused.message().contains("STRIDED"), "{refused}");
}

#[test]
fn what_is_destroyed_is_gone() {
    let before = ALIVE.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|_| assert!(with_trouble("nowhere").is_ok())));
    });
    // Other tests run at the same time, each with one model at most.
    assert!(ALIVE.load(Ordering::Relaxed) <= before + 10);
}

#[test]
fn the_interface_of_a_trait_has_its_id() {
    assert_eq!(interface::regressor::<Troubled>().id(), id::REGRESSOR);
}
