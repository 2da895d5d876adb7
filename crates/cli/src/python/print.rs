//! The verdict on records of the Python library, for people.

use crate::commands::verify::status_line;
use crate::output::{Output, Tone, counted, safe};
use ai_audit_core::Question;
use ai_audit_import::{ChainBegins, PythonChain, PythonReport};

/// How many chains, and how many findings, are told in words.
const TOLD: usize = 10;

/// Prints the answers, what was read, and what was found.
pub(crate) fn print(report: &PythonReport, output: Output) -> anyhow::Result<()> {
    for question in Question::ALL {
        let status = report.verdict.answer(question);
        output.line(status_line(question.name(), status, output))?;
    }
    output.note(format!("  {}", counts(report)))?;
    for chain in report.chains.iter().take(TOLD) {
        output.note(format!("  {}", line(chain)))?;
    }
    let more = report.chain_count.saturating_sub(TOLD as u64);
    if more > 0 {
        output.note(format!("  … and {more} more chains"))?;
    }
    for key in &report.keys {
        let whose = match key.pinned {
            true => "the pinned key",
            false => "the key in the package, which proves nothing:",
        };
        let signed = counted(key.records, "record", "records");
        output.note(format!("  {signed} signed by {whose}\n    {}", key.key))?;
    }
    for remark in &report.remarks {
        output.note(output.sentence("  note: ", Tone::Plain, remark))?;
    }
    print_findings(report, output)
}

/// Prints what does not hold.
fn print_findings(report: &PythonReport, output: Output) -> anyhow::Result<()> {
    let all: u64 = report.classes.iter().map(|class| class.findings).sum();
    for finding in report.findings.iter().take(TOLD) {
        let label = format!("  {} ", finding.class.name());
        output.line(output.sentence(&label, Tone::Bad, &finding.reason))?;
    }
    let more = all.saturating_sub(TOLD.min(report.findings.len()) as u64);
    if more > 0 {
        let classes = report.classes.iter();
        let classes: Vec<String> = classes
            .map(|class| format!("{} {}", class.findings, class.class.name()))
            .collect();
        output.line(format!(
            "  … and {more} more findings (in all: {})",
            classes.join(", ")
        ))?;
    }
    Ok(())
}

fn counts(report: &PythonReport) -> String {
    let counts = &report.counts;
    let all = [
        (counts.decisions, "decision receipt", "decision receipts"),
        (counts.tool_calls, "tool-call receipt", "tool-call receipts"),
        (counts.batch_seals, "batch seal", "batch seals"),
        (counts.epoch_seals, "epoch seal", "epoch seals"),
        (counts.unread, "unreadable record", "unreadable records"),
    ];
    let said: Vec<String> = all
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, more)| counted(*count, one, more))
        .collect();
    match said.is_empty() {
        true => "no records".into(),
        false => said.join(", "),
    }
}

fn line(chain: &PythonChain) -> String {
    let tenant = match chain.tenant.as_str() {
        "" => "no tenant".into(),
        tenant => format!("tenant {}", safe(tenant)),
    };
    let begins = match chain.begins {
        ChainBegins::First => "from its first record on",
        ChainBegins::Continues => "its beginning is not here",
    };
    let kind = chain.kind.replace('_', " ");
    let times = match (chain.first_time, chain.last_time) {
        (Some(first), Some(last)) if first == last => format!("\n    {first}"),
        (Some(first), Some(last)) => format!("\n    {first} to {last}"),
        _ => String::new(),
    };
    format!(
        "{tenant}: chain of {} ({kind}), {begins}{times}",
        chain.receipts
    )
}
