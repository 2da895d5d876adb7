//! The top of a report: the verdict on the log, before anything else is said.

use super::cells::{section, sentence, table, text};
use crate::document::{Block, Section, Span, Tone};
use ai_audit_compliance::Crosswalk;
use ai_audit_core::{Question, Status};

/// What each question asks.
const fn asks(question: Question) -> &'static str {
    match question {
        Question::Integrity => {
            "Are these the bytes that were sealed, in this order, with none missing in between?"
        }
        Question::Attribution => {
            "Was every receipt signed by the key that was valid for it, starting from a key that the reader brought?"
        }
        Question::Completeness => {
            "Is everything there, from the first receipt to a size that the reader brought?"
        }
        Question::Time => {
            "Is the time of the receipts bounded by somebody other than who wrote them?"
        }
        Question::Erasure => "Which fields were erased, and is what should be gone gone?",
    }
}

const fn title(question: Question) -> &'static str {
    match question {
        Question::Integrity => "Integrity",
        Question::Attribution => "Attribution",
        Question::Completeness => "Completeness",
        Question::Time => "Time",
        Question::Erasure => "Erasure",
    }
}

/// The answer in a tone, and its reason.
fn answer(status: &Status) -> (Span, Vec<Span>) {
    let toned = |tone, word: &str| Span::Toned(tone, word.into());
    match status {
        Status::Verified => (
            toned(Tone::Good, "verified"),
            text("It was checked and holds."),
        ),
        Status::Failed { reason, receipt } => {
            let mut why = text(sentence(reason));
            if let Some(seq) = receipt {
                why.push(Span::text(" First seen at receipt "));
                why.push(Span::Receipt(*seq));
                why.push(Span::text("."));
            }
            (toned(Tone::Bad, "failed"), why)
        }
        Status::Unverified { why } => (toned(Tone::Open, "unverified"), text(sentence(why))),
        Status::NotApplicable => (
            toned(Tone::Plain, "not applicable"),
            text("The question does not arise."),
        ),
    }
}

/// The section.
pub(super) fn verdict(crosswalk: &Crosswalk) -> Section {
    let mut section = section("verdict", 2, "Verdict on the log");
    section.blocks.push(notice(crosswalk));
    let mut answers = table(
        "Five questions about the log, each with an answer of its own",
        &[("Question", false), ("Answer", false), ("Reason", false)],
    );
    for question in Question::ALL {
        let (word, why) = answer(crosswalk.verdict.answer(question));
        let asked = vec![
            Span::Strong(title(question).into()),
            Span::text(format!(": {}", asks(question))),
        ];
        answers.rows.push(vec![asked, vec![word], why]);
    }
    section.blocks.push(Block::Table(answers));
    section
}

/// What the verdict means for all that follows.
fn notice(crosswalk: &Crosswalk) -> Block {
    let verdict = &crosswalk.verdict;
    let failed = Question::ALL
        .iter()
        .any(|question| verdict.answer(*question).is_failed());
    if let Some(why) = &crosswalk.nothing_counts {
        let mut spans = vec![
            Span::Strong("Nothing counts as evidence in this report.".into()),
            Span::text(format!(" {} ", sentence(why))),
        ];
        spans.push(Span::text(advice(crosswalk)));
        let tone = if failed { Tone::Bad } else { Tone::Open };
        return Block::Notice(tone, spans);
    }
    if failed {
        return Block::Notice(
            Tone::Bad,
            vec![
                Span::Strong("Something about this log failed.".into()),
                Span::text(
                    " What is counted below rests on receipts whose bytes and signatures hold. \
                     Clear up the answer that failed before you rely on it.",
                ),
            ],
        );
    }
    let open: Vec<&str> = [Question::Completeness, Question::Time]
        .into_iter()
        .filter(|question| matches!(verdict.answer(*question), Status::Unverified { .. }))
        .map(Question::name)
        .collect();
    if open.is_empty() {
        return Block::Notice(
            Tone::Good,
            text("Bytes and signatures hold: what is counted below rests on verified receipts."),
        );
    }
    Block::Notice(
        Tone::Open,
        vec![
            Span::text(
                "Bytes and signatures hold: what is counted below rests on verified receipts. ",
            ),
            Span::Strong(format!("Not verified: {}.", open.join(" and "))),
            Span::text(" The reasons say what to bring."),
        ],
    )
}

/// What to do where nothing counts.
const fn advice(crosswalk: &Crosswalk) -> &'static str {
    let verdict = &crosswalk.verdict;
    if verdict.integrity.is_failed() || verdict.attribution.is_failed() {
        "Keep this evidence as it is, get another copy of the log from its keeper or a witness, and \
         find out what happened at the receipt that is named below."
    } else if verdict.integrity.is_verified() {
        "Get the log's key line from its keeper by a way of your own, and make the report again with \
         --key."
    } else {
        "Bring what the reasons below ask for, and make the report again."
    }
}
