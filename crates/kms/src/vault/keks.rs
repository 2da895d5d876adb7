//! Key-encryption keys that never leave Vault's transit engine.

use super::access::{VaultAccess, part};
use crate::http::Repeat;
use crate::wrapped::{associated, behind_id, opened};
use crate::{KmsError, KmsErrorKind};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{
    KekId, KekVault, KeyWrapper, SubjectKey, SubjectKeysError, WrapError, WrapsKeys,
};
use base64ct::{Base64, Encoding as _};
use core::fmt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use ureq::http::Method;
use zeroize::Zeroizing;

const TYPE: &str = "aes256-gcm96";
/// How ciphertexts begin: each key of ours has one version. Transit takes `v0` for `v1`, so that two texts would open alike.
const FORM: &str = "vault:v1:";

/// What is wrapped to see whether a key works is bound to this, and no subject's key is.
const PROBE: &[u8] = b"ai-audit/wrap-service/probe/v1\0";

/// Fills a buffer with random bytes of cryptographic quality, or says why it cannot.
pub type Random = Arc<dyn Fn(&mut [u8]) -> Result<(), String> + Send + Sync>;

/// The key-encryption keys of one log as keys of transit, which makes them itself and never gives them out.
pub struct VaultKeks {
    access: Arc<VaultAccess>,
    mount: String,
    name: String,
    random: Random,
}

#[derive(Deserialize)]
struct Listed {
    keys: Vec<String>,
}

/// What transit says of a key.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "type")]
    kind: String,
    min_encryption_version: u64,
    exportable: bool,
    allow_plaintext_backup: bool,
    #[serde(default)]
    imported_key: bool,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: String,
}

struct Found {
    id: KekId,
    current: bool,
}

impl VaultKeks {
    /// The keys whose names begin with this one, which must be the log's alone: its id is a good one.
    /// Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// When mount or name cannot be one.
    pub fn new(
        access: Arc<VaultAccess>,
        mount: &str,
        name: &str,
        random: Random,
    ) -> Result<Self, KmsError> {
        Ok(Self {
            access,
            mount: part("mount", mount, true)?.into(),
            name: part("name", name, false)?.into(),
            random,
        })
    }

    fn describe(&self) -> String {
        self.access
            .place(&format!("{}/keys/{}-…", self.mount, self.name))
    }

    fn failed(&self, kind: KmsErrorKind, what: impl Into<String>) -> KmsError {
        KmsError::new(kind, self.describe(), what)
    }

    fn path(&self, action: &str, id: KekId) -> String {
        format!("{}/{action}/{}-{id}", self.mount, self.name)
    }

    fn send(
        &self,
        path: &str,
        repeat: Repeat,
        method: &Method,
        body: Option<&Value>,
    ) -> Result<(), KmsError> {
        let body = body.map(|body| Zeroizing::new(body.to_string().into_bytes()));
        self.access
            .exchange(path, repeat, method, body.as_ref())
            .map(drop)
    }

    /// All keys of this name, the current one first.
    fn all(&self) -> Result<Vec<Found>, KmsError> {
        let path = format!("{}/keys?list=true", self.mount);
        let listed = match self.access.ask(&path, Repeat::Safe, &Method::GET, None) {
            // An engine without any key.
            Err(error) if error.kind() == KmsErrorKind::NoSuchKey => Listed { keys: Vec::new() },
            listed => listed?,
        };
        let mut all = Vec::new();
        for key in listed.keys {
            let id = key
                .strip_prefix(self.name.as_str())
                .and_then(|rest| rest.strip_prefix('-'))
                .and_then(id_of);
            let Some(id) = id else {
                continue;
            };
            let path = self.path("keys", id);
            match self.access.ask(&path, Repeat::Safe, &Method::GET, None) {
                Ok(described) => all.push(self.found(id, &described)?),
                // Another process destroyed it in between.
                Err(error) if error.kind() == KmsErrorKind::NoSuchKey => {}
                Err(error) => return Err(error),
            }
        }
        all.sort_by_key(|key| !key.current);
        if all.iter().filter(|key| key.current).count() > 1 {
            let what =
                "several keys are the current one (min_encryption_version is 1), expected one";
            return Err(self.failed(KmsErrorKind::KeyUnusable, what));
        }
        Ok(all)
    }

    /// Refuses a key of which there may be a copy, which would outlive an erasure.
    fn found(&self, id: KekId, key: &Described) -> Result<Found, KmsError> {
        if key.kind != TYPE || key.exportable || key.allow_plaintext_backup || key.imported_key {
            let what = format!(
                "key {id} is of another type than {TYPE}, was imported, or could be taken out (exportable, allow_plaintext_backup): a copy of it would outlive an erasure; destroy it"
            );
            return Err(self.failed(KmsErrorKind::KeyUnusable, what));
        }
        // The mark of the current one. A key is made without it, so that one whose making was cut off is a
        // next one; and it changes nothing else, since each key has one version.
        let current = key.min_encryption_version == 1;
        Ok(Found { id, current })
    }

    fn make(&self) -> Result<KekId, KmsError> {
        for old in self.all()?.iter().filter(|key| !key.current) {
            self.destroy(old.id)?;
        }
        let mut id = [0; 16];
        (self.random)(&mut id).map_err(|error| self.failed(KmsErrorKind::Unavailable, error))?;
        let id = KekId::from_bytes(id);
        let path = self.path("keys", id);
        let body = json!({"type": TYPE, "exportable": false, "allow_plaintext_backup": false});
        self.send(&path, Repeat::Never, &Method::POST, Some(&body))?;
        // What transit says of it now is what it will say when it is looked for.
        let described = self.access.ask(&path, Repeat::Safe, &Method::GET, None)?;
        self.found(id, &described)?;
        Ok(id)
    }

    fn configure(&self, id: KekId, body: &Value) -> Result<(), KmsError> {
        let path = format!("{}/config", self.path("keys", id));
        self.send(&path, Repeat::Safe, &Method::POST, Some(body))
    }

    fn destroy(&self, id: KekId) -> Result<(), KmsError> {
        self.configure(id, &json!({"deletion_allowed": true}))?;
        let path = self.path("keys", id);
        self.send(&path, Repeat::Never, &Method::DELETE, None)
    }

    fn settle_keys(&self, valid: KekId) -> Result<(), KmsError> {
        let all = self.all()?;
        let Some(kept) = all.iter().find(|key| key.id == valid) else {
            let what = format!("key-encryption key {valid} is not here");
            return Err(self.failed(KmsErrorKind::NoSuchKey, what));
        };
        for other in all.iter().filter(|key| key.id != valid) {
            self.destroy(other.id)?;
        }
        if !kept.current {
            self.configure(valid, &json!({"min_encryption_version": 1}))?;
        }
        if self.all()?.iter().any(|key| key.id != valid) {
            let what = "a key is still there after it was destroyed";
            return Err(self.failed(KmsErrorKind::KeyUnusable, what));
        }
        Ok(())
    }

    fn wrapper(&self, id: KekId) -> Box<dyn WrapsKeys> {
        let keks = Self {
            access: Arc::clone(&self.access),
            mount: self.mount.clone(),
            name: self.name.clone(),
            random: Arc::clone(&self.random),
        };
        Box::new(Wrapper { keks, id })
    }
}

/// An id of 32 hexadecimal digits.
fn id_of(text: &str) -> Option<KekId> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| match c {
            '0'..='9' | 'a'..='f' => c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect::<Option<_>>()?;
    Some(KekId::from_bytes(bytes.try_into().ok()?))
}

impl KekVault for VaultKeks {
    fn held(&self, id: &KekId) -> Result<Option<Box<dyn WrapsKeys>>, SubjectKeysError> {
        let held = self.all()?.iter().any(|key| key.id == *id);
        Ok(held.then(|| self.wrapper(*id)))
    }

    fn ids(&self) -> Result<Vec<KekId>, SubjectKeysError> {
        Ok(self.all()?.iter().map(|key| key.id).collect())
    }

    fn settled(&self) -> Result<Option<KekId>, SubjectKeysError> {
        let all = self.all()?;
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
        Ok(self.settle_keys(*valid)?)
    }
}

/// One key of transit.
struct Wrapper {
    keks: VaultKeks,
    id: KekId,
}

impl KeyWrapper for Wrapper {
    type Error = SubjectKeysError;

    fn id(&self) -> KekId {
        self.id
    }

    /// Transit takes a nonce of its own.
    fn wrap(
        &self,
        subject: &str,
        key: &SubjectKey,
        _: [u8; 12],
    ) -> Result<Vec<u8>, SubjectKeysError> {
        let bound = associated(self.id, key.log(), key.id(), subject);
        let text = self.seal(key.to_bytes().as_slice(), &bound)?;
        let wrapped = [self.id.as_bytes().as_slice(), text.as_bytes()].concat();
        // A service that gives back what it cannot open again would lose the texts of a person.
        let again = self.unwrap(key.log(), subject, key.id(), &wrapped)?;
        if again.to_bytes() != key.to_bytes() {
            let what = "a key that was just wrapped opens to another one; it is not used";
            return Err(self.keks.failed(KmsErrorKind::Answer, what).into());
        }
        Ok(wrapped)
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
        let text = std::str::from_utf8(rest)
            .ok()
            .filter(|text| text.starts_with(FORM))
            .ok_or_else(|| wrong(WrapError::Changed))?;
        let bound = associated(self.id, log, id, subject);
        let bytes = match self.open(text, &bound) {
            Err(error) if is_no(&error) && self.works() => match self.open(text, &bound) {
                // Twice, with one between that opens: once alone may be of whatever stands before transit.
                Err(again) if is_no(&again) => return Err(wrong(WrapError::Changed)),
                answer => answer?,
            },
            Err(error) if is_no(&error) => {
                let what = format!(
                    "a wrapped key does not open, and neither does one that is wrapped now, so whether it was changed cannot be told: {error}"
                );
                return Err(self.keks.failed(error.kind(), what).into());
            }
            answer => answer?,
        };
        opened(log, id, &bytes).map_err(wrong)
    }
}

impl Wrapper {
    /// Has transit encrypt something, and gives the text that it makes of it.
    fn seal(&self, bytes: &[u8], bound: &[u8]) -> Result<String, KmsError> {
        let secret = Zeroizing::new(Base64::encode_string(bytes));
        // By hand, since a JSON value would leave a copy of the secret behind.
        let body = Zeroizing::new(
            format!(
                r#"{{"plaintext":"{}","associated_data":"{}","key_version":1}}"#,
                secret.as_str(),
                Base64::encode_string(bound)
            )
            .into_bytes(),
        );
        let path = self.keks.path("encrypt", self.id);
        let sealed: Encrypted =
            self.keks
                .access
                .ask(&path, Repeat::Safe, &Method::POST, Some(&body))?;
        let text = sealed.ciphertext;
        if !text.starts_with(FORM) || text.len() > 256 {
            let what = "a key came back wrapped in another form than vault:v1:…";
            return Err(self.keks.failed(KmsErrorKind::Answer, what));
        }
        Ok(text)
    }

    fn open(&self, text: &str, bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let body = json!({"ciphertext": text, "associated_data": Base64::encode_string(bound)});
        let body = Zeroizing::new(body.to_string().into_bytes());
        let path = self.keks.path("decrypt", self.id);
        let answer: Decrypted =
            self.keks
                .access
                .ask(&path, Repeat::Safe, &Method::POST, Some(&body))?;
        let plain = Zeroizing::new(answer.plaintext);
        Base64::decode_vec(&plain).map(Zeroizing::new).map_err(|_| {
            let what = "a wrapped key came back opened in another form than base64";
            self.keks.failed(KmsErrorKind::Answer, what)
        })
    }

    /// Whether the key opens what it wraps just now: then what it does not open is not what it wrapped.
    fn works(&self) -> bool {
        let text = [0_u8; 32];
        let opened = self
            .seal(&text, PROBE)
            .and_then(|sealed| self.open(&sealed, PROBE));
        opened.is_ok_and(|bytes| bytes.as_slice() == text)
    }
}

/// Transit says 400 of a tag that does not verify and of a ciphertext that is none. Whatever stands before it says 400 of what
/// it likes, and transit of a key that may not be used any more.
fn is_no(error: &KmsError) -> bool {
    matches!(
        error.kind(),
        KmsErrorKind::Refused | KmsErrorKind::KeyUnusable
    )
}

impl fmt::Debug for VaultKeks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKeks({})", self.describe())
    }
}
