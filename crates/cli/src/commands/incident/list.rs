//! `ai-audit incident list`

use super::{by_when, follow, now};
use crate::cli::incident::ListIncidents;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, short};
use ai_audit_agentic::IncidentState;
use serde_json::json;

pub(super) fn run(args: &ListIncidents, output: Output) -> anyhow::Result<()> {
    let (log, now) = (log_name(&args.log)?, now(args.at.as_deref())?);
    let directory = directory(&args.dir)?;
    // A log that is not there is none without incidents.
    directory.head(&log)?;
    let found = follow(&directory, &log)?;
    let all = found.deadlines.report(now);
    let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "at": now,
            "incidents": all,
            "findings": findings,
            "not_followed": found.deadlines.not_followed(),
        }));
    }
    if all.is_empty() {
        return output.line(format!("Log {log} has no incidents."));
    }
    let mut table = output.table(["incident", "class", "category", "deadline", "state"]);
    for one in &all {
        let opened = match one.opened {
            Some(seq) => seq.to_string(),
            None => "not here".into(),
        };
        table.add_row([
            opened,
            one.class.to_string(),
            short(&one.category, 20),
            by_when(one).unwrap_or_else(|| "-".into()),
            output.paint(tone(one.state), one.state.words()),
        ]);
    }
    output.print_table(&table)?;
    for finding in &findings {
        output.note(output.sentence("note: ", Tone::Plain, finding))?;
    }
    if found.deadlines.not_followed() > 0 {
        output.note(format!(
            "{} receipts are of further incidents, which were not followed.",
            found.deadlines.not_followed()
        ))?;
    }
    Ok(())
}

/// How a state is coloured.
pub(super) const fn tone(state: IncidentState) -> Tone {
    match state {
        IncidentState::NotDue => Tone::Plain,
        IncidentState::ReportedInTime => Tone::Good,
        IncidentState::Open | IncidentState::ClaimedInTime | IncidentState::CannotTell => {
            Tone::Open
        }
        IncidentState::ReportedLate | IncidentState::Overdue => Tone::Bad,
    }
}
