//! Paths that cannot be opened are exit code 2, and files that are there stay.

use crate::run::{Done, Place, done, lines};
use std::fs;
use std::path::Path;

/// A command as somebody who is not root: nobody, where root runs the tests.
#[cfg(unix)]
fn as_another(place: &Place, args: &[&str]) -> Done {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    let mut command = place.command(args);
    // With counters of coverage in it the program would say that he may not write them.
    command.env("LLVM_PROFILE_FILE", "/dev/null");
    if fs::metadata(place.path("")).unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    done(command.output().unwrap())
}

#[cfg(unix)]
fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn what_may_not_be_opened_is_wrong_usage() {
    let place = Place::new();
    place.write("input", &lines(1));
    let folder = place.path("");
    mode(&folder, 0o755);
    mode(&place.path("input"), 0o644);
    if as_another(&place, &["info"]).code != 0 {
        println!("SKIPPED: another user cannot run the program here");
        return;
    }
    // A database that others cannot read, a directory that they cannot enter, keys that they
    // cannot see, a folder in which they cannot write.
    mode(&place.path("audit"), 0o755);
    mode(&place.path("audit/audit.db"), 0o600);
    for args in [
        &["log", "audit"][..],
        &["verify", "audit"],
        &["record", "audit", "input"],
    ] {
        let done = as_another(&place, args);
        assert!(done.sentence(2).contains("audit"), "{args:?}");
    }
    mode(&place.path("audit"), 0o700);
    for args in [&["log", "audit"][..], &["record", "audit", "input"]] {
        as_another(&place, args).sentence(2);
    }
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let folder = place.path("read-only");
    fs::create_dir(&folder).unwrap();
    mode(&folder, 0o555);
    mode(&place.path("audit"), 0o777);
    for name in ["audit.db", "audit.db-wal", "audit.db-shm", "audit.lock"] {
        let path = place.path("audit").join(name);
        if path.exists() {
            mode(&path, 0o666);
        }
    }
    for args in [
        &["checkpoint", "audit", "-o", "read-only/x"][..],
        &["prove", "audit", "5", "-o", "read-only/x"],
        &["export", "audit", "-o", "read-only/x"],
    ] {
        let done = as_another(&place, args);
        let said = done.sentence(2);
        assert!(
            said.contains("read-only/x") && said.contains("permission denied"),
            "{said}"
        );
    }
    // The keys are for their owner alone.
    let done = as_another(&place, &["record", "audit", "input"]);
    assert!(done.sentence(2).contains("keys"));
}

#[test]
fn what_is_not_there_or_is_something_else_is_wrong_usage() {
    let place = Place::new();
    place.write("file", "text");
    place.write("note", "text");
    for (args, said) in [
        (&["record", "audit", "audit"][..], "is a directory"),
        (&["record", "audit", "file/x"], "file/x"),
        (&["checkpoint", "audit", "-o", "audit"], "is a directory"),
        (&["export", "audit", "-o", "missing/p.zip"], "missing/p.zip"),
        (&["prove", "audit", "5", "-o", "file/p"], "file/p"),
        (&["verify", "audit", "--checkpoint", "missing"], "missing"),
        (&["log", "file"], "file"),
        (&["init", "file"], "file"),
        (
            &["init", "new", "--receipt-key", "missing.pem"],
            "missing.pem",
        ),
    ] {
        let done = place.run(args);
        assert!(done.sentence(2).contains(said), "{}", done.err);
    }
    fs::remove_file(place.path("audit/keys/checkpoint.pem")).unwrap();
    let done = place.run(&["checkpoint", "audit"]);
    assert!(done.sentence(2).contains("checkpoint.pem"), "{}", done.err);
}

#[test]
fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
    let place = Place::new();
    // A name that somebody else may have given to something.
    place.write("f.zip.part", "mine");
    let commands: [&[&str]; 3] = [
        &["checkpoint", "audit", "-o", "f.zip"],
        &["prove", "audit", "5", "-o", "f.zip"],
        &["export", "audit", "-o", "f.zip"],
    ];
    for args in commands {
        place.write("f.zip", "mine");
        let done = place.run(args);
        assert_eq!(
            done.sentence(2),
            "error: f.zip exists already; --force replaces it"
        );
        assert_eq!(fs::read_to_string(place.path("f.zip")).unwrap(), "mine");
        place.run(&[args, &["--force"]].concat()).good();
        assert_ne!(fs::read(place.path("f.zip")).unwrap(), b"mine");
        fs::remove_file(place.path("f.zip")).unwrap();
        place.run(args).good();
    }
    assert_eq!(
        fs::read_to_string(place.path("f.zip.part")).unwrap(),
        "mine"
    );
    // What fails leaves nothing: neither half a file nor one beside it.
    fs::remove_file(place.path("f.zip")).unwrap();
    let nothing = ["export", "audit", "--session", "none", "-o", "f.zip"];
    place.run(&nothing).sentence(1);
    let mut names: Vec<_> = fs::read_dir(place.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["audit", "f.zip.part", "lines.jsonl"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_devices_stay_devices() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
    let place = Place::new();
    place.write("kept.note", "old");
    symlink(place.path("kept.note"), place.path("link")).unwrap();
    let checkpoint = |path: &str| {
        place
            .run(&["checkpoint", "audit", "--force", "-o", path])
            .good()
    };
    checkpoint("link");
    assert!(
        fs::symlink_metadata(place.path("link"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        fs::read_to_string(place.path("kept.note"))
            .unwrap()
            .contains("example.org")
    );
    // A file that is to be handed on can be read by others, as others that a program makes.
    let mode = fs::metadata(place.path("kept.note"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o600, 0o600);
    checkpoint("/dev/null");
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}

/// Whoever hands a file over chose its name.
#[cfg(unix)]
#[test]
fn names_of_files_say_nothing_for_the_program() {
    let evil = |end: &str| format!("x\u{1b}[2J\u{9b}H\nVERIFIED: forged\r\u{202e}{end}");
    let place = Place::new();
    let (package, proof, tiles) = (evil("a.zip"), evil("b.proof"), evil("c"));
    let (page, kept, folder) = (evil("d.html"), evil("e.note"), evil("f"));
    let (missing, records) = (evil("g"), evil("h.jsonl"));
    let tools = "tests/data/python-library/tools.jsonl";
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join(tools);
    fs::copy(tools, place.path(&records)).unwrap();
    let commands: [(&[&str], i32); 18] = [
        (&["export", "audit", "-o", &package], 0),
        (&["prove", "audit", "5", "-o", &proof], 0),
        (&["checkpoint", "audit", "-o", &kept], 0),
        (&["publish", "audit", &tiles], 0),
        (&["report", "audit", "--unsigned", "-o", &page], 3),
        (&["init", &folder], 0),
        (&["record", &folder, "lines.jsonl"], 0),
        (&["key", &folder], 0),
        (&["info", &folder], 0),
        (&["verify", &package], 3),
        (&["verify", &proof], 3),
        (&["verify", &tiles], 3),
        (&["verify", &folder], 3),
        (&["verify", &records], 3),
        (&["verify", &kept], 1),
        (&["verify", &missing], 2),
        (&["verify", &package, &proof], 2),
        (&["verify", "audit", "--checkpoint", &missing], 2),
    ];
    for (args, code) in commands {
        let done = place.run(args);
        let said = [done.out, done.err].concat();
        assert_eq!(done.code, code, "{args:?}: {said:?}");
        let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.contains(raw), "{args:?}: {said:?}");
        let forged = said.lines().any(|line| line.starts_with("VERIFIED: f"));
        assert!(!forged, "{args:?}: {said:?}");
    }
    // The readers of the specification, too.
    for args in [&[&*missing][..], &[&folder], &["audit", &*package]] {
        if let Some((code, said)) = crate::run::python(&place, args) {
            assert_ne!(code, 0, "{said:?}");
            assert!(!said.contains("\nVERIFIED"), "{said:?}");
            assert!(!said.contains('\u{1b}'), "{said:?}");
        }
    }
}
