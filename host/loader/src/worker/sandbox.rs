//! What the sandbox of a worker leaves open, and what is said of what it refuses.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::Plugin;

/// After an error of a plugin in a sandbox that speaks of a refusal.
const HINT: &str = "it runs in a sandbox, without your files, the network and other programs; if you trust it: isolation = \"process\"";
/// Words of the system for what it refuses.
const REFUSED: [&str; 4] = [
    "ermission denied",
    "not permitted",
    "PermissionError",
    "errno 13",
];

/// Files and folders that a plugin may read: those that its parameters name.
pub fn named<'p>(
    plugin: &Plugin,
    params: impl Iterator<Item = &'p Map<String, Value>>,
) -> Vec<PathBuf> {
    let is_place = |name: &str| {
        let format = &plugin.descriptor.schema[name]["format"];
        format == "model" || format == "path"
    };
    let named = params.flat_map(|params| params.iter().filter(|(name, _)| is_place(name)));
    let places = named.flat_map(|(_, value)| match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect::<Vec<_>>(),
    });
    let mut places: Vec<PathBuf> = places.map(PathBuf::from).collect();
    places.sort();
    places.dedup();
    places
}

/// What the library in `file` needs besides: its folder, and, where it starts a Python, the folders
/// of that Python.
pub fn needed_by(file: &Path) -> Vec<PathBuf> {
    let file = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
    let mut folders: Vec<PathBuf> = file.parent().map(Path::to_path_buf).into_iter().collect();
    let bytes = std::fs::read(&file).unwrap_or_default();
    let pythons = pythons_in(&bytes);
    if !pythons.is_empty() {
        folders.extend(pythons);
        let of_user = std::env::home_dir().map(|home| home.join(".local/lib"));
        folders.extend(of_user);
        let paths = std::env::var_os("PYTHONPATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&paths).filter(|path| path.is_absolute()));
    }
    folders
}

/// The folders of the libraries that are open in this process: some open others of their folder when
/// they are first called.
pub fn folders_of_libraries() -> Vec<PathBuf> {
    folders_in(&std::fs::read_to_string("/proc/self/maps").unwrap_or_default())
}

/// Of the shared libraries in `/proc/…/maps`.
fn folders_in(maps: &str) -> Vec<PathBuf> {
    let paths = maps
        .lines()
        .filter_map(|line| Some(Path::new(&line[line.find('/')?..])));
    let folder = |path: &Path| {
        let is_library = path.file_name()?.to_str()?.contains(".so");
        let folder = path.parent().filter(|folder| folder.parent().is_some());
        folder.filter(|_| is_library).map(Path::to_path_buf)
    };
    let mut folders: Vec<PathBuf> = paths.filter_map(folder).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// The prefixes (`PREFIX/bin/python…`, `PREFIX/lib/libpython…`) among the texts of a library.
fn pythons_in(bytes: &[u8]) -> Vec<PathBuf> {
    let texts = bytes.split(|byte| *byte == 0);
    let texts = texts.filter(|text| text.first() == Some(&b'/') && text.len() < 4096);
    let texts = texts.filter_map(|text| std::str::from_utf8(text).ok());
    let prefix = |text: &str| {
        let path = Path::new(text);
        let name = path.file_name()?.to_str()?;
        let is_python = name.starts_with("python") || name.starts_with("libpython");
        is_python.then(|| path.ancestors().nth(2).map(Path::to_path_buf))?
    };
    let found = texts.filter_map(prefix);
    found.filter(|prefix| prefix.parent().is_some()).collect()
}

/// The message, with what to do about it where it speaks of something refused.
pub fn with_hint(message: String) -> String {
    match REFUSED.iter().any(|word| message.contains(word)) {
        true => format!("{message} ({HINT})"),
        false => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_a_python_are_read_from_the_library() {
        let library = b"\x7fELF\0/usr/x\0/opt/py/lib/libpython3.11.so.1.0\0/home/me/venv/bin/python3\0/python\0bin/python\0";
        let expected = ["/opt/py", "/home/me/venv"].map(PathBuf::from);
        assert_eq!(pythons_in(library), expected);
    }

    #[test]
    fn folders_are_those_of_libraries_alone() {
        let maps = "7f00-7f10 r-xp 00000000 fe:00 12   /home/me/conda/lib/libmkl_rt.so.2\n\
                    7f10-7f20 r--p 00000000 fe:00 12   /home/me/conda/lib/libmkl_rt.so.2\n\
                    7f20-7f30 r-xp 00000000 fe:00 13   /home/me/study/ocean-host\n\
                    7f30-7f40 rw-s 00000000 00:01 14   /memfd:numbers.so (deleted)\n\
                    7f40-7f50 rw-p 00000000 00:00 0    [heap]\n";
        assert_eq!(folders_in(maps), [PathBuf::from("/home/me/conda/lib")]);
    }

    #[test]
    fn a_refusal_is_explained_and_other_errors_are_left_alone() {
        let refused = with_hint("cannot open /x: Permission denied".into());
        assert!(refused.contains("isolation = \"process\""), "{refused}");
        assert_eq!(with_hint("no solution".into()), "no solution");
    }
}
