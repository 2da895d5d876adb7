//! `ai-audit verify` and `ai-audit import` of what the Python library made.

use crate::run::Place;
use ai_audit_core::SigningKey;
use ai_audit_testkit::python::{self, PythonFiles};
use serde_json::Value;
use std::path::Path;

const CASES: &str = "../../../shared/vectors/python-library-0.4.7";

pub(crate) fn old() -> SigningKey {
    SigningKey::from_bytes(&[41; 32])
}

pub(crate) fn key() -> String {
    old().verifying_key().to_string()
}

/// A log without records, and a source of so many decisions as a package and as lines.
pub(crate) fn place(count: u64) -> Place {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    let records = python::decisions(count, "acme", &old());
    place.write("old.jsonl", &python::lines(&records));
    let package = PythonFiles::new(&records, &old()).zip();
    std::fs::write(place.path("old.zip"), package).unwrap();
    place
}

pub(crate) fn import(place: &Place, source: &str) -> Value {
    let args = ["import", "audit", source, "--key", &key(), "--json"];
    place.run(&args).good().json()
}

/// The verdict on the log itself is whole.
pub(crate) fn verified(place: &Place) -> Value {
    let size = place.receipts().to_string();
    let args = ["verify", "audit", "--key", "audit/log.pub", "--size", &size];
    place.run(&[&args[..], &["--json"]].concat()).good().json()
}

/// The receipts of kind `imported`, oldest first.
pub(crate) fn imported(place: &Place) -> Vec<Value> {
    let args = ["log", "audit", "--kind", "imported", "--reverse"];
    let all = [&args[..], &["-n", "100000", "--json"]].concat();
    let listed = place.run(&all).good().json();
    listed.as_array().unwrap().clone()
}

#[test]
fn the_nineteen_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES);
    let Ok(cases) = std::fs::read(folder.join("cases.json")) else {
        println!("SKIPPED: the Python library's packages: ../shared is absent");
        return;
    };
    let cases: Value = serde_json::from_slice(&cases).unwrap();
    assert_eq!(cases.as_array().unwrap().len(), 19);
    let place = Place::empty();
    for case in cases.as_array().unwrap() {
        let file = folder.join(case["file"].as_str().unwrap());
        let key = case["trusted_key"].as_str().unwrap();
        let args = ["verify", file.to_str().unwrap(), "--key", key, "--json"];
        let done = place.run(&args);
        let report = done.json();
        let verdict = &report["verdict"];
        let status = |name: &str| verdict[name]["status"].as_str().unwrap().to_owned();
        assert_eq!(report["kind"], "python-package");
        let class = case["expect"].as_str().unwrap();
        if class == "valid" {
            assert_eq!(status("integrity"), "verified", "{case}");
            assert_eq!(status("attribution"), "verified", "{case}");
            assert_eq!(status("completeness"), "unverified", "{case}");
            assert_eq!(done.code, 3, "{case}");
            assert_eq!(report.get("findings"), None, "{case}");
            let asked = [&args[..], &["--require", "integrity,attribution"]].concat();
            place.run(&asked).good();
            let size = case["receipts"].to_string();
            place.run(&[&args[..], &["--size", &size]].concat()).good();
            continue;
        }
        assert_eq!(done.code, 1, "{case}");
        let mut classes = report["classes"].as_array().unwrap().iter();
        assert!(classes.any(|found| found["class"] == class), "{report}");
        let failed = |name: &str| status(name) == "failed";
        match class {
            "wrong-key" => assert!(failed("attribution"), "{report}"),
            "missing" => assert!(failed("integrity") || failed("completeness"), "{report}"),
            _ => assert!(failed("integrity"), "{report}"),
        }
    }
}

#[test]
fn the_same_verdict_in_words_and_without_a_key() {
    let place = place(5);
    let done = place.run(&["verify", "old.zip", "--key", &key(), "--size", "5"]);
    let said = done.good().out;
    assert!(
        said.contains("VERIFIED: integrity, attribution, completeness"),
        "{said}"
    );
    assert!(said.contains("5 decision receipts"), "{said}");
    let done = place.run(&["verify", "old.zip"]);
    assert_eq!(done.code, 3, "{}", done.out);
    assert!(
        done.out.contains("attribution   unverified"),
        "{}",
        done.out
    );
    let done = place.run(&["verify", "old.jsonl"]);
    assert_eq!(done.code, 3, "{}", done.out);
    // A key line is no key of theirs.
    let done = place.run(&["verify", "old.zip", "--key", "audit/log.pub"]);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("need the public key"), "{}", done.err);
    for args in [
        ["verify", "old.zip", "--log", "default"],
        ["verify", "old.zip", "--subject", "somebody"],
    ] {
        place.run(&args).sentence(2);
    }
    // What is only for logs of ours says what to do.
    let done = place.run(&["crosswalk", "old.zip", "--key", &key()]);
    assert!(
        done.sentence(2).contains("`ai-audit import`"),
        "{}",
        done.err
    );
    // JSON that is none of theirs.
    place.write("other.json", "{\"hello\": 1}\n");
    let done = place.run(&["verify", "other.json", "--key", &key()]);
    assert_eq!(done.code, 1);
    assert!(done.out.contains("malformed"), "{}", done.out);
}

#[test]
fn a_package_becomes_receipts_and_comes_back() {
    let place = place(7);
    let done = import(&place, "old.zip");
    assert_eq!(done["imported"], 7);
    assert_eq!(done["verdict"]["integrity"]["status"], "verified");
    let report = verified(&place);
    let remarks = report["remarks"].as_array().unwrap();
    let told = |word: &str| remarks.iter().any(|it| it.as_str().unwrap().contains(word));
    assert!(told("old.zip") && told(&key()), "{report}");
    let receipts = imported(&place);
    assert_eq!(receipts.len(), 8);
    let source = receipts[0]["seq"].to_string();
    // Each record's bytes, as they were.
    let lines = std::fs::read_to_string(place.path("old.jsonl")).unwrap();
    for (receipt, line) in receipts[1..].iter().zip(lines.lines()) {
        let seq = receipt["seq"].to_string();
        let shown = place.run(&["show", "audit", &seq, "--original"]).good();
        assert_eq!(shown.out, format!("{line}\n"));
        let old: Value = serde_json::from_str(line).unwrap();
        assert_eq!(receipt["trace_id"], old["trace_id"]);
    }
    // And the package, whose proof can be made again.
    place
        .run(&["show", "audit", &source, "--original", "-o", "again.zip"])
        .good();
    place
        .run(&["verify", "again.zip", "--key", &key(), "--size", "7"])
        .good();
    let again = [&["show", "audit", &source, "--original", "-o", "again.zip"][..]].concat();
    assert!(place.run(&again).sentence(2).contains("exists already"));
    // A receipt that was not imported has no original.
    let none = place.run(&["show", "audit", "0", "--original"]);
    assert!(none.err.contains("was not imported"), "{}", none.err);
}

#[test]
fn lines_json_and_standard_input_come_back_to_the_byte() {
    let place = place(4);
    import(&place, "old.jsonl");
    let source = imported(&place)[0]["seq"].to_string();
    place
        .run(&["show", "audit", &source, "--original", "-o", "again.jsonl"])
        .good();
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert_eq!(read("again.jsonl"), read("old.jsonl"));
    let shown = place.run(&["show", "audit", &source, "--original"]).good();
    assert_eq!(shown.out.as_bytes(), read("old.jsonl"));
    // An array is other bytes and the same records.
    let records = python::decisions(3, "beta", &old());
    let array = serde_json::to_string_pretty(&records).unwrap();
    let args = ["import", "audit", "-", "--key", &key(), "--json"];
    let done = place.with(&args, &[], &array).good().json();
    assert_eq!(done["imported"], 3, "{done}");
    let sources = place.run(&["import", "audit", "--list", "--json"]).good();
    let sources = sources.json();
    assert_eq!(sources["imports"][1]["name"], "standard input");
    verified(&place);
}

/// The same import twice is one, whatever happened in between.
#[test]
fn nothing_is_imported_twice() {
    let place = place(6);
    let first = import(&place, "old.zip");
    let size = place.receipts();
    let again = import(&place, "old.zip");
    assert_eq!(
        (&again["imported"], &again["present"]),
        (&0.into(), &6.into())
    );
    assert_eq!(again["receipt"], first["receipt"]);
    assert_eq!(place.receipts(), size);
}

#[test]
fn what_fails_is_imported_only_when_that_is_accepted() {
    let place = place(5);
    let lines = std::fs::read_to_string(place.path("old.jsonl")).unwrap();
    let mut bad: Vec<String> = lines.lines().map(Into::into).collect();
    bad[2] = bad[2].replace("\"allow\"", "\"reject\"");
    place.write("bad.jsonl", &(bad.join("\n") + "\n"));
    let before = place.receipts();
    let args = ["import", "audit", "bad.jsonl", "--key", &key()];
    let done = place.run(&args);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("nothing was imported"), "{}", done.err);
    assert!(done.out.contains("tampered"), "{}", done.out);
    assert_eq!(place.receipts(), before);
    let accepted = [&args[..], &["--accept-failed", "--json"]].concat();
    let done = place.run(&accepted).good().json();
    assert_eq!(done["imported"], 5);
    let items = imported(&place);
    let source = &items[0]["body"]["record"]["source"];
    assert!(source["integrity"]["failed"].is_string(), "{source}");
    let item = &items[3]["body"]["record"]["item"];
    assert!(
        item["finding"].is_string() && item.get("key").is_none(),
        "{item}"
    );
    let report = verified(&place);
    let remarks = report["remarks"].to_string();
    assert!(
        remarks.contains("1 records are here without a proof"),
        "{remarks}"
    );
    assert!(remarks.contains("integrity FAILED"), "{remarks}");
    // Without a key nothing is imported by accident.
    let done = place.run(&["import", "audit", "old.jsonl"]);
    assert!(done.sentence(2).contains("--key"), "{}", done.err);
    let stranger = SigningKey::from_bytes(&[1; 32]).verifying_key().to_string();
    let done = place.run(&["import", "audit", "old.jsonl", "--key", &stranger]);
    assert_eq!(done.code, 1, "{}", done.out);
}

#[test]
fn tenants_are_told_apart() {
    let place = place(3);
    let mut records = python::decisions(3, "acme", &old());
    records.extend(python::decisions(2, "beta", &old()));
    place.write("both.jsonl", &python::lines(&records));
    let args = ["import", "audit", "both.jsonl", "--key", &key()];
    let said = place.run(&args).sentence(2).to_owned();
    assert!(said.contains("acme") && said.contains("--tenant"), "{said}");
    let other = [&args[..], &["--tenant", "gamma"]].concat();
    assert!(place.run(&other).sentence(2).contains("beta"));
    let one = [&args[..], &["--tenant", "beta", "--json"]].concat();
    assert_eq!(place.run(&one).good().json()["imported"], 2);
    let all = [&args[..], &["--all-tenants", "--only-new", "--json"]].concat();
    assert_eq!(place.run(&all).good().json()["imported"], 3);
    verified(&place);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = place(3);
    let before = place.receipts();
    let args = ["import", "audit", "old.zip", "--key", &key(), "--dry-run"];
    let done = place.run(&args).good();
    assert!(
        done.out.contains("3 records would be imported"),
        "{}",
        done.out
    );
    assert_eq!(place.receipts(), before);
    let done = place.run(&["import", "audit", "--list"]).good();
    assert!(done.out.contains("nothing was imported"), "{}", done.out);
}

/// What a redaction policy keeps out cannot be redacted where every byte is signed.
#[test]
fn personal_data_is_imported_only_when_that_is_allowed() {
    let place = place(2);
    let mut records = vec![python::decision(0, "acme")];
    records[0]["checks"][0]["detail"] = serde_json::json!({"who": "mail alice@example.com"});
    python::chain(&mut records, &old());
    place.write("mail.jsonl", &python::lines(&records));
    let args = ["import", "audit", "mail.jsonl", "--key", &key()];
    let said = place.run(&args).sentence(2).to_owned();
    assert!(
        said.contains("personal data") && said.contains("line 1"),
        "{said}"
    );
    assert!(!said.contains("alice"), "{said}");
    let allowed = [&args[..], &["--allow-personal-data", "--json"]].concat();
    assert_eq!(place.run(&allowed).good().json()["imported"], 1);
}

/// Old and new are counted alike, and apart.
#[test]
fn statistics_cover_old_and_new() {
    let place = Place::new();
    let records = python::decisions(4, "acme", &old());
    place.write("old.jsonl", &python::lines(&records));
    import(&place, "old.jsonl");
    let stats = place.run(&["stats", "audit", "--json"]).good().json();
    let decided: u64 = (stats["actions"].as_object().unwrap().values())
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(decided, 14, "{stats}");
}

#[test]
fn sources_that_are_none() {
    let place = place(1);
    place.run(&["export", "audit", "-o", "ours.zip"]).good();
    for (source, word) in [
        ("missing.jsonl", "missing.jsonl"),
        ("audit", "directory"),
        ("ours.zip", "none of the Python library"),
        ("redis://127.0.0.1:1/0", "127.0.0.1"),
        ("postgres://nobody:secret@127.0.0.1:1/none", "127.0.0.1"),
    ] {
        let done = place.run(&["import", "audit", source, "--key", &key()]);
        let said = done.sentence(2);
        assert!(said.contains(word) && !said.contains("secret"), "{said}");
    }
    let args = ["import", "audit", "old.zip", "--key", &key()];
    let done = place.with(&args, &[("TMPDIR", "/nowhere")], "");
    assert!(
        done.err.contains("/nowhere") && done.err.contains("TMPDIR"),
        "{}",
        done.err
    );
    place.write("empty.jsonl", "");
    let done = place.run(&[
        "import",
        "audit",
        "empty.jsonl",
        "--key",
        &key(),
        "--accept-failed",
    ]);
    assert!(done.sentence(2).contains("no records"), "{}", done.err);
    let done = place.run(&["import", "audit"]);
    assert_eq!(done.code, 2);
    let line = std::fs::read_to_string(place.path("audit/log.pub")).unwrap();
    let done = place.run(&["import", "audit", "old.zip", "--key", line.trim()]);
    assert!(done.sentence(2).contains("key line"), "{}", done.err);
}
