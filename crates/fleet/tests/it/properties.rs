//! Properties over random histories: what is honest is complete, what parts is found.

use crate::logs::{Log, at};
use ai_audit_fleet::{Fleet, Offered, When};
use ai_audit_merkle::MemoryTree;
use proptest::prelude::*;

fn offered(fleet: &Fleet, log: &Log) -> Offered {
    let member = fleet.member(&log.origin).unwrap();
    let size = log.tree.size();
    member
        .offered_tree(&log.note(size.as_u64()), &mut log.tree.clone(), size)
        .unwrap()
}

fn of(log: &Log) -> Fleet {
    let mut fleet = Fleet::new();
    let when = When { seq: 1, at: at(1) };
    fleet.take_roster(&log.added(3600), when).unwrap();
    fleet
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_honest_member_is_followed_to_its_end(steps in prop::collection::vec(0..40u64, 1..8)) {
        let mut log = Log::new("member", 1);
        let mut fleet = of(&log);
        for (step, seq) in steps.iter().zip(2..) {
            log.grow("", log.tree.size().as_u64() + step);
            if let Offered::New(body) = offered(&fleet, &log) {
                let when = When { seq, at: at(seq) };
                fleet.take_checkpoint(&body, when).unwrap();
            }
            let member = fleet.member(&log.origin).unwrap();
            prop_assert_eq!(member.last().unwrap().checkpoint.size, log.tree.size());
            prop_assert!(member.fork().is_none());
        }
    }

    #[test]
    fn a_history_that_parts_is_convicted_or_refused(common in 0..50u64, left in 1..50u64, right in 1..50u64) {
        let mut log = Log::new("member", common);
        let mut fork = Log { tree: MemoryTree::clone(&log.tree), ..log.clone() };
        log.grow("", common + left);
        fork.grow("fork", common + right);
        let mut fleet = of(&log);
        let Offered::New(body) = offered(&fleet, &log) else { panic!("the first") };
        fleet.take_checkpoint(&body, When { seq: 2, at: at(2) }).unwrap();
        let member = fleet.member(&log.origin).unwrap();
        let size = fork.tree.size();
        let found = member.offered_tree(&fork.note(size.as_u64()), &mut fork.tree.clone(), size);
        if right < left {
            prop_assert!(found.unwrap_err().is_grave());
        } else {
            let Ok(Offered::New(body)) = found else { panic!("a conviction") };
            fleet.take_checkpoint(&body, When { seq: 3, at: at(3) }).unwrap();
            prop_assert!(fleet.member(&log.origin).unwrap().fork().is_some());
        }
    }
}
