//! Whether the parts of a model that was read fit each other. Numbers need no look: JSON has
//! neither infinities nor NaN.

use ocean_loader::{Fitted, is_id};

use super::model::{Model, Recipe};
use super::taken_out::TakenOut;
use crate::plan::Unit;
use crate::problem::quoted;
use crate::read::dataset::Covariate;

/// What does not fit, as the end of a sentence.
pub(super) fn check(model: &Model) -> Result<(), String> {
    let regressor = &model.regressor;
    check_id(&regressor.plugin.id)?;
    let parts = model.encoder.parts();
    if parts.is_empty() || parts.iter().any(|part| matches!(part, Recipe::Combined(_))) {
        return Err("its vectors are made of nothing, or of what is combined itself".into());
    }
    for part in parts {
        if let Recipe::Plugin(encoder) = part {
            check_id(&encoder.plugin.id)?;
        }
    }
    let n_features = regressor.mean.len();
    if n_features == 0 {
        return Err("it is of vectors without columns".into());
    }
    same("sd", regressor.sd.len(), n_features)?;
    if let Fitted::Coefficients(all) = &regressor.fitted {
        same("coefficients", all.len(), n_features)?;
    }
    if regressor.sd.iter().any(|sd| *sd < 0.0) {
        return Err("a standard deviation is negative".into());
    }
    if let Recipe::Precomputed {
        columns: Some(columns),
        ..
    } = &model.encoder
    {
        same("names of columns", columns.len(), n_features)?;
    }
    if let Some(taken_out) = &model.taken_out {
        check_taken_out(taken_out, n_features)?;
    }
    if model.reads_texts(false) && model.text.is_empty() {
        return Err("it names no text column".into());
    }
    if model.needs_groups() && model.group.is_none() {
        return Err("it names no column of groups".into());
    }
    Ok(())
}

fn check_id(id: &str) -> Result<(), String> {
    match is_id(id) {
        true => Ok(()),
        false => Err(format!("{} is no id of a plugin", quoted(id))),
    }
}

fn check_taken_out(taken_out: &TakenOut, n_features: usize) -> Result<(), String> {
    let too_few = |covariate: &Covariate| matches!(covariate, Covariate::Category { levels, .. } if levels.len() < 2);
    if taken_out.covariates.iter().any(too_few) {
        return Err("a covariate has fewer than two categories".into());
    }
    let counts = taken_out.covariates.iter().map(Covariate::n_columns);
    let n_columns = counts.sum();
    same("means of covariates", taken_out.mean.len(), n_columns)?;
    same("slopes of the score", taken_out.y.len(), n_columns)?;
    same("slopes of the vectors", taken_out.x.len(), n_columns)?;
    for slopes in &taken_out.x {
        same("slopes of a covariate", slopes.len(), n_features)?;
    }
    Ok(())
}

fn same(what: &str, found: usize, expected: usize) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("it has {found} {what}, {expected} are expected")),
    }
}

impl Model {
    /// Texts are needed: for their vectors, or for their length as a covariate. `has_vectors`: what
    /// a server made of them is at hand.
    pub fn reads_texts(&self, has_vectors: bool) -> bool {
        let is_of_texts = |part: &Recipe| match part {
            Recipe::Plugin(_) => true,
            Recipe::Endpoint(_) => !has_vectors,
            _ => false,
        };
        self.encoder.parts().iter().any(is_of_texts) || self.has(&Covariate::Length)
    }

    /// Groups are needed: to be predicted, or for their size as a covariate.
    pub fn needs_groups(&self) -> bool {
        self.unit == Unit::Group || self.has(&Covariate::LogSize)
    }

    fn has(&self, covariate: &Covariate) -> bool {
        let mut all = self.taken_out.iter().flat_map(|taken| &taken.covariates);
        all.any(|one| one == covariate)
    }
}
