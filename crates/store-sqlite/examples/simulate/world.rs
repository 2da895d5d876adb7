//! The simulation: one queue of events in a time of its own, so that each run of a seed is the same.

mod failures;

use crate::check;
use crate::faults::{Fault, Outages};
use crate::gate::Arm;
use crate::instance::{Answer, BEGIN, Instance, Step};
use crate::shards::{self, Shard};
use ai_audit_analytics::SplitMix64;
use ai_audit_core::{ReceiptId, Timestamp};
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
    Again(usize),
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
    /// Failures that come before any of the others comes again.
    left: Vec<Fault>,
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
        left: Vec::new(),
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
            Event::Again(index) => self.again(index),
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

    /// A client has something to record.
    fn client(&mut self, index: usize) {
        // No new records when all that went wrong is over: the run comes to its end.
        let over = self.now > self.plan.faulty + Duration::from_secs(20);
        if over && self.shards[index].waiting.is_none() {
            self.after(RETRY, Event::Client(index));
            return;
        }
        if self.bring(index) {
            let pause = self.plan.pause.as_secs_f64() * -(1.0 - self.random.unit()).ln();
            // Below a minute: somebody who comes again is always near.
            let pause = Duration::from_secs_f64(pause.clamp(0.001, 60.0));
            self.after(pause, Event::Client(index));
        } else {
            self.after(RETRY, Event::Client(index));
        }
    }

    /// A client whose record was not acknowledged comes again.
    fn again(&mut self, index: usize) {
        if self.shards[index].waiting.is_some() && !self.bring(index) {
            self.after(RETRY, Event::Again(index));
        }
    }

    /// A client brings its record to the one instance after the other, until one takes it.
    fn bring(&mut self, index: usize) -> bool {
        let id = self.record(index);
        let first = self.shards[index].favourite;
        let count = self.instances.len();
        (0..count).any(|place| self.offer((first + place) % count, index, id, None))
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
