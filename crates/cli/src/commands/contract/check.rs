//! `ai-audit contract check`

use super::states::States;
use super::{contract, evaluate, exit, session};
use crate::cli::contract::CheckContract as Args;
use crate::open::{directory, kind, log_name};
use crate::output::{Output, Tone, counted, safe};
use ai_audit_agentic::ContractAudit;
use ai_audit_contracts::{Contract, Evaluation, Satisfied, State, Summary, Tally, Verdict};
use ai_audit_core::{MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt};
use ai_audit_export::{json_value, said_value};
use ai_audit_store::StoreReader;
use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let contract = contract(&args.contract)?;
    let mut tally = Tally::new(&contract);
    match &args.log {
        Some(dir) => receipts(args, dir, &contract, &mut tally, output)?,
        None => {
            let path = args.states.as_deref().unwrap_or(Path::new("-"));
            let mut states = States::open(path)?;
            let field = args.sessions.session.as_deref();
            while let Some(next) = states.next()? {
                let session = session(&next.state, field, &next.place)?;
                let start = args.sessions.preconditions;
                let found = evaluate(&contract, &mut tally, &session, &next.state, start)?;
                tell(args, &found, &next.place, None, output)?;
            }
        }
    }
    if tally.is_empty() {
        output.warn("no state was there to be held against the contract");
    }
    if args.summary && output.json {
        output.json(&tally.summary())?;
    } else if !output.json {
        summary(&contract, &tally.summary(), output)?;
    }
    Ok(exit(&tally))
}

/// A log's receipts as states.
fn receipts<'c>(
    args: &Args,
    dir: &Path,
    contract: &'c Contract,
    tally: &mut Tally<'c>,
    output: Output,
) -> anyhow::Result<()> {
    let (directory, log) = (directory(dir)?, log_name(&args.log_name)?);
    let kind = kind(&args.kind)?;
    directory.head(&log)?;
    let mut audit = ContractAudit::new();
    let mut source = StoreReader::new(directory.store(), &log)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut deleted = 0;
    while let Some(next) = source.read_next(&mut buf)? {
        let Next::Sealed(len) = next else {
            deleted += 1;
            continue;
        };
        let receipt = UnverifiedReceipt::parse(buf.get(..len).unwrap_or_default())?;
        // What does not hold of a log is for verify to tell.
        let _ = audit.push(&receipt);
        // A decision of another system is a state as one of the log's own is.
        let (header, said) = (receipt.header(), receipt.said());
        let view = if said.kind == kind {
            said_value(&receipt)
        } else if header.kind == kind {
            json_value(&receipt)
        } else {
            continue;
        };
        let Value::Object(view) = view else {
            continue;
        };
        let state = State::from_map(view);
        let start = args.sessions.preconditions;
        let found = evaluate(contract, tally, header.session_id, &state, start)
            .with_context(|| format!("receipt {}", header.seq))?;
        let place = format!("receipt {}", header.seq);
        tell(args, &found, &place, Some(header.seq), output)?;
    }
    if deleted > 0 {
        output.warn(format!(
            "{} deleted and not looked at",
            counted(deleted, "receipt is", "receipts are")
        ));
    }
    let (name, version) = (contract.name(), contract.version());
    match audit.version(name, version) {
        Some(digest) if digest != contract.digest() => output.complain(format!(
            "the log activates {name} {version} as {digest}, and this file is {}: it is another contract",
            contract.digest()
        )),
        None => output.warn(format!("the log does not activate {name} {version}")),
        Some(_) => {}
    }
    Ok(())
}

/// An evaluation, and of which receipt.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    found: &'a Evaluation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<u64>,
}

fn tell(
    args: &Args,
    found: &Evaluation<'_>,
    place: &str,
    receipt: Option<u64>,
    output: Output,
) -> anyhow::Result<()> {
    if args.summary {
        return Ok(());
    }
    if output.json {
        return output.json_line(&Line { found, receipt });
    }
    if found.verdict == Verdict::Compliant {
        return Ok(());
    }
    let tone = match found.verdict {
        Verdict::HardBreach => Tone::Bad,
        _ => Tone::Open,
    };
    let verdict = output.paint(tone, &found.verdict.to_string());
    let mut broken = Vec::new();
    for (what, names) in [
        ("preconditions", &found.preconditions),
        ("hard", &found.hard),
        ("soft", &found.soft),
    ] {
        if !names.is_empty() {
            broken.push(format!("{what} {}", safe(&names.join(", "))));
        }
    }
    output.line(format!("{}: {verdict}: {}", safe(place), broken.join("; ")))
}

fn summary(contract: &Contract, found: &Summary, output: Output) -> anyhow::Result<()> {
    if output.quiet {
        return Ok(());
    }
    let (name, version) = (safe(contract.name()), safe(contract.version()));
    output.line(format!(
        "{name} {version}: {}: {} compliant, {}, {}",
        counted(found.states, "state", "states"),
        found.compliant,
        counted(found.soft_violations, "soft violation", "soft violations"),
        counted(found.hard_breaches, "hard breach", "hard breaches"),
    ))?;
    if found.states == 0 {
        return Ok(());
    }
    let open = match found.open {
        0 => String::new(),
        open => format!(", {open} open"),
    };
    output.line(format!(
        "  {}: {} kept the contract{open}",
        counted(found.sessions, "session", "sessions"),
        found.kept
    ))?;
    let says = match found.satisfaction {
        Satisfied::Satisfied => "satisfied",
        Satisfied::Violated => "violated",
        Satisfied::Undecided => "undecided: more sessions are needed",
    };
    output.line(format!(
        "  probability that a session does: {:.4} to {:.4} (95 %), wanted {}: {says}",
        found.probability.lower, found.probability.upper, found.target
    ))?;
    for (name, broken) in &found.soft_rules {
        output.line(format!(
            "  {}: recovered {} in time, {} late, {} open; the longest took {}",
            safe(name),
            counted(broken.in_time, "time", "times"),
            broken.late,
            broken.open,
            counted(broken.longest, "state", "states")
        ))?;
    }
    let index = &found.reliability;
    output.line(format!(
        "  reliability {:.4}, wanted {}: compliance {:.4}, drift {:.4}, {:.2} events a session, \
         recovery {:.4}",
        index.theta, index.threshold, index.compliance, index.drift, index.events, index.recovery
    ))
}
