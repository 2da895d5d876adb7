//! The routes of the API, and what is said where there is none.

mod append;
mod checkpoint;
pub(crate) mod health;
mod incidents;
mod logs;
mod metrics;
mod otlp;
mod overview;
mod package;
mod proof;
mod receipts;
mod reviews;
mod statistics;
mod traces;
mod verdict;

use crate::place::hold;
use crate::query::Query;
use crate::shared::{Caller, Shared};
use crate::token::Scope;
use crate::troubles::told;
use crate::{Problem, console, sharing};
use ai_audit_intake::Intake;
use ai_audit_store::LogName;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use std::sync::Arc;

pub(crate) mod documented {
    //! The handlers, for the OpenAPI document.
    pub(crate) use super::append::{__path_decisions, __path_traces};
    pub(crate) use super::checkpoint::{__path_latest, __path_sign};
    pub(crate) use super::health::{__path_alive, __path_openapi, __path_ready};
    pub(crate) use super::incidents::__path_incidents;
    pub(crate) use super::logs::__path_logs;
    pub(crate) use super::otlp::{__path_export, __path_export_to_default, __path_left_out};
    pub(crate) use super::overview::{__path_overview, __path_paths};
    pub(crate) use super::package::__path_package;
    pub(crate) use super::proof::__path_proof;
    pub(crate) use super::receipts::{__path_list, __path_one};
    pub(crate) use super::reviews::__path_reviews;
    pub(crate) use super::statistics::__path_statistics;
    pub(crate) use super::traces::__path_trace;
    pub(crate) use super::verdict::__path_verdict;
}

/// All routes.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(health::openapi))
        .route("/v1/logs", get(logs::logs))
        .route("/v1/logs/{log}/decisions", post(append::decisions))
        .route(
            "/v1/logs/{log}/traces",
            get(traces::trace).post(append::traces),
        )
        .route("/v1/logs/{log}/otlp/v1/traces", post(otlp::export))
        .route("/v1/traces", post(otlp::export_to_default))
        .route("/v1/logs/{log}/otlp", get(otlp::left_out))
        .route("/v1/logs/{log}/reviews", post(reviews::reviews))
        .route("/v1/logs/{log}/incidents", post(incidents::incidents))
        .route("/v1/logs/{log}/receipts", get(receipts::list))
        .route("/v1/logs/{log}/receipts/{seq}", get(receipts::one))
        .route("/v1/logs/{log}/receipts/{seq}/proof", get(proof::proof))
        .route(
            "/v1/logs/{log}/checkpoint",
            get(checkpoint::latest).post(checkpoint::sign),
        )
        .route("/v1/logs/{log}/verdict", get(verdict::verdict))
        .route("/v1/logs/{log}/package", get(package::package))
        .route("/v1/logs/{log}/statistics", get(statistics::statistics))
        .route("/v1/logs/{log}/overview", get(overview::overview))
        .route("/v1/logs/{log}/paths", get(overview::paths))
        .merge(console::router());
    let router = metrics::route(router, &shared)
        .fallback(nothing)
        .method_not_allowed_fallback(other_method);
    let router = match shared.holds {
        Some(_) => router.layer(from_fn_with_state(Arc::clone(&shared), sharing::pass)),
        None => router,
    };
    let router = router
        .layer(from_fn(hold))
        .layer(from_fn_with_state(shared.options.troubles.clone(), told));
    metrics::observed(router, &shared).with_state(shared)
}

async fn nothing() -> Problem {
    Problem::missing("there is nothing at this address; GET /openapi.json says what there is")
}

pub(crate) async fn other_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address does not take this method; GET /openapi.json says which",
    )
}

/// The parts of an address.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path(parts)) => Ok(Self(parts)),
            Err(_) => Err(Problem::missing(
                "this address names nothing that could be there",
            )),
        }
    }
}

/// Of which log.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it is for the OpenAPI document")]
pub(crate) struct OfLog {
    /// The log's name in its directory
    log: String,
}

/// How much there is to do for an answer.
#[derive(Clone, Copy)]
enum Effort {
    /// Some look-ups.
    Small,
    /// A pass over the log.
    Heavy,
    /// The same, with all signatures.
    Verdict,
}

/// Answers from a log to a request that has no parameters.
async fn from_log(
    caller: Caller,
    (scope, effort): (Scope, Effort),
    (log, uri): (String, Uri),
    kind: &'static str,
    work: impl FnOnce(&Intake, &LogName) -> Result<String, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    caller.may(scope)?;
    Query::of(&uri, &[])?;
    let work = move |caller: &Caller| {
        let log = caller.log(scope, &log)?;
        work(&caller.shared.intake, &log)
    };
    let body = match effort {
        Effort::Small => caller.blocking(work).await?,
        Effort::Heavy => caller.heavy(work).await?,
        Effort::Verdict => caller.judging(work).await?,
    };
    Ok(answer(StatusCode::OK, kind, body))
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

pub(crate) fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // What it says is true now, and for nobody but the one who asked.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
