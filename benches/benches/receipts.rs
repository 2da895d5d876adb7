//! Sealing and verifying one receipt, beside Ed25519 alone.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_benches::{MAX_SEALED, decision};
use ai_audit_core::{
    BulkVerifier, Chain, Draft, Genesis, Head, LeafHash, MAX_SEALED_LEN, ReceiptId, SigningKey,
    Timestamp, UnverifiedReceipt,
};
use ai_audit_signer_aws_lc::AwsLcSigner;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn receipts(c: &mut Criterion) {
    let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
    let public = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let genesis = Genesis::new(
        "example.org",
        "",
        &public[0],
        &public[1],
        &public[2],
        [7; 16],
    );
    let mut buf = vec![0; MAX_SEALED_LEN];
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    let head = draft
        .seal(&genesis, &Head::EMPTY, &keys[0], &mut buf)
        .unwrap()
        .head();
    let draft = draft
        .trace("4bf92f3577b34da6a3ce929d0e0e4736")
        .session("session-42");
    let body = decision();
    let sealed = draft
        .seal(&body, &head, &keys[0], &mut buf)
        .unwrap()
        .as_bytes()
        .to_vec();
    assert!(sealed.len() <= MAX_SEALED, "{} bytes", sealed.len());
    let message = [0u8; 52];
    let signature = keys[0].sign(&message);

    let mut group = c.benchmark_group("seal");
    group.bench_function("ours", |b| {
        b.iter(|| {
            draft
                .seal(black_box(&body), &head, &keys[0], &mut buf)
                .unwrap()
                .hash()
        });
    });
    let aws_lc = AwsLcSigner::new(&keys[0]).unwrap();
    group.bench_function("ours-aws-lc", |b| {
        b.iter(|| {
            draft
                .seal(black_box(&body), &head, &aws_lc, &mut buf)
                .unwrap()
                .hash()
        });
    });
    group.bench_function("ed25519-sign", |b| {
        b.iter(|| keys[0].sign(black_box(&message)))
    });
    group.finish();
    let mut group = c.benchmark_group("verify");
    group.bench_function("ours", |b| {
        b.iter(|| {
            let receipt = UnverifiedReceipt::parse(black_box(&sealed)).unwrap();
            receipt.verify_signature(&public[0]).unwrap();
            Chain::resume(head).push(&receipt).unwrap()
        });
    });
    // One of many by one key, as logs have them: with a table of the key's multiples.
    let mut bulk = BulkVerifier::eager();
    group.bench_function("ours-in-bulk", |b| {
        b.iter(|| {
            let receipt = UnverifiedReceipt::parse(black_box(&sealed)).unwrap();
            receipt
                .verify_signature_in_bulk(&public[0], &mut bulk)
                .unwrap();
            Chain::resume(head).push(&receipt).unwrap()
        });
    });
    group.bench_function("ed25519-verify-strict", |b| {
        b.iter(|| public[0].verify(black_box(&message), &signature).unwrap());
    });
    group.bench_function("sha256-leaf", |b| {
        b.iter(|| LeafHash::of(black_box(&sealed)))
    });
    group.finish();
}

criterion_group!(benches, receipts);
criterion_main!(benches);
