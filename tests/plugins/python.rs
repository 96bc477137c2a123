//! Plugins in Python: the traps of an interpreter inside another program, each as one clear line.

use std::process::Command;
use std::ptr::null_mut;

use ocean_plugin::testing::Host;
use ocean_plugin_abi::{BatchV1, LinearV1, Mat, RegressorV1, StateV1, Str, id, status};
use ocean_tests::kit::{Made, can_build, made, text};

use crate::opened::Opened;

/// A new plugin with changes to plugin.py, built; `None` where Python plugins cannot be. Its study
/// has few permutations: what they say is asked elsewhere.
fn plugin(kind: &str, changes: &[(&str, &str)]) -> Option<Made> {
    if !can_build("python") {
        return None;
    }
    let plugin = made(kind, "python", "my-plugin");
    for (from, to) in changes {
        plugin.replace("plugin.py", from, to);
    }
    plugin.replace(
        "plugins.toml",
        "permutations = 99 ",
        "controls = false\npermutations = 19 ",
    );
    plugin.ok("make");
    Some(plugin)
}

/// All that an evaluation with this plugin says.
fn eval(plugin: &Made) -> String {
    text(&plugin.sh("ocean-host eval plugins.toml --quiet --fresh"))
}

fn says(plugin: &Made, expected: &str) {
    let said = eval(plugin);
    assert!(said.contains(expected), "{said}");
}

#[test]
fn listing_and_describing_a_plugin_starts_no_python() {
    let Some(plugin) = plugin("regressor", &[]) else {
        return;
    };
    // A home without a standard library: an interpreter that starts here fails.
    let broken = "PYTHONHOME=/nowhere";
    let library = "libocean_plugin_my_plugin.so";
    let info = plugin.ok(&format!("{broken} ocean-host plugin info {library}"));
    assert!(info.contains("built with Python 3."), "{info}");
    let interfaces =
        "interfaces ocean.regressor/1, ocean.regressor.linear/1, ocean.regressor.batch/1";
    assert!(info.contains(interfaces), "{info}");
    let list = plugin.ok(&format!(
        "{broken} OCEAN_PLUGIN_PATH=. ocean-host plugin list"
    ));
    assert!(list.contains("my-plugin"), "{list}");
    let output = plugin.sh(&format!(
        "{broken} ocean-host eval plugins.toml --quiet --fresh"
    ));
    let said = text(&output);
    assert!(said.contains("Python did not start: "), "{said}");
    assert!(output.status.code().is_some(), "it ends by itself: {said}");
}

#[test]
fn a_library_does_not_link_python() {
    let Some(plugin) = plugin("encoder", &[]) else {
        return;
    };
    let bytes = std::fs::read(plugin.folder.join("libocean_plugin_my_plugin.so")).unwrap();
    let has = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(has("libpython"), "it names the library that it loads");
    let output = Command::new("readelf")
        .args(["--dynamic"])
        .arg(plugin.folder.join("libocean_plugin_my_plugin.so"))
        .output();
    if let Ok(output) = output {
        let said = text(&output);
        assert!(said.contains("(NEEDED)"), "{said}");
        assert!(!said.contains("libpython"), "{said}");
    }
}

#[test]
fn a_python_without_numpy_is_one_line_with_the_command_that_helps() {
    if !can_build("python") {
        return;
    }
    let plugin = made("encoder", "python", "my-plugin");
    // An environment without any package.
    plugin.ok("\"$PYTHON\" -m venv --without-pip empty");
    plugin.ok("make PYTHON=empty/bin/python");
    says(
        &plugin,
        "numpy cannot be imported (No module named 'numpy'); ",
    );
    says(
        &plugin,
        "empty/bin/python -m pip install numpy, or build with another Python: make PYTHON=...",
    );
}

#[test]
fn a_plugin_py_that_changed_after_make_or_is_gone_is_named() {
    let Some(plugin) = plugin("encoder", &[]) else {
        return;
    };
    plugin.replace("plugin.py", "REVISION = 1", "REVISION = 2");
    says(
        &plugin,
        "plugin.py has changed since the library was built: run make",
    );
    plugin.ok("make");
    plugin.ok("ocean-host eval plugins.toml --quiet --fresh");
    std::fs::remove_file(plugin.folder.join("plugin.py")).unwrap();
    says(
        &plugin,
        "plugin.py must lie beside the library: No such file or directory",
    );
}

#[test]
fn a_library_whose_python_is_gone_is_named() {
    let Some(plugin) = plugin("encoder", &[]) else {
        return;
    };
    let bytes = std::fs::read(plugin.folder.join("libocean_plugin_my_plugin.so")).unwrap();
    let place = bytes
        .windows(10)
        .position(|window| window == b"/libpython")
        .unwrap();
    let mut moved = bytes;
    moved[place + 1..place + 4].copy_from_slice(b"xyz");
    std::fs::write(plugin.folder.join("libocean_plugin_my_plugin.so"), moved).unwrap();
    says(
        &plugin,
        "Python cannot be loaded; build the plugin again (make clean, make): ",
    );
    says(&plugin, "xyzpython");
}

#[test]
fn an_exception_is_a_status_with_its_message_and_its_line() {
    let expected = [
        (
            "x = 1 / 0",
            "ZeroDivisionError: division by zero (plugin.py:",
            "NUMERIC",
        ),
        (
            "raise RuntimeError('two\\nlines')",
            "RuntimeError: two lines (plugin.py:",
            "PANIC",
        ),
        (
            "raise NotImplementedError('later')",
            "NotImplementedError: later",
            "UNSUPPORTED",
        ),
        ("raise SystemExit(0)", "SystemExit: 0", "PANIC"),
        (
            "raise MemoryError()",
            "not enough memory (in encode)",
            "OOM",
        ),
        (
            "return [[1.0]]",
            "has shape (1, 1); expected (64, ",
            "SHAPE",
        ),
        (
            "return np.full((len(texts), self.dim), np.nan)",
            "values that are not finite",
            "NUMERIC",
        ),
    ];
    let Some(plugin) = plugin("encoder", &[]) else {
        return;
    };
    let marker = "vectors = np.zeros((len(texts), self.dim), np.float32)";
    let original = std::fs::read_to_string(plugin.folder.join("plugin.py")).unwrap();
    for (code, message, name) in expected {
        let changed = original.replace(marker, &format!("{code}\n        {marker}"));
        std::fs::write(plugin.folder.join("plugin.py"), changed).unwrap();
        plugin.ok("make");
        let said = eval(&plugin);
        assert!(said.contains(message), "{code}: {said}");
        assert!(
            said.contains(&format!("(encode: {name})")),
            "{code}: {said}"
        );
    }
}

#[test]
fn a_value_error_in_the_constructor_is_about_parameters() {
    let line = "self.dim = params[\"dim\"]";
    let code = "raise ValueError('dim must be odd')";
    let Some(plugin) = plugin("encoder", &[(line, code)]) else {
        return;
    };
    let output = plugin.sh("ocean-host eval plugins.toml");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("dim must be odd"), "{said}");
}

#[test]
fn an_array_of_the_hosts_that_is_kept_is_noticed() {
    let keep = (
        "return (t @ y) / (t @ t)",
        "self.kept = x\n        return (t @ y) / (t @ t)",
    );
    let Some(plugin) = plugin("regressor", &[keep]) else {
        return;
    };
    let opened = Opened::new(&plugin.folder.join("libocean_plugin_my_plugin.so"));
    let refused = opened
        .fit_predict("{}", &[1.0, -1.0], &[1.0, -1.0], 1.0, &[1.0])
        .unwrap_err();
    assert_eq!(refused.status(), status::INTERNAL);
    assert_eq!(
        refused.message(),
        "`fit` kept an array that belongs to the host; keep a copy: x.copy()"
    );
}

#[test]
fn the_hosts_arrays_are_read_only() {
    let write = ("call.check_cancelled()", "x[0, 0] = 5");
    let Some(plugin) = plugin("regressor", &[write]) else {
        return;
    };
    let opened = Opened::new(&plugin.folder.join("libocean_plugin_my_plugin.so"));
    let refused = opened
        .fit_predict("{}", &[1.0, -1.0], &[1.0, -1.0], 1.0, &[1.0])
        .unwrap_err();
    assert!(refused.message().contains("read-only"), "{refused}");
}

#[test]
fn what_a_plugin_prints_does_not_end_up_among_the_results() {
    let print = ("call.check_cancelled()", "print('chatter')");
    let Some(plugin) = plugin("encoder", &[print]) else {
        return;
    };
    let output = plugin.sh("ocean-host eval plugins.toml --format json");
    assert!(output.status.success(), "{}", text(&output));
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn two_python_plugins_share_one_process() {
    let Some(encoder) = plugin("encoder", &[]) else {
        return;
    };
    let regressor = made("regressor", "python", "other-plugin");
    regressor.ok("make");
    let library = regressor.folder.join("libocean_plugin_other_plugin.so");
    let both = format!(
        "\n[[regressor]]\nname = \"other\"\nplugin = {:?}\nn_alphas = 2\nisolation = \"in-process\"\n",
        library.to_str().unwrap()
    );
    let study = encoder.folder.join("plugins.toml");
    let text_before = std::fs::read_to_string(&study).unwrap();
    let in_process = text_before.replace(
        "dim = 64                         # a",
        "isolation = \"in-process\"\ndim = 64 # a",
    );
    assert_ne!(text_before, in_process);
    std::fs::write(&study, in_process + &both).unwrap();
    encoder.ok("ocean-host eval plugins.toml --quiet");
    let r2 = encoder.r2("my-plugin", "other");
    assert!((0.3..0.9).contains(&r2), "{r2}");
}

#[test]
fn in_a_worker_and_in_process_a_python_plugin_predicts_the_same() {
    let Some(plugin) = plugin("regressor", &[]) else {
        return;
    };
    plugin.ok("ocean-host eval plugins.toml --quiet");
    let apart = plugin.r2("lexical", "my-plugin");
    plugin.replace(
        "plugins.toml",
        "n_alphas = 8 ",
        "isolation = \"in-process\"\nn_alphas = 8 ",
    );
    plugin.ok("ocean-host eval plugins.toml --quiet --fresh");
    assert_eq!(plugin.r2("lexical", "my-plugin"), apart);
}

#[test]
fn a_method_that_is_there_is_an_interface_and_one_that_is_not_is_none() {
    let without = [
        ("def coef(", "def no_coef("),
        ("def fit_predict(", "def no_fit_predict("),
    ];
    let Some(simple) = plugin("regressor", &without) else {
        return;
    };
    let opened = Opened::new(&simple.folder.join("libocean_plugin_my_plugin.so"));
    assert!(opened.table::<LinearV1>(id::LINEAR).is_none());
    assert!(opened.table::<BatchV1>(id::BATCH).is_none());
    assert!(opened.table::<StateV1>(id::STATE).is_none());
    simple.ok("ocean-host eval plugins.toml --quiet");
    // One by one and many at once: products of matrices and of vectors differ in the last bits.
    let many = plugin("regressor", &[]).unwrap();
    many.ok("ocean-host eval plugins.toml --quiet");
    let (one_by_one, at_once) = (
        simple.r2("lexical", "my-plugin"),
        many.r2("lexical", "my-plugin"),
    );
    assert!(
        (one_by_one - at_once).abs() < 1e-12,
        "{one_by_one} {at_once}"
    );
}

#[test]
fn what_describe_refuses_is_one_line_with_its_place() {
    let Some(plugin) = plugin("encoder", &[]) else {
        return;
    };
    let original = std::fs::read_to_string(plugin.folder.join("plugin.py")).unwrap();
    for (from, to, expected) in [
        (
            "\"id\": \"my-plugin\"",
            "\"id\": \"My Plugin\"",
            "plugin.py: the id is 'My Plugin'; lower-case letters",
        ),
        (
            "INFO = {",
            "INFO = dict() or {",
            "INFO must be a literal: it is read without running the file",
        ),
        (
            "class Plugin:",
            "class Other:",
            "plugin.py has no `class Plugin`",
        ),
        (
            "def shape(",
            "def form(",
            "class Plugin has no method `shape`",
        ),
        (
            "\"type\": \"integer\"",
            "\"type\": \"int\"",
            "PARAMS['dim'] needs a \"type\", one of number, integer",
        ),
        ("class Plugin:", "class Plugin", "plugin.py:"),
    ] {
        let changed = original.replace(from, to);
        assert_ne!(changed, original, "{from}");
        std::fs::write(plugin.folder.join("plugin.py"), changed).unwrap();
        let output = plugin.sh("make");
        let said = text(&output);
        assert!(!output.status.success(), "{to}: {said}");
        assert!(said.contains(expected), "{to}: {said}");
        assert!(!said.contains("Traceback"), "{to}: {said}");
    }
}

#[test]
fn a_model_saved_by_python_predicts_the_same_bits_and_damaged_bytes_are_refused() {
    let saving = "        return model\n\n    def save(self, model):\n        return model.tobytes()\n\n    \
         def load(self, data):\n        return np.frombuffer(data)\n\n    def fit_predict(";
    let changes = [("        return model\n\n    def fit_predict(", saving)];
    let Some(plugin) = plugin("regressor", &changes) else {
        return;
    };
    let opened = Opened::new(&plugin.folder.join("libocean_plugin_my_plugin.so"));
    let regressor: &RegressorV1 = opened.table(id::REGRESSOR).unwrap();
    let state: &StateV1 = opened.table(id::STATE).unwrap();
    let host = Host::new();
    let call = host.raw_call();
    let (x, y) = ([1.0, -1.0, 0.5, -0.5], [1.0, -1.0]);
    let x = Mat::column_major(x.as_ptr(), 2, 2);
    let (mut one, mut first, mut second) = (null_mut(), null_mut(), null_mut());
    let (mut before, mut after) = ([0.0; 2], [1.0; 2]);
    // SAFETY: sizes as the header asks; every handle is given back once.
    unsafe {
        host.outcome(regressor.create(Str::new("{}"), &call, &mut one))
            .unwrap();
        host.outcome(regressor.fit(one, &x, y.as_ptr(), 1.0, &call, &mut first))
            .unwrap();
        host.outcome(state.save(one, first, &call)).unwrap();
        let bytes = host.written();
        for cut in [0, 7, bytes.len() - 1] {
            let damaged = host.outcome(state.load(one, bytes.as_ptr(), cut, &call, &mut second));
            assert_eq!(damaged.unwrap_err().status(), status::PARAM, "{cut}");
        }
        host.outcome(state.load(one, bytes.as_ptr(), bytes.len(), &call, &mut second))
            .unwrap();
        for (model, y_hat) in [(first, &mut before), (second, &mut after)] {
            host.outcome(regressor.predict(one, model, &x, y_hat.as_mut_ptr(), &call))
                .unwrap();
            regressor.destroy_model(model);
        }
        regressor.destroy(one);
    }
    assert_eq!(before, after);
}
