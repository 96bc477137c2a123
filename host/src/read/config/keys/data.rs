//! The keys of `[study]`, `[data]`, `[[data.join]]` and `[raters]`.

use super::{Default, Feeds, Form, Key, Others, SectionKeys, words_of};
use crate::read::config::choices::{Blank, Missing, Pool};
use crate::read::config::evaluation::MANY;

/// `[study]`
pub static STUDY: SectionKeys = SectionKeys {
    name: "study",
    header: "[study]",
    meaning: "What the study is called, and what its randomness starts from.",
    others: Others::Refused,
    keys: &[
        Key {
            name: "name",
            form: Form::FileName,
            unit: None,
            default: Default::Refused,
            example: "\"loans\"",
            feeds: Feeds::Names,
            meaning: "The title of the reports, and the folder of the results: `runs/NAME` unless `--out` says another.",
        },
        Key {
            name: "seed",
            form: Form::Whole(0, None),
            unit: None,
            default: Default::Value("0"),
            example: "42",
            feeds: Feeds::Results,
            meaning: "Folds, permutations and everything else that is drawn follow from it: the same seed, the same bytes.",
        },
    ],
};

/// What separates fields, of `[data]` and `[[data.join]]`.
const DELIMITER: Key = Key {
    name: "delimiter",
    form: Form::Own("one character, as \";\" or \"tab\""),
    unit: None,
    default: Default::Words(
        "found from the header and the first 100 records; a line `sep=;` above the header says it",
    ),
    example: "\";\"",
    feeds: Feeds::Results,
    meaning: "What separates the fields of a text file, whatever its name ends in.",
};

/// What bytes mean, of `[data]` and `[[data.join]]`.
const ENCODING: Key = Key {
    name: "encoding",
    form: Form::Own("the name of an encoding, as \"windows-1252\""),
    unit: None,
    default: Default::Words("UTF-8, or UTF-16; anything else is refused, and the likely one named"),
    example: "\"windows-1252\"",
    feeds: Feeds::Results,
    meaning: "What the bytes of a text file mean, where they are not UTF-8 or UTF-16; in .sav and .dta, where they are not what the file says.",
};

/// The sheet of a workbook, of `[data]` and `[[data.join]]`.
const SHEET: Key = Key {
    name: "sheet",
    form: Form::Text,
    unit: None,
    default: Default::Words("the only sheet that holds something; of several none is chosen"),
    example: "\"answers\"",
    feeds: Feeds::Results,
    meaning: "Which sheet of a workbook is the table; its first row is the header.",
};

/// `[data]`
pub static DATA: SectionKeys = SectionKeys {
    name: "data",
    header: "[data]",
    meaning: "The table of the study and what its columns are. Paths start at the folder of plugins.toml.",
    others: Others::Refused,
    keys: &[
        Key {
            name: "path",
            form: Form::Text,
            unit: None,
            default: Default::Refused,
            example: "\"loans.csv\"",
            feeds: Feeds::Results,
            meaning: "The main table: .csv, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls, .ods, .sav or .dta, one row a text.",
        },
        DELIMITER,
        ENCODING,
        SHEET,
        Key {
            name: "id",
            form: Form::AnyText,
            unit: None,
            default: Default::Words(
                "the number of the row in the file, where nothing is joined by it",
            ),
            example: "\"id\"",
            feeds: Feeds::Results,
            meaning: "The column whose values name the rows, each once; tables and vectors are joined by it, never by order.",
        },
        Key {
            name: "text",
            form: Form::Texts,
            unit: None,
            default: Default::Value("[]"),
            example: "[\"q1\", \"q2\"]",
            feeds: Feeds::Results,
            meaning: "The column or columns of texts; needed by every encoder that is a plugin.",
        },
        Key {
            name: "pool",
            form: Form::Word(words_of::<Pool>),
            unit: None,
            default: Default::Value("\"mean\""),
            example: "\"concat\"",
            feeds: Feeds::Results,
            meaning: "How the vectors of several text columns become one: averaged, or side by side.",
        },
        Key {
            name: "targets",
            form: Form::Texts,
            unit: None,
            default: Default::Value("[]"),
            example: "[\"openness\", \"neuro*\"]",
            feeds: Feeds::Results,
            meaning: "The columns to predict, by name or glob, traits of `[raters]` among them; without it every trait of `[raters]`.",
        },
        Key {
            name: "positive",
            form: Form::Texts,
            unit: None,
            default: Default::Words("every target has numbers"),
            example: "\"yes\"",
            feeds: Feeds::Results,
            meaning: "The value that is 1, and the other one 0, of a target of two values that are words; of several such targets a list, each value of one or more of them.",
        },
        Key {
            name: "group",
            form: Form::Text,
            unit: None,
            default: Default::Words("no groups: rows are independent"),
            example: "\"author\"",
            feeds: Feeds::Results,
            meaning: "The column of groups: rows of one group stay in one fold and are permuted together (see `exchange`).",
        },
        Key {
            name: "missing",
            form: Form::Word(words_of::<Missing>),
            unit: None,
            default: Default::Value("\"drop\""),
            example: "\"error\"",
            feeds: Feeds::Permission,
            meaning: "What a target without a value means: the row is left out for that target, or the study is refused.",
        },
        Key {
            name: "blank",
            form: Form::Word(words_of::<Blank>),
            unit: None,
            default: Default::Value("\"drop\""),
            example: "\"keep\"",
            feeds: Feeds::Results,
            meaning: "What a row is that has no text in any text column: nothing, blanks, or a word that stands for a missing value (`NA`, `N/A`, `NULL`, `-`, …). It is left out and counted, or encoded like any other.",
        },
        Key {
            name: "covariates",
            form: Form::Texts,
            unit: None,
            default: Default::Value("[]"),
            example: "[\"age\"]",
            feeds: Feeds::Results,
            meaning: "Columns, numbers or categories, that are taken out of vectors and targets inside every training part.",
        },
        Key {
            name: "split",
            form: Form::Text,
            unit: None,
            default: Default::Words("no row is kept to be tested on"),
            example: "\"part\"",
            feeds: Feeds::Results,
            meaning: "A column that says `train` or `test`: everything is learned on the one part, and the model of each cell is tested on the other (see `[test]`).",
        },
        Key {
            name: "join",
            form: Form::Own("a list of tables"),
            unit: None,
            default: Default::Words("no further table"),
            example: "[{ path = \"ratings.csv\" }]",
            feeds: Feeds::Results,
            meaning: "Further tables, written as sections `[[data.join]]` (below).",
        },
    ],
};

/// `[[data.join]]`
pub static JOIN: SectionKeys = SectionKeys {
    name: "data.join",
    header: "[[data.join]]",
    meaning: "A further table, joined to the main one by id, or by the column that `on` names; once for each.",
    others: Others::Refused,
    keys: &[
        Key {
            name: "path",
            form: Form::Text,
            unit: None,
            default: Default::Refused,
            example: "\"ratings.csv\"",
            feeds: Feeds::Results,
            meaning: "The table, in any of the formats of the main one.",
        },
        DELIMITER,
        ENCODING,
        SHEET,
        Key {
            name: "id",
            form: Form::Text,
            unit: None,
            default: Default::Words("what `on` says, or `id` of `[data]`"),
            example: "\"sample_id\"",
            feeds: Feeds::Results,
            meaning: "Its id column: each value once.",
        },
        Key {
            name: "on",
            form: Form::Text,
            unit: None,
            default: Default::Words("the ids of the rows"),
            example: "\"user_id\"",
            feeds: Feeds::Results,
            meaning: "A column of the tables before it whose values are its ids, and may repeat: scores of people beside the texts that each of them wrote.",
        },
        Key {
            name: "prefix",
            form: Form::AnyText,
            unit: None,
            default: Default::Value("\"\""),
            example: "\"llama_\"",
            feeds: Feeds::Results,
            meaning: "Put before the names of its other columns, where two tables have a name in common.",
        },
    ],
};

/// `[test]`
pub static TEST: SectionKeys = SectionKeys {
    name: "test",
    header: "[test]",
    meaning: "A sample of its own to test on: one model a cell, learned on all rows of `[data]`, is scored once on its rows.",
    others: Others::Refused,
    keys: &[
        Key {
            name: "path",
            form: Form::Text,
            unit: None,
            default: Default::Words("the rows that `split` of `[data]` says"),
            example: "\"later.csv\"",
            feeds: Feeds::Results,
            meaning: "Its table, with the columns of the main one; tables of `[[data.join]]` and vectors from files serve its ids, too.",
        },
        Key {
            name: "permutations",
            form: Form::Whole(1, Some(MANY)),
            unit: None,
            default: Default::Value("99999"),
            example: "9999",
            feeds: Feeds::Results,
            meaning: "How often its targets are permuted; the models stay, so that each costs next to nothing.",
        },
    ],
};

/// `[raters]`
pub static RATERS: SectionKeys = SectionKeys {
    name: "raters",
    header: "[raters]",
    meaning: "Targets made from several raters. A key is the name of the target, its value a list of two or more different columns, \
              from which the target is made, corrected for how severe each is; how far they agree is reported, too.",
    others: Others::Targets,
    keys: &[],
};
