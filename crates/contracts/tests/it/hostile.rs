//! Contracts and states made to hurt.

use ai_audit_contracts::{Contract, MAX_CONTRACT, MAX_STATE, State};
use proptest::prelude::*;

fn refused(text: &str, expected: &str) {
    let shown = Contract::parse(text).unwrap_err().to_string();
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn size_depth_and_aliases_are_bounded() {
    refused(&" ".repeat(MAX_CONTRACT + 1), "expected at most 262144");
    refused("", "nothing is in it");
    refused(&"[".repeat(100_000), "recursion limit exceeded");
    refused(&format!("a: {}", "{b: ".repeat(40)), "inside of each other");
    refused(&"- ".repeat(50), "inside of each other");
    // Nine lists of nine aliases of the one before: 9^8 values.
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    refused(&laughs, "more than 50000 values");
    // One long text, and as many aliases of it as fit.
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        vec!["*a"; 30_000].join(",")
    );
    refused(&long, "more than 50000 values");
    refused("a: &a [*a]", "not complete yet");
    let rules: String = (0..1001)
        .map(|n| format!("  - {{name: r{n}, check: {{field: f, exists: true}}}}\n"))
        .collect();
    let text = format!("name: c\nversion: 1\npreconditions:\n{rules}");
    refused(&text, "line 1004, column 12: more than 1000 rules");
}

#[test]
fn a_pattern_that_backtracks_is_bounded() {
    let text = "name: c\nversion: 1\ninvariants: {hard: [{name: r, check: {field: f, matches: '^(?=a)(a|aa)+$'}}]}";
    let contract = Contract::parse(text).unwrap();
    let of = |f: String| {
        let state = State::parse(&format!("{{\"f\": \"{f}\"}}")).unwrap();
        contract.evaluate(&state).hard.len()
    };
    assert_eq!(of("aaaa".into()), 0);
    // Exponentially many ways, none of which leads to the end: it gives up, and the rule is broken.
    assert_eq!(of(format!("{}b", "a".repeat(60))), 1);
}

#[test]
fn at_most_a_hundred_mistakes_are_told() {
    let text: String = (0..1000).map(|n| format!("unknown{n}: 1\n")).collect();
    assert_eq!(Contract::parse(&text).unwrap_err().as_slice().len(), 100);
}

#[test]
fn states_that_mean_two_things_or_are_none_are_refused() {
    for text in [
        "",
        "[]",
        "5",
        "{\"a\": 1} x",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": [{\"b\": 1, \"\\u0062\": 2}]}",
        "{\"a\": NaN}",
        "{\"a\": 1e999}",
        "{\"a\": \"\\ud800\"}",
        &format!("{{\"a\": {}1{}}}", "[".repeat(500), "]".repeat(500)),
        &format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_STATE)),
    ] {
        assert!(State::parse(text).is_err(), "{:.40}", text);
    }
}

#[test]
fn a_pattern_made_to_backtrack_takes_linear_time() {
    let contract = Contract::parse(
        "name: c\nversion: 1\ninvariants: {hard: [{name: r, check: {field: f, matches: '^(a+)+$'}}]}",
    )
    .unwrap();
    let state = State::parse(&format!("{{\"f\": \"{}b\"}}", "a".repeat(100_000))).unwrap();
    assert_eq!(contract.evaluate(&state).hard, ["r"]);
}

#[test]
fn many_ways_to_cut_a_field_are_tried_in_bounded_time() {
    // Every beginning of the name leads on, none to its end.
    let mut inner = "{}".to_owned();
    for _ in 0..15 {
        let keys: Vec<String> = (1..4)
            .map(|n| format!("\"{}\": {inner}", vec!["a"; n].join(".")))
            .collect();
        if inner.len() > 1 << 20 {
            break;
        }
        inner = format!("{{{}}}", keys.join(", "));
    }
    let state = State::parse(&inner).unwrap();
    assert_eq!(state.field(&format!("{}b", "a.".repeat(15))), None);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[-\\[\\]{}:,&*!|>'\"%@`#a-c0-9 \n\t~.]{0,200}") {
        let _ = Contract::parse(&text);
    }

    #[test]
    fn no_expression_makes_an_evaluation_panic(
        expr in "(value|state|len\\(|not |-|\\[|\\]|\\(|\\)|'a'|1|0| and | in | if | else |\\.get\\(|,|\\+|/|%|<|==){0,40}",
    ) {
        let quoted = expr.replace('"', "");
        let text = format!("name: c\nversion: 1\ninvariants: {{hard: [{{name: r, check: {{field: f, expr: \"{quoted}\"}}}}]}}");
        if let Ok(contract) = Contract::parse(&text) {
            for value in ["1", "-0.5", "\"a\"", "[1, \"a\"]", "{\"a\": null}", "true"] {
                let state = State::parse(&format!("{{\"f\": {value}}}")).unwrap();
                let _ = contract.evaluate(&state);
            }
        }
    }

    #[test]
    fn between_is_gte_and_lte(low in -10i32..10, width in 0i32..10, value in -25i32..25) {
        let high = low + width;
        let rule = |op: &str| format!("{{name: '{op}', check: {{field: f, {op}}}}}");
        let rules = [
            rule(&format!("between: [{low}, {high}]")),
            rule(&format!("gte: {low}")),
            rule(&format!("lte: {high}")),
        ];
        let text = format!("name: c\nversion: 1\ninvariants: {{hard: [{}]}}", rules.join(", "));
        let contract = Contract::parse(&text).unwrap();
        let state = State::parse(&format!("{{\"f\": {}}}", f64::from(value) / 2.0)).unwrap();
        let broken = contract.evaluate(&state).hard;
        let between = broken.iter().any(|name| name.starts_with("between"));
        prop_assert_eq!(between, broken.iter().any(|name| !name.starts_with("between")));
    }
}
