//! Packages of logs with epochs, of which bytes may be deleted: ours and the independent verifier
//! say the same.

use crate::files::{get, pack, remanifest, unpack};
use ai_audit_core::{
    Body, Decision, Digest, Draft, Exit, Gap, Genesis, Head, Kind, LeafHash, MAX_SEALED_LEN, Next,
    PolicyEntry, Question, ReceiptId, ReceiptSource, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochSeal, EpochTracker};
use ai_audit_export::{
    ExportError, LogEvidence, PackageOptions, ReceiptsReader, ReceiptsWriter, Selection, Written,
    verify_package, write_package,
};
use ai_audit_merkle::MemoryTree;
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy, verify_source};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::Cursor;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// A log in memory with a keeper who knows its keys, and the receipts that have no bytes.
struct EpochLog {
    key: SigningKey,
    checkpoint_key: SigningKey,
    origin: String,
    head: Head,
    tracker: EpochTracker,
    tree: MemoryTree,
    sealed: Vec<Vec<u8>>,
    gone: BTreeSet<u64>,
    /// Hashes that stand in the place of the true ones.
    lies: Vec<(u64, LeafHash)>,
    /// Whether it can be asked for a range.
    picks: bool,
    seals: Vec<EpochSeal>,
}

impl EpochLog {
    /// Two sealed epochs, 0 to 5 and 6 to 11, with a gap at 8, and two receipts more.
    fn new(days: &'static str) -> Self {
        let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[60 + n; 32]));
        let public = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
        let mut genesis = Genesis::new(
            "example.org/epochs",
            "acme",
            &public[0],
            &public[1],
            &public[2],
            [9; 16],
        );
        genesis.policy = vec![PolicyEntry {
            name: "retention-days".into(),
            value: days.into(),
        }]
        .into();
        let [key, checkpoint_key, _] = keys;
        let mut log = Self {
            key,
            checkpoint_key,
            origin: genesis.origin().unwrap().to_string(),
            head: Head::EMPTY,
            tracker: EpochTracker::new(),
            tree: MemoryTree::new(),
            sealed: Vec::new(),
            gone: BTreeSet::new(),
            lies: Vec::new(),
            picks: false,
            seals: Vec::new(),
        };
        log.add(&genesis);
        log.decide(4);
        log.seal(|_| {});
        log.decide(2);
        log.add(&Gap {
            from: log.now(),
            to: log.now(),
            lost: None,
            reason: "outage".into(),
        });
        log.decide(2);
        log.seal(|_| {});
        log.decide(2);
        log
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + self.head.size())
    }

    fn add(&mut self, body: &impl Body) {
        self.add_at(body, self.now());
    }

    fn add_at<B: Body>(&mut self, body: &B, time: Timestamp) {
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.head.size().to_be_bytes());
        let sealed = Draft::new(ReceiptId::from_parts(time, random), time)
            .session("s")
            .seal(body, &self.head, &self.key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        self.tracker.push(B::KIND, sealed.hash(), time);
        self.tree.push(sealed.hash()).unwrap();
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    fn decide(&mut self, count: u64) {
        for _ in 0..count {
            self.add(&Decision {
                model: "m".into(),
                ..Decision::new()
            });
        }
    }

    fn seal(&mut self, change: impl FnOnce(&mut EpochSeal)) {
        let mut seal = self.tracker.next_seal(self.tree.root());
        change(&mut seal);
        self.add(&seal);
        self.seals.push(seal);
    }

    /// Writes a deletion receipt, changed or not, so much later.
    fn declare(&mut self, epoch: usize, later: u64, change: impl FnOnce(&mut Deletion<'static>)) {
        let seal = self.seals[epoch];
        let mut deletion = Deletion {
            epoch: seal.number,
            first: seal.first,
            last: seal.size,
            count: seal.count - seal.control,
            archive: Some(Digest::of(b"archive")),
            reason: "retention".into(),
        };
        change(&mut deletion);
        let time = Timestamp::from_micros(self.now().as_micros() + later);
        self.add_at(&deletion, time);
    }

    /// Deletes the bytes of an epoch, as the store does.
    fn delete(&mut self, epoch: usize) {
        let seal = self.seals[epoch];
        let gone = (seal.first..=seal.size).filter(|seq| !self.kind(*seq).is_control());
        self.gone = self.gone.iter().copied().chain(gone).collect();
    }

    fn kind(&self, seq: u64) -> Kind {
        let sealed = &self.sealed[usize::try_from(seq).unwrap()];
        UnverifiedReceipt::parse(sealed).unwrap().header().kind
    }

    fn checkpoint(&self) -> SignedNote {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: self.tree.size(),
            root: self.tree.root(),
            extensions: vec![],
        };
        checkpoint.sign(&self.checkpoint_key).unwrap()
    }

    fn key_line(&self) -> String {
        let line = VKey::ed25519(&self.origin, self.checkpoint_key.verifying_key());
        line.unwrap().to_string()
    }

    fn policy(&self) -> TrustPolicy {
        TrustPolicy::new()
            .pin(Pin::parse(&self.key_line()).unwrap())
            .checkpoint(self.checkpoint().to_string().as_bytes())
            .unwrap()
    }

    fn write(
        &self,
        selection: Selection,
        json_view: bool,
    ) -> Result<(Vec<u8>, Written), ExportError> {
        let mut out = Cursor::new(Vec::new());
        let options = PackageOptions {
            selection,
            json_view,
        };
        let (note, key) = (self.checkpoint(), &self.checkpoint_key);
        let written = write_package(&mut out, self, &note, &[], key, &options, |_, _| {})?;
        Ok((out.into_inner(), written))
    }

    /// The receipts file as a keeper writes it who checks nothing.
    fn receipts_file(&self) -> Vec<u8> {
        let mut writer = ReceiptsWriter::new(Vec::new()).unwrap();
        let mut source = self.receipts().unwrap();
        let mut buf = vec![0; MAX_SEALED_LEN];
        while let Some(next) = source.read_next(&mut buf).unwrap() {
            match next {
                Next::Sealed(len) => writer
                    .write(&UnverifiedReceipt::parse(&buf[..len]).unwrap())
                    .unwrap(),
                Next::Deleted(hash) => writer.write_deleted(&hash).unwrap(),
            }
        }
        writer.into_inner()
    }
}

struct Source<'a> {
    log: &'a EpochLog,
    places: std::vec::IntoIter<u64>,
}

impl ReceiptSource for Source<'_> {
    type Error = Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Infallible> {
        let Some(seq) = self.places.next() else {
            return Ok(None);
        };
        let sealed = &self.log.sealed[usize::try_from(seq).unwrap()];
        if self.log.gone.contains(&seq) {
            let lie = self.log.lies.iter().find(|(place, _)| *place == seq);
            let hash = UnverifiedReceipt::parse(sealed).unwrap().hash();
            return Ok(Some(Next::Deleted(lie.map_or(hash, |(_, hash)| *hash))));
        }
        buf[..sealed.len()].copy_from_slice(sealed);
        Ok(Some(Next::Sealed(sealed.len())))
    }
}

impl LogEvidence for EpochLog {
    type Error = Infallible;
    type Receipts<'s> = Source<'s>;
    type NodeError = ai_audit_merkle::MissingNode;
    type Nodes<'s> = MemoryTree;

    fn receipts(&self) -> Result<Source<'_>, Infallible> {
        let places: Vec<u64> = (0..self.head.size()).collect();
        Ok(Source {
            log: self,
            places: places.into_iter(),
        })
    }

    fn nodes(&self) -> MemoryTree {
        self.tree.clone()
    }

    fn pick(
        &self,
        range: RangeInclusive<u64>,
        size: u64,
    ) -> Result<Option<Source<'_>>, Infallible> {
        let places: Vec<u64> = (0..size)
            .filter(|seq| range.contains(seq) || self.kind(*seq).is_control())
            .collect();
        Ok(self.picks.then_some(Source {
            log: self,
            places: places.into_iter(),
        }))
    }
}

/// Runs the independent verifier on what lies in a folder; none where there is no Python.
fn python(folder: &Path, what: &str) -> Option<(i32, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/verify.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(folder.join(what))
        .arg("--key")
        .arg(folder.join("log.pub"))
        .arg("--checkpoint")
        .arg(folder.join("kept.note"))
        .output();
    let Ok(output) = output else {
        println!("SKIPPED: verify.py: python3 is absent");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Some((output.status.code().unwrap(), said))
}

/// Unpacks a package for the independent verifier.
fn unpacked(log: &EpochLog, package: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("package");
    std::fs::create_dir(&inside).unwrap();
    for (name, contents) in unpack(package) {
        std::fs::write(inside.join(name), contents).unwrap();
    }
    bring(log, folder.path());
    folder
}

fn bring(log: &EpochLog, folder: &Path) {
    std::fs::write(folder.join("log.pub"), log.key_line()).unwrap();
    std::fs::write(folder.join("kept.note"), log.checkpoint().to_string()).unwrap();
}

#[test]
fn a_whole_log_with_deleted_epochs_is_packed_and_verified() {
    let mut log = EpochLog::new("0");
    log.declare(1, 0, |_| {});
    log.delete(1);
    let (package, written) = log.write(Selection::All, true).unwrap();
    assert_eq!((written.manifest.receipts, written.deleted), (15, 4));
    assert_eq!(log.write(Selection::All, true).unwrap().0, package);
    let report = verify_package(package.clone(), &log.policy(), |_, _| {}).report;
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    assert_eq!((report.receipts, report.deleted[0].deletion), (15, 14));
    let mut files = unpack(&package);
    let view = String::from_utf8(get(&mut files, "receipts.jsonl").clone()).unwrap();
    let line = view.lines().nth(6).unwrap();
    assert!(
        line.starts_with("{\"seq\":6,\"deleted\":true,\"hash\":\"") && line.len() == 98,
        "{line}"
    );
    if let Some((code, said)) = python(unpacked(&log, &package).path(), "package") {
        assert_eq!(code, 0, "{said}");
        assert!(
            said.contains("the bytes of 4 receipts are deleted"),
            "{said}"
        );
    }
    // A view that says something else, and one more byte of hash.
    for (file, place) in [
        ("receipts.jsonl", view.find("deleted").unwrap()),
        ("receipts.bin", 0),
    ] {
        let mut files = unpack(&package);
        let contents = get(&mut files, file);
        let place = match place {
            0 => contents.windows(2).rposition(|two| two == [0, 0]).unwrap() + 5,
            place => place,
        };
        contents[place] ^= 1;
        remanifest(&mut files, &log.checkpoint_key, |_| {});
        let changed = pack(&files);
        let report = verify_package(changed.clone(), &log.policy(), |_, _| {}).report;
        assert!(report.verdict.integrity.is_failed(), "{report:?}");
        if let Some((code, said)) = python(unpacked(&log, &changed).path(), "package") {
            assert_eq!(code, 1, "{said}");
        }
    }
}

#[test]
fn an_archive_is_the_same_whether_the_log_is_gone_through_or_picked_from() {
    let mut log = EpochLog::new("0");
    log.declare(0, 0, |_| {});
    log.delete(0);
    for view in [false, true] {
        for (from, to) in [(6, 11), (6, 8), (9, u64::MAX), (12, 13)] {
            let range = || Selection::Range { from, to };
            log.picks = false;
            let (through, written) = log.write(range(), view).unwrap();
            log.picks = true;
            let (picked, also) = log.write(range(), view).unwrap();
            assert_eq!(through, picked, "{from} to {to}");
            assert_eq!(written, also);
        }
    }
    let (archive, _) = log
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap();
    let report = verify_package(archive.clone(), &log.policy(), |_, _| {}).report;
    let asked = [Question::Integrity, Question::Attribution];
    assert_eq!(report.exit(&asked), Exit::Verified, "{report:?}");
    assert!(report.remarks[0].contains("epoch 1 is here"));
    if let Some((code, said)) = python(unpacked(&log, &archive).path(), "package") {
        // A selection is never complete.
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("integrity     verified"), "{said}");
    }
    // What is deleted cannot be packed, and is not passed over where it was asked for by place.
    for picks in [false, true] {
        log.picks = picks;
        for from in [0, 2, 4] {
            let error = log
                .write(Selection::Range { from, to: 9 }, false)
                .unwrap_err();
            let first = from.max(1);
            assert!(
                matches!(error, ExportError::Deleted { seq } if seq == first),
                "{error}"
            );
        }
    }
    let (_, written) = log.write(Selection::Session("s".into()), false).unwrap();
    assert_eq!((written.manifest.receipts, written.deleted), (11, 4));
}

#[test]
fn a_receipt_that_is_not_the_logs_is_not_packed() {
    let mut log = EpochLog::new("0");
    log.picks = true;
    log.sealed[7] = log.sealed[6].clone();
    let error = log
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap_err();
    assert!(matches!(error, ExportError::Order { seq: 6 }), "{error}");
    let mut other = EpochLog::new("1");
    other.picks = true;
    other.sealed[9] = EpochLog::new("0").sealed[9].clone();
    let error = other
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap_err();
    assert!(
        matches!(error, ExportError::Chain { seq: 9, .. }),
        "{error}"
    );
    // A changed one of the same log has no place in the checkpoint.
    let mut log = EpochLog::new("0");
    log.picks = true;
    let middle = log.sealed[9].len() - 70;
    log.sealed[9][middle] ^= 1;
    let error = log
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap_err();
    assert!(matches!(error, ExportError::Root { .. }), "{error}");
}

#[test]
fn a03_ours_and_verify_py_agree_on_deletions() {
    type Case = fn(&mut EpochLog);
    // Days that the genesis promises, what the keeper does, and the receipt at which it shows.
    let cases: [(&str, &str, Case, Option<u64>); 16] = [
        (
            "honest",
            "2",
            |log| {
                log.declare(1, 2 * DAY, |_| {});
                log.delete(1);
            },
            None,
        ),
        ("put back", "2", |log| log.declare(1, 2 * DAY, |_| {}), None),
        (
            "half",
            "0",
            |log| {
                log.declare(1, 0, |_| {});
                log.gone = [6, 10].into();
            },
            None,
        ),
        ("no receipt", "0", |log| log.delete(1), Some(6)),
        (
            "of another epoch",
            "0",
            |log| {
                log.declare(0, 0, |_| {});
                log.delete(1);
            },
            Some(6),
        ),
        ("open epoch", "0", |log| log.gone = [13].into(), Some(13)),
        (
            "count",
            "0",
            |log| {
                log.declare(1, 0, |deletion| deletion.count += 1);
                log.delete(1);
            },
            Some(14),
        ),
        (
            "range",
            "0",
            |log| {
                log.declare(1, 0, |deletion| deletion.last += 1);
                log.delete(1);
            },
            Some(14),
        ),
        (
            "not sealed",
            "0",
            |log| {
                log.declare(1, 0, |deletion| deletion.epoch = 2);
                log.delete(1);
            },
            Some(14),
        ),
        (
            "too young",
            "2",
            |log| {
                log.declare(1, 2 * DAY - 4, |_| {});
                log.delete(1);
            },
            Some(14),
        ),
        (
            "promise unreadable",
            "2d",
            |log| {
                log.declare(1, 9 * DAY, |_| {});
                log.delete(1);
            },
            Some(14),
        ),
        (
            "control receipt",
            "0",
            |log| {
                log.declare(1, 0, |_| {});
                log.delete(1);
                log.gone.insert(8);
            },
            Some(11),
        ),
        (
            "seal",
            "0",
            |log| {
                log.declare(0, 0, |_| {});
                log.delete(0);
                log.gone.insert(5);
            },
            Some(11),
        ),
        (
            "genesis",
            "0",
            |log| {
                log.declare(0, 0, |_| {});
                log.delete(0);
                log.gone.insert(0);
            },
            Some(0),
        ),
        (
            "another hash",
            "0",
            |log| {
                log.declare(1, 0, |_| {});
                log.delete(1);
                log.lies = vec![(9, LeafHash::ZERO)];
            },
            Some(11),
        ),
        (
            "false seal",
            "0",
            |log| {
                log.seal(|seal| seal.control += 1);
            },
            Some(14),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, days, act, at) in cases {
        let mut log = EpochLog::new(days);
        act(&mut log);
        let file = log.receipts_file();
        let policy = log.policy();
        let verifier = LogVerifier::new(&policy);
        let mut source = ReceiptsReader::new(&file[..]).unwrap();
        let report = verify_source(verifier, &mut source, |_| {}).unwrap();
        let said = report.verdict.integrity.to_string();
        match at {
            None => assert_eq!(said, "verified", "{name}"),
            Some(seq) => assert!(
                said.starts_with(&format!("FAILED at receipt {seq}:")),
                "{name}: {said}"
            ),
        }
        std::fs::write(folder.path().join("receipts.bin"), &file).unwrap();
        bring(&log, folder.path());
        let Some((code, theirs)) = python(folder.path(), "receipts.bin") else {
            return;
        };
        match at {
            None => assert_eq!(code, 0, "{name}: {theirs}"),
            Some(seq) => {
                assert_eq!(code, 1, "{name}: {theirs}");
                let words = format!("at receipt {seq}:");
                assert!(theirs.contains(&words), "{name}: {theirs} but {said}");
            }
        }
    }
}
