//! Packages written and verified, and how large they are.

use crate::core::MESSAGE;
use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::{MemoryLog, packages};
use ai_audit_export::archive::PACKAGE_LEVEL;
use ai_audit_export::verify_package;
use ai_audit_testkit::TestLog;
use flate2::{Compression, write::DeflateEncoder};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::io::Write as _;

const GROUP: &str = "Package";
const WORKS: [&str; 4] = [
    "write, 2,000 receipts",
    "verify, full, one core",
    "bytes a receipt",
    "the same, JSON view",
];

pub(crate) fn rows(runner: &Runner) {
    if !runner.wants_any(GROUP, &WORKS) {
        return;
    }
    let log = MemoryLog::of(runner.effort().of(100, 2_000, 2_000));
    let sealed = log.sealed();
    let count = u64::try_from(sealed.len()).unwrap();
    let raw = sealed.concat();
    let [package, for_people] = [false, true].map(|view| packages::package(&log, view));
    let policy = packages::policy(&log);
    let report = verify_package(&package[..], &policy, |_, _| {}).report;
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
    assert!(report.verdict.completeness.is_verified(), "{report:?}");

    runner.pair(
        Row::new(GROUP, WORKS[0])
            .beside("SHA-256, deflate")
            .most(2.5),
        count,
        || packages::package(&log, false),
        || {
            let mut out = DeflateEncoder::new(Vec::new(), Compression::new(PACKAGE_LEVEL.into()));
            out.write_all(black_box(&raw)).unwrap();
            (Sha256::digest(black_box(&raw)), out.finish().unwrap())
        },
    );
    let [key, ..] = TestLog::keys(1);
    let (public, signature) = (key.verifying_key(), key.sign(&MESSAGE));
    runner.pair(
        Row::new(GROUP, WORKS[1]).beside("verify_strict").most(0.85),
        count,
        || verify_package(black_box(&package[..]), &policy, |_, _| {}),
        || {
            for _ in 0..count {
                public.verify(black_box(&MESSAGE), &signature).unwrap();
            }
        },
    );
    for (work, bytes, bar) in [(WORKS[2], &package, 400.0), (WORKS[3], &for_people, 750.0)] {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53 bytes")]
        let each = bytes.len() as f64 / count as f64;
        runner.figure(Row::new(GROUP, work).most(bar), each, "B");
    }
}
