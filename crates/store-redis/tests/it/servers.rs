//! What all tests need: a store on a server, a second hand on it, appends.

use ai_audit_store::StoreError;
use ai_audit_store_redis::{OpenMode, RedisOptions, RedisStore};
use ai_audit_testkit::RedisServer;
pub(crate) use ai_audit_testkit::writers::append;
use std::time::Duration;

/// A loaded machine takes its time.
pub(crate) fn options() -> RedisOptions {
    RedisOptions {
        timeout: Duration::from_secs(60),
        ..RedisOptions::default()
    }
}

pub(crate) fn create(server: &RedisServer) -> RedisStore {
    RedisStore::open(&server.url(), OpenMode::Create, &options()).unwrap()
}

pub(crate) fn refusal(url: &str, mode: OpenMode, options: &RedisOptions) -> StoreError {
    RedisStore::open(url, mode, options).unwrap_err()
}

/// Another connection, which may do anything.
pub(crate) struct Admin(redis::Connection);

impl Admin {
    pub(crate) fn to(server: &RedisServer) -> Self {
        let client = redis::Client::open(server.url()).unwrap();
        Self(client.get_connection().unwrap())
    }

    pub(crate) fn run(&mut self, parts: &[&str]) -> redis::Value {
        let mut cmd = redis::Cmd::new();
        for part in parts {
            cmd.arg(*part);
        }
        cmd.query(&mut self.0).unwrap()
    }

    pub(crate) fn keys(&mut self) -> Vec<String> {
        redis::from_redis_value(self.run(&["KEYS", "*"])).unwrap()
    }

    pub(crate) fn text(&mut self, parts: &[&str]) -> String {
        redis::from_redis_value(self.run(parts)).unwrap()
    }

    pub(crate) fn number(&mut self, parts: &[&str]) -> i64 {
        redis::from_redis_value(self.run(parts)).unwrap()
    }
}
