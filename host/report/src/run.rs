//! What was run, as rows of "what: how much": the last section of every report.

use crate::model::{Exchange, StudyResults, TargetSummary, Unit};
use crate::numbers::{count, in_units, level, score};
use crate::wording::plural;

/// A small table: heading, column headings, rows of text.
pub struct Listing {
    /// What it lists.
    pub title: &'static str,
    /// Headings of its columns.
    pub headings: Vec<&'static str>,
    /// Its rows, one text a column.
    pub rows: Vec<Vec<String>>,
}

/// The settings, one a row.
pub fn settings(results: &StudyResults) -> Vec<(&'static str, String)> {
    let data = &results.data;
    let mut rows = vec![(
        "data",
        format!("{}, {}", data.file, plural(data.n_rows, "row")),
    )];
    rows.extend(
        data.dropped
            .iter()
            .map(|(reason, n)| ("dropped", format!("{}: {reason}", plural(*n, "row")))),
    );
    rows.extend(data.mean_characters.map(|mean| {
        (
            "texts",
            format!("{} characters on average", in_units(mean.round())),
        )
    }));
    rows.extend(data.n_groups.map(|n| {
        let what = data.group.as_deref().map_or_else(
            || "sets of identical texts".to_owned(),
            |column| format!("by `{column}`"),
        );
        ("groups", format!("{} {what}", count(n)))
    }));
    rows.push((
        "folds",
        format!(
            "{} outer, {} inner, {}",
            results.folds,
            results
                .inner_folds
                .map_or_else(|| "the remaining ones".to_owned(), |n| n.to_string()),
            match &results.fold_column {
                Some(column) => format!("the values of `{column}`"),
                None => plural(results.repeats as usize, "repeat"),
            }
        ),
    ));
    rows.push(("permutations", permutations(results)));
    rows.push(("level", format!("{} over the family", level(results.level))));
    rows.extend(
        results
            .smallest_effect
            .map(|d| ("smallest effect of interest", format!("r2 = {}", score(d)))),
    );
    if !results.covariates.is_empty() {
        let covariates = match results.covariates_read.is_empty() {
            true => &results.covariates,
            false => &results.covariates_read,
        };
        rows.push(("covariates", covariates.join(", ")));
    }
    rows.push(("seed", results.seed.to_string()));
    rows.push(("program", format!("ocean-host {}", results.version)));
    rows
}

fn permutations(results: &StudyResults) -> String {
    let up_to = if results.is_adaptive { "up to " } else { "" };
    let how = match (results.unit, results.data.group.is_some(), results.exchange) {
        (Unit::Group, _, _) if results.size_bands > 0 => {
            let bands = plural(results.size_bands as usize, "band");
            return format!(
                "{up_to}{}, one row a group, values exchanged within {bands} of group size (approximate)",
                count(results.permutations as usize)
            );
        }
        (Unit::Group, _, _) => ", one row a group",
        (Unit::Row, false, _) => "",
        (_, _, Exchange::Blocks | Exchange::Free) => ", groups exchanged as blocks",
        (_, _, Exchange::Within) => ", groups exchanged as within",
        (_, _, Exchange::SizeBands) => {
            ", values of groups exchanged within quartiles of size (approximate)"
        }
    };
    let between = match &results.fold_column {
        None => String::new(),
        Some(column) if results.exchange == Exchange::Free => {
            format!(", between the values of `{column}`, too")
        }
        Some(column) => format!(", inside each value of `{column}`"),
    };
    format!(
        "{up_to}{}{how}{between}",
        count(results.permutations as usize)
    )
}

/// Encoders, regressors, targets and, where there are any, raters.
pub fn listings(results: &StudyResults) -> Vec<Listing> {
    let encoders = results.encoders.iter().map(|encoder| {
        vec![
            encoder.name.clone(),
            if encoder.is_control {
                "control".to_owned()
            } else {
                encoder.source.clone()
            },
            count(encoder.n_features),
            encoder.truncated.map(count).unwrap_or_default(),
            encoder.parameters.clone().unwrap_or_default(),
        ]
    });
    let regressors = results.regressors.iter().map(|regressor| {
        vec![
            regressor.name.clone(),
            regressor.source.clone(),
            regressor.objective.clone().unwrap_or_default(),
            regressor.penalties.clone().unwrap_or_default(),
            regressor.parameters.clone().unwrap_or_default(),
        ]
    });
    let targets = results.targets.iter().map(|target| {
        vec![
            target.name.clone(),
            count(target.n),
            count(target.n_missing),
            in_units(target.mean),
            in_units(target.sd),
            count(target.n_distinct),
            target.raters.join(", "),
        ]
    });
    let mut listings = vec![
        Listing {
            title: "Encoders",
            headings: vec!["encoder", "source", "features", "texts cut", "parameters"],
            rows: encoders.collect(),
        },
        Listing {
            title: "Regressors",
            headings: vec![
                "regressor",
                "source",
                "minimises",
                "penalties tried",
                "parameters",
            ],
            rows: regressors.collect(),
        },
        Listing {
            title: "Targets",
            headings: vec![
                "target",
                "n",
                "missing",
                "mean",
                "sd",
                "distinct values",
                "mean of",
            ],
            rows: targets.collect(),
        },
    ];
    listings.extend(raters(results));
    listings
}

/// How far the raters of each target agree, on the rows that all of them rated.
fn raters(results: &StudyResults) -> Option<Listing> {
    let row = |target: &TargetSummary| {
        let found = target.reliability.as_ref()?;
        let means: Vec<String> = found
            .by_rater
            .iter()
            .map(|rater| format!("{} {:.2} ± {:.2}", rater.name, rater.mean, rater.sd))
            .collect();
        Some(vec![
            target.name.clone(),
            count(found.n_complete),
            score(found.icc_2_1),
            score(found.icc_2_k),
            score(found.icc_3_1),
            score(found.icc_3_k),
            means.join(", "),
        ])
    };
    let rows: Vec<Vec<String>> = results.targets.iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| Listing {
        title: "Raters",
        headings: vec![
            "target",
            "rated by all",
            "ICC(2,1)",
            "ICC(2,k)",
            "ICC(3,1)",
            "ICC(3,k)",
            "mean ± sd",
        ],
        rows,
    })
}
