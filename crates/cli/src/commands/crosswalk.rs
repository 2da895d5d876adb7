//! `ai-audit crosswalk`

use crate::assessed::{assess, at, catalogues};
use crate::cli::crosswalk::{Crosswalk as Args, Wanted};
use crate::commands::verify::status_line;
use crate::failure::usage;
use crate::output::{Output, Tone, counted, safe, short};
use ai_audit_compliance::{
    Catalogues, ControlResult, Coverage, Crosswalk, FrameworkResult, Gap, GapState, Status,
};
use ai_audit_core::Question;
use serde::Serialize;
use std::process::ExitCode;

/// A catalogue, as `--list` has it.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    name: &'a str,
    title: &'a str,
    edition: &'a str,
    checked: String,
    controls: usize,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    if args.list {
        return list(&catalogues(&args.scope)?, output);
    }
    let Some(path) = &args.path else {
        return Err(usage(
            "expected the evidence: a log, a package or a receipts file",
        ));
    };
    let made = at(&args.scope)?;
    let (policy, _) = args.trust.policy_at(made)?;
    let named = |()| Vec::new();
    let (outcome, crosswalk) = assess(path, &args.scope, made, &policy, (), named, output)?;
    let exit = outcome.report.exit(&Question::DEFAULT).code();
    if output.json {
        output.json(&crosswalk)?;
    } else {
        print(args, &crosswalk, output)?;
    }
    Ok(ExitCode::from(exit))
}

fn list(catalogues: &Catalogues, output: Output) -> anyhow::Result<ExitCode> {
    let listed: Vec<Listed<'_>> = catalogues
        .iter()
        .map(|one| Listed {
            id: &one.id,
            name: &one.name,
            title: &one.title,
            edition: &one.edition,
            checked: one.checked.to_string(),
            controls: one.controls.len(),
        })
        .collect();
    if output.json {
        output.json(&listed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output.table(["ID", "REQUIREMENTS", "CHECKED", "NAME"]);
    for one in &listed {
        table.add_row([
            safe(one.id),
            one.controls.to_string(),
            one.checked.clone(),
            short(one.name, 32),
        ]);
    }
    output.print_table(&table)?;
    Ok(ExitCode::SUCCESS)
}

fn print(args: &Args, crosswalk: &Crosswalk, output: Output) -> anyhow::Result<()> {
    head(crosswalk, output)?;
    let detailed = !args.scope.framework.is_empty() || args.status.is_some();
    if detailed {
        for framework in &crosswalk.frameworks {
            details(args, crosswalk, framework, output)?;
        }
    } else {
        overview(crosswalk, output)?;
    }
    gaps(crosswalk, output)?;
    let note = "No status says that somebody complies: it says what this log shows.";
    output.note(output.sentence("", Tone::Dim, note))
}

fn head(crosswalk: &Crosswalk, output: Output) -> anyhow::Result<()> {
    if let Some(origin) = &crosswalk.origin {
        output.line(output.paint(Tone::Bold, &safe(origin)))?;
    }
    for question in Question::ALL {
        output.line(status_line(
            question.name(),
            crosswalk.verdict.answer(question),
            output,
        ))?;
    }
    let counts = crosswalk.counts;
    let mut said = counted(counts.receipts, "receipt", "receipts");
    if counts.in_period != counts.receipts {
        said += &format!(", {} verified and in the period", counts.in_period);
    }
    if counts.deleted > 0 {
        said += &format!(", {} deleted", counts.deleted);
    }
    output.note(format!("  {said}"))?;
    if !crosswalk.whole {
        output.note("  a selection of the log: what it left out is not known")?;
    }
    // Where nothing counts, the times do not either.
    let times = (crosswalk.first_sealed_at, crosswalk.last_sealed_at);
    if let ((Some(first), Some(last)), None) = (times, &crosswalk.nothing_counts) {
        output.note(format!("  sealed from {first} to {last}"))?;
    }
    let imported = crosswalk.imported;
    if imported.all() > 0 && crosswalk.nothing_counts.is_none() {
        let unproven = match imported.unproven {
            0 => String::new(),
            count => format!(", {count} without a signature of their own that was found to hold"),
        };
        output.note(format!(
            "  {} and {} imported from another system{unproven}",
            counted(imported.decisions, "decision", "decisions"),
            counted(imported.tool_outcomes, "tool outcome", "tool outcomes")
        ))?;
    }
    if let Some(why) = &crosswalk.nothing_counts {
        let answers = Question::DEFAULT.map(|question| crosswalk.verdict.answer(question));
        let mut said = format!("Nothing counts as evidence: {why}");
        if !answers.iter().any(|answer| answer.is_failed()) {
            said += ". Pin the log's key: --key log.pub";
        }
        output.line(output.sentence("", Tone::Bad, &said))?;
    }
    Ok(())
}

fn overview(crosswalk: &Crosswalk, output: Output) -> anyhow::Result<()> {
    output.line("")?;
    let mut table = output.table(["FRAMEWORK", "AVAILABLE", "PARTIAL", "NO", "NOT ADDRESSABLE"]);
    for framework in &crosswalk.frameworks {
        let count = |status| framework.totals.of(status).to_string();
        table.add_row([
            short(&framework.id, 26),
            count(Status::EvidenceAvailable),
            count(Status::PartialEvidence),
            count(Status::NoEvidence),
            count(Status::NotAddressable),
        ]);
    }
    output.print_table(&table)?;
    output.note("--framework ID shows the requirements of one.")
}

fn details(
    args: &Args,
    crosswalk: &Crosswalk,
    framework: &FrameworkResult,
    output: Output,
) -> anyhow::Result<()> {
    output.line("")?;
    let title = format!("{}: {}", framework.id, framework.title);
    output.line(output.sentence("", Tone::Bold, &title))?;
    output.line(output.sentence("  ", Tone::Dim, &framework.edition))?;
    if !framework.notice.is_empty() {
        output.line(output.sentence("  ", Tone::Plain, &framework.notice))?;
    }
    if framework.groups.len() > 1 {
        groups(framework, output)?;
    }
    let wanted = |control: &&ControlResult| args.status.is_none_or(|one| one.is(control.status));
    for control in framework.controls.iter().filter(wanted) {
        let head = format!("{}  {}", control.id, control.own_title());
        output.line("")?;
        output.line(output.sentence("", Tone::Bold, &head))?;
        let tone = match control.status {
            Status::EvidenceAvailable => Tone::Good,
            Status::PartialEvidence => Tone::Open,
            Status::NoEvidence => Tone::Bad,
            Status::NotAddressable => Tone::Dim,
        };
        let support = match control.status {
            Status::NotAddressable => String::new(),
            _ => format!(
                " (a log can be {} evidence here)",
                control.support.adjective()
            ),
        };
        output.line(format!(
            "  {}{support}",
            output.paint(tone, control.status.words())
        ))?;
        output.line(output.sentence("  asks:     ", Tone::Plain, &control.requirement))?;
        for place in control.evidence.iter().chain(&control.also) {
            if let Some(found) = crosswalk.coverage.get(*place).filter(|found| found.n > 0) {
                output.line(output.sentence("  evidence: ", Tone::Plain, &evidence(found)))?;
            }
        }
        for missing in &control.missing {
            output.line(output.sentence("  missing:  ", Tone::Plain, missing))?;
        }
        output.line(output.sentence("  limits:   ", Tone::Dim, &control.limits))?;
    }
    Ok(())
}

fn groups(framework: &FrameworkResult, output: Output) -> anyhow::Result<()> {
    let head = [
        "GROUP",
        "AVAILABLE",
        "PARTIAL",
        "NO",
        "NOT ADDRESSABLE",
        "CARRIED",
    ];
    let mut table = output.table(head);
    for group in &framework.groups {
        let count = |status| group.totals.of(status).to_string();
        table.add_row([
            short(&group.id, 20),
            count(Status::EvidenceAvailable),
            count(Status::PartialEvidence),
            count(Status::NoEvidence),
            count(Status::NotAddressable),
            format!("{} of {}", group.n, group.m),
        ]);
    }
    output.print_table(&table)
}

/// What was found, and the receipts that show it.
fn evidence(found: &Coverage) -> String {
    let seqs: Vec<String> = found.pointers.iter().map(u64::to_string).collect();
    match seqs.len() {
        0 => found.words(),
        1 => format!("{}: receipt {}", found.words(), seqs.concat()),
        _ => format!("{}: receipts {}", found.words(), seqs.join(", ")),
    }
}

fn gaps(crosswalk: &Crosswalk, output: Output) -> anyhow::Result<()> {
    output.line("")?;
    output.line(output.paint(Tone::Bold, "gaps"))?;
    for gap in &crosswalk.gaps {
        let tone = match gap.state {
            GapState::Found => Tone::Bad,
            GapState::Clear => Tone::Good,
            GapState::CannotTell => Tone::Open,
        };
        let state = output.paint(tone, &format!("{:<12}", gap.state.words()));
        output.line(format!("  {state} {}", gap.title))?;
        for says in told(gap) {
            output.line(output.sentence("               ", Tone::Plain, &says))?;
        }
    }
    output.line("")
}

fn told(gap: &Gap) -> Vec<String> {
    let mut says = gap.says.clone();
    if gap.state == GapState::Found {
        if !gap.pointers.is_empty() {
            let seqs: Vec<String> = gap.pointers.iter().map(u64::to_string).collect();
            says.push(format!("receipts {}", seqs.join(", ")));
        }
        says.push(gap.advice.clone());
    }
    says
}

impl Wanted {
    const fn is(self, status: Status) -> bool {
        matches!(
            (self, status),
            (Self::Available, Status::EvidenceAvailable)
                | (Self::Partial, Status::PartialEvidence)
                | (Self::No, Status::NoEvidence)
                | (Self::None, Status::NotAddressable)
        )
    }
}
