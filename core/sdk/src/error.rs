//! Why a plugin refused or failed: a status of the ABI and one line for the user.

use ocean_plugin_abi::{Status, status};
use std::fmt;

/// What every function of a plugin may return. The SDK passes status and message to the host; an
/// author never calls `fail`.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// One failure. The message says, in one line, what happened, what was found and what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

impl Error {
    fn new(status: Status, message: impl Into<String>) -> Error {
        Error {
            status,
            message: message.into(),
        }
    }

    /// PARAM: a parameter or argument is wrong, or saved bytes are damaged.
    pub fn param(message: impl Into<String>) -> Error {
        Error::new(status::PARAM, message)
    }

    /// SHAPE: sizes do not fit together.
    pub fn shape(message: impl Into<String>) -> Error {
        Error::new(status::SHAPE, message)
    }

    /// NUMERIC: a result is not finite, or a decomposition failed.
    pub fn numeric(message: impl Into<String>) -> Error {
        Error::new(status::NUMERIC, message)
    }

    /// CANCELLED: the host asked to stop. [`Call::check_cancelled`](crate::Call::check_cancelled)
    /// makes it.
    #[must_use]
    pub fn cancelled() -> Error {
        Error::new(status::CANCELLED, "cancelled")
    }

    /// UNSUPPORTED: the plugin cannot do this.
    pub fn unsupported(message: impl Into<String>) -> Error {
        Error::new(status::UNSUPPORTED, message)
    }

    /// INTERNAL: anything else that is not the caller's fault, a file that cannot be read for
    /// instance.
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(status::INTERNAL, message)
    }

    /// OOM: there was not enough memory.
    pub fn out_of_memory(message: impl Into<String>) -> Error {
        Error::new(status::OOM, message)
    }

    /// PANIC: made by the guard alone.
    pub(crate) fn panic(message: impl Into<String>) -> Error {
        Error::new(status::PANIC, message)
    }

    /// What another plugin's status and message say, for the testing host.
    pub(crate) fn from_parts(status: Status, message: String) -> Error {
        Error { status, message }
    }

    /// The number of the ABI, one of [`status`].
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::internal(error.to_string())
    }
}

impl From<std::collections::TryReserveError> for Error {
    fn from(error: std::collections::TryReserveError) -> Error {
        Error::out_of_memory(error.to_string())
    }
}
