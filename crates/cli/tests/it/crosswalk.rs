//! `ai-audit crosswalk`: what evidence a log, a package or a selection holds.

use crate::run::Place;
use serde_json::Value;

const TRUST: [&str; 6] = [
    "--key",
    "audit/log.pub",
    "--size",
    "15",
    "--at",
    "2030-01-01T00:00:00Z",
];

fn crosswalk(place: &Place, args: &[&str]) -> Value {
    let all = [&["crosswalk"], args, &TRUST, &["--json"]].concat();
    place.run(&all).good().json()
}

fn control<'a>(crosswalk: &'a Value, framework: &str, id: &str) -> &'a Value {
    let frameworks = crosswalk["frameworks"].as_array().unwrap();
    let found = frameworks
        .iter()
        .find(|one| one["id"] == framework)
        .unwrap();
    let mut controls = found["controls"].as_array().unwrap().iter();
    controls.find(|control| control["id"] == id).unwrap()
}

#[test]
fn a_log_and_its_package_hold_the_same_evidence() {
    let place = Place::new();
    place.run(&["checkpoint", "audit"]).good();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let log = crosswalk(&place, &["audit"]);
    let package = crosswalk(&place, &["p.zip"]);
    for part in [
        "verdict",
        "frameworks",
        "coverage",
        "gaps",
        "pointers",
        "tree",
        "counts",
    ] {
        assert_eq!(log[part], package[part], "{part}");
    }
    let chained = control(&log, "nist-sp-800-53-au", "AU-9(3)");
    assert_eq!(chained["status"], "evidence available");
    assert_eq!(
        control(&log, "nist-sp-800-53-au", "AU-4")["status"],
        "not addressable by a log"
    );
    assert_eq!(log["counts"]["receipts"], 15);
    assert_eq!(log["tree"]["size"], 15);
}

#[test]
fn a_selection_names_its_receipts_with_the_proofs_that_it_brings() {
    let place = Place::new();
    place
        .run(&["export", "audit", "--session", "s1", "-o", "s1.zip"])
        .good();
    let all = crosswalk(&place, &["audit"]);
    let done = place.run(&[&["crosswalk", "s1.zip", "--json"], &TRUST[..2], &TRUST[4..]].concat());
    assert_eq!(done.code, 3, "{}", done.err);
    let selection = done.json();
    let left_out = "a selection of the log: what it left out is not known";
    let shown =
        |evidence| place.run(&[&["crosswalk", evidence], &TRUST[..2], &TRUST[4..]].concat());
    assert!(shown("s1.zip").out.contains(left_out));
    assert!(!shown("audit").out.contains(left_out));
    assert_eq!(selection["whole"], false);
    assert_eq!(selection["tree"], all["tree"]);
    let pointers = selection["pointers"].as_object().unwrap();
    assert!(!pointers.is_empty());
    for (seq, pointer) in pointers {
        assert!(pointer["path"].is_array(), "{seq}");
    }
    // What was left out may be a gap or not.
    let gaps = selection["gaps"].as_array().unwrap();
    assert!(gaps.iter().all(|gap| gap["state"] != "clear"), "{gaps:?}");
}

#[test]
fn nothing_counts_without_a_key_or_where_a_byte_was_changed() {
    let place = Place::new();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let unpinned = place.run(&["crosswalk", "p.zip"]);
    assert_eq!(unpinned.code, 3, "{}", unpinned.err);
    assert!(
        unpinned.out.contains("Nothing counts as evidence"),
        "{}",
        unpinned.out
    );
    assert!(!unpinned.out.contains("sealed from"), "{}", unpinned.out);
    let pinned = place.run(&[&["crosswalk", "p.zip"], &TRUST[..]].concat());
    assert!(pinned.good().out.contains("sealed from"));
    let mut bytes = std::fs::read(place.path("p.zip")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(place.path("p.zip"), bytes).unwrap();
    let changed = place.run(&[&["crosswalk", "p.zip", "--json"], &TRUST[..]].concat());
    assert_eq!(changed.code, 1, "{}", changed.err);
    let changed = changed.json();
    assert!(changed["nothing_counts"].is_string());
    for framework in changed["frameworks"].as_array().unwrap() {
        assert_eq!(framework["totals"]["evidence_available"], 0);
        assert_eq!(framework["totals"]["partial_evidence"], 0);
    }
}

#[test]
fn requirements_are_shown_by_framework_and_status() {
    let place = Place::new();
    let args = [
        &[
            "crosswalk",
            "audit",
            "--framework",
            "eu-ai-act",
            "--status",
            "none",
        ],
        &TRUST[..],
    ];
    let done = place.run(&args.concat()).good();
    assert!(
        done.out
            .contains("Art. 10(2)-(3)  Data and data governance"),
        "{}",
        done.out
    );
    assert!(!done.out.contains("Art. 12(1)"), "{}", done.out);
    let unknown = place.run(&["crosswalk", "audit", "--framework", "eu-act"]);
    assert!(
        unknown
            .sentence(2)
            .contains("expected one of eu-ai-act, iso-42001")
    );
    let backwards = place.run(&[
        "crosswalk",
        "audit",
        "--from",
        "2026-02-01T00:00:00Z",
        "--to",
        "2026-01-01T00:00:00Z",
    ]);
    assert!(
        backwards
            .sentence(2)
            .contains("expected a time before --to")
    );
    let list = place.run(&["crosswalk", "--list", "--json"]).good().json();
    assert_eq!(list.as_array().unwrap().len(), 28);
}

/// A40: a catalogue is a file that somebody sent, and its texts reach the terminal.
#[test]
fn a40_texts_of_a_catalogue_cannot_harm_a_terminal() {
    let place = Place::new();
    place.write(
        "evil.toml",
        "schema = 1\nid = \"evil\"\nname = \"\\u001b[31mred\"\ntitle = \"a\\u202eb\"\nedition = \"\\u0007\"\n\
         checked = 2026-11-28\nnotice = \"\\u001b]0;title\\u0007\"\n[[control]]\nid = \"\\u001b[2J\"\n\
         title = \"x\\u0000y\"\nrequirement = \"</script>\\u001b[1A\"\nsupport = \"partial\"\n\
         evidence = [\"decisions\"]\nlimits = \"\\u202e\"\nsource = \"s\"\nverification = \"unverified\"\n",
    );
    for args in [
        vec![
            "crosswalk",
            "audit",
            "--catalogue",
            "evil.toml",
            "--framework",
            "evil",
        ],
        vec!["crosswalk", "--list", "--catalogue", "evil.toml"],
    ] {
        let done = place.run(&[args, TRUST.to_vec()].concat()).good();
        for bad in ['\u{1b}', '\u{202e}', '\u{7}', '\0'] {
            assert!(!done.out.contains(bad), "{bad:?}: {}", done.out);
        }
        assert!(done.out.contains("evil"), "{}", done.out);
    }
    place.write("broken.toml", "schema = \u{1b}[31m");
    let broken = place.run(&["crosswalk", "audit", "--catalogue", "broken.toml"]);
    assert_eq!(broken.code, 2);
    assert!(!broken.err.contains('\u{1b}'), "{}", broken.err);
}

#[test]
fn all_frameworks_are_shown_with_their_requirements() {
    let place = Place::new();
    let all = crosswalk(&place, &["audit", "--framework", "all"]);
    assert_eq!(all["frameworks"].as_array().unwrap().len(), 28);
    let shown = place
        .run(&[&["crosswalk", "audit", "--framework", "all"], &TRUST[..]].concat())
        .good();
    for id in ["Art. 12(1)", "AU-9(3)"] {
        assert!(shown.out.contains(id), "{id}");
    }
}
