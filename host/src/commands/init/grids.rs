//! Tables in which names make series and grids: vectors, items, waves, raters.

use super::layouts::{drawn, expect, number, of, text};
use super::tests::{inspected, table};

/// Scores that agree within a trait as raters' would: whatever the names are, the numbers say
/// raters.
fn agreeing(names: &[&str], trait_of: impl Fn(&str) -> usize) -> String {
    let all = [&["id", "text"], names].concat();
    of(&all, |name, row| match name {
        "id" => format!("p{row}"),
        "text" => text(row),
        _ => format!(
            "{}",
            2 * drawn(row, trait_of(name), 5) + drawn(row, number(name), 2)
        ),
    })
}

/// Names of columns, and which of them are about the same.
type Layout<'a> = (&'a [&'a str], &'a dyn Fn(&str) -> usize);

#[test]
fn waves_items_halves_and_questionnaires_are_no_raters() {
    let by_first = |name: &str| usize::from(name.as_bytes()[0]);
    let by_last = |name: &str| usize::from(name.as_bytes()[name.len() - 1]);
    let by_third = |name: &str| usize::from(name.as_bytes()[4]);
    let grids: [Layout<'_>; 10] = [
        (&["BFI_O_t1", "BFI_O_t2", "BFI_C_t1", "BFI_C_t2"], &by_third),
        (&["BFI_O_t1", "BFI_C_t1", "BFI_O_t2", "BFI_C_t2"], &by_last),
        (
            &["t1_openness", "t2_openness", "t1_neurotic", "t2_neurotic"],
            &by_last,
        ),
        (
            &["pre_worry", "post_worry", "pre_hope", "post_hope"],
            &by_last,
        ),
        (
            &["worry_pre", "worry_post", "hope_pre", "hope_post"],
            &by_first,
        ),
        (
            &["w1.stress", "w2.stress", "w1.sleep", "w2.sleep"],
            &by_last,
        ),
        (&["open_1", "open_2", "neuro_1", "neuro_2"], &by_last),
        (
            &["half1_open", "half2_open", "half1_neuro", "half2_neuro"],
            &by_third,
        ),
        (
            &["BFI_open", "NEO_open", "BFI_neuro", "NEO_neuro"],
            &by_third,
        ),
        (&["raw_open", "z_open", "raw_neuro", "z_neuro"], &by_last),
    ];
    for (names, trait_of) in grids {
        let expected: Vec<String> = names
            .iter()
            .map(|name| format!("targets  {name}  ("))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        expect(
            &agreeing(names, trait_of),
            &[expected, vec!["several raters: "]].concat(),
            &[],
            &["[raters]"],
        );
    }
}

#[test]
fn raters_are_those_who_agree_on_one_scale() {
    let names = [
        "gpt_4_openness",
        "llama_openness",
        "gpt_4_neuroticism",
        "llama_neuroticism",
    ];
    let trait_of = |name: &str| usize::from(name.ends_with("openness"));
    let rows = agreeing(&names, trait_of);
    let raters =
        "raters   openness = gpt_4_openness, llama_openness  (the same trait, once a rater";
    expect(
        &rows,
        &["targets  openness  (what its raters agree on)", raters],
        &[
            "targets = [\"openness\", \"neuroticism\"]",
            "neuroticism = [\"gpt_4_neuroticism\", \"llama_neuroticism\"]",
        ],
        &[],
    );

    let changed = |change: &dyn Fn(&str, usize) -> usize| {
        of(
            &["id", "text", "a_open", "b_open", "a_neuro", "b_neuro"],
            |name, row| match name {
                "id" => format!("p{row}"),
                "text" => text(row),
                _ => format!(
                    "{}",
                    change(name, drawn(row, usize::from(name.ends_with("open")), 9))
                ),
            },
        )
    };
    let noise = |name: &str, value: usize| {
        value + usize::from(value % 2 == usize::from(name.starts_with('a')))
    };
    expect(
        &changed(&noise),
        &["raters   open = a_open, b_open"],
        &["[raters]"],
        &[],
    );
    let reversed = |name: &str, value: usize| {
        if name == "b_open" {
            9 - noise(name, value)
        } else {
            noise(name, value)
        }
    };
    expect(
        &changed(&reversed),
        &["two columns of `open` correlate -0."],
        &["targets = [\"a_open\", \"b_open\", \"a_neuro\", \"b_neuro\"]"],
        &["[raters]"],
    );
    let scaled = |name: &str, value: usize| {
        if name == "b_open" {
            10 * noise(name, value)
        } else {
            noise(name, value)
        }
    };
    expect(
        &changed(&scaled),
        &["two columns of `open` are on different scales"],
        &[],
        &["[raters]"],
    );
    let copied = |_: &str, value: usize| value;
    expect(
        &changed(&copied),
        &["are one and the same"],
        &[],
        &["[raters]"],
    );
    let unrelated = of(
        &["id", "text", "a_open", "b_open", "a_neuro", "b_neuro"],
        |name, row| match name {
            "id" => format!("p{row}"),
            "text" => text(row),
            _ => format!("{}", drawn(row, number(name), 9)),
        },
    );
    expect(&unrelated, &["targets  a_open"], &[], &["[raters]"]);
}

#[test]
fn vectors_beside_the_text_are_told_in_one_line_and_are_no_targets() {
    for stem in ["v", "emb_", "dim.", "", "MiniLM "] {
        let columns: Vec<String> = (0..60).map(|at| format!("{stem}{at}")).collect();
        let header = format!("id,text,score,{}", columns.join(","));
        let rows = table(&header, |row| {
            let vector: Vec<String> = (0..60)
                .map(|at| format!("{}", drawn(row, at, 2001) as f64 / 1000.0 - 1.0))
                .collect();
            format!(
                "i{row},{},{},{}",
                text(row),
                drawn(row, 99, 40),
                vector.join(",")
            )
        });
        let line =
            format!("not used {stem}0 … {stem}59 (60 columns)  (numbers that look like vectors");
        expect(&rows, &[&line], &["targets = [\"score\"]"], &[]);
    }
}

#[test]
fn items_are_left_out_where_there_is_a_score_and_are_targets_where_there_is_none() {
    let items: Vec<String> = (1..=10).map(|at| format!("bfi_{at:02}")).collect();
    let rows = |header: &str, score: &dyn Fn(usize) -> String| {
        table(&format!("id,text,{}{header}", items.join(",")), |row| {
            let answers: Vec<String> = (0..10)
                .map(|at| format!("{}", 1 + drawn(row, at, 5)))
                .collect();
            format!("i{row},{},{}{}", text(row), answers.join(","), score(row))
        })
    };
    let both = rows(",extraversion", &|row| format!(",{}", drawn(row, 30, 20)));
    expect(
        &both,
        &["not used bfi_01 … bfi_10 (10 columns)"],
        &["targets = [\"extraversion\"]"],
        &["[raters]"],
    );
    let alone = rows("", &|_| String::new());
    expect(
        &alone,
        &["targets  bfi_01 … bfi_10 (10 columns)"],
        &["targets = [\"bfi_01\", \"bfi_02\""],
        &["[raters]"],
    );
}

#[test]
fn a_wide_table_takes_few_lines() {
    let columns: Vec<String> = (0..300)
        .map(|at| {
            format!(
                "{}x{}",
                ["pos", "neg", "cog", "soc"][at % 4],
                ["a", "b", "c"][at % 3].repeat(at + 1)
            )
        })
        .collect();
    let rows = table(&format!("id,text,{}", columns.join(",")), |row| {
        let values: Vec<String> = (0..300)
            .map(|at| format!("{}.25", drawn(row, at, 40)))
            .collect();
        format!("p{row},{},{}", text(row), values.join(","))
    });
    let (said, _) = inspected(&rows, |_| {}).unwrap();
    assert!(
        said.contains("(300 columns)  (numbers that look like a score)")
            && said.lines().count() < 12,
        "{said}"
    );
}

#[test]
fn word_categories_and_labels_are_no_scores() {
    let liwc = [
        "WC",
        "Analytic",
        "Clout",
        "Authentic",
        "Tone",
        "WPS",
        "posemo",
        "negemo",
        "anx",
        "anger",
        "sad",
        "family",
        "friend",
        "i",
        "we",
    ];
    let names = [
        &["id", "text", "author", "team", "family_support", "worry"],
        liwc.as_slice(),
    ]
    .concat();
    let rows = of(&names, |name, row| match name {
        "id" => format!("m{row}"),
        "text" => text(row),
        "author" => format!("a{}", row / 3),
        "team" | "family_support" => format!("{}", 1 + drawn(row, number(name), 7)),
        "worry" => format!("{}", drawn(row, 1, 30)),
        _ => format!("{}.5", drawn(row, number(name), 30)),
    });
    expect(
        &rows,
        &[
            "not used team  (an id or label, by its name",
            "not used WC, Analytic, Clout … we (15 columns)  (words counted in the text by LIWC",
        ],
        &[
            "targets = [\"family_support\", \"worry\"]",
            "group = \"author\" ",
        ],
        &[],
    );
}
