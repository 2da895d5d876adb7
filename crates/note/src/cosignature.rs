//! Cosignatures: a witness's signature over a checkpoint and a time (C2SP tlog-cosignature v1).

use crate::{NoteError, NoteSignature, SignedNote, VKey, VKeyKind};
use ai_audit_core::{SIGNATURE_LEN, Signature, Signer, Timestamp};
use alloc::format;
use alloc::string::String;

/// Cosigns a checkpoint's note at a time, of which the seconds count.
///
/// The witness must have verified the note and its consistency with what it cosigned before.
///
/// # Errors
///
/// When the name cannot be a key's, or the signer fails.
pub fn cosign(
    note: &SignedNote,
    name: &str,
    signer: &(impl Signer + ?Sized),
    time: Timestamp,
) -> Result<NoteSignature, NoteError> {
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
    /// Verifies a witness's cosignature and returns its time; of several, the latest.
    ///
    /// # Errors
    ///
    /// [`NoteError::NotSigned`], [`NoteError::Signature`], or [`NoteError::Kind`] for a key that
    /// signs no cosignatures.
    pub fn verify_cosignature(&self, key: &VKey) -> Result<Timestamp, NoteError> {
        if key.kind() != VKeyKind::CosignatureV1 {
            return Err(NoteError::Kind);
        }
        let mut latest = 0;
        self.each_of(key, |bytes| {
            let (seconds, signature) =
                bytes.split_first_chunk::<8>().ok_or(NoteError::Signature)?;
            let signature =
                <[u8; SIGNATURE_LEN]>::try_from(signature).map_err(|_| NoteError::Signature)?;
            let seconds = u64::from_be_bytes(*seconds);
            key.key()
                .verify(
                    message(self, seconds).as_bytes(),
                    &Signature::from_bytes(signature),
                )
                .map_err(|_| NoteError::Signature)?;
            latest = latest.max(seconds);
            Ok(())
        })?;
        Ok(Timestamp::from_micros(latest.saturating_mul(1_000_000)))
    }
}

fn message(note: &SignedNote, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{}", note.text())
}
