//! Restored directories, readers without write access, tenants that do not block each other.

use crate::run::{Done, Place, lines};
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a33_nothing_is_signed_of_a_restored_directory() {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    let marked =
        |args: &[&str]| -> Done { place.with(args, &[("AI_AUDIT_HIGH_WATER_MARKS", "marks")], "") };
    fs::write(place.path("lines.jsonl"), lines(3)).unwrap();
    marked(&["record", "audit", "lines.jsonl"]).good();
    copy(&place.path("audit"), &place.path("backup"));
    marked(&["record", "audit", "lines.jsonl"]).good();
    fs::rename(place.path("audit"), place.path("newer")).unwrap();
    fs::rename(place.path("backup"), place.path("audit")).unwrap();
    let before = place.run(&["checkpoint", "newer"]).good().out;
    for args in [
        &["checkpoint", "audit"][..],
        &["export", "audit", "-o", "package.zip"],
        &["prove", "audit", "4", "-o", "proof.txt"],
        &["record", "audit", "lines.jsonl"],
    ] {
        let done = marked(args);
        assert_eq!(done.code, 1, "{args:?}: {}{}", done.out, done.err);
        assert!(done.err.contains("older copy"), "{args:?}: {}", done.err);
    }
    assert!(!place.path("package.zip").exists() && !place.path("proof.txt").exists());
    // What was signed of the newer one still stands alone.
    fs::rename(place.path("audit"), place.path("backup")).unwrap();
    fs::rename(place.path("newer"), place.path("audit")).unwrap();
    assert_eq!(marked(&["checkpoint", "audit"]).good().out, before);
}
