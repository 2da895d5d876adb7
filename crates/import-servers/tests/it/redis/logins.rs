//! Who may read: users that can do nothing else, passwords, databases, TLS.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use ai_audit_import_servers::{Options, RemarkKind, ServerError, Source};

use super::server::{Admin, Server};
use crate::servers::{Receipt, all, certificates, open, options, refused, remarks};

fn filled(arguments: &[&str]) -> Option<(Server, Admin)> {
    let server = Server::start(arguments)?;
    let mut admin = server.admin();
    admin.plain(&Receipt::new("acme", "r1", 1.0).within("s", "t"));
    admin.lua(&Receipt::new("acme", "r2", 2.0).within("s", "t"));
    Some((server, admin))
}

/// A text answer, or a list of them.
fn words(value: redis::Value) -> BTreeSet<String> {
    redis::from_redis_value::<Vec<String>>(value)
        .unwrap()
        .into_iter()
        .collect()
}

#[test]
fn a_user_who_can_only_read_is_enough_and_nothing_is_written() {
    let Some((server, mut admin)) = filled(&[]) else {
        return;
    };
    admin.text(&["ACL", "SETUSER", "audit", "on", ">secret", "~*", "+@read"]);
    let readable = words(admin.text(&["ACL", "CAT", "read"]));
    let dump = |admin: &mut Admin| {
        let mut keys: Vec<_> = words(admin.text(&["KEYS", "*"])).into_iter().collect();
        keys.sort();
        keys.iter()
            .map(|key| format!("{key} {:?}", admin.text(&["DUMP", key])))
            .collect::<Vec<_>>()
    };
    let before = dump(&mut admin);
    admin.text(&["CONFIG", "RESETSTAT"]);
    let mut source = open(&format!("redis://audit:secret@127.0.0.1:{}/0", server.port));
    assert_eq!(source.tenants().unwrap().len(), 1);
    let (records, found) = all(&mut source, None);
    assert_eq!((records.len(), found.remarks), (2, vec![]));
    let stats: String = redis::from_redis_value(admin.text(&["INFO", "commandstats"])).unwrap();
    let ran: BTreeSet<String> = stats
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_"))
        .map(|line| line.split(':').next().unwrap().to_string())
        .collect();
    assert!(ran.contains("scan") && ran.contains("getrange"), "{ran:?}");
    for command in &ran {
        // Those of this test, and the login.
        let other = ["auth", "config|resetstat"].contains(&command.as_str());
        assert!(other || readable.contains(command), "{command}");
    }
    assert_eq!(dump(&mut admin), before);
    for text in [format!("{source:?}"), source.name().into()] {
        assert!(
            !text.contains("secret") && !text.contains("audit"),
            "{text}"
        );
    }
}

#[test]
fn passwords_come_from_the_address_or_the_caller() {
    let Some((server, mut admin)) = filled(&[]) else {
        return;
    };
    admin.text(&[
        "ACL",
        "SETUSER",
        "audit",
        "on",
        ">secret/@:%",
        "~*",
        "+@read",
    ]);
    let at = format!("127.0.0.1:{}", server.port);
    open(&format!("redis://audit:secret%2F%40%3A%25@{at}"));
    let with = |url: &str, password: &str| {
        let options = Options {
            password: Some(password.into()),
            ..options()
        };
        Source::open(url, &options)
    };
    with(&format!("redis://audit@{at}"), "secret/@:%").unwrap();
    // The address comes first.
    for (url, password) in [
        (format!("redis://audit:secret-and-wrong@{at}"), "secret/@:%"),
        (format!("redis://audit@{at}"), "secret-and-wrong"),
        (format!("redis://nobody@{at}"), "secret/@:%"),
    ] {
        let error = with(&url, password).unwrap_err();
        assert!(matches!(error, ServerError::Login { .. }), "{error}");
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("secret"), "{text}");
        }
    }
    // One that everybody needs.
    admin.text(&["CONFIG", "SET", "requirepass", "secret"]);
    let error = refused(&server.url());
    assert!(matches!(error, ServerError::Login { .. }), "{error}");
    with(&server.url(), "secret").unwrap();
}

#[test]
fn what_a_user_may_not_read_is_told() {
    let Some((server, mut admin)) = filled(&[]) else {
        return;
    };
    admin.text(&["ACL", "SETUSER", "some", "on", ">pw", "~receipt*", "+@read"]);
    admin.text(&["ACL", "SETUSER", "none", "on", ">pw", "~*", "+get"]);
    admin.text(&["ACL", "SETUSER", "keys", "on", ">pw", "~other*", "+@read"]);
    let url = |user: &str| format!("redis://{user}:pw@127.0.0.1:{}", server.port);
    let (records, found) = all(&mut open(&url("some")), None);
    assert_eq!(records.len(), 2);
    let [(kind, None, 1, _)] = remarks(&found)[..] else {
        panic!("{:?}", found.remarks);
    };
    assert_eq!(kind, RemarkKind::IndexUnread);
    assert!(!found.is_incomplete());
    for user in ["none", "keys"] {
        let error = refused(&url(user));
        assert!(matches!(error, ServerError::Permission { .. }), "{error}");
        assert!(error.to_string().contains("+@read"), "{error}");
    }
}

#[test]
fn a_database_is_one_of_several() {
    let Some((server, mut admin)) = filled(&[]) else {
        return;
    };
    admin.text(&["SELECT", "3"]);
    admin.plain(&Receipt::new("third", "r1", 1.0));
    let mut source = open(&format!("{}/3", server.url()));
    assert!(source.name().ends_with("/3"), "{}", source.name());
    assert_eq!(source.tenants().unwrap(), [("third".to_string(), 1)]);
    let error = refused(&format!("{}/99", server.url()));
    assert!(matches!(error, ServerError::Database { .. }), "{error}");
    admin.text(&["ACL", "SETUSER", "audit", "on", ">pw", "~*", "+@read"]);
    let error = refused(&format!("redis://audit:pw@127.0.0.1:{}/3", server.port));
    assert!(matches!(error, ServerError::Permission { .. }), "{error}");
    assert!(error.to_string().contains("+select"), "{error}");
}

#[test]
fn tls_needs_a_certificate_that_holds() {
    let folder = tempfile::tempdir().unwrap();
    let [authority, certificate, key] = certificates();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    fs::write(path("ca.pem"), &authority).unwrap();
    fs::write(path("cert.pem"), certificate).unwrap();
    fs::write(path("key.pem"), key).unwrap();
    let (ca, cert, key) = (path("ca.pem"), path("cert.pem"), path("key.pem"));
    let port = crate::servers::free_port().to_string();
    let socket = path("redis.sock");
    let arguments = [
        "--tls-port",
        &port,
        "--tls-ca-cert-file",
        &ca,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
        "--unixsocket",
        &socket,
    ];
    let Some(server) = Server::start_in(folder, &arguments) else {
        return;
    };
    server.admin().plain(&Receipt::new("acme", "r1", 1.0));
    let trusting = Options {
        authorities: Some(authority),
        ..options()
    };
    let url = format!("rediss://localhost:{port}");
    let mut source = Source::open(&url, &trusting).unwrap();
    assert_eq!(source.name(), format!("{url}/0"));
    assert_eq!(source.tenants().unwrap().len(), 1);
    // Of an authority that nobody knows; by another name.
    let by_address = format!("rediss://127.0.0.1:{port}");
    for (url, options) in [(&url, options()), (&by_address, trusting.clone())] {
        let error = Source::open(url, &options).unwrap_err();
        assert!(matches!(error, ServerError::Tls { .. }), "{error}");
    }
    // Where there is no TLS, Redis waits for the rest of what it takes for a command.
    let quick = Options {
        timeout: Duration::from_millis(200),
        ..trusting
    };
    let plain = format!("rediss://localhost:{}", server.port);
    let error = Source::open(&plain, &quick).unwrap_err();
    assert!(matches!(error, ServerError::TimedOut { .. }), "{error}");
    // The socket has none and needs none.
    let mut source = open(&format!("redis+unix://{socket}"));
    assert_eq!(source.name(), "redis+unix://redis.sock/0");
    assert_eq!(source.tenants().unwrap().len(), 1);
    assert!(server.folder.path().exists());
}
