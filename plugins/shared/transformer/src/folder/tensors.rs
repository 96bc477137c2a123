//! Weight files: safetensors, whole or in shards.
//!
//! Headers are read and checked when a model is opened; the numbers tensor by tensor when they are
//! needed, so that memory holds no second copy of the model, and those of a large table row by row
//! (`rows`). Reading, unlike mapping, cannot crash when a file shrinks under us.

use super::rows::Rows;
use super::weight_files::{Entry, header, missing_shard, weight_files};
use crate::error::{Error, Result, damaged, unreadable, unsupported};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F16,
    Bf16,
}

/// One tensor: where it lies.
#[derive(Debug, Clone)]
struct Place {
    file: usize,
    kind: String,
    shape: Vec<usize>,
    start: u64,
    bytes: u64,
}

/// A tensor that exists with the right shape and a type that can be read.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    name: String,
    file: usize,
    kind: Kind,
    start: u64,
    len: usize,
}

/// One weight file as it was when opened.
#[derive(Debug, Clone)]
struct Shard {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// All tensors of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Tensors {
    shards: Vec<Shard>,
    places: BTreeMap<String, Place>,
}

impl Tensors {
    /// Reads the headers of the folder's weight files.
    pub fn open(folder: &Path) -> Result<Tensors> {
        let mut tensors = Tensors {
            shards: Vec::new(),
            places: BTreeMap::new(),
        };
        for path in weight_files(folder)? {
            tensors.add(&path)?;
        }
        Ok(tensors)
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let failed = |error| unreadable(path, error);
        let mut file = File::open(path).map_err(|error| missing_shard(path, error))?;
        let metadata = file.metadata().map_err(failed)?;
        let (header, data) = header(path, &mut file, metadata.len())?;
        for (name, value) in header {
            if name == "__metadata__" {
                continue;
            }
            let entry: Entry = serde_json::from_value(value).map_err(|error| {
                damaged(
                    path,
                    format!("a header whose entry {name} is {error}"),
                    "type, shape and place of a tensor",
                )
            })?;
            let [from, to] = entry.data_offsets;
            let is_inside = from <= to
                && data
                    .checked_add(to)
                    .is_some_and(|end| end <= metadata.len());
            if !is_inside {
                return Err(damaged(
                    path,
                    format!("{} bytes", metadata.len()),
                    format!(
                        "at least {} (tensor {name} ends there); the file is cut",
                        data.saturating_add(to)
                    ),
                ));
            }
            let place = Place {
                file: self.shards.len(),
                kind: entry.dtype,
                shape: entry.shape,
                start: data + from,
                bytes: to - from,
            };
            self.places.insert(name, place);
        }
        self.shards.push(Shard {
            path: path.to_owned(),
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        });
        Ok(())
    }

    /// What stands before `suffix` in the names that end with it: weights saved from inside a
    /// larger model carry `bert.`, for instance.
    pub fn prefixes_of(&self, suffix: &str) -> Vec<&str> {
        self.places
            .keys()
            .filter_map(|name| name.strip_suffix(suffix))
            .collect()
    }

    /// The first weight file, for messages.
    pub fn path(&self) -> &Path {
        self.shards
            .first()
            .map_or(Path::new(""), |shard| &shard.path)
    }

    /// The tensor of the first of `names` that exists, if it has this shape.
    pub fn find(&self, names: &[String], shape: &[usize]) -> Result<Tensor> {
        let Some((name, place)) = names
            .iter()
            .find_map(|name| self.places.get_key_value(name))
        else {
            return Err(damaged(
                self.any_path(),
                format!("no tensor {}", names[0]),
                "all the weights that config.json implies",
            ));
        };
        let path = &self.shards[place.file].path;
        if place.shape != shape {
            return Err(damaged(
                path,
                format!("{name} of shape {:?}", place.shape),
                format!("{shape:?} (config.json)"),
            ));
        }
        let (kind, size) = match place.kind.as_str() {
            "F32" => (Kind::F32, 4),
            "F16" => (Kind::F16, 2),
            "BF16" => (Kind::Bf16, 2),
            other => {
                return Err(unsupported(
                    path,
                    format!("{name} of type {other}"),
                    "F32, F16 and BF16 are",
                ));
            }
        };
        let len = shape
            .iter()
            .try_fold(1_usize, |product, &n| product.checked_mul(n))
            .unwrap_or(usize::MAX);
        if (len as u64).checked_mul(size) != Some(place.bytes) {
            return Err(damaged(
                path,
                format!("{name} of {} bytes", place.bytes),
                format!("{len} numbers of {size}"),
            ));
        }
        Ok(Tensor {
            name: name.clone(),
            file: place.file,
            kind,
            start: place.start,
            len,
        })
    }

    fn any_path(&self) -> &Path {
        self.shards
            .first()
            .map_or(Path::new("model.safetensors"), |shard| &shard.path)
    }

    /// A table of rows of `width` numbers, which stays in the file.
    pub fn rows(&self, tensor: &Tensor, width: usize) -> Result<Rows> {
        let path = &self.shards[tensor.file].path;
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        Ok(Rows::new(
            file,
            path.clone(),
            tensor.kind,
            tensor.start,
            width,
        ))
    }

    /// The numbers of a tensor.
    pub fn values(&self, tensor: &Tensor) -> Result<Vec<f32>> {
        let shard = &self.shards[tensor.file];
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => damaged(
                &shard.path,
                format!("an end within {}", tensor.name),
                "the file as it was when opened",
            ),
            _ => unreadable(&shard.path, error),
        };
        let size = tensor.kind.bytes();
        let mut file = File::open(&shard.path).map_err(failed)?;
        file.seek(SeekFrom::Start(tensor.start)).map_err(failed)?;
        let mut values = Vec::with_capacity(tensor.len);
        let mut buffer = vec![0_u8; 1 << 20];
        while values.len() < tensor.len {
            let n = (tensor.len - values.len()).min(buffer.len() / size);
            let bytes = &mut buffer[..n * size];
            file.read_exact(bytes).map_err(failed)?;
            tensor.kind.extend(&mut values, bytes);
        }
        Ok(values)
    }

    /// Hash of all bytes of the weight files, in the order of their names.
    pub fn hash(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0_u8; 1 << 20];
        for shard in &self.shards {
            let failed = |error| unreadable(&shard.path, error);
            let mut file = File::open(&shard.path).map_err(failed)?;
            loop {
                match file.read(&mut buffer).map_err(failed)? {
                    0 => break,
                    n => hasher.update(&buffer[..n]),
                };
            }
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The files must be those that were opened and hashed: vectors are kept under that hash.
    pub fn check_unchanged(&self) -> Result<()> {
        for shard in &self.shards {
            let now =
                std::fs::metadata(&shard.path).map_err(|error| unreadable(&shard.path, error))?;
            if now.len() != shard.bytes || now.modified().ok() != shard.modified {
                return Err(Error::Damaged {
                    path: shard.path.clone(),
                    found: "a file that has changed since the model was opened".into(),
                    expected: "the same weights throughout a run".into(),
                    advice: Some("run again".into()),
                });
            }
        }
        Ok(())
    }
}

impl Tensor {
    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Kind {
    pub(super) fn bytes(self) -> usize {
        match self {
            Kind::F32 => 4,
            Kind::F16 | Kind::Bf16 => 2,
        }
    }

    pub(super) fn extend(self, values: &mut Vec<f32>, bytes: &[u8]) {
        match self {
            Kind::F32 => values.extend(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b))),
            Kind::F16 => values.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| half::f16::from_le_bytes(*b).to_f32()),
            ),
            Kind::Bf16 => values.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| half::bf16::from_le_bytes(*b).to_f32()),
            ),
        }
    }
}
