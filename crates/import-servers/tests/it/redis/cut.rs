//! Many records, and connections that break.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use ai_audit_import_servers::{Options, ServerError, Source};

use super::server::Server;
use crate::servers::{Receipt, all, free_port, open, options, refused};

/// So many that they are asked for in several goes.
const MANY: u32 = 3000;

fn filled() -> Option<Server> {
    let server = Server::start(&[])?;
    let mut admin = server.admin();
    for n in 0..MANY {
        // Backwards, and several of one time.
        let receipt = Receipt::new(
            "acme",
            format!("r{n:05}"),
            f64::from((MANY - n) / 7) / 100.0,
        );
        if n % 3 == 0 {
            admin.lua(&receipt.within("s", "t"));
        } else {
            admin.plain(&receipt.within("s", "t"));
        }
    }
    Some(server)
}

#[test]
fn many_records_are_all_read_in_order() {
    let Some(server) = filled() else {
        return;
    };
    let (records, found) = all(&mut open(&server.url()), None);
    assert_eq!(records.len(), MANY as usize);
    assert_eq!(found.remarks, []);
    let place = |json: &String| {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let text = |name: &str| json[name].as_str().unwrap().to_string();
        // Whole seconds have no fraction and would come behind it as text.
        (text("timestamp").replace('Z', ""), text("receipt_id"))
    };
    assert!(records.iter().map(place).is_sorted());
}

#[test]
fn a_connection_that_is_killed_is_told_with_what_was_read() {
    let Some(server) = filled() else {
        return;
    };
    let mut admin = server.admin();
    let mut source = open(&server.url());
    let mut taken = 0;
    let result = source.records(None, |_| {
        taken += 1;
        if taken == 100 {
            admin.text(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        }
        Ok::<(), ServerError>(())
    });
    match result.unwrap_err() {
        ServerError::Cut {
            records, server, ..
        } => {
            assert_eq!(records, taken);
            assert!((100..u64::from(MANY)).contains(&records), "{records}");
            assert!(server.starts_with("redis://127.0.0.1:"));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn who_is_not_there_or_no_redis_is_told() {
    let error = refused(&format!("redis://u:secret@127.0.0.1:{}", free_port()));
    assert!(matches!(error, ServerError::Unreachable { .. }), "{error}");

    // Somebody who never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://u:secret@{}", silent.local_addr().unwrap());
    let quick = Options {
        timeout: Duration::from_millis(200),
        ..options()
    };
    let error = Source::open(&url, &quick).unwrap_err();
    assert!(matches!(error, ServerError::TimedOut { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");

    // Somebody who answers something else, and somebody who hangs up.
    for says in ["HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let length = stream.read(&mut [0; 4096]).unwrap();
            assert!(length > 0);
            stream.write_all(says.as_bytes()).unwrap();
        });
        let error = Source::open(&url, &quick).unwrap_err();
        let fits = matches!(
            error,
            ServerError::Answer { .. } | ServerError::Unreachable { .. }
        );
        assert!(fits, "{says:?}: {error}");
        server.join().unwrap();
    }
}

#[test]
fn a_node_of_a_cluster_is_refused() {
    let Some(server) = Server::start(&["--cluster-enabled", "yes"]) else {
        return;
    };
    let error = refused(&server.url());
    assert!(error.to_string().contains("cluster"), "{error}");
    // With half of all slots, of which it would show the keys.
    let mut admin = server.admin();
    admin.text(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    admin.text(&["CLUSTER", "ADDSLOTSRANGE", "0", "8191"]);
    let error = refused(&server.url());
    assert!(error.to_string().contains("cluster"), "{error}");
}
