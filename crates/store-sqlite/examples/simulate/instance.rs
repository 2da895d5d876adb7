//! An instance: one run after the other of a process with a ledger, leases and clocks of its own.

use crate::clocks::{Ids, Monotonic};
use crate::gate::{Arm, Gate, GatedLeases};
use crate::shards::Shard;
use ai_audit_core::{Decision, ReceiptId, UnverifiedReceipt};
use ai_audit_store::{
    AppendError, LeaseKeeper, LeaseRules, LeaseStanding, Leases, Ledger, LedgerConfig, Query,
    ReadLimit, Receipt, Record, Store,
};
use ai_audit_store_sqlite::{OpenMode, SqliteLeases, SqliteStore};
use ai_audit_testkit::{StillClock, TestLog};
use anyhow::Result;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// When the simulation begins, in microseconds since 1970.
pub(crate) const BEGIN: i64 = 1_790_000_000_000_000;
/// How much longer an instance waits for a lease than the one before it in a log's order.
pub(crate) const PATIENCE: Duration = Duration::from_millis(600);

/// Where in time an instance works: a number that rises with each piece of work, and the true time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) number: u64,
    pub(crate) time: Duration,
}

/// What a client hears.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The record is in the log. `again`: it was there already.
    Acknowledged { receipt: Receipt, again: bool },
    /// This instance does not hold the log, or is not there.
    NotHere,
    /// It thought that it held the log; the store knew better.
    Fenced,
    /// Nobody knows, or the record is not in the log.
    Doubt,
}

pub(crate) struct Instance {
    pub(crate) number: usize,
    /// How many runs of it there were.
    pub(crate) runs: u32,
    pub(crate) running: Option<Running>,
    pub(crate) monotonic: Monotonic,
    /// It does not run: neither its threads nor, perhaps, its clock.
    pub(crate) paused: bool,
    clock: Arc<StillClock>,
    /// By how many microseconds its wall clock is wrong.
    pub(crate) wrong: i64,
    ids: Arc<Ids>,
    folder: PathBuf,
}

pub(crate) struct Running {
    pub(crate) ledger: Ledger,
    pub(crate) gate: Arc<Gate>,
    leases: GatedLeases,
    pub(crate) keepers: Vec<LeaseKeeper>,
}

/// The store's file.
pub(crate) fn store(folder: &Path, mode: OpenMode) -> Result<SqliteStore> {
    Ok(SqliteStore::open(&folder.join("audit.db"), mode)?)
}

impl Instance {
    pub(crate) fn new(number: usize, folder: &Path) -> Self {
        // Whatever its clocks show: nobody compares them.
        let hours = u64::try_from(number).unwrap_or(0) * 7_000;
        Self {
            number,
            runs: 0,
            running: None,
            monotonic: Monotonic::showing(Duration::from_secs(hours)),
            paused: false,
            clock: Arc::new(StillClock::at(0)),
            wrong: 0,
            ids: Arc::default(),
            folder: folder.into(),
        }
    }

    /// Starts a run.
    pub(crate) fn start(&mut self, shards: &[Shard], instances: usize) -> Result<()> {
        self.runs += 1;
        let gate = Arc::new(Gate::new(store(&self.folder, OpenMode::ReadWrite)?));
        let leases = GatedLeases {
            inner: SqliteLeases::open(&self.folder.join("leases.db"))?,
            gate: gate.clone(),
        };
        let config = LedgerConfig::new(self.clock.clone(), self.ids.clone(), "simulated");
        let ledger = Ledger::open(gate.clone(), config)?;
        let holder = format!("instance-{}/{}", self.number, self.runs);
        let keeper = |shard: &Shard| {
            let place = (self.number + instances - shard.index % instances) % instances;
            let patience = PATIENCE * u32::try_from(place).unwrap_or(u32::MAX);
            LeaseKeeper::new(holder.clone(), LeaseRules::default().patience(patience))
        };
        let keepers = shards.iter().map(keeper).collect::<Result<_, _>>()?;
        self.running = Some(Running {
            ledger,
            gate,
            leases,
            keepers,
        });
        Ok(())
    }

    /// Lets it work, by clocks that show what they show at this time.
    fn begin(&self, step: Step) -> Option<&Running> {
        let time = i64::try_from(step.time.as_micros()).unwrap_or(i64::MAX);
        let shown = BEGIN.saturating_add(time).saturating_add(self.wrong);
        self.clock.set(u64::try_from(shown).unwrap_or(0));
        self.ids
            .begin(step.number * 64 + u64::try_from(self.number).unwrap_or(0));
        let running = self.running.as_ref().filter(|_| !self.paused)?;
        running.gate.open(true);
        Some(running)
    }

    /// Whether it is sure of a log's lease.
    pub(crate) fn holds(&self, shard: &Shard, time: Duration) -> bool {
        let now = self.monotonic.now(time);
        self.running
            .as_ref()
            .is_some_and(|running| running.keepers[shard.index].is_sure(now))
    }

    /// Whether nothing is wrong with it now.
    pub(crate) fn is_well(&self) -> bool {
        let reached = |running: &Running| !running.gate.is_cut();
        self.running.as_ref().is_some_and(reached) && !self.paused && self.monotonic.is_right()
    }

    /// Looks at all leases and does what is due. Gives the logs that can be written to from now on.
    pub(crate) fn look(&mut self, shards: &[Shard], step: Step) -> Vec<usize> {
        if self.begin(step).is_none() {
            return Vec::new();
        }
        let now = self.monotonic.now(step.time);
        let mut attached = Vec::new();
        let Some(running) = &mut self.running else {
            return attached;
        };
        let all: HashMap<_, _> = match running.leases.leases() {
            Ok(all) => all.into_iter().collect(),
            Err(_) => HashMap::new(),
        };
        // One that cannot look knows nothing new.
        let looked = !running.gate.is_cut();
        for shard in shards.iter().filter(|_| looked) {
            let gate = &running.gate;
            let found = all.get(&shard.name);
            let keeper = &mut running.keepers[shard.index];
            let standing = keeper.tend(
                &running.leases,
                &shard.name,
                found,
                || Ok(gate.head(&shard.name)?.map_or(0, |head| head.size())),
                now,
            );
            match standing {
                Ok(LeaseStanding::Taken { .. }) if attach(&running.ledger, shard) => {
                    attached.push(shard.index);
                }
                Ok(LeaseStanding::Elsewhere(_)) if running.ledger.is_attached(&shard.name) => {
                    // It was held until now; nothing more is written to it.
                    let _ = running.ledger.detach_log(&shard.name, None);
                }
                _ => {}
            }
        }
        running.gate.open(false);
        attached
    }

    /// A client brings a record.
    pub(crate) fn offer(
        &mut self,
        shard: &Shard,
        id: ReceiptId,
        arm: Option<Arm>,
        step: Step,
    ) -> Answer {
        let sure = self.holds(shard, step.time);
        if self.begin(step).is_none() {
            return Answer::NotHere;
        }
        let Some(running) = &mut self.running else {
            return Answer::NotHere;
        };
        let answer = if sure {
            running.append(shard, id, arm)
        } else {
            Answer::NotHere
        };
        if !matches!(answer, Answer::Acknowledged { .. } | Answer::NotHere) {
            // Nothing of it goes on behind the closed gate.
            let _ = running.ledger.drain();
        }
        running.gate.open(false);
        answer
    }

    /// A checkpoint of a log that it holds, if one can be made.
    pub(crate) fn checkpoint(&self, shard: &Shard, step: Step) -> Option<String> {
        let held = self.holds(shard, step.time);
        let running = self.begin(step)?;
        let attached = || running.ledger.is_attached(&shard.name) || attach(&running.ledger, shard);
        let note = (held && attached()).then(|| running.ledger.checkpoint(&shard.name).ok());
        running.gate.open(false);
        note.flatten()
    }

    /// Stops a log that it holds and gives its lease back.
    pub(crate) fn hand_over(&mut self, shard: &Shard, step: Step) -> Result<()> {
        self.begin(step);
        if let Some(running) = &mut self.running {
            // One that could not be attached as yet has nothing to stop.
            let _ = running.ledger.detach_log(&shard.name, Some("handed over"));
            running.keepers[shard.index].give_back(&running.leases, &shard.name)?;
            running.gate.open(false);
        }
        Ok(())
    }

    /// The process is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.gate.kill();
        }
    }

    /// The process ends in order: logs are stopped, leases given back.
    pub(crate) fn stop(&mut self, shards: &[Shard], step: Step) -> Result<()> {
        let held: Vec<bool> = shards
            .iter()
            .map(|shard| self.holds(shard, step.time))
            .collect();
        self.begin(step);
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        for (shard, held) in shards.iter().zip(held) {
            if held {
                // One that was never attached, or is another's by now, has nothing to stop.
                let _ = running
                    .ledger
                    .detach_log(&shard.name, Some("the process ends"));
                running.keepers[shard.index].give_back(&running.leases, &shard.name)?;
            } else {
                let _ = running.ledger.detach_log(&shard.name, None);
            }
        }
        running.ledger.close("the process ends")?;
        running.gate.kill();
        Ok(())
    }
}

/// Attaches a log, anew if it was attached before.
fn attach(ledger: &Ledger, shard: &Shard) -> bool {
    if ledger.is_attached(&shard.name) {
        let _ = ledger.detach_log(&shard.name, None);
    }
    let attached = ledger.attach_log(shard.name.clone(), TestLog::signers(shard.number));
    attached.is_ok()
}

impl Running {
    fn append(&mut self, shard: &Shard, id: ReceiptId, arm: Option<Arm>) -> Answer {
        if !self.ledger.is_attached(&shard.name) && !attach(&self.ledger, shard) {
            return Answer::Doubt;
        }
        if let Some(arm) = arm {
            self.gate.arm(id, arm);
        }
        let decision = Decision {
            model: "simulated".into(),
            ..Decision::new()
        };
        let record = Record::new(&decision).id(id);
        let Ok(ticket) = self.ledger.submit(&shard.name, vec![record]) else {
            return Answer::Doubt;
        };
        match ticket.wait() {
            Ok(receipts) => match receipts.first() {
                Some(receipt) => Answer::Acknowledged {
                    receipt: *receipt,
                    again: false,
                },
                None => Answer::Doubt,
            },
            Err(AppendError::TakenOver { .. }) => {
                self.keepers[shard.index].forget();
                Answer::Fenced
            }
            Err(AppendError::IdTaken { .. }) => match self.find(shard, id) {
                Some(receipt) => Answer::Acknowledged {
                    receipt,
                    again: true,
                },
                None => Answer::Doubt,
            },
            Err(_) => Answer::Doubt,
        }
    }

    /// A record that is in the log.
    fn find(&self, shard: &Shard, id: ReceiptId) -> Option<Receipt> {
        let found = self.gate.find(&shard.name, &Query::Id(id), None, 1).ok()?;
        let seq = *found.first()?;
        let read = self.gate.read(&shard.name, seq, ReadLimit::ONE).ok()?;
        let receipt = UnverifiedReceipt::parse(read.first()?.sealed()?).ok()?;
        Some(Receipt {
            seq,
            id,
            hash: receipt.hash(),
            sealed_at: receipt.header().sealed_at,
        })
    }
}
