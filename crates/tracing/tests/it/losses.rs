//! A full queue: nobody waits, and nothing is lost in silence.

use crate::place::Place;
use ai_audit_tracing::AuditOptions;
use std::time::{Duration, Instant};
use tracing::info;
use tracing_subscriber::layer::SubscriberExt as _;

#[test]
fn what_finds_the_queue_full_waits_for_nobody_and_stands_in_the_log_as_a_gap() {
    let place = Place::new();
    let options = AuditOptions {
        events: 8,
        ..AuditOptions::default()
    };
    let (layer, guard) = place.audit(options);
    let sent = 20_000;
    let mut longest = Duration::ZERO;
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        for _ in 0..sent {
            let begun = Instant::now();
            info!(target: "audit", model = "m");
            longest = longest.max(begun.elapsed());
        }
    });
    guard.flush();
    let counts = guard.counts();
    assert!(counts.dropped > 0, "{counts:?}");
    assert_eq!(counts.recorded + counts.dropped, sent);
    // A machine with other work may take a thread away for a while; a disk takes longer 20,000 times.
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    drop(guard);
    place.verify();
    assert_eq!(place.decisions().len() as u64, counts.recorded);
    let declared: u64 = place.gaps().iter().map(|(records, _)| records).sum();
    assert_eq!(declared, counts.dropped);
}

#[test]
fn bytes_are_bounded_as_well() {
    let place = Place::new();
    let options = AuditOptions {
        bytes: 1_000,
        ..AuditOptions::default()
    };
    let (layer, guard) = place.audit(options);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        info!(target: "audit", input = "x".repeat(2_000));
        info!(target: "audit", input = "x".repeat(500));
    });
    drop(guard);
    place.verify();
    assert_eq!((place.decisions().len(), place.gaps()[0].0), (1, 1));
}

#[test]
fn a_ledger_that_is_closed_is_counted() {
    let place = Place::new();
    let (layer, guard) = place.audit(AuditOptions::default());
    place.intake.writer().ledger().close("closed").unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        info!(target: "audit", model = "m");
    });
    guard.flush();
    assert_eq!(guard.counts().failed, 1);
}

#[test]
fn what_is_emitted_while_the_guard_goes_is_recorded_or_counted() {
    for _ in 0..5 {
        let place = Place::new();
        let (layer, guard) = place.audit(AuditOptions::default());
        let counting = layer.clone();
        let (begun, wait) = std::sync::mpsc::channel();
        let emitters: Vec<_> = (0..4)
            .map(|_| {
                let (layer, begun) = (layer.clone(), begun.clone());
                std::thread::spawn(move || {
                    let subscriber = tracing_subscriber::registry().with(layer);
                    tracing::subscriber::with_default(subscriber, || {
                        for event in 0..3_000 {
                            info!(target: "audit", model = "m");
                            if event == 500 {
                                begun.send(()).unwrap();
                            }
                        }
                    });
                })
            })
            .collect();
        for _ in 0..emitters.len() {
            wait.recv().unwrap();
        }
        drop(guard);
        for emitter in emitters {
            emitter.join().unwrap();
        }
        let counts = counting.counts();
        assert_eq!(counts.recorded + counts.dropped, 12_000, "{counts:?}");
        assert_eq!(place.decisions().len() as u64, counts.recorded);
    }
}
