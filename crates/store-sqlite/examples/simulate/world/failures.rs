//! What goes wrong in the simulation, and what ends it.

use super::{BALANCE, Event, RETRY, World};
use crate::faults::Fault;
use crate::gate::Arm;
use crate::instance::Instance;
use ai_audit_store::{Lease, Leases};
use ai_audit_store_sqlite::SqliteLeases;
use anyhow::{Result, ensure};
use std::time::Duration;

impl World {
    /// Something goes wrong.
    pub(super) fn fault(&mut self) -> Result<()> {
        if self.now > self.plan.faulty {
            return Ok(());
        }
        let mean = self.plan.between.as_secs_f64();
        let after = mean * (0.5 + self.random.unit());
        self.after(Duration::from_secs_f64(after), Event::Fault);
        if self.left.is_empty() {
            self.left.extend(Fault::ALL);
        }
        let drawn = self.below(self.left.len());
        let fault = self.left[drawn];
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
        self.left.swap_remove(drawn);
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
            // Never by chance: it is no failure.
            Fault::HandedOver => {}
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
        if !self.offer(number, index, id, Some(arm)) {
            self.after(RETRY, Event::Again(index));
        }
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
    pub(super) fn balance(&mut self) -> Result<()> {
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
    pub(super) fn well(&mut self, number: usize, run: u32) {
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
                if !self.offer(number, index, id, None) {
                    self.after(RETRY, Event::Again(index));
                }
            }
        }
        self.instances[number].monotonic.run(self.now, 1000);
    }
}
