//! The tiny models, and the edits that make variants of them.

use ocean_transformer::Family;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden")
}

/// What `make.py` wrote.
pub fn golden_models() -> Value {
    read(&golden_folder().join("models/golden.json"))
}

/// A golden file.
pub fn golden(name: &str) -> Value {
    read(&golden_folder().join(name))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The goldens of the families after BERT and MPNet.
pub fn golden_families() -> Value {
    golden("models/families.json")
}

/// The texts of one of the two.
pub fn texts(golden: &Value) -> Vec<&str> {
    let texts = golden["texts"].as_array().unwrap();
    texts.iter().map(|text| text.as_str().unwrap()).collect()
}

/// A copy of one of the tiny models.
pub fn model_of(name: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(&golden_folder().join("models").join(name), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() {
            fs::create_dir(&place).unwrap();
            copy(&path, &place);
        } else {
            fs::copy(&path, &place).unwrap();
        }
    }
}

/// The family of a tiny model.
pub fn family(name: &str) -> Family {
    Family::named(name).unwrap_or(Family::Bert)
}

/// One edit of `make.py`, of the same effect.
pub fn edit(folder: &Path, edit: &Value) {
    let (what, value) = edit.as_object().unwrap().iter().next().unwrap();
    match what.as_str() {
        "remove" => fs::remove_file(folder.join(value.as_str().unwrap())).unwrap(),
        "write" => {
            let path = folder.join(value[0].as_str().unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            write(&path, &value[1]);
        }
        "set" | "drop" => {
            let path = folder.join(value[0].as_str().unwrap());
            let mut data = read(&path);
            set(&mut data, &value[1], value.get(2).unwrap_or(&Value::Null));
            write(&path, &data);
        }
        "tokenizer" => {
            let path = folder.join("tokenizer.json");
            let mut data = read(&path);
            data["normalizer"]["lowercase"] = json!(false);
            write(&path, &data);
        }
        "weights" => reweigh(folder, value.as_str().unwrap()),
        other => panic!("unknown edit {other}"),
    }
}

/// null takes the member away.
fn set(data: &mut Value, key: &Value, value: &Value) {
    match data {
        Value::Array(items) => {
            items.remove(key.as_u64().unwrap() as usize);
        }
        Value::Object(members) if value.is_null() => {
            members.remove(key.as_str().unwrap());
        }
        other => other[key.as_str().unwrap()] = value.clone(),
    }
}

/// Writes JSON.
pub fn write(path: &Path, value: &Value) {
    fs::write(path, value.to_string()).unwrap();
}

/// A tensor as a file holds it.
#[derive(Clone)]
pub struct Stored {
    pub name: String,
    pub kind: String,
    pub shape: Value,
    pub bytes: Vec<u8>,
}

/// All tensors of a safetensors file.
pub fn load(path: &Path) -> Vec<Stored> {
    let file = fs::read(path).unwrap();
    let n = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Map<String, Value> = serde_json::from_slice(&file[8..8 + n]).unwrap();
    let tensors = header.iter().filter(|(name, _)| *name != "__metadata__");
    tensors
        .map(|(name, entry)| {
            let at = |i: usize| 8 + n + entry["data_offsets"][i].as_u64().unwrap() as usize;
            Stored {
                name: name.clone(),
                kind: entry["dtype"].as_str().unwrap().into(),
                shape: entry["shape"].clone(),
                bytes: file[at(0)..at(1)].to_vec(),
            }
        })
        .collect()
}

/// Writes a safetensors file.
pub fn save(path: &Path, tensors: &[Stored]) {
    let (mut header, mut data) = (Map::new(), Vec::new());
    for t in tensors {
        header.insert(t.name.clone(), json!({"dtype": t.kind, "shape": t.shape, "data_offsets": [data.len(), data.len() + t.bytes.len()]}));
        data.extend_from_slice(&t.bytes);
    }
    let header = Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&data);
    fs::write(path, file).unwrap();
}

fn reweigh(folder: &Path, how: &str) {
    let path = folder.join("model.safetensors");
    let mut tensors = load(&path);
    match how {
        "float16" => tensors
            .iter_mut()
            .for_each(|t| t.convert("F16", |v| half::f16::from_f32(v).to_bits())),
        "bfloat16" => tensors
            .iter_mut()
            .for_each(|t| t.convert("BF16", |v| half::bf16::from_f32(v).to_bits())),
        "gamma" => tensors.iter_mut().for_each(|t| {
            t.name = t
                .name
                .replace("LayerNorm.weight", "LayerNorm.gamma")
                .replace("LayerNorm.bias", "LayerNorm.beta")
        }),
        "prefix" => prefixed(&mut tensors, "bert."),
        "shards" => {
            fs::remove_file(&path).unwrap();
            return save_shards(folder, &tensors);
        }
        other => match other.strip_prefix("prefix ") {
            Some(prefix) => prefixed(&mut tensors, prefix),
            None => panic!("unknown weights {other}"),
        },
    }
    save(&path, &tensors);
}

fn prefixed(tensors: &mut [Stored], prefix: &str) {
    for tensor in tensors {
        tensor.name = format!("{prefix}{}", tensor.name);
    }
}

/// Two shards and their index.
fn save_shards(folder: &Path, tensors: &[Stored]) {
    let mut index = Map::new();
    for (i, part) in tensors.chunks(tensors.len().div_ceil(2)).enumerate() {
        let file = format!("model-0000{}-of-00002.safetensors", i + 1);
        save(&folder.join(&file), part);
        part.iter().for_each(|t| {
            index.insert(t.name.clone(), json!(file));
        });
    }
    write(
        &folder.join("model.safetensors.index.json"),
        &json!({"metadata": {}, "weight_map": index}),
    );
}

impl Stored {
    fn convert(&mut self, kind: &str, bits: impl Fn(f32) -> u16) {
        self.kind = kind.into();
        let values = self
            .bytes
            .as_chunks()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b));
        self.bytes = values.flat_map(|v| bits(v).to_le_bytes()).collect();
    }
}
