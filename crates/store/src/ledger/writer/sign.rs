//! Signing what a commit has laid out: all of its receipts at once, over several threads.

use super::Writer;
use super::log::{Log, Sealer};
use super::pending::Pending;
use crate::ledger::ticket::{Filler, Outcome, Receipt};
use crate::{AppendError, LogName, Sealed};
use ai_audit_core::{Kind, LeafHash, SealError, Signer, SignerError, sign_receipt};
use std::panic::resume_unwind;
use std::thread;

/// Receipts that a thread should have to sign at least: starting it costs as much as one or two.
const SHARE: usize = 8;
/// Threads at most, whatever the machine has: the disk is next.
const MAX_THREADS: usize = 16;

/// A group that will not be stored, and why.
pub(super) struct Unsigned {
    pub(super) done: Filler<Outcome>,
    pub(super) records: usize,
    pub(super) error: AppendError,
}

/// How many threads may sign at once on this machine.
pub(super) fn signing_threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(MAX_THREADS))
}

impl Writer {
    /// Signs what is laid out of a log. Groups from the first one on that cannot be signed are taken
    /// out again, and their loss is declared later.
    pub(super) fn sign(&mut self, name: &LogName, pending: &mut Pending) {
        let Some(log) = self.logs.get(name) else {
            return;
        };
        for group in self.sealer.sign(log, pending) {
            let lost = u64::try_from(group.records).unwrap_or(u64::MAX);
            self.lose(name, lost, &group.error);
            group.done.fill(Err(group.error));
        }
    }
}

impl Sealer {
    /// Signs the receipts of groups that are laid out. Where one fails, its group and those behind it
    /// are taken out, so that what remains is a chain of signed receipts, and given back.
    pub(super) fn sign(&self, log: &Log, pending: &mut Pending) -> Vec<Unsigned> {
        let start = pending.signed;
        let (Some(sealed), Some(hashes)) =
            (pending.sealed.get_mut(start..), pending.hashes.get(start..))
        else {
            return Vec::new();
        };
        if sealed.is_empty() {
            return Vec::new();
        }
        // Receipts that change the key are signed when they are sealed, so all these have this one.
        let key = pending.keys.valid();
        let failed = match log.signers.receipt.held(key) {
            Some(signer) => sign_all(signer, sealed, hashes, self.threads)
                .err()
                .map(|failure| (start + failure.at, failure.error)),
            None => Some((start, SignerError::new("its key is not at hand any more"))),
        };
        pending.signed = pending.sealed.len();
        match failed {
            None => Vec::new(),
            Some((at, error)) => take_out(pending, at, &error),
        }
    }
}

/// Takes the group of the receipt at this index out, and all that follows it.
fn take_out(pending: &mut Pending, at: usize, error: &SignerError) -> Vec<Unsigned> {
    let keep = pending
        .groups
        .partition_point(|group| group.before.len <= at)
        .saturating_sub(1);
    let taken = pending.groups.split_off(keep);
    let failed_seq = pending
        .base
        .size()
        .saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
    let mut out = Vec::with_capacity(taken.len());
    for (number, group) in taken.into_iter().enumerate() {
        if number == 0 {
            pending.restore(group.before);
        }
        for receipt in &group.receipts {
            pending.given.remove(&receipt.id);
        }
        out.push(Unsigned {
            error: unsigned(number, &group.receipts, failed_seq, error),
            records: group.receipts.len(),
            done: group.done,
        });
    }
    out
}

/// What the group `number` of those that were taken out hears.
fn unsigned(number: usize, receipts: &[Receipt], failed: u64, error: &SignerError) -> AppendError {
    let error = SealError::Signer(error.clone());
    if number > 0 {
        return AppendError::Record { index: 0, error };
    }
    match receipts.iter().position(|receipt| receipt.seq == failed) {
        Some(index) => AppendError::Record { index, error },
        // The ledger's own word on the clock, before the group's first record.
        None => AppendError::Own {
            kind: Kind::CLOCK_ANOMALY,
            error,
        },
    }
}

/// The first receipt, of those that were to be signed, that was not.
struct Failure {
    at: usize,
    error: SignerError,
}

/// Signs receipts, in equal shares where the signer can be shared.
fn sign_all(
    signer: &dyn Signer,
    sealed: &mut [Sealed],
    hashes: &[LeafHash],
    threads: usize,
) -> Result<(), Failure> {
    let shares = (sealed.len() / SHARE).min(threads);
    match signer.shared() {
        Some(shared) if shares > 1 => sign_in_shares(shared, sealed, hashes, shares),
        _ => sign_run(signer, sealed, hashes),
    }
}

fn sign_in_shares(
    signer: &(dyn Signer + Sync),
    sealed: &mut [Sealed],
    hashes: &[LeafHash],
    shares: usize,
) -> Result<(), Failure> {
    let share = sealed.len().div_ceil(shares);
    // By index of its first receipt: what a thread that could not be started should have signed.
    let mut left = Vec::new();
    let signed = thread::scope(|scope| {
        let mut parts = sealed.chunks_mut(share).zip(hashes.chunks(share));
        let own = parts.next();
        let mut running = Vec::with_capacity(shares);
        for (part, (sealed, hashes)) in (1..).zip(parts) {
            let run = move || sign_run(signer, sealed, hashes);
            match thread::Builder::new().spawn_scoped(scope, run) {
                Ok(thread) => running.push((part * share, thread)),
                Err(_) => left.push(part * share),
            }
        }
        let mut result = match own {
            Some((sealed, hashes)) => sign_run(signer, sealed, hashes),
            None => Ok(()),
        };
        for (start, thread) in running {
            let part = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            result = first(result, part, start);
        }
        result
    });
    left.into_iter().fold(signed, |result, start| {
        let (Some(sealed), Some(hashes)) = (sealed.get_mut(start..), hashes.get(start..)) else {
            return result;
        };
        let len = share.min(sealed.len());
        let part = match (sealed.get_mut(..len), hashes.get(..len)) {
            (Some(sealed), Some(hashes)) => sign_run(signer, sealed, hashes),
            _ => Ok(()),
        };
        first(result, part, start)
    })
}

/// The earlier failure of two; the second result counts from `start`.
fn first(
    one: Result<(), Failure>,
    other: Result<(), Failure>,
    start: usize,
) -> Result<(), Failure> {
    match (one, other) {
        (Ok(()), Err(failure)) => Err(Failure {
            at: start + failure.at,
            ..failure
        }),
        (Err(one), Err(other)) if start + other.at < one.at => Err(Failure {
            at: start + other.at,
            ..other
        }),
        (one, _) => one,
    }
}

/// Signs one after the other, up to the first that fails.
fn sign_run(
    signer: &(impl Signer + ?Sized),
    sealed: &mut [Sealed],
    hashes: &[LeafHash],
) -> Result<(), Failure> {
    for (at, (sealed, hash)) in sealed.iter_mut().zip(hashes).enumerate() {
        match sign_receipt(hash, signer) {
            Ok(signature) => sealed.sign(&signature),
            Err(error) => return Err(Failure { at, error }),
        }
    }
    Ok(())
}
