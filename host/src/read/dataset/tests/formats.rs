//! Delimiters, decimal commas and encodings: what spreadsheets of other countries write.

use super::{Study, refused};
use crate::plan::FormatPlan;

fn values(study: &Study) -> (Vec<f64>, Vec<String>) {
    let dataset = study.read().unwrap();
    (dataset.targets[0].values.clone(), dataset.readings)
}

const NUMBERS: [f64; 4] = [3.5, -0.25, 4.0, 1.5];

#[test]
fn a_table_with_semicolons_and_decimal_commas_is_the_same_as_one_with_commas_and_points() {
    let comma = "id,t,y\n1,\"a, b\",3.5\n2,c;d,-0.25\n3,e,4\n4,f,1.50\n";
    let semicolon = "id;t;y\n1;a, b;3,5\n2;\"c;d\";-0,25\n3;e;4\n4;f;1,50\n";
    let expected = values(&Study::new("d.csv", comma, &["y"]).with_text("t"));
    assert_eq!(expected, (NUMBERS.to_vec(), Vec::new()));
    let tabbed = "id\tt\ty\n1\ta, b\t3,5\n2\tc;d\t-0,25\n3\te\t4\n4\tf\t1,50\n";
    let notes = |by: &str, file: &str| {
        vec![
            format!("{file}: its fields are separated by {by}"),
            format!("{file}: read with decimal commas: `y`"),
        ]
    };
    let read = values(&Study::new("d.csv", semicolon, &["y"]).with_text("t"));
    assert_eq!(read, (NUMBERS.to_vec(), notes("`;`", "d.csv")));
    let read = values(&Study::new("d.tsv", comma, &["y"]));
    assert_eq!(
        read,
        (NUMBERS.to_vec(), notes("`,`", "d.tsv")[..1].to_vec())
    );
    let read = values(&Study::new("d.txt", tabbed, &["y"]));
    assert_eq!(read, (NUMBERS.to_vec(), notes("", "d.txt")[1..].to_vec()));
    let stated = format!("sep=;\r\n{semicolon}");
    let read = values(&Study::new("d.csv", &stated, &["y"]));
    assert_eq!(
        read,
        (
            NUMBERS.to_vec(),
            notes("`;`, as its first line says", "d.csv")
        )
    );
    // Lines are those of the file.
    let said = refused(stated.replace(";1,50", ";one"));
    assert!(said.starts_with("d.csv:6: target `y` = \"one\""), "{said}");
}

#[test]
fn what_the_user_says_overrides_what_is_found() {
    let mut study = Study::new("d.csv", "id,a;y\n1,a;3\n2,b;4\n3,c;1\n4,d;2\n", &["a;y"]);
    assert!(
        study
            .read()
            .unwrap_err()
            .to_string()
            .contains("`a;y` = \"a;3\"")
    );
    study.data.format.delimiter = Some(';');
    (study.data.id, study.data.targets) = (Some("id,a".into()), vec!["y".into()]);
    assert_eq!(values(&study), (vec![3.0, 4.0, 1.0, 2.0], Vec::new()));
}

#[test]
fn a_column_with_decimal_commas_and_points_is_refused_with_both_cells() {
    let rows = |cells: [&str; 4]| {
        let rows: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(row, cell)| format!("{row};a;{cell}"))
            .collect();
        format!("id;t;y\n{}\n", rows.join("\n"))
    };
    assert_eq!(
        refused(rows(["1", "3,5", "2.5", "4"])),
        "d.csv:3: target `y` has decimal commas and points: \"3,5\" and \"2.5\", at lines 3, 4\n  \
         try: one notation in the whole column, and no separators of thousands"
    );
    // A point between thousands is one, too.
    let thousands = refused(rows(["980", "3,5", "1.733,5", "4"]));
    assert!(thousands.contains("\"3,5\" and \"1.733,5\""), "{thousands}");
    // Between commas the decimal one is not read: it may as well separate fields.
    let quoted = refused("id,y\n1,\"3,5\"\n2,\"4,5\"\n3,1\n4,2\n");
    assert!(
        quoted.contains("a decimal point instead of the comma"),
        "{quoted}"
    );
}

#[test]
fn a_comma_before_three_digits_beside_large_numbers_is_doubted() {
    let rows: Vec<String> = (0..40)
        .map(|row| format!("{row};{}", ["980", "1,733", "675", "2,018"][row % 4]))
        .collect();
    let dataset = Study::new("d.csv", format!("id;y\n{}\n", rows.join("\n")), &["y"])
        .read()
        .unwrap();
    assert_eq!(dataset.targets[0].values[1], 1.733);
    assert!(
        dataset.doubts[0]
            .meaning
            .starts_with("The comma may separate thousands")
    );
}

#[test]
fn covariates_ids_and_joined_tables_are_read_alike() {
    let mut study = Study::new(
        "d.csv",
        "id;y;z\n1,5;3,5;0,5\n2,5;4;1\n3,5;1,5;2\n4,5;2;3,5\n",
        &["y"],
    )
    .with_join("more.csv", "id;b\n1,5;7,5\n2,5;8\n3,5;9\n4,5;1\n", "id", "");
    study.data.covariates = vec!["z".into()];
    study.data.targets.push("b".into());
    let dataset = study.read().unwrap();
    assert_eq!(dataset.ids, ["1,5", "2,5", "3,5", "4,5"]);
    assert_eq!(
        dataset.covariates.unwrap().z.as_slice(),
        [0.5, 1.0, 2.0, 3.5]
    );
    assert_eq!(dataset.targets[1].values, [7.5, 8.0, 9.0, 1.0]);
}

#[test]
fn another_encoding_is_read_when_it_is_said() {
    let content = b"id,t,y\n1,K\xe4se,3\n2,b,4\n3,c,1\n4,d,2\n";
    let mut study = Study::new("d.csv", content, &["y"]).with_text("t");
    let said = study.read().unwrap_err().to_string();
    assert!(
        said.contains("d.csv:2: is not UTF-8 text") && said.contains("windows-1252"),
        "{said}"
    );
    study.data.format = FormatPlan {
        encoding: Some("cp1252".into()),
        ..FormatPlan::default()
    };
    let dataset = study.read().unwrap();
    assert_eq!(dataset.texts[0][0], "Käse");
    assert!(dataset.readings.is_empty());
}

#[test]
fn row_names_of_r_without_a_name_are_explained() {
    let said = refused("y z\n".replace(' ', "\t") + "\"1\"\t3\t1\n\"2\"\t4\t2\n");
    assert!(
        said.contains("one more than the header: R writes row names so"),
        "{said}"
    );
}

#[test]
fn rows_without_an_id_are_named_by_their_number() {
    let mut study = Study::new("d.csv", "t,y\na,1\n,5\nb,2\nc,3\nd,4\n", &["y"]).with_text("t");
    study.data.id = None;
    let dataset = study.read().unwrap();
    assert_eq!(dataset.ids, ["1", "3", "4", "5"]);
    assert_eq!(dataset.targets[0].values, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(
        dataset.readings,
        ["d.csv: without `id` under [data] rows are named by their number in the file"]
    );
}

#[test]
fn scores_of_people_are_joined_to_each_of_their_texts() {
    let texts = "id,who,t\n1,a,x\n2,b,y\n3,a,z\n4,c,v\n5,,w\n6,d,u\n";
    let people = "user,y\nb,2\na,1\nc,4\ne,5\n";
    let joined = |on: Option<&str>| {
        let mut study = Study::new("d.csv", texts, &["y"]).with_join("p.csv", people, "user", "");
        study.data.joins[0].on = on.map(str::to_owned);
        study
            .read()
            .map_err(|refusal| study.without_folder(&refusal))
    };
    let dataset = joined(Some("who")).unwrap();
    assert_eq!(dataset.targets[0].values[..4], [1.0, 2.0, 1.0, 4.0]);
    assert!(
        dataset.targets[0].values[4..]
            .iter()
            .all(|value| value.is_nan())
    );
    assert_eq!(
        dataset.notes,
        [
            "p.csv: it lacks 1 of the 4 values of `who` of d.csv (`d`); 1 of its 4 ids are not there (`e`)"
        ]
    );
    // Joined by id, nothing is found, and the column that was meant is named.
    assert_eq!(
        joined(None).unwrap_err(),
        "p.csv: none of its ids (`b`, `a`, `c` and 1 more) is among those of d.csv (`1`, `2`, `3` and 3 more)\n  try: on = \"who\" under [[data.join]]"
    );
    assert!(
        joined(Some("whom"))
            .unwrap_err()
            .contains("[[data.join]] on: `whom` is not a column; did you mean `who`?")
    );
}
