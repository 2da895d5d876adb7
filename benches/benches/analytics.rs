//! Sequential tests and drift: an observation, beside the sum that a textbook keeps of it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_analytics::{
    Baseline, ConfidenceSequence, Cusum, CusumPlan, DriftMonitor, Quantiles, Shift, SplitMix64,
    Sprt, SprtPlan,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::HashMap;
use std::hint::black_box;

/// Observations a round.
const COUNT: u64 = 10_000;

fn rates(criterion: &mut Criterion) {
    let mut random = SplitMix64::new(1);
    let events: Vec<bool> = (0..COUNT).map(|_| random.event(0.01)).collect();
    let shift = Shift::new(0.01, 0.05).unwrap();
    let plan = CusumPlan::for_run_length(shift, 10_000.0).unwrap();
    let sprt = SprtPlan::new(shift, 0.01, 0.01).unwrap();
    let mut group = criterion.benchmark_group("sequential-tests");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("ours", |b| {
        b.iter(|| {
            let mut cusum = Cusum::new(plan);
            let mut sprt = Sprt::new(sprt);
            let mut rate = ConfidenceSequence::new(0.05).unwrap();
            for &event in &events {
                cusum.push(black_box(event));
                sprt.push(event);
                rate.push(event);
            }
            (cusum.alarms(), sprt.rejected(), rate.events())
        });
    });
    group.bench_function("three-sums", |b| {
        b.iter(|| {
            let (mut sum, mut ratio, mut count, mut alarms) = (0.0f64, 0.0f64, 0u64, 0u64);
            for &event in &events {
                let weight = shift.weight(black_box(event));
                sum = (sum + weight).max(0.0);
                ratio += weight;
                count += u64::from(event);
                if sum >= plan.threshold() {
                    (alarms, sum) = (alarms + 1, 0.0);
                }
                if ratio >= sprt.upper() || ratio <= sprt.lower() {
                    ratio = 0.0;
                }
            }
            (alarms, ratio, count)
        });
    });
    group.finish();
}

fn categories(criterion: &mut Criterion) {
    const NAMES: [&str; 4] = ["allow", "reject", "escalate", "bypass"];
    let mut random = SplitMix64::new(2);
    let pick = |u: f64| NAMES[[0.95, 0.99, 1.0].iter().filter(|&&end| u >= end).count()];
    let actions: Vec<&str> = (0..COUNT).map(|_| pick(random.unit())).collect();
    let mut group = criterion.benchmark_group("drift-push");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("ours", |b| {
        b.iter(|| {
            let mut monitor = DriftMonitor::new(500, Baseline::Slow(2_000)).unwrap();
            actions
                .iter()
                .for_each(|action| monitor.push(black_box(action)));
            monitor
        });
    });
    group.bench_function("count-in-map", |b| {
        b.iter(|| {
            let mut counts: HashMap<&str, u64> = HashMap::new();
            for action in &actions {
                *counts.entry(black_box(action)).or_default() += 1;
            }
            counts
        });
    });
    group.finish();
}

fn quantiles(criterion: &mut Criterion) {
    let mut random = SplitMix64::new(3);
    let scores: Vec<f64> = (0..COUNT).map(|_| random.unit()).collect();
    let mut group = criterion.benchmark_group("quantiles-push");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("ours", |b| {
        b.iter(|| {
            let mut quantiles = Quantiles::new();
            for &score in &scores {
                quantiles.push(black_box(score)).unwrap();
            }
            quantiles.quantile(0.5)
        });
    });
    group.bench_function("sort", |b| {
        b.iter(|| {
            let mut sorted = black_box(scores.clone());
            sorted.sort_unstable_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).copied()
        });
    });
    group.finish();
}

criterion_group!(benches, rates, categories, quantiles);
criterion_main!(benches);
