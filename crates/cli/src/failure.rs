//! From errors to one clear sentence and an exit code.

use crate::output::{safe, safe_json};
use std::fmt;
use std::io::{self, Write as _};
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

/// A sentence with the exit code of what it tells of.
pub(crate) fn with_code(message: String, code: u8) -> anyhow::Error {
    Failure { code, message }.into()
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

/// The error with its causes, on one line. A cause that is told already is not told again.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text.replace('\n', " ")
}

/// Prints the error on one line, or as JSON, and gives the exit code.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = code(error);
    tell(&sentence(error), code, json)
}

/// Tells of wrong usage as clap found it, or prints the help that was asked for.
pub(crate) fn of_usage(error: &clap::Error, json: bool) -> ExitCode {
    // What is no usage may be the name of a file, and clap shows it as it is.
    let harmless = || {
        std::env::args_os().all(|argument| {
            let argument = argument.to_string_lossy();
            safe(&argument) == argument
        })
    };
    if !error.use_stderr() || (!json && harmless()) {
        // Whoever closed the output does not want to hear of it.
        let _ = error.print();
        let code = error.exit_code();
        return ExitCode::from(u8::try_from(code).unwrap_or(USAGE));
    }
    let text = error.render().to_string();
    // The usage and the hint to --help are for people, and are left out.
    let mut said: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty())
        .collect();
    if let Some(first) = said.first_mut() {
        *first = first.trim_start_matches("error: ");
    }
    tell(&said.join(" "), USAGE, json)
}

/// Nobody is left to tell when both outputs are closed: the exit code remains.
fn tell(text: &str, code: u8, json: bool) -> ExitCode {
    let value = serde_json::json!({ "error": text, "exit": code });
    let value = safe_json(&value.to_string());
    if !json || writeln!(io::stdout().lock(), "{value}").is_err() {
        let _ = writeln!(io::stderr().lock(), "error: {}", safe(text));
    }
    ExitCode::from(code)
}
