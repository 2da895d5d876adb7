//! A flipped bit anywhere in flash is found, or harms nothing; never does the log quietly end earlier.

use ai_audit_firmware::{DeviceError, RingError};

use crate::common::{Failed, Host, decide, export, visit, with_device};
use crate::flash::{Nor, SECTOR};

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
