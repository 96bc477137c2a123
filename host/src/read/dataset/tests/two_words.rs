//! `positive = "yes"`: targets of two words.

use super::Study;

const TABLE: &str = "id,sick,sex,score\n1,yes,2,1\n2,no,1,2\n3,NA,1,3\n4, yes ,2,4\n5,no,,5\n";

fn study(targets: &[&str], positive: &[&str]) -> Study {
    let mut study = Study::new("d.csv", TABLE, targets);
    study.data.positive = positive.iter().map(ToString::to_string).collect();
    study
}

#[test]
fn the_positive_word_is_one_and_the_other_is_zero() {
    let dataset = study(&["sick", "sex", "score"], &["yes"]).read().unwrap();
    let [sick, sex, score] = &dataset.targets[..] else {
        panic!("three targets");
    };
    assert_eq!(sick.values[..2], [1.0, 0.0]);
    assert!(sick.values[2].is_nan());
    assert_eq!(sick.values[3..], [1.0, 0.0]);
    assert_eq!(sick.words, Some(["no", "yes"].map(str::to_owned)));
    // Numbers stay what they are, unless one of them is called positive.
    assert_eq!((sex.values[0], &sex.words), (2.0, &None));
    assert_eq!(score.values, [1.0, 2.0, 3.0, 4.0, 5.0]);
    let dataset = study(&["sex"], &["1"]).read().unwrap();
    assert_eq!(dataset.targets[0].values[..4], [0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn two_words_without_a_positive_one_are_refused_with_what_to_type() {
    assert_eq!(
        study(&["sick"], &[]).refused(),
        "d.csv: target `sick` has the words \"no\" and \"yes\"\n  \
         try: positive = \"yes\" under [data], which is then 1, and the other 0"
    );
    assert_eq!(
        study(&["sick"], &["yes", "no"]).refused(),
        "d.csv: target `sick`: both its values, \"no\" and \"yes\", are positive\n  \
         try: one of them under `positive`"
    );
}

#[test]
fn a_positive_word_that_no_target_has_is_refused() {
    assert_eq!(
        study(&["sick", "score"], &["yes", "Yes"]).refused(),
        "d.csv: positive: no target of two values has \"Yes\", letter by letter"
    );
}
