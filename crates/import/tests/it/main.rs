//! The crate from outside: published packages, and records that the Python library itself makes while
//! the tests run.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod a01_changed;
mod a22_hostile;
mod a55_beside;
mod attacks;
mod content;
mod hostile;
mod items;
mod json;
mod made;
mod memory;
mod package_files;
mod packages;
mod python;
mod python_library;
mod records;
mod seals;
mod sources;
mod splits;
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
