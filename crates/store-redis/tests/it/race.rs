//! A91: two writers that each think themselves alone.

use crate::servers::create;
use ai_audit_testkit::{RedisServer, writers};

/// How often the two meet.
const ROUNDS: u64 = 10_000;

#[test]
fn a91_of_two_writers_that_race_one_wins_each_time() {
    if let Some(server) = RedisServer::start_in_memory(&[]) {
        writers::race(|| create(&server), ROUNDS);
    }
}
