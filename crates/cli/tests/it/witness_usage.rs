//! Setting witnesses up, and every mistake in it.
#![cfg(unix)]

use crate::run::Place;
use crate::witnesses::Serving;

#[test]
fn witnesses_are_added_and_removed() {
    let place = Place::new();
    for number in 1..=4 {
        let folder = format!("w{number}");
        place
            .run(&[
                "witness",
                "keygen",
                &folder,
                "--name",
                &format!("{folder}.example"),
            ])
            .good();
    }
    let run = |args: &[&str]| place.run(&[&["witness"][..], args].concat());
    let add = |name: &str, url: &str, more: &[&str]| {
        let line = format!("{name}/witness.pub");
        run(&[&["add", "audit", name, &line, url][..], more].concat())
    };
    let url = "http://127.0.0.1:9/";
    assert_eq!(run(&["list", "audit"]).code, 2);
    assert_eq!(run(&["cosign", "audit"]).code, 2);
    assert!(
        add("w1", url, &[])
            .good()
            .out
            .contains("1 witness, 1 needed")
    );
    assert!(
        add("w2", url, &[])
            .good()
            .out
            .contains("2 witnesses, 2 needed")
    );
    assert!(
        add("w3", url, &["--quorum", "2"])
            .good()
            .out
            .contains("3 witnesses, 2 needed")
    );
    // The same name or key again, and what cannot be asked or read.
    let again = add("w1", url, &[]);
    assert!(
        again.code == 2 && again.err.contains("is there already"),
        "{}",
        again.err
    );
    let same = run(&["add", "audit", "w9", "w1/witness.pub", url]);
    assert!(same.err.contains("is there already"), "{}", same.err);
    for (url, words) in [
        ("ftp://a", "https://"),
        ("w.example", "https://"),
        ("http://a b", "spaces"),
    ] {
        let bad = run(&["add", "audit", "w9", "w4/witness.pub", url]);
        assert!(
            bad.code == 2 && bad.err.contains(words),
            "{url}: {}",
            bad.err
        );
    }
    let log = run(&["add", "audit", "w9", "audit/log.pub", url]);
    assert!(
        log.code == 2 && log.err.contains("this is a log's"),
        "{}",
        log.err
    );
    let none = run(&["add", "audit", "w9", "nowhere.pub", url]);
    assert!(
        none.code == 2 && none.err.contains("no such file"),
        "{}",
        none.err
    );
    for quorum in ["0", "some", "-1"] {
        assert_eq!(add("w1", url, &[&format!("--quorum={quorum}")]).code, 2);
    }
    // More cannot be needed than there are.
    let few = run(&["remove", "audit", "w1"]).good();
    assert!(few.out.contains("2 witnesses, 2 needed"), "{}", few.out);
    let too_few = run(&["remove", "audit", "w2"]);
    assert!(
        too_few.code == 1 && too_few.err.contains("--quorum"),
        "{}",
        too_few.err
    );
    run(&["remove", "audit", "w2", "--quorum", "all"]).good();
    assert_eq!(run(&["remove", "audit", "w2"]).code, 2);
    assert_eq!(run(&["list", "audit", "--json"]).good().json()["needed"], 1);
    run(&["remove", "audit", "w3"]).good();
    let empty = run(&["cosign", "audit"]);
    assert!(
        empty.code == 2 && empty.err.contains("witness add"),
        "{}",
        empty.err
    );
    // A file that somebody wrote by hand is used and left alone.
    add("w1", url, &[]).good();
    let path = place.path("audit/witnesses.policy");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.clone() + "# mine\n").unwrap();
    let refused = add("w2", url, &[]);
    assert!(
        refused.code == 1 && refused.err.contains("written by hand"),
        "{}",
        refused.err
    );
    std::fs::write(&path, text.replace("quorum witnesses", "quorum witneses")).unwrap();
    let wrong = run(&["status", "audit"]);
    assert_eq!(wrong.code, 2);
    let words = "witnesses.policy: policy, line 5, word 2 \"witneses\": no witness or group";
    assert!(wrong.err.contains(words), "{}", wrong.err);
}

#[test]
fn mistakes_in_a_policy_are_named_by_line_and_word() {
    let place = Place::new();
    let line = std::fs::read_to_string(place.path("audit/log.pub")).unwrap();
    for (text, words) in [
        ("".to_owned(), "line 1: expected a quorum line"),
        ("quorum none".into(), "line 1: expected a line feed"),
        (format!("log {line}quorum q1\n"), "line 2, word 2 \"q1\""),
        (
            format!("ai-audit/policy/v1\nlog {line}max-age 1w\nquorum none\n"),
            "line 3, word 2 \"1w\"",
        ),
        (
            "witnes a b\nquorum none\n".into(),
            "line 1, word 1 \"witnes\"",
        ),
    ] {
        std::fs::write(place.path("bad.policy"), text).unwrap();
        let done = place.run(&["verify", "audit", "--policy", "bad.policy"]);
        assert_eq!(done.code, 2);
        assert!(
            done.err.contains(&format!("bad.policy: policy, {words}")),
            "{}",
            done.err
        );
    }
    assert_eq!(
        place.run(&["verify", "audit", "--policy", "nowhere"]).code,
        2
    );
    // A plain one is enough to pin.
    std::fs::write(
        place.path("plain.policy"),
        format!("log {line}quorum none\n"),
    )
    .unwrap();
    let done = place.run(&["verify", "audit", "--policy", "plain.policy", "--json"]);
    assert_eq!(done.code, 3);
    assert_eq!(done.json()["verdict"]["attribution"]["status"], "verified");
}

#[test]
fn what_a_witness_cannot_be_started_with() {
    let place = Place::new();
    let start = |args: &[&str]| {
        let done = place.run(&[&["witness", "serve"][..], args].concat());
        (done.code, done.err)
    };
    let keygen = |name: &str| place.run(&["witness", "keygen", "w1", "--name", name]);
    assert_eq!(keygen("a b").code, 2);
    keygen("w1.example").good();
    let again = keygen("w1.example");
    assert!(
        again.code == 2 && again.err.contains("not replaced"),
        "{}",
        again.err
    );
    let (code, error) = start(&["w1"]);
    assert!(code == 2 && error.contains("--log"), "{error}");
    let (code, error) = start(&["nowhere", "--log", "audit/log.pub"]);
    assert!(code == 2 && error.contains("keygen"), "{error}");
    let (code, error) = start(&["w1", "--log", "w1/witness.pub"]);
    assert!(
        code == 2 && error.contains("this is a witness's"),
        "{error}"
    );
    let (code, error) = start(&["w1", "--log", "audit/log.pub", "--listen", "nowhere"]);
    assert!(code == 2 && error.contains("--listen"), "{error}");
    // Two processes on one folder.
    let one = Serving::start(&place, "w1", "127.0.0.1:0");
    let (code, error) = start(&["w1", "--log", "audit/log.pub", "--listen", "127.0.0.1:0"]);
    assert!(code == 1 && error.contains("locked by another"), "{error}");
    // Logs out of a policy.
    drop(one);
    let line = std::fs::read_to_string(place.path("audit/log.pub")).unwrap();
    std::fs::write(
        place.path("logs.policy"),
        format!("log {line}quorum none\n"),
    )
    .unwrap();
    let args = [
        "serve",
        "w1",
        "--policy",
        "logs.policy",
        "--listen",
        "127.0.0.1:0",
    ];
    drop(Serving::with(&place, &args).unwrap());
    // A key that others can read, another one's key line, and what was there is gone.
    let key = place.path("w1/witness.pem");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&key, open).unwrap();
    let (code, error) = start(&["w1", "--log", "audit/log.pub"]);
    assert!(code == 1 && error.contains("chmod 600"), "{error}");
    place
        .run(&["witness", "keygen", "w2", "--name", "w2.example"])
        .good();
    std::fs::copy(place.path("w2/witness.pub"), place.path("w1/witness.pub")).unwrap();
    std::fs::copy(place.path("w2/witness.pem"), place.path("w3.pem")).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, private).unwrap();
    let (code, error) = start(&["w1", "--log", "audit/log.pub"]);
    assert!(
        code == 1 && error.contains("not the key line of"),
        "{error}"
    );
    std::fs::remove_dir_all(place.path("w2/logs")).unwrap();
    let (code, error) = start(&["w2", "--log", "audit/log.pub"]);
    assert!(
        code == 2 && error.contains("never start a known witness anew"),
        "{error}"
    );
    // JSON, for programs.
    let made = place.run(&[
        "witness",
        "keygen",
        "w4",
        "--name",
        "w4.example",
        "--key",
        "w3.pem",
        "--json",
    ]);
    assert!(
        made.good().json()["key_line"]
            .as_str()
            .unwrap()
            .starts_with("w4.example+")
    );
}
