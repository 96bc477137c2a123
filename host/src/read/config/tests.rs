//! Every key of the contract parses, and every error names its line.

use super::*;

/// Every key there is, each with a value that asks for nothing unusual.
const WHOLE: &str = r#"
[study]
name = "loans"
seed = 42

[data]
path = "loans.csv"
id = "id"
text = ["q1", "q2"]
pool = "concat"
targets = ["llama_*"]
group = "author"
missing = "drop"
covariates = ["age"]

[[data.join]]
path = "ratings_llama.csv"
id = "sample_id"
prefix = "llama_"

[[data.join]]
path = "more.parquet"

[raters]
openness = ["llama_openness", "gpt_openness"]

[evaluation]
folds = 10
repeats = 2
permutations = { adaptive = 9999 }
level = 0.01
smallest_effect = 0.02
controls = false
inner_folds = 4
exchange = "within"
unit = "group"
duplicates = "keep"
missing_exchange = "strata"
sensitivity = 0
best = true

[[encoder]]
name = "minilm"
plugin = "minilm"
pool = "mean"
isolation = "in-process"
download = true
model = "sentence-transformers/all-MiniLM-L12-v2"

[[encoder]]
name = "bge (precomputed)"
embeddings = "bge.npy"
ids = "bge_ids.txt"
allow_misaligned = true

[[regressor]]
name = "elastic-net"
plugin = "elastic-net"
alphas = [1, 0.1]
n_alphas = 40
alpha_min_ratio = 1e-2
patience = "off"
tol = 1e-7
selection = "1se"
compat = "sklearn"
isolation = "process"
export_models = true
l1_ratio = [0.1, 0.5, 0.9]
"#;

fn parse(text: &str, sets: &[&str]) -> Result<Config, Refusal> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Config::parse(Path::new("plugins.toml"), text, &sets, Scope::Evaluation)
}

fn value<T: Clone>(sourced: &Option<Sourced<T>>) -> T {
    sourced.clone().unwrap().value
}

#[test]
fn every_key_of_the_contract_parses() {
    let config = parse(WHOLE, &[]).unwrap();
    assert_eq!(config.study.name.value, "loans");
    assert_eq!(value(&config.study.seed), 42);
    let data = &config.data;
    assert_eq!(data.path.value, "loans.csv");
    assert_eq!(value(&data.id), "id");
    assert_eq!(value(&data.text), ["q1", "q2"]);
    assert_eq!(value(&data.pool), Pool::Concat);
    assert_eq!(value(&data.targets), ["llama_*"]);
    assert_eq!(value(&data.group), "author");
    assert_eq!(value(&data.missing), Missing::Drop);
    assert_eq!(value(&data.covariates), ["age"]);
    assert_eq!(value(&data.joins[0].id), "sample_id");
    assert_eq!(value(&data.joins[0].prefix), "llama_");
    assert_eq!(data.joins[1].path.value, "more.parquet");
    assert_eq!(config.raters[0].target, "openness");
    assert_eq!(
        config.raters[0].columns.value,
        ["llama_openness", "gpt_openness"]
    );
    let evaluation = &config.evaluation;
    assert_eq!(value(&evaluation.folds), OuterFolds::Drawn(10));
    assert_eq!(value(&evaluation.repeats), 2);
    assert_eq!(
        value(&evaluation.permutations),
        Permutations::Adaptive(9999)
    );
    assert_eq!(value(&evaluation.level), 0.01);
    assert_eq!(value(&evaluation.smallest_effect), 0.02);
    assert!(!value(&evaluation.controls));
    assert_eq!(value(&evaluation.inner_folds), InnerFolds::Independent(4));
    assert_eq!(value(&evaluation.exchange), Exchange::Within);
    assert_eq!(value(&evaluation.unit), Unit::Group);
    assert_eq!(value(&evaluation.duplicates), Duplicates::Keep);
    assert_eq!(value(&evaluation.missing_exchange), MissingExchange::Strata);
    assert_eq!(value(&evaluation.sensitivity), 0);
    assert!(value(&evaluation.best));
    let [plugin, file] = &config.encoders[..] else {
        panic!("two encoders")
    };
    assert_eq!(value(&plugin.plugin), "minilm");
    assert_eq!(value(&plugin.pool), Pool::Mean);
    assert_eq!(value(&plugin.place.isolation), Isolation::InProcess);
    assert!(value(&plugin.download));
    assert_eq!(
        plugin.params.values["model"],
        "sentence-transformers/all-MiniLM-L12-v2"
    );
    assert_eq!(
        plugin.params.origins["model"].to_string(),
        "plugins.toml:48"
    );
    assert_eq!(value(&file.embeddings), "bge.npy");
    assert_eq!(value(&file.ids), "bge_ids.txt");
    assert!(value(&file.allow_misaligned));
    let regressor = &config.regressors[0];
    assert_eq!(regressor.plugin.value, "elastic-net");
    assert_eq!(value(&regressor.alphas), [1.0, 0.1]);
    assert_eq!(value(&regressor.n_alphas), 40);
    assert_eq!(value(&regressor.alpha_min_ratio), 0.01);
    assert_eq!(value(&regressor.patience), Patience::Off);
    assert_eq!(value(&regressor.tol), 1e-7);
    assert_eq!(value(&regressor.selection), Selection::OneSe);
    assert_eq!(value(&regressor.compat), Compat::Sklearn);
    assert_eq!(value(&regressor.place.isolation), Isolation::Process);
    assert!(value(&regressor.export_models));
    assert_eq!(
        regressor.params.values["l1_ratio"],
        serde_json::json!([0.1, 0.5, 0.9])
    );
    assert_eq!(regressor.params.values.len(), 1);
}

#[test]
fn the_other_spellings_parse_too() {
    let sets = [
        "evaluation.permutations=99",
        "evaluation.inner_folds=\"outer\"",
        "data.text=\"q1\"",
        "regressor.elastic-net.patience=8",
    ];
    let config = parse(WHOLE, &sets).unwrap();
    assert_eq!(
        value(&config.evaluation.permutations),
        Permutations::Fixed(99)
    );
    assert_eq!(value(&config.evaluation.inner_folds), InnerFolds::Outer);
    assert_eq!(value(&config.data.text), ["q1"]);
    assert_eq!(value(&config.regressors[0].patience), Patience::Steps(8));
}

/// A sound file up to and with [evaluation], to which one wrong line is added as line 9; and what
/// follows it.
fn refused(line: &str) -> String {
    let text = format!(
        "[study]\nname = \"s\"\n[data]\npath = \"d.csv\"\nid = \"id\"\ntext = \"t\"\ntargets = \"y\"\n[evaluation]\n{line}\n\
         [[encoder]]\nname = \"e\"\nplugin = \"e\"\n[[regressor]]\nname = \"r\"\nplugin = \"r\"\n"
    );
    parse(&text, &[]).unwrap_err().to_string()
}

#[test]
fn each_wrong_value_is_shown_with_its_line_and_what_is_expected() {
    let cases = [
        (
            "folds = 1",
            "folds = 1 is not a whole number from 2 to 1000, or the name of a column",
        ),
        (
            "folds = 5.0",
            "folds = 5.0 is not a whole number from 2 to 1000, or the name of a column",
        ),
        (
            "permutations = 0",
            "permutations = 0 is not a whole number, 1 or more, or { adaptive = 9999 }",
        ),
        (
            "permutations = { adptive = 9 }",
            "permutations = { adptive = 9 } is not a whole number, 1 or more, or { adaptive = 9999 }",
        ),
        ("level = 5", "level = 5 is not a number between 0 and 1"),
        ("level = nan", "level = NaN is not a number between 0 and 1"),
        (
            "controls = \"yes\"",
            "controls = \"yes\" is not true or false",
        ),
        (
            "inner_folds = \"outher\"",
            "inner_folds = \"outher\" is not \"outer\" or a whole number, 2 or more; did you mean \"outer\"?",
        ),
        (
            "exchange = \"block\"",
            "exchange = \"block\" is not \"blocks\", \"within\" or \"free\"; did you mean \"blocks\"?",
        ),
        (
            "duplicates = []",
            "duplicates = [] is not \"group\" or \"keep\"",
        ),
        (
            "sensitivity = -1",
            "sensitivity = -1 is not a whole number from 0 to 10000000",
        ),
        (
            "permutation = 9",
            "has no key `permutation`; did you mean `permutations`?",
        ),
    ];
    for (line, message) in cases {
        assert_eq!(
            refused(line),
            format!("plugins.toml:9: [evaluation] {message}")
        );
    }
}

#[test]
fn an_unknown_key_without_a_near_one_lists_those_there_are() {
    assert_eq!(
        refused("x = 1"),
        "plugins.toml:9: [evaluation] has no key `x`; there are `folds`, `repeats`, `permutations`, `level`, `smallest_effect`, \
         `controls`, `inner_folds`, `exchange`, `unit`, `duplicates` and 4 more"
    );
}

#[test]
fn all_errors_of_a_file_are_shown_together() {
    let text = "[study]\nseed = -1\n[data]\npath = 3\ntxt = \"t\"\n[[data.join]]\nprefix = 1\n[raters]\nopenness = [\"a\"]\n\
                [evaluaton]\n[[encoder]]\nname = \"a/b\"\n[regressor]\nname = \"r\"\n";
    assert_eq!(
        parse(text, &["data.pool=\"sum\""]).unwrap_err().to_string(),
        "plugins.toml:10: no section is called `evaluaton`; did you mean `evaluation`?\n\
         plugins.toml:1: [study] has no `name`\n  try: name = \"loans\"\n\
         plugins.toml:2: [study] seed = -1 is not a whole number, 0 or more\n\
         plugins.toml:4: [data] path = 3 is not a text\n\
         --set data.pool=\"sum\": [data] pool = \"sum\" is not \"mean\" or \"concat\"\n\
         plugins.toml:6: [[data.join]] has no `path`\n  try: path = \"ratings.csv\"\n\
         plugins.toml:7: [[data.join]] prefix = 1 is not a text\n\
         plugins.toml:5: [data] has no key `txt`; did you mean `text`?\n\
         plugins.toml:12: [[encoder]] a/b name = \"a/b\" is not a text that can be part of a file name\n\
         plugins.toml:9: [raters] openness = [\"a\"] is not a list of two or more different columns\n\
         plugins.toml:13: [[regressor]] has double brackets and comes once for each regressor"
    );
}

#[test]
fn an_empty_file_says_what_it_lacks() {
    assert_eq!(
        parse("", &[]).unwrap_err().to_string(),
        "plugins.toml: has no section [study]\nplugins.toml: has no section [data]\n\
         plugins.toml: has no [[encoder]]\nplugins.toml: has no [[regressor]]"
    );
}

#[test]
fn encoding_does_not_look_at_what_it_does_not_read() {
    let text = "[study]\nname = \"s\"\n[data]\npath = \"d.csv\"\nid = \"id\"\n[evaluation]\nfolds = 0\n\
                [[encoder]]\nname = \"e\"\nplugin = \"e\"\n";
    let config = Config::parse(Path::new("plugins.toml"), text, &[], Scope::Encoding).unwrap();
    assert!(config.regressors.is_empty());
    let both = Config::parse(Path::new("plugins.toml"), text, &[], Scope::Evaluation)
        .unwrap_err()
        .to_string();
    assert_eq!(
        both,
        "plugins.toml:7: [evaluation] folds = 0 is not a whole number from 2 to 1000, or the name of a column\nplugins.toml: has no [[regressor]]"
    );
}

#[test]
fn a_file_that_is_absent_or_not_utf8_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugins.toml");
    let read = || {
        Config::read(&file, &[], Scope::Evaluation)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        read(),
        format!(
            "{}: cannot be read: No such file or directory (os error 2)",
            file.display()
        )
    );
    std::fs::write(&file, b"[study]\nname = \"\xff\"").unwrap();
    assert_eq!(
        read(),
        format!("{}: is not UTF-8 text at byte 16", file.display())
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugins.toml");
    std::fs::write(&file, format!("\u{feff}{WHOLE}")).unwrap();
    assert!(Config::read(&file, &[], Scope::Evaluation).is_ok());
}
