//! The published test data of RFC 8785.

use std::fs;
use std::path::PathBuf;

use ai_audit_json::{canonicalize, canonicalize_bytes, format_number, is_canonical};

/// The folder of the vectors, or `None` where only the crate is at hand.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/jcs-rfc8785"
    ));
    folder.is_dir().then_some(folder)
}

#[test]
fn published_texts() {
    let Some(folder) = folder() else {
        println!("SKIPPED: RFC 8785 vectors, ../shared is absent");
        return;
    };
    let data = folder.join("testdata");
    let mut seen = 0;
    for entry in fs::read_dir(data.join("input")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let output = fs::read_to_string(data.join("output").join(name)).unwrap();
        let hex = fs::read_to_string(data.join("outhex").join(format!("{stem}.txt"))).unwrap();
        let bytes: Vec<u8> = hex
            .split_whitespace()
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect();

        let canonical = canonicalize_bytes(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(canonical, output, "{stem}");
        assert_eq!(canonical.as_bytes(), bytes, "{stem}");
        assert!(is_canonical(&output), "{stem}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn published_numbers() {
    let Some(folder) = folder() else {
        println!("SKIPPED: RFC 8785 vectors, ../shared is absent");
        return;
    };
    let lines = fs::read_to_string(folder.join("es6_numbers_10000.txt")).unwrap();
    let mut seen = 0;
    let mut through_text = 0;
    for line in lines.lines() {
        let (bits, expected) = line.split_once(',').unwrap();
        let value = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(format_number(value).as_deref(), Some(expected), "{bits}");
        seen += 1;
        // The same through a text, but for those that look like integers too large to be told apart.
        let magnitude = value.abs();
        if magnitude <= 2f64.powi(53) || magnitude >= 1e21 {
            assert_eq!(
                canonicalize(&format!("{value:e}")).unwrap(),
                expected,
                "{bits}"
            );
            through_text += 1;
        }
    }
    assert_eq!(seen, 10_000);
    assert!(through_text > 9_000, "{through_text}");
}

/// Appendix B of the RFC, for when the files are absent: doubles by their bits.
#[test]
fn numbers_of_the_rfc() {
    for (bits, expected) in [
        (0x0000_0000_0000_0000, Some("0")),
        (0x8000_0000_0000_0000, Some("0")),
        (0x0000_0000_0000_0001, Some("5e-324")),
        (0x8000_0000_0000_0001, Some("-5e-324")),
        (0x7fef_ffff_ffff_ffff, Some("1.7976931348623157e+308")),
        (0x4340_0000_0000_0000, Some("9007199254740992")),
        (0x4430_0000_0000_0000, Some("295147905179352830000")),
        (0x7fff_ffff_ffff_ffff, None),
        (0x7ff0_0000_0000_0000, None),
        (0xfff0_0000_0000_0000, None),
        (0x44b5_2d02_c7e1_4af6, Some("1e+23")),
        (0x444b_1ae4_d6e2_ef4e, Some("999999999999999700000")),
        (0x444b_1ae4_d6e2_ef50, Some("1e+21")),
        (0x3eb0_c6f7_a0b5_ed8d, Some("0.000001")),
        (0x4314_3ff3_c1cb_0959, Some("1424953923781206.2")),
    ] {
        assert_eq!(
            format_number(f64::from_bits(bits)).as_deref(),
            expected,
            "{bits:016x}"
        );
    }
}

#[test]
fn names_sort_by_utf16() {
    let canonical = canonicalize(
        r#"{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":3,"\r":4,"1":5,"\u0080":6,"ö":7,"":8}"#,
    );
    assert_eq!(
        canonical.unwrap(),
        "{\"\":8,\"\\r\":4,\"1\":5,\"\u{80}\":6,\"ö\":7,\"€\":3,\"😀\":2,\"\u{fb33}\":1}"
    );
}

#[test]
fn strings_keep_their_characters() {
    // Controls get the one spelling; solidus, DEL and line separators stay; nothing is composed.
    assert_eq!(
        canonicalize(r#""\u0000\u0008\t\n\u000B\f\r\u001F\"\\\/\u007f\u2028A\u030a\u00c5""#)
            .unwrap(),
        "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\u{7f}\u{2028}A\u{30a}\u{c5}\""
    );
}
