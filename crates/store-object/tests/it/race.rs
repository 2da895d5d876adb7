//! A97: two writers that each think themselves alone.

use crate::rig::{append, folder, open, whole};
use ai_audit_store::{LogName, Store};
use ai_audit_store_object::{OpenMode, Place};
use ai_audit_testkit::{TestLog, writers};

/// Rounds on a server: so many, or as many as `TESTS_RACES` says.
#[cfg(feature = "s3")]
fn rounds(few: u64) -> u64 {
    std::env::var("TESTS_RACES").map_or(few, |rounds| rounds.parse().unwrap())
}

fn race(place: &Place, rounds: u64) {
    drop(open(place, OpenMode::Create));
    writers::race(|| open(place, OpenMode::ReadWrite), rounds);
}

#[test]
fn a97_of_two_writers_that_race_in_a_folder_one_wins_each_time() {
    let folder = folder();
    race(&Place::Folder(folder.path().into()), 10_000);
}

/// Not in moto: it looks at the condition, and writes later.
#[cfg(feature = "s3")]
#[test]
fn a97_of_two_writers_that_race_in_seaweedfs_one_wins_each_time() {
    if let Some(server) = crate::servers::Server::weed() {
        race(&server.bucket(""), rounds(200));
    }
}

/// Writers of different logs share one root: none is refused, not even one that prepares more each time than the others.
#[test]
fn a97_writers_of_two_logs_do_not_refuse_each_other() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    drop(open(&place, OpenMode::Create));
    std::thread::scope(|scope| {
        for (number, name, receipts) in [(1, "one", 2), (2, "two", 2), (3, "three", 50)] {
            let place = &place;
            scope.spawn(move || {
                let store = open(place, OpenMode::ReadWrite);
                let (mut log, name) = (TestLog::new(number), LogName::new(name).unwrap());
                for _ in 0..400 / receipts {
                    let head = log.head();
                    append(&store, &name, &head, &log.seal(receipts)).unwrap();
                }
            });
        }
    });
    let store = open(&place, OpenMode::ReadOnly);
    for name in store.logs().unwrap() {
        assert_eq!(whole(&store, &name).size(), 400);
    }
}
