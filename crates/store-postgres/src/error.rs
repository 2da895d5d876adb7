//! From the server's answers to the store's errors.

use ai_audit_postgres_link::reason;
use ai_audit_store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

/// What came of a statement, where it was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The server refused it: nothing was done.
    Said {
        code: SqlState,
        what: String,
        constraint: Option<String>,
    },
    /// No answer, or none that fits: it may have been done or not, or be done yet.
    Cut { what: String },
}

/// What keeps a call from its answer: the server, or what the store found.
#[derive(Debug)]
pub(crate) enum Fail {
    Server(Trouble),
    Store(StoreError),
    /// A statement with a condition found that it does not hold, and did nothing.
    NotDone,
}

pub(crate) type Answer<T> = Result<T, Fail>;

impl From<Trouble> for Fail {
    fn from(trouble: Trouble) -> Self {
        Self::Server(trouble)
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A value out of a row that is none of the type that the schema gives it.
impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self::Store(corrupt(reason(&error)))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let what = reason(&error);
        let Some(said) = error.as_db_error() else {
            return Self::Cut { what };
        };
        let ends = matches!(
            said.parsed_severity(),
            Some(Severity::Fatal | Severity::Panic)
        );
        // With these, too, the connection ends, and the statement may have been done.
        if ends || said.code().code().starts_with("57P") || said.code().code().starts_with("08") {
            return Self::Cut { what };
        }
        Self::Said {
            code: said.code().clone(),
            what,
            constraint: said.constraint().map(Into::into),
        }
    }
}

impl Trouble {
    /// Whether two writers met: a row is there already.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Said { code, .. } if *code == SqlState::UNIQUE_VIOLATION)
    }

    /// Whether the role lacks a right.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Said { code, .. } if *code == SqlState::INSUFFICIENT_PRIVILEGE)
    }

    /// As the store's error; `tried` says what was being done, `server` where.
    pub(crate) fn told(self, tried: &str, server: &str) -> StoreError {
        let (code, what, constraint) = match self {
            Self::Cut { what } => {
                let what = format!("{tried} in {server}: {what}");
                return StoreError::Io { what };
            }
            Self::Said {
                code,
                what,
                constraint,
            } => (code, what, constraint),
        };
        let what = format!("{tried} in {server}: {what}");
        if let Some(constraint) = constraint {
            let what = format!("{what}: the database's rule {constraint} forbids it");
            return StoreError::Invalid { what };
        }
        match code.code() {
            "53100" => StoreError::Full { what },
            "42501" => StoreError::Invalid {
                what: format!(
                    "{what}: the role lacks a right; grant what it is for (docs/spec/store-postgres.md, Roles), or log in as the role that has it"
                ),
            },
            "25006" => StoreError::Invalid {
                what: format!("{what}: the server takes no writes; go to the primary"),
            },
            "42P01" | "3F000" | "42703" => StoreError::NotAStore {
                what: format!(
                    "{what}: its tables are not there; make them with `ai-audit store prepare` (in a program: `migrate`)"
                ),
            },
            "55P03" => StoreError::Io {
                what: format!(
                    "{what}: somebody else holds what it needs (to change a table: a dump or an export that reads it); try again when that has ended"
                ),
            },
            "XX001" | "XX002" => StoreError::Corrupt { what },
            _ => StoreError::Io { what },
        }
    }
}

/// A value in the database that cannot be.
pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: what.into() }
}

pub(crate) fn invalid(what: impl Into<String>) -> StoreError {
    StoreError::Invalid { what: what.into() }
}

pub(crate) fn io(what: impl Into<String>) -> StoreError {
    StoreError::Io { what: what.into() }
}
