//! Redacting ordinary and dense text, beside a plain scan of the same bytes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

use ai_audit_benches::texts;
use ai_audit_pii::{Policy, Redactor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn texts(c: &mut Criterion) {
    let redactor = Redactor::new(&Policy::default()).unwrap();
    let prose = texts::prose();
    assert!(redactor.find(&prose).is_empty());
    let tau = texts::tau_bench().unwrap_or_else(|| {
        println!("SKIPPED: tau-bench: ../shared is absent; prose stands in for it");
        prose.clone()
    });
    let dense = texts::dense();
    for (name, text) in [
        ("redact-prose", &prose),
        ("redact-tau-bench", &tau),
        ("redact-dense", &dense),
    ] {
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("ours", |b| {
            b.iter(|| texts::redact(&redactor, black_box(text)))
        });
        group.bench_function("byte-sum", |b| {
            b.iter(|| {
                let text: &[u8] = black_box(text);
                text.iter().map(|&byte| u64::from(byte)).sum::<u64>()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, texts);
criterion_main!(benches);
