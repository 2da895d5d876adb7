//! How a log is: in figures, and as paths.

use super::{At, JSON, OfLog, answer};
use crate::Problem;
use crate::body::text;
use crate::forms::{
    CheckpointState, DueIncidentList, DueReviewList, EventRate, Flow, GapList, OpenIntentList,
    Overview,
};
use crate::query::Query;
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_core::{Timestamp, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_report::PathData;
use ai_audit_store::{Clock as _, LogName, ReadLimit, StoredContent, SystemClock};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

/// How a log is, in figures: for the console, and for whoever watches it.
///
/// The service follows the log; a request looks at 10,000 receipts at most, and `looked_at` says how far
/// it came. Nothing is verified.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/overview",
    tag = "read",
    params(OfLog),
    responses(
        (status = 200, description = "The figures", body = Overview),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn overview(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    Query::of(&uri, &[])?;
    let made = caller.watching(move |caller| {
        let log = caller.log(Scope::Read, &log)?;
        make(caller, &log)
    });
    Ok(answer(StatusCode::OK, JSON, text(&made.await?)))
}

/// The paths of the tests of the rate, and drift by window.
///
/// With the parameters of a report, for decisions that are `reject` or `escalate`; see
/// `docs/spec/statistics.md`. As far as `looked_at` says, like the overview. Nothing is verified.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/paths",
    tag = "read",
    params(OfLog),
    responses(
        (status = 200, description = "The paths", body = Object),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn paths(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    Query::of(&uri, &[])?;
    let made = caller.watching(move |caller| {
        let log = caller.log(Scope::Read, &log)?;
        let directory = caller.shared.intake.reading();
        let size = directory.head(&log)?.size();
        let watches = &caller.shared.watches;
        let (looked_at, paths) = watches.at(directory, &log, size, |watch| {
            (watch.looked_at(), watch.paths())
        })?;
        Ok(text(&Shown {
            log: log.to_string(),
            size,
            looked_at,
            paths,
        }))
    });
    Ok(answer(StatusCode::OK, JSON, made.await?))
}

#[derive(Serialize)]
struct Shown {
    log: String,
    size: u64,
    looked_at: u64,
    #[serde(flatten)]
    paths: PathData,
}

fn make(caller: &Caller, log: &LogName) -> Result<Overview, Problem> {
    let shared = &caller.shared;
    let directory = shared.intake.reading();
    let size = directory.head(log)?.size();
    let now = SystemClock.now();
    let mut overview = Overview {
        log: log.to_string(),
        origin: directory.key_line(log)?.name().into(),
        now: now.to_string(),
        size,
        looked_at: 0,
        deleted: 0,
        unreadable: 0,
        writing: shared.intake.writer().ledger().is_attached(log),
        last_sealed_at: None,
        unclean_starts: 0,
        clock_anomalies: 0,
        checkpoint: checkpoint(directory, log, size)?,
        verdict: shared.watches.verdict(log),
        flow: Flow::default(),
        actions: std::collections::BTreeMap::default(),
        rate: EventRate::default(),
        open_intents: OpenIntentList::default(),
        gaps: GapList::default(),
        reviews_due: DueReviewList::default(),
        incidents_due: DueIncidentList::default(),
    };
    let watches = &shared.watches;
    watches.at(directory, log, size, |watch| watch.fill(&mut overview, now))?;
    Ok(overview)
}

fn checkpoint(
    directory: &LogDirectory,
    log: &LogName,
    size: u64,
) -> Result<Option<CheckpointState>, Problem> {
    let Some(kept) = directory.store().latest_checkpoint(log)? else {
        return Ok(None);
    };
    let covered = kept.size.as_u64();
    let sealed_at = |seq: Option<u64>| match seq {
        Some(seq) if seq < size => sealed_at(directory, log, seq),
        _ => Ok(None),
    };
    Ok(Some(CheckpointState {
        size: covered,
        covers_until: sealed_at(covered.checked_sub(1))?.map(|time| time.to_string()),
        behind: size.saturating_sub(covered),
        behind_since: sealed_at(Some(covered))?.map(|time| time.to_string()),
    }))
}

/// When a receipt was sealed; none where its bytes are deleted or cannot be read.
pub(super) fn sealed_at(
    directory: &LogDirectory,
    log: &LogName,
    seq: u64,
) -> Result<Option<Timestamp>, Problem> {
    let read = directory.store().read(log, seq, ReadLimit::ONE)?;
    Ok(read.first().and_then(|stored| match &stored.content {
        StoredContent::Sealed(sealed) => {
            let receipt = UnverifiedReceipt::parse(sealed).ok()?;
            Some(receipt.header().sealed_at)
        }
        StoredContent::Deleted(_) => None,
    }))
}
