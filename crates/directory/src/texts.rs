//! Reading a text that is kept encrypted: its ciphertext beside the receipt, the key of its subject.

use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{Content, Decision, DigestSecret, ReceiptId, TextDigest, UnverifiedReceipt};
use ai_audit_pii::restore;
use ai_audit_shredding::{HeldKey, Place, SubjectKey, SubjectKeys};
use ai_audit_store::{Ciphertext, LogName};
use core::fmt;
use zeroize::Zeroizing;

/// What came of reading a text. `Debug` does not show it.
pub enum Opened {
    /// The text.
    Text {
        /// It.
        text: Zeroizing<String>,
        /// Whether it is the one that was recorded, by the digest in the receipt; none where the
        /// digest is of something else, such as of a text of which a part was redacted for good.
        is_recorded: Option<bool>,
    },
    /// The key is destroyed.
    Erased,
    /// It cannot be read, and why.
    Failed(String),
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, is_recorded } => {
                write!(f, "Text of {} bytes, recorded: {is_recorded:?}", text.len())
            }
            Self::Erased => f.write_str("Erased"),
            Self::Failed(why) => write!(f, "Failed({why})"),
        }
    }
}

/// How a kept text of a decision is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextState {
    /// In the clear.
    Plain,
    /// In the clear but for values that are encrypted.
    PartlyEncrypted,
    /// Encrypted as a whole.
    Encrypted,
}

/// The name of the field in which the values of a text are encrypted.
fn values_of(field: &str) -> String {
    format!("{field}.values")
}

/// The texts that a decision keeps, by the fields that they belong to.
pub(crate) fn kept_texts(decision: &Decision<'_>) -> Vec<(String, TextState)> {
    let names: Vec<&str> = decision
        .kept
        .iter()
        .map(|kept| kept.name.as_str())
        .collect();
    let mut texts = Vec::new();
    for kept in decision.kept.iter() {
        let name = kept.name.as_str();
        let whole = name.strip_suffix(".values");
        if whole.is_some_and(|whole| names.contains(&whole)) {
            continue;
        }
        let state = match &kept.content {
            Content::Plain(_) if names.contains(&values_of(name).as_str()) => {
                TextState::PartlyEncrypted
            }
            Content::Plain(_) => TextState::Plain,
            _ => TextState::Encrypted,
        };
        texts.push((name.to_owned(), state));
    }
    texts
}

/// What reading the texts of a log takes.
pub(crate) struct Texts<'d> {
    pub(crate) directory: &'d LogDirectory,
    pub(crate) log: &'d LogName,
    /// None where no key was ever kept here.
    pub(crate) keys: Option<&'d dyn SubjectKeys>,
}

impl Texts<'_> {
    /// Reads one text of a decision; none if it keeps no such text.
    pub(crate) fn open(
        &self,
        receipt: &UnverifiedReceipt<'_>,
        decision: &Decision<'_>,
        field: &str,
    ) -> Result<Option<Opened>, DirectoryError> {
        let kept = decision.kept.iter().find(|kept| kept.name == *field);
        let header = receipt.header();
        match kept.map(|kept| &kept.content) {
            None => Ok(None),
            Some(Content::Plain(text)) => {
                let values = values_of(field);
                let is_encrypted = decision.encrypted().any(|(name, _)| name == values);
                if !is_encrypted {
                    let text = Zeroizing::new(text.to_string());
                    let is_recorded = None;
                    return Ok(Some(Opened::Text { text, is_recorded }));
                }
                let opened = self.decrypt(header.seq, header.id, decision, &values)?;
                Ok(Some(match opened {
                    Decrypted::Text(json, key) => {
                        self.put_back(header.id, decision, field, text, &json, &key)
                    }
                    Decrypted::Erased => Opened::Erased,
                    Decrypted::Failed(why) => Opened::Failed(why),
                }))
            }
            Some(_) => {
                let opened = self.decrypt(header.seq, header.id, decision, field)?;
                Ok(Some(match opened {
                    Decrypted::Text(text, key) => {
                        let is_recorded = self.is_recorded(header.id, decision, field, &text, &key);
                        Opened::Text { text, is_recorded }
                    }
                    Decrypted::Erased => Opened::Erased,
                    Decrypted::Failed(why) => Opened::Failed(why),
                }))
            }
        }
    }

    /// Puts encrypted values back in their places.
    fn put_back(
        &self,
        id: ReceiptId,
        decision: &Decision<'_>,
        field: &str,
        text: &str,
        values: &str,
        key: &SubjectKey,
    ) -> Opened {
        let Ok(values) = serde_json::from_str::<Vec<String>>(values) else {
            return Opened::Failed("the encrypted values are no list of texts".into());
        };
        match restore(text, &values) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                // Other kinds may have been redacted for good: then it is another text.
                let is_recorded = self
                    .is_recorded(id, decision, field, &text, key)
                    .filter(|is_recorded| *is_recorded);
                Opened::Text { text, is_recorded }
            }
            Err(error) => Opened::Failed(format!("the values do not go back: {error}")),
        }
    }

    /// Holds a text against the digest of its field.
    fn is_recorded(
        &self,
        id: ReceiptId,
        decision: &Decision<'_>,
        field: &str,
        text: &str,
        key: &SubjectKey,
    ) -> Option<bool> {
        let digest = match field {
            "input" => decision.input?,
            "output" => decision.output?,
            _ => return None,
        };
        let secret: DigestSecret = match (&digest, decision.subject.is_empty()) {
            (TextDigest::Keyed(_), true) => self.directory.digest_secret(self.log).ok()?,
            _ => key.digest_secret(),
        };
        let exact = secret.exact_key(&id, field);
        let exact = matches!(digest, TextDigest::Keyed(_)).then_some(&exact);
        Some(digest.matches(text, exact))
    }

    fn decrypt(
        &self,
        seq: u64,
        receipt: ReceiptId,
        decision: &Decision<'_>,
        field: &str,
    ) -> Result<Decrypted, DirectoryError> {
        let Some((_, named)) = decision.encrypted().find(|(name, _)| *name == field) else {
            return Ok(Decrypted::Failed("the receipt has no such field".into()));
        };
        let held = match self.keys {
            None => HeldKey::Unknown,
            Some(keys) => keys.held(named.key).map_err(DirectoryError::SubjectKeys)?,
        };
        let key = match held {
            HeldKey::Destroyed => return Ok(Decrypted::Erased),
            HeldKey::InUse { key, .. } => key,
            _ => {
                let what = format!("the subject key {} is not here", named.key);
                return Ok(Decrypted::Failed(what));
            }
        };
        let all = self.directory.store().ciphertexts(self.log, seq)?;
        let ciphertext = |ciphertext: &&Ciphertext| {
            ciphertext.key == named.key
                && ai_audit_core::Digest::of(&ciphertext.bytes) == named.ciphertext
        };
        let Some(ciphertext) = all.iter().find(ciphertext) else {
            let what = "the ciphertext that the receipt names is not here".to_owned();
            return Ok(Decrypted::Failed(what));
        };
        let place = Place {
            receipt,
            subject: decision.subject.as_str(),
            field,
        };
        let bytes = match key.decrypt(&place, named, &ciphertext.bytes) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Decrypted::Failed(error.to_string())),
        };
        Ok(match std::str::from_utf8(&bytes) {
            Ok(text) => Decrypted::Text(Zeroizing::new(text.to_owned()), key),
            Err(_) => Decrypted::Failed("what was encrypted is no text".into()),
        })
    }
}

/// What came of decrypting one field.
enum Decrypted {
    Text(Zeroizing<String>, SubjectKey),
    Erased,
    Failed(String),
}
