//! The name of a blob in the cache is the hash its server promised: SHA-256 for large files, git's
//! SHA-1 of a blob for small ones.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// A file with other bytes than promised.
#[derive(Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Of the bytes that are there.
    pub found: String,
    /// The promise.
    pub expected: String,
}

/// Compares the bytes of `blob` with the hash that is its name. A name that is no such hash
/// promises nothing.
///
/// # Errors
/// The file cannot be read.
pub fn verify(blob: &Path) -> io::Result<Result<(), Mismatch>> {
    let expected = blob
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let is_hash = |length: usize| {
        expected.len() == length && expected.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let found = if is_hash(64) {
        hash(Sha256::new(), blob)?
    } else if is_hash(40) {
        let size = std::fs::metadata(blob)?.len();
        hash(Sha1::new_with_prefix(format!("blob {size}\0")), blob)?
    } else {
        return Ok(Ok(()));
    };
    let is_equal = found.eq_ignore_ascii_case(expected);
    let expected = expected.to_owned();
    Ok(is_equal.then_some(()).ok_or(Mismatch { found, expected }))
}

fn hash(mut hasher: impl Digest, path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'hello\n' | sha256sum` and `printf 'hello\n' | git hash-object --stdin`.
    const SHA256: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    const GIT: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

    #[test]
    fn both_kinds_of_promise_are_kept_or_broken() {
        let folder = tempfile::tempdir().unwrap();
        let blob = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            verify(&path).unwrap()
        };
        assert_eq!(blob(SHA256, "hello\n"), Ok(()));
        assert_eq!(blob(GIT, "hello\n"), Ok(()));
        assert_eq!(blob("W-unknown", "anything"), Ok(()));
        for name in [SHA256, GIT] {
            assert_eq!(blob(name, "hellO\n").unwrap_err().expected, name);
        }
    }
}
