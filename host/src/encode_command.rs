//! `ocean-host encode`: fills the embedding cache; with `--out` also writes the vectors for other programs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use serde_json::json;

use crate::atomic;
use crate::cache::Cache;
use crate::config::{Config, Scope};
use crate::dataset::Dataset;
use crate::library::CallContext;
use crate::models::Models;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::run::{Options, RunError, open_library, set_threads};
use crate::sources::{Embedded, Encoder, Sources};

/// Encodes the texts of a study with every encoder of plugins.toml. Returns what to print.
///
/// # Errors
/// [`RunError`]; what was encoded is in the cache.
pub fn encode(options: &Options, interrupted: &Arc<AtomicBool>) -> Result<String, RunError> {
    let progress = Progress::new(options.format, options.is_quiet);
    let config = Config::read(&options.config, &options.sets, Scope::Encoding)?;
    let plan = Plan::resolve(&config, options.out.as_deref())?;
    let dataset = Dataset::read(&plan.data, &[], 0)?;
    let threads = set_threads(options.threads);
    let context = CallContext::of(&progress, Arc::clone(interrupted));
    let library = open_library(&context, false)?;
    let models = Models::new(&progress, interrupted, true);
    let sources = Sources::open(&plan, &dataset, &library, &models, threads, &context)
        .map_err(|refusal| RunError::of_opening(refusal, interrupted))?;
    let cache = Cache::resolve(options.cache.as_deref());
    let mut text = String::new();
    for encoder in sources
        .encoders
        .iter()
        .filter(|encoder| !encoder.is_control)
    {
        let embedded = encoder.embed(&dataset, &cache, &progress, interrupted)?;
        let (n, dim) = embedded.x.shape();
        text.push_str(&format!(
            "{}: {n} texts × {dim} ({} encoded now, {:.1} texts/s)\n",
            encoder.name,
            embedded.n_encoded,
            embedded.texts_per_s()
        ));
        if options.out.is_some() {
            write(&plan.out, encoder, &embedded, &dataset.ids)?;
        }
    }
    Ok(text)
}

/// NAME.npy (n × dim float32, file order), NAME_ids.txt and NAME_summary.json.
fn write(
    out: &Path,
    encoder: &Encoder,
    embedded: &Embedded,
    ids: &[String],
) -> Result<(), RunError> {
    atomic::create_folder(out)?;
    let name = file_stem(&encoder.name);
    write_npy_f32(&out.join(format!("{name}.npy")), &embedded.x)?;
    let mut lines = ids.join("\n");
    lines.push('\n');
    atomic::write(&out.join(format!("{name}_ids.txt")), lines.as_bytes())?;
    let summary = summary(encoder, embedded);
    let text = serde_json::to_vec_pretty(&summary).unwrap_or_default();
    atomic::write(&out.join(format!("{name}_summary.json")), &text)?;
    Ok(())
}

fn summary(encoder: &Encoder, embedded: &Embedded) -> serde_json::Value {
    let x = embedded.x.as_slice();
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    let (pooling, parameters) = encoder.plugin_facts();
    json!({
        "encoder": encoder.name,
        "model": encoder.origin,
        "parameters": parameters,
        "dim": embedded.x.ncols(),
        "pooling": pooling,
        "texts": embedded.x.nrows(),
        "tokens": embedded.n_tokens,
        "truncated": embedded.n_truncated,
        "seconds": embedded.elapsed_s,
        "texts_per_s": embedded.texts_per_s(),
        "mean": mean,
        "sd": sd,
        "min": x.iter().copied().reduce(f64::min),
        "max": x.iter().copied().reduce(f64::max),
    })
}

/// A label as a file name: what is not a letter, digit, dot, hyphen or underscore becomes an underscore.
pub(crate) fn file_stem(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect()
}

fn write_npy_f32(path: &Path, x: &DMatrix<f64>) -> Result<(), atomic::WriteError> {
    use npyz::WriterBuilder;
    atomic::write_with(path, |file| {
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&[x.nrows() as u64, x.ncols() as u64])
            .writer(file)
            .begin_nd()?;
        writer.extend(x.transpose().iter().map(|value| *value as f32))?;
        writer.finish()
    })
}
