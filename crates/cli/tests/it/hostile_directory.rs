//! A log directory that somebody handed over: what has the name of a file may be a pipe that never
//! answers, or a device that never ends.

use crate::privacy::kept;
use crate::run::{Done, Place, done};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command that comes to its end, or fails the test.
fn ended(place: &Place, args: &[&str]) -> Done {
    let mut child = place
        .command(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{args:?} did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    done(child.wait_with_output().unwrap())
}

fn pipe(place: &Place, name: &str) {
    let made = Command::new("mkfifo").arg(place.path(name)).status();
    assert!(made.unwrap().success(), "{name}");
}

/// A log with persons, whose keys lie in `keys`, and a copy of it to spoil, each time anew.
fn handed_over() -> (Place, impl Fn(&Place)) {
    let place = kept();
    assert!(place.path("audit/keys").join("kek").is_file());
    let renew = |place: &Place| {
        let _ = fs::remove_dir_all(place.path("copy"));
        let copied = Command::new("cp")
            .args(["-a", "audit", "copy"])
            .current_dir(place.path(""))
            .status();
        assert!(copied.unwrap().success());
    };
    renew(&place);
    (place, renew)
}

/// What is told all the same where only other things cannot be read.
const INTEGRITY: &str = "integrity     verified";
const VERIFY: [&str; 4] = ["verify", "copy", "--key", "audit/log.pub"];

#[test]
fn pipes_and_devices_in_place_of_files_are_refused() {
    let (place, renew) = handed_over();
    let honest = ended(&place, &VERIFY);
    assert_eq!(honest.code, 3, "{}{}", honest.out, honest.err);
    for (name, words) in [
        ("ai-audit.toml", "copy/ai-audit.toml: expected a plain file"),
        ("audit.db", "it has no audit.db"),
        (
            "audit.db-journal",
            "copy/audit.db-journal: expected a plain file",
        ),
        ("audit.db-wal", "copy/audit.db-wal: expected a plain file"),
        ("audit.cold", "copy/audit.cold: expected a plain file"),
        ("log.pub", INTEGRITY),
        ("keys/kek", INTEGRITY),
        ("keys/kek.next", INTEGRITY),
        ("keys/subjects.db", INTEGRITY),
        ("keys/subjects.db-journal", INTEGRITY),
        ("witnesses.policy", INTEGRITY),
    ] {
        for device in [false, true] {
            renew(&place);
            let name = format!("copy/{name}");
            let _ = fs::remove_file(place.path(&name));
            match device {
                true => symlink("/dev/zero", place.path(&name)).unwrap(),
                false => pipe(&place, &name),
            }
            let done = ended(&place, &VERIFY);
            let said = [done.out.as_str(), &done.err].concat();
            assert_ne!(done.code, 0, "{name}: {said}");
            assert!(said.contains(words), "{name}: {said}");
        }
    }
}

#[test]
fn a_passphrase_that_cannot_be_read_is_none() {
    let (place, renew) = handed_over();
    let honest = ended(&place, &VERIFY);
    pipe(&place, "pipe");
    for setting in [
        "kek-passphrase-file = \"../pipe\"",
        "kek-passphrase-file = \"/dev/zero\"",
        "kek-passphrase-file = \"nowhere\"",
        "store-password-file = \"../pipe\"",
    ] {
        renew(&place);
        let settings = place.path("copy/ai-audit.toml");
        let text = fs::read_to_string(&settings).unwrap_or_default();
        fs::write(&settings, format!("{setting}\n{text}")).unwrap();
        let done = ended(&place, &VERIFY);
        assert_eq!(done.code, honest.code, "{setting}: {}", done.err);
        assert_eq!(done.out, honest.out, "{setting}");
    }
}

#[test]
fn settings_that_are_too_long_or_no_text_are_refused() {
    let (place, renew) = handed_over();
    let long = format!("# {}\n", "x".repeat(1 << 20));
    for (contents, words) in [
        (long.as_bytes(), "longer than 1048576 bytes"),
        (b"# \xff\n", "expected a text in UTF-8"),
    ] {
        renew(&place);
        fs::write(place.path("copy/ai-audit.toml"), contents).unwrap();
        let done = ended(&place, &VERIFY);
        assert_ne!(done.code, 0, "{}", done.out);
        assert!(done.err.contains("copy/ai-audit.toml"), "{}", done.err);
        assert!(done.err.contains(words), "{}", done.err);
    }
}
