//! Signed notes: a text and the signatures below it.

use crate::vkey::is_name;
use crate::{VKey, VKeyKind};
use ai_audit_core::{SIGNATURE_LEN, Signature, Signer, SignerError};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;

/// The longest note that is read, in bytes.
pub const MAX_NOTE_LEN: usize = 1 << 20;
/// The most signatures that a note may have; the specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// A note that was read, or is being signed. Its signatures are claims until
/// [`SignedNote::verify`].
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

/// Why bytes are no note, or a note does not verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteError {
    /// The bytes do not have the form of a note.
    Form {
        /// Byte offset.
        offset: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// The name cannot be a key's.
    Name,
    /// The text is empty, does not end in a newline, or has control characters.
    Text,
    /// The note already has as many signatures as it may.
    TooManySignatures,
    /// No signature is of this key.
    NotSigned,
    /// A signature of this key does not verify.
    Signature,
    /// The key is for another kind of signature.
    Kind,
    /// The signer failed.
    Signer(SignerError),
}

impl SignedNote {
    /// Reads a note.
    ///
    /// # Errors
    ///
    /// Offset and expectation of the first thing that does not hold.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_LEN {
            return form(MAX_NOTE_LEN, "at most 1 MiB");
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
        if text == "\n" {
            return form(0, "a text before the signatures");
        }
        let Some(lines) = below.strip_suffix('\n') else {
            return form(note.len(), "a newline at the end");
        };
        let mut signatures = Vec::new();
        let mut offset = split + 2;
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return form(offset, "at most 100 signatures");
            }
            signatures.push(NoteSignature::parse(line, offset)?);
            offset += line.len() + 1;
        }
        Ok(Self {
            text: text.into(),
            signatures,
        })
    }

    /// Signs a text under a name.
    ///
    /// # Errors
    ///
    /// When the text or the name cannot be in a note, or the signer fails.
    pub fn sign(
        text: &str,
        name: &str,
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, NoteError> {
        let control = text.chars().any(|c| c.is_control() && c != '\n');
        if text == "\n" || !text.ends_with('\n') || control || text.len() > MAX_NOTE_LEN / 2 {
            return Err(NoteError::Text);
        }
        let key = VKey::ed25519(name, signer.verifying_key()).map_err(|_| NoteError::Name)?;
        let signature = signer
            .try_sign(text.as_bytes())
            .map_err(NoteError::Signer)?;
        let signature = NoteSignature {
            name: name.to_string(),
            hash: key.hash(),
            bytes: signature.as_bytes().to_vec(),
        };
        Ok(Self {
            text: text.into(),
            signatures: alloc::vec![signature],
        })
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

    /// Adds a signature line.
    ///
    /// # Errors
    ///
    /// [`NoteError::TooManySignatures`].
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
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
        self.each_of(key, |bytes| {
            let signature =
                <[u8; SIGNATURE_LEN]>::try_from(bytes).map_err(|_| NoteError::Signature)?;
            key.key()
                .verify(self.text.as_bytes(), &Signature::from_bytes(signature))
                .map_err(|_| NoteError::Signature)
        })
    }

    /// Runs `check` over the signatures of a key, of which there must be one at least.
    pub(crate) fn each_of(
        &self,
        key: &VKey,
        mut check: impl FnMut(&[u8]) -> Result<(), NoteError>,
    ) -> Result<(), NoteError> {
        let mut found = false;
        for signature in &self.signatures {
            if signature.name == key.name() && signature.hash == key.hash() {
                check(&signature.bytes)?;
                found = true;
            }
        }
        if found {
            Ok(())
        } else {
            Err(NoteError::NotSigned)
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

    fn parse(line: &str, offset: usize) -> Result<Self, NoteError> {
        let error = |offset, expected| NoteError::Form { offset, expected };
        let rest = line.strip_prefix(DASH).ok_or(error(
            offset,
            "a signature line: an em dash, a name, base64",
        ))?;
        let (name, base64) = rest
            .split_once(' ')
            .ok_or(error(offset + DASH.len(), "a name, a space, base64"))?;
        if !is_name(name) {
            return Err(error(offset + DASH.len(), "a key name"));
        }
        let at = offset + DASH.len() + name.len() + 1;
        let blob = Base64::decode_vec(base64).map_err(|_| error(at, "canonical base64"))?;
        let (hash, bytes) = blob
            .split_first_chunk::<4>()
            .filter(|(_, bytes)| !bytes.is_empty())
            .ok_or(error(at, "4 bytes of key hash and a signature"))?;
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
            Self::Name => f.write_str("the name cannot be that of a key"),
            Self::Text => {
                f.write_str("a note's text must end in a newline and have no control characters")
            }
            Self::TooManySignatures => f.write_str("the note has 100 signatures already"),
            Self::NotSigned => f.write_str("no signature by this key"),
            Self::Signature => f.write_str("the signature does not verify"),
            Self::Kind => f.write_str("the key is for another kind of signature"),
            Self::Signer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NoteError {}
