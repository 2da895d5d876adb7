//! `ai-audit verify` and `ai-audit import` of a real Redis that has receipts of the Python library.

use crate::run::Place;
use ai_audit_core::SigningKey;
use ai_audit_testkit::python;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Redis {
    server: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Redis {
    /// None, and a word about it, where Redis is not installed.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // Free again before Redis takes it.
        let port = {
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            taken.local_addr().unwrap().port()
        };
        let started = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(server) = started else {
            println!("SKIPPED: import from Redis by the command line: redis-server is absent");
            return None;
        };
        let redis = Self {
            server,
            port,
            _folder: folder,
        };
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(30), "redis-server");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(redis)
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Sends a command in Redis's own protocol.
    fn send(&self, parts: &[&str]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "*{}\r\n", parts.len()).unwrap();
        for part in parts {
            write!(stream, "${}\r\n{part}\r\n", part.len()).unwrap();
        }
        let mut answer = [0; 64];
        let read = std::io::Read::read(&mut stream, &mut answer).unwrap();
        assert!(read > 0 && answer[0] != b'-', "{parts:?}");
    }
}

#[test]
fn a_redis_is_verified_and_imported() {
    let Some(redis) = Redis::start() else { return };
    let old = SigningKey::from_bytes(&[41; 32]);
    let key = old.verifying_key().to_string();
    let records = python::decisions(6, "acme", &old);
    for record in &records {
        let name = format!("receipt:acme:{}", python::text_of(record, "receipt_id"));
        redis.send(&["SET", &name, &record.to_string()]);
        let hash = python::text_of(record, "receipt_hash");
        redis.send(&["SET", "receipt_chain:acme", &hash]);
    }
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    let address = redis.address();
    let secret = address.replace("redis://", "redis://:hunter2@");
    for (address, size) in [(&address, "6"), (&secret, "6")] {
        let done = place.run(&["verify", address, "--key", &key, "--size", size]);
        assert!(!format!("{}{}", done.out, done.err).contains("hunter2"));
        assert_eq!(done.code == 0, address == &redis.address(), "{}", done.err);
    }
    let args = ["import", "audit", &address, "--key", &key, "--json"];
    let done = place.run(&args).good().json();
    assert_eq!(
        (&done["form"], &done["imported"]),
        (&"redis".into(), &6.into())
    );
    let again = place.run(&args).good().json();
    assert_eq!(
        (&again["imported"], &again["present"]),
        (&0.into(), &6.into())
    );
    // The end expired: the hash that is kept of it gives that away.
    let last = records.last().unwrap();
    redis.send(&[
        "DEL",
        &format!("receipt:acme:{}", python::text_of(last, "receipt_id")),
    ]);
    let done = place.run(&["verify", &address, "--key", &key, "--json"]);
    assert_eq!(done.code, 1, "{}", done.out);
    let verdict = &done.json()["verdict"];
    assert_eq!(verdict["integrity"]["status"], "verified", "{verdict}");
    assert_eq!(verdict["completeness"]["status"], "failed", "{verdict}");
    let done = place.run(&args[..5]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("nothing was imported"), "{}", done.err);
    drop(redis);
    let done = place.run(&["verify", &address, "--key", &key]);
    assert!(done.sentence(2).contains("127.0.0.1"), "{}", done.err);
}
