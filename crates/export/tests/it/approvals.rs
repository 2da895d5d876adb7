//! Reviews, attestations and required approvals in packages: both verifiers hold them against the log.

use crate::files::unpack;
use crate::logs::Log;
use crate::package_lies::both;
use crate::python::answers;
use ai_audit_agentic::{
    Attestation, HumanReview, JsonDigest, Review, ReviewVerdict, Statement, ToolIntent,
    ToolOutcome, ToolStatus,
};
use ai_audit_core::{
    Decision, LeafHash, LogId, PolicyChange, PolicyEntry, Signature, SigningKey, Text,
    UnverifiedReceipt,
};
use ai_audit_export::Selection;

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

struct Bank {
    log: Log,
    id: LogId,
}

impl Bank {
    /// A log that promises two approvals, of three keys, for `send_money`.
    fn new() -> Self {
        let keys = [51, 52, 53].map(|number| format!("\"{}\"", key(number).verifying_key()));
        Self::promising(&format!(
            "{{\"send_money\":{{\"keys\":[{}],\"needed\":2}}}}",
            keys.join(",")
        ))
    }

    fn promising(rules: &str) -> Self {
        let mut log = Log::of(1, 4);
        let first = UnverifiedReceipt::parse(&log.sealed[0]).unwrap();
        let id = first.hash().to_log_id();
        let change = PolicyChange {
            policy: vec![PolicyEntry {
                name: "approvals".into(),
                value: Text::from(rules.to_owned()),
            }]
            .into(),
            reason: "".into(),
        };
        log.seal(&change, "");
        Self { log, id }
    }

    fn last(&self) -> LeafHash {
        let last = self.log.sealed.last().unwrap();
        UnverifiedReceipt::parse(last).unwrap().hash()
    }

    fn intent(&mut self, tool: &'static str) -> LeafHash {
        let intent = ToolIntent {
            tool: tool.into(),
            arguments: Some(arguments()),
            ..ToolIntent::new()
        };
        self.log.seal(&intent, "");
        self.last()
    }

    fn review(&mut self, number: u8, receipt: LeafHash, verdict: ReviewVerdict) {
        self.log
            .seal(&reviewed(&self.id, number, receipt, verdict), "");
    }

    fn approve(&mut self, number: u8, receipt: LeafHash) {
        self.review(number, receipt, ReviewVerdict::Approved);
    }

    fn run(&mut self, intent: Option<LeafHash>, status: ToolStatus) {
        self.run_as("send_money", intent, status);
    }

    fn run_as(&mut self, tool: &'static str, intent: Option<LeafHash>, status: ToolStatus) {
        let outcome = ToolOutcome {
            tool: tool.into(),
            intent,
            status,
            error: "".into(),
            ..ToolOutcome::new()
        };
        self.log.seal(&outcome, "");
    }

    /// Why integrity fails, if it does.
    fn fails(&self) -> Option<String> {
        let package = self.log.package(Selection::All, true);
        let report = both(&unpack(&package), &self.log.policy());
        let integrity = report.verdict.integrity;
        (!integrity.is_verified()).then(|| integrity.to_string())
    }
}

pub(crate) fn arguments() -> JsonDigest {
    JsonDigest::of_json("{\"amount\":100,\"to\":\"DE\"}", None).unwrap()
}

pub(crate) fn reviewed(
    log: &LogId,
    number: u8,
    receipt: LeafHash,
    verdict: ReviewVerdict,
) -> HumanReview<'static> {
    let review = Review {
        receipt,
        parameters: Some(arguments()),
        verdict,
        reviewer: "officer".into(),
        comment: "".into(),
    };
    HumanReview::sign(review, log, &key(number)).unwrap()
}

#[test]
fn a_call_that_was_approved_verifies() {
    let mut bank = Bank::new();
    let intent = bank.intent("send_money");
    bank.approve(51, intent);
    bank.review(52, intent, ReviewVerdict::Noted);
    bank.approve(53, intent);
    bank.run(Some(intent), ToolStatus::Ok);
    // One that needs none, one that was not run, one that is open.
    let other = bank.intent("search");
    bank.run(Some(other), ToolStatus::Ok);
    let denied = bank.intent("send_money");
    bank.run(Some(denied), ToolStatus::Denied);
    bank.intent("send_money");
    // `search` ran under the name of the other tool without an intent of that one.
    assert!(bank.fails().unwrap().contains("without an intent"));
    let mut bank = Bank::new();
    let intent = bank.intent("send_money");
    bank.approve(51, intent);
    bank.approve(53, intent);
    bank.run(Some(intent), ToolStatus::Ok);
    let denied = bank.intent("send_money");
    bank.run(Some(denied), ToolStatus::Denied);
    bank.intent("send_money");
    assert_eq!(bank.fails(), None);
}

#[test]
fn a_call_without_enough_approvals_fails() {
    type Does = fn(&mut Bank, LeafHash);
    let cases: [(&str, Does); 11] = [
        ("1 approvals", |bank, intent| bank.approve(51, intent)),
        ("1 approvals", |bank, intent| {
            bank.approve(51, intent);
            bank.approve(51, intent);
        }),
        ("1 approvals", |bank, intent| {
            bank.approve(51, intent);
            // Nobody whom the rule knows.
            bank.approve(59, intent);
        }),
        ("1 approvals", |bank, intent| {
            bank.approve(51, intent);
            // Of something else.
            let other = bank.intent("send_money");
            bank.approve(52, other);
        }),
        ("1 approvals", |bank, intent| {
            bank.approve(51, intent);
            // Who saw other parameters.
            let review = Review {
                receipt: intent,
                parameters: Some(JsonDigest::of_json("{\"amount\":1}", None).unwrap()),
                verdict: ReviewVerdict::Approved,
                reviewer: "".into(),
                comment: "".into(),
            };
            let signed = HumanReview::sign(review, &bank.id, &key(52)).unwrap();
            bank.log.seal(&signed, "");
        }),
        ("rejects it", |bank, intent| {
            bank.approve(51, intent);
            bank.approve(52, intent);
            bank.review(53, intent, ReviewVerdict::Rejected);
        }),
        ("rejects it", |bank, intent| {
            bank.review(53, intent, ReviewVerdict::Rejected);
            bank.approve(51, intent);
            bank.approve(52, intent);
            bank.approve(53, intent);
        }),
        // An approval is for one run.
        ("answered before", |bank, intent| {
            bank.approve(51, intent);
            bank.approve(52, intent);
            bank.run(Some(intent), ToolStatus::Ok);
        }),
        // Under no name it is the same run.
        ("answered before", |bank, intent| {
            bank.approve(51, intent);
            bank.approve(52, intent);
            bank.run_as("", Some(intent), ToolStatus::Ok);
            bank.run_as("", Some(intent), ToolStatus::Ok);
        }),
        // What was denied may not run after all.
        ("0 approvals", |bank, intent| {
            bank.run_as("", Some(intent), ToolStatus::Denied);
        }),
        ("which needs approvals", |bank, intent| {
            bank.approve(51, intent);
            bank.approve(52, intent);
            bank.run_as("other", Some(intent), ToolStatus::Ok);
        }),
    ];
    for (said, does) in cases {
        let mut bank = Bank::new();
        let intent = bank.intent("send_money");
        does(&mut bank, intent);
        bank.run(Some(intent), ToolStatus::TimedOut);
        // What comes after it approves nothing.
        bank.approve(51, intent);
        bank.approve(52, intent);
        let fails = bank.fails().unwrap();
        assert!(fails.contains(said), "{said}: {fails}");
    }
    let mut bank = Bank::new();
    bank.run(None, ToolStatus::Unknown);
    assert!(bank.fails().unwrap().contains("without an intent"));
}

#[test]
fn a_signature_for_another_log_or_text_fails_wherever_it_is() {
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let mut bank = Bank::new();
        let intent = bank.intent("search");
        let elsewhere = LogId::from_bytes([9; 32]);
        let moved = reviewed(&elsewhere, 51, intent, ReviewVerdict::Approved);
        bank.log.seal(&moved, "s1");
        let report = both(
            &unpack(&bank.log.package(selection.clone(), true)),
            &bank.log.policy(),
        );
        let fails = report.verdict.integrity.to_string();
        assert!(fails.contains("did not sign this"), "{fails}");

        let mut bank = Bank::new();
        let statement = Statement {
            receipt: bank.last(),
            role: "tool".into(),
            statement: "ran as asked".into(),
        };
        let mut attested = Attestation::sign(statement, &bank.id, &key(60)).unwrap();
        bank.log.seal(&attested, "s1");
        let good = both(
            &unpack(&bank.log.package(selection.clone(), true)),
            &bank.log.policy(),
        );
        assert!(good.verdict.integrity.is_verified(), "{good:?}");
        attested.signature = Signature::from_bytes([7; 64]);
        bank.log.seal(&attested, "s1");
        let report = both(
            &unpack(&bank.log.package(selection, true)),
            &bank.log.policy(),
        );
        assert!(report.verdict.integrity.is_failed());
    }
}

#[test]
fn rules_that_are_none_fail_at_the_receipt_that_has_them() {
    let good = key(51).verifying_key();
    for rules in [
        "[]".to_owned(),
        "{\"t\":{}}".into(),
        "{\"t\":{\"keys\":[],\"needed\":0}}".into(),
        format!("{{\"t\":{{\"keys\":[\"{good}\"],\"needed\":2}}}}"),
        format!("{{\"t\":{{\"keys\":[\"{good}\",\"{good}\"],\"needed\":1}}}}"),
        format!("{{\"t\":{{\"keys\":[\"{good}\"],\"needed\":1,\"more\":1}}}}"),
        format!("{{\"\":{{\"keys\":[\"{good}\"],\"needed\":1}}}}"),
        // Half of a surrogate pair, which is no text.
        format!("{{\"\\ud800\":{{\"keys\":[\"{good}\"],\"needed\":1}}}}"),
        format!("{{\"a\\udfffb\":{{\"keys\":[\"{good}\"],\"needed\":1}}}}"),
        format!(
            "{{\"t\":{{\"keys\":[\"{}\"],\"needed\":1}}}}",
            "00".repeat(32)
        ),
        format!(
            "{{\"t\":{{\"keys\":[\"{}\"],\"needed\":1}}}}",
            good.to_string().to_uppercase()
        ),
        format!(
            "{{\"t\":{{\"keys\":[\"{good}\"],\"needed\":1}},\"t\":{{\"keys\":[\"{good}\"],\"needed\":1}}}}"
        ),
    ] {
        let fails = Bank::promising(&rules).fails();
        let fails = fails.unwrap_or_else(|| panic!("{rules}"));
        assert!(
            fails.contains("receipt 4: policy entry approvals"),
            "{fails}"
        );
    }
    for rules in [
        "{}".to_owned(),
        format!("{{\"t\":{{\"keys\":[\"{good}\"],\"needed\":1.0}}}}"),
        format!("{{\"\\ud83d\\ude00\":{{\"keys\":[\"{good}\"],\"needed\":1}}}}"),
    ] {
        assert_eq!(Bank::promising(&rules).fails(), None, "{rules}");
    }
}

/// Whether both verifiers remark that nobody held the log's rules against receipts of which both say that
/// integrity is verified.
fn not_judged(log: &Log, selection: Selection) -> bool {
    let files = unpack(&log.package(selection, true));
    let report = both(&files, &log.policy());
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    let words = "approvals were not judged: rules of the log say";
    let remarked = report
        .remarks
        .iter()
        .any(|remark| remark.starts_with(words));
    if let Some((_, _, said)) = answers(&files, &log.policy()) {
        assert_eq!(said.contains(words), remarked, "{said}");
    }
    remarked
}

#[test]
fn a128_a_part_of_a_log_says_that_the_logs_own_rules_were_not_judged() {
    // A breach in the whole log; in a part of it nobody can tell.
    let mut bank = Bank::new();
    let intent = bank.intent("send_money");
    bank.run(Some(intent), ToolStatus::Ok);
    bank.log.seal(&Decision::new(), "s1");
    assert!(bank.fails().unwrap().contains("0 approvals"));
    let to = bank.log.head.size() - 1;
    for selection in [
        Selection::Range { from: 0, to },
        Selection::Session("s1".into()),
    ] {
        assert!(not_judged(&bank.log, selection));
    }
    // The rules of a genesis, and such as were taken back.
    for rules in [
        format!(
            "{{\"send_money\":{{\"keys\":[\"{}\"],\"needed\":1}}}}",
            key(51).verifying_key()
        ),
        String::new(),
    ] {
        let entry = PolicyEntry {
            name: "approvals".into(),
            value: Text::from(rules),
        };
        let mut log = Log::promising(1, &[entry]);
        log.seal(&Decision::new(), "s1");
        assert!(not_judged(&log, Selection::Session("s1".into())));
        assert!(!not_judged(&log, Selection::All));
    }
    // Without rules there is nothing to say.
    assert!(!not_judged(&Log::of(1, 6), Selection::Session("s1".into())));
}
