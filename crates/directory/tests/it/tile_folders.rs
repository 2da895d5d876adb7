//! Folders of published logs that somebody prepared: links, pipes, huge files, names; and two
//! publishers at once.

use crate::{new, record};
use ai_audit_core::Question;
use ai_audit_directory::{DirectoryError, LogDirectory, Settings, TileFolder};
use ai_audit_export::tiles::{
    FileBytes, PublishOptions, TileFiles as _, TileStore as _, verify_tiles,
};
use ai_audit_store::LogName;
use ai_audit_verify::{Pin, Report, TrustPolicy};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Rig {
    folder: TempDir,
    directory: LogDirectory,
    policy: TrustPolicy,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let made = new(&path, "default");
        record(&path, Settings::default(), 300).unwrap();
        let directory = LogDirectory::open(&path, Settings::default()).unwrap();
        let pin = Pin::parse(&made.key_line.to_string()).unwrap();
        let policy = TrustPolicy::new().pin(pin).min_size(300);
        Self {
            folder,
            directory,
            policy,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn publish(&self, out: &str) -> Result<u64, DirectoryError> {
        let (log, options) = (LogName::default(), PublishOptions::default());
        let out = self.path(out);
        let published = self.directory.publish(&log, &out, options, |_, _| {})?;
        Ok(published.files)
    }

    fn verify(&self, out: &str) -> Report {
        verify_tiles(&TileFolder::open(&self.path(out)), &self.policy, |_, _| {})
    }

    fn code(&self, out: &str) -> u8 {
        self.verify(out).exit(&Question::DEFAULT).code()
    }
}

#[test]
fn a_folder_is_published_and_verified() {
    let rig = Rig::new();
    assert_eq!(rig.publish("deep/er/public").unwrap(), 8);
    assert_eq!(rig.code("deep/er/public"), 0);
    assert_eq!(rig.publish("deep/er/public").unwrap(), 0);
    assert!(TileFolder::is_published_log(&rig.path("deep/er/public")));
    assert!(!TileFolder::is_published_log(&rig.path("audit")));
    // Only a folder that was opened for writing is written to.
    let mut reading = TileFolder::open(&rig.path("deep/er/public"));
    assert!(reading.write("checkpoint", b"").is_err() && reading.remove("checkpoint").is_err());
}

#[test]
fn a33_two_publishers() {
    let rig = Rig::new();
    rig.publish("public").unwrap();
    let held = TileFolder::create(&rig.path("public")).unwrap();
    let error = rig.publish("public").unwrap_err().to_string();
    assert!(error.contains("locked by another writer"), "{error}");
    drop(held);
    rig.publish("public").unwrap();
}

#[test]
fn names_do_not_lead_out_of_the_folder() {
    let rig = Rig::new();
    rig.publish("public").unwrap();
    fs::write(rig.path("secret"), "secret").unwrap();
    let folder = TileFolder::open(&rig.path("public"));
    for name in [
        "../secret",
        "tile/../../secret",
        "/etc/hostname",
        "tile//0/000",
        "",
        "./checkpoint",
        "a\\b",
        "c:d",
    ] {
        assert!(folder.read(name, 1 << 20).is_err(), "{name}");
    }
    assert_eq!(folder.read("tile/0/000/more", 10).unwrap(), None);
    assert!(folder.read("tile/0", 10).is_err(), "a folder is no file");
    let whole = folder.read("checkpoint", 1 << 20).unwrap();
    assert!(matches!(whole, Some(FileBytes::Whole(_))));
    assert!(matches!(
        folder.read("checkpoint", 5).unwrap(),
        Some(FileBytes::TooLong(_))
    ));
}

#[cfg(unix)]
#[test]
fn a24_links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let rig = Rig::new();
    rig.publish("public").unwrap();
    // The same contents, reached through a link out of the folder.
    let outside = rig.path("outside");
    fs::create_dir(&outside).unwrap();
    for name in ["tile/0/000", "tile/seals", "checkpoint", "tile"] {
        let (path, moved) = (rig.path("public").join(name), outside.join("moved"));
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        let report = rig.verify("public");
        assert_ne!(
            report.exit(&Question::DEFAULT).code(),
            0,
            "{name}: {:?}",
            report.verdict
        );
        // Nothing is written through it either.
        let mut folder = TileFolder::create(&rig.path("public")).unwrap();
        if name.starts_with("tile/s") || name == "tile" {
            assert!(folder.write("tile/seals/005", b"x").is_err(), "{name}");
        }
        drop(folder);
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    assert_eq!(rig.code("public"), 0);
    // The folder itself may be named through one.
    symlink(rig.path("public"), rig.path("alias")).unwrap();
    assert_eq!(rig.code("alias"), 0);
    // One that leads round in a circle, or to itself, ends.
    symlink(rig.path("public"), rig.path("public/tile/0/x001")).unwrap();
    assert_eq!(rig.code("public"), 1);
}

/// A pipe that nobody writes to, a device, a folder where a file should be: refused, not waited for.
#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_not_opened() {
    let rig = Rig::new();
    rig.publish("public").unwrap();
    for name in ["tile/0/000", "checkpoint"] {
        let path = rig.path("public").join(name);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("SKIPPED: no mkfifo");
            return;
        }
        assert_eq!(rig.code("public"), 1, "{name}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(rig.code("public"), 1, "{name}");
        fs::remove_dir(&path).unwrap();
        fs::write(&path, good).unwrap();
    }
    assert_eq!(rig.code("public"), 0);
}

/// Lengths are looked at before anything is read: files of a tebibyte cost nothing.
#[test]
fn a25_huge_files_are_not_read() {
    let rig = Rig::new();
    rig.publish("public").unwrap();
    for name in [
        "tile/0/000",
        "tile/entries/000",
        "tile/seals/000",
        "checkpoint",
        "tile/0/000.p/3",
    ] {
        let path = rig.path("public").join(name);
        let good = fs::read(&path).ok();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .unwrap();
        if file.set_len(1 << 40).is_err() {
            println!("SKIPPED: no sparse files");
            return;
        }
        let report = rig.verify("public");
        assert!(report.verdict.integrity.is_failed(), "{name}");
        match good {
            Some(good) => fs::write(&path, good).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    assert_eq!(rig.code("public"), 0);
}

#[test]
fn strange_names_are_told_and_end() {
    let rig = Rig::new();
    rig.publish("public").unwrap();
    let public = rig.path("public");
    let mut deep = public.join("tile");
    for _ in 0..40 {
        deep.push("x000");
    }
    fs::create_dir_all(&deep).unwrap();
    // Deeper than any tile is: told by its name, and not walked.
    assert_eq!(rig.code("public"), 1);
    fs::remove_dir_all(public.join("tile/x000")).unwrap();
    fs::write(public.join("index.html"), "hello").unwrap();
    let report = rig.verify("public");
    assert!(
        report.remarks.iter().any(|it| it.contains("1 other files")),
        "{:?}",
        report.remarks
    );
    assert_eq!(rig.code("public"), 0);
    odd(&public);
    assert_eq!(rig.code("public"), 1);
}

#[cfg(unix)]
fn odd(public: &Path) {
    use std::os::unix::ffi::OsStrExt as _;
    let name = std::ffi::OsStr::from_bytes(b"\xff\xfe\n");
    fs::write(public.join("tile").join(name), "x").unwrap();
}

#[cfg(not(unix))]
fn odd(public: &Path) {
    fs::write(public.join("tile").join("odd"), "x").unwrap();
}
