//! Receipts of incidents, from opening to closing.

use crate::intake::{Intake, TakeError, Taken};
use crate::resend::is;
use crate::{IntakeError, resend};
use ai_audit_agentic::Incident;
use ai_audit_core::{
    Body as _, DecodeBody as _, LeafHash, ReceiptId, TextDigest, UnverifiedReceipt,
};
use ai_audit_directory::OsRandom;
use ai_audit_store::{
    Clock as _, EncodedRecordBody, LogName, Random as _, Receipt, Record, StoredContent,
    SystemClock,
};
use std::collections::BTreeMap;

/// What is said of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentDraft<'a> {
    /// The body of the receipt to be, but for the description.
    pub incident: Incident<'a>,
    /// A text of which the digest is kept.
    pub description: Option<String>,
    /// Who records this, as a pseudonym or a system's name.
    pub actor: String,
    /// The receipt's id, which lets it be sent again; made where there is none.
    pub id: Option<ReceiptId>,
}

impl Intake {
    /// Takes a receipt of an incident.
    ///
    /// # Errors
    ///
    /// [`TakeError::Group`] where it contradicts itself or names a receipt that is not there, or no
    /// incident; [`TakeError::Conflict`] where its id is there with something else; a refusal of the
    /// directory's where its words name somebody.
    pub fn take_incident(
        &self,
        log: &LogName,
        draft: &IncidentDraft<'_>,
    ) -> Result<Taken, TakeError> {
        let directory = self.reading();
        let incident = &draft.incident;
        let words = [
            ("category", incident.category.as_str()),
            ("authority", incident.authority.as_str()),
            ("reference", incident.reference.as_str()),
            ("actor", draft.actor.as_str()),
        ];
        directory.names_nobody(log, &words)?;
        let wrong = |what: String| TakeError::Group(format!("incident: {what}"));
        incident.check().map_err(|error| {
            wrong(format!(
                "field `{}`: expected {}",
                error.field, error.expected
            ))
        })?;
        let named: Vec<LeafHash> = incident
            .receipts
            .iter()
            .chain(&incident.incident)
            .copied()
            .collect();
        // Past the connection on which others look things up: it may take as long as the log is.
        let places = match named.is_empty() {
            true => BTreeMap::new(),
            false => self.beside()?.places_of_hashes(log, &named)?,
        };
        for hash in incident.receipts.iter() {
            if !places.contains_key(hash) {
                return Err(wrong(format!(
                    "field `receipts`: log {log} has no receipt {hash}"
                )));
            }
        }
        if let Some(opening) = &incident.incident {
            self.is_opening(log, places.get(opening).copied())?;
        }
        let id = match draft.id {
            Some(id) => id,
            None => {
                let mut random = [0; 10];
                OsRandom.fill(&mut random).map_err(IntakeError::from)?;
                ReceiptId::from_parts(SystemClock.now(), random)
            }
        };
        let description = match &draft.description {
            None => None,
            // The digest has a key of the receipt's id.
            Some(text) if directory.settings().keyed_digests => {
                let key = directory.digest_secret(log)?.exact_key(&id, "description");
                Some(TextDigest::keyed(text, &key))
            }
            Some(text) => Some(TextDigest::plain(text)),
        };
        let incident = Incident {
            description,
            ..incident.clone()
        };
        if draft.id.is_some()
            && let Some(seq) = resend::place_of(directory, log, id)?
        {
            return self.incident_there(log, seq, &incident, &draft.actor);
        }
        let body = EncodedRecordBody::new(&incident);
        self.submit(
            log,
            Record::build(id, move |_| body).actor(draft.actor.as_str()),
        )
    }

    /// Whether a receipt, which may be nowhere, opens an incident.
    fn is_opening(&self, log: &LogName, seq: Option<u64>) -> Result<(), TakeError> {
        let directory = self.reading();
        let wrong = |what: &str| {
            TakeError::Group(format!(
                "incident: field `incident`: {what}; expected the hash of the receipt that opened it"
            ))
        };
        let seq = seq.ok_or_else(|| wrong("the log has no such receipt"))?;
        // Of one whose bytes are deleted nobody can tell.
        if let StoredContent::Sealed(sealed) = directory.stored(log, seq)? {
            let opens = UnverifiedReceipt::parse(&sealed)
                .and_then(|receipt| Incident::decode(&receipt).map(|it| it.incident.is_none()));
            if !opens.unwrap_or(false) {
                return Err(wrong("that receipt opens no incident"));
            }
        }
        Ok(())
    }

    fn incident_there(
        &self,
        log: &LogName,
        seq: u64,
        incident: &Incident<'_>,
        actor: &str,
    ) -> Result<Taken, TakeError> {
        let other = |what: &str| TakeError::Conflict {
            place: "incident".into(),
            log: log.clone(),
            seq,
            what: what.into(),
        };
        let StoredContent::Sealed(sealed) = self.reading().stored(log, seq)? else {
            return Err(other("its bytes were deleted, so nothing can be compared"));
        };
        let Ok(receipt) = UnverifiedReceipt::parse(&sealed) else {
            return Err(other("it cannot be read"));
        };
        let header = receipt.header();
        if !is(&receipt, incident) || header.actor_id != actor {
            return Err(other("it says something else"));
        }
        Ok(Taken::there(vec![Receipt {
            seq,
            id: header.id,
            hash: receipt.hash(),
            sealed_at: header.sealed_at,
        }]))
    }
}
