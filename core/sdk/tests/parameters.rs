//! One declaration: defaults, schema, and the check of what a user wrote.

#![allow(
    clippy::unwrap_used,
    reason = "a test target: a panic here is the report"
)]

use ocean_plugin::{NoParams, Parameters};

ocean_plugin::params! {
    /// One of each.
    pub struct Everything {
        /// Share of ℓ1;
        /// 1 is the lasso.
        pub l1_ratio: f64 = default_to(0.5).min(0.0).max(1.0).tunable(),
        /// Penalty.
        pub alpha: f64 = default_to(1.0).min(1e-6).log_scale().penalty(),
        max_iter: u32 = default_to(1000u32).min(1),
        offset: i64 = default_to(-3),
        fast: bool = default_to(true),
        /// Where the model lies.
        pub model: String = required().model(),
        rule: String = default_to("kkt").choices(&["kkt", "gap"]),
        words: Vec<String> = default_to(Vec::new()),
        layers: Option<Vec<i64>> = default_to(None),
        limit: Option<usize> = default_to(None).min(1).max(10),
    }
}

fn refusal(json: &str) -> String {
    Everything::from_json(json)
        .unwrap_err()
        .message()
        .to_owned()
}

#[test]
fn absent_parameters_have_their_defaults() {
    let params = Everything::from_json(r#"{"model": "/m"}"#).unwrap();
    assert_eq!(
        params,
        Everything {
            l1_ratio: 0.5,
            alpha: 1.0,
            max_iter: 1000,
            offset: -3,
            fast: true,
            model: "/m".into(),
            rule: "kkt".into(),
            words: vec![],
            layers: None,
            limit: None,
        }
    );
}

#[test]
fn given_parameters_replace_them() {
    let json = r#"{"model": "/m", "l1_ratio": 1, "alpha": 0.25, "max_iter": 7, "offset": -9, "fast": false, "rule": "gap",
        "words": ["a", "b"], "layers": [-2, 11], "limit": 10}"#;
    let params = Everything::from_json(json).unwrap();
    assert_eq!(
        (params.l1_ratio, params.alpha, params.max_iter),
        (1.0, 0.25, 7)
    );
    assert_eq!(
        (params.offset, params.fast, params.rule.as_str()),
        (-9, false, "gap")
    );
    assert_eq!(
        (params.words, params.limit, params.layers),
        (
            vec!["a".to_owned(), "b".to_owned()],
            Some(10),
            Some(vec![-2, 11])
        )
    );
}

#[test]
fn every_mistake_is_one_line_that_says_what_is_expected() {
    assert_eq!(refusal("{}"), "`model` is missing: Where the model lies.");
    assert_eq!(
        refusal(r#"{"model": "/m", "l1_ratio": 1.5}"#),
        "l1_ratio = 1.5 is outside [0, 1]: Share of ℓ1; 1 is the lasso."
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "max_iter": 10.0}"#),
        "max_iter = 10.0 is not of type integer"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "max_iter": -1}"#),
        "max_iter = -1 is not of type integer"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "max_iter": 4294967296}"#),
        "max_iter = 4294967296 is not of type integer"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "max_iter": 0}"#),
        "max_iter = 0 is outside [1, ∞)"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "limit": 11}"#),
        "limit = 11 is outside [1, 10]"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "fast": "yes"}"#),
        "fast = \"yes\" is not of type boolean"
    );
    assert_eq!(
        refusal(r#"{"model": 5}"#),
        "model = 5 is not of type string: Where the model lies."
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "words": ["a", 1]}"#),
        "words = [\"a\",1] is not of type strings"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "layers": [1, 2.5]}"#),
        "layers = [1,2.5] is not of type integers"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "rule": "guess"}"#),
        "rule = \"guess\" is none of kkt, gap"
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "alpha": null}"#),
        "alpha = null is not of type number: Penalty."
    );
    assert_eq!(
        refusal(r#"{"model": "/m", "l1_ration": 1}"#),
        "unknown parameter `l1_ration`; known: l1_ratio, alpha, max_iter, offset, fast, model, rule, words, layers, limit"
    );
    assert_eq!(refusal("[]"), "the parameters are [], not an object");
}

#[test]
fn a_number_that_is_not_finite_is_no_number() {
    assert!(refusal(r#"{"model": "/m", "alpha": 1e999}"#).contains("number out of range"));
    assert!(refusal(r#"{"model": "/m", "alpha": NaN}"#).starts_with("the parameters are no JSON"));
}

#[test]
fn the_schema_says_all_of_it_in_the_order_of_the_struct() {
    let schema = Everything::schema();
    assert!(schema.has_penalty());
    let expected = [
        r#"{"l1_ratio":{"type":"number","default":0.5,"min":0,"max":1,"tunable":true,"help":"Share of ℓ1; 1 is the lasso."}"#,
        r#""alpha":{"type":"number","default":1.0,"min":1e-6,"scale":"log","tunable":"alpha","help":"Penalty."}"#,
        r#""max_iter":{"type":"integer","default":1000,"min":1}"#,
        r#""offset":{"type":"integer","default":-3}"#,
        r#""fast":{"type":"boolean","default":true}"#,
        r#""model":{"type":"string","format":"model","help":"Where the model lies."}"#,
        r#""rule":{"type":"string","default":"kkt","choices":["kkt","gap"]}"#,
        r#""words":{"type":"strings","default":[]}"#,
        r#""layers":{"type":"integers","default":null}"#,
        r#""limit":{"type":"integer","default":null,"min":1,"max":10}}"#,
    ];
    assert_eq!(schema.to_string(), expected.join(","));
}

#[test]
fn a_plugin_without_parameters_takes_none() {
    assert_eq!(NoParams::schema().to_string(), "{}");
    assert!(!NoParams::schema().has_penalty());
    assert_eq!(NoParams::from_json("{}"), Ok(NoParams));
    let refused = NoParams::from_json(r#"{"alpha": 1}"#).unwrap_err();
    assert_eq!(
        refused.message(),
        "unknown parameter `alpha`; it takes none"
    );
}
