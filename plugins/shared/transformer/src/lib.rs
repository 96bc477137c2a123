//! Sentence encoders of BERT and its heirs: a sentence-transformers folder in, vectors out.
//!
//! `family` tells one kind of network from another; `folder` reads what an author published and refuses what would give other vectors than
//! sentence-transformers gives; `model` is the network; `kernel` its arithmetic; `encode` spreads
//! texts over threads; here is what a plugin sees. f32 throughout. A text's vector is the same bits
//! whatever its neighbours, the number of threads and the machine's vector unit.
//!
//! Devlin, J., Chang, M.-W., Lee, K., & Toutanova, K. (2019). BERT. *NAACL*. Song, K., Tan, X.,
//! Qin, T., Lu, J., & Liu, T.-Y. (2020). MPNet. *NeurIPS*. Reimers, N., & Gurevych, I. (2019).
//! Sentence-BERT. *EMNLP*. Checked against sentence-transformers: `tests/golden`.

mod encode;
mod error;
mod family;
mod folder;
mod kernel;
mod model;
mod settings;

pub use encode::Run;
pub use error::{Error, Result};
pub use family::Family;
pub use folder::modules::PoolingMode;
pub use kernel::Simd;
pub use model::LayerPool;
pub use settings::{LongTexts, Settings};

use folder::config::Architecture;
use folder::known;
use folder::limits::{Limits, Side};
use folder::modules::{Modules, Step};
use folder::tensors::Tensors;
use folder::tokens::Tokens;
use kernel::Kernel;
use model::{Layers, Layout, Table, Weights};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Raised whenever the same text gets other bits.
const REVISION: u32 = 1;

/// A model: opened and checked, its weights read at the first encode.
#[derive(Debug)]
pub struct Model {
    folder: PathBuf,
    architecture: Architecture,
    modules: Modules,
    limits: Limits,
    tokens: Tokens,
    tensors: Tensors,
    layout: Layout,
    /// `None`: the last layer alone.
    layers: Option<Layers>,
    /// The user's; the author's is in `limits`.
    truncate_dim: Option<usize>,
    kernel: Kernel,
    weights: Mutex<Option<Arc<Weights>>>,
    cache_key: OnceLock<String>,
}

/// Token counts of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextInfo {
    /// Before cutting, special tokens included.
    pub n_tokens: usize,
    /// After.
    pub n_used: usize,
}

impl Model {
    /// Opens the folder: every file but the weights' numbers is read, and everything is checked
    /// that can be.
    ///
    /// # Errors
    /// A file is missing, damaged or of another model; the model is of another family, or asks for
    /// what is not supported; a setting does not fit it.
    pub fn open(folder: &Path, settings: &Settings) -> Result<Model> {
        Model::read(folder, settings).map_err(|error| error.of_model(folder))
    }

    fn read(folder: &Path, settings: &Settings) -> Result<Model> {
        let kernel = Kernel::new(settings.simd).ok_or_else(|| {
            Error::Setting(format!(
                "this machine has no {:?} instructions",
                settings.simd
            ))
        })?;
        check_folder(folder)?;
        let mut modules = Modules::read(folder)?;
        let (architecture, tokenizer_class) =
            Architecture::read(&modules.network, settings.family)?;
        for place in [folder, &modules.network] {
            known::check_files(place)?;
        }
        let limits = Limits::read(
            folder,
            &modules,
            &architecture,
            tokenizer_class.as_deref(),
            settings,
        )?;
        modules.check_prompt(folder, &limits.prompt)?;
        settings.check_dense(&modules)?;
        let layers = Layers::chosen(settings, architecture.layers)?;
        if let Some(mode) = settings.pooling {
            modules.pooling = vec![mode];
        }
        let tensors = Tensors::open(&modules.network)?;
        let model = Model {
            tokens: Tokens::read(
                &modules.network,
                &architecture,
                &limits,
                settings.long_texts,
            )?,
            layout: Layout::find(&tensors, &architecture)?,
            folder: folder.to_owned(),
            architecture,
            modules,
            limits,
            layers,
            truncate_dim: settings.truncate_dim,
            tensors,
            kernel,
            weights: Mutex::new(None),
            cache_key: OnceLock::new(),
        };
        model.check_widths()?;
        Ok(model)
    }

    /// Each Dense fits what comes before it, and the cut what comes out.
    fn check_widths(&self) -> Result<()> {
        let mut width = self.pooled_dim();
        for dense in self.modules.dense() {
            dense.check_inputs(width)?;
            width = dense.outputs;
        }
        match self.truncate_dim {
            Some(dim) if dim == 0 || dim > width => Err(Error::Setting(format!(
                "truncate_dim = {dim} is outside [1, {width}], the numbers of this model's vectors"
            ))),
            _ => Ok(()),
        }
    }

    /// Numbers of a vector: those of the last Dense, else those of a token (of as many layers as are
    /// joined), times the number of pooling modes; fewer where they are cut.
    #[must_use]
    pub fn dim(&self) -> usize {
        let whole = self.whole_dim();
        let cut = self.truncate_dim.or(self.limits.truncate_dim);
        cut.map_or(whole, |dim| dim.min(whole))
    }

    /// Before it is cut.
    fn whole_dim(&self) -> usize {
        let last = self.modules.dense().last();
        last.map_or(self.pooled_dim(), |dense| dense.outputs)
    }

    /// After pooling.
    fn pooled_dim(&self) -> usize {
        self.token_dim() * self.modules.pooling.len()
    }

    /// Before pooling.
    fn token_dim(&self) -> usize {
        let hidden = self.architecture.hidden;
        let layers = self.layers.as_ref();
        layers.map_or(hidden, |layers| layers.width(hidden))
    }

    /// What the user cuts off gets length 1 again, where the whole vector has it; what the author
    /// cuts off does not, as in sentence-transformers.
    fn is_normalised_again(&self) -> bool {
        self.truncate_dim.is_some() && self.modules.is_normalised() && self.dim() < self.whole_dim()
    }

    /// Longest text in tokens, special ones included.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.limits.max_tokens
    }

    /// How token vectors become one; several are joined.
    #[must_use]
    pub fn pooling(&self) -> &[PoolingMode] {
        &self.modules.pooling
    }

    /// Every vector has length 1.
    #[must_use]
    pub fn is_normalised(&self) -> bool {
        self.modules.is_normalised()
            && (self.dim() == self.whole_dim() || self.is_normalised_again())
    }

    /// All that a vector depends on besides its text: the bytes of the weights, the tokenizer as
    /// set up (lower-casing included), the settings in force, and the revision of this code. The
    /// instructions used are no part of it, since they change no bit.
    ///
    /// # Errors
    /// A weight file cannot be read.
    pub fn cache_key(&self) -> Result<String> {
        if let Some(key) = self.cache_key.get() {
            return Ok(key.clone());
        }
        let pooling: Vec<&str> = self
            .modules
            .pooling
            .iter()
            .map(|mode| mode.name())
            .collect();
        let key = format!(
            "transformer/{REVISION} {} max_seq_length={} pooling={} normalised={} lower_case={} precision=f32 prompt={} config={} tokenizer={} weights={}{}",
            self.architecture.family.name(),
            self.limits.max_tokens,
            pooling.join("+"),
            self.modules.is_normalised(),
            self.tokens.is_lowered,
            hash(&self.limits.prompt),
            hash(&format!("{:?}", self.architecture)),
            self.tokens.hash,
            self.tensors.hash()?,
            self.exceptions()?,
        );
        Ok(self.cache_key.get_or_init(|| key).clone())
    }

    /// What is said in the key only where it is not the rule, so that the keys of other models
    /// stay.
    fn exceptions(&self) -> Result<String> {
        let mut said = String::new();
        if self.tokens.cut == Side::Left {
            said.push_str(" truncation_side=left");
        }
        if self.dim() < self.whole_dim() {
            said.push_str(&format!(" truncate_dim={}", self.dim()));
        }
        if self.is_normalised_again() {
            said.push_str(" normalised_again");
        }
        if let Some(layers) = &self.layers {
            said.push_str(&format!(" {layers}"));
        }
        if let Some(step) = self.tokens.window_step() {
            said.push_str(&format!(" windows={step}"));
        }
        if let Some(network) = &self.layout.network {
            said.push_str(&format!(" network={network:?}"));
        }
        if self.modules.dense().next().is_some() {
            for step in &self.modules.steps {
                match step {
                    Step::Normalize => said.push_str(" then=normalize"),
                    Step::Dense(dense) => said.push_str(&format!(" then={}", dense.key()?)),
                }
            }
        }
        Ok(said)
    }

    /// The weights, read at the first call.
    fn weights(&self) -> Result<Arc<Weights>> {
        let mut weights = self.weights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(weights) = weights.as_ref() {
            if let Table::InFile(_) = weights.words {
                self.tensors.check_unchanged()?;
            }
            return Ok(Arc::clone(weights));
        }
        self.tensors.check_unchanged()?;
        for dense in self.modules.dense() {
            dense.tensors.check_unchanged()?;
        }
        let read = Arc::new(Weights::read(
            &self.tensors,
            &self.layout,
            &self.architecture,
            &self.modules.steps,
        )?);
        *weights = Some(Arc::clone(&read));
        Ok(read)
    }
}

/// Sixteen digits: enough to tell settings apart, and a key stays readable.
fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

fn check_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    Err(Error::Missing {
        path: folder.to_owned(),
        advice: "it should be the folder of a sentence-transformers model, with config.json, tokenizer.json and model.safetensors".into(),
    })
}
