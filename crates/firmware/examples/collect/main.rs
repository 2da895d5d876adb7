//! The host's side: takes what a device exported and adds it to a receipts file, beside its `log.pub`.
//!
//!     collect FOLDER < transcript
//!
//! Prints the line that tells the device what the host has now. Send it when `ai-audit verify` has said
//! that the file is in order and the file is kept safely, not before: the device uses the room again.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod host;

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: collect FOLDER < transcript");
        return ExitCode::from(2);
    };
    let mut transcript = String::new();
    let read = std::io::stdin().read_to_string(&mut transcript);
    let line = read
        .map_err(Into::into)
        .and_then(|_| host::collect(Path::new(&folder), &transcript));
    match line {
        Ok(line) => {
            print!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("collect: {why}");
            ExitCode::FAILURE
        }
    }
}
