//! Points and commas that may separate thousands.

use std::fmt::Write as _;

use super::{Study, refused};

fn tried(cells: &[&str]) -> String {
    let mut content = "id,y\n".to_owned();
    for (row, cell) in cells.iter().enumerate() {
        writeln!(content, "{row},\"{cell}\"").unwrap();
    }
    let said = refused(content);
    said.split_once("try: ").unwrap().1.to_owned()
}

#[test]
fn the_advice_names_both_readings_of_a_comma_where_both_are_possible() {
    let both = "1733 for \"1,733\" if the comma separates thousands, 1.733 if it is a decimal comma; numbers with a decimal point and no other separator";
    assert_eq!(tried(&["980", "1,733"]), both);
    assert_eq!(
        tried(&["-1,733", "2,001"]),
        both.replace("1733", "-1733")
            .replace("1,733", "-1,733")
            .replace("1.733", "-1.733")
    );
    // Another cell settles it.
    let decimal = "a decimal point instead of the comma";
    assert_eq!(tried(&["1,733", "2,5"]), decimal);
    assert_eq!(tried(&["0,125"]), decimal);
    let thousands = "1733 for \"1,733\": no separators of thousands";
    assert_eq!(tried(&["1,733", "1,234,567"]), thousands);
    assert_eq!(tried(&["1,733", "1,733.50"]), thousands);
    assert_eq!(
        tried(&["1,733.50"]),
        "1733.50 for \"1,733.50\": no separators of thousands"
    );
    assert_eq!(
        tried(&["1.733,5"]),
        "1733.5 for \"1.733,5\": no separators of thousands, and a decimal point"
    );
    assert_eq!(
        tried(&["1'733"]),
        "1733 for \"1'733\": no separators of thousands"
    );
    assert_eq!(
        tried(&["1.234.567"]),
        "1234567 for \"1.234.567\": no separators of thousands"
    );
    assert!(tried(&["12 apples"]).starts_with("a numeric column"));
}

fn doubts(cells: &[&str]) -> Vec<String> {
    let mut content = "id,y\n".to_owned();
    for row in 0..40 {
        writeln!(content, "{row},{}", cells[row % cells.len()]).unwrap();
    }
    let dataset = Study::new("d.csv", content, &["y"]).read().unwrap();
    dataset.doubts.into_iter().map(|doubt| doubt.seen).collect()
}

#[test]
fn a_point_before_three_digits_beside_far_larger_whole_numbers_is_doubted() {
    assert_eq!(
        doubts(&["1.733", "980", "450", "2.100", "705"]),
        [
            "`y` has 16 numbers with a point and three digits behind it, such as 1.733, and 24 whole numbers below 1000 that are far larger (median 705)."
        ]
    );
    // Means of three ratings, times in seconds, mixed digits, whole numbers above 1000, nothing but
    // decimals.
    let sound: [&[&str]; 6] = [
        &["1.333", "1.667", "2", "3", "2.333"],
        &["0.733", "980", "450", "0.100"],
        &["1.73", "980", "450", "2.100"],
        &["1.733", "1980", "450", "2.100"],
        &["1.733", "2.250", "3.125"],
        &["1", "2", "980"],
    ];
    for cells in sound {
        assert_eq!(doubts(cells), [""; 0], "{cells:?}");
    }
}
