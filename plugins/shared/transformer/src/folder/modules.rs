//! modules.json and 1_Pooling/config.json: what follows the network.

use super::dense::Dense;
use super::{json, known, optional_json, optional_object, typed};
use crate::error::{Error, Result, damaged, unsupported};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Component, Path, PathBuf};

/// What the modules call the text's vector.
pub(super) const TEXT: &str = "sentence_embedding";

/// One way to make one vector of a sequence's. In the order in which several are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolingMode {
    /// The first token's vector.
    Cls,
    /// The largest value in each place.
    Max,
    /// The mean over all tokens, special ones included.
    Mean,
    /// The sum divided by the square root of the number of tokens.
    MeanSqrtLen,
    /// The mean, token t (from 1) weighing t.
    WeightedMean,
    /// The last token's vector.
    LastToken,
}

/// Names in `pooling_mode`, and the flags of older files.
const MODES: [(&str, &str, PoolingMode); 6] = [
    ("cls", "pooling_mode_cls_token", PoolingMode::Cls),
    ("max", "pooling_mode_max_tokens", PoolingMode::Max),
    ("mean", "pooling_mode_mean_tokens", PoolingMode::Mean),
    (
        "mean_sqrt_len_tokens",
        "pooling_mode_mean_sqrt_len_tokens",
        PoolingMode::MeanSqrtLen,
    ),
    (
        "weightedmean",
        "pooling_mode_weightedmean_tokens",
        PoolingMode::WeightedMean,
    ),
    (
        "lasttoken",
        "pooling_mode_lasttoken",
        PoolingMode::LastToken,
    ),
];

/// What follows the network.
#[derive(Debug, Clone)]
pub(crate) struct Modules {
    /// Where the network's own files are.
    pub network: PathBuf,
    /// Whether there is a modules.json. Without it sentence-transformers takes the mean, and reads
    /// no settings of its own.
    pub is_listed: bool,
    pub pooling: Vec<PoolingMode>,
    /// What is done with the text's vector after that, in this order.
    pub steps: Vec<Step>,
    /// False: the prompt's tokens are left out of pooling.
    pub includes_prompt: bool,
}

/// One module after Pooling.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Divided by its length.
    Normalize,
    /// Multiplied by a matrix.
    Dense(Box<Dense>),
}

#[derive(Deserialize)]
struct Entry {
    name: Option<String>,
    #[serde(default)]
    path: String,
    r#type: String,
}

/// 2_Normalize/config.json: what is divided by its length.
#[derive(Deserialize, Default)]
struct Normalize {
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

impl Modules {
    /// Reads modules.json and the pooling it names.
    pub fn read(folder: &Path) -> Result<Modules> {
        let path = folder.join("modules.json");
        let mut modules = Modules {
            network: folder.to_owned(),
            is_listed: false,
            pooling: vec![PoolingMode::Mean],
            steps: Vec::new(),
            includes_prompt: true,
        };
        let Some(entries) = entries(&path)? else {
            return Ok(modules);
        };
        modules.is_listed = true;
        let kinds: Vec<&str> = entries.iter().map(|entry| kind(&entry.r#type)).collect();
        if let Some(own) = kinds.iter().find(|kind| kind.contains('.')) {
            return Err(unsupported(
                &path,
                format!("the module {own}, code of its author,"),
                "modules of sentence-transformers are",
            ));
        }
        let steps = match &kinds[..] {
            ["Transformer", "Pooling", steps @ ..]
                if steps
                    .iter()
                    .all(|kind| ["Dense", "Normalize"].contains(kind)) =>
            {
                steps
            }
            _ => {
                return Err(unsupported(
                    &path,
                    format!("the sequence {}", kinds.join(", ")),
                    "Transformer, Pooling, and then Dense and Normalize in any number are",
                ));
            }
        };
        modules.network = inside(&path, folder, &entries[0].path)?;
        modules.read_pooling(&inside(&path, folder, &entries[1].path)?)?;
        for (kind, entry) in steps.iter().zip(&entries[2..]) {
            let folder = inside(&path, folder, &entry.path)?;
            match *kind {
                "Dense" => modules
                    .steps
                    .push(Step::Dense(Box::new(Dense::read(&folder)?))),
                _ if normalises(&folder)? => modules.steps.push(Step::Normalize),
                _ => {}
            }
        }
        Ok(modules)
    }

    /// Every vector has length 1.
    pub fn is_normalised(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Normalize))
    }

    /// The modules that have weights.
    pub fn dense(&self) -> impl Iterator<Item = &Dense> {
        self.steps.iter().filter_map(|step| match step {
            Step::Dense(dense) => Some(dense.as_ref()),
            Step::Normalize => None,
        })
    }

    fn read_pooling(&mut self, folder: &Path) -> Result<()> {
        let path = folder.join("config.json");
        let config: Map<String, Value> = json(
            &path,
            "modules.json names it: it says how token vectors become one; fetch the model again",
        )?;
        known::POOLING.check(&path, &config)?;
        self.pooling = modes(&path, &config)?;
        self.includes_prompt = is_set(&path, &config, "include_prompt", true)?;
        Ok(())
    }

    /// Refuses a prompt that pooling would have to leave out.
    pub fn check_prompt(&self, folder: &Path, prompt: &str) -> Result<()> {
        if self.includes_prompt || prompt.is_empty() {
            return Ok(());
        }
        Err(Error::Unsupported {
            path: folder.join("modules.json"),
            what: "pooling with \"include_prompt\": false and a prompt".into(),
            advice: "set prompt = \"\", or choose a model whose prompt is pooled like the rest"
                .into(),
            folder: PathBuf::new(),
        })
    }
}

/// The entries of modules.json. sentence-transformers keeps them by name, so two of one name are
/// one.
fn entries(path: &Path) -> Result<Option<Vec<Entry>>> {
    let Some(objects) = optional_json::<Vec<Map<String, Value>>>(path)? else {
        return Ok(None);
    };
    let mut entries: Vec<Entry> = Vec::new();
    for object in objects {
        known::MODULE.check(path, &object)?;
        let entry: Entry = typed(path, object)?;
        if entry.name.is_some() && entries.iter().any(|other| other.name == entry.name) {
            let name = entry.name.unwrap_or_default();
            return Err(damaged(
                path,
                format!("two modules named \"{name}\""),
                "a name for each",
            ));
        }
        entries.push(entry);
    }
    Ok(Some(entries))
}

/// `sentence_transformers.models.Pooling` → `Pooling`; the modules' home has moved between
/// versions. What lives elsewhere is the author's own code and keeps its full name.
fn kind(full: &str) -> &str {
    match full.strip_prefix("sentence_transformers.") {
        Some(inside) => inside.rsplit('.').next().unwrap_or(inside),
        None => full,
    }
}

/// Whether a Normalize after Pooling changes the text's vector. One over the tokens' vectors comes
/// too late to do so.
fn normalises(folder: &Path) -> Result<bool> {
    let path = folder.join("config.json");
    let config: Normalize = match optional_object(&path, &known::NORMALIZE)? {
        Some(config) => typed(&path, config)?,
        None => Normalize::default(),
    };
    let input = config.module_input_name.as_deref().unwrap_or(TEXT);
    match (input, config.module_output_name.as_deref().unwrap_or(input)) {
        (TEXT, TEXT) => Ok(true),
        ("token_embeddings", "token_embeddings") => Ok(false),
        (input, output) => Err(unsupported(
            &path,
            format!("Normalize from {input} to {output}"),
            format!("{TEXT} is"),
        )),
    }
}

/// A folder named by modules.json, which must stay inside the model's.
fn inside(path: &Path, folder: &Path, part: &str) -> Result<PathBuf> {
    let is_plain = Path::new(part)
        .components()
        .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if !is_plain {
        return Err(damaged(
            path,
            format!("the path \"{part}\""),
            "a folder inside the model's",
        ));
    }
    Ok(folder.join(part))
}

fn modes(path: &Path, config: &Map<String, Value>) -> Result<Vec<PoolingMode>> {
    let named: Vec<String> = match config.get("pooling_mode") {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().unwrap_or("?").to_owned())
            .collect(),
        _ => return flagged(path, config),
    };
    let modes = named.iter().map(|name| {
        let known = MODES.iter().find(|mode| mode.0 == name);
        known.map(|mode| mode.2).ok_or_else(|| {
            let names: Vec<&str> = MODES.iter().map(|mode| mode.0).collect();
            unsupported(
                path,
                format!("pooling_mode \"{name}\""),
                format!("known: {}", names.join(", ")),
            )
        })
    });
    let modes = modes.collect::<Result<Vec<_>>>()?;
    if modes.is_empty() {
        return Err(damaged(
            path,
            "an empty pooling_mode",
            "\"mean\", \"cls\", …",
        ));
    }
    Ok(modes)
}

/// The older files' flags; none set means the mean.
fn flagged(path: &Path, config: &Map<String, Value>) -> Result<Vec<PoolingMode>> {
    let mut modes = Vec::new();
    for (_, flag, mode) in MODES {
        if is_set(path, config, flag, false)? {
            modes.push(mode);
        }
    }
    if modes.is_empty() {
        modes.push(PoolingMode::Mean);
    }
    Ok(modes)
}

fn is_set(path: &Path, config: &Map<String, Value>, flag: &str, default: bool) -> Result<bool> {
    match config.get(flag) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(value) => Err(damaged(path, format!("{flag} = {value}"), "true or false")),
    }
}

impl PoolingMode {
    /// As in `pooling_mode`.
    #[must_use]
    pub fn name(self) -> &'static str {
        MODES
            .iter()
            .find(|mode| mode.2 == self)
            .map_or("mean", |mode| mode.0)
    }
}
