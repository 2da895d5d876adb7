//! What the verifier brought against what he was given: a log that he has a key line or a checkpoint
//! of is not passed over.

use crate::evidence::Outcome;
use crate::output::Output;
use ai_audit_core::Status;
use ai_audit_directory::LogDirectory;
use ai_audit_store::LogName;
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy};

/// The origins of the pinned key lines.
fn origins(policy: &TrustPolicy) -> impl Iterator<Item = &str> {
    policy.pins().iter().filter_map(|pin| match pin {
        Pin::Log(line) => Some(line.name()),
        Pin::Key(_) => None,
    })
}

/// The logs that the given key lines are for; all where a line's log is not among them: one of the
/// others may be what became of it.
pub(super) fn wanted(
    directory: &LogDirectory,
    policy: &TrustPolicy,
    output: Output,
) -> anyhow::Result<Vec<LogName>> {
    let all = directory.logs()?;
    if policy.pins().len() != origins(policy).count() {
        return Ok(all);
    }
    let found: Vec<Option<String>> = all
        .iter()
        .map(|log| directory.key_line(log).ok().map(|line| line.name().into()))
        .collect();
    let is_there = |origin: &str| found.iter().flatten().any(|found| found == origin);
    if !origins(policy).all(is_there) || policy.pins().is_empty() {
        return Ok(all);
    }
    let (fitting, others): (Vec<_>, Vec<_>) =
        all.into_iter().zip(&found).partition(|(_, found)| {
            found
                .as_ref()
                .is_some_and(|found| origins(policy).any(|origin| origin == found))
        });
    let names = |logs: Vec<(LogName, _)>| logs.into_iter().map(|(log, _)| log).collect::<Vec<_>>();
    let (fitting, others) = (names(fitting), names(others));
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(LogName::as_str).collect();
        output.warn(format!(
            "not verified, since no key that you pinned is for them: {}",
            names.join(", ")
        ));
    }
    Ok(fitting)
}

/// An outcome for each log that a key line or a checkpoint was brought for and that none of the
/// verified logs is: whoever removes a log must not be better off than who changes a byte of it.
pub(super) fn missing(policy: &TrustPolicy, outcomes: &[Outcome]) -> Vec<Outcome> {
    let is_there = |origin: &str| {
        let found = |outcome: &Outcome| outcome.report.origin.as_deref() == Some(origin);
        outcomes.iter().any(found)
    };
    let mut gone: Vec<&str> = Vec::new();
    for origin in origins(policy).chain(policy.checkpoint_origins()) {
        if !is_there(origin) && !gone.contains(&origin) {
            gone.push(origin);
        }
    }
    let outcome = |origin: &str| {
        let mut verifier = LogVerifier::new(policy);
        let asked = policy.pins().is_empty() || origins(policy).any(|pinned| pinned == origin);
        if asked {
            verifier.fail_integrity(format!(
                "you brought a key line or checkpoint of {origin}, and no log here is that one"
            ));
        }
        let mut report = verifier.finish();
        if !asked {
            let open = Status::unverified(format!(
                "you brought a checkpoint of {origin} and no key of it, so it was not looked for"
            ));
            report.verdict.integrity = open.clone();
            report.verdict.attribution = open.clone();
            report.verdict.completeness = open;
        }
        Outcome::new("missing", report)
    };
    gone.into_iter().map(outcome).collect()
}
