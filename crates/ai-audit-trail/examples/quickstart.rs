//! Opens a log directory, seals decisions, exports a package and verifies it as an auditor does.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use ai_audit_trail::directory::DirectoryLog;
use ai_audit_trail::export::{PackageOptions, Selection, verify_package, write_package};
use ai_audit_trail::prelude::*;
use std::fs::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("audit");

    // Once: open the log, and hand its key line to the auditor.
    let log = init(
        &path,
        &InitOptions::new("example.org/support"),
        Settings::default(),
        "quickstart",
    )?;
    let pinned = log.key_line.to_string();
    println!("key line for the auditor: {pinned}");

    // In production: every decision is durable before the answer goes out.
    let writer = Writer::open(&path, Settings::default(), "quickstart")?;
    for (model, score) in [("gpt-4o", 0.02), ("gpt-4o-mini", 0.91)] {
        let fired = score > 0.8;
        let check = Check {
            name: "toxicity".into(),
            score: Some(score),
            threshold: Some(0.8),
            fired,
            ..Check::default()
        };
        let action = if fired { Action::Reject } else { Action::Allow };
        let decision = Decision {
            model: model.into(),
            action,
            checks: vec![check].into(),
            ..Decision::new()
        };
        let record = Record::new(&decision).trace("4bf92f3577b34da6a3ce929d0e0e4736");
        let receipts = writer.ledger().submit(&log.log, vec![record])?.wait()?;
        println!("receipt {} {}", receipts[0].seq, action.name());
    }
    writer.close("done")?;

    // For the auditor: a package, and a checkpoint that he keeps.
    let directory = LogDirectory::open(&path, Settings::default())?;
    let kept = directory.make_checkpoint(&log.log)?;
    let package = folder.path().join("package.zip");
    let options = PackageOptions {
        selection: Selection::All,
        json_view: true,
        ciphertexts: false,
        timestamp: None,
        reports: None,
    };
    let evidence = DirectoryLog::new(&directory, log.log.clone());
    let key = directory.checkpoint_key(&log.log)?;
    write_package(
        File::create(&package)?,
        &evidence,
        &kept,
        &[],
        &key,
        &options,
        |_, _| {},
    )?;

    // The auditor: with the line that he had before, and the checkpoint that he kept.
    let policy = TrustPolicy::new()
        .pin(Pin::parse(&pinned)?)
        .checkpoint(kept.to_string().as_bytes())?;
    let report = verify_package(File::open(&package)?, &policy, |_, _| {}).report;
    for question in Question::ALL {
        println!(
            "{:<13} {}",
            question.name(),
            report.verdict.answer(question)
        );
    }
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    Ok(())
}
