//! Redacting ordinary and dense text, beside a plain scan of the same bytes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

use ai_audit_pii::{Policy, RedactStream, Redactor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;

/// How much text is generated.
const SIZE: usize = 2 << 20;

/// How much goes into the stream at once, as in the command line.
const CHUNK: usize = 1 << 16;

/// Real conversations with their tool calls, as JSON: 127 e-mail addresses in 4 MB.
fn tau_bench() -> Option<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/corpora/tau-bench/historical_trajectories/gpt-4o-airline.json"
    );
    std::fs::read(path).ok()
}

/// Sentences with names, times and small numbers, and nothing to find.
fn prose() -> Vec<u8> {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= SIZE {
            break;
        }
        writeln!(
            text,
            "On day {} the customer asked (again) whether order {n} could be changed; the agent, who had \
             read the policy, said: \"No, that isn't possible at {}:{:02}.\" It was $42.50 in all - or more.",
            n % 28 + 1,
            n % 24,
            n % 60,
        )
        .unwrap();
    }
    text.into_bytes()
}

/// A finding in every 24 bytes, of eight kinds.
fn dense() -> Vec<u8> {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= SIZE {
            break;
        }
        writeln!(
            text,
            "user{n}@example.org paid 4242 4242 4242 4242 from 10.{}.7.9, call +1 212 555 {:04}",
            n % 250,
            n % 9000 + 1000
        )
        .unwrap();
        writeln!(
            text,
            "IBAN DE89 3704 0044 0532 0130 00, SSN 536-22-{:04}, 2001:db8::{:x} password=hunter{n}x \
             00:1b:44:11:3a:{:02x}",
            n % 9000 + 1000,
            n % 4096 + 1,
            n % 256
        )
        .unwrap();
    }
    text.into_bytes()
}

fn redact(redactor: &Redactor, text: &[u8]) -> usize {
    let mut stream = RedactStream::new(redactor, None).unwrap();
    let chunks: usize = text
        .chunks(CHUNK)
        .map(|chunk| stream.push(chunk).text.len())
        .sum();
    chunks + stream.finish().text.len()
}

fn texts(c: &mut Criterion) {
    let redactor = Redactor::new(&Policy::default()).unwrap();
    let prose = prose();
    assert!(redactor.find(&prose).is_empty());
    let tau = tau_bench().unwrap_or_else(|| {
        println!("SKIPPED: tau-bench: ../shared is absent; prose stands in for it");
        prose.clone()
    });
    let dense = dense();
    for (name, text) in [
        ("redact-prose", &prose),
        ("redact-tau-bench", &tau),
        ("redact-dense", &dense),
    ] {
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("ours", |b| b.iter(|| redact(&redactor, black_box(text))));
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
