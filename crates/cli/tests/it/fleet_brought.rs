//! A126: what the auditor knows of a member, or asks of it, counts when a fleet is verified: revocations, rules for
//! approvals, checkpoints that he kept.

use crate::fleet::{collect, copy, evidence, fleet, log, member, record, verify};
use crate::reviews::CONVERSATION;
use crate::run::Place;
use serde_json::Value;

/// State and reason of `eu` where one log of it was brought.
fn of_eu(report: &Value) -> (&str, &str) {
    let eu = member(report, "eu");
    let [one] = eu["evidence"].as_array().unwrap().as_slice() else {
        panic!("{eu}")
    };
    let why = one["why"].as_str().unwrap_or_default();
    (eu["state"].as_str().unwrap(), why)
}

/// What nothing answered for: the log of this name, with so many checkpoints and revocations.
fn unheld(report: &Value, name: &str, checkpoints: u64, revocations: u64) {
    let [one] = report["fleet"]["unheld"].as_array().unwrap().as_slice() else {
        panic!("{report}")
    };
    let start = format!("example.org/{name}/");
    assert!(
        one["origin"].as_str().unwrap().starts_with(&start),
        "{report}"
    );
    assert_eq!(one["checkpoints"], checkpoints, "{report}");
    assert_eq!(one["revocations"], revocations, "{report}");
}

fn remarks(report: &Value) -> String {
    report["log"]["remarks"].to_string()
}

#[test]
fn a126_a_thief_of_a_members_key_goes_on_and_the_auditor_holds_the_revocation() {
    let place = fleet();
    evidence(&place);
    let (_, report) = verify(&place, &[]);
    let size = member(&report, "eu")["size"].as_u64().unwrap();
    copy(&place, "eu", "stolen");
    record(&place, "stolen", 2, "forged");
    let last = (size - 1).to_string();
    place
        .run(&[
            "key",
            "revoke",
            "eu",
            "--recovery-key",
            "eu/keys/recovery.pem",
            "--compromised-at",
            "2026-01-01T00:00:00Z",
            "--after",
            &last,
            "-o",
            "eu.revocation",
        ])
        .good();
    let stolen = ["--member", "stolen"];
    let revoked = ["--revocation", "eu.revocation"];
    // Without it nobody can know; the log continues its checkpoint.
    let (code, report) = verify(&place, &stolen);
    assert_eq!((code, of_eu(&report)), (0, ("complete", "")));
    let (code, report) = verify(&place, &[stolen, revoked].concat());
    let (state, why) = of_eu(&report);
    assert_eq!((code, state), (1, "failed"), "{report}");
    assert!(
        why.contains("attribution FAILED") && why.contains("was revoked"),
        "{why}"
    );
    // The member's own log has it too, and nothing that is suspect.
    let (code, report) = verify(&place, &[["--member", "eu"], revoked].concat());
    assert_eq!((code, of_eu(&report).0), (0, "complete"), "{report}");
    // Where none of its logs is here, nobody answers for the receipts after it.
    let (code, report) = verify(&place, &[["--member", "us"], revoked].concat());
    assert_eq!(code, 3, "{report}");
    unheld(&report, "eu", 0, 1);
}

#[test]
fn a126_a_member_ran_a_tool_that_the_auditor_asks_approvals_of() {
    let place = fleet();
    let key = place.run(&["review", "keygen", "officer.pem", "-q"]).good();
    place.write("c.json", CONVERSATION);
    place
        .run(&["record", "eu", "c.json", "--format", "openai-messages"])
        .good();
    let (code, collected) = collect(&place, &["eu", "--fresh"]);
    assert_eq!(code, 0, "{collected}");
    evidence(&place);
    place.write(
        "mine.policy",
        &format!(
            "ai-audit/policy/v1\nquorum none\napprovals send_money 1 {}\n",
            key.out.trim()
        ),
    );
    let policy = ["--policy", "mine.policy"];
    assert_eq!(verify(&place, &["--member", "eu"]).0, 0);
    let (code, report) = verify(&place, &[["--member", "eu"], policy].concat());
    let (state, why) = of_eu(&report);
    assert_eq!((code, state), (1, "failed"), "{report}");
    assert!(
        why.contains("integrity FAILED") && why.contains("0 approvals"),
        "{why}"
    );
    // Members that did not run it are held to it as well, and have nothing to answer for.
    assert_eq!(verify(&place, &[["--member", "us"], policy].concat()).0, 0);
}

#[test]
fn a126_a_member_was_cut_and_the_auditor_kept_its_checkpoint() {
    let place = fleet();
    copy(&place, "eu", "short");
    record(&place, "eu", 1, "m");
    place.run(&["checkpoint", "eu", "-o", "eu.kept"]).good();
    evidence(&place);
    let kept = ["--checkpoint", "eu.kept"];
    // The fleet has not seen it: to its checkpoint the log is whole.
    assert_eq!(verify(&place, &["--member", "short"]).0, 0);
    let (code, report) = verify(&place, &[["--member", "short"], kept].concat());
    let (state, why) = of_eu(&report);
    assert_eq!((code, state), (1, "cut"), "{report}");
    assert!(
        why.contains("completeness FAILED") && why.contains("are missing"),
        "{why}"
    );
    // It fails nobody else, and what was of use is not told as of another log.
    let all = ["--member", "us", "--member", "eu", "--member", "asia"];
    let (code, report) = verify(&place, &[&all[..], &kept].concat());
    assert_eq!(code, 0, "{report}");
    assert!(!remarks(&report).contains("other logs"), "{report}");
    // Without the log it is held against nothing, which is said.
    let (code, report) = verify(&place, &kept);
    assert_eq!((code, of_eu_state(&report)), (3, "complete"), "{report}");
    unheld(&report, "eu", 1, 0);
    let said = text(&place, &kept);
    assert!(
        said.contains("unanswered  example.org/eu/") && said.contains("--member"),
        "{said}"
    );
}

fn of_eu_state(report: &Value) -> &str {
    member(report, "eu")["state"].as_str().unwrap()
}

fn text(place: &Place, more: &[&str]) -> String {
    let args = ["fleet", "verify", "fleet.zip", "--key", "fleet/log.pub"];
    let kept = ["--checkpoint", "fleet.note"];
    place.run(&[&args[..], &kept, more].concat()).out
}

/// What the fleet log has itself needs no other evidence: the same checkpoint, or another one of that size.
#[test]
fn a126_the_checkpoint_that_the_fleet_has_is_held_against_it() {
    let place = fleet();
    place.run(&["checkpoint", "eu", "-o", "eu.kept"]).good();
    evidence(&place);
    let (code, report) = verify(&place, &["--checkpoint", "eu.kept"]);
    assert_eq!(code, 0, "{report}");
    assert!(report["fleet"].get("unheld").is_none(), "{report}");
}

#[test]
fn a126_a_checkpoint_of_a_stranger_is_told_once() {
    let place = fleet();
    log(&place, "other");
    place
        .run(&["checkpoint", "other", "-o", "other.kept"])
        .good();
    evidence(&place);
    let brought = ["--checkpoint", "other.kept"];
    let members = ["--member", "eu", "--member", "us"];
    let (code, report) = verify(&place, &[&members[..], &brought].concat());
    assert_eq!(code, 0, "{report}");
    assert_eq!(remarks(&report).matches("are of other logs").count(), 1);
    let said = text(&place, &[&members[..], &brought].concat());
    assert_eq!(said.matches("are of other logs").count(), 1, "{said}");
    // Who pins its key line asks for it, though the fleet never named it.
    let pinned = ["--key", "other/log.pub"];
    let (code, report) = verify(&place, &[pinned, brought].concat());
    assert_eq!(code, 3, "{report}");
    unheld(&report, "other", 1, 0);
}

/// Two copies of a member's directory that went on apart, each of which continues what the fleet log has.
#[test]
fn a131_two_histories_of_a_member_are_told_in_whatever_order_they_are_brought() {
    let place = fleet();
    evidence(&place);
    copy(&place, "eu", "eu2");
    record(&place, "eu", 1, "paid 5");
    record(&place, "eu2", 2, "paid 900");
    for order in [["eu", "eu2"], ["eu2", "eu"]] {
        let [one, other] = order;
        let (code, report) = verify(&place, &["--member", one, "--member", other]);
        assert_eq!(code, 1, "{report}");
        assert_eq!(member(&report, "eu")["state"], "forked", "{report}");
    }
    // Each by itself holds, and so does a log beside an older copy of it.
    for logs in [vec!["eu"], vec!["eu2"], vec!["eu", "eu"]] {
        let members: Vec<&str> = logs.iter().flat_map(|log| ["--member", log]).collect();
        let (_, report) = verify(&place, &members);
        assert_eq!(member(&report, "eu")["state"], "complete", "{report}");
    }
}
