//! What the caller says about a store beside its address.

use ai_audit_store::StoreError;
use core::fmt;
use core::time::Duration;

/// What may be done with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Reads and writes; makes the store where there is none. An empty server is taken for a new
    /// store, so this is for the first time alone.
    Create,
    /// Reads and writes a store that is there.
    ReadWrite,
    /// Reads only. Nothing is asked of the server's settings, and it may be a replica, which may be
    /// behind.
    ReadOnly,
}

/// How to connect, and what is asked of the server. Nothing is taken from the environment.
///
/// ```
/// use ai_audit_store_redis::RedisOptions;
/// let options = RedisOptions { password: Some("hunter2".into()), ..RedisOptions::default() };
/// assert!(!format!("{options:?}").contains("hunter2"));
/// ```
#[derive(Clone)]
#[allow(clippy::exhaustive_structs, reason = "callers fill it in")]
pub struct RedisOptions {
    /// The store's name: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`. All keys begin with it in braces, so
    /// that they lie in one slot of a cluster.
    pub name: String,
    /// The password, where the address has none. One in the address comes first.
    pub password: Option<String>,
    /// Longest time for a connection and for each answer. Not zero.
    pub timeout: Duration,
    /// Longest time for the rewriting of the append-only file after something was deleted.
    pub rewrite_timeout: Duration,
    /// Takes a server that may lose what it acknowledged. Every log must then say so in its genesis, by
    /// the policy entry [`LOSS`](crate::LOSS).
    pub allow_loss: bool,
}

impl Default for RedisOptions {
    /// The store `ai-audit`, no password, 30 seconds for an answer, an hour for a rewrite, no loss.
    fn default() -> Self {
        Self {
            name: "ai-audit".into(),
            password: None,
            timeout: Duration::from_secs(30),
            rewrite_timeout: Duration::from_secs(3600),
            allow_loss: false,
        }
    }
}

impl RedisOptions {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let invalid = |what: String| StoreError::Invalid { what };
        // The same letters as of a log: none of them ends a hash tag.
        ai_audit_store::LogName::new(&self.name)
            .map_err(|error| invalid(format!("the store's name is like a log's: {error}")))?;
        if self.timeout.is_zero() || self.rewrite_timeout.is_zero() {
            return Err(invalid(
                "a timeout of zero: expected some time, or the default".into(),
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("name", &self.name)
            .field("timeout", &self.timeout)
            .field("rewrite_timeout", &self.rewrite_timeout)
            .field("allow_loss", &self.allow_loss)
            .finish_non_exhaustive()
    }
}
