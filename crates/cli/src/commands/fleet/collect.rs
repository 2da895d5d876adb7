//! `ai-audit fleet collect`

use super::shown::{Refused, Shown, Source};
use super::{load_and_keep, now, seal};
use crate::cli::fleet::CollectFleet;
use crate::failure::sentence;
use crate::open::{log_name, written};
use crate::output::{Output, Tone, safe, shown_path};
use ai_audit_core::{MAX_PAYLOAD_LEN, encode_body};
use ai_audit_fleet::{Fleet, Member, Offered};
use ai_audit_note::{MemberCheckpoint, MemberSeen};
use ai_audit_store::Record;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Records of one group, which is all in the log or not at all.
const GROUP: usize = 256;

/// The longest body that is sealed, in bytes, so that the receipt's header fits as well.
const MAX_BODY: usize = MAX_PAYLOAD_LEN - 1024;

/// What became of what one source shows of one log.
#[derive(Serialize)]
struct Collected {
    source: PathBuf,
    /// Whose log it is; none where that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// `taken`, `known`, `convicted`, `refused`, `stranger` where the log is not in the roster, or
    /// `unreadable`.
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
    let sources = opened(&args.source)?;
    let all = written(&args.dir, "fleet collect", output, |writer| {
        let mut fleet = load_and_keep(writer.directory(), &log)?;
        let (mut all, mut bodies) = (Vec::new(), Vec::new());
        for (path, source) in &sources {
            let mut broken = Vec::new();
            let shown = source.as_ref().map_err(sentence).and_then(|source| {
                let shown = source.shown(&fleet, args.fresh, &mut broken);
                shown.map_err(|error| sentence(&error))
            });
            all.extend(broken.iter().map(|reason| unreadable(path, reason)));
            let shown = match shown {
                Ok(shown) => shown,
                Err(reason) => {
                    all.push(unreadable(path, &reason));
                    continue;
                }
            };
            for one in shown {
                let (collected, body) = take(path, one, &mut fleet);
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

/// The sources. One that cannot be read is told of and keeps none of the others out: it may be a member's
/// that wants just that. Where none can be, the question is wrong.
fn opened(paths: &[PathBuf]) -> anyhow::Result<Vec<(&Path, anyhow::Result<Source>)>> {
    let mut all = Vec::new();
    for path in paths {
        all.push((path.as_path(), Source::open(path)));
    }
    if all.iter().any(|(_, source)| source.is_ok()) {
        return Ok(all);
    }
    match all.into_iter().find_map(|(_, source)| source.err()) {
        Some(error) => Err(error),
        None => Ok(Vec::new()),
    }
}

fn unreadable(source: &Path, reason: &str) -> Collected {
    // As the path before it is shown.
    let (reason, start) = (safe(reason), format!("{}: ", shown_path(source)));
    Collected {
        source: source.into(),
        origin: None,
        outcome: "unreadable",
        size: None,
        receipt: None,
        reason: Some(reason.strip_prefix(&start).unwrap_or(&reason).into()),
        grave: false,
    }
}

/// What does not fit into a receipt, and so may not be among what is sealed together.
fn too_long(body: &MemberCheckpoint<'_>) -> Option<Refused> {
    let fits = encode_body(body).is_ok_and(|bytes| bytes.len() <= MAX_BODY);
    let grave = matches!(body.seen, MemberSeen::Contradicts(_));
    let reason = if grave {
        "it signed TWO HISTORIES, and the proof is too long for a receipt: keep what it showed"
    } else {
        "its note is too long for a receipt: expected one with fewer or shorter signatures of others"
    };
    (!fits).then(|| Refused {
        reason: reason.into(),
        grave,
    })
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
        Some(Ok(Offered::New(new))) => {
            refused = too_long(&new);
            if refused.is_none()
                && let Err(problem) = fleet.take_checkpoint(&new, now(fleet))
            {
                refused = Some(Refused {
                    reason: problem.to_string(),
                    grave: false,
                });
            }
            outcome = match (&refused, &new.seen) {
                (Some(_), _) => "refused",
                (None, MemberSeen::Continues(_)) => "taken",
                (None, MemberSeen::Contradicts(_)) => "convicted",
            };
            body = refused.is_none().then_some(new);
        }
    }
    let member = fleet.member(&shown.origin);
    let last = member.and_then(Member::last);
    // A member that was convicted before is told of each time.
    if outcome == "known" && member.is_some_and(|member| member.fork().is_some()) {
        outcome = "convicted";
    }
    let collected = Collected {
        source: source.into(),
        origin: Some(shown.origin),
        outcome,
        size: last.map(|last| last.checkpoint.size.as_u64()),
        receipt: None,
        grave: refused.as_ref().is_some_and(|one| one.grave),
        reason: refused.map(|one| one.reason),
    };
    (collected, body)
}

fn print(one: &Collected, output: Output) -> anyhow::Result<()> {
    let source = shown_path(&one.source);
    let origin = one.origin.as_deref().map(safe).unwrap_or_default();
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
            let what = match origin.as_str() {
                "" => source.clone(),
                origin => format!("{origin} ({source})"),
            };
            (Tone::Bad, format!("{what}: {outcome}: {reason}"))
        }
    };
    match tone {
        Tone::Plain => output.note(text),
        tone => output.line(output.sentence("", tone, &text)),
    }
}
