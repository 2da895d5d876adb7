//! What a Redis's refusals mean to a store.

use ai_audit_store::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// What a user of an ACL needs.
pub(crate) const RIGHTS: &str = "its ACL needs ~{NAME}:* +@read +@write +@scripting +@connection +info +role +config|get, \
                      and to delete +bgrewriteaof";

pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: what.into() }
}

/// Says what was tried, at which server, what came of it and what can be done. The address is without user
/// and password.
pub(crate) fn failed(tried: &str, server: &str, error: &RedisError) -> StoreError {
    let what = |help: &str| format!("{tried} at {server}: {error}{help}");
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::NoPerm) => StoreError::Io {
            what: what(&format!("; {RIGHTS}")),
        },
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown) => {
            StoreError::Io {
                what: what("; it is a replica: give the master's address"),
            }
        }
        ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) => StoreError::Io {
            what: what("; the store's slot is on another node of the cluster: open it again"),
        },
        ErrorKind::AuthenticationFailed => StoreError::Io {
            what: what("; give another password or user"),
        },
        _ => match error.code() {
            // Both before anything was written: the script is refused as a whole.
            Some("OOM") => StoreError::Full {
                what: what("; raise maxmemory: nothing is ever evicted"),
            },
            Some("MISCONF") => StoreError::Full {
                what: what("; its disk refuses writes: see its log"),
            },
            Some("NOAUTH") => StoreError::Io {
                what: what("; give a password or user"),
            },
            _ if error.is_timeout() => StoreError::Io {
                what: what("; no answer in time: what was sent may still be done"),
            },
            _ => StoreError::Io { what: what("") },
        },
    }
}

/// Whether the connection is to be made anew: after all but an answer by which the server refused a
/// command and nothing else.
pub(crate) fn ends_connection(error: &RedisError) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::ResponseError | ServerErrorKind::NoPerm | ServerErrorKind::NoScript
        ) | ErrorKind::Extension
    )
}
