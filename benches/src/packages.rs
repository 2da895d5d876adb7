//! Packages of a log in memory, and the policy that they are verified under.

use crate::MemoryLog;
use ai_audit_export::{PackageOptions, Selection, write_package};
use ai_audit_note::{SignedNote, VKey};
use ai_audit_testkit::TestLog;
use ai_audit_verify::{Pin, TrustPolicy};
use std::io::Cursor;

/// The whole log as a package, with the view for people or without.
#[must_use]
pub fn package(log: &MemoryLog, json_view: bool) -> Vec<u8> {
    let checkpoint = SignedNote::parse(log.checkpoint.as_bytes()).unwrap();
    let [_, checkpoint_key, _] = TestLog::keys(1);
    let options = PackageOptions {
        selection: Selection::All,
        json_view,
        ciphertexts: false,
        timestamp: None,
        reports: None,
    };
    let mut out = Cursor::new(Vec::new());
    write_package(
        &mut out,
        log,
        &checkpoint,
        &[],
        &checkpoint_key,
        &options,
        |_, _| {},
    )
    .unwrap();
    out.into_inner()
}

/// The log's key line pinned and its checkpoint brought along: all that can be asked is answered.
#[must_use]
pub fn policy(log: &MemoryLog) -> TrustPolicy {
    policy_of(&log.checkpoint)
}

/// The same for a log of which the checkpoint is at hand.
#[must_use]
pub fn policy_of(checkpoint: &str) -> TrustPolicy {
    let [_, checkpoint_key, _] = TestLog::keys(1);
    let origin = checkpoint.lines().next().unwrap();
    let line = VKey::ed25519(origin, checkpoint_key.verifying_key()).unwrap();
    TrustPolicy::new()
        .pin(Pin::parse(&line.to_string()).unwrap())
        .checkpoint(checkpoint.as_bytes())
        .unwrap()
}
