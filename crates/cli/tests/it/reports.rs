//! `ai-audit report`: written, signed, packed, and made again.

use crate::run::{Done, Place};

const AT: &str = "2030-01-01T00:00:00Z";
const FILES: [&str; 5] = [
    "report.html",
    "report.md",
    "report.csv",
    "report.json",
    "oscal.json",
];

pub(crate) fn report(
    place: &Place,
    evidence: &str,
    folder: &str,
    files: &[&str],
    more: &[&str],
) -> Done {
    let paths: Vec<String> = files.iter().map(|file| format!("{folder}{file}")).collect();
    let mut args = vec![
        "report",
        evidence,
        "--key",
        "audit/log.pub",
        "--size",
        "15",
        "--at",
        AT,
    ];
    for path in &paths {
        args.extend(["-o", path]);
    }
    args.extend(more);
    place.run(&args)
}

pub(crate) fn read(place: &Place, file: &str) -> String {
    std::fs::read_to_string(place.path(file)).unwrap()
}

#[test]
fn a_report_is_signed_packed_and_made_again_with_the_same_bytes() {
    let place = Place::new();
    report(&place, "audit", "", &FILES, &[]).good();
    let note = |file: &str| {
        let note = format!("{file}.note");
        let require = "integrity,attribution";
        place.run(&[
            "verify",
            &note,
            "--key",
            "audit/log.pub",
            "--require",
            require,
        ])
    };
    note("report.html").good();
    // The report itself is no evidence; its note is, and is named.
    let itself = place.run(&["verify", "report.html"]);
    assert_eq!(itself.code, 1, "{}", itself.out);
    assert!(itself.out.contains("report.html.note"), "{}", itself.out);
    let mut args = vec!["export", "audit", "-o", "p.zip"];
    for file in &FILES {
        args.extend(["--report", file]);
    }
    place.run(&args).good();
    place
        .run(&["verify", "p.zip", "--key", "audit/log.pub", "--size", "15"])
        .good();
    std::fs::create_dir(place.path("again")).unwrap();
    report(&place, "p.zip", "again/", &FILES, &[]).good();
    for file in FILES {
        assert_eq!(
            read(&place, file),
            read(&place, &format!("again/{file}")),
            "{file}"
        );
        assert!(
            !place.path(&format!("again/{file}.note")).exists(),
            "a package has no key"
        );
    }
    // One letter, and the signature says so.
    let changed = read(&place, "report.html").replace("no evidence", "evidence available");
    place.write("report.html", &changed);
    assert_eq!(note("report.html").code, 1);
}

#[cfg(feature = "pdf")]
#[test]
fn the_same_log_and_time_give_the_same_pdf() {
    let place = Place::new();
    let few = ["--framework", "iso-27001"];
    report(&place, "audit", "", &["a.pdf"], &few).good();
    report(&place, "audit", "", &["b.pdf"], &few).good();
    let (a, b) = (
        std::fs::read(place.path("a.pdf")),
        std::fs::read(place.path("b.pdf")),
    );
    let a = a.unwrap();
    assert!(a.starts_with(b"%PDF-"));
    assert_eq!(a, b.unwrap());
}

#[cfg(not(feature = "pdf"))]
#[test]
fn a_program_without_pdf_says_so() {
    let place = Place::new();
    let refused = report(&place, "audit", "", &["a.pdf"], &[]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    let said = "built without its feature pdf";
    assert!(refused.err.contains(said), "{}", refused.err);
    assert!(!place.path("a.pdf").exists());
}

#[test]
fn a_report_begins_with_its_verdict_whatever_that_is() {
    let place = Place::new();
    let unpinned = place.run(&["report", "audit", "-o", "r.md", "--at", AT]);
    assert_eq!(unpinned.code, 3, "{}", unpinned.err);
    let text = read(&place, "r.md");
    let verdict = text.find("Verdict on the log").unwrap();
    assert!(verdict < text.find("EU AI Act").unwrap(), "{text}");
    assert!(text.contains("no key was pinned"), "{text}");
    assert!(text.contains("| **no evidence** |"), "{text}");
    for word in ["evidence available", "partial evidence"] {
        let row = format!("| **{word}** |");
        assert!(!text.contains(&row), "{text}");
    }
    let cut = place.run(&[
        "report",
        "audit",
        "-o",
        "cut.json",
        "--key",
        "audit/log.pub",
        "--size",
        "99",
        "--at",
        AT,
    ]);
    assert_eq!(cut.code, 1, "{}", cut.err);
    let cut: serde_json::Value = serde_json::from_str(&read(&place, "cut.json")).unwrap();
    assert_eq!(cut["figures"], serde_json::Value::Null);
    assert!(cut["crosswalk"]["nothing_counts"].is_string());
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_verified() {
    let place = Place::new();
    let unknown = report(&place, "audit", "", &["report.docx"], &[]);
    assert!(
        unknown
            .sentence(2)
            .contains("expected a name that ends in .html, .pdf")
    );
    place.write("report.md", "mine");
    let taken = report(&place, "audit", "", &["report.html", "report.md"], &[]);
    assert!(taken.sentence(2).contains("exists already"));
    assert!(!place.path("report.html").exists(), "all or none");
    report(&place, "audit", "", &["report.md"], &["--force"]).good();
    let event = report(
        &place,
        "audit",
        "",
        &["r.html"],
        &["--event", "action=refuse"],
    );
    assert!(event.sentence(2).contains("--event"));
    let rate = report(&place, "audit", "", &["r.html"], &["--p0", "2"]);
    assert_eq!(rate.code, 2, "{}", rate.err);
    let bom = report(&place, "audit", "", &["r.html"], &["--ml-bom", "report.md"]);
    assert!(bom.sentence(2).contains("--ml-bom report.md"));
    let name = report(&place, "audit", "", &["märz.html"], &[]);
    assert_eq!(name.code, 2, "{}", name.err);
    report(&place, "audit", "", &["märz.html"], &["--unsigned"]).good();
}

#[test]
fn own_catalogues_and_bills_of_models_are_in_it() {
    let place = Place::new();
    place.write(
        "own.toml",
        "schema = 1\nid = \"own\"\nname = \"House rules\"\ntitle = \"T\"\nedition = \"1\"\nchecked = 2026-11-28\n\
         [[control]]\nid = \"1\"\ntitle = \"Ours\"\nrequirement = \"r\"\nsupport = \"direct\"\n\
         evidence = [\"decisions-with-model\"]\nlimits = \"l\"\nsource = \"s\"\nverification = \"verified\"\n",
    );
    place.write(
        "bom.json",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1,\"components\":\
         [{\"type\":\"machine-learning-model\",\"name\":\"gpt-4o\"}]}",
    );
    let more = ["--catalogue", "own.toml", "--ml-bom", "bom.json"];
    report(&place, "audit", "", &["r.md", "oscal.json"], &more).good();
    let text = read(&place, "r.md");
    for said in [
        "House rules",
        "EU AI Act",
        "CycloneDX 1.6",
        "gpt-4o",
        "--catalogue own.toml",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(read(&place, "oscal.json").contains("application/vnd.cyclonedx+json"));
}

#[test]
fn a_time_before_the_last_receipt_is_refused() {
    let place = Place::new();
    let before = ["--key", "audit/log.pub", "--at", "2026-01-01T00:00:00Z"];
    let report = [&["report", "audit", "-o", "r.html"], &before[..]].concat();
    let crosswalk = [&["crosswalk", "audit"], &before[..]].concat();
    for args in [report, crosswalk] {
        let refused = place.run(&args);
        let said = refused.sentence(2);
        assert!(
            said.contains("--at 2026-01-01T00:00:00.000000Z: the log has a receipt of 20"),
            "{said}"
        );
        assert!(said.ends_with("expected a time not before it"), "{said}");
        assert_eq!(refused.out, "");
    }
    for file in ["r.html", "r.html.note"] {
        assert!(!place.path(file).exists(), "{file}");
    }
    // The last receipt's own time is one.
    let shown = place.run(&["crosswalk", "audit", "--key", "audit/log.pub", "--json"]);
    let last = shown.json()["newest_sealed_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let args = [
        "crosswalk",
        "audit",
        "--key",
        "audit/log.pub",
        "--size",
        "15",
    ];
    place.run(&[&args[..], &["--at", &last]].concat()).good();
}

/// How old the word of witnesses is hangs on the report's time, not on when it is made.
#[cfg(unix)]
#[test]
fn a_report_is_of_its_time_also_where_witnesses_are_asked() {
    use crate::witnesses::{cosign, hand_out_policy, watched};

    let (place, _serving) = watched(1);
    hand_out_policy(&place);
    cosign(&place).good();
    let made = |at: &str, file: &str| {
        place.run(&[
            "report",
            "audit",
            "-o",
            file,
            "--policy",
            "my.policy",
            "--at",
            at,
        ])
    };
    let now = place.run(&["crosswalk", "audit", "--policy", "my.policy", "--json"]);
    let last = now.good().json()["newest_sealed_at"]
        .as_str()
        .unwrap()
        .to_owned();
    made(&last, "now.md").good();
    assert_eq!(made(AT, "a.md").code, 3, "years after their word");
    assert_eq!(made(AT, "b.md").code, 3);
    let text = read(&place, "a.md");
    assert!(text.contains("more than max-age allows"), "{text}");
    assert_eq!(text, read(&place, "b.md"));
    // Whoever makes it again is told what was trusted.
    let policy = std::fs::read(place.path("my.policy")).unwrap();
    let digest = ai_audit_core::Digest::of(&policy).to_string();
    assert!(text.contains(&digest), "{text}");
    let named = text.matches("--key KEYLINE --policy my.policy").count();
    assert_eq!(named, 2, "to verify and to make again: {text}");
}

#[test]
fn a_report_of_a_selection_is_not_signed() {
    let place = Place::new();
    place
        .run(&["export", "audit", "--session", "s1", "-o", "s1.zip"])
        .good();
    place.run(&["export", "audit", "-o", "all.zip"]).good();
    let key = "audit/keys/checkpoint.pem";
    let signed = |evidence: &str, file: &str| {
        let size = ["--size", "15"];
        let size = if evidence == "all.zip" {
            &size[..]
        } else {
            &[]
        };
        let args = [
            "report",
            evidence,
            "-o",
            file,
            "--key",
            "audit/log.pub",
            "--at",
            AT,
            "--sign-key",
            key,
        ];
        place.run(&[&args, size].concat())
    };
    signed("all.zip", "all.md").good();
    assert!(place.path("all.md.note").exists());
    let refused = signed("s1.zip", "s1.md");
    assert!(
        refused
            .sentence(2)
            .contains("a report of a selection is not signed"),
        "{}",
        refused.err
    );
    assert!(!place.path("s1.md").exists() && !place.path("s1.md.note").exists());
    let args = ["report", "s1.zip", "-o", "s1.md", "--key", "audit/log.pub"];
    assert_eq!(place.run(&args).code, 3);
    assert!(place.path("s1.md").exists() && !place.path("s1.md.note").exists());
    // Nor is one of a log that lost a receipt, though its key is at hand.
    let store = rusqlite::Connection::open(place.path("audit/audit.db")).unwrap();
    let lost = store.execute("DELETE FROM receipts WHERE seq = 3", ());
    assert_eq!(lost, Ok(1));
    let done = report(&place, "audit", "", &["cut.md"], &[]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(
        done.out.contains("Not signed: not all receipts"),
        "{}",
        done.out
    );
    assert!(place.path("cut.md").exists() && !place.path("cut.md.note").exists());
}

#[test]
fn after_an_erasure_directory_and_package_give_the_same_bytes() {
    let place = Place::new();
    place.write(
        "lines",
        "{\"subject\":\"person-7\",\"input\":\"a secret\"}\n",
    );
    for args in [
        &["record", "audit", "lines", "--keep-encrypted", "input"][..],
        &["shred", "audit", "person-7", "--reason", "request 31"],
        &["checkpoint", "audit", "-o", "kept.note"],
        &["export", "audit", "-o", "p.zip"],
    ] {
        place.run(args).good();
    }
    let trust = ["--key", "audit/log.pub", "--checkpoint", "kept.note"];
    let erasure = ["verify", "audit", "--require", "erasure"];
    place.run(&[&erasure[..], &trust].concat()).good();
    std::fs::create_dir(place.path("again")).unwrap();
    for (evidence, folder) in [("audit", ""), ("p.zip", "again/")] {
        for file in ["r.md", "r.json"] {
            let path = format!("{folder}{file}");
            let args = ["report", evidence, "-o", &path, "--at", AT];
            place.run(&[&args[..], &trust].concat()).good();
        }
    }
    let json: serde_json::Value = serde_json::from_str(&read(&place, "r.json")).unwrap();
    let erasure = &json["crosswalk"]["verdict"]["erasure"];
    assert_eq!(erasure["status"], "unverified", "{erasure}");
    for file in ["r.md", "r.json"] {
        let again = read(&place, &format!("again/{file}"));
        assert_eq!(read(&place, file), again, "{file}");
    }
}

#[test]
fn places_of_reports_are_told_to_be_wrong_first() {
    let place = Place::new();
    let twice = report(&place, "audit", "", &["r.md", "./r.md"], &[]);
    let said = twice.sentence(2);
    assert!(said.contains("-o ./r.md: it is named twice"), "{said}");
    let nowhere = report(&place, "audit", "nowhere/", &["r.md"], &[]);
    let said = nowhere.sentence(2);
    assert!(
        said.contains("nowhere/r.md: there is no folder nowhere"),
        "{said}"
    );
    assert!(!place.path("r.md").exists());
}

#[test]
fn a_report_does_not_say_where_the_evidence_lay() {
    let place = Place::new();
    std::fs::create_dir(place.path("mine")).unwrap();
    place.write("mine/private.txt", "no evidence");
    let args = [
        "report",
        "mine/private.txt",
        "-o",
        "r.md",
        "-o",
        "r.json",
        "--at",
        AT,
    ];
    assert_eq!(place.run(&args).code, 1);
    for file in ["r.md", "r.json"] {
        let text = read(&place, file);
        assert!(text.contains("the file is no evidence"), "{text}");
        assert!(!text.contains("private"), "{text}");
    }
    let verify = place.run(&["verify", "mine/private.txt"]);
    assert!(
        verify.out.contains("mine/private.txt is no evidence"),
        "{}",
        verify.out
    );
}
