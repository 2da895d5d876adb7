//! Evaluating states under a contract, beside reading the same states as JSON.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_contracts::{Contract, State};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::Value;
use std::fmt::Write as _;
use std::hint::black_box;

/// Twenty rules, as contracts have them: mostly comparisons, a pattern and an expression.
fn contract() -> Contract {
    let mut text = "name: bench\nversion: 1\ninvariants:\n  hard:\n".to_owned();
    for n in 0..18 {
        writeln!(
            text,
            "    - {{name: r{n}, check: {{field: output.f{n}, lte: {n}}}}}"
        )
        .unwrap();
    }
    text += "    - {name: pattern, check: {field: output.text, matches: '^[a-z ]+$'}}\n";
    text += "    - {name: expr, check: {field: output.text, expr: 'len(value) > 10 and output.f3 < 9'}}\n";
    Contract::parse(&text).unwrap()
}

fn state() -> String {
    let fields: Vec<String> = (0..18).map(|n| format!("\"f{n}\": {n}")).collect();
    let text = "an answer of a usual length to a question that was asked ".repeat(4);
    format!(
        "{{\"output\": {{{}, \"text\": \"{text}\"}}}}",
        fields.join(", ")
    )
}

fn evaluate(c: &mut Criterion) {
    let (contract, text) = (contract(), state());
    let state = State::parse(&text).unwrap();
    assert!(contract.evaluate(&state).hard.is_empty());
    let mut group = c.benchmark_group("contracts");
    group.bench_function("bare: serde_json::Value", |b| {
        b.iter(|| serde_json::from_str::<Value>(black_box(&text)).unwrap());
    });
    group.bench_function("parse", |b| {
        b.iter(|| State::parse(black_box(&text)).unwrap());
    });
    group.bench_function("evaluate 20 rules", |b| {
        b.iter(|| contract.evaluate(black_box(&state)).hard.len());
    });
    group.finish();
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
