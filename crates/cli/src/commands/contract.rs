//! `ai-audit contract`

mod check;
mod lint;
mod record;
mod states;

use crate::cli::contract::{Contract as Args, ContractCommand};
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::{Output, counted, shown_path};
use ai_audit_contracts::{Contract, Evaluation, MAX_CONTRACT, State, Tally, Verdict};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

/// Nothing failed, but not all is as it should be.
const NOT_ALL: u8 = 3;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        ContractCommand::Check(args) => check::run(args, output),
        ContractCommand::Lint(args) => lint::run(args, output),
        ContractCommand::Record(args) => record::run(args, output),
    }
}

/// A contract's text. What is too long is told by the reader.
fn text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read_at_most(path, MAX_CONTRACT + 1)?)
        .map_err(|_| usage(format!("{}: expected a text in UTF-8", shown_path(path))))
}

/// Reads a contract that has no mistake.
pub(super) fn contract(path: &Path) -> anyhow::Result<Contract> {
    Contract::parse(&text(path)?).map_err(|problems| {
        let (shown, all) = (shown_path(path), problems.as_slice());
        let first = all.first().map(ToString::to_string).unwrap_or_default();
        let more = match all.len() {
            0 | 1 => String::new(),
            count => format!(
                "; and {}: see `ai-audit contract lint`",
                counted(count as u64 - 1, "more mistake", "more mistakes")
            ),
        };
        usage(format!("{shown}: {first}{more}"))
    })
}

/// The session of a state.
fn session(state: &State, field: Option<&str>, place: &str) -> anyhow::Result<String> {
    let Some(field) = field else {
        return Ok(String::new());
    };
    match state.field(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(anyhow::anyhow!(
            "{place}: expected a text or a number at {field}, the state's session"
        )),
    }
}

/// Evaluates the next state of a session, and counts it.
fn evaluate<'c>(
    contract: &'c Contract,
    tally: &mut Tally<'c>,
    session: &str,
    state: &State,
    preconditions: bool,
) -> anyhow::Result<Evaluation<'c>> {
    let found = match preconditions && tally.states_of(session) == 0 {
        true => contract.evaluate_start(state),
        false => contract.evaluate(state),
    };
    tally.push(session, &found)?;
    Ok(found)
}

/// The exit code of all that was found.
fn exit(tally: &Tally<'_>) -> ExitCode {
    match tally.worst() {
        Verdict::HardBreach => ExitCode::from(crate::failure::FAILED),
        Verdict::SoftViolation => ExitCode::from(NOT_ALL),
        Verdict::Compliant if tally.is_empty() => ExitCode::from(NOT_ALL),
        Verdict::Compliant => ExitCode::SUCCESS,
    }
}
