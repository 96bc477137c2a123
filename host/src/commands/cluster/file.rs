//! The file that a finished shard leaves: what it belongs to, what it holds, the numbers, and a
//! checksum over all of it.
//!
//! One line that names the format, the header (JSON, its length before it), the records as the
//! journal writes them, and 32 bytes of blake3. Written under a temporary name, synced and renamed,
//! so a file of that name is whole; the checksum is for what happens to it later.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::keep::atomic::{self, WriteError};
use crate::keep::journal::{parse_record, record};
use crate::write::outputs::cpu_features;

/// The end of a file's name.
pub const SUFFIX: &str = "ocean-shard";
/// The first line.
const MAGIC: &[u8] = b"ocean-host shard 1\n";
/// Bytes of the checksum.
const CHECKSUM: usize = blake3::OUT_LEN;

/// The machine that a shard was computed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name, where the system tells.
    pub name: String,
    /// "linux".
    pub os: String,
    /// "x86_64".
    pub arch: String,
    /// What changes how numbers are rounded.
    pub cpu_features: Vec<String>,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn here() -> Self {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
        Self {
            name: name.map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned()),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpu_features: cpu_features().into_iter().map(str::to_owned).collect(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let features = self.cpu_features.join(" ");
        write!(f, "{} ({} {features})", self.name, self.arch)
    }
}

/// r2 of one repeat, computed beside the share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatR2 {
    /// The piece.
    pub piece: String,
    /// From 0.
    pub repeat: usize,
    /// As bits, so that no digit is lost.
    bits: Vec<u64>,
}

impl RepeatR2 {
    /// r2 of every target of the row set.
    #[must_use]
    pub fn new(piece: &str, repeat: usize, r2: &[f64]) -> Self {
        Self {
            piece: piece.to_owned(),
            repeat,
            bits: r2.iter().map(|r2| r2.to_bits()).collect(),
        }
    }

    /// The numbers.
    #[must_use]
    pub fn r2(&self) -> Vec<f64> {
        self.bits.iter().map(|bits| f64::from_bits(*bits)).collect()
    }
}

/// Some items of one piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computed {
    /// The piece.
    pub piece: String,
    /// The first item.
    pub start: usize,
    /// The first item that is not here.
    pub end: usize,
}

impl Computed {
    /// The items.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// A piece that could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The piece.
    pub piece: String,
    /// Why.
    pub reason: String,
}

/// How long a shard took.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Took {
    /// Reading data, opening plugins.
    pub open_s: f64,
    /// Vectors: from the cache, or encoded.
    pub vectors_s: f64,
    /// The share itself.
    pub work_s: f64,
    /// Processor seconds of all of it.
    pub cpu_s: f64,
    /// The most memory used, bytes; 0 where the system does not tell.
    pub peak_bytes: u64,
}

/// What a file says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Everything that the numbers depend on.
    pub fingerprint: Value,
    /// Which shard this was.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
    /// What it holds.
    pub computed: Vec<Computed>,
    /// What it should hold and could not compute.
    pub failed: Vec<Failed>,
    /// What shows whether its machine computes as others do.
    #[serde(default)]
    pub observed: Vec<RepeatR2>,
    /// r2 in slot 0 of each repeat that was touched: the merge computes it too.
    #[serde(default)]
    pub slot_zero: Vec<RepeatR2>,
    /// Where it was computed.
    pub machine: Machine,
    /// How long that took.
    pub took: Took,
}

/// A file that was read and checks.
#[derive(Debug)]
pub struct ShardFile {
    /// Where.
    pub path: PathBuf,
    /// What it says.
    pub header: Header,
    /// Name and numbers of every item.
    pub records: BTreeMap<String, Vec<f64>>,
}

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there, or cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It does not check.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
}

/// Writes a finished shard.
///
/// # Errors
/// [`WriteError`]; nothing stays behind.
pub fn write(
    path: &Path,
    header: &Header,
    records: &[(String, Vec<f64>)],
) -> Result<(), WriteError> {
    let json = serde_json::to_vec(header).unwrap_or_default();
    atomic::write_with(path, |file| {
        let mut hasher = blake3::Hasher::new();
        let mut put = |bytes: &[u8]| {
            hasher.update(bytes);
            file.write_all(bytes)
        };
        put(MAGIC)?;
        put(&(json.len() as u64).to_le_bytes())?;
        put(&json)?;
        for (name, numbers) in records {
            put(&record(name, numbers))?;
        }
        file.write_all(hasher.finalize().as_bytes())
    })
}

/// Reads the header and checks the whole file.
///
/// # Errors
/// [`FileError`].
pub fn read_header(path: &Path) -> Result<Header, FileError> {
    let bytes = std::fs::read(path)?;
    Ok(parse_header(&bytes)?.0)
}

/// Reads the whole file.
///
/// # Errors
/// [`FileError`].
pub fn read(path: &Path) -> Result<ShardFile, FileError> {
    let bytes = std::fs::read(path)?;
    let (header, mut rest) = parse_header(&bytes)?;
    let mut records = BTreeMap::new();
    while !rest.is_empty() {
        let (name, numbers, length) =
            parse_record(rest).ok_or(FileError::Damaged("a record does not check"))?;
        records.insert(name, numbers);
        rest = &rest[length..];
    }
    Ok(ShardFile {
        path: path.to_path_buf(),
        header,
        records,
    })
}

/// The header, and the bytes of the records.
fn parse_header(bytes: &[u8]) -> Result<(Header, &[u8]), FileError> {
    let body = bytes
        .len()
        .checked_sub(CHECKSUM)
        .ok_or(FileError::Damaged("it is too short"))?;
    let (body, checksum) = bytes.split_at(body);
    if blake3::hash(body).as_bytes() != checksum {
        return Err(FileError::Damaged("its checksum does not fit its bytes"));
    }
    let rest = body
        .strip_prefix(MAGIC)
        .ok_or(FileError::Damaged("it is no file of a shard"))?;
    let header = || {
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (json, rest) = rest.split_at_checked(length)?;
        Some((serde_json::from_slice(json).ok()?, rest))
    };
    header().ok_or(FileError::Damaged("its header cannot be read"))
}

/// The files of finished shards in a folder, in the order of their names.
///
/// # Errors
/// What the system says, unless there is no such folder.
pub fn all(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|suffix| suffix == SUFFIX) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn header() -> Header {
        Header {
            fingerprint: json!({"seed": 1}),
            shard: 2,
            shards: 7,
            computed: vec![Computed {
                piece: "a/0/ridge".to_owned(),
                start: 3,
                end: 9,
            }],
            failed: Vec::new(),
            observed: Vec::new(),
            slot_zero: vec![RepeatR2::new("a/0/ridge", 0, &[0.1 + 0.2, f64::NAN])],
            machine: Machine::here(),
            took: Took::default(),
        }
    }

    #[test]
    fn what_was_written_is_read_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard-1.ocean-shard");
        let records = [
            ("null/a/64".to_owned(), vec![0.1 + 0.2, -0.0, 1e-300]),
            ("jackknife/a/3".to_owned(), Vec::new()),
        ];
        write(&path, &header(), &records).unwrap();
        let read = read(&path).unwrap();
        assert_eq!(read.header.slot_zero[0].r2()[0], 0.1 + 0.2);
        assert!(read.header.slot_zero[0].r2()[1].is_nan());
        assert_eq!(read.header, header());
        assert_eq!(read.records.len(), 2);
        for (name, numbers) in &records {
            let found = &read.records[name];
            assert!(
                found
                    .iter()
                    .zip(numbers)
                    .all(|(a, b)| a.to_bits() == b.to_bits())
            );
        }
        assert_eq!(all(folder.path()).unwrap(), [path]);
    }

    #[test]
    fn any_flipped_byte_and_any_cut_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard-1.ocean-shard");
        write(&path, &header(), &[("null/a/64".to_owned(), vec![1.0])]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, flipped).unwrap();
            assert!(read_header(&path).is_err(), "byte {at}");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(read(&path).is_err(), "cut at {at}");
        }
    }
}
