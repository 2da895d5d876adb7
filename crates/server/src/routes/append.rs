//! Decisions and traces: sealed when they are durable, and once however often they are sent.

use super::{At, JSON, OfLog, answer};
use crate::Problem;
use crate::body::{json, records, text};
use crate::forms::{Appended, AppendedReceipt, DecisionRecords, TraceRecords};
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_ingest::{Group, IngestError, Keep, Keys, read_record, read_trace};
use ai_audit_intake::{Intake, Sealed, TakeError, Taken};
use ai_audit_store::{AppendError, LogName};
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;

/// How often what another request with the same ids may just have sealed is looked for.
const TRIES: usize = 3;

/// Reads one record.
type Read = fn(&[u8], &str, Keep, &mut dyn Keys) -> Result<Group, IngestError>;

/// Seals decisions.
///
/// The records of one request go into the log together or not at all. A record that gives an `id`, a
/// UUIDv7, can be sent again: it is sealed once.
#[utoipa::path(
    post,
    path = "/v1/logs/{log}/decisions",
    tag = "append",
    params(OfLog),
    request_body(content = DecisionRecords, content_type = "application/json"),
    responses(
        (status = 200, description = "All of them were in the log already", body = Appended),
        (status = 201, description = "Durably in the log", body = Appended),
        (status = 409, description = "An id is there with another body", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Nothing was sealed, or it cannot be said", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn decisions(
    caller: Caller,
    At(log): At<String>,
    request: Request,
) -> Result<Response, Problem> {
    append(caller, log, request, read_record).await
}

/// Seals traces: decisions, tool intents and outcomes, delegations, provenance.
///
/// A trace can be sent again where all of its steps give an `id`.
#[utoipa::path(
    post,
    path = "/v1/logs/{log}/traces",
    tag = "append",
    params(OfLog),
    request_body(content = TraceRecords, content_type = "application/json"),
    responses(
        (status = 200, description = "All of them were in the log already", body = Appended),
        (status = 201, description = "Durably in the log", body = Appended),
        (status = 409, description = "An id is there with another body", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Nothing was sealed, or it cannot be said", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn traces(
    caller: Caller,
    At(log): At<String>,
    request: Request,
) -> Result<Response, Problem> {
    append(caller, log, request, read_trace).await
}

async fn append(
    caller: Caller,
    log: String,
    request: Request,
    read: Read,
) -> Result<Response, Problem> {
    caller.may(Scope::Append)?;
    let body = json(&caller, request).await?;
    let take = move |intake: &Intake, log: &LogName| take(intake, log, &body, read);
    sealed(&caller, log, Takes::Moments, take).await
}

fn take(intake: &Intake, log: &LogName, body: &Bytes, read: Read) -> Result<Taken, Problem> {
    let records = records(body)?;
    let taken = intake.take(log, |keys, keep| {
        let groups = records.iter();
        groups
            .map(|(place, bytes)| read(bytes, place, keep, keys))
            .collect()
    });
    taken.map_err(|error| match error {
        // It begins with the place.
        TakeError::Group(detail) => match detail.split_once(": ") {
            Some((place, detail)) => Problem::bad(detail).at(place),
            None => Problem::bad(detail),
        },
        other => other.into(),
    })
}

/// How long it takes to take something.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// Its ids are looked up.
    Moments,
    /// The whole log may be looked through, or much be read.
    Long,
}

/// Has something taken, and answers when it is durable.
pub(super) async fn sealed<F>(
    caller: &Caller,
    log: String,
    takes: Takes,
    take: F,
) -> Result<Response, Problem>
where
    F: Fn(&Intake, &LogName) -> Result<Taken, Problem> + Send + Sync + Clone + 'static,
{
    let take = move |intake: &Intake, log: &LogName| Ok((take(intake, log)?, ()));
    let (sealed, ()) = durable(caller, log, takes, take).await?;
    Ok(appended(&sealed))
}

/// Has something taken, and returns when it is durable, with what was said of it when it was taken.
pub(super) async fn durable<F, T>(
    caller: &Caller,
    log: String,
    takes: Takes,
    take: F,
) -> Result<(Vec<Sealed>, T), Problem>
where
    F: Fn(&Intake, &LogName) -> Result<(Taken, T), Problem> + Send + Sync + Clone + 'static,
    T: Send + 'static,
{
    for attempt in 0..TRIES {
        let (log, take) = (log.clone(), take.clone());
        let work = move |caller: &Caller| {
            let intake = &caller.shared.intake;
            let log = caller.log(Scope::Append, &log)?;
            // The body may have taken long.
            caller.shared.still_holds(&log)?;
            if attempt > 0 {
                // What was on its way is there, or has failed, after this.
                intake.writer().ledger().drain()?;
            }
            let taken = take(intake, &log);
            if let Err(why) = &taken {
                caller.shared.refused(&log, why);
            }
            taken.map(|taken| (taken, log))
        };
        let ((taken, said), log) = match takes {
            Takes::Moments => caller.blocking(work).await?,
            Takes::Long => caller.reading(work).await?,
        };
        let sealed = caller.in_time(taken.sealed()).await?;
        caller.shared.written(&log, &sealed);
        match sealed {
            Ok(sealed) => return Ok((sealed, said)),
            Err(AppendError::IdTaken { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::later(
        "another request with the same ids is under way; send it again",
    ))
}

fn appended(sealed: &[Sealed]) -> Response {
    let all_there = sealed.iter().all(|sealed| sealed.duplicate);
    let status = match all_there {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let receipts = sealed.iter().map(|sealed| AppendedReceipt {
        seq: sealed.receipt.seq,
        id: sealed.receipt.id.to_string(),
        hash: sealed.receipt.hash.to_string(),
        sealed_at: sealed.receipt.sealed_at.to_string(),
        duplicate: sealed.duplicate,
    });
    let receipts = receipts.collect();
    answer(status, JSON, text(&Appended { receipts }))
}
