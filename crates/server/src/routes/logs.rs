//! The logs that a token may see.

use super::overview::sealed_at;
use super::{JSON, answer};
use crate::Problem;
use crate::body::text;
use crate::forms::{LogEntry, Logs};
use crate::query::Query;
use crate::shared::Caller;
use crate::token::Scope;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

/// Lists the logs that the token may see.
#[utoipa::path(
    get,
    path = "/v1/logs",
    tag = "read",
    responses(
        (status = 200, description = "The logs, by name", body = Logs),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn logs(caller: Caller, uri: Uri) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    Query::of(&uri, &[])?;
    let logs = caller.blocking(|caller| {
        let directory = caller.shared.intake.reading();
        let mut logs = Vec::new();
        for log in directory.logs()? {
            if !caller.sees(&log) {
                continue;
            }
            let head = directory.head(&log)?;
            let last = head.size().checked_sub(1);
            let last = last
                .map(|seq| sealed_at(directory, &log, seq))
                .transpose()?;
            let checkpoint = directory.store().latest_checkpoint(&log)?;
            logs.push(LogEntry {
                origin: directory.key_line(&log)?.name().into(),
                name: log.to_string(),
                log_id: head.log_id().to_string(),
                size: head.size(),
                checkpoint: checkpoint.map(|kept| kept.size.as_u64()),
                writing: caller.shared.intake.writer().ledger().is_attached(&log),
                last_sealed_at: last.flatten().map(|time| time.to_string()),
            });
        }
        Ok(Logs { logs })
    });
    Ok(answer(StatusCode::OK, JSON, text(&logs.await?)))
}
