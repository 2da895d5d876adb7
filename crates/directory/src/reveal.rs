//! Showing what is kept encrypted: first that somebody looks is in the log, then he is shown it.

use crate::subjects::HeldOn;
use crate::texts::{Opened, TextState, Texts, kept_texts};
use crate::{DirectoryError, Writer};
use ai_audit_core::{Decision, DecodeBody as _, LeafHash, UnverifiedReceipt};
use ai_audit_shredding::{Access, AccessOutcome, SubjectKeys};
use ai_audit_store::{LogName, Receipt, Record};
use std::sync::Arc;

/// Who looks, and what for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Looking<'a> {
    /// A pseudonym or a system's name; may be empty.
    pub actor: &'a str,
    /// What for; may be empty.
    pub purpose: &'a str,
}

/// What came of looking at one text.
#[derive(Debug)]
pub struct Revealed {
    /// Whose text; empty where nobody is concerned.
    pub subject: String,
    /// The text, or why there is none.
    pub opened: Opened,
    /// The access receipt, which is durable.
    pub access: Receipt,
}

/// A decision about a subject, with its texts.
#[derive(Debug)]
pub struct RevealedReceipt {
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// The texts that it keeps, by field.
    pub texts: Vec<(String, TextState, Opened)>,
}

impl Writer {
    /// Reads a text that a decision keeps encrypted, seals that it was read, and returns it.
    ///
    /// # Errors
    ///
    /// When the receipt is no decision or keeps no such text, the keys cannot be read, or the access
    /// cannot be recorded: then nothing is shown. A text that cannot be read is no error: that
    /// somebody tried is recorded.
    pub fn reveal(
        &self,
        log: &LogName,
        seq: u64,
        field: &str,
        looking: Looking<'_>,
    ) -> Result<Revealed, DirectoryError> {
        let sealed = self.directory().receipt(log, seq)?;
        let wrong = |what: String| DirectoryError::NotKept {
            log: log.clone(),
            seq,
            what,
        };
        let receipt =
            UnverifiedReceipt::parse(&sealed).map_err(|error| wrong(error.to_string()))?;
        let decision = Decision::decode(&receipt).map_err(|_| {
            wrong(format!(
                "is a {}, no decision: it keeps no texts",
                receipt.header().kind
            ))
        })?;
        let kept = kept_texts(&decision);
        match kept.iter().find(|(name, _)| name == field) {
            None => {
                let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
                let names = match names.is_empty() {
                    true => "it keeps none".into(),
                    false => format!("it keeps {}", names.join(", ")),
                };
                return Err(wrong(format!("keeps no text {field:?}: {names}")));
            }
            Some((_, TextState::Plain)) => {
                return Err(wrong(format!(
                    "keeps {field:?} in the clear: `ai-audit show` shows it"
                )));
            }
            Some(_) => {}
        }
        self.says_nothing(log, looking)?;
        let keys = self.kept_keys(log)?;
        let texts = self.texts(log, keys.as_deref());
        let opened = texts.open(&receipt, &decision, field)?;
        let opened = opened.unwrap_or_else(|| Opened::Failed("it is not kept".into()));
        let subject = decision.subject.to_string();
        let access = self.access(
            log,
            &subject,
            Some(receipt.hash()),
            field,
            outcome(&opened),
            looking,
        )?;
        Ok(Revealed {
            subject,
            opened,
            access,
        })
    }

    /// Seals that all that is held on a subject is read, then gives each decision about it with its
    /// texts. Returns the access receipt and what is held.
    ///
    /// # Errors
    ///
    /// When the log or the keys cannot be read, or the access cannot be recorded: then nothing is
    /// given. What `give` returns.
    pub fn export_subject<E: From<DirectoryError>>(
        &self,
        log: &LogName,
        subject: &str,
        looking: Looking<'_>,
        mut give: impl FnMut(RevealedReceipt) -> Result<(), E>,
    ) -> Result<(Receipt, HeldOn), E> {
        self.says_nothing(log, looking)?;
        let keys = self.kept_keys(log)?;
        let held = self.directory().held_on(log, subject)?;
        if held.receipts.is_empty() {
            let subject = subject.to_owned();
            return Err(DirectoryError::NothingHeld {
                log: log.clone(),
                subject,
            }
            .into());
        }
        let mut encrypted = held.receipts.iter().filter(|receipt| {
            let texts = &mut receipt.texts.iter();
            texts.any(|(_, state)| *state != TextState::Plain)
        });
        let any = encrypted.clone().next().is_some();
        let erased = any && encrypted.all(|receipt| receipt.erased);
        let outcome = match erased {
            true => AccessOutcome::Erased,
            false => AccessOutcome::Disclosed,
        };
        let access = self.access(log, subject, None, "", outcome, looking)?;
        let texts = self.texts(log, keys.as_deref());
        for receipt in &held.receipts {
            let sealed = self.directory().receipt(log, receipt.seq)?;
            give(texts_of(&texts, sealed)?)?;
        }
        Ok((access, held))
    }

    fn texts<'w>(&'w self, log: &'w LogName, keys: Option<&'w dyn SubjectKeys>) -> Texts<'w> {
        Texts {
            directory: self.directory(),
            log,
            keys,
        }
    }

    /// The subject keys of a log, where there are any. Nothing is made in their place.
    fn kept_keys(&self, log: &LogName) -> Result<Option<Arc<dyn SubjectKeys>>, DirectoryError> {
        match self.directory().layout().log(log).subject_keys.exists() {
            true => self.subject_keys(log).map(Some),
            // Says so where there were some.
            false => self.directory().subject_keys(log).map(|_| None),
        }
    }

    fn says_nothing(&self, log: &LogName, looking: Looking<'_>) -> Result<(), DirectoryError> {
        let texts = [("actor", looking.actor), ("purpose", looking.purpose)];
        self.directory().names_nobody(log, &texts)
    }

    /// Makes an access receipt durable.
    fn access(
        &self,
        log: &LogName,
        subject: &str,
        receipt: Option<LeafHash>,
        field: &str,
        outcome: AccessOutcome,
        looking: Looking<'_>,
    ) -> Result<Receipt, DirectoryError> {
        self.attach(log)?;
        let access = Access {
            subject: subject.into(),
            receipt,
            field: field.into(),
            purpose: looking.purpose.into(),
            outcome,
        };
        let record = Record::new(&access).actor(looking.actor);
        let submitted = self.ledger().submit(log, vec![record]);
        let ticket = submitted.map_err(|error| DirectoryError::Ledger(error.to_string()))?;
        let receipts = ticket
            .wait()
            .map_err(|error| DirectoryError::Ledger(error.to_string()))?;
        receipts
            .first()
            .copied()
            .ok_or_else(|| DirectoryError::Ledger("the access receipt is not there".into()))
    }
}

fn texts_of(texts: &Texts<'_>, sealed: Vec<u8>) -> Result<RevealedReceipt, DirectoryError> {
    let mut opened = Vec::new();
    if let Ok(receipt) = UnverifiedReceipt::parse(&sealed)
        && let Ok(decision) = Decision::decode(&receipt)
    {
        for (field, state) in kept_texts(&decision) {
            if let Some(text) = texts.open(&receipt, &decision, &field)? {
                opened.push((field, state, text));
            }
        }
    }
    Ok(RevealedReceipt {
        sealed,
        texts: opened,
    })
}

const fn outcome(opened: &Opened) -> AccessOutcome {
    match opened {
        Opened::Text { .. } => AccessOutcome::Disclosed,
        Opened::Erased => AccessOutcome::Erased,
        Opened::Failed(_) => AccessOutcome::Failed,
    }
}
