//! `publish`, `verify` of what was published, and `monitor`, fed what they cannot take.

use crate::run::{Place, command, lines};
use std::fs;
use std::process::Stdio;

fn published(place: &Place, out: &str) {
    place.run(&["publish", "audit", out]).good();
}

#[test]
fn a_published_log_is_verified_by_its_content() {
    let place = Place::new();
    let done = place
        .run(&["publish", "audit", "public", "--json"])
        .good()
        .json();
    assert_eq!(
        (&done["size"], &done["before"]),
        (&15.into(), &serde_json::Value::Null)
    );
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    let args = [
        "verify",
        "public",
        "--key",
        "audit/log.pub",
        "--checkpoint",
        "kept.note",
        "--json",
    ];
    let report = place.run(&args).good().json();
    assert_eq!(
        (&report["kind"], &report["receipts"]),
        (&"tiles".into(), &15.into())
    );
    assert_eq!(
        place
            .run(&["verify", "public", "--key", "audit/log.pub"])
            .code,
        3
    );
    // Again, and after more was recorded.
    let again = place.run(&["publish", "audit", "public"]).good();
    assert!(again.out.contains("has all 15 receipts"), "{}", again.out);
    place.record(&lines(300));
    let more = place
        .run(&["publish", "audit", "public", "--json"])
        .good()
        .json();
    assert_eq!(more["before"], 15);
    place.run(&args).good();
    assert!(
        !place.path("public/tile/0/000.p").exists(),
        "partial tiles of full ones are gone"
    );
    assert!(!place.path("public/.publish.part").exists());
    // Hashes alone.
    place
        .run(&["publish", "audit", "tree", "--hashes-only"])
        .good();
    let report = place.run(&[
        "verify",
        "tree",
        "--key",
        "audit/log.pub",
        "--checkpoint",
        "kept.note",
        "--json",
    ]);
    assert_eq!(report.code, 3);
    let report = report.json();
    assert_eq!(report["verdict"]["integrity"]["status"], "unverified");
    assert_eq!(report["verdict"]["completeness"]["status"], "verified");
    assert!(!place.path("tree/tile/entries").exists() && !place.path("tree/tile/seals").exists());
}

/// Killed at any moment, real files: what is there fits its checkpoint, and the next run goes on.
#[test]
fn a31_publishing_is_killed() {
    let place = Place::new();
    // How long a whole run takes on this machine now, so that the kills are spread over one.
    place.record(&lines(60));
    let start = std::time::Instant::now();
    published(&place, "whole");
    let whole = start.elapsed();
    let mut killed = 0;
    let mut round = 0;
    // Where others make runs slower than that one was, it takes more of them until one gets far enough.
    while round < 20 || killed == 0 || !place.path("public/tile").exists() {
        assert!(round < 100, "{killed} of {round} runs were killed");
        place.record(&lines(60));
        let mut child = command(&place.path("."))
            .args(["publish", "audit", "public"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * round / 14);
        killed += u32::from(child.try_wait().unwrap().is_none());
        // One that is done already cannot be killed, which is as well.
        let _ = child.kill();
        child.wait().unwrap();
        if place.path("public/checkpoint").exists() {
            fs::copy(place.path("public/checkpoint"), place.path("there.note")).unwrap();
            let args = [
                "verify",
                "public",
                "--key",
                "audit/log.pub",
                "--checkpoint",
                "there.note",
            ];
            let done = place.run(&args);
            assert_eq!(done.code, 0, "round {round}: {}", done.out);
        }
        round += 1;
    }
    println!("{killed} of {round} runs were killed");
    published(&place, "public");
    let size = place
        .run(&["publish", "audit", "public", "--json"])
        .good()
        .json()["size"]
        .to_string();
    place
        .run(&[
            "verify",
            "public",
            "--key",
            "audit/log.pub",
            "--size",
            &size,
        ])
        .good();
}

#[test]
fn publishing_into_the_wrong_place() {
    let place = Place::new();
    published(&place, "public");
    place
        .run(&["init", "other", "--name", "example.org/other"])
        .good();
    fs::create_dir_all(place.path("site")).unwrap();
    fs::write(place.path("site/index.html"), "hello").unwrap();
    for (args, code, said) in [
        (["publish", "other", "public"], 2, "is published there"),
        (["publish", "audit", "site"], 2, "folder of its own"),
        (["publish", "audit", "audit"], 2, "folder of its own"),
        (["publish", "nowhere", "public"], 2, "no log directory"),
    ] {
        let done = place.run(&args);
        assert!(
            done.code == code && done.err.contains(said),
            "{args:?}: {}",
            done.err
        );
    }
    assert_eq!(
        fs::read_dir(place.path("site")).unwrap().count(),
        1,
        "nothing was left behind"
    );
    let done = place.run(&["publish", "audit", "public", "--hashes-only"]);
    assert!(
        done.code == 2 && done.err.contains("another folder"),
        "{}",
        done.err
    );
    // A directory that was restored from a backup is behind what was published.
    fs::create_dir(place.path("old")).unwrap();
    for name in ["audit.db", "log.pub"] {
        fs::copy(place.path("audit").join(name), place.path("old").join(name)).unwrap();
    }
    copy_keys(&place);
    place.record(&lines(3));
    published(&place, "public");
    let done = place.run(&["publish", "old", "public"]);
    assert!(
        done.code == 1 && done.err.contains("older copy, or was cut"),
        "{}",
        done.err
    );
}

fn copy_keys(place: &Place) {
    fs::create_dir(place.path("old/keys")).unwrap();
    let key = "keys/checkpoint.pem";
    fs::copy(place.path("audit").join(key), place.path("old").join(key)).unwrap();
}

#[test]
fn a01_changed_published_files_are_named() {
    let place = Place::new();
    published(&place, "public");
    for file in [
        "tile/0/000.p/15",
        "tile/entries/000.p/15",
        "tile/seals/000.p/15",
        "checkpoint",
    ] {
        let path = place.path("public").join(file);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let at = bad.len() - 3;
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        let done = place.run(&["verify", "public", "--key", "audit/log.pub"]);
        assert_eq!(done.code, 1, "{file}: {}", done.out);
        fs::remove_file(&path).unwrap();
        let done = place.run(&["verify", "public", "--key", "audit/log.pub", "--size", "15"]);
        let (code, said) = match file {
            // All signatures gone: nothing is wrong, and nobody knows who signed.
            "tile/seals/000.p/15" => (3, "signatures are not here".to_owned()),
            "tile/entries/000.p/15" => (1, "no entries that they are of".to_owned()),
            _ => (1, format!("{file} is missing")),
        };
        assert!(
            done.code == code && done.out.contains(&said),
            "{file}: {}",
            done.out
        );
        fs::write(&path, good).unwrap();
    }
    fs::write(place.path("public/tile/0/note.txt"), "x").unwrap();
    let done = place.run(&["verify", "public", "--key", "audit/log.pub"]);
    assert!(
        done.code == 1 && done.out.contains("tile/0/note.txt"),
        "{}",
        done.out
    );
}

#[test]
fn a_monitor_takes_no_key_that_it_was_not_given() {
    let place = Place::new();
    place.run(&["checkpoint", "audit", "-o", "a.note"]).good();
    place
        .run(&["init", "other", "--name", "example.org/test"])
        .good();
    place
        .run(&["checkpoint", "other", "-o", "other.note"])
        .good();
    let run = |args: &[&str]| {
        let mut all = vec!["monitor", "checkpoint", "--state", "watch"];
        all.extend(args);
        place.run(&all)
    };
    let done = run(&["a.note"]);
    assert!(
        done.code == 2 && done.err.contains("no key of log"),
        "{}",
        done.err
    );
    let done = run(&["a.note", "--key", "other/log.pub"]);
    assert!(
        done.code == 2 && done.err.contains("no key of log"),
        "{}",
        done.err
    );
    assert_eq!(run(&["a.note", "--key", "audit/log.pub"]).code, 0);
    // Another key under the pinned origin is refused, however it is asked for.
    let own = fs::read_to_string(place.path("audit/log.pub")).unwrap();
    let origin = own.split('+').next().unwrap();
    let key = ai_audit_core::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let theirs = ai_audit_note::VKey::ed25519(origin, key)
        .unwrap()
        .to_string();
    let done = run(&["a.note", "--key", &theirs]);
    assert!(
        done.code == 2 && done.err.contains("another key"),
        "{}",
        done.err
    );
    // Notes that are none of the log's are refused, the others taken.
    let forged = fs::read_to_string(place.path("other.note")).unwrap();
    let others = fs::read_to_string(place.path("other/log.pub")).unwrap();
    let forged = forged.replace(others.split('+').next().unwrap(), origin);
    fs::write(place.path("forged.note"), forged).unwrap();
    fs::write(place.path("junk.note"), "junk").unwrap();
    let done = run(&["forged.note", "junk.note", "a.note"]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(done.out.contains("REFUSED: forged.note") && done.out.contains("REFUSED: junk.note"));
    assert!(done.out.contains("a.note: size"));
    for args in [
        &["missing.note"][..],
        &["a.note", "--from", "missing"],
        &["a.note", "--from", "a.note"],
        &["a.note", "--key", "junk"],
        &[],
    ] {
        assert_eq!(run(args).code, 2, "{args:?}");
    }
    assert_eq!(
        place.run(&["monitor", "list", "--state", "nowhere"]).code,
        2
    );
    let done = place.run(&[
        "monitor",
        "checkpoint",
        "a.note",
        "--state",
        "audit",
        "--key",
        "audit/log.pub",
    ]);
    assert_eq!(
        done.code, 2,
        "a log directory is no monitor's folder: {}",
        done.err
    );
    // What it keeps is verified again each time.
    let list = place.run(&["monitor", "list", "--state", "watch"]);
    assert_eq!(list.code, 0, "{}", list.err);
    let folder = fs::read_dir(place.path("watch"))
        .unwrap()
        .map(|it| it.unwrap().path());
    let folder = folder.into_iter().find(|path| path.is_dir()).unwrap();
    let kept = fs::read_dir(folder.join("checkpoints"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&kept).unwrap();
    fs::write(&kept, text.replacen("\n15\n", "\n16\n", 1)).unwrap();
    let done = place.run(&["monitor", "list", "--state", "watch"]);
    assert!(done.code == 1 && done.err.contains(".note"), "{}", done.err);
}
