//! Servers that are not there, not the right ones, or stop in the middle.

use std::net::TcpListener;
use std::time::Duration;

use ai_audit_import_servers::{Options, ServerError, Source};

use super::server::{Server, TABLES};
use crate::servers::{free_port, open, options, refused};

#[test]
fn who_is_not_there_is_told() {
    let error = refused(&format!(
        "postgres://u:secret@127.0.0.1:{}/audit",
        free_port()
    ));
    assert!(matches!(error, ServerError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u:secret@{}/audit", silent.local_addr().unwrap());
    let quick = Options {
        timeout: Duration::from_millis(200),
        ..options()
    };
    let error = Source::open(&url, &quick).unwrap_err();
    assert!(matches!(error, ServerError::TimedOut { .. }), "{error}");
}

#[test]
fn a_database_without_the_tables_or_without_leave_is_told() {
    let Some(server) = Server::start() else {
        return;
    };
    let error = refused(&server.url("postgres"));
    assert!(matches!(error, ServerError::Table { .. }), "{error}");
    let error = refused(&format!(
        "postgres://postgres@127.0.0.1:{}/nothing",
        server.port()
    ));
    assert!(matches!(error, ServerError::Database { .. }), "{error}");
    server.sql(TABLES);
    server.sql("CREATE ROLE audit LOGIN; GRANT SELECT ON ai_audit_receipts TO audit");
    let mut source = open(&server.url("audit"));
    let error = source
        .records(None, |_| Ok::<(), ServerError>(()))
        .unwrap_err();
    assert!(matches!(error, ServerError::Permission { .. }), "{error}");
    assert!(error.to_string().contains("GRANT SELECT"), "{error}");
    server.sql("REVOKE CONNECT ON DATABASE audit FROM public");
    let error = refused(&server.url("audit"));
    assert!(matches!(error, ServerError::Permission { .. }), "{error}");
    // Tables of that name which are others.
    server.sql("DROP TABLE ai_audit_receipts; CREATE TABLE ai_audit_receipts (x int)");
    let mut source = open(&server.url("postgres"));
    let error = source.tenants().unwrap_err();
    assert!(matches!(error, ServerError::Answer { .. }), "{error}");
}

#[test]
fn a_connection_that_is_killed_is_told_with_what_was_read() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(TABLES);
    // More than buffers hold.
    let many = 40_000;
    server.sql(&format!(
        "INSERT INTO ai_audit_receipts SELECT 'r' || n, 'acme', now() + n * interval '1 s',
             jsonb_build_object('receipt_id', 'r' || n, 'tenant_id', 'acme', 'x', repeat('x', 1000))
         FROM generate_series(1, {many}) n"
    ));
    let mut source = open(&server.url("postgres"));
    let mut taken = 0;
    let result = source.records(None, |_| {
        taken += 1;
        if taken == 100 {
            let killed = server.sql(
                "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
                 WHERE application_name = 'ai-audit'",
            );
            assert_eq!(killed, "1");
        }
        Ok::<(), ServerError>(())
    });
    match result.unwrap_err() {
        ServerError::Cut {
            records, server, ..
        } => {
            assert_eq!(records, taken);
            assert!((100..many).contains(&records), "{records}");
            assert!(server.ends_with("/audit"), "{server}");
        }
        other => panic!("{other}"),
    }
    // The connection is gone for good.
    let error = source.tenants().unwrap_err();
    assert!(matches!(error, ServerError::Cut { .. }), "{error}");
    // Whoever stops early leaves the server alone.
    let mut source = open(&server.url("postgres"));
    let stopped = source.records(None, |_| Err(ServerError::Address("enough".into())));
    assert_eq!(
        stopped.unwrap_err().to_string(),
        "the server's address: enough"
    );
    drop(source);
    let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-audit'";
    for _ in 0..100 {
        if server.sql(left) == "0" {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the server still has the connection");
}
