//! What people install: the release archive, and the Python wheel with its module.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ocean_tests::kit::{can_build, has, python};
use ocean_tests::skip::needs;
use ocean_tests::workspace::{
    install_target, root, shares_dependencies, target, without_package_settings,
};

use crate::cli::quickstart::quickstart;

fn sound(command: &mut Command) -> String {
    without_package_settings(command);
    shares_dependencies(command);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// The results of a run of the quickstart are those of the program under test.
fn is_the_quickstart(run: &Path) {
    for file in [
        "results.csv",
        "results.json",
        "predictions.csv",
        "report.html",
    ] {
        let read = |folder: &Path| std::fs::read(folder.join(file)).unwrap();
        assert!(read(run) == read(&quickstart().1), "{file}");
    }
}

#[test]
fn the_release_archive_runs_where_it_is_unpacked() {
    if !needs("tar", has("tar")) {
        return;
    }
    let made =
        || sound(Command::new(root().join("host/package")).env("CARGO_TARGET_DIR", target()));
    let archive = PathBuf::from(made().lines().last().unwrap());
    let first = std::fs::read(&archive).unwrap();
    made();
    assert!(
        first == std::fs::read(&archive).unwrap(),
        "made again, it has other bytes"
    );
    let folder = tempfile::tempdir().unwrap();
    sound(
        Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(folder.path()),
    );
    let inside = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut host = Command::new(inside.join("bin/ocean-host"));
    host.current_dir(&inside)
        .env("OCEAN_CACHE", folder.path().join("cache"));
    sound(host.args(["eval", "examples/quickstart/plugins.toml", "--quiet"]));
    is_the_quickstart(&inside.join("runs/quickstart"));
    for file in [
        "share/man/man1/ocean-host.1",
        "share/completions/ocean-host.zsh",
        "include/ocean_plugin.h",
        "LICENSE-MIT",
    ] {
        assert!(inside.join(file).is_file(), "{file}");
    }
}

/// The wheel, built from the sources, installed, and used as its README says: studies, arrays,
/// estimators as plugins, and p beside scikit-learn's own.
#[test]
fn the_python_wheel_runs_a_study_and_reads_it_into_pandas() {
    let python = PathBuf::from(python());
    let imports = "import maturin, mypy, numpy, pandas, sklearn";
    let has_tools = Command::new(&python)
        .args(["-c", imports])
        .output()
        .is_ok_and(|o| o.status.success());
    if !needs("maturin", has_tools) || !can_build("python") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("tmp")).unwrap();
    let sources = root().join("host/python");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        // The tools of this Python, before any other's.
        let own = python.parent().unwrap().to_path_buf();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path)));
        command
            .args(arguments)
            .current_dir(folder.path())
            .env("PATH", path.unwrap())
            .env_remove("OCEAN_PROGRAM")
            .env("CARGO_TARGET_DIR", install_target());
        for (name, place) in [
            ("OCEAN_CACHE", "cache"),
            ("XDG_CACHE_HOME", "plugins"),
            ("TMPDIR", "tmp"),
        ] {
            command.env(name, folder.path().join(place));
        }
        sound(&mut command)
    };
    let pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"];
    // Types are checked while the wheel is built.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            run(&[
                "-m",
                "mypy",
                "--strict",
                "--cache-dir",
                "mypy",
                sources.join("ocean_host").to_str().unwrap(),
            ]);
        });
        run(&[
            &pip[..],
            &[
                "wheel",
                sources.to_str().unwrap(),
                "--no-deps",
                "--no-build-isolation",
                "--wheel-dir",
                ".",
            ],
        ]
        .concat());
    });
    let wheel = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path());
    let wheel = wheel
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "whl"))
        .last()
        .unwrap();
    run(&[
        &pip[..],
        &[
            "install",
            "--no-deps",
            "--force-reinstall",
            wheel.to_str().unwrap(),
        ],
    ]
    .concat());
    let said = run(&[
        "-c",
        include_str!("use_the_wheel.py"),
        root()
            .join("examples/quickstart/plugins.toml")
            .to_str()
            .unwrap(),
    ]);
    assert!(said.ends_with("all is well\n"), "{said}");
    is_the_quickstart(&folder.path().join("run"));
    std::fs::remove_dir_all(folder.path().join("run")).unwrap();
    // In one process: half of their time is scikit-learn's own start.
    let arrays = concat!(
        include_str!("agree_with_sklearn.py"),
        include_str!("use_arrays.py")
    );
    let said = run(&["-c", arrays]);
    assert!(said.ends_with("all is well\n"), "{said}");
}
