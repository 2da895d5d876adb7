//! Cosignatures: a witness's signature over a checkpoint and a time (C2SP tlog-cosignature v1).

use crate::{Checkpoint, NoteError, NoteSignature, SignedNote, VKey, VKeyKind};
use ai_audit_core::{SIGNATURE_LEN, Signature, Signer, Timestamp};
use alloc::format;
use alloc::string::String;

/// First line of what a witness signs. No note of [`SignedNote::sign`] begins with it.
pub(crate) const HEADER: &str = "cosignature/v1\n";

/// Cosigns a checkpoint's note as the witness `name` at a time, of which the whole seconds count.
///
/// It checks only that the text is a checkpoint. The witness must have verified the log's
/// signature and the consistency with what it cosigned before.
///
/// ```
/// use ai_audit_core::{NodeHash, SigningKey, Timestamp};
/// use ai_audit_merkle::TreeSize;
/// use ai_audit_note::{Checkpoint, VKey, cosign};
///
/// let (log, witness) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
/// let checkpoint = Checkpoint {
///     origin: "example.org/log".into(),
///     size: TreeSize::ZERO,
///     root: NodeHash::EMPTY,
///     extensions: vec![],
/// };
/// let mut note = checkpoint.sign(&log)?;
/// let time = Timestamp::from_micros(1_790_000_000_000_000);
/// note.add(cosign(&note, "witness.example", &witness, time)?)?;
///
/// let line = VKey::cosignature("witness.example", witness.verifying_key())?;
/// assert_eq!(note.verify_cosignature(&line)?, time);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`NoteError::NoCheckpoint`], [`NoteError::Name`] or [`NoteError::Signer`].
pub fn cosign(
    note: &SignedNote,
    name: &str,
    signer: &(impl Signer + ?Sized),
    time: Timestamp,
) -> Result<NoteSignature, NoteError> {
    Checkpoint::parse(note.text()).map_err(|_| NoteError::NoCheckpoint)?;
    let key = VKey::cosignature(name, signer.verifying_key()).map_err(|_| NoteError::Name)?;
    let seconds = time.as_secs();
    let signature = signer
        .try_sign(message(note, seconds).as_bytes())
        .map_err(NoteError::Signer)?;
    let mut bytes = seconds.to_be_bytes().to_vec();
    bytes.extend_from_slice(signature.as_bytes());
    Ok(NoteSignature::new(name, key.hash(), bytes))
}

impl SignedNote {
    /// Verifies a witness's cosignatures, of which there is one at least, and returns their time;
    /// of several, the latest. The witness's clock is the only source of that time.
    ///
    /// # Errors
    ///
    /// [`NoteError::NotSigned`], [`NoteError::Signature`], [`NoteError::CosignatureTime`], or
    /// [`NoteError::Kind`] for a key that signs no cosignatures.
    pub fn verify_cosignature(&self, key: &VKey) -> Result<Timestamp, NoteError> {
        self.cosignature_times(key).map(|(_, last)| last)
    }

    /// Verifies a witness's cosignatures, of which there is one at least, and returns the earliest
    /// and the latest of their times.
    ///
    /// # Errors
    ///
    /// As [`SignedNote::verify_cosignature`].
    pub fn cosignature_times(&self, key: &VKey) -> Result<(Timestamp, Timestamp), NoteError> {
        if key.kind() != VKeyKind::CosignatureV1 {
            return Err(NoteError::Kind);
        }
        let (mut first, mut last) = (u64::MAX, 0);
        self.each_of(key, |number, bytes| {
            let failed = NoteError::Signature { number };
            let Some((seconds, signature)) = bytes.split_first_chunk::<8>() else {
                return Err(failed);
            };
            let Ok(signature) = <[u8; SIGNATURE_LEN]>::try_from(signature) else {
                return Err(failed);
            };
            let seconds = u64::from_be_bytes(*seconds);
            key.key()
                .verify(
                    message(self, seconds).as_bytes(),
                    &Signature::from_bytes(signature),
                )
                .map_err(|_| failed)?;
            if seconds > Timestamp::MAX.as_secs() {
                return Err(NoteError::CosignatureTime { number });
            }
            (first, last) = (first.min(seconds), last.max(seconds));
            Ok(())
        })?;
        // No overflow: there was one, not above the seconds of `Timestamp::MAX`.
        let time = |seconds: u64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        Ok((time(first), time(last)))
    }
}

fn message(note: &SignedNote, seconds: u64) -> String {
    format!("{HEADER}time {seconds}\n{}", note.text())
}
