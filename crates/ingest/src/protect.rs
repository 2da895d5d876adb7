//! What the texts of a receipt go through before anything of them is sealed: digests, redaction,
//! encryption.

use crate::error::{IngestError, Problem};
use ai_audit_core::{
    Check, Content, Decision, DigestSecret, DisclosureKey, KeptField, List, ReceiptId,
    SubjectKeyId, Text, TextDigest, canonical_text,
};
use ai_audit_pii::{Kind, Mode, Policy, PolicyError, PseudonymKey, Redactor};
use ai_audit_shredding::{Place, SubjectKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// From which confidence on a finding in a name that cannot be replaced keeps a record out.
const CERTAIN: f32 = 0.9;
/// The same in the name of a person.
const LIKELY: f32 = 0.5;

/// The field under which the details of checks are counted. They are JSON.
const DETAIL: &str = "checks";

/// Ids for new steps, and what their texts go through.
///
/// A line's tenant picks its log, and each log has secrets and a redaction policy of its own; so they
/// come from whoever knows the logs.
pub trait Keys {
    /// A new receipt id. It must be unique.
    fn new_id(&mut self) -> ReceiptId;

    /// 12 random bytes for a text that is encrypted.
    fn nonce(&mut self) -> [u8; 12];

    /// What protects the texts of a receipt about `subject` (empty: about nobody) in the log of a
    /// tenant (`None` where the input named none). [`Protection::key`] is needed where `encrypts`.
    fn protection(&mut self, log: Option<&str>, subject: &str, encrypts: bool) -> Protection;
}

/// What protects the texts of a receipt. The default: plain digests, nothing found, nothing
/// encrypted.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// The secret of keyed digests: that of the subject, or of the log where there is none. Without
    /// it digests are plain.
    pub secret: Option<Arc<DigestSecret>>,
    /// The redaction policy in force, if there is one.
    pub redaction: Option<Arc<Redaction>>,
    /// The key of the subject, or of the log where there is none, to encrypt under.
    pub key: Option<Arc<SubjectKey>>,
}

impl Protection {
    /// Refuses names that say who somebody is: they cannot be replaced, since others refer to them.
    pub(crate) fn names(&self, names: &[(&str, &str)]) -> Result<(), Problem> {
        let Some(redaction) = &self.redaction else {
            return Ok(());
        };
        for (field, name) in names {
            if let Some(kind) = redaction.tells(name, *field == "subject") {
                let message = format!(
                    "it holds personal data ({kind}), which the log's redaction policy keeps out; expected a pseudonym or an id that says nothing"
                );
                return Err(Problem::of(*field, message));
            }
        }
        Ok(())
    }

    /// The same for names that stand in no line: `place` says where they do.
    ///
    /// # Errors
    ///
    /// The first field whose name tells of somebody.
    pub fn check_names(&self, place: &str, names: &[(&str, &str)]) -> Result<(), IngestError> {
        self.names(names)
            .map_err(|problem| problem.at(place.to_owned()))
    }

    /// The key for the exact digest of one field of one receipt; `None` for a plain digest.
    pub(crate) fn exact_key(&self, id: &ReceiptId, field: &str) -> Option<DisclosureKey> {
        let secret = self.secret.as_ref()?;
        Some(secret.exact_key(id, field))
    }
}

/// A redaction policy, compiled, with the key of its pseudonyms.
#[derive(Debug)]
pub struct Redaction {
    redactor: Redactor,
    /// For texts of which no values are kept: what the policy encrypts is redacted there.
    beside: Redactor,
    encrypts: bool,
    pseudonyms: Option<PseudonymKey>,
}

impl Redaction {
    /// Compiles a policy. The key is needed where it [pseudonymizes](Policy::pseudonymizes).
    ///
    /// # Errors
    ///
    /// When a custom pattern does not compile.
    pub fn new(policy: &Policy, pseudonyms: Option<PseudonymKey>) -> Result<Self, PolicyError> {
        let mut beside = policy.clone();
        for kind in policy.kinds().collect::<Vec<_>>() {
            if policy.mode(kind) == Mode::Encrypt {
                beside = beside.with_mode(kind, Mode::Redact);
            }
        }
        Ok(Self {
            redactor: Redactor::new(policy)?,
            beside: Redactor::new(&beside)?,
            encrypts: policy.encrypts(),
            pseudonyms,
        })
    }

    /// The kind of personal data that a name holds, if it does. Ids are digits, and some have by chance
    /// what a card or an address has: where it is no person's name only forms count that mean nothing
    /// else.
    fn tells(&self, name: &str, of_person: bool) -> Option<String> {
        let found = self.redactor.find(name);
        let told = found.iter().find(|found| match found.kind {
            Kind::Email
            | Kind::Iban
            | Kind::UrlCredentials
            | Kind::Jwt
            | Kind::PrivateKey
            | Kind::ApiKey => found.confidence >= CERTAIN,
            Kind::CreditCard | Kind::UsSsn | Kind::Phone => of_person && found.confidence >= LIKELY,
            _ => false,
        })?;
        Some(told.kind.name().to_owned())
    }

    /// Whether values are encrypted, so that [`Protection::key`] is needed.
    #[must_use]
    pub const fn encrypts(&self) -> bool {
        self.encrypts
    }
}

/// Which texts are kept beside their digests. None by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// The input of decisions.
    pub input: Keeping,
    /// The output of decisions.
    pub output: Keeping,
}

/// How a text is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    /// Its digest alone.
    #[default]
    Digest,
    /// In the clear, after the redaction policy was applied to it.
    Plain,
    /// As it is, encrypted under the key of the subject, or of the log where there is none.
    Encrypted,
}

impl Keep {
    pub(crate) fn encrypts(self) -> bool {
        [self.input, self.output].contains(&Keeping::Encrypted)
    }
}

/// A text of a receipt that is kept encrypted, beside the receipt.
pub type Ciphertext = (SubjectKeyId, Vec<u8>);

/// Digests, redacts and keeps the texts of one decision.
pub(crate) struct Digester<'k> {
    keys: &'k mut dyn Keys,
    protection: Protection,
    id: ReceiptId,
    keep: Keep,
    counts: BTreeMap<(&'static str, String), u64>,
    ciphertexts: Vec<Ciphertext>,
}

impl<'k> Digester<'k> {
    pub(crate) fn new(
        keys: &'k mut dyn Keys,
        log: Option<&str>,
        subject: &str,
        id: ReceiptId,
        keep: Keep,
    ) -> Self {
        let protection = keys.protection(log, subject, keep.encrypts());
        Self {
            keys,
            protection,
            id,
            keep,
            counts: BTreeMap::new(),
            ciphertexts: Vec::new(),
        }
    }

    /// Puts the digests of the input into a decision, and the text where it is to be kept.
    pub(crate) fn input(
        &mut self,
        text: &str,
        decision: &mut Decision<'static>,
    ) -> Result<(), Problem> {
        decision.input = Some(digest(text, self.protection.exact_key(&self.id, "input")));
        let canonical = canonical_text(text);
        let secret = self.protection.secret.as_ref();
        let key = secret.map(|secret| secret.canonical_key());
        decision.input_canonical = Some(digest(&canonical, key));
        self.keep("input", text, self.keep.input, decision)
    }

    /// Puts the digest of the output into a decision, and the text where it is to be kept.
    pub(crate) fn output(
        &mut self,
        text: &str,
        decision: &mut Decision<'static>,
    ) -> Result<(), Problem> {
        decision.output = Some(digest(text, self.protection.exact_key(&self.id, "output")));
        self.keep("output", text, self.keep.output, decision)
    }

    fn keep(
        &mut self,
        field: &'static str,
        text: &str,
        keeping: Keeping,
        decision: &mut Decision<'static>,
    ) -> Result<(), Problem> {
        let redacted = match self.protection.redaction.clone() {
            None => None,
            Some(redaction) => Some(self.redact(field, text, &redaction, &redaction.redactor)?),
        };
        match keeping {
            Keeping::Digest => Ok(()),
            Keeping::Encrypted => self.encrypt(field.into(), text, decision),
            Keeping::Plain => {
                let Some(redacted) = redacted else {
                    decision.kept.push(plain(field, text.to_owned()));
                    return Ok(());
                };
                decision.kept.push(plain(field, redacted.text));
                if redacted.encrypted.is_empty() {
                    return Ok(());
                }
                let values: Vec<&str> = redacted
                    .encrypted
                    .iter()
                    .filter_map(|span| text.get(span.start..span.end))
                    .collect();
                let values = serde_json::Value::from(values);
                let values = crate::json::canonical(&values)?;
                self.encrypt(format!("{field}.values"), &values, decision)
            }
        }
    }

    /// Redacts the texts that a decision has in the clear whether they are kept or not.
    pub(crate) fn others(&mut self, decision: &mut Decision<'static>) -> Result<(), Problem> {
        let Some(redaction) = self.protection.redaction.clone() else {
            return Ok(());
        };
        decision.reason_codes = self.texts("reason_codes", &decision.reason_codes, &redaction)?;
        decision.tags = self.texts("tags", &decision.tags, &redaction)?;
        let mut checks = List::default();
        for check in decision.checks.iter() {
            if check.detail.is_empty() {
                checks.push(check.clone());
                continue;
            }
            let detail =
                self.redact(DETAIL, check.detail.as_str(), &redaction, &redaction.beside)?;
            let detail = match detail.findings.is_empty() {
                true => detail.text,
                // A placeholder may sort elsewhere than the name that it replaces.
                false => crate::json::canonical(&crate::json::read(detail.text.as_bytes())?)?,
            };
            checks.push(Check {
                detail: detail.into(),
                ..check.clone()
            });
        }
        decision.checks = checks;
        Ok(())
    }

    fn texts(
        &mut self,
        field: &'static str,
        texts: &List<'static, Text<'static>>,
        redaction: &Redaction,
    ) -> Result<List<'static, Text<'static>>, Problem> {
        texts
            .iter()
            .map(|text| {
                let redacted = self.redact(field, text.as_str(), redaction, &redaction.beside)?;
                Ok(Text::from(redacted.text))
            })
            .collect()
    }

    /// As [`Protection::names`].
    pub(crate) fn names(&self, names: &[(&str, &str)]) -> Result<(), Problem> {
        self.protection.names(names)
    }

    fn redact(
        &mut self,
        field: &'static str,
        text: &str,
        redaction: &Redaction,
        redactor: &Redactor,
    ) -> Result<ai_audit_pii::Redacted, Problem> {
        let key = redaction.pseudonyms.as_ref();
        // A document stays one; what only begins like one is a text.
        let is_document = field == DETAIL || text.trim_start().starts_with(['{', '[']);
        let document = match is_document {
            true => redactor.redact_json(text, key).ok(),
            false => None,
        };
        let redacted = match document {
            Some(redacted) => redacted,
            None => redactor
                .redact(text, key)
                .map_err(|error| Problem::of(field, error.to_string()))?,
        };
        for (kind, count) in &redacted.counts {
            let key = (field, kind.name().to_owned());
            *self.counts.entry(key).or_default() += count;
        }
        Ok(redacted)
    }

    fn encrypt(
        &mut self,
        field: String,
        text: &str,
        decision: &mut Decision<'static>,
    ) -> Result<(), Problem> {
        let Some(key) = &self.protection.key else {
            let message = "it is to be encrypted, and there is no key to encrypt it under";
            return Err(Problem::of(field, message));
        };
        let place = Place {
            receipt: self.id,
            subject: decision.subject.as_str(),
            field: &field,
        };
        let (encrypted, ciphertext) = key
            .encrypt(&place, text.as_bytes(), self.keys.nonce())
            .map_err(|error| Problem::of(field.clone(), error.to_string()))?;
        self.ciphertexts.push((encrypted.key, ciphertext));
        decision.kept.push(KeptField {
            name: field.into(),
            content: Content::Encrypted(encrypted),
        });
        Ok(())
    }

    /// Puts the counts into the decision and gives the ciphertexts, in the order of its kept texts.
    pub(crate) fn finish(self, decision: &mut Decision<'static>) -> Vec<Ciphertext> {
        for ((field, kind), count) in self.counts {
            decision.redactions.push(ai_audit_core::Redaction {
                field: field.into(),
                kind: kind.into(),
                count,
            });
        }
        self.ciphertexts
    }
}

fn digest(text: &str, key: Option<DisclosureKey>) -> TextDigest {
    match key {
        Some(key) => TextDigest::keyed(text, &key),
        None => TextDigest::plain(text),
    }
}

fn plain(name: &'static str, text: String) -> KeptField<'static> {
    KeptField {
        name: name.into(),
        content: Content::Plain(text.into()),
    }
}
