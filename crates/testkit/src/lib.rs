//! For the tests of this workspace: logs, the conformance suite of stores, a store that fails, a
//! timestamp authority, writers that race or are cut off, the bodies of an erasure, what the Python library writes, pages that are run, servers and what
//! stands between them and a client.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod conformance;
mod endpoint;
pub mod erasures;
mod faulty;
mod forwarder;
pub mod imported;
mod leases;
mod logs;
pub mod postgres;
pub mod python;
mod quickstart;
mod random;
mod redis;
mod tiers;
pub mod tsa;
pub mod writers;

pub use conformance::{conforms, keeps};
pub use endpoint::{Endpoint, Manner};
pub use faulty::{Fault, FaultyStore};
pub use forwarder::Forwarder;
pub use leases::{leases_are_shared, leases_conform};
pub use logs::TestLog;
pub use quickstart::Quickstart;
pub use random::{Counter, StillClock};
pub use redis::RedisServer;
pub use tiers::EagerTiers;
