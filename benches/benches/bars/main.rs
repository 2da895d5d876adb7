//! The rows of `cargo xtask bench`, each as a line of JSON: ours by turns with what it stands beside.
//!
//! Started by `cargo test` it does each work once, to see that it runs.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

mod analytics;
mod batched;
mod core;
mod log;
mod memory;
mod merkle;
mod package;
mod python;
mod redact;
mod stored;
mod traces;
mod verify;

use ai_audit_benches::compare::Runner;

#[allow(clippy::print_stdout, reason = "it says what to do instead")]
fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    // Cargo adds this when it benches, and nothing when it tests.
    let bench = args.iter().any(|arg| arg == "--bench");
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--memory", receipts, ..] => return memory::fill(receipts.parse().unwrap()),
        ["--beside-python", text, ..] => return python::figures(text.as_ref()),
        ["--rows", ..] => {}
        _ if bench => {
            println!("the rows of the table: run `cargo xtask bench`");
            return;
        }
        _ => args = vec!["--once".into()],
    }
    let runner = Runner::from_args(&args);
    core::rows(&runner);
    merkle::rows(&runner);
    verify::rows(&runner);
    log::rows(&runner);
    stored::rows(&runner);
    memory::rows(&runner);
    package::rows(&runner);
    redact::rows(&runner);
    analytics::rows(&runner);
    traces::rows(&runner);
}
