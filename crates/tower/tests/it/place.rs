//! A log directory, and what is in its log.

use ai_audit_agentic::ToolOutcome;
use ai_audit_core::{DecodeBody as _, Exit, Kind, Question, UnverifiedReceipt};
use ai_audit_directory::{InitOptions, LogDirectory, Settings, Writer, init};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_store::LogName;
use ai_audit_verify::{Pin, TrustPolicy};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) struct Place {
    folder: TempDir,
    key_line: String,
    pub(crate) intake: Arc<Intake>,
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

    /// The kinds in the log, but for its first three receipts and what the ledger writes by itself.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let all = self.receipts().into_iter();
        let kinds = all.map(|sealed| UnverifiedReceipt::parse(&sealed).unwrap().header().kind);
        kinds.filter(|kind| !kind.is_control()).collect()
    }

    fn receipts(&self) -> Vec<Vec<u8>> {
        let directory = self.directory();
        let size = directory.head(&LogName::default()).unwrap().size();
        let receipt = |seq| directory.receipt(&LogName::default(), seq).unwrap();
        (0..size).map(receipt).collect()
    }

    /// The statuses of outcomes, by name.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for sealed in self.receipts() {
            let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
            if receipt.header().kind == Kind::TOOL_OUTCOME {
                let outcome = ToolOutcome::decode(&receipt).unwrap();
                found.push(format!("{:?}", outcome.status).to_lowercase());
            }
        }
        found
    }

    pub(crate) fn directory(&self) -> LogDirectory {
        LogDirectory::open(&self.folder.path().join("audit"), Settings::default()).unwrap()
    }

    /// Stops the ledger and verifies the log; how many intents are open.
    pub(crate) fn verified(&self) -> usize {
        // It may have been stopped before.
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
        report.open_tool_intents.len()
    }
}
