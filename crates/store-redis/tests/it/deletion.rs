//! Deleted bytes are in the server's files no more.

use crate::servers::{append, create};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Sealed, Store};
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use ai_audit_testkit::{RedisServer, TestLog};
use std::path::Path;
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

fn tail(sealed: &Sealed) -> &[u8] {
    let bytes = sealed.as_bytes();
    &bytes[bytes.len() - 64..]
}
