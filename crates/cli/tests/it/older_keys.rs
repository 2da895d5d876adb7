//! A132: keys from before an erasure that came back, while the log uses a newer one.

use crate::privacy::{holds, kept, shred};
use std::fs;

#[test]
fn a132_a_key_that_came_back_does_not_stand_in_for_the_one_in_use() {
    let place = kept();
    let (keys, kek) = ("audit/keys/subjects.db", "audit/keys/kek");
    let old = [keys, kek].map(|file| fs::read(place.path(file)).unwrap());
    shred(&place, &["person-7"]).good();
    place.write("again", "{\"subject\":\"person-7\",\"input\":\"again\"}\n");
    let record = ["record", "audit", "again", "--keep-encrypted", "input"];
    place.run(&record).good();
    for (file, bytes) in [keys, kek].iter().zip(&old) {
        fs::write(place.path(file), bytes).unwrap();
    }
    // An erasure of the old key would say that all is gone, and the log would fail from there on.
    let refused = place.run(&["shred", "audit", "person-7", "--reason", "asked"]);
    assert!(refused.sentence(2).contains("which is not among the keys"));
    let lost = [
        "shred",
        "audit",
        "person-7",
        "--lost-keys",
        "--reason",
        "lost",
    ];
    place.run(&lost).good();
    holds(&place);
    place.run(&record).good();
    shred(&place, &["person-7"]).good();
    holds(&place);
}
