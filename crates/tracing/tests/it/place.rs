//! A log directory, a layer over it, and what is in its log.

use ai_audit_core::{Decision, DecodeBody as _, Exit, Gap, Kind, Question, UnverifiedReceipt};
use ai_audit_directory::{InitOptions, LogDirectory, Settings, Writer, init};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_store::LogName;
use ai_audit_tracing::{AuditGuard, AuditLayer, AuditOptions, audit};
use ai_audit_verify::{Pin, TrustPolicy};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) struct Place {
    folder: TempDir,
    key_line: String,
    pub(crate) intake: Arc<Intake>,
}

/// A decision as it is in the log, with the names in its header.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) model: String,
    pub(crate) action: String,
    pub(crate) tags: Vec<String>,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) session: String,
    pub(crate) actor: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let options = InitOptions::new("example.org/test");
        let log = init(&path, &options, Settings::default(), "test").unwrap();
        let writer = Writer::open(&path, Settings::default(), "test").unwrap();
        Self {
            key_line: log.key_line.to_string(),
            intake: Arc::new(Intake::new(writer, Keep::default()).unwrap()),
            folder,
        }
    }

    pub(crate) fn audit(&self, options: AuditOptions) -> (AuditLayer, AuditGuard) {
        audit(Arc::clone(&self.intake), LogName::default(), options).unwrap()
    }

    fn directory(&self) -> LogDirectory {
        LogDirectory::open(&self.folder.path().join("audit"), Settings::default()).unwrap()
    }

    fn receipts(&self) -> Vec<Vec<u8>> {
        let directory = self.directory();
        let size = directory.head(&LogName::default()).unwrap().size();
        let receipt = |seq| directory.receipt(&LogName::default(), seq).unwrap();
        (0..size).map(receipt).collect()
    }

    pub(crate) fn decisions(&self) -> Vec<Said> {
        let mut all = Vec::new();
        for sealed in self.receipts() {
            let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
            let header = receipt.header();
            if header.kind == Kind::DECISION {
                let decision = Decision::decode(&receipt).unwrap();
                all.push(Said {
                    model: decision.model.to_string(),
                    action: decision.action.name().into(),
                    tags: decision.tags.iter().map(ToString::to_string).collect(),
                    input_tokens: decision.input_tokens,
                    session: header.session_id.into(),
                    actor: header.actor_id.into(),
                });
            }
        }
        all
    }

    /// What gap receipts declare: how many, and why.
    pub(crate) fn gaps(&self) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        for sealed in self.receipts() {
            let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
            if receipt.header().kind == Kind::GAP {
                let gap = Gap::decode(&receipt).unwrap();
                all.push((gap.lost.unwrap(), gap.reason.to_string()));
            }
        }
        all
    }

    /// Stops the ledger and verifies the log.
    pub(crate) fn verify(&self) {
        let _ = self.intake.writer().ledger().close("done");
        let directory = self.directory();
        let size = directory.head(&LogName::default()).unwrap().size();
        let policy = TrustPolicy::new()
            .pin(Pin::parse(&self.key_line).unwrap())
            .min_size(size);
        let report = directory.verify(&LogName::default(), &policy).unwrap();
        assert_eq!(
            report.exit(&Question::DEFAULT),
            Exit::Verified,
            "{report:?}"
        );
    }
}
