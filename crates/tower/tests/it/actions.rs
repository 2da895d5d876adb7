//! Actions: the intent before, the outcome whatever happens.

use crate::place::Place;
use ai_audit_core::Kind;
use ai_audit_store::LogName;
use ai_audit_tower::{Answer, Audit, AuditLayer, Intent, Outcome, Step};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, request};
use axum::routing::post;
use core::time::Duration;
use serde_json::json;
use std::sync::Arc;
use tower::ServiceExt as _;

struct Pays;

impl Audit for Pays {
    fn step(&self, request: &request::Parts) -> Step {
        Step::Action(Intent {
            trace_id: "t-1".into(),
            tool: request.uri.path().trim_start_matches('/').into(),
            arguments: Some(json!({"query": request.uri.query()})),
            ..Intent::default()
        })
    }
}

fn layer(place: &Place) -> AuditLayer<Pays> {
    AuditLayer::new(Arc::clone(&place.intake), LogName::default(), Pays)
}

fn request(path: &str) -> Request<Body> {
    Request::post(path).body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_intent_is_durable_before_the_service_is_called_and_the_outcome_before_it_is_told() {
    let place = Place::new();
    let path = place.directory().layout().root().to_owned();
    let handler = async move || {
        let settings = ai_audit_directory::Settings::default();
        let directory = ai_audit_directory::LogDirectory::open(&path, settings).unwrap();
        let size = directory.head(&LogName::default()).unwrap().size();
        size.to_string()
    };
    let service = Router::new()
        .route("/pay", post(handler))
        .layer(layer(&place));
    let response = service.oneshot(request("/pay?a=1")).await.unwrap();
    assert_eq!(place.kinds(), [Kind::TOOL_INTENT, Kind::TOOL_OUTCOME]);
    let seen = axum::body::to_bytes(response.into_body(), 99)
        .await
        .unwrap();
    // Genesis, start and stop of its making, start, and the intent.
    assert_eq!(seen, "5");
    assert_eq!(
        (place.outcomes(), place.verified()),
        (vec!["ok".to_owned()], 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_say_what_came_of_it() {
    let place = Place::new();
    let service = Router::new()
        .route("/denied", post(async || StatusCode::FORBIDDEN))
        .route("/broken", post(async || StatusCode::BAD_GATEWAY))
        .layer(layer(&place));
    for (path, status) in [("/denied", 403), ("/broken", 502), ("/nowhere", 404)] {
        let response = service.clone().oneshot(request(path)).await.unwrap();
        assert_eq!(response.status(), status);
    }
    assert_eq!(place.outcomes(), ["denied", "error", "error"]);
    assert_eq!(place.verified(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_not_called_whose_intent_cannot_be_recorded() {
    let place = Place::new();
    place.intake.writer().ledger().close("closed").unwrap();
    let handler = async || panic!("it was called");
    let never = Router::new().route("/pay", post(async move || -> () { handler().await }));
    let response = never
        .layer(layer(&place))
        .oneshot(request("/pay"))
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(place.kinds().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_told_though_its_outcome_cannot_be_recorded() {
    let place = Place::new();
    let intake = Arc::clone(&place.intake);
    let handler = async move || {
        intake.writer().ledger().close("closed").unwrap();
        "paid"
    };
    let service = Router::new()
        .route("/pay", post(handler))
        .layer(layer(&place));
    let response = service.oneshot(request("/pay")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("retry-after"));
    let body = axum::body::to_bytes(response.into_body(), 99).await;
    assert_eq!(body.unwrap(), "paid");
    assert_eq!(place.kinds(), [Kind::TOOL_INTENT]);
    assert_eq!(place.verified(), 1);
}

/// Says of each outcome what no log takes.
struct Wrong;

impl Audit for Wrong {
    fn step(&self, request: &request::Parts) -> Step {
        Pays.step(request)
    }

    fn outcome(&self, request: &request::Parts, _: Answer<'_>) -> Outcome {
        let (status, error) = match request.uri.path() {
            "/status" => ("done", ""),
            _ => ("error", "x"),
        };
        Outcome {
            status,
            // Longer than any class of error.
            error: error.repeat(100_000),
            result: None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_is_refused_is_recorded_as_unknown() {
    let place = Place::new();
    let service = Router::new()
        .route("/status", post(async || "paid"))
        .route("/text", post(async || "paid"))
        .layer(AuditLayer::new(
            Arc::clone(&place.intake),
            LogName::default(),
            Wrong,
        ));
    for path in ["/status", "/text"] {
        let response = service.clone().oneshot(request(path)).await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(place.outcomes(), ["unknown", "unknown"]);
    assert_eq!(place.verified(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_ends_on_its_way_has_an_outcome_that_says_so() {
    let place = Place::new();
    let service = Router::new()
        .route(
            "/slow",
            post(async || tokio::time::sleep(Duration::from_secs(60)).await),
        )
        .route("/panics", post(async || -> () { panic!("on purpose") }))
        .layer(layer(&place));
    // The client goes away, while the service works or before the intent is durable.
    for patience in [Duration::from_millis(1_500), Duration::from_micros(50)] {
        let call = service.clone().oneshot(request("/slow"));
        let gone = tokio::time::timeout(patience, call).await;
        assert!(gone.is_err());
    }
    let panicked = tokio::spawn(service.oneshot(request("/panics"))).await;
    assert!(panicked.unwrap_err().is_panic());
    for _ in 0..1_000 {
        if place.outcomes().len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(place.outcomes(), ["unknown", "unknown", "unknown"]);
    assert_eq!(place.verified(), 0);
}
