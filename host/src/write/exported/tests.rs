use nalgebra::DMatrix;
use ocean_engine::inference::verdict::Verdict;
use ocean_loader::Fitted;

use super::file::FORMAT;
use super::model::*;
use super::taken_out::{Fit, TakenOut};
use crate::plan::Unit;
use crate::read::dataset::Covariate;

fn model() -> Model {
    Model {
        ocean_model: FORMAT,
        made_by: "0.1.0".into(),
        study: "small".into(),
        target: "mood".into(),
        id: Some("id".into()),
        text: vec!["text".into()],
        unit: Unit::Row,
        group: None,
        encoder: Recipe::Precomputed {
            name: "vectors".into(),
            hash: "abc".into(),
            columns: Some(vec!["a".into(), "b".into()]),
        },
        taken_out: None,
        regressor: Regression {
            name: "ridge".into(),
            plugin: PluginName {
                id: "ridge".into(),
                version: "0.1.0".into(),
                hash: "def".into(),
                is_bundled: true,
                path: None,
            },
            params: serde_json::Map::new(),
            alpha: Some(0.1 + 0.2),
            mean: vec![1e-300, -3.5],
            sd: vec![1.0, 0.0],
            intercept: 4.2,
            scale: 1.0,
            fitted: Fitted::Coefficients(vec![1.0 / 3.0, 0.0]),
        },
        evidence: Evidence {
            n: 40,
            n_train: 32.0,
            r2: 0.25,
            ci: Some((0.1, 0.4)),
            p_fwer: Some(0.001),
            verdict: Some(Verdict::Predictive),
        },
        checksum: String::new(),
    }
}

#[test]
fn a_model_is_read_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ocean");
    let mut written = model();
    written.write(&path).unwrap();
    assert_eq!(Model::read(&path).unwrap(), written);
    let mut of_bytes = model();
    of_bytes.regressor.fitted = Fitted::State(vec![0, 255, 7]);
    of_bytes.write(&path).unwrap();
    assert_eq!(Model::read(&path).unwrap(), of_bytes);
}

/// What a file says when it is read.
fn error(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ocean");
    std::fs::write(&path, text).unwrap();
    let error = Model::read(&path).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "FILE")
}

/// The text of a model with its checksum.
fn written(mut model: Model) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ocean");
    model.write(&path).unwrap();
    std::fs::read_to_string(&path).unwrap()
}

/// A text with the checksum that it should have, as anybody can make one.
fn signed(text: &str) -> String {
    let (before, _) = text.rsplit_once("\"checksum\":\"").unwrap();
    let before = format!("{before}\"checksum\":\"");
    let hash = blake3::hash(format!("{before}\"}}").as_bytes()).to_hex();
    format!("{before}{hash}\"}}\n")
}

const FOREIGN: &str = "FILE is no model that this ocean-host can read: ";

#[test]
fn a_changed_or_foreign_file_is_named_for_what_it_is() {
    let sound = written(model());
    let damaged = "FILE is damaged: its checksum does not match; copy it again";
    assert_eq!(error(&sound.replace("4.2", "4.3")), damaged);
    assert_eq!(
        error(&sound.replace("\"checksum\"", " \"checksum\"")),
        damaged
    );
    assert_eq!(
        error(&sound.replace("\"ocean_model\":2", "\"ocean_model\":3")),
        format!(
            "{FOREIGN}its format is 3, at most 2 is expected; use an ocean-host of its version"
        )
    );
    assert_eq!(error("{}"), format!("{FOREIGN}it has no `ocean_model`"));
    assert!(error(&sound[..200]).starts_with(&format!("{FOREIGN}EOF")));
    assert!(error("").starts_with(FOREIGN));
    assert!(error(&format!("{{\"ocean_model\":{}", "[".repeat(100_000))).starts_with(FOREIGN));
}

#[test]
fn a_file_whose_parts_do_not_fit_is_refused_though_its_checksum_is_right() {
    let sound = written(model());
    assert_eq!(signed(&sound), sound);
    let cases = [
        (
            "\"sd\":[1.0,0.0]",
            "\"sd\":[1.0]",
            "it has 1 sd, 2 are expected",
        ),
        (
            "\"sd\":[1.0,0.0]",
            "\"sd\":[1.0,-1.0]",
            "a standard deviation is negative",
        ),
        (
            "\"sd\":[1.0,0.0]",
            "\"sd\":[1.0,1e999]",
            "number out of range",
        ),
        ("\"sd\":[1.0,0.0]", "\"sd\":[1.0,NaN]", "expected value"),
        (
            "\"sd\":[1.0,0.0]",
            "\"sd\":[1.0,null]",
            "invalid type: null",
        ),
        (
            "\"mean\":[1e-300,-3.5]",
            "\"mean\":[]",
            "it is of vectors without columns",
        ),
        (
            "\"id\":\"ridge\"",
            "\"id\":\"../evil\"",
            "\"../evil\" is no id of a plugin",
        ),
        (
            "\"columns\":[\"a\",\"b\"]",
            "\"columns\":[\"a\"]",
            "it has 1 names of columns, 2 are expected",
        ),
        (
            "\"unit\":\"row\"",
            "\"unit\":\"group\"",
            "it names no column of groups",
        ),
        (
            "\"unit\":\"row\"",
            "\"unit\":\"all\"",
            "`all` is none of its values",
        ),
        ("\"n\":40", "\"n\":-1", "invalid value: integer `-1`"),
        (
            "\"taken_out\":null",
            "\"taken_out\":{\"covariates\":[{\"number\":{\"column\":\"age\"}}],\"mean\":[1.0],\"y\":[2.0],\"x\":[[1.0]]}",
            "it has 1 slopes of a covariate, 2 are expected",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(sound.contains(from), "{from}");
        let text = signed(&sound.replace(from, to));
        let error = error(&text);
        assert!(
            error.starts_with(FOREIGN) && error.contains(expected),
            "{error}"
        );
    }
    let not_a_file = Model::read(std::env::temp_dir().as_path()).unwrap_err();
    assert!(not_a_file.to_string().ends_with("it is no regular file"));
}

/// A file of the first format: a path where the name of a library is now, and neither columns nor
/// groups nor covariates.
#[test]
fn a_file_of_the_first_format_is_read_and_its_path_is_no_more_than_words() {
    let text = r#"{"ocean_model":1,"made_by":"0.1.0","study":"s","target":"mood","id":"id","text":["text"],"encoder":{"plugin":{"name":"e","id":"e","path":"./weights.so","params":{},"key":[["plugin","e"],["version","0.1.0"]],"pool":"mean"}},"regressor":{"name":"r","id":"r","path":"/tmp/r.so","hash":"def","params":{},"alpha":1.5,"mean":[0.5],"sd":[2.0],"intercept":4.2,"scale":1.0,"fitted":{"State":[1,2]}},"evidence":{"n":40,"n_train":32.0,"r2":0.25,"ci":null,"p_fwer":null,"verdict":"predictive"},"checksum":""}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ocean");
    std::fs::write(&path, signed(text)).unwrap();
    let model = Model::read(&path).unwrap();
    assert_eq!((model.ocean_model, model.unit), (1, Unit::Row));
    assert!(model.group.is_none() && model.taken_out.is_none());
    let plugin = &model.regressor.plugin;
    assert_eq!((plugin.hash.as_str(), plugin.is_bundled), ("def", false));
    assert_eq!(plugin.path.as_deref(), Some("/tmp/r.so".as_ref()));
    // Written again it names no path.
    let again = written(model);
    assert!(!again.contains(".so"), "{again}");
}

/// y = 1, 2, 4 on z = 0, 1, 2 is 7/3 + 3/2 (z − 1) with 1/6, −1/3, 1/6 left; twice z says nothing
/// new.
#[test]
fn slopes_on_covariates_by_hand() {
    let z = DMatrix::from_row_slice(3, 2, &[0.0, 0.0, 1.0, 2.0, 2.0, 4.0]);
    let fit = Fit::of(&z);
    let mut y = [1.0, 2.0, 4.0];
    let slopes = fit.take_out(&mut y);
    let close =
        |got: f64, expected: f64| assert!((got - expected).abs() < 1e-14, "{got} {expected}");
    close(slopes[0], 1.5);
    close(slopes[1], 0.0);
    [1.0 / 6.0, -1.0 / 3.0, 1.0 / 6.0]
        .into_iter()
        .zip(y)
        .for_each(|(expected, got)| close(got, expected));
    // One column of X is the covariate itself: nothing is left of it. The other is the y from
    // above.
    let x = DMatrix::from_column_slice(3, 2, &[0.0, 3.0, 6.0, 1.0, 2.0, 4.0]);
    let (of_x, sd) = fit.take_out_of_all(&x);
    close(of_x[0][0], 3.0);
    assert_eq!(sd[0], 0.0);
    close(sd[1], (1.0f64 / 18.0).sqrt());
    let column = |name: &str| Covariate::Number {
        column: name.into(),
    };
    let kept: TakenOut = fit.kept(&[column("z"), column("twice")], of_x, slopes);
    // At z = 4: 9/2 more than at the mean for y, and 9 and 9/2 for X.
    let mut new = DMatrix::from_row_slice(1, 2, &[20.0, 7.0]);
    let explained = kept.apply(DMatrix::from_row_slice(1, 2, &[4.0, 8.0]), &mut new);
    close(explained[0], 4.5);
    close(new[(0, 0)], 11.0);
    close(new[(0, 1)], 2.5);
}
