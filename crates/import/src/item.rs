//! A record as the body of a receipt of ours: `imported`, of the sort `item`.

mod check;

use ai_audit_core::{
    Bytes, Digest, Imported, ImportedBody, ImportedItem, ImportedRecord, Kind, LeafHash,
    MAX_PAYLOAD_LEN, Signature, Timestamp, VerifyingKey, encode_body,
};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::{Examined, Record, RecordError};
pub use check::{ItemError, check_item};

/// What a receipt's header takes at most besides its three texts: version, log, sequence number,
/// hash before, time, id, key, mode, kind, and the lengths of the texts.
const HEADER: usize = 1 + 32 + 10 + 32 + 10 + 16 + 8 + 1 + 3 + 3 * 3;

/// A record that is ready to be sealed, with what goes into the receipt's header.
///
/// Specified in `docs/spec/imported.md`. Where the details of a decision's checks would make the
/// receipt too long, they are left out of its content; they stand in its original.
///
/// ```
/// use ai_audit_core::{ImportedRecord, LeafHash};
/// use ai_audit_import::{Item, Keys, Record};
///
/// let line = r#"{"receipt_id":"r1","tool_name":"search","agent_id":"triage","signature":""}"#;
/// let mut record = Record::parse(line)?;
/// let examined = record.examine(&mut Keys::default());
/// let source = LeafHash::of(b"the receipt that describes the source");
/// let item = Item::new(&record, &examined, source, 0)?;
///
/// // For the header, and the body.
/// assert_eq!(item.actor_id(), "triage");
/// let ImportedRecord::Item(body) = item.imported().record else { unreachable!() };
/// assert_eq!((body.original.as_str(), body.key), (line, None));
/// assert!(body.finding.starts_with("receipt_hash: "));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Item<'r> {
    source: LeafHash,
    index: u64,
    original: &'r str,
    id: &'r str,
    tenant: &'r str,
    header: [&'r str; 3],
    occurred_at: Option<Timestamp>,
    hash: Option<Digest>,
    signature: Option<Signature>,
    key: Option<VerifyingKey>,
    finding: String,
    content: Option<(Kind, Vec<u8>)>,
    encoded: Vec<u8>,
}

/// A record whose receipt would be longer than a receipt may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemTooLong {
    /// How long the record is, in bytes.
    pub original: usize,
}

impl fmt::Display for ItemTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "record of {} bytes cannot be imported whole: expected a receipt of at most \
             {MAX_PAYLOAD_LEN} bytes with what is noted beside it",
            self.original
        )
    }
}

impl core::error::Error for ItemTooLong {}

impl<'r> Item<'r> {
    /// A record that could be read, and what was found of it. `source` is the hash of the receipt that
    /// describes where it came from, `index` its place there.
    ///
    /// # Errors
    ///
    /// When it would be too long even without details.
    pub fn new(
        record: &'r Record<'_>,
        examined: &Examined,
        source: LeafHash,
        index: u64,
    ) -> Result<Self, ItemTooLong> {
        let mut item = Self {
            id: record.id(),
            tenant: record.tenant(),
            header: header(record),
            occurred_at: record.time(),
            hash: examined.hash,
            signature: record.signature(),
            key: examined.key,
            finding: examined
                .problem
                .map(|problem| problem.to_string())
                .unwrap_or_default(),
            content: record.content(),
            ..Self::bare(record.original(), source, index)
        };
        if let Err(error) = item.encode() {
            // Only with details can there be something shorter.
            item.content = record.content_with(false);
            item.encode().map_err(|_| error)?;
        }
        Ok(item)
    }

    /// A record that cannot be read, with its text alone.
    ///
    /// # Errors
    ///
    /// When it would be too long.
    pub fn unreadable(
        original: &'r str,
        error: &RecordError,
        source: LeafHash,
        index: u64,
    ) -> Result<Self, ItemTooLong> {
        let mut item = Self {
            finding: error.to_string(),
            ..Self::bare(original, source, index)
        };
        item.encode()?;
        Ok(item)
    }

    /// A record of which nothing is known but where it stood.
    const fn bare(original: &'r str, source: LeafHash, index: u64) -> Self {
        Self {
            source,
            index,
            original,
            id: "",
            tenant: "",
            header: [""; 3],
            occurred_at: None,
            hash: None,
            signature: None,
            key: None,
            finding: String::new(),
            content: None,
            encoded: Vec::new(),
        }
    }

    fn encode(&mut self) -> Result<(), ItemTooLong> {
        let too_long = ItemTooLong {
            original: self.original.len(),
        };
        let encoded = encode_body(&self.imported()).map_err(|_| too_long)?;
        if !has_room(&self.header, encoded.len()) {
            return Err(too_long);
        }
        self.encoded = encoded;
        Ok(())
    }

    /// The body, to seal it.
    #[must_use]
    pub fn imported(&self) -> Imported<'_> {
        Imported {
            record: ImportedRecord::Item(ImportedItem {
                source: self.source,
                index: self.index,
                id: self.id.into(),
                tenant: self.tenant.into(),
                occurred_at: self.occurred_at,
                original: self.original.into(),
                hash: self.hash,
                signature: self.signature,
                key: self.key,
                finding: self.finding.as_str().into(),
                content: self.content.as_ref().map(|(kind, body)| ImportedBody {
                    kind: *kind,
                    body: Bytes(body),
                }),
            }),
        }
    }

    /// The same, encoded as a body of the kind `imported`.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// For the receipt's header; may be empty.
    #[must_use]
    pub const fn trace_id(&self) -> &'r str {
        self.header[0]
    }

    /// For the receipt's header; may be empty.
    #[must_use]
    pub const fn session_id(&self) -> &'r str {
        self.header[1]
    }

    /// For the receipt's header; may be empty.
    #[must_use]
    pub const fn actor_id(&self) -> &'r str {
        self.header[2]
    }
}

/// Trace, session and actor of a record.
fn header<'r>(record: &'r Record<'_>) -> [&'r str; 3] {
    [record.trace_id(), record.session_id(), record.agent_id()]
}

/// Whether a body of this length makes no receipt that is too long, whatever its header.
fn has_room(header: &[&str; 3], body: usize) -> bool {
    let texts: usize = header.iter().map(|text| text.len()).sum();
    HEADER + texts + body <= MAX_PAYLOAD_LEN
}
