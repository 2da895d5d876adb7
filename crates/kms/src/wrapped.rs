//! What stands around a subject key that a service wrapped.

use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{KekId, SubjectKey, WrapError};

const LABEL: &[u8] = b"ai-audit/wrap-service/v1\0";

/// What a wrapped key is bound to: it opens for nothing else.
pub(crate) fn associated(kek: KekId, log: &LogId, id: SubjectKeyId, subject: &str) -> Vec<u8> {
    [
        LABEL,
        kek.as_bytes(),
        log.as_bytes(),
        id.as_bytes(),
        subject.as_bytes(),
    ]
    .concat()
}

/// What was wrapped, behind the id of the key that wrapped it.
pub(crate) fn behind_id(kek: KekId, wrapped: &[u8]) -> Result<&[u8], WrapError> {
    let found = wrapped.len();
    let (id, rest) = wrapped
        .split_first_chunk::<16>()
        .ok_or(WrapError::Length { found })?;
    if id != kek.as_bytes() {
        return Err(WrapError::OtherKek);
    }
    Ok(rest)
}

/// The subject key out of what a service opened.
pub(crate) fn opened(log: &LogId, id: SubjectKeyId, bytes: &[u8]) -> Result<SubjectKey, WrapError> {
    let bytes = bytes.try_into().map_err(|_| WrapError::Changed)?;
    Ok(SubjectKey::new(id, *log, bytes))
}
