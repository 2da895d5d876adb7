//! `ai-audit witness status`

use super::options;
use crate::cli::witness::WitnessStatus;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, safe};
use ai_audit_core::{Exit, Timestamp};
use ai_audit_note::{Policy, QuorumOutcome, SignedNote};
use ai_audit_store::{LogName, Store};
use ai_audit_witness::{Behind, WitnessReport};
use serde_json::{Value, json};
use std::process::ExitCode;

/// What the stored checkpoints have of a witness.
#[derive(Clone)]
struct Seen {
    size: u64,
    time: Timestamp,
}

pub(crate) fn run(args: &WitnessStatus, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let held = directory.head(&log)?.size();
    let policy = directory.witnesses()?;
    let policy = policy.ok_or_else(|| ai_audit_directory::DirectoryError::NoWitnesses {
        path: args.dir.clone(),
    })?;
    let (seen, quorum) = stored(directory.store(), &log, &policy)?;
    let asked = match args.ask {
        true => Some(directory.ask_witnesses(&log, &options(args.timeout))?),
        false => None,
    };
    let wrong = |report: &WitnessReport<Behind>| {
        matches!(
            report.result,
            Ok(Behind::Behind { .. } | Behind::Forked { .. })
        )
    };
    let exit = match asked.iter().flatten().any(wrong) {
        true => Exit::Failed,
        false => Exit::Verified,
    };
    let said = |index: usize| asked.as_ref().and_then(|asked| asked.get(index));
    if output.json {
        let witnesses: Vec<Value> = policy
            .witnesses()
            .iter()
            .zip(&seen)
            .enumerate()
            .map(|(index, (witness, seen))| {
                let mut value = json!({ "name": witness.name().to_string() });
                if let Some(seen) = seen {
                    value["cosigned"] = json!(seen.size);
                    value["time"] = json!(seen.time);
                    value["receipts_since"] = json!(held.saturating_sub(seen.size));
                }
                if let Some(report) = said(index) {
                    value["asked"] = json!(describe(report).1);
                }
                value
            })
            .collect();
        output.json(&json!({
            "log": log.as_str(),
            "receipts": held,
            "witnesses": witnesses,
            "quorum_size": quorum.as_ref().map(|(size, _)| size),
            "quorum_time": quorum.as_ref().and_then(|(_, quorum)| quorum.not_before),
            "exit": exit.code(),
        }))?;
        return Ok(ExitCode::from(exit.code()));
    }
    let head = format!("log {log}, {held} receipts");
    output.line(output.paint(Tone::Bold, &head))?;
    for (index, (witness, seen)) in policy.witnesses().iter().zip(&seen).enumerate() {
        let text = match seen {
            None => output.paint(Tone::Open, "nothing cosigned yet"),
            Some(seen) => {
                let since = held.saturating_sub(seen.size);
                let text = format!("cosigned {} at {}; {since} since", seen.size, seen.time);
                output.paint(if since == 0 { Tone::Good } else { Tone::Open }, &text)
            }
        };
        let name = safe(&witness.name().to_string());
        output.line(format!("  {name:<13} {text}"))?;
        if let Some(report) = said(index) {
            let (tone, text) = describe(report);
            output.line(format!("  {:<13} {}", "", output.paint(tone, &safe(&text))))?;
        }
    }
    let text = match &quorum {
        _ if policy.quorum().is_none() => "no quorum is asked for".into(),
        None => output.paint(Tone::Open, "no checkpoint has the quorum yet"),
        Some((size, quorum)) => {
            let time = quorum.not_before.map(|time| format!(" of {time}"));
            let text = format!("quorum at {size} receipts{}", time.unwrap_or_default());
            output.paint(Tone::Good, &text)
        }
    };
    output.line(format!("  {text}"))?;
    Ok(ExitCode::from(exit.code()))
}

type Newest = Option<(u64, QuorumOutcome)>;

/// The newest checkpoint that each witness cosigned, and the newest that has the quorum.
fn stored(
    store: &dyn Store,
    log: &LogName,
    policy: &Policy,
) -> anyhow::Result<(Vec<Option<Seen>>, Newest)> {
    let mut seen = vec![None; policy.witnesses().len()];
    let mut newest = None;
    for kept in store.checkpoints(log)? {
        let Ok(note) = SignedNote::parse(kept.note.as_bytes()) else {
            continue;
        };
        let size = kept.size.as_u64();
        // Smallest first, so the last one that is found is the newest.
        for (seen, witness) in seen.iter_mut().zip(policy.witnesses()) {
            if let Ok(time) = note.verify_cosignature(witness.key()) {
                *seen = Some(Seen { size, time });
            }
        }
        let quorum = policy.judge(&note);
        if quorum.satisfied {
            newest = Some((size, quorum));
        }
    }
    Ok((seen, newest))
}

fn describe(report: &WitnessReport<Behind>) -> (Tone, String) {
    match &report.result {
        Ok(Behind::No { has }) => (
            Tone::Good,
            format!("it has {has}, which this log continues"),
        ),
        Ok(Behind::Behind { has, held, .. }) => (
            Tone::Bad,
            format!("it has {has}, here are {held}: restored from an older copy, or cut"),
        ),
        Ok(Behind::Forked { has }) => (
            Tone::Bad,
            format!("it has another checkpoint of {has}: there are two histories"),
        ),
        Ok(_) => (
            Tone::Dim,
            "it has nothing of this log, or does not tell".into(),
        ),
        Err(error) => (Tone::Open, format!("not asked: {error}")),
    }
}
