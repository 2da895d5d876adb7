//! Checkpoints: the latest, and a new one.

use super::{At, Effort, OfLog, TEXT, from_log};
use crate::Problem;
use crate::shared::Caller;
use crate::token::Scope;
use axum::http::Uri;
use axum::response::Response;

/// The latest checkpoint: a signed note.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/checkpoint",
    tag = "read",
    params(OfLog),
    responses(
        (status = 200, description = "The note", body = String, content_type = "text/plain"),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn latest(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked = (Scope::Read, Effort::Small);
    from_log(caller, asked, (log, uri), TEXT, |intake, log| {
        let kept = intake.reading().store().latest_checkpoint(log)?;
        let missing = || Problem::missing(format!("log {log} has no checkpoint yet"));
        kept.map(|kept| kept.note).ok_or_else(missing)
    })
    .await
}

/// Signs a checkpoint of all receipts that were acknowledged by now.
#[utoipa::path(
    post,
    path = "/v1/logs/{log}/checkpoint",
    tag = "admin",
    params(OfLog),
    responses(
        (status = 200, description = "The note", body = String, content_type = "text/plain"),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn sign(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked = (Scope::Admin, Effort::Small);
    from_log(caller, asked, (log, uri), TEXT, |intake, log| {
        Ok(intake.writer().checkpoint(log)?)
    })
    .await
}
