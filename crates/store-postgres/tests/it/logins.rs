//! Who may log in, over what, and that no password is in what is said.

use crate::rig::{ROLES, WHAT, grow, make_tables, options};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore};
use ai_audit_testkit::TestLog;
use ai_audit_testkit::postgres::{PostgresServer, give_to_postgres};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn open(address: &str, options: Options) -> Result<PostgresStore, String> {
    let open = PostgresStore::open(address, OpenMode::ReadWrite, options);
    open.map_err(|error| {
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        error.to_string()
    })
}

#[test]
fn passwords_come_from_the_address_or_the_caller_and_are_in_no_message() {
    let hba = |data: &std::path::Path| {
        let path = data.join("pg_hba.conf");
        let old = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            format!("host all audit_writer all scram-sha-256\n{old}"),
        )
        .unwrap();
    };
    let Some(server) = PostgresServer::start(WHAT, &[], hba) else {
        return;
    };
    server.sql(ROLES);
    server.sql("ALTER ROLE audit_writer PASSWORD 'secret/@:%'");
    make_tables(&server);
    let with = |password: Option<&str>| Options {
        password: password.map(Into::into),
        ..options()
    };
    let told = |options: &Options| {
        assert!(!format!("{options:?}").contains("secret"));
    };
    let bare = server.url("audit_writer");
    let store = open(&bare, with(Some("secret/@:%"))).unwrap();
    assert!(!format!("{store:?}").contains("audit_writer"));
    assert_eq!(
        store.name(),
        format!("postgres://127.0.0.1:{}/audit", server.port())
    );
    grow(&store, &mut TestLog::new(1), 3).unwrap();
    open(&server.url("audit_writer:secret%2F%40%3A%25"), options()).unwrap();
    for (address, password) in [
        (bare.clone(), None),
        (bare.clone(), Some("secret-and-wrong")),
        (
            server.url("audit_writer:secret-and-wrong"),
            Some("secret/@:%"),
        ),
        // A password that is not escaped takes the address apart.
        (server.url("audit_writer:secret/@:%"), None),
        (format!("{bare}?password=secret&secret=1"), None),
        ("secret".into(), None),
        ("postgres:///audit?password=secret".into(), None),
    ] {
        let options = with(password);
        told(&options);
        let error = open(&address, options).unwrap_err();
        assert!(!error.contains("secret"), "{address}: {error}");
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
            give_to_postgres(&path);
        }
        // The role that appends is turned away without it.
        let hba = "hostssl all audit_writer all trust\nhost all audit_writer all reject\nhost all all all trust\n";
        fs::write(data.join("pg_hba.conf"), hba).unwrap();
    };
    let Some(server) = PostgresServer::start(WHAT, &["ssl=on"], prepare) else {
        return;
    };
    server.sql(ROLES);
    // They come without TLS.
    let plain = |user: &str| format!("{}?sslmode=disable", server.url(user));
    ai_audit_store_postgres::migrate(&plain("audit_owner"), &options()).unwrap();
    let append = ai_audit_store_postgres::Rights::Append;
    ai_audit_store_postgres::grant(&plain("audit_owner"), &options(), "audit_writer", append)
        .unwrap();
    let trusting = || Options {
        authorities: Some(authority.clone()),
        ..options()
    };
    let url = |host: &str, mode: &str| {
        format!(
            "postgres://audit_writer@{host}:{}/audit{mode}",
            server.port()
        )
    };
    let mut log = TestLog::new(1);
    for mode in ["", "?sslmode=require", "?sslmode=verify-full"] {
        let store = open(&url("localhost", mode), trusting()).unwrap();
        grow(&store, &mut log, 20).unwrap();
    }
    for (address, options) in [
        (url("localhost", "?sslmode=require"), options()),
        (url("localhost", ""), options()),
        (url("127.0.0.1", "?sslmode=require"), trusting()),
        (url("localhost", "?sslmode=disable"), trusting()),
    ] {
        open(&address, options).unwrap_err();
    }
    let broken = Options {
        authorities: Some("no certificate".into()),
        ..options()
    };
    let error = open(&url("localhost", ""), broken).unwrap_err();
    assert!(error.contains("expected certificates in PEM"), "{error}");
}

/// An authority's certificate, and the certificate and key of `localhost` by it, in PEM.
fn certificates() -> [String; 3] {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    [authority.pem(), certificate.pem(), own.serialize_pem()]
}
