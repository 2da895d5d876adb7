//! Fleets of which something that is brought cannot be read.

use crate::fleet::{collect, evidence, fleet, member, verify};
use crate::run::lines;
use serde_json::Value;

/// A118: what is broken in a directory hides neither the other logs of it nor what else was brought.
#[test]
fn a118_one_broken_log_of_a_directory_hides_none_of_its_neighbours() {
    let place = fleet();
    for name in ["second", "third"] {
        let origin = format!("example.org/{name}");
        let args = ["init", "eu", "--log", name, "--name", &origin];
        place.run(&args).good();
        place.run(&["checkpoint", "eu", "--log", name]).good();
        let line = format!("eu/{name}/log.pub");
        place
            .run(&["fleet", "add", "fleet", &line, "--every", "1h"])
            .good();
    }
    let (code, collected) = collect(&place, &["eu"]);
    assert_eq!(code, 0, "{collected}");
    evidence(&place);
    let (code, report) = verify(&place, &["--member", "eu", "--member", "us"]);
    assert_eq!(code, 0, "{report}");
    // The genesis of the first of them, and a byte of the last.
    let database = rusqlite::Connection::open(place.path("eu/audit.db")).unwrap();
    let of = |log: &str| format!("log = (SELECT id FROM logs WHERE name = '{log}')");
    let (first, last) = (of("default"), of("third"));
    let update = format!("UPDATE receipts SET sealed = x'00' WHERE seq = 0 AND {first}");
    assert_eq!(database.execute(&update, []).unwrap(), 1);
    let update = format!("UPDATE receipts SET sealed = x'00' WHERE seq = 1 AND {last}");
    assert_eq!(database.execute(&update, []).unwrap(), 1);
    drop(database);
    let brought = ["--member", "eu", "--member", "absent", "--member", "us"];
    let (code, report) = verify(&place, &brought);
    assert_eq!(code, 1, "{report}");
    assert_eq!(member(&report, "third")["state"], "failed", "{report}");
    for good in ["us", "second"] {
        let found = member(&report, good);
        assert_eq!(found["state"], "complete", "{found}");
        assert_eq!(found["evidence"][0]["finding"], "holds", "{found}");
    }
    let told = report["unreadable"].as_array().unwrap();
    assert_eq!(told.len(), 2, "{report}");
    assert_eq!(told[0]["path"], "eu");
    assert_eq!(told[0]["log"], "default");
    assert_eq!(told[1]["path"], "absent");
    assert!(report.get("strangers").is_none(), "{report}");
    // Where it is all that is wrong, nothing failed, and nothing is verified.
    let (code, report) = verify(&place, &["--member", "us", "--member", "absent"]);
    assert_eq!(code, 3, "{report}");
    // The keeper takes what the neighbours show.
    for name in ["second", "third"] {
        let args = ["record", "eu", "-", "--log", name];
        let _ = place.with(&args, &[], &lines(1));
    }
    let (code, collected) = collect(&place, &["eu", "--fresh"]);
    assert_eq!(code, 1, "{collected}");
    let all = collected.as_array().unwrap();
    assert!(all.len() >= 3, "{collected}");
    let of_second = |one: &&Value| one["origin"].to_string().contains("/second/");
    let second = all.iter().find(of_second).unwrap();
    assert_eq!(second["outcome"], "taken", "{collected}");
    let first = all.iter().find(|one| one["outcome"] == "unreadable");
    assert!(
        first.unwrap()["reason"]
            .as_str()
            .unwrap()
            .contains("log default"),
        "{collected}"
    );
}
