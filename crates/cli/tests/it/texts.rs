//! What is shown of texts that others wrote, and numbers for people.

// The program is no library that a test could ask.
#[path = "../../src/output/text.rs"]
mod text;

use crate::run::Place;
use serde_json::{Value, json};
use std::path::Path;
use text::{bytes, counted, safe, safe_json, short, shown_path};

#[test]
fn hostile_texts_are_escaped() {
    assert_eq!(safe("a\x1b[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\n");
    assert_eq!(
        safe("pay\u{200b}\u{feff}\u{e0041}"),
        "pay\\u{200b}\\u{feff}\\u{e0041}"
    );
    assert_eq!(safe("Zürich 支払い €"), "Zürich 支払い €");
    assert_eq!(short("äöüß", 3), "äö…");
    let path = Path::new("a\u{1b}[2J\nVERIFIED");
    assert_eq!(shown_path(path), "a\\u{1b}[2J\\nVERIFIED");
    assert_eq!(shown_path(Path::new("Zürich/b c")), "Zürich/b c");
}

/// It is the same value, and has nothing that a terminal acts on or that nobody sees.
#[test]
fn hostile_json_is_escaped() {
    let hostile = "a\u{7f}\u{9b}2J\u{202e}\\\u{200b}\u{e0041}\"\u{fe0f}ü支€\u{1b}\n";
    let value = json!({ "a": [hostile], (hostile): 1 });
    let text = safe_json(&serde_json::to_string_pretty(&value).unwrap());
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    let escaped = r#""a\u007f\u009b2J\u202e\\\u200b\udb40\udc41\"\ufe0fü支€\u001b\n""#;
    assert_eq!(text.matches(escaped).count(), 2, "{text}");
    let harmless = |line: &str| safe(line) == line;
    assert!(text.lines().all(harmless), "{text}");
    let usual = "{\n  \"name\": \"Zürich 支払い €\"\n}";
    assert_eq!(safe_json(usual), usual);
}

#[test]
fn json_of_receipts_harms_no_terminal() {
    let place = Place::new();
    let hostile = "x\u{9b}2J\u{7f}\u{202e}\u{e0041}y";
    place.record(&format!(
        "{}\n",
        json!({ "model": hostile, "session_id": "s" })
    ));
    let show = place.run(&["show", "audit", "16", "--json"]).good();
    assert!(show.json().to_string().contains(hostile), "{}", show.out);
    for args in [
        &["show", "audit", "16", "--json"][..],
        &["log", "audit", "-n", "50", "--json"],
        // An error, and so one object as well.
        &["frob\u{9b}2J\u{202e}", "--json"],
    ] {
        let done = place.run(args);
        assert!(
            done.code == 2 || done.out.contains("\\u009b2J"),
            "{}",
            done.out
        );
        let harmless = |line: &str| safe(line) == line;
        assert!(done.out.lines().all(harmless), "{args:?}: {}", done.out);
    }
}

#[test]
fn sizes() {
    assert_eq!(bytes(1023), "1023 bytes");
    assert_eq!(bytes(1536), "1.5 KiB");
    assert_eq!(bytes(64 << 20), "64.0 MiB");
    assert_eq!(counted(1, "receipt", "receipts"), "1 receipt");
    assert_eq!(counted(0, "receipt", "receipts"), "0 receipts");
}
