//! Reading what a witness answered.

use super::{CosignError, MAX_ANSWER};
use ai_audit_core::Timestamp;
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, NoteError, NoteSignature, SignedNote, VKey};
use ureq::http::StatusCode;

/// How much of a refusal is shown, in characters.
const MAX_SAID: usize = 120;

/// The cosignature lines of this witness in a 200, verified over the checkpoint that was sent.
pub(super) fn cosignatures(
    body: &[u8],
    note: &SignedNote,
    key: &VKey,
    latest: Timestamp,
) -> Result<(Vec<NoteSignature>, Timestamp), CosignError> {
    let form = CosignError::Form {
        expected: "lines of signatures, each ended by a line feed",
    };
    let text = core::str::from_utf8(body).map_err(|_| form.clone())?;
    let lines = text.strip_suffix('\n').ok_or_else(|| form.clone())?;
    let mut own = Vec::new();
    for line in lines.split('\n') {
        let signature = NoteSignature::parse(line).map_err(|_| form.clone())?;
        if signature.name() == key.name() && signature.hash() == key.hash() {
            own.push(signature);
        }
    }
    // Against the note without what others put under it: only these lines are this answer's.
    let foreign = |other: &&NoteSignature| other.name() != key.name() || other.hash() != key.hash();
    let mut signed = note.only(foreign).unwrap_or_else(|| note.clone());
    for signature in &own {
        signed.add(signature.clone()).map_err(CosignError::Bad)?;
    }
    match signed.cosignature_times(key) {
        Ok((_, time)) if time > latest => Err(CosignError::Future { time }),
        Ok((_, time)) => Ok((own, time)),
        Err(NoteError::NotSigned { .. }) => Err(CosignError::NotItsKey),
        Err(error) => Err(CosignError::Bad(error)),
    }
}

/// The size in a 409.
pub(super) fn size(body: &[u8]) -> Result<TreeSize, CosignError> {
    let digits = body
        .strip_suffix(b"\n")
        .filter(|digits| digits.iter().all(u8::is_ascii_digit))
        .filter(|digits| *digits == b"0" || !digits.starts_with(b"0"));
    digits
        .and_then(|digits| core::str::from_utf8(digits).ok()?.parse().ok())
        .map(TreeSize::new)
        .ok_or(CosignError::Form {
            expected: "a size and a line feed with status 409",
        })
}

/// The checkpoint that a witness of ours has last: signed by the log, cosigned by the witness.
pub(super) fn checkpoint(body: &[u8], log: &VKey, key: &VKey) -> Result<Checkpoint, CosignError> {
    let note = SignedNote::parse(body).map_err(CosignError::Bad)?;
    note.cosignature_times(key).map_err(CosignError::Bad)?;
    Checkpoint::open(body, log).map_err(CosignError::Checkpoint)
}

/// A status that is neither 200 nor 409.
pub(super) fn refusal(status: StatusCode, body: &[u8]) -> CosignError {
    let said = String::from_utf8_lossy(body);
    CosignError::Refused {
        code: status.as_u16(),
        said: said.trim().chars().take(MAX_SAID).collect(),
    }
}

/// An exchange that failed on the way.
pub(super) fn failure(error: ureq::Error) -> CosignError {
    match error {
        ureq::Error::Timeout(_) => CosignError::TimedOut,
        ureq::Error::Io(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock
            ) =>
        {
            CosignError::TimedOut
        }
        ureq::Error::BodyExceedsLimit(_) => CosignError::TooLong { limit: MAX_ANSWER },
        other => CosignError::Unreachable(other.to_string()),
    }
}
