//! The PostgreSQL store on a server of Debian's: the conformance suite, roles, settings, faults.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod compacting;
mod conforming;
mod cut;
mod erasers;
mod failover;
mod full;
mod killed;
mod leases;
mod logins;
mod migrations;
mod rig;
mod roles;
mod settings;
mod shared;
mod wire;
mod writer;
mod writers;
