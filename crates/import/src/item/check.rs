//! What a verifier checks of an imported record: that nothing beside it says what it does not say.

use ai_audit_core::{BulkVerifier, Bytes, Header, ImportedBody, ImportedItem, encode_body};
use ai_audit_core::{Imported, ImportedRecord};
use alloc::vec::Vec;
use core::fmt;

use super::{has_room, header};
use crate::{Problem, Record};

/// An imported record beside which something stands that it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemError {
    /// A field, or one of the receipt's header, is not what the record itself says.
    Field {
        /// The field's name.
        field: &'static str,
    },
    /// The key vouches for a record whose own hash does not hold.
    Proof(Problem),
    /// The record's signature does not hold under the key.
    Signature,
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { field } => {
                write!(f, "{field}: expected what the imported record itself says")
            }
            Self::Proof(problem) => {
                write!(
                    f,
                    "key: expected none, the imported record does not hold: {problem}"
                )
            }
            Self::Signature => {
                f.write_str("key: expected one under which the imported record's signature holds")
            }
        }
    }
}

impl core::error::Error for ItemError {}

/// Checks an imported record and its receipt's header against the record's own text: its id, owner,
/// time, trace, session, actor and content; and where there is a key, the hash that is rebuilt and the
/// signature. Specified in `docs/spec/imported.md`.
///
/// That the key is the right one is not for this function to say. `bulk` remembers tables of the keys, so
/// that many records under few keys take a third of the time.
///
/// # Errors
///
/// The first thing that is not what the record says.
///
/// # Examples
///
/// ```
/// use ai_audit_core::{BulkVerifier, Imported, ImportedRecord, UnverifiedReceipt, decode_body};
/// use ai_audit_import::check_item;
///
/// /// Whether a receipt brings a record of the Python library, and nothing that it does not say.
/// fn says_what_it_brings(receipt: &UnverifiedReceipt<'_>, bulk: &mut BulkVerifier) -> bool {
///     let body: Result<Imported<'_>, _> = decode_body(receipt.body());
///     match body.map(|imported| imported.record) {
///         Ok(ImportedRecord::Item(item)) => check_item(receipt.header(), &item, bulk).is_ok(),
///         _ => false,
///     }
/// }
/// ```
pub fn check_item(
    receipt: &Header<'_>,
    item: &ImportedItem<'_>,
    bulk: &mut BulkVerifier,
) -> Result<(), ItemError> {
    let Ok(mut record) = Record::parse(&item.original) else {
        return check_unreadable(receipt, item);
    };
    let [trace, session, actor] = header(&record);
    same("id", *item.id == *record.id())?;
    same("tenant", *item.tenant == *record.tenant())?;
    same("occurred_at", item.occurred_at == record.time())?;
    same("trace_id", receipt.trace_id == trace)?;
    same("session_id", receipt.session_id == session)?;
    same("actor_id", receipt.actor_id == actor)?;
    same("content", is_content(item, &record))?;
    let Some(key) = item.key else {
        return Ok(());
    };
    record.fit().map_err(ItemError::Proof)?;
    same("hash", item.hash == Some(record.hash()))?;
    same("signature", item.signature == record.signature())?;
    let signature = item.signature.ok_or(ItemError::Signature)?;
    bulk.verify(&key, record.signed_bytes(), &signature)
        .map_err(|_| ItemError::Signature)
}

/// Nothing may be taken from a text that cannot be read.
fn check_unreadable(receipt: &Header<'_>, item: &ImportedItem<'_>) -> Result<(), ItemError> {
    same("id", item.id.is_empty())?;
    same("tenant", item.tenant.is_empty())?;
    same("occurred_at", item.occurred_at.is_none())?;
    same("trace_id", receipt.trace_id.is_empty())?;
    same("session_id", receipt.session_id.is_empty())?;
    same("actor_id", receipt.actor_id.is_empty())?;
    same("hash", item.hash.is_none())?;
    same("signature", item.signature.is_none())?;
    same("key", item.key.is_none())?;
    same("content", item.content.is_none())
}

fn same(field: &'static str, is: bool) -> Result<(), ItemError> {
    if is {
        Ok(())
    } else {
        Err(ItemError::Field { field })
    }
}

/// Whether an item's content is what its record says: with all details, or with none where there is
/// no room for them.
fn is_content(item: &ImportedItem<'_>, record: &Record<'_>) -> bool {
    let content = record.content();
    let given = item.content.map(|content| (content.kind, content.body.0));
    if given == borrowed(&content) {
        return true;
    }
    given.is_some()
        && given == borrowed(&record.content_with(false))
        && !fits(item, record, content)
}

fn borrowed<K: Copy>(content: &Option<(K, Vec<u8>)>) -> Option<(K, &[u8])> {
    content
        .as_ref()
        .map(|(kind, body)| (*kind, body.as_slice()))
}

/// Whether the item would have had room for this content.
fn fits(
    item: &ImportedItem<'_>,
    record: &Record<'_>,
    content: Option<(ai_audit_core::Kind, Vec<u8>)>,
) -> bool {
    let content = content.as_ref().map(|(kind, body)| ImportedBody {
        kind: *kind,
        body: Bytes(body),
    });
    let item = ImportedItem {
        content,
        ..item.clone()
    };
    let record_of = ImportedRecord::Item(item);
    let encoded = encode_body(&Imported { record: record_of });
    encoded.is_ok_and(|encoded| has_room(&header(record), encoded.len()))
}
