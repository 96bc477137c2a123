//! Encoders through their tables, and what a call lends them.

#![allow(
    clippy::unwrap_used,
    reason = "a test target: a panic here is the report"
)]

use ocean_plugin::prelude::*;
use ocean_plugin::testing::Host;
use std::sync::atomic::{AtomicU32, Ordering};

/// Says how long a text is, in bytes and in characters.
struct Lengths {
    n_shapes: AtomicU32,
}

static SHAPES_ASKED: AtomicU32 = AtomicU32::new(0);

impl Encoder for Lengths {
    const INFO: Info = ocean_plugin::info! { id: "lengths", name: "Lengths" };
    type Params = NoParams;

    fn new(_: NoParams, _: &Call<'_>) -> Result<Self> {
        Ok(Lengths {
            n_shapes: AtomicU32::new(0),
        })
    }

    fn shape(&self, _: &Call<'_>) -> Result<Shape> {
        let asked = self.n_shapes.fetch_add(1, Ordering::Relaxed) + 1;
        SHAPES_ASKED.fetch_max(asked, Ordering::Relaxed);
        Ok(Shape {
            dim: 2,
            max_tokens: None,
            pooling: Pooling::Other,
            is_normalised: false,
            cache_key: "lengths 1".into(),
        })
    }

    fn encode(&self, texts: &[&str], out: &mut [f32], call: &Call<'_>) -> Result<()> {
        for (i, (text, out)) in texts.iter().zip(out.chunks_exact_mut(2)).enumerate() {
            out.copy_from_slice(&[text.len() as f32, text.chars().count() as f32]);
            call.progress((i + 1) as f64 / texts.len() as f64);
        }
        call.log(
            Level::Info,
            &format!("seed {} on {} threads", call.seed(), call.max_threads()),
        );
        assert!(call.host_interface("ocean.host.none/1").is_none());
        Ok(())
    }
}

/// Says that its vectors have no numbers.
struct Empty;

impl Encoder for Empty {
    const INFO: Info = ocean_plugin::info! { id: "empty", name: "Empty" };
    type Params = NoParams;

    fn new(_: NoParams, _: &Call<'_>) -> Result<Self> {
        Ok(Empty)
    }

    fn shape(&self, _: &Call<'_>) -> Result<Shape> {
        Ok(Shape {
            dim: 0,
            max_tokens: None,
            pooling: Pooling::Other,
            is_normalised: false,
            cache_key: String::new(),
        })
    }

    fn encode(&self, _: &[&str], _: &mut [f32], _: &Call<'_>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn texts_arrive_whole_the_empty_one_too() {
    let host = Host::new().with(7, 3);
    let encoded = host
        .encode::<Lengths>("{}", &["ab", "", "naïve 🙂"])
        .unwrap();
    assert_eq!(encoded, (2, vec![2.0, 2.0, 0.0, 0.0, 11.0, 7.0]));
    assert_eq!(host.progress_reports(), [1.0 / 3.0, 2.0 / 3.0, 1.0]);
    assert_eq!(host.log_lines(), [(3, "seed 7 on 3 threads".to_owned())]);
    assert_eq!(
        SHAPES_ASKED.load(Ordering::Relaxed),
        1,
        "asked once, then remembered"
    );
}

#[test]
fn no_texts_are_no_error() {
    assert_eq!(Host::new().encode::<Lengths>("{}", &[]), Ok((2, vec![])));
}

#[test]
fn vectors_without_numbers_are_refused() {
    let refused = Host::new().encode::<Empty>("{}", &["a"]).unwrap_err();
    assert_eq!(
        refused.message(),
        "the encoder says its vectors have 0 numbers"
    );
}
