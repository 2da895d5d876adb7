//! From SQLite's errors to the store's.

use ai_audit_store::StoreError;
use rusqlite::{Error, ErrorCode};

/// For `map_err`: what SQLite says while something was tried.
pub(crate) fn sql(tried: &'static str) -> impl Fn(Error) -> StoreError {
    move |error| {
        let what = format!("{tried}: {error}");
        let Error::SqliteFailure(failure, _) = &error else {
            return StoreError::Corrupt { what };
        };
        match failure.code {
            ErrorCode::DiskFull => StoreError::Full { what },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                StoreError::Locked { what, holder: None }
            }
            ErrorCode::DatabaseCorrupt => StoreError::Corrupt { what },
            ErrorCode::NotADatabase => StoreError::NotAStore { what },
            ErrorCode::ReadOnly => StoreError::ReadOnly,
            _ => StoreError::Io { what },
        }
    }
}

/// A value in the database that cannot be.
pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: what.into() }
}
