//! Redaction policies in the log: what is put in the place of personal data when records are sealed.

use crate::privacy::{LINES, decisions, holds, kept, show, shred};
use crate::run::Place;

#[test]
fn values_that_were_encrypted_one_by_one_go_back() {
    let place = Place::empty();
    let policy =
        r#"{"version":1,"default":"redact","kinds":{"EMAIL":"encrypt","CREDIT_CARD":"encrypt"}}"#;
    place.write("redaction.json", policy);
    place
        .run(&["init", "audit", "--redaction", "redaction.json"])
        .good();
    place.write("lines", LINES);
    place
        .run(&["record", "audit", "lines", "--keep", "input,output"])
        .good();
    let first = decisions(&place)[0];
    let body = show(&place, first)["body"].to_string();
    assert!(
        body.contains("I am [EMAIL#1], refund [CREDIT_CARD#2]"),
        "{body}"
    );
    let seq = first.to_string();
    let shown = place
        .run(&["reveal", "audit", &seq, "input", "--json"])
        .good()
        .json();
    assert_eq!(
        shown["text"],
        "I am alice@example.com, refund 4242 4242 4242 4242"
    );
    assert_eq!(shown["is_recorded"], true);
    shred(&place, &["person-7"]).good();
    let refused = place.run(&["reveal", "audit", &seq, "input"]);
    assert!(refused.sentence(1).contains("destroyed"));
    // What is left in the clear stays readable.
    assert!(
        show(&place, first)["body"]
            .to_string()
            .contains("[EMAIL#1]")
    );
    holds(&place);
}

/// With rules that nobody can read a log fails from there on, whatever is put in force later.
#[test]
fn rules_for_approvals_that_are_none_are_refused_before_they_are_sealed() {
    let place = Place::empty();
    let init = place.run(&["init", "no", "--policy", "approvals=hello"]);
    assert!(init.sentence(2).contains("policy entry approvals"));
    assert!(!place.path("no/audit.db").exists());
    place.run(&["init", "audit"]).good();
    let key = "ab".repeat(32);
    for (rule, told) in [
        (
            "{\"pay\":{\"keys\":[\"zz\"],\"needed\":1}}".to_owned(),
            "pay",
        ),
        (
            format!("{{\"pay\":{{\"keys\":[\"{key}\"],\"needed\":2}}}}"),
            "pay",
        ),
        ("[]".to_owned(), "approvals"),
    ] {
        let entry = format!("approvals={rule}");
        let change = [
            "policy", "change", "audit", "--reason", "x", "--entry", &entry,
        ];
        let done = place.run(&change);
        let said = done.sentence(2);
        assert!(said.contains(told), "{said}");
    }
    let none = [
        "policy",
        "change",
        "audit",
        "--reason",
        "x",
        "--entry",
        "approvals={}",
    ];
    place.run(&none).good();
    holds(&place);
}

/// Outputs go beside what a log directory is made of, not in its place.
#[test]
fn an_entry_that_stands_twice_is_refused_before_anything_is_made() {
    let place = Place::empty();
    let twice = [
        "init", "audit", "--policy", "owner=a", "--policy", "owner=b",
    ];
    assert!(
        place
            .run(&twice)
            .sentence(2)
            .contains("policy entry owner: it stands twice")
    );
    assert!(!place.path("audit/audit.db").exists());
    place
        .run(&[
            "init", "audit", "--policy", "owner=a", "--policy", "owner=a",
        ])
        .good();
    let change = [
        "policy", "change", "audit", "--reason", "r", "--entry", "owner=b",
    ];
    let twice = [&change[..], &["--remove", "owner"]].concat();
    assert!(
        place
            .run(&twice)
            .sentence(2)
            .contains("policy entry owner: it stands twice")
    );
    let fixed = [
        "policy",
        "change",
        "audit",
        "--reason",
        "r",
        "--entry",
        "retention-days=3",
    ];
    assert!(
        place
            .run(&fixed)
            .sentence(2)
            .contains("only a genesis can set")
    );
    place.run(&change).good();
    holds(&place);
}

/// An entry without a value is none, in the first receipt as in a later one.
#[test]
fn an_empty_entry_is_none() {
    let place = Place::empty();
    place.write("lines", LINES);
    let init = [
        "init",
        "audit",
        "--policy",
        "redaction=",
        "--policy",
        "approvals=",
    ];
    place.run(&init).good();
    place.run(&["record", "audit", "lines"]).good();
    let change = ["policy", "change", "audit", "--entry", "owner=risk"];
    place
        .run(&[&change[..], &["--reason", "named"]].concat())
        .good();
    holds(&place);
}

#[test]
fn no_output_replaces_the_log() {
    let place = Place::empty();
    place.run(&["init", "audit"]).good();
    for file in ["audit.db", "keys/receipt.pem", "ai-audit.toml", "log.pub"] {
        let path = format!("audit/{file}");
        let before = std::fs::read(place.path(&path)).unwrap();
        let done = place.run(&["checkpoint", "audit", "-o", &path, "--force"]);
        assert!(done.sentence(2).contains("part of the log directory"));
        assert_eq!(std::fs::read(place.path(&path)).unwrap(), before);
    }
    // Nor a key that is kept elsewhere.
    #[cfg(unix)]
    {
        let (key, elsewhere) = (place.path("audit/keys/receipt.pem"), place.path("kept.pem"));
        std::fs::rename(&key, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &key).unwrap();
        let before = std::fs::read(&elsewhere).unwrap();
        let args = [
            "checkpoint",
            "audit",
            "-o",
            "audit/keys/receipt.pem",
            "--force",
        ];
        let done = place.run(&args);
        assert!(done.sentence(2).contains("part of the log directory"));
        assert_eq!(std::fs::read(&elsewhere).unwrap(), before);
        std::fs::remove_file(&key).unwrap();
        std::fs::rename(&elsewhere, &key).unwrap();
    }
    place.write("elsewhere.kek", "ai-audit/kek/v1\nid 00\n");
    let kek = ["checkpoint", "audit", "-o", "elsewhere.kek", "--force"];
    assert!(place.run(&kek).sentence(2).contains("key-encryption key"));
    let note = ["checkpoint", "audit", "-o", "audit/latest.note", "--force"];
    place.run(&note).good();
    place.run(&note).good();
    holds(&place);
}

#[test]
fn pseudonyms_are_the_same_within_a_log_and_others_in_another() {
    let place = Place::empty();
    place.write("policy", r#"{"version":1,"default":"pseudonymize"}"#);
    place.write("lines", &LINES.repeat(2));
    let mut tokens = Vec::new();
    for log in ["default", "acme"] {
        place
            .run(&["init", "audit", "--log", log, "--redaction", "policy"])
            .good();
        place
            .run(&["record", "audit", "lines", "--log", log, "--keep", "output"])
            .good();
        let all = place
            .run(&["log", "audit", "--log", log, "--kind", "decision", "--json"])
            .good()
            .json();
        for one in all.as_array().unwrap() {
            let seq = one["seq"].to_string();
            let shown = place
                .run(&["show", "audit", &seq, "--log", log, "--json"])
                .good()
                .json();
            let body = shown["body"]["kept"].to_string();
            if let Some(at) = body.find("[EMAIL:") {
                tokens.push(body[at..at + 24].to_owned());
            }
        }
    }
    let [a, b, c, d] = &tokens[..] else {
        panic!("{tokens:?}");
    };
    assert_eq!(a, b);
    assert_eq!(c, d);
    assert_ne!(a, c);
}

#[test]
fn the_policy_in_force_is_in_the_log() {
    let place = kept();
    let shown = place
        .run(&["policy", "show", "audit", "--json"])
        .good()
        .json();
    assert_eq!(
        shown["redaction"],
        r#"{"custom":[],"default":"redact","kinds":{},"version":1}"#
    );
    place.write("mask", r#"{"version":1,"default":"mask"}"#);
    place
        .run(&[
            "policy",
            "change",
            "audit",
            "--redaction",
            "mask",
            "--reason",
            "shown a little",
        ])
        .good();
    place
        .run(&["record", "audit", "lines", "--keep", "output"])
        .good();
    let seq = decisions(&place)[2];
    let body = show(&place, seq)["body"].to_string();
    assert!(body.contains("a***@e***.com"), "{body}");
    // Given with what is recorded it is put in force first, once.
    place.write("off", r#"{"version":1,"default":"off"}"#);
    for _ in 0..2 {
        place
            .run(&[
                "record",
                "audit",
                "lines",
                "--keep",
                "output",
                "--redaction",
                "off",
            ])
            .good();
    }
    let changes = place
        .run(&["log", "audit", "--kind", "policy", "--json"])
        .good()
        .json();
    assert_eq!(changes.as_array().unwrap().len(), 2);
    let body = show(&place, *decisions(&place).last().unwrap() - 1)["body"].to_string();
    assert!(body.contains("alice@example.com"), "{body}");
    holds(&place);

    place.write(
        "bad",
        r#"{"version":1,"default":"redact","custom":[{"name":"X","pattern":"("}]}"#,
    );
    for args in [
        &["policy", "change", "audit", "--redaction", "bad"][..],
        &["record", "audit", "lines", "--redaction", "bad"],
        &["init", "other", "--redaction", "bad"],
    ] {
        let error = place.run(args).sentence(2).to_owned();
        assert!(
            error.contains("bad: redaction policy, custom kind \"X\", pattern: "),
            "{error}"
        );
    }
    assert!(!place.path("other").exists());
    let error = place.run(&["policy", "change", "audit", "--entry", "retention-days=1"]);
    assert!(error.sentence(2).contains("only a genesis"));
}

#[test]
fn a_person_s_name_is_no_pseudonym() {
    let place = Place::new();
    place.write("lines", "{\"subject\":\"alice@example.com\"}\n");
    let error = place.run(&["record", "audit", "lines"]);
    let error = error.sentence(1);
    assert!(
        error.contains("line 1: field `subject`") && error.contains("nothing was recorded"),
        "{error}"
    );
    assert!(!error.contains("alice"));
}
