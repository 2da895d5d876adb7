//! Signed reviews.

use super::append::{Takes, sealed};
use super::{At, OfLog};
use crate::Problem;
use crate::body::{json, no_form};
use crate::forms::{Appended, ReviewFile};
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_agentic::HumanReview;
use ai_audit_core::LogId;
use axum::extract::Request;
use axum::response::Response;

/// What a review's file begins with.
const LABEL: &str = "ai-audit/review/v1";

/// Brings a signed review into the log.
///
/// As `ai-audit review sign` writes it. The same review, sent again, is sealed once.
#[utoipa::path(
    post,
    path = "/v1/logs/{log}/reviews",
    tag = "append",
    params(OfLog),
    request_body(content = ReviewFile, content_type = "application/json"),
    responses(
        (status = 200, description = "It was in the log already", body = Appended),
        (status = 201, description = "Durably in the log", body = Appended),
        (status = "default", description = "Nothing was sealed, or it cannot be said", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn reviews(
    caller: Caller,
    At(log): At<String>,
    request: Request,
) -> Result<Response, Problem> {
    caller.may(Scope::Append)?;
    let body = json(&caller, request).await?;
    let file: ReviewFile = serde_json::from_slice(&body).map_err(|error| no_form(&error))?;
    if file.review != LABEL {
        return Err(Problem::bad(format!(
            "expected a review of the form {LABEL}"
        )));
    }
    let of: LogId = file
        .log
        .parse()
        .map_err(|_| Problem::bad("field `log`: expected 64 hexadecimal digits"))?;
    let body = unhex(&file.body)
        .ok_or_else(|| Problem::bad("field `body`: expected hexadecimal digits"))?;
    says_what_was_signed(&file, &body)?;
    sealed(&caller, log, Takes::Long, move |intake, log| {
        Ok(intake.take_review(log, &of, &body)?)
    })
    .await
}

/// Refuses a file that shows people something else than its body has.
fn says_what_was_signed(file: &ReviewFile, body: &[u8]) -> Result<(), Problem> {
    let signed = HumanReview::from_body_bytes(body)
        .map_err(|error| Problem::bad(format!("field `body`: {error}")))?;
    match signed.review.misquoted(&file.receipt, &file.verdict) {
        None => Ok(()),
        Some((member, signed)) => Err(Problem::bad(format!(
            "field `{member}`: expected {signed}, as the signed body has it; send the file as `ai-audit review sign` wrote it"
        ))),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8; 2]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}
