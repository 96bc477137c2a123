//! Where plugins are: from what a user writes to the path of a file.
//!
//! A value with a path separator or a library suffix is a file; anything else is an id, looked for
//! under the name that id has, in a fixed order of folders. Nothing is opened here.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::{Fault, LibraryError};
use super::linked;

/// The folders in which ids are looked for, first found wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPath {
    /// In order.
    pub folders: Vec<PathBuf>,
    /// Those of `folders` that belong to this installation: what lies there may be called bundled.
    pub bundled: Vec<PathBuf>,
    /// The program itself, where plugins are linked into it: looked into when no folder has the id.
    pub program: Option<PathBuf>,
}

impl SearchPath {
    /// `OCEAN_PLUGIN_PATH`, the folder of `executable`, `../lib/ocean-host` beside that, the user's
    /// data folder.
    pub fn of(executable: &Path) -> Self {
        Self::from_parts(
            std::env::var_os("OCEAN_PLUGIN_PATH").as_deref(),
            executable,
            user_data_folder(),
        )
    }

    fn from_parts(plugin_path: Option<&OsStr>, executable: &Path, user: Option<PathBuf>) -> Self {
        // A symbolic link in /usr/local/bin points to the installation; its neighbours are there.
        let executable = executable
            .canonicalize()
            .unwrap_or_else(|_| executable.to_path_buf());
        let mut bundled = Vec::new();
        if let Some(folder) = executable.parent() {
            bundled.push(folder.to_path_buf());
            if let Some(above) = folder.parent() {
                bundled.push(above.join("lib").join("ocean-host"));
            }
        }
        let mut folders: Vec<PathBuf> = plugin_path
            .map(|value| {
                std::env::split_paths(value)
                    .filter(|p| !p.as_os_str().is_empty())
                    .collect()
            })
            .unwrap_or_default();
        folders.extend(bundled.iter().cloned());
        folders.extend(user);
        let program = Some(executable).filter(|file| linked::is_program(file));
        Self {
            folders,
            bundled,
            program,
        }
    }

    /// The file that `value` of plugins.toml means; `base` is the folder of plugins.toml.
    ///
    /// A path may end in `#ID`, for a library that holds several plugins; the id is returned beside
    /// the file.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`] for an id without a file. A path is returned without looking.
    pub fn find(&self, value: &str, base: &Path) -> Result<Found, LibraryError> {
        if is_file_name(value) {
            let (file, id) = split_id(value);
            return Ok(Found {
                path: base.join(file),
                id: id.map(str::to_owned),
            });
        }
        let file_name = file_name(value);
        let path = self
            .folders
            .iter()
            .map(|folder| folder.join(&file_name))
            .find(|path| path.exists());
        let linked = || {
            let program = self.program.clone()?;
            linked::ids()
                .iter()
                .any(|id| id == value)
                .then_some(program)
        };
        match path.or_else(linked) {
            Some(path) => Ok(Found {
                path,
                id: Some(value.to_owned()),
            }),
            None => Err(LibraryError::NotFound {
                id: value.to_owned(),
                file_name,
                looked_in: self.folders.clone(),
                nearest: self.nearest(value),
            }),
        }
    }

    /// Every file in the folders that is named like a plugin, with its id, in search order, and
    /// what is linked into the program; names repeat where one shadows another.
    pub fn all(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        for folder in &self.folders {
            let Ok(entries) = std::fs::read_dir(folder) else {
                continue; // most of the folders do not exist on most machines
            };
            let mut here: Vec<(String, PathBuf)> = entries
                .flatten()
                .filter_map(|entry| Some((id_of(&entry.file_name())?, entry.path())))
                .collect();
            here.sort();
            found.append(&mut here);
        }
        if let Some(program) = &self.program {
            found.extend(linked::ids().into_iter().map(|id| (id, program.clone())));
        }
        found
    }

    fn nearest(&self, id: &str) -> Option<String> {
        let at_most = (id.chars().count() / 3).max(2);
        self.all()
            .into_iter()
            .map(|(other, _)| (strsim::damerau_levenshtein(id, &other), other))
            .filter(|(distance, _)| *distance <= at_most)
            .min()
            .map(|(_, other)| other)
    }
}

/// A file that may be a plugin, and the id it must have when it was found by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// The id its descriptor must name.
    pub id: Option<String>,
}

/// The name of the library that holds plugin `id` on this platform:
/// `libocean_plugin_elastic_net.so`.
pub fn file_name(id: &str) -> String {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    format!("{prefix}ocean_plugin_{}{suffix}", id.replace('-', "_"))
}

/// The id of a library file; `_` can only have been `-`.
fn id_of(file_name: &OsStr) -> Option<String> {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let id = file_name
        .to_str()?
        .strip_prefix(prefix)?
        .strip_prefix("ocean_plugin_")?
        .strip_suffix(suffix)?;
    (!id.is_empty()).then(|| id.replace('_', "-"))
}

fn is_file_name(value: &str) -> bool {
    let file = split_id(value).0;
    let has_suffix = [".so", ".dylib", ".dll"]
        .iter()
        .any(|suffix| file.ends_with(suffix));
    has_suffix || value.contains('/') || value.contains(std::path::MAIN_SEPARATOR)
}

/// `FILE#ID`; a `#` in a folder's name is not one, and a file that really has that name is taken at
/// its word.
fn split_id(value: &str) -> (&str, Option<&str>) {
    match value.rsplit_once('#') {
        Some((file, id)) if !id.contains(['/', '.']) && !Path::new(value).exists() => {
            (file, Some(id))
        }
        _ => (value, None),
    }
}

fn user_data_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data = if cfg!(windows) {
        absolute("APPDATA")
    } else if cfg!(target_os = "macos") {
        absolute("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
    };
    data.map(|data| data.join("ocean-host").join("plugins"))
}

/// What the file itself tells before anything is loaded, cheapest first: is it there, is it a
/// library, is it whole.
///
/// Returns the blake3 hash of its bytes, in hexadecimal.
///
/// # Errors
/// The [`Fault`]s of files: missing, a folder, empty, not a library, cut off.
pub fn inspect(path: &Path) -> Result<String, Fault> {
    let unreadable = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => Fault::Missing,
        std::io::ErrorKind::PermissionDenied => Fault::Unreadable("no permission".into()),
        _ => Fault::Unreadable(e.to_string()),
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Fault::Folder);
    }
    if !metadata.is_file() {
        return Err(Fault::NotAFile); // reading a pipe would wait for ever
    }
    if linked::is_program(path) {
        // It runs, so it is whole; and it is large.
        let mut hasher = blake3::Hasher::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        hasher.update_reader(file).map_err(unreadable)?;
        return Ok(hasher.finalize().to_hex().to_string());
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(Fault::Empty);
    }
    if let Some(what) = what_else(&bytes) {
        return Err(Fault::NotALibrary(what.to_owned()));
    }
    match elf_length(&bytes) {
        Some(expected) if expected > bytes.len() as u64 => Err(Fault::Truncated {
            found: bytes.len() as u64,
            expected,
        }),
        _ => Ok(blake3::hash(&bytes).to_hex().to_string()),
    }
}

/// What a file that does not begin like a library of any platform seems to be.
fn what_else(bytes: &[u8]) -> Option<&'static str> {
    const LIBRARIES: [&[u8]; 7] = [
        b"\x7fELF",
        b"MZ",
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
    ];
    if LIBRARIES.iter().any(|magic| bytes.starts_with(magic)) {
        return None;
    }
    let start = &bytes[..bytes.len().min(512)];
    let is_text = |valid: &str| !valid.chars().any(|c| c.is_control() && !c.is_whitespace());
    Some(match std::str::from_utf8(start) {
        _ if bytes.starts_with(b"!<arch>") => "a static library (.a, .rlib)",
        _ if bytes.starts_with(b"#!") => "a script",
        Ok(text) if is_text(text) => "a text file",
        // 512 bytes may end inside a character.
        Err(e) if e.error_len().is_none() && bytes.len() > 512 => "a text file",
        _ => "some other file",
    })
}

/// The length that the headers of a 64-bit little-endian ELF file promise: the end of its section
/// headers, which linkers put last, and of its segments, which are what the system maps. Touching a
/// mapped page that is not there is SIGBUS, so it is better said before.
fn elf_length(bytes: &[u8]) -> Option<u64> {
    const ELF64_LITTLE_ENDIAN: &[u8] = b"\x7fELF\x02\x01";
    if !bytes.starts_with(ELF64_LITTLE_ENDIAN) {
        return None;
    }
    let Some(header) = bytes.get(..64) else {
        return Some(64);
    };
    let table_end = |at, entry_size, n| {
        u64_at(header, at)?.checked_add(u16_at(header, entry_size)? * u16_at(header, n)?)
    };
    let sections_end = table_end(0x28, 0x3A, 0x3C)?;
    let segments_end = table_end(0x20, 0x36, 0x38)?;
    Some(
        sections_end
            .max(segments_end)
            .max(mapped_end(bytes).unwrap_or(0)),
    )
}

/// The end of the last segment that is mapped; `None` when the table of segments is not all there.
fn mapped_end(bytes: &[u8]) -> Option<u64> {
    const LOAD: u64 = 1;
    let (table, entry_size, n) = (
        u64_at(bytes, 0x20)?,
        u16_at(bytes, 0x36)?,
        u16_at(bytes, 0x38)?,
    );
    let mut end = 0;
    for k in 0..n {
        let at = usize::try_from(table.checked_add(k * entry_size)?).ok()?;
        let segment = bytes.get(at..at.checked_add(56)?)?;
        if u64_at(segment, 0)? & 0xFFFF_FFFF == LOAD {
            end = end.max(u64_at(segment, 8)?.checked_add(u64_at(segment, 32)?)?);
        }
    }
    Some(end)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u64> {
    let value = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(u64::from(u16::from_le_bytes(value)))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let value = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(u64::from_le_bytes(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn touch(folder: &Path, id: &str) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(file_name(id));
        fs::write(&path, "").unwrap();
        path
    }

    #[test]
    fn an_id_is_the_first_file_of_its_name_in_the_order_of_the_contract() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let executable = root.join("bin/ocean-host");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(&executable, "").unwrap();
        let listed = std::env::join_paths([root.join("mine"), root.join("ours")]).unwrap();
        let path = SearchPath::from_parts(Some(&listed), &executable, Some(root.join("user")));
        let order =
            ["mine", "ours", "bin", "lib/ocean-host", "user"].map(|folder| root.join(folder));
        assert_eq!(path.folders, order);
        assert_eq!(
            path.bundled,
            [root.join("bin"), root.join("lib/ocean-host")]
        );
        // Filled from the last folder to the first, each new file hides the one before.
        for folder in order.iter().rev() {
            let expected = touch(folder, "elastic-net");
            assert_eq!(
                path.find("elastic-net", Path::new("/")).unwrap().path,
                expected
            );
        }
    }

    #[test]
    fn a_separator_or_a_suffix_makes_a_file_relative_to_the_config() {
        let path = SearchPath {
            folders: vec![],
            bundled: vec![],
            program: None,
        };
        let find = |value| path.find(value, Path::new("/study")).unwrap();
        assert_eq!(
            find("mine.so"),
            Found {
                path: "/study/mine.so".into(),
                id: None
            }
        );
        assert_eq!(
            find("build/mine"),
            Found {
                path: "/study/build/mine".into(),
                id: None
            }
        );
        assert_eq!(
            find("/opt/p.so"),
            Found {
                path: "/opt/p.so".into(),
                id: None
            }
        );
        assert_eq!(
            find("two.so#second"),
            Found {
                path: "/study/two.so".into(),
                id: Some("second".into())
            }
        );
    }

    #[test]
    fn an_unknown_id_says_where_we_looked_and_the_nearest_name() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), "elastic-net");
        touch(folder.path(), "ridge");
        let path = SearchPath {
            folders: vec![folder.path().into(), "/nowhere".into()],
            bundled: vec![],
            program: None,
        };
        let error = path
            .find("elastic_nett", Path::new("/"))
            .unwrap_err()
            .to_string();
        let expected = format!(
            "no plugin `elastic_nett`: there is no {} in any of these folders; did you mean `elastic-net`?\n  {}\n  /nowhere",
            file_name("elastic_nett"),
            folder.path().display()
        );
        assert_eq!(error, expected);
        let error = path.find("minilm", Path::new("/")).unwrap_err().to_string();
        assert!(
            error.contains(
                "write the path of its library instead, or add its folder to OCEAN_PLUGIN_PATH"
            ),
            "{error}"
        );
    }

    #[test]
    fn files_that_are_no_library_are_told_apart_without_loading_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let long_text = "é".repeat(400); // 800 bytes: byte 512 is a boundary, 511 is not
        let mut cut = vec![0; 64];
        cut[..6].copy_from_slice(b"\x7fELF\x02\x01");
        cut[0x28..0x30].copy_from_slice(&1000u64.to_le_bytes());
        cut[0x3A] = 64;
        cut[0x3C] = 3;
        let cases = [
            (folder.path().join("no.so"), Fault::Missing),
            (folder.path().to_path_buf(), Fault::Folder),
            (file("empty.so", b""), Fault::Empty),
            (
                file("text.so", b"not a library\n"),
                Fault::NotALibrary("a text file".into()),
            ),
            (
                file("long.so", format!("x{long_text}").as_bytes()),
                Fault::NotALibrary("a text file".into()),
            ),
            (
                file("script.so", b"#!/bin/sh\nexit 1\n"),
                Fault::NotALibrary("a script".into()),
            ),
            (
                file("static.so", b"!<arch>\n"),
                Fault::NotALibrary("a static library (.a, .rlib)".into()),
            ),
            (
                file("noise.so", &[0, 1, 2, 0xff]),
                Fault::NotALibrary("some other file".into()),
            ),
            // 1000 bytes before the section headers, three of 64 bytes each.
            (
                file("cut.so", &cut),
                Fault::Truncated {
                    found: 64,
                    expected: 1192,
                },
            ),
            (
                file("stub.so", b"\x7fELF\x02\x01"),
                Fault::Truncated {
                    found: 6,
                    expected: 64,
                },
            ),
        ];
        for (path, expected) in cases {
            assert_eq!(inspect(&path), Err(expected), "{}", path.display());
        }
    }

    #[test]
    fn a_segment_past_the_end_counts_also_without_section_headers() {
        // One segment of type LOAD at byte 64 of the file: 4096 bytes from byte 100 on, so 4196
        // bytes are promised.
        let mut bytes = vec![0; 200];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[0x20] = 64;
        bytes[0x36] = 56;
        bytes[0x38] = 1;
        bytes[64] = 1;
        bytes[64 + 8] = 100;
        bytes[64 + 32..64 + 34].copy_from_slice(&4096u16.to_le_bytes());
        assert_eq!(elf_length(&bytes), Some(4196));
        // Numbers that overflow are nonsense for the system's loader to refuse, and no reason to
        // panic.
        bytes[64 + 8..64 + 16].fill(0xff);
        assert_eq!(elf_length(&bytes), Some(120));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_test_program_is_a_whole_file() {
        // An executable is ELF like a library: the length check must not reject what the linker
        // wrote.
        let own = std::env::current_exe().unwrap();
        let bytes = fs::read(&own).unwrap();
        assert!(elf_length(&bytes).is_some_and(|expected| expected <= bytes.len() as u64));
        // The program that runs is hashed without being held.
        assert_eq!(
            inspect(&own).unwrap(),
            blake3::hash(&bytes).to_hex().as_str()
        );
    }
}
