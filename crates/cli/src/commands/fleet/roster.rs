//! `ai-audit fleet add` and `drop`

use super::shown::{Refused, Source, of_directory};
use super::{key_line, load_and_keep, now, seal, seconds};
use crate::cli::fleet::{AddMember, DropMember};
use crate::failure::usage;
use crate::open::{log_name, settings_of_another, written};
use crate::output::{Output, safe};
use ai_audit_directory::{Layout, LogDirectory};
use ai_audit_fleet::{Fleet, Member, Offered};
use ai_audit_note::{
    AddedMember, DroppedMember, FleetRoster, MemberCheckpoint, MemberSeen, ShownCheckpoint, VKey,
};
use ai_audit_store::{LogName, Record};
use anyhow::{Context as _, bail};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// The log directory of a member.
struct Place {
    directory: LogDirectory,
    log: LogName,
}

impl Place {
    /// The directory at a path, if it is one.
    fn of(text: &str, log: &str) -> anyhow::Result<Option<Self>> {
        let path = Path::new(text);
        if !Layout::is_log_directory(path) {
            return Ok(None);
        }
        Ok(Some(Self {
            directory: LogDirectory::open(path, settings_of_another(path)?)?,
            log: log_name(log)?,
        }))
    }

    fn key(&self) -> anyhow::Result<VKey> {
        Ok(self.directory.key_line(&self.log)?)
    }

    /// What its newest checkpoint comes to; nothing where it has none yet.
    fn shows(&self, member: &Member) -> anyhow::Result<Option<Result<Offered, Refused>>> {
        if self
            .directory
            .store()
            .latest_checkpoint(&self.log)?
            .is_none()
        {
            return Ok(None);
        }
        of_directory(&self.directory, &self.log, member, false).map(Some)
    }
}

/// What a member shows while it comes or goes.
#[derive(Default)]
struct Beside {
    /// Goes into the change itself.
    checkpoint: Option<ShownCheckpoint<'static>>,
    /// A conviction, which is a receipt of its own.
    conviction: Option<MemberCheckpoint<'static>>,
}

impl Beside {
    fn of(offered: Offered) -> Self {
        match offered {
            Offered::Known => Self::default(),
            Offered::New(body) => match body.seen {
                MemberSeen::Continues(shown) => Self {
                    checkpoint: Some(shown),
                    conviction: None,
                },
                MemberSeen::Contradicts(_) => Self {
                    checkpoint: None,
                    conviction: Some(body),
                },
            },
        }
    }
}

pub(super) fn add(args: &AddMember, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let interval = seconds(&args.every)?;
    let place = Place::of(&args.member, &args.member_log)?;
    let key = match &place {
        Some(place) => place.key()?,
        None => key_line(&args.member)?,
    };
    let brought = match &args.checkpoint {
        Some(path) => Some(Source::open(path)?),
        None => None,
    };
    let origin = key.name().to_owned();
    let (seqs, convicted, size) = written(&args.dir, "fleet add", output, |writer| {
        let directory = writer.directory();
        let fleet = load_and_keep(directory, &log)?;
        directory.names_nobody(&log, &[("reason", args.reason.as_str())])?;
        if directory.key_line(&log)?.name() == origin {
            return Err(usage(format!(
                "{origin} is the fleet itself, which is no member of its own"
            )));
        }
        let present = fleet.member(&origin).filter(|member| member.is_present());
        if present.is_some_and(|member| member.interval() == interval) {
            return Err(usage(format!(
                "{origin} is in the roster already, with this interval"
            )));
        }
        let added = |checkpoint| AddedMember {
            key: key.to_string().into(),
            interval,
            checkpoint,
        };
        // Another interval: it goes and comes in one receipt.
        let dropped: Vec<DroppedMember<'_>> = present
            .map(|_| DroppedMember {
                origin: origin.as_str().into(),
                checkpoint: None,
            })
            .into_iter()
            .collect();
        let roster = |checkpoint| FleetRoster {
            dropped: dropped.clone().into(),
            added: vec![added(checkpoint)].into(),
            reason: args.reason.as_str().into(),
        };
        // As it is with the member in it, to hold against that what it shows.
        let mut then = fleet.clone();
        then.take_roster(&roster(None), now(&fleet))
            .map_err(|error| usage(error.to_string()))?;
        let member = then.member(&origin).context("a member that was added")?;
        let beside = match (&brought, &place) {
            (Some(source), _) => {
                let mut broken = Vec::new();
                let mut shown = source.shown(&then, false, &mut broken)?;
                shown.retain(|one| one.origin == origin);
                match shown.pop().and_then(|one| one.outcome) {
                    Some(outcome) => of(outcome)?,
                    None => {
                        let beside: String = broken.iter().map(|one| format!("; {one}")).collect();
                        bail!(
                            "--checkpoint: it shows nothing of {}{beside}",
                            safe(&origin)
                        )
                    }
                }
            }
            (None, Some(place)) => match place.shows(member)? {
                Some(outcome) => of(outcome)?,
                None => Beside::default(),
            },
            (None, None) => Beside::default(),
        };
        let roster = roster(beside.checkpoint);
        let mut after = fleet.clone();
        after.take_roster(&roster, now(&fleet))?;
        let mut records = vec![Record::new(&roster)];
        if let Some(conviction) = &beside.conviction {
            after.check_checkpoint(conviction)?;
            records.push(Record::new(conviction));
        }
        let size = size_of(&after, &origin);
        Ok((
            seal(writer, &log, records)?,
            beside.conviction.is_some(),
            size,
        ))
    })?;
    let receipt = seqs.first().copied().unwrap_or_default();
    if output.json {
        output.json(&json!({
            "log": log.as_str(), "receipt": receipt, "origin": origin, "interval": interval,
            "size": size, "convicted": convicted,
        }))?;
    } else {
        let showed = match size {
            Some(size) => format!("of which it has a checkpoint of {size} receipts"),
            None => "of which there is no checkpoint yet".into(),
        };
        output.line(format!(
            "Receipt {receipt} adds {}, {showed}; it owes one within {} each time.",
            safe(&origin),
            args.every
        ))?;
    }
    told(convicted, &origin, output)
}

/// What is refused here is refused as a whole: nothing is sealed.
fn of(outcome: Result<Offered, Refused>) -> anyhow::Result<Beside> {
    match outcome {
        Ok(offered) => Ok(Beside::of(offered)),
        Err(refused) => bail!("{}", refused.reason),
    }
}

pub(super) fn drop(args: &DropMember, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let place = Place::of(&args.member, &args.member_log)?;
    let (seqs, origin, convicted, size) = written(&args.dir, "fleet drop", output, |writer| {
        let directory = writer.directory();
        let fleet = load_and_keep(directory, &log)?;
        directory.names_nobody(&log, &[("reason", args.reason.as_str())])?;
        let origin = match &place {
            Some(place) => place.key()?.name().to_owned(),
            None => named(&fleet, &args.member)?,
        };
        let member = fleet.member(&origin).filter(|member| member.is_present());
        let Some(member) = member else {
            return Err(usage(format!(
                "{} is not in the roster; `ai-audit fleet status` shows it",
                safe(&origin)
            )));
        };
        let beside = match &place {
            None => Beside::default(),
            Some(place) => match place.shows(member)? {
                None => Beside::default(),
                Some(Ok(offered)) => Beside::of(offered),
                // It goes all the same; what it showed last stays what is known of it.
                Some(Err(refused)) => {
                    output.complain(&refused.reason);
                    Beside::default()
                }
            },
        };
        let mut after = fleet.clone();
        let mut records = Vec::new();
        if let Some(conviction) = &beside.conviction {
            after.take_checkpoint(conviction, now(&fleet))?;
            records.push(Record::new(conviction));
        }
        let roster = FleetRoster {
            dropped: vec![DroppedMember {
                origin: origin.as_str().into(),
                checkpoint: beside.checkpoint,
            }]
            .into(),
            reason: args.reason.as_str().into(),
            ..FleetRoster::default()
        };
        after.take_roster(&roster, now(&fleet))?;
        records.push(Record::new(&roster));
        let size = size_of(&after, &origin);
        let seqs = seal(writer, &log, records)?;
        Ok((seqs, origin, beside.conviction.is_some(), size))
    })?;
    let receipt = seqs.last().copied().unwrap_or_default();
    if output.json {
        output.json(&json!({
            "log": log.as_str(), "receipt": receipt, "origin": origin, "size": size,
            "convicted": convicted,
        }))?;
    } else {
        let had = match size {
            Some(size) => format!("which had {size} receipts"),
            None => "of which there never was a checkpoint".into(),
        };
        output.line(format!("Receipt {receipt} drops {}, {had}.", safe(&origin)))?;
    }
    told(convicted, &origin, output)
}

fn told(convicted: bool, origin: &str, output: Output) -> anyhow::Result<ExitCode> {
    if convicted {
        output.complain(format!("{origin} signed TWO HISTORIES: it is convicted"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn size_of(fleet: &Fleet, origin: &str) -> Option<u64> {
    let last = fleet.member(origin)?.last()?;
    Some(last.checkpoint.size.as_u64())
}

/// The origin of the member that a text names: by its key line, its origin, or the name in it.
fn named(fleet: &Fleet, text: &str) -> anyhow::Result<String> {
    if text.contains('+') || Path::new(text).is_file() {
        return Ok(key_line(text)?.name().to_owned());
    }
    let present = fleet.members().filter(|member| member.is_present());
    let fits: Vec<&str> = present
        .map(Member::origin)
        .filter(|origin| {
            *origin == text
                || origin
                    .rsplit_once('/')
                    .is_some_and(|(name, _)| name == text)
        })
        .collect();
    match fits.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(usage(format!(
            "{text}: no member in the roster has this origin or name; `ai-audit fleet status` shows them"
        ))),
        several => Err(usage(format!(
            "{text}: {} members have this name; give the whole origin, such as {}",
            several.len(),
            safe(several.first().copied().unwrap_or_default())
        ))),
    }
}
