//! What is shown of texts that others wrote, and numbers for people.

// The program is no library that a test could ask.
#[path = "../../src/output/text.rs"]
mod text;

use std::path::Path;
use text::{bytes, counted, safe, short, shown_path};

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

#[test]
fn sizes() {
    assert_eq!(bytes(1023), "1023 bytes");
    assert_eq!(bytes(1536), "1.5 KiB");
    assert_eq!(bytes(64 << 20), "64.0 MiB");
    assert_eq!(counted(1, "receipt", "receipts"), "1 receipt");
    assert_eq!(counted(0, "receipt", "receipts"), "0 receipts");
}
