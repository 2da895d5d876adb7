//! Personal data: recorded with a policy, revealed, erased, as a new user would try it.

use crate::run::{Done, Place};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const LINES: &str = r#"{"subject":"person-7","input":"I am alice@example.com, refund 4242 4242 4242 4242","output":"Done, alice@example.com."}
{"subject":"person-8","input":"call me at +49 30 901820","output":"We will."}
"#;

/// A log with two decisions about two persons: receipts 0 to 5, the decisions are 3 and 4.
fn kept() -> Place {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    place.write("lines", LINES);
    let keep = ["--keep", "output", "--keep-encrypted", "input"];
    let mut args = vec!["record", "audit", "lines"];
    args.extend(keep);
    place.run(&args).good();
    place
}

fn decisions(place: &Place) -> Vec<u64> {
    let found = place
        .run(&["log", "audit", "--kind", "decision", "--reverse", "--json"])
        .good()
        .json();
    let found = found.as_array().unwrap().iter();
    found.map(|one| one["seq"].as_u64().unwrap()).collect()
}

fn show(place: &Place, seq: u64) -> Value {
    place
        .run(&["show", "audit", &seq.to_string(), "--json"])
        .good()
        .json()
}

fn shred(place: &Place, subjects: &[&str]) -> Done {
    let mut args = vec!["shred", "audit"];
    args.extend(subjects);
    args.extend(["--reason", "request 31", "--json"]);
    place.run(&args)
}

/// All is verified but for what nobody can see: nothing fails.
fn holds(place: &Place) {
    place
        .run(&[
            "verify",
            "audit",
            "--key",
            "audit/log.pub",
            "--size",
            "1",
            "--json",
        ])
        .good();
}

/// Whether a text is anywhere in the files below a folder.
fn is_in(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_in(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[test]
fn the_whole_way_from_record_to_erasure() {
    let place = kept();
    let [first, second] = decisions(&place)[..] else {
        panic!("two decisions");
    };
    holds(&place);
    for value in ["alice@", "4242 4242", "30 901820"] {
        assert!(!is_in(&place.path("audit"), value), "{value}");
    }
    let body = &show(&place, first)["body"];
    assert_eq!(body["redactions"][0]["kind"], "CREDIT_CARD");
    assert_eq!(body["redactions"].as_array().unwrap().len(), 3);
    let kept = body["kept"].as_array().unwrap();
    assert!(
        kept.iter()
            .any(|text| text.to_string().contains("Done, [EMAIL]."))
    );

    let list = place.run(&["subject", "list", "audit", "--json"]).good();
    let list = list.json();
    assert_eq!(list[0]["subject"], "person-7");
    assert_eq!(
        (&list[0]["receipts"], &list[0]["encrypted"]),
        (&1.into(), &1.into())
    );

    let seq = first.to_string();
    let reveal = |field: &str| {
        place.run(&[
            "reveal",
            "audit",
            &seq,
            field,
            "--actor",
            "officer-2",
            "--purpose",
            "complaint 31",
            "--json",
        ])
    };
    let shown = reveal("input").good().json();
    assert_eq!(
        shown["text"],
        "I am alice@example.com, refund 4242 4242 4242 4242"
    );
    assert_eq!(shown["is_recorded"], true);
    let access = show(&place, shown["access"].as_u64().unwrap());
    assert_eq!(access["kind"], "access");
    assert_eq!(access["actor_id"], "officer-2");
    assert_eq!(access["body"]["outcome"], "disclosed");
    assert_eq!(access["body"]["purpose"], "complaint 31");
    let clear = reveal("output").json();
    assert_eq!(clear["exit"], 2);
    assert!(clear.to_string().contains("in the clear"), "{clear}");
    let none = reveal("result").json();
    assert!(none.to_string().contains("input, output"), "{none}");

    let done = shred(&place, &["person-7"]).good().json();
    assert_eq!(done["ciphertexts"], 1);
    holds(&place);
    let refused = reveal("input");
    assert_eq!(refused.code, 1, "{}", refused.out);
    let refused = refused.json();
    assert_eq!(refused["text"], Value::Null);
    assert!(refused["error"].as_str().unwrap().contains("destroyed"));
    let access = show(&place, refused["access"].as_u64().unwrap());
    assert_eq!(access["body"]["outcome"], "erased");
    // The other one's stays.
    let other = place
        .run(&["reveal", "audit", &second.to_string(), "input"])
        .good();
    assert!(
        other.out.starts_with("call me at +49 30 901820\n"),
        "{}",
        other.out
    );

    let held = place
        .run(&["subject", "show", "audit", "person-7", "--json"])
        .good()
        .json();
    assert_eq!(held["key"], Value::Null);
    assert_eq!(held["receipts"][0]["texts"]["input"], "erased");
    assert_eq!(held["erasures"][0]["completed"], done["completed"][0]);
    assert_eq!(held["accesses"].as_array().unwrap().len(), 2);
    // What his texts were digested under is gone with the key.
    let error = place.run(&["prove", "audit", &seq, "--disclose", "input", "-o", "p"]);
    let error = error.sentence(1);
    assert!(error.contains("was destroyed"), "{error}");
    // Once is enough.
    let again = shred(&place, &["person-7"]);
    assert_eq!(again.code, 1);
    assert!(again.json()["error"].to_string().contains("no key is held"));

    // Who comes again has a new key, and his new texts can be read.
    place
        .run(&["record", "audit", "lines", "--keep-encrypted", "input"])
        .good();
    let new = decisions(&place)[2].to_string();
    place.run(&["reveal", "audit", &new, "input"]).good();
    let error = place.run(&["prove", "audit", &seq, "--disclose", "input", "-o", "p"]);
    assert!(error.sentence(1).contains("was destroyed"));
    place
        .run(&[
            "prove",
            "audit",
            &new,
            "--disclose",
            "input",
            "-o",
            "new.proof",
        ])
        .good();
    place.write("q", "I am alice@example.com, refund 4242 4242 4242 4242");
    place
        .run(&[
            "verify",
            "new.proof",
            "--key",
            "audit/log.pub",
            "--text",
            "input=q",
        ])
        .good();
    holds(&place);
}

#[test]
fn everything_on_a_person_for_the_person() {
    let place = kept();
    place
        .run(&[
            "subject",
            "export",
            "audit",
            "person-7",
            "-o",
            "person.json",
        ])
        .good();
    let text = std::fs::read_to_string(place.path("person.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(all["receipts"].as_array().unwrap().len(), 1);
    let texts = &all["receipts"][0]["texts"];
    assert_eq!(
        texts["input"]["text"],
        "I am alice@example.com, refund 4242 4242 4242 4242"
    );
    assert_eq!(texts["output"]["text"], "Done, [EMAIL].");
    let access = show(&place, all["access"].as_u64().unwrap());
    assert_eq!(access["body"]["receipt"], Value::Null);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.path("person.json")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }
    let before = place.receipts();
    let error = place.run(&["subject", "export", "audit", "nobody", "-o", "n.json"]);
    assert!(error.sentence(2).contains("holds nothing on \"nobody\""));
    let error = place.run(&[
        "subject",
        "export",
        "audit",
        "person-7",
        "-o",
        "person.json",
    ]);
    assert!(error.sentence(2).contains("exists already"));
    assert_eq!(place.receipts(), before);
    assert!(!place.path("n.json").exists());
}

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
            error.contains("bad: redaction policy") && error.contains("\"X\", pattern"),
            "{error}"
        );
    }
    assert!(!place.path("other").exists());
    let error = place.run(&["policy", "change", "audit", "--entry", "retention-days=1"]);
    assert!(error.sentence(1).contains("only a genesis"));
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

/// A28: a copy of the key database from before an erasure opens nothing, and says so.
#[test]
fn a28_a_copy_of_the_keys_from_before_an_erasure_is_dead() {
    let place = kept();
    let keys = place.path("audit/keys/subjects.db");
    std::fs::copy(&keys, place.path("copy.db")).unwrap();
    shred(&place, &["person-7"]).good();
    std::fs::copy(place.path("copy.db"), &keys).unwrap();
    let seq = decisions(&place)[0].to_string();
    for args in [
        &["reveal", "audit", &seq, "input"][..],
        &["record", "audit", "lines", "--keep-encrypted", "input"],
        &["shred", "audit", "person-8", "--reason", "r"],
    ] {
        let done = place.run(args);
        assert!(done.code != 0, "{args:?}: {}", done.out);
        assert!(
            done.err.contains("before an erasure"),
            "{args:?}: {}",
            done.err
        );
    }
}

/// A26, A31: an erasure that is killed at any moment is whole or not there when the log is next
/// written to.
#[test]
fn a26_an_erasure_that_is_killed_is_finished_later() {
    for round in 0..12_u64 {
        let place = kept();
        let mut child = place
            .command(&["shred", "audit", "person-7", "--reason", "r", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 4));
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
        place.run(&["record", "audit", "lines"]).good();
        holds(&place);
        let held = place
            .run(&["subject", "show", "audit", "person-7", "--json"])
            .good()
            .json();
        let seq = decisions(&place)[0].to_string();
        let shown = place.run(&["reveal", "audit", &seq, "input"]);
        match held["erasures"].as_array().unwrap().len() {
            0 => assert_eq!(shown.code, 0, "round {round}: {}", shown.err),
            _ => {
                assert!(
                    held["erasures"][0]["completed"].is_u64(),
                    "round {round}: {held}"
                );
                assert!(shown.sentence(1).contains("destroyed"), "round {round}");
            }
        }
        holds(&place);
    }
}

#[test]
fn shredding_asks_for_what_it_needs() {
    let place = kept();
    let before = place.receipts();
    for (args, said) in [
        (&["shred", "audit", "person-7"][..], "--reason"),
        (&["shred", "audit", "--reason", "r"], "SUBJECTS"),
        (&["shred", "audit", "", "--reason", "r"], "--log-itself"),
        (&["shred", "audit", "person-7", "--reason", " "], "--reason"),
    ] {
        let done = place.run(args);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(said), "{}", done.err);
    }
    assert_eq!(place.receipts(), before);
    place.write("persons", "person-7\nperson-8\n\n");
    let done = place
        .run(&[
            "shred", "audit", "--file", "persons", "--reason", "r", "--json",
        ])
        .good()
        .json();
    assert_eq!(done["subjects"].as_array().unwrap().len(), 2);
    assert_eq!(done["completed"].as_array().unwrap().len(), 1);
    holds(&place);
}
