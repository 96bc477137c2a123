//! What must change no bit: neighbours, order, batch size, threads, instructions; and texts that
//! are hard to swallow.

mod honoured;

use crate::common::{family, model_of};
use ocean_transformer::{Error, Model, Run, Settings, Simd};
use std::sync::Mutex;

const MODELS: [&str; 6] = [
    "minilm",
    "mpnet",
    "bge",
    "roberta",
    "xlm-roberta",
    "distilbert",
];

fn open(name: &str) -> Model {
    Model::open(model_of(name).path(), &Settings::new(family(name)))
        .map(loaded)
        .unwrap()
}

/// The folder of the test is gone after `open`: the weights must be read before.
fn loaded(model: Model) -> Model {
    model
        .encode(&["x"], &mut vec![0.0; model.dim()], Run::quiet())
        .unwrap();
    model
}

/// 256 texts of 0 to 130 words.
fn texts() -> Vec<String> {
    let words = [
        "loan", "car", "I", "need", "Zoë", "日本", "money", "lali", "x?", "to",
    ];
    (0..256)
        .map(|i| {
            (0..(i * 37) % 131)
                .map(|j| words[(i + j * j) % 10])
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

fn bits(model: &Model, texts: &[&str], threads: usize) -> Vec<u32> {
    let mut out = vec![f32::NAN; texts.len() * model.dim()];
    model
        .encode(
            texts,
            &mut out,
            Run {
                threads,
                ..Run::quiet()
            },
        )
        .unwrap();
    out.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn batch_size_order_and_threads_change_no_bit() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for name in MODELS {
        let model = open(name);
        let all = bits(&model, &texts, 1);
        for (size, threads) in [(1, 1), (1, 2), (7, 1), (7, 2), (256, 2), (256, 5)] {
            let batches: Vec<u32> = texts
                .chunks(size)
                .flat_map(|batch| bits(&model, batch, threads))
                .collect();
            assert!(
                batches == all,
                "{name}: batches of {size}, {threads} threads"
            );
        }
        let reversed: Vec<&str> = texts.iter().rev().copied().collect();
        let back: Vec<u32> = bits(&model, &reversed, 2)
            .chunks(model.dim())
            .rev()
            .flatten()
            .copied()
            .collect();
        assert!(back == all, "{name}: reversed");
    }
}

#[test]
fn instructions_change_no_bit() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().take(40).map(String::as_str).collect();
    for name in MODELS {
        let folder = model_of(name);
        let with = |simd| {
            let model = Model::open(
                folder.path(),
                &Settings {
                    simd,
                    ..Settings::new(family(name))
                },
            )
            .unwrap();
            (bits(&model, &texts, 1), model.cache_key().unwrap())
        };
        let portable = with(Simd::Portable);
        for simd in Simd::available() {
            assert!(with(simd) == portable, "{name} {simd:?}");
        }
    }
}

#[test]
fn any_text_gets_a_valid_vector() {
    let long = "loan 日本 🙂 x".repeat(60_000);
    let one_word = "x".repeat(1_000_000);
    let blanks = " ".repeat(1_000_000);
    let texts = [
        "",
        " \n\t",
        "\0",
        "a\0b",
        "🙂🙂🙂",
        &long,
        &one_word,
        &blanks,
        "\u{fffd}\u{202e}\u{1}",
        "[CLS][SEP]",
        "e\u{301}\u{301}\u{301}",
    ];
    assert!(long.len() > 1_000_000);
    for name in MODELS {
        let model = open(name);
        let mut out = vec![f32::NAN; texts.len() * model.dim()];
        model
            .encode(
                &texts,
                &mut out,
                Run {
                    threads: 2,
                    ..Run::quiet()
                },
            )
            .unwrap();
        for (text, vector) in texts.iter().zip(out.chunks(model.dim())) {
            let length: f64 = vector
                .iter()
                .map(|&v| f64::from(v) * f64::from(v))
                .sum::<f64>()
                .sqrt();
            // 48 roundings to f32.
            assert!(
                length.is_finite() && (!model.is_normalised() || (length - 1.0).abs() < 1e-6),
                "{name} {:?} {length}",
                text.chars().take(9).collect::<String>()
            );
        }
        // RoBERTa's bytes are tokens, those of blanks too.
        assert!(
            name == "roberta" || out[..model.dim()] == out[model.dim()..2 * model.dim()],
            "blank is empty"
        );
        let counts = model.text_info(&texts, Run::quiet()).unwrap();
        assert_eq!((counts[0].n_tokens, counts[0].n_used), (2, 2));
        assert!(counts[5].n_tokens > 100_000 && counts[5].n_used == model.max_tokens());
    }
    assert!(
        open("minilm").encode(&[], &mut [], Run::quiet()).is_ok(),
        "no text at all"
    );
}

#[test]
fn progress_rises_to_one_and_a_cancelled_run_stops() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let model = open("bge");
    let seen = Mutex::new(Vec::new());
    let mut out = vec![0.0; texts.len() * model.dim()];
    let progress = |fraction| seen.lock().unwrap().push(fraction);
    model
        .encode(
            &texts,
            &mut out,
            Run {
                threads: 3,
                progress: &progress,
                ..Run::quiet()
            },
        )
        .unwrap();
    let seen = seen.into_inner().unwrap();
    assert!(
        seen.len() > 10 && seen.is_sorted() && seen.last() == Some(&1.0),
        "{seen:?}"
    );

    let asked = std::sync::atomic::AtomicUsize::new(0);
    // 256 questions while tokenising; the next are the network's.
    let cancelled = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 260;
    let stopped = model.encode(
        &texts,
        &mut out,
        Run {
            threads: 2,
            cancelled: &cancelled,
            ..Run::quiet()
        },
    );
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert!(asked.into_inner() < 270);
}
