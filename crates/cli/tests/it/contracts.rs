//! `ai-audit contract`: verdicts a line, exit codes, mistakes with places, receipts.

use crate::run::Place;
use serde_json::Value;

const CONTRACT: &str = r#"contractspec: "0.1"
kind: agent
name: support
description: d
version: "1.0.0"
preconditions:
  - {name: known, check: {field: session.known, equals: true}}
invariants:
  hard:
    - name: no-pii-leak
      check: {field: output.pii, equals: false}
  soft:
    - name: tone
      check: {field: output.tone, gte: 0.7}
      recovery_window: 1
"#;
const GOOD: &str =
    r#"{"output.pii": false, "output.tone": 0.9, "session": {"id": "a", "known": true}}"#;
const SOFT: &str =
    r#"{"output": {"pii": false, "tone": 0.2}, "session": {"id": "b", "known": false}}"#;
const HARD: &str = r#"{"output": {"pii": true}, "session": {"id": 7}}"#;

fn place() -> Place {
    let place = Place::empty();
    place.write("c.yaml", CONTRACT);
    place.write("good.jsonl", &format!("\u{feff}{GOOD}\r\n\n{GOOD}"));
    place.write("soft.jsonl", &format!("{GOOD}\n{SOFT}\n"));
    place.write("all.jsonl", &format!("{GOOD}\n{SOFT}\n{HARD}\n"));
    place
}

fn check(place: &Place, args: &[&str]) -> (i32, String, String) {
    let all: Vec<&str> = ["contract", "check", "c.yaml"]
        .iter()
        .chain(args)
        .copied()
        .collect();
    let done = place.run(&all);
    (done.code, done.out, done.err)
}

#[test]
fn a_line_for_each_state_and_an_exit_code_for_all() {
    let place = place();
    let (code, out, _) = check(&place, &["all.jsonl", "--json"]);
    let expected = "{\"verdict\":\"compliant\",\"hard\":[],\"soft\":[]}\n\
                    {\"verdict\":\"soft_violation\",\"hard\":[],\"soft\":[\"tone\"]}\n\
                    {\"verdict\":\"hard_breach\",\"hard\":[\"no-pii-leak\"],\"soft\":[\"tone\"]}\n";
    assert_eq!((code, out.as_str()), (1, expected));
    assert_eq!(check(&place, &["soft.jsonl", "--json"]).0, 3);
    assert_eq!(check(&place, &["good.jsonl", "--json"]).0, 0);
    // Nothing was looked at: nothing is compliant.
    place.write("none.jsonl", "\n\n");
    let (code, out, err) = check(&place, &["none.jsonl", "--json"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("no state was there"), "{err}");
    let done = place.with(&["contract", "check", "c.yaml", "-", "--json"], &[], SOFT);
    assert_eq!((done.code, done.out.lines().count()), (3, 1));
}

#[test]
fn sessions_and_preconditions() {
    let place = place();
    let args = [
        "soft.jsonl",
        "--json",
        "--session",
        "session.id",
        "--preconditions",
    ];
    let (code, out, _) = check(&place, &args);
    assert_eq!(code, 1);
    assert!(
        out.ends_with("\"soft\":[\"tone\"],\"preconditions\":[\"known\"]}\n"),
        "{out}"
    );
    // The second state begins no session.
    let (code, out, _) = check(&place, &["soft.jsonl", "--json", "--preconditions"]);
    assert!(code == 3 && !out.contains("preconditions"), "{out}");
    let (code, out, _) = check(
        &place,
        &[
            "all.jsonl",
            "--json",
            "--session",
            "session.id",
            "--summary",
        ],
    );
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &summary["sessions"], &summary["kept"]),
        (1, &3.into(), &1.into())
    );
    assert_eq!(summary["satisfaction"], "undecided");
    let (_, text, _) = check(&place, &["all.jsonl", "--session", "session.id"]);
    assert!(
        text.contains("all.jsonl, line 3: hard_breach: hard no-pii-leak; soft tone"),
        "{text}"
    );
    assert!(text.contains("3 sessions: 1 kept the contract"), "{text}");
    let (code, _, err) = check(&place, &["all.jsonl", "--session", "user"]);
    assert!(code == 1 && err.contains("all.jsonl, line 1: expected a text or a number at user"));
}

#[test]
fn what_is_no_state_or_no_contract_is_told_with_its_place() {
    let place = place();
    place.write("bad.jsonl", &format!("{GOOD}\n{{\"a\": 1, \"a\": 2}}\n"));
    let (code, _, err) = check(&place, &["bad.jsonl", "--json"]);
    assert_eq!(code, 1);
    assert!(err.is_empty());
    let (code, _, err) = check(&place, &["bad.jsonl"]);
    assert!(
        code == 1 && err.contains("bad.jsonl, line 2: \"a\" is there twice"),
        "{err}"
    );
    assert_eq!(check(&place, &["missing.jsonl"]).0, 2);
    let wrong = CONTRACT
        .replace("gte: 0.7", "gte: '0.7'")
        .replace("kind: agent", "kind: x");
    place.write("c.yaml", &wrong);
    let (code, _, err) = check(&place, &["good.jsonl"]);
    let expected =
        "c.yaml: line 2, column 7: kind: `x`, expected agent or pipeline; and 1 more mistake";
    assert!(code == 2 && err.contains(expected), "{err}");
    let done = place.run(&["contract", "lint", "c.yaml", "--json"]);
    let json = done.json();
    assert_eq!((done.code, &json["readable"]), (1, &false.into()));
    assert_eq!(json["problems"][1]["line"], 14);
    assert_eq!(json["problems"][1]["column"], 40);
    place.write("c.yaml", &CONTRACT.replace("kind: agent\n", ""));
    let done = place.run(&["contract", "lint", "c.yaml"]).good();
    assert!(
        done.err.contains("ContractSpec 0.1 wants a `kind`"),
        "{}",
        done.err
    );
    assert!(
        done.out
            .contains("support 1.0.0: 1 precondition, 1 hard rule, 1 soft rule")
    );
}

#[test]
fn a38_contract_and_evaluations_are_sealed_in_this_order() {
    let place = place();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    let record = |args: &[&str]| {
        let all = ["contract", "record", "audit"];
        place.run(&all.iter().chain(args).copied().collect::<Vec<_>>())
    };
    let args = ["c.yaml", "all.jsonl", "--session", "session.id", "--json"];
    let done = record(&args);
    let json = done.json();
    assert_eq!((done.code, &json["activated"]), (1, &4.into()));
    let again = record(&args).json();
    assert_eq!(again["activated"], Value::Null);
    let log = place.run(&[
        "log",
        "audit",
        "--kind",
        "contract_state",
        "--reverse",
        "--json",
    ]);
    let log = log.good().json();
    assert_eq!(log.as_array().unwrap().len(), 6);
    assert_eq!(log[2]["body"]["verdict"], "hard_breach");
    assert_eq!(log[2]["body"]["hard"][0], "no-pii-leak");
    assert_eq!(log[2]["session_id"], "7");
    assert!(
        log[2]["body"]["state"]["canonical"]["keyed"].is_string(),
        "{}",
        log[2]
    );
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    let pins = ["--key", "audit/log.pub", "--checkpoint", "kept.note"];
    let verify: Vec<&str> = ["verify", "audit"].iter().chain(&pins).copied().collect();
    place.run(&verify).good();
    // The list shows what is broken, and the holder of a state can show that it is the one.
    let list = place.run(&["log", "audit"]).good().out;
    assert!(
        list.contains("breaks no-pii-leak, tone") && list.contains("support 1.0.0"),
        "{list}"
    );
    place.write("state.json", HARD);
    let hash = log[2]["seq"].to_string();
    place
        .run(&[
            "prove",
            "audit",
            &hash,
            "--disclose",
            "state",
            "-o",
            "s.proof",
        ])
        .good();
    let shown = |text: &str| {
        let text = format!("state={text}");
        let args = [
            "verify",
            "s.proof",
            "--key",
            "audit/log.pub",
            "--text",
            &text,
        ];
        place.run(&args)
    };
    shown("state.json").good();
    place.write("other.json", SOFT);
    assert_eq!(shown("other.json").code, 1);
    // The same version of other rules is refused, and nothing is sealed.
    place.write("c.yaml", &CONTRACT.replace("0.7", "0.1"));
    let done = record(&args[..2]);
    assert!(
        done.code == 2 && done.err.contains("give this one a new version"),
        "{}",
        done.err
    );
    let (_, _, err) = check(&place, &["--log", "audit", "--kind", "contract_state"]);
    assert!(err.contains("it is another contract"), "{err}");
    place.write(
        "c.yaml",
        &CONTRACT.replace("0.7", "0.1").replace("1.0.0", "1.1.0"),
    );
    assert_eq!(record(&["c.yaml"]).good().code, 0);
}

#[test]
fn receipts_are_states() {
    let place = Place::new();
    let contract = "name: m\nversion: 1\ninvariants:\n  hard:\n    - {name: allowed, check: {field: body.action, equals: allow}}\n    - {name: later, check: {field: seq, gt: 4}}\n";
    place.write("c.yaml", contract);
    let (code, out, err) = check(&place, &["--log", "audit", "--json"]);
    assert_eq!((code, out.lines().count()), (1, 10), "{out}{err}");
    assert!(err.contains("the log does not activate m 1"), "{err}");
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["hard"][0], &first["receipt"]),
        (&"later".into(), &4.into())
    );
}
