//! What is missing from a log is told, and what cannot be told is said.

use crate::logs::{DAY, Log, SECOND};
use ai_audit_agentic::{Incident, IncidentClass};
use ai_audit_compliance::{Catalogues, GapState, Period};
use ai_audit_core::{Action, ClockAnomaly, Gap as Loss, Timestamp};

#[test]
fn a_start_without_a_stop_is_found_and_downtime_is_told() {
    let mut log = Log::new();
    log.stop();
    log.now += DAY - SECOND;
    log.start(true);
    let gap = log.gap("start-stop");
    assert_eq!(gap.state, GapState::Clear, "{gap:?}");
    assert!(
        gap.says
            .iter()
            .any(|says| says.contains("for 1 d, at most 1 d")),
        "{gap:?}"
    );
    log.start(false);
    let gap = log.gap("start-stop");
    assert_eq!((gap.state, gap.count), (GapState::Found, 1));
    assert_eq!(gap.pointers, [log.size() - 1]);
}

#[test]
fn declared_losses_are_summed() {
    let mut log = Log::new();
    for lost in [Some(3), None, Some(4)] {
        log.seal(&Loss {
            from: Timestamp::from_micros(5),
            to: Timestamp::from_micros(9),
            lost,
            reason: "disk full".into(),
        });
    }
    let gap = log.gap("declared-loss");
    assert_eq!((gap.state, gap.count), (GapState::Found, 3));
    assert_eq!(gap.says[0], "declared as lost: 7 receipts");
    assert_eq!(gap.pointers, [2, 3, 4]);
}

#[test]
fn clock_anomalies_are_found() {
    let mut log = Log::new();
    assert_eq!(log.gap("clock").state, GapState::Clear);
    log.seal(&ClockAnomaly {
        observed: Timestamp::from_micros(log.now - 61 * SECOND),
        last: Timestamp::from_micros(log.now),
    });
    let gap = log.gap("clock");
    assert_eq!((gap.state, gap.count), (GapState::Found, 1));
    assert!(gap.says[0].contains("1 min 1 s"), "{gap:?}");
}

#[test]
fn escalations_without_a_review_are_found() {
    let mut log = Log::new();
    let escalated = log.decide(Action::Escalate);
    let open = log.size();
    log.decide(Action::Escalate);
    log.review(escalated, 7);
    let gap = log.gap("escalations");
    assert_eq!((gap.state, gap.count), (GapState::Found, 1));
    assert_eq!(gap.pointers, [open]);
    assert_eq!(gap.says, ["1 of 2 escalated decisions have no review"]);
}

#[test]
fn a_log_without_anchors_is_told() {
    let log = Log::new();
    assert_eq!(log.gap("checkpoints").state, GapState::Found);
}

#[test]
fn the_six_month_floor_cannot_be_told_of_a_young_log() {
    let mut log = Log::promising(&[("retention-days", "184")]);
    assert_eq!(log.gap("retention-floor").state, GapState::CannotTell);
    log.now += 182 * DAY;
    log.decide(Action::Allow);
    assert_eq!(log.gap("retention-floor").state, GapState::Clear);
    let short = Log::promising(&[("retention-days", "30")]);
    let gap = short.gap("retention-floor");
    assert_eq!((gap.state, gap.count), (GapState::Found, 1));
    assert_eq!(gap.pointers, [0]);
}

#[test]
fn an_absence_is_not_told_of_what_may_be_incomplete() {
    let log = Log::new();
    let crosswalk = log.crosswalk(Catalogues::empty().unwrap(), &log.pinned());
    let clock = crosswalk.gaps.iter().find(|gap| gap.id == "clock").unwrap();
    assert_eq!(clock.state, GapState::CannotTell);
    assert!(clock.says.iter().any(|says| says.contains("completeness")));
}

/// What was deleted may be what is looked for, or what would show that it is none.
#[test]
fn what_was_deleted_is_not_told_to_be_absent() {
    let mut log = Log::new();
    log.decide(Action::Escalate);
    let escalated = log.size() - 1;
    log.seal_epoch_and_delete(&[escalated]);
    for id in ["escalations", "incident-deadlines", "open-intents"] {
        let gap = log.gap(id);
        assert_eq!(gap.state, GapState::CannotTell, "{gap:?}");
        assert!(
            gap.says.iter().any(|says| says.contains("deleted")),
            "{gap:?}"
        );
    }
    // Control receipts are never deleted.
    assert_eq!(log.gap("clock").state, GapState::Clear);
}

#[test]
fn a_period_without_receipts_shows_nothing() {
    let log = Log::new();
    let at = |days: u64| Some(Timestamp::from_micros(log.now + days * DAY));
    for period in [
        Period {
            from: at(10),
            to: at(20),
        },
        Period {
            from: None,
            to: at(20),
        },
    ] {
        let crosswalk = log.crosswalk_of(Catalogues::empty().unwrap(), &log.trust(), period);
        let clock = crosswalk.gaps.iter().find(|gap| gap.id == "clock").unwrap();
        assert_eq!(clock.state, GapState::CannotTell, "{clock:?}");
    }
}

#[test]
fn a_loss_is_of_the_period_that_it_fell_into() {
    let mut log = Log::new();
    let (from, to) = (log.now, log.now + DAY);
    log.now += 40 * DAY;
    log.seal(&Loss {
        from: Timestamp::from_micros(from),
        to: Timestamp::from_micros(to),
        lost: None,
        reason: "".into(),
    });
    let period = Period {
        from: None,
        to: Some(Timestamp::from_micros(to)),
    };
    let crosswalk = log.crosswalk_of(Catalogues::empty().unwrap(), &log.trust(), period);
    let gap = crosswalk
        .gaps
        .iter()
        .find(|gap| gap.id == "declared-loss")
        .unwrap();
    assert_eq!((gap.state, gap.count), (GapState::Found, 1));
}

/// A52, seen from a report: what is sealed has happened, whatever time the report is made for.
#[test]
fn a52_a_deadline_is_not_judged_at_a_time_before_the_newest_receipt() {
    let mut log = Log::new();
    log.seal(&Incident {
        class: IncidentClass::Serious,
        aware_at: Some(Timestamp::from_micros(log.now)),
        ..Incident::new()
    });
    log.now += 16 * DAY;
    log.decide(Action::Allow);
    let early = Timestamp::from_micros(log.now - 10 * DAY);
    let crosswalk = log.crosswalk_at(Catalogues::empty().unwrap(), early);
    let gap = crosswalk
        .gaps
        .iter()
        .find(|gap| gap.id == "incident-deadlines")
        .unwrap();
    assert_eq!((gap.state, gap.count), (GapState::Found, 1), "{gap:?}");
}

/// Anybody can write a cosignature into a note that he anchors.
#[test]
fn an_anchor_counts_for_nothing_where_nobody_trusted_vouches() {
    let mut log = Log::new();
    log.anchor();
    let gap = log.gap("checkpoints");
    assert_eq!(gap.state, GapState::CannotTell, "{gap:?}");
    let catalogues = Catalogues::builtin().unwrap();
    let crosswalk = log.crosswalk(catalogues, &log.trust());
    let anchors = crosswalk
        .coverage
        .iter()
        .filter(|found| found.selector.starts_with("anchors"));
    assert!(anchors.clone().count() > 0);
    assert!(anchors.into_iter().all(|found| found.n == 0));
}
