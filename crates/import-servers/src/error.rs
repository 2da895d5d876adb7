//! Why a server could not be read.

use std::time::Duration;

use thiserror::Error;

/// Why a server could not be read. No message has a password in it; `server` is the address without
/// user, password and parameters.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address or an option is wrong.
    #[error("the server's address: {0}")]
    Address(String),
    /// This program was built without what reads such a server.
    #[error("this program cannot read such a server: it was built without the feature `{feature}`")]
    NotBuilt {
        /// The feature of this crate that is missing.
        feature: &'static str,
    },
    /// There is no connection to be had.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Where.
        server: String,
        /// What the system says.
        reason: String,
    },
    /// TLS does not come about.
    #[error("{server}: no TLS: {reason}; {help}")]
    Tls {
        /// Where.
        server: String,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// User or password are wrong or missing.
    #[error("{server} refuses the login: {reason}; check user and password")]
    Login {
        /// Where.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// The database that the address names is not there.
    #[error("{server}: {reason}; the address must end in the database that the library writes to")]
    Database {
        /// Where.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// The database has none of the library's tables.
    #[error(
        "{server} has no table {table} in its search path; name the right database, or a schema with \
         ?options=-c%20search_path%3DSCHEMA"
    )]
    Table {
        /// Where.
        server: String,
        /// The table that was looked for.
        table: &'static str,
    },
    /// The user may not read there.
    #[error("{server} does not let this user read: {reason}; {help}")]
    Permission {
        /// Where.
        server: String,
        /// What the server says.
        reason: String,
        /// What the user needs.
        help: &'static str,
    },
    /// The connection broke while records were read: what came before is not all.
    #[error(
        "{server} cut the connection after {records} records: {reason}; read it again from the start"
    )]
    Cut {
        /// Where.
        server: String,
        /// Records that had been handed on.
        records: u64,
        /// What the system or the server says.
        reason: String,
    },
    /// No answer in time.
    #[error("{server} did not answer within {} s; a longer time can be set", .limit.as_secs_f64())]
    TimedOut {
        /// Where.
        server: String,
        /// The time that it had.
        limit: Duration,
    },
    /// An answer that is no such server's, or one that says it cannot.
    #[error("{server} answers what was not expected: {reason}")]
    Answer {
        /// Where.
        server: String,
        /// What it was.
        reason: String,
    },
}

impl ServerError {
    /// The same, where it is a cut, with the number of records that had been handed on.
    pub(crate) fn after(mut self, handed_on: u64) -> Self {
        if let Self::Cut { records, .. } = &mut self {
            *records = handed_on;
        }
        self
    }
}
