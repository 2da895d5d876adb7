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

/// Has a request that writes to a log worked by whoever holds its lease. All else is worked here.
pub(crate) async fn pass(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(holds) = &shared.holds else {
        return Ok(next.run(request).await);
    };
    let (mut head, body) = request.into_parts();
    let Some((log, scope)) = written(&mut head).await else {
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
        Some(holder) => Standing::At(holds.at(&holder)?),
        None => {
            let mut door = caller.in_time(Arc::clone(&of.door).lock_owned()).await?;
            let claimed = caller.blocking(move |caller| match &caller.shared.holds {
                Some(holds) => holds.claim(&caller.shared, &of, &mut door),
                None => Ok(Standing::Here),
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
        Standing::At(peer) => {
            drop(under_way);
            hold_once(&head.headers)?;
            let (until, patience) = (caller.until(), shared.options.timeout);
            let body = whole(shared.options.max_body, until, &head.headers, body).await?;
            let times = (until, patience);
            hand_on(&holds.connections, &peer, (&head, body), times).await
        }
    }
}

/// Which log a request writes to, and what its caller has to be let do; none where it writes to none.
async fn written(head: &mut Parts) -> Option<(LogName, Scope)> {
    if head.method != Method::POST {
        return None;
    }
    let route = head.extensions.get::<MatchedPath>()?.as_str();
    if route == "/v1/traces" {
        return Some((LogName::default(), Scope::Append));
    }
    if !route.starts_with("/v1/logs/{log}/") {
        return None;
    }
    let scope = match route.ends_with("/checkpoint") {
        true => Scope::Admin,
        false => Scope::Append,
    };
    let parts = RawPathParams::from_request_parts(head, &()).await.ok()?;
    let (_, name) = parts.iter().find(|(key, _)| *key == "log")?;
    Some((LogName::new(name).ok()?, scope))
}
