//! Signed notes: a text and the signatures below it.

use crate::cosignature::HEADER;
use crate::vkey::{Hash, is_name};
use crate::{VKey, VKeyKind};
use ai_audit_core::{SIGNATURE_LEN, Signature, Signer, SignerError};
use alloc::string::String;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;

/// The longest note that is read, in bytes.
pub const MAX_NOTE_LEN: usize = 1 << 20;
/// The most signatures that a note may have; the specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";
const SIGNATURE_LINE: &str = "a signature line: an em dash, a space, a key name, a space, base64";
const KEY_NAME: &str = "a key name: no Unicode space, control character or '+', not empty";

/// A note that was read, or is being signed: a text and at least one signature.
///
/// The text is nobody's until [`SignedNote::verify`] says whose it is. `Display` gives the
/// note's exact bytes.
///
/// ```
/// use ai_audit_core::SigningKey;
/// use ai_audit_note::{SignedNote, VKey};
///
/// let key = SigningKey::from_bytes(&[1; 32]);
/// let bytes = SignedNote::sign("some text\n", "example.org/foo", &key)?.to_string();
///
/// let note = SignedNote::parse(bytes.as_bytes())?;
/// note.verify(&VKey::ed25519("example.org/foo", key.verifying_key())?)?;
/// assert_eq!(note.text(), "some text\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    hash: [u8; 4],
    bytes: Vec<u8>,
}

/// Why bytes are no note, a note does not verify, or a text cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// The bytes do not have the form of a note.
    Form {
        /// Byte offset.
        offset: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// No signature is of this key.
    NotSigned {
        /// The key's name.
        name: String,
        /// The key's hash.
        hash: [u8; 4],
    },
    /// A signature of this key does not verify.
    Signature {
        /// Which of the note's signatures, from 1.
        number: usize,
    },
    /// A cosignature verifies, but its time is after the year 9999.
    CosignatureTime {
        /// Which of the note's signatures, from 1.
        number: usize,
    },
    /// The key is for another kind of signature.
    Kind,
    /// The name to sign under cannot be a key's.
    Name,
    /// The text to sign does not end in a newline, has control characters, or begins as what
    /// witnesses sign.
    Text,
    /// The text to cosign is no checkpoint.
    NoCheckpoint,
    /// The note would become longer than [`MAX_NOTE_LEN`].
    TooLong,
    /// The note already has [`MAX_SIGNATURES`] signatures.
    TooManySignatures,
    /// The signer failed.
    Signer(SignerError),
}

impl SignedNote {
    /// Reads a note of at most 1 MiB and 100 signatures. It verifies nothing.
    ///
    /// Stricter than the specification in one point: key names have no control characters at all.
    ///
    /// # Errors
    ///
    /// [`NoteError::Form`]: where the first thing is that does not hold, and what was expected.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_LEN {
            return form(MAX_NOTE_LEN, "the end of the note: it has at most 1 MiB");
        }
        let note = core::str::from_utf8(bytes).map_err(|error| NoteError::Form {
            offset: error.valid_up_to(),
            expected: "UTF-8",
        })?;
        if let Some(offset) = note.bytes().position(|c| c < 0x20 && c != b'\n') {
            return form(offset, "no control character but the newline");
        }
        let Some(split) = note.rfind("\n\n") else {
            return form(note.len(), "an empty line between text and signatures");
        };
        let (text, below) = (&note[..=split], &note[split + 2..]);
        if below.is_empty() {
            return form(split + 2, SIGNATURE_LINE);
        }
        let Some(lines) = below.strip_suffix('\n') else {
            return form(note.len(), "a newline at the end of the last signature");
        };
        let mut signatures = Vec::new();
        let mut offset = split + 2;
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return form(offset, "the end of the note: it has at most 100 signatures");
            }
            signatures.push(NoteSignature::parse_at(line, offset)?);
            offset += line.len() + 1;
        }
        Ok(Self {
            text: text.into(),
            signatures,
        })
    }

    /// Signs a text under a name. The text ends in a newline and has no other control character;
    /// a text that begins as the message of a cosignature does is refused.
    ///
    /// # Errors
    ///
    /// [`NoteError::Text`], [`NoteError::Name`], [`NoteError::TooLong`], [`NoteError::Signer`].
    pub fn sign(
        text: &str,
        name: &str,
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, NoteError> {
        let control = text.chars().any(|c| c.is_control() && c != '\n');
        // One key may serve as log and witness; then nobody must get a cosignature out of it by
        // handing in a text.
        if !text.ends_with('\n') || control || text.starts_with(HEADER) {
            return Err(NoteError::Text);
        }
        let key = VKey::ed25519(name, signer.verifying_key()).map_err(|_| NoteError::Name)?;
        let mut note = Self {
            text: text.into(),
            signatures: Vec::new(),
        };
        let signature = signer
            .try_sign(text.as_bytes())
            .map_err(NoteError::Signer)?;
        let bytes = signature.as_bytes().to_vec();
        note.add(NoteSignature::new(name, key.hash(), bytes))?;
        Ok(note)
    }

    /// The text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, as claimed.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line below the others. Whether it belongs to this text is not checked.
    ///
    /// # Errors
    ///
    /// [`NoteError::TooManySignatures`], [`NoteError::TooLong`].
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let lines = self.signatures.iter().map(NoteSignature::line_len);
        let len = self.text.len() + 1 + lines.sum::<usize>() + signature.line_len();
        if len > MAX_NOTE_LEN {
            return Err(NoteError::TooLong);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The note with those of its signatures that `keep` picks; `None` where it picks none, since a
    /// note has at least one.
    #[must_use]
    pub fn only(&self, keep: impl FnMut(&&NoteSignature) -> bool) -> Option<Self> {
        let signatures: Vec<_> = self.signatures.iter().filter(keep).cloned().collect();
        (!signatures.is_empty()).then(|| Self {
            text: self.text.clone(),
            signatures,
        })
    }

    /// Adds the signatures of another note over the same text, whoever made them; whether they hold
    /// is not checked. What is here stays, but of one key at most two lines are kept, the first and
    /// the newest (where there is no room, the newest alone): a witness that cosigns a checkpoint
    /// time and again does not fill the note.
    ///
    /// # Errors
    ///
    /// [`NoteError::Text`] when the texts differ, [`NoteError::TooManySignatures`],
    /// [`NoteError::TooLong`]; the note is as it was then.
    pub fn merge(&mut self, newer: &Self) -> Result<(), NoteError> {
        if self.text != newer.text {
            return Err(NoteError::Text);
        }
        let mut merged = self.clone();
        for signature in &newer.signatures {
            if merged.signatures.contains(signature) {
                continue;
            }
            let same = |other: &NoteSignature| {
                other.name == signature.name && other.hash == signature.hash
            };
            let count = merged.signatures.iter().filter(|other| same(other)).count();
            let full = merged.signatures.len() >= MAX_SIGNATURES;
            match merged.signatures.iter().rposition(same) {
                Some(newest) if count > 1 || full => {
                    merged.signatures.remove(newest);
                }
                _ => {}
            }
            merged.add(signature.clone())?;
        }
        *self = merged;
        Ok(())
    }

    /// Verifies the note under a key: it has signatures of this name and hash, and all of them
    /// verify. Signatures of other keys are ignored.
    ///
    /// # Errors
    ///
    /// [`NoteError::NotSigned`], [`NoteError::Signature`], or [`NoteError::Kind`] for a key that
    /// signs cosignatures.
    pub fn verify(&self, key: &VKey) -> Result<(), NoteError> {
        if key.kind() != VKeyKind::Ed25519 {
            return Err(NoteError::Kind);
        }
        self.each_of(key, |number, bytes| {
            let signature = <[u8; SIGNATURE_LEN]>::try_from(bytes)
                .map_err(|_| NoteError::Signature { number })?;
            key.key()
                .verify(self.text.as_bytes(), &Signature::from_bytes(signature))
                .map_err(|_| NoteError::Signature { number })
        })
    }

    /// Runs `check` over the signatures of a key, of which there must be one at least, with
    /// their numbers from 1.
    pub(crate) fn each_of(
        &self,
        key: &VKey,
        mut check: impl FnMut(usize, &[u8]) -> Result<(), NoteError>,
    ) -> Result<(), NoteError> {
        let mut found = false;
        for (signature, number) in self.signatures.iter().zip(1..) {
            if signature.name == key.name() && signature.hash == key.hash() {
                check(number, &signature.bytes)?;
                found = true;
            }
        }
        if found {
            Ok(())
        } else {
            Err(NoteError::NotSigned {
                name: key.name().into(),
                hash: key.hash(),
            })
        }
    }
}

impl NoteSignature {
    pub(crate) fn new(name: &str, hash: [u8; 4], bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            hash,
            bytes,
        }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's hash.
    #[must_use]
    pub const fn hash(&self) -> [u8; 4] {
        self.hash
    }

    /// The signature as its kind of key defines it, without the hash.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of the line in a note, with its newline.
    fn line_len(&self) -> usize {
        DASH.len() + self.name.len() + 1 + (4 + self.bytes.len()).div_ceil(3) * 4 + 1
    }

    /// Reads one signature line, without its newline: what a witness replies with, for
    /// [`SignedNote::add`].
    ///
    /// # Errors
    ///
    /// [`NoteError::Form`], with the offset in the line.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        Self::parse_at(line, 0)
    }

    fn parse_at(line: &str, offset: usize) -> Result<Self, NoteError> {
        let error = |offset, expected| NoteError::Form { offset, expected };
        let rest = line
            .strip_prefix(DASH)
            .ok_or(error(offset, SIGNATURE_LINE))?;
        let (name, base64) = rest.split_once(' ').ok_or(error(
            offset + line.len(),
            "a space and base64 after the key name",
        ))?;
        if !is_name(name) {
            return Err(error(offset + DASH.len(), KEY_NAME));
        }
        let at = offset + DASH.len() + name.len() + 1;
        let blob = Base64::decode_vec(base64)
            .map_err(|_| error(at, "the signature in canonical base64"))?;
        let (hash, bytes) = blob
            .split_first_chunk::<4>()
            .filter(|(_, bytes)| !bytes.is_empty())
            .ok_or(error(at, "base64 of 4 bytes of key hash and a signature"))?;
        Ok(Self {
            name: name.into(),
            hash: *hash,
            bytes: bytes.to_vec(),
        })
    }
}

const fn form<T>(offset: usize, expected: &'static str) -> Result<T, NoteError> {
    Err(NoteError::Form { offset, expected })
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = self.hash.to_vec();
        blob.extend_from_slice(&self.bytes);
        write!(f, "{DASH}{} {}", self.name, Base64::encode_string(&blob))
    }
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { offset, expected } => {
                write!(f, "note at byte {offset}: expected {expected}")
            }
            Self::NotSigned { name, hash } => {
                write!(f, "note has no signature of key {name}+{}", Hash(*hash))
            }
            Self::Signature { number } => {
                write!(f, "note, signature {number}: does not verify under its key")
            }
            Self::CosignatureTime { number } => {
                write!(
                    f,
                    "note, signature {number}: expected a time before the year 10000"
                )
            }
            Self::Kind => f.write_str("key is for another kind of signature than asked for"),
            Self::Name => write!(f, "name to sign under: expected {KEY_NAME}"),
            Self::Text => f.write_str(
                "text to sign: expected a newline at the end, no other control character, \
                 and no cosignature's first line; to merge, the same text",
            ),
            Self::NoCheckpoint => f.write_str("text to cosign: expected a checkpoint"),
            Self::TooLong => write!(f, "note would be longer than {MAX_NOTE_LEN} bytes"),
            Self::TooManySignatures => write!(f, "note has {MAX_SIGNATURES} signatures already"),
            Self::Signer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NoteError {}
