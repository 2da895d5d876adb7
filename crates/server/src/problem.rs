//! What is said when something cannot be done: `application/problem+json` (RFC 9457).

use ai_audit_directory::DirectoryError;
use ai_audit_intake::{IntakeError, TakeError};
use ai_audit_store::{AppendError, LedgerError, StoreError, SubmitError};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

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

    #[cfg(test)]
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
            other => Self::later(other.to_string()),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Directory(error) => error.into(),
            other => Self::later(other.to_string()),
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
            _ => Self::later(detail),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        let detail = error.to_string();
        match error {
            AppendError::Record { .. }
            | AppendError::Reserved { .. }
            | AppendError::Ciphertexts { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            AppendError::IdTaken { .. } => Self::new(StatusCode::CONFLICT, detail),
            // Nobody has heard that it is durable: the same ids, sent again, tell.
            _ => Self::later(detail),
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        let detail = match &error {
            // It names the logs that there are, which not everybody may see.
            DirectoryError::NoSuchLog { log, .. } => format!("there is no log {log}"),
            // It names the server and a path.
            DirectoryError::Lost { log, .. } => {
                format!("log {log} is not in the store that should have it; nothing is written")
            }
            error => error.to_string(),
        };
        match error {
            DirectoryError::NoSuchLog { .. }
            | DirectoryError::Store(StoreError::Invalid { .. }) => Self::missing(detail),
            DirectoryError::Deleted { .. } => Self::new(StatusCode::GONE, detail),
            DirectoryError::Policy(_) | DirectoryError::Refused(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            _ => Self::later(detail),
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
        Self::later(error.to_string())
    }
}
