//! What a process shares with everything in it, and a plugin must leave as it was.

use crate::platform;

/// Working directory, environment, locale, umask, limits, signal mask and handlers, as far as this
/// system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// What, and its value in words.
    parts: Vec<(&'static str, String)>,
}

impl Surroundings {
    /// Those of this process, signals as the calling thread has them.
    pub fn now() -> Self {
        let directory = std::env::current_dir().map(|path| path.display().to_string());
        let mut environment: Vec<String> = std::env::vars_os()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        environment.sort();
        let mut parts = vec![
            ("the working directory", directory.unwrap_or_default()),
            ("the environment", environment.join("\n")),
        ];
        parts.extend(platform::surroundings());
        Self { parts }
    }

    /// What is not as it was, with both values where they are short. What could not be asked then
    /// or now is left out.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let pairs = self.parts.iter().zip(&before.parts);
        let changed = pairs.filter(|((_, now), (_, then))| now != then && !now.is_empty());
        changed
            .map(
                |((what, now), (_, then))| match now.len().max(then.len()) > 60 {
                    true => format!("{what} changed"),
                    false => format!("{what} changed from {then} to {now}"),
                },
            )
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_changes_by_itself_and_what_changes_is_named() {
        let before = Surroundings::now();
        assert_eq!(Surroundings::now().changes_since(&before), [""; 0]);
        assert!(before.parts.iter().all(|(_, value)| !value.contains('\0')));
        let mut after = before.clone();
        after.parts[0].1 = "/".into();
        after.parts[1].1 = String::new();
        let then = &before.parts[0].1;
        let expected = match then.len() > 60 {
            true => "the working directory changed".to_owned(),
            false => format!("the working directory changed from {then} to /"),
        };
        assert_eq!(after.changes_since(&before), [expected]);
    }
}
