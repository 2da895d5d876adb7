//! Tool calls whose outcome never came.

use super::Finding;
use crate::result::Period;
use crate::sample::{Named, Sample};
use ai_audit_agentic::{MAX_OPEN, ToolOutcome};
use ai_audit_core::{DecodeBody as _, Kind, LeafHash};
use ai_audit_verify::VerifiedReceipt;
use std::collections::BTreeMap;

/// Follows tool intents until their outcome comes.
#[derive(Debug, Default)]
pub(super) struct OpenWatch {
    open: BTreeMap<LeafHash, Named>,
    not_followed: u64,
}

impl OpenWatch {
    pub(super) fn see(&mut self, receipt: &VerifiedReceipt<'_>, named: Named) {
        match named.kind {
            Kind::TOOL_INTENT if self.open.len() < MAX_OPEN => {
                self.open.insert(named.hash, named);
            }
            Kind::TOOL_INTENT => self.not_followed += 1,
            Kind::TOOL_OUTCOME => {
                if let Ok(ToolOutcome {
                    intent: Some(intent),
                    ..
                }) = ToolOutcome::decode(receipt)
                {
                    self.open.remove(&intent);
                }
            }
            _ => {}
        }
    }

    pub(super) fn finding(&self, period: Period) -> Finding {
        let mut open: Vec<Named> = self
            .open
            .values()
            .filter(|named| period.contains(named.sealed_at))
            .copied()
            .collect();
        open.sort_unstable_by_key(|named| named.seq);
        let mut sample = Sample::default();
        open.iter().for_each(|named| sample.push(*named));
        let says = match open.len() {
            0 => "every tool intent that was followed has its outcome".into(),
            1 => "1 tool intent has no outcome".into(),
            count => format!("{count} tool intents have no outcome"),
        };
        Finding {
            id: "open-intents",
            title: "Tool calls whose outcome never came",
            absent: open.len() as u64,
            says: vec![says],
            advice: "find out what came of them: ai-audit verify lists them",
            named: sample.named(),
            cannot_tell: (self.not_followed > 0).then(|| {
                format!(
                    "{} tool intents came while {MAX_OPEN} were open, and were not followed",
                    self.not_followed
                )
            }),
            deletable: true,
            of_period: true,
            ..Finding::default()
        }
    }
}
