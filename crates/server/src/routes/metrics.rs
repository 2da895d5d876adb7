//! Telemetry of the service: metrics for whoever scrapes them, and what is told of each request.

use super::answer;
use crate::Problem;
use crate::query::Query;
use crate::shared::{Caller, Shared};
use crate::token::Scope;
use ai_audit_telemetry::{Answered, Telemetry};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Prometheus's text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Adds the address of metrics, where they are kept for that.
pub(super) fn route(router: Router<Arc<Shared>>, shared: &Shared) -> Router<Arc<Shared>> {
    match &shared.options.telemetry {
        Some(telemetry) if telemetry.is_scraped() => router.route("/metrics", get(metrics)),
        _ => router,
    }
}

/// Has requests observed, where telemetry is asked for.
pub(super) fn observed(router: Router<Arc<Shared>>, shared: &Shared) -> Router<Arc<Shared>> {
    match &shared.options.telemetry {
        Some(telemetry) => router.layer(from_fn_with_state(Arc::clone(telemetry), observe)),
        None => router,
    }
}

/// The figures are of all logs, so a token for some of them may not see them.
async fn metrics(caller: Caller, uri: Uri) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    if !caller.sees_all() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this token is for some logs, and metrics are of all",
        ));
    }
    Query::of(&uri, &[])?;
    let text = caller.scraping(|caller| {
        let telemetry = caller.shared.options.telemetry.as_ref();
        let text = telemetry.map_or(Ok(None), |telemetry| telemetry.scrape());
        text.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    });
    Ok(answer(
        StatusCode::OK,
        TEXT,
        text.await?.unwrap_or_default(),
    ))
}

async fn observe(
    State(telemetry): State<Arc<Telemetry>>,
    request: Request,
    next: Next,
) -> Response {
    let (begun, clock) = (SystemTime::now(), Instant::now());
    let parent = telemetry.parent(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let answered = Answered {
        method: &method,
        route: route.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        begun,
        took: clock.elapsed(),
    };
    telemetry.request(&answered, &parent);
    response
}
