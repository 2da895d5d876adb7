//! A service that decides about loans and pays them out. Each decision, and each payment before it is
//! made, is in the log before the client hears of it; then the log is verified.
//!
//! `cargo run -p ai-audit-tower --example loans [FOLDER]`
#![allow(clippy::print_stdout, reason = "it shows what it does")]

use ai_audit_core::Question;
use ai_audit_directory::{InitOptions, LogDirectory, Settings, Writer, init};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_tower::{Answer, Audit, AuditLayer, Intent, Step};
use ai_audit_verify::{Pin, TrustPolicy};
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, request};
use axum::response::{Extension, IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

/// What the handler hands to the audit beside its response: the response's body is not looked at.
#[derive(Debug, Clone)]
struct Decided(Value);

/// A model would be asked here.
async fn decide(Path(loan): Path<u64>, Json(asked): Json<Value>) -> Response {
    let amount = asked["amount"].as_u64().unwrap_or(u64::MAX);
    let action = if amount <= 1_000 { "allow" } else { "escalate" };
    let decided = Decided(json!({
        "model": "loans-1", "operation": "decide", "action": action, "session_id": format!("loan-{loan}"),
        "input": asked, "output": action,
    }));
    (
        Extension(decided),
        Json(json!({"loan": loan, "action": action})),
    )
        .into_response()
}

async fn pay(Path(loan): Path<u64>) -> Response {
    Json(json!({"loan": loan, "paid": true})).into_response()
}

/// What of it goes into the log.
struct Loans;

impl Audit for Loans {
    fn step(&self, request: &request::Parts) -> Step {
        let path = request.uri.path();
        match path.strip_suffix("/payment") {
            None => Step::Decision,
            Some(loan) => Step::Action(Intent {
                trace_id: loan.trim_start_matches('/').replace('/', "-"),
                actor: "payer".into(),
                tool: "pay".into(),
                arguments: Some(json!({"path": path})),
                ..Intent::default()
            }),
        }
    }

    fn decision(&self, _: &request::Parts, answer: Answer<'_>) -> Option<Value> {
        match answer {
            Answer::Response(head) => head.extensions.get::<Decided>().map(|said| said.0.clone()),
            Answer::Failed => None,
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args().nth(1);
    let folder = tempfile::tempdir()?;
    let path = given.map_or_else(|| folder.path().join("audit"), Into::into);
    let log = init(
        &path,
        &InitOptions::new("example.org/loans"),
        Settings::default(),
        "loans",
    )?;
    let pinned = log.key_line.to_string(); // hand this line to your auditor now

    let writer = Writer::open(&path, Settings::default(), "loans")?;
    let intake = Arc::new(Intake::new(writer, Keep::default())?);
    let service = Router::new()
        .route("/loans/{loan}", post(decide))
        .route("/loans/{loan}/payment", post(pay))
        .layer(AuditLayer::new(Arc::clone(&intake), log.log.clone(), Loans));

    for (path, body) in [
        ("/loans/7", r#"{"amount": 500}"#),
        ("/loans/7/payment", "{}"),
        ("/loans/8", r#"{"amount": 50000}"#),
    ] {
        let request = Request::post(path).header("content-type", "application/json");
        let response = service
            .clone()
            .oneshot(request.body(Body::from(body))?)
            .await?;
        println!("{path}: {}", response.status());
    }
    drop(service);
    let intake = Arc::into_inner(intake).ok_or("somebody records still")?;
    intake.writer().ledger().close("done")?;
    drop(intake);

    let directory = LogDirectory::open(&path, Settings::default())?;
    let size = directory.head(&log.log)?.size();
    let policy = TrustPolicy::new().pin(Pin::parse(&pinned)?).min_size(size);
    let report = directory.verify(&log.log, &policy)?;
    println!(
        "{size} receipts: exit {}",
        report.exit(&Question::DEFAULT).code()
    );
    println!(
        "tool intents without an outcome: {}",
        report.open_tool_intents.len()
    );
    match report.exit(&Question::DEFAULT).code() {
        0 => Ok(()),
        code => Err(format!("not verified: {code}").into()),
    }
}
