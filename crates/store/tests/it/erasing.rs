//! What tests of erasures start from: a ledger whose keeper of subject keys fails when it is told to.

use crate::rig::{NOW, Rig, rig};
use ai_audit_core::{
    Content, Decision, DecodeBody as _, Exit, KeptField, Kind, LogId, Question, ReceiptId, Status,
    SubjectKeyId, Timestamp, UnverifiedReceipt,
};
use ai_audit_note::VKey;
use ai_audit_shredding::{HeldKey, KekId, Place, SubjectKey, SubjectKeys, SubjectKeysError};
use ai_audit_store::{
    Ciphertext, Ledger, LogName, MemoryKeys, MemorySubjectKeys, ReadLimit, Record, Shred, Store,
    StoreReader, SubjectKeysSource,
};
use ai_audit_testkit::{Counter, TestLog};
use ai_audit_verify::{LogVerifier, Pin, Report, TrustPolicy, verify_source};
use std::sync::{Arc, Mutex};

/// Keeps keys, and fails when it is told to.
pub(crate) struct Keys {
    pub(crate) keys: MemoryKeys,
    /// Whether the next destruction fails: before it was done, or after.
    pub(crate) fails: Mutex<Option<bool>>,
    pub(crate) sync_fails: Mutex<bool>,
    /// Whether nothing can be destroyed, which shows before anything is recorded.
    pub(crate) refuses: Mutex<bool>,
    /// What happens right after the next destruction.
    pub(crate) afterwards: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

struct Keeper {
    inner: Arc<MemorySubjectKeys>,
    source: Arc<Keys>,
}

pub(crate) struct Source(pub(crate) Arc<Keys>);

impl SubjectKeysSource for Source {
    fn subject_keys(&self, _: &LogName, id: LogId) -> Result<Arc<dyn SubjectKeys>, String> {
        Ok(Arc::new(Keeper {
            inner: self.0.keys.of(id),
            source: Arc::clone(&self.0),
        }))
    }

    fn opened(&self, log: &LogName, id: LogId) -> Option<Arc<dyn SubjectKeys>> {
        self.subject_keys(log, id).ok()
    }
}

type Kept<T> = Result<T, SubjectKeysError>;

impl SubjectKeys for Keeper {
    fn log(&self) -> &LogId {
        self.inner.log()
    }
    fn key_for(&self, subject: &str) -> Kept<SubjectKey> {
        self.inner.key_for(subject)
    }
    fn find(&self, subject: &str) -> Kept<Option<SubjectKeyId>> {
        self.inner.find(subject)
    }
    fn held(&self, id: SubjectKeyId) -> Kept<HeldKey> {
        self.inner.held(id)
    }
    fn subjects(&self) -> Kept<Vec<(String, SubjectKeyId)>> {
        self.inner.subjects()
    }
    fn sync(&self) -> Kept<()> {
        match *self.source.sync_fails.lock().unwrap() {
            true => Err(SubjectKeysError::new("the disk is full")),
            false => self.inner.sync(),
        }
    }
    fn kek(&self) -> Kept<KekId> {
        self.inner.kek()
    }
    fn may_destroy(&self, keys: &[SubjectKeyId]) -> Kept<()> {
        match *self.source.refuses.lock().unwrap() {
            true => Err(SubjectKeysError::new("the passphrase is another one")),
            false => self.inner.may_destroy(keys),
        }
    }
    fn destroy(&self, keys: &[SubjectKeyId], requested_under: KekId) -> Kept<KekId> {
        let fails = self.source.fails.lock().unwrap().take();
        if fails == Some(false) {
            return Err(SubjectKeysError::new("the disk is gone"));
        }
        let kek = self.inner.destroy(keys, requested_under)?;
        let afterwards = self.source.afterwards.lock().unwrap().take();
        if let Some(afterwards) = afterwards {
            afterwards();
        }
        match fails {
            Some(_) => Err(SubjectKeysError::new("the disk is gone")),
            None => Ok(kek),
        }
    }
}

pub(crate) struct Erasing {
    pub(crate) rig: Rig,
    pub(crate) keys: Arc<Keys>,
    pub(crate) ids: std::cell::Cell<u8>,
}

pub(crate) fn erasing() -> Erasing {
    let mut rig = rig();
    let keys = Arc::new(Keys {
        keys: MemoryKeys::new(Arc::new(Counter::default())),
        fails: Mutex::default(),
        sync_fails: Mutex::default(),
        refuses: Mutex::default(),
        afterwards: Mutex::default(),
    });
    rig.config.subject_keys = Some(Arc::new(Source(Arc::clone(&keys))));
    Erasing {
        rig,
        keys,
        ids: std::cell::Cell::new(0),
    }
}

pub(crate) fn log() -> LogName {
    LogName::default()
}

impl Erasing {
    pub(crate) fn keeper(&self) -> Arc<MemorySubjectKeys> {
        let head = self.rig.store.head(&log()).unwrap().unwrap();
        self.keys.keys.of(head.log_id())
    }

    pub(crate) fn id(&self) -> ReceiptId {
        self.ids.set(self.ids.get() + 1);
        ReceiptId::from_parts(Timestamp::from_micros(NOW), [self.ids.get(); 10])
    }

    /// A decision about a subject, whose input is kept under his key.
    pub(crate) fn record(&self, subject: &str) -> Record {
        let key = self.keeper().key_for(subject).unwrap();
        let id = self.id();
        let place = Place {
            receipt: id,
            subject,
            field: "input",
        };
        let (encrypted, bytes) = key.encrypt(&place, b"my secret", [9; 12]).unwrap();
        let decision = Decision {
            subject: subject.to_owned().into(),
            kept: vec![KeptField {
                name: "input".into(),
                content: Content::Encrypted(encrypted),
            }]
            .into(),
            ..Decision::new()
        };
        let key = encrypted.key;
        Record::new(&decision)
            .id(id)
            .ciphertexts(vec![Ciphertext { key, bytes }])
    }

    pub(crate) fn submit(&self, ledger: &Ledger, subject: &str) -> u64 {
        let ticket = ledger.submit(&log(), vec![self.record(subject)]).unwrap();
        ticket.wait().unwrap()[0].seq
    }

    /// What the log says of itself to an auditor, and the keys that are there beside it.
    pub(crate) fn report(&self, with_keys: bool) -> Report {
        self.report_of(&*self.rig.store, with_keys)
    }

    /// The same where the receipts are read of another store.
    pub(crate) fn report_of(&self, store: &dyn Store, with_keys: bool) -> Report {
        let [_, checkpoint, _] = TestLog::keys(1);
        let mut source = StoreReader::new(store, &log()).unwrap();
        let genesis = store.read(&log(), 0, ReadLimit::ONE).unwrap();
        let genesis = UnverifiedReceipt::parse(genesis[0].sealed().unwrap()).unwrap();
        let genesis = ai_audit_core::Genesis::decode(&genesis).unwrap();
        let origin = genesis.origin().unwrap().to_string();
        let line = VKey::ed25519(&origin, checkpoint.verifying_key());
        let size = store.head(&log()).unwrap().unwrap().size();
        let policy = TrustPolicy::new()
            .pin(Pin::Log(line.unwrap()))
            .min_size(size);
        let keeper = self.keeper();
        let mut verifier = LogVerifier::new(&policy);
        if with_keys {
            verifier.subject_keys(&*keeper);
        }
        let report = verify_source(verifier, &mut source, |_| {}).unwrap();
        assert_eq!(
            report.exit(&Question::DEFAULT),
            Exit::Verified,
            "{report:?}"
        );
        report
    }

    /// The log holds, and nothing of the erasures in it fails; what no log shows is that no copy of a
    /// key is left.
    pub(crate) fn assert_open(&self) {
        let erasure = self.report(false).verdict.erasure;
        assert!(matches!(erasure, Status::Unverified { .. }), "{erasure:?}");
    }

    /// As far as the keys that are there go, what was to be erased is.
    pub(crate) fn assert_erased(&self) {
        self.assert_open();
        assert_eq!(self.report(true).verdict.erasure, Status::Verified);
    }

    pub(crate) fn receipts<T>(
        &self,
        kind: Kind,
        take: impl Fn(&UnverifiedReceipt<'_>) -> T,
    ) -> Vec<T> {
        let query = ai_audit_store::Query::Kind(kind);
        let found = self.rig.store.find(&log(), &query, None, 99).unwrap();
        found
            .into_iter()
            .map(|seq| {
                let read = self.rig.store.read(&log(), seq, ReadLimit::ONE).unwrap();
                take(&UnverifiedReceipt::parse(read[0].sealed().unwrap()).unwrap())
            })
            .collect()
    }
}

pub(crate) fn shred(subjects: &[&str]) -> Shred {
    Shred {
        subjects: subjects.iter().map(ToString::to_string).collect(),
        lost: Vec::new(),
        reason: "asked for it".into(),
        legal_basis: "GDPR Art. 17(1)(b)".into(),
        requested_by: "person-1".into(),
    }
}
