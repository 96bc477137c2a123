//! `ocean-host plugin info PLUGIN`: all that a plugin says of itself, its parameters with ranges
//! above all.

use std::io::{self, Write};
use std::path::Path;

use ocean_loader::{LibraryError, Probed, ProbedPlugin, Prober, SearchPath, is_ours, probe};
use ocean_plugin_abi::flag;
use serde_json::Value;

use super::list::layout;
use super::manifest;

/// Why a plugin is not described.
#[derive(Debug, thiserror::Error)]
pub enum InfoError {
    /// What it says cannot be written down.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There is no such plugin, or it cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// Writes what the plugin that `value` means (an id, or a path relative to `base`) says of itself;
/// for a library of several, all of them unless the id is given. `writes_manifest`: also leaves it
/// as a manifest beside the library.
///
/// # Errors
/// `out` or the manifest cannot be written; there is no such plugin, or it cannot be used.
pub fn info(
    value: &str,
    base: &Path,
    search: &SearchPath,
    prober: &Prober,
    writes_manifest: bool,
    out: &mut dyn Write,
) -> Result<(), InfoError> {
    let found = search.find(value, base)?;
    let probed = probe(prober, &found.path)?;
    let is_wanted = |plugin: &&ProbedPlugin| {
        found
            .id
            .as_ref()
            .is_none_or(|id| *id == plugin.descriptor.id)
    };
    let wanted: Vec<&ProbedPlugin> = probed.plugins.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(LibraryError::other_id(&found, &probed).into());
    }
    for plugin in wanted {
        write(
            plugin,
            &probed,
            &found.path,
            is_ours(search, &found.path, &probed.build_info),
            out,
        )?;
    }
    for warning in &probed.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    if writes_manifest {
        let path = manifest::write(&found.path, &probed).map_err(io::Error::other)?;
        writeln!(out, "manifest: {}", path.display())?;
    }
    Ok(())
}

fn write(
    plugin: &ProbedPlugin,
    probed: &Probed,
    path: &Path,
    is_bundled: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let d = &plugin.descriptor;
    writeln!(out, "{} {}: {}", d.id, d.version, d.name)?;
    if !d.description.is_empty() {
        writeln!(out, "  {}", d.description)?;
    }
    let family = if d.family.is_empty() {
        String::new()
    } else {
        format!(", family {}", d.family)
    };
    let lines = [
        ("kind", format!("{}{family}", d.kind)),
        ("file", path.display().to_string()),
        ("hash", format!("blake3 {}", probed.hash)),
        ("layout", layout(probed.layout).to_owned()),
        ("bundled", if is_bundled { "yes" } else { "no" }.to_owned()),
        ("built with", probed.build_info.clone()),
        ("interfaces", plugin.interfaces.join(", ")),
        ("calls", calls(d.flags)),
        ("by", d.vendor.clone()),
        ("licence", d.license.clone()),
        ("more", d.url.clone()),
    ];
    for (name, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        writeln!(out, "  {name:<11}{text}")?;
    }
    let parameters = d
        .schema
        .as_object()
        .filter(|parameters| !parameters.is_empty());
    match parameters {
        None => writeln!(out, "  parameters none"),
        Some(parameters) => {
            writeln!(out, "  parameters")?;
            parameters
                .iter()
                .try_for_each(|(name, schema)| write_parameter(name, schema, out))
        }
    }
}

fn calls(flags: u32) -> String {
    let mut words = vec![if flags & flag::THREAD_SAFE != 0 {
        "several at once"
    } else {
        "one at a time"
    }];
    if flags & flag::NETWORK != 0 {
        words.push("talks to a network");
    }
    words.join(", ")
}

fn write_parameter(name: &str, schema: &Value, out: &mut dyn Write) -> io::Result<()> {
    let mut words = vec![schema["type"].as_str().unwrap_or("?").to_owned()];
    words.extend(range(schema));
    if schema["scale"] == "log" {
        words.push("log scale".into());
    }
    words.push(match schema.get("default") {
        None => "required".into(),
        Some(Value::Null) => "absent by default".into(),
        Some(default) => format!("default {default}"),
    });
    match &schema["tunable"] {
        Value::String(alpha) if alpha == "alpha" => words.push("the penalty, tuned".into()),
        Value::Bool(true) => words.push("a list is tuned".into()),
        _ => {}
    }
    match schema["format"].as_str() {
        Some("model") => words.push("a model's name or folder".into()),
        Some("path") => words.push("a path".into()),
        _ => {}
    }
    writeln!(out, "    {name}: {}", words.join(", "))?;
    match schema["help"].as_str() {
        Some(help) if !help.is_empty() => writeln!(out, "      {}", one_line(help)),
        _ => Ok(()),
    }
}

fn range(schema: &Value) -> Option<String> {
    if let Some(choices) = schema["choices"].as_array() {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        return Some(choices.join(" or "));
    }
    match (schema.get("min"), schema.get("max")) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    }
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocean_loader::{Descriptor, Kind, Layout};
    use serde_json::json;

    #[test]
    fn every_part_of_a_parameter_is_said_in_words() {
        let line = |name: &str, schema: Value| {
            let mut out = Vec::new();
            write_parameter(name, &schema, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            line(
                "alpha",
                json!({"type": "number", "min": 1e-6, "max": 1e6, "scale": "log", "default": 1.0, "tunable": "alpha", "help": "Strength."})
            ),
            "    alpha: number, 1e-6 to 1000000.0, log scale, default 1.0, the penalty, tuned\n      Strength.\n"
        );
        assert_eq!(
            line(
                "pooling",
                json!({"type": "string", "choices": ["mean", "cls"], "default": null, "tunable": true})
            ),
            "    pooling: string, \"mean\" or \"cls\", absent by default, a list is tuned\n"
        );
        assert_eq!(
            line("model", json!({"type": "string", "format": "model"})),
            "    model: string, required, a model's name or folder\n"
        );
    }

    #[test]
    fn a_plugin_is_described_line_by_line() {
        let plugin = ProbedPlugin {
            descriptor: Descriptor {
                id: "ridge".into(),
                name: "Ridge".into(),
                version: "0.1.0".into(),
                vendor: String::new(),
                license: "MIT".into(),
                url: String::new(),
                description: "Shrinks.".into(),
                family: "ridge".into(),
                schema: json!({}),
                kind: Kind::Regressor,
                flags: 0,
            },
            interfaces: vec!["ocean.regressor/1".into(), "ocean.regressor.path/1".into()],
        };
        let probed = Probed {
            hash: "00ff".into(),
            build_info: "cc 12".into(),
            layout: Layout::NotChecked,
            plugins: vec![],
            warnings: vec![],
        };
        let mut out = Vec::new();
        write(&plugin, &probed, Path::new("/p.so"), false, &mut out).unwrap();
        let expected = "ridge 0.1.0: Ridge
  Shrinks.
  kind       regressor, family ridge
  file       /p.so
  hash       blake3 00ff
  layout     not checked
  bundled    no
  built with cc 12
  interfaces ocean.regressor/1, ocean.regressor.path/1
  calls      one at a time
  licence    MIT
  parameters none
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
