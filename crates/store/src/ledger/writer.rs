//! The writer: the one thread that seals and stores.

mod anchor;
mod batch;
mod checkpoint;
mod close;
mod delete;
mod detach;
mod epoch;
mod erase;
mod ids;
mod keys;
mod known;
mod log;
mod losses;
mod open;
mod owed;
mod pending;
mod settle;
mod sign;
mod watch;

use super::LedgerConfig;
use super::queue::{Command, Expected, Group, Queue, Work};
use super::words::shorten;
use crate::{AppendError, Batch, LogName, Mark, Store, StoreError, StoreTiles};
use ai_audit_core::Head;
use ai_audit_merkle::{Frontier, ProveError, TileError, Tiled, TreeSize, frontier};
use core::time::Duration;
use detach::Kept;
use ids::new_ids;
use log::{Doubt, Log, Loss, Sealer, is_outage};
use pending::Pending;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;
use watch::Watch;

/// How long to wait before what failed is tried again though nobody asks; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(60);

pub(super) struct Writer {
    store: Arc<dyn Store>,
    config: LedgerConfig,
    queue: Arc<Queue>,
    sealer: Sealer,
    logs: HashMap<LogName, Log>,
    /// Losses of logs that are not attached at the moment, but may be again.
    undeclared: HashMap<LogName, Kept>,
    retry: Duration,
    retry_at: Option<Instant>,
    /// Who was told of the last commit.
    expected: Expected,
    watch: Watch,
}

/// Tells producers that the writer is gone, also when it panicked.
struct Shut(Arc<Queue>);

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.shut();
    }
}

impl Writer {
    pub(super) fn new(store: Arc<dyn Store>, config: LedgerConfig, queue: Arc<Queue>) -> Self {
        let watch = Watch::new(config.observer.clone());
        let sealer = Sealer::new(Arc::clone(&config.clock), Arc::clone(&config.random));
        Self {
            store,
            config,
            queue,
            sealer,
            logs: HashMap::new(),
            undeclared: HashMap::new(),
            retry: FIRST_RETRY,
            retry_at: None,
            expected: Expected::default(),
            watch,
        }
    }

    pub(super) fn run(mut self) {
        let _shut = Shut(Arc::clone(&self.queue));
        loop {
            let expected = core::mem::take(&mut self.expected);
            match self
                .queue
                .next(self.config.max_batch, self.deadline(), expected)
            {
                Work::Groups(groups) => {
                    let (told, started) = (groups.len(), Instant::now());
                    self.write(groups);
                    self.expected = Expected {
                        groups: told,
                        within: (started.elapsed() / 2).min(self.config.linger),
                    };
                }
                Work::Command(Command::Append(group)) => self.write(vec![group]),
                Work::Command(Command::Create(name, new, done)) => {
                    done.fill(self.create(&name, *new));
                }
                Work::Command(Command::Attach(name, signers, with, done)) => {
                    done.fill(self.attach(&name, signers, *with));
                }
                Work::Command(Command::Detach(name, reason, done)) => {
                    done.fill(self.detach(&name, reason.as_deref()));
                }
                Work::Command(Command::Checkpoint(name, done)) => {
                    done.fill(self.checkpoint(&name));
                }
                Work::Command(Command::Anchor(name, request, done)) => {
                    done.fill(self.anchor(&name, &request));
                }
                Work::Command(Command::Rotate(name, reason, done)) => {
                    done.fill(self.rotate(&name, &reason));
                }
                Work::Command(Command::SealEpoch(name, done)) => {
                    done.fill(self.seal_epoch(&name));
                }
                Work::Command(Command::DeleteEpoch(name, wish, done)) => {
                    done.fill(self.delete_epoch(&name, &wish));
                }
                Work::Command(Command::Shred(name, wish, done)) => {
                    done.fill(self.shred(&name, &wish));
                }
                Work::Command(Command::Pay(name, done)) => done.fill(self.pay(&name)),
                Work::Command(Command::ChangePolicy(name, change, done)) => {
                    done.fill(self.change_policy(&name, &change));
                }
                // Whatever was submitted before stands before it in the queue.
                Work::Command(Command::Drain(done)) => done.fill(Ok(())),
                Work::Command(Command::Close(reason, done)) => {
                    done.fill(self.close(&reason));
                    return;
                }
            }
            self.seal_where_due();
            self.checkpoint_where_due();
        }
    }

    /// When to look after something though nothing was submitted.
    fn deadline(&self) -> Option<Instant> {
        [self.next_checkpoint(), self.next_epoch(), self.retry_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// Seals groups, declares losses and stores it all in one commit.
    fn write(&mut self, groups: Vec<Group>) {
        self.watch.begin();
        self.take_refused();
        let mut batch: BTreeMap<LogName, Pending> = BTreeMap::new();
        self.declare_losses(&mut batch);
        let mut progress = false;
        // Every key that has a part in these groups was handed out before they were submitted.
        let mut kept = HashMap::new();
        let together = self.to_batch(&groups);
        for Group {
            log: name,
            records,
            collected,
            done,
        } in groups
        {
            let lost = u64::try_from(records.len()).unwrap_or(u64::MAX);
            let settled = self.settle(&name).and_then(|()| match kept.get(&name) {
                Some(known) => Result::clone(known),
                None => {
                    let synced = self.sync_keys(&name);
                    kept.insert(name.clone(), synced.clone());
                    synced
                }
            });
            let settled = settled.and_then(|()| self.look_at_keys(&name, &records));
            if let Err(error) = settled {
                if !matches!(error, AppendError::TakenOver { .. }) {
                    self.lose(&name, lost, &error);
                }
                done.fill(Err(error));
                continue;
            }
            let Some(log) = self.logs.get(&name) else {
                done.fill(Err(AppendError::Closed));
                continue;
            };
            let pending = batch
                .entry(name.clone())
                .or_insert_with(|| Pending::new(log));
            pending.batching = together.contains(&name);
            let usable = new_ids(&*self.store, &name, pending, &records);
            let sealed = match usable.and_then(|()| self.check_keys(&name, &records)) {
                Ok(()) => self.sealer.group(log, pending, records, done),
                Err(error) => Err((error, done)),
            };
            if let Err((error, done)) = sealed {
                if collected || is_outage(&error) {
                    self.lose(&name, lost, &error);
                }
                done.fill(Err(error));
            }
            let valid = *pending.keys.valid();
            self.seal_full(&name, pending);
            if *pending.keys.valid() != valid
                && let Some(pending) = batch.remove(&name)
            {
                // The old key must be gone before anything of the next epoch is acknowledged.
                let outcomes = self.commit(BTreeMap::from([(name, pending)]));
                progress |= outcomes.values().any(Result::is_ok);
            }
        }
        let outcomes = self.commit(batch);
        progress |= outcomes.values().any(Result::is_ok);
        self.queue.count(|stats| stats.in_flight = 0);
        self.plan_retry(progress);
    }

    fn plan_retry(&mut self, progress: bool) {
        let open =
            |log: &Log| log.taken_over.is_none() && (log.doubt.is_some() || !log.losses.is_empty());
        if progress {
            self.retry = FIRST_RETRY;
        }
        self.retry_at = None;
        if self.logs.values().any(open) {
            self.retry_at = Instant::now().checked_add(self.retry);
            self.retry = (self.retry * 2).min(LAST_RETRY);
        }
    }

    /// Signs and stores what is sealed, all in one, and tells whoever waits. A log that somebody else wrote
    /// to is left out and the rest tried again, since then nothing was stored.
    fn commit(
        &mut self,
        mut batch: BTreeMap<LogName, Pending>,
    ) -> HashMap<LogName, Result<(), AppendError>> {
        self.watch.begin();
        for (name, pending) in &mut batch {
            self.sign(name, pending);
        }
        batch.retain(|_, pending| !pending.sealed.is_empty());
        let mut outcomes = self.close_batches(&mut batch);
        // Stores look at no signature. What has none is not theirs to keep.
        let unsigned = |(name, pending): (&LogName, &Pending)| {
            (pending.signed != pending.sealed.len()).then(|| name.clone())
        };
        let unsigned: Vec<LogName> = batch.iter().filter_map(unsigned).collect();
        for name in unsigned {
            if let Some(pending) = batch.remove(&name) {
                let what = "a receipt has no signature".to_owned();
                let failed = self.failed(&name, pending, &StoreError::Invalid { what });
                outcomes.insert(name, Err(failed));
            }
        }
        while !batch.is_empty() {
            let batches: Vec<Batch<'_>> = batch
                .iter()
                .map(|(log, pending)| Batch {
                    log,
                    expected: &pending.base,
                    receipts: &pending.sealed,
                })
                .collect();
            self.watch.sealed(&batches);
            let stored = self.store.append(&batches);
            self.watch.stored(stored.is_ok());
            match stored {
                Ok(()) => {
                    self.queue.count(|stats| stats.commits += 1);
                    for (name, pending) in core::mem::take(&mut batch) {
                        self.stored(&name, pending);
                        outcomes.insert(name, Ok(()));
                    }
                }
                Err(error) => {
                    self.queue.count(|stats| {
                        stats.failed_commits += 1;
                        stats.last_error = Some(error.to_string());
                    });
                    if let StoreError::HeadMoved { log, .. } = &error
                        && let Some((name, pending)) = batch.remove_entry(log)
                    {
                        let failed = self.moved(&name, pending, error);
                        outcomes.insert(name, Err(failed));
                        self.watch.tell();
                        continue;
                    }
                    for (name, pending) in core::mem::take(&mut batch) {
                        let failed = self.failed(&name, pending, &error);
                        outcomes.insert(name, Err(failed));
                    }
                }
            }
            self.watch.tell();
        }
        self.watch.end();
        outcomes
    }

    /// The receipts are durable.
    fn stored(&mut self, name: &LogName, pending: Pending) {
        let Some(log) = self.logs.get_mut(name) else {
            return;
        };
        let full = pending
            .hashes
            .iter()
            .any(|hash| log.frontier.push(*hash).is_err());
        debug_assert!(!full, "sealing refuses before 2^64 receipts");
        log.head = pending.head;
        log.keys = pending.keys;
        log.behind = pending.behind;
        log.epoch = pending.epoch;
        // An error shows, and is tried again, before the next receipt is sealed.
        let _ = log.hold_valid_key();
        let appended = u64::try_from(pending.sealed.len()).unwrap_or(u64::MAX);
        self.mark(name);
        self.queue
            .count(|stats| stats.appended = stats.appended.saturating_add(appended));
        for group in pending.groups {
            group.done.fill(Ok(group.receipts));
        }
    }

    /// Moves the high-water mark to the log's head.
    fn mark(&self, name: &LogName) {
        let (Some(marks), Some(log)) = (&self.config.marks, self.logs.get(name)) else {
            return;
        };
        let mark = Mark {
            size: log.head.size(),
            hash: log.head.hash(),
        };
        if let Err(error) = marks.write(&log.head.log_id(), &mark) {
            self.queue.count(|stats| {
                stats.mark_failures += 1;
                stats.last_error = Some(error.to_string());
            });
        }
    }

    /// Somebody else wrote to the log: it is not ours any more.
    fn moved(&mut self, name: &LogName, pending: Pending, error: StoreError) -> AppendError {
        self.queue.set_taken_over(name, error.clone());
        self.watch.taken_over(name);
        if let Some(log) = self.logs.get_mut(name) {
            log.taken_over = Some(error.clone());
            // It was refused as a whole: what it declared is not.
            for loss in pending.declared {
                log.lose(loss);
            }
        }
        let failed = AppendError::TakenOver {
            log: name.clone(),
            error: Box::new(error),
        };
        for group in pending.groups {
            group.done.fill(Err(failed.clone()));
        }
        failed
    }

    /// The store failed. Only reading the head tells whether it wrote nevertheless.
    fn failed(&mut self, name: &LogName, pending: Pending, error: &StoreError) -> AppendError {
        let records = pending.records();
        let Pending {
            base,
            head,
            keys,
            behind,
            epoch,
            groups,
            mut declared,
            ..
        } = pending;
        if records > 0 {
            let now = self.config.clock.now();
            let mut reason = AppendError::Store(error.clone()).to_string();
            shorten(&mut reason);
            declared.push(Loss {
                records,
                from: now,
                to: now,
                reason,
            });
        }
        if let Some(log) = self.logs.get_mut(name) {
            log.doubt = Some(Doubt {
                attempted: head,
                keys,
                epoch,
                losses: declared,
                records,
                error: error.clone(),
            });
        }
        let failed = match self.settle_head(name) {
            Ok(()) if self.head(name) == Some(head) => {
                if let Some(log) = self.logs.get_mut(name) {
                    log.behind = behind;
                }
                None
            }
            Ok(()) => Some(AppendError::Store(error.clone())),
            Err(AppendError::Store(_)) => Some(AppendError::Unknown(error.clone())),
            Err(taken_over) => Some(taken_over),
        };
        let unconfirmed = |first_seq| AppendError::Unconfirmed {
            first_seq,
            error: error.clone(),
        };
        for group in groups {
            let first_seq = group
                .receipts
                .first()
                .map_or(base.size(), |receipt| receipt.seq);
            group.done.fill(Err(failed
                .clone()
                .unwrap_or_else(|| unconfirmed(first_seq))));
        }
        failed.unwrap_or_else(|| unconfirmed(base.size()))
    }

    fn head(&self, name: &LogName) -> Option<Head> {
        self.logs.get(name).map(|log| log.head)
    }
}

/// The frontier of a stored log's first `size` receipts.
fn recover_frontier(
    store: &dyn Store,
    log: &LogName,
    size: u64,
) -> Result<Frontier, ProveError<TileError<StoreError>>> {
    frontier(
        &mut Tiled::new(StoreTiles::new(store, log)),
        TreeSize::new(size),
    )
}
