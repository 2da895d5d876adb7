//! Who may read: a role that can do nothing else, passwords, TLS.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ai_audit_import_servers::{Options, ServerError, Source};

use ai_audit_testkit::postgres::give_to_postgres as give;

use super::server::{Server, TABLES};
use crate::servers::{Receipt, all, certificates, open, options, refused};

#[test]
fn a_role_that_can_only_select_is_enough_and_nothing_is_written() {
    let Some(server) = Server::start_with(&["log_statement=all"], |_| ()) else {
        return;
    };
    server.sql(TABLES);
    server.write(&[
        Receipt::new("acme", "r1", 1.0),
        Receipt::new("acme", "r2", 2.0),
    ]);
    server.sql(
        "CREATE ROLE audit LOGIN; REVOKE ALL ON SCHEMA public FROM public; GRANT USAGE ON SCHEMA public TO audit;
         REVOKE ALL ON DATABASE audit FROM public; GRANT CONNECT ON DATABASE audit TO audit;
         GRANT SELECT ON ai_audit_receipts, ai_audit_batch_seals TO audit;",
    );
    let state =
        "SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del), count(*) FROM pg_stat_user_tables;
                 SELECT ctid, xmin, xmax FROM ai_audit_receipts ORDER BY 1;";
    let log = || fs::read_to_string(server.folder().join("log")).unwrap();
    let (before, begin) = (server.sql(state), log().len());
    let mut source = open(&server.url("audit"));
    assert_eq!(source.tenants().unwrap().len(), 1);
    let (records, found) = all(&mut source, None);
    assert_eq!((records.len(), found.remarks), (2, vec![]));
    assert!(!format!("{source:?}").contains("audit@"));
    let log = log();
    let statements: Vec<_> = log[begin..]
        .lines()
        .filter_map(|line| line.split_once("LOG:  ")?.1.split_once(": "))
        .collect();
    let first = (
        "statement",
        "START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    );
    assert_eq!(statements.first(), Some(&first), "{log}");
    // What was asked for by more than one line begins with an empty one.
    let writes = [
        "INSERT", "UPDATE", "DELETE", "CREATE", "SET ", "COPY", "LOCK",
    ];
    assert!(statements.len() >= 5, "{statements:?}");
    for (_, statement) in statements {
        assert!(
            !writes.iter().any(|write| statement.contains(write)),
            "{statement}"
        );
    }
    assert_eq!(server.sql(state), before);
}

#[test]
fn passwords_come_from_the_address_or_the_caller() {
    let hba = |data: &std::path::Path| {
        let path = data.join("pg_hba.conf");
        let old = fs::read_to_string(&path).unwrap();
        let new = format!("host all locked all scram-sha-256\nhost all closed all reject\n{old}");
        fs::write(path, new).unwrap();
    };
    let Some(server) = Server::start_with(&[], hba) else {
        return;
    };
    server.sql(TABLES);
    server.sql(
        "CREATE ROLE locked LOGIN PASSWORD 'secret/@:%'; CREATE ROLE closed LOGIN;
         GRANT SELECT ON ai_audit_receipts, ai_audit_batch_seals TO locked;",
    );
    let with = |user: &str, password: Option<&str>| {
        let options = Options {
            password: password.map(Into::into),
            ..options()
        };
        Source::open(&server.url(user), &options)
    };
    open(&server.url("locked:secret%2F%40%3A%25"));
    with("locked", Some("secret/@:%")).unwrap();
    for (user, password) in [
        ("locked", None),
        ("locked", Some("secret-and-wrong")),
        // The address comes first.
        ("locked:secret-and-wrong", Some("secret/@:%")),
        ("closed", Some("secret")),
        ("nobody", Some("secret")),
    ] {
        let error = with(user, password).unwrap_err();
        assert!(
            matches!(error, ServerError::Login { .. }),
            "{user}: {error}"
        );
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("secret"), "{text}");
        }
    }
}

#[test]
fn tls_needs_a_certificate_that_holds() {
    let [authority, certificate, key] = certificates();
    let prepare = |data: &std::path::Path| {
        for (name, pem) in [("server.crt", &certificate), ("server.key", &key)] {
            let path = data.join(name);
            fs::write(&path, pem).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give(&path);
        }
        // Whoever comes without is turned away.
        let hba = "host all postgres all trust\nhostssl all all all trust\nlocal all all trust\n";
        fs::write(data.join("pg_hba.conf"), hba).unwrap();
    };
    let Some(server) = Server::start_with(&["ssl=on"], prepare) else {
        return;
    };
    server.sql(TABLES);
    server.sql("CREATE ROLE audit LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO audit;");
    server.write(&[Receipt::new("acme", "r1", 1.0)]);
    let trusting = Options {
        authorities: Some(authority),
        ..options()
    };
    let url =
        |host: &str, mode: &str| format!("postgres://audit@{host}:{}/audit{mode}", server.port());
    for mode in ["", "?sslmode=require", "?sslmode=verify-full"] {
        let mut source = Source::open(&url("localhost", mode), &trusting).unwrap();
        assert_eq!(all(&mut source, None).0.len(), 1, "{mode}");
    }
    // Of an authority that nobody knows; by another name. Without saying so there is no way around.
    for (url, options) in [
        (url("localhost", "?sslmode=require"), options()),
        (url("localhost", ""), options()),
        (url("127.0.0.1", ""), trusting.clone()),
    ] {
        let error = Source::open(&url, &options).unwrap_err();
        assert!(matches!(error, ServerError::Tls { .. }), "{url}: {error}");
    }
    let error = Source::open(&url("localhost", "?sslmode=disable"), &trusting).unwrap_err();
    assert!(matches!(error, ServerError::Login { .. }), "{error}");
    let broken = Options {
        authorities: Some("no certificate".into()),
        ..options()
    };
    let error = Source::open(&url("localhost", ""), &broken).unwrap_err();
    assert!(matches!(error, ServerError::Address(_)), "{error}");
    // The socket has none and needs none.
    let folder = server.folder().display().to_string().replace('/', "%2F");
    let mut source = open(&format!(
        "postgres://audit@{folder}:{}/audit",
        server.port()
    ));
    assert_eq!(source.name(), "postgres:///audit");
    assert_eq!(all(&mut source, None).0.len(), 1);
}

#[test]
fn a_server_without_tls_does_for_who_does_not_ask_for_it() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(TABLES);
    open(&server.url("postgres"));
    let error = refused(&format!("{}?sslmode=require", server.url("postgres")));
    assert!(matches!(error, ServerError::Tls { .. }), "{error}");
}
