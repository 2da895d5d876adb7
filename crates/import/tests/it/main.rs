//! The crate from outside: records of the Python library, made by it while the tests run.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say what they skip"
)]

mod python;
mod texts;

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
