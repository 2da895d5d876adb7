//! What is missing from a log is told, and what cannot be told is said.

use crate::logs::{DAY, Log, SECOND};
use ai_audit_compliance::{Catalogues, GapState};
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
    assert_eq!(gap.says[0], "7 lost receipts are declared");
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
