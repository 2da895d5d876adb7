//! Properties over generated texts.

use ai_audit_json::{canonicalize, canonicalize_bytes, format_number, is_canonical, to_canonical};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Any value that the crate takes.
fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-(1_i64 << 53)..=1_i64 << 53).prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 1024.0)),
        any::<f64>()
            .prop_filter("refused range", |n| n.abs() <= 2f64.powi(53)
                || n.abs() >= 1e21)
            .prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..8)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,3}",
        "[\\x00-\\x1f\"\\\\/\\x7f\u{e9}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,4}",
        any::<String>(),
    ]
}

/// Writes a value in a way of its own: order, white space, escapes and number forms as the choices
/// say.
fn spell(value: &Value, choices: &mut impl FnMut(usize) -> usize, out: &mut String) {
    space(choices, out);
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => match choices(3) {
                0 => out.push_str(&integer.to_string()),
                1 => out.push_str(&format!("{integer}.0")),
                _ => out.push_str(&format!("{integer}E+0")),
            },
            (_, Some(double)) => match choices(2) {
                0 => out.push_str(&format!("{double:e}")),
                // More digits than needed, still nearest to the same double.
                _ => out.push_str(&format!("{double:.25e}")),
            },
            _ => unreachable!("numbers are i64 or f64"),
        },
        Value::String(text) => spell_string(text, choices, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                spell(item, choices, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            for index in 1..members.len() {
                members.swap(index, choices(index + 1));
            }
            out.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                space(choices, out);
                spell_string(name, choices, out);
                space(choices, out);
                out.push(':');
                spell(member, choices, out);
            }
            out.push('}');
        }
    }
    space(choices, out);
}

fn spell_string(text: &str, choices: &mut impl FnMut(usize) -> usize, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        let must = character < ' ' || character == '"' || character == '\\';
        if !must && choices(4) > 0 {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            match choices(2) {
                0 => out.push_str(&format!("\\u{unit:04x}")),
                _ => out.push_str(&format!("\\u{unit:04X}")),
            }
        }
    }
    out.push('"');
}

fn space(choices: &mut impl FnMut(usize) -> usize, out: &mut String) {
    const SPACES: [&str; 6] = ["", "", " ", "\n", "\t\r", "\n\n  "];
    out.push_str(SPACES[choices(SPACES.len())]);
}

/// Text made of what JSON is made of, mostly invalid.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "\\udc00",
        "d83d",
        "\"a\"",
        "\"b\":",
        "0",
        "-",
        "1",
        "9007199254740993",
        "e",
        "E+",
        ".",
        "1e999",
        "null",
        "true",
        "nul",
        "NaN",
        "-Infinity",
        " ",
        "\n",
        "\u{0}",
        "é",
        "😀",
        "$serde_json::private::Number",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn spelling_does_not_matter(value in value(), seed: [u8; 64]) {
        let canonical = to_canonical(&value).unwrap();
        prop_assert_eq!(&canonicalize(&canonical).unwrap(), &canonical);
        prop_assert!(is_canonical(&canonical));

        let mut turn = 0;
        let mut choices = |count: usize| {
            turn += 1;
            (usize::from(seed[turn % seed.len()]) + turn / seed.len()) % count
        };
        let mut spelled = String::new();
        spell(&value, &mut choices, &mut spelled);
        prop_assert_eq!(&canonicalize(&spelled).unwrap(), &canonical, "{}", spelled);
    }

    #[test]
    fn meaning_is_kept(value in value()) {
        let canonical = to_canonical(&value).unwrap();
        let back: Value = serde_json::from_str(&canonical).unwrap();
        // Integers and doubles compare by value: 1.0 comes back as 1.
        prop_assert!(same(&back, &value), "{canonical}");
    }

    #[test]
    fn names_are_in_utf16_order(names in prop::collection::btree_set(text(), 0..20)) {
        let members: Map<String, Value> =
            names.iter().map(|name| (name.clone(), Value::Null)).collect();
        let mut sorted: Vec<_> = names.iter().collect();
        sorted.sort_by_key(|name| name.encode_utf16().collect::<Vec<_>>());
        let expected: Vec<_> = sorted
            .into_iter()
            .map(|name| format!("{}:null", to_canonical(name).unwrap()))
            .collect();
        prop_assert_eq!(to_canonical(&members).unwrap(), format!("{{{}}}", expected.join(",")));
    }

    #[test]
    fn numbers_are_the_nearest_doubles(digits in "[1-9][0-9]{0,30}", exponent in -340..320_i32) {
        let text = format!("{}.{}e{exponent}", &digits[..1], format_args!("{}0", &digits[1..]));
        let double: f64 = text.parse().unwrap();
        let expected = (double.abs() <= 2f64.powi(53) || double.abs() >= 1e21)
            .then(|| format_number(double))
            .flatten();
        prop_assert_eq!(canonicalize(&text).ok(), expected);
    }

    #[test]
    fn what_is_taken_is_stable(text in prop_oneof![nearly_json(), any::<String>()]) {
        match canonicalize(&text) {
            Ok(canonical) => prop_assert!(is_canonical(&canonical), "{canonical}"),
            Err(error) => {
                prop_assert!(error.offset <= text.len());
                prop_assert!(!error.to_string().is_empty());
                let lines = text[..floor(&text, error.offset)].matches('\n').count();
                prop_assert_eq!(error.line, lines + 1);
            }
        }
        // Whatever serde_json refuses is refused.
        if serde_json::from_str::<Value>(&text).is_err() {
            prop_assert!(canonicalize(&text).is_err());
        }
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Err(error) = canonicalize_bytes(&bytes) {
            prop_assert!(error.offset <= bytes.len());
        }
    }

    #[test]
    fn a_broken_text_never_panics(value in value(), at: prop::sample::Index, byte: u8) {
        let mut bytes = to_canonical(&value).unwrap().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = canonicalize_bytes(&bytes);
        // A text cut short is refused, unless it is a number.
        let cut = canonicalize_bytes(&bytes[..at]);
        if !value.is_number() {
            prop_assert!(cut.is_err());
        }
    }
}

fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
