//! A program that logs with tracing as it always did. Its events of the target `audit` become receipts;
//! then the log is verified.
//!
//! `cargo run -p ai-audit-tracing --example support [FOLDER]`
#![allow(clippy::print_stdout, reason = "it shows what it does")]

use ai_audit_core::Question;
use ai_audit_directory::{InitOptions, LogDirectory, Settings, Writer, init};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_tracing::{AuditOptions, audit};
use ai_audit_verify::{Pin, TrustPolicy};
use std::sync::Arc;
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// A model would be asked here.
fn answer(question: &str) -> &'static str {
    match question.contains("refund") {
        true => "escalate",
        false => "allow",
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args().nth(1);
    let folder = tempfile::tempdir()?;
    let path = given.map_or_else(|| folder.path().join("audit"), Into::into);
    let options = InitOptions::new("example.org/support");
    let log = init(&path, &options, Settings::default(), "support")?;
    let pinned = log.key_line.to_string(); // hand this line to your auditor now

    let writer = Writer::open(&path, Settings::default(), "support")?;
    let intake = Arc::new(Intake::new(writer, Keep::default())?);
    let (layer, guard) = audit(
        Arc::clone(&intake),
        log.log.clone(),
        AuditOptions::default(),
    )?;
    tracing_subscriber::registry().with(layer).init();

    for (session, question) in [("s-1", "Where is it?"), ("s-2", "I want a refund.")] {
        let _turn = info_span!(target: "audit", "turn", session_id = session).entered();
        let action = answer(question);
        info!(target: "audit", model = "support-1", action, input = question, tags = "support", "answered");
        info!("this one is for the log file alone");
    }
    guard.flush();
    println!("{:?}", guard.counts());
    drop(guard);
    intake.writer().ledger().close("done")?;

    let directory = LogDirectory::open(&path, Settings::default())?;
    let size = directory.head(&log.log)?.size();
    let policy = TrustPolicy::new().pin(Pin::parse(&pinned)?).min_size(size);
    let report = directory.verify(&log.log, &policy)?;
    println!(
        "{size} receipts: exit {}",
        report.exit(&Question::DEFAULT).code()
    );
    match report.exit(&Question::DEFAULT).code() {
        0 => Ok(()),
        code => Err(format!("not verified: {code}").into()),
    }
}
