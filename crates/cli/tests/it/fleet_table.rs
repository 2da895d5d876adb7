//! The table of `docs/spec/fleet.md`, row by row: a member that is cut, forked, broken, silent, late, missing,
//! dropped, or added again, and what the verification says of it.

use crate::fleet::{collect, copy, evidence, log, member, record, verify};
use crate::run::Place;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A row of the table: what happened to `eu`, and what is said then.
struct Row {
    what: String,
    state: String,
    exit: i32,
}

fn table() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/fleet.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("\n## What is said of whom\n").unwrap();
    let lines = rest.lines().skip_while(|line| !line.starts_with('|'));
    // Without the head and the line under it.
    let lines = lines.take_while(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [what, state, exit] = cells.as_slice() else {
                panic!("{line}")
            };
            Row {
                what: (*what).into(),
                state: state.trim_matches('`').into(),
                exit: exit.parse().unwrap(),
            }
        })
        .collect()
}

/// Three members that showed a checkpoint: `eu` owes one each hour, `us` and `asia` each day. In `eu.old` is
/// `eu` as it was before the last one.
fn fleet() -> Place {
    let place = Place::empty();
    place
        .run(&["fleet", "init", "fleet", "--name", "example.org/fleet"])
        .good();
    for (name, every) in [("eu", "1h"), ("us", "1d"), ("asia", "1d")] {
        log(&place, name);
        place
            .run(&["fleet", "add", "fleet", name, "--every", every])
            .good();
    }
    copy(&place, "eu", "eu.old");
    record(&place, "eu", 1, "m");
    taken(&place, &["eu", "--fresh"]);
    place
}

fn taken(place: &Place, sources: &[&str]) {
    let (code, collected) = collect(place, sources);
    assert_eq!((code, &collected[0]["outcome"]), (0, &"taken".into()));
}

fn add(place: &Place, member: &str, every: &str) {
    place
        .run(&["fleet", "add", "fleet", member, "--every", every])
        .good();
}

fn drop_member(place: &Place, member: &str) {
    place.run(&["fleet", "drop", "fleet", member]).good();
}

/// What the keeper sees of `eu` now.
fn status(place: &Place) -> Value {
    let report = place.run(&["fleet", "status", "fleet", "--json"]).json();
    member(&report, "eu").clone()
}

/// A second after `eu` owes its next checkpoint, when nobody else owes any.
fn after_its_time(place: &Place) -> String {
    let due = status(place)["due"].as_str().unwrap().to_owned();
    let due: Timestamp = due.parse().unwrap();
    (due + 1.second()).to_string()
}

/// Makes `eu` owe a checkpoint within a second, and waits until it is late.
fn late(place: &Place) {
    add(place, "eu", "1s");
    let begun = Instant::now();
    while status(place)["state"] != "late" {
        assert!(begun.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(50));
    }
}

/// A byte of a receipt, changed behind the program's back.
fn change_a_byte(place: &Place, log: &str) {
    let database = rusqlite::Connection::open(place.path(log).join("audit.db")).unwrap();
    let select = "SELECT sealed FROM receipts WHERE seq = 3";
    let mut sealed: Vec<u8> = database.query_row(select, [], |row| row.get(0)).unwrap();
    let at = sealed.len() - 70;
    sealed[at] ^= 1;
    let update = "UPDATE receipts SET sealed = ? WHERE seq = 3";
    assert_eq!(database.execute(update, [sealed]).unwrap(), 1);
}

/// Makes happen what a row says, and gives what the verification is asked besides.
fn happen(place: &Place, what: &str) -> Vec<String> {
    let asked = |texts: &[&str]| texts.iter().map(|text| String::from(*text)).collect();
    match what {
        "it recorded, and showed a newer checkpoint in time" => {
            record(place, "eu", 2, "m");
            taken(place, &["eu", "--fresh"]);
            // Also where its log is brought.
            asked(&["--member", "eu", "--expect", "eu/log.pub"])
        }
        "cut: its log, brought, is a copy from before its last checkpoint" => {
            asked(&["--member", "eu.old"])
        }
        "forked: its log, brought, is such a copy that was written on" => {
            record(place, "eu.old", 5, "another");
            asked(&["--member", "eu.old"])
        }
        "forked: the fleet was shown that copy; no member's log is brought" => {
            record(place, "eu.old", 5, "another");
            let (code, collected) = collect(place, &["eu.old", "--fresh"]);
            assert_eq!((code, &collected[0]["outcome"]), (1, &"convicted".into()));
            Vec::new()
        }
        "broken: in its log, brought, a byte is changed" => {
            copy(place, "eu", "eu.broken");
            change_a_byte(place, "eu.broken");
            asked(&["--member", "eu.broken"])
        }
        "silent: what it shows is its last checkpoint, again and again" => {
            for _ in 0..3 {
                let (code, collected) = collect(place, &["eu", "--fresh"]);
                assert_eq!((code, &collected[0]["outcome"]), (0, &"known".into()));
            }
            vec!["--at".into(), after_its_time(place)]
        }
        "silent, and dropped and added again with a longer interval" => {
            let before = after_its_time(place);
            drop_member(place, "eu");
            add(place, "eu", "2h");
            // In one receipt as well.
            add(place, "eu", "36500d");
            assert_eq!(after_its_time(place), before);
            vec!["--at".into(), before]
        }
        "late: it showed something new, after its time, and not since" => {
            late(place);
            record(place, "eu", 1, "m");
            taken(place, &["eu", "--fresh"]);
            assert_eq!(status(place)["lapses"], 1);
            vec!["--at".into(), after_its_time(place)]
        }
        "late once: it showed something new, after its time, just now" => {
            late(place);
            record(place, "eu", 1, "m");
            taken(place, &["eu", "--fresh"]);
            let found = status(place);
            assert_eq!(found["lapses"], 1);
            vec!["--at".into(), found["as_of"].as_str().unwrap().into()]
        }
        "missing: it was added by its key line, and never showed anything" => {
            // A new log of the same name: of the old one the fleet has a checkpoint.
            drop_member(place, "eu");
            std::fs::rename(place.path("eu"), place.path("eu.gone")).unwrap();
            log(place, "eu");
            add(place, "eu/log.pub", "1h");
            Vec::new()
        }
        "dropped, with its newest checkpoint" => {
            record(place, "eu", 2, "m");
            place.run(&["checkpoint", "eu"]).good();
            let size = status(place)["size"].as_u64().unwrap();
            drop_member(place, "eu");
            assert_eq!(status(place)["size"], size + 4);
            Vec::new()
        }
        "dropped, and the auditor expects it" => {
            drop_member(place, "eu");
            asked(&["--expect", "eu/log.pub"])
        }
        "dropped, and added again with a newer checkpoint" => {
            drop_member(place, "eu");
            record(place, "eu", 2, "m");
            place.run(&["checkpoint", "eu"]).good();
            add(place, "eu", "1h");
            let found = status(place);
            assert_eq!(found["changes"].as_array().unwrap().len(), 3);
            assert_eq!(found["changes"][2]["size"], found["size"]);
            asked(&["--expect", "eu/log.pub"])
        }
        "dropped, as was everybody else" => {
            for name in ["eu", "us", "asia"] {
                drop_member(place, name);
            }
            Vec::new()
        }
        other => panic!("no test makes this happen: {other}"),
    }
}

#[test]
fn each_row_of_the_table_is_what_is_said() {
    let base = fleet();
    let rows = table();
    assert!(rows.len() >= 14, "{}", rows.len());
    for row in rows {
        let place = Place::empty();
        copy(&base, ".", place.path("").to_str().unwrap());
        let more = happen(&place, &row.what);
        evidence(&place);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let (code, report) = verify(&place, &more);
        let of_eu = match row.state.as_str() {
            "missing" => newest(&report, "eu"),
            _ => member(&report, "eu"),
        };
        assert_eq!(
            (of_eu["state"].as_str().unwrap(), code),
            (row.state.as_str(), row.exit),
            "{}: {report}",
            row.what
        );
        // Nobody else is to blame for it.
        if row.what != "dropped, as was everybody else" {
            for name in ["us", "asia"] {
                assert_eq!(member(&report, name)["state"], "complete", "{}", row.what);
            }
        }
    }
}

/// The member of this name that came last.
fn newest<'r>(report: &'r Value, name: &str) -> &'r Value {
    let start = format!("example.org/{name}/");
    let all = report["fleet"]["members"].as_array().unwrap().iter();
    all.filter(|one| one["origin"].as_str().unwrap().starts_with(&start))
        .max_by_key(|one| one["changes"][0]["receipt"].as_u64())
        .unwrap()
}
