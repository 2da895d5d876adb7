//! A31: a writer that is killed at any moment loses nothing that it acknowledged.
//!
//! The test starts itself again as a child that appends to two logs from several threads and prints
//! what was acknowledged; SIGKILL ends it at a random moment, 200 times and more. Some of the receipts
//! have ciphertexts beside them.

use crate::options;
use ai_audit_core::{
    Chain, Decision, DecodeBody as _, Exit, Head, LeafHash, Question, UnverifiedReceipt,
};
use ai_audit_directory::{LogDirectory, Settings, Writer, init};
use ai_audit_store::{Ciphertext, LogName, ReadLimit, Record};
use ai_audit_testkit::erasures::{ciphertext, decision_with};
use ai_audit_verify::{Pin, TrustPolicy};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const VARIABLE: &str = "AI_AUDIT_TEST_A31";
const KILLS: usize = 210;
const LOGS: [&str; 2] = ["default", "acme"];

/// The child. Does nothing where it is run as a test like the others.
#[test]
fn a31_child() {
    let Some(path) = std::env::var_os(VARIABLE) else {
        return;
    };
    let settings = Settings {
        checkpoint_every: 7,
        ..Settings::default()
    };
    let writer = Writer::open(Path::new(&path), settings, "child").unwrap();
    std::thread::scope(|scope| {
        for producer in 0..4 {
            let (writer, log) = (&writer, LogName::new(LOGS[producer % 2]).unwrap());
            scope.spawn(move || {
                loop {
                    let records = (0..=producer).map(record).collect();
                    let receipts = writer
                        .ledger()
                        .submit(&log, records)
                        .unwrap()
                        .wait()
                        .unwrap();
                    let lines: String = receipts
                        .iter()
                        .map(|receipt| format!("ACK {log} {} {}\n", receipt.seq, receipt.hash))
                        .collect();
                    // Whoever reads may be gone; then so are we.
                    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
                }
            });
        }
    });
}

/// One of a group; every second has a ciphertext beside it.
fn record(number: usize) -> Record {
    if number.is_multiple_of(2) {
        return Record::new(&Decision::new());
    }
    let beside = beside();
    Record::new(&decision_with("person-7", &beside)).ciphertexts(beside)
}

fn beside() -> Vec<Ciphertext> {
    vec![ciphertext(1, &[7; 6000])]
}

/// What the parent remembers of a log.
struct Known {
    chain: Chain,
    acknowledged: Vec<(u64, LeafHash)>,
}

#[test]
#[cfg(unix)]
fn a31_killed_at_random_moments_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let lines = LOGS.map(|log| {
        init(&path, &options(log), Settings::default(), "test")
            .unwrap()
            .key_line
    });
    let mut known: BTreeMap<String, Known> = LOGS
        .map(|log| {
            (
                log.to_string(),
                Known {
                    chain: Chain::new(),
                    acknowledged: Vec::new(),
                },
            )
        })
        .into();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut state = u64::from(now.subsec_nanos());
    let mut acknowledged = 0;
    for kill in 0..KILLS {
        // A linear congruential generator is random enough for moments.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let wait = Duration::from_micros((state >> 33) % 30_000);
        // Some die while they open the log, most while they append.
        let acks = run_and_kill(&path, wait, kill % 10 != 0);
        acknowledged += acks.len();
        for (log, seq, hash) in acks {
            known.get_mut(&log).unwrap().acknowledged.push((seq, hash));
        }
        for (log, known) in &mut known {
            check(&path, log, known);
        }
    }
    // Of those that were let come to their first acknowledgement each has one; how many more is a matter of the
    // machine and of what else it does.
    assert!(
        acknowledged >= KILLS - KILLS / 10,
        "only {acknowledged} were acknowledged in {KILLS} runs"
    );
    let directory = LogDirectory::open(&path, Settings::default()).unwrap();
    for (log, line) in LOGS.iter().zip(lines) {
        let size = directory.head(&LogName::new(log).unwrap()).unwrap().size();
        let policy = TrustPolicy::new().pin(Pin::Log(line)).min_size(size);
        let report = directory
            .verify(&LogName::new(log).unwrap(), &policy)
            .unwrap();
        assert_eq!(
            report.exit(&Question::DEFAULT),
            Exit::Verified,
            "{report:?}"
        );
    }
}

/// Runs a child, kills it, and gives what it had acknowledged.
fn run_and_kill(path: &Path, wait: Duration, after_first: bool) -> Vec<(String, u64, LeafHash)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["a31_kill::a31_child", "--exact", "--nocapture"])
        .env(VARIABLE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    if after_first {
        let mut line = String::new();
        while !line.starts_with("ACK") && {
            line.clear();
            output.read_line(&mut line).unwrap() > 0
        } {}
        lines.push(line);
    }
    std::thread::sleep(wait);
    // SIGKILL: it gets no chance to put anything in order.
    child.kill().unwrap();
    child.wait().unwrap();
    let mut line = String::new();
    while {
        line.clear();
        output.read_line(&mut line).unwrap() > 0
    } {
        lines.push(line.clone());
    }
    // The last line may be cut in the middle, as everything else that was not acknowledged wholly.
    let whole = lines.iter().filter(|line| line.ends_with('\n'));
    whole
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == "ACK").then_some(())?;
            Some((
                words.next()?.into(),
                words.next()?.parse().ok()?,
                words.next()?.parse().ok()?,
            ))
        })
        .collect()
}

/// The log goes on where it was, whole, and has everything that was acknowledged.
fn check(path: &Path, log: &str, known: &mut Known) {
    let directory = LogDirectory::open(path, Settings::default()).unwrap();
    let name = LogName::new(log).unwrap();
    let from = known.chain.head().size();
    let all = ReadLimit {
        receipts: usize::MAX,
        bytes: usize::MAX,
    };
    let mut hashes = BTreeMap::new();
    for stored in directory.store().read(&name, from, all).unwrap() {
        let receipt = UnverifiedReceipt::parse(stored.sealed().unwrap()).unwrap();
        known.chain.push(&receipt).unwrap();
        hashes.insert(stored.seq, receipt.hash());
        // It came with its ciphertext or not at all.
        let names_one = Decision::decode(&receipt).is_ok_and(|body| !body.kept.is_empty());
        let expected = if names_one { beside() } else { Vec::new() };
        let found = directory.store().ciphertexts(&name, stored.seq).unwrap();
        assert!(found == expected, "log {log}: receipt {}", stored.seq);
    }
    let head: Head = directory.head(&name).unwrap();
    assert_eq!(
        known.chain.head(),
        &head,
        "the stored head is not where the receipts end"
    );
    for (seq, hash) in known.acknowledged.drain(..) {
        assert_eq!(
            hashes.get(&seq),
            Some(&hash),
            "log {log}: receipt {seq} was acknowledged"
        );
    }
}
