//! What real clients saw through the proxy, held against the receipts: `cargo xtask mcp` runs them.

use ai_audit_agentic::{ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{DecodeBody as _, Kind, UnverifiedReceipt};
use ai_audit_directory::{LogDirectory, Settings};
use ai_audit_store::{LogName, Query};
use serde_json::Value;
use std::path::Path;

#[test]
fn each_receipt_says_what_the_client_saw() {
    let Some(captured) = std::env::var_os("AI_AUDIT_MCP_CAPTURED") else {
        println!(
            "SKIPPED: AI_AUDIT_MCP_CAPTURED is not set: clients of MCP run under `cargo xtask mcp`"
        );
        return;
    };
    let mut runs = 0;
    for folder in std::fs::read_dir(captured).unwrap() {
        let folder = folder.unwrap().path();
        if folder.join("audit").is_dir() {
            held(&folder);
            runs += 1;
        }
    }
    assert!(runs > 0, "nothing was captured");
}

fn held(folder: &Path) {
    let shown = folder.display();
    let saw = std::fs::read_to_string(folder.join("saw.json")).unwrap();
    let saw: Value = serde_json::from_str(&saw).unwrap();
    let calls = saw["calls"].as_array().unwrap();
    let (directory, log) = (
        LogDirectory::open(&folder.join("audit"), Settings::default()).unwrap(),
        LogName::default(),
    );
    let secret = directory.digest_secret(&log).unwrap();
    let all = |kind| {
        let found = directory.store().find(&log, &Query::Kind(kind), None, 999);
        let mut found = found.unwrap();
        found.sort_unstable();
        let sealed = found
            .iter()
            .map(|seq| directory.receipt(&log, *seq).unwrap());
        sealed.collect::<Vec<_>>()
    };
    let (intents, outcomes) = (all(Kind::TOOL_INTENT), all(Kind::TOOL_OUTCOME));
    assert_eq!(
        (intents.len(), outcomes.len()),
        (calls.len(), calls.len()),
        "{shown}"
    );
    for ((call, intent), outcome) in calls.iter().zip(&intents).zip(&outcomes) {
        let receipt = UnverifiedReceipt::parse(intent).unwrap();
        let key = secret.exact_key(&receipt.header().id, "arguments");
        let intent = ToolIntent::decode(&receipt).unwrap();
        assert_eq!(intent.tool.as_str(), call["tool"], "{shown}");
        let arguments = call["arguments"].to_string();
        assert!(
            intent.arguments.unwrap().matches(&arguments, Some(&key)),
            "{shown}: {call}"
        );
        let sealed = UnverifiedReceipt::parse(outcome).unwrap();
        let key = secret.exact_key(&sealed.header().id, "result");
        let outcome = ToolOutcome::decode(&sealed).unwrap();
        assert_eq!(outcome.intent, Some(receipt.hash()), "{shown}");
        let status = match call["error"] == true {
            true => ToolStatus::Error,
            false => ToolStatus::Ok,
        };
        assert_eq!(outcome.status, status, "{shown}: {call}");
        if let Value::Object(saw) = &call["result"] {
            let held = outcome.result.unwrap();
            let mut whole = saw.clone();
            // The TypeScript SDK takes this member off before its caller sees the result.
            whole.insert("resultType".into(), "complete".into());
            let same = [saw, &whole].iter().any(|result| {
                held.matches(&Value::Object((*result).clone()).to_string(), Some(&key))
            });
            assert!(same, "{shown}: {call}");
        }
    }
}
