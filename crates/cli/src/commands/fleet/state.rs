//! What the keeper of a fleet has read of its log, kept for his next command: from the first receipt on it would be read
//! again each time, and every member's signatures verified again.
//!
//! It lies beside the log's keys. Nobody verifies by it: `fleet verify` reads the log.

use crate::open::read_at_most;
use ai_audit_core::{Digest, Head, LeafHash, LogId, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_fleet::{Fleet, FleetState};
use ai_audit_store::{LogName, ReadLimit, StoredContent};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// The first line, before a digest of what follows. What other software kept may mean something else.
const FIRST: &str = concat!("ai-audit/fleet-state/v1 ", env!("CARGO_PKG_VERSION"), " ");
/// The longest file, in bytes; a larger fleet is read from its log.
const MAX: usize = 64 << 20;
/// After how many receipts it is worth while to keep it anew; in a fleet of more members, after as many as these.
const WORTH: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    log: String,
    /// How many receipts of the log it comes from, and the hash of the last of them.
    size: u64,
    hash: String,
    fleet: FleetState,
}

/// The fleet as it was kept, and how many receipts it comes from. None where nothing was, or it is not of this log as it
/// stands, or says what that does not: whatever is wrong with it, the log is read.
pub(super) fn read(directory: &LogDirectory, log: &LogName, head: &Head) -> Option<(Fleet, u64)> {
    let path = directory.layout().log(log).fleet_state;
    // Opening a pipe would wait for whoever writes to it, and a link leads to what nobody kept here.
    if !fs::symlink_metadata(&path).ok()?.is_file() {
        return None;
    }
    let text = String::from_utf8(read_at_most(&path, MAX).ok()?).ok()?;
    let (first, body) = text.split_once('\n')?;
    let digest: Digest = first.strip_prefix(FIRST)?.parse().ok()?;
    if digest != Digest::of(body.as_bytes()) {
        return None;
    }
    let kept: Kept = serde_json::from_str(body).ok()?;
    if kept.log.parse::<LogId>() != Ok(head.log_id()) || kept.size > head.size() {
        return None;
    }
    // The log that it was read from, and no other one of the same genesis, such as a copy that was written on.
    let last = kept.size.checked_sub(1)?;
    let store = directory.store();
    let found = store.read(log, last, ReadLimit::ONE).ok()?.pop()?;
    let hash = match &found.content {
        StoredContent::Sealed(sealed) => UnverifiedReceipt::parse(sealed).ok()?.hash(),
        StoredContent::Deleted(hash) => *hash,
    };
    // A receipt without bytes may be one that says something of the fleet: who reads finds that out.
    let whole = store.count_deleted(log, 0..=last).ok()? == 0;
    if kept.hash.parse::<LeafHash>() != Ok(hash) || !whole {
        return None;
    }
    let fleet = Fleet::resume(kept.fleet)?;
    // The digest is nobody's word: who can write the file makes one. What would be made up by it is held against the log.
    let receipt = |seq| match seq < kept.size {
        true => directory.receipt(log, seq).ok(),
        false => None,
    };
    fleet.is_in_log(receipt).then_some((fleet, kept.size))
}

/// Keeps a fleet that comes from the receipts up to this head, `new` of which were read now. Where it cannot be kept, it
/// is read again the next time.
pub(super) fn keep(
    directory: &LogDirectory,
    log: &LogName,
    fleet: &Fleet,
    (head, new): (&Head, usize),
) {
    if new < WORTH || new < fleet.members().count() {
        return;
    }
    let kept = Kept {
        log: head.log_id().to_string(),
        size: head.size(),
        hash: head.hash().to_string(),
        fleet: fleet.state(),
    };
    let Ok(body) = serde_json::to_string(&kept) else {
        return;
    };
    let text = format!("{FIRST}{}\n{body}", Digest::of(body.as_bytes()));
    if text.len() > MAX {
        return;
    }
    let path = directory.layout().log(log).fleet_state;
    let _ = replace(&path, &text);
}

/// Puts a file for its owner alone in the place of whatever has this name. A link is replaced, and not what it leads to: that
/// may be any file of the keeper's.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".ai-audit-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
