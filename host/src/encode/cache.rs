//! Embeddings kept between runs: one entry per model, a row per text.
//!
//! An entry is a folder named by the hash of all that its vectors depend on, with `entry.json` and
//! the `.npy` it names (float32, n × dim, readable with NumPy). The `.npy` carries its hash in its
//! name, so that replacing `entry.json` is the one moment at which an entry changes: a kill leaves
//! the old entry or the new one. Rows are sorted by key, so two processes that fill one cache end
//! with the same bytes. Everything is verified on reading; what is damaged is encoded again, with a
//! warning; what cannot be read now (too many open files, a network drive that is away) may be
//! whole, and nothing is written in its place. A file lock keeps processes from losing each other's
//! rows; where locks do not work, rows may be encoded twice, but nothing is corrupted.
//!
//! Vectors that somebody else was paid for are not waiting for that: [`Entry::keep`] appends them
//! to a file of their own (`received`), which the next writing of the entry takes in.

mod received;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use npyz::WriterBuilder;
use ocean_loader::TokenCount;
use serde::{Deserialize, Serialize};

use crate::keep::atomic;

/// Version of the layout of an entry; another version is another folder.
const SCHEMA: u32 = 1;

/// The name of the file that makes a folder an entry.
const SIDECAR: &str = "entry.json";

/// The embedding cache of this user, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    folder: Option<PathBuf>,
}

impl Cache {
    /// `flag` (of `--cache`), else `OCEAN_CACHE`, else `$XDG_CACHE_HOME/ocean-host`, else the
    /// platform's folder for caches.
    pub fn resolve(flag: Option<&Path>) -> Self {
        Self::from_environment(flag, |name| std::env::var_os(name).map(PathBuf::from))
    }

    fn from_environment(flag: Option<&Path>, variable: impl Fn(&str) -> Option<PathBuf>) -> Self {
        // The XDG specification ignores relative paths; an empty variable counts as unset
        // everywhere.
        let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
        let platform = || {
            if cfg!(windows) {
                absolute("LOCALAPPDATA").map(|data| data.join("ocean-host").join("cache"))
            } else if cfg!(target_os = "macos") {
                absolute("HOME").map(|home| home.join("Library/Caches/ocean-host"))
            } else {
                absolute("HOME").map(|home| home.join(".cache/ocean-host"))
            }
        };
        let folder = flag
            .map(Path::to_path_buf)
            .or_else(|| variable("OCEAN_CACHE").filter(|path| !path.as_os_str().is_empty()))
            .or_else(|| absolute("XDG_CACHE_HOME").map(|cache| cache.join("ocean-host")))
            .or_else(platform);
        Self { folder }
    }

    /// The cache in `folder`.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: Some(folder.to_path_buf()),
        }
    }

    /// No cache: everything is encoded, nothing is kept.
    pub fn none() -> Self {
        Self { folder: None }
    }

    /// Where it is; `None` when there is none.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The entry of a model with these key parts, not yet read.
    pub fn open(&self, parts: Vec<(String, String)>, dim: usize) -> Entry {
        self.entry(parts, Some(dim))
    }

    /// The same of a model of which nobody says how wide its vectors are: the first one does.
    pub fn open_unmeasured(&self, parts: Vec<(String, String)>) -> Entry {
        self.entry(parts, None)
    }

    fn entry(&self, parts: Vec<(String, String)>, dim: Option<usize>) -> Entry {
        let key = model_key(&parts, dim.unwrap_or(0));
        Entry {
            folder: self
                .folder
                .as_ref()
                .map(|folder| folder.join("embeddings").join(&key[..32])),
            key,
            parts,
            dim,
            rows: BTreeMap::new(),
            repeated: None,
            seen: None,
            n_received: 0,
            is_dirty: false,
            has_said: false,
            cannot_keep: false,
            warnings: Vec::new(),
        }
    }
}

/// blake3 of the key's parts, each with its length, so that no two lists of parts run into each
/// other.
fn model_key(parts: &[(String, String)], dim: usize) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("ocean-host embeddings/{SCHEMA} dim {dim}\n").as_bytes());
    for text in parts.iter().flat_map(|(name, value)| [name, value]) {
        hasher
            .update(&(text.len() as u64).to_le_bytes())
            .update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The hash of a text: 128 bits of blake3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RowKey(u128);

impl RowKey {
    /// The key of `text`.
    pub fn of(text: &str) -> Self {
        let hash = blake3::hash(text.as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        Self(u128::from_be_bytes(half))
    }
}

impl From<RowKey> for String {
    fn from(key: RowKey) -> Self {
        format!("{:032x}", key.0)
    }
}

impl TryFrom<String> for RowKey {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// One text's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// dim finite numbers.
    pub vector: Vec<f32>,
    /// `None` when the encoder does not count.
    pub tokens: Option<TokenCount>,
}

/// What came of encoding some texts a second time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// How many.
    pub texts: usize,
    /// The largest difference of one number, as a share of the vector's length.
    pub largest: f64,
}

impl Repeated {
    /// Of two the one that says more: of more texts, else of the larger difference.
    pub(crate) fn or(self, other: Option<Self>) -> Self {
        let rank = |one: &Self| (one.texts, one.largest);
        match other {
            Some(other) if rank(&other) > rank(&self) => other,
            _ => self,
        }
    }
}

/// `entry.json`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sidecar {
    schema: u32,
    key: String,
    /// What the key is the hash of; for people.
    parts: Vec<(String, String)>,
    dim: usize,
    n: usize,
    /// Texts that were cut.
    truncated: usize,
    /// Of an encoder that may not give the same vectors twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeated: Option<Repeated>,
    /// Name of the matrix beside this file.
    npy: String,
    npy_hash: String,
    /// blake3 of `rows` and `tokens`: a flipped bit there would give a text another text's vector.
    rows_hash: String,
    /// Row i of the matrix is the text with this hash.
    rows: Vec<RowKey>,
    /// [tokens, used] of row i, or null.
    tokens: Vec<Option<TokenCount>>,
}

/// One model's rows: those in memory, and where they are kept.
#[derive(Debug)]
pub struct Entry {
    folder: Option<PathBuf>,
    key: String,
    parts: Vec<(String, String)>,
    /// `None`: no vector was seen yet, and nobody said it.
    dim: Option<usize>,
    rows: BTreeMap<RowKey, Row>,
    repeated: Option<Repeated>,
    /// Hash of the matrix on disk whose rows are in memory.
    seen: Option<String>,
    /// Bytes of the file of received rows that are in memory.
    n_received: u64,
    is_dirty: bool,
    /// It was said that the entry cannot be read.
    has_said: bool,
    /// Rows could not be kept at once, which was said.
    cannot_keep: bool,
    warnings: Vec<String>,
}

/// Why the entry on disk is not taken over.
enum Unusable {
    /// It does not check: there is nothing to lose.
    Damaged(String),
    /// The system would not read it: what it holds is not known.
    Unreadable(String),
}

impl From<String> for Unusable {
    fn from(what: String) -> Self {
        Self::Damaged(what)
    }
}

impl Entry {
    /// The row of a text, if it is known.
    pub fn get(&self, key: &RowKey) -> Option<&Row> {
        self.rows.get(key)
    }

    /// Numbers of a vector, as far as it is known.
    pub fn dim(&self) -> Option<usize> {
        self.dim
    }

    /// What came of encoding some texts a second time, if anybody did.
    pub fn repeated(&self) -> Option<Repeated> {
        self.repeated
    }

    /// Notes what came of encoding some texts a second time.
    pub fn note_repeated(&mut self, repeated: Repeated) {
        self.repeated = Some(repeated.or(self.repeated));
        self.is_dirty = true;
    }

    /// Adds a row; it is kept from the next [`flush`](Entry::flush) on.
    pub fn insert(&mut self, key: RowKey, row: Row) {
        let dim = *self.dim.get_or_insert(row.vector.len());
        debug_assert_eq!(row.vector.len(), dim);
        self.is_dirty |= self.rows.insert(key, row).is_none();
    }

    /// Adds rows that no kill may lose: they are on disk when this returns. Failure costs a
    /// warning; the rows are then kept from the next [`flush`](Entry::flush) on.
    pub fn keep(&mut self, rows: Vec<(RowKey, Row)>) {
        if let Some(folder) = self.folder.clone().filter(|_| !self.cannot_keep)
            && let Err(e) = self.append(&folder, &rows)
        {
            self.cannot_keep = true;
            self.warnings.push(format!(
                "its embeddings cannot be kept as they come, only at the end: {}: {e}",
                folder.display()
            ));
        }
        for (key, row) in rows {
            self.insert(key, row);
        }
    }

    fn append(&mut self, folder: &Path, rows: &[(RowKey, Row)]) -> io::Result<()> {
        atomic::create_folder(folder).map_err(|e| e.source)?;
        let _lock = lock(folder, true);
        self.take_received(folder)?;
        let added = received::append(folder, &self.key, self.n_received, rows)?;
        self.n_received += added;
        Ok(())
    }

    /// Takes over what was received and is in no matrix yet, here or by another process.
    fn take_received(&mut self, folder: &Path) -> io::Result<()> {
        if received::length(folder)? == self.n_received {
            return Ok(());
        }
        let found = received::read(folder, &self.key, self.dim)?;
        self.n_received = found.end;
        for (key, vector) in found.rows {
            self.dim.get_or_insert(vector.len());
            self.is_dirty = true;
            let tokens = None;
            self.rows.entry(key).or_insert(Row { vector, tokens });
        }
        Ok(())
    }

    /// What went wrong since the last call, one line each.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Reads what is on disk; a damaged entry counts as empty and costs a warning.
    pub fn read(&mut self) {
        let Some(folder) = self.folder.clone().filter(|folder| folder.exists()) else {
            return;
        };
        let _lock = lock(&folder, false);
        self.merge(&folder);
        if let Err(e) = self.take_received(&folder) {
            self.warnings.push(format!(
                "{}: what was received last cannot be read now ({e}); it is asked for again",
                folder.join(received::FILE).display()
            ));
        }
    }

    /// Writes all rows, together with those that another process wrote in the meantime. Failure
    /// costs a warning, and the entry is not written again.
    pub fn flush(&mut self) {
        let Some(folder) = self.folder.clone().filter(|_| self.is_dirty) else {
            return;
        };
        let written = atomic::create_folder(&folder).and_then(|()| {
            let lock = lock(&folder, true);
            if !self.merge(&folder) {
                // The warning says so.
                self.folder = None;
                return Ok(());
            }
            // What cannot be read stays where it is.
            let has_received = self.take_received(&folder).is_ok();
            self.write(&folder)?;
            if has_received {
                received::remove(&folder);
                self.n_received = 0;
            }
            remove_leftovers(&folder, self.seen.as_deref(), lock.is_some());
            Ok(())
        });
        self.is_dirty = false;
        if let Err(e) = written {
            self.warnings.push(format!(
                "its embeddings are not kept in the cache, the next run will make them again: {e}"
            ));
            self.folder = None;
        }
    }

    /// Takes over the rows on disk that are not known yet. `false`: there may be some that could
    /// not be read, and must not be written over.
    fn merge(&mut self, folder: &Path) -> bool {
        match self.load(folder) {
            Ok(None) => true,
            Ok(Some((sidecar, values))) => {
                let dim = *self.dim.insert(sidecar.dim);
                if let Some(repeated) = sidecar.repeated {
                    self.repeated = Some(repeated.or(self.repeated));
                }
                for (i, (key, tokens)) in sidecar.rows.iter().zip(sidecar.tokens).enumerate() {
                    let vector = values[i * dim..][..dim].to_vec();
                    self.rows.entry(*key).or_insert(Row { vector, tokens });
                }
                self.seen = Some(sidecar.npy_hash);
                true
            }
            Err(Unusable::Damaged(what)) => {
                let folder = folder.display();
                self.warnings.push(format!(
                    "the cache entry {folder} is damaged ({what}); its texts are encoded again"
                ));
                true
            }
            Err(Unusable::Unreadable(what)) => {
                let folder = folder.display();
                if !self.has_said {
                    self.warnings.push(format!(
                        "the cache entry {folder} cannot be read now ({what}); its texts are encoded again, and it is left as it is"
                    ));
                }
                self.has_said = true;
                false
            }
        }
    }

    /// The entry on disk, verified; `None` when there is none or when it is the one in memory.
    fn load(&self, folder: &Path) -> Result<Option<(Sidecar, Vec<f32>)>, Unusable> {
        // Without a working lock another process may replace the matrix between two reads; then its
        // new name is in the sidecar.
        let mut tries = 0;
        loop {
            tries += 1;
            let json = match fs::read(folder.join(SIDECAR)) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                other => other.map_err(|e| Unusable::Unreadable(format!("{SIDECAR}: {e}")))?,
            };
            let sidecar: Sidecar =
                serde_json::from_slice(&json).map_err(|e| format!("{SIDECAR}: {e}"))?;
            self.verify(&sidecar)?;
            if self.seen.as_ref() == Some(&sidecar.npy_hash) {
                return Ok(None);
            }
            match fs::read(folder.join(&sidecar.npy)) {
                Err(e) if e.kind() == io::ErrorKind::NotFound && tries < 3 => {}
                Err(e) => {
                    let what = format!("{}: {e}", sidecar.npy);
                    return Err(match e.kind() {
                        io::ErrorKind::NotFound => Unusable::Damaged(what),
                        _ => Unusable::Unreadable(what),
                    });
                }
                Ok(bytes) => {
                    let values = self.parse(&sidecar, &bytes)?;
                    return Ok(Some((sidecar, values)));
                }
            }
        }
    }

    fn verify(&self, sidecar: &Sidecar) -> Result<(), String> {
        let is_plain_name = Path::new(&sidecar.npy).file_name() == Some(sidecar.npy.as_ref());
        if sidecar.schema != SCHEMA
            || sidecar.key != self.key
            || self.dim.is_some_and(|dim| sidecar.dim != dim)
            || !is_plain_name
        {
            return Err(format!("{SIDECAR} belongs to another entry"));
        }
        if sidecar.rows.len() != sidecar.n
            || sidecar.tokens.len() != sidecar.n
            || sidecar.rows_hash != rows_hash(&sidecar.rows, &sidecar.tokens)
        {
            return Err(format!(
                "{SIDECAR} does not have the rows it was written with"
            ));
        }
        Ok(())
    }

    fn parse(&self, sidecar: &Sidecar, bytes: &[u8]) -> Result<Vec<f32>, String> {
        let name = &sidecar.npy;
        if blake3::hash(bytes).to_hex().as_str() != sidecar.npy_hash {
            return Err(format!(
                "{name} does not have the bytes it was written with"
            ));
        }
        let npy = npyz::NpyFile::new(bytes).map_err(|e| format!("{name}: {e}"))?;
        if npy.shape() != [sidecar.n as u64, sidecar.dim as u64] || npy.order() != npyz::Order::C {
            return Err(format!(
                "{name} has the shape {:?}, expected {} × {}",
                npy.shape(),
                sidecar.n,
                sidecar.dim
            ));
        }
        npy.into_vec().map_err(|e| format!("{name}: {e}"))
    }

    fn write(&mut self, folder: &Path) -> Result<(), atomic::WriteError> {
        let matrix = self.matrix().map_err(|source| atomic::WriteError {
            path: folder.to_path_buf(),
            source,
        })?;
        let npy_hash = blake3::hash(&matrix).to_hex().to_string();
        let npy = matrix_name(&npy_hash);
        let rows: Vec<RowKey> = self.rows.keys().copied().collect();
        let tokens: Vec<Option<TokenCount>> = self.rows.values().map(|row| row.tokens).collect();
        let sidecar = Sidecar {
            schema: SCHEMA,
            key: self.key.clone(),
            parts: self.parts.clone(),
            dim: self.dim.unwrap_or(0),
            n: rows.len(),
            truncated: tokens
                .iter()
                .flatten()
                .filter(|count| count.n_used < count.n_tokens)
                .count(),
            repeated: self.repeated,
            npy: npy.clone(),
            npy_hash: npy_hash.clone(),
            rows_hash: rows_hash(&rows, &tokens),
            rows,
            tokens,
        };
        let path = folder.join(SIDECAR);
        atomic::write(&folder.join(&npy), &matrix)?;
        atomic::write_with(&path, |file| {
            serde_json::to_writer(file, &sidecar).map_err(io::Error::from)
        })?;
        self.seen = Some(npy_hash);
        Ok(())
    }

    /// The rows as the bytes of a .npy file.
    fn matrix(&self) -> io::Result<Vec<u8>> {
        let dim = self.dim.unwrap_or(0);
        let mut bytes = Vec::with_capacity(self.rows.len() * dim * 4 + 128);
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&[self.rows.len() as u64, dim as u64])
            .writer(&mut bytes)
            .begin_nd()?;
        writer.extend(
            self.rows
                .values()
                .flat_map(|row| row.vector.iter().copied()),
        )?;
        writer.finish()?;
        Ok(bytes)
    }
}

fn rows_hash(rows: &[RowKey], tokens: &[Option<TokenCount>]) -> String {
    let mut text = String::new();
    for (row, tokens) in rows.iter().zip(tokens) {
        let _ = writeln!(
            text,
            "{:032x} {:?}",
            row.0,
            tokens.map(|count| (count.n_tokens, count.n_used))
        );
    }
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// A matrix is named after its bytes.
fn matrix_name(npy_hash: &str) -> String {
    format!("rows-{}.npy", &npy_hash[..16])
}

/// Whether a file of that name in the folder of an entry is the entry's.
pub(crate) fn is_of_entry(name: &str) -> bool {
    let is_matrix = name.starts_with("rows-") && name.ends_with(".npy");
    is_matrix || [SIDECAR, received::FILE, "lock"].contains(&name) || atomic::is_temporary(name)
}

/// Removes matrices that the sidecar no longer names and, when nobody else can be writing,
/// temporary files of writers that were killed.
fn remove_leftovers(folder: &Path, npy_hash: Option<&str>, is_locked: bool) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let current = npy_hash.map(matrix_name);
    for name in entries.flatten().map(|entry| entry.file_name()) {
        let name = name.to_string_lossy();
        let is_old = name.starts_with("rows-")
            && name.ends_with(".npy")
            && current.as_deref() != Some(&*name);
        if is_old || (is_locked && atomic::is_temporary(&name)) {
            let _ = fs::remove_file(folder.join(&*name));
        }
    }
}

/// Shared for reading, exclusive for writing; released when the file is closed. `None` where the
/// file system has no locks or cannot be written.
fn lock(folder: &Path, is_exclusive: bool) -> Option<File> {
    let path = folder.join("lock");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .or_else(|_| File::open(&path))
        .ok()?;
    let locked = if is_exclusive {
        file.lock()
    } else {
        file.lock_shared()
    };
    locked.ok().map(|()| file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<(String, String)> {
        vec![("cache_key".into(), "v1".into())]
    }

    fn row(value: f32) -> Row {
        Row {
            vector: vec![value, -value],
            tokens: Some(TokenCount {
                n_tokens: 9,
                n_used: 4,
            }),
        }
    }

    fn filled(cache: &Cache, texts: &[(&str, f32)]) -> Entry {
        let mut entry = cache.open(parts(), 2);
        entry.read();
        for (text, value) in texts {
            entry.insert(RowKey::of(text), row(*value));
        }
        entry.flush();
        entry
    }

    fn read(cache: &Cache) -> Entry {
        let mut entry = cache.open(parts(), 2);
        entry.read();
        entry
    }

    #[test]
    fn the_folder_is_the_first_of_flag_variable_xdg_and_home() {
        let folder = |flag: Option<&str>, set: &[(&str, &str)]| {
            let find = |name: &str| {
                set.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, value)| PathBuf::from(value))
            };
            Cache::from_environment(flag.map(Path::new), find).folder
        };
        let all = [
            ("OCEAN_CACHE", "/o"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/h"),
            ("LOCALAPPDATA", "/l"),
        ];
        assert_eq!(folder(Some("f"), &all), Some("f".into()));
        assert_eq!(folder(None, &all), Some("/o".into()));
        assert_eq!(folder(None, &all[1..]), Some("/x/ocean-host".into()));
        assert_eq!(
            folder(None, &[("OCEAN_CACHE", ""), ("XDG_CACHE_HOME", "relative")]),
            None
        );
        #[cfg(target_os = "linux")]
        assert_eq!(folder(None, &all[2..]), Some("/h/.cache/ocean-host".into()));
    }

    #[test]
    fn what_was_flushed_is_read_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        filled(&cache, &[("a", 0.1), ("b", f32::MIN_POSITIVE)]);
        let mut entry = read(&cache);
        assert_eq!(entry.get(&RowKey::of("a")), Some(&row(0.1)));
        assert_eq!(entry.get(&RowKey::of("b")), Some(&row(f32::MIN_POSITIVE)));
        assert_eq!(entry.get(&RowKey::of("c")), None);
        assert!(entry.take_warnings().is_empty());
    }

    #[test]
    fn two_writers_end_with_both_ones_rows_and_one_matrix() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        // Both read the empty cache, then write one after the other.
        let (mut first, mut second) = (read(&cache), read(&cache));
        first.insert(RowKey::of("a"), row(1.0));
        second.insert(RowKey::of("b"), row(2.0));
        first.flush();
        second.flush();
        assert!(
            second.get(&RowKey::of("a")).is_some(),
            "the second writer sees what the first one wrote"
        );
        let entry = read(&cache);
        assert_eq!(entry.rows.len(), 2);
        let matrices = fs::read_dir(entry.folder.unwrap())
            .unwrap()
            .flatten()
            .filter(|e| e.path().extension().is_some_and(|x| x == "npy"));
        assert_eq!(matrices.count(), 1);
    }

    #[test]
    fn many_threads_filling_one_cache_lose_no_row() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let cache = &cache;
                scope.spawn(move || {
                    for i in 0..10 {
                        filled(cache, &[(&format!("{thread} {i}"), i as f32)]);
                    }
                });
            }
        });
        let mut entry = read(&cache);
        assert_eq!(entry.rows.len(), 40);
        assert!(entry.take_warnings().is_empty());
    }

    #[test]
    fn every_kind_of_damage_empties_the_entry_and_says_so() {
        type Damage = fn(&Path, &str);
        let damages: [(Damage, &str); 6] = [
            (
                |folder, npy| flip(&folder.join(npy), 140),
                "does not have the bytes it was written with",
            ),
            (
                |folder, npy| cut(&folder.join(npy)),
                "does not have the bytes it was written with",
            ),
            (
                |folder, npy| fs::remove_file(folder.join(npy)).unwrap(),
                "rows-",
            ),
            (|folder, _| cut(&folder.join(SIDECAR)), "entry.json"),
            (
                |folder, _| replace(&folder.join(SIDECAR), "\"n_used\":4", "\"n_used\":5"),
                "does not have the rows it was written with",
            ),
            (
                |folder, _| replace(&folder.join(SIDECAR), "\"dim\":2", "\"dim\":3"),
                "belongs to another entry",
            ),
        ];
        for (damage, expected) in damages {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::at(folder.path());
            let entry_folder = filled(&cache, &[("a", 1.0), ("b", 2.0)]).folder.unwrap();
            let json: serde_json::Value =
                serde_json::from_slice(&fs::read(entry_folder.join(SIDECAR)).unwrap()).unwrap();
            damage(&entry_folder, json["npy"].as_str().unwrap());
            let mut entry = read(&cache);
            let warnings = entry.take_warnings();
            assert_eq!(warnings.len(), 1, "{expected}");
            assert!(
                warnings[0].contains(expected)
                    && warnings[0].ends_with("its texts are encoded again"),
                "{}",
                warnings[0]
            );
            assert!(entry.rows.is_empty());
            // And the next flush mends it.
            filled(&cache, &[("a", 1.0)]);
            assert_eq!(read(&cache).rows.len(), 1);
        }
    }

    fn flip(path: &Path, at: usize) {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    fn cut(path: &Path) {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 5]).unwrap();
    }

    fn replace(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    #[test]
    fn a_cache_that_cannot_be_written_costs_a_warning_not_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let mut entry = filled(&Cache::at(&file), &[("a", 1.0)]);
        let warnings = entry.take_warnings();
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].contains("a part of the path is a file, not a folder"),
            "{}",
            warnings[0]
        );
        assert!(entry.get(&RowKey::of("a")).is_some());
    }

    #[test]
    fn an_entry_that_cannot_be_read_now_is_not_written_over() {
        for unreadable in [SIDECAR, "npy"] {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::at(folder.path());
            let entry_folder = filled(&cache, &[("a", 1.0), ("b", 2.0)]).folder.unwrap();
            let files = fs::read_dir(&entry_folder).unwrap().flatten();
            let path = files
                .map(|file| file.path())
                .find(|path| path.to_str().unwrap().ends_with(unreadable))
                .unwrap();
            // Reading a folder as a file fails as a drive does that is away, and not with "not
            // found".
            let aside = folder.path().join("aside");
            fs::rename(&path, &aside).unwrap();
            fs::create_dir(&path).unwrap();
            let mut entry = filled(&cache, &[("c", 3.0)]);
            let warnings = entry.take_warnings();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains("it is left as it is"), "{warnings:?}");
            assert!(entry.get(&RowKey::of("c")).is_some());
            fs::remove_dir(&path).unwrap();
            fs::rename(&aside, &path).unwrap();
            assert_eq!(read(&cache).rows.len(), 2, "{unreadable}");
        }
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let entry_folder = filled(&cache, &[("a", 1.0)]).folder.unwrap();
        // Killed before its sidecar: a matrix nobody names, and half a file.
        fs::write(entry_folder.join("rows-0123456789abcdef.npy"), "x").unwrap();
        fs::write(entry_folder.join(".tmp-Xy12Z9.part"), "x").unwrap();
        filled(&cache, &[("b", 2.0)]);
        assert_eq!(
            fs::read_dir(&entry_folder).unwrap().count(),
            3,
            "sidecar, matrix, lock"
        );
        assert_eq!(read(&cache).rows.len(), 2);
    }

    #[test]
    fn keys_keep_their_parts_apart() {
        let key = |parts: &[(&str, &str)]| {
            model_key(
                &parts
                    .iter()
                    .map(|(a, b)| ((*a).into(), (*b).into()))
                    .collect::<Vec<_>>(),
                2,
            )
        };
        assert_ne!(key(&[("a", "bc")]), key(&[("ab", "c")]));
        assert_ne!(key(&[("a", "b"), ("c", "d")]), key(&[("a", "bcd")]));
        assert_ne!(model_key(&parts(), 2), model_key(&parts(), 3));
    }
}
