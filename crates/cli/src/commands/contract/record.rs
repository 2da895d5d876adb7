//! `ai-audit contract record`

use super::states::{Placed, States};
use super::{contract, evaluate, exit, session};
use crate::cli::contract::RecordContract as Args;
use crate::failure::usage;
use crate::open::{log_name, settings, written};
use crate::output::{Output, counted, safe};
use ai_audit_agentic::{ContractActivation, ContractState, ContractVerdict, JsonDigest};
use ai_audit_contracts::{Contract, Evaluation, Tally, Verdict};
use ai_audit_core::{DigestSecret, List, ReceiptId, Text};
use ai_audit_directory::{OsRandom, Writer};
use ai_audit_intake::ActivateError;
use ai_audit_store::{
    Clock as _, EncodedRecordBody, LogName, Random as _, Record, SystemClock, Ticket,
};
use anyhow::Context as _;
use serde_json::json;
use std::collections::VecDeque;
use std::process::ExitCode;

/// Evaluations on their way to the disk at once.
const IN_FLIGHT: usize = 256;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let contract = contract(&args.contract)?;
    let log = log_name(&args.log)?;
    // Before anything is sealed: the file has to be there.
    let states = args.states.as_deref().map(States::open).transpose()?;
    let mut tally = Tally::new(&contract);
    let activated = written(&args.dir, "contract record", output, |writer| {
        writer.attach(&log)?;
        let activated = activate(args, &contract, &log, writer)?;
        if let Some(states) = states {
            seal(args, &contract, &log, writer, states, &mut tally)?;
        }
        Ok(activated)
    })?;
    let summary = tally.summary();
    if output.json {
        output.json(&json!({
            "log": log.as_str(),
            "contract": contract.digest(),
            "activated": activated,
            "summary": summary,
        }))?;
    } else {
        let (name, version) = (safe(contract.name()), safe(contract.version()));
        let before = match activated {
            Some(seq) => format!("sealed as receipt {seq}"),
            None => "in the log already".into(),
        };
        output.line(format!(
            "{name} {version}: {before}; {} sealed",
            counted(summary.states, "evaluation", "evaluations")
        ))?;
    }
    Ok(match args.states {
        Some(_) => exit(&tally),
        None => ExitCode::SUCCESS,
    })
}

/// Seals the contract, unless it is in the log. Returns the receipt's `seq`.
fn activate(
    args: &Args,
    contract: &Contract,
    log: &LogName,
    writer: &Writer,
) -> anyhow::Result<Option<u64>> {
    let activation = ContractActivation {
        contract: contract.digest(),
        name: Text::borrowed(contract.name()),
        version: Text::borrowed(contract.version()),
        description: Text::borrowed(&args.reason),
    };
    ai_audit_intake::activate(writer, log, &activation).map_err(|error| match error {
        ActivateError::OtherContract { .. } => usage(error.to_string()),
        other => other.into(),
    })
}

/// Seals an evaluation for each state.
fn seal<'c>(
    args: &Args,
    contract: &'c Contract,
    log: &LogName,
    writer: &Writer,
    mut states: States,
    tally: &mut Tally<'c>,
) -> anyhow::Result<()> {
    let secret = match settings(&args.dir)?.keyed_digests {
        true => Some(writer.directory().digest_secret(log)?),
        false => None,
    };
    let mut waiting: VecDeque<(String, Ticket)> = VecDeque::new();
    while let Some(next) = states.next()? {
        let session = session(&next.state, args.session.as_deref(), &next.place)?;
        let step = tally.states_of(&session);
        let found = evaluate(contract, tally, &session, &next.state, args.preconditions)?;
        let record = record(contract, &found, &next, step, secret.as_ref())?;
        let submitted = writer.ledger().submit(log, vec![record.session(session)]);
        let place = next.place;
        let ticket = submitted.with_context(|| place.clone())?;
        waiting.push_back((place, ticket));
        if waiting.len() > IN_FLIGHT
            && let Some((place, ticket)) = waiting.pop_front()
        {
            ticket.wait().context(place)?;
        }
    }
    for (place, ticket) in waiting {
        ticket.wait().context(place)?;
    }
    Ok(())
}

fn record(
    contract: &Contract,
    found: &Evaluation<'_>,
    state: &Placed,
    step: u64,
    secret: Option<&DigestSecret>,
) -> anyhow::Result<Record> {
    let mut random = [0; 10];
    OsRandom
        .fill(&mut random)
        .context("the system gives no random bytes")?;
    let id = ReceiptId::from_parts(SystemClock.now(), random);
    let key = secret.map(|secret| secret.exact_key(&id, "state"));
    let body = EncodedRecordBody::new(&ContractState {
        contract: contract.digest(),
        step,
        state: Some(JsonDigest::of_either(&state.text, key.as_ref())),
        verdict: match found.verdict {
            Verdict::Compliant => ContractVerdict::Compliant,
            Verdict::SoftViolation => ContractVerdict::SoftViolation,
            Verdict::HardBreach => ContractVerdict::HardBreach,
        },
        hard: names(&found.hard),
        soft: names(&found.soft),
        preconditions: names(&found.preconditions),
        parents: List::EMPTY,
    });
    Ok(Record::build(id, move |_| body))
}

fn names<'a>(names: &[&'a str]) -> List<'a, Text<'a>> {
    names.iter().copied().map(Text::borrowed).collect()
}
