//! What a user chooses: layers, pooling, the cut of vectors, windows for long texts; against
//! transformers and sentence-transformers (`make_families.py`), and bit by bit against the model
//! without the choice.

use crate::common::{self, edit, golden_families, model_of};
use ocean_transformer::{LayerPool, LongTexts, Model, PoolingMode, Run, Settings};
use serde_json::{Value, json};
use std::path::Path;

const POOLINGS: [(&str, PoolingMode); 3] = [
    ("mean", PoolingMode::Mean),
    ("max", PoolingMode::Max),
    ("cls", PoolingMode::Cls),
];

fn plain() -> Settings {
    Settings::new(None)
}

fn layers(layers: &[i64], pool: Option<LayerPool>) -> Settings {
    Settings {
        layers: Some(layers.to_vec()),
        layer_pool: pool,
        ..plain()
    }
}

fn windows(stride: Option<usize>) -> Settings {
    Settings {
        long_texts: LongTexts::Windows { stride },
        ..plain()
    }
}

fn vectors(folder: &Path, settings: &Settings, texts: &[&str]) -> Vec<Vec<f32>> {
    let model = Model::open(folder, settings).unwrap();
    let mut out = vec![f32::NAN; texts.len() * model.dim()];
    let run = Run {
        threads: 2,
        ..Run::quiet()
    };
    model.encode(texts, &mut out, run).unwrap();
    out.chunks_exact(model.dim()).map(<[f32]>::to_vec).collect()
}

fn refused(model: &str, settings: &Settings) -> String {
    let error = Model::open(model_of(model).path(), settings).unwrap_err();
    error.to_string()
}

/// Largest difference as a share of the expected vector's length.
fn worst(found: &[Vec<f32>], expected: &Value) -> f64 {
    let expected = expected.as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    let rows = found.iter().zip(expected).map(|(found, expected)| {
        let expected = expected.as_array().unwrap().iter();
        let expected: Vec<f64> = expected.map(|v| v.as_f64().unwrap()).collect();
        assert_eq!(found.len(), expected.len());
        let length = expected.iter().map(|v| v * v).sum::<f64>().sqrt();
        let differences = found.iter().zip(&expected);
        differences
            .map(|(a, b)| (f64::from(*a) - b).abs())
            .inspect(|difference| assert!(difference.is_finite()))
            .fold(0.0, f64::max)
            / length
    });
    rows.fold(0.0, f64::max)
}

fn numbers(value: &Value) -> Vec<usize> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|n| n.as_u64().unwrap() as usize).collect()
}

/// Network and pooling alone.
fn bare(model: &str) -> tempfile::TempDir {
    let folder = model_of(model);
    let entry = |name: &str, path: &str, kind: &str| json!({"name": name, "path": path, "type": format!("sentence_transformers.models.{kind}")});
    let modules = json!([
        entry("0", "", "Transformer"),
        entry("1", "1_Pooling", "Pooling")
    ]);
    edit(folder.path(), &json!({"write": ["modules.json", modules]}));
    folder
}

/// Token vectors of transformers' `output_hidden_states`, of every layer of every family, pooled.
#[test]
fn every_layer_is_that_of_transformers() {
    let golden = golden_families();
    let texts = common::texts(&golden);
    let texts: Vec<&str> = numbers(&golden["pooled_texts"])
        .iter()
        .map(|&text| texts[text])
        .collect();
    let kept = golden["hidden"].as_array().unwrap();
    assert_eq!(kept.len(), 6 * 3 * 3);
    for one in kept {
        let folder = bare(one["model"].as_str().unwrap());
        let layer = one["layer"].as_i64().unwrap();
        let pooling = POOLINGS.iter().find(|(name, _)| one["pooling"] == *name);
        for layer in [layer, layer - 3] {
            let settings = Settings {
                pooling: pooling.map(|(_, mode)| *mode),
                ..layers(&[layer], None)
            };
            let worst = worst(&vectors(folder.path(), &settings, &texts), &one["vectors"]);
            // As in `golden`: the order of summation in f32.
            assert!(worst < 1e-6, "{} {layer}: {worst}", one["model"]);
        }
    }
}

#[test]
fn several_layers_are_joined_or_averaged() {
    let texts = ["I need a loan", "", "music and family"];
    let folder = bare("roberta");
    let of = |settings: &Settings| vectors(folder.path(), settings, &texts);
    let single: Vec<_> = (0..3).map(|layer| of(&layers(&[layer], None))).collect();
    let joined = of(&layers(&[2, 0], Some(LayerPool::Concat)));
    let mean = of(&layers(&[-1, 1, 0], None));
    assert_eq!(mean, of(&layers(&[0, 1, 2], Some(LayerPool::Mean))));
    for text in 0..texts.len() {
        let both = [single[2][text].clone(), single[0][text].clone()].concat();
        assert_eq!(joined[text], both);
        for (place, value) in mean[text].iter().enumerate() {
            let sum: f32 = single.iter().map(|layer| layer[text][place]).sum();
            // A few roundings of numbers up to 3.
            assert!((sum / 3.0 - value).abs() < 2e-6);
        }
    }
    // The last alone is what the model gives without a choice, to the bit and in the cache.
    let model = |settings: &Settings| Model::open(folder.path(), settings).unwrap();
    assert_eq!(of(&layers(&[-1], None)), of(&plain()));
    let key = |settings: &Settings| model(settings).cache_key().unwrap();
    assert_eq!(key(&layers(&[2], None)), key(&plain()));
    assert_eq!(model(&layers(&[1, 2], Some(LayerPool::Concat))).dim(), 96);
}

#[test]
fn choices_that_fit_no_model_are_refused() {
    for (settings, part) in [
        (layers(&[], None), "layers = [] names no layer"),
        (layers(&[3], None), "3 is outside [-3, 2]"),
        (layers(&[-4], None), "-4 is outside [-3, 2]"),
        (layers(&[i64::MIN], None), "is outside [-3, 2]"),
        (layers(&[2, -1], None), "names layer 2 twice"),
        (
            layers(&[1], Some(LayerPool::Concat)),
            "layer_pool says how several layers become one",
        ),
        (
            Settings {
                layer_pool: Some(LayerPool::Mean),
                ..plain()
            },
            "layer_pool says how several layers become one",
        ),
        (
            Settings {
                truncate_dim: Some(49),
                ..plain()
            },
            "truncate_dim = 49 is outside [1, 48]",
        ),
        (windows(Some(0)), "window_stride = 0 is outside [1, 62]"),
        (windows(Some(63)), "window_stride = 63 is outside [1, 62]"),
    ] {
        let message = refused("minilm", &settings);
        assert!(message.contains(part), "{message}");
    }
    let cls = Settings {
        pooling: Some(PoolingMode::Cls),
        ..plain()
    };
    for settings in [layers(&[1], None), cls] {
        let message = refused("distilbert", &settings);
        assert!(message.contains("a model with a module Dense"), "{message}");
    }
    let own = Settings {
        pooling: Some(PoolingMode::Mean),
        ..plain()
    };
    assert!(Model::open(model_of("distilbert").path(), &own).is_ok());
}

#[test]
fn a_cut_vector_has_length_1_again_where_the_whole_one_has_it() {
    let golden = golden_families();
    let texts = common::texts(&golden);
    let texts: Vec<&str> = numbers(&golden["pooled_texts"])
        .iter()
        .map(|&text| texts[text])
        .collect();
    let cut = |dim: u64| Settings {
        truncate_dim: Some(dim as usize),
        ..plain()
    };
    for one in golden["truncated"].as_array().unwrap() {
        let folder = model_of(one["model"].as_str().unwrap());
        let settings = cut(one["dim"].as_u64().unwrap());
        assert!(
            Model::open(folder.path(), &settings)
                .unwrap()
                .is_normalised()
        );
        let worst = worst(&vectors(folder.path(), &settings, &texts), &one["vectors"]);
        assert!(worst < 2e-6, "{}: {worst}", one["model"]); // of a shorter vector
    }
    let folder = bare("minilm");
    let whole = vectors(folder.path(), &plain(), &texts);
    let short = vectors(folder.path(), &cut(16), &texts);
    assert!(
        whole
            .iter()
            .zip(&short)
            .all(|(whole, short)| whole[..16] == short[..])
    );
    let folder = model_of("minilm");
    assert_eq!(
        vectors(folder.path(), &cut(48), &texts),
        vectors(folder.path(), &plain(), &texts)
    );
}

#[test]
fn windows_average_all_tokens_and_leave_short_texts_alone() {
    let golden = golden_families();
    let texts = common::texts(&golden);
    for one in golden["windows"].as_array().unwrap() {
        let folder = model_of(one["model"].as_str().unwrap());
        let stride = one["stride"].as_u64().map(|stride| stride as usize);
        let chosen: Vec<&str> = numbers(&one["texts"])
            .iter()
            .map(|&text| texts[text])
            .collect();
        let found = vectors(folder.path(), &windows(stride), &chosen);
        let worst = worst(&found, &one["vectors"]);
        assert!(worst < 1e-6, "{} {stride:?}: {worst}", one["model"]);
    }
    for name in [
        "minilm",
        "mpnet",
        "bge",
        "roberta",
        "xlm-roberta",
        "distilbert",
    ] {
        let folder = model_of(name);
        let cut = Model::open(folder.path(), &plain()).unwrap();
        let counts = cut.text_info(&texts, Run::quiet()).unwrap();
        let (found, expected) = (
            vectors(folder.path(), &windows(None), &texts),
            vectors(folder.path(), &plain(), &texts),
        );
        let mut n_long = 0;
        for (count, (found, expected)) in counts.iter().zip(found.iter().zip(&expected)) {
            let is_long = count.n_used < count.n_tokens;
            n_long += usize::from(is_long);
            assert_eq!(found == expected, !is_long, "{name}");
        }
        assert!(n_long > 0, "{name}");
        let all = Model::open(folder.path(), &windows(None)).unwrap();
        for (count, cut) in all
            .text_info(&texts, Run::quiet())
            .unwrap()
            .iter()
            .zip(&counts)
        {
            assert_eq!((count.n_tokens, count.n_used), (cut.n_tokens, cut.n_tokens));
        }
    }
}

/// Each window is what the model sees as a text: with the prompt before it.
#[test]
fn every_window_has_the_prompt() {
    // One token a word; [CLS], two of the prompt and [SEP] leave room for 60.
    let words: Vec<&str> = ["the", "of", "to", "and", "in", "car", "home"]
        .into_iter()
        .cycle()
        .take(90)
        .collect();
    let (text, head, tail) = (
        words.join(" "),
        words[..60].join(" "),
        words[60..].join(" "),
    );
    let folder = bare("minilm");
    let with = |long_texts| Settings {
        prompt: Some("my need ".into()),
        long_texts,
        ..plain()
    };
    let windows = with(LongTexts::Windows { stride: None });
    let whole = &vectors(folder.path(), &windows, &[&text])[0];
    let parts = vectors(folder.path(), &with(LongTexts::Truncate), &[&head, &tail]);
    for (place, value) in whole.iter().enumerate() {
        let mean = (64.0 * f64::from(parts[0][place]) + 34.0 * f64::from(parts[1][place])) / 98.0;
        assert_eq!(*value, mean as f32);
    }
}

#[test]
fn every_choice_is_part_of_the_cache_key() {
    let folder = model_of("minilm");
    let settings = [
        plain(),
        layers(&[1], None),
        layers(&[0], None),
        layers(&[1, 2], None),
        layers(&[1, 2], Some(LayerPool::Concat)),
        layers(&[2, 1], Some(LayerPool::Concat)),
        windows(None),
        windows(Some(31)),
        Settings {
            pooling: Some(PoolingMode::Max),
            ..plain()
        },
        Settings {
            truncate_dim: Some(16),
            ..plain()
        },
    ];
    let key = |settings: &Settings| {
        let model = Model::open(folder.path(), settings).unwrap();
        model.cache_key().unwrap()
    };
    let mut keys: Vec<String> = settings.iter().map(key).collect();
    // The author's cut leaves the length, the user's does not.
    let authors = json!({"write": ["config_sentence_transformers.json", {"truncate_dim": 16}]});
    edit(folder.path(), &authors);
    keys.push(key(&plain()));
    let n = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), n, "{keys:#?}");
}
