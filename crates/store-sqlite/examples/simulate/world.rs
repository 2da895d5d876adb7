//! The simulation: one queue of events in a time of its own, so that each run of a seed is the same.

use crate::check;
use crate::faults::{Fault, Outages};
use crate::gate::Arm;
use crate::instance::{Answer, BEGIN, Instance, Step};
use crate::shards::{self, Shard};
use ai_audit_analytics::SplitMix64;
use ai_audit_core::{ReceiptId, Timestamp};
use ai_audit_store::{Lease, Leases};
use ai_audit_store_sqlite::SqliteLeases;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks of an instance at the leases.
const LOOK: Duration = Duration::from_millis(500);
/// After which a client tries again.
const RETRY: Duration = Duration::from_secs(1);
/// Between two times at which logs go back to whom they are meant for.
const BALANCE: Duration = Duration::from_secs(30);
/// Acknowledgements of a log between two checkpoints.
const CHECKPOINT: usize = 25;
/// What the last failures may take to be over.
const CALM: Duration = Duration::from_secs(180);

/// How much is simulated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) shards: usize,
    pub(crate) instances: usize,
    /// For how long things go wrong.
    pub(crate) faulty: Duration,
    /// Mean time from a failure to the next.
    pub(crate) between: Duration,
    /// Mean time from an acknowledgement to a client's next record.
    pub(crate) pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Start(usize),
    /// Of an instance in one run.
    Look(usize, u32),
    Client(usize),
    Fault,
    Balance,
    /// What was wrong with an instance in one run is over.
    Well(usize, u32),
}

struct World {
    plan: Plan,
    random: SplitMix64,
    now: Duration,
    steps: u64,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    scheduled: u64,
    instances: Vec<Instance>,
    shards: Vec<Shard>,
    outages: Outages,
    folder: PathBuf,
    again: u64,
    fenced: u64,
    attached: u64,
}

/// Runs it and checks what is there at the end. Gives the figures.
pub(crate) fn run(folder: &Path, plan: Plan) -> Result<Value> {
    let mut world = World {
        plan,
        random: SplitMix64::new(plan.seed),
        now: Duration::ZERO,
        steps: 0,
        events: BinaryHeap::new(),
        scheduled: 0,
        instances: (0..plan.instances)
            .map(|number| Instance::new(number, folder))
            .collect(),
        shards: shards::create(folder, plan.shards)?,
        outages: Outages::default(),
        folder: folder.into(),
        again: 0,
        fenced: 0,
        attached: 0,
    };
    world.whole()?;
    let found = check::all(folder, &world.shards)?;
    let acknowledged: usize = world
        .shards
        .iter()
        .map(|shard| shard.acknowledged.len())
        .sum();
    let notes: usize = world.shards.iter().map(|shard| shard.notes.len()).sum();
    Ok(json!({
        "seed": plan.seed,
        "shards": plan.shards,
        "instances": plan.instances,
        "seconds": world.now.as_secs(),
        "acknowledged": acknowledged,
        "found_again": world.again,
        "fenced": world.fenced,
        "takeovers": world.attached,
        "checkpoints": notes,
        "receipts": found.receipts,
        "starts": found.starts,
        "declared": found.declared,
        "clock_anomalies": found.clocks,
        "ends": found.ends,
        "faults": world.outages.figures(),
    }))
}

impl World {
    fn whole(&mut self) -> Result<()> {
        for number in 0..self.plan.instances {
            let after = self.up_to(LOOK);
            self.after(after, Event::Start(number));
        }
        for shard in 0..self.plan.shards {
            let after = Duration::from_secs(5) + self.up_to(self.plan.pause * 2);
            self.after(after, Event::Client(shard));
        }
        self.after(Duration::from_secs(10), Event::Fault);
        self.after(BALANCE, Event::Balance);
        let latest = self.plan.faulty + CALM;
        while let Some(Reverse((time, _, event))) = self.events.pop() {
            self.now = time;
            self.happen(event)?;
            let calm = self.now > self.plan.faulty && self.is_calm();
            if calm || self.now > latest {
                break;
            }
        }
        ensure!(
            self.is_calm(),
            "{} s after the last failure something still waits",
            CALM.as_secs()
        );
        self.end()
    }

    /// Whether nothing is wrong and nobody waits.
    fn is_calm(&self) -> bool {
        self.outages.is_over()
            && self.instances.iter().all(Instance::is_well)
            && self.shards.iter().all(|shard| {
                let holds = |one: &&Instance| one.holds(shard, self.now);
                shard.waiting.is_none() && self.instances.iter().filter(holds).count() == 1
            })
    }

    /// The last checkpoints, and every instance ends in order.
    fn end(&mut self) -> Result<()> {
        for index in 0..self.shards.len() {
            let step = self.step();
            let shard = &self.shards[index];
            let holder = self.instances.iter().find(|one| one.holds(shard, self.now));
            let note = holder.and_then(|one| one.checkpoint(shard, step));
            ensure!(note.is_some(), "no checkpoint of log {}", shard.name);
            self.shards[index].notes.extend(note);
        }
        for number in 0..self.instances.len() {
            let step = self.step();
            self.instances[number].stop(&self.shards, step)?;
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Start(number) => {
                self.instances[number].start(&self.shards, self.plan.instances)?;
                let run = self.instances[number].runs;
                self.look(number, run);
            }
            Event::Look(number, run) => self.look(number, run),
            Event::Client(index) => self.client(index),
            Event::Fault => self.fault()?,
            Event::Balance => self.balance()?,
            Event::Well(number, run) => self.well(number, run),
        }
        Ok(())
    }

    fn look(&mut self, number: usize, run: u32) {
        let step = self.step();
        let instance = &mut self.instances[number];
        if instance.runs != run || instance.running.is_none() {
            return;
        }
        for log in instance.look(&self.shards, step) {
            self.attached += 1;
            self.outages.up(log, self.now);
        }
        self.after(LOOK, Event::Look(number, run));
    }

    /// A client brings its record to the one instance after the other, until one takes it.
    fn client(&mut self, index: usize) {
        // No new records when all that went wrong is over: the run comes to its end.
        let over = self.now > self.plan.faulty + Duration::from_secs(20);
        if over && self.shards[index].waiting.is_none() {
            self.after(RETRY, Event::Client(index));
            return;
        }
        let id = self.record(index);
        for place in 0..self.instances.len() {
            let number = (self.shards[index].favourite + place) % self.instances.len();
            if self.offer(number, index, id, None) {
                let pause = self.plan.pause.as_secs_f64() * -(1.0 - self.random.unit()).ln();
                // Below a minute: somebody who comes again is always near.
                let pause = Duration::from_secs_f64(pause.clamp(0.001, 60.0));
                self.after(pause, Event::Client(index));
                return;
            }
        }
        self.after(RETRY, Event::Client(index));
    }

    /// The record that a client has not got rid of yet, or a new one.
    fn record(&mut self, index: usize) -> ReceiptId {
        if let Some(id) = self.shards[index].waiting {
            return id;
        }
        let time = u64::try_from(BEGIN).unwrap_or_default()
            + u64::try_from(self.now.as_micros()).unwrap_or_default();
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.random.next_u64().to_be_bytes());
        let id = ReceiptId::from_parts(Timestamp::from_micros(time), random);
        self.shards[index].waiting = Some(id);
        id
    }

    /// Brings a record to one instance. Tells whether it is in the log.
    fn offer(&mut self, number: usize, index: usize, id: ReceiptId, arm: Option<Arm>) -> bool {
        let step = self.step();
        let instance = &mut self.instances[number];
        let shard = &self.shards[index];
        match instance.offer(shard, id, arm, step) {
            Answer::Acknowledged { receipt, again } => {
                self.again += u64::from(again);
                self.outages.up(index, self.now);
                let step = self.step();
                let shard = &mut self.shards[index];
                shard.acknowledged.push((id, receipt.seq, receipt.hash));
                shard.waiting = None;
                shard.favourite = number;
                if shard.acknowledged.len().is_multiple_of(CHECKPOINT) {
                    let note = self.instances[number].checkpoint(shard, step);
                    shard.notes.extend(note);
                }
                true
            }
            Answer::Fenced => {
                self.fenced += 1;
                false
            }
            Answer::NotHere | Answer::Doubt => false,
        }
    }

    /// Something goes wrong.
    fn fault(&mut self) -> Result<()> {
        if self.now > self.plan.faulty {
            return Ok(());
        }
        let mean = self.plan.between.as_secs_f64();
        let after = mean * (0.5 + self.random.unit());
        self.after(Duration::from_secs_f64(after), Event::Fault);
        let fault = Fault::ALL[self.below(Fault::ALL.len())];
        let well: Vec<usize> = (0..self.instances.len())
            .filter(|number| self.instances[*number].is_well())
            .collect();
        // Somebody must be left to take over.
        if well.len() < 2 {
            return Ok(());
        }
        let number = well[self.below(well.len())];
        let held: Vec<usize> = (0..self.shards.len())
            .filter(|index| self.instances[number].holds(&self.shards[*index], self.now))
            .collect();
        if held.is_empty() && fault != Fault::ClockSet {
            return Ok(());
        }
        self.outages.came(fault);
        let run = self.instances[number].runs;
        match fault {
            Fault::KilledBefore | Fault::KilledAfter | Fault::AnswerLost => {
                let index = held[self.below(held.len())];
                self.in_mid_append(fault, number, index, &held);
            }
            Fault::CutOff | Fault::Paused | Fault::Suspended => {
                self.hit(fault, &held);
                let time = self.now;
                let instance = &mut self.instances[number];
                match (fault, &instance.running) {
                    (Fault::CutOff, Some(running)) => running.gate.cut(true),
                    _ => instance.paused = true,
                }
                if fault == Fault::Suspended {
                    instance.monotonic.run(time, 0);
                }
                let after = Duration::from_secs(2) + self.up_to(Duration::from_secs(38));
                self.after(after, Event::Well(number, run));
            }
            Fault::ClockFast | Fault::ClockSlow => {
                let rate = if fault == Fault::ClockFast { 5000 } else { 200 };
                self.instances[number].monotonic.run(self.now, rate);
                let after = Duration::from_secs(20) + self.up_to(Duration::from_secs(40));
                self.after(after, Event::Well(number, run));
            }
            Fault::ClockSet => {
                let day = 86_400_000_000;
                let wrong = i64::try_from(self.random.below(2 * day)).unwrap_or_default();
                self.instances[number].wrong = wrong - i64::try_from(day).unwrap_or_default();
            }
            Fault::LeaseAltered => {
                let index = held[self.below(held.len())];
                self.alter(index)?;
            }
            Fault::Restart => {
                self.hit(fault, &held);
                let step = self.step();
                self.instances[number].stop(&self.shards, step)?;
                self.start_again(number, Duration::from_secs(5));
            }
        }
        Ok(())
    }

    fn hit(&mut self, fault: Fault, logs: &[usize]) {
        for log in logs {
            self.outages.hit(*log, fault, self.now);
        }
    }

    /// The append of a record goes wrong, and perhaps its instance with it.
    fn in_mid_append(&mut self, fault: Fault, number: usize, index: usize, held: &[usize]) {
        let one = [index];
        let (arm, hit) = match fault {
            Fault::KilledBefore => (Arm::DieBefore, held),
            Fault::KilledAfter => (Arm::DieAfter, held),
            _ => (Arm::LoseAnswer, &one[..]),
        };
        self.hit(fault, hit);
        let id = self.record(index);
        self.offer(number, index, id, Some(arm));
        if arm != Arm::LoseAnswer {
            self.instances[number].kill();
            self.start_again(number, Duration::from_secs(30));
        }
    }

    fn start_again(&mut self, number: usize, within: Duration) {
        let after = Duration::from_secs(1) + self.up_to(within);
        self.after(after, Event::Start(number));
    }

    /// Logs go to the instance that waits least for them, where that is well.
    fn balance(&mut self) -> Result<()> {
        self.after(BALANCE, Event::Balance);
        for index in 0..self.shards.len() {
            let first = index % self.instances.len();
            let holds = |one: &Instance| one.is_well() && one.holds(&self.shards[index], self.now);
            let Some(number) = self.instances.iter().position(holds) else {
                continue;
            };
            if number != first && self.instances[first].is_well() {
                self.outages.came(Fault::HandedOver);
                self.outages.hit(index, Fault::HandedOver, self.now);
                let step = self.step();
                self.instances[number].hand_over(&self.shards[index], step)?;
            }
        }
        Ok(())
    }

    /// Who keeps the leases puts a stranger's name there, says that it was taken long ago, or gives it back.
    fn alter(&mut self, index: usize) -> Result<()> {
        let name = self.shards[index].name.clone();
        let leases = SqliteLeases::open(&self.folder.join("leases.db"))?;
        let there = leases.lease(&name)?;
        let Some(old) = &there else {
            return Ok(());
        };
        let altered = match self.below(3) {
            0 => Lease {
                holder: "a-stranger".into(),
                ..old.clone()
            },
            1 => Lease {
                changes: old.changes.wrapping_sub(7),
                fence: 0,
                ..old.clone()
            },
            _ => Lease {
                length: Duration::ZERO,
                ..old.clone()
            },
        };
        let done = leases.replace_lease(&name, there.as_ref(), &altered)?;
        ensure!(done, "nobody else is there to change it");
        if altered.holder != old.holder || altered.is_free() {
            self.outages.hit(index, Fault::LeaseAltered, self.now);
        }
        Ok(())
    }

    /// What was wrong with an instance is over. What it thought that it held it writes to at once.
    fn well(&mut self, number: usize, run: u32) {
        let instance = &mut self.instances[number];
        if instance.runs != run {
            return;
        }
        if let Some(running) = &instance.running {
            running.gate.cut(false);
        }
        instance.paused = false;
        for index in 0..self.shards.len() {
            if self.instances[number].holds(&self.shards[index], self.now) {
                let id = self.record(index);
                self.offer(number, index, id, None);
            }
        }
        self.instances[number].monotonic.run(self.now, 1000);
    }

    fn step(&mut self) -> Step {
        self.steps += 1;
        Step {
            number: self.steps,
            time: self.now,
        }
    }

    fn after(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        let time = self.now + after;
        self.events.push(Reverse((time, self.scheduled, event)));
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.random.below(micros))
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.random.below(bound)).unwrap_or_default()
    }
}
