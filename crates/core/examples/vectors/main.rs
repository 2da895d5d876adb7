//! Writes the vectors of the specification, `docs/spec/vectors/`, or with `--check` compares them.
//!
//! Keys and times are fixed, so the same format gives the same bytes:
//!
//! ```text
//! cargo run -p ai-audit-core --example vectors [-- --check] [FOLDER]
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a developer's tool: it talks to a terminal, and stops where its fixed input fails"
)]

mod batches;
mod json;
mod log;
mod negative;
mod note;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut check = false;
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/vectors");
    for arg in std::env::args().skip(1) {
        match &*arg {
            "--check" => check = true,
            _ if arg.starts_with('-') => {
                eprintln!("usage: vectors [--check] [FOLDER]");
                return ExitCode::from(2);
            }
            _ => folder = PathBuf::from(arg),
        }
    }
    let log = log::Log::full();
    let cases = negative::cases(&log);
    for case in &cases {
        let found = negative::first_failure(&case.receipts, &log.key.verifying_key());
        let expected = Some((case.place, case.stage));
        assert_eq!(
            found, expected,
            "{}: the library decides otherwise",
            case.name
        );
    }
    let note = note::checkpoint(&log);
    let files = [
        ("receipts.bin", log.receipts_file()),
        ("checkpoint.note", note.clone().into_bytes()),
        (
            "log.pub",
            format!("{}\n", note::key_line(&log)).into_bytes(),
        ),
        (
            "vectors.json",
            json::write(&log, &note, &cases).into_bytes(),
        ),
        ("batches.json", batches::write(&log).into_bytes()),
    ];
    let mut failed = false;
    for (name, bytes) in &files {
        let path = folder.join(name);
        let result = if check {
            compare(&path, bytes)
        } else {
            std::fs::create_dir_all(&folder)
                .and_then(|()| std::fs::write(&path, bytes))
                .map_err(|error| error.to_string())
        };
        if let Err(reason) = result {
            eprintln!("{}: {reason}", path.display());
            failed = true;
        }
    }
    if failed {
        return ExitCode::FAILURE;
    }
    let (receipts, cases) = (log.sealed.len(), cases.len());
    let what = if check { "up to date" } else { "written" };
    println!("vectors {what}: {receipts} receipts, {cases} negative cases");
    ExitCode::SUCCESS
}

fn compare(path: &Path, fresh: &[u8]) -> Result<(), String> {
    let old = std::fs::read(path).map_err(|error| error.to_string())?;
    if old == fresh {
        return Ok(());
    }
    let at = old
        .iter()
        .zip(fresh)
        .take_while(|(one, two)| one == two)
        .count();
    let line = 1 + old[..at].iter().filter(|byte| **byte == b'\n').count();
    Err(format!(
        "differs from fresh vectors at byte {at}, line {line}; if the format was meant to change, \
         run without --check and say so in the specification"
    ))
}
