//! The few fields of a header that say what to do with a receipt, without reading the others.

use crate::{Kind, SIGNATURE_LEN, SealMode, VERSION};

/// What sealed bytes seem to be: for whoever hashes or sorts very many of them.
///
/// Nothing is checked but what is needed to find these fields; only
/// [`UnverifiedReceipt::parse`](crate::UnverifiedReceipt::parse) tells whether the bytes are a receipt.
///
/// ```
/// use ai_audit_core::{Kind, Outline};
/// # use ai_audit_core::{Draft, Genesis, Head, ReceiptId, SigningKey, Timestamp};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
/// # let [key, checkpoint, recovery] = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
/// # let genesis = Genesis::new("example.org", "", &key, &checkpoint, &recovery, [7; 16]);
/// # let now = Timestamp::from_micros(1_790_000_000_000_000);
/// # let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
/// # let mut buf = [0; 1024];
/// # let sealed = draft.seal(&genesis, &Head::EMPTY, &keys[0], &mut buf)?.as_bytes().to_vec();
/// let outline = Outline::read(&sealed).ok_or("too short")?;
/// assert_eq!(outline.kind, Kind::GENESIS);
/// assert_eq!(outline.payload_len, sealed.len() - 64);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// How it is sealed.
    pub mode: SealMode,
    /// What its body is.
    pub kind: Kind,
    /// Where its payload ends and its signature, if it has one, begins.
    pub payload_len: usize,
}

impl Outline {
    /// Finds the fields; `None` where the bytes are too short, or of another version.
    #[must_use]
    pub fn read(sealed: &[u8]) -> Option<Self> {
        let (version, rest) = sealed.split_first()?;
        if *version != VERSION {
            return None;
        }
        // log_id, seq, prev, sealed_at, id and key_id.
        let rest = rest.get(32..)?;
        let rest = varint(rest)?.1.get(32..)?;
        let rest = varint(rest)?.1.get(16 + 8..)?;
        let (mode, rest) = rest.split_first()?;
        let (mode, seal) = match mode {
            0 => (SealMode::Signed, SIGNATURE_LEN),
            1 => (SealMode::Batched, 0),
            _ => return None,
        };
        let (kind, rest) = varint(rest)?;
        let kind = Kind::new(u16::try_from(kind).ok()?);
        // Three empty texts have a byte each, an empty body none.
        rest.len().checked_sub(3 + seal)?;
        let payload_len = sealed.len() - seal;
        Some(Self {
            mode,
            kind,
            payload_len,
        })
    }
}

/// A varint of at most 64 bits, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(place + 1..)?));
        }
    }
    None
}
