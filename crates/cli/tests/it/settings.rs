//! Settings: the file, the environment, flags, and what production refuses.

use crate::run::{Done, Place};

fn info(place: &Place, args: &[&str], env: &[(&str, &str)]) -> Done {
    place.with(&[&["info", "audit"][..], args].concat(), env, "")
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let place = Place::new();
    place.write(
        "audit/ai-audit.toml",
        "checkpoint-every = 3\nqueue-capacity = 30\n",
    );
    let env = [("AI_AUDIT_CHECKPOINT_EVERY", "4")];
    let setting = |args: &[&str], env: &[(&str, &str)], name: &str| {
        info(&place, &[args, &["--json"]].concat(), env)
            .good()
            .json()["settings"][name]
            .clone()
    };
    assert_eq!(setting(&[], &[], "checkpoint-every"), 3);
    assert_eq!(setting(&[], &env, "checkpoint-every"), 4);
    let flag = ["--set", "checkpoint-every=5"];
    assert_eq!(setting(&flag, &env, "checkpoint-every"), 5);
    assert_eq!(setting(&flag, &env, "queue-capacity"), 30);
    // Every setting has its flag.
    for (flag, name, value) in [
        (
            "checkpoint-after-seconds=9",
            "checkpoint-after-seconds",
            "9",
        ),
        ("queue-timeout-ms=8", "queue-timeout-ms", "8"),
        ("digests=plain", "digests", "plain"),
        ("create-logs=false", "create-logs", "false"),
        ("high-water-marks=marks", "high-water-marks", "marks"),
        ("env=production", "env", "production"),
    ] {
        let found = setting(&["--set", flag], &[], name);
        let found = found.as_str().map_or(found.to_string(), String::from);
        assert_eq!(found, value);
    }
    // They do what they say.
    place.write("input", "{\"model\":\"m\"}\n");
    place
        .run(&[
            "record",
            "audit",
            "input",
            "--set",
            "high-water-marks=marks",
        ])
        .good();
    assert_eq!(std::fs::read_dir(place.path("marks")).unwrap().count(), 1);
    // Another file.
    place.write("other.toml", "checkpoint-every = 77\n");
    let other = ["--config", "other.toml"];
    assert_eq!(setting(&other, &[], "checkpoint-every"), 77);
    assert_eq!(setting(&other, &[], "queue-capacity"), 10_000);
    let named = [("AI_AUDIT_CONFIG", "other.toml")];
    assert_eq!(setting(&[], &named, "checkpoint-every"), 77);
    let missing = info(&place, &["--config", "missing.toml"], &[]);
    assert!(missing.sentence(2).contains("missing.toml"));
}

#[test]
fn what_nobody_knows_is_refused_in_one_sentence() {
    let place = Place::new();
    for (variable, value, said) in [
        ("AI_AUDIT_ENV", "prod", "production"),
        ("AI_AUDIT_ENV", "", "empty"),
        ("AI_AUDIT_CHECKPOINT_EVRY", "1", "checkpoint-every"),
        ("AI_AUDIT_CHECKPOINT_EVERY", "-1", "-1"),
    ] {
        let done = info(&place, &[], &[(variable, value)]);
        let text = done.sentence(2);
        assert!(text.contains(variable) && text.contains(said), "{text}");
    }
    for (flag, said) in [
        ("checkpoint-evry=1", "checkpoint-every"),
        ("env", "NAME=VALUE"),
        ("env=", "empty"),
    ] {
        let done = info(&place, &["--set", flag], &[]);
        assert!(done.sentence(2).contains(said), "{}", done.err);
    }
    place.write("audit/ai-audit.toml", "# a\n\nenv = \"prod\"\n");
    let done = info(&place, &[], &[]);
    assert!(
        done.sentence(2).contains("ai-audit.toml, line 3"),
        "{}",
        done.err
    );
}

#[test]
fn production_refuses_ephemeral_keys() {
    let place = Place::empty();
    let production = [("AI_AUDIT_ENV", "production")];
    let done = place.with(&["init", "no", "--ephemeral"], &production, "");
    assert!(done.sentence(2).contains("ephemeral"));
    assert!(!place.path("no").exists());

    let made = place.run(&["init", "audit", "--ephemeral"]).good();
    assert!(made.out.contains("trying out"), "{}", made.out);
    assert!(!place.path("audit/keys/recovery.pem").exists());
    // Whoever looks sees it, also from outside.
    let genesis = place.run(&["show", "audit", "0", "--json"]).good().json();
    let policy = &genesis["body"]["policy"];
    assert!(policy.to_string().contains("ephemeral"), "{policy}");
    place.record("{\"model\":\"m\"}\n{\"tenant\":\"acme\",\"model\":\"m\"}\n");
    let before = place.receipts();
    for args in [
        &["record", "audit", "lines.jsonl"][..],
        &["checkpoint", "audit"],
        &["export", "audit", "-o", "p.zip"],
        &["checkpoint", "audit", "--log", "acme"],
    ] {
        let done = place.with(args, &production, "");
        assert!(done.sentence(1).contains("ephemeral keys"), "{args:?}");
    }
    assert_eq!(place.receipts(), before);
    // Reading and verifying need no keys.
    place.with(&["log", "audit"], &production, "").good();
}

#[test]
fn an_empty_variable_names_no_service_and_no_file() {
    let place = Place::new();
    let empty = [
        ("AI_AUDIT_SIGNER_SERVICE", ""),
        ("AI_AUDIT_SIGNER_CREDENTIALS", ""),
        ("AI_AUDIT_SIGNER_MODULE", ""),
        ("AI_AUDIT_COLD_CREDENTIALS", ""),
    ];
    place.with(&["info", "audit"], &empty, "").good();
}
