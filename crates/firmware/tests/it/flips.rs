//! A flipped bit anywhere in flash is found, or harms nothing; never does the log quietly end earlier.

use ai_audit_firmware::{DeviceError, Now, RingError};

use crate::common::{Failed, Host, decide, decision, export, provision, visit, with_device};
use crate::flash::{Nor, SECTOR, Step, apply};

/// Flash after so many decisions, with what the host has and the log's newest receipts.
fn image(decisions: usize, visits: bool) -> (Nor<8>, Host, Vec<Vec<u8>>) {
    let mut host = Host::default();
    let (flash, all) = with_device(Nor::<8>::new(5), |device| {
        for number in 0..decisions {
            decide(device, "planner").unwrap();
            if visits && number % 3 == 2 {
                visit(device, &mut host).unwrap();
            }
        }
        (device.ring().flash().clone(), export(device))
    })
    .unwrap();
    (flash, host, all)
}

/// What became of a flip.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The device does not start, says what is damaged, or seals nothing more.
    Found,
    /// The log is what it was.
    Harmless,
}

fn flip(flash: &Nor<8>, host: &Host, all: &[Vec<u8>], at: usize, bit: u8) -> Outcome {
    let mut bytes = flash.bytes.clone();
    bytes[at] ^= 1 << bit;
    let what = format!("byte {at}, bit {bit}");
    let outcome = with_device(Nor::<8>::of(bytes), |device| {
        let damage = device.ring().damage();
        if damage.newest {
            let refused = decide(device, "after");
            assert_eq!(
                refused,
                Err(DeviceError::Ring(RingError::NewestDamaged)),
                "{what}"
            );
            return Outcome::Found;
        }
        // Wherever it goes on it goes on behind the newest receipt.
        let newest = all.last().unwrap();
        assert_eq!(export(device).last(), Some(newest), "{what}");
        if !damage.is_none() {
            return Outcome::Found;
        }
        let mut after = host.clone();
        after
            .take(&export(device))
            .unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_eq!(after.receipts.last(), Some(newest), "{what}");
        visit(device, &mut after).unwrap();
        decide(device, "after").unwrap_or_else(|why| panic!("{what}: {why}"));
        visit(device, &mut after).unwrap();
        after.verify();
        Outcome::Harmless
    });
    let refused = |why: Failed| match why {
        DeviceError::Unprovisioned | DeviceError::OtherKey | DeviceError::Signature { .. } => {
            Outcome::Found
        }
        other => panic!("{what}: {other}"),
    };
    outcome.unwrap_or_else(refused)
}

#[test]
fn a_bit_flip_in_every_byte_is_found_or_harmless() {
    // The first turn of the ring, a sector just opened, one nearly full, and a ring that went around.
    for (decisions, visits) in [(1, false), (2, false), (4, true), (13, true)] {
        let (flash, host, all) = image(decisions, visits);
        let mut found = 0;
        for at in 0..flash.bytes.len() {
            let bit = (at * 5 % 8) as u8;
            found += usize::from(flip(&flash, &host, &all, at, bit) == Outcome::Found);
        }
        // Receipts that the host has not are the greater part of what can be damaged.
        assert!(found > 200, "{decisions} decisions: {found} found");
    }
}

#[test]
fn a_flip_in_either_copy_of_seed_and_genesis_harms_nothing() {
    let (flash, host, all) = image(2, false);
    for at in (0..2 * SECTOR).step_by(3) {
        for bit in [0, 7] {
            assert_eq!(
                flip(&flash, &host, &all, at, bit),
                Outcome::Harmless,
                "byte {at}"
            );
        }
    }
    // With both copies gone the device makes no second log out of the first one.
    for sector in [0, 1] {
        let mut bytes = flash.bytes.clone();
        for (number, byte) in bytes[sector * SECTOR..][..SECTOR].iter_mut().enumerate() {
            *byte ^= u8::from(number % 64 == 20);
        }
        let started = with_device(Nor::<8>::of(bytes), |_| ());
        assert_eq!(started, Err(DeviceError::Unprovisioned), "sector {sector}");
    }
}

/// What is flipped beside single bytes: a whole header, both copies.
fn without_header(flash: &Nor<8>, sector: usize) -> Nor<8> {
    let mut bytes = flash.bytes.clone();
    for copy in [0, 64] {
        bytes[sector + copy + 20] ^= 1;
    }
    Nor::of(bytes)
}

#[test]
fn a_newest_sector_that_lost_its_header_lets_nothing_more_be_sealed() {
    for (decisions, visits) in [(1, false), (4, true), (13, true)] {
        let (flash, _, _) = image(decisions, visits);
        let newest = flash.journal.iter().rev().find_map(|step| match step {
            Step::Erase { offset } => Some(*offset),
            Step::Program { .. } => None,
        });
        with_device(without_header(&flash, newest.unwrap()), |device| {
            assert!(device.ring().damage().newest, "{decisions} decisions");
            let refused = decide(device, "after");
            assert_eq!(refused, Err(DeviceError::Ring(RingError::NewestDamaged)));
        })
        .unwrap();
    }
}

#[test]
fn a_flip_after_power_was_cut_while_a_sector_was_opened_is_found_or_harmless() {
    let mut host = Host::default();
    let mut held = vec![(0, host.clone())];
    let journal = with_device(Nor::<8>::new(5), |device| {
        for number in 0..13 {
            decide(device, "planner").unwrap();
            if number % 3 == 2 {
                visit(device, &mut host).unwrap();
                held.push((device.ring().flash().journal.len(), host.clone()));
            }
        }
        device.ring().flash().journal.clone()
    })
    .unwrap();
    let is_opening = |step: &Step| matches!(step, Step::Erase { offset } if *offset >= 2 * SECTOR);
    let openings = journal.iter().filter(|step| is_opening(step)).count();
    assert!(openings > 3, "the ring went around");
    let mut bytes = vec![0xff; 5 * SECTOR];
    // How many sectors were opened, where the last one is, and the steps since.
    let (mut opened, mut sector, mut since) = (0, 0, usize::MAX);
    for (steps, step) in journal.iter().enumerate() {
        // Two copies of four words, each moment between them. The second sector, and the last one.
        if since <= 8 && [2, openings].contains(&opened) {
            let (_, host) = held.iter().rev().find(|(at, _)| *at <= steps).unwrap();
            let cut = Nor::<8>::of(bytes.clone());
            let before = with_device(cut.clone(), export).unwrap();
            // It goes on by its start alone, which the sector has room for: it stays the newest one.
            let (after, all) = with_device(cut.clone(), |device| {
                let size = device.ring().head().size();
                let (model, known) = ("m".repeat(700), Now::Known(provision().now));
                let refused = device.record(&decision(&model), "", known);
                assert_eq!(refused, Err(DeviceError::Ring(RingError::TooLong)));
                assert!(device.ring().head().size() > size);
                (device.ring().flash().clone(), export(device))
            })
            .unwrap();
            for at in sector..sector + 128 {
                let bit = (at * 5 % 8) as u8;
                flip(&cut, host, &before, at, bit);
                flip(&after, host, &all, at, bit);
            }
        }
        apply(&mut bytes, step);
        since = since.saturating_add(1);
        if let (true, Step::Erase { offset }) = (is_opening(step), step) {
            (opened, sector, since) = (opened + 1, *offset, 0);
        }
    }
}

#[test]
fn a_flip_after_power_was_cut_as_the_device_was_made_harms_nothing() {
    let started = with_device(Nor::<8>::new(5), |device| {
        device.ring().flash().journal.clone()
    });
    let mut bytes = vec![0xff; 5 * SECTOR];
    let host = Host::default();
    for (steps, step) in started.unwrap().iter().enumerate() {
        let (after, all) = with_device(Nor::<8>::of(bytes.clone()), |device| {
            decide(device, "after the cut").unwrap();
            (device.ring().flash().clone(), export(device))
        })
        .unwrap();
        let seed = if steps < 20 { 0..128 } else { 0..0 };
        for at in seed.chain((steps % 61..2 * SECTOR).step_by(61)) {
            let outcome = flip(&after, &host, &all, at, (at % 8) as u8);
            assert_eq!(outcome, Outcome::Harmless, "step {steps}, byte {at}");
        }
        apply(&mut bytes, step);
    }
}
