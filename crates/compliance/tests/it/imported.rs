//! Records of another system are evidence as the log's own are, by the time that they give themselves.

use crate::logs::{DAY, Log, SECOND};
use ai_audit_compliance::{Catalogues, Coverage, Crosswalk, Gap, ImportedCounts, Period};
use ai_audit_core::{Action, Kind, LeafHash, Timestamp};
use ai_audit_testkit::imported::{OldDecision, OldRecord, old_source};

/// 2025-03-01T00:00:00Z, ten months before the log begins.
const OLD: u64 = 1_740_787_200 * SECOND;

const CATALOGUE: &str = r#"
schema = 1
id = "own"
name = "Own"
title = "A framework of one's own"
edition = "1"
checked = 2026-11-28
[[selector]]
name = "models"
says = "decisions"
kind = ["decision"]
fields = ["model", "checks.score"]
missing = "m"
[[selector]]
name = "rejects"
says = "rejections"
kind = ["decision"]
when = ["action.reject"]
missing = "m"
[[selector]]
name = "checked"
says = "checked decisions"
kind = ["decision"]
check = "toxicity"
missing = "m"
[[selector]]
name = "new-models"
says = "new models"
kind = ["decision"]
when = ["model.new"]
missing = "m"
[[selector]]
name = "outcomes"
says = "tool outcomes"
kind = ["tool_outcome"]
fields = ["duration_us"]
missing = "m"
[[selector]]
name = "imports"
says = "imported records"
kind = ["imported"]
when = ["item"]
fields = ["key"]
missing = "m"
[[selector]]
name = "sources"
says = "sources"
kind = ["imported"]
when = ["source"]
missing = "m"
[[selector]]
name = "both"
says = "decisions and imports"
kind = ["decision", "imported"]
missing = "m"
[[selector]]
name = "any"
says = "receipts"
kind = ["any"]
fields = ["trace_id"]
missing = "m"
[[control]]
id = "all"
title = "t"
requirement = "r"
support = "partial"
limits = "l"
source = "s"
verification = "verified"
evidence = ["models", "rejects", "checked", "new-models", "outcomes", "imports", "sources", "both", "any"]
"#;

fn catalogues() -> Catalogues {
    let mut catalogues = Catalogues::empty().unwrap();
    catalogues.add("own.toml", CATALOGUE).unwrap();
    catalogues
}

fn old(n: u64, action: Action, model: &str, proven: bool) -> OldRecord {
    let of = OldDecision {
        id: &format!("r-{n}"),
        time: Timestamp::from_micros(OLD + n * DAY),
        trace: "t",
        session: "",
        action,
        model,
        output: "answer",
        score: 0.25,
    };
    OldRecord::decision(&of, proven)
}

/// Three old decisions, one of them unproven, and an old tool call; after a decision of the log's own
/// and before two.
fn mixed() -> (Log, Vec<LeafHash>) {
    let records = [
        old(0, Action::Allow, "gpt-4o", true),
        old(1, Action::Reject, "gpt-3.5", true),
        old(40, Action::Escalate, "gpt-3.5", false),
        OldRecord::tool_call(
            "r-3",
            Timestamp::from_micros(OLD + 41 * DAY),
            "planner",
            "pay",
        ),
    ];
    let mut log = Log::new();
    log.decide(Action::Allow);
    let source = log.seal(&old_source(&records));
    let mut hashes = Vec::new();
    for (index, record) in (0..).zip(&records) {
        log.agent = (index == 3).then(|| "planner".into());
        hashes.push(log.seal(&record.item(source, index)));
    }
    log.agent = None;
    log.checked("gpt-4o");
    log.decide(Action::Reject);
    (log, hashes)
}

fn find<'a>(crosswalk: &'a Crosswalk, name: &str) -> &'a Coverage {
    let mut coverage = crosswalk.coverage.iter();
    coverage.find(|one| one.selector == name).unwrap()
}

fn counts(crosswalk: &Crosswalk, name: &str) -> (u64, u64) {
    let found = find(crosswalk, name);
    (found.n, found.m)
}

fn escalations(crosswalk: &Crosswalk) -> &Gap {
    let mut gaps = crosswalk.gaps.iter();
    gaps.find(|gap| gap.id == "escalations").unwrap()
}

#[test]
fn an_imported_record_is_of_the_kind_that_it_brings() {
    let (log, _) = mixed();
    let crosswalk = log.crosswalk(catalogues(), &log.trust());
    assert_eq!(crosswalk.nothing_counts, None);
    // Three own, two old; the two own ones that ran no check have no score. The old one without a proof
    // that holds is evidence of nothing but its import.
    assert_eq!(counts(&crosswalk, "models"), (3, 5));
    assert_eq!(find(&crosswalk, "models").lacking["checks.score"], 2);
    assert_eq!(counts(&crosswalk, "rejects"), (2, 2));
    assert_eq!(counts(&crosswalk, "checked"), (3, 3));
    // gpt-4o was the log's own first.
    assert_eq!(counts(&crosswalk, "new-models"), (2, 2));
    assert_eq!(find(&crosswalk, "new-models").pointers, [2, 5]);
    assert_eq!(counts(&crosswalk, "outcomes"), (1, 1));
    assert_eq!(counts(&crosswalk, "imports"), (3, 4));
    assert_eq!(counts(&crosswalk, "sources"), (1, 1));
    assert_eq!(counts(&crosswalk, "both"), (8, 8));
    // Each counts once; the tool call has no trace.
    assert_eq!(counts(&crosswalk, "any"), (log.size() - 1, log.size()));
    assert_eq!(crosswalk.models, ["gpt-3.5", "gpt-4o"]);
    let time = |days| Some(Timestamp::from_micros(OLD + days * DAY));
    let imported = ImportedCounts {
        decisions: 3,
        tool_outcomes: 1,
        unproven: 1,
        from: time(0),
        to: time(41),
    };
    assert_eq!(crosswalk.imported, imported);
    // What is named is the receipt of this log, as it was sealed.
    let pointer = &crosswalk.pointers[&5];
    assert_eq!(pointer.kind, Kind::IMPORTED);
    assert!(pointer.sealed_at > Timestamp::from_micros(OLD + 200 * DAY));
    assert!(pointer.path.is_some());
}

#[test]
fn a_period_takes_them_by_their_own_time() {
    let (log, _) = mixed();
    let of = |from: u64, to: u64| {
        let time = |days| Some(Timestamp::from_micros(OLD + days * DAY));
        let period = Period {
            from: time(from),
            to: time(to),
        };
        log.crosswalk_of(catalogues(), &log.trust(), period)
    };
    let old = of(1, 41);
    assert_eq!(old.counts.in_period, 2);
    assert_eq!(counts(&old, "models"), (1, 1));
    assert_eq!(counts(&old, "imports"), (1, 2));
    assert_eq!(counts(&old, "outcomes"), (0, 0));
    assert_eq!((old.imported.decisions, old.imported.unproven), (2, 1));
    assert_eq!(
        escalations(&old).says[0],
        "1 of 1 escalated decisions have no review"
    );
    // When this log was written: its own receipts, and that the source was gone through.
    let new = of(300, 400);
    assert_eq!(counts(&new, "models"), (1, 3));
    assert_eq!(counts(&new, "sources"), (1, 1));
    assert_eq!(counts(&new, "imports"), (0, 0));
    assert_eq!(new.imported, ImportedCounts::default());
    assert_eq!(escalations(&new).says[0], "no decision was escalated");
}

#[test]
fn an_old_escalation_is_open_until_somebody_reviews_it() {
    let (mut log, hashes) = mixed();
    let gap = log.crosswalk(catalogues(), &log.trust());
    let gap = escalations(&gap);
    assert_eq!(gap.count, 1);
    assert_eq!(gap.pointers, [6]);
    assert!(gap.says[1].starts_with("1 of these were imported from another system"));
    log.review(hashes[2], 9);
    let gap = log.crosswalk(catalogues(), &log.trust());
    let gap = escalations(&gap);
    assert_eq!((gap.count, gap.says.len()), (0, 1), "{gap:?}");
}

#[test]
fn an_old_tool_call_closes_no_intent_of_this_log_and_is_none_that_is_open() {
    let (log, _) = mixed();
    let crosswalk = log.crosswalk(catalogues(), &log.trust());
    let mut gaps = crosswalk.gaps.iter();
    let intents = gaps.find(|gap| gap.id == "open-intents").unwrap();
    assert_eq!(intents.count, 0, "{intents:?}");
}

#[test]
fn the_builtin_frameworks_count_old_decisions_like_own_ones() {
    let own = {
        let mut log = Log::new();
        log.checked("gpt-4o");
        log.crosswalk(Catalogues::builtin().unwrap(), &log.trust())
    };
    let imported = {
        let records = [old(0, Action::Allow, "gpt-4o", true)];
        let mut log = Log::new();
        let source = log.seal(&old_source(&records));
        log.seal(&records[0].item(source, 0));
        log.crosswalk(Catalogues::builtin().unwrap(), &log.trust())
    };
    // An old one says of its time and answer more than the one here, and of nothing else.
    let mut alike = 0;
    for (one, two) in own.coverage.iter().zip(&imported.coverage) {
        assert_eq!(one.selector, two.selector);
        let of_time = one
            .fields
            .iter()
            .any(|field| field == "occurred_at" || field == "output");
        if one.says.contains("decision") && !of_time {
            assert_eq!((one.n, one.m), (two.n, two.m), "{}", one.selector);
            alike += u64::from(one.n > 0);
        }
    }
    assert!(alike >= 3, "{alike}");
}
