//! Arguments that want to lead elsewhere, to be read in two ways, or to be without end.

use crate::client::Evidence;
use serde_json::json;

#[test]
fn mistakes_are_told_and_nothing_else_happens() {
    let evidence = Evidence::new();
    std::fs::write(evidence.root().join("text"), "no evidence").unwrap();
    let mut client = evidence.client(None);
    for (tool, arguments, told) in [
        ("verify_log", json!({"path": "../kept"}), "below a root"),
        ("verify_log", json!({"path": "/etc"}), "below a root"),
        (
            "verify_log",
            json!({"path": "audit/../../kept"}),
            "below a root",
        ),
        ("verify_log", json!({"path": "none"}), "no such file"),
        (
            "verify_log",
            json!({"path": "text"}),
            "expected a log directory",
        ),
        (
            "verify_log",
            json!({"path": "text", "log": "x"}),
            "expected a log directory",
        ),
        (
            "verify_log",
            json!({"path": "audit", "log": "../x"}),
            "log:",
        ),
        (
            "verify_log",
            json!({"path": "audit", "key": "none"}),
            "key:",
        ),
        (
            "verify_log",
            json!({"path": "audit", "checkpoint": "none"}),
            "checkpoint:",
        ),
        (
            "verify_log",
            json!({"path": "audit", "sign": true}),
            "unknown field",
        ),
        ("verify_log", json!({"path": 7}), "arguments:"),
        (
            "verify_log",
            json!({"path": "x".repeat(5000)}),
            "at most 4096",
        ),
        ("verify_log", json!({}), "missing field"),
        (
            "verify_evidence_package",
            json!({"path": "audit"}),
            "expected an evidence package",
        ),
        ("verify_receipt", json!({}), "either `path` or `proof`"),
        (
            "verify_receipt",
            json!({"path": "text", "proof": "x"}),
            "either `path` or `proof`",
        ),
        (
            "verify_receipt",
            json!({"proof": "x".repeat((1 << 20) + 1)}),
            "at most",
        ),
        (
            "prove",
            json!({"path": "audit", "receipt": "zz"}),
            "seq, id or hash",
        ),
        (
            "prove",
            json!({"path": "text", "receipt": "1"}),
            "expected a log directory",
        ),
        ("statistics", json!({"path": "."}), ""),
        (
            "list_controls",
            json!({"framework": "none"}),
            "expected one of",
        ),
    ] {
        let said = client.bad(tool, &arguments);
        assert!(said.contains(told), "{tool} {arguments}: {said}");
        assert!(!said.chars().any(char::is_control));
    }
    let answer = client.call("sign_receipt", &json!({}));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    // What is no evidence at all is no reason to stop.
    let verdict = client.good("verify_receipt", &json!({"proof": "nonsense"}));
    assert_eq!(verdict["exit"], 1);
    client.say("no json");
    client.say(r#"{"jsonrpc":"2.0","id":1,"id":2}"#);
    client.good("list_controls", &json!({}));
    client.end();
}

#[cfg(unix)]
#[test]
fn a_link_in_a_log_directory_is_not_followed() {
    let evidence = Evidence::new();
    let database = evidence.root().join("audit/audit.db");
    let moved = evidence.root().join("../elsewhere.db");
    std::fs::rename(&database, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &database).unwrap();
    let mut client = evidence.client(None);
    let said = client.bad("verify_log", &json!({"path": "audit"}));
    assert!(said.contains("link"), "{said}");
    client.end();
}

/// What is old is in another place, where nobody looks on behalf of a client.
#[test]
fn a_directory_whose_old_receipts_are_elsewhere_is_refused() {
    for (file, text) in [
        ("ai-audit.toml", "cold-folder = \"/nowhere\"\n"),
        ("ai-audit.toml", "cold-bucket = \"s3://audit\"\n"),
        ("audit.cold", "folder /nowhere\n"),
    ] {
        let evidence = Evidence::new();
        std::fs::write(evidence.root().join("audit").join(file), text).unwrap();
        let mut client = evidence.client(None);
        let said = client.bad("verify_log", &json!({"path": "audit"}));
        assert!(said.contains("ai-audit export"), "{said}");
        client.end();
    }
}
