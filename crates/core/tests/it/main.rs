//! The crate from outside: attacks by their numbers, published vectors, properties.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say what they skip"
)]

mod a01_changed;
mod a03_order;
mod a18_digests;
mod a20_encoding;
mod a21_signatures;
mod batches;
mod bodies;
mod history;
mod ids;
mod imported;
mod limits;
mod logs;
mod messages;
mod no_alloc;
mod outline;
mod properties;
mod spec_vectors;
mod values;
mod vectors_ed25519;
mod vectors_text;

/// A file of published vectors beside the project; `None`, said aloud, where they are absent.
fn shared(path: &str) -> Option<Vec<u8>> {
    let full = format!(
        "{}/../../../shared/vectors/{path}",
        env!("CARGO_MANIFEST_DIR")
    );
    match std::fs::read(&full) {
        Ok(bytes) => Some(bytes),
        Err(_) => {
            println!("SKIPPED: {path}: ../shared is absent");
            None
        }
    }
}

/// The bytes of a text of hexadecimal digits.
fn unhex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "odd number of digits in {text:?}");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Every file of this folder is a module of the test binary: one forgotten would not run.
#[test]
fn no_test_file_is_forgotten() {
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".rs").unwrap();
        assert!(
            stem == "main" || main.contains(&format!("mod {stem};")),
            "{name} is no module"
        );
    }
}
