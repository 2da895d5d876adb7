//! `verify` of the note beside a report, and `export --report` (A53).

use crate::run::Place;
use ai_audit_core::{SigningKey, Timestamp};
use ai_audit_directory::{LogDirectory, Settings};
use ai_audit_export::{ManifestFile, ReportStatement};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::LogName;
use std::io::Read as _;

const HTML: &str = "<!doctype html><title>What the log shows</title>\n";
const JSON: &str = "{\"receipts\":15}\n";

fn directory(place: &Place, audit: &str) -> LogDirectory {
    LogDirectory::open(&place.path(audit), Settings::default()).unwrap()
}

/// Writes two reports on a log as it is, and one note beside the first that lists both. Returns their
/// size.
pub(crate) fn reports(place: &Place, audit: &str) -> u64 {
    let (directory, log) = (directory(place, audit), LogName::default());
    let head = directory.make_checkpoint(&log).unwrap();
    let head = Checkpoint::parse(head.text()).unwrap();
    let files = [("q3.html", HTML), ("q3.json", JSON)];
    let listed = files.map(|(name, contents)| {
        place.write(name, contents);
        ManifestFile::of(name, contents.as_bytes())
    });
    let made = Timestamp::from_micros(1_790_000_000_000_000);
    let note = directory
        .sign_report(&log, head.size, head.root, made, listed.into())
        .unwrap();
    place.write("q3.html.note", &note.to_string());
    head.size.as_u64()
}

const ASKED: [&str; 2] = ["--require", "integrity,attribution"];
const KEY: [&str; 2] = ["--key", "audit/log.pub"];

#[test]
fn a_report_is_verified_beside_its_note() {
    let place = Place::new();
    let size = reports(&place, "audit");
    let verify = |more: &[&str]| place.run(&[&["verify", "q3.html.note"], more].concat());
    let done = verify(&[KEY, ASKED].concat()).good();
    for said in [
        "note of a report",
        "VERIFIED: integrity, attribution",
        "only making it again from the package",
        "q3.html",
        "made 2026-09-21",
    ] {
        assert!(done.out.contains(said), "{said}: {}", done.out);
    }
    // What it says is never verified, so it is unverified unless less was asked for.
    assert_eq!(verify(&KEY).code, 3);
    assert_eq!(verify(&ASKED).code, 3);
    let json = verify(&[&KEY[..], &["--json"]].concat()).json();
    assert_eq!(json["kind"], "report");
    assert_eq!(json["verdict"]["integrity"]["status"], "verified");
    assert_eq!(json["verdict"]["completeness"]["status"], "unverified");
    assert_eq!(json["size"], size);
    assert_eq!(json["files"][1]["name"], "q3.json");
    assert_eq!(json["exit"], 3);
    let from_elsewhere = place.path("q3.html.note");
    place
        .run(&[
            "verify",
            from_elsewhere.to_str().unwrap(),
            KEY[0],
            KEY[1],
            ASKED[0],
            ASKED[1],
        ])
        .good();
    for flags in [
        ["--text", "input=x"],
        ["--log", "default"],
        ["--subject", "x"],
    ] {
        let done = verify(&flags);
        assert!(
            done.sentence(2)
                .contains("do not go with the note of a report")
        );
    }
    let help = place.run(&["verify", "--help"]).good().out;
    assert!(help.contains("q3.html.note"), "{help}");
}

#[test]
fn a53_an_edited_report_or_note_fails_with_the_name() {
    let place = Place::new();
    reports(&place, "audit");
    let note = std::fs::read_to_string(place.path("q3.html.note")).unwrap();
    let fails = |what: &str| {
        let done = place.run(&["verify", "q3.html.note", KEY[0], KEY[1]]);
        assert_eq!(done.code, 1, "{}", done.out);
        assert!(done.out.contains(what), "{what}: {}", done.out);
    };
    place.write("q3.html", &HTML.replace("shows", "hides"));
    fails("q3.html: its SHA-256");
    std::fs::remove_file(place.path("q3.html")).unwrap();
    fails("q3.html: the statement lists it");
    std::fs::create_dir(place.path("q3.html")).unwrap();
    fails("q3.html: expected a plain file");
    std::fs::remove_dir(place.path("q3.html")).unwrap();
    #[cfg(unix)]
    {
        place.write("elsewhere", HTML);
        std::os::unix::fs::symlink(place.path("elsewhere"), place.path("q3.html")).unwrap();
        fails("q3.html: expected a plain file");
        std::fs::remove_file(place.path("q3.html")).unwrap();
    }
    place.write("q3.html", HTML);
    place.write("q3.html.note", &note.replace("\nsize ", "\nsize 1"));
    fails("not the bytes that were signed");
    place.write("q3.html.note", &note.replace(" q3.html\n", " ../q3.html\n"));
    fails("the name has a path component");
    place.write("q3.html.note", "ai-audit/report/v1\n\u{1b}[31m");
    fails("statement of a report");
}

#[test]
fn reports_go_into_packages_of_their_size_whatever_is_recorded_meanwhile() {
    let place = Place::new();
    let size = reports(&place, "audit").to_string();
    place.record("{\"model\":\"later\"}\n");
    let export = |more: &[&str]| {
        let base = ["export", "audit", "-o", "package.zip", "--force"];
        place.run(&[&base[..], more].concat())
    };
    export(&["--report", "q3.html", "--report", "q3.json"]).good();
    let verify = ["verify", "package.zip", KEY[0], KEY[1], "--size", &size];
    let done = place.run(&verify).good();
    assert!(
        done.out.contains("issued report.html, report.json")
            && done.out.contains("only making them again"),
        "{}",
        done.out
    );
    // Unpacked, its note verifies as any other.
    let package = std::fs::File::open(place.path("package.zip")).unwrap();
    let mut package = zip::ZipArchive::new(package).unwrap();
    for name in ["report.html", "report.json", "report.note"] {
        let mut contents = String::new();
        let mut file = package.by_name(name).unwrap();
        file.read_to_string(&mut contents).unwrap();
        place.write(name, &contents);
    }
    let note = [&["verify", "report.note"], &KEY[..], &ASKED].concat();
    place.run(&note).good();
    // One report alone, and none.
    export(&["--report", "q3.html"]).good();
    let done = place.run(&verify).good();
    assert!(done.out.contains("issued report.html;"), "{}", done.out);
    let done = export(&["--report", "q3.json"]);
    assert!(done.sentence(2).contains("expected q3.json.note"));
    export(&[]).good();
    let done = place.run(&verify).good();
    assert!(!done.out.contains("issued"), "{}", done.out);
}

#[test]
fn a53_only_reports_of_the_log_that_it_signed_are_packed() {
    let place = Place::new();
    place
        .run(&["init", "other", "--name", "example.org/other"])
        .good();
    let refused = |what: &str| {
        let done = place.run(&["export", "audit", "-o", "p.zip", "--report", "q3.html"]);
        let said = done.sentence(2);
        assert!(said.contains(what), "{what}: {said}");
        assert!(!place.path("p.zip").exists());
    };
    // Of another log.
    reports(&place, "other");
    refused("not signed by the checkpoint key of this log");
    // Edited since it was signed.
    reports(&place, "audit");
    place.write("q3.html", &HTML.replace("shows", "hides"));
    refused("does not list these bytes");
    place.write("q3.html", HTML);
    // By somebody else's key, under the log's name.
    let note = std::fs::read(place.path("q3.html.note")).unwrap();
    let statement = ReportStatement::parse(SignedNote::parse(&note).unwrap().text()).unwrap();
    let forged = statement.sign(&SigningKey::from_bytes(&[5; 32])).unwrap();
    place.write("q3.html.note", &forged.to_string());
    refused("not signed by the checkpoint key of this log");
    // Signed by the log's key over a root that the log never had.
    let key = directory(&place, "audit").checkpoint_key(&LogName::default());
    let other = ReportStatement {
        root: ai_audit_core::NodeHash::EMPTY,
        ..statement
    };
    let note = other.sign(&key.unwrap()).unwrap();
    place.write("q3.html.note", &note.to_string());
    refused("of root");
    // A note that lists another file, none, and no file.
    std::fs::rename(place.path("q3.json"), place.path("q3.html")).unwrap();
    refused("does not list these bytes");
    std::fs::remove_file(place.path("q3.html.note")).unwrap();
    refused("no note lists it; expected q3.html.note");
    let done = place.run(&["export", "audit", "-o", "p.zip", "--report", "none.html"]);
    assert!(done.sentence(2).contains("none.html"));
}
