//! Writing and verifying a package, beside SHA-256 with deflate and beside Ed25519.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_benches::MemoryLog;
use ai_audit_export::{LogEvidence as _, PackageOptions, Selection, verify_package, write_package};
use ai_audit_note::{SignedNote, VKey};
use ai_audit_testkit::TestLog;
use ai_audit_verify::{Pin, TrustPolicy};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::{Compression, write::DeflateEncoder};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::io::{Cursor, Write as _};

/// Decisions in the log.
const DECISIONS: usize = 2000;

fn packages(c: &mut Criterion) {
    let log = MemoryLog::of(DECISIONS);
    let checkpoint = SignedNote::parse(log.checkpoint.as_bytes()).unwrap();
    let [receipt_key, checkpoint_key, _] = TestLog::keys(1);
    let options = PackageOptions {
        selection: Selection::All,
        json_view: false,
        ciphertexts: false,
        timestamp: None,
        reports: None,
    };
    let write = || {
        let mut out = Cursor::new(Vec::new());
        write_package(
            &mut out,
            &log,
            &checkpoint,
            &[],
            &checkpoint_key,
            &options,
            |_, _| {},
        )
        .unwrap();
        out.into_inner()
    };
    let mut raw = Vec::new();
    let mut receipts = log.receipts().unwrap();
    while let Some(stored) = receipts.read_receipt().unwrap() {
        raw.extend_from_slice(stored.sealed().unwrap_or_default());
    }
    let package = write();
    let origin = log.checkpoint.lines().next().unwrap();
    let line = VKey::ed25519(origin, checkpoint_key.verifying_key()).unwrap();
    let policy = TrustPolicy::new()
        .pin(Pin::parse(&line.to_string()).unwrap())
        .checkpoint(log.checkpoint.as_bytes())
        .unwrap();
    let report = verify_package(&package[..], &policy, |_, _| {}).report;
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
    assert!(report.verdict.completeness.is_verified(), "{report:?}");
    let count = report.receipts;

    let mut group = c.benchmark_group("package-write");
    group.sample_size(20);
    group.throughput(Throughput::Elements(count));
    group.bench_function("ours", |b| b.iter(write));
    group.bench_function("sha256-deflate", |b| {
        b.iter(|| {
            let mut out = DeflateEncoder::new(Vec::new(), Compression::default());
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
