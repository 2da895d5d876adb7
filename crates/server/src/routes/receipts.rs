//! Receipts: pages of them, and single ones.

use super::{At, JSON, OfLog, answer};
use crate::Problem;
use crate::forms::ReceiptPage;
use crate::query::Query;
use crate::shared::Caller;
use crate::token::Scope;
use ai_audit_core::{Kind, ReceiptId, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_export::{deleted_view, json_view};
use ai_audit_store::{LogName, Query as Find, ReadLimit, StoredContent};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;

/// Receipts of a page where the request does not say.
const USUAL: usize = 100;
/// The most receipts of a page.
const MOST: usize = 1000;
/// The most bytes of a page: it ends before, whatever was asked for.
const MOST_BYTES: usize = 8 << 20;
/// The most receipts that are looked at for one page.
const LOOKED_AT: usize = 10_000;

const BYTES: &str = "application/octet-stream";

/// Pages through receipts.
///
/// Where several filters are given, all of them hold. A page may have fewer receipts than asked for, and
/// `next` all the same: where there is no `next`, there are no more.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/receipts",
    tag = "read",
    params(
        OfLog,
        ("from" = Option<u64>, Query, description = "The first `seq` to look at"),
        ("limit" = Option<u64>, Query, description = "1 to 1,000; 100 if not said", minimum = 1, maximum = 1000),
        ("kind" = Option<String>, Query, description = "Such as `decision`"),
        ("trace" = Option<String>, Query, description = "The trace"),
        ("session" = Option<String>, Query, description = "The session"),
        ("id" = Option<String>, Query, description = "The receipt's id"),
    ),
    responses(
        (status = 200, description = "Receipts in their JSON view", body = ReceiptPage),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn list(
    caller: Caller,
    At(log): At<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let wanted = Wanted::of(&uri)?;
    let page = caller.blocking(move |caller| {
        let log = caller.log(Scope::Read, &log)?;
        wanted.page(caller.shared.intake.reading(), &log)
    });
    Ok(answer(StatusCode::OK, JSON, page.await?))
}

/// One receipt.
///
/// In its JSON view, or with `Accept: application/octet-stream` the sealed bytes, which anybody can
/// verify.
#[utoipa::path(
    get,
    path = "/v1/logs/{log}/receipts/{seq}",
    tag = "read",
    params(
        OfLog,
        ("seq" = u64, Path, description = "The receipt's place"),
    ),
    responses(
        (status = 200, description = "The receipt", content(
            (Object = "application/json"),
            (Vec<u8> = "application/octet-stream"),
        )),
        (status = 410, description = "Its bytes were deleted", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn one(
    caller: Caller,
    At((log, seq)): At<(String, u64)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    Query::of(&uri, &[])?;
    let sealed = caller.blocking(move |caller| {
        let log = caller.log(Scope::Read, &log)?;
        Ok(caller.shared.intake.reading().receipt(&log, seq)?)
    });
    let sealed = sealed.await?;
    if wants_bytes(&headers) {
        return Ok(answer(StatusCode::OK, BYTES, sealed));
    }
    let receipt = UnverifiedReceipt::parse(&sealed).map_err(|error| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("receipt {seq}: {error}"),
        )
    })?;
    Ok(answer(StatusCode::OK, JSON, json_view(&receipt)))
}

fn wants_bytes(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| {
            accept.split(',').any(|one| {
                one.split(';')
                    .next()
                    .is_some_and(|kind| kind.trim() == BYTES)
            })
        })
}

/// What a page is made of.
struct Wanted {
    from: u64,
    limit: usize,
    kind: Option<Kind>,
    trace: Option<String>,
    session: Option<String>,
    id: Option<ReceiptId>,
}

impl Wanted {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        let known = ["from", "limit", "kind", "trace", "session", "id"];
        let mut query = Query::of(uri, &known)?;
        let expected = format!("a number from 1 to {MOST}");
        let limit = query.parsed::<usize>("limit", &expected)?;
        let limit = limit.unwrap_or(USUAL);
        if limit == 0 || limit > MOST {
            return Err(Problem::bad(format!(
                "parameter `limit`: expected {expected}"
            )));
        }
        Ok(Self {
            from: query.parsed("from", "a receipt's seq")?.unwrap_or(0),
            limit,
            kind: query.text("kind")?.as_deref().map(kind).transpose()?,
            trace: query.text("trace")?,
            session: query.text("session")?,
            id: query.parsed("id", "a receipt's id")?,
        })
    }

    /// What the store is asked for: the filter that leaves the least.
    fn find(&self) -> Option<Find> {
        if let Some(id) = self.id {
            return Some(Find::Id(id));
        }
        let by_name = self.trace.clone().map(Find::Trace);
        by_name
            .or_else(|| self.session.clone().map(Find::Session))
            .or_else(|| self.kind.map(Find::Kind))
    }

    /// Whether a receipt is one that was asked for. Of one whose bytes are deleted nobody can tell.
    fn takes(&self, receipt: &UnverifiedReceipt<'_>) -> bool {
        let header = receipt.header();
        self.kind.is_none_or(|kind| header.kind == kind)
            && self.id.is_none_or(|id| header.id == id)
            && self
                .trace
                .as_ref()
                .is_none_or(|trace| header.trace_id == trace)
            && self
                .session
                .as_ref()
                .is_none_or(|session| header.session_id == session)
    }

    fn page(&self, directory: &LogDirectory, log: &LogName) -> Result<String, Problem> {
        let size = directory.head(log)?.size();
        let store = directory.store();
        let mut page = Page::default();
        let mut at = self.from;
        let mut looked_at = 0;
        let find = self.find();
        let mut places = Vec::new().into_iter();
        while at < size && page.count < self.limit && looked_at < LOOKED_AT {
            let seq = match &find {
                None => at,
                Some(find) => match places.next() {
                    Some(seq) => seq,
                    None => {
                        let after = at.checked_sub(1);
                        places = store.find(log, find, after, MOST)?.into_iter();
                        match places.next() {
                            Some(seq) => seq,
                            None => return Ok(page.finish(None, size)),
                        }
                    }
                },
            };
            let limit = match find {
                None => ReadLimit {
                    receipts: self.limit - page.count,
                    bytes: 1 << 20,
                },
                Some(_) => ReadLimit::ONE,
            };
            let read = store.read(log, seq, limit)?;
            if read.is_empty() {
                break;
            }
            for stored in read {
                looked_at += 1;
                let line = match stored.content {
                    StoredContent::Deleted(hash) => {
                        find.is_none().then(|| deleted_view(stored.seq, hash))
                    }
                    StoredContent::Sealed(sealed) => match UnverifiedReceipt::parse(&sealed) {
                        Ok(receipt) => self.takes(&receipt).then(|| json_view(&receipt)),
                        Err(error) => {
                            return Err(Problem::new(
                                StatusCode::INTERNAL_SERVER_ERROR,
                                format!("receipt {}: {error}", stored.seq),
                            ));
                        }
                    },
                };
                if let Some(line) = line
                    && !page.add(&line)
                {
                    return Ok(page.finish(Some(stored.seq), size));
                }
                at = stored.seq + 1;
            }
        }
        Ok(page.finish((at < size).then_some(at), size))
    }
}

fn kind(name: &str) -> Result<Kind, Problem> {
    let mut all = (0..=u16::MAX).map(Kind::new);
    all.find(|kind| kind.name() == Some(name)).ok_or_else(|| {
        Problem::bad("parameter `kind`: expected the name of a kind, such as decision, tool_intent, tool_outcome")
    })
}

/// The text of a page.
#[derive(Default)]
struct Page {
    text: String,
    count: usize,
}

impl Page {
    /// Adds a receipt, unless there is no more room.
    fn add(&mut self, line: &str) -> bool {
        if self.count > 0 && self.text.len() + line.len() > MOST_BYTES {
            return false;
        }
        if self.count > 0 {
            self.text.push(',');
        }
        self.text.push_str(line);
        self.count += 1;
        true
    }

    fn finish(self, next: Option<u64>, size: u64) -> String {
        let next = next.map_or("null".into(), |next| next.to_string());
        format!(
            "{{\"receipts\":[{}],\"next\":{next},\"size\":{size}}}",
            self.text
        )
    }
}
