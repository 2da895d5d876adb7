//! Records of another system, seen by the commands that see the log's own: counted alike, told apart.

use crate::run::Place;
use ai_audit_core::{Action, Timestamp};
use ai_audit_directory::{Settings, Writer};
use ai_audit_store::{LogName, Record};
use ai_audit_testkit::imported::{OldDecision, OldRecord, old_source};
use serde_json::{Value, json};

/// 2025-03-01T00:00:00Z.
const OLD: u64 = 1_740_787_200_000_000;
const HOUR: u64 = 3_600_000_000;
const TRUST: [&str; 6] = [
    "--key",
    "audit/log.pub",
    "--size",
    "59",
    "--at",
    "2030-01-01T00:00:00Z",
];

fn old(n: u64) -> OldRecord {
    let of = OldDecision {
        id: &format!("r-{n}"),
        time: Timestamp::from_micros(OLD + n * HOUR),
        trace: "old-trace",
        session: "old-session",
        action: if n % 4 == 3 {
            Action::Reject
        } else {
            Action::Allow
        },
        model: "gpt-4o",
        output: "the old answer",
        score: 0.25,
    };
    OldRecord::decision(&of, n != 7)
}

/// Ten decisions of the log's own and a source of 40 decisions, an hour apart, and a tool call, as
/// receipts 16 to 57.
fn place() -> Place {
    let place = Place::new();
    let mut records: Vec<OldRecord> = (0..40).map(old).collect();
    let called = Timestamp::from_micros(OLD + 40 * HOUR);
    records.push(OldRecord::tool_call("r-40", called, "planner", "pay"));
    let log = LogName::default();
    let writer = Writer::open(&place.path("audit"), Settings::default(), "tests").unwrap();
    let submit = |records| {
        writer
            .ledger()
            .submit(&log, records)
            .unwrap()
            .wait()
            .unwrap()
    };
    let source = submit(vec![Record::new(&old_source(&records))])[0].hash;
    let items = (0..).zip(&records).map(|(index, record)| {
        let item = Record::new(&record.item(source, index));
        match index {
            40 => item.actor("planner"),
            _ => item.trace("old-trace").session("old-session"),
        }
    });
    submit(items.collect());
    writer.close("done").unwrap();
    assert_eq!(place.receipts(), 59);
    place
}

fn json(place: &Place, args: &[&str]) -> Value {
    place.run(&[args, &["--json"]].concat()).good().json()
}

#[test]
fn stats_count_both_and_tell_them_apart() {
    let place = place();
    let stats = json(&place, &["stats", "audit"]);
    assert_eq!(
        stats["imported"],
        json!({"decisions": 40, "tool_outcomes": 1, "unproven": 1})
    );
    assert_eq!(stats["decisions"]["decisions"], 50);
    assert_eq!(stats["actions"]["reject"], 10);
    assert_eq!(stats["decisions"]["actions"]["reject"]["count"], 10);
    assert_eq!(stats["decisions"]["checks"]["toxicity"]["ran"], 40);
    // Kinds are those of receipts; days are those of what they say.
    assert_eq!(stats["kinds"]["imported"], 42);
    assert_eq!(stats["kinds"]["decision"], 10);
    assert_eq!(stats["days"]["2025-03-01"], 24);
    assert_eq!(stats["days"]["2025-03-02"], 17);
    assert_eq!(stats["by_day"]["2025-03-02"]["decisions"], 16);
    assert!(stats["first_sealed_at"].as_str().unwrap() > "2026");

    let text = place.run(&["stats", "audit"]).good().out;
    let said = "40 decisions and 1 tool outcome were imported from another system, 1 without a \
                signature of their own that was found to hold; they count below by the time that \
                they give themselves";
    assert!(text.contains(said), "{text}");
    let text = Place::new().run(&["stats", "audit"]).good().out;
    assert!(!text.contains("imported"), "{text}");
}

#[test]
fn analyses_go_over_both_and_periods_by_the_old_time() {
    let place = place();
    let rate = ["analyze", "rate", "audit"];
    let all = json(&place, &rate);
    assert_eq!(
        (&all["seen"]["decisions"], &all["seen"]["imported"]),
        (&50.into(), &40.into())
    );
    assert_eq!(
        (&all["events"], &all["seen"]["unproven"]),
        (&10.into(), &1.into())
    );
    let of = |more: &[&str]| json(&place, &[&rate[..], more].concat());
    let day = of(&["--until", "2025-03-02T00:00:00Z"]);
    assert_eq!(
        (&day["seen"]["decisions"], &day["events"]),
        (&24.into(), &6.into())
    );
    let later = of(&["--since", "2025-03-02T00:00:00Z"]);
    assert_eq!(
        (&later["seen"]["decisions"], &later["seen"]["imported"]),
        (&26.into(), &16.into())
    );
    let new = of(&["--since", "2026-01-01T00:00:00Z"]);
    assert_eq!(
        (&new["seen"]["decisions"], &new["seen"]["imported"]),
        (&10.into(), &0.into())
    );

    let text = place.run(&rate).good().out;
    assert!(
        text.contains("50 decisions, 40 of them imported from another system"),
        "{text}"
    );
    let cusum = ["analyze", "cusum", "audit", "--p0", "0.01", "--p1", "0.3"];
    let alarm = &json(&place, &cusum)["alarms"][0];
    let at = alarm["imported_of"].as_str().unwrap();
    assert!(at.starts_with("2025-03-0"), "{alarm}");
    assert!(alarm["sealed_at"].as_str().unwrap() > "2026");
    let text = place.run(&cusum).good().out;
    assert!(text.contains(" at 2025-03-0"), "{text}");
}

#[test]
fn a_crosswalk_and_a_report_count_both_in_the_log_and_in_its_package() {
    let place = place();
    place.run(&["checkpoint", "audit"]).good();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let of = |evidence: &str| {
        let args = [
            &["crosswalk", evidence, "--framework", "eu-ai-act"],
            &TRUST[..],
        ]
        .concat();
        json(&place, &args)
    };
    let (log, package) = (of("audit"), of("p.zip"));
    for part in [
        "coverage",
        "frameworks",
        "gaps",
        "pointers",
        "counts",
        "imported",
    ] {
        assert_eq!(log[part], package[part], "{part}");
    }
    assert_eq!(log["nothing_counts"], Value::Null);
    assert_eq!(log["imported"]["decisions"], 40);
    assert_eq!(log["imported"]["from"], "2025-03-01T00:00:00.000000Z");
    let coverage = log["coverage"].as_array().unwrap().iter();
    let decisions: Vec<&Value> = coverage.filter(|one| one["says"] == "decisions").collect();
    assert!(decisions.len() > 3);
    for one in decisions {
        // Not the one whose own proof does not hold.
        assert_eq!(one["m"], 49, "{one}");
    }

    for (evidence, file) in [("audit", "log"), ("p.zip", "package")] {
        let (text, data) = (format!("{file}.md"), format!("{file}.json"));
        let files = ["-o", &text, "-o", &data];
        let args = [&["report", evidence], &TRUST[..], &files].concat();
        place.run(&args).good();
        let report = std::fs::read_to_string(place.path(&text)).unwrap();
        assert!(report.contains("Of them 40 were imported from another system"));
        let report = std::fs::read_to_string(place.path(&data)).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let figures = &report["figures"];
        assert_eq!(
            (&figures["decisions"], &figures["imported"]),
            (&50.into(), &40.into())
        );
        // The week of the first one.
        let first = &figures["actions"]["buckets"][0];
        assert_eq!(
            first["from"].as_str().unwrap().get(..10),
            Some("2025-02-24")
        );
    }
    let read = |name: &str| {
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["figures"].clone()
    };
    assert_eq!(read("log.json"), read("package.json"));
}

#[test]
fn lists_and_traces_show_what_they_bring() {
    let place = place();
    let listed = place.run(&["log", "audit", "-n", "60"]).good().out;
    let line = |seq: &str| {
        listed
            .lines()
            .find(|line| line.trim_start().starts_with(seq))
    };
    let has = |seq: &str, what: &str| assert!(line(seq).unwrap().contains(what), "{listed}");
    has("16 ", "source receipts.jsonl");
    has("17 ", "imported: allow gpt-4o");
    has("20 ", "imported: reject gpt-4o");
    has("57 ", "imported: pay");

    let shown = place
        .run(&["trace", "show", "audit", "old-trace"])
        .good()
        .out;
    assert!(
        shown.contains("20 decision gpt-4o: reject · imported"),
        "{shown}"
    );
    let graph = json(&place, &["trace", "show", "audit", "old-trace"]);
    let nodes = graph["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 40);
    assert_eq!(
        (&nodes[3]["sort"], &nodes[3]["alarm"]),
        (&"decision".into(), &true.into())
    );
    assert_eq!(nodes[3]["imported_of_us"], OLD + 3 * HOUR);

    let receipts = json(&place, &["log", "audit", "--kind", "imported", "-n", "99"]);
    assert_eq!(receipts.as_array().unwrap().len(), 42);
    let item = &receipts[0]["body"]["record"]["item"]["content"];
    assert_eq!(
        (&item["kind"], &item["body"]["tool"]),
        (&"tool_outcome".into(), &"pay".into())
    );
}

#[test]
fn a_contract_holds_for_them_as_for_own_ones() {
    let place = place();
    place.write(
        "c.yaml",
        "contractspec: \"0.1\"\nkind: agent\nname: support\ndescription: d\nversion: \"1.0.0\"\n\
         invariants:\n  hard:\n    - name: not-refused\n      \
         check: {field: body.action, not_equals: reject}\n",
    );
    let args = ["contract", "check", "c.yaml", "--log", "audit", "--json"];
    let done = place.run(&args);
    let lines: Vec<Value> = done
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 50, "{}", done.err);
    let broken: Vec<u64> = lines
        .iter()
        .filter(|line| line["verdict"] != "compliant")
        .map(|line| line["receipt"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (0..40).filter(|n| n % 4 == 3).map(|n| n + 17).collect();
    assert_eq!(broken, expected);
}

#[test]
fn the_text_behind_an_old_digest_is_compared_with_it() {
    let place = place();
    place
        .run(&["prove", "audit", "20", "-o", "old.proof"])
        .good();
    place.write("answer.txt", "the old answer");
    place.write("other.txt", "another answer");
    let compare = |file: &str| {
        let text = format!("output={file}");
        let args = [
            "verify",
            "old.proof",
            "--key",
            "audit/log.pub",
            "--text",
            &text,
        ];
        place.run(&[&args[..], &["--require", "integrity,attribution"]].concat())
    };
    compare("answer.txt").good();
    assert_eq!(compare("other.txt").code, 1);
    let refused = place.run(&["prove", "audit", "20", "--disclose", "output"]);
    assert!(
        refused.sentence(2).contains("its digest has no key"),
        "{}",
        refused.err
    );
}

#[test]
fn subjects_and_kept_texts_are_those_of_own_receipts() {
    let place = place();
    let subjects = json(&place, &["subject", "list", "audit"]);
    assert_eq!(subjects, json!([]));
    let refused = place.run(&[
        "reveal",
        "audit",
        "20",
        "output",
        "--purpose",
        "p",
        "--actor",
        "a",
    ]);
    assert_ne!(refused.code, 0, "{}", refused.out);
}
