//! What a store is opened with beside its address.

use core::fmt;
use core::time::Duration;

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// To write. The server must be a primary, and set up so that it keeps what it acknowledged.
    ReadWrite,
    /// To read, also from a standby.
    ReadOnly,
}

/// What a store is opened with beside its address.
///
/// Its `Debug` shows no password and no address.
#[derive(Clone)]
pub struct Options {
    /// Password where the address has none; for the eraser's too.
    pub password: Option<String>,
    /// Address of the same database for the role that deletes bytes and puts them back. Without one,
    /// the store's own address is tried for that, and refused by a server set up as it should be.
    pub eraser: Option<String>,
    /// Password for that address, where it has none: another role has another one. Without it, `password`.
    pub eraser_password: Option<String>,
    /// Whether this is the store's one writer: while it is open, another one that says so too is refused
    /// with [`StoreError::Locked`](ai_audit_store::StoreError::Locked). What keeps the chain whole is the comparison
    /// of heads, with this or without; this tells the second writer at once.
    pub sole_writer: bool,
    /// Whether this is one of several writers, each of logs of its own ([`PostgresLeases`](crate::PostgresLeases)): while one of
    /// them is open, a sole writer is refused, and they while there is a sole one. Means nothing beside
    /// [`Options::sole_writer`].
    pub shared_writer: bool,
    /// Where a sole writer takes what reached another instance: others find it for as long as it is the writer
    /// ([`WriterFinder`](crate::WriterFinder)). 1 to 512 bytes. Where somebody else changed it, it is said anew by
    /// [`Store::is_alone_since_opened`](ai_audit_store::Store::is_alone_since_opened), which is to be asked every now
    /// and then.
    pub advertise: Option<String>,
    /// Certificates in PEM that TLS trusts; without any, those of the system.
    pub authorities: Option<String>,
    /// Longest wait for a connection, and for each answer. An append that takes longer fails, and where the
    /// log ends is told only when the server no longer works on it.
    pub timeout: Duration,
    /// The schema that the tables are in: 1 to 63 of `a-z`, `0-9` and `_`, a letter first.
    pub schema: String,
}

impl Default for Options {
    /// 30 seconds; the schema `ai_audit`; no more than that.
    fn default() -> Self {
        Self {
            password: None,
            eraser: None,
            eraser_password: None,
            sole_writer: false,
            shared_writer: false,
            advertise: None,
            authorities: None,
            timeout: Duration::from_secs(30),
            schema: "ai_audit".into(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("password", &self.password.is_some())
            .field("eraser", &self.eraser.is_some())
            .field("sole_writer", &self.sole_writer)
            .field("shared_writer", &self.shared_writer)
            .field("advertise", &self.advertise)
            .field("timeout", &self.timeout)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
