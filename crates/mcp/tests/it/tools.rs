//! Every tool, and what it may not do.

use crate::client::Evidence;
use serde_json::json;

#[test]
fn every_tool_is_told_as_one_that_only_reads() {
    let evidence = Evidence::new();
    let mut client = evidence.client(None);
    let listed = client.ask("tools/list", &json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 7);
    for tool in tools {
        let told = &tool["annotations"];
        assert_eq!(
            (
                &told["readOnlyHint"],
                &told["destructiveHint"],
                &told["openWorldHint"]
            ),
            (&json!(true), &json!(false), &json!(false)),
            "{tool}"
        );
        assert_eq!(tool["inputSchema"]["additionalProperties"], false);
    }
    client.end();
}

#[test]
fn all_tools_answer_without_a_key_and_no_byte_changes() {
    let evidence = Evidence::new();
    let before = evidence.bytes();
    let mut client = evidence.client(None);
    let key = evidence.key_line.as_str();

    let verdict = client.good("verify_log", &json!({"path": "audit"}));
    assert_eq!(verdict["verified_against"]["independent"], false);
    let note = verdict["verified_against"]["note"].as_str().unwrap();
    assert!(note.contains("proves nothing"), "{note}");
    assert_eq!(
        verdict["report"]["verdict"]["integrity"]["status"],
        "verified"
    );
    assert_eq!(
        verdict["report"]["verdict"]["attribution"]["status"],
        "unverified"
    );
    assert_eq!(verdict["exit"], 3);

    let verdict = client.good("verify_log", &json!({"path": "audit", "key": key}));
    assert_eq!(
        verdict["report"]["verdict"]["attribution"]["status"],
        "verified"
    );
    assert_eq!(verdict["verified_against"]["pins"][0]["from"], "caller");
    assert_eq!(verdict["verified_against"]["pins"][0]["key"], key);

    let told = client.good("explain_verdict", &json!({"path": "audit"}));
    let questions = told["verdict"].as_array().unwrap();
    assert_eq!(questions.len(), 5);
    assert!(
        questions[1]["settles"]
            .as_str()
            .unwrap()
            .contains("log.pub")
    );

    let counts = client.good("statistics", &json!({"path": "audit"}));
    assert_eq!(
        (&counts["kinds"]["decision"], &counts["models"]["m"]),
        (&json!(5), &json!(5))
    );

    let proof = client.good("prove", &json!({"path": "audit", "receipt": "3"}));
    let text = proof["proof"].as_str().unwrap();
    let verdict = client.good("verify_receipt", &json!({"proof": text, "key": key}));
    assert_eq!(
        verdict["report"]["verdict"]["attribution"]["status"],
        "verified"
    );
    std::fs::write(evidence.root().join("3.proof"), text).unwrap();
    let verdict = client.good("verify_receipt", &json!({"path": "3.proof"}));
    assert_eq!(verdict["verified_against"]["independent"], false);
    let forged = text.replacen('A', "B", 1);
    let verdict = client.good("verify_receipt", &json!({"proof": forged, "key": key}));
    assert_eq!(verdict["exit"], 1, "{verdict}");

    let all = client.good("list_controls", &json!({}));
    let first = all["catalogues"][0]["id"].clone();
    let one = client.good("list_controls", &json!({"framework": first}));
    assert!(!one["controls"].as_array().unwrap().is_empty());
    client.end();

    for (path, bytes) in before {
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{}", path.display());
    }
}

#[test]
fn the_server_s_own_pin_is_named_as_such() {
    let evidence = Evidence::new();
    let mut client = evidence.client(Some(&evidence.key_line));
    let verdict = client.good("verify_log", &json!({"path": "audit"}));
    let against = &verdict["verified_against"];
    assert_eq!(
        (&against["independent"], &against["pins"][0]["from"]),
        (&json!(true), &json!("server"))
    );
    assert_eq!(
        verdict["report"]["verdict"]["attribution"]["status"],
        "verified"
    );
    // Somebody else's key is no key of this log.
    let other = Evidence::new().key_line;
    let verdict = client.good("verify_log", &json!({"path": "audit", "key": other}));
    assert_eq!(verdict["exit"], 1);
    client.end();
}

#[test]
fn a_receipt_behind_the_last_checkpoint_is_not_proved_since_nothing_is_signed() {
    let evidence = Evidence::new();
    let mut client = evidence.client(None);
    let size = client.good("statistics", &json!({"path": "audit"}))["receipts"]
        .as_u64()
        .unwrap();
    let told = client.bad(
        "prove",
        &json!({"path": "audit", "receipt": size.to_string()}),
    );
    assert!(told.contains("has none of this name"), "{told}");
    client.end();
}
