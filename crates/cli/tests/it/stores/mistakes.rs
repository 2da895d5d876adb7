//! Wrong addresses, passwords and settings: clear errors, and no secret in them.

use super::{init, prepared, refused, server};
use crate::run::{Place, lines};
use std::fs;
use std::net::TcpListener;

const KEY: &str = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";

/// A106: an address with a password is neither taken nor repeated, wherever it stands.
#[test]
fn a106_no_password_in_an_address() {
    let place = Place::empty();
    for address in [
        "postgres://writer:hunter2@127.0.0.1:1/audit",
        "postgres://writer@127.0.0.1:1/audit?password=hunter2",
        "redis://:hunter2@127.0.0.1:1",
    ] {
        let flag = format!("store={address}");
        for args in [
            &["init", "audit", "--store", address][..],
            &["init", "audit", "--set", &flag],
            &["store", "prepare", address],
        ] {
            let done = place.run(args);
            refused(&done, 2, "store-password-file");
            assert!(!done.out.contains("hunter2"), "{}", done.out);
        }
        let done = place.with(&["init", "audit"], &[("AI_AUDIT_STORE", address)], "");
        refused(&done, 2, "store-password-file");
        place.write("other.toml", &format!("\nstore = \"{address}\"\n"));
        let done = place.run(&["init", "audit", "--config", "other.toml"]);
        refused(&done, 2, "other.toml, line 2");
    }
    assert!(!place.path("audit").exists());
    // Nor is one in a setting of its own.
    let done = place.run(&["init", "audit", "--set", "store-password=hunter2"]);
    refused(&done, 2, "there is no setting");
    for address in [
        "mysql://db/audit",
        "audit.db",
        "postgres:///audit",
        "redis://",
    ] {
        let done = place.run(&["init", "audit", "--store", address]);
        refused(&done, 2, "expected postgres://");
    }
}

/// A106: settings that somebody else wrote lead our password file to a server of his.
#[test]
fn a106_a_password_goes_to_nobody_but_whom_its_line_names() {
    let place = Place::empty();
    let hostile = TcpListener::bind("127.0.0.1:0").unwrap();
    hostile.set_nonblocking(true).unwrap();
    let port = hostile.local_addr().unwrap().port();
    place.write(
        "passwords",
        "db.example.org:5432:audit:writer:hunter2\ncache:6379:*:*:hunter2\n",
    );
    fs::create_dir(place.path("audit")).unwrap();
    for scheme in ["redis", "postgres"] {
        let text = format!(
            "store = \"{scheme}://writer@127.0.0.1:{port}/audit\"\nstore-password-file = \"../passwords\"\n"
        );
        let text = match scheme {
            "redis" => text.replace("/audit\"", "\""),
            _ => text,
        };
        place.write("audit/ai-audit.toml", &text);
        for args in [
            &["verify", "audit", "--key", KEY][..],
            &["log", "audit"],
            &["record", "audit", "-"],
        ] {
            let done = place.run(args);
            assert_ne!(done.code, 0, "{}", done.out);
            refused(&done, done.code, "no line is for 127.0.0.1");
        }
    }
    // Nobody even came.
    assert!(hostile.accept().is_err());
}

#[test]
fn what_is_wrong_with_a_server_is_said() {
    let Some((server, place)) = prepared("mistakes with a PostgreSQL") else {
        return;
    };
    let url = server.url("audit_writer");
    let init_with = |url: &str, more: &[&str], password: &str| {
        let args = [&["init", "audit", "--store", url][..], more].concat();
        place.with(&args, &[("AI_AUDIT_STORE_PASSWORD", password)], "")
    };
    refused(
        &init_with(&url, &[], "hunter2"),
        2,
        "password authentication failed",
    );
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let elsewhere = format!("postgres://audit_writer@{nobody}/audit");
    refused(
        &init_with(&elsewhere, &[], "secret-writer"),
        2,
        "connecting to",
    );
    let no_database = url.replace("/audit", "/audits");
    refused(&init_with(&no_database, &[], "secret-writer"), 2, "audits");
    let reader = server.url("audit_reader");
    let done = init_with(&reader, &[], "secret-reader");
    assert_ne!(done.code, 0);
    refused(&done, done.code, "lacks a right");
    let schema = ["--set", "store-name=other"];
    refused(
        &init_with(&url, &schema, "secret-writer"),
        2,
        "ai-audit store prepare",
    );
    refused(
        &init_with(&url, &["--allow-loss"], "secret-writer"),
        2,
        "is for a Redis",
    );
    let eraser = ["--set", "store-eraser=redis://127.0.0.1:1"];
    refused(
        &init_with(&url, &eraser, "secret-writer"),
        2,
        "store-eraser",
    );
    // Nothing of all that stays, so that the right one can be given.
    init(&server, &place);
    refused(
        &init_with("redis://127.0.0.1:1", &[], "secret-writer"),
        2,
        "in one place",
    );
    // In production the file is for its owner alone.
    place.write("lines.jsonl", &lines(1));
    let done = place.with(
        &["record", "audit", "lines.jsonl"],
        &[("AI_AUDIT_ENV", "production")],
        "",
    );
    refused(&done, 1, "others can read this key file");
    // A directory that has its receipts already does not get others.
    place
        .run(&["init", "local", "--name", "example.org/local"])
        .good();
    let done = place.run(&["init", "local", "--log", "acme", "--store", &url]);
    refused(&done, 2, "has an audit.db");
    place
        .run(&[
            "verify",
            "local",
            "--key",
            "local/log.pub",
            "--require",
            "integrity",
        ])
        .good();
}

#[test]
fn init_goes_by_what_the_settings_file_says_already() {
    let Some((server, place)) = prepared("settings that are there before init") else {
        return;
    };
    let url = server.url("audit_writer");
    fs::create_dir(place.path("audit")).unwrap();
    let before = "store-password-file = \"../passwords\"\ncheckpoint-every = 3\n";
    place.write("audit/ai-audit.toml", before);
    place.run(&["init", "audit", "--store", &url]).good();
    place.record(&lines(1));
    let text = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    assert_eq!(text, format!("{before}store = \"{url}\"\n"));
    // One that says otherwise: later commands would look elsewhere.
    fs::create_dir(place.path("other")).unwrap();
    let before = "store-name = \"theirs\"\nstore-password-file = \"../passwords\"\n";
    place.write("other/ai-audit.toml", before);
    let init = ["init", "other", "--store", &url, "--set", "store-name=ours"];
    refused(&place.run(&init), 2, "it says store-name = \"theirs\"");
    place.write("more.toml", "");
    let init = ["init", "other", "--store", &url, "--config", "more.toml"];
    refused(&place.run(&init), 2, "it says store-name = \"theirs\"");
    let text = fs::read_to_string(place.path("other/ai-audit.toml")).unwrap();
    assert_eq!(text, before);
    assert_eq!(
        fs::read_dir(place.path("other")).unwrap().count(),
        1,
        "nothing was made"
    );
}

#[test]
fn a_server_without_tables_is_told_from_one_with() {
    let Some(server) = server("an unprepared PostgreSQL") else {
        return;
    };
    let place = Place::empty();
    let url = server.url("postgres");
    let done = place.run(&["init", "audit", "--store", &url]);
    refused(&done, 2, "ai-audit store prepare");
    let done = place.run(&["store", "prepare", &url, "--writer", "nobody"]);
    refused(&done, 1, "nobody");
    let done = place.run(&["store", "prepare", "redis://127.0.0.1"]);
    refused(&done, 2, "ai-audit init --store");
    place
        .run(&["store", "prepare", &url, "--json"])
        .good()
        .json();
    place.run(&["init", "audit", "--store", &url]).good();
}

/// A106: a password in the environment is for the command's own directory. A member of a fleet, or what is watched,
/// names a server in its settings; nothing of the password goes there.
#[test]
fn a106_a_password_in_the_environment_goes_to_no_server_of_another_directory() {
    let place = Place::empty();
    let args = ["fleet", "init", "fleet", "--name", "example.org/fleet"];
    place.run(&args).good();
    let hostile = TcpListener::bind("127.0.0.1:0").unwrap();
    hostile.set_nonblocking(true).unwrap();
    let port = hostile.local_addr().unwrap().port();
    fs::create_dir(place.path("member")).unwrap();
    place.write(
        "member/ai-audit.toml",
        &format!("store = \"redis://127.0.0.1:{port}\"\n"),
    );
    // As long as the command runs, who connects is heard and hung up on.
    let (done, heard) = std::thread::scope(|scope| {
        let command = scope.spawn(|| {
            let password = [("AI_AUDIT_STORE_PASSWORD", "hunter2")];
            let args = ["fleet", "add", "fleet", "member", "--every", "1h"];
            place.with(&args, &password, "")
        });
        let mut heard = Vec::new();
        while !command.is_finished() {
            if let Ok((mut stream, _)) = hostile.accept() {
                let mut bytes = [0; 4096];
                stream.set_nonblocking(false).unwrap();
                let read = std::io::Read::read(&mut stream, &mut bytes).unwrap();
                heard.extend_from_slice(&bytes[..read]);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        (command.join().unwrap(), heard)
    });
    assert_ne!(done.code, 0, "{}", done.out);
    assert!(!heard.is_empty(), "nobody asked the server: {}", done.err);
    assert!(!heard.windows(7).any(|part| part == b"hunter2"));
}
