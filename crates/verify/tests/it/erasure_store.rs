//! A28, A51: the erasure line where the verifier has the store of subject keys, in whatever state its
//! keeper left it.

use crate::logs::Log;
use ai_audit_core::{
    Content, Decision, Exit, KeptField, LeafHash, LogId, Question, ReceiptId, Status, SubjectKeyId,
    Timestamp, UnverifiedReceipt,
};
use ai_audit_shredding::{
    ErasedSubject, ErasureRequested, HeldKey, KekId, Place, SubjectKey, SubjectKeys,
    SubjectKeysError,
};
use ai_audit_testkit::erasures::{encrypted_decision, erasure_completion, erasure_request, key_id};
use ai_audit_verify::{LogVerifier, Report, TrustPolicy};
use std::collections::{BTreeMap, BTreeSet};

type Kept<T> = Result<T, SubjectKeysError>;

/// What somebody has made of a store of subject keys.
pub(crate) struct Keys {
    log: LogId,
    /// Subject and bytes of the keys that can be unwrapped, by the first byte of their id.
    pub(crate) keys: BTreeMap<u8, (&'static str, [u8; 32])>,
    pub(crate) tombstones: BTreeSet<u8>,
    /// Ids that cannot be read.
    pub(crate) broken: BTreeSet<u8>,
}

impl Keys {
    pub(crate) fn of(log: &Log) -> Self {
        let genesis = UnverifiedReceipt::parse(&log.sealed[0]).unwrap();
        Self {
            log: genesis.hash().to_log_id(),
            keys: BTreeMap::new(),
            tombstones: BTreeSet::new(),
            broken: BTreeSet::new(),
        }
    }
}

impl SubjectKeys for Keys {
    fn log(&self) -> &LogId {
        &self.log
    }
    fn key_for(&self, _: &str) -> Kept<SubjectKey> {
        panic!("a verifier makes no keys")
    }
    fn find(&self, subject: &str) -> Kept<Option<SubjectKeyId>> {
        let mut all = self.keys.iter();
        let found = all.find(|(_, (name, _))| *name == subject);
        Ok(found.map(|(id, _)| key_id(*id)))
    }
    fn held(&self, id: SubjectKeyId) -> Kept<HeldKey> {
        let first = id.as_bytes()[0];
        if self.broken.contains(&first) {
            return Err(SubjectKeysError::new("the key does not open"));
        }
        Ok(match self.keys.get(&first) {
            Some((subject, bytes)) => HeldKey::InUse {
                subject: (*subject).into(),
                key: SubjectKey::new(id, self.log, bytes),
            },
            None if self.tombstones.contains(&first) => HeldKey::Destroyed,
            None => HeldKey::Unknown,
        })
    }
    fn subjects(&self) -> Kept<Vec<(String, SubjectKeyId)>> {
        panic!("a verifier does not need them all")
    }
    fn sync(&self) -> Kept<()> {
        panic!("a verifier changes nothing")
    }
    fn kek(&self) -> Kept<KekId> {
        panic!("a verifier needs no key-encryption key")
    }
    fn may_destroy(&self, _: &[SubjectKeyId]) -> Kept<()> {
        panic!("a verifier changes nothing")
    }
    fn destroy(&self, _: &[SubjectKeyId], _: KekId) -> Kept<KekId> {
        panic!("a verifier changes nothing")
    }
}

/// A decision whose input is really encrypted, under a key of these bytes.
pub(crate) fn encrypt(log: &mut Log, subject: &'static str, key: u8, bytes: [u8; 32]) {
    let time = Timestamp::from_micros(1_790_000_000_000_000 + log.size());
    let mut random = [0; 10];
    random[2..].copy_from_slice(&log.size().to_be_bytes());
    let place = Place {
        receipt: ReceiptId::from_parts(time, random),
        subject,
        field: "input",
    };
    let key = SubjectKey::new(key_id(key), Keys::of(log).log, &bytes);
    let (field, _) = key.encrypt(&place, b"a secret", [1; 12]).unwrap();
    log.seal(&Decision {
        subject: subject.into(),
        kept: vec![KeptField {
            name: "input".into(),
            content: Content::Encrypted(field),
        }]
        .into(),
        ..Decision::new()
    });
}

/// Erases a subject: request and completion, the key-encryption keys being `kek` and the next.
pub(crate) fn erase(log: &mut Log, subject: &'static str, keys: &[u8], kek: u8) {
    let request = ask(log, subject, keys, kek);
    log.seal(&erasure_completion(request, keys, kek + 1));
}

pub(crate) fn ask(log: &mut Log, subject: &'static str, keys: &[u8], kek: u8) -> LeafHash {
    log.seal(&ErasureRequested {
        subjects: vec![ErasedSubject {
            subject: subject.into(),
            keys: keys.iter().map(|key| key_id(*key)).collect(),
        }]
        .into(),
        kek: KekId::from_bytes([kek; 16]),
        ..erasure_request(&[])
    })
}

/// Receipts from `from` on, with a store of keys.
pub(crate) fn report_from(log: &Log, from: usize, keys: &Keys, policy: &TrustPolicy) -> Report {
    let mut verifier = LogVerifier::new(policy);
    verifier.subject_keys(keys);
    for sealed in &log.sealed[from..] {
        verifier.push(sealed);
    }
    verifier.finish()
}

fn report(log: &Log, keys: &Keys) -> Report {
    report_from(log, 0, keys, &TrustPolicy::new())
}

fn said(log: &Log, keys: &Keys) -> String {
    report(log, keys).verdict.erasure.to_string()
}

/// Person 7 is erased in receipts 6 and 7; person 8 is not.
fn erased() -> (Log, Keys) {
    let mut log = Log::of(1, 4);
    encrypt(&mut log, "person-7", 5, [55; 32]);
    encrypt(&mut log, "person-8", 8, [88; 32]);
    erase(&mut log, "person-7", &[5], 1);
    let mut keys = Keys::of(&log);
    keys.keys.insert(8, ("person-8", [88; 32]));
    keys.tombstones.insert(5);
    (log, keys)
}

#[test]
fn with_a_key_store_that_has_none_of_the_keys_an_erasure_is_verified() {
    let (log, keys) = erased();
    let report = report_from(&log, 0, &keys, &log.policy());
    assert_eq!(report.verdict.erasure, Status::Verified);
    assert_eq!(report.exit(&Question::ALL[4..]), Exit::Verified);
    // It is said how far that goes.
    let [remark] = report.remarks.as_slice() else {
        panic!("{report:?}")
    };
    assert!(remark.contains("at hand: 1;") && remark.contains("copies elsewhere"));
    // Somebody who came again has a key that opens nothing of before.
    let (mut log, mut keys) = erased();
    encrypt(&mut log, "person-7", 6, [66; 32]);
    keys.keys.insert(6, ("person-7", [66; 32]));
    assert_eq!(said(&log, &keys), "verified");
}

#[test]
fn a28_a_destroyed_key_that_is_in_the_key_store_fails_at_its_completion() {
    let (mut log, mut keys) = erased();
    erase(&mut log, "person-8", &[8], 2);
    keys.keys.clear();
    keys.keys.insert(8, ("person-8", [88; 32]));
    let report = report(&log, &keys);
    let erasure = report.verdict.erasure.to_string();
    assert!(
        erasure.starts_with("FAILED at receipt 9: keys: 0808") && erasure.contains("unwrapped"),
        "{erasure}"
    );
    assert!(report.verdict.integrity.is_verified());
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
    // A tombstone beside it changes nothing, nor does whose it is said to be.
    keys.tombstones.insert(8);
    keys.keys.insert(8, ("nobody", [1; 32]));
    assert!(said(&log, &keys).starts_with("FAILED at receipt 9"));
}

#[test]
fn a51_a_destroyed_key_under_another_id_is_known_by_what_it_opens() {
    let (log, mut keys) = erased();
    keys.keys.insert(6, ("person-7", [55; 32]));
    let erasure = said(&log, &keys);
    assert!(
        erasure.starts_with("FAILED at receipt 7: keys: 0505") && erasure.contains("as 0606"),
        "{erasure}"
    );
    // Also where a first erasure was honest, and after he was recorded again under it.
    let (mut log, mut keys) = erased();
    encrypt(&mut log, "person-7", 6, [66; 32]);
    erase(&mut log, "person-7", &[6], 2);
    encrypt(&mut log, "person-7", 7, [66; 32]);
    keys.tombstones.insert(6);
    keys.keys.insert(7, ("person-7", [66; 32]));
    let erasure = said(&log, &keys);
    assert!(
        erasure.starts_with("FAILED at receipt 10: keys: 0606") && erasure.contains("as 0707"),
        "{erasure}"
    );
    // Asked for somebody else it is nothing of his.
    let policy = TrustPolicy::new().subject("person-8");
    let erasure = report_from(&log, 0, &keys, &policy).verdict.erasure;
    assert!(matches!(erasure, Status::Unverified { .. }), "{erasure}");
}

#[test]
fn a_key_store_that_knows_nothing_of_the_keys_is_said_to_be_perhaps_another() {
    let (log, mut keys) = erased();
    keys.tombstones.clear();
    let report = report(&log, &keys);
    assert_eq!(report.verdict.erasure, Status::Verified);
    let remarks = report.remarks.join("\n");
    assert!(
        remarks.contains("no tombstone of 1 of the 1 destroyed keys"),
        "{remarks}"
    );
}

#[test]
fn a_key_store_that_cannot_be_read_leaves_it_unverified() {
    let (log, mut keys) = erased();
    let cannot = "unverified: erasures were recorded, and the key store cannot be searched: ";
    let policy = TrustPolicy::new();
    let mut verifier = LogVerifier::new(&policy);
    verifier.unreadable_subject_keys("the passphrase is wrong");
    for sealed in &log.sealed {
        verifier.push(sealed);
    }
    let erasure = verifier.finish().verdict.erasure.to_string();
    assert_eq!(erasure, format!("{cannot}the passphrase is wrong"));
    // A destroyed key that is there and does not open, and one in use that does not.
    for broken in [5, 6] {
        keys.broken = [broken].into();
        keys.keys.insert(6, ("person-7", [66; 32]));
        let erasure = said(&log, &keys);
        assert_eq!(erasure, format!("{cannot}the key does not open"));
    }
    // What is found all the same fails.
    let (mut log, mut keys) = erased();
    erase(&mut log, "person-8", &[8], 2);
    keys.broken = [5].into();
    assert!(said(&log, &keys).starts_with("FAILED at receipt 9"));
}

#[test]
fn the_key_store_of_another_log_tells_nothing() {
    let (log, _) = erased();
    let other = Keys::of(&Log::of(2, 1));
    let erasure = said(&log, &other);
    assert!(
        erasure.starts_with("unverified: ") && erasure.contains("keys of another log"),
        "{erasure}"
    );
}

#[test]
fn a_key_store_changes_nothing_where_it_has_nothing_to_say() {
    // Nothing was erased.
    let mut log = Log::of(1, 4);
    encrypt(&mut log, "person-7", 5, [55; 32]);
    let mut keys = Keys::of(&log);
    keys.keys.insert(5, ("person-7", [55; 32]));
    assert_eq!(said(&log, &keys), "not applicable");
    // Under way: the key may be there.
    ask(&mut log, "person-7", &[5], 1);
    let erasure = said(&log, &keys);
    assert!(
        erasure.starts_with("unverified: the erasure that receipt 5 asks for"),
        "{erasure}"
    );
    // What the log itself shows fails.
    let (mut log, keys) = erased();
    log.seal(&encrypted_decision("person-7", 5));
    assert!(said(&log, &keys).starts_with("FAILED at receipt 8: kept"));
}

#[test]
fn of_a_part_of_the_log_or_a_broken_one_a_key_store_verifies_nothing() {
    let (mut log, mut keys) = erased();
    let policy = TrustPolicy::new();
    let part = |log: &Log, keys: &Keys| {
        let report = report_from(log, 4, keys, &policy);
        report.verdict.erasure.to_string()
    };
    let erasure = part(&log, &keys);
    assert!(
        erasure.starts_with("unverified: the keys that are destroyed here"),
        "{erasure}"
    );
    keys.keys.insert(5, ("person-7", [55; 32]));
    assert!(part(&log, &keys).starts_with("FAILED at receipt 7"));
    keys.keys.remove(&5);
    // The signature of the first decision.
    *log.sealed[2].last_mut().unwrap() ^= 1;
    let erasure = said(&log, &keys);
    assert!(
        erasure.starts_with("unverified: integrity failed"),
        "{erasure}"
    );
}
