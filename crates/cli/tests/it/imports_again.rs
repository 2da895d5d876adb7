//! Imports that are killed, run twice, overlap, or are of what cannot be taken whole.

use crate::imports::{import, imported, key, old, place, verified};
use crate::run::Place;
use ai_audit_testkit::python::{self, PythonFiles};
use serde_json::Value;

/// A56: killed at any moment of an import. What was acknowledged is there once, and the same command
/// goes on from there.
#[test]
fn a56_an_import_that_is_killed_goes_on() {
    let place = place(1500);
    let args = ["import", "audit", "old.jsonl", "--key", &key(), "-q"];
    let mut cut = 0;
    for attempt in 0..40_u64 {
        let mut child = place
            .command(&args)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(60 + 35 * attempt));
        let ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        let listed = place.run(&["import", "audit", "--list", "--json"]).good();
        let present = listed.json()["imports"][0]["present"].as_u64().unwrap_or(0);
        assert!(present >= cut, "{present} of {cut} are left");
        cut = present;
        if ended || cut == 1500 {
            break;
        }
    }
    let done = import(&place, "old.jsonl");
    let sum = done["imported"].as_u64().unwrap() + done["present"].as_u64().unwrap();
    assert_eq!(sum, 1500);
    let items = imported(&place);
    let sources = items
        .iter()
        .filter(|it| it["body"]["record"]["source"].is_object());
    assert_eq!((items.len(), sources.count()), (1501, 1));
    verified(&place);
}

/// A57: an import is taken up again under other keys than it was begun with. What was found first is
/// sealed, so that the log would contradict itself for ever.
#[test]
fn a57_an_import_is_not_taken_up_under_other_keys() {
    let place = place(5);
    place
        .run(&["import", "audit", "old.jsonl", "--accept-failed"])
        .good();
    let size = place.receipts();
    let args = ["import", "audit", "old.jsonl", "--key", &key()];
    let said = place.run(&args).sentence(2).to_owned();
    assert!(said.contains("without a key"), "{said}");
    assert_eq!(place.receipts(), size);
    verified(&place);
    // In a log of its own it has the key.
    place
        .run(&[
            "init",
            "audit",
            "--log",
            "second",
            "--name",
            "example.org/2",
        ])
        .good();
    place
        .run(&[&args[..], &["--log", "second"]].concat())
        .good();
}

/// A57: two imports of one source at once. One of them holds the log; the other sees what it did.
#[test]
fn a57_two_imports_at_once() {
    let place = place(400);
    let args = ["import", "audit", "old.jsonl", "--key", &key(), "-q"];
    for _ in 0..3 {
        let mut both: Vec<_> = (0..2)
            .map(|_| {
                let mut command = place.command(&args);
                command.stdout(std::process::Stdio::null());
                command.stderr(std::process::Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        for child in &mut both {
            child.wait().unwrap();
        }
    }
    let listed = place.run(&["import", "audit", "--list", "--json"]).good();
    let listed = listed.json();
    let imports = listed["imports"].as_array().unwrap();
    assert_eq!(imports.len(), 1, "{listed}");
    assert_eq!(imports[0]["present"], 400);
    assert_eq!(imported(&place).len(), 401);
    verified(&place);
}

/// Two packages that overlap: what is there is not counted twice.
#[test]
fn overlapping_sources_are_imported_once() {
    let place = place(4);
    import(&place, "old.jsonl");
    let more = python::decisions(9, "acme", &old());
    let package = PythonFiles::new(&more, &old()).zip();
    std::fs::write(place.path("more.zip"), package).unwrap();
    let args = ["import", "audit", "more.zip", "--key", &key()];
    let said = place.run(&args).sentence(2).to_owned();
    assert!(
        said.contains("4 of 9") && said.contains("--only-new"),
        "{said}"
    );
    let only = [&args[..], &["--only-new", "--json"]].concat();
    assert_eq!(place.run(&only).good().json()["imported"], 5);
    // That nothing is new is no failure: a timer that looks for more finds nothing for most of the time.
    place.run(&only).good();
    let stats = place.run(&["stats", "audit", "--json"]).good().json();
    assert_eq!(stats["actions"]["allow"], 9, "{stats}");
    verified(&place);
}

/// What was imported and is deleted since is not told as never imported.
#[test]
fn imports_of_which_receipts_are_deleted_are_told() {
    let place = Place::empty();
    let init = ["init", "audit", "--name", "example.org/test"];
    let days = ["--policy", "retention-days=0"];
    place.run(&[&init[..], &days].concat()).good();
    let records = python::decisions(6, "acme", &old());
    place.write("old.jsonl", &python::lines(&records));
    let list = ["import", "audit", "--list"];
    let none = place.run(&list).good().out;
    assert!(none.contains("nothing was imported"), "{none}");
    import(&place, "old.jsonl");
    place.run(&["epoch", "seal", "audit"]).good();
    place.run(&["checkpoint", "audit"]).good();
    let delete = ["epoch", "delete", "audit", "0", "--without-archive"];
    place
        .run(&[&delete[..], &["--reason", "x"]].concat())
        .good();
    let told = place.run(&list).good().out;
    assert!(
        told.contains("7 receipts of imports are deleted")
            && !told.contains("nothing was imported"),
        "{told}"
    );
    let json = place.run(&[&list[..], &["--json"]].concat()).good().json();
    assert_eq!(json["deleted"], 7, "{json}");
    let again = place.run(&["import", "audit", "old.jsonl", "--key", &key()]);
    assert!(
        again.err.contains("7 receipts of imports are deleted"),
        "{}",
        again.err
    );
}

/// What cannot be imported whole is not begun.
#[test]
fn a_record_that_is_too_long_stops_the_import_before_it_begins() {
    let place = place(1);
    let mut records: Vec<Value> = (0..3).map(|n| python::decision(n, "acme")).collect();
    records[2]["reason_codes"][0] = "x".repeat(70_000).into();
    python::chain(&mut records, &old());
    place.write("long.jsonl", &python::lines(&records));
    let before = place.receipts();
    let args = ["import", "audit", "long.jsonl", "--key", &key()];
    for dry in [&["--dry-run"][..], &[]] {
        let said = place.run(&[&args[..], dry].concat()).sentence(2).to_owned();
        assert!(
            said.contains("line 3") && said.contains("nothing was imported"),
            "{said}"
        );
    }
    assert_eq!(place.receipts(), before);
    // Nor what is no text.
    let lines = std::fs::read(place.path("old.jsonl")).unwrap();
    std::fs::write(place.path("bad.jsonl"), [&lines[..], b"\xff\n"].concat()).unwrap();
    let args = [
        "import",
        "audit",
        "bad.jsonl",
        "--key",
        &key(),
        "--accept-failed",
    ];
    assert!(place.run(&args).sentence(2).contains("line 2"));
    assert_eq!(place.receipts(), before);
}

/// An array whose records go over several lines but for the first comes back as one.
#[test]
fn records_over_several_lines_come_back_whole() {
    let place = place(1);
    let mut records = python::decisions(3, "acme", &old());
    records.extend(python::decisions(2, "beta", &old()));
    let texts: Vec<String> = (records.iter().enumerate())
        .map(|(at, record)| match at {
            0 => record.to_string(),
            _ => serde_json::to_string_pretty(record).unwrap(),
        })
        .collect();
    place.write("mixed.json", &format!("[{}]", texts.join(",")));
    let args = ["import", "audit", "mixed.json", "--key", &key(), "--json"];
    let both = [&args[..], &["--all-tenants"]].concat();
    let done = place.run(&both).good().json();
    assert_eq!(done["imported"], 5);
    let source = done["receipt"].to_string();
    place
        .run(&["show", "audit", &source, "--original", "-o", "again.json"])
        .good();
    let asked = ["--key", &key(), "--require", "integrity,attribution"];
    place
        .run(&[&["verify", "again.json"], &asked[..]].concat())
        .good();
    place
        .run(&["init", "audit", "--log", "acme", "--name", "example.org/2"])
        .good();
    let one = [&args[..], &["--tenant", "acme", "--log", "acme"]].concat();
    let done = place.run(&one).good().json();
    assert_eq!(
        (&done["imported"], &done["left_out"]),
        (&3.into(), &2.into())
    );
}

/// A line that cannot be read is nobody's: the verification is told of, and what is left out.
#[test]
fn an_unreadable_line_is_told_and_no_tenant() {
    let place = place(3);
    let lines = std::fs::read_to_string(place.path("old.jsonl")).unwrap();
    place.write("bad.jsonl", &format!("{lines}garbage\n"));
    let args = ["import", "audit", "bad.jsonl", "--key", &key()];
    let done = place.run(&args);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.out.contains("malformed"), "{}", done.out);
    let accepted = [&args[..], &["--accept-failed", "--tenant", "acme"]].concat();
    let done = place.run(&accepted).good();
    assert!(
        done.out.contains("1 record of other tenants"),
        "{}",
        done.out
    );
    verified(&place);
}

/// A58: the disk has no room for a group of records and has room for the smaller ones behind it. None of
/// those may be sealed: they would stand out of their order for ever.
#[cfg(unix)]
#[test]
fn a58_a_full_disk_leaves_no_hole() {
    let place = place(1);
    let mut records: Vec<Value> = (0..900).map(|n| python::decision(n, "acme")).collect();
    for record in &mut records[300..400] {
        record["reason_codes"][0] = "x".repeat(25_000).into();
    }
    python::chain(&mut records, &old());
    place.write("uneven.jsonl", &python::lines(&records));
    // In blocks of 512 bytes: above what is read, below what is written.
    let script = "trap '' XFSZ; ulimit -f 8000; exec \"$0\" \"$@\"";
    let args = ["import", "audit", "uneven.jsonl", "--key", &key()];
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", script, crate::run::program()])
        .args(args);
    let root = place.path("");
    let done = crate::run::done(crate::run::clean(command, &root).output().unwrap());
    assert_ne!(done.code, 0, "the limit was never reached: {}", done.out);
    let cut = place.run(&["import", "audit", "--list", "--json"]).good();
    let cut = cut.json()["imports"][0]["present"].as_u64().unwrap();
    assert!(cut < 900, "{cut}");
    assert_eq!(imported(&place).len() as u64, 1 + cut, "{}", done.err);
    assert_eq!(import(&place, "uneven.jsonl")["present"], cut);
    verified(&place);
}

/// A queue that is smaller than a group.
#[test]
fn a_small_queue_is_enough() {
    let place = place(20);
    let args = ["import", "audit", "old.jsonl", "--key", &key()];
    place
        .run(&[&args[..], &["--set", "queue-capacity=3"]].concat())
        .good();
    assert_eq!(imported(&place).len(), 21);
}
