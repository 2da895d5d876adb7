//! Decisions of another system in figures and reports: counted as own ones are, and told apart.

use crate::logs::Log;
use ai_audit_compliance::Period;
use ai_audit_core::{Action, Decision, ImportedRecord, LeafHash, Timestamp, decode_body};
use ai_audit_report::{CaseReason, FigureData, FigureOptions, JsonReport, Recipe, compose};
use ai_audit_testkit::imported::{OldDecision, OldRecord, old_source};

const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3_600 * SECOND;
/// 2025-03-03T00:00:00Z, a year before the log begins.
const OLD: u64 = 1_740_960_000 * SECOND;

/// 2026-03-03T08:00:00Z, a day after.
const NEAR: u64 = 1_772_524_800 * SECOND;

fn at(hours: u64) -> Timestamp {
    Timestamp::from_micros(OLD + hours * HOUR)
}

/// A decision each hour from then on: every ninth is rejected, from 200 on every third; one is escalated.
fn old(begin: u64, n: u64) -> OldRecord {
    let action = match n {
        77 => Action::Escalate,
        _ if n.is_multiple_of(if n < 200 { 9 } else { 3 }) => Action::Reject,
        _ => Action::Allow,
    };
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let of = OldDecision {
        id: &format!("r-{n}"),
        time: Timestamp::from_micros(begin + n * HOUR),
        trace: &format!("old-{n}"),
        session: "",
        action,
        model: "claims-3b",
        output: "answer",
        score: (n % 10) as f64 / 10.0,
    };
    OldRecord::decision(&of, n != 5)
}

/// Brings all of them into a log.
fn import(log: &mut Log, records: &[OldRecord]) {
    log.trace("");
    let actor = std::mem::take(&mut log.actor);
    let source = log.seal(&old_source(records));
    for (index, record) in (0..).zip(records) {
        log.trace(&format!("old-{index}"));
        log.seal(&record.item(source, index));
    }
    log.actor = actor;
}

fn records(begin: u64) -> Vec<OldRecord> {
    (0..400).map(|n| old(begin, n)).collect()
}

fn options() -> FigureOptions {
    FigureOptions {
        drift_baseline: 100,
        drift_window: 50,
        ..FigureOptions::default()
    }
}

fn figures(log: &Log, options: &FigureOptions) -> FigureData {
    log.report(&[], options, &log.trust()).1
}

#[test]
fn imported_decisions_have_the_figures_of_own_ones() {
    let records = records(NEAR);
    let mut imported = Log::new();
    imported.now = NEAR + 1_000 * HOUR;
    import(&mut imported, &records);
    // The same decisions, as if this log had recorded them when they were made.
    let mut own = Log::new();
    for (n, record) in (0..).zip(&records) {
        let item = record.item(LeafHash::ZERO, 0);
        let ImportedRecord::Item(item) = item.record else {
            unreachable!()
        };
        let body = item.content.unwrap().body;
        own.now = NEAR + n * HOUR - SECOND;
        own.seal(&decode_body::<Decision<'_>>(body.0).unwrap());
    }
    let (imported, own) = (figures(&imported, &options()), figures(&own, &options()));
    assert_eq!((imported.decisions, own.decisions), (400, 400));
    assert_eq!((imported.imported, imported.unproven), (400, 1));
    assert_eq!((own.imported, own.unproven), (0, 0));

    assert_eq!(imported.actions.unit, own.actions.unit);
    assert!(imported.actions.buckets.len() > 10);
    let pairs = imported.actions.buckets.iter().zip(&own.actions.buckets);
    for (one, two) in pairs {
        assert_eq!(
            (one.from, one.to, one.counts),
            (two.from, two.to, two.counts)
        );
    }
    assert_eq!(imported.actions.buckets.len(), own.actions.buckets.len());

    assert_eq!(imported.checks.len(), 1);
    let (one, two) = (&imported.checks[0], &own.checks[0]);
    assert_eq!(
        (&one.name, one.runs, one.fired),
        (&two.name, two.runs, two.fired)
    );
    for (one, two) in one.buckets.iter().zip(&two.buckets) {
        assert_eq!(
            (one.from, one.scores, one.thresholds),
            (two.from, two.scores, two.thresholds)
        );
    }

    assert_eq!(imported.sprt.events, own.sprt.events);
    assert_eq!(imported.sprt.rejected, own.sprt.rejected);
    assert!(imported.sprt.rejected > 0 && imported.cusum.alarm_count > 0);
    assert_eq!(imported.cusum.alarm_count, own.cusum.alarm_count);
    // Genesis and start stand before the own ones; the source as well before the others.
    for (one, two) in imported.cusum.alarms.iter().zip(&own.cusum.alarms) {
        assert_eq!((one.seq, one.since), (two.seq + 1, two.since + 1));
        assert_eq!(
            (one.imported_of, two.imported_of),
            (Some(two.sealed_at), None)
        );
    }
    assert!(!imported.drift.shown.is_empty());
    for (one, two) in imported.drift.shown.iter().zip(&own.drift.shown) {
        assert_eq!(
            (one.bits, one.p, one.flagged),
            (two.bits, two.p, two.flagged)
        );
        assert_eq!(one.imported_of, Some(two.sealed_at));
    }

    let case = imported.case.unwrap();
    assert_eq!(
        (&*case.trace_id, case.why),
        ("old-77", CaseReason::FirstIncident)
    );
    assert_eq!(case.steps[0].sort, "decision");
    assert_eq!(case.steps[0].status, "escalate");
    let then = Timestamp::from_micros(NEAR + 77 * HOUR);
    assert_eq!(case.steps[0].imported_of, Some(then));
}

#[test]
fn old_ones_that_come_late_stand_where_they_belong() {
    let mut log = Log::new();
    log.trace("own");
    let first = log.now;
    for _ in 0..100 {
        log.now += 6 * HOUR;
        log.decide(Action::Allow, 0.5, &[]);
    }
    import(&mut log, &records(OLD));
    log.now += HOUR;
    log.decide(Action::Allow, 0.5, &[]);
    let all = figures(&log, &options());
    assert_eq!((all.decisions, all.imported, all.unproven), (501, 400, 1));
    let buckets = &all.actions.buckets;
    assert!(buckets.windows(2).all(|pair| pair[0].to <= pair[1].from));
    assert!(
        buckets
            .iter()
            .all(|bucket| bucket.receipts.first <= bucket.receipts.last)
    );
    let before = |time: u64| {
        let old = buckets
            .iter()
            .filter(|bucket| bucket.to.as_micros() <= time);
        old.map(|bucket| bucket.counts.iter().sum::<u64>())
            .sum::<u64>()
    };
    assert_eq!(before(first), 400);

    let of = |from: Option<Timestamp>, to: Option<Timestamp>| {
        let period = Period { from, to };
        let data = figures(
            &log,
            &FigureOptions {
                period,
                ..options()
            },
        );
        (data.decisions, data.imported, data.unproven)
    };
    let begin = Some(Timestamp::from_micros(first));
    assert_eq!(of(None, begin), (400, 400, 1));
    assert_eq!(of(begin, None), (101, 0, 0));
    assert_eq!(of(Some(at(10)), Some(at(20))), (10, 10, 0));
}

#[test]
fn a_report_tells_old_from_new() {
    let mut log = Log::new();
    import(&mut log, &records(OLD)[..80]);
    log.trace("own");
    log.decide(Action::Allow, 0.5, &[]);
    let (crosswalk, figures) = log.report(&["eu-ai-act"], &options(), &log.trust());
    let document = compose(&crosswalk, Some(&figures), &Recipe::default());
    let text = ai_audit_report::markdown(&document);
    for said in [
        "Over 81 verified decisions of the period.",
        "Of them 80 were imported from another system, and each counts by the time that its record gives itself.",
        "For 1 of these no signature of their own was found to hold.",
        "80 decisions and 0 tool outcomes from another system, which give themselves times from 2025-03-03 00:00:00 UTC to 2025-03-06 07:00:00 UTC; for 1 of them no signature of their own was found to hold",
        "; imported, of 2025-03-06 05:00:00 UTC",
    ] {
        assert!(text.contains(said), "{said}");
    }
    let json = ai_audit_report::json(&JsonReport::new(&crosswalk, Some(&figures))).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["figures"]["imported"], 80);
    assert_eq!(json["figures"]["unproven"], 1);
    assert_eq!(json["crosswalk"]["imported"]["decisions"], 80);
    assert_eq!(json["crosswalk"]["imported"]["unproven"], 1);

    // A log without any says nothing of them.
    let mut own = Log::new();
    own.decide(Action::Allow, 0.5, &[]);
    let (crosswalk, figures) = own.report(&["eu-ai-act"], &options(), &own.trust());
    let document = compose(&crosswalk, Some(&figures), &Recipe::default());
    let text = ai_audit_report::markdown(&document);
    assert!(!text.contains("from another system"));
}

#[cfg(feature = "oscal")]
#[test]
fn oscal_says_how_many_were_imported() {
    let mut log = Log::new();
    let props = |log: &Log| {
        let (crosswalk, _) = log.report(&["eu-ai-act"], &options(), &log.trust());
        let text = ai_audit_report::to_oscal(&crosswalk, None).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let props = document["assessment-results"]["results"][0]["props"].clone();
        let props = props.as_array().unwrap().clone();
        move |name: &str| {
            let found = props.iter().find(|prop| prop["name"] == name);
            found.map(|prop| prop["value"].as_str().unwrap().to_owned())
        }
    };
    assert_eq!(props(&log)("receipts-imported"), None);
    import(&mut log, &records(OLD)[..80]);
    let of = props(&log);
    assert_eq!(of("receipts-imported").as_deref(), Some("80"));
    assert_eq!(of("receipts-imported-unproven").as_deref(), Some("1"));
}
