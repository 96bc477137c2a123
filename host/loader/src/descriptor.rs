//! What a plugin says of itself, copied out of its memory: owned strings, a parsed schema, a kind
//! that is one of two.
//!
//! Everything is checked here, once: lengths, UTF-8, the id's characters, the schema. After that
//! nobody reads a plugin's descriptor again.

use std::fmt;

use ocean_plugin_abi::{self as abi, flag, kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Encoder or regressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Texts to vectors.
    Encoder,
    /// Vectors and targets to predictions.
    Regressor,
}

impl Kind {
    /// "an encoder", "a regressor".
    pub fn with_article(self) -> &'static str {
        match self {
            Kind::Encoder => "an encoder",
            Kind::Regressor => "a regressor",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Encoder => "encoder",
            Kind::Regressor => "regressor",
        })
    }
}

/// One plugin of a library, as it describes itself. All strings are UTF-8 without control
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// What `plugins.toml` calls it.
    pub id: String,
    /// What a report calls it.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Who made it.
    pub vendor: String,
    /// SPDX expression.
    pub license: String,
    /// Where to read more.
    pub url: String,
    /// One sentence.
    pub description: String,
    /// `ridge`, `lasso`, `elastic-net`, or any other word.
    pub family: String,
    /// The parameters: an object with a member per parameter (`ocean_plugin.h`, PARAMETERS).
    pub schema: Value,
    /// Encoder or regressor.
    pub kind: Kind,
    /// Bits of the ABI's `flag`.
    pub flags: u32,
}

impl Descriptor {
    /// Functions tagged `[concurrent]` may run at the same time.
    pub fn is_thread_safe(&self) -> bool {
        self.flags & flag::THREAD_SAFE != 0
    }

    /// The name and the schema of the penalty, the parameter marked `"tunable": "alpha"`.
    pub fn alpha(&self) -> Option<(&str, &Value)> {
        let parameters = self.schema.as_object()?;
        let (name, schema) = parameters
            .iter()
            .find(|(_, schema)| schema["tunable"] == "alpha")?;
        Some((name, schema))
    }

    /// Copies a descriptor out of a plugin.
    ///
    /// # Safety
    /// `raw` is what the plugin's `descriptor` returned; its texts, where they are not absurdly
    /// long, can be read. In a plugin that breaks this promise the probing child dies here, not the
    /// host.
    pub(super) unsafe fn read(raw: *const abi::Descriptor) -> Result<Self, String> {
        if raw.is_null() || !raw.is_aligned() {
            return Err("it is null or not aligned".into());
        }
        // SAFETY: not null, aligned, and the first field of a descriptor is its size.
        let struct_size = unsafe { (*raw).struct_size };
        if struct_size < size_of::<abi::Descriptor>() {
            return Err(format!(
                "struct_size is {struct_size}, at least {} is expected",
                size_of::<abi::Descriptor>()
            ));
        }
        // SAFETY: the plugin says that the whole struct is there.
        let raw = unsafe { &*raw };
        let text = |what: &str, value: abi::Str, most: usize| unsafe { text(what, value, most) };
        let schema_json = text("params_schema_json", raw.params_schema_json, 1 << 20)?;
        Ok(Self {
            id: id(line("id", text("id", raw.id, 64)?)?)?,
            name: line("name", text("name", raw.name, 200)?)?,
            version: line("version", text("version", raw.version, 200)?)?,
            vendor: line("vendor", text("vendor", raw.vendor, 500)?)?,
            license: line("license", text("license", raw.license, 500)?)?,
            url: line("url", text("url", raw.url, 2000)?)?,
            description: line("description", text("description", raw.description, 10_000)?)?,
            family: line("family", text("family", raw.family, 200)?)?,
            schema: schema(&schema_json)?,
            kind: match raw.kind {
                kind::ENCODER => Kind::Encoder,
                kind::REGRESSOR => Kind::Regressor,
                other => {
                    return Err(format!(
                        "kind is {other}; expected 1 (encoder) or 2 (regressor)"
                    ));
                }
            },
            flags: raw.flags,
        })
    }
}

/// # Safety
/// `value` can be read where its length is at most `most`.
pub(super) unsafe fn text(what: &str, value: abi::Str, most: usize) -> Result<String, String> {
    if value.len > most {
        return Err(format!(
            "`{what}` has {} bytes, at most {most} are allowed",
            value.len
        ));
    }
    if value.ptr.is_null() && value.len > 0 {
        return Err(format!("`{what}` is null with length {}", value.len));
    }
    // SAFETY: the caller's promise, for a length that was just bounded.
    match unsafe { value.as_str() } {
        Ok(text) => Ok(text.to_owned()),
        Err(e) => Err(format!("`{what}` is not UTF-8 (byte {})", e.valid_up_to())),
    }
}

/// Nothing that could move the cursor, break a table or hide in a report.
fn line(what: &str, text: String) -> Result<String, String> {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(format!("`{what}` contains the control character {c:?}")),
        None => Ok(text),
    }
}

/// Lower-case letters, digits and `-`, at least one.
pub fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(is_plain)
}

fn id(id: String) -> Result<String, String> {
    if !is_id(&id) {
        return Err(format!(
            "the id is `{id}`; lower-case letters, digits and `-` are allowed"
        ));
    }
    Ok(id)
}

fn schema(json: &str) -> Result<Value, String> {
    // An author without parameters may leave the text out altogether.
    let json = if json.trim().is_empty() { "{}" } else { json };
    let schema: Value =
        serde_json::from_str(json).map_err(|e| format!("params_schema_json is not JSON: {e}"))?;
    let Some(parameters) = schema.as_object() else {
        return Err("params_schema_json is not an object".into());
    };
    const TYPES: [&str; 6] = [
        "number", "integer", "boolean", "string", "strings", "integers",
    ];
    for (name, parameter) in parameters {
        match parameter["type"].as_str() {
            Some(t) if TYPES.contains(&t) => {}
            _ => {
                return Err(format!(
                    "parameter `{name}` has \"type\": {}; expected one of {}",
                    parameter["type"],
                    TYPES.join(", ")
                ));
            }
        }
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> abi::Descriptor {
        abi::Descriptor {
            struct_size: size_of::<abi::Descriptor>(),
            id: abi::Str::new("nearest-mean"),
            name: abi::Str::new("Nearest mean"),
            version: abi::Str::new("0.1.0"),
            vendor: abi::Str::EMPTY,
            license: abi::Str::EMPTY,
            url: abi::Str::EMPTY,
            description: abi::Str::new("Größe"),
            family: abi::Str::EMPTY,
            params_schema_json: abi::Str::new(
                r#"{"k": {"type": "integer"}, "penalty": {"type": "number", "tunable": "alpha"}}"#,
            ),
            kind: kind::REGRESSOR,
            flags: flag::THREAD_SAFE,
        }
    }

    fn read(raw: &abi::Descriptor) -> Result<Descriptor, String> {
        // SAFETY: a descriptor of this process, over static texts.
        unsafe { Descriptor::read(raw) }
    }

    #[test]
    fn a_sound_descriptor_is_copied_whole() {
        let descriptor = read(&raw()).unwrap();
        assert_eq!(descriptor.id, "nearest-mean");
        assert_eq!(descriptor.description, "Größe");
        assert_eq!(descriptor.kind, Kind::Regressor);
        assert!(descriptor.is_thread_safe());
        assert_eq!(descriptor.alpha().unwrap().0, "penalty");
    }

    #[test]
    fn each_fault_of_a_descriptor_is_named() {
        type Edit = fn(&mut abi::Descriptor);
        static NOT_UTF8: [u8; 3] = [b'a', 0xff, b'b'];
        let faults: [(Edit, &str); 8] = [
            (|d| d.struct_size = 8, "struct_size is 8"),
            (
                |d| d.id = abi::Str::new("Nearest Mean"),
                "the id is `Nearest Mean`",
            ),
            (|d| d.id = abi::Str::EMPTY, "the id is ``"),
            (
                |d| {
                    d.name = abi::Str {
                        ptr: NOT_UTF8.as_ptr(),
                        len: 3,
                    }
                },
                "`name` is not UTF-8 (byte 1)",
            ),
            (
                |d| {
                    d.version = abi::Str {
                        ptr: std::ptr::null(),
                        len: 5,
                    }
                },
                "`version` is null with length 5",
            ),
            (
                |d| {
                    d.name = abi::Str {
                        ptr: NOT_UTF8.as_ptr(),
                        len: usize::MAX,
                    }
                },
                "at most 200 are allowed",
            ),
            (
                |d| d.kind = 7,
                "kind is 7; expected 1 (encoder) or 2 (regressor)",
            ),
            (
                |d| d.params_schema_json = abi::Str::new(r#"{"k": {"type": "float"}}"#),
                "parameter `k` has \"type\": \"float\"",
            ),
        ];
        for (edit, expected) in faults {
            let mut raw = raw();
            edit(&mut raw);
            let error = read(&raw).unwrap_err();
            assert!(
                error.contains(expected),
                "{error} does not contain {expected}"
            );
        }
    }
}
