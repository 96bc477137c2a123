//! What the host says to a worker beside all requests, byte by byte, and for how long each waits.

use std::time::Duration;

/// A connection comes with it.
pub const CONNECTION: u8 = b'n';
/// Ctrl-C.
pub const CANCEL: u8 = b'c';

/// How often a waiting thread looks whether it should go on waiting.
pub const LOOK: Duration = Duration::from_millis(100);
/// A plugin that is asked to stop has this long to do so.
pub const GRACE: Duration = Duration::from_secs(2);
