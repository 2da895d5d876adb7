//! A fleet that was kept, and that somebody goes on with.

use crate::logs::{FleetLog, at};
use ai_audit_core::{NodeHash, UnverifiedReceipt};
use ai_audit_fleet::Fleet;
use ai_audit_note::{MemberCheckpoint, MemberSeen, ShownCheckpoint};
use ai_audit_verify::Equivocation;

fn push(fleet: &mut Fleet, sealed: &[Vec<u8>]) {
    for sealed in sealed {
        fleet.push(&UnverifiedReceipt::parse(sealed).unwrap());
    }
}

#[test]
fn a_fleet_that_was_kept_anywhere_goes_on_as_one_that_was_read_from_the_start() {
    let (mut log, [asia, mut eu, us]) = FleetLog::of_three();
    eu.grow("", 30);
    // Late, dropped, a fault, convicted, back again, and a checkpoint that was taken before.
    log.seal(&eu.continues(6, 20), 5000);
    log.seal(&asia.dropped(), 5001);
    log.seal(&asia.dropped(), 5002);
    let other = us.claim(7, NodeHash::from_bytes([7; 32]));
    let seen = MemberSeen::Continues(ShownCheckpoint {
        note: other.to_string().into(),
        path: vec![].into(),
    });
    log.seal(&MemberCheckpoint { seen }, 5003);
    log.seal(&asia.added(60), 5004);
    log.tick(5005);
    for second in [5006, 5007] {
        log.seal(&eu.continues(20, 30), second);
    }
    for kept_at in 0..=log.sealed.len() {
        let (before, after) = log.sealed.split_at(kept_at);
        let mut whole = Fleet::new();
        push(&mut whole, before);
        let mut kept = Fleet::resume(whole.state()).unwrap();
        assert_eq!(kept.state(), whole.state(), "{kept_at}");
        let receipt = |seq: u64| before.get(usize::try_from(seq).unwrap()).cloned();
        assert!(kept.is_in_log(receipt), "{kept_at}");
        push(&mut whole, after);
        push(&mut kept, after);
        assert_eq!(kept.state(), whole.state(), "{kept_at}");
        assert_eq!(kept.report(None), whole.report(None));
        let later = Some(at(90_000));
        assert_eq!(kept.report(later), whole.report(later));
        assert_eq!(whole.faults().len(), 1);
        let us = kept.member(&us.origin).unwrap();
        assert!(us.fork().is_some());
        let eu = kept.member(&eu.origin).unwrap();
        assert_eq!((eu.lapses(), eu.repeated()), (1, 1));
    }
}

/// Whoever writes what is kept makes up no conviction by it: no true one would be sealed any more.
#[test]
fn what_is_kept_of_another_log_is_not_in_this_one() {
    let (log, [asia, mut eu, us]) = FleetLog::of_three();
    let fork = |mut log: FleetLog, root: u8| {
        let other = us.claim(7, NodeHash::from_bytes([root; 32]));
        let seen = MemberSeen::Continues(ShownCheckpoint {
            note: other.to_string().into(),
            path: vec![].into(),
        });
        log.seal(&MemberCheckpoint { seen }, 9);
        log
    };
    eu.grow("", 9);
    let mut longer = log.clone();
    longer.seal(&eu.continues(6, 9), 9);
    let mut proven = log.clone();
    let other = us.claim(7, NodeHash::from_bytes([9; 32]));
    let proof = Equivocation::new(us.note(7), other, None).unwrap();
    let seen = MemberSeen::Contradicts(proof.to_string().into());
    proven.seal(&MemberCheckpoint { seen }, 9);
    let mut dropped = log.clone();
    dropped.seal(&asia.dropped(), 9);
    let mut again = dropped.clone();
    again.seal(&asia.added(60), 10);
    // Those in which all else is the same: who was convicted, and by what, or of what the last was taken.
    let logs = [fork(log.clone(), 7), fork(log, 8), longer, proven];
    for (number, kept) in logs.iter().enumerate() {
        let mut fleet = Fleet::new();
        push(&mut fleet, &kept.sealed);
        let fleet = Fleet::resume(fleet.state()).unwrap();
        for (place, read) in logs.iter().enumerate() {
            let receipt = |seq: u64| read.sealed.get(usize::try_from(seq).unwrap()).cloned();
            assert_eq!(
                fleet.is_in_log(receipt),
                number == place,
                "{number} {place}"
            );
        }
        assert!(!fleet.is_in_log(|_| None));
    }
    // Who came and went is known by his first receipt.
    let mut fleet = Fleet::new();
    push(&mut fleet, &again.sealed);
    let receipt = |seq: u64| dropped.sealed.get(usize::try_from(seq).unwrap()).cloned();
    assert!(fleet.is_in_log(receipt));
}

/// Up to which time a fleet looks is asked of each who goes on with it.
#[test]
fn a_fleet_that_is_gone_on_with_looks_as_far_as_it_is_told() {
    let (mut log, [_, mut eu, _]) = FleetLog::of_three();
    let mut fleet = Fleet::new().until(at(10));
    push(&mut fleet, &log.sealed);
    eu.grow("", 9);
    log.seal(&eu.continues(6, 9), 20);
    let newest = &log.sealed[log.sealed.len() - 1..];
    for (until, expected) in [(Some(at(10)), 6), (Some(at(20)), 9), (None, 9)] {
        let mut kept = Fleet::resume(fleet.state()).unwrap();
        if let Some(time) = until {
            kept = kept.until(time);
        }
        push(&mut kept, newest);
        let last = kept.member(&eu.origin).unwrap().last().unwrap();
        assert_eq!(last.checkpoint.size.as_u64(), expected);
    }
}
