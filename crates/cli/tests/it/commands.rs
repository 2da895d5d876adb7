//! Every command, in text and in JSON.

use crate::run::{Place, lines};

#[test]
fn the_whole_way() {
    let place = Place::new();
    let recorded = place.record(&lines(2));
    assert!(
        recorded.out.contains("Recorded 2 receipts."),
        "{}",
        recorded.out
    );
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    std::fs::copy(place.path("audit/log.pub"), place.path("log.pub")).unwrap();
    let verified = place
        .run(&[
            "verify",
            "p.zip",
            "--key",
            "log.pub",
            "--checkpoint",
            "kept.note",
        ])
        .good();
    assert!(
        verified
            .out
            .contains("VERIFIED: integrity, attribution, completeness"),
        "{}",
        verified.out
    );
    // Without what the auditor brings it stays open, and says so with its exit code.
    assert_eq!(place.run(&["verify", "p.zip"]).code, 3);
    assert_eq!(place.run(&["verify", "p.zip", "--key", "log.pub"]).code, 3);
    assert_eq!(
        place
            .run(&["verify", "p.zip", "--key", "log.pub", "--size", "12"])
            .code,
        0
    );
    assert_eq!(
        place
            .run(&["verify", "p.zip", "--require", "integrity"])
            .code,
        0
    );
    assert_eq!(
        place
            .run(&["verify", "p.zip", "--key", "log.pub", "--require", "time"])
            .code,
        3
    );
    assert_eq!(
        place
            .run(&[
                "verify",
                "audit",
                "--key",
                "log.pub",
                "--checkpoint",
                "kept.note"
            ])
            .code,
        0
    );
    let line = std::fs::read_to_string(place.path("log.pub")).unwrap();
    assert_eq!(
        place
            .run(&["verify", "audit", "--key", line.trim(), "--size", "1"])
            .code,
        0
    );
}

#[test]
fn the_json_of_a_verification() {
    let place = Place::new();
    let verified = place.run(&["verify", "audit", "--key", "audit/log.pub", "--json"]);
    let json = verified.json();
    assert_eq!((verified.code, json["exit"].as_i64()), (3, Some(3)));
    assert_eq!(json["verdict"]["integrity"]["status"], "verified");
    assert_eq!(json["verdict"]["attribution"]["status"], "verified");
    assert_eq!(json["verdict"]["completeness"]["status"], "unverified");
    assert!(json["verdict"]["completeness"]["why"].is_string());
    assert_eq!(json["verdict"]["erasure"]["status"], "not_applicable");
    assert_eq!(json["receipts"], 15);
    assert!(json["open_tool_intents"].as_array().unwrap().is_empty());
}

#[test]
fn a_bare_key_leaves_the_origin_open() {
    let place = Place::new();
    let keys = place.run(&["key", "audit", "--json"]).good().json();
    let receipt_key = keys["keys"][0]["public_key"].as_str().unwrap().to_string();
    let verified = place.run(&["verify", "audit", "--key", &receipt_key, "--size", "1"]);
    assert_eq!(verified.code, 0);
    assert!(
        verified.out.contains("origin is unverified"),
        "{}",
        verified.out
    );
    let checkpoint_key = keys["keys"][1]["public_key"].as_str().unwrap().to_string();
    assert_eq!(
        place
            .run(&["verify", "audit", "--key", &checkpoint_key, "--size", "1"])
            .code,
        3
    );
    place.run(&["checkpoint", "audit", "-o", "c.note"]).good();
    let with = [
        "verify",
        "audit",
        "--key",
        &checkpoint_key,
        "--checkpoint",
        "c.note",
    ];
    assert_eq!(place.run(&with).code, 0);
}

#[test]
fn lists_and_shows() {
    let place = Place::new();
    let log = place.run(&["log", "audit", "-n", "3"]).good().out;
    assert_eq!(log.lines().count(), 4, "{log}");
    assert!(
        log.contains("stop") && log.contains("allow gpt-4o"),
        "{log}"
    );
    assert!(log.lines().all(|line| line.chars().count() <= 80), "{log}");
    let json = place
        .run(&["log", "audit", "--session", "s1", "--json"])
        .good()
        .json();
    assert_eq!(json.as_array().unwrap().len(), 3);
    let kinds = place
        .run(&["log", "audit", "--kind", "start", "--reverse", "--json"])
        .good()
        .json();
    assert_eq!(kinds[0]["kind"], "start");
    assert_eq!(place.run(&["log", "audit", "--kind", "nonsense"]).code, 2);
    let shown = place.run(&["show", "audit", "5", "--json"]).good().json();
    assert_eq!(
        (shown["seq"].as_u64(), &shown["body"]["model"]),
        (Some(5), &"gpt-4o".into())
    );
    for name in [
        shown["id"].as_str().unwrap(),
        shown["hash"].as_str().unwrap(),
    ] {
        assert_eq!(
            place.run(&["show", "audit", name, "--json"]).good().json()["seq"],
            5
        );
    }
    assert!(
        place
            .run(&["show", "audit", "5"])
            .good()
            .out
            .contains("model gpt-4o")
    );
    assert!(
        place
            .run(&["show", "audit", "5", "--hex"])
            .good()
            .out
            .starts_with("01")
    );
    let stats = place.run(&["stats", "audit", "--json"]).good().json();
    assert_eq!(
        (&stats["kinds"]["decision"], &stats["models"]["gpt-4o"]),
        (&10.into(), &10.into())
    );
    let info = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(
        (&info["store"]["receipts"], &info["logs"][0]["log"]),
        (&15.into(), &"default".into())
    );
    for command in [
        &["info"][..],
        &["info", "audit"],
        &["stats", "audit"],
        &["key", "audit"],
        &["key", "audit/log.pub"],
    ] {
        place.run(command).good();
    }
}

#[test]
fn selections_are_exported() {
    let place = Place::new();
    place
        .run(&["export", "audit", "--session", "s0", "-o", "s.zip"])
        .good();
    let verified = place.run(&["verify", "s.zip", "--key", "audit/log.pub", "--json"]);
    assert_eq!(verified.code, 3);
    let json = verified.json();
    assert_eq!(
        (&json["receipts"], &json["verdict"]["integrity"]["status"]),
        (&9.into(), &"verified".into())
    );
    let only = [
        "verify",
        "s.zip",
        "--key",
        "audit/log.pub",
        "--require",
        "integrity,attribution",
    ];
    assert_eq!(place.run(&only).code, 0);
    for arguments in [
        &["--from", "4", "--to", "6"][..],
        &["--since", "2026-01-01T00:00:00Z"],
        &["--no-json-view"],
    ] {
        let mut all = vec!["export", "audit", "-o", "x.zip", "--force"];
        all.extend(arguments);
        place.run(&all).good();
        let code = place
            .run(&[
                "verify",
                "x.zip",
                "--key",
                "audit/log.pub",
                "--require",
                "integrity,attribution",
            ])
            .code;
        assert_eq!(code, 0, "{arguments:?}");
    }
    let nothing = place.run(&["export", "audit", "--session", "no", "-o", "n.zip"]);
    assert!(
        nothing.code == 1 && nothing.err.contains("nothing to export"),
        "{}",
        nothing.err
    );
    assert!(!place.path("n.zip").exists() && !place.path("n.zip.part").exists());
    let again = place.run(&["export", "audit", "-o", "s.zip"]);
    assert!(
        again.code == 2 && again.err.contains("--force"),
        "{}",
        again.err
    );
}

#[test]
fn standard_input_environment_and_flags() {
    let place = Place::new();
    let done = place
        .with(
            &["record", "audit", "-", "--json"],
            &[],
            "{\"model\":\"m\"}\n",
        )
        .good();
    assert_eq!(done.json()["receipts"], 1);
    // The environment wins over the file.
    std::fs::write(
        place.path("audit/ai-audit.toml"),
        "digests = \"plain\"\ncheckpoint-every = 3\n",
    )
    .unwrap();
    let setting = |env: &[(&str, &str)]| {
        place
            .with(&["info", "audit", "--json"], env, "")
            .good()
            .json()["settings"]
            .clone()
    };
    assert_eq!(
        (&setting(&[])["digests"], &setting(&[])["checkpoint-every"]),
        (&"plain".into(), &3.into())
    );
    assert_eq!(
        setting(&[("AI_AUDIT_DIGESTS", "keyed")])["digests"],
        "keyed"
    );
    let wrong = place.with(
        &["info", "audit"],
        &[("AI_AUDIT_CHECKPOINT_EVERY", "often")],
        "",
    );
    assert!(
        wrong.code == 2 && wrong.err.contains("AI_AUDIT_CHECKPOINT_EVERY"),
        "{}",
        wrong.err
    );
    // Plain on request: the digest is that of the text.
    place
        .with(
            &["record", "audit", "-", "--plain-digests", "--keep", "input"],
            &[],
            "{\"input\":\"abc\"}\n",
        )
        .good();
    let shown = place
        .run(&["log", "audit", "-n", "2", "--json"])
        .good()
        .json();
    assert_eq!(
        shown[1]["body"]["input"]["plain"],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(shown[1]["body"]["kept"][0]["content"]["plain"], "abc");
}

#[test]
fn production_refuses_what_is_unsafe() {
    let place = Place::new();
    let production = [("AI_AUDIT_ENV", "production")];
    assert_eq!(place.with(&["demo"], &production, "").code, 2);
    assert_eq!(
        place
            .with(&["record", "audit", "-"], &production, "{}\n")
            .code,
        0
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = place.path("audit/keys/receipt.pem");
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = place.with(&["record", "audit", "-"], &production, "{}\n");
        assert!(
            refused.code == 1 && refused.err.contains("chmod 600"),
            "{}",
            refused.err
        );
        assert_eq!(place.with(&["record", "audit", "-"], &[], "{}\n").code, 0);
    }
}

#[test]
fn the_demo_shows_five_forgeries_caught() {
    let place = Place::empty();
    let demo = place.run(&["demo"]).good().out;
    assert_eq!(demo.matches("FAILED").count(), 6, "{demo}");
    assert!(demo.contains("all five forgeries were caught"));
    let json = place.run(&["demo", "kept", "--json"]).good().json();
    assert_eq!(
        (
            json["steps"].as_array().unwrap().len(),
            &json["as_expected"]
        ),
        (7, &true.into())
    );
    assert!(place.path("kept/5-view.zip").is_file());
    assert_eq!(place.run(&["demo", "kept"]).code, 2);
}

#[test]
fn help_has_examples_and_shells_have_completions() {
    let place = Place::empty();
    for command in [
        "init",
        "record",
        "log",
        "show",
        "verify",
        "checkpoint",
        "prove",
        "export",
        "stats",
        "key",
        "demo",
        "info",
    ] {
        let help = place.run(&[command, "--help"]).good().out;
        assert!(
            help.contains("Examples:") && help.contains(&format!("ai-audit {command}")),
            "{help}"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            place
                .run(&["completions", shell])
                .good()
                .out
                .contains("ai-audit")
        );
    }
    let plain = place.with(&["demo"], &[("NO_COLOR", "1")], "").good();
    assert!(!plain.out.contains('\x1b') && plain.err.is_empty());
}
