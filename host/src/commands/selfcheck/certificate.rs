//! The certificate: every check with its numbers and its verdict, as JSON.
//!
//! Nothing in it depends on the clock or on the number of threads: the same program, plugins and
//! machine write the same bytes.

use serde::Serialize;

use super::judge::Rate;
use super::lab::{Effort, SEED, Tested};

/// The chance that a sound build fails any check, over all checks together (Bonferroni). The seed
/// is fixed, so it fails always or never.
pub const ERROR_RATE: f64 = 0.01;
/// Version of the JSON's shape.
const SCHEMA_VERSION: u32 = 1;

/// What a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A promise of the program.
    Check,
    /// What goes wrong when the program is not used as it asks to be: has to be seen, else the
    /// checks see nothing.
    Demonstration,
    /// Beside the checks, for comparison; not judged.
    Measured,
}

/// What a rate is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Fails when significantly above.
    AtMost(f64),
    /// Fails when significantly below.
    AtLeast(f64),
    /// Fails unless significantly above.
    MustExceed(f64),
    /// Not judged.
    None,
}

/// One number of the certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// "null", "coverage", "comparison" or "power".
    pub part: &'static str,
    /// What was simulated and how it was tested.
    pub scenario: String,
    /// The regressor's id.
    pub regressor: String,
    /// Which of the scenario's numbers: a level, a planted R², "uniform".
    pub label: String,
    /// What it is for.
    pub role: Role,
    /// "at-most", "at-least", "must-exceed", "uniform"; null where nothing is judged.
    pub rule: Option<&'static str>,
    /// What the rate is held against.
    pub bound: Option<f64>,
    /// Data sets in which it happened.
    pub count: Option<u64>,
    /// Data sets.
    pub data_sets: Option<u64>,
    /// count / data_sets.
    pub rate: Option<f64>,
    /// Exact 95 % interval.
    pub ci_low: Option<f64>,
    /// Exact 95 % interval.
    pub ci_high: Option<f64>,
    /// Kolmogorov and Smirnov's D.
    pub ks_d: Option<f64>,
    /// The simulated truth that intervals have to hold.
    pub theta: Option<f64>,
    /// Its Monte-Carlo standard error.
    pub theta_se: Option<f64>,
    /// The chance of a rate this far on the wrong side of the bound, or of this D. For a
    /// demonstration, of a rate this far above it.
    pub p: Option<f64>,
    /// The verdict; null where nothing is judged.
    pub passes: Option<bool>,
}

impl Check {
    /// A row without numbers yet.
    pub fn new(
        part: &'static str,
        scenario: &str,
        tested: &Tested,
        label: &str,
        role: Role,
    ) -> Self {
        Self {
            part,
            scenario: scenario.to_owned(),
            regressor: tested.regressor.name.clone(),
            label: label.to_owned(),
            role,
            rule: None,
            bound: None,
            count: None,
            data_sets: None,
            rate: None,
            ci_low: None,
            ci_high: None,
            ks_d: None,
            theta: None,
            theta_se: None,
            p: None,
            passes: None,
        }
    }

    /// A rate against its bound.
    #[must_use]
    pub fn of_rate(self, rate: Rate, bound: Bound) -> Self {
        let (rule, value, p) = match bound {
            Bound::AtMost(most) => (Some("at-most"), Some(most), Some(rate.p_of_so_many(most))),
            Bound::AtLeast(least) => (Some("at-least"), Some(least), Some(rate.p_of_so_few(least))),
            Bound::MustExceed(most) => (
                Some("must-exceed"),
                Some(most),
                Some(rate.p_of_so_many(most)),
            ),
            Bound::None => (None, None, None),
        };
        let has_any = rate.n > 0;
        let (low, high) = rate.interval();
        Self {
            rule,
            bound: value,
            count: Some(rate.count),
            data_sets: Some(rate.n),
            rate: has_any.then(|| rate.share()),
            ci_low: has_any.then_some(low),
            ci_high: has_any.then_some(high),
            p,
            ..self
        }
    }

    /// D and its p against uniformity.
    #[must_use]
    pub fn of_uniformity(self, d: f64, p: f64) -> Self {
        Self {
            rule: Some("uniform"),
            ks_d: Some(d),
            p: Some(p),
            ..self
        }
    }

    /// The truth behind a coverage.
    #[must_use]
    pub fn with_theta(self, theta: f64, se: f64) -> Self {
        Self {
            theta: Some(theta),
            theta_se: Some(se),
            ..self
        }
    }

    fn judge(&mut self, level: f64) {
        self.passes = self.p.map(|p| match self.role {
            Role::Demonstration => p < level,
            _ => p >= level,
        });
    }
}

/// A regressor that was certified.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certified {
    /// Its label.
    pub name: String,
    /// "ridge 0.1.0".
    pub origin: String,
    /// blake3 of the library.
    pub hash: String,
}

/// The processor and system it ran on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// linux, macos, windows.
    pub os: &'static str,
    /// x86_64, aarch64.
    pub arch: &'static str,
    /// What changes how numbers are computed.
    pub cpu_features: Vec<&'static str>,
}

/// All checks of one build on one machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// 1; additions do not change it.
    pub schema_version: u32,
    /// Of ocean-host.
    pub version: &'static str,
    /// Compiler and source of the build.
    pub build: &'static str,
    /// Where it ran.
    pub machine: Machine,
    /// "quick" or "thorough".
    pub mode: &'static str,
    /// `--data-sets`, if it was given.
    pub most_data_sets: Option<u64>,
    /// The same for every certificate.
    pub seed: u64,
    /// The chance that a sound build fails, over all checks.
    pub error_rate: f64,
    /// error_rate divided by the number of judged rows.
    pub level: f64,
    /// What was certified.
    pub regressors: Vec<Certified>,
    /// Every number.
    pub checks: Vec<Check>,
    /// Judged rows.
    pub n_judged: usize,
    /// Those that failed.
    pub n_failed: usize,
    /// None failed.
    pub passes: bool,
}

impl Certificate {
    /// Judges all rows together.
    #[must_use]
    pub fn of(
        effort: Effort,
        machine: Machine,
        regressors: Vec<Certified>,
        mut checks: Vec<Check>,
    ) -> Self {
        let n_judged = checks.iter().filter(|check| check.p.is_some()).count();
        let level = ERROR_RATE / n_judged.max(1) as f64;
        checks.iter_mut().for_each(|check| check.judge(level));
        let n_failed = checks
            .iter()
            .filter(|check| check.passes == Some(false))
            .count();
        Self {
            schema_version: SCHEMA_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            build: ocean_plugin_abi::BUILD_ID,
            machine,
            mode: if effort.is_thorough {
                "thorough"
            } else {
                "quick"
            },
            most_data_sets: effort.most,
            seed: SEED,
            error_rate: ERROR_RATE,
            level,
            regressors,
            checks,
            n_judged,
            n_failed,
            passes: n_failed == 0,
        }
    }

    /// Indented JSON with a line break at its end.
    ///
    /// # Errors
    /// None that is known; passed on rather than hidden.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
