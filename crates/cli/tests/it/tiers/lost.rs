//! A123: a copy of a directory from before the first move shares the log, and knows nothing of the store with what is old: neither
//! note nor setting. An erasure would reach one store of two.

use super::MOVE;
use super::owed::of_kind;
use crate::privacy;
use crate::run::{Place, lines};
use std::fs;

const MARK: &str = "audit/audit.cold";
const SETTINGS: &str = "audit/ai-audit.toml";

/// Makes the directory the copy, and gives what it had.
fn forget(place: &Place) -> [String; 2] {
    let had = [MARK, SETTINGS].map(|file| fs::read_to_string(place.path(file)).unwrap());
    fs::remove_file(place.path(MARK)).unwrap();
    place.write(SETTINGS, "");
    had
}

fn remember(place: &Place, had: &[String; 2]) {
    for (file, text) in [MARK, SETTINGS].iter().zip(had) {
        place.write(file, text);
    }
}

#[test]
fn a123_a_copy_that_does_not_know_of_the_cold_store_completes_no_erasure() {
    let place = privacy::kept();
    place.run(&["epoch", "seal", "audit"]).good();
    let new = ["--keep", "0", "--new", "--set", "cold-folder=cold"];
    place.run(&[&MOVE[..], &new].concat()).good();
    let had = forget(&place);
    let refused = privacy::shred(&place, &["person-7"]);
    let said = refused.out + &refused.err;
    assert!(said.contains("cold-folder"), "{said}");
    assert_eq!(refused.code, 2, "{said}");
    assert_eq!(of_kind(&place, "erasure_requested"), 0);
    // An empty store in the place of the right one makes it no better.
    let empty = ["--keep", "0", "--new", "--set", "cold-folder=empty"];
    let refused = place.run(&[&MOVE[..], &empty].concat());
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert!(!place.path(MARK).exists());
    assert!(!place.path("empty").exists(), "it was made all the same");
    let settings = fs::read_to_string(place.path(SETTINGS)).unwrap();
    assert!(!settings.contains("cold-folder"), "{settings}");
    let named = ["shred", "audit", "person-7", "--reason", "x"];
    let empty = ["--set", "cold-folder=empty"];
    let refused = place.run(&[&named[..], &empty].concat());
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert_eq!(of_kind(&place, "erasure_requested"), 0);
    // Records are taken as ever.
    place.record(&lines(1));

    // An erasure that is under way is not completed by it, either.
    remember(&place, &had);
    let (beside, away) = (place.path("cold/logs/default/beside"), place.path("away"));
    fs::rename(&beside, &away).unwrap();
    assert_eq!(privacy::shred(&place, &["person-7"]).code, 1);
    fs::rename(&away, &beside).unwrap();
    let had = forget(&place);
    let refused = place.run(&["record", "audit", "lines.jsonl"]);
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert!(refused.err.contains("cold-folder"), "{}", refused.err);
    assert_eq!(of_kind(&place, "erasure_completed"), 0);
    remember(&place, &had);
    place.record(&lines(1));
    assert_eq!(of_kind(&place, "erasure_completed"), 1);
    privacy::holds(&place);
}
