//! From errors to one clear sentence and an exit code.

use std::fmt;
use std::process::ExitCode;

/// Wrong usage, or a path that cannot be opened.
pub(crate) const USAGE: u8 = 2;
/// Something failed.
pub(crate) const FAILED: u8 = 1;

/// An error with its exit code. Errors without one end with [`FAILED`].
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Wrong usage, or a path that cannot be opened.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    Failure {
        code: USAGE,
        message: message.into(),
    }
    .into()
}

/// The exit code of an error.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Failure>() {
        Some(failure) => failure.code,
        None => match error.downcast_ref::<ai_audit_directory::DirectoryError>() {
            Some(error) if error.is_usage() => USAGE,
            _ => FAILED,
        },
    }
}

/// Prints the error on one line, or as JSON, and gives the exit code.
#[expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "this is the one place that reports errors"
)]
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = code(error);
    let text = format!("{error:#}");
    if json {
        println!("{}", serde_json::json!({ "error": text, "exit": code }));
    } else {
        eprintln!("error: {text}");
    }
    ExitCode::from(code)
}
