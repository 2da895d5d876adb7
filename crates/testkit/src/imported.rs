//! The bodies that bring records of the Python library `ai-audit-trail` into a log: those of
//! [`python`], with what a test wants them to say.

use crate::python;
use ai_audit_agentic::{JsonDigest, ToolOutcome, ToolStatus};
use ai_audit_core::{
    Action, Bytes, Check, Decision, Digest, Imported, ImportedAnswer, ImportedBody, ImportedItem,
    ImportedRecord, ImportedSource, Kind, LeafHash, List, Signature, SigningKey, TextDigest,
    Timestamp, encode_body,
};
use serde_json::{Value, json};

/// What a decision of another system says.
#[derive(Debug, Clone, Copy)]
pub struct OldDecision<'a> {
    /// Its receipt's id.
    pub id: &'a str,
    /// When it was.
    pub time: Timestamp,
    /// Trace and session; the receipt that brings it has them as well.
    pub trace: &'a str,
    /// See `trace`.
    pub session: &'a str,
    /// The action.
    pub action: Action,
    /// The model.
    pub model: &'a str,
    /// The answer, of which there is a digest.
    pub output: &'a str,
    /// The score of a check `toxicity` that fires from 0.5 on.
    pub score: f64,
}

/// A record of another system.
#[derive(Debug, Clone)]
pub struct OldRecord {
    /// Its bytes.
    pub original: String,
    id: String,
    time: Timestamp,
    hash: Digest,
    signature: Signature,
    proven: bool,
    kind: Kind,
    body: Vec<u8>,
}

/// The key that signs old records.
#[must_use]
pub fn old_key() -> SigningKey {
    SigningKey::from_bytes(&[0x0d; 32])
}

impl OldRecord {
    /// A decision receipt, signed by [`old_key`]; where it is not `proven`, by another one.
    #[must_use]
    pub fn decision(of: &OldDecision<'_>, proven: bool) -> Self {
        let fired = of.score >= 0.5;
        let output = Digest::of(of.output.as_bytes());
        let says = json!({
            "receipt_id": of.id, "trace_id": of.trace, "session_id": of.session, "model_id": of.model,
            "action": of.action.name(), "input_c14n": "", "output_hash": output.to_string(),
            "checks": [{"name": "toxicity", "version": "3", "score": of.score, "threshold": 0.5,
                "fired": fired, "detail": {}}],
            "reason_codes": [],
        });
        let body = Decision {
            occurred_at: Some(of.time),
            output: Some(TextDigest::Plain(output)),
            checks: vec![Check {
                name: "toxicity".into(),
                version: "3".into(),
                score: Some(of.score),
                threshold: Some(0.5),
                fired,
                ..Check::default()
            }]
            .into(),
            action: of.action,
            model: of.model.into(),
            ..Decision::new()
        };
        let body = encode_body(&body).unwrap();
        let record = python::decision(0, "");
        Self::sealed(record, says, of.time, proven, (Kind::DECISION, body))
    }

    /// A tool-call receipt of an agent that ran well, signed by [`old_key`].
    #[must_use]
    pub fn tool_call(id: &str, time: Timestamp, agent: &str, tool: &str) -> Self {
        let result = Digest::of(b"a result");
        let says = json!({
            "receipt_id": id, "agent_id": agent, "tool_name": tool, "tool_result_hash": result.to_string(),
        });
        let body = ToolOutcome {
            occurred_at: Some(time),
            tool: tool.into(),
            call_id: id.into(),
            status: ToolStatus::Ok,
            result: Some(JsonDigest::Raw(TextDigest::Plain(result))),
            duration_us: Some(1_500),
            ..ToolOutcome::new()
        };
        let body = encode_body(&body).unwrap();
        let record = python::tool_call(0, "");
        Self::sealed(record, says, time, true, (Kind::TOOL_OUTCOME, body))
    }

    /// The record, with what it `says` instead of its members of the same names.
    fn sealed(
        mut record: Value,
        says: Value,
        time: Timestamp,
        proven: bool,
        (kind, body): (Kind, Vec<u8>),
    ) -> Self {
        for (name, value) in says.as_object().unwrap() {
            record[name] = value.clone();
        }
        // Without a fraction where it is a whole second.
        record["timestamp"] = time.to_string().replace(".000000Z", "Z").into();
        let key = match proven {
            true => old_key(),
            false => SigningKey::from_bytes(&[0x0e; 32]),
        };
        python::seal(&mut record, &key);
        let signed = python::signed_bytes(&record);
        Self {
            original: record.to_string(),
            id: python::text_of(&record, "receipt_id"),
            time,
            hash: Digest::of(&signed),
            signature: key.sign(&signed),
            proven,
            kind,
            body,
        }
    }

    /// The body that brings it, as record `index` of a source.
    #[must_use]
    pub fn item(&self, source: LeafHash, index: u64) -> Imported<'_> {
        let finding = if self.proven {
            ""
        } else {
            "signature: no trusted key"
        };
        Imported {
            record: ImportedRecord::Item(ImportedItem {
                source,
                index,
                id: self.id.as_str().into(),
                tenant: "".into(),
                occurred_at: Some(self.time),
                original: self.original.as_str().into(),
                hash: Some(self.hash),
                signature: Some(self.signature),
                key: self.proven.then(|| old_key().verifying_key()),
                finding: finding.into(),
                content: Some(ImportedBody {
                    kind: self.kind,
                    body: Bytes(&self.body),
                }),
            }),
        }
    }
}

/// The body that describes where records came from: a file with one a line.
#[must_use]
pub fn old_source(records: &[OldRecord]) -> Imported<'static> {
    let lines = records
        .iter()
        .map(|record| format!("{}\n", record.original));
    let file: String = lines.collect();
    Imported {
        record: ImportedRecord::Source(ImportedSource {
            system: "ai-audit-trail".into(),
            form: "receipts".into(),
            name: "receipts.jsonl".into(),
            digest: Digest::of(file.as_bytes()),
            size: file.len() as u64,
            items: records.len() as u64,
            keys: vec![old_key().verifying_key()].into(),
            integrity: ImportedAnswer::Verified,
            attribution: ImportedAnswer::Verified,
            completeness: ImportedAnswer::Unverified("no size was given".into()),
            files: List::EMPTY,
        }),
    }
}
