//! Published logs that were altered: the program, and the specification's own reader, both refuse.

use crate::run::{Place, lines, python};
use std::fs::{self, File};
use std::path::Path;

/// A log of 287 receipts, published whole in `public` and as a tree in `tree`.
fn place() -> Place {
    let place = Place::new();
    place.record(&lines(270));
    place.run(&["publish", "audit", "public"]).good();
    let hashes = ["publish", "audit", "tree", "--hashes-only"];
    place.run(&hashes).good();
    let checkpoint = ["checkpoint", "audit", "-o", "kept.note"];
    place.run(&checkpoint).good();
    place
}

fn both(place: &Place, args: &[&str], code: i32, what: &str) {
    let ours = place.run(&[&["verify"], args].concat());
    assert_eq!(ours.code, code, "{what}: we say {}{}", ours.out, ours.err);
    if let Some((theirs, said)) = python(place, args) {
        assert_eq!(theirs, code, "{what}: published_example.py says {said}");
    }
}

fn check(place: &Place, folder: &str, code: i32, what: &str) {
    let pin = ["--key", "audit/log.pub", "--checkpoint", "kept.note"];
    both(place, &[&[folder], &pin[..]].concat(), code, what);
}

/// Makes a file, which may be below folders that are not there yet, and takes it away again.
fn with(place: &Place, name: &str, contents: &[u8], code: i32) {
    let path = place.path("public").join(name);
    let missing: Vec<_> = path.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, contents).unwrap();
    check(place, "public", code, name);
    for path in missing {
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
    }
}

/// Puts other contents in a published file's place, and the right ones back.
fn altered(place: &Place, name: &str, change: impl FnOnce(&[u8]) -> Vec<u8>) {
    let path = place.path("public").join(name);
    let good = fs::read(&path).unwrap();
    fs::write(&path, change(&good)).unwrap();
    check(place, "public", 1, name);
    fs::write(&path, good).unwrap();
}

#[test]
fn a01_a_reader_of_the_specification_refuses_what_was_changed_or_cut() {
    let place = place();
    check(&place, "public", 0, "as it was published");
    check(&place, "tree", 3, "a tree alone");
    for name in [
        "tile/0/000",
        "tile/1/000.p/1",
        "tile/entries/001.p/31",
        "tile/seals/000",
        "checkpoint",
    ] {
        altered(&place, name, |good| {
            let mut bad = good.to_vec();
            bad[17] ^= 4;
            bad
        });
        altered(&place, name, |good| good[..good.len() - 1].to_vec());
    }
    check(&place, "public", 0, "as it was published");
}

#[test]
fn a01_bytes_behind_the_last_item_are_refused() {
    let place = place();
    for name in [
        "tile/entries/000",
        "tile/entries/001.p/31",
        "tile/seals/000",
        "tile/seals/001.p/31",
        "tile/0/001.p/31",
    ] {
        altered(&place, name, |good| [good, b"hidden"].concat());
    }
    check(&place, "public", 0, "as it was published");
}

#[test]
fn a01_what_lies_beside_the_tiles_is_looked_at() {
    let place = place();
    let read = |name: &str| fs::read(place.path("public").join(name)).unwrap();
    let (last, full) = (read("tile/0/001.p/31"), read("tile/0/000"));
    let (seals, entries) = (read("tile/seals/001.p/31"), read("tile/entries/001.p/31"));
    // Earlier forms of tiles that are there, as a publisher leaves them, and altered.
    with(&place, "tile/0/001.p/5", &last[..5 * 32], 0);
    with(&place, "tile/0/001.p/5", &full[..5 * 32], 1);
    with(&place, "tile/0/001.p/5", &last[..4 * 32], 1);
    with(&place, "tile/0/000.p/7", &full[..7 * 32], 0);
    with(&place, "tile/0/000.p/7", &last[..7 * 32], 1);
    with(&place, "tile/seals/001.p/2", &seals[..2 * 65], 0);
    with(&place, "tile/seals/001.p/2", &seals[65..3 * 65], 1);
    with(&place, "tile/entries/001.p/1", &entries[..9], 1);
    // Beyond the checkpoint: nobody relies on it.
    with(&place, "tile/0/001.p/40", b"a run that was stopped", 0);
    with(&place, "tile/entries/002.p/1", b"a run that was stopped", 0);
    with(&place, "index.html", b"beside", 0);
    for foreign in [
        "tile/note.txt",
        "tile/0/note.txt",
        "tile/0/1",
        "tile/0/0001",
        "tile/0/x000/001",
        "tile/8/000",
        "tile/00/000",
        "tile/0/001.p/031",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/5/a",
        "tile/other/000",
        "tile/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o",
    ] {
        with(&place, foreign, &last, 1);
    }
    // Where the partial tile is gone, the full one begins as it did.
    let partial = place.path("public/tile/0/001.p/31");
    fs::remove_file(&partial).unwrap();
    with(
        &place,
        "tile/0/001",
        &[&last[..], &full[31 * 32..]].concat(),
        0,
    );
    with(&place, "tile/0/001", &full, 1);
    with(&place, "tile/0/001", &last, 1);
}

#[test]
fn seals_without_entries_are_refused_and_entries_without_seals_unverified() {
    let place = place();
    check(&place, "tree", 3, "hashes alone");
    let [entries, seals] = ["entries", "seals"].map(|kind| place.path("public/tile").join(kind));
    let away = place.path("away");
    fs::rename(&seals, &away).unwrap();
    check(&place, "public", 3, "entries without seals");
    let last = entries.join("001.p/31");
    let good = fs::read(&last).unwrap();
    let mut bad = good.clone();
    bad[40] ^= 1;
    fs::write(&last, bad).unwrap();
    check(&place, "public", 1, "altered entries without seals");
    fs::write(&last, good).unwrap();
    fs::rename(&away, &seals).unwrap();
    fs::rename(&entries, &away).unwrap();
    check(&place, "public", 1, "seals without entries");
    fs::remove_dir_all(&seals).unwrap();
    check(&place, "public", 3, "neither");
}

/// Completeness is answered from the tree, where nothing else is here.
#[test]
fn a05_a_tree_is_held_against_what_was_brought() {
    let place = place();
    let other = ["init", "other", "--name", "example.org/test"];
    place.run(&other).good();
    let pins = ["--key", "other/log.pub", "--key", "audit/log.pub"];
    let with = |note: &str, keys: &[&str], code, what: &str| {
        both(
            &place,
            &[&["tree", "--checkpoint", note], keys].concat(),
            code,
            what,
        );
    };
    with("kept.note", &pins, 3, "one of two pins signed it");
    with("kept.note", &pins[..2], 1, "another log is pinned");
    with("kept.note", &[], 3, "nothing is pinned");
    let checkpoint = ["checkpoint", "other", "-o", "other.note"];
    place.run(&checkpoint).good();
    with("other.note", &pins, 3, "a checkpoint of another log");
    place.record(&lines(3));
    let checkpoint = ["checkpoint", "audit", "-o", "later.note"];
    place.run(&checkpoint).good();
    with("later.note", &pins, 1, "the log is known to be longer");
    let note = fs::read_to_string(place.path("kept.note")).unwrap();
    place.write("forged.note", &note.replacen("\n287\n", "\n200\n", 1));
    with("forged.note", &pins, 1, "a checkpoint that nobody signed");
    with("forged.note", &[], 1, "and that has another root");
}

/// A length is looked at before a byte is read: these have more than any memory.
#[test]
fn a20_files_that_are_far_too_long_are_not_read() {
    let place = place();
    for name in [
        "checkpoint",
        "tile/0/000",
        "tile/1/000.p/1",
        "tile/entries/001.p/31",
        "tile/seals/000",
    ] {
        let path = place.path("public").join(name);
        let good = fs::read(&path).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        if let Err(error) = file.set_len(100 << 30) {
            println!("SKIPPED: no file of 100 GiB can be made: {error}");
            return;
        }
        drop(file);
        check(&place, "public", 1, name);
        fs::write(&path, good).unwrap();
    }
    check(&place, "public", 0, "as it was published");
}

#[cfg(unix)]
#[test]
fn a22_links_and_folders_in_place_of_tiles_are_refused() {
    let place = place();
    for name in ["tile/0/000", "tile/1/000.p", "tile", "checkpoint"] {
        let path = place.path("public").join(name);
        let away = place.path("away");
        fs::rename(&path, &away).unwrap();
        std::os::unix::fs::symlink(Path::new(&away), &path).unwrap();
        check(&place, "public", 1, name);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        check(&place, "public", 1, name);
        fs::remove_dir(&path).unwrap();
        fs::rename(&away, &path).unwrap();
    }
    check(&place, "public", 0, "as it was published");
}

/// A log whose bytes are deleted in part cannot be published whole; its tree can.
#[test]
fn a_log_that_cannot_be_published_leaves_nothing_behind() {
    let place = Place::empty();
    let policy = ["--policy", "retention-days=0"];
    let init = ["init", "audit", "--name", "example.org/test"];
    place.run(&[&init, &policy[..]].concat()).good();
    // The first 256 receipts are whole, and their bundles written before the first deleted one is met.
    place.record(&lines(300));
    place.run(&["publish", "audit", "public"]).good();
    place.run(&["epoch", "seal", "audit"]).good();
    place.record(&lines(10));
    place.run(&["epoch", "seal", "audit"]).good();
    place.record(&lines(5));
    let covers = ["checkpoint", "audit", "-o", "covers.note"];
    place.run(&covers).good();
    let delete = ["epoch", "delete", "audit", "1", "--without-archive"];
    place.run(&delete).good();
    let checkpoint = ["checkpoint", "audit", "-o", "kept.note"];
    place.run(&checkpoint).good();

    let refused = place.run(&["publish", "audit", "new"]);
    assert!(
        refused.code != 0 && refused.err.contains("--hashes-only"),
        "{}",
        refused.err
    );
    let left: Vec<_> = fs::read_dir(place.path("new")).unwrap().collect();
    assert!(
        left.iter()
            .all(|one| one.as_ref().unwrap().file_name() == ".publish.lock"),
        "{left:?}"
    );
    // What was published stays what it was.
    let before = fs::read(place.path("public/checkpoint")).unwrap();
    fs::copy(place.path("public/checkpoint"), place.path("there.note")).unwrap();
    let refused = place.run(&["publish", "audit", "public"]);
    assert!(
        refused.code != 0 && refused.err.contains("--hashes-only"),
        "{}",
        refused.err
    );
    assert_eq!(fs::read(place.path("public/checkpoint")).unwrap(), before);
    let report = [
        "verify",
        "public",
        "--key",
        "audit/log.pub",
        "--checkpoint",
        "there.note",
    ];
    let said = place.run(&report).good().out;
    assert!(!said.contains("not covered by the checkpoint"), "{said}");

    place
        .run(&["publish", "audit", "new", "--hashes-only"])
        .good();
    check(&place, "new", 3, "the tree alone");
}
