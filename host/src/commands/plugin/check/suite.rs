//! Every check with its name, its promise in one sentence and what to do when it is not kept.

use ocean_loader::Kind;

use super::probing::{self, Probing};
use super::result::{CheckResult, Outcome, Verdict};
use super::subject::Subject;
use super::{
    calls, encoders, memory, models, objects, parameters, paths, regressors, surroundings,
};

/// One check.
#[derive(Debug)]
pub struct Check {
    /// In kebab-case.
    pub name: &'static str,
    /// What is promised.
    pub promise: &'static str,
    /// What to do when it is not kept.
    pub fix: &'static str,
    /// Whom to ask.
    pub question: Question,
    /// Whether all later checks rest on it.
    pub is_basic: bool,
    kind: Option<Kind>,
}

/// Whom a check asks.
#[derive(Debug, Clone, Copy)]
pub enum Question {
    /// What was seen of the library when it was probed.
    Probing(fn(&Probing) -> Outcome),
    /// The plugin, in a process of its own.
    Plugin(fn(&Subject) -> Verdict),
    /// The same, in a process whose standard output is listened to.
    Listened(fn(&Subject) -> Verdict),
    /// The plugin in two processes, the second of which has a past: both give the same bits.
    Twice(fn(&Subject, Past) -> Result<Vec<u64>, Outcome>),
}

/// What a process has done before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// Nothing.
    None,
    /// Other targets of the same rows, other texts.
    Busy,
}

impl Check {
    /// Whether a plugin of this kind is asked.
    pub fn applies_to(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|only| only == kind)
    }

    /// The line that says what came of it for a plugin.
    pub fn result(&self, plugin: &str, outcome: Outcome) -> CheckResult {
        CheckResult {
            plugin: plugin.to_owned(),
            check: self.name,
            expected: self.promise,
            outcome,
            fix: self.fix,
        }
    }
}

/// One of every plugin.
const fn asked(
    name: &'static str,
    promise: &'static str,
    fix: &'static str,
    question: Question,
) -> Check {
    Check {
        name,
        promise,
        fix,
        question,
        is_basic: false,
        kind: ALL,
    }
}

const fn check(
    name: &'static str,
    kind: Option<Kind>,
    promise: &'static str,
    fix: &'static str,
    run: fn(&Subject) -> Verdict,
) -> Check {
    Check {
        kind,
        ..asked(name, promise, fix, Question::Plugin(run))
    }
}

/// One on which all later checks rest.
const fn basic(
    name: &'static str,
    kind: Option<Kind>,
    promise: &'static str,
    run: fn(&Subject) -> Verdict,
) -> Check {
    let fix = "see the message; the other checks wait for this one";
    Check {
        is_basic: true,
        ..check(name, kind, promise, fix, run)
    }
}

/// One that probing has answered.
const fn probed(
    name: &'static str,
    promise: &'static str,
    fix: &'static str,
    ask: fn(&Probing) -> Outcome,
) -> Check {
    asked(name, promise, fix, Question::Probing(ask))
}

const ALL: Option<Kind> = None;
const REG: Option<Kind> = Some(Kind::Regressor);
const ENC: Option<Kind> = Some(Kind::Encoder);

/// The checks, in the order they are run.
pub const SUITE: [Check; 53] = [
    probed(
        "loads",
        "it loads in a child process, and its entry, descriptors and tables are whole",
        "see ocean_plugin.h, or docs/plugins",
        probing::loads,
    ),
    probed(
        "quick-to-load",
        "loading takes less than half a second",
        "read models at the first call, not in constructors or create",
        probing::is_quick,
    ),
    probed(
        "silent-when-loaded",
        "nothing is written to standard output",
        "results go there; use `log`",
        probing::is_silent,
    ),
    probed(
        "keeps-fp-mode-when-loaded",
        "the floating-point mode stays as it was",
        "link without -ffast-math",
        probing::keeps_the_fp_mode,
    ),
    probed(
        "layout",
        "its tables are laid out as this host's",
        "rebuild it with the `ocean-plugin` crate of this ocean-host",
        probing::has_our_layout,
    ),
    check(
        "describes-itself-the-same",
        ALL,
        "descriptor and tables are the same each time; an unknown interface id is null",
        "return static data, and null for ids you do not know",
        objects::describes_itself_the_same,
    ),
    basic(
        "fits-ordinary-data",
        REG,
        "forty rows of six columns are fitted and predicted",
        regressors::fits_ordinary_data,
    ),
    basic(
        "encodes-ordinary-texts",
        ENC,
        "seven short texts become vectors",
        encoders::encodes_ordinary_texts,
    ),
    check(
        "refuses-garbage",
        ALL,
        "parameters that are no JSON object, or have an unknown key, are PARAM",
        "parse params_json, compare its keys with the schema, return 1",
        parameters::refuses_garbage,
    ),
    check(
        "keeps-its-ranges",
        ALL,
        "values outside the schema's ranges are refused by create",
        "check in create what the schema says: other hosts may not",
        parameters::keeps_its_ranges,
    ),
    check(
        "random-parameters",
        ALL,
        "100 random choices of what the schema allows, and 100 damaged texts, are made or are PARAM; what is made works (--seed)",
        "read each parameter by name and type; run with --seed and --in-process in a debugger",
        parameters::survives_random_parameters,
    ),
    check(
        "says-why-once",
        ALL,
        "a call that fails calls `fail` exactly once, one that succeeds never",
        "call `fail` where the status is made, not again where it is passed on",
        calls::says_why_once,
    ),
    check(
        "any-order-of-destroy",
        ALL,
        "models outlive their regressors, designs their makers; one object's end harms no other; destroy of NULL does nothing",
        "objects own what they need; begin destroy with a look at the pointer",
        objects::any_order_of_destroy,
    ),
    check(
        "leaves-no-memory",
        ALL,
        "1,000 × create, fit, destroy, or half a minute of them, do not grow the process",
        "free in destroy and destroy_model what create and fit allocate",
        objects::leaves_no_memory_behind,
    ),
    check(
        "leaves-no-threads",
        ALL,
        "threads are joined before a call returns",
        "join them, and start at most max_threads",
        objects::leaves_no_threads_behind,
    ),
    check(
        "keeps-fp-mode",
        ALL,
        "the floating-point mode after a call is the one before",
        "put the control word back, or do not touch it",
        objects::keeps_the_fp_mode,
    ),
    check(
        "leaves-its-process-alone",
        ALL,
        "working directory, environment, locale, umask, limits, signal mask and handlers are after calls what they were before",
        "they belong to the host; take a directory, a locale or a limit as an argument instead",
        surroundings::leaves_its_process_alone,
    ),
    asked(
        "silent-when-called",
        "calls write nothing to standard output",
        "results go there; use `log`",
        Question::Listened(surroundings::works_in_every_way),
    ),
    asked(
        "remembers-nothing",
        "what a call gives does not depend on the calls before it, of other objects neither: a permuted target gets the bits that it gets in a new process",
        "no static variables, caches or files between calls: a regressor that remembers the real y makes its p-value a lie",
        Question::Twice(surroundings::after_a_past),
    ),
    check(
        "stays-in-its-buffers",
        ALL,
        "nothing is read or written before or behind X, y, y_hat, texts and vectors, and inputs stay as they are",
        "X is column-major: element (i, j) is data[i + j * col_stride]; texts have a length and no final zero",
        memory::stays_inside_its_buffers,
    ),
    check(
        "reads-its-inputs-only",
        ALL,
        "X, y and texts are read and never written to",
        "copy what you want to change",
        memory::reads_its_inputs_only,
    ),
    check(
        "many-callers",
        ALL,
        "eight callers at once get the bits that one gets",
        "no static variables; or leave THREAD_SAFE out of the flags",
        calls::many_callers,
    ),
    check(
        "stops-when-asked",
        ALL,
        "asked to stop, it returns within a second: CANCELLED, or finished",
        "look at call->cancelled in long loops; return 4",
        calls::stops_when_asked,
    ),
    check(
        "progress-rises",
        ALL,
        "progress is from 0 to 1 and does not fall in a call",
        "count what is finished, not what each thread has done",
        calls::progress_rises,
    ),
    check(
        "two-rows",
        REG,
        "two rows are fitted",
        "nothing may be divided by n − 2",
        regressors::two_rows,
    ),
    check(
        "one-feature",
        REG,
        "a single column is fitted",
        "look at loops that begin at column 1",
        regressors::one_feature,
    ),
    check(
        "wide",
        REG,
        "more columns than rows are fitted",
        "XᵀX has no inverse there; the penalty, or a pseudo-inverse, must do",
        regressors::more_features_than_rows,
    ),
    check(
        "constant-columns",
        REG,
        "columns of zeros do no harm: the host leaves them in",
        "do not divide by a column's norm before you look at it",
        regressors::constant_columns,
    ),
    check(
        "duplicate-columns",
        REG,
        "equal and opposite columns do no harm",
        "solve with a penalty or a rank-revealing method",
        regressors::duplicate_columns,
    ),
    check(
        "extreme-scales",
        REG,
        "y of size 1e-300 to 1e300 gives finite predictions or NUMERIC",
        "do not square y before it is scaled; test results with isfinite",
        regressors::extreme_scales,
    ),
    check(
        "repeats-itself",
        REG,
        "the same data give the same bits, in the same object and in a new one",
        "seed random numbers with call->seed, keep no state between fits, sum in a fixed order",
        regressors::repeats_itself,
    ),
    check(
        "row-by-row",
        REG,
        "a row's prediction does not depend on the rows beside it",
        "nothing may be learned from X_new",
        regressors::row_by_row,
    ),
    check(
        "random-shapes",
        REG,
        "200 random shapes and penalties end in finite predictions or NUMERIC (--seed)",
        "run with --seed and --in-process in a debugger",
        regressors::survives_random_shapes,
    ),
    check(
        "saves-and-loads",
        REG,
        "a model that was saved and loaded predicts the same bits",
        "save every number in full, not as rounded text",
        regressors::loads_what_it_saved,
    ),
    check(
        "refuses-damaged-models",
        REG,
        "unknown or damaged bytes are PARAM for load",
        "begin the bytes with a word and a length, and compare both",
        regressors::refuses_damaged_models,
    ),
    check(
        "order-of-rows",
        REG,
        "rows in another order give the same predictions",
        "nothing may depend on which row comes first",
        models::order_of_rows,
    ),
    check(
        "units-of-y",
        REG,
        "y in other units gives predictions in those units (ridge: same alpha; lasso: alpha in those units)",
        "do not rescale y; see the objective of the family",
        models::units_of_y,
    ),
    check(
        "path-is-fits",
        REG,
        "a path predicts what single fits predict, to 1e-6",
        "both must minimise the same objective to the same tolerance",
        paths::path_is_fits,
    ),
    check(
        "batch-is-fits",
        REG,
        "a batch predicts what single fits predict, to 1e-6",
        "point g of column t is at rows g·n_new of column t",
        paths::batch_is_fits,
    ),
    check(
        "path-may-jump",
        REG,
        "a walk may leave rows of the grid out, and columns out and take them up again; the same calls give the same bits",
        "keep the state of each column by its index in begin, not by its place in the call",
        paths::path_may_jump,
    ),
    check(
        "grid-falls",
        REG,
        "the grid of a path falls strictly, is the same each time, and depends on its own target alone; lasso, elastic-net: its first row gives the empty model",
        "row 0 is the strongest penalty",
        paths::grid_falls,
    ),
    check(
        "coefficients-predict",
        REG,
        "Xw with the coefficients of `ocean.regressor.linear/1` is what predict says",
        "coefficients are for the scaled columns that fit was given",
        models::coefficients_predict,
    ),
    check(
        "errors-are-predictions",
        REG,
        "errors of a whole path are those of its predictions, to within their bounds",
        "penalty k in range r is at row k·n_ranges + r; the bound holds against what advance predicts",
        paths::errors_are_predictions,
    ),
    check(
        "moments-are-rows",
        REG,
        "from second moments come the predictions and the grid that come from rows",
        "gram and xty are divided by n",
        paths::moments_are_rows,
    ),
    check(
        "ridge-is-closed-form",
        REG,
        "family ridge: predictions are X(XᵀX + αI)⁻¹Xᵀy",
        "alpha is not multiplied by n; there is no intercept",
        models::ridge_is_closed_form,
    ),
    check(
        "sparse-is-optimal",
        REG,
        "families lasso and elastic-net: the optimality conditions of ‖y − Xw‖²/(2n) + αρ‖w‖₁ + ½α(1 − ρ)‖w‖² hold",
        "iterate to a duality gap, not to a small step",
        models::sparse_is_optimal,
    ),
    check(
        "empty-at-alpha-max",
        REG,
        "families lasso and elastic-net: no coefficient at α_max = max|Xᵀy|/(nρ), some below",
        "the loss is divided by 2n",
        models::sparse_is_empty_at_the_top,
    ),
    check(
        "order-of-texts",
        ENC,
        "a vector does not depend on the order of the texts",
        "nothing may be kept from one text to the next",
        encoders::order_of_texts,
    ),
    check(
        "size-of-batch",
        ENC,
        "a vector does not depend on how many texts come with it",
        "mask the padding; sum each text in its own fixed order",
        encoders::size_of_batch,
    ),
    check(
        "encodes-the-same-again",
        ENC,
        "the same texts give the same bits, and two objects declare one shape",
        "no random numbers, no state between calls",
        encoders::encodes_the_same_again,
    ),
    check(
        "odd-texts",
        ENC,
        "empty, blank, odd and 100 kB texts become finite vectors",
        "a text without tokens has a vector, too: zeros will do",
        encoders::odd_texts,
    ),
    check(
        "vectors-as-declared",
        ENC,
        "vectors are finite, different for different texts, and of length 1 if declared so",
        "fill all n × dim numbers; normalise, or declare normalised = 0",
        encoders::vectors_are_as_declared,
    ),
    check(
        "counts-tokens",
        ENC,
        "n_used is at most n_tokens and at most max_tokens",
        "n_tokens before cutting, n_used after",
        encoders::counts_tokens,
    ),
];

/// The check of a name.
pub fn find(name: &str) -> Option<&'static Check> {
    SUITE.iter().find(|check| check.name == name)
}

/// Names and promises, one a line.
pub fn listed() -> String {
    let line = |check: &Check| format!("{:<26}{}\n", check.name, check.promise);
    SUITE.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_in_kebab_case() {
        for (at, check) in SUITE.iter().enumerate() {
            let is_kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(check.name.chars().all(is_kebab), "{}", check.name);
            let first = SUITE.iter().position(|other| other.name == check.name);
            assert_eq!(first, Some(at), "{}", check.name);
        }
    }

    #[test]
    fn the_checks_that_others_rest_on_come_before_all_that_work() {
        for kind in [Kind::Regressor, Kind::Encoder] {
            let asked = SUITE.iter().filter(|check| check.applies_to(kind));
            let basic: Vec<&str> = asked.filter(|c| c.is_basic).map(|c| c.name).collect();
            assert_eq!(basic.len(), 1, "{kind}: {basic:?}");
        }
        let basic = SUITE.iter().rposition(|check| check.is_basic);
        let worker = SUITE
            .iter()
            .position(|check| check.name == "refuses-garbage");
        assert!(basic < worker);
    }

    #[test]
    fn a_result_says_what_its_check_says() {
        let check = find("two-rows").unwrap();
        let result = check.result("ridge", Outcome::Failed("nothing".into()));
        assert_eq!((result.check, result.fix), (check.name, check.fix));
        assert!(!result.is_sound());
    }
}
