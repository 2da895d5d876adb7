//! A104: what a hostile member sends to the fleet's keeper, and what it must not reach.

use crate::fleet::{collect, copy, evidence, fleet, log, member, record, verify};
use crate::run::Place;
use std::fs;

/// A member of which there is no checkpoint yet, so that its first note is taken without a proof.
fn with_far() -> Place {
    let place = fleet();
    log(&place, "far");
    place
        .run(&["fleet", "add", "fleet", "far/log.pub", "--every", "1h"])
        .good();
    place
}

/// A checkpoint of a log, under which stands another signature of so many bytes.
fn padded(place: &Place, log: &str, bytes: usize) {
    let file = format!("{log}.padded");
    let _ = fs::remove_file(place.path(&file));
    place.run(&["checkpoint", log, "-o", &file]).good();
    let mut note = fs::read_to_string(place.path(&file)).unwrap();
    note.push_str(&format!("— example.org/pad {}\n", "AAAA".repeat(bytes / 3)));
    place.write(&file, &note);
}

/// One file, folder or log of somebody's that is broken: his alone is not taken.
#[test]
fn a104_what_is_broken_keeps_nobody_else_out() {
    let place = with_far();
    place.write("junk", "nothing of the sort");
    place.write("old.offer", "old 12\nno hash\n\nno note\n");
    place.write("broken.zip", "PK\u{3}\u{4} and no more");
    fs::create_dir(place.path("published")).unwrap();
    place.write("published/checkpoint", "no note");
    copy(&place, "us", "us.broken");
    let database = rusqlite::Connection::open(place.path("us.broken/audit.db")).unwrap();
    database
        .execute("UPDATE receipts SET sealed = x'00' WHERE seq = 0", [])
        .unwrap();
    drop(database);
    record(&place, "eu", 1, "m");
    let broken = [
        "absent",
        "junk",
        "old.offer",
        "broken.zip",
        "published",
        "us.broken",
    ];
    let mut sources = broken.to_vec();
    sources.insert(3, "eu");
    sources.push("--fresh");
    let (code, collected) = collect(&place, &sources);
    assert_eq!(code, 1, "{collected}");
    for one in collected.as_array().unwrap() {
        let expected = match one["source"].as_str().unwrap() {
            "eu" => "taken",
            _ => "unreadable",
        };
        assert_eq!(one["outcome"], expected, "{one}");
        assert_eq!(one["origin"].is_string(), expected == "taken", "{one}");
    }
    assert_eq!(collected.as_array().unwrap().len(), 7);
    // For people, each with its file and what is wrong with it.
    let said = place.run(&["fleet", "collect", "fleet", "us", "junk"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("junk: unreadable: "), "{}", said.out);
    // Where nothing can be read, it was asked wrongly.
    let args = ["fleet", "collect", "fleet", "junk", "absent"];
    assert!(place.run(&args).sentence(2).contains("junk"));
    evidence(&place);
    let (_, report) = verify(&place, &[]);
    assert_eq!(member(&report, "eu")["state"], "complete");
}

/// What does not fit into a receipt is refused before it is sealed together with what others showed.
#[test]
fn a104_a_note_that_is_too_long_for_a_receipt() {
    let place = with_far();
    copy(&place, "far", "far.copy");
    record(&place, "far", 1, "m");
    record(&place, "eu", 1, "m");
    padded(&place, "far", 66_000);
    let (code, collected) = collect(&place, &["far.padded", "eu", "--fresh"]);
    assert_eq!(code, 1, "{collected}");
    assert_eq!(collected[0]["outcome"], "refused");
    let reason = collected[0]["reason"].as_str().unwrap();
    assert!(reason.contains("too long for a receipt"), "{reason}");
    assert_eq!(collected[1]["outcome"], "taken");
    // One that just fits is taken as it is.
    padded(&place, "far", 45_000);
    let (code, collected) = collect(&place, &["far.padded"]);
    assert_eq!((code, &collected[0]["outcome"]), (0, &"taken".into()));
    evidence(&place);
    assert_eq!(verify(&place, &[]).0, 0);
    // It buys nothing: the proof that convicts it has the member's own signatures alone.
    record(&place, "far.copy", 5, "another");
    let (code, collected) = collect(&place, &["far.copy", "--fresh"]);
    assert_eq!((code, &collected[0]["outcome"]), (1, &"convicted".into()));
    assert!(collected[0]["receipt"].is_u64(), "{collected}");
    evidence(&place);
    let (code, report) = verify(&place, &[]);
    assert_eq!(
        (code, &member(&report, "far")["state"]),
        (1, &"forked".into())
    );
}

/// A checkpoint of one log does nothing for another.
#[test]
fn a104_a_checkpoint_of_another_origin() {
    let place = fleet();
    for name in ["new", "other"] {
        log(&place, name);
        let note = format!("{name}.note");
        place.run(&["checkpoint", name, "-o", &note]).good();
    }
    let add = |member: &str, checkpoint: &str| {
        place.run(&[
            "fleet",
            "add",
            "fleet",
            member,
            "--every",
            "1h",
            "--checkpoint",
            checkpoint,
        ])
    };
    let refused = add("new/log.pub", "other.note");
    assert!(refused.sentence(1).contains("shows nothing of"));
    // The name of the new log, the signature of the other one.
    let [new, other] =
        ["new.note", "other.note"].map(|name| fs::read_to_string(place.path(name)).unwrap());
    let (text, _) = new.split_once("\n\n").unwrap();
    let (_, signature) = other.split_once("\n\n").unwrap();
    place.write("mixed.note", &format!("{text}\n\n{signature}"));
    let refused = add("new/log.pub", "mixed.note");
    assert!(refused.sentence(1).contains("under its key line"));
    // Nothing was sealed; with its own it is a member.
    let (code, collected) = collect(&place, &["mixed.note"]);
    assert_eq!((code, &collected[0]["outcome"]), (1, &"stranger".into()));
    add("new/log.pub", "new.note").good();
    let (code, collected) = collect(&place, &["mixed.note", "other.note"]);
    assert_eq!(code, 1);
    assert_eq!(collected[0]["outcome"], "refused", "{collected}");
    assert_eq!(collected[1]["outcome"], "stranger", "{collected}");
    evidence(&place);
    let (code, report) = verify(&place, &["--member", "new"]);
    assert_eq!((code, report["fleet"]["faults"].is_null()), (0, true));
    // Brought as the log of a member, it is one of nobody.
    assert_eq!(verify(&place, &["--member", "other"]).0, 3);
}

/// What the texts of a roster say reaches no terminal as it is.
#[test]
fn a104_texts_are_escaped() {
    let place = fleet();
    let reason = "moved \u{1b}[2J\u{202e}away";
    place
        .run(&["fleet", "drop", "fleet", "us", "--reason", reason])
        .good();
    let said = place.run(&["fleet", "status", "fleet"]).good().out;
    assert!(said.contains("moved \\u{1b}[2J\\u{202e}away"), "{said}");
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'));
    // A long one is kept whole in its receipt, and told as far as it goes.
    let long = "w".repeat(2000);
    place
        .run(&["fleet", "drop", "fleet", "asia", "--reason", &long])
        .good();
    let status = place.run(&["fleet", "status", "fleet", "--json"]).good();
    let asia = member(&status.json(), "asia")["changes"][1]["reason"].clone();
    assert_eq!(asia.as_str().unwrap().len(), 256 + '…'.len_utf8());
}
