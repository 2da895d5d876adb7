//! The service's figures for telemetry: what the ledger counts, and what is found in the logs, followed a
//! piece at a time.

use crate::shared::Shared;
use ai_audit_agentic::OpenIntents;
use ai_audit_analytics::{Baseline, DriftMonitor};
use ai_audit_core::{Decision, DecodeBody as _, Kind, SubjectKeyId, Timestamp, UnverifiedReceipt};
use ai_audit_directory::{DirectoryError, LogDirectory};
use ai_audit_note::{Policy, SignedNote};
use ai_audit_shredding::{ErasureCompleted, ErasureRequested};
use ai_audit_store::{Clock as _, LogName, ReadLimit, StoredCheckpoint, SystemClock};
use ai_audit_telemetry::{Figures, LogFigures, MAX_LOGS};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For so long receipts are read each time, of all logs together, where there are so many.
const LOOKING: Duration = Duration::from_secs(2);
/// Receipts that are read before it is looked at the time again.
const PIECE: u64 = 1_024;
/// The most checkpoints that are looked at for their cosignatures, the newest.
const NOTES: usize = 256;
/// The most keys under erasure that are followed in a log.
const MAX_ERASING: usize = 1 << 16;
/// The newest decisions, and the first, that the drift is between.
const DRIFT: (u32, u32) = (100, 900);
/// For so long it is not looked again what witnesses cosigned.
const WITNESSED: Duration = Duration::from_secs(60);

/// What is known of the logs.
#[derive(Debug, Default)]
pub(crate) struct Following {
    logs: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    logs: BTreeMap<LogName, Followed>,
    /// Which log is read first: each time another one.
    turn: usize,
}

/// What is known of a log.
#[derive(Debug)]
struct Followed {
    /// The first receipt that was not read.
    next: u64,
    open: OpenIntents,
    erasing: BTreeSet<SubjectKeyId>,
    drift: Option<DriftMonitor>,
    /// The largest size that was cosigned by enough, and when it was looked.
    witnessed: Option<(Instant, Option<u64>)>,
}

impl Followed {
    fn new() -> Self {
        Self {
            next: 0,
            open: OpenIntents::new(),
            erasing: BTreeSet::new(),
            drift: DriftMonitor::new(DRIFT.0, Baseline::Frozen(DRIFT.1)).ok(),
            witnessed: None,
        }
    }

    /// Reads on, at most so many receipts; how many it read.
    fn read(
        &mut self,
        directory: &LogDirectory,
        log: &LogName,
        size: u64,
        most: u64,
    ) -> Result<u64, DirectoryError> {
        let begun = self.next;
        let until = size.min(begun.saturating_add(most));
        while self.next < until {
            let left = usize::try_from(until - self.next).unwrap_or(usize::MAX);
            let mut limit = ReadLimit::default();
            limit.receipts = limit.receipts.min(left);
            let receipts = directory.store().read(log, self.next, limit)?;
            if receipts.is_empty() {
                break;
            }
            for receipt in receipts {
                // What does not parse is for a verdict to say, and what is deleted says nothing.
                if let Some(receipt) = receipt.sealed()
                    && let Ok(receipt) = UnverifiedReceipt::parse(receipt)
                {
                    self.take(&receipt);
                }
                self.next += 1;
            }
        }
        Ok(self.next - begun)
    }

    /// Reads on until a time, and one piece at least.
    fn catch_up(
        &mut self,
        directory: &LogDirectory,
        log: &LogName,
        size: u64,
        until: Instant,
    ) -> Result<(), DirectoryError> {
        while self.read(directory, log, size, PIECE)? > 0 && Instant::now() < until {}
        Ok(())
    }

    fn take(&mut self, receipt: &UnverifiedReceipt<'_>) {
        // A body that does not decode counts for nothing here.
        let _ = self.open.push(receipt);
        match receipt.header().kind {
            Kind::ERASURE_REQUESTED => {
                if let Ok(request) = ErasureRequested::decode(receipt) {
                    let room = MAX_ERASING.saturating_sub(self.erasing.len());
                    self.erasing.extend(request.keys().take(room));
                }
            }
            Kind::ERASURE_COMPLETED => {
                if let Ok(completed) = ErasureCompleted::decode(receipt) {
                    for key in completed.keys.iter() {
                        self.erasing.remove(key);
                    }
                }
            }
            _ => {}
        }
        let said = receipt.said();
        if said.kind == Kind::DECISION
            && let Some(drift) = &mut self.drift
            && let Ok(decision) = Decision::decode_said(&said)
        {
            drift.push(decision.action.name());
        }
    }

    /// Receipts that no checkpoint covers which enough witnesses cosigned.
    fn witness_lag(
        &mut self,
        directory: &LogDirectory,
        log: &LogName,
        policy: &Policy,
        size: u64,
    ) -> Result<u64, DirectoryError> {
        let known = self.witnessed.filter(|(at, _)| at.elapsed() < WITNESSED);
        let covered = match known {
            Some((_, covered)) => covered,
            None => {
                let before = self.witnessed.and_then(|(_, covered)| covered);
                let satisfied = |checkpoint: &StoredCheckpoint| {
                    SignedNote::parse(checkpoint.note.as_bytes())
                        .is_ok_and(|note| policy.judge(&note).satisfied)
                };
                let newer = |checkpoint: &&StoredCheckpoint| {
                    before.is_none_or(|before| checkpoint.size.as_u64() > before)
                };
                let store = directory.store();
                let latest = store.latest_checkpoint(log)?;
                let found = match &latest {
                    // Nothing was covered since.
                    None => None,
                    Some(latest) if !newer(&latest) => None,
                    Some(latest) if satisfied(latest) => Some(latest.size),
                    Some(_) => {
                        let all = store.checkpoints(log)?;
                        let newest = all.iter().rev().take(NOTES).take_while(newer);
                        let mut newest = newest.filter(|one| satisfied(one));
                        newest.next().map(|checkpoint| checkpoint.size)
                    }
                };
                let covered = found.map(|size| size.as_u64()).or(before);
                self.witnessed = Some((Instant::now(), covered));
                covered
            }
        };
        Ok(size.saturating_sub(covered.unwrap_or(0)))
    }
}

/// The figures now. What the ledger counts is always among them, whatever becomes of the logs.
pub(crate) fn figures(shared: &Shared) -> Figures {
    let stats = shared.intake.writer().ledger().stats();
    let (spans, spans_rejected, left_out) = shared.left_out.by_reason();
    // Where the directory cannot be read there is none to count.
    let (logs, logs_unread) = of_logs(shared).unwrap_or_else(|_| (Vec::new(), 1));
    Figures {
        queued: stats.queued as u64,
        capacity: stats.capacity as u64,
        failed_commits: stats.failed_commits,
        refused: stats.refused,
        lost: stats.lost,
        epochs: stats.epochs,
        spans_taken: spans.saturating_sub(spans_rejected),
        spans_rejected,
        left_out,
        logs_unread,
        logs,
    }
}

/// The figures of those that can be read, and how many cannot.
fn of_logs(shared: &Shared) -> Result<(Vec<LogFigures>, u64), DirectoryError> {
    let directory = shared.intake.beside()?;
    // A policy with a mistake is for `ai-audit witness` to say.
    let policy = directory.witnesses().ok().flatten();
    let known = shared.following.logs.lock();
    let mut known = known.unwrap_or_else(PoisonError::into_inner);
    let mut logs = directory.logs()?;
    logs.truncate(MAX_LOGS);
    let first = known.turn % logs.len().max(1);
    known.turn = first + 1;
    logs.rotate_left(first);
    let end = Instant::now() + LOOKING;
    let (mut all, mut unread) = (Vec::new(), 0);
    let mut others = u32::try_from(logs.len()).unwrap_or(u32::MAX);
    for log in logs {
        // What one leaves of its share the next ones have.
        let now = Instant::now();
        let until = now + end.saturating_duration_since(now) / others.max(1);
        others = others.saturating_sub(1);
        let followed = known.logs.entry(log.clone());
        let followed = followed.or_insert_with(Followed::new);
        match of_log(&directory, log, policy.as_ref(), followed, until) {
            Ok(figures) => all.push(figures),
            // The others are told all the same.
            Err(_) => unread += 1,
        }
    }
    Ok((all, unread))
}

fn of_log(
    directory: &LogDirectory,
    log: LogName,
    policy: Option<&Policy>,
    followed: &mut Followed,
    until: Instant,
) -> Result<LogFigures, DirectoryError> {
    let size = directory.head(&log)?.size();
    followed.catch_up(directory, &log, size, until)?;
    let witness_lag = match policy {
        Some(policy) => Some(followed.witness_lag(directory, &log, policy, size)?),
        None => None,
    };
    let covered = directory.store().latest_checkpoint(&log)?;
    let covered = covered.map_or(0, |checkpoint| checkpoint.size.as_u64());
    let unscanned = size.saturating_sub(followed.next);
    // Of a part of a log they would be wrong: an intent of which the outcome is not read is not open.
    let whole = unscanned == 0;
    let drift = followed.drift.as_ref().filter(|_| whole);
    Ok(LogFigures {
        size,
        checkpoint_age: age(directory, &log, covered, size)?,
        checkpoint_lag: size.saturating_sub(covered),
        witness_lag,
        open_intents: whole.then(|| followed.open.open().count() as u64),
        shred_backlog: whole.then_some(followed.erasing.len() as u64),
        drift: drift.and_then(DriftMonitor::report).map(|drift| drift.bits),
        unscanned,
        log,
    })
}

/// Seconds since the first receipt was sealed that is not covered; `None` where its bytes are deleted, or
/// its time lies ahead, since the clock jumped forward and was corrected.
fn age(
    directory: &LogDirectory,
    log: &LogName,
    covered: u64,
    size: u64,
) -> Result<Option<f64>, DirectoryError> {
    if covered >= size {
        return Ok(Some(0.0));
    }
    let first = directory.store().read(log, covered, ReadLimit::ONE)?;
    let sealed = first.first().and_then(|receipt| receipt.sealed());
    let receipt = sealed.and_then(|sealed| UnverifiedReceipt::parse(sealed).ok());
    Ok(receipt.and_then(|receipt| seconds_since(receipt.header().sealed_at, SystemClock.now())))
}

fn seconds_since(then: Timestamp, now: Timestamp) -> Option<f64> {
    let micros = now.as_micros().checked_sub(then.as_micros())?;
    Some(Duration::from_micros(micros).as_secs_f64())
}

#[cfg(test)]
mod tests;
