//! Writing and verifying a package, beside SHA-256 with deflate and beside Ed25519.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_benches::{MemoryLog, packages};
use ai_audit_export::archive::PACKAGE_LEVEL;
use ai_audit_export::verify_package;
use ai_audit_testkit::TestLog;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::{Compression, write::DeflateEncoder};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::io::Write as _;

/// Decisions in the log.
const DECISIONS: usize = 2000;

fn packages(c: &mut Criterion) {
    let log = MemoryLog::of(DECISIONS);
    let [receipt_key, ..] = TestLog::keys(1);
    let raw = log.sealed().concat();
    let package = packages::package(&log, false);
    let policy = packages::policy(&log);
    let report = verify_package(&package[..], &policy, |_, _| {}).report;
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
    assert!(report.verdict.completeness.is_verified(), "{report:?}");
    let count = report.receipts;

    let mut group = c.benchmark_group("package-write");
    group.sample_size(20);
    group.throughput(Throughput::Elements(count));
    group.bench_function("ours", |b| b.iter(|| packages::package(&log, false)));
    group.bench_function("sha256-deflate", |b| {
        b.iter(|| {
            let mut out = DeflateEncoder::new(Vec::new(), Compression::new(PACKAGE_LEVEL.into()));
            out.write_all(black_box(&raw)).unwrap();
            (Sha256::digest(black_box(&raw)), out.finish().unwrap())
        });
    });
    group.finish();

    let public = receipt_key.verifying_key();
    let message = [0; 52];
    let signature = receipt_key.sign(&message);
    let mut group = c.benchmark_group("package-verify");
    group.sample_size(20);
    group.throughput(Throughput::Elements(count));
    group.bench_function("ours", |b| {
        b.iter(|| verify_package(black_box(&package[..]), &policy, |_, _| {}));
    });
    group.bench_function("ed25519-verify-strict", |b| {
        b.iter(|| {
            for _ in 0..count {
                public.verify(black_box(&message), &signature).unwrap();
            }
        });
    });
    group.finish();
}

criterion_group!(benches, packages);
criterion_main!(benches);
