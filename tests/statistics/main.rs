//! Evidence for the statistics, by kind of claim.
//!
//! [`golden`]: numbers of other programs (scikit-learn, R, a numpy twin). [`brute_force`]: the slow
//! obvious loop, against the engine's shared designs and blocks. [`invariance`]: what must change
//! nothing. [`calibration`]: p-values are uniform where there is nothing to find, and procedures
//! that only look right fail the same check. [`groups`]: groups of unequal size. [`covariates`]:
//! what is taken out of X and y. [`family`]: the family-wise error rate. [`adaptive`]: permutations
//! that stop early. [`memory`]: regressors that keep something between calls. [`comparison`]: one
//! encoder against another. [`best`]: the best of several. [`reliability`]: raters. [`replicate`]:
//! the study once more, without a block or with other folds. [`copies`]: other programs' tests of
//! linear models. [`compat`]: other programs' grids. [`power`]: how often a study finds what.
//! [`ranking`]: penalties chosen from bounded errors. [`tails`]: which errors are said to have heavy
//! tails. [`fold_column`], [`test_sample`]: folds that a column has, rows of their own to test on.
//! [`given`]: the interval of models that are given. [`ordering`]: AUC and ranks. [`words`]: words that go with a target.
//! `OCEAN_THOROUGH=1` simulates 2,000 data sets instead of some hundred.
//!
//! The rest are tools: [`uniformity`] simulates and judges, [`fixture`] reads the golden files,
//! [`twin`] is the slow loop, [`ridge`] the models. Data sets, the engine on data in memory and the
//! tails of distributions are those of `ocean-host selfcheck`.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

mod adaptive;
mod best;
mod brute_force;
mod calibration;
mod comparison;
mod compat;
mod copies;
mod covariates;
mod family;
mod fixture;
mod fold_column;
mod given;
mod golden;
mod groups;
mod invariance;
mod memory;
mod ordering;
mod power;
mod ranking;
mod reliability;
mod replicate;
mod ridge;
mod tails;
mod test_sample;
mod twin;
mod uniformity;
mod words;
