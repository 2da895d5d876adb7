//! A97: two writers that each think themselves alone.

use crate::rig::{append, folder, open, whole};
use ai_audit_core::{Decision, Head};
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_store_object::{OpenMode, Place};
use ai_audit_testkit::TestLog;
use std::sync::Barrier;

/// Rounds on a server: so many, or as many as `TESTS_RACES` says.
#[cfg(feature = "s3")]
fn rounds(few: u64) -> u64 {
    std::env::var("TESTS_RACES").map_or(few, |rounds| rounds.parse().unwrap())
}

fn race(place: &Place, rounds: u64) {
    let name = LogName::default();
    let mut log = TestLog::new(1);
    let first = open(place, OpenMode::Create);
    append(&first, &name, &Head::EMPTY, &log.seal(2)).unwrap();
    // Both start each round from the same head, with receipts that differ.
    let (start, meet) = (log.head(), Barrier::new(2));
    let run = |model: &str| {
        let store = open(place, OpenMode::ReadWrite);
        let (mut won, mut head, mut wrong) = (0, start, None);
        for round in 0..rounds {
            // Also where something is wrong: the other one waits here.
            meet.wait();
            if wrong.is_some() {
                continue;
            }
            let mut log = TestLog::forked(1, head);
            let decision = Decision {
                model: model.into(),
                ..Decision::new()
            };
            let receipts = [log.seal_next(&decision)];
            head = match append(&store, &name, &head, &receipts) {
                Ok(()) => {
                    won += 1;
                    log.head()
                }
                Err(StoreError::HeadMoved { found, .. }) => *found,
                Err(error) => {
                    wrong = Some(format!("round {round}: {error}"));
                    head
                }
            };
        }
        (won, head, wrong)
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| run("one"));
        let two = scope.spawn(|| run("two"));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_eq!((&one.2, &two.2), (&None, &None));
    // One winner each round, told so; both know the same end; one chain without a gap.
    assert_eq!(one.0 + two.0, rounds);
    assert_eq!(one.1, two.1);
    let head = whole(&open(place, OpenMode::ReadOnly), &name);
    assert_eq!((head.size(), head), (rounds + 2, one.1));
    println!("of {rounds} rounds the writers won {} and {}", one.0, two.0);
}

#[test]
fn a97_of_two_writers_that_race_in_a_folder_one_wins_each_time() {
    let folder = folder();
    race(&Place::Folder(folder.path().into()), 10_000);
}

#[cfg(feature = "s3")]
#[test]
fn a97_of_two_writers_that_race_in_seaweedfs_one_wins_each_time() {
    if let Some(server) = crate::servers::Server::weed() {
        race(&server.bucket(""), rounds(200));
    }
}

#[cfg(feature = "s3")]
#[test]
fn a97_of_two_writers_that_race_in_moto_one_wins_each_time() {
    if let Some(server) = crate::servers::Server::moto() {
        race(&server.bucket(""), rounds(100));
    }
}

/// Writers of different logs share one root: each waits for the other, and neither is refused.
#[test]
fn a97_writers_of_two_logs_do_not_refuse_each_other() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    drop(open(&place, OpenMode::Create));
    std::thread::scope(|scope| {
        for (number, name) in [(1, "one"), (2, "two")] {
            let place = &place;
            scope.spawn(move || {
                let store = open(place, OpenMode::ReadWrite);
                let (mut log, name) = (TestLog::new(number), LogName::new(name).unwrap());
                for _ in 0..200 {
                    let head = log.head();
                    append(&store, &name, &head, &log.seal(2)).unwrap();
                }
            });
        }
    });
    let store = open(&place, OpenMode::ReadOnly);
    for name in store.logs().unwrap() {
        assert_eq!(whole(&store, &name).size(), 400);
    }
}
