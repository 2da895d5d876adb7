//! Key-encryption keys in memory, which outlive whoever opens the file again.

use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{
    Kek, KekId, KekVault, KeyWrapper, SubjectKey, SubjectKeysError, WrapsKeys,
};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
pub(crate) struct MemoryVault(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    made: u8,
    current: Option<Arc<Kek>>,
    next: Option<Arc<Kek>>,
}

struct Wrapper(Arc<Kek>);

impl KeyWrapper for Wrapper {
    type Error = SubjectKeysError;

    fn id(&self) -> KekId {
        self.0.id()
    }

    fn wrap(
        &self,
        subject: &str,
        key: &SubjectKey,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, SubjectKeysError> {
        let wrapped = self.0.wrap(subject, key, nonce);
        wrapped.map_err(|error| SubjectKeysError::new(error.to_string()))
    }

    fn unwrap(
        &self,
        log: &LogId,
        subject: &str,
        id: SubjectKeyId,
        wrapped: &[u8],
    ) -> Result<SubjectKey, SubjectKeysError> {
        let key = self.0.unwrap(log, subject, id, wrapped);
        key.map_err(|error| SubjectKeysError::new(error.to_string()))
    }
}

fn is(kek: &Option<Arc<Kek>>, id: &KekId) -> bool {
    kek.as_ref().is_some_and(|kek| kek.id() == *id)
}

impl KekVault for MemoryVault {
    fn held(&self, id: &KekId) -> Result<Option<Box<dyn WrapsKeys>>, SubjectKeysError> {
        let held = self.0.lock().unwrap();
        let mut all = [&held.current, &held.next].into_iter().flatten();
        let found = all.find(|kek| kek.id() == *id).cloned();
        Ok(found.map(|kek| Box::new(Wrapper(kek)) as Box<dyn WrapsKeys>))
    }

    fn ids(&self) -> Result<Vec<KekId>, SubjectKeysError> {
        let held = self.0.lock().unwrap();
        let all = [&held.current, &held.next].into_iter().flatten();
        Ok(all.map(|kek| kek.id()).collect())
    }

    fn settled(&self) -> Result<Option<KekId>, SubjectKeysError> {
        Ok(self.0.lock().unwrap().current.as_ref().map(|kek| kek.id()))
    }

    fn place(&self) -> String {
        "the vault".into()
    }

    fn prepare(&self) -> Result<Box<dyn WrapsKeys>, SubjectKeysError> {
        let mut held = self.0.lock().unwrap();
        held.made += 1;
        let byte = held.made;
        let kek = Arc::new(Kek::new(KekId::from_bytes([byte; 16]), &[byte; 32]));
        held.next = Some(Arc::clone(&kek));
        Ok(Box::new(Wrapper(kek)))
    }

    fn settle(&self, valid: &KekId) -> Result<(), SubjectKeysError> {
        let mut held = self.0.lock().unwrap();
        if is(&held.next, valid) {
            held.current = held.next.take();
        } else if is(&held.current, valid) {
            held.next = None;
        } else {
            return Err(SubjectKeysError::new("not here"));
        }
        Ok(())
    }
}
