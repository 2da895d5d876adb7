//! One clear sentence and the exit code.

use crate::run::{Place, lines};

/// The sentence of a failing command.
fn sentence(place: &Place, code: i32, args: &[&str]) -> String {
    let done = place.run(args);
    assert_eq!(done.code, code, "{args:?}: {}{}", done.out, done.err);
    assert!(
        done.err.starts_with("error: ") && done.err.trim_end().lines().count() == 1,
        "{}",
        done.err
    );
    done.err
}

fn size(place: &Place) -> u64 {
    place.run(&["info", "audit", "--json"]).good().json()["store"]["receipts"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_bad_line_stops_before_anything_is_written() {
    let place = Place::new();
    let before = size(&place);
    let text = lines(3) + "{\"actoin\":\"allow\"}\n" + &lines(1);
    std::fs::write(place.path("bad.jsonl"), &text).unwrap();
    let said = sentence(&place, 1, &["record", "audit", "bad.jsonl"]);
    assert!(
        said.contains("line 4") && said.contains("actoin") && said.contains("nothing was recorded"),
        "{said}"
    );
    assert_eq!(size(&place), before);
    let skipped = place
        .run(&["record", "audit", "bad.jsonl", "--skip-invalid"])
        .good();
    assert!(
        skipped.err.contains("line 4") && skipped.out.contains("Skipped 1"),
        "{}{}",
        skipped.out,
        skipped.err
    );
    // Start, four decisions, stop.
    assert_eq!(size(&place), before + 6);
}

#[test]
fn wrong_directories_and_files() {
    let place = Place::new();
    std::fs::create_dir(place.path("empty")).unwrap();
    for command in [
        &["log", "empty"][..],
        &["verify", "empty"],
        &["record", "empty"],
        &["log", "missing"],
        &["export", "empty", "-o", "x.zip"],
    ] {
        assert!(
            sentence(&place, 2, command).contains("no log directory"),
            "{command:?}"
        );
    }
    assert!(sentence(&place, 2, &["verify", "missing.zip"]).contains("missing.zip"));
    assert!(sentence(&place, 2, &["record", "audit", "missing.jsonl"]).contains("missing.jsonl"));
    assert!(sentence(&place, 2, &["log", "audit", "--log", "other"]).contains("it has default"));
    assert!(sentence(&place, 2, &["verify", "audit", "--key", "nonsense"]).contains("nonsense"));
    assert!(
        sentence(
            &place,
            2,
            &["verify", "audit", "--checkpoint", "audit/log.pub"]
        )
        .contains("log.pub")
    );
    assert!(sentence(&place, 2, &["init", "audit"]).contains("exists already"));
    assert!(sentence(&place, 2, &["init", "new", "--name", "a b"]).contains("name"));
    assert!(!place.path("new").exists());
    assert_eq!(place.run(&["frobnicate"]).code, 2);
    let json = place.run(&["log", "missing", "--json"]);
    assert_eq!((json.code, &json.json()["exit"]), (2, &2.into()));
}

#[test]
fn what_is_no_evidence_fails() {
    let place = Place::new();
    std::fs::write(place.path("text.zip"), "this is no archive").unwrap();
    let done = place.run(&["verify", "text.zip"]);
    assert_eq!(done.code, 1);
    assert!(done.out.contains("is no evidence"), "{}", done.out);
    let json = place.run(&["verify", "text.zip", "--json"]).json();
    assert_eq!(
        (&json["verdict"]["integrity"]["status"], &json["exit"]),
        (&"failed".into(), &1.into())
    );
    std::fs::write(place.path("cut.zip"), b"PK\x03\x04 and nothing").unwrap();
    let done = place.run(&["verify", "cut.zip"]);
    assert!(
        done.code == 1 && done.out.contains("archive refused"),
        "{}",
        done.out
    );
    std::fs::write(place.path("r.bin"), b"ai-audit/receipts/v1\n\x00\x05abc").unwrap();
    let done = place.run(&["verify", "r.bin"]);
    assert!(
        done.code == 1 && done.out.contains("at byte 23"),
        "{}",
        done.out
    );
}

#[test]
fn a_locked_log() {
    let place = Place::new();
    let lock = ai_audit_store::WriterLock::acquire(&place.path("audit/audit.lock")).unwrap();
    std::fs::write(place.path("one.jsonl"), lines(1)).unwrap();
    let said = sentence(&place, 1, &["record", "audit", "one.jsonl"]);
    assert!(said.contains("locked by another writer"), "{said}");
    // Reading needs no lock.
    place.run(&["log", "audit"]).good();
    place.run(&["checkpoint", "audit"]).good();
    drop(lock);
    place.run(&["record", "audit", "one.jsonl"]).good();
}

#[test]
fn hostile_texts_do_not_reach_the_terminal() {
    let place = Place::new();
    place.record("{\"model\":\"\\u001b[31mred\\u202e\",\"trace_id\":\"\\u001b]0;x\\u0007\",\"actor\":\"\\u001b[2J\"}\n");
    for command in [
        &["log", "audit"][..],
        &["show", "audit", "16"],
        &["stats", "audit"],
    ] {
        let out = place.run(command).good().out;
        assert!(
            !out.contains('\x1b') && !out.contains('\u{202e}'),
            "{out:?}"
        );
    }
}
