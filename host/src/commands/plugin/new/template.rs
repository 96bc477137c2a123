//! From a request to files: which templates belong to a language and a kind, and what their
//! placeholders stand for.
//!
//! `host/templates/LANGUAGE/…` is written as it lies there, and so is `host/templates/all/…`; a
//! folder named after a kind is left out for the other kind and does not appear in the path.

use std::path::{Path, PathBuf};

use ocean_loader::file_name;

use super::file::File;
use super::{Kind, Language, Request, embedded, sdk};
use crate::problem::{Refusal, shown_path};

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Regressor => "regressor",
            Kind::Encoder => "encoder",
        }
    }
}

impl Language {
    fn folder(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Cpp => "cpp",
            Language::Python => "python",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::C => "C",
            Language::Cpp => "C++",
            Language::Python => "Python",
        }
    }

    /// The one command that builds it.
    fn build_command(self) -> &'static str {
        match self {
            Language::Rust => "cargo build --release",
            Language::C | Language::Cpp | Language::Python => "make",
        }
    }

    /// Where that leaves the library, inside the folder.
    fn library(self, file_name: &str) -> String {
        match self {
            Language::Rust => format!("target/release/{file_name}"),
            Language::C | Language::Cpp | Language::Python => file_name.to_owned(),
        }
    }

    /// Headers it gets, and the folder they lie in.
    fn headers(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Language::Rust => ("", &[]),
            Language::C => ("", &["ocean_plugin.h"]),
            Language::Cpp => ("", &["ocean_plugin.h", "ocean_plugin.hpp"]),
            Language::Python => ("ocean", &["ocean_plugin.h"]),
        }
    }
}

/// All files of the new folder.
///
/// # Errors
/// The SDK that was named is none.
pub(super) fn files(request: &Request) -> Result<Vec<File>, Refusal> {
    let language = request.language;
    let dependency = match &request.sdk {
        Some(checkout) => sdk::of_checkout(checkout)?.display().to_string(),
        None => "vendor/ocean-plugin".to_owned(),
    };
    let mut files: Vec<File> = embedded::TEMPLATES
        .iter()
        .filter_map(|(path, text)| {
            Some(File {
                path: destination(path, request)?,
                text: filled(text, request, &dependency),
            })
        })
        .collect();
    let (folder, headers) = language.headers();
    files.extend(
        embedded::HEADERS
            .iter()
            .filter(|(name, _)| headers.contains(name))
            .map(|(name, text)| File {
                path: Path::new(folder).join(name),
                text: (*text).to_owned(),
            }),
    );
    if language == Language::Rust && request.sdk.is_none() {
        files.extend(sdk::vendored()?);
    }
    Ok(files)
}

/// Where a template goes, if it belongs to this language and kind.
fn destination(path: &str, request: &Request) -> Option<PathBuf> {
    let (language, rest) = path.split_once('/')?;
    if language != "all" && language != request.language.folder() {
        return None;
    }
    let inside = match rest.split_once('/') {
        Some(("regressor" | "encoder", _)) => {
            rest.strip_prefix(request.kind.word())?.strip_prefix('/')?
        }
        _ => rest,
    };
    // Under its own name it would rule over the templates' folder.
    Some(match inside {
        "gitignore" => ".gitignore".into(),
        other => other.into(),
    })
}

fn filled(text: &str, request: &Request, dependency: &str) -> String {
    let id = &request.name;
    let library = file_name(id);
    let language = request.language;
    let title = {
        let mut words = id.replace('-', " ");
        words[..1].make_ascii_uppercase();
        words
    };
    [
        ("@ID@", id.as_str()),
        ("@TITLE@", &title),
        ("@CRATE@", &id.replace('-', "_")),
        ("@KIND@", request.kind.word()),
        ("@LANGUAGE@", language.title()),
        ("@BUILD@", language.build_command()),
        ("@LIBRARY@", &library),
        ("@LIBRARY_PATH@", &language.library(&library)),
        ("@SDK@", dependency),
        ("@VERSION@", env!("CARGO_PKG_VERSION")),
    ]
    .iter()
    .fold(text.to_owned(), |text, (placeholder, value)| {
        text.replace(placeholder, value)
    })
}

/// What to type next.
pub(super) fn next_commands(request: &Request, target: &Path) -> String {
    let language = request.language;
    let library = language.library(&file_name(&request.name));
    format!(
        "{} holds {} in {}. Next:\n\n  cd {} && {}\n  ocean-host plugin check {library}\n  ocean-host eval plugins.toml\n",
        shown_path(target),
        match request.kind {
            Kind::Regressor => "a regressor",
            Kind::Encoder => "an encoder",
        },
        language.title(),
        shown_path(target),
        language.build_command(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn request(kind: Kind, language: Language) -> Request {
        Request {
            kind,
            language,
            name: "two-words".into(),
            folder: "/".into(),
            sdk: None,
        }
    }

    #[test]
    fn every_placeholder_of_every_template_is_known() {
        for language in Language::value_variants() {
            for kind in Kind::value_variants() {
                for file in files(&request(*kind, *language)).unwrap() {
                    let is_own = !file.path.starts_with("vendor");
                    let open = file.text.split('@').skip(1).step_by(2).find(|word| {
                        !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
                    });
                    assert_eq!(open.filter(|_| is_own), None, "{}", file.path.display());
                }
            }
        }
    }

    #[test]
    fn a_kinds_files_lie_where_its_build_looks_for_them() {
        let paths = |kind, language| -> Vec<String> {
            let mut paths: Vec<String> = files(&request(kind, language))
                .unwrap()
                .iter()
                .map(|file| file.path.display().to_string())
                .filter(|path| !path.starts_with("vendor"))
                .collect();
            paths.sort();
            paths
        };
        let c = [
            ".gitignore",
            "Makefile",
            "README.md",
            "data.csv",
            "ocean_plugin.h",
            "params.h",
            "plugin.c",
            "plugins.toml",
        ];
        assert_eq!(paths(Kind::Regressor, Language::C), c);
        assert_eq!(paths(Kind::Encoder, Language::C), c);
        let rust = [
            ".gitignore",
            "Cargo.toml",
            "README.md",
            "data.csv",
            "plugins.toml",
            "src/lib.rs",
        ];
        assert_eq!(paths(Kind::Regressor, Language::Rust), rust);
    }

    #[test]
    fn the_next_commands_are_three() {
        let text = next_commands(
            &request(Kind::Encoder, Language::Rust),
            Path::new("/two-words"),
        );
        let library = file_name("two-words");
        assert_eq!(
            text,
            format!(
                "/two-words holds an encoder in Rust. Next:\n\n  cd /two-words && cargo build --release\n  ocean-host plugin check target/release/{library}\n  ocean-host eval plugins.toml\n"
            )
        );
    }
}
