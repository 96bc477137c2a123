//! The address of a server that makes vectors: which machine it names, and what is refused in it.
//!
//! Where texts go is decided here, so nothing is guessed: an address is on this machine when it
//! says so in one of three ways, and whatever else it may mean is on another one.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A sound address without a slash at its end: `https://api.openai.com/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Address {
    url: String,
    host: String,
}

impl Address {
    /// The address, or what is wrong with it, as the end of a sentence. What was typed is not in
    /// that, for it may hold a password.
    ///
    /// # Errors
    /// It is no address of a server, or holds what would be written where nobody expects it.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = typed
            .split_once("://")
            .ok_or("is no address: it begins with neither http:// nor https://")?;
        let scheme = scheme.to_ascii_lowercase();
        if !["http", "https"].contains(&scheme.as_str()) {
            return Err("is no address: it begins with neither http:// nor https://");
        }
        if rest.contains('@') {
            return Err(
                "holds a name or a password before `@`, which would stand in reports; a key belongs into api_key_env",
            );
        }
        if rest.contains(['?', '#']) {
            return Err(
                "holds `?` or `#`; it is the part of the address before /embeddings, and a key belongs into api_key_env",
            );
        }
        let rest = rest.trim_end_matches('/');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let fits = |c: char| c.is_ascii_graphic() && !"\\\"<>^`{|}".contains(c);
        if !path.chars().all(fits) {
            return Err("has characters that no address has");
        }
        if path.ends_with("/embeddings") {
            return Err("is the part of the address before /embeddings");
        }
        let host = host(&authority.to_ascii_lowercase()).ok_or("names no host")?;
        Ok(Self {
            url: format!("{scheme}://{}{path}", authority.to_ascii_lowercase()),
            host,
        })
    }

    /// As it is asked for.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The machine: `api.openai.com`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What is sent there stays on this machine.
    pub fn is_local(&self) -> bool {
        let is_v4 = |host: &str| host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback());
        let is_v6 = |host: &str| host.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback());
        self.host == "localhost" || is_v4(&self.host) || is_v6(&self.host)
    }

    /// What is sent there can be read on the way.
    pub fn is_open(&self) -> bool {
        !self.is_local() && self.url.starts_with("http://")
    }
}

/// The host of `host:port` or `[host]:port`.
fn host(authority: &str) -> Option<String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some(""))?,
            )
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let is_name = authority.starts_with('[') || !host.is_empty() && host.chars().all(fits);
    let is_port = port.is_empty() || port.parse::<u16>().is_ok();
    (is_name && is_port).then(|| host.to_owned())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.url
    }
}

impl TryFrom<String> for Address {
    type Error = &'static str;
    fn try_from(typed: String) -> Result<Self, Self::Error> {
        Self::parse(&typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_so_is_on_this_machine() {
        let is_local = |typed: &str| Address::parse(typed).map(|address| address.is_local());
        for here in [
            "http://localhost:8080/v1",
            "HTTPS://LocalHost/v1/",
            "http://127.0.0.1:1",
            "http://127.8.9.10/a/b",
            "http://[::1]:8080/v1",
        ] {
            assert_eq!(is_local(here), Ok(true), "{here}");
        }
        for elsewhere in [
            "https://api.openai.com/v1",
            "http://localhost.example.com",
            "http://localhost.:80",
            "http://127.1:80",
            "http://0.0.0.0:80",
            "http://2130706433",
            "http://[::ffff:7f00:1]",
            "http://[fe80::1]",
            "http://gpu-box:8080/v1",
        ] {
            assert_eq!(is_local(elsewhere), Ok(false), "{elsewhere}");
        }
    }

    #[test]
    fn what_is_no_address_or_holds_a_secret_is_refused_without_being_shown() {
        for wrong in [
            "localhost:8080/v1",
            "ftp://localhost/v1",
            "http://",
            "http:///v1",
            "http://:80/v1",
            "http://user:secret@localhost/v1",
            "http://localhost/v1?api-key=secret",
            "http://localhost/v1#secret",
            "http://localhost\\@evil.example/v1",
            "http://localhost/v1/embeddings/",
            "http://localhost:99999/v1",
            "http://[::1/v1",
            "http://[::1]x/v1",
            "http://local host/v1",
            "http://localhost/v1\u{1b}",
            "http://bücher.example/v1",
        ] {
            let what = Address::parse(wrong).unwrap_err();
            assert!(!what.contains("secret"), "{wrong}");
        }
        let url = |typed: &str| Address::parse(typed).unwrap().url().to_owned();
        assert_eq!(
            url("HTTP://LOCALHOST:8080/V1//"),
            "http://localhost:8080/V1"
        );
    }
}
