//! Approvals in logs of which bytes are deleted: what may have been approved there is not told as a breach,
//! and what may have been rejected there is counted.

use super::log::EpochLog;
use super::{python, unpacked};
use crate::approvals::{arguments, key, reviewed};
use ai_audit_agentic::{ApprovalRule, ReviewVerdict, ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{LeafHash, PolicyChange, PolicyEntry, UnverifiedReceipt};
use ai_audit_export::{Selection, verify_package};

/// Whose approval the log's rule wants.
const OFFICER: u8 = 51;

/// A log whose rule wants one approval for `send_money`; its next epoch is number 2.
fn bank() -> EpochLog {
    let mut log = EpochLog::new("0");
    let rules = format!(
        "{{\"send_money\":{{\"keys\":[\"{}\"],\"needed\":1}}}}",
        key(OFFICER).verifying_key()
    );
    log.add(&PolicyChange {
        policy: vec![PolicyEntry {
            name: "approvals".into(),
            value: rules.into(),
        }]
        .into(),
        reason: "".into(),
    });
    log
}

fn last(log: &EpochLog) -> LeafHash {
    UnverifiedReceipt::parse(log.sealed.last().unwrap())
        .unwrap()
        .hash()
}

fn intent(log: &mut EpochLog, tool: &'static str) -> LeafHash {
    log.add(&ToolIntent {
        tool: tool.into(),
        arguments: Some(arguments()),
        ..ToolIntent::new()
    });
    last(log)
}

fn review(log: &mut EpochLog, receipt: LeafHash, verdict: ReviewVerdict) {
    review_by(log, OFFICER, receipt, verdict);
}

fn review_by(log: &mut EpochLog, by: u8, receipt: LeafHash, verdict: ReviewVerdict) {
    let id = UnverifiedReceipt::parse(&log.sealed[0]).unwrap().hash();
    log.add(&reviewed(&id.to_log_id(), by, receipt, verdict));
}

fn run(log: &mut EpochLog, intent: LeafHash, tool: &'static str) {
    log.add(&ToolOutcome {
        tool: tool.into(),
        intent: Some(intent),
        status: ToolStatus::Ok,
        error: "".into(),
        ..ToolOutcome::new()
    });
}

/// Deletes an epoch as the policy permits, has both verifiers look, and says what they find wrong, or what is
/// remarked.
fn without(log: &mut EpochLog, epoch: usize) -> Result<String, String> {
    log.seal(|_| {});
    log.declare(epoch, 0, |_| {});
    log.delete(epoch);
    let (package, _) = log.write(Selection::All, true).unwrap();
    let report = verify_package(package.clone(), &log.policy(), |_, _| {}).report;
    let fails = report.verdict.integrity.is_failed();
    let folder = unpacked(log, &package);
    if let Some((code, said)) = python(folder.path(), "package") {
        assert_eq!(code == 1, fails, "{said}\n{report:?}");
        // What nobody can tell any more, both say in the same words.
        let untold = |remark: &&String| remark.contains("had their approvals cannot be told");
        if let Some(remark) = report.remarks.iter().find(untold).filter(|_| !fails) {
            assert!(said.contains(remark.as_str()), "{remark}\n{said}");
        }
    }
    match fails {
        true => Err(report.verdict.integrity.to_string()),
        false => Ok(report.remarks.join("\n")),
    }
}

#[test]
fn a_deleted_approval_makes_no_breach_of_what_was_approved() {
    let mut log = bank();
    let asked = intent(&mut log, "send_money");
    log.seal(|_| {});
    review(&mut log, asked, ReviewVerdict::Approved);
    log.seal(|_| {});
    run(&mut log, asked, "send_money");
    let remarks = without(&mut log, 3).unwrap();
    assert!(
        remarks.contains("nor for 1 outcomes whose intents or approvals")
            && remarks.contains("nor whether 0 that"),
        "{remarks}"
    );
}

#[test]
fn a_deleted_rejection_is_counted_as_one_that_may_have_been() {
    let mut log = bank();
    let asked = intent(&mut log, "send_money");
    log.seal(|_| {});
    review(&mut log, asked, ReviewVerdict::Rejected);
    log.seal(|_| {});
    review(&mut log, asked, ReviewVerdict::Approved);
    run(&mut log, asked, "send_money");
    let remarks = without(&mut log, 3).unwrap();
    assert!(
        remarks.contains("nor for 0 outcomes") && remarks.contains("nor whether 1 that"),
        "{remarks}"
    );
}

#[test]
fn what_is_there_is_held_against_the_rules_whatever_is_deleted() {
    // A rejection that is there, though something between was deleted.
    let mut log = bank();
    let asked = intent(&mut log, "send_money");
    log.seal(|_| {});
    log.decide(2);
    log.seal(|_| {});
    review(&mut log, asked, ReviewVerdict::Rejected);
    run(&mut log, asked, "send_money");
    let fails = without(&mut log, 3).unwrap_err();
    assert!(fails.contains("rejects it"), "{fails}");

    // Nor does it hide under the verifier's own rule that the log's own may have been kept in what was deleted.
    let mut log = bank();
    let asked = intent(&mut log, "send_money");
    log.seal(|_| {});
    review(&mut log, asked, ReviewVerdict::Approved);
    log.seal(|_| {});
    let other = 52;
    review_by(&mut log, other, asked, ReviewVerdict::Rejected);
    run(&mut log, asked, "send_money");
    log.seal(|_| {});
    log.declare(3, 0, |_| {});
    log.delete(3);
    let rule = ApprovalRule::new(1, vec![key(other).verifying_key()]).unwrap();
    let (package, _) = log.write(Selection::All, true).unwrap();
    let policy = log.policy().approvals("send_money", rule).unwrap();
    let report = verify_package(package, &policy, |_, _| {}).report;
    let fails = report.verdict.integrity.to_string();
    assert!(fails.contains("rejects it"), "{fails}");

    // Nothing was deleted between.
    let mut log = bank();
    log.decide(2);
    log.seal(|_| {});
    let asked = intent(&mut log, "send_money");
    run(&mut log, asked, "send_money");
    let fails = without(&mut log, 2).unwrap_err();
    assert!(fails.contains("0 approvals"), "{fails}");

    // An intent from before the rule is there, and is none under it.
    let mut log = EpochLog::new("0");
    let before = intent(&mut log, "send_money");
    let rules = bank().sealed.pop().unwrap();
    let rules = UnverifiedReceipt::parse(&rules).unwrap();
    let rules: PolicyChange<'_> = ai_audit_core::DecodeBody::decode(&rules).unwrap();
    log.add(&rules);
    run(&mut log, before, "send_money");
    let fails = without(&mut log, 1).unwrap_err();
    assert!(fails.contains("without an intent"), "{fails}");
}

#[test]
fn outcomes_that_name_no_tool_are_counted_where_their_intents_are_deleted() {
    let mut log = bank();
    let free = intent(&mut log, "search");
    log.seal(|_| {});
    let asked = intent(&mut log, "send_money");
    log.seal(|_| {});
    run(&mut log, asked, "");
    // Its intent is there, and needed nothing.
    run(&mut log, free, "");
    let remarks = without(&mut log, 3).unwrap();
    assert!(
        remarks.contains("nor for 1 outcomes") && remarks.contains("nor whether 0 that"),
        "{remarks}"
    );
}
