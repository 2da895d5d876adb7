//! Incidents from opening to closing, and what their deadlines are held against.

use crate::run::{Done, Place};
use serde_json::Value;

const AT: &str = "2099-01-01T00:00:00Z";

fn incident(place: &Place, args: &[&str]) -> Done {
    place.run(&[&["incident"], args].concat())
}

/// Opens one and gives the `seq` of its receipt.
fn open(place: &Place, more: &[&str]) -> String {
    let opened = incident(place, &[&["open", "audit", "--json"], more].concat());
    opened.good().json()["receipt"].to_string()
}

fn list(place: &Place, more: &[&str]) -> Value {
    let listed = incident(place, &[&["list", "audit", "--json"], more].concat());
    listed.good().json()
}

fn states(place: &Place, at: &str) -> Vec<String> {
    let all = list(place, &["--at", at]);
    let all = all["incidents"].as_array().unwrap();
    let state = |one: &Value| one["state"].as_str().unwrap().to_owned();
    all.iter().map(state).collect()
}

fn last(place: &Place) -> Value {
    let all = ["log", "audit", "--kind", "incident", "--json", "-n", "1"];
    let newest = place.run(&all).good().json()[0].clone();
    let seq = newest["seq"].to_string();
    place.run(&["show", "audit", &seq, "--json"]).good().json()
}

#[test]
fn an_incident_goes_from_opening_to_closing() {
    let place = Place::new();
    let hash = |seq: &str| {
        let shown = place.run(&["show", "audit", seq, "--json"]).good().json();
        shown["hash"].as_str().unwrap().to_owned()
    };
    place.write("notes.txt", "what happened");
    let third = hash("3");
    let seq = open(
        &place,
        &[
            "--class",
            "serious",
            "--category",
            "wrong-dose",
            "--occurred-at",
            "2026-03-01T00:00:00Z",
            "--aware-at",
            "2026-03-02T09:30:00+01:00",
            "--about",
            "3",
            "--about",
            &third,
            "--about",
            "4",
            "--description",
            "notes.txt",
            "--actor",
            "officer-2",
        ],
    );
    let receipt = last(&place);
    assert_eq!(receipt["actor_id"], "officer-2");
    let body = &receipt["body"];
    assert_eq!(body["stage"], "opened");
    assert_eq!(body["aware_at"], "2026-03-02T08:30:00.000000Z");
    // Named twice, there once.
    assert_eq!(body["receipts"], serde_json::json!([third, hash("4")]));
    assert!(body["description"]["keyed"].is_string());

    let one = &list(&place, &["--at", "2026-03-17T08:30:00Z"])["incidents"][0];
    assert_eq!(one["state"], "open");
    assert_eq!(one["deadline"], "2026-03-17T08:30:00.000000Z");
    assert_eq!(states(&place, "2026-03-17T08:30:01Z"), ["overdue"]);

    let opening = hash(&seq);
    incident(&place, &["update", "audit", &opening, "--class", "death"]).good();
    let shorter = &list(&place, &["--at", AT])["incidents"][0];
    assert_eq!(shorter["deadline"], "2026-03-12T08:30:00.000000Z");

    // Any of its receipts names it; the time of sealing is after every deadline here.
    let update = last(&place)["seq"].to_string();
    let report = |at: &str| {
        let to = ["--authority", "BNetzA", "--reference", "SI-31"];
        let report = ["report", "audit", &update, "--reported-at", at];
        incident(&place, &[&report[..], &to].concat())
    };
    let said = report("2026-03-05T00:00:00Z").good();
    assert!(
        said.out.starts_with(&format!(
            "Recorded that the incident of receipt {seq} was reported to BNetzA, by receipt "
        )) && said
            .out
            .trim_end()
            .ends_with("; said to be in time, recorded late."),
        "{}",
        said.out
    );
    assert!(said.err.contains("after the deadline, 2026-03-12T08:30:00"));
    assert_eq!(last(&place)["body"]["incident"], opening);
    assert_eq!(states(&place, AT), ["claimed_in_time"]);

    incident(&place, &["close", "audit", &seq]).good();
    let again = incident(&place, &["close", "audit", &seq]).good();
    assert!(again.err.contains("warning: ") && again.err.contains("closed it"));
    let shown = incident(&place, &["show", "audit", &seq, "--at", AT]).good();
    for said in [
        format!("Incident of receipt {seq}"),
        "class     death\n".into(),
        "deadline  2026-03-12T08:30:00Z".into(),
        "state     said to be in time, recorded late".into(),
        "reported to BNetzA (SI-31), at 2026-03-05T00:00:00Z".into(),
        "note: receipt".into(),
    ] {
        assert!(shown.out.contains(&said), "{said}: {}", shown.out);
    }
    let shown = incident(&place, &["show", "audit", &opening, "--json"]);
    let shown = shown.good().json();
    assert_eq!(shown["receipts"].as_array().unwrap().len(), 5);
    assert_eq!(shown["incident"]["receipts"].as_array().unwrap().len(), 5);

    // What is told does not fail anything; whoever has the text can show it.
    let verified = place.run(&["verify", "audit", "--key", "audit/log.pub", "--size", "1"]);
    let verified = verified.good().out;
    assert!(verified.contains("note: receipt") && verified.contains("after the deadline"));
    let prove = ["prove", "audit", &seq, "--disclose", "description"];
    place.run(&[&prove[..], &["-o", "d.proof"]].concat()).good();
    let verify = ["verify", "d.proof", "--key", "audit/log.pub"];
    let asked = ["--require", "integrity,attribution"];
    let text = ["--text", "description=notes.txt"];
    let proved = place.run(&[&verify[..], &asked, &text].concat()).good();
    assert!(proved.out.contains("text of description verified"));
    place.write("notes.txt", "something else happened");
    assert_eq!(place.run(&[&verify[..], &asked, &text].concat()).code, 1);
}

#[test]
fn a52_what_takes_a_deadline_back_changes_none() {
    let place = Place::new();
    let aware = ["--aware-at", "2026-03-01T00:00:00Z"];
    let seq = open(&place, &[&["--class", "serious"], &aware[..]].concat());
    let lowered = incident(
        &place,
        &[
            "update",
            "audit",
            &seq,
            "--class",
            "not_serious",
            "--aware-at",
            "2026-03-09T00:00:00Z",
        ],
    );
    let lowered = lowered.good();
    assert!(lowered.err.contains("lowers its class from serious"));
    assert!(lowered.err.contains("puts the awareness of it off"));
    incident(&place, &["close", "audit", &seq]).good();
    assert_eq!(states(&place, "2026-03-15T00:00:00Z"), ["open"]);
    assert_eq!(states(&place, "2026-03-17T00:00:00Z"), ["overdue"]);
    let listed = incident(&place, &["list", "audit", "--at", AT]).good();
    assert!(
        listed.out.contains("2026-03-16T00:00:00Z  overdue"),
        "{}",
        listed.out
    );
    assert_eq!(listed.out.matches("note: receipt").count(), 2);
    // Nobody says when he was aware: it is known by now.
    let place = Place::new();
    open(&place, &["--class", "widespread"]);
    open(&place, &[]);
    let listed = incident(&place, &["list", "audit"]).good().out;
    assert!(listed.contains("Z or before  cannot tell"), "{listed}");
    assert!(listed.contains("unclassified") && listed.contains("not due"));
    assert_eq!(states(&place, AT), ["overdue", "not_due"]);
}

#[test]
fn what_cannot_be_recorded_is_said_and_changes_nothing() {
    let place = Place::new();
    let seq = open(&place, &[]);
    place.write("blob", "");
    std::fs::write(place.path("blob"), [0xff, 0xfe]).unwrap();
    let before = place.receipts();
    let report = [
        "report",
        "audit",
        &seq,
        "--reported-at",
        "2026-03-05T00:00:00Z",
    ];
    for (args, said) in [
        (
            &["open", "audit", "--category", "mail alice@example.com"][..],
            "category: it holds personal data",
        ),
        (
            &["open", "audit", "--actor", "alice@example.com"],
            "actor: it holds personal data",
        ),
        (
            &[&report[..], &["--authority", "alice@example.com"]].concat(),
            "authority: it holds personal data",
        ),
        (
            &[
                &report[..],
                &[
                    "--authority",
                    "a",
                    "--reference",
                    "DE89 3704 0044 0532 0130 00",
                ],
            ]
            .concat(),
            "reference: it holds personal data",
        ),
        (
            &[&report[..], &["--authority", ""]].concat(),
            "authority: expected to whom",
        ),
        (
            &["update", "audit", "3", "--class", "death"],
            "expected a receipt of an incident",
        ),
        (
            &["update", "audit", "999", "--class", "death"],
            "has no receipt 999",
        ),
        (&["update", "audit", &seq], "says nothing"),
        (&["open", "audit", "--about", "999"], "has no receipt 999"),
        (
            &["open", "audit", "--aware-at", "yesterday"],
            "expected a time",
        ),
        (
            &[
                "open",
                "audit",
                "--aware-at",
                "2026-01-01T00:00:00Z",
                "--occurred-at",
                "2026-02-01T00:00:00Z",
            ],
            "no time before occurred_at",
        ),
        (
            &["open", "audit", "--description", "blob"],
            "expected a text in UTF-8",
        ),
        (&["open", "audit", "--description", "none"], "none"),
        (&["open", "audit", "--log", "other"], "other"),
        (&["list", "audit", "--log", "other"], "other"),
        (&["show", "audit", "3"], "expected a receipt of an incident"),
    ] {
        let done = incident(&place, args);
        assert!(done.sentence(2).contains(said), "{said}: {}", done.err);
    }
    // Not even a start, since nothing was written.
    assert_eq!(place.receipts(), before);
}

#[test]
fn a_log_without_incidents_says_so() {
    let place = Place::new();
    let listed = incident(&place, &["list", "audit"]).good();
    assert_eq!(listed.out, "Log default has no incidents.\n");
    assert_eq!(list(&place, &[])["incidents"], serde_json::json!([]));
}

#[test]
fn a40_hostile_texts_of_incidents_harm_no_terminal() {
    let place = Place::new();
    let hostile = "x\u{1b}[31m\u{202e}";
    let seq = open(&place, &["--class", "serious", "--category", hostile]);
    incident(
        &place,
        &[
            "report",
            "audit",
            &seq,
            "--authority",
            hostile,
            "--reference",
            hostile,
            "--reported-at",
            "2026-03-05T00:00:00Z",
            "--actor",
            hostile,
        ],
    )
    .good();
    let report = [
        "report",
        "audit",
        &seq,
        "--reported-at",
        "2026-03-05T00:00:00Z",
    ];
    for args in [
        &["list", "audit"][..],
        &["show", "audit", &seq],
        &[&report[..], &["--authority", hostile]].concat(),
    ] {
        let done = incident(&place, args).good();
        for text in [&done.out, &done.err] {
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        }
        assert!(done.out.contains("x\\u{1b}[31m"), "{}", done.out);
    }
}
