//! The proof that a receipt is in the log.

use super::{At, Effort, OfLog, TEXT, from_log};
use crate::Problem;
use crate::shared::Caller;
use crate::token::Scope;
use axum::http::Uri;
use axum::response::Response;

/// A proof file for one receipt, against the latest checkpoint, or a new one where that does not cover
/// it.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/receipts/{seq}/proof",
    tag = "read",
    params(
        OfLog,
        ("seq" = u64, Path, description = "The receipt's place"),
    ),
    responses(
        (status = 200, description = "The proof", body = String, content_type = "text/plain"),
        (status = 410, description = "Its bytes were deleted", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn proof(
    caller: Caller,
    At((log, seq)): At<(String, u64)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked = (Scope::Read, Effort::Small);
    from_log(caller, asked, (log, uri), TEXT, move |intake, log| {
        let directory = intake.reading();
        let sealed = directory.receipt(log, seq)?;
        let covering = directory.checkpoint_covering(log, seq, &sealed)?;
        let note = match covering {
            Some(note) => note,
            // Only what is behind the last one needs a signature.
            None => directory.make_checkpoint(log)?,
        };
        let proof = directory.prove(log, (seq, sealed), note, Vec::new(), None)?;
        Ok(proof.to_text())
    })
    .await
}
