//! Vectors with each fault and sound ones without, by the codes of what is found.

use ocean_engine::seed::Seed;

use super::*;

/// Sixty rows `t0` … with noise as vectors, a target and another.
fn study() -> (Dataset, DMatrix<f64>) {
    let mut stream = Seed(9).stream("vectors", 0);
    let target = |name: &str, values: Vec<f64>| Target {
        name: name.to_owned(),
        values,
        raters: None,
        words: None,
    };
    let mut values: Vec<f64> = (0..60).map(|_| stream.normal()).collect();
    let rating = (0..60).map(|row| f64::from(row * 7 % 5)).collect();
    values[4] = f64::NAN;
    let dataset = Dataset {
        ids: (0..60).map(|row| format!("t{}", row * 7 % 60)).collect(),
        targets: vec![target("score", values), target("rating", rating)],
        ..Dataset::default()
    };
    let x = DMatrix::from_fn(60, 5, |_, _| stream.normal());
    (dataset, x)
}

fn found(dataset: &Dataset, x: &DMatrix<f64>, is_precomputed: bool) -> Vec<Finding> {
    let columns = ["a", "b", "c", "d", "e"].map(str::to_owned);
    examine(
        dataset,
        &Vectors {
            encoder: "v",
            x,
            columns: &columns,
            is_precomputed,
        },
    )
}

fn codes(dataset: &Dataset, x: &DMatrix<f64>) -> Vec<String> {
    let findings = found(dataset, x, true).into_iter();
    findings.map(|finding| finding.code).collect()
}

#[test]
fn a_target_among_the_columns_is_found_on_any_scale() {
    let (dataset, sound) = study();
    assert_eq!(codes(&dataset, &sound), [""; 0]);
    for change in [
        |v: f64| v,
        |v: f64| 50.0 - 10.0 * v,
        |v: f64| (100.0 * v).round(),
    ] {
        let mut x = sound.clone();
        for (value, score) in x.column_mut(2).iter_mut().zip(&dataset.targets[0].values) {
            *value = if score.is_nan() { 0.0 } else { change(*score) };
        }
        let said = &found(&dataset, &x, true)[0];
        assert_eq!(
            (said.code.as_str(), said.severity),
            ("target-in-vectors", Severity::Serious)
        );
        assert!(said.seen.contains("column `c` is `score`"), "{}", said.seen);
        // What a plugin made of the texts is no leak, however well it fits.
        assert!(found(&dataset, &x, false).is_empty());
    }
    // A target of few values, too; a column that is related to it as strongly as .95 is another.
    let mut x = sound.clone();
    for (value, rating) in x.column_mut(0).iter_mut().zip(&dataset.targets[1].values) {
        *value += 6.0 * rating;
    }
    assert_eq!(codes(&dataset, &x), [""; 0]);
    for (value, rating) in x.column_mut(0).iter_mut().zip(&dataset.targets[1].values) {
        *value = *rating;
    }
    assert_eq!(codes(&dataset, &x), ["target-in-vectors"]);
}

#[test]
fn an_index_or_an_id_among_the_columns_is_found_in_any_order_of_the_rows() {
    let (dataset, sound) = study();
    let with = |number: &dyn Fn(usize) -> usize| {
        let mut x = sound.clone();
        for (row, value) in x.column_mut(0).iter_mut().enumerate() {
            *value = number(row) as f64;
        }
        codes(&dataset, &x)
    };
    // The rows as they stand, the number of the id with gaps, the rows of a file in another order.
    assert_eq!(with(&|row| row), ["running-number"]);
    assert_eq!(with(&|row| 3 * (row * 7 % 60) + 1), ["running-number"]);
    assert_eq!(with(&|row| 1 + row * 13 % 60), ["running-number"]);
    // Whole numbers that repeat, and vectors that are ranks throughout.
    assert_eq!(with(&|row| row * row % 17), [""; 0]);
    let ranked = DMatrix::from_fn(60, 5, |row, column| {
        (row * [7, 11, 13, 17, 19][column] % 60) as f64
    });
    assert_eq!(codes(&dataset, &ranked), [""; 0]);
}

#[test]
fn empty_and_repeated_vectors_are_counted_and_named() {
    let (mut dataset, sound) = study();
    let mut x = sound.clone();
    (0..15).for_each(|at| x.row_mut(4 * at).fill(0.0));
    let said = &found(&dataset, &x, true)[0];
    assert_eq!(said.code, "zero-vectors");
    let expected = "15 of 60 vectors of `v` are all zero: ids `t0`, `t28`, ";
    assert!(said.seen.starts_with(expected), "{}", said.seen);
    assert!(
        found(&dataset, &x, false)[0]
            .meaning
            .contains("punctuation")
    );
    // Counts of rare things: a row without any is nothing to wonder at.
    let counts = x.map(|value| f64::from(u8::from(value > 1.0)));
    assert_eq!(codes(&dataset, &counts), [""; 0]);

    let mut x = sound.clone();
    let stand_in = x.row(1).into_owned();
    (0..15).for_each(|at| x.set_row(4 * at, &stand_in));
    assert_eq!(codes(&dataset, &x), ["one-vector-many-rows"]);
    // Few values: many rows share their vector with some other.
    let coarse = x.map(|value| value.signum());
    assert_eq!(codes(&dataset, &coarse), [""; 0]);
    // One author's vector, or that of one text, in all of their rows.
    let shared = |row: usize| {
        if row.is_multiple_of(4) || row == 1 {
            0
        } else {
            row
        }
    };
    let labels: Vec<String> = (0..60).map(|row| format!("g{}", shared(row))).collect();
    dataset.groups = Some(labels.clone());
    assert_eq!(codes(&dataset, &x), [""; 0]);
    (dataset.groups, dataset.texts) = (None, vec![labels]);
    assert_eq!(codes(&dataset, &x), [""; 0]);

    // Nobody wrote anything there: that is another finding.
    let mut x = sound;
    for row in [2, 3, 5] {
        x.row_mut(row).fill(0.0);
        dataset.texts[0][row] = " ".to_owned();
    }
    assert_eq!(codes(&dataset, &x), [""; 0]);
    for (row, text) in [(2, "?!"), (3, "…"), (5, "🙂")] {
        // Fewer than three rows of so few columns may be zero by themselves.
        assert_eq!(codes(&dataset, &x), [""; 0]);
        dataset.texts[0][row] = text.to_owned();
    }
    assert_eq!(codes(&dataset, &x), ["zero-vectors"]);
}

#[test]
fn a_server_that_gives_other_vectors_than_rounding_would_is_told() {
    let of = |largest: f64| unsteady("bge", Repeated { texts: 16, largest });
    assert_eq!(of(4e-3), None);
    let found = of(0.02).unwrap();
    assert_eq!(found.about, ["bge"]);
    assert!(found.seen.contains("of 16 texts"), "{}", found.seen);
    assert!(found.seen.contains("2.0e-2"), "{}", found.seen);
}
