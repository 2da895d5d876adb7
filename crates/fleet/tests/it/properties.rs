//! All histories of a small size: what is honest is followed, what parts is convicted or refused.

use crate::logs::{Log, at};
use ai_audit_fleet::{Fleet, Offered, When};

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

#[test]
fn an_honest_member_is_followed_to_its_end() {
    for step in 0..20 {
        let mut log = Log::new("member", 1);
        let mut fleet = of(&log);
        for seq in 2..8 {
            log.grow("", log.tree.size().as_u64() + step);
            if let Offered::New(body) = offered(&fleet, &log) {
                let when = When { seq, at: at(seq) };
                fleet.take_checkpoint(&body, when).unwrap();
            }
            let member = fleet.member(&log.origin).unwrap();
            assert_eq!(member.last().unwrap().checkpoint.size, log.tree.size());
            assert!(member.fork().is_none());
        }
    }
}

#[test]
fn a_history_that_parts_is_convicted_or_refused() {
    for common in 0..10 {
        for (left, right) in (1..10).flat_map(|left| (1..10).map(move |right| (left, right))) {
            let mut log = Log::new("member", common);
            let mut fork = log.clone();
            log.grow("", common + left);
            fork.grow("fork", common + right);
            let mut fleet = of(&log);
            let Offered::New(body) = offered(&fleet, &log) else {
                panic!("the first")
            };
            let when = |seq| When { seq, at: at(seq) };
            fleet.take_checkpoint(&body, when(2)).unwrap();
            let member = fleet.member(&log.origin).unwrap();
            let size = fork.tree.size();
            let note = fork.note(size.as_u64());
            let found = member.offered_tree(&note, &mut fork.tree.clone(), size);
            if right < left {
                assert!(found.unwrap_err().is_grave());
                continue;
            }
            let Ok(Offered::New(body)) = found else {
                panic!("a conviction")
            };
            fleet.take_checkpoint(&body, when(3)).unwrap();
            assert!(fleet.member(&log.origin).unwrap().fork().is_some());
        }
    }
}
