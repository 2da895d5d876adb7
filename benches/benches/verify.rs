//! Verifying a whole log: in full on one core and on two, and by its tree alone, beside Ed25519 and
//! SHA-256.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_benches::whole::WholeLog;
use ai_audit_core::{Outline, SIGNATURE_LEN, Signature, UnverifiedReceipt, VerifyingKey};
use ai_audit_testkit::TestLog;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;

/// Decisions in the log.
const DECISIONS: usize = 10_000;

/// Every signature alone, as `verify_strict` does it.
fn bare(key: &VerifyingKey, log: &[Vec<u8>]) {
    for sealed in log {
        let signature: [u8; SIGNATURE_LEN] =
            sealed[sealed.len() - SIGNATURE_LEN..].try_into().unwrap();
        // As long as what a receipt key signs. That it is another message changes no time.
        let refused = key.verify(black_box(&sealed[..52]), &Signature::from_bytes(signature));
        black_box(refused.is_err());
    }
}

fn logs(c: &mut Criterion) {
    let log = WholeLog::of(DECISIONS);
    let receipts = &log.receipts;
    let [receipt_key, ..] = TestLog::keys(1);
    let count = receipts.len() as u64;

    let mut group = c.benchmark_group("verify-log");
    group.sample_size(10);
    group.throughput(Throughput::Elements(count));
    group.bench_function("ours", |b| b.iter(|| log.full(1)));
    group.bench_function("ours-2-threads", |b| b.iter(|| log.full(2)));
    let public = receipt_key.verifying_key();
    group.bench_function("ed25519-verify-strict", |b| {
        b.iter(|| bare(&public, receipts))
    });
    group.finish();

    let mut group = c.benchmark_group("verify-tree");
    group.sample_size(20);
    group.throughput(Throughput::Elements(count));
    group.bench_function("ours", |b| b.iter(|| log.tree()));
    group.bench_function("sha256-payloads", |b| {
        b.iter(|| {
            for sealed in receipts {
                let len = Outline::read(sealed).unwrap().payload_len;
                black_box(Sha256::digest(black_box(&sealed[..len])));
            }
        });
    });
    group.finish();

    // Where the rest of a receipt's time goes.
    let mut group = c.benchmark_group("verify-parts");
    group.bench_function("parse", |b| {
        b.iter(|| {
            UnverifiedReceipt::parse(black_box(&receipts[9]))
                .unwrap()
                .hash()
        });
    });
    group.finish();
}

criterion_group!(benches, logs);
criterion_main!(benches);
