//! `received.rows`: vectors as they came from a server, each reply appended before the next one is
//! looked at, so that a kill loses none and no text is sent twice.
//!
//! A record is the key of the text (16 bytes), the number of its numbers (u32), these (f32) and the
//! first 8 bytes of a blake3 over the entry's key and all that; little-endian throughout. Reading
//! ends at the first record that does not check: half of one, mostly, from a kill while it was
//! written. The next one to append cuts that off. Who calls holds the lock of the entry.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{Row, RowKey};

/// The name of the file, in the folder of an entry.
pub(super) const FILE: &str = "received.rows";

const HEAD: usize = 16 + 4;
const CHECK: usize = 8;

/// Bytes of the file; 0 when there is none.
pub(super) fn length(folder: &Path) -> io::Result<u64> {
    match fs::metadata(folder.join(FILE)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
        other => Ok(other?.len()),
    }
}

/// What of the file is sound.
pub(super) struct Received {
    pub rows: Vec<(RowKey, Vec<f32>)>,
    /// Bytes until the end of the last row.
    pub end: u64,
}

/// The rows of the file. `dim`: how wide they must be, if that is known; else as the first.
pub(super) fn read(folder: &Path, key: &str, dim: Option<usize>) -> io::Result<Received> {
    let mut bytes = Vec::new();
    match File::open(folder.join(FILE)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        file => {
            file?.read_to_end(&mut bytes)?;
        }
    }
    let (mut rows, mut at, mut dim) = (Vec::new(), 0, dim);
    while let Some((row, vector, length)) = record(&bytes[at..], key) {
        if vector.len() != *dim.get_or_insert(vector.len()) {
            break;
        }
        rows.push((row, vector));
        at += length;
    }
    let end = at as u64;
    Ok(Received { rows, end })
}

/// The first record and its bytes; `None` where it does not check.
fn record(bytes: &[u8], key: &str) -> Option<(RowKey, Vec<f32>, usize)> {
    let (row, rest) = bytes.split_first_chunk::<16>()?;
    let (n, rest) = rest.split_first_chunk::<4>()?;
    let n_bytes = (u32::from_le_bytes(*n) as usize).checked_mul(4)?;
    let numbers = rest.get(..n_bytes)?;
    let end = HEAD + n_bytes;
    let found = rest.get(n_bytes..n_bytes + CHECK)?;
    if found != check(key, &bytes[..end]) {
        return None;
    }
    let numbers = numbers.chunks_exact(4);
    let vector = numbers.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let row = RowKey(u128::from_le_bytes(*row));
    Some((row, vector.collect(), end + CHECK))
}

fn check(key: &str, record: &[u8]) -> [u8; CHECK] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes()).update(record);
    let mut check = [0; CHECK];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK]);
    check
}

/// Writes rows behind the first `end` bytes, and gives how many bytes that are now on disk.
pub(super) fn append(
    folder: &Path,
    key: &str,
    end: u64,
    rows: &[(RowKey, Row)],
) -> io::Result<u64> {
    let mut bytes = Vec::new();
    for (row, Row { vector, .. }) in rows {
        let begin = bytes.len();
        let n = u32::try_from(vector.len()).map_err(io::Error::other)?;
        bytes.extend(row.0.to_le_bytes());
        bytes.extend(n.to_le_bytes());
        vector.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        let check = check(key, &bytes[begin..]);
        bytes.extend(check);
    }
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(FILE))?;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    Ok(bytes.len() as u64)
}

/// Removes the file, whose rows are in a matrix.
pub(super) fn remove(folder: &Path) {
    let _ = fs::remove_file(folder.join(FILE));
}

#[cfg(test)]
mod tests {
    use crate::encode::cache::{Cache, Row, RowKey};

    fn row(text: &str) -> (RowKey, Row) {
        let vector = vec![text.len() as f32, 0.5];
        let tokens = None;
        (RowKey::of(text), Row { vector, tokens })
    }

    fn entry(cache: &Cache) -> super::super::Entry {
        let mut entry = cache.open_unmeasured(vec![("model".into(), "m".into())]);
        entry.read();
        entry
    }

    #[test]
    fn what_is_kept_is_there_after_a_kill_and_half_a_record_costs_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let mut killed = entry(&cache);
        killed.keep(vec![row("a"), row("bb")]);
        killed.keep(vec![row("ccc")]);
        let path = killed.folder.clone().unwrap().join(super::FILE);
        drop(killed); // and was never flushed
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..whole.len() / 3 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let mut next = entry(&cache);
            assert_eq!(next.get(&row("bb").0), Some(&row("bb").1), "{cut}");
            assert_eq!(next.get(&row("ccc").0), None, "{cut}");
            // What comes next stands behind what is sound.
            next.keep(vec![row("dddd")]);
            let after = entry(&cache);
            for text in ["a", "bb", "dddd"] {
                assert_eq!(after.get(&row(text).0), Some(&row(text).1), "{cut}");
            }
        }
    }

    #[test]
    fn two_processes_keep_rows_beside_each_other_and_the_entry_takes_them_in() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let (mut one, mut other) = (entry(&cache), entry(&cache));
        one.keep(vec![row("a")]);
        other.keep(vec![row("bb")]);
        one.keep(vec![row("ccc")]);
        one.flush();
        let path = one.folder.clone().unwrap().join(super::FILE);
        assert!(!path.exists());
        other.keep(vec![row("dddd")]);
        let found = entry(&cache);
        for text in ["a", "bb", "ccc", "dddd"] {
            assert_eq!(found.get(&row(text).0), Some(&row(text).1), "{text}");
        }
        assert_eq!(found.dim(), Some(2));
    }
}
