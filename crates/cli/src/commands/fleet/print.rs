//! Members of a fleet, for people.

use crate::output::{Output, Tone, counted, safe};
use ai_audit_core::Timestamp;
use ai_audit_fleet::{EvidenceFinding, FleetReport, MemberReport, MemberState};

/// Seconds are enough, and the form can be given back.
pub(super) fn shown(time: Timestamp) -> String {
    let text: String = time.to_string().chars().take(19).collect();
    format!("{text}Z")
}

/// The members, what is odd about each, and the faults of the fleet log.
pub(super) fn members(report: &FleetReport, output: Output) -> anyhow::Result<()> {
    // Of a log of which nothing counts, and with no time asked for, there is no time.
    if report.at > Timestamp::from_micros(0) {
        output.note(format!("as of {}", shown(report.at)))?;
    }
    for member in &report.members {
        let tone = match member.state {
            MemberState::Complete => Tone::Good,
            MemberState::Dropped => Tone::Dim,
            MemberState::Late | MemberState::Missing => Tone::Open,
            MemberState::Failed | MemberState::Cut | MemberState::Forked => Tone::Bad,
        };
        let said = sentence(member, report.at);
        output.line(output.sentence(&format!("  {:<9}", member.state.name()), tone, &said))?;
        for line in more(member) {
            output.note(output.sentence("            ", Tone::Plain, &line))?;
        }
    }
    // What is not there may explain them.
    let (fault, absent, wrong) = if report.partial {
        ("  unproven ", "  unproven ", Tone::Open)
    } else {
        ("  FAULT    ", "  absent   ", Tone::Bad)
    };
    for one in &report.faults {
        let said = format!("receipt {} of the fleet log: {}", one.receipt, one.reason);
        output.line(output.sentence(fault, wrong, &said))?;
    }
    if report.more_faults > 0 {
        output.line(format!("  and {} more faults", report.more_faults))?;
    }
    for origin in &report.absent {
        let said = format!("{}: not in the roster under its key line", safe(origin));
        output.line(output.sentence(absent, wrong, &said))?;
    }
    Ok(())
}

/// A member in one sentence.
fn sentence(member: &MemberReport, at: Timestamp) -> String {
    let origin = safe(&member.origin);
    let has = match (member.size, member.as_of, member.receipt) {
        (Some(size), Some(as_of), Some(receipt)) => format!(
            "complete to {} as of {} (receipt {receipt})",
            counted(size, "receipt", "receipts"),
            shown(as_of)
        ),
        _ => "never showed a checkpoint".into(),
    };
    let time = match member.due {
        Some(due) if at > due => format!("; its next was due {}", shown(due)),
        Some(due) => format!("; next by {}", shown(due)),
        None => String::new(),
    };
    format!("{origin}: {has}{time}")
}

/// What else is to be said of it.
fn more(member: &MemberReport) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(fork) = &member.fork {
        all.push(format!(
            "signed TWO HISTORIES, sizes {} and {}: receipt {} has the proof",
            fork.smaller, fork.larger, fork.receipt
        ));
    }
    for one in &member.evidence {
        let found = match one.finding {
            EvidenceFinding::Holds => {
                format!("its {} receipts continue that checkpoint", one.receipts)
            }
            _ => one.why.clone().unwrap_or_default(),
        };
        all.push(format!("{}: {found}", safe(&one.from)));
    }
    // That it came once needs no line of its own.
    if member.changes.len() > 1 {
        for change in &member.changes {
            let what = if change.added { "added" } else { "dropped" };
            let size = match change.size {
                Some(size) => counted(size, "receipt", "receipts"),
                None => "no checkpoint".into(),
            };
            let why = match change.reason.as_str() {
                "" => String::new(),
                reason => format!(": {}", safe(reason)),
            };
            all.push(format!(
                "{what} by receipt {} on {}, {size}{why}",
                change.receipt,
                shown(change.at)
            ));
        }
    }
    if member.more_changes > 0 {
        all.push(format!("{} more changes", member.more_changes));
    }
    if member.lapses > 0 {
        let times = counted(member.lapses, "time", "times");
        all.push(format!("was late {times} before"));
    }
    if member.repeated > 0 {
        let times = counted(member.repeated, "time", "times");
        all.push(format!(
            "a checkpoint that was taken before was sealed again {times}; that counts for nothing"
        ));
    }
    all
}
