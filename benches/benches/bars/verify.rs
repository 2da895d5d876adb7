//! A log of one key verified: in full on one core and on two, and by its tree alone.

use crate::core::MESSAGE;
use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::whole::WholeLog;
use ai_audit_core::Outline;
use ai_audit_testkit::TestLog;
use sha2::{Digest as _, Sha256};
use std::hint::black_box;

const GROUP: &str = "Verifying a log";
const WORKS: [&str; 3] = [
    "one key, one core, 10^4",
    "the same, two cores",
    "tree and checkpoint only",
];

pub(crate) fn rows(runner: &Runner) {
    if !runner.wants_any(GROUP, &WORKS) {
        return;
    }
    let log = WholeLog::of(runner.effort().of(300, 10_000, 10_000));
    let receipts = u64::try_from(log.receipts.len()).unwrap();
    let [key, ..] = TestLog::keys(1);
    let (public, signature) = (key.verifying_key(), key.sign(&MESSAGE));
    // The library's own vector code verifies faster by itself; ours gains less on top of that.
    #[allow(unexpected_cfgs, reason = "given by hand, for the library's backend")]
    let bar = if cfg!(curve25519_dalek_backend = "avx512") {
        0.80
    } else {
        0.65
    };
    runner.pair_of(
        Row::new(GROUP, WORKS[0]).beside("verify_strict").most(bar),
        (receipts, || log.full(1)),
        (1, || {
            public.verify(black_box(&MESSAGE), &signature).unwrap();
        }),
    );
    // Two cores are to be at least 1.8 times as fast.
    runner.pair(
        Row::new(GROUP, WORKS[1]).beside("on one core").most(0.555),
        receipts,
        || log.full(2),
        || log.full(1),
    );
    runner.pair(
        Row::new(GROUP, WORKS[2]).beside("SHA-256").most(2.0),
        receipts,
        || log.tree(),
        || {
            for sealed in &log.receipts {
                let len = Outline::read(sealed).unwrap().payload_len;
                black_box(Sha256::digest(black_box(&sealed[..len])));
            }
        },
    );
}
