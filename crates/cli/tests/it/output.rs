//! What is said: nothing that was not verified, one sentence of what is wrong, and no panic where
//! nobody can read it.

use crate::run::{Place, done, lines};
use std::fs::OpenOptions;
use std::process::Stdio;

#[test]
fn a_verdict_names_what_was_verified_and_no_more() {
    let place = Place::new();
    place.run(&["prove", "audit", "5", "-o", "r.proof"]).good();
    let proof = place
        .run(&["verify", "r.proof", "--key", "audit/log.pub"])
        .good();
    let last = proof.out.trim_end().lines().last().unwrap();
    assert_eq!(
        last, "VERIFIED: integrity, attribution (completeness not applicable)",
        "{}",
        proof.out
    );
    let erasure = ["verify", "audit", "--require", "erasure"];
    let nothing = place.run(&erasure).good().out;
    assert!(
        nothing.contains("NOTHING TO VERIFY: erasure not applicable")
            && !nothing.contains("VERIFIED"),
        "{nothing}"
    );
}

#[test]
fn only_what_a_receipt_has_is_disclosed() {
    let place = Place::new();
    let prove = |seq: &str, field: &str| {
        place.run(&["prove", "audit", seq, "--disclose", field, "-o", "r.proof"])
    };
    let done = prove("5", "arguments");
    let said = done.sentence(2);
    assert!(said.contains("receipt 5, a decision") && said.contains("it has input and output"));
    assert!(prove("0", "input").sentence(2).contains("it has none"));
    assert!(!place.path("r.proof").exists());
    prove("5", "output").good();
    // Without a key nothing is disclosed, and nothing needs to be.
    let plain = ["record", "audit", "-", "--plain-digests"];
    place.with(&plain, &[], "{\"input\":\"abc\"}\n").good();
    let done = place.run(&["prove", "audit", "16", "--disclose", "input"]);
    assert!(done.sentence(2).contains("has no key"));
    place.write("text", "abc");
    place
        .run(&["prove", "audit", "16", "-o", "plain.proof"])
        .good();
    let with_text = ["--key", "audit/log.pub", "--text", "input=text"];
    place
        .run(&[&["verify", "plain.proof"][..], &with_text].concat())
        .good();
}

/// Every command, as text and as JSON, and errors of both forms.
fn all_commands() -> Vec<Vec<&'static str>> {
    let commands: [&[&str]; 19] = [
        &["init", "another"],
        &["record", "audit", "input"],
        &["log", "audit"],
        &["show", "audit", "5"],
        &["show", "audit", "5", "--hex"],
        &["verify", "audit"],
        &["checkpoint", "audit"],
        &["prove", "audit", "5"],
        &["export", "audit", "-o", "p.zip", "--force"],
        &["stats", "audit"],
        &["key", "audit"],
        &["key", "history", "audit"],
        &["demo"],
        &["info", "audit"],
        &["redact", "input"],
        &["completions", "bash"],
        &["log", "missing"],
        &["frobnicate"],
        &["--help"],
    ];
    let mut all = Vec::new();
    for command in commands {
        all.push(command.to_vec());
        let mut json = command.to_vec();
        json.push("--json");
        all.push(json);
    }
    all
}

#[test]
fn nobody_listening_is_no_reason_to_panic() {
    let place = Place::new();
    place.write("input", &lines(1));
    for args in all_commands() {
        if args[0] == "init" {
            let _ = std::fs::remove_dir_all(place.path("another"));
        }
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place
            .command(&args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let closed = done(output);
        assert!(!closed.err.contains("panicked"), "{args:?}: {}", closed.err);
        // `| head` is no failure.
        let code = match args[0] {
            "verify" => 3,
            "log" if args[1] == "missing" => 2,
            "frobnicate" => 2,
            _ => 0,
        };
        assert_eq!(closed.code, code, "{args:?}: {}", closed.err);
    }
    // Nor is a closed standard error.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    place.write("input", "{\"actoin\":1}\n");
    let output = place
        .command(&["record", "audit", "input", "--skip-invalid"])
        .stderr(writer)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

/// A token that nobody saw would let in for ever whom nobody knows.
#[cfg(target_os = "linux")]
#[test]
fn a_token_that_cannot_be_shown_is_revoked_again() {
    let place = Place::new();
    for json in [&[][..], &["--json"]] {
        let create = [&["token", "create", "audit", "--scope", "read"][..], json].concat();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = place
            .command(&create)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let full = done(output);
        assert_eq!(full.code, 1);
        assert!(full.err.contains("revoked again"), "{}", full.err);
        // Elsewhere a reader that has gone has seen enough.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place
            .command(&create)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let gone = done(output);
        assert_eq!(gone.code, 1);
        assert!(gone.err.contains("revoked again"), "{}", gone.err);
    }
    let left = place.run(&["token", "list", "audit", "--json"]).good();
    assert_eq!(left.json(), serde_json::json!([]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_told_in_one_sentence() {
    let place = Place::new();
    place.write("input", &lines(1));
    for args in all_commands() {
        if args[0] == "init" {
            let _ = std::fs::remove_dir_all(place.path("another"));
        }
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = place
            .command(&args)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let full = done(output);
        assert!(!full.err.contains("panicked"), "{args:?}: {}", full.err);
        match args[0] {
            // Their own error comes first, and help has nothing to do.
            "frobnicate" | "--help" => {}
            "log" if args[1] == "missing" => assert_eq!(full.code, 2),
            _ => {
                let said = full.sentence(1);
                assert!(
                    said.contains("standard output") && said.matches("os error 28").count() == 1,
                    "{args:?}: {said}"
                );
            }
        }
    }
    // A disk that is full under a package.
    let done = place.run(&["export", "audit", "-o", "/dev/full"]);
    let said = done.sentence(1);
    assert!(
        said.contains("/dev/full") && said.matches("os error 28").count() == 1,
        "{said}"
    );
}

#[test]
fn wrong_usage_is_told_in_the_form_that_was_asked_for() {
    let place = Place::new();
    for args in [
        &["frobnicate", "--json"][..],
        &["--json", "log"],
        &["log", "audit", "--json", "-n", "many"],
        &["verify", "audit", "--json", "--require", "beauty"],
    ] {
        let done = place.run(args);
        let json = done.json();
        assert_eq!((done.code, &json["exit"]), (2, &2.into()), "{args:?}");
        let said = json["error"].as_str().unwrap();
        assert!(
            !said.is_empty() && !said.contains('\n') && !said.contains("Usage:"),
            "{said}"
        );
        assert!(done.err.is_empty(), "{}", done.err);
    }
    assert_eq!(place.run(&["log", "--help", "--json"]).code, 0);
}

#[test]
fn sentences_are_about_what_was_asked() {
    let place = Place::new();
    let done = place.run(&["key", "nosuch"]);
    let said = done.sentence(2);
    assert!(said.contains("nosuch") && !said.contains("--key"), "{said}");
    let done = place.run(&["verify", "audit", "--key", "nosuch"]);
    assert!(done.sentence(2).contains("--key nosuch"));

    let export = |more: &[&str]| {
        place.run(&[&["export", "audit", "-o", "p.zip", "--force"][..], more].concat())
    };
    let done = export(&["--from", "500"]);
    assert_eq!(
        done.sentence(2),
        "error: --from 500: the log has receipts 0 to 14"
    );
    let done = export(&["--from", "5"]).good();
    assert!(done.out.contains("receipts 5 to 14, "), "{}", done.out);
    // Control receipts come with every package and are counted apart: genesis, start, stop, start,
    // stop.
    let done = export(&["--from", "4", "--to", "6"]).good();
    assert!(
        done.out
            .contains("receipts 4 to 6, 8 receipts (3 records and 5 control receipts, "),
        "{}",
        done.out
    );
    let json = export(&["--from", "4", "--to", "6", "--json"])
        .good()
        .json();
    assert_eq!(
        (&json["receipts"], &json["selected"]),
        (&8.into(), &3.into())
    );
    let json = export(&["--since", "2020-01-01T00:00:00Z", "--json"])
        .good()
        .json();
    assert!(
        !json["selection"]
            .as_str()
            .unwrap()
            .contains(&u64::MAX.to_string()),
        "{json}"
    );
    let done = place.record(&lines(1));
    assert!(done.out.contains("Recorded 1 receipt."), "{}", done.out);
}

#[test]
fn quiet_is_quiet_and_one_log_is_one_object() {
    let place = Place::new();
    place.record("{\"tenant\":\"acme\",\"input\":\"a\"}\n");
    let one = ["verify", "audit", "--key", "audit/log.pub", "--size", "3"];
    let loud = place.run(&one).good();
    assert!(loud.err.contains("not verified") && loud.err.contains("acme"));
    let quiet = place.run(&[&one[..], &["-q"]].concat()).good();
    assert!(quiet.err.is_empty(), "{}", quiet.err);
    let json = place.run(&[&one[..], &["--json"]].concat()).good().json();
    assert_eq!(
        (&json["log"], &json["exit"]),
        (&"default".into(), &0.into())
    );
    let picked = ["verify", "audit", "--log", "acme", "--json"];
    assert_eq!(place.run(&picked).json()["log"], "acme");
    let all = place.run(&["verify", "audit", "--json"]).json();
    assert_eq!(
        (all["logs"].as_array().unwrap().len(), &all["exit"]),
        (2, &3.into())
    );
    assert!(place.run(&["verify", "--help"]).out.contains("\"logs\""));
}

#[test]
fn verdicts_wrap_between_words() {
    let place = Place::new();
    let wide = place.run(&["verify", "audit"]).out;
    assert!(wide.lines().any(|line| line.chars().count() > 80), "{wide}");
    let out = place
        .with(&["verify", "audit"], &[("COLUMNS", "80")], "")
        .out;
    let origin = |line: &&str| !line.contains("example.org/");
    assert!(
        out.lines()
            .filter(origin)
            .all(|line| line.chars().count() <= 80),
        "{out}"
    );
    let words = |text: &str| {
        text.split_whitespace()
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&out), words(&wide));
}
