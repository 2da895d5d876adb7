//! Fleets through the command line: rosters, collection, verification, and attacks A100 to A104.

use crate::run::{Place, clean, done, lines};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Three logs, each with a checkpoint, and a fleet log with all of them in its roster.
pub(crate) fn fleet() -> Place {
    let place = Place::empty();
    place
        .run(&["fleet", "init", "fleet", "--name", "example.org/fleet"])
        .good();
    for name in ["eu", "us", "asia"] {
        log(&place, name);
        place
            .run(&["fleet", "add", "fleet", name, "--every", "1h"])
            .good();
    }
    place
}

/// A log with some receipts and a checkpoint.
pub(crate) fn log(place: &Place, name: &str) {
    let origin = format!("example.org/{name}");
    place.run(&["init", name, "--name", &origin]).good();
    record(place, name, 2, name);
    place.run(&["checkpoint", name]).good();
}

pub(crate) fn record(place: &Place, name: &str, count: usize, model: &str) {
    let text = lines(count).replace("gpt-4o", model);
    place.with(&["record", name, "-"], &[], &text).good();
}

pub(crate) fn copy(place: &Place, from: &str, to: &str) {
    let mut copy = Command::new("cp");
    copy.arg("-R").arg(place.path(from)).arg(place.path(to));
    assert!(copy.status().unwrap().success());
}

/// What the auditor has: a package of the fleet log and a checkpoint over it.
pub(crate) fn evidence(place: &Place) {
    for file in ["fleet.zip", "fleet.note"] {
        let _ = fs::remove_file(place.path(file));
    }
    place
        .run(&["checkpoint", "fleet", "-o", "fleet.note"])
        .good();
    place.run(&["export", "fleet", "-o", "fleet.zip"]).good();
}

pub(crate) fn verify(place: &Place, more: &[&str]) -> (i32, Value) {
    let mut args = vec![
        "--json",
        "fleet",
        "verify",
        "fleet.zip",
        "--key",
        "fleet/log.pub",
        "--checkpoint",
        "fleet.note",
    ];
    args.extend(more);
    let done = place.run(&args);
    let json = done.json();
    assert_eq!(json["exit"], done.code, "{json}");
    (done.code, json)
}

/// The member of this name in a report.
pub(crate) fn member<'r>(report: &'r Value, name: &str) -> &'r Value {
    let start = format!("example.org/{name}/");
    let mut all = report["fleet"]["members"].as_array().unwrap().iter();
    all.find(|one| one["origin"].as_str().unwrap().starts_with(&start))
        .unwrap_or_else(|| panic!("{name}: {report}"))
}

pub(crate) fn collect(place: &Place, sources: &[&str]) -> (i32, Value) {
    let mut args = vec!["--json", "fleet", "collect", "fleet"];
    args.extend(sources);
    let done = place.run(&args);
    assert!(done.code == 0 || done.code == 1, "{}{}", done.out, done.err);
    (done.code, done.json()["collected"].clone())
}

#[test]
fn a_fleet_of_three_verifies_offline() {
    let place = fleet();
    evidence(&place);
    let (code, report) = verify(&place, &[]);
    assert_eq!(code, 0, "{report}");
    let size = member(&report, "eu")["size"].as_u64().unwrap();
    record(&place, "eu", 3, "m");
    let (code, collected) = collect(&place, &["eu", "us", "--fresh"]);
    assert_eq!(code, 0, "{collected}");
    assert_eq!(collected[0]["outcome"], "taken");
    // Nothing new is told, and sealed not at all.
    assert_eq!(collected[1]["outcome"], "known");
    assert_eq!(collected[1]["receipt"], Value::Null);
    place.run(&["export", "us", "-o", "us.zip"]).good();
    place.run(&["publish", "asia", "public"]).good();
    evidence(&place);
    let more = [
        "--member",
        "eu",
        "--member",
        "us.zip",
        "--member",
        "public",
        "--expect",
        "eu/log.pub",
    ];
    let (code, report) = verify(&place, &more);
    assert_eq!(code, 0, "{report}");
    assert_eq!(member(&report, "eu")["size"], size + 5);
    for name in ["eu", "us", "asia"] {
        assert_eq!(member(&report, name)["state"], "complete");
        assert_eq!(member(&report, name)["evidence"][0]["finding"], "holds");
    }
    let text = place
        .run(&[
            "fleet",
            "verify",
            "fleet.zip",
            "--key",
            "fleet/log.pub",
            "--checkpoint",
            "fleet.note",
        ])
        .good()
        .out;
    assert!(
        text.contains("each of its 3 members is complete as of 20"),
        "{text}"
    );
    // The fleet log is a log: the plain verifier has nothing against it, nor has the one in Python.
    let args = [
        "verify",
        "fleet.zip",
        "--key",
        "fleet/log.pub",
        "--checkpoint",
        "fleet.note",
    ];
    place.run(&args).good();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/verify_example.py");
    let mut python = Command::new("python3");
    // It reads packages that are unpacked.
    let package = fs::File::open(place.path("fleet.zip")).unwrap();
    let mut package = zip::ZipArchive::new(package).unwrap();
    package.extract(place.path("unpacked")).unwrap();
    python
        .arg("-B")
        .arg(script)
        .arg("unpacked")
        .args(&args[2..]);
    match clean(python, &place.path("")).output() {
        Ok(output) => assert_eq!(done(output).code, 0),
        Err(_) => println!("SKIPPED: verify_example.py: python3 is absent"),
    }
}

#[test]
fn late_missing_dropped_and_back() {
    let place = fleet();
    log(&place, "far");
    let add = ["fleet", "add", "fleet", "far/log.pub", "--every", "90s"];
    place.run(&add).good();
    let status = place.run(&["fleet", "status", "fleet", "--json"]);
    assert_eq!(status.code, 3);
    assert_eq!(member(&status.json(), "far")["state"], "missing");
    // As of a time that has not come, all are late; the one that never was there is missing still.
    evidence(&place);
    let (code, report) = verify(&place, &["--at", "2100-01-01T00:00:00Z"]);
    assert_eq!(code, 3);
    for (name, state) in [("eu", "late"), ("us", "late"), ("far", "missing")] {
        assert_eq!(member(&report, name)["state"], state);
    }
    assert_eq!(report["fleet"]["at"], "2100-01-01T00:00:00.000000Z");
    // As of a time before anything, there is no fleet.
    let (code, report) = verify(&place, &["--at", "2001-01-01T00:00:00Z"]);
    assert_eq!(
        (code, &report["fleet"]["members"]),
        (3, &Value::Array(vec![]))
    );
    let drop = [
        "fleet",
        "drop",
        "fleet",
        "example.org/far",
        "--reason",
        "never came",
        "--json",
    ];
    let dropped = place.run(&drop).good().json();
    assert_eq!(dropped["size"], Value::Null);
    // One that is here brings its newest checkpoint along.
    record(&place, "us", 2, "m");
    place.run(&["checkpoint", "us"]).good();
    let args = ["fleet", "drop", "fleet", "us", "--json"];
    let dropped = place.run(&args).good().json();
    evidence(&place);
    let (code, report) = verify(&place, &[]);
    assert_eq!(code, 0, "{report}");
    let us = member(&report, "us");
    assert_eq!(
        (&us["state"], &us["size"]),
        (&"dropped".into(), &dropped["size"])
    );
    let change = us["changes"].as_array().unwrap().last().unwrap();
    assert_eq!(change["receipt"], dropped["receipt"]);
    assert_eq!(change["size"], dropped["size"]);
    assert_eq!(member(&report, "far")["changes"][1]["reason"], "never came");
    // Who knows better says so.
    let (code, report) = verify(&place, &["--expect", "us/log.pub"]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(report["fleet"]["absent"].as_array().unwrap().len(), 1);
    let add = ["fleet", "add", "fleet", "us", "--every", "1d"];
    place.run(&add).good();
    evidence(&place);
    let (code, report) = verify(&place, &["--expect", "us/log.pub"]);
    assert_eq!(
        (code, &member(&report, "us")["interval"]),
        (0, &86_400.into())
    );
    // Another interval, in one receipt.
    place
        .run(&["fleet", "add", "fleet", "us", "--every", "2h"])
        .good();
    let status = place.run(&["fleet", "status", "fleet", "--json"]).good();
    assert_eq!(member(&status.json(), "us")["interval"], 7200);
}

#[test]
fn intervals_are_durations() {
    let place = fleet();
    let add = |every: &str| {
        let every = format!("--every={every}");
        place.run(&["fleet", "add", "fleet", "us", &every])
    };
    let good = [
        ("90s", 90),
        ("15m", 900),
        ("1h", 3600),
        ("36525d", 3_155_760_000_u64),
    ];
    for (text, expected) in good {
        add(text).good();
        let status = place.run(&["fleet", "status", "fleet", "--json"]).good();
        assert_eq!(member(&status.json(), "us")["interval"], expected, "{text}");
    }
    for text in [
        "",
        "h",
        "0s",
        "1",
        "-1h",
        "+1h",
        "1.5h",
        "1 h",
        "36526d",
        "1w",
        "9é",
        "18446744073709551615d",
        "99999999999999999999s",
    ] {
        let done = add(text);
        assert!(
            done.sentence(2).contains("expected a number"),
            "{text}: {}",
            done.err
        );
    }
}

#[test]
fn a_remote_member_sends_note_and_proof() {
    let place = fleet();
    log(&place, "far");
    let add = ["fleet", "add", "fleet", "far/log.pub", "--every", "1h"];
    place.run(&add).good();
    let offer = |since: &str, file: &str| {
        place
            .run(&[
                "fleet", "offer", "far", "--since", since, "-o", file, "--json",
            ])
            .good()
            .json()["size"]
            .to_string()
    };
    let first = offer("0", "first.offer");
    let (code, collected) = collect(&place, &["first.offer"]);
    assert_eq!((code, &collected[0]["outcome"]), (0, &"taken".into()));
    record(&place, "far", 4, "m");
    // A note alone, and a proof from elsewhere, do not do.
    offer("0", "note.offer");
    offer("2", "wrong.offer");
    let second = offer(&first, "second.offer");
    for file in ["note.offer", "wrong.offer"] {
        let (code, collected) = collect(&place, &[file]);
        assert_eq!((code, &collected[0]["outcome"]), (1, &"refused".into()));
        let reason = collected[0]["reason"].as_str().unwrap();
        assert!(reason.contains(&format!("--since {first}")), "{reason}");
    }
    let (code, collected) = collect(&place, &["second.offer"]);
    assert_eq!(code, 0, "{collected}");
    assert_eq!(collected[0]["size"].to_string(), second);
    // A100: what was sent before is old now.
    let (code, collected) = collect(&place, &["first.offer"]);
    assert_eq!((code, &collected[0]["outcome"]), (1, &"refused".into()));
    // A102: and what is newest counts once.
    let (code, collected) = collect(&place, &["second.offer"]);
    assert_eq!((code, &collected[0]["outcome"]), (0, &"known".into()));
    // A member that is shorter than the fleet knows it signs nothing.
    let refused = place.run(&["fleet", "offer", "far", "--since", "900"]);
    assert!(refused.sentence(1).contains("not all of the log"));
}

#[test]
fn a100_a_member_that_was_cut_is_found_when_it_is_collected_and_when_it_is_verified() {
    let place = fleet();
    copy(&place, "eu", "cut");
    record(&place, "eu", 3, "m");
    let (code, _) = collect(&place, &["eu", "--fresh"]);
    assert_eq!(code, 0);
    let (code, collected) = collect(&place, &["cut", "us"]);
    assert_eq!(code, 1, "{collected}");
    assert_eq!(collected[0]["grave"], true);
    assert!(collected[0]["reason"].as_str().unwrap().contains("CUT"));
    evidence(&place);
    let (code, report) = verify(&place, &["--member", "cut"]);
    assert_eq!((code, &member(&report, "eu")["state"]), (1, &"cut".into()));
    let why = member(&report, "eu")["evidence"][0]["why"].to_string();
    assert!(why.contains("are missing"), "{why}");
    assert_eq!(verify(&place, &["--member", "eu"]).0, 0);
}

#[test]
fn a101_a_member_that_forks_is_convicted_by_its_own_tree() {
    for source in ["fork", "public", "fork.zip"] {
        let place = fleet();
        copy(&place, "eu", "fork");
        record(&place, "eu", 1, "m");
        assert_eq!(collect(&place, &["eu", "--fresh"]).0, 0);
        // A copy was put back and written on. It verifies, whoever looks at it alone.
        record(&place, "fork", 2, "another");
        record(&place, "fork", 2, "another");
        place.run(&["checkpoint", "fork", "-o", "fork.note"]).good();
        let args = [
            "verify",
            "fork",
            "--key",
            "eu/log.pub",
            "--checkpoint",
            "fork.note",
        ];
        place.run(&args).good();
        place.run(&["publish", "fork", "public"]).good();
        place.run(&["export", "fork", "-o", "fork.zip"]).good();
        evidence(&place);
        let (code, report) = verify(&place, &["--member", source]);
        assert_eq!(code, 1, "{report}");
        assert_eq!(member(&report, "eu")["state"], "forked");
        assert_eq!(member(&report, "eu")["fork"], Value::Null);
        let (code, collected) = collect(&place, &[source]);
        assert_eq!((code, &collected[0]["outcome"]), (1, &"convicted".into()));
        assert!(collected[0]["receipt"].is_u64());
        // From then on the fleet log says it, without the fork.
        evidence(&place);
        let (code, report) = verify(&place, &[]);
        assert_eq!(
            (code, &member(&report, "eu")["state"]),
            (1, &"forked".into())
        );
        assert_eq!(
            member(&report, "eu")["fork"]["receipt"],
            collected[0]["receipt"]
        );
        assert_eq!(collect(&place, &["us"]).0, 0);
    }
}

#[test]
fn a103_a_thief_of_the_receipt_key_drops_a_member() {
    let place = fleet();
    evidence(&place);
    copy(&place, "fleet", "stolen");
    // All but the checkpoint key.
    fs::remove_file(place.path("stolen/keys/checkpoint.pem")).unwrap();
    let args = ["fleet", "drop", "stolen", "example.org/eu"];
    let drop = place.run(&args);
    // The program does not write without it; the thief has others. Where it did, nothing covers it.
    assert_ne!(drop.code, 0, "{}{}", drop.out, drop.err);
    // The keeper drops it, and the auditor has an older checkpoint: as if it were the thief.
    place
        .run(&["fleet", "drop", "fleet", "example.org/eu"])
        .good();
    let args = [
        "--json",
        "fleet",
        "verify",
        "fleet",
        "--key",
        "fleet/log.pub",
        "--checkpoint",
        "fleet.note",
    ];
    let done = place.run(&args);
    assert_eq!(done.code, 3, "{}", done.out);
    let report = done.json();
    let why = report["fleet"]["unknown"].as_str().unwrap();
    assert!(why.contains("bring a newer checkpoint"), "{why}");
    // Without the pin nothing counts at all.
    let done = place.run(&["fleet", "verify", "fleet.zip", "--json"]);
    assert_eq!(done.code, 3);
    assert_eq!(done.json()["fleet"]["members"], Value::Array(vec![]));
}

#[test]
fn a104_strangers_are_not_taken() {
    let place = fleet();
    log(&place, "stranger");
    place
        .run(&["export", "stranger", "-o", "stranger.zip"])
        .good();
    place
        .run(&["checkpoint", "stranger", "-o", "stranger.note"])
        .good();
    let sources = ["stranger", "stranger.zip", "stranger.note", "us"];
    let (code, collected) = collect(&place, &sources);
    assert_eq!(code, 1);
    for index in 0..3 {
        assert_eq!(collected[index]["outcome"], "stranger", "{collected}");
    }
    assert_eq!(collected[3]["outcome"], "known");
    evidence(&place);
    let (code, report) = verify(&place, &["--member", "stranger.zip"]);
    assert_eq!((code, &report["strangers"][0]), (3, &"stranger.zip".into()));
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let place = fleet();
    place.write("junk", "nothing of the sort");
    log(&place, "plain");
    for (args, code, said) in [
        (
            &["add", "fleet", "eu", "--every", "1h"][..],
            2,
            "in the roster already",
        ),
        (
            &["add", "fleet", "eu", "--every", "1 hour"],
            2,
            "--every 1 hour",
        ),
        (
            &["add", "fleet", "junk", "--every", "1h"],
            2,
            "expected a log directory",
        ),
        (
            &["add", "plain", "eu", "--every", "1h"],
            2,
            "is no fleet log",
        ),
        (
            &["drop", "fleet", "example.org/nobody"],
            2,
            "no member in the roster",
        ),
        (&["collect", "fleet", "junk"], 2, "junk"),
        (&["collect", "fleet", "absent"], 2, "absent"),
        (&["status", "plain"], 2, "is no fleet log"),
        (&["verify", "absent"], 2, "absent"),
        (&["verify", "fleet", "--expect", "junk"], 2, "junk"),
        (&["verify", "fleet", "--at", "noon"], 2, "noon"),
        (&["verify", "fleet", "--size", "9"], 2, "not which"),
    ] {
        let mut all = vec!["fleet"];
        all.extend(args);
        let done = place.run(&all);
        let sentence = done.sentence(code);
        assert!(sentence.contains(said), "{args:?}: {sentence}");
    }
    // Nothing of it was sealed.
    let status = place.run(&["fleet", "status", "fleet", "--json"]).good();
    assert_eq!(
        status.json()["fleet"]["members"].as_array().unwrap().len(),
        3
    );
    // A log that is no fleet's verifies, and has no roster.
    let plain = place.run(&["fleet", "verify", "plain", "--key", "plain/log.pub"]);
    assert_eq!(plain.code, 3);
    assert!(plain.out.contains("no roster"), "{}", plain.out);
}
