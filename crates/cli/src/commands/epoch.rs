//! `ai-audit epoch`

use crate::cli::{
    ArchiveEpoch, DeleteEpoch, Epoch, EpochCommand, FetchEpoch, ListEpochs, MoveEpochs,
    RestoreEpoch, SealEpoch,
};
use crate::failure::usage;
use crate::open::{directory, log_name, readable, settings, written};
use crate::output::{Output, bytes, safe, shown_path};
use crate::progress::Progress;
use crate::save::write_whole;
use ai_audit_directory::{EpochInfo, Settings, compact, file_digest};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) fn run(args: &Epoch, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        EpochCommand::Seal(args) => seal(args, output),
        EpochCommand::List(args) => list(args, output),
        EpochCommand::Archive(args) => archive(args, output),
        EpochCommand::Delete(args) => delete(args, output),
        EpochCommand::Restore(args) => restore(args, output),
        EpochCommand::Move(args) => move_old(args, output),
        EpochCommand::Fetch(args) => fetch(args, output),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn seal(args: &SealEpoch, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let sealed = written(&args.dir, "epoch seal", output, |writer| {
        Ok(writer.seal_epoch(&log)?)
    })?;
    let seal = &sealed.seal;
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "epoch": seal.number,
            "first": seal.first,
            "last": seal.size,
            "receipts": seal.count,
            "control": seal.control,
            "root": seal.root,
            "hash": sealed.receipt.hash,
        }));
    }
    output.line(format!(
        "Sealed epoch {}: receipts {} to {}.",
        seal.number, seal.first, seal.size
    ))
}

fn list(args: &ListEpochs, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let epochs = directory(&args.dir)?.epochs(&log)?;
    if output.json {
        let epochs: Vec<Value> = epochs.iter().map(value).collect();
        return output.json(&json!({ "log": log.as_str(), "epochs": epochs }));
    }
    let mut table = output.table(["EPOCH", "FIRST", "LAST", "RECEIPTS", "SEALED AT", "BYTES"]);
    for epoch in &epochs {
        // Seconds are enough for a list: 2026-11-24T09:30:00.
        let time = epoch.sealed_at.map_or("open".into(), |time| {
            let time: String = time.to_string().chars().take(19).collect();
            time.replace('T', " ")
        });
        let last = match epoch.receipts {
            0 => "-".into(),
            _ => epoch.last.to_string(),
        };
        table.add_row([
            epoch.number.to_string(),
            epoch.first.to_string(),
            last,
            epoch.receipts.to_string(),
            time,
            state(epoch),
        ]);
    }
    output.print_table(&table)
}

/// What there is of an epoch's bytes, in a few words.
fn state(epoch: &EpochInfo) -> String {
    let by = match &epoch.deletion {
        Some(deletion) => format!(", by {}", deletion.receipt),
        None => String::new(),
    };
    match epoch.deleted {
        0 if epoch.deletion.is_some() => "held again".into(),
        0 if epoch.moved > 0 && epoch.moved == epoch.deletable => "moved".into(),
        0 if epoch.moved > 0 => format!("{} moved", epoch.moved),
        0 => "held".into(),
        all if all == epoch.deletable => format!("deleted{by}"),
        some => format!("{some} deleted{by}"),
    }
}

fn value(epoch: &EpochInfo) -> Value {
    json!({
        "epoch": epoch.number,
        "sealed": epoch.sealed_at.is_some(),
        "first": epoch.first,
        "last": (epoch.receipts > 0).then_some(epoch.last),
        "receipts": epoch.receipts,
        "sealed_at": epoch.sealed_at,
        "deleted": epoch.deleted,
        "moved": epoch.moved,
        "deletion": epoch.deletion.as_ref().map(|deletion| json!({
            "receipt": deletion.receipt,
            "sealed_at": deletion.sealed_at,
            "archive": deletion.archive,
            "reason": deletion.reason,
        })),
    })
}

fn archive(args: &ArchiveEpoch, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let directory = directory(&args.dir)?;
    let seal = directory.sealed_epoch(&log, args.epoch)?;
    let path = match &args.output {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("epoch-{}.zip", args.epoch)),
    };
    let progress = Progress::new("archiving", "receipts", seal.count, output.quiet);
    let written = write_whole(&path, args.force, |file| {
        let progress = |done, total| progress.set(done, total);
        Ok(directory.archive_epoch(&log, args.epoch, args.json_view, file, progress)?)
    })?;
    drop(progress);
    let digest = file_digest(&path)?;
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "epoch": args.epoch,
            "file": path,
            "sha256": digest,
            "bytes": written.bytes,
            "receipts": written.manifest.receipts,
            "checkpoint": written.manifest.checkpoint,
        }));
    }
    output.line(format!(
        "Wrote {}: epoch {}, receipts {} to {}, {}.",
        shown_path(&path),
        args.epoch,
        seal.first,
        seal.size,
        bytes(written.bytes)
    ))?;
    output.note(format!("  SHA-256 {digest}"))
}

fn delete(args: &DeleteEpoch, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    if let Some(archive) = &args.archive {
        readable(archive)?;
    }
    let settings = settings(&args.dir)?;
    // Before anything is deleted.
    may_compact(args.compact, &settings)?;
    let deleted = written(&args.dir, "epoch delete", output, |writer| {
        let archive = args.archive.as_deref();
        let directory = writer.directory();
        if archive.is_none() && directory.is_fleet(&log)? {
            return Err(usage(format!(
                "log {log} is the log of a fleet, which is read from its first receipt on: expected --archive, from which it can be put back"
            )));
        }
        let ends_moves = settings.cold.is_named() && !directory.is_moved(&log, args.epoch)?;
        let deleted = writer.delete_epoch(&log, args.epoch, archive, &args.reason)?;
        if ends_moves {
            output.warn(format!(
                "epoch {} was not moved yet: no epoch of log {log} moves until it is put back from an archive",
                args.epoch
            ));
        }
        Ok(deleted)
    })?;
    if args.compact {
        compact(&args.dir, &settings)?;
    }
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "epoch": deleted.epoch,
            "first": deleted.first,
            "last": deleted.last,
            "deleted": deleted.deleted,
            "deletion": deleted.deletion,
        }));
    }
    output.line(format!(
        "Deleted the bytes of {} receipts of epoch {}, under receipt {}.",
        deleted.deleted, deleted.epoch, deleted.deletion
    ))
}

fn may_compact(wanted: bool, settings: &Settings) -> anyhow::Result<()> {
    match &settings.store.address {
        Some(address) if wanted && address.is_postgres() => Err(usage(format!(
            "--compact: the tables in {address} are written anew by their owner alone, afterwards, with `ai-audit store compact`"
        ))),
        _ => Ok(()),
    }
}

fn move_old(args: &MoveEpochs, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let settings = settings(&args.dir)?;
    may_compact(args.compact, &settings)?;
    let mut cold = settings.cold.clone();
    cold.days = args.days.unwrap_or(cold.days);
    cold.keep = args.keep.unwrap_or(cold.keep);
    let (moved, place) = written(&args.dir, "epoch move", output, |writer| {
        if args.new {
            writer.make_cold_store(args.lost)?;
        }
        // Nothing can move before archives have given back what stood first.
        let moved = match args.lost {
            true => None,
            false => Some(writer.move_epochs(&log, &cold.policy())?),
        };
        // It was asked already, but where nothing is to move.
        let place = writer.directory().cold_health()?.map(|(place, _)| place);
        Ok((moved, place.unwrap_or_default()))
    })?;
    if args.compact {
        compact(&args.dir, &settings)?;
    }
    let Some(moved) = moved else {
        if output.json {
            let none =
                json!({ "log": log.as_str(), "place": place, "copied": 0, "freed": 0, "moved": 0 });
            return output.json(&none);
        }
        return output.line(format!(
            "{} has nothing yet: put back what archives have by `ai-audit epoch restore`, then run `ai-audit epoch move`.",
            safe(&place)
        ));
    };
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "place": place,
            "copied": moved.copied,
            "freed": moved.freed,
            "moved": moved.cold,
        }));
    }
    let place = safe(&place);
    match (moved.copied, moved.freed) {
        (0, 0) => output.line(format!(
            "Nothing is to move: {place} has the first {} receipts.",
            moved.cold
        )),
        (copied, freed) => output.line(format!(
            "Moved {copied} receipts to {place}, which has the first {}; the bytes of {freed} are no longer here.",
            moved.cold
        )),
    }
}

fn fetch(args: &FetchEpoch, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let fetched = written(&args.dir, "epoch fetch", output, |writer| {
        Ok(writer.fetch_epoch(&log, args.epoch)?)
    })?;
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "epoch": args.epoch,
            "first": fetched.first,
            "last": fetched.last,
            "fetched": fetched.fetched,
        }));
    }
    output.line(format!(
        "Fetched the bytes of {} receipts of epoch {}.",
        fetched.fetched, args.epoch
    ))
}

fn restore(args: &RestoreEpoch, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    readable(&args.archive)?;
    let restored = written(&args.dir, "epoch restore", output, |writer| {
        Ok(writer.restore_archive(&log, &args.archive)?)
    })?;
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "receipts": restored.receipts,
            "restored": restored.restored,
        }));
    }
    output.line(format!(
        "Put back the bytes of {} receipts, of {} in the archive.",
        restored.restored, restored.receipts
    ))
}
