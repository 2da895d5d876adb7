//! Directories whose receipts are on a server: PostgreSQL and Redis as people have them, and what happens to them.

mod batches;
mod erasers;
mod mistakes;
mod older_keys;
mod postgres;
mod prepare;
mod quickstart;
mod redis;
mod routing;
mod sharing;
mod standby;
mod takeover;

use crate::run::{Done, Place, lines};
use crate::serve::{Serving, agent, send};
use ai_audit_testkit::postgres::PostgresServer;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Who logs in has a password, but for the one who may do everything.
const LOGINS: &str = "host all postgres 127.0.0.1/32 trust\n\
                      host replication postgres 127.0.0.1/32 trust\n\
                      host all all 127.0.0.1/32 scram-sha-256\n";

/// A server whose roles have passwords.
fn server(what: &str) -> Option<PostgresServer> {
    PostgresServer::start(what, &[], |data| {
        fs::write(data.join("pg_hba.conf"), LOGINS).unwrap();
    })
}

fn owner(server: &PostgresServer) -> String {
    server.url("audit_owner")
}

/// A server with roles and tables, and a place that has their passwords in the file `passwords`.
fn prepared(what: &str) -> Option<(PostgresServer, Place)> {
    let server = server(what)?;
    let place = Place::empty();
    let mut passwords = String::from("# all of them\n");
    for role in ["owner", "writer", "eraser", "reader"] {
        server.sql(&format!(
            "CREATE ROLE audit_{role} LOGIN PASSWORD 'secret-{role}'"
        ));
        passwords += &format!(
            "127.0.0.1:{}:audit:audit_{role}:secret-{role}\n",
            server.port()
        );
    }
    server.sql("GRANT CREATE ON DATABASE audit TO audit_owner");
    place.write("passwords", &passwords);
    prepare(&server, &place);
    Some((server, place))
}

fn prepare(server: &PostgresServer, place: &Place) {
    let owner = owner(server);
    let roles = [
        "--writer",
        "audit_writer",
        "--eraser",
        "audit_eraser",
        "--reader",
        "audit_reader",
    ];
    let args = [
        &["store", "prepare", &owner, "--password-file", "passwords"][..],
        &roles,
    ]
    .concat();
    let said = place.run(&args).good().out;
    assert!(said.contains("role audit_writer may append"), "{said}");
}

/// Opens the default log in the folder `audit`.
fn init(server: &PostgresServer, place: &Place) {
    init_with(server, place, &[]);
}

fn init_with(server: &PostgresServer, place: &Place, more: &[&str]) {
    let (store, eraser) = (server.url("audit_writer"), server.url("audit_eraser"));
    let eraser = format!("store-eraser={eraser}");
    let args = [
        "init",
        "audit",
        "--name",
        "example.org/test",
        "--policy",
        "retention-days=0",
        "--store",
        &store,
        "--set",
        "store-password-file=passwords",
        "--set",
        &eraser,
    ];
    let said = place.run(&[&args, more].concat()).good().out;
    assert!(said.contains(&store), "{said}");
    assert!(!place.path("audit/audit.db").exists());
}

/// Opens it with the auditor's key kept, and a copy of the folder as another machine has it, in `copy`.
fn init_with_copy(server: &PostgresServer, place: &Place) {
    init(server, place);
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    copy(&place.path("audit"), &place.path("copy"));
}

/// What an auditor was given of the log, and a verdict over all of it.
fn verified(place: &Place, source: &str) -> String {
    place
        .run(&["checkpoint", "audit", "-o", "kept.note", "--force"])
        .good();
    verified_by(place, source)
}

fn verified_by(place: &Place, source: &str) -> String {
    let key = ["--key", "kept.pub", "--checkpoint", "kept.note"];
    let done = place.run(&[&["verify", source][..], &key].concat()).good();
    assert!(
        done.out
            .contains("VERIFIED: integrity, attribution, completeness"),
        "{}",
        done.out
    );
    done.out
}

/// Records so many lines as a process that is killed while it is at work.
fn record_and_kill(place: &Place, count: usize) {
    let before = place.receipts();
    let mut child = place
        .command(&["record", "audit", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines(count).as_bytes()).unwrap();
    input.flush().unwrap();
    let began = std::time::Instant::now();
    // Until something of it is in the log, so that the kill falls into its work.
    while place.receipts() < before + 2 && began.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A copy of a folder, as a backup or another machine has it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Sends one decision; its place in the log, or what was answered instead.
fn append(serving: &Serving) -> Result<u64, (u16, String)> {
    let body = r#"{"records": [{"model": "a", "input": "x"}]}"#;
    match send(&agent(), &serving.decisions(), None, body) {
        Some((201, answer)) => Ok(answer["receipts"][0]["seq"].as_u64().unwrap()),
        Some((status, answer)) => Err((status, answer.to_string())),
        None => Err((0, "no answer".into())),
    }
}

/// That the places were really taken, by receipts that are there.
fn all_there(place: &Place, seqs: &[u64]) {
    let log = place
        .run(&["log", "audit", "-n", "100000", "--json"])
        .good()
        .json();
    let there: Vec<u64> = (log.as_array().unwrap().iter())
        .map(|one| one["seq"].as_u64().unwrap())
        .collect();
    for seq in seqs {
        assert!(there.contains(seq), "receipt {seq} is lost");
    }
    let mut sorted = there.clone();
    sorted.sort_unstable();
    let whole: Vec<u64> = (0..there.len() as u64).collect();
    assert_eq!(sorted, whole, "a gap");
}

/// A sentence that names no secret.
fn refused(done: &Done, code: i32, expected: &str) {
    assert_eq!(done.code, code, "{}{}", done.out, done.err);
    assert!(done.err.contains(expected), "{}", done.err);
    for secret in ["secret-", "hunter2"] {
        assert!(!done.err.contains(secret), "{}", done.err);
    }
}
