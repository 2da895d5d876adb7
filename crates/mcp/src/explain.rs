//! A verdict in words.

use ai_audit_core::{Question, Status};
use ai_audit_verify::Report;
use serde::Serialize;

/// One question of a verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Explained {
    question: &'static str,
    status: &'static str,
    /// What is asked.
    asks: &'static str,
    /// What was found, in words.
    says: String,
    /// What would settle it; empty where it is settled.
    settles: &'static str,
}

const fn asks(question: Question) -> &'static str {
    match question {
        Question::Integrity => "Are the receipts what was sealed, unchanged and in their order?",
        Question::Attribution => "Were they sealed by the keys of the log that you know?",
        Question::Completeness => {
            "Are all receipts there up to a point that somebody else vouches for?"
        }
        Question::Time => "Do third parties whom you trust bound when they were sealed?",
        Question::Erasure => "Were the erasures that were asked for carried out?",
    }
}

const fn settles(question: Question) -> &'static str {
    match question {
        Question::Integrity => "Whole evidence: a package, or the log directory itself.",
        Question::Attribution => {
            "The log's key line (log.pub), from elsewhere than this evidence; of batched receipts whose seal is missing, \
             the log, or a selection of it, with what follows them."
        }
        Question::Completeness => {
            "A checkpoint that you kept from before, or a trust policy with witnesses."
        }
        Question::Time => "Certificates of timestamp authorities, or witnesses, that you trust.",
        Question::Erasure => {
            "The log directory with its subject keys, looked through by its keeper."
        }
    }
}

/// Every question of a verdict in words.
pub(crate) fn explained(report: &Report) -> Vec<Explained> {
    let of = |question: Question| {
        let status = report.verdict.answer(question);
        let (name, settles) = match status {
            Status::Verified => ("verified", ""),
            Status::Failed { .. } => (
                "failed",
                "Nothing: this evidence is not what it claims to be. Ask its keeper, and keep what you have.",
            ),
            Status::Unverified { .. } => ("unverified", settles(question)),
            Status::NotApplicable => ("not_applicable", ""),
        };
        Explained {
            question: question.name(),
            status: name,
            asks: asks(question),
            says: status.to_string(),
            settles,
        }
    };
    Question::ALL.map(of).into()
}

/// The same in short: a line for each question, and what stands open.
pub(crate) fn lines(kind: &str, report: &Report) -> Vec<String> {
    let mut lines = vec![format!("{kind}: {} receipts", report.receipts)];
    lines.extend(Question::ALL.map(|question| {
        format!(
            "{}: {}",
            question.name(),
            escaped(&report.verdict.answer(question).to_string())
        )
    }));
    if !report.open_tool_intents.is_empty() {
        lines.push(format!(
            "tool intents without an outcome: {}",
            report.open_tool_intents.len()
        ));
    }
    lines
}

/// Without control characters: what evidence says is read by a model, and shown to people.
pub(crate) fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect()
}
