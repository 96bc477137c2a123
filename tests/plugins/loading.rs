//! What ocean-host makes of a plugin file: a plugin that the engine can drive, or one clear line.
//! This process opens the sound ones only; everything hostile stays in the child that probes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, Regressor, RegressorError, TrainingSet};
use ocean_host::encode::cache::Cache;
use ocean_host::encode::embedding::{TextEncoder, TextSource, get_or_encode};
use ocean_host::read::config::Isolation;
use ocean_host::tell::progress::Progress;
use ocean_loader::{
    CallContext, Kind, Layout, Library, Limits, Plugin, PluginEncoder, PluginRegressor, Prober,
    RegressorOptions, SearchPath,
};
use ocean_plugin_abi::status;
use ocean_tests::{fixtures, skip, workspace};
use serde_json::{Map, Value, json};

/// In this process: what happens in a worker is tested with whole runs.
const HERE: Option<Isolation> = Some(Isolation::InProcess);

/// A library that searches `folders`, and the warnings it says.
fn library_of(search: SearchPath) -> (Library, Arc<Mutex<Vec<String>>>) {
    let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
    let said = Arc::clone(&warnings);
    let context = CallContext::new(
        move |_, text| said.lock().unwrap().push(text.to_owned()),
        Arc::default(),
    );
    let prober = Prober::new(&workspace::built().host).with_time_limit(Duration::from_secs(60));
    (Library::new(search, prober, context), warnings)
}

fn library() -> (Library, Arc<Mutex<Vec<String>>>) {
    library_of(SearchPath {
        folders: vec![],
        bundled: vec![],
        program: None,
    })
}

/// A bundled regressor by its id.
pub(crate) fn bundled_regressor(id: &str, options: RegressorOptions) -> PluginRegressor {
    let (library, _) = library_of(SearchPath::of(&workspace::built().host));
    let plugin = library
        .load(id, Path::new("/"), Kind::Regressor, None)
        .unwrap();
    PluginRegressor::new(plugin, options, CallContext::silent()).unwrap()
}

fn load(path: &Path, kind: Kind) -> Arc<Plugin> {
    library()
        .0
        .load(path.to_str().unwrap(), Path::new("/"), kind, HERE)
        .unwrap()
}

/// A regressor of a sound library, in this process.
pub(crate) fn regressor_of(path: &Path, options: RegressorOptions) -> PluginRegressor {
    let plugin = load(path, Kind::Regressor);
    PluginRegressor::new(plugin, options, CallContext::silent()).unwrap()
}

/// The one line that a bad file earns, without the path it begins with.
fn refusal(path: &Path, kind: Kind) -> String {
    let error = library()
        .0
        .load(path.to_str().unwrap(), Path::new("/"), kind, HERE)
        .unwrap_err()
        .to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
        .strip_prefix(&format!("plugin {}: ", path.display()))
        .expect(&error)
        .to_owned()
}

#[test]
fn every_bad_library_is_one_line_that_says_what_is_wrong() {
    let expected = [
        (
            "no_entry",
            "it is a library, but no ocean-host plugin: it exports no `ocean_plugin_entry_v1`; Rust: `export_plugin!`, C: see ocean_plugin.h",
        ),
        (
            "old_abi",
            "it was made for version 0 of the plugin ABI, this ocean-host loads version 1; rebuild it, or use an ocean-host of its version",
        ),
        (
            "wrong_magic",
            "its entry is not an ocean_entry: it begins with 0x00000001, expected 0x4f43454e",
        ),
        (
            "entry_is_data",
            "its `ocean_plugin_entry_v1` is not a function; export a function that returns the address of the entry",
        ),
        (
            "missing_function",
            "its plugin `one-feature` has a `ocean.regressor/1` without `predict`",
        ),
        (
            "wrong_kind",
            "its plugin `one-feature` has the kind regressor, but offers no `ocean.regressor/1`",
        ),
        (
            "crash_on_load",
            "it crashed while it was loaded, with signal 11 (SIGSEGV, invalid memory access); nothing of it was run in ocean-host itself",
        ),
        (
            "crash_on_exit",
            "it crashed while it was loaded, with signal 6 (SIGABRT, it aborted); nothing of it was run in ocean-host itself",
        ),
        (
            "exit_on_load",
            "it ended its process with exit code 0 while it was loaded; a plugin must not call exit",
        ),
    ];
    for (name, expected) in expected {
        assert_eq!(
            refusal(&fixtures::c_plugin(name), Kind::Regressor),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_constructor_that_never_ends_is_stopped_and_named() {
    let prober = Prober::new(&workspace::built().host).with_time_limit(Duration::from_secs(1));
    let error = ocean_loader::probe(&prober, &fixtures::c_plugin("loop_on_load"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(": loading it did not end within 1 s, so it was stopped; its constructors or its entry wait or loop"),
        "{error}"
    );
}

#[test]
fn a_table_compiled_with_another_type_is_one_line_from_the_layout_door() {
    assert_eq!(
        refusal(fixtures::wrong_layout_plugin(), Kind::Regressor),
        "different layout of `ocean.regressor/1` (fit, param_3: expected f64, found f32); rebuild it with the `ocean-plugin` crate of this ocean-host"
    );
}

#[test]
fn a_library_cut_anywhere_is_refused_and_never_loaded_here() {
    let whole = fs::read(fixtures::c_plugin("one_feature")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.so");
    for length in [1, 20, 64, 1000, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let line = refusal(&path, Kind::Regressor);
        let is_known = line.starts_with("it is cut off: ")
            || line.starts_with("it is not a shared library but ");
        assert!(is_known, "{length} bytes: {line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_cut_library_without_section_headers_is_told_by_its_segments() {
    // The system would map what is not there, and touching it is SIGBUS.
    let mut bytes = fs::read(fixtures::c_plugin("one_feature")).unwrap();
    bytes[0x28..0x30].fill(0);
    bytes[0x3C..0x3E].fill(0);
    bytes.truncate(bytes.len() / 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.so");
    fs::write(&path, &bytes).unwrap();
    let line = refusal(&path, Kind::Regressor);
    assert!(
        line.starts_with(&format!("it is cut off: {} of at least ", bytes.len())),
        "{line}"
    );
}

#[test]
fn a_plugin_of_the_other_kind_is_told_where_it_belongs() {
    assert_eq!(
        refusal(&fixtures::rust_plugin("toy_regressor"), Kind::Encoder),
        "`toy-regressor` is a regressor, and an encoder is wanted here; it belongs under [[regressor]]"
    );
}

#[test]
fn an_id_must_be_the_one_the_library_names() {
    let folder = tempfile::tempdir().unwrap();
    let other_name = folder.path().join(fixtures::library_name("other"));
    fs::copy(fixtures::c_plugin("one_feature"), &other_name).unwrap();
    let (library, _) = library_of(SearchPath {
        folders: vec![folder.path().into()],
        bundled: vec![],
        program: None,
    });
    let error = library
        .load("other", Path::new("/"), Kind::Regressor, HERE)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "plugin {}: it holds `one-feature`, not `other`; a plugin is found by id only under its own name",
            other_name.display()
        )
    );
    assert!(
        library
            .load(
                other_name.to_str().unwrap(),
                Path::new("/"),
                Kind::Regressor,
                HERE
            )
            .is_ok(),
        "by its path it is welcome"
    );
}

#[test]
fn chatter_and_a_changed_floating_point_mode_are_warnings_that_name_the_plugin() {
    let warning_of = |name: &str| {
        let (library, warnings) = library();
        let path = fixtures::c_plugin(name);
        library
            .load(
                path.to_str().unwrap(),
                Path::new("/"),
                Kind::Regressor,
                HERE,
            )
            .unwrap();
        // A second load is silent.
        library
            .load(
                path.to_str().unwrap(),
                Path::new("/"),
                Kind::Regressor,
                HERE,
            )
            .unwrap();
        let warnings = warnings.lock().unwrap().clone();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[1].contains("did not come with this ocean-host and runs inside it"),
            "{warnings:?}"
        );
        warnings[0]
            .strip_prefix(&format!("plugin {}: ", path.display()))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        warning_of("prints_on_load"),
        "it wrote to standard output while it was loaded (\"printed by a constructor\"); results go there, a plugin should use `log`"
    );
    if cfg!(target_arch = "x86_64") {
        let warning = warning_of("fast_math");
        assert!(warning.starts_with("it changed the floating-point mode of the process: flush-to-zero, denormals-are-zero"), "{warning}");
        let half = std::hint::black_box(f64::MIN_POSITIVE) / std::hint::black_box(2.0);
        assert!(half > 0.0, "denormals vanish in this thread");
    }
}

#[test]
fn copies_of_one_file_are_one_library() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.so");
    fs::copy(fixtures::rust_plugin("toy_regressor"), &copy).unwrap();
    let first = load(&fixtures::rust_plugin("toy_regressor"), Kind::Regressor);
    let second = load(&copy, Kind::Regressor);
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn rust_plugins_are_checked_field_by_field_and_c_plugins_cannot_be() {
    let rust = load(&fixtures::rust_plugin("toy_regressor"), Kind::Regressor);
    assert_eq!((rust.layout, rust.is_bundled), (Layout::Checked, false));
    let c = load(&fixtures::c_plugin("one_feature"), Kind::Regressor);
    assert_eq!(
        (c.layout, c.build_info.as_str()),
        (Layout::NotChecked, "C99")
    );
    assert_eq!(c.interfaces.ids(), ["ocean.regressor/1"]);
    let frozen = load(&fixtures::frozen_plugin(), Kind::Regressor);
    assert_eq!(frozen.descriptor.kind, Kind::Regressor);
}

#[test]
fn a_plugin_of_another_compiler_passes_the_layout_door() {
    let nightly = fixtures::nightly_plugin();
    if !skip::needs("nightly", nightly.is_some()) {
        return;
    }
    let plugin = load(&nightly.unwrap(), Kind::Regressor);
    assert_eq!(plugin.layout, Layout::Checked);
    assert_eq!(predictions(&plugin, json!({})).unwrap(), toy_predictions());
}

#[test]
fn the_plugins_beside_the_binary_are_bundled_and_found_by_id() {
    let built = workspace::built();
    let (library, warnings) = library_of(SearchPath::of(&built.host));
    let ridge = library
        .load("ridge", Path::new("/"), Kind::Regressor, HERE)
        .unwrap();
    assert!(ridge.is_bundled);
    assert_eq!(ridge.layout, Layout::Checked);
    assert!(ridge.interfaces.path.is_some());
    assert_eq!(*warnings.lock().unwrap(), Vec::<String>::new());
}

/// Four rows, two features and one target; two held-out rows.
fn data() -> (DMatrix<f64>, DMatrix<f64>, DMatrix<f64>) {
    let x = DMatrix::from_column_slice(4, 2, &[-1.0, 1.0, -1.0, 1.0, 2.0, 0.0, 0.0, -2.0]);
    let x_new = DMatrix::from_column_slice(2, 2, &[1.0, 0.0, 0.0, 1.0]);
    let y = DMatrix::from_column_slice(4, 1, &[-3.0, 1.0, -1.0, 3.0]);
    (x, x_new, y)
}

/// Step 0 of a plugin's path over [`data`].
fn predictions(plugin: &Arc<Plugin>, params: Value) -> Result<Vec<f64>, RegressorError> {
    let variants = vec![params.as_object().cloned().unwrap_or_default()];
    let options = RegressorOptions {
        variants,
        ..RegressorOptions::default()
    };
    let regressor =
        PluginRegressor::new(Arc::clone(plugin), options, CallContext::silent()).unwrap();
    let (x, x_new, y) = data();
    let prepared = regressor.prepare(TrainingSet::Rows {
        x: &x,
        x_new: &x_new,
    })?;
    let mut alphas = DMatrix::zeros(regressor.n_alphas(), 1);
    prepared.grid(0, &y, &mut alphas)?;
    let mut path = prepared.begin(0, &y, &[], &alphas)?;
    let (mut y_hat, mut info) = (vec![0.0; 2], [FitInfo::default()]);
    path.advance(&[0], &[0], &mut y_hat, &mut info)?;
    Ok(y_hat)
}

/// xᵀy = (8, −12), xᵀx = (4, 8); the strongest alpha of the schema is 100; the toy averages over
/// two columns: 8/104/2 and −12/108/2.
fn toy_predictions() -> Vec<f64> {
    vec![8.0 / 104.0 / 2.0, -12.0 / 108.0 / 2.0]
}

#[test]
fn a_regressor_with_fit_and_predict_alone_is_driven_like_any_other() {
    let toy = load(&fixtures::rust_plugin("toy_regressor"), Kind::Regressor);
    assert_eq!(predictions(&toy, json!({})).unwrap(), toy_predictions());
    // The C plugin takes the column with the larger |xᵀy|/‖x‖: 8/2 against 12/√8 = 4.24, so the
    // second, with slope −12/8.
    let one_feature = load(&fixtures::c_plugin("one_feature"), Kind::Regressor);
    assert_eq!(predictions(&one_feature, json!({})).unwrap(), [0.0, -1.5]);
}

#[test]
fn failures_inside_a_plugin_come_back_with_their_status_and_its_name() {
    let nan = predictions(
        &load(&fixtures::rust_plugin("returns_nan"), Kind::Regressor),
        json!({}),
    )
    .unwrap_err();
    assert_eq!(nan.status, status::NUMERIC);
    assert!(nan.message.starts_with("regressor `returns-nan`: 2 of 2 predictions are NaN or infinite; run `ocean-host plugin check "), "{nan}");

    let silent = predictions(
        &load(&fixtures::c_plugin("silent_failure"), Kind::Regressor),
        json!({}),
    )
    .unwrap_err();
    assert_eq!(silent.status, status::NUMERIC);
    assert_eq!(
        silent.message,
        "regressor `one-feature`: it did not say why (predict: NUMERIC)"
    );

    let panics = load(&fixtures::rust_plugin("panics"), Kind::Regressor);
    let in_fit = predictions(&panics, json!({"place": "fit"})).unwrap_err();
    assert_eq!(in_fit.status, status::PANIC);
    assert!(
        in_fit
            .message
            .contains("index out of bounds: the len is 4 but the index is 4"),
        "{in_fit}"
    );
    assert_eq!(
        predictions(&panics, json!({"place": "destroy"})).unwrap(),
        [0.0, 0.0],
        "a destructor's panic ends nothing"
    );
}

#[test]
fn parameters_a_plugin_does_not_know_are_its_own_words() {
    let toy = load(&fixtures::rust_plugin("toy_regressor"), Kind::Regressor);
    let mut unknown = Map::new();
    unknown.insert("alfa".into(), json!(1));
    let options = RegressorOptions {
        variants: vec![unknown],
        ..RegressorOptions::default()
    };
    let error = PluginRegressor::new(toy, options, CallContext::silent())
        .err()
        .unwrap();
    assert_eq!(error.status, status::PARAM);
    assert!(
        error.to_string().starts_with("regressor `toy-regressor`: ")
            && error.to_string().contains("alfa"),
        "{error}"
    );
}

#[test]
fn an_encoder_fills_the_cache_once_and_reports_what_it_cut() {
    let plugin = load(&fixtures::rust_plugin("toy_encoder"), Kind::Encoder);
    let new = |max_words: u32| {
        let params = json!({"dim": 4, "max_words": max_words});
        PluginEncoder::new(
            Arc::clone(&plugin),
            "toy",
            params.as_object().unwrap(),
            2,
            CallContext::silent(),
        )
        .unwrap()
    };
    let encoder = new(2);
    assert_eq!(
        (encoder.shape().dim, encoder.shape().max_tokens),
        (4, Some(2))
    );
    let folder: PathBuf = tempfile::tempdir().unwrap().keep();
    let (cache, stop) = (Cache::at(&folder), AtomicBool::new(false));
    let run = |encoder: &PluginEncoder, texts: &[&str]| {
        get_or_encode(
            TextSource::Plugin(encoder),
            texts,
            &cache,
            &Progress::silent(),
            &stop,
        )
        .unwrap()
    };
    let first = run(&encoder, &["one two three", "", "one two", "one two three"]);
    assert_eq!(
        (first.n_truncated, first.n_encoded, first.n_from_cache),
        (Some(2), 3, 0)
    );
    assert_eq!(first.x.row(0), first.x.row(2), "the third word was cut");
    assert_eq!(first.x.row(1).norm(), 0.0);
    // √½ or 1, in f32 (words on one place or two): length 1 up to the rounding of two f32.
    assert!((first.x.row(0).norm() - 1.0).abs() < 1e-7);
    let second = run(&encoder, &["one two", "new"]);
    assert_eq!((second.n_encoded, second.n_from_cache), (1, 1));
    assert_eq!(
        run(&new(3), &["one two"]).n_from_cache,
        0,
        "another setting is another model"
    );
    fs::remove_dir_all(folder).unwrap();
}

/// Seven texts, seven tellings: the same whether the encoder lives here or in a worker.
#[test]
fn progress_of_an_encoder_arrives_from_a_worker_as_from_here() {
    let path = fixtures::c_plugin("sound_encoder");
    let told = |isolation: Isolation| {
        let (library, _) = library();
        let path = path.to_str().unwrap();
        let plugin = library
            .load(path, Path::new("/"), Kind::Encoder, Some(isolation))
            .unwrap();
        let limits = Limits {
            time: Duration::from_secs(60),
            memory: None,
        };
        let encoder = library
            .encoder(
                plugin,
                "sound",
                &Map::new(),
                1,
                CallContext::silent(),
                limits,
            )
            .unwrap();
        let told = Mutex::new(Vec::new());
        let texts = ["a", "b", "c", "d", "e", "f", "g"];
        let vectors = encoder.encode(&texts, &|share| told.lock().unwrap().push(share));
        (vectors.unwrap(), told.into_inner().unwrap())
    };
    let (vectors, here) = told(Isolation::InProcess);
    assert_eq!(here.len(), 7);
    assert_eq!(here[6], 1.0);
    assert_eq!((vectors, here), told(Isolation::Process));
}
