//! What the caller says about a connection beside its address.

use std::fmt;
use std::time::Duration;

/// Longest record that is read, in bytes (16 MiB). What is longer is remarked and not handed on: no
/// receipt of that library comes near it, and a log takes 64 KiB.
pub const MAX_VALUE: usize = 16 << 20;

/// How to connect. Nothing is taken from the environment: that is the caller's.
///
/// ```
/// use ai_audit_import_servers::Options;
/// let options = Options { password: Some("hunter2".into()), ..Options::default() };
/// assert!(!format!("{options:?}").contains("hunter2"));
/// ```
#[derive(Clone)]
pub struct Options {
    /// The password, where the address has none. One in the address comes first.
    pub password: Option<String>,
    /// Certificates of authorities in PEM that are trusted for TLS instead of those of the system.
    pub authorities: Option<String>,
    /// Longest time for a connection, and for each answer; for the first record of PostgreSQL ten times
    /// as long, because it sorts before. Not zero.
    pub timeout: Duration,
}

impl Default for Options {
    /// No password, the system's authorities, 30 seconds.
    fn default() -> Self {
        Self {
            password: None,
            authorities: None,
            timeout: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
