//! Key-encryption keys that never leave the token.

use super::Pkcs11Token;
use super::failure::failure;
use crate::wrapped::{associated, behind_id, opened};
use crate::{KmsError, KmsErrorKind};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{
    KekId, KekVault, KeyWrapper, SubjectKey, SubjectKeysError, WrapError, WrapsKeys,
};
use core::fmt;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Bits of an authentication tag.
const TAG_BITS: u64 = 128;
/// The same in bytes.
const TAG: usize = 16;
/// How many sessions are kept for the next keys; more threads than that open their own.
const KEPT: usize = 8;
/// What is wrapped to see whether a key works is bound to this, and no subject's key is.
const PROBE: &[u8] = b"ai-audit/wrap-service/probe/v1\0";
const CURRENT: &str = "current";
const NEXT: &str = "next";

/// The key-encryption keys of one log as AES keys of a token, which makes them itself and never gives them out.
pub struct Pkcs11Keks {
    token: Arc<Pkcs11Token>,
    name: String,
    /// Sessions in which a key was wrapped or opened, for the next one: an erasure wraps every key of a log anew, and a
    /// log-in takes a token longer than a key.
    sessions: Arc<Mutex<Vec<Session>>>,
}

/// A key of ours in the token.
struct Found {
    handle: ObjectHandle,
    id: KekId,
    current: bool,
}

impl Pkcs11Keks {
    /// The keys of this name, which must be the log's alone: its id is a good one. Nothing is read yet.
    #[must_use]
    pub fn new(token: Arc<Pkcs11Token>, name: impl Into<String>) -> Self {
        Self {
            token,
            name: name.into(),
            sessions: Arc::default(),
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Vec<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe(&self) -> String {
        format!("{}, keys {:?}", self.token.place(), self.name)
    }

    fn label(&self, state: &str) -> Vec<u8> {
        format!("{} {state}", self.name).into_bytes()
    }

    fn failed(&self, error: &Error, doing: &str) -> KmsError {
        failure(error, &self.describe(), doing)
    }

    /// All keys of this name, the current one first.
    fn all(&self, session: &Session) -> Result<Vec<Found>, KmsError> {
        let mut all = Vec::new();
        for state in [CURRENT, NEXT] {
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::Label(self.label(state)),
            ];
            let handles = session
                .find_objects(&template)
                .map_err(|error| self.failed(&error, "its keys cannot be looked up"))?;
            for handle in handles {
                all.push(Found {
                    handle,
                    id: self.id_of(session, handle)?,
                    current: state == CURRENT,
                });
            }
        }
        let several = all.iter().filter(|key| key.current).count() > 1;
        if several {
            return Err(self.unusable("several keys are called the current one, expected one"));
        }
        Ok(all)
    }

    fn unusable(&self, what: &str) -> KmsError {
        KmsError::new(KmsErrorKind::KeyUnusable, self.describe(), what)
    }

    /// A key's id, where the token made it and never gave it out: of another one there may be a copy,
    /// which would outlive an erasure.
    fn id_of(&self, session: &Session, key: ObjectHandle) -> Result<KekId, KmsError> {
        let types = [
            AttributeType::Id,
            AttributeType::KeyType,
            AttributeType::Local,
            AttributeType::NeverExtractable,
            AttributeType::AlwaysSensitive,
        ];
        let has = session
            .get_attributes(key, &types)
            .map_err(|error| self.failed(&error, "a key cannot be looked at"))?;
        let wanted = [
            Attribute::KeyType(KeyType::AES),
            Attribute::Local(true),
            Attribute::NeverExtractable(true),
            Attribute::AlwaysSensitive(true),
        ];
        if !wanted.iter().all(|attribute| has.contains(attribute)) {
            return Err(self.unusable(
                "a key of this name was not made in the token, or could be taken out (CKA_LOCAL, CKA_NEVER_EXTRACTABLE, CKA_ALWAYS_SENSITIVE): a copy of it would outlive an erasure; destroy it",
            ));
        }
        let id = has.iter().find_map(|attribute| match attribute {
            Attribute::Id(id) => <[u8; 16]>::try_from(id.as_slice()).ok(),
            _ => None,
        });
        id.map(KekId::from_bytes)
            .ok_or_else(|| self.unusable("a key of this name has no id of 16 bytes (CKA_ID)"))
    }

    fn make(&self) -> Result<KekId, KmsError> {
        let session = self.token.session(true)?;
        for old in self.all(&session)?.iter().filter(|key| !key.current) {
            self.destroy(&session, old)?;
        }
        let mut id = [0; 16];
        // The token's own randomness makes the key, so it can make its id.
        session
            .generate_random_slice(&mut id)
            .map_err(|error| self.failed(&error, "no randomness"))?;
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::ValueLen(32.into()),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Label(self.label(NEXT)),
            Attribute::Id(id.to_vec()),
        ];
        let made = session
            .generate_key(&Mechanism::AesKeyGen, &template)
            .map_err(|error| self.failed(&error, "no key was made"))?;
        // What the token says of it now is what it will say when it is looked for.
        self.id_of(&session, made)
    }

    fn destroy(&self, session: &Session, key: &Found) -> Result<(), KmsError> {
        session
            .destroy_object(key.handle)
            .map_err(|error| self.failed(&error, &format!("key {} was not destroyed", key.id)))
    }

    fn settle_keys(&self, valid: &KekId) -> Result<(), KmsError> {
        let session = self.token.session(true)?;
        let all = self.all(&session)?;
        let Some(kept) = all.iter().find(|key| key.id == *valid) else {
            return Err(KmsError::new(
                KmsErrorKind::NoSuchKey,
                self.describe(),
                format!("key-encryption key {valid} is not here"),
            ));
        };
        for other in all.iter().filter(|key| key.id != *valid) {
            self.destroy(&session, other)?;
        }
        if !kept.current {
            let label = [Attribute::Label(self.label(CURRENT))];
            session
                .update_attributes(kept.handle, &label)
                .map_err(|error| {
                    self.failed(&error, "the next key was not made the current one")
                })?;
        }
        // A token may say yes and keep it.
        if self.all(&session)?.iter().any(|key| key.id != *valid) {
            return Err(self.unusable("a key is still there after it was destroyed"));
        }
        Ok(())
    }

    fn look(&self) -> Result<Vec<Found>, KmsError> {
        self.all(&self.token.session(false)?)
    }
}

impl KekVault for Pkcs11Keks {
    fn held(&self, id: &KekId) -> Result<Option<Box<dyn WrapsKeys>>, SubjectKeysError> {
        let held = self.look()?.iter().any(|key| key.id == *id);
        Ok(held.then(|| self.wrapper(*id)))
    }

    fn ids(&self) -> Result<Vec<KekId>, SubjectKeysError> {
        Ok(self.look()?.iter().map(|key| key.id).collect())
    }

    fn settled(&self) -> Result<Option<KekId>, SubjectKeysError> {
        let all = self.look()?;
        Ok(all.iter().find(|key| key.current).map(|key| key.id))
    }

    fn place(&self) -> String {
        self.describe()
    }

    fn prepare(&self) -> Result<Box<dyn WrapsKeys>, SubjectKeysError> {
        let id = self.make()?;
        Ok(self.wrapper(id))
    }

    fn settle(&self, valid: &KekId) -> Result<(), SubjectKeysError> {
        Ok(self.settle_keys(valid)?)
    }
}

impl Pkcs11Keks {
    fn wrapper(&self, id: KekId) -> Box<dyn WrapsKeys> {
        let keks = Self {
            token: Arc::clone(&self.token),
            name: self.name.clone(),
            sessions: Arc::clone(&self.sessions),
        };
        Box::new(Wrapper { keks, id })
    }
}

/// One key of the token. It is looked for with each use: between two it may have been destroyed.
struct Wrapper {
    keks: Pkcs11Keks,
    id: KekId,
}

impl Wrapper {
    /// Does something with the key, in a session that was kept or, where there is none in which that works, in a new one.
    fn with<T>(
        &self,
        act: impl Fn(&Session, ObjectHandle) -> Result<T, KmsError>,
    ) -> Result<T, KmsError> {
        let kept = self.keks.sessions().pop();
        if let Some(session) = kept {
            if let Ok(done) = self.in_session(session, &act) {
                return Ok(done);
            }
            // A token that was pulled out, or that closed it, leaves sessions that are none, and one that logged out finds no
            // key in those: whatever went wrong is said of a new one.
            self.keks.sessions().clear();
        }
        self.in_session(self.keks.token.session(false)?, &act)
    }

    /// The session is kept where that worked.
    fn in_session<T>(
        &self,
        session: Session,
        act: &impl Fn(&Session, ObjectHandle) -> Result<T, KmsError>,
    ) -> Result<T, KmsError> {
        let all = self.keks.all(&session)?;
        let found = all.iter().find(|key| key.id == self.id);
        let handle = found.map(|key| key.handle).ok_or_else(|| {
            KmsError::new(
                KmsErrorKind::NoSuchKey,
                self.keks.describe(),
                format!("key-encryption key {} is not here any more", self.id),
            )
        })?;
        let done = act(&session, handle)?;
        let mut kept = self.keks.sessions();
        if kept.len() < KEPT {
            kept.push(session);
        }
        Ok(done)
    }

    fn seal(
        &self,
        session: &Session,
        handle: ObjectHandle,
        nonce: [u8; 12],
        bound: &[u8],
        bytes: &[u8],
    ) -> Result<Vec<u8>, KmsError> {
        let failed = |error: Error| self.keks.failed(&error, "a key was not wrapped");
        // Its own copy: a module may write to it.
        let mut iv = nonce;
        let params = GcmParams::new(&mut iv, bound, TAG_BITS.into()).map_err(failed)?;
        let sealed = session
            .encrypt(&Mechanism::AesGcm(params), handle, bytes)
            .map_err(failed)?;
        if sealed.len() != bytes.len() + TAG || iv != nonce {
            let what = "the token wrapped a key in another form (CKM_AES_GCM)";
            return Err(KmsError::new(
                KmsErrorKind::Answer,
                self.keks.describe(),
                what,
            ));
        }
        Ok(sealed)
    }

    /// What comes of opening a wrapped key; nothing where it was changed.
    fn judge<T>(
        &self,
        opens: impl Fn() -> Result<T, Error>,
        works: impl Fn() -> bool,
    ) -> Result<Option<T>, KmsError> {
        let opened = match opens() {
            // Once alone may be of the token. Twice, with one between that opens, is of the wrapped key.
            Err(error) if is_of_anything(&error) && works() => match opens() {
                Err(again) if is_of_anything(&again) => return Ok(None),
                again => again,
            },
            opened => opened,
        };
        match opened {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_of_data(&error) => Ok(None),
            Err(error) => Err(self.keks.failed(&error, "a wrapped key does not open")),
        }
    }

    /// Whether the key opens what it wraps just now: then what it does not open is not what it wrapped.
    fn works(&self, session: &Session, handle: ObjectHandle) -> bool {
        let (mut nonce, text) = ([0_u8; 12], [0_u8; 32]);
        if session.generate_random_slice(&mut nonce).is_err() {
            return false;
        }
        let Ok(sealed) = self.seal(session, handle, nonce, PROBE, &text) else {
            return false;
        };
        open(session, handle, nonce, PROBE, &sealed).is_ok_and(|bytes| bytes.as_slice() == text)
    }
}

fn open(
    session: &Session,
    handle: ObjectHandle,
    nonce: [u8; 12],
    bound: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut iv = nonce;
    let mechanism = Mechanism::AesGcm(GcmParams::new(&mut iv, bound, TAG_BITS.into())?);
    let opened = session.decrypt(&mechanism, handle, sealed);
    opened.map(Zeroizing::new)
}

impl KeyWrapper for Wrapper {
    type Error = SubjectKeysError;

    fn id(&self) -> KekId {
        self.id
    }

    fn wrap(
        &self,
        subject: &str,
        key: &SubjectKey,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, SubjectKeysError> {
        let bound = associated(self.id, key.log(), key.id(), subject);
        let bytes = key.to_bytes();
        let sealed = self
            .with(|session, handle| self.seal(session, handle, nonce, &bound, bytes.as_slice()))?;
        Ok([self.id.as_bytes().as_slice(), &nonce, &sealed].concat())
    }

    fn unwrap(
        &self,
        log: &LogId,
        subject: &str,
        id: SubjectKeyId,
        wrapped: &[u8],
    ) -> Result<SubjectKey, SubjectKeysError> {
        let wrong = |error: WrapError| SubjectKeysError::new(error.to_string());
        let rest = behind_id(self.id, wrapped).map_err(wrong)?;
        let found = wrapped.len();
        let (nonce, sealed) = rest
            .split_first_chunk::<12>()
            .filter(|(_, sealed)| sealed.len() == 48)
            .ok_or_else(|| wrong(WrapError::Length { found }))?;
        let bound = associated(self.id, log, id, subject);
        let bytes = self.with(|session, handle| {
            self.judge(
                || open(session, handle, *nonce, &bound, sealed),
                || self.works(session, handle),
            )
        })?;
        let bytes = bytes.ok_or_else(|| wrong(WrapError::Changed))?;
        opened(log, id, &bytes).map_err(wrong)
    }
}

/// Whether the code says that the tag does not verify.
fn is_of_data(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange,
            _
        )
    )
}

/// Whether the code says nothing: tokens have it for a tag that does not verify, and for whatever is wrong with
/// themselves.
fn is_of_anything(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(RvError::GeneralError | RvError::FunctionFailed, _)
    )
}

impl fmt::Debug for Pkcs11Keks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs11Keks({})", self.describe())
    }
}
