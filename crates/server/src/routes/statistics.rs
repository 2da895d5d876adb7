//! Counts over a log.

use super::{At, Effort, JSON, OfLog, from_log};
use crate::Problem;
use crate::body::text;
use crate::shared::Caller;
use crate::token::Scope;
use axum::http::Uri;
use axum::response::Response;
use std::sync::Arc;

/// Counts by kind, action, model and day, and what decisions say in figures.
///
/// As `ai-audit stats --json` has them. Nothing is verified. What was counted is kept in memory: asked
/// again, it counts what came since.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/statistics",
    tag = "read",
    params(OfLog),
    responses(
        (status = 200, description = "The counts", body = Object),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn statistics(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked = (Scope::Read, Effort::Heavy);
    let shared = Arc::clone(&caller.shared);
    from_log(caller, asked, (log, uri), JSON, move |intake, log| {
        Ok(text(&shared.counts.of(&intake.beside()?, log)?))
    })
    .await
}
