//! What every sealing function is given: the log, what stands in the header, and room for the receipt.
#![allow(unsafe_code, reason = "all of it comes from C as pointers")]

use crate::draft::AiAuditDraft;
use crate::log::{AiAuditLog, Open};
use crate::raw;
use crate::status::Result;
use ai_audit_core::{Body, Draft, Kind};
use core::mem::MaybeUninit;

/// The arguments that sealing functions have in common.
pub(crate) struct Given<'a> {
    pub(crate) log: &'a mut Open,
    draft: Draft<'a>,
    out: &'a mut [u8],
    written: &'a mut MaybeUninit<usize>,
}

impl<'a> Given<'a> {
    /// # Safety
    /// `log` points to an initialised block, `draft` to a draft whose pointers hold what they say, `out` to
    /// `out_len` bytes, `written` to a size. None of them overlap, and nobody else uses them during `'a`.
    pub(crate) unsafe fn new(
        log: *mut AiAuditLog,
        draft: *const AiAuditDraft,
        out: *mut u8,
        out_len: usize,
        written: *mut usize,
    ) -> Result<Self> {
        // SAFETY: the caller's promise is the same.
        let (log, draft) = unsafe { (Open::at(log)?, AiAuditDraft::at(draft)?) };
        // SAFETY: the caller's promise is the same.
        let (out, written) = unsafe { (raw::bytes_mut(out, out_len)?, raw::room(written)?) };
        Ok(Self {
            log,
            draft,
            out,
            written,
        })
    }

    /// Seals a body as the next receipt, and says how long that is.
    pub(crate) fn seal(&mut self, body: &impl Body) -> Result<()> {
        let len = self.log.seal(&self.draft, body, self.out)?;
        self.written.write(len);
        Ok(())
    }

    /// The same with a body that is encoded already.
    pub(crate) fn seal_encoded(&mut self, kind: Kind, body: &[u8]) -> Result<()> {
        let len = self.log.seal_encoded(&self.draft, kind, body, self.out)?;
        self.written.write(len);
        Ok(())
    }
}
