//! Contract files: what is read, and where mistakes are.

use ai_audit_contracts::Contract;

/// A ContractSpec 0.1 file with everything that its schema has.
const FULL: &str = r#"contractspec: "0.1"
kind: agent
name: refund-agent
description: >
  What the refund agent
  keeps to.
version: "1.0.0"
metadata:
  author: "Risk"
  domain: retail
  created: 2026-11-01
  tags: [refunds, privacy]
preconditions:
  - name: customer-known
    description: A known customer
    check:
      field: session.customer_identified
      equals: true
invariants:
  hard:
    - name: no-pii-leak
      description: No personal data
      category: confidentiality
      check:
        field: output.pii_detected
        equals: false
  soft:
    - name: tone
      check: { field: output.tone_score, gte: 0.7 }
      recovery: soften
      recovery_window: 2
governance:
  soft:
    - name: budget
      category: token_budgets
      check:
        field: session.total_tokens
        lte: 30000
recovery:
  strategies:
    - name: soften
      type: inject_correction
      actions:
        - "Repeat the style guide"
      max_attempts: 2
      fallback: hand-over
    - name: hand-over
      type: pause_and_escalate
satisfaction:
  p: 0.9
  delta: 0.25
  k: 5
drift:
  weights: { compliance: 0.5, distributional: 0.5 }
  window: 20
  thresholds: { warning: 0.2, critical: 0.5 }
reliability:
  weights: { compliance: 0.4, drift: 0.3, recovery: 0.2, stress: 0.1 }
  deployment_threshold: 0.8
"#;

#[test]
fn all_of_contractspec_is_read() {
    let contract = Contract::parse(FULL).unwrap();
    assert_eq!(contract.warnings(), []);
    assert_eq!(
        (contract.name(), contract.version()),
        ("refund-agent", "1.0.0")
    );
    assert_eq!(
        contract.preconditions()[0].check().field(),
        "session.customer_identified"
    );
    assert_eq!(contract.hard()[0].name(), "no-pii-leak");
    let soft: Vec<_> = contract
        .soft()
        .iter()
        .map(|soft| (soft.rule().name(), soft.recovery(), soft.window()))
        .collect();
    assert_eq!(soft, [("tone", Some("soften"), 2), ("budget", None, 3)]);
    let [soften, hand_over] = contract.strategies() else {
        panic!("{:?}", contract.strategies());
    };
    assert_eq!(soften.actions, ["Repeat the style guide"]);
    assert_eq!((soften.max_attempts, hand_over.max_attempts), (2, 1));
    assert_eq!(soften.fallback.as_deref(), Some("hand-over"));
    let target = contract.satisfaction();
    assert_eq!((target.p, target.delta, target.k), (0.9, 0.25, 5));
    assert_eq!(
        (contract.drift().compliance, contract.drift().window),
        (0.5, 20)
    );
    assert_eq!(
        (contract.drift().warning, contract.drift().critical),
        (0.2, 0.5)
    );
    let weights = contract.reliability();
    assert_eq!((weights.event_freq, weights.recovery_success), (0.1, 0.2));
    assert_eq!(weights.deployment_threshold, 0.8);
}

#[test]
fn json_is_read_too_with_tabs_escapes_and_a_byte_order_mark() {
    let text = "\u{feff}{\n\t\"name\": \"caf\\u00e9 \\ud83d\\ude00 a\\/b\",\n\t\"version\": \"1\",\n\t\"invariants\": {\n\t\t\"hard\": [\n\t\t\t{\"name\": \"r\", \"check\": {\"field\": \"a\", \"in\": [1, 2.5e1, null, true, \"x\"]}}\n\t\t]\n\t}\n}\n";
    let contract = Contract::parse(text).unwrap();
    assert_eq!(contract.name(), "café 😀 a/b");
    let wrong = text.replace("\"field\"", "\"filed\"");
    assert!(wrong.contains("filed"));
    let problems = Contract::parse(&wrong).unwrap_err().to_string();
    assert!(
        problems.contains("line 6, column 28: `filed` is not known"),
        "{problems}"
    );
    // Behind a pair of escapes, too.
    let line = r#"{"name": "\ud83d\ude00\\ud83d", "version": 5, "kind": "robot"}"#;
    let problems = Contract::parse(line).unwrap_err().to_string();
    assert!(
        problems.starts_with("line 1, column 55: kind: `robot`"),
        "{problems}"
    );
}

#[test]
fn anchors_stand_for_what_they_name() {
    let text = "
name: c
version: 1
invariants:
  hard:
    - name: a
      check: &same {field: x, equals: 1}
    - name: b
      check: *same
";
    let contract = Contract::parse(text).unwrap();
    assert_eq!(contract.hard()[1].check().field(), "x");
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let contract = Contract::parse("name: c\nversion: 1.10\n").unwrap();
    // printf 'name: c\nversion: 1.10\n' | sha256sum
    let expected = "383dac14e2a00b567ea7be9aaf4de37c5da50aa07c9832fe78dc86b238e2d79b";
    let hex: String = contract
        .digest()
        .as_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(hex, expected);
    assert_eq!(contract.version(), "1.10");
    assert!(contract.warnings()[0].to_string().contains("no rule"));
}

/// `FULL` with a piece of it replaced, and the problem with its place.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "contractspec: \"0.1\"",
        "contractspec: \"0.2\"",
        "line 1, column 15: contractspec 0.2, expected \"0.1\"",
    ),
    (
        "kind: agent",
        "kind: robot",
        "line 2, column 7: kind: `robot`, expected agent or pipeline",
    ),
    (
        "kind: agent",
        "kind: agent\nkind: agent",
        "line 3, column 1: `kind` is there twice",
    ),
    (
        "name: refund-agent\n",
        "",
        "line 1, column 1: `name` is missing",
    ),
    (
        "version: \"1.0.0\"",
        "version: [1]",
        "line 7, column 10: version is a list, expected a single value",
    ),
    (
        "version: \"1.0.0\"",
        "version: ''",
        "line 7, column 10: `version` is empty",
    ),
    (
        "metadata:\n  author: \"Risk\"\n  domain: retail\n  created: 2026-11-01\n  tags: [refunds, privacy]",
        "metadata: [a]",
        "line 8, column 11: metadata is a list, expected a mapping",
    ),
    (
        "equals: true",
        "equal: true",
        "line 18, column 7: `equal` is not known in a check, expected field, equals",
    ),
    (
        "equals: true",
        "equals:",
        "line 17, column 7: no operator with a value",
    ),
    (
        "equals: true",
        "equals: true\n      exists: true",
        "line 19, column 7: `equals` and `exists` in one check",
    ),
    (
        "equals: true",
        "gt: high",
        "line 18, column 11: gt: expected a number without quotes",
    ),
    (
        "equals: true",
        "gt: '5'",
        "line 18, column 11: gt: expected a number without quotes",
    ),
    (
        "equals: true",
        "lt: .inf",
        "line 18, column 11: .inf, expected a finite number",
    ),
    (
        "equals: true",
        "in: en",
        "line 18, column 11: in is a single value, expected a list",
    ),
    (
        "equals: true",
        "contains: [a]",
        "line 18, column 17: contains of a list, expected a single value",
    ),
    (
        "equals: true",
        "exists: maybe",
        "line 18, column 15: exists: expected true or false",
    ),
    (
        "equals: true",
        "matches: '(a'",
        "line 18, column 16: matches: unclosed group",
    ),
    (
        "equals: true",
        "matches: '(?=a'",
        "line 18, column 16: matches: Parsing error at position 4: Opening parenthesis",
    ),
    (
        "equals: true",
        "matches: '(\\w{1000}){9}'",
        "line 18, column 16: matches: Compiled regex exceeds size limit",
    ),
    (
        "equals: true",
        "matches: 5",
        "line 18, column 16: matches: expected a text; put it in quotes",
    ),
    (
        "equals: true",
        "between: [1, 2, 3]",
        "line 18, column 16: between: expected two numbers",
    ),
    (
        "equals: true",
        "between: [3, 1]",
        "line 18, column 16: between: 3 is above 1",
    ),
    (
        "equals: true",
        "expr: value > and",
        "line 18, column 21: expr, character 9 of at most 1024: `and`, expected a value",
    ),
    (
        "equals: true",
        "expr: \"exec('rm')\"",
        "line 18, column 13: expr, character 1 of at most 1024: there is no function `exec`",
    ),
    (
        "field: output.pii_detected",
        "field: ''",
        "line 25, column 16: field: it is empty",
    ),
    (
        "field: output.pii_detected",
        "field: a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q",
        "line 25, column 16: field: more than 16 parts",
    ),
    (
        "- name: tone",
        "- name: no-pii-leak",
        "line 28, column 13: `no-pii-leak` is a rule already, in line 21",
    ),
    (
        "- name: tone",
        "- named: tone",
        "line 28, column 7: `named` is not known in a rule",
    ),
    (
        "- name: tone",
        "- name: 5",
        "line 28, column 13: name: expected a text; put it in quotes",
    ),
    (
        "recovery: soften",
        "recovery: harden",
        "line 30, column 17: no strategy `harden` in recovery.strategies",
    ),
    (
        "fallback: hand-over",
        "fallback: nobody",
        "line 46, column 17: no strategy `nobody`",
    ),
    (
        "recovery_window: 2",
        "recovery_window: 0",
        "line 31, column 24: recovery_window: 0, expected an integer from 1 to 1000",
    ),
    (
        "recovery_window: 2",
        "recovery_window: 2.5",
        "line 31, column 24: recovery_window: 2.5, expected an integer",
    ),
    (
        "type: inject_correction",
        "type: shout",
        "line 42, column 13: type: `shout`, expected inject_correction, reduce_autonomy",
    ),
    (
        "- name: hand-over",
        "- name: soften",
        "`soften` is a strategy already",
    ),
    ("p: 0.9", "p: 0", "line 50, column 6: p, expected above 0"),
    (
        "p: 0.9",
        "p: 1.5",
        "line 50, column 6: p: 1.5, expected 0 to 1",
    ),
    (
        "k: 5",
        "k: 5000",
        "line 52, column 6: k: 5000, expected an integer from 1 to 1000",
    ),
    (
        "recovery: 0.2, stress",
        "event_freq: 0.2, stress",
        "`event_freq` and `stress` are one weight",
    ),
    (
        "reliability:",
        "reliabilty:",
        "line 57, column 1: `reliabilty` is not known in the contract",
    ),
    (
        "domain: retail",
        "domain: !!str retail",
        "line 10, column 11: tag",
    ),
    (
        "  soft:\n    - name: tone",
        "  soft: yes",
        "line 28, column 12: this is not YAML",
    ),
    (
        "drift:",
        "---\ndrift:",
        "line 53, column 1: a second document",
    ),
    ("  delta: 0.25", "\tdelta: 0.25", "found a tab"),
    ("metadata:", "metadata: [", "this is not YAML"),
];

#[test]
fn every_mistake_has_its_line_and_column() {
    for (from, to, expected) in MISTAKES {
        let text = FULL.replacen(from, to, 1);
        assert_ne!(text, FULL, "{from}");
        match Contract::parse(&text) {
            Ok(_) => panic!("{to}: read, expected {expected}"),
            Err(problems) => {
                let shown = problems.to_string();
                assert!(
                    shown.contains(expected),
                    "{to}:\n{shown}\nexpected {expected}"
                );
            }
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_their_order() {
    let text = FULL
        .replace("gte: 0.7", "gte: high")
        .replace("p: 0.9", "p: 2")
        .replace("kind: agent", "kind: robot");
    let problems = Contract::parse(&text).unwrap_err();
    let lines: Vec<usize> = problems
        .as_slice()
        .iter()
        .map(|one| one.place.line)
        .collect();
    assert_eq!(lines, [2, 29, 50]);
}

#[test]
fn what_may_not_be_meant_is_a_warning() {
    let owned = FULL.replace("  domain:", "  owner: {team: 7}\n  domain:");
    assert_eq!(Contract::parse(&owned).unwrap().warnings(), []);
    for (from, to, expected) in [
        (
            "kind: agent\n",
            "",
            "line 1, column 1: ContractSpec 0.1 wants a `kind`",
        ),
        ("p: 0.9", "p: 1", "p of 1"),
        ("stress: 0.1", "stress: 0.2", "a sum of 1.1000"),
        ("equals: false", "in: []", "in: an empty list"),
        (
            "        equals: false",
            "        equals: false\n      recovery_window: 2",
            "line 27, column 24: `recovery_window` changes nothing for a hard rule",
        ),
    ] {
        let contract = Contract::parse(&FULL.replacen(from, to, 1)).unwrap();
        let shown: Vec<String> = contract
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(shown.join("\n").contains(expected), "{to}: {shown:?}");
    }
}
