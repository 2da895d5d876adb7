//! Decisions: before the response leaves, or it does not.

use crate::place::Place;
use ai_audit_core::Kind;
use ai_audit_store::LogName;
use ai_audit_tower::{AuditLayer, decisions};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::{get, post};
use bytes::Bytes;
use core::time::Duration;
use futures_util::StreamExt as _;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt as _;

fn layer(place: &Place) -> AuditLayer<impl ai_audit_tower::Audit> {
    let audit = decisions(|request, response| {
        let action = response.headers.get("x-action")?.to_str().ok()?.to_owned();
        Some(json!({"action": action, "operation": request.uri.path()}))
    });
    AuditLayer::new(Arc::clone(&place.intake), LogName::default(), audit)
}

fn request(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).body(body.into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_there_when_the_response_is_and_bodies_are_as_they_were() {
    let place = Place::new();
    let echo = async |body: Bytes| ([("x-action", "reject")], body);
    let service = Router::new()
        .route("/decide", post(echo))
        .layer(layer(&place));
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let response = service
        .oneshot(request("/decide", bytes.clone()))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    // Before its body is read.
    assert_eq!(place.kinds(), [Kind::DECISION]);
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(body, bytes);
    place.verified();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_states_no_decision_is_not_recorded() {
    let place = Place::new();
    let service = Router::new()
        .route("/", get(async || "hello"))
        .layer(layer(&place));
    let response = service.oneshot(request("/", "")).await.unwrap();
    assert_eq!(response.status(), 405);
    assert!(place.kinds().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_streams_after_the_decision_is_durable() {
    let place = Place::new();
    let (send, receive) = tokio::sync::mpsc::channel::<Bytes>(1);
    let receive = Arc::new(tokio::sync::Mutex::new(receive));
    let stream = async move || {
        let parts = futures_util::stream::unfold(receive, async |receive| {
            let part = receive.lock().await.recv().await?;
            Some((Ok::<_, std::convert::Infallible>(part), receive))
        });
        ([("x-action", "allow")], Body::from_stream(parts))
    };
    let service = Router::new().route("/", post(stream)).layer(layer(&place));
    let response = service.oneshot(request("/", "")).await.unwrap();
    assert_eq!(place.kinds(), [Kind::DECISION]);
    let mut body = response.into_body().into_data_stream();
    for part in ["one", "two"] {
        send.send(part.into()).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), part);
    }
    drop(send);
    assert!(body.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_whose_decision_cannot_be_recorded_does_not_leave() {
    let place = Place::new();
    let called = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&called);
    let handler = async move || {
        counted.fetch_add(1, Ordering::SeqCst);
        ([("x-action", "no such action")], "secret")
    };
    let service = Router::new().route("/", post(handler)).layer(layer(&place));
    let response = service.clone().oneshot(request("/", "")).await.unwrap();
    // The service has run: nothing says that the client should come again.
    assert_eq!(response.status(), 500);
    assert!(!response.headers().contains_key("retry-after"));
    assert!(to_bytes(response.into_body(), 99).await.unwrap().is_empty());
    // Nor when the ledger takes nothing any more.
    place.intake.writer().ledger().close("closed").unwrap();
    let response = service.oneshot(request("/", "")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), called.load(Ordering::SeqCst)),
        (500, 2)
    );
    place.verified();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_there() {
    let place = Place::new();
    let handler = async || {
        tokio::time::sleep(Duration::from_millis(1)).await;
        [("x-action", "allow")]
    };
    let service = Router::new().route("/", post(handler)).layer(layer(&place));
    let calls = (0..200).map(|_| tokio::spawn(service.clone().oneshot(request("/", ""))));
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(place.kinds().len(), 200);
    place.verified();
}
