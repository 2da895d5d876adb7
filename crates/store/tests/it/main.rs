//! The store in memory and the ledger, through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod anchors;
mod batches;
mod before_action;
mod caught_up;
mod ciphertexts;
mod collect;
mod detached;
mod epochs;
mod erasing;
mod erasures;
mod faults;
mod ids;
mod keys;
mod known_keys;
mod leases;
mod ledger;
mod marks;
mod owed;
mod queue;
mod rig;
mod settled;
mod signing;
mod tiers;
mod writers;

use ai_audit_store::MemoryStore;

#[test]
fn the_store_in_memory_conforms() {
    ai_audit_testkit::conforms(&MemoryStore::new());
}
