//! The name of a model: `organisation/name`, a bare name of the organisation sentence-transformers,
//! either with `@revision`.

/// A name that can be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    /// `organisation/name`.
    pub id: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl ModelName {
    /// `None` when `typed` cannot be a name: it has the form of a path.
    pub fn parse(typed: &str) -> Option<Self> {
        let (id, revision) = typed.split_once('@').unwrap_or((typed, "main"));
        let is_part = |part: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && !part.starts_with('.') && part.chars().all(fits)
        };
        if !is_part(revision) {
            return None;
        }
        let id = match id.split_once('/') {
            Some((organisation, name)) if is_part(organisation) && is_part(name) => id.to_owned(),
            // As sentence-transformers reads a bare name.
            None if is_part(id) => format!("sentence-transformers/{id}"),
            _ => return None,
        };
        Some(Self {
            id,
            revision: revision.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_paths() {
        let parsed = |typed: &str| ModelName::parse(typed).map(|name| (name.id, name.revision));
        let name = |id: &str, revision: &str| Some((id.to_owned(), revision.to_owned()));
        assert_eq!(
            parsed("BAAI/bge-base-en-v1.5"),
            name("BAAI/bge-base-en-v1.5", "main")
        );
        assert_eq!(
            parsed("all-MiniLM-L6-v2"),
            name("sentence-transformers/all-MiniLM-L6-v2", "main")
        );
        assert_eq!(parsed("a/b@0123abc"), name("a/b", "0123abc"));
        for path in [
            "", "./m", "../m/n", "/m", "a/b/c", "a b", "a/", "/", "a@", "a@../b", "C:\\m", "ä/b",
        ] {
            assert_eq!(parsed(path), None, "{path}");
        }
    }
}
