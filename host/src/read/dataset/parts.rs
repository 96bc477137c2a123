//! Rows to learn from and rows to test on: two datasets, each read and checked by itself, and all
//! their rows together for whoever encodes texts.
//!
//! The rows to test on are those of a column's word `test`, or those of a table of their own. No row,
//! and no text, may be in both.

use std::collections::{BTreeMap, BTreeSet};

use super::labelled::label;
use super::table::Table;
use super::{Dataset, Doubt, Target, name_of};
use crate::plan::{DataPlan, Part, RaterPlan, TestPlan};
use crate::problem::{Problem, Problems, Refusal, listed_up_to, quoted};

/// The words of the column, as files have them.
const WORDS: [(&str, Part); 2] = [("train", Part::Train), ("test", Part::Test)];
/// Fewer test rows with a value say nothing.
const LEAST_ROWS: usize = 5;

/// The two kinds of rows of a study with a sample to test on.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The rows to learn from.
    pub train: Dataset,
    /// The rows to test on.
    pub test: Dataset,
    /// Where the rows of each are among all rows.
    pub rows: [Vec<usize>; 2],
}

impl Dataset {
    /// Reads both parts; the dataset has all rows, in the order of their ids, and what they are for.
    ///
    /// # Errors
    /// Those of [`Dataset::read`] for either part; rows or texts that are in both; targets that the
    /// test rows lack, or that are constant among them.
    pub fn read_with_test(
        data: &DataPlan,
        test: &TestPlan,
        raters: &[RaterPlan],
        folds: u32,
    ) -> Result<Dataset, Refusal> {
        let part = |part: Part| data.split.as_ref().map(|_| part);
        let of_train = DataPlan {
            part: part(Part::Train),
            ..data.clone()
        };
        let of_test = DataPlan {
            part: part(Part::Test),
            path: test.path.clone().unwrap_or_else(|| data.path.clone()),
            fold_column: None,
            by: Vec::new(),
            ..data.clone()
        };
        let mut problems = Problems::default();
        let train = problems.keep(Dataset::read(&of_train, raters, folds));
        let tested = problems.keep(Dataset::read(&of_test, raters, 0));
        problems.finish(())?;
        let (Some(train), Some(tested)) = (train, tested) else {
            return Err(Problem::new("[test]", "no rows").into());
        };
        let place = name_of(&of_test.path);
        refuse_common(&train, &tested, &place)?;
        refuse_targets(&train, &tested, &place)?;
        Ok(Parts::together(train, tested, data.group.as_deref()))
    }
}

/// The rows of one part, and how many rows of the table are of neither.
///
/// # Errors
/// Words that are neither `train` nor `test`; no row.
pub(super) fn rows_of(table: &Table, data: &DataPlan) -> Result<(Vec<usize>, usize), Refusal> {
    let (Some(name), Some(part)) = (&data.split, data.part) else {
        return Ok(((0..table.n_rows).collect(), 0));
    };
    let column = table.column("split", name)?;
    let (mut rows, mut n_without, mut others) = (Vec::new(), 0, Vec::new());
    let mut words: BTreeSet<String> = BTreeSet::new();
    for row in 0..table.n_rows {
        let Some(word) = label(column, row) else {
            n_without += 1;
            continue;
        };
        match WORDS
            .iter()
            .find(|(known, _)| *known == word.to_lowercase())
        {
            Some((_, of)) if *of == part => rows.push(row),
            Some(_) => {}
            None => {
                others.push(row);
                words.insert(quoted(&word));
            }
        }
    }
    if !others.is_empty() {
        let message = format!(
            "split: `{name}` is {} at {}, which is neither `train` nor `test`",
            listed_up_to(5, words.into_iter()),
            column.places.listed(&others)
        );
        return Err(Problem::new(&column.places.file, message)
            .with_try("`train` or `test` there, or nothing, which leaves such rows out")
            .into());
    }
    if rows.is_empty() {
        let word = WORDS.iter().find(|(_, of)| *of == part);
        let message = format!(
            "split: no row has `{}` in column `{name}`",
            word.map_or("", |(word, _)| word)
        );
        return Err(Problem::new(&column.places.file, message).into());
    }
    Ok((rows, n_without))
}

/// Refuses ids and texts of both parts.
fn refuse_common(train: &Dataset, test: &Dataset, place: &str) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    let own: BTreeSet<&String> = train.ids.iter().collect();
    let both: Vec<String> = test
        .ids
        .iter()
        .filter(|id| own.contains(id))
        .map(|id| format!("`{id}`"))
        .collect();
    if !both.is_empty() {
        let message = format!(
            "{} of its {} ids are among the training rows, too: {}",
            both.len(),
            test.ids.len(),
            listed_up_to(5, both.iter().cloned())
        );
        problems.push(Problem::new(place, message).with_try(
            "a table without these rows, or other ids if they are other rows: a model is tested on rows it has not seen",
        ));
    }
    let written = |dataset: &Dataset| -> Vec<(usize, String)> {
        let texts = dataset.joined_texts().into_iter().enumerate();
        texts.filter(|(row, _)| !dataset.is_blank(*row)).collect()
    };
    let of_train: BTreeMap<String, usize> = written(train)
        .into_iter()
        .map(|(row, text)| (text, row))
        .collect();
    let equal: Vec<(usize, usize)> = written(test)
        .into_iter()
        .filter_map(|(row, text)| Some((row, *of_train.get(&text)?)))
        .collect();
    if let (Some((row, other)), true) = (equal.first(), both.is_empty()) {
        let message = format!(
            "{} of its {} texts are those of training rows, too: id `{}` has that of `{}`",
            equal.len(),
            test.ids.len(),
            test.ids[*row],
            train.ids[*other]
        );
        problems.push(Problem::new(place, message).with_try(
            "leave these rows out of one part: a model would be tested on texts that it was trained on",
        ));
    }
    problems.finish(())
}

/// Refuses targets that cannot be tested.
fn refuse_targets(train: &Dataset, test: &Dataset, place: &str) -> Result<(), Refusal> {
    let names = |dataset: &Dataset| -> Vec<String> {
        let targets = dataset.targets.iter();
        targets.map(|target| target.name.clone()).collect()
    };
    let mut problems = Problems::default();
    if names(train) != names(test) {
        let lack = |some: &[String], others: &[String]| {
            let lacking = some.iter().filter(|name| !others.contains(name));
            listed_up_to(5, lacking.map(|name| format!("`{name}`")))
        };
        let message = format!(
            "its targets are not those of the training rows: it lacks {}, and has besides {}",
            lack(&names(train), &names(test)),
            lack(&names(test), &names(train))
        );
        problems.push(Problem::new(place, message).with_try("targets by their names under [data]"));
    }
    for (own, target) in train.targets.iter().zip(&test.targets) {
        if own.name == target.name && own.words != target.words {
            let listed = |words: &Option<[String; 2]>| match words {
                Some(words) => listed_up_to(2, words.iter().map(|word| format!("`{word}`"))),
                None => "numbers".to_owned(),
            };
            let message = format!(
                "target `{}` has {} there, and {} among the training rows",
                target.name,
                listed(&target.words),
                listed(&own.words)
            );
            problems.push(Problem::new(place, message).with_try("the same two words in both"));
        }
        if target.n() < LEAST_ROWS {
            let message = format!(
                "target `{}` has {} values among the test rows, and {LEAST_ROWS} are the least",
                target.name,
                target.n()
            );
            problems.push(Problem::new(place, message));
        }
    }
    problems.finish(())
}

impl Parts {
    /// All rows in the order of their ids, with what encoders and the doctor look at.
    fn together(train: Dataset, test: Dataset, group: Option<&str>) -> Dataset {
        let n_train = train.n_rows();
        let id = |at: usize| match at.checked_sub(n_train) {
            None => &train.ids[at],
            Some(at) => &test.ids[at],
        };
        let mut order: Vec<usize> = (0..n_train + test.n_rows()).collect();
        order.sort_by(|&a, &b| id(a).cmp(id(b)));
        let place = |of_test: bool| -> Vec<usize> {
            let places = order.iter().enumerate();
            let mut own: Vec<(usize, usize)> = places
                .filter(|(_, at)| (**at >= n_train) == of_test)
                .map(|(place, &at)| (at, place))
                .collect();
            own.sort_unstable();
            own.into_iter().map(|(_, place)| place).collect()
        };
        let both = |a: &[String], b: &[String]| -> Vec<String> {
            let value = |at: &usize| at.checked_sub(n_train).map_or_else(|| &a[*at], |at| &b[at]);
            order.iter().map(|at| value(at).clone()).collect()
        };
        let of_row: Vec<(bool, usize)> = order
            .iter()
            .map(|&at| at.checked_sub(n_train).map_or((false, at), |at| (true, at)))
            .collect();
        let texts = train.texts.iter().zip(&test.texts);
        let groups = train.groups.as_ref().zip(test.groups.as_ref());
        let targets = train.targets.iter().zip(&test.targets);
        let target = |(a, b): (&Target, &Target)| Target {
            name: a.name.clone(),
            values: order
                .iter()
                .map(|&at| {
                    at.checked_sub(n_train)
                        .map_or_else(|| a.values[at], |at| b.values[at])
                })
                .collect(),
            raters: None,
            words: a.words.clone(),
        };
        // Test rows of a table of their own stand behind all others.
        let is_same_file = train.hashes.first() == test.hashes.first();
        let offset = if is_same_file { 0 } else { train.n_read };
        let file_rows = order.iter().map(|&at| {
            at.checked_sub(n_train)
                .map_or_else(|| train.file_rows[at], |at| test.file_rows[at] + offset)
        });
        let of_test = |sentence: &String| format!("test rows: {sentence}");
        let mut dropped = train.dropped.clone();
        let further = test.dropped.iter().map(|(why, n)| (of_test(why), *n));
        dropped.extend(further.filter(|(why, _)| !why.contains("train nor test")));
        let mut doubts = train.doubts.clone();
        doubts.extend(shared_groups(&train, &test, group));
        let mut notes = train.notes.clone();
        notes.extend(
            test.notes
                .iter()
                .filter(|note| !train.notes.contains(note))
                .map(of_test),
        );
        let added = |own: &[(String, String)], others: &[(String, String)]| {
            let mut all = own.to_vec();
            all.extend(others.iter().filter(|one| !own.contains(one)).cloned());
            all
        };
        Dataset {
            ids: both(&train.ids, &test.ids),
            file_rows: file_rows.collect(),
            texts: texts.map(|(a, b)| both(a, b)).collect(),
            targets: targets.map(target).collect(),
            groups: groups.map(|(a, b)| both(a, b)),
            folds: None,
            labels: Vec::new(),
            features: train.features.together(&test.features, &of_row),
            covariates: None,
            shared_labels: Vec::new(),
            n_read: train.n_read,
            readings: all_of(&train.readings, &test.readings),
            notes,
            doubts,
            misnumbered: train.misnumbered.clone(),
            spelling: train.spelling.clone(),
            dropped,
            hashes: added(&train.hashes, &test.hashes),
            contents: added(&train.contents, &test.contents),
            parts: Some(Box::new(Parts {
                rows: [place(false), place(true)],
                train,
                test,
            })),
        }
    }
}

/// Sentences of the training table, and those of the test table that it does not have.
fn all_of(train: &[String], test: &[String]) -> Vec<String> {
    let more = test.iter().filter(|sentence| !train.contains(sentence));
    train.iter().chain(more).cloned().collect()
}

/// Groups with rows in both parts: the model knows the author.
fn shared_groups(train: &Dataset, test: &Dataset, group: Option<&str>) -> Option<Doubt> {
    let own: BTreeSet<&String> = train.groups.iter().flatten().collect();
    let of_test: BTreeSet<&String> = test.groups.iter().flatten().collect();
    let both: Vec<String> = of_test
        .intersection(&own)
        .map(|label| format!("`{label}`"))
        .collect();
    (!both.is_empty()).then(|| Doubt {
        code: "test-groups",
        is_serious: false,
        about: Vec::new(),
        seen: format!(
            "{} of {} groups (`{}`) of the test rows have training rows, too: {}.",
            both.len(),
            of_test.len(),
            group.unwrap_or_default(),
            listed_up_to(5, both.iter().cloned())
        ),
        meaning: "The test is then about new rows of people whom the model has seen, and may be better than about others.".to_owned(),
        remedy: "Say so, or keep all rows of a group in one part.".to_owned(),
    })
}
