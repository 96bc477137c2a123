//! `ocean-host plugin list`: every plugin that an id can find, and every file that looks like one
//! and is not.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use comfy_table::{Table, presets};
use ocean_loader::{Layout, Probed, Prober, SearchPath, is_ours, probe};

use super::manifest;

/// Writes a table of the plugins in the search path, then what is wrong with the rest. `true`:
/// every file found is a sound plugin.
///
/// # Errors
/// `out` cannot be written.
pub fn list(search: &SearchPath, prober: &Prober, out: &mut dyn Write) -> io::Result<bool> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["id", "kind", "version", "layout", "bundled", "file"]);
    let mut notes = Vec::new();
    let mut first_of: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut is_sound = true;
    for (id, path) in search.all() {
        if let Some(first) = first_of.get(&id) {
            // A file of one that is linked into the program, too, is what a build leaves.
            if search.program.as_ref() == Some(&path) {
                continue;
            }
            notes.push(format!(
                "{} is hidden: `{id}` is found in {} first",
                path.display(),
                first.display()
            ));
            continue;
        }
        first_of.insert(id.clone(), path.clone());
        let of_manifest = match manifest::read(&path) {
            Some(Ok(probed)) => Some(probed),
            Some(Err(stale)) => {
                notes.push(stale);
                None
            }
            None => None,
        };
        match of_manifest.map_or_else(|| probe(prober, &path), Ok) {
            Ok(probed) => add(&mut table, &mut notes, search, &id, &path, &probed),
            Err(error) => {
                is_sound = false;
                notes.push(error.to_string());
            }
        }
    }
    if first_of.is_empty() {
        writeln!(out, "no plugins found")?;
    } else {
        writeln!(out, "{}", trimmed(&table.to_string()))?;
    }
    for note in &notes {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "\nlooked in, first found wins:")?;
    for place in search.folders.iter().chain(&search.program) {
        writeln!(out, "  {}", place.display())?;
    }
    Ok(is_sound)
}

fn add(
    table: &mut Table,
    notes: &mut Vec<String>,
    search: &SearchPath,
    id: &str,
    path: &Path,
    probed: &Probed,
) {
    // The program has a line for each of its plugins already.
    let is_program = search.program.as_deref() == Some(path);
    let shown = probed.plugins.iter();
    for plugin in shown.filter(|plugin| !is_program || plugin.descriptor.id == id) {
        let descriptor = &plugin.descriptor;
        table.add_row([
            descriptor.id.clone(),
            descriptor.kind.to_string(),
            descriptor.version.clone(),
            layout(probed.layout).to_owned(),
            if is_ours(search, path, &probed.build_info) {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
            path.display().to_string(),
        ]);
    }
    if probed
        .plugins
        .iter()
        .all(|plugin| plugin.descriptor.id != id)
    {
        notes.push(format!(
            "{} holds no plugin `{id}`, so it can be used by its path only",
            path.display()
        ));
    }
    notes.extend(
        probed
            .warnings
            .iter()
            .map(|warning| format!("{}: {warning}", path.display())),
    );
}

/// "checked" or "not checked", as list and info say it.
pub(super) fn layout(layout: Layout) -> &'static str {
    match layout {
        Layout::Checked => "checked",
        Layout::NotChecked => "not checked",
    }
}

/// Padding at the ends of lines helps nobody who pipes them.
fn trimmed(table: &str) -> String {
    table
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_plugins_are_lines_and_hidden_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        let file = ocean_loader::file_name("ridge");
        for folder in [&first, &second] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join(&file), "not a library").unwrap();
        }
        let search = SearchPath {
            folders: vec![first.clone(), second.clone()],
            bundled: vec![],
            program: None,
        };
        let mut out = Vec::new();
        assert!(!list(&search, &Prober::new("/no/such/program"), &mut out).unwrap());
        let out = String::from_utf8(out).unwrap();
        assert!(
            out.contains(&format!(
                "plugin {}: it is not a shared library but a text file",
                first.join(&file).display()
            )),
            "{out}"
        );
        assert!(
            out.contains(&format!(
                "{} is hidden: `ridge` is found in {} first",
                second.join(&file).display(),
                first.join(&file).display()
            )),
            "{out}"
        );
    }
}
