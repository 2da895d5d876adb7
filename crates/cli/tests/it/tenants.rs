//! Several logs in one directory.

use crate::run::Place;

#[test]
fn a_tenant_picks_the_log() {
    let place = Place::new();
    let done = place.record("{\"tenant\":\"acme\",\"input\":\"a\"}\n{\"input\":\"b\"}\n{\"tenant\":\"acme\",\"input\":\"c\"}\n");
    assert!(
        done.out.contains("Opened log acme") && done.out.contains("acme/log.pub"),
        "{}",
        done.out
    );
    let info = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(info["logs"].as_array().unwrap().len(), 2);
    let origin = info["logs"][0]["origin"].as_str().unwrap();
    assert!(origin.starts_with("example.org/test/acme/"), "{origin}");
    let log = place
        .run(&[
            "log", "audit", "--log", "acme", "--kind", "decision", "--json",
        ])
        .good()
        .json();
    assert_eq!(log.as_array().unwrap().len(), 2);
    // Each log has its own key line, and it is for no other.
    let verify = |key: &str, log: &str| {
        place
            .run(&[
                "verify",
                "audit",
                "--key",
                key,
                "--log",
                log,
                "--require",
                "integrity,attribution",
            ])
            .code
    };
    assert_eq!(
        (
            verify("audit/acme/log.pub", "acme"),
            verify("audit/log.pub", "default")
        ),
        (0, 0)
    );
    assert_eq!(
        (
            verify("audit/log.pub", "acme"),
            verify("audit/acme/log.pub", "default")
        ),
        (1, 1)
    );
    let both = place.run(&[
        "verify",
        "audit",
        "--key",
        "audit/log.pub",
        "--key",
        "audit/acme/log.pub",
        "--size",
        "3",
        "--json",
    ]);
    assert_eq!(
        (both.code, both.json()["logs"].as_array().unwrap().len()),
        (0, 2),
        "{}",
        both.out
    );
    let one = place.run(&["verify", "audit", "--key", "audit/log.pub", "--size", "3"]);
    assert!(one.code == 0 && one.err.contains("acme"), "{}", one.err);
    place
        .run(&["export", "audit", "--tenant", "acme", "-o", "acme.zip"])
        .good();
    let code = place
        .run(&[
            "verify",
            "acme.zip",
            "--key",
            "audit/acme/log.pub",
            "--size",
            "3",
        ])
        .code;
    assert_eq!(code, 0);
}

#[test]
fn tenants_that_cannot_be_logs() {
    let place = Place::new();
    std::fs::write(place.path("t.jsonl"), "{\"tenant\":\"ACME Ltd\"}\n").unwrap();
    let done = place.run(&["record", "audit", "t.jsonl"]);
    assert!(
        done.code == 1 && done.err.contains("line 1") && done.err.contains("ACME Ltd"),
        "{}",
        done.err
    );
    std::fs::write(place.path("t.jsonl"), "{\"tenant\":\"acme\"}\n").unwrap();
    let done = place.with(
        &["record", "audit", "t.jsonl"],
        &[("AI_AUDIT_CREATE_LOGS", "false")],
        "",
    );
    assert!(
        done.code == 1 && done.err.contains("ai-audit init audit --log acme"),
        "{}",
        done.err
    );
    place
        .run(&["init", "audit", "--log", "acme", "--tenant", "ACME Ltd"])
        .good();
    place
        .with(
            &["record", "audit", "t.jsonl"],
            &[("AI_AUDIT_CREATE_LOGS", "false")],
            "",
        )
        .good();
}
