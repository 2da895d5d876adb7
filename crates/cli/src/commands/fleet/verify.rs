//! `ai-audit fleet verify`

use super::{key_line, print};
use crate::cli::fleet::VerifyFleet;
use crate::commands::verify::{question, status_line};
use crate::evidence::{Form, Outcome, verify_another, verify_path};
use crate::failure::{sentence, usage};
use crate::open::{settings_of_another, time};
use crate::output::{Output, Tone, counted, safe, shown_path};
use ai_audit_core::{Exit, Question};
use ai_audit_directory::LogDirectory;
use ai_audit_fleet::{FleetObserver, FleetReport, MemberWatch};
use ai_audit_note::VKey;
use ai_audit_store::LogName;
use ai_audit_verify::{Pin, Report, TrustPolicy};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The verification of a fleet, as JSON.
#[derive(Serialize)]
struct Verified {
    /// The fleet log itself, as `ai-audit verify` has it.
    log: Outcome,
    fleet: FleetReport,
    /// What was brought as a member's log and is none of a member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    strangers: Vec<PathBuf>,
    /// What was brought and could not be read so far that anybody could tell whose it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<Unreadable>,
    exit: u8,
}

/// Something that was brought and cannot be held against a member.
#[derive(Serialize)]
struct Unreadable {
    path: PathBuf,
    /// Which log of a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    reason: String,
}

pub(super) fn run(args: &VerifyFleet, output: Output) -> anyhow::Result<ExitCode> {
    // What was brought of a member is for its log, and what nothing answers for is told below.
    let policy = args.trust.policy()?.of_several_logs();
    if policy.known_size().is_some() {
        return Err(usage(
            "--size, or the policy's size, says how many receipts the fleet log has and not which: bring a checkpoint of it (--checkpoint)",
        ));
    }
    let at = args.at.as_deref().map(time).transpose()?;
    let expect = args.expect.iter().map(|text| key_line(text));
    let expect = expect.collect::<anyhow::Result<Vec<VKey>>>()?;
    let asked: Vec<Question> = args.require.iter().copied().map(question).collect();
    let mut observer = FleetObserver::new(at);
    let log = args.log.as_deref();
    let mut outcome = verify_path(&args.path, log, &policy, &mut observer, output)?;
    let own = outcome.report.exit(&asked);
    outcome.exit = own.code();
    let mut fleet = observer.finish(&outcome.report);
    // Of a log in which nothing counts nobody can say who is in the roster.
    let verdict = &outcome.report.verdict;
    if verdict.integrity.is_verified() && verdict.attribution.is_verified() {
        fleet.expect(&expect);
    }
    let brought = held(&args.member, &policy, &mut fleet, output)?;
    let Brought {
        strangers,
        unreadable,
    } = brought;
    // Without a genesis nobody can say whose anything is.
    if let Some(own) = outcome.report.origin.clone() {
        let strange = fleet.account_for(&own, &policy);
        if strange > 0 {
            outcome.report.remarks.push(format!(
                "{strange} of the checkpoints and revocations that you brought are of other logs"
            ));
        }
    }
    let all_told = strangers.is_empty() && unreadable.is_empty();
    let exit = match (own, fleet.exit(), all_told) {
        (Exit::Failed, _, _) | (_, Exit::Failed, _) => Exit::Failed,
        (Exit::Verified, Exit::Verified, true) => Exit::Verified,
        _ => Exit::Unverified,
    };
    let verified = Verified {
        log: outcome,
        fleet,
        strangers,
        unreadable,
        exit: exit.code(),
    };
    if output.json {
        output.json(&verified)?;
    } else {
        show(&args.path, &verified, &asked, output)?;
    }
    Ok(ExitCode::from(exit.code()))
}

/// The auditor's trust with the key lines of the roster in the place of his own pins: what he knows of members,
/// and asks of them, counts for their logs.
fn of_members(fleet: &FleetReport, policy: &TrustPolicy) -> anyhow::Result<TrustPolicy> {
    let members = fleet.members.iter();
    let lines = members.map(|member| anyhow::Ok(Pin::Log(VKey::parse(&member.key)?)));
    let lines = lines.collect::<anyhow::Result<Vec<Pin>>>()?;
    Ok(policy.clone().pinned_to(lines))
}

/// What of that which was brought says nothing of a member.
#[derive(Default)]
struct Brought {
    strangers: Vec<PathBuf>,
    unreadable: Vec<Unreadable>,
}

/// Holds what was brought against the members that it is of. What is broken is told and keeps none of the rest out:
/// it may be somebody's who wants just that. Where nothing can be opened, the question is wrong.
fn held(
    paths: &[PathBuf],
    policy: &TrustPolicy,
    fleet: &mut FleetReport,
    output: Output,
) -> anyhow::Result<Brought> {
    let mut brought = Brought::default();
    if paths.is_empty() {
        return Ok(brought);
    }
    let members = of_members(fleet, policy)?;
    let (mut opened, mut first) = (Vec::new(), None);
    for path in paths {
        let known = brought.unreadable.len();
        let broken = &mut brought.unreadable;
        match hold(path, &members, fleet, broken, Round::First, output) {
            Ok(of_one) => {
                opened.push(path);
                // What is told as unreadable is not told as a stranger's, too.
                if !of_one && brought.unreadable.len() == known {
                    brought.strangers.push(path.clone());
                }
            }
            Err(error) => {
                brought.unreadable.push(unreadable(path, None, &error));
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if opened.is_empty() => return Err(error),
        _ => {}
    }
    // Which of several logs of a member came first must not matter.
    if fleet.has_several_ends() {
        for path in opened {
            // What is broken in it was told before.
            hold(path, &members, fleet, &mut Vec::new(), Round::Again, output)?;
        }
    }
    Ok(brought)
}

/// Whether a log is held for the first time, or against the others of its member.
#[derive(Clone, Copy)]
enum Round {
    First,
    Again,
}

impl Round {
    /// Whether it is the log of a member.
    fn hold(
        self,
        fleet: &mut FleetReport,
        shown: &str,
        report: &Report,
        watch: &MemberWatch,
    ) -> bool {
        match self {
            Self::First => fleet.hold(shown, report, watch),
            Self::Again => {
                fleet.hold_again(shown, report, watch);
                true
            }
        }
    }
}

fn unreadable(path: &Path, log: Option<&LogName>, error: &anyhow::Error) -> Unreadable {
    // As the path before it is shown.
    let (said, start) = (safe(&sentence(error)), format!("{}: ", shown_path(path)));
    Unreadable {
        path: path.into(),
        log: log.map(ToString::to_string),
        reason: said.strip_prefix(&start).unwrap_or(&said).into(),
    }
}

/// Holds what is at a path against the member that it is of. Returns whether it is of one.
fn hold(
    path: &Path,
    policy: &TrustPolicy,
    fleet: &mut FleetReport,
    broken: &mut Vec<Unreadable>,
    round: Round,
    output: Output,
) -> anyhow::Result<bool> {
    let shown = shown_path(path);
    if Form::of(path)? != Form::Directory {
        let mut watch = MemberWatch::new(fleet);
        let outcome = verify_another(path, None, policy, &mut watch, output)?;
        return Ok(round.hold(fleet, &shown, &outcome.report, &watch));
    }
    // Of a directory, those of its logs that are members.
    let directory = LogDirectory::open(path, settings_of_another(path)?)?;
    let mut any = false;
    for name in directory.logs()? {
        let origin = match directory.key_line(&name) {
            Ok(line) => line.name().to_owned(),
            // It may be a member's, and nobody can tell.
            Err(error) => {
                broken.push(unreadable(path, Some(&name), &error.into()));
                continue;
            }
        };
        if !fleet.members.iter().any(|member| member.origin == origin) {
            continue;
        }
        let mut watch = MemberWatch::new(fleet);
        match verify_another(path, Some(name.as_str()), policy, &mut watch, output) {
            Ok(outcome) if round.hold(fleet, &shown, &outcome.report, &watch) => any = true,
            // It broke before it said whose it is, which its genesis says.
            Ok(outcome) => broken.push(Unreadable {
                path: path.into(),
                log: Some(name.to_string()),
                reason: format!("integrity {}", outcome.report.verdict.integrity),
            }),
            Err(error) => broken.push(unreadable(path, Some(&name), &error)),
        }
    }
    Ok(any)
}

fn show(
    path: &Path,
    verified: &Verified,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<()> {
    let (report, fleet) = (&verified.log.report, &verified.fleet);
    let what = format!("{}, fleet log", shown_path(path));
    output.line(output.paint(Tone::Bold, &what))?;
    if let Some(origin) = &report.origin {
        output.note(format!("  {}", safe(origin)))?;
    }
    for question in Question::ALL {
        let status = report.verdict.answer(question);
        if asked.contains(&question) || status.is_failed() {
            output.line(status_line(question.name(), status, output))?;
        }
    }
    let count = counted(report.receipts, "receipt", "receipts");
    output.note(format!("  {count}"))?;
    for remark in &report.remarks {
        output.note(output.sentence("  note: ", Tone::Plain, remark))?;
    }
    print::members(fleet, output)?;
    for one in &fleet.unheld {
        let said = one.to_string();
        let tone = if one.dropped { Tone::Dim } else { Tone::Open };
        output.line(output.sentence("  unanswered  ", tone, &said))?;
    }
    for path in &verified.strangers {
        let said = format!("{}: of no member", shown_path(path));
        output.line(output.sentence("  unknown  ", Tone::Open, &said))?;
    }
    for one in &verified.unreadable {
        let log = one.log.as_deref();
        let log = log.map_or_else(String::new, |log| format!(", log {log}"));
        let said = format!("{}{log}: {}", shown_path(&one.path), one.reason);
        output.line(output.sentence("  UNREADABLE  ", Tone::Bad, &said))?;
    }
    if let Some(why) = &fleet.unknown {
        output.line(output.sentence("  UNVERIFIED: ", Tone::Open, why))?;
    }
    let present = fleet.members.iter().filter(|member| member.present).count();
    let (tone, said) = match verified.exit {
        0 => (
            Tone::Good,
            format!(
                "VERIFIED: the fleet log, and that each of its {present} members is complete as of {}",
                print::shown(fleet.at)
            ),
        ),
        1 => (Tone::Bad, "FAILED".into()),
        _ => (
            Tone::Open,
            "UNVERIFIED: nothing failed, but not everything asked for could be verified".into(),
        ),
    };
    output.line(output.sentence("", tone, &said))
}
