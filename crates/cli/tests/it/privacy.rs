//! Personal data: recorded with a policy, revealed, erased, as a new user would try it.

use crate::run::{Done, Place};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

pub(crate) const LINES: &str = r#"{"subject":"person-7","input":"I am alice@example.com, refund 4242 4242 4242 4242","output":"Done, alice@example.com."}
{"subject":"person-8","input":"call me at +49 30 901820","output":"We will."}
"#;

/// A log with two decisions about two persons: receipts 0 to 5, the decisions are 3 and 4.
pub(crate) fn kept() -> Place {
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

pub(crate) fn decisions(place: &Place) -> Vec<u64> {
    let found = place
        .run(&["log", "audit", "--kind", "decision", "--reverse", "--json"])
        .good()
        .json();
    let found = found.as_array().unwrap().iter();
    found.map(|one| one["seq"].as_u64().unwrap()).collect()
}

pub(crate) fn show(place: &Place, seq: u64) -> Value {
    place
        .run(&["show", "audit", &seq.to_string(), "--json"])
        .good()
        .json()
}

pub(crate) fn shred(place: &Place, subjects: &[&str]) -> Done {
    let mut args = vec!["shred", "audit"];
    args.extend(subjects);
    args.extend(["--reason", "request 31", "--json"]);
    place.run(&args)
}

/// All is verified but for what nobody can see: nothing fails.
pub(crate) fn holds(place: &Place) {
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

/// Exit code and answer where the erasure of one subject is asked for.
fn erasure(place: &Place, subject: &str) -> (i32, String) {
    let done = place.run(&[
        "verify",
        "audit",
        "--key",
        "audit/log.pub",
        "--size",
        "1",
        "--subject",
        subject,
        "--require",
        "integrity,attribution,completeness,erasure",
        "--json",
    ]);
    let status = done.json()["verdict"]["erasure"]["status"].clone();
    (done.code, status.as_str().unwrap().into())
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

    assert_eq!(erasure(&place, "person-7"), (3, "unverified".into()));
    let done = shred(&place, &["person-7"]).good().json();
    assert_eq!(done["ciphertexts"], 1);
    assert_eq!(
        (&done["kept_in_the_clear"], &done["plain_digests"]),
        (&1.into(), &0.into())
    );
    holds(&place);
    // The keys are at hand: none of his is left.
    assert_eq!(erasure(&place, "person-7"), (0, "verified".into()));
    assert_eq!(erasure(&place, "person-8"), (3, "unverified".into()));
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
    let again = shred(&place, &["person-7"]).good().json();
    assert_eq!(again["already_erased"][0][1], done["completed"][0]);
    let unknown = shred(&place, &["person-9"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.json()["error"]
            .to_string()
            .contains("no key is held for person-9")
    );

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

/// A26: what cannot be finished is not begun, so that everything else can still be recorded.
#[test]
fn a26_a_wrong_passphrase_or_a_damaged_key_stops_no_record() {
    let place = Place::empty();
    let with = |args: &[&str], passphrase: &str| {
        place.with(args, &[("AI_AUDIT_KEK_PASSPHRASE", passphrase)], "")
    };
    place
        .run(&["init", "audit", "--name", "example.org/p"])
        .good();
    place.write("lines", LINES);
    let record = ["record", "audit", "lines", "--keep-encrypted", "input"];
    with(&record, "right").good();
    let before = place.receipts();
    let shred = ["shred", "audit", "person-7", "--reason", "r"];
    let error = with(&shred, "wrong");
    assert!(
        error.code != 0 && error.err.contains("passphrase"),
        "{}",
        error.err
    );
    let requests = ["log", "audit", "--kind", "erasure_requested", "--json"];
    assert_eq!(place.run(&requests).good().json(), Value::Array(Vec::new()));
    place.write("nobody", "{\"input\":\"a\"}\n");
    place.run(&["record", "audit", "nobody"]).good();
    assert!(place.receipts() > before);
    // Another person's row is damaged.
    let keys = place.path("audit/keys/subjects.db");
    let connection = rusqlite::Connection::open(keys).unwrap();
    let flip = "UPDATE keys SET wrapped = zeroblob(length(wrapped)) WHERE subject = 'person-8'";
    assert_eq!(connection.execute(flip, []).unwrap(), 1);
    drop(connection);
    let error = with(&shred, "right");
    assert!(
        error.code == 1 && error.err.contains("person-8"),
        "{}",
        error.err
    );
    with(&["record", "audit", "nobody"], "right").good();
    // He can be erased with him.
    let both = ["shred", "audit", "person-7", "person-8", "--reason", "r"];
    with(&both, "right").good();
    holds(&place);
}

/// What the messages and the guide say of lost keys and restored logs ends in a log that holds.
#[test]
fn lost_keys_are_recorded_as_gone() {
    let again = ["record", "audit", "lines", "--keep-encrypted", "input"];
    let lost = [
        "shred",
        "audit",
        "--lost-keys",
        "--reason",
        "disk lost",
        "--json",
    ];
    // The key-encryption key is lost.
    let place = kept();
    std::fs::remove_file(place.path("audit/keys/kek")).unwrap();
    let error = place.run(&again);
    assert!(
        error.code != 0 && error.err.contains("--lost-keys"),
        "{}",
        error.err
    );
    std::fs::remove_file(place.path("audit/keys/subjects.db")).unwrap();
    let done = place.run(&lost).good().json();
    assert_eq!(done["subjects"].as_array().unwrap().len(), 2);
    place.run(&again).good();
    holds(&place);
    assert_eq!(erasure(&place, "person-7"), (0, "verified".into()));
    let none = place.run(&lost);
    assert!(
        none.code == 2 && none.out.contains("none is lost"),
        "{}",
        none.out
    );
    // The log is from before an erasure, its keys from after it.
    let place = kept();
    std::fs::copy(place.path("audit/audit.db"), place.path("copy.db")).unwrap();
    shred(&place, &["person-7"]).good();
    for file in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        let _ = std::fs::remove_file(place.path("audit").join(file));
    }
    std::fs::copy(place.path("copy.db"), place.path("audit/audit.db")).unwrap();
    let done = place.run(&lost).good().json();
    assert_eq!(done["subjects"][0]["subject"], "person-7");
    place.run(&again).good();
    holds(&place);
    assert_eq!(erasure(&place, "person-7"), (0, "verified".into()));
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
