//! The plugin under test, and data to test it with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nalgebra::DMatrix;
use ocean_engine::family::Family;
use ocean_engine::seed::{Seed, Stream};
use ocean_loader::{
    CallContext, Plugin, PluginEncoder, PluginError, PluginRegressor, RegressorOptions,
};
use serde_json::{Map, Value};

use super::result::{Outcome, skipped};

/// A plugin with the parameters it is tested with.
pub struct Subject {
    pub plugin: Arc<Plugin>,
    pub file: PathBuf,
    pub params: Map<String, Value>,
    seed: Seed,
}

impl Subject {
    /// Defaults of the schema, and what the user gave instead.
    pub fn new(plugin: Arc<Plugin>, file: &Path, seed: u64, given: &Value) -> Self {
        let mut subject = Self {
            plugin,
            file: file.to_path_buf(),
            params: Map::new(),
            seed: Seed(seed),
        };
        let default = |(name, rules): (&str, &Value)| {
            let default = rules.get("default").filter(|value| !value.is_null())?;
            Some((name.to_owned(), default.clone()))
        };
        let mut params: Map<String, Value> = subject.settable().filter_map(default).collect();
        params.extend(given.as_object().cloned().unwrap_or_default());
        subject.params = params;
        subject
    }

    /// The parameters that create takes: all but the penalty.
    pub fn settable(&self) -> impl Iterator<Item = (&str, &Value)> {
        let schema = self.plugin.descriptor.schema.as_object();
        let all = schema.into_iter().flatten();
        all.filter(|(_, rules)| rules["tunable"] != "alpha")
            .map(|(name, rules)| (name.as_str(), rules))
    }

    /// The same plugin with other parameters.
    pub fn with(&self, params: Map<String, Value>) -> Self {
        Self {
            plugin: Arc::clone(&self.plugin),
            file: self.file.clone(),
            params,
            seed: self.seed,
        }
    }

    /// Says on stderr what comes next: of a plugin that crashes, the last words are what it crashed
    /// on. Those of one that does not are never shown, or are for the debugger.
    pub fn trying(what: &str) {
        let _ = writeln!(std::io::stderr(), "trying {what}");
    }

    /// Random numbers of one purpose.
    pub fn stream(&self, purpose: &str) -> Stream {
        self.seed.stream(purpose, 0)
    }

    /// A regressor with these parameters.
    pub fn regressor(&self) -> Result<PluginRegressor, Outcome> {
        self.regressor_of(CallContext::silent())
    }

    /// The same, whose calls go through `context`.
    pub fn regressor_of(&self, context: CallContext) -> Result<PluginRegressor, Outcome> {
        let options = RegressorOptions {
            variants: vec![self.params.clone()],
            ..RegressorOptions::default()
        };
        PluginRegressor::new(Arc::clone(&self.plugin), options, context).map_err(of_plugin)
    }

    /// An encoder with these parameters.
    pub fn encoder(&self) -> Result<PluginEncoder, Outcome> {
        self.encoder_of(CallContext::silent(), 1)
    }

    /// The same, whose calls go through `context`.
    pub fn encoder_of(
        &self,
        context: CallContext,
        threads: usize,
    ) -> Result<PluginEncoder, Outcome> {
        self.has_its_model()?;
        let plugin = Arc::clone(&self.plugin);
        PluginEncoder::new(plugin, "checked", &self.params, threads, context).map_err(of_plugin)
    }

    /// Skips what cannot be asked of an encoder whose model nobody named.
    pub fn has_its_model(&self) -> Result<(), Outcome> {
        for (name, rules) in self.settable() {
            let folder = self.params.get(name).and_then(Value::as_str);
            let is_there = folder.is_some_and(|folder| Path::new(folder).is_dir());
            if rules["format"] == "model" && !is_there {
                return skipped(format!("it needs a model: --param {name}=FOLDER"));
            }
        }
        Ok(())
    }

    /// A penalty that leaves something to fit: the schema's default, else 1.
    pub fn alpha(&self) -> f64 {
        let default = self
            .plugin
            .descriptor
            .alpha()
            .map(|(_, rules)| &rules["default"]);
        match default.and_then(Value::as_f64) {
            Some(alpha) => alpha,
            None if self.plugin.family == Family::Ridge => 1.0,
            None => 0.05,
        }
    }

    /// X (n × p) with columns of mean 0 and sd 1, and y with mean 0 and a signal of the first three
    /// columns.
    pub fn data(&self, purpose: &str, n: usize, p: usize) -> (DMatrix<f64>, Vec<f64>) {
        let mut noise = self.stream(purpose);
        let mut x = DMatrix::from_fn(n, p, |_, _| noise.normal());
        for mut column in x.column_iter_mut() {
            standardise(column.as_mut_slice());
        }
        let mut y: Vec<f64> = (0..n)
            .map(|row| (0..p.min(3)).map(|column| x[(row, column)]).sum::<f64>() + noise.normal())
            .collect();
        let mean = y.iter().sum::<f64>() / n as f64;
        y.iter_mut().for_each(|value| *value -= mean);
        (x, y)
    }
}

fn standardise(values: &mut [f64]) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter_mut().for_each(|value| *value -= mean);
    let sd = (values.iter().map(|value| value * value).sum::<f64>() / n).sqrt();
    if sd > 0.0 {
        values.iter_mut().for_each(|value| *value /= sd);
    }
}

/// A plugin that fails where it should not.
pub fn of_plugin(error: PluginError) -> Outcome {
    Outcome::Failed(error.to_string())
}

/// The largest difference, as a share of the largest value.
pub fn apart(a: &[f64], b: &[f64]) -> f64 {
    let largest = a.iter().chain(b).fold(0.0f64, |m, v| m.max(v.abs()));
    let difference = a
        .iter()
        .zip(b)
        .fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    if largest > 0.0 {
        difference / largest
    } else {
        0.0
    }
}

/// The same bits.
pub fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_shares_of_the_largest_value() {
        assert_eq!(apart(&[1.0, -4.0], &[1.0, -3.0]), 0.25);
        assert_eq!(apart(&[0.0], &[0.0]), 0.0);
    }

    #[test]
    fn zeros_of_two_signs_are_other_bits_and_one_nan_is_the_same() {
        assert!(!same_bits(&[0.0], &[-0.0]));
        assert!(same_bits(&[f64::NAN], &[f64::NAN]));
        assert!(!same_bits(&[1.0], &[1.0, 1.0]));
    }

    #[test]
    fn standardised_columns_have_mean_0_and_sd_1_and_constant_ones_are_zeros() {
        let (mut values, mut constant) = ([1.0, 3.0], [5.0, 5.0]);
        standardise(&mut values);
        standardise(&mut constant);
        assert_eq!((values, constant), ([-1.0, 1.0], [0.0, 0.0]));
    }
}
