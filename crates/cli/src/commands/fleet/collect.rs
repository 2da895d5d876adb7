//! `ai-audit fleet collect`

use super::shown::{Refused, Shown, Source};
use super::{load, now, seal};
use crate::cli::fleet::CollectFleet;
use crate::open::{log_name, written};
use crate::output::{Output, Tone, safe};
use ai_audit_fleet::{Fleet, Offered};
use ai_audit_note::{MemberCheckpoint, MemberSeen};
use ai_audit_store::Record;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Records of one group, which is all in the log or not at all.
const GROUP: usize = 256;

/// What became of what one source shows of one log.
#[derive(Serialize)]
struct Collected {
    source: PathBuf,
    origin: String,
    /// `taken`, `known`, `convicted`, `refused`, or `stranger` where the log is not in the roster.
    outcome: &'static str,
    /// To which size the fleet log has it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// The receipt that took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Whether the member's log is cut or of another history.
    grave: bool,
}

pub(super) fn run(args: &CollectFleet, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    // All that can be wrong with the question first, so that nothing is half done then.
    let mut sources = Vec::new();
    for path in &args.source {
        sources.push((path.as_path(), Source::open(path)?));
    }
    let all = written(&args.dir, "fleet collect", output, |writer| {
        let mut fleet = load(writer.directory(), &log, None)?;
        let (mut all, mut bodies) = (Vec::new(), Vec::new());
        for (path, source) in &sources {
            for shown in source.shown(&fleet, args.fresh)? {
                let (collected, body) = take(path, shown, &mut fleet);
                if let Some(body) = body {
                    bodies.push((all.len(), body));
                }
                all.push(collected);
            }
        }
        for group in bodies.chunks(GROUP) {
            let records = group.iter().map(|(_, body)| Record::new(body)).collect();
            let seqs = seal(writer, &log, records)?;
            for ((index, _), seq) in group.iter().zip(seqs) {
                if let Some(collected) = all.get_mut(*index) {
                    collected.receipt = Some(seq);
                }
            }
        }
        Ok(all)
    })?;
    let bad = |one: &Collected| !matches!(one.outcome, "taken" | "known");
    let exit = u8::from(all.iter().any(bad));
    if output.json {
        output.json(&json!({ "log": log.as_str(), "collected": all, "exit": exit }))?;
    } else {
        for one in &all {
            print(one, output)?;
        }
    }
    Ok(ExitCode::from(exit))
}

/// What comes of one showing, and what to seal of it. What is to be sealed counts at once, so that several
/// sources may show the same member.
fn take(
    source: &Path,
    shown: Shown,
    fleet: &mut Fleet,
) -> (Collected, Option<MemberCheckpoint<'static>>) {
    let (mut outcome, mut body, mut refused) = ("known", None, None);
    match shown.outcome {
        None => {
            outcome = "stranger";
            refused = Some(Refused {
                reason: "it is not in the roster".into(),
                grave: false,
            });
        }
        Some(Err(reason)) => {
            outcome = "refused";
            refused = Some(reason);
        }
        Some(Ok(Offered::Known)) => {}
        // What would be a fault in the log is not sealed.
        Some(Ok(Offered::New(new))) => match fleet.take_checkpoint(&new, now(fleet)) {
            Ok(()) => {
                outcome = match new.seen {
                    MemberSeen::Continues(_) => "taken",
                    MemberSeen::Contradicts(_) => "convicted",
                };
                body = Some(new);
            }
            Err(problem) => {
                outcome = "refused";
                refused = Some(Refused {
                    reason: problem.to_string(),
                    grave: false,
                });
            }
        },
    }
    let member = fleet.member(&shown.origin);
    let last = member.and_then(|member| member.last());
    // A member that was convicted before is told of each time.
    if outcome == "known" && member.is_some_and(|member| member.fork().is_some()) {
        outcome = "convicted";
    }
    let collected = Collected {
        source: source.into(),
        origin: shown.origin,
        outcome,
        size: last.map(|last| last.checkpoint.size.as_u64()),
        receipt: None,
        grave: refused.as_ref().is_some_and(|one| one.grave),
        reason: refused.map(|one| one.reason),
    };
    (collected, body)
}

fn print(one: &Collected, output: Output) -> anyhow::Result<()> {
    let (origin, source) = (safe(&one.origin), one.source.display());
    let size = one.size.unwrap_or_default();
    let (tone, text) = match (one.outcome, one.receipt) {
        ("taken", Some(receipt)) => (
            Tone::Good,
            format!("{origin}: receipt {receipt} takes its checkpoint of {size} receipts"),
        ),
        ("convicted", Some(receipt)) => (
            Tone::Bad,
            format!("{origin}: signed TWO HISTORIES; receipt {receipt} has the proof"),
        ),
        ("convicted", None) => (
            Tone::Bad,
            format!("{origin}: signed TWO HISTORIES, as the fleet log has it"),
        ),
        ("known", _) => (
            Tone::Plain,
            format!("{origin}: nothing new, {size} receipts"),
        ),
        (outcome, _) => {
            let reason = one.reason.as_deref().unwrap_or_default();
            (
                Tone::Bad,
                format!("{origin} ({source}): {outcome}: {reason}"),
            )
        }
    };
    match tone {
        Tone::Plain => output.note(text),
        tone => output.line(output.sentence("", tone, &text)),
    }
}
