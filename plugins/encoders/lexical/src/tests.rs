//! The encoder by hand, against numbers of an independent program, and in what must change nothing.

use ocean_plugin::prelude::*;
use ocean_plugin::testing::Host;

use super::hash::{fnv1a, mixed};
use super::{Lexical, LexicalParams, words};

fn encode(params: &str, texts: &[&str]) -> Vec<Vec<f32>> {
    let (dim, vectors) = Host::new().encode::<Lexical>(params, texts).unwrap();
    vectors.chunks(dim).map(<[f32]>::to_vec).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

#[test]
fn hashes_are_the_published_ones() {
    // The test vectors of FNV-1a, 64 bits, and the first number of splitmix64 with seed 0.
    assert_eq!(fnv1a("a".bytes()), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(fnv1a("foobar".bytes()), 0x8594_4171_f739_67e8);
    assert_eq!(mixed(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
}

#[test]
fn a_vector_is_the_signed_sum_of_log_counts() {
    // "a b a", words of length 1 and 2: a twice, b, "a b", "b a" once. Of 16 places a and "b a"
    // take +2, b takes −0, "a b" takes +3: (−ln 2, 0, ln 3 + ln 2, ln 2), of length √(2 ln²2 +
    // ln²6).
    let (ln2, ln6) = (2.0_f64.ln(), 6.0_f64.ln());
    let length = (2.0 * ln2 * ln2 + ln6 * ln6).sqrt();
    let row = &encode(r#"{"dim": 16, "char_ngram_max": 0}"#, &["a b a"])[0];
    let expected = [-ln2 / length, 0.0, ln6 / length, ln2 / length];
    // Half a unit in the last place of f32.
    assert!(
        expected
            .iter()
            .zip(row)
            .all(|(e, &v)| (e - f64::from(v)).abs() < 3e-8)
    );
    assert!(row[4..].iter().all(|&v| v == 0.0));
}

#[test]
fn bytes_stay_what_they_are() {
    // From a Python program of thirty lines that follows the README (unicodedata, math.log1p).
    // Changing one of these numbers means a new REVISION: embeddings in users' caches would no
    // longer fit.
    let golden: [(&str, [f32; 8]); 2] = [
        (
            "a b a",
            [
                -0.186_571_96,
                0.0,
                0.964_563,
                0.186_571_96,
                0.0,
                0.0,
                0.0,
                0.0,
            ],
        ),
        (
            "Zoë's café: 2 Äpfel, 日本語!",
            [
                -0.262_612_88,
                0.525_225_76,
                0.131_306_44,
                0.262_612_88,
                0.0,
                -0.262_612_88,
                0.262_612_88,
                0.656_532_17,
            ],
        ),
    ];
    for (text, expected) in golden {
        let row = &encode(r#"{"dim": 8}"#, &[text])[0];
        // The sums may differ in their last bit of f64, and so in one of f32.
        assert!(
            row.iter().zip(expected).all(|(v, e)| (v - e).abs() <= 6e-8),
            "{row:?}"
        );
    }
}

#[test]
fn weights_that_cancel_but_for_rounding_leave_exactly_nothing() {
    // Of two places `a` takes the first; `c` and `l` add ln 2 + ln 5 to the second, and nine `e`
    // take ln 10 from it: −4e-16 in floating point, in any order.
    let text = format!("a c {} {}", "l ".repeat(4), "e ".repeat(9));
    let only_words = r#"{"dim": 2, "word_ngram_max": 1, "char_ngram_max": 0}"#;
    assert_eq!(encode(only_words, &[&text]), [[1.0, 0.0]]);
    // One `e` more is no rounding: ln 2, ln 10 − ln 11.
    let (first, second) = (2f64.ln(), (10f64 / 11.0).ln());
    let row = &encode(only_words, &[&format!("{text} e")])[0];
    assert!((f64::from(row[1]) - second / first.hypot(second)).abs() < 1e-8);
}

#[test]
fn words_are_runs_of_letters_digits_and_marks() {
    assert_eq!(
        words::of("Don't stop—2 CAFÉS, naïve_x"),
        ["don", "t", "stop", "2", "cafés", "naïve", "x"]
    );
    assert_eq!(words::of("  \t\n…!? 🙂 "), [""; 0]);
    assert_eq!(
        words::of("Привет, МИР. 日本語 हिन्दी"),
        ["привет", "мир", "日本語", "हिन्दी"]
    );
}

#[test]
fn an_accent_is_the_same_however_it_was_typed() {
    assert_eq!(encode("{}", &["caf\u{e9}"]), encode("{}", &["cafe\u{301}"]));
}

#[test]
fn a_text_without_words_is_zero_and_any_other_has_length_one() {
    let rows = encode(
        "{}",
        &["", " \n", "?!", "x", "a longer text, with two clauses"],
    );
    for (row, length) in rows.iter().zip([0.0, 0.0, 0.0, 1.0, 1.0]) {
        // 512 roundings to f32.
        assert!((cosine(row, row) - length).abs() < 1e-6);
    }
}

#[test]
fn neighbours_in_the_batch_change_no_bit() {
    let long = "word ".repeat(20_000) + "End.";
    let texts = [
        "first text",
        &long,
        "",
        "the first text again",
        "ñandú 日本",
    ];
    let together = encode("{}", &texts);
    let reversed = encode("{}", &texts.iter().rev().copied().collect::<Vec<_>>());
    for (i, text) in texts.iter().enumerate() {
        assert_eq!(together[i], encode("{}", &[text])[0]);
        assert_eq!(together[i], reversed[texts.len() - 1 - i]);
    }
}

#[test]
fn texts_that_share_words_are_closer_than_texts_that_do_not() {
    let rows = encode(
        "{}",
        &[
            "I need a loan for my car",
            "She needs loans for her cars",
            "Quiet winter nights by the lake",
        ],
    );
    assert!(
        cosine(&rows[0], &rows[1]) > 0.25,
        "inflected words share characters"
    );
    // Chance: about ±1/√512.
    assert!(cosine(&rows[0], &rows[2]).abs() < 0.15);
}

#[test]
fn hashing_keeps_cosines_on_average() {
    // Signed hashing is unbiased (Weinberger et al. 2009, lemma 2): over many pairs of texts
    // without a common n-gram, cosines at a small dim average 0. 45 cosines with a standard
    // deviation of about 1/√64 = .125 each: 4 standard errors of the mean are .075.
    let alphabet: Vec<char> = ('a'..='z').chain('α'..='ω').filter(|&c| c != 'ς').collect();
    let texts: Vec<String> = (0..10)
        .map(|t| {
            (0..40)
                .map(|i| {
                    [alphabet[t * 5 + i % 5], alphabet[t * 5 + i / 5 % 5]]
                        .iter()
                        .collect::<String>()
                        + " "
                })
                .collect()
        })
        .collect();
    let rows = encode(
        r#"{"dim": 64}"#,
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let cosines: Vec<f64> = (0..10)
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| cosine(&rows[i], &rows[j]))
        .collect();
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    assert!(mean.abs() < 0.075, "{mean}");
}

#[test]
fn tokens_are_words_and_none_is_cut() {
    let host = Host::new();
    let call = host.call();
    let encoder = Lexical::new(LexicalParams::from_json("{}").unwrap(), &call).unwrap();
    let mut info = [TextInfo {
        n_tokens: 9,
        n_used: 9,
    }; 2];
    encoder
        .text_info(&["one, two; three", ""], &mut info, &call)
        .unwrap();
    assert_eq!(info.map(|i| (i.n_tokens, i.n_used)), [(3, 3), (0, 0)]);
    assert_eq!(encoder.shape(&call).unwrap().max_tokens, None);
}

#[test]
fn every_setting_is_part_of_the_cache_key() {
    let host = Host::new();
    let key = |params: &str| {
        let params = LexicalParams::from_json(params).unwrap();
        Lexical::new(params, &host.call())
            .unwrap()
            .shape(&host.call())
            .unwrap()
            .cache_key
    };
    let keys = [
        "{}",
        r#"{"dim": 8}"#,
        r#"{"word_ngram_min": 2}"#,
        r#"{"word_ngram_max": 1}"#,
        r#"{"char_ngram_min": 4}"#,
        r#"{"char_ngram_max": 6}"#,
    ]
    .map(key);
    for (i, one) in keys.iter().enumerate() {
        assert!(keys[..i].iter().all(|other| other != one), "{one}");
    }
}

#[test]
fn ranges_that_count_nothing_are_refused() {
    let refused = |params: &str| {
        Host::new()
            .encode::<Lexical>(params, &["x"])
            .unwrap_err()
            .message()
            .to_owned()
    };
    assert_eq!(
        refused(r#"{"char_ngram_min": 6}"#),
        "char_ngram_min = 6 is above char_ngram_max = 5; to count none of these, set char_ngram_max = 0"
    );
    assert_eq!(
        refused(r#"{"char_ngram_max": 0, "word_ngram_max": 0}"#),
        "word_ngram_max = 0 and char_ngram_max = 0 leave nothing to count: raise one of them"
    );
    assert!(refused(r#"{"dim": 0}"#).starts_with("dim = 0 is outside [1, 1048576]"));
}

#[test]
fn a_cancelled_call_stops() {
    let host = Host::new();
    host.cancel();
    assert_eq!(
        host.encode::<Lexical>("{}", &["x"]).unwrap_err().status(),
        4
    );
}
