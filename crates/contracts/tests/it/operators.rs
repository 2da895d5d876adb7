//! What each operator says of each type of value: the table of the specification, case by case.

use ai_audit_contracts::{Contract, State, Verdict};

/// Whether `check` holds for `{"f": value}`; without a value the field is missing.
fn holds(check: &str, value: Option<&str>) -> bool {
    let text = format!(
        "name: c\nversion: 1\ninvariants:\n  hard:\n    - name: r\n      check: {{field: f, {check}}}\n"
    );
    let contract = Contract::parse(&text).unwrap_or_else(|error| panic!("{check}: {error}"));
    let state = match value {
        Some(value) => format!(r#"{{"f": {value}}}"#),
        None => "{}".into(),
    };
    let found = contract.evaluate(&State::parse(&state).unwrap());
    assert_eq!(found.hard.is_empty(), found.verdict == Verdict::Compliant);
    found.hard.is_empty()
}

/// What holds, and what does not, for each check.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    (
        "equals: false",
        &["false"],
        &["true", "0", "\"false\"", "null", "[]"],
    ),
    (
        "equals: 1",
        &["1", "1.0", "1e0"],
        &["true", "\"1\"", "2", "[1]"],
    ),
    ("equals: 0.1", &["0.1", "1e-1"], &["0.10000001"]),
    ("equals: \"1\"", &["\"1\""], &["1"]),
    ("equals: yes", &["\"yes\""], &["true"]),
    (
        "equals: 9007199254740993",
        &["9007199254740993"],
        &["9007199254740992"],
    ),
    (
        "equals: [1, a]",
        &["[1.0, \"a\"]"],
        &["[\"a\", 1]", "[1]", "1"],
    ),
    (
        "equals: {a: 1, b: 2}",
        &["{\"b\": 2, \"a\": 1}"],
        &["{\"a\": 1}"],
    ),
    (
        "not_equals: error",
        &["\"ok\"", "\"\""],
        &["\"error\"", "5", "null", "true", "[\"ok\"]"],
    ),
    (
        "not_equals: 5",
        &["5.1", "-5"],
        &["5", "5.0", "\"6\"", "false"],
    ),
    ("not_equals: true", &["false"], &["true", "0", "\"no\""]),
    (
        "gt: 0.5",
        &["0.51", "1", "1e300"],
        &["0.5", "0", "\"0.9\"", "true", "null", "[1]"],
    ),
    ("gte: 0.7", &["0.7", "1"], &["0.69", "\"0.7\"", "true"]),
    (
        "lt: 5",
        &["4", "4.999", "-1e9"],
        &["5", "5.0", "\"4\"", "false", "null"],
    ),
    (
        "lte: 3000",
        &["3000", "3000.0", "0"],
        &["3000.5", "\"1\"", "false"],
    ),
    (
        "gt: 9007199254740992",
        &["9007199254740993"],
        &["9007199254740992"],
    ),
    (
        "between: [0, 1]",
        &["0", "1", "0.5", "1.0"],
        &["-0.01", "1.01", "\"0.5\"", "true", "[0]"],
    ),
    ("between: [2, 2]", &["2"], &["1", "3"]),
    (
        "in: [en, fr]",
        &["\"en\"", "\"fr\""],
        &["\"de\"", "\"e\"", "[\"en\"]", "null", "1"],
    ),
    (
        "in: [1, true]",
        &["1", "1.0", "true"],
        &["\"1\"", "false", "2"],
    ),
    ("in: [[1]]", &["[1]"], &["1"]),
    ("in: []", &[], &["1", "\"\""]),
    (
        "not_in: [gpt-3, old]",
        &["\"new\""],
        &["\"gpt-3\"", "3", "null", "[\"gpt-3\"]", "[\"new\"]"],
    ),
    ("not_in: [1, a]", &["2", "\"b\""], &["1.0", "\"a\"", "true"]),
    ("not_in: []", &["1", "\"a\""], &["null"]),
    (
        "contains: disclaimer",
        &[
            "[\"a disclaimer\"]",
            "[{\"text\": \"a disclaimer\"}]",
            "\"a disclaimer.\"",
            "[\"x\", \"disclaimer\"]",
        ],
        &["\"Disclaimer\"", "5", "{\"disclaimer\": 1}", "null", "[]"],
    ),
    ("contains: 5", &["[1, 5.0]"], &["\"5\"", "5", "[\"5\"]"]),
    (
        "not_contains: internal",
        &["\"public\"", "[\"public\"]", "[]", "\"\""],
        &[
            "\"internal use\"",
            "[\"internal\"]",
            "[\"internal use\"]",
            "[{\"text\": [\"internal use\"]}]",
            "5",
            "null",
            "{}",
        ],
    ),
    (
        "matches: '^(?!.*ssn).*$'",
        &["\"nothing\"", "\"\""],
        &["\"an ssn here\"", "5", "null"],
    ),
    (
        "matches: \"[0-9]{3}\"",
        &["\"123\"", "\"a1234b\""],
        &["\"12\"", "123", "[\"123\"]", "null"],
    ),
    (
        "matches: \"^[a-z]+$\"",
        &["\"abc\""],
        &["\"abc1\"", "\"abc\\n\"", "\"Abc\"", "\"\""],
    ),
    (
        "exists: true",
        &["0", "\"\"", "false", "[]", "{}"],
        &["null"],
    ),
    ("exists: false", &["null"], &["0", "\"\"", "false", "[]"]),
    (
        "expr: \"value > 2 and value < 5\"",
        &["3", "4.5"],
        &["2", "5", "\"3\"", "null", "true"],
    ),
    (
        "expr: \"len(value) <= 2\"",
        &["\"ab\"", "[1]", "{}"],
        &["\"abc\"", "5"],
    ),
];

#[test]
fn every_operator_for_every_type() {
    for (check, holding, broken) in TABLE {
        for value in *holding {
            assert!(holds(check, Some(value)), "{check} should hold for {value}");
        }
        for value in *broken {
            assert!(
                !holds(check, Some(value)),
                "{check} should not hold for {value}"
            );
        }
        let missing = *check == "exists: false";
        assert_eq!(holds(check, None), missing, "{check} for a missing field");
    }
}

#[test]
fn the_table_has_every_operator() {
    let operators = [
        "equals",
        "not_equals",
        "gt",
        "gte",
        "lt",
        "lte",
        "in",
        "not_in",
        "contains",
        "not_contains",
        "matches",
        "exists",
        "expr",
        "between",
    ];
    for operator in operators {
        let begins = |(check, ..): &(&str, _, _)| check.split(':').next() == Some(operator);
        assert!(TABLE.iter().any(begins), "{operator}");
    }
}

#[test]
fn names_come_in_the_contracts_order_and_governance_counts() {
    let contract = Contract::parse(
        r#"
contractspec: "0.1"
kind: agent
name: c
description: d
version: "1"
preconditions:
  - {name: p, check: {field: p, equals: true}}
invariants:
  hard: [{name: h1, check: {field: a, equals: 1}}, {name: h2, check: {field: b.c, equals: 1}}]
  soft: [{name: s1, check: {field: a, equals: 1}}]
governance:
  hard: [{name: g1, check: {field: a, equals: 1}}]
  soft: [{name: g2, check: {field: d, lte: 3}}]
"#,
    )
    .unwrap();
    let of = |json: &str| {
        let state = State::parse(json).unwrap();
        serde_json::to_string(&contract.evaluate(&state)).unwrap()
    };
    assert_eq!(
        of("{}"),
        r#"{"verdict":"hard_breach","hard":["h1","h2","g1"],"soft":["s1","g2"]}"#
    );
    assert_eq!(
        of(r#"{"a": 1, "b": {"c": 1}, "d": 4}"#),
        r#"{"verdict":"soft_violation","hard":[],"soft":["g2"]}"#
    );
    assert_eq!(
        of(r#"{"a": 1, "b.c": 1, "d": 3}"#),
        r#"{"verdict":"compliant","hard":[],"soft":[]}"#
    );
    // Preconditions are held against a session's first state, where they are asked for.
    let state = State::parse(r#"{"a": 1, "b.c": 1, "d": 3}"#).unwrap();
    let start = contract.evaluate_start(&state);
    assert_eq!(
        (start.verdict, start.preconditions),
        (Verdict::HardBreach, vec!["p"])
    );
    let state = State::parse(r#"{"a": 1, "b.c": 1, "d": 3, "p": true}"#).unwrap();
    assert_eq!(contract.evaluate_start(&state).verdict, Verdict::Compliant);
}
