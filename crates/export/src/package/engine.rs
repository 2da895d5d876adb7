//! What a package is verified with: as a whole log or as a selection.

use ai_audit_note::VKey;
use ai_audit_verify::{LogVerifier, Report, SelectionVerifier};

/// The verifier of whole logs or of selections.
pub(crate) enum Engine<'p> {
    Log(Box<LogVerifier<'p>>),
    Selection(Box<SelectionVerifier<'p>>),
}

impl Engine<'_> {
    pub(crate) fn fail(&mut self, reason: String) {
        match self {
            Self::Log(verifier) => verifier.fail_integrity(reason),
            Self::Selection(verifier) => verifier.fail_integrity(reason),
        }
    }

    pub(crate) fn cut_off(&mut self, reason: String) {
        match self {
            Self::Log(verifier) => verifier.cut_off(reason),
            Self::Selection(verifier) => verifier.cut_off(reason),
        }
    }

    pub(crate) fn key_line(&self) -> Option<VKey> {
        match self {
            Self::Log(verifier) => verifier.key_line().cloned(),
            Self::Selection(verifier) => verifier.key_line().cloned(),
        }
    }

    pub(crate) fn finish(self) -> Report {
        match self {
            Self::Log(verifier) => verifier.finish(),
            Self::Selection(verifier) => verifier.finish(),
        }
    }
}
