//! States: written and read back, refused where they contradict themselves, merged.

use ai_audit_analytics::{ConfidenceSequence, Cusum, CusumPlan, Shift, Sprt, SprtPlan};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Through JSON and postcard, and the same again.
pub(crate) fn round<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(state: &T) -> T {
    let json: T = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
    let binary: T = postcard::from_bytes(&postcard::to_allocvec(state).unwrap()).unwrap();
    assert_eq!((&json, &binary), (state, state));
    binary
}

fn shift() -> impl Strategy<Value = Shift> {
    // Of few digits: serde_json reads longer ones a last place wrong without a feature of its own.
    let rate = (1u32..1_000).prop_map(|thousandths| f64::from(thousandths) / 1_000.0);
    (rate.clone(), rate).prop_filter_map("two rates", |(p0, p1)| Shift::new(p0, p1).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_state_goes_on_where_it_was(
        shift in shift(), hundredths in 1u32..2_000, percent in 1u32..40,
        events in proptest::collection::vec(any::<bool>(), 0..200), at in 0usize..200,
    ) {
        let (threshold, alpha) = (f64::from(hundredths) / 100.0, f64::from(percent) / 100.0);
        let mut sprt = Sprt::new(SprtPlan::new(shift, alpha, 0.2).unwrap());
        let mut cusum = Cusum::new(CusumPlan::new(shift, threshold).unwrap());
        let mut rate = ConfidenceSequence::new(alpha).unwrap();
        let (mut sprt2, mut cusum2, mut rate2) = (sprt, cusum, rate);
        for (n, &event) in events.iter().enumerate() {
            if n == at {
                (sprt2, cusum2, rate2) = (round(&sprt2), round(&cusum2), round(&rate2));
            }
            prop_assert_eq!(sprt.push(event), sprt2.push(event));
            prop_assert_eq!(cusum.push(event), cusum2.push(event));
            rate.push(event);
            rate2.push(event);
        }
        prop_assert_eq!((sprt, cusum, rate), (sprt2, cusum2, rate2));
    }

    #[test]
    fn the_rate_does_not_care_for_order_or_parts(
        events in proptest::collection::vec(any::<bool>(), 0..300), cut in 0usize..300,
    ) {
        let cut = cut.min(events.len());
        let of = |events: &[bool]| {
            let mut rate = ConfidenceSequence::new(0.05).unwrap();
            events.iter().for_each(|&event| rate.push(event));
            rate
        };
        let whole = of(&events);
        let mut merged = of(&events[cut..]);
        merged.merge(&of(&events[..cut]));
        prop_assert_eq!(whole, merged);
        let interval = whole.interval();
        prop_assert!(0.0 <= interval.lower && interval.lower <= interval.upper && interval.upper <= 1.0);
    }

    #[test]
    fn any_state_is_refused_or_works(
        observations in prop_oneof![any::<u64>(), 0u64..50], events in prop_oneof![any::<u64>(), 0u64..9],
        count in any::<u64>(),
    ) {
        let plan = r#"{"shift":{"p0":0.1,"p1":0.3},"alpha":0.05,"beta":0.1}"#;
        let text = format!(r#"{{"plan":{plan},"observations":{observations},"events":{events},"accepted":{count},"rejected":{count}}}"#);
        if let Ok(mut sprt) = serde_json::from_str::<Sprt>(&text) {
            (0..50).for_each(|n| { sprt.push(n % 2 == 0); });
        }
        let plan = r#"{"shift":{"p0":0.1,"p1":0.3},"threshold":4.0}"#;
        let text = format!(r#"{{"plan":{plan},"observations":{observations},"events":{events},"alarms":{count}}}"#);
        if let Ok(mut cusum) = serde_json::from_str::<Cusum>(&text) {
            (0..50).for_each(|n| { cusum.push(n % 2 == 0); });
        }
        let text = format!(r#"{{"alpha":0.05,"observations":{observations},"events":{events}}}"#);
        if let Ok(mut rate) = serde_json::from_str::<ConfidenceSequence>(&text) {
            rate.push(true);
            let interval = rate.interval();
            prop_assert!(interval.lower <= interval.upper);
        }
    }
}

#[test]
fn contradictions_are_refused() {
    let bad = |text: &str, said: &str, error: String| {
        assert!(error.contains(said), "{text}: {error}");
    };
    let plan = r#"{"shift":{"p0":0.1,"p1":0.3},"alpha":0.05,"beta":0.1}"#;
    let text =
        format!(r#"{{"plan":{plan},"observations":2,"events":3,"accepted":0,"rejected":0}}"#);
    bad(
        &text,
        "at most the observations",
        serde_json::from_str::<Sprt>(&text).unwrap_err().to_string(),
    );
    let text =
        format!(r#"{{"plan":{plan},"observations":9,"events":9,"accepted":0,"rejected":0}}"#);
    bad(
        &text,
        "no decision",
        serde_json::from_str::<Sprt>(&text).unwrap_err().to_string(),
    );
    let text = r#"{"plan":{"shift":{"p0":0.1,"p1":0.3},"threshold":4},"observations":9,"events":0,"alarms":0}"#;
    bad(
        text,
        "above 0",
        serde_json::from_str::<Cusum>(text).unwrap_err().to_string(),
    );
    let text = r#"{"shift":{"p0":0.1,"p1":1.3},"threshold":4}"#;
    bad(
        text,
        "p1 is 1.3",
        serde_json::from_str::<CusumPlan>(text)
            .unwrap_err()
            .to_string(),
    );
}
