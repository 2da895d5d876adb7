//! Addresses that are refused before anything is sent, and what is said of them.

use ai_audit_import_servers::{Options, ServerError, Source};

fn refused(url: &str) -> ServerError {
    let error = Source::open(url, &Options::default()).unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("secret"), "{url}: {text}");
    }
    error
}

#[test]
fn a_wrong_address_is_told_without_its_password() {
    for url in [
        "",
        "localhost",
        "secret",
        "mysql://u:secret@localhost/audit",
        "http://u:secret@localhost/audit",
        // A slash in a password: what comes before is taken for host and port.
        "redis://u:1/secret@localhost",
        "postgres://u:1/secret@localhost/audit",
    ] {
        let error = refused(url);
        assert!(matches!(error, ServerError::Address(_)), "{url}: {error}");
    }
}

#[test]
#[cfg(feature = "redis")]
fn an_address_of_redis_is_looked_at_first() {
    for url in [
        "redis://",
        "redis://u:secret@localhost/first",
        "redis://u:secret@localhost:port",
        "redis://u:se/cret@localhost",
        "rediss://u:secret@localhost#what",
        "redis+unix://",
    ] {
        let error = refused(url);
        assert!(matches!(error, ServerError::Address(_)), "{url}: {error}");
    }
}

#[test]
#[cfg(feature = "postgres")]
fn an_address_of_postgresql_is_looked_at_first() {
    for url in [
        "postgres://u:secret@localhost:port/audit",
        "postgres://u:se/cret@localhost",
        "postgres://u:secret@localhost/audit?sslmode=maybe",
        "postgres://u:secret@localhost/audit?sslrootcert=ca.pem",
    ] {
        let error = refused(url);
        assert!(matches!(error, ServerError::Address(_)), "{url}: {error}");
    }
}

#[test]
#[cfg(any(feature = "redis", feature = "postgres"))]
fn no_time_for_an_answer_is_no_time() {
    let options = Options {
        timeout: std::time::Duration::ZERO,
        ..Options::default()
    };
    let error = Source::open("redis://localhost", &options).unwrap_err();
    assert!(matches!(error, ServerError::Address(_)), "{error}");
}

#[test]
#[cfg(not(any(feature = "redis", feature = "postgres")))]
fn what_is_not_built_in_is_told() {
    for url in ["redis://localhost", "postgres://localhost/audit"] {
        let error = refused(url);
        assert!(
            matches!(error, ServerError::NotBuilt { .. }),
            "{url}: {error}"
        );
    }
}
