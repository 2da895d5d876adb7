//! `ai-audit store`: what it takes from the settings, and how it ends.

use super::{init_with, owner, prepared, refused};
use crate::run::lines;
use std::fs;

/// Which schemas have tables of ours.
fn schemas(server: &ai_audit_testkit::postgres::PostgresServer) -> String {
    server.sql(
        "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relname = 'receipts' ORDER BY 1",
    )
}

#[test]
fn store_goes_by_the_settings_and_refuses_unknown_ones() {
    let Some((server, place)) = prepared("settings of `ai-audit store`") else {
        return;
    };
    let owner = owner(&server);
    let prepare = ["store", "prepare", &owner];
    let file = ["--set", "store-password-file=passwords"];
    let run = |more: &[&str]| place.run(&[&prepare[..], &file, more].concat());
    for (more, word) in [
        (&["--set", "nonsense=1"][..], "there is no setting"),
        (&["--set", "store-name"], "expected NAME=VALUE"),
        (&["--config", "absent.toml"], "there is no such file"),
        (&["--set", "store-name=V2"], "schema \"V2\""),
        (&["--name", "pg_v2"], "schema \"pg_v2\""),
        (&["--set", "store-ca=passwords"], "PEM"),
        (&["--set", "store-ca=absent.pem"], "absent.pem"),
    ] {
        refused(&run(more), 2, word);
    }
    let compact = ["store", "compact", &owner, "--set", "nonsense=1"];
    refused(&place.run(&compact), 2, "there is no setting");
    assert_eq!(schemas(&server), "ai_audit");

    let said = run(&["--set", "store-name=v2"]).good().out;
    assert!(said.contains("schema v2"), "{said}");
    assert_eq!(schemas(&server), "ai_audit\nv2");
    // From the environment, and from a file, whose paths are relative to itself.
    let variables = [
        ("AI_AUDIT_STORE_NAME", "v3"),
        ("AI_AUDIT_STORE_PASSWORD_FILE", "passwords"),
    ];
    place.with(&prepare, &variables, "").good();
    assert_eq!(schemas(&server), "ai_audit\nv2\nv3");
    fs::create_dir(place.path("audit")).unwrap();
    let settings = "store-name = \"v4\"\nstore-password-file = \"../passwords\"\n";
    place.write("audit/ai-audit.toml", settings);
    let config = ["--config", "audit/ai-audit.toml"];
    place.run(&[&prepare[..], &config].concat()).good();
    // A flag wins.
    let named = ["--name", "v5", "--password-file", "passwords"];
    let done = place.with(&[&prepare[..], &named].concat(), &variables[..1], "");
    assert!(done.good().out.contains("schema v5"));
    assert_eq!(schemas(&server), "ai_audit\nv2\nv3\nv4\nv5");
    let compacted = [
        "store",
        "compact",
        &owner,
        "--set",
        "store-name=v2",
        "--json",
    ];
    let compacted = place.run(&[&compacted[..], &file].concat()).good().json();
    assert_eq!(compacted["compacted"], "v2");
    fs::remove_dir_all(place.path("audit")).unwrap();

    // What `init` says is missing is what makes it.
    let named = ["--set", "store-name=v6"];
    let writer = server.url("audit_writer");
    let init = ["init", "audit", "--store", &writer];
    let done = place.run(&[&init[..], &file, &named].concat());
    let address = format!("postgres://OWNER@127.0.0.1:{}/audit", server.port());
    refused(
        &done,
        2,
        &format!("`ai-audit store prepare {address} --name v6`"),
    );
    let address = address.replace("OWNER", "audit_owner");
    let roles = [
        "--name",
        "v6",
        "--writer",
        "audit_writer",
        "--eraser",
        "audit_eraser",
    ];
    let prepare = ["store", "prepare", &address];
    place.run(&[&prepare[..], &file, &roles].concat()).good();
    init_with(&server, &place, &named);
    place.record(&lines(1));
}

#[test]
fn store_ends_with_2_where_nobody_gets_in() {
    let Some((server, place)) = prepared("exit codes of `ai-audit store`") else {
        return;
    };
    let owner = owner(&server);
    place.write("others", "127.0.0.1:1:audit:audit_owner:secret-owner\n");
    for command in ["prepare", "compact"] {
        let run = |more: &[&str], env: &[(&str, &str)]| {
            place.with(&[&["store", command, &owner][..], more].concat(), env, "")
        };
        let done = run(&[], &[]);
        refused(&done, 2, "--password-file");
        refused(&done, 2, "AI_AUDIT_STORE_PASSWORD");
        let wrong = [("AI_AUDIT_STORE_PASSWORD", "secret-wrong")];
        let done = run(&[], &wrong);
        refused(&done, 2, "password authentication failed");
        assert!(!done.err.contains("--password-file"), "{}", done.err);
        refused(
            &run(&["--password-file", "others"], &[]),
            2,
            "no line is for",
        );
        refused(&run(&["--password-file", "absent"], &[]), 2, "absent");
        let elsewhere = owner.replace("/audit", "/audits");
        let right = [("AI_AUDIT_STORE_PASSWORD", "secret-owner")];
        let done = place.with(&["store", command, &elsewhere], &right, "");
        refused(&done, 2, "audits");
        let production = [("AI_AUDIT_ENV", "production")];
        let done = run(&["--password-file", "passwords"], &production);
        refused(&done, 1, "others can read this key file");
    }
    // A file that the settings name has lines for others: then whoever is asked for one needs it, or none.
    let by_settings = ["--set", "store-password-file=others"];
    let done = place.run(&[&["store", "compact", &owner][..], &by_settings].concat());
    refused(&done, 2, "password missing");
    let trusted = server.url("postgres");
    place
        .run(&[&["store", "compact", &trusted][..], &by_settings].concat())
        .good();
    let init = ["init", "audit", "--store", &server.url("audit_writer")];
    refused(&place.run(&init), 2, "store-password-file");
    // In, and without the right.
    let writer = server.url("audit_writer");
    let compact = ["store", "compact", &writer, "--password-file", "passwords"];
    refused(&place.run(&compact), 2, "owned by role audit_owner");
    let none = ["store", "compact", &owner, "--password-file", "passwords"];
    let done = place.run(&[&none[..], &["--name", "v2"]].concat());
    refused(&done, 2, "its tables are not there");
}
