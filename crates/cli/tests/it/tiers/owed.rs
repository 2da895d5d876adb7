//! Erasures of which the store for what is old has not done its part yet: the log goes on, and nothing says that they are done.

use super::MOVE;
use crate::privacy;
use crate::run::{Place, lines};
use std::fs;

pub(super) fn of_kind(place: &Place, kind: &str) -> usize {
    let log = ["log", "audit", "--kind", kind, "--json"];
    let found = place.run(&log).good().json();
    found.as_array().unwrap().len()
}

/// How many erasures are not completed, as `info` tells it.
fn open(place: &Place) -> usize {
    let info = place.run(&["info", "audit", "--json"]).good().json();
    let open = info["logs"][0]["open_erasures"].as_array().unwrap();
    open.len()
}

#[test]
fn a26_what_the_cold_store_owes_of_an_erasure_is_done_when_it_is_back() {
    let place = privacy::kept();
    let seq = privacy::decisions(&place)[0].to_string();
    place.run(&["epoch", "seal", "audit"]).good();
    let new = ["--keep", "0", "--new", "--set", "cold-folder=cold"];
    place.run(&[&MOVE[..], &new].concat()).good();
    // It answers, and that its ciphertexts are not there shows when the key is destroyed.
    let (beside, away) = (place.path("cold/logs/default/beside"), place.path("away"));
    fs::rename(&beside, &away).unwrap();
    let failed = privacy::shred(&place, &["person-7"]);
    assert_eq!(failed.code, 1, "{}{}", failed.out, failed.err);
    let said = failed.out + &failed.err;
    assert!(said.contains("not completed"), "{said}");
    assert_eq!(of_kind(&place, "erasure_requested"), 1);
    assert_eq!(open(&place), 1);
    let info = place.run(&["info", "audit"]).good().out;
    assert!(info.contains("1 erasure is not completed"), "{info}");
    // The log goes on, but for what is said of the same person.
    place.record(&lines(2));
    let keep = ["--keep", "output", "--keep-encrypted", "input"];
    let refused = place.run(&[&["record", "audit", "lines"][..], &keep].concat());
    assert_ne!(refused.code, 0, "{}", refused.out);
    // Asked for again it says why it is not done.
    let failed = privacy::shred(&place, &["person-7"]);
    assert_eq!(failed.code, 1, "{}{}", failed.out, failed.err);
    assert_eq!(of_kind(&place, "erasure_requested"), 1);
    assert_eq!(of_kind(&place, "erasure_completed"), 0);
    // It is back: the next move ends it.
    fs::rename(&away, &beside).unwrap();
    privacy::holds(&place);
    assert_eq!(open(&place), 1);
    let size = || -> u64 {
        let all = super::files(&beside);
        all.iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum()
    };
    let before = size();
    place.run(&MOVE).good();
    assert!(size() < before);
    assert_eq!(of_kind(&place, "erasure_completed"), 1);
    assert_eq!(open(&place), 0);
    assert_eq!(place.run(&["reveal", "audit", &seq, "input"]).code, 1);
    privacy::holds(&place);
    place
        .run(&[&["record", "audit", "lines"][..], &keep].concat())
        .good();
    privacy::holds(&place);
}
