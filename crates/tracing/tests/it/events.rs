//! Which events become receipts, and with what.

use crate::place::{Place, Said};
use ai_audit_tracing::AuditOptions;
use tracing::{info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt as _;

#[test]
fn fields_are_those_of_a_record_and_missing_ones_come_from_the_spans_around() {
    let place = Place::new();
    let (layer, guard) = place.audit(AuditOptions::default());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let outer =
            info_span!(target: "audit", "o", session_id = "s-1", actor = "a-1", model = "no");
        let _outer = outer.entered();
        let inner = info_span!(target: "audit", "i", actor = tracing::field::Empty);
        inner.record("actor", "a-2");
        let _inner = inner.entered();
        let _other = info_span!("not ours", actor = "a-3").entered();
        info!(target: "audit", model = %"m-1", action = ?Plain, input_tokens = 7_u64, tags = r#"["x", "y"]"#, "said");
        warn!(target: "audit", model = "m-2", session_id = "s-2", tags = "one", duration_ms = 1.5);
        info!(model = "of another target");
    });
    guard.flush();
    let said = |model: &str, action: &str, tags: &[&str], tokens, session: &str| Said {
        model: model.into(),
        action: action.into(),
        tags: tags.iter().map(ToString::to_string).collect(),
        input_tokens: tokens,
        session: session.into(),
        actor: "a-2".into(),
    };
    let wanted = [
        said("m-1", "escalate", &["x", "y"], Some(7), "s-1"),
        said("m-2", "allow", &["one"], None, "s-2"),
    ];
    assert_eq!(place.decisions(), wanted);
    assert_eq!((guard.counts().recorded, place.gaps().len()), (2, 0));
    drop(guard);
    place.verify();
}

struct Plain;

impl core::fmt::Debug for Plain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("escalate")
    }
}

#[test]
fn the_same_id_is_sealed_once_and_what_is_no_record_is_declared_without_a_word_of_it() {
    let place = Place::new();
    let (layer, guard) = place.audit(AuditOptions::default());
    let id = "01a0c450-6fe8-7101-8101-010101010101";
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        info!(target: "audit", id, model = "m");
        guard.flush();
        info!(target: "audit", id, model = "m");
        info!(target: "audit", model = "good");
        info!(target: "audit", colour = "a secret");
        info!(target: "audit", action = "a secret");
        info!(target: "audit", input_tokens = "a secret");
    });
    guard.flush();
    let counts = guard.counts();
    assert_eq!(
        (counts.recorded, counts.repeated, counts.refused),
        (2, 1, 3)
    );
    drop(guard);
    place.verify();
    assert_eq!(place.decisions().len(), 2);
    let gaps = place.gaps();
    assert_eq!(
        gaps.iter().map(|(records, _)| records).sum::<u64>(),
        3,
        "{gaps:?}"
    );
    for field in ["action", "input_tokens"] {
        assert!(gaps.iter().any(|(_, why)| why.contains(field)), "{gaps:?}");
    }
    assert!(!format!("{gaps:?}").contains("secret"));
}
