//! `ai-audit incident show`

use super::{by_when, each, follow, list::tone, named, now, shown};
use crate::cli::incident::ShowIncident;
use crate::failure::usage;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, safe};
use ai_audit_agentic::{Incident, IncidentClass, IncidentTimeline};
use ai_audit_core::{DecodeBody as _, Header};
use ai_audit_export::json_value;
use serde_json::json;

pub(super) fn run(args: &ShowIncident, output: Output) -> anyhow::Result<()> {
    let (log, now) = (log_name(&args.log)?, now(args.at.as_deref())?);
    let directory = directory(&args.dir)?;
    let incident = named(&directory, &log, &args.incident)?;
    let found = follow(&directory, &log)?;
    let mut all = found.deadlines.report(now).into_iter();
    let Some(one) = all.find(|one| one.incident == incident) else {
        return Err(usage(format!(
            "log {log} has too many incidents: this one is not followed"
        )));
    };
    let (mut seqs, mut values, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    each(&directory, &log, |receipt| {
        let body = Incident::decode(receipt)?;
        if body.incident.unwrap_or_else(|| receipt.hash()) == incident {
            seqs.push(receipt.header().seq);
            match output.json {
                true => values.push(json_value(receipt)),
                false => lines.push(line(receipt.header(), &body)),
            }
        }
        Ok(())
    })?;
    let findings = found.findings.iter();
    let findings: Vec<String> = findings
        .filter(|finding| seqs.binary_search(&finding.receipt).is_ok())
        .map(ToString::to_string)
        .collect();
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "at": now,
            "incident": one,
            "receipts": values,
            "findings": findings,
        }));
    }
    facts(&one, output)?;
    output.line("  receipts")?;
    for line in &lines {
        output.line(format!("    {line}"))?;
    }
    for finding in &findings {
        output.note(output.sentence("  note: ", Tone::Plain, finding))?;
    }
    Ok(())
}

fn facts(one: &IncidentTimeline, output: Output) -> anyhow::Result<()> {
    let head = match one.opened {
        Some(seq) => format!("Incident of receipt {seq}"),
        None => format!("Incident {}, whose opening is not here", one.incident),
    };
    output.line(output.paint(Tone::Bold, &head))?;
    let fact = |name: &str, text: &str| output.line(format!("  {name:<10}{text}"));
    let class = match one.last_class == one.class {
        true => one.class.to_string(),
        false => format!("{} (told last: {})", one.class, one.last_class),
    };
    fact("class", &class)?;
    if !one.category.is_empty() {
        fact("category", &safe(&one.category))?;
    }
    if let Some(aware) = one.aware_at {
        fact("aware at", &shown(aware))?;
    }
    if let Some(known) = one.known_by {
        fact("known by", &format!("{}, as the log shows", shown(known)))?;
    }
    if let Some(deadline) = by_when(one) {
        fact("deadline", &deadline)?;
    }
    if let Some(reported) = &one.reported {
        let (at, sealed) = (shown(reported.reported_at), shown(reported.sealed_at));
        let receipt = reported.receipt;
        fact(
            "reported",
            &format!("{at}; recorded {sealed}, by receipt {receipt}"),
        )?;
    }
    fact("state", &output.paint(tone(one.state), one.state.words()))
}

/// A receipt of it on one line.
fn line(header: &Header<'_>, body: &Incident<'_>) -> String {
    let class = match body.class {
        IncidentClass::Unclassified => String::new(),
        class => format!(", {class}"),
    };
    let report = match body.reported_at {
        Some(at) => {
            let reference = match body.reference.is_empty() {
                true => String::new(),
                false => format!(" ({})", safe(&body.reference)),
            };
            format!(" to {}{reference}, at {}", safe(&body.authority), shown(at))
        }
        None => String::new(),
    };
    let actor = match header.actor_id {
        "" => String::new(),
        actor => format!(", by {}", safe(actor)),
    };
    format!(
        "{:<8}{}  {}{report}{class}{actor}",
        header.seq,
        shown(header.sealed_at),
        body.stage
    )
}
