//! Deleting receipts' bytes so that they are gone, and putting them back.

use crate::append::signed;
use crate::beside;
use crate::checks::info;
use crate::error::{RIGHTS, corrupt};
use crate::keys::{LogKeys, NODES, RUN, place};
use crate::read::{by_run, get_field, get_range};
use crate::runs::name_entries;
use crate::script::{Change, number};
use crate::store::RedisStore;
use ai_audit_core::{Kind, LeafHash, UnverifiedReceipt};
use ai_audit_store::{LogName, Sealed, StoreError};
use core::ops::RangeInclusive;
use redis::{Cmd, Pipeline, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

/// Between two looks at the server's work.
const LOOK: Duration = Duration::from_millis(20);

impl RedisStore {
    pub(crate) fn delete_bytes(
        &self,
        log: &LogName,
        range: &RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        let keys = self.keys.of(log);
        self.until_made("deleting receipts", || {
            let (revision, indexed) = (self.read_revision(log)?, self.read_indexed(log)?);
            let held = self.read_head(log)?.map_or(0, |head| head.size());
            if *range.end() >= held {
                let (log, seq) = (log.clone(), *range.end());
                return Err(StoreError::NoSuchReceipt { log, seq, held });
            }
            let (mut change, mut count, mut bytes) = (Change::default(), 0, 0_i64);
            let mut grows = false;
            for (run, part) in by_run(*range.start()..*range.end() + 1) {
                let rows = self.rows(log, &keys, part.clone())?;
                let lengths = self.lengths(&keys, part.clone())?;
                let gone: Vec<(u64, u64)> = part
                    .zip(rows.iter().zip(lengths))
                    .filter(|(_, (row, len))| *len > 0 && !Kind::new(row.kind).is_control())
                    .map(|(seq, (_, len))| (seq, len))
                    .collect();
                if gone.is_empty() {
                    continue;
                }
                let seqs: Vec<u64> = gone.iter().map(|(seq, _)| *seq).collect();
                change.empty(
                    &keys.sealed(run),
                    seqs.iter().copied().map(number).collect(),
                );
                self.count_on(&mut change, &keys, run, signed(seqs.len()))?;
                if run < held / RUN {
                    let without: HashSet<u64> = seqs.iter().copied().collect();
                    let names = self.names_with(&keys, run, &without, Vec::new())?;
                    change.set(&keys.run(crate::keys::Index::Names, run), names);
                } else {
                    grows = true;
                }
                let beside = self.remove_beside_receipts(&mut change, &keys, &seqs)?;
                bytes = bytes.saturating_add(signed(beside));
                for (_, len) in &gone {
                    bytes = bytes.saturating_add(i64::try_from(*len).unwrap_or(i64::MAX));
                }
                count += u64::try_from(gone.len()).unwrap_or(u64::MAX);
            }
            if count > 0 {
                change.add(&self.keys.totals, "bytes", bytes.saturating_neg());
                change.revise(&self.keys, log.as_str(), &revision);
            }
            if grows {
                self.not_completed(&mut change, log, indexed);
            }
            Ok((change, count))
        })
    }

    /// Puts bytes back, all of them or none.
    pub(crate) fn restore_bytes(
        &self,
        log: &LogName,
        receipts: &[Sealed],
    ) -> Result<u64, StoreError> {
        let keys = self.keys.of(log);
        self.until_made("putting receipts back", || {
            let (revision, indexed) = (self.read_revision(log)?, self.read_indexed(log)?);
            let held = self.read_head(log)?.map_or(0, |head| head.size());
            let leaves = self.leaves(&keys, held, receipts)?;
            let mut parsed = BTreeMap::new();
            for sealed in receipts {
                let leaf = |seq| Ok(leaves.get(&seq).copied());
                let receipt = sealed.parse_restored(log, held, leaf)?;
                let seq = receipt.header().seq;
                parsed.entry(seq).or_insert((receipt, sealed));
            }
            let lengths = self.lengths(&keys, parsed.keys().copied())?;
            let mut runs = BTreeMap::<u64, Vec<_>>::new();
            for ((seq, found), len) in parsed.iter().zip(lengths) {
                if len == 0 {
                    runs.entry(place(*seq).0).or_default().push(found);
                }
            }
            let (mut change, mut count, mut bytes) = (Change::default(), 0, 0);
            let mut grows = false;
            for (run, found) in runs {
                let (mut pairs, mut names) = (Vec::new(), Vec::new());
                for (receipt, sealed) in &found {
                    let header = receipt.header();
                    pairs.extend([number(header.seq), sealed.as_bytes().to_vec()]);
                    names.extend(name_entries(header));
                    bytes += sealed.as_bytes().len();
                    bytes += beside::put(&mut change, &keys, header.seq, sealed.ciphertexts());
                }
                change.fields(&keys.sealed(run), pairs);
                self.count_on(&mut change, &keys, run, -signed(found.len()))?;
                if run < held / RUN {
                    let names = self.names_with(&keys, run, &HashSet::new(), names)?;
                    change.set(&keys.run(crate::keys::Index::Names, run), names);
                } else {
                    grows = true;
                }
                count += u64::try_from(found.len()).unwrap_or(u64::MAX);
            }
            if count > 0 {
                change.add(&self.keys.totals, "bytes", signed(bytes));
                change.revise(&self.keys, log.as_str(), &revision);
            }
            if grows {
                self.not_completed(&mut change, log, indexed);
            }
            Ok((change, count))
        })
    }

    /// Compares whether the run at the log's end is completed and indexed meanwhile, for what changes receipts in it. Of
    /// one that is complete this is not asked, so appends come in between once and no more: then it is complete.
    fn not_completed(&self, change: &mut Change, log: &LogName, indexed: Vec<u8>) {
        change.guard(&self.keys.indexed, log.as_str(), indexed);
    }

    /// The hashes in the places where receipts say that they stand; none for those beyond the log's end.
    fn leaves(
        &self,
        keys: &LogKeys,
        held: u64,
        receipts: &[Sealed],
    ) -> Result<HashMap<u64, LeafHash>, StoreError> {
        let (mut pipeline, mut seqs) = (Pipeline::new(), Vec::new());
        for sealed in receipts {
            let Ok(receipt) = UnverifiedReceipt::parse(sealed.as_bytes()) else {
                continue;
            };
            let seq = receipt.header().seq;
            if seq < held {
                let at = seq % NODES * 32;
                pipeline.add_command(get_range(&keys.nodes(0, seq / NODES), at..at + 32));
                seqs.push(seq);
            }
        }
        let found: Vec<Vec<u8>> = self.ask_all("reading hashes", &pipeline)?;
        seqs.into_iter()
            .zip(found)
            .map(|(seq, hash)| {
                let hash: [u8; 32] = hash
                    .try_into()
                    .map_err(|_| corrupt(format!("receipt {seq} has no hash")))?;
                Ok((seq, LeafHash::from_bytes(hash)))
            })
            .collect()
    }

    /// How many receipts of a run have no bytes, from now on.
    fn count_on(
        &self,
        change: &mut Change,
        keys: &LogKeys,
        run: u64,
        delta: i64,
    ) -> Result<(), StoreError> {
        let cmd = get_field(&keys.deleted(), &run.to_string());
        let found: Option<i64> = self.ask("counting deleted receipts", &cmd)?;
        let count = found.unwrap_or(0).saturating_add(delta).max(0);
        let pair = vec![number(run), count.to_string().into_bytes()];
        change.fields(&keys.deleted(), pair);
        Ok(())
    }

    /// How many receipts of a range have no bytes.
    pub(crate) fn count_empty(
        &self,
        log: &LogName,
        range: &RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        let keys = self.keys.of(log);
        let held = self.read_head(log)?.map_or(0, |head| head.size());
        let mut cmd = Cmd::new();
        cmd.arg("HGETALL").arg(keys.deleted());
        let runs: HashMap<u64, u64> = self.ask("counting deleted receipts", &cmd)?;
        let (start, end) = (*range.start(), held.min(range.end().saturating_add(1)));
        let mut count = 0;
        for (run, deleted) in runs.into_iter().filter(|(_, deleted)| *deleted > 0) {
            let first = run.saturating_mul(RUN);
            let whole = first..held.min(first.saturating_add(RUN));
            let part = whole.start.max(start)..whole.end.min(end);
            if part.is_empty() {
                // Of a run that the log does not have.
                continue;
            }
            if part == whole {
                count += deleted.min(RUN);
            } else {
                let lengths = self.lengths(&keys, part)?;
                let empty = lengths.iter().filter(|len| **len == 0).count();
                count += u64::try_from(empty).unwrap_or(u64::MAX);
            }
        }
        Ok(count)
    }

    /// Asks the server, by a script that changes nothing, whether this user may do all that a deletion does. `ACL DRYRUN`
    /// would say the same, but needs a right that lets its holder look at other users; and to begin a rewrite to see
    /// whether it may be begun costs a copy of all that is in memory, while which nobody new may connect.
    pub(crate) fn ask_to_delete(&self, log: &LogName) -> Result<(), StoreError> {
        let tried = "asking whether it may delete";
        let rewrites = self.persistence("aof_enabled")? != "0";
        let key = self.keys.of(log).deleted();
        let found = self
            .writer
            .refused(&self.keys, tried, (&key, rewrites))?
            .ok_or_else(|| self.writer.no_store(&self.keys))?;
        if found.is_empty() {
            return Ok(());
        }
        Err(StoreError::Invalid {
            what: format!(
                "{tried} at {}: the user may not run {}, without which what is deleted stays, or stays in the \
                 append-only file; nothing was deleted; {RIGHTS}",
                self.server(),
                found.join(", ")
            ),
        })
    }

    /// Writes the append-only file anew, without what was deleted, and waits for its end.
    pub(crate) fn rewrite_file(&self) -> Result<(), StoreError> {
        let end = Instant::now() + self.options.rewrite_timeout;
        let late = |what: &str| StoreError::Io {
            what: format!(
                "what was to be deleted is deleted, but the append-only file of {} still has its bytes: {what}; \
                 delete again, which rewrites it in any case",
                self.server()
            ),
        };
        if self.persistence("aof_enabled")? == "0" {
            return Ok(());
        }
        // One that runs already began before the deletion.
        self.rewrite_ended(end, &late)?;
        let mut cmd = Cmd::new();
        cmd.arg("BGREWRITEAOF");
        while let Err(error) = self.ask::<Value>("rewriting the append-only file", &cmd) {
            if !error.to_string().contains("in progress") {
                return Err(late(&error.to_string()));
            }
            self.rewrite_ended(end, &late)?;
        }
        self.rewrite_ended(end, &late)?;
        match self.persistence("aof_last_bgrewrite_status")?.as_str() {
            "ok" => Ok(()),
            other => Err(late(&format!(
                "rewriting ended with {other:?}, see its log"
            ))),
        }
    }

    fn rewrite_ended(
        &self,
        end: Instant,
        late: &impl Fn(&str) -> StoreError,
    ) -> Result<(), StoreError> {
        while self.persistence("aof_rewrite_in_progress")? != "0"
            || self.persistence("aof_rewrite_scheduled")? != "0"
        {
            if Instant::now() >= end {
                return Err(late("rewriting takes longer than `rewrite_timeout`"));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn persistence(&self, name: &str) -> Result<String, StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("INFO").arg("persistence");
        let text: String = self.ask("asking for the append-only file", &cmd)?;
        Ok(info(&text, name).unwrap_or_default().into())
    }
}
