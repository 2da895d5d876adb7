//! What is said when something cannot be done: `application/problem+json` (RFC 9457).

use crate::troubles::{Whole, number};
use ai_audit_core::SealError;
use ai_audit_directory::DirectoryError;
use ai_audit_intake::{IntakeError, TakeError};
use ai_audit_store::{AppendError, LedgerError, StoreError, SubmitError};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::fmt;

/// An answer that says why there is none.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong, where, what was expected, what to do.
    detail: String,
    /// Which record of the request is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip)]
    retry_after: Option<u32>,
    /// What the operator hears of it beyond the detail.
    #[serde(skip)]
    whole: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("problem"),
            status: status.as_u16(),
            detail: detail.into(),
            place: None,
            retry_after: None,
            whole: None,
        }
    }

    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Later it may work.
    pub(crate) fn later(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        problem.retry_after = Some(1);
        problem
    }

    /// Something failed below the service. Servers, paths and what they said are nobody's matter but the operator's,
    /// who finds it under the number that the client is given.
    pub(crate) fn trouble(kind: impl fmt::Display, whole: impl fmt::Display) -> Self {
        let whole = whole.to_string();
        let number = number(&whole);
        let mut problem = Self::later(format!("{kind} (trouble {number})"));
        problem.whole = Some(format!("trouble {number}: {whole}"));
        problem
    }

    /// What the operator is to hear of it, which is then not told with the answer.
    pub(crate) fn take_whole(&mut self) -> Option<String> {
        self.whole.take()
    }

    pub(crate) fn too_fast(rate: u32) -> Self {
        let detail = format!("this token may send {rate} requests a second");
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, detail);
        problem.retry_after = Some(1);
        problem
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) const fn status(&self) -> u16 {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Plain data of this module's own always encodes.
        let text = serde_json::to_string(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        if let Some(whole) = self.whole {
            response.extensions_mut().insert(Whole(whole));
        }
        response
    }
}

impl From<TakeError> for Problem {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Line(error) => {
                let detail = match &error.field {
                    Some(field) => format!("field `{field}`: {}", error.message),
                    None => error.message.clone(),
                };
                Self::bad(detail).at(error.place)
            }
            TakeError::Group(detail) => Self::bad(detail),
            TakeError::Twice { ref place } => Self::bad(error.to_string()).at(place),
            TakeError::Conflict { ref place, .. } => {
                Self::new(StatusCode::CONFLICT, error.to_string()).at(place)
            }
            TakeError::Intake(error) => error.into(),
            TakeError::Submit(error) => error.into(),
            other => Self::trouble("it cannot be recorded now", other),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Directory(error) => error.into(),
            other => Self::trouble("the log cannot be used now", other),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let detail = error.to_string();
        match error {
            SubmitError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            SubmitError::Record { .. } | SubmitError::Reserved { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            SubmitError::Empty | SubmitError::Id { .. } | SubmitError::IdTwice { .. } => {
                Self::bad(detail)
            }
            SubmitError::Full { .. } | SubmitError::NotAttached { .. } | SubmitError::Closed => {
                Self::later(detail)
            }
            _ => Self::trouble("the log cannot be written to now", detail),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        let detail = error.to_string();
        match error {
            AppendError::Record {
                error: SealError::Signer(_),
                ..
            } => Self::trouble(append_kind(&error), detail),
            AppendError::Record { .. }
            | AppendError::Reserved { .. }
            | AppendError::Ciphertexts { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            AppendError::IdTaken { .. } => Self::new(StatusCode::CONFLICT, detail),
            // Nobody has heard that it is durable: the same ids, sent again, tell.
            _ => Self::trouble(append_kind(&error), detail),
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match &error {
            // It names the logs that there are, which not everybody may see.
            DirectoryError::NoSuchLog { log, .. } => {
                Self::missing(format!("there is no log {log}"))
            }
            DirectoryError::Store(StoreError::NoSuchReceipt { .. }) => {
                Self::missing(error.to_string())
            }
            DirectoryError::Deleted { .. } => Self::new(StatusCode::GONE, error.to_string()),
            DirectoryError::Policy(_) | DirectoryError::Refused(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            }
            // They name nothing but the log.
            DirectoryError::NotCovered { .. }
            | DirectoryError::NotSealed { .. }
            | DirectoryError::NotKept { .. }
            | DirectoryError::Erased { .. }
            | DirectoryError::Ephemeral { .. } => Self::later(error.to_string()),
            DirectoryError::Lost { log, .. } | DirectoryError::NotHere { log, .. } => {
                let kind = format!(
                    "log {log} is not in the store that should have it; nothing is written"
                );
                Self::trouble(kind, error)
            }
            DirectoryError::Open(below) | DirectoryError::Store(below) => {
                Self::trouble(store_kind(below), error)
            }
            DirectoryError::Ledger(_) => Self::trouble("the log cannot be written to now", error),
            DirectoryError::Service(_) => {
                Self::trouble("what has a key of the log does not sign now", error)
            }
            DirectoryError::SubjectKeys(_) => Self::trouble(
                "the keys of the log's subjects cannot be used for this now",
                error,
            ),
            DirectoryError::Io { .. }
            | DirectoryError::Key { .. }
            | DirectoryError::NoLine { .. }
            | DirectoryError::KeyMode { .. }
            | DirectoryError::DatabaseMode { .. }
            | DirectoryError::Damaged { .. } => {
                Self::trouble("a file of the log cannot be used now", error)
            }
            _ => Self::trouble("the log cannot be used now", error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        DirectoryError::from(error).into()
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match &error {
            LedgerError::NotAttached { .. } | LedgerError::Closed => Self::later(error.to_string()),
            LedgerError::Store(below) => Self::trouble(store_kind(below), error),
            _ => Self::trouble("the log cannot be written to now", error),
        }
    }
}

/// Of which kind a store's error is, without what it names.
pub(crate) fn store_kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Io { .. } | StoreError::Denied { .. } => {
            "the store cannot be reached, read or written now"
        }
        StoreError::Full { .. } => "the store has no room",
        StoreError::HeadMoved { .. } => "another writer wrote to the log",
        StoreError::Locked { .. } => "another writer has the store",
        StoreError::ReadOnly | StoreError::Replica { .. } => "the store takes no records now",
        StoreError::Corrupt { .. } => "what is stored contradicts itself",
        StoreError::TooNew { .. } | StoreError::NotAStore { .. } => {
            "the store is none that this program can use"
        }
        _ => "the store does not do what was asked",
    }
}

/// What is said of a log whose key, wherever it is kept, does not sign.
pub(crate) const KEY_DOES_NOT_SIGN: &str = "the log's key does not sign now";

/// Whether an append failed for want of a signature.
pub(crate) fn is_of_key(error: &AppendError) -> bool {
    matches!(
        error,
        AppendError::Keys(_)
            | AppendError::Own {
                error: SealError::Signer(_),
                ..
            }
            | AppendError::Record {
                error: SealError::Signer(_),
                ..
            }
    )
}

/// The same of an append, with what the client has to know of its records.
pub(crate) fn append_kind(error: &AppendError) -> String {
    match error {
        AppendError::Store(below) => format!("not recorded: {}", store_kind(below)),
        AppendError::Unknown(below) => format!("not known whether recorded: {}", store_kind(below)),
        AppendError::Unconfirmed { first_seq, error } => format!(
            "recorded from receipt {first_seq} on, but perhaps not durably: {}",
            store_kind(error)
        ),
        AppendError::TakenOver { log, .. } => {
            format!("log {log} was taken over by another writer")
        }
        AppendError::Closed | AppendError::Panicked { .. } | AppendError::Erased { .. } => {
            error.to_string()
        }
        _ if is_of_key(error) => format!("not recorded: {KEY_DOES_NOT_SIGN}"),
        AppendError::SubjectKeys(_) => "not recorded: a key of a subject cannot be kept now".into(),
        AppendError::KeyConflict { .. } => {
            "not recorded: the keys of the log's subjects cannot be used for this now".into()
        }
        AppendError::Erasing(_) => "not recorded: an erasure has to be finished first".into(),
        _ => "not recorded".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ai_audit_core::SignerError;
    use ai_audit_store::{LogName, ReceiptKeysError};

    /// A117: whatever fails below the service, a client learns of no server and no path by it.
    #[test]
    fn a117_what_fails_below_is_told_to_the_operator_alone() {
        let secret = "postgres://audit_writer@10.1.2.3/audit: /srv/audit/keys/receipt.pem";
        let io = || StoreError::Io {
            what: secret.into(),
        };
        let signer = || SealError::Signer(SignerError::new(secret));
        let log = LogName::default;
        let path = std::path::PathBuf::from("/srv/audit/keys/receipt.pem");
        let problems: Vec<(&str, Problem)> = vec![
            ("cannot be reached", io().into()),
            (
                "does not do what was asked",
                StoreError::Invalid {
                    what: secret.into(),
                }
                .into(),
            ),
            (
                "takes no records",
                StoreError::Replica {
                    what: secret.into(),
                }
                .into(),
            ),
            ("not recorded", AppendError::Store(io()).into()),
            ("not known", AppendError::Unknown(io()).into()),
            (
                "from receipt 7 on",
                AppendError::Unconfirmed {
                    first_seq: 7,
                    error: io(),
                }
                .into(),
            ),
            (
                "taken over by another writer",
                AppendError::TakenOver {
                    log: log(),
                    error: Box::new(io()),
                }
                .into(),
            ),
            (
                "does not sign",
                AppendError::Keys(ReceiptKeysError::new(secret)).into(),
            ),
            (
                "does not sign",
                AppendError::Record {
                    index: 0,
                    error: signer(),
                }
                .into(),
            ),
            (
                "does not sign",
                AppendError::Own {
                    kind: ai_audit_core::Kind::GAP,
                    error: signer(),
                }
                .into(),
            ),
            (
                "cannot be written to",
                SubmitError::Attach(Box::new(LedgerError::NoSigners {
                    log: log(),
                    reason: secret.into(),
                }))
                .into(),
            ),
            ("cannot be reached", LedgerError::Store(io()).into()),
            (
                "does not sign",
                DirectoryError::Service(secret.into()).into(),
            ),
            (
                "cannot be written to",
                DirectoryError::Ledger(secret.into()).into(),
            ),
            (
                "a file of the log",
                DirectoryError::Key {
                    path: path.clone(),
                    what: "others can read it".into(),
                }
                .into(),
            ),
            (
                "is not in the store",
                DirectoryError::Lost {
                    log: log(),
                    store: secret.into(),
                    key_line: path,
                }
                .into(),
            ),
            (
                "cannot be used",
                DirectoryError::Settings {
                    origin: "/srv/audit/ai-audit.toml".into(),
                    what: secret.into(),
                }
                .into(),
            ),
        ];
        for (expected, problem) in problems {
            assert_eq!(problem.status(), 503, "{expected}");
            let whole = problem.whole.clone().unwrap();
            let said = serde_json::to_string(&problem).unwrap();
            assert!(said.contains(expected), "{expected}: {said}");
            for name in ["10.1.2.3", "/srv", "audit_writer"] {
                assert!(!said.contains(name), "{said}");
            }
            assert!(whole.contains("/srv"), "{whole}");
            // The number is the same for both.
            let number = whole.split(':').next().unwrap();
            assert!(said.contains(&format!("({number})")), "{said}: {whole}");
        }
    }
}
