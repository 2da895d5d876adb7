//! Deleted bytes are in the server's files no more, and deletions end also where appends never pause.

use crate::servers::{Admin, append, create};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Query, ReadLimit, Sealed, Store};
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use ai_audit_testkit::{RedisServer, TestLog};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// All files below a folder. Some may go while they are looked for.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            all.push(bytes);
        }
    }
    all
}

fn count(folder: &Path, tails: &[&[u8]]) -> usize {
    let files = files(folder);
    let found = tails.iter().filter(|tail| {
        files
            .iter()
            .any(|file| file.windows(tail.len()).any(|window| window == **tail))
    });
    found.count()
}

/// Waits until so many are there: the server removes old files in the background.
fn settles(folder: &Path, tails: &[&[u8]], expected: usize) {
    let start = Instant::now();
    loop {
        let found = count(folder, tails);
        if found == expected {
            return;
        }
        let late = start.elapsed() > Duration::from_secs(60);
        assert!(!late, "{found} are in the files; expected {expected}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn deleted_bytes_are_in_the_files_no_more() {
    // No compression: what is there would be found.
    let Some(server) = RedisServer::start_in_memory(&["--rdbcompression", "no"]) else {
        return;
    };
    let (store, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    let text = b"a ciphertext that is looked for in the files";
    let mut receipts = log.seal(60);
    let beside = vec![ciphertext(1, text)];
    let decision = log.seal_next(&decision_with("person-7", &beside));
    receipts.push(decision.with_ciphertexts(beside));
    append(&store, &name, &Head::EMPTY, &receipts).unwrap();
    let tails: Vec<&[u8]> = receipts.iter().map(tail).collect();
    assert_eq!(count(server.folder(), &tails), 61);
    assert_eq!(count(server.folder(), &[text]), 1);

    assert_eq!(store.delete_receipts(&name, 0..=39).unwrap(), 38);
    settles(server.folder(), &tails, 23);
    assert_eq!(store.delete_ciphertexts(&name, &[key_id(1)]).unwrap(), 1);
    settles(server.folder(), &[text], 0);
    assert_eq!(store.restore_receipts(&name, &receipts[..12]).unwrap(), 10);
    settles(server.folder(), &tails, 33);
    assert_eq!(store.count_deleted(&name, 0..=60).unwrap(), 28);
}

/// Each append completes a run of receipts, which is what a deletion once lost against, time after time.
#[test]
fn a_deletion_ends_under_appends_that_never_pause() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (store, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    append(&store, &name, &Head::EMPTY, &log.seal(4 * 1024)).unwrap();
    let over = AtomicBool::new(false);
    let (deleted, restored, size) = std::thread::scope(|scope| {
        let appends = scope.spawn(|| {
            let (store, mut log) = (create(&server), log);
            // So many are more than memory should have to take.
            for _ in 0..300 {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let head = log.head();
                append(&store, &name, &head, &log.seal(1024)).unwrap();
            }
            log.head().size()
        });
        let read = store.read(&name, 10, ReadLimit::ONE);
        let one = read.unwrap().pop().unwrap().into_sealed().unwrap();
        let deleted = store.delete_receipts(&name, 0..=4 * 1024 - 1);
        let restored = store.restore_receipts(&name, &[Sealed::new(one)]);
        over.store(true, Ordering::SeqCst);
        (deleted, restored, appends.join().unwrap())
    });
    assert_eq!((deleted, restored), (Ok(4 * 1024 - 2), Ok(1)));
    // Appends touched nothing that these compare.
    let mut admin = Admin::to(&server);
    let of = |admin: &mut Admin, key: &str| admin.text(&["HGET", key, "default"]);
    assert_eq!(of(&mut admin, "{ai-audit}:revisions"), "2");
    let indexed = of(&mut admin, "{ai-audit}:indexed");
    assert_eq!(indexed, (size / 1024).to_string());
    assert_eq!(store.count_deleted(&name, 0..=size - 1), Ok(4 * 1024 - 3));
}

/// The run at the log's end grows: what is deleted in it is found by no name once it is complete, nor lost to who
/// looks for what was put back.
#[test]
fn a_run_that_is_completed_has_the_names_of_what_is_there_and_no_others() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (store, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    let receipts = log.seal(1000);
    append(&store, &name, &Head::EMPTY, &receipts).unwrap();
    assert_eq!(store.delete_receipts(&name, 10..=19).unwrap(), 10);
    let back = store.restore_receipts(&name, &receipts[12..14]);
    assert_eq!(back, Ok(2));
    let head = log.head();
    append(&store, &name, &head, &log.seal(1048)).unwrap();
    let mut admin = Admin::to(&server);
    let indexed = admin.text(&["HGET", "{ai-audit}:indexed", "default"]);
    assert_eq!(indexed, "2");
    let mut found = Vec::new();
    for trace in ["t0", "t1", "t2"] {
        let query = Query::Trace(trace.into());
        found.extend(store.find(&name, &query, None, 5000).unwrap());
    }
    for seq in 10..20 {
        assert_eq!(found.contains(&seq), [12, 13].contains(&seq), "{seq}");
    }
    assert!(found.contains(&9) && found.contains(&2047));
    assert_eq!(store.delete_receipts(&name, 10..=19).unwrap(), 2);
    assert_eq!(store.count_deleted(&name, 0..=2047).unwrap(), 10);
}

fn tail(sealed: &Sealed) -> &[u8] {
    let bytes = sealed.as_bytes();
    &bytes[bytes.len() - 64..]
}
