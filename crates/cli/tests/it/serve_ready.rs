//! `ai-audit serve` whose log could not be opened for writing: it is not ready, and comes to it by itself.

use crate::run::Place;
use crate::serve::{Serving, agent, send};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn a_service_whose_only_log_takes_nothing_is_not_ready_until_it_does() {
    let place = Place::new();
    let (key, away) = (place.path("audit/keys/receipt.pem"), place.path("away.pem"));
    fs::rename(&key, &away).unwrap();
    let serving = Serving::start(&place, &["--open"]);
    let decisions = serving.decisions();
    let ready = decisions.replace("/v1/logs/default/decisions", "/readyz");
    let agent = agent();
    let status = || agent.get(&ready).call().unwrap().status().as_u16();
    // Longer than a failure counts, in which somebody would be sent here.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(7) {
        assert_eq!(status(), 503, "after {:?}", begun.elapsed());
        std::thread::sleep(Duration::from_millis(500));
    }
    fs::rename(&away, &key).unwrap();
    let begun = Instant::now();
    while status() != 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it stays so");
        std::thread::sleep(Duration::from_millis(500));
    }
    let record = "{\"model\":\"m\",\"action\":\"allow\"}";
    let (sealed, answer) = send(&agent, &decisions, None, record).unwrap();
    assert_eq!(sealed, 201, "{answer}");
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
}
