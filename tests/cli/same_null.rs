//! What `eval` writes is what the engine's loop computes, called here by hand: null.npy to the bit,
//! for a bundled plugin and a foreign one that `eval` runs in a worker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nalgebra::DMatrix;
use ocean_engine::regressor::Regressor;
use ocean_engine::seed::Seed;
use ocean_host::commands::selfcheck::study::Study;
use ocean_host::read::config::Isolation;
use ocean_loader::{
    CallContext, Kind, Library, PluginRegressor, Prober, RegressorOptions, SearchPath,
};
use ocean_tests::{fixtures, workspace};

use crate::cli::folder::{Folder, ROWS};
use crate::cli::outputs::{results, table};

const COLUMNS: usize = 4;
const PERMUTATIONS: usize = 149;

/// A study of given vectors: all that `eval` starts from is known here.
fn folder(plugin: &Path) -> (Folder, DMatrix<f64>) {
    let folder = Folder::sound();
    let mut noise = Seed(8).stream("vectors", 0);
    let x: Vec<f32> = (0..ROWS * COLUMNS).map(|_| noise.normal() as f32).collect();
    let ids: String = table(&folder.file("texts.csv"))
        .iter()
        .map(|row| format!("{}\n", row["id"]))
        .collect();
    folder.with_vectors((ROWS, COLUMNS), &x, &ids);
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        "permutations = 149\nrepeats = 2\ncontrols = false",
    );
    folder.replace(
        "plugins.toml",
        "name = \"small\"",
        "name = \"small\"\nseed = 5",
    );
    let named = format!("plugin = {:?}", plugin.to_str().unwrap());
    folder.replace("plugins.toml", "plugin = \"ridge\"", &named);
    let x = x.iter().map(|value| f64::from(*value));
    (folder, DMatrix::from_row_iterator(ROWS, COLUMNS, x))
}

/// The loop, called as any program can call it, on the rows and folds that `eval` wrote down.
fn by_hand(folder: &Folder, x: &DMatrix<f64>, regressor: &dyn Regressor) -> DMatrix<f64> {
    let texts = table(&folder.file("texts.csv"));
    let folds = table(&folder.file("run/folds.csv"));
    let place = |id: &str| texts.iter().position(|row| row["id"] == id).unwrap();
    let of_repeat = |repeat: &'static str| folds.iter().filter(move |row| row["repeat"] == repeat);
    let order: Vec<usize> = of_repeat("1").map(|row| place(&row["id"])).collect();
    let fold_of = ["1", "2"].map(|repeat| {
        let of_rows = of_repeat(repeat).map(|row| row["fold"].parse::<usize>().unwrap() - 1);
        of_rows.collect::<Vec<usize>>()
    });
    let mood = order.iter().map(|&row| texts[row]["mood"].parse().unwrap());
    let y = DMatrix::from_iterator(ROWS, 1, mood);
    let mut study = Study::with_folds(x.select_rows(&order), y, fold_of.to_vec()).unwrap();
    study.seed = Seed(5);
    study.run(regressor, PERMUTATIONS).unwrap().statistics
}

fn is_what_eval_wrote(plugin: &Path, regressor: &dyn Regressor) {
    let (folder, x) = folder(plugin);
    folder.eval(&["--quiet"]).ending_with(0);
    let statistics = by_hand(&folder, &x, regressor);
    let bytes = std::fs::read(folder.file("run/null.npy")).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
    let (shape, null) = (npy.shape().to_vec(), npy.into_vec::<f64>().unwrap());
    assert_eq!(shape[0] as usize, PERMUTATIONS);
    // The cell comes first, controls behind it.
    let n_cells = shape[1] as usize;
    for (b, row) in null.chunks(n_cells).enumerate() {
        let expected = statistics[(b + 1, 0)];
        assert_eq!(
            row[0].to_bits(),
            expected.to_bits(),
            "permutation {}",
            b + 1
        );
    }
    let r2: f64 = results(&folder.file("run"))[0]["r2"].parse().unwrap();
    assert_eq!(r2.to_bits(), statistics[(0, 0)].to_bits());
}

/// In this process.
fn loaded(plugin: &str) -> PluginRegressor {
    let host = &workspace::built().host;
    let prober = Prober::new(host).with_time_limit(Duration::from_secs(60));
    let search = SearchPath::of(host);
    let library = Library::new(search, prober, CallContext::new(|_, _| {}, Arc::default()));
    let here = Some(Isolation::InProcess);
    let plugin = library
        .load(plugin, Path::new("/"), Kind::Regressor, here)
        .unwrap();
    PluginRegressor::new(plugin, RegressorOptions::default(), CallContext::silent()).unwrap()
}

#[test]
fn the_null_of_a_bundled_plugin_is_the_engines_to_the_bit() {
    is_what_eval_wrote(Path::new("ridge"), &loaded("ridge"));
}

#[test]
fn the_null_of_a_foreign_plugin_in_a_worker_is_the_engines_to_the_bit() {
    let plugin = fixtures::c_plugin("sound_ridge");
    is_what_eval_wrote(&plugin, &loaded(plugin.to_str().unwrap()));
}
