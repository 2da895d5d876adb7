//! `ai-audit verify --subject`, and the subject keys that lie in the log directory.

use crate::run::{Done, Place};
use serde_json::Value;
use std::fs;

const NOT_NAMED: &str =
    "no receipt here names this subject: names are compared as they are written";
const PASSPHRASE: (&str, &str) = ("AI_AUDIT_KEK_PASSPHRASE", "correct horse");

/// Persons 7 and 8 are recorded, and person 7 is erased.
fn erased(env: &[(&str, &str)]) -> Place {
    let place = Place::empty();
    let lines = r#"{"subject":"person-7","input":"a secret"}
{"subject":"person-8","input":"another"}
"#;
    place.write("lines", lines);
    let record = ["record", "audit", "lines", "--keep-encrypted", "input"];
    let shred = ["shred", "audit", "person-7", "--reason", "request 31"];
    let init = ["init", "audit", "--name", "example.org/test"];
    for args in [&init[..], &record, &shred] {
        place.with(args, env, "").good();
    }
    place
}

fn verify(place: &Place, path: &str, args: &[&str], env: &[(&str, &str)]) -> Done {
    let asked = ["--require", "erasure", "--key", "audit/log.pub"];
    place.with(&[&["verify", path], &asked[..], args].concat(), env, "")
}

/// The erasure line's status and reason.
fn line(done: &Done) -> (String, String) {
    let erasure = &done.json()["verdict"]["erasure"];
    let text = |name: &str| erasure[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("why") + &text("reason"))
}

#[test]
fn the_keys_in_the_directory_verify_an_erasure() {
    let place = erased(&[]);
    let all = verify(&place, "audit", &[], &[]).good();
    assert!(all.out.contains("VERIFIED: erasure"), "{}", all.out);
    let one = verify(&place, "audit", &["--subject", "person-7"], &[]).good();
    let answers = "the erasure line answers for subject person-7";
    assert!(one.out.contains(answers), "{}", one.out);
    let of = |subject: &str| verify(&place, "audit", &["--subject", subject, "--json"], &[]);
    assert_eq!(of("person-7").good().json()["exit"], 0);
    let recorded = of("person-8");
    assert_eq!(recorded.code, 3);
    assert!(
        line(&recorded)
            .1
            .contains("nothing of the subject was erased")
    );
    // Who is not named, or not so, was not erased for all that.
    for unseen in ["person-70", "Person-7"] {
        let done = of(unseen);
        assert_eq!(done.code, 3, "{}", done.out);
        let (status, why) = line(&done);
        assert!(
            status == "unverified" && why.starts_with(NOT_NAMED),
            "{why}"
        );
    }
}

/// The erasure line's status in each log that was looked at, sorted.
fn statuses(done: &Done) -> Vec<String> {
    let logs = done.json()["logs"].clone();
    let of = |log: &Value| log["verdict"]["erasure"]["status"].to_string();
    let mut all: Vec<String> = logs.as_array().unwrap().iter().map(of).collect();
    all.sort();
    all
}

/// In a directory with several logs one that does not name him says nothing against one that does.
#[test]
fn of_several_logs_those_that_name_him_answer() {
    let place = erased(&[]);
    place.write(
        "acme",
        r#"{"tenant":"acme","subject":"person-9","input":"c"}"#,
    );
    place.run(&["record", "audit", "acme"]).good();
    let of = |more: &[&str]| {
        let key = ["verify", "audit", "--require", "erasure", "--json"];
        place.run(&[&key[..], more].concat())
    };
    let both = of(&["--subject", "person-7"]);
    assert_eq!(both.code, 0, "{}", both.out);
    assert_eq!(statuses(&both), ["\"not_applicable\"", "\"verified\""]);
    // Asked of one log, and of a name that none has.
    let one = of(&["--subject", "person-7", "--log", "acme"]);
    assert!(
        one.code == 3 && line(&one).1.starts_with(NOT_NAMED),
        "{}",
        one.out
    );
    let none = of(&["--subject", "Person-7"]);
    assert!(
        none.code == 3 && !none.out.contains("not_applicable"),
        "{}",
        none.out
    );
    // A log that is not there does not name him either, and takes the question from none of the others.
    place
        .run(&["init", "other", "--name", "example.org/other"])
        .good();
    place.run(&["record", "other", "lines"]).good();
    place.run(&["checkpoint", "other", "-o", "kept"]).good();
    let gone = of(&["--subject", "Person-7", "--checkpoint", "kept"]);
    assert_eq!(gone.code, 1, "{}", gone.out);
    assert_eq!(statuses(&gone), ["\"unverified\""; 3], "{}", gone.out);
    let gone = of(&["--subject", "person-7", "--checkpoint", "kept"]);
    assert_eq!(gone.code, 1, "{}", gone.out);
    let said = ["\"not_applicable\"", "\"unverified\"", "\"verified\""];
    assert_eq!(statuses(&gone), said, "{}", gone.out);
}

#[test]
fn everywhere_else_it_stays_unverified() {
    let place = erased(&[]);
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    place
        .run(&[
            "export", "audit", "-o", "part.zip", "--from", "3", "--to", "4",
        ])
        .good();
    let of =
        |path: &str, subject: &str| verify(&place, path, &["--subject", subject, "--json"], &[]);
    for path in ["p.zip", "part.zip"] {
        let done = of(path, "person-7");
        assert_eq!(done.code, 3, "{}", done.out);
        assert!(line(&done).1.contains("cannot be told offline"));
    }
    let whole = of("p.zip", "person-70");
    assert!(
        whole.code == 3 && line(&whole).1.starts_with(NOT_NAMED),
        "{}",
        whole.out
    );
    let part = of("part.zip", "person-70");
    assert!(part.code == 3 && line(&part).1.contains("the part of the log that is here"));
    assert!(line(&part).1.ends_with(NOT_NAMED), "{}", part.out);
    place
        .run(&["prove", "audit", "3", "-o", "one.proof"])
        .good();
    let refused = verify(&place, "one.proof", &["--subject", "person-7"], &[]);
    let refused = refused.sentence(2);
    assert!(refused.contains("--subject"), "{refused}");
    // Neither where the keys are lost.
    fs::remove_file(place.path("audit/keys/subjects.db")).unwrap();
    fs::remove_file(place.path("audit/keys/kek")).unwrap();
    let lost = of("audit", "person-7");
    assert!(
        lost.code == 3 && line(&lost).1.contains("offline"),
        "{}",
        lost.out
    );
}

#[test]
fn a28_keys_from_before_the_erasure_leave_it_unverified_and_say_why() {
    let place = erased(&[]);
    let copy = fs::read(place.path("audit/keys/subjects.db")).unwrap();
    let shred = ["shred", "audit", "person-8", "--reason", "request 32"];
    place.run(&shred).good();
    verify(&place, "audit", &[], &[]).good();
    fs::write(place.path("audit/keys/subjects.db"), copy).unwrap();
    let done = verify(&place, "audit", &["--json"], &[]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    let (status, why) = line(&done);
    assert!(
        status == "unverified" && why.contains("before an erasure"),
        "{why}"
    );
    // The other questions are answered all the same.
    let args = ["verify", "audit", "--key", "audit/log.pub", "--size", "1"];
    place.run(&args).good();
}

#[test]
fn a28_both_files_from_before_the_erasure_fail_it_at_its_completion() {
    let place = erased(&[]);
    let files = ["audit/keys/subjects.db", "audit/keys/kek"];
    let copies = files.map(|file| fs::read(place.path(file)).unwrap());
    let shred = [
        "shred",
        "audit",
        "person-8",
        "--reason",
        "request 32",
        "--json",
    ];
    let completed = place.run(&shred).good().json();
    for (file, copy) in files.iter().zip(copies) {
        fs::write(place.path(file), copy).unwrap();
    }
    let done = verify(&place, "audit", &["--subject", "person-8", "--json"], &[]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let erasure = &done.json()["verdict"]["erasure"];
    assert_eq!(erasure["receipt"], completed["completed"][0]);
    assert!(line(&done).1.contains("can be unwrapped"));
    // The first one is gone for good.
    verify(&place, "audit", &["--subject", "person-7"], &[]).good();
}

#[test]
fn without_the_passphrase_what_must_be_opened_is_unverified() {
    let place = erased(&[PASSPHRASE]);
    verify(&place, "audit", &[], &[PASSPHRASE]).good();
    // Person 7 comes again: is his key the old one?
    place.write("again", r#"{"subject":"person-7","input":"new"}"#);
    let record = ["record", "audit", "again", "--keep-encrypted", "input"];
    place.with(&record, &[PASSPHRASE], "").good();
    let done = verify(&place, "audit", &["--subject", "person-7"], &[PASSPHRASE]).good();
    assert!(done.out.contains("recorded again after it"), "{}", done.out);
    let done = verify(&place, "audit", &["--json"], &[]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(line(&done).1.contains("passphrase"), "{}", done.out);
    // A file that the settings name will do.
    place.write("passphrase", PASSPHRASE.1);
    let by_file = format!("kek-passphrase-file={}", place.path("passphrase").display());
    verify(&place, "audit", &["--set", &by_file], &[]).good();
}
