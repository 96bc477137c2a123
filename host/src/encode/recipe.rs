//! How texts become vectors, in so many words that another machine can do it again: what a model
//! file keeps of an encoder.

use std::path::PathBuf;

use ocean_loader::Plugin;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::plan::Pool;
use crate::plan::address::Address;
use crate::read::dataset::Covariate;

/// How texts become vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// By an encoder plugin.
    Plugin(EncoderRecipe),
    /// By a server.
    Endpoint(EndpointRecipe),
    /// Those of several, side by side.
    Combined(Vec<Recipe>),
    /// Columns of the table are features themselves.
    Values {
        /// The label in the study.
        name: String,
        /// What each column is, its categories too.
        kinds: Vec<Covariate>,
    },
    /// They were made elsewhere.
    Precomputed {
        /// The label in the study.
        name: String,
        /// Hash of the vectors of the study.
        hash: String,
        /// Names of their columns; `None` where they had none (.npy) or, in format 1, were not
        /// kept.
        #[serde(default)]
        columns: Option<Vec<String>>,
    },
}

impl Recipe {
    /// Itself, or what stands side by side in it.
    pub fn parts(&self) -> &[Recipe] {
        match self {
            Recipe::Combined(parts) => parts,
            one => std::slice::from_ref(one),
        }
    }
}

/// An encoder and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderRecipe {
    /// Its label in the study.
    pub name: String,
    /// Its plugin.
    #[serde(flatten)]
    pub plugin: PluginName,
    /// Its parameters; a model of the hub by its name.
    pub params: Map<String, Value>,
    /// All that a vector depends on besides its text, by name: another encoder differs here.
    pub key: Vec<(String, String)>,
    /// How the vectors of several text columns become one.
    pub pool: Pool,
}

/// A server and a model of it, as they were when the study asked. A file that somebody sends says
/// by it whom to ask for vectors, and never that anybody is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointRecipe {
    /// Its label in the study.
    pub name: String,
    /// Where it was.
    pub endpoint: Address,
    /// The server's name of the model.
    pub model: String,
    /// Put before every text.
    pub prompt: Option<String>,
    /// The width that was asked for.
    pub dimensions: Option<u32>,
    /// How the vectors of several text columns become one.
    pub pool: Pool,
}

/// A plugin as a model file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginName {
    /// Its id.
    pub id: String,
    /// Its version; empty in format 1.
    #[serde(default)]
    pub version: String,
    /// blake3 of its library, hexadecimal; empty where format 1 did not keep it.
    #[serde(default)]
    pub hash: String,
    /// It came with the program: any build of its version will do.
    #[serde(default)]
    pub is_bundled: bool,
    /// Where its library was, in format 1. For messages: no library is loaded because a file names
    /// it.
    #[serde(default, skip_serializing)]
    pub path: Option<PathBuf>,
}

impl PluginName {
    /// The name of a plugin.
    pub fn of(plugin: &Plugin) -> Self {
        Self {
            id: plugin.descriptor.id.clone(),
            version: plugin.descriptor.version.clone(),
            hash: plugin.hash.clone(),
            is_bundled: plugin.is_bundled,
            path: None,
        }
    }
}
