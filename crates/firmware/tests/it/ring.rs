//! The ring in good times: wear, room, what is overwritten and what is not.

use ai_audit_core::{DecodeBody as _, Gap, Kind, LeafHash, Start, UnverifiedReceipt};
use ai_audit_firmware::{Now, RingError};

use crate::common::{FULL, Host, decide, export, visit, with_device};
use crate::flash::{Nor, Step};

#[test]
fn sectors_wear_level_and_say_so() {
    let mut host = Host::default();
    let (erasures, said) = with_device(Nor::<4>::new(7), |device| {
        for number in 0..400 {
            decide(device, "planner").unwrap();
            if number % 3 == 0 {
                visit(device, &mut host).unwrap();
            }
        }
        let said: Vec<_> = (0..5)
            .map(|sector| device.ring().erasures(sector))
            .collect();
        (device.ring().flash().erasures.clone(), said)
    })
    .unwrap();
    let (least, most) = (
        erasures[2..].iter().min().unwrap(),
        erasures[2..].iter().max().unwrap(),
    );
    assert!(*least > 20 && most - least <= 1, "{erasures:?}");
    let counted: Vec<_> = erasures[2..].iter().map(|times| Some(*times)).collect();
    assert_eq!(said, counted);
    // Seed and genesis are never erased again.
    assert_eq!(erasures[..2], [1, 1]);
}

#[test]
fn nothing_is_overwritten_that_the_host_has_not() {
    let mut host = Host::default();
    let flash = with_device(Nor::<8>::new(5), |device| {
        let sealed = (0..100)
            .take_while(|_| decide(device, "planner").is_ok())
            .count();
        assert!(sealed > 2);
        for _ in 0..3 {
            assert_eq!(decide(device, "planner"), Err(FULL));
        }
        // The log is as it was, from the genesis on.
        let before = export(device);
        host.take(&before).unwrap();
        assert_eq!(host.verify(), *device.ring().head());
        // A word for something else makes no room.
        let (size, other) = (host.head().size(), LeafHash::from_bytes([1; 32]));
        assert_eq!(
            device.ring().acknowledge(size, other),
            Err(RingError::UnknownHead)
        );
        let hash = host.head().hash();
        assert_eq!(
            device.ring().acknowledge(size + 1, hash),
            Err(RingError::UnknownHead)
        );
        assert_eq!(decide(device, "planner"), Err(FULL));
        visit(device, &mut host).unwrap();
        decide(device, "planner").unwrap();
        visit(device, &mut host).unwrap();
        device.ring().flash().clone()
    })
    .unwrap();
    // What was refused stands in the log: five attempts, the one that ended the loop among them.
    let gaps: Vec<_> = host
        .receipts
        .iter()
        .map(|sealed| UnverifiedReceipt::parse(sealed).unwrap())
        .filter(|receipt| receipt.header().kind == Kind::GAP)
        .map(|receipt| Gap::decode(&receipt).unwrap().lost)
        .collect();
    assert_eq!(gaps, [Some(5)]);
    // What the device still has joins what the host has, after a restart as well.
    with_device(flash, |device| {
        assert!(device.ring().damage().is_none());
        decide(device, "planner").unwrap();
        visit(device, &mut host).unwrap();
    })
    .unwrap();
    host.verify();
}

#[test]
fn an_acknowledgement_outlives_a_restart() {
    let mut host = Host::default();
    let flash = with_device(Nor::<8>::new(5), |device| {
        let fills = (0..100).take_while(|_| decide(device, "planner").is_ok());
        assert!(fills.count() < 100);
        visit(device, &mut host).unwrap();
        device.ring().flash().clone()
    })
    .unwrap();
    with_device(flash, |device| {
        assert_eq!(device.ring().acknowledged(), host.head().size());
        decide(device, "planner").unwrap();
        visit(device, &mut host).unwrap();
    })
    .unwrap();
    host.verify();
}

#[test]
fn a_stop_in_order_makes_the_next_start_a_clean_one() {
    let mut flash = Nor::<1>::new(8);
    for stop in [false, true, false] {
        flash = with_device(flash, |device| {
            decide(device, "planner").unwrap();
            if stop {
                device.stop("service", Now::SinceStart(9_000)).unwrap();
            }
            device.ring().flash().clone()
        })
        .unwrap();
    }
    let all = with_device(flash, export).unwrap();
    let starts: Vec<_> = all
        .iter()
        .map(|sealed| UnverifiedReceipt::parse(sealed).unwrap())
        .filter(|receipt| receipt.header().kind == Kind::START)
        .map(|receipt| {
            let start = Start::decode(&receipt).unwrap();
            assert_eq!(start.size, receipt.header().seq);
            start.clean
        })
        .collect();
    assert_eq!(starts, [true, false, true]);
}

#[test]
fn a_receipt_is_as_long_as_a_sector_takes_or_refused() {
    with_device(Nor::<8>::new(5), |device| {
        let model = "m".repeat(400);
        decide(device, &model).unwrap();
        let size = device.ring().head().size();
        let model = "m".repeat(600);
        assert!(
            decide(device, &model).is_err(),
            "longer than what a sector leaves"
        );
        assert_eq!(device.ring().head().size(), size);
        decide(device, "planner").unwrap();
    })
    .unwrap();
}

#[test]
fn an_acknowledgement_finds_room_in_the_newest_sector_also_when_it_was_cut_off_before() {
    let mut tight = 0;
    for len in (1..400).step_by(21) {
        let model = "m".repeat(len);
        let mut flash = with_device(Nor::<8>::new(5), |device| {
            while decide(device, &model).is_ok() {}
            device.ring().flash().clone()
        })
        .unwrap();
        tight += usize::from(!flash.bytes.ends_with(&[0xff; 6 * 64]));
        flash.journal.clear();
        let mut host = Host::default();
        // Its first word, and then all of it: it never takes an erasure, which a power cut could meet.
        flash.left = Some(1);
        with_device(&mut flash, |device| visit(device, &mut host).unwrap_err()).unwrap();
        flash.left = None;
        with_device(&mut flash, |device| visit(device, &mut host).unwrap()).unwrap();
        let erases = |step: &Step| matches!(step, Step::Erase { .. });
        assert!(!flash.journal.iter().any(erases), "models of {len} bytes");
    }
    assert!(tight > 3, "{tight} sectors that are nearly full");
}
