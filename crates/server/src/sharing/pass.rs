//! Where a request goes that is for one log: to a route of this instance, or to the one that holds the log's lease.

use super::{FRESH, Standing};
use crate::Problem;
use crate::body::whole;
use crate::forward::{hand_on, hold_once};
use crate::shared::{Caller, Shared};
use crate::token::Scope;
use ai_audit_store::LogName;
use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// A request for one log.
struct Wanted {
    log: LogName,
    /// What its caller has to be let do.
    scope: Scope,
    /// Whether it writes. Otherwise it asks for what the instance that does keeps in its memory.
    writes: bool,
}

/// Has a request that writes to a log worked by whoever holds its lease. All else is worked here, but for what only that one
/// knows.
pub(crate) async fn pass(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(holds) = &shared.holds else {
        return Ok(next.run(request).await);
    };
    let (mut head, body) = request.into_parts();
    let Some(Wanted { log, scope, writes }) = wanted(&mut head).await else {
        return Ok(next.run(Request::from_parts(head, body)).await);
    };
    // Before it is looked at: who ends waits for those that found the log here.
    let under_way = holds.under_way();
    if let Some(of) = holds.known(&log)
        && holds.is_here(&shared, &of)
    {
        let response = next.run(Request::from_parts(head, body)).await;
        drop(under_way);
        return Ok(response);
    }
    // Nobody has a lease looked at, or taken, who could not write to the log.
    let caller = Caller::from_request_parts(&mut head, &shared).await?;
    let log = caller.blocking(move |caller| caller.log(scope, log.as_str()));
    let of = holds.of(&log.await?);
    let standing = match of.elsewhere(FRESH) {
        _ if !writes => match hold_once(&head.headers) {
            Ok(()) => holds.whose(&of),
            Err(_) => Standing::Here,
        },
        Some(holder) => holds.standing(holder)?,
        None => {
            let door = caller.in_time(Arc::clone(&of.door).lock_owned()).await?;
            let of = Arc::clone(&of);
            let claimed = caller.blocking(move |caller| {
                // Until it is done, also where nobody waits for it any more.
                let _door = door;
                match &caller.shared.holds {
                    Some(holds) => holds.claim(&caller.shared, &of),
                    None => Ok(Standing::Here),
                }
            });
            claimed.await?
        }
    };
    match standing {
        Standing::Here => {
            head.extensions.insert(caller);
            let response = next.run(Request::from_parts(head, body)).await;
            drop(under_way);
            Ok(response)
        }
        Standing::At { peer, holder } => {
            drop(under_way);
            hold_once(&head.headers)?;
            // Before its body is read: of one that is stopped no more requests wait than these.
            let way = holds.way(&peer);
            let _way = way
                .and_then(|way| way.try_acquire_owned().ok())
                .ok_or_else(|| {
                    Problem::later("too many requests wait for the instance that has the log")
                })?;
            let (until, patience) = (caller.until(), shared.options.timeout);
            let body = whole(shared.options.max_body, until, &head.headers, body).await?;
            let times = (until, patience);
            tokio::select! {
                answer = hand_on(&holds.connections, &peer, (&head, body), times) => answer,
                () = holds.gone(&of, &holder) => Err(Problem::later(
                    "the instance that had the log is heard of no more; what was sent may be recorded: send the same ids again",
                )),
            }
        }
    }
}

/// Which log a request is for, where it matters which instance works it.
async fn wanted(head: &mut Parts) -> Option<Wanted> {
    let route = head.extensions.get::<MatchedPath>()?.as_str();
    let (scope, writes) = if head.method == Method::POST {
        if route == "/v1/traces" {
            return Some(Wanted {
                log: LogName::default(),
                scope: Scope::Append,
                writes: true,
            });
        }
        match (
            route.starts_with("/v1/logs/{log}/"),
            route.ends_with("/checkpoint"),
        ) {
            (false, _) => return None,
            (true, true) => (Scope::Admin, true),
            (true, false) => (Scope::Append, true),
        }
    } else if route == "/v1/logs/{log}/otlp" && matches!(head.method, Method::GET | Method::HEAD) {
        (Scope::Read, false)
    } else {
        return None;
    };
    let parts = RawPathParams::from_request_parts(head, &()).await.ok()?;
    let (_, name) = parts.iter().find(|(key, _)| *key == "log")?;
    let log = LogName::new(name).ok()?;
    Some(Wanted { log, scope, writes })
}
