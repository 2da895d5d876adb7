//! What expressions say, and which are refused.

use super::{Expr, MAX_EXPR, MAX_EXPR_DEPTH};
use crate::State;

fn holds(expr: &str) -> bool {
    let state = State::parse(
        r#"{"output": {"sources": ["a", "b", "c"], "score": 0.8, "text": "Hello World", "n": 7,
            "none": null, "empty": []}, "session.turns": 3, "tools": {"calls": 2}}"#,
    )
    .unwrap();
    let value = state.field("output").unwrap();
    Expr::parse(expr).unwrap().holds(value, &state)
}

#[test]
fn true_of_the_state() {
    for expr in [
        "len(value.get('sources', [])) >= 2",
        "len(value['sources']) == 3 and value.score > 0.5",
        "value.get('missing') is None",
        "value.get('missing', 5) == 5",
        "value.none is None and not value.none",
        "value.text.lower().startswith('hello') && value.text.endswith(\"World\")",
        "'World' in value.text and 'x' not in value['text']",
        "'b' in value.sources and value.sources[-1] == 'c'",
        "0 <= value.score <= 1",
        "output.score >= 0.8 || false",
        "session.turns * tools.calls == 6",
        "state.session.turns < 4",
        "state['session.turns'] == 3",
        "not (value.n % 2 == 0) and value.n // 2 == 3 and value.n / 2 == 3.5",
        "-7 % 3 == 2 and -7 // 2 == -4",
        "min(3, 1, 2) == 1 and max([1, 4, 2]) == 4 and sum([1, 2.5]) == 3.5 and abs(-2) == 2",
        "any([false, 0, 1]) and all([true, 1]) and not any([]) and all([])",
        "value.n if value.score > 0.5 else false",
        "1 == 1.0 and 1 != true and '1' != 1",
        "value.n in [1, 7, 9] and value.n not in [2]",
        "value.n in (1, 7) and value.n in (7,) and value.n not in () and (value.n) == 7",
        "'score' in value and 'missing' not in value",
        "' x '.strip() == 'x' and 'a'.upper() == 'A' and 'it\\'s' == \"it's\"",
        "1e3 == 1000 and 2.5e-1 == 0.25",
        "(value.sources)[0] == 'a'",
    ] {
        assert!(holds(expr), "{expr}");
    }
}

#[test]
fn what_fails_or_is_not_true_does_not_hold() {
    for expr in [
        "value.missing > 1",
        "missing",
        "value.text > 5",
        "value.text + 1 > 0",
        "'a' * 3 == 'aaa'",
        "1 / 0 == 0",
        "1e308 * 10 > 0",
        "value.sources[3] == 'd'",
        "value.sources['a']",
        "len(5) > 0",
        "value.text.get('x') is None",
        "sum(['a']) == 0",
        "min([]) == 0",
        "5 in 5",
        "value.none",
        "value.empty",
        "''",
        "0",
        "false",
        "true and value.missing",
    ] {
        assert!(!holds(expr), "{expr}");
    }
}

#[test]
fn refused_with_the_place() {
    for (expr, at, what) in [
        ("", 0, "the end, expected a value"),
        ("value >", 6, "the end, expected a value"),
        ("value = 5", 6, "`=`, expected `==`"),
        ("open('x')", 0, "there is no function `open`"),
        ("value.__class__()", 6, "there is no function `__class__`"),
        ("len(value", 4, "the end, expected `,`"),
        ("len(1, 2)", 0, "a number of arguments"),
        ("[x for x in value]", 3, "`for`, expected `,`"),
        ("'abc", 0, "without its closing"),
        ("'a\\x'", 2, "an escape"),
        ("1 2", 2, "`2`, expected the end"),
        ("value not 5", 10, "`5`, expected `in`"),
        ("lambda x", 0, "`lambda`, expected a value"),
        ("{'a': 1}", 0, "unexpected `{`"),
        ("1 if 2", 5, "the end, expected `else`"),
        ("1e999", 0, "no finite number"),
        ("value §", 6, "unexpected `§`"),
    ] {
        let error = Expr::parse(expr).unwrap_err();
        assert!(
            error.at == at && error.what.contains(what),
            "{expr}: {error:?}"
        );
    }
}

#[test]
fn length_depth_and_steps_are_bounded() {
    let long = format!("{}1", " ".repeat(MAX_EXPR));
    assert!(Expr::parse(&long).is_err());
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("not ", ""),
        ("-", ""),
        ("abs(", ")"),
    ] {
        let nested = |depth| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(Expr::parse(&nested(MAX_EXPR_DEPTH - 1)).is_ok(), "{open}");
        assert!(Expr::parse(&nested(MAX_EXPR_DEPTH)).is_err(), "{open}");
    }
    let items = vec!["1"; super::MAX_STEPS].join(",");
    let state = State::parse(&format!(r#"{{"l": [{items}]}}"#)).unwrap();
    let value = state.field("l").unwrap();
    let of = |text: &str| Expr::parse(text).unwrap().holds(value, &state);
    assert!(!of("sum(value) > 0"));
    assert!(of("len(value) > 0 and value[0] == 1"));
    assert!(!of("[value, value] != []"));
    let many = vec!["1"; super::MAX_EXPR_TOKENS / 2 + 1].join("+");
    assert!(Expr::parse(&many).is_err());
    let many = vec!["1"; super::MAX_EXPR_TOKENS / 2 - 1].join("+");
    assert!(of(&format!("{many}==127")));
}
