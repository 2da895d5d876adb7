//! `ai-audit fleet`: logs that belong together.

mod collect;
mod init;
mod offer;
mod print;
mod roster;
mod shown;
mod state;
mod status;
mod verify;

use crate::cli::fleet::{Fleet as Args, FleetCommand};
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::Output;
use ai_audit_core::{DecodeBody as _, Genesis, Head, Kind, Timestamp, UnverifiedReceipt};
use ai_audit_directory::{LogDirectory, Writer};
use ai_audit_fleet::{Fleet, When};
use ai_audit_note::{MAX_FLEET_INTERVAL, MAX_NOTE_LEN, VKey, VKeyKind};
use ai_audit_store::{Clock as _, LogName, Query, Record, StoredContent, SystemClock};
use anyhow::bail;
use std::path::Path;
use std::process::ExitCode;

/// The entry of the genesis's policy by which our commands know a fleet log. Nothing is verified by it.
const FLEET_POLICY: (&str, &str) = ("fleet", "v1");

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        FleetCommand::Init(args) => init::run(args, output),
        FleetCommand::Add(args) => roster::add(args, output),
        FleetCommand::Drop(args) => roster::drop(args, output),
        FleetCommand::Collect(args) => collect::run(args, output),
        FleetCommand::Offer(args) => offer::run(args, output),
        FleetCommand::Status(args) => status::run(args, output),
        FleetCommand::Verify(args) => verify::run(args, output),
    }
}

/// A fleet as its log in a directory tells of it. The log is the caller's own: its receipts are not
/// verified here, what members signed is.
fn load(
    directory: &LogDirectory,
    log: &LogName,
    until: Option<Timestamp>,
) -> anyhow::Result<Fleet> {
    let (fleet, _, _) = loaded(directory, log, until)?;
    Ok(fleet)
}

/// The same for who is about to write to the log, and nobody else meanwhile: what was read is kept for the next time.
fn load_and_keep(directory: &LogDirectory, log: &LogName) -> anyhow::Result<Fleet> {
    let (fleet, head, new) = loaded(directory, log, None)?;
    state::keep(directory, log, &fleet, (&head, new));
    Ok(fleet)
}

/// A fleet, where its log ended then, and how many of its receipts were read for it.
fn loaded(
    directory: &LogDirectory,
    log: &LogName,
    until: Option<Timestamp>,
) -> anyhow::Result<(Fleet, Head, usize)> {
    let sealed = directory.receipt(log, 0)?;
    let genesis =
        UnverifiedReceipt::parse(&sealed).and_then(|receipt| Genesis::decode(&receipt))?;
    let (name, value) = FLEET_POLICY;
    if genesis.policy_value(name) != Some(value) {
        return Err(usage(format!(
            "log {log} is no fleet log; `ai-audit fleet init` opens one"
        )));
    }
    let head = directory.head(log)?;
    // What was kept of a later time than is asked for is of no use.
    let early = |fleet: &Fleet| until.is_none() || fleet.time() <= until;
    let kept = state::read(directory, log, &head).filter(|(fleet, _)| early(fleet));
    let (mut fleet, begin) = kept.unwrap_or_default();
    if let Some(time) = until {
        fleet = fleet.until(time);
    }
    let mut places = Vec::new();
    for kind in [Kind::FLEET_ROSTER, Kind::MEMBER_CHECKPOINT] {
        let (query, after) = (Query::Kind(kind), begin.checked_sub(1));
        places.extend(directory.store().find(log, &query, after, usize::MAX)?);
    }
    // One that came meanwhile is beyond what is said to have been read.
    places.retain(|seq| *seq < head.size());
    places.sort_unstable();
    let new = places.len();
    for seq in places {
        match directory.stored(log, seq)? {
            StoredContent::Sealed(sealed) => fleet.push(&UnverifiedReceipt::parse(&sealed)?),
            StoredContent::Deleted(_) => bail!(
                "the bytes of receipt {seq} are deleted, and it says something of the fleet: put its epoch back (ai-audit epoch restore)"
            ),
        }
    }
    Ok((fleet, head, new))
}

/// Where a receipt would stand that is sealed now, as far as it matters before it is.
fn now(fleet: &Fleet) -> When {
    let at = SystemClock.now();
    When {
        seq: fleet.last().map_or(0, |last| last.saturating_add(1)),
        at: fleet.time().map_or(at, |time| at.max(time)),
    }
}

/// Seals records, durably, in one go. Returns their places.
fn seal(writer: &Writer, log: &LogName, records: Vec<Record>) -> anyhow::Result<Vec<u64>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let receipts = writer.ledger().submit(log, records)?.wait()?;
    Ok(receipts.iter().map(|receipt| receipt.seq).collect())
}

/// A log's key line, or the one in a file.
fn key_line(text: &str) -> anyhow::Result<VKey> {
    let path = Path::new(text);
    let line = if path.is_file() {
        String::from_utf8_lossy(&read_at_most(path, MAX_NOTE_LEN)?).into_owned()
    } else {
        text.to_owned()
    };
    let key = VKey::parse(line.trim()).map_err(|error| {
        usage(format!(
            "{text}: expected a log directory, a key line or a file that has one: {error}"
        ))
    })?;
    if key.kind() == VKeyKind::Ed25519 {
        Ok(key)
    } else {
        Err(usage(format!(
            "{text}: expected a log's key line, this is a witness's"
        )))
    }
}

/// A duration such as `90s`, `15m`, `1h` or `7d`, in seconds.
fn seconds(text: &str) -> anyhow::Result<u64> {
    let wrong = || {
        usage(format!(
            "--every {text}: expected a number and s, m, h or d, such as 15m; at most {} days",
            MAX_FLEET_INTERVAL / 86_400
        ))
    };
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let each: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number = text.strip_suffix(unit).ok_or_else(wrong)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(each)
        .filter(|seconds| (1..=MAX_FLEET_INTERVAL).contains(seconds))
        .ok_or_else(wrong)
}
