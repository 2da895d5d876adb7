//! Power cut at every bit of every word that is programmed, and within every erasure (A59).

use std::thread;

use ai_audit_core::{Head, UnverifiedReceipt};

use crate::common::{FULL, Host, decide, export, visit, with_device};
use crate::flash::{Nor, SECTOR, Step, apply, torn};

const SECTORS: usize = 5;

/// A run with its journal, and what was promised by when.
struct Run {
    journal: Vec<Step>,
    /// After so many steps the device said that the log has this head.
    durable: Vec<(usize, Head)>,
    /// After so many steps the host had so many receipts.
    held: Vec<(usize, usize)>,
    /// The log as it is in the end.
    host: Host,
}

/// A device from the factory on: it decides, restarts, is visited, until the ring went around three times.
fn run<const WORD: usize>() -> Run {
    let mut run = Run {
        journal: Vec::new(),
        durable: Vec::new(),
        held: Vec::new(),
        host: Host::default(),
    };
    let mut flash = Nor::<WORD>::new(SECTORS);
    for start in 0..3 {
        flash = with_device(flash, |device| {
            for number in 0..7 {
                let model = "m".repeat(1 + 37 * number % 90);
                // At first the host comes by often, later only where there is no room without it.
                let mut head = if start == 0 && number % 2 == 1 {
                    Err(FULL)
                } else {
                    decide(device, &model)
                };
                if head == Err(FULL) {
                    // The host keeps what it takes before it says so.
                    run.host.take(&export(device)).unwrap();
                    let steps = device.ring().flash().journal.len();
                    run.held.push((steps, run.host.receipts.len()));
                    visit(device, &mut run.host).unwrap();
                    head = decide(device, &model);
                }
                let steps = device.ring().flash().journal.len();
                run.durable.push((steps, head.unwrap()));
            }
            device.ring().flash().clone()
        })
        .unwrap();
    }
    let opened = flash.erasures[2..].iter().sum::<u32>();
    assert!(opened >= 9, "the ring went around {opened}/3 times");
    run.host
        .take(&with_device(flash.clone(), export).unwrap())
        .unwrap();
    run.host.verify();
    run.journal = flash.journal;
    run
}

impl Run {
    /// What must be there once `steps` steps are done: the last head that was acknowledged, and what the
    /// host had.
    fn promised(&self, steps: usize) -> (u64, Host) {
        let durable = self.durable.iter().rev().find(|(at, _)| *at <= steps);
        let held = self
            .held
            .iter()
            .rev()
            .find(|(at, _)| *at <= steps)
            .map_or(0, |(_, held)| *held);
        let receipts = self.host.receipts[..held].to_vec();
        (
            durable.map_or(0, |(_, head)| head.size()),
            Host { receipts },
        )
    }

    /// Puts a moment back, starts a device on it, and holds it to what was promised. Returns the flash
    /// when the device went on, and the host.
    fn recover<const WORD: usize>(&self, flash: Nor<WORD>, steps: usize) -> (Nor<WORD>, Host) {
        let (durable, mut host) = self.promised(steps);
        let flash = with_device(flash, |device| {
            let damage = device.ring().damage();
            assert!(damage.is_none(), "step {steps}: {damage:?}");
            let head = *device.ring().head();
            assert!(
                head.size() >= durable,
                "step {steps}: {} of {durable}",
                head.size()
            );
            // What is there is what the run sealed, and it joins what the host has.
            let exported = export(device);
            let newest = exported.last().unwrap();
            if head.size() > 1 {
                assert_eq!(
                    *newest,
                    self.host.receipts[head.size() as usize - 1],
                    "step {steps}"
                );
            }
            assert_eq!(
                UnverifiedReceipt::parse(newest).unwrap().hash(),
                head.hash()
            );
            visit(device, &mut host).unwrap();
            assert_eq!(host.head(), head, "step {steps}");
            // It goes on where it was.
            for _ in 0..2 {
                decide(device, "after").unwrap();
                visit(device, &mut host).unwrap();
            }
            device.ring().flash().clone()
        });
        (
            flash.unwrap_or_else(|why| panic!("step {steps}: {why}")),
            host,
        )
    }
}

/// Every moment between two steps of the journal, and every torn one within them.
fn every_moment<const WORD: usize>(refusing_to_read: bool) {
    let run = run::<WORD>();
    let workers = 2;
    thread::scope(|scope| {
        for worker in 0..workers {
            let run = &run;
            scope.spawn(move || {
                let mut bytes = vec![0xff; SECTORS * SECTOR];
                for (steps, step) in run.journal.iter().enumerate() {
                    if steps % workers == worker {
                        let mut flash = Nor::<WORD>::of(bytes.clone());
                        // Begun, and nothing of it shows. Of a record's first word nothing can tell.
                        flash.weak = begun(step);
                        run.recover(flash, steps);
                        // What a word that cannot be read holds makes no difference: some states do.
                        let apart = if refusing_to_read { 6 } else { 1 };
                        for state in torn(&bytes, step).into_iter().step_by(apart) {
                            let mut flash = Nor::<WORD>::of(state);
                            if let (true, Step::Program { offset, .. }) = (refusing_to_read, step) {
                                flash.unreadable = Some(*offset);
                            }
                            run.recover(flash, steps);
                        }
                    }
                    apply(&mut bytes, step);
                }
            });
        }
    });
}

/// Where a step programs, unless it is the first word of a record, by its tag.
fn begun(step: &Step) -> Option<usize> {
    match step {
        Step::Program { offset, word } if word[0] != 0xa5 || offset % 64 != 0 => Some(*offset),
        _ => None,
    }
}

#[test]
fn a59_power_cut_at_every_bit_of_every_byte() {
    every_moment::<1>(false);
}

#[test]
fn a59_power_cut_within_words_that_their_flash_then_refuses_to_read() {
    every_moment::<8>(true);
}

#[test]
fn a59_power_cut_again_while_the_device_recovers() {
    let run = run::<8>();
    let mut bytes = vec![0xff; SECTORS * SECTOR];
    for (steps, step) in run.journal.iter().enumerate() {
        let first = torn(&bytes, step).into_iter().nth(steps % 5);
        apply(&mut bytes, step);
        let Some(first) = first.filter(|_| steps % 7 == 0 || matches!(step, Step::Erase { .. }))
        else {
            continue;
        };
        let (whole, _) = run.recover(Nor::<8>::of(first.clone()), steps);
        // Cut it again at some of the steps that it took then, and once more in what that needs.
        for left in (0..whole.journal.len()).step_by(11) {
            let mut flash = Nor::<8>::of(first.clone());
            flash.left = Some(left);
            let (durable, mut host) = run.promised(steps);
            let _ = with_device(&mut flash, |device| {
                if visit(device, &mut host).is_ok() && decide(device, "after").is_ok() {
                    let _ = visit(device, &mut host);
                }
            });
            let torn = torn(&flash.bytes, &whole.journal[left]).pop();
            let second = torn.unwrap_or(flash.bytes);
            with_device(Nor::<8>::of(second), |device| {
                assert!(device.ring().damage().is_none());
                assert!(device.ring().head().size() >= durable.max(host.receipts.len() as u64));
                visit(device, &mut host).unwrap();
                decide(device, "at last").unwrap();
                visit(device, &mut host).unwrap();
            })
            .unwrap_or_else(|why| panic!("step {steps}, then {left}: {why}"));
            host.verify();
        }
    }
}

/// Power is cut again and again before the sector that was opened holds a receipt, while the host has all
/// that is there: the newest receipt must not be erased, since what is sealed next follows it.
#[test]
fn a59_cuts_that_fill_sectors_before_they_hold_a_receipt_lose_nothing() {
    let mut opened_again = 0;
    for left in 0..60 {
        let mut flash = Nor::<8>::new(SECTORS);
        let mut host = Host::default();
        let mut durable = 0;
        for round in 0..40 {
            let erased = |flash: &Nor<8>| flash.erasures[2..].iter().sum::<u32>();
            let (before, size) = (erased(&flash), durable);
            with_device(&mut flash, |device| {
                if round < 3 {
                    durable = decide(device, "m").unwrap().size();
                }
                if round % 4 == 3 {
                    device.ring().flash().left = Some(left);
                    let _ = visit(device, &mut host);
                } else {
                    visit(device, &mut host).unwrap();
                    device.ring().flash().left = Some(left);
                }
                durable = durable.max(host.head().size());
                while let Ok(head) = decide(device, "m") {
                    durable = head.size();
                }
            })
            .unwrap();
            opened_again += u32::from(erased(&flash) > before && durable == size);
            flash.tear(31 * round + left);
            with_device(&mut flash, |device| {
                let damage = device.ring().damage();
                assert!(damage.is_none(), "{left}, {round}: {damage:?}");
                let size = device.ring().head().size();
                assert!(size >= durable, "{left}, {round}: {size} of {durable}");
            })
            .unwrap();
        }
        with_device(&mut flash, |device| {
            visit(device, &mut host).unwrap();
            decide(device, "at last").unwrap();
            visit(device, &mut host).unwrap();
        })
        .unwrap_or_else(|why| panic!("{left}: {why}"));
        assert!(host.verify().size() > durable, "{left}");
    }
    assert!(opened_again > 100, "{opened_again} sectors opened again");
}
