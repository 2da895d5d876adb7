//! Rates: the SPRT, the CUSUM, the confidence sequence.

use ai_audit_analytics::{
    ConfidenceSequence, Cusum, CusumPlan, Shift, SplitMix64, Sprt, SprtDecision, SprtLimits,
    SprtPlan,
};
use anyhow::{Result, ensure};

use super::{Share, Size, mean_near, random};

/// Usual rate, other rate, alpha, beta.
const SPRTS: [(f64, f64, f64, f64); 5] = [
    (0.01, 0.05, 0.01, 0.01),
    (0.01, 0.05, 0.05, 0.1),
    (0.001, 0.01, 0.01, 0.01),
    (0.1, 0.3, 0.02, 0.03),
    (0.2, 0.05, 0.01, 0.01),
];

/// Usual rate, other rate, run length asked for.
const CUSUMS: [(f64, f64, f64); 6] = [
    (0.01, 0.05, 1_000.0),
    (0.01, 0.05, 10_000.0),
    (0.01, 0.02, 10_000.0),
    (0.001, 0.01, 10_000.0),
    (0.1, 0.3, 10_000.0),
    (0.2, 0.05, 10_000.0),
];

/// How many observations without a change come before one, and all of A35's.
const BEFORE: u32 = 1_000;
const CLEAN: u32 = 10_000;
const WITHIN: u32 = 20;

pub(super) fn sprt(size: Size) -> Result<()> {
    println!("SPRT: wrong rejections at p0, right ones at p1, observations to a decision\n");
    println!(
        "| p0 | p1 | alpha | Wald's bound | exact | simulated | 1 − beta | exact | simulated \
         | at p0: Wald | exact | simulated | at p1: Wald | exact | simulated |"
    );
    println!("|{}", "---|".repeat(15));
    let mut strict = Vec::new();
    for (row, &(p0, p1, alpha, beta)) in SPRTS.iter().enumerate() {
        let plan = SprtPlan::new(Shift::new(p0, p1)?, alpha, beta)?;
        let mut cells = Vec::new();
        let mut lengths = Vec::new();
        for (p, rate) in [(p0, alpha), (p1, 1.0 - beta)] {
            let (wald, exact) = (plan.wald(p)?, plan.exact(p)?);
            let (rejected, length) = tests(plan, p, size.runs, &mut random(1, row));
            let what = format!("SPRT {p0} {p1} at {p}");
            rejected.near(exact.reject, &what)?;
            mean_near(length, exact.observations, size.runs, &what)?;
            if p == p0 {
                rejected.at_most(alpha / (1.0 - beta), &what)?;
                cells.push(format!("{alpha} | {:.4}", alpha / (1.0 - beta)));
            } else {
                let missed = Share {
                    hits: rejected.of - rejected.hits,
                    ..rejected
                };
                missed.at_most(beta / (1.0 - alpha), &what)?;
                cells.push(format!("{rate:.2}"));
            }
            cells.push(format!("{:.4} | {:.4}", exact.reject, rejected.value()));
            lengths.push(format!(
                "{:.0} | {:.0} | {length:.0}",
                wald.observations, exact.observations
            ));
        }
        println!(
            "| {p0} | {p1} | {} | {} |",
            cells.join(" | "),
            lengths.join(" | ")
        );
        strict.push(strictly(plan, alpha, beta)?);
    }
    println!("\nThe same plans with strict limits, exactly\n");
    println!("| p0 | p1 | alpha | exact | 1 − beta | exact | observations at p0 | at p1 |");
    println!("|{}", "---|".repeat(8));
    strict.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// The row of a plan with strict limits, whose risks are held to what was asked for.
fn strictly(plan: SprtPlan, alpha: f64, beta: f64) -> Result<String> {
    let plan = plan.with_limits(SprtLimits::Strict);
    let (p0, p1) = (plan.shift().p0(), plan.shift().p1());
    let (usual, other) = (plan.exact(p0)?, plan.exact(p1)?);
    ensure!(
        usual.reject <= alpha,
        "SPRT {p0} {p1}: alpha is {}",
        usual.reject
    );
    ensure!(
        other.accept <= beta,
        "SPRT {p0} {p1}: beta is {}",
        other.accept
    );
    Ok(format!(
        "| {p0} | {p1} | {alpha} | {:.4} | {:.2} | {:.4} | {:.0} | {:.0} |",
        usual.reject,
        1.0 - beta,
        other.reject,
        usual.observations,
        other.observations
    ))
}

/// How many tests reject, and how long they take on average.
fn tests(plan: SprtPlan, p: f64, runs: u32, random: &mut SplitMix64) -> (Share, f64) {
    let mut test = Sprt::new(plan);
    let (mut done, mut hits, mut observations) = (0, 0, 0u64);
    while done < runs {
        observations += 1;
        match test.push(random.event(p)) {
            SprtDecision::Continue => continue,
            SprtDecision::Reject => hits += 1,
            SprtDecision::Accept => {}
        }
        done += 1;
    }
    let share = Share { hits, of: runs };
    (share, observations as f64 / f64::from(runs))
}

pub(super) fn cusum(size: Size) -> Result<()> {
    println!("\nCUSUM: observations to a false alarm, and from a change to the alarm\n");
    println!(
        "| p0 | p1 | asked for | threshold | false alarm: exact | simulated | delay, worst case: exact \
         | simulated | delay after {BEFORE} as usual | all events after {CLEAN} without one |"
    );
    println!("|{}", "---|".repeat(10));
    for (row, &(p0, p1, wanted)) in CUSUMS.iter().enumerate() {
        let plan = CusumPlan::for_run_length(Shift::new(p0, p1)?, wanted)?;
        let mut random = random(2, row);
        let (length, delay) = (plan.run_length(p0)?, plan.run_length(p1)?);
        // Alarms are rare, so fewer of them.
        let alarms = (size.runs / 20).max(50);
        let false_alarm = run_length(plan, p0, alarms, &mut random);
        let worst = run_length(plan, p1, size.runs, &mut random);
        let what = format!("CUSUM {p0} {p1}");
        ensure!(length >= wanted, "{what}: {length} is less than {wanted}");
        mean_near(false_alarm, length, alarms, &what)?;
        mean_near(worst, delay, size.runs, &what)?;
        let usual = usual_delay(plan, alarms, &mut random);
        ensure!(
            usual <= 1.1 * delay,
            "{what}: {usual} is worse than {delay}"
        );
        let sudden = if p1 > p0 {
            let mut cusum = Cusum::new(plan);
            (0..CLEAN).for_each(|_| {
                cusum.push(false);
            });
            let sudden = (1..).find(|_| cusum.push(true)).unwrap_or(u32::MAX);
            ensure!(sudden <= WITHIN, "{what}: {sudden} is more than {WITHIN}");
            sudden.to_string()
        } else {
            "–".into()
        };
        println!(
            "| {p0} | {p1} | {wanted} | {:.3} | {length:.0} | {false_alarm:.0} | {delay:.1} | {worst:.1} \
             | {usual:.1} | {sudden} |",
            plan.threshold()
        );
    }
    Ok(())
}

/// The mean of so many run lengths.
fn run_length(plan: CusumPlan, p: f64, alarms: u32, random: &mut SplitMix64) -> f64 {
    let (mut cusum, mut observations) = (Cusum::new(plan), 0u64);
    while cusum.alarms() < u64::from(alarms) {
        cusum.push(random.event(p));
        observations += 1;
    }
    observations as f64 / f64::from(alarms)
}

/// The mean delay of a change that comes after some observations as usual without an alarm.
fn usual_delay(plan: CusumPlan, runs: u32, random: &mut SplitMix64) -> f64 {
    let (mut done, mut sum) = (0, 0u64);
    while done < runs {
        let mut cusum = Cusum::new(plan);
        if (0..BEFORE).any(|_| cusum.push(random.event(plan.shift().p0()))) {
            continue;
        }
        sum += (1..)
            .find(|_| cusum.push(random.event(plan.shift().p1())))
            .unwrap_or(u64::MAX);
        done += 1;
    }
    sum as f64 / f64::from(runs)
}

pub(super) fn rate(size: Size) -> Result<()> {
    const LENGTH: u32 = 5_000;
    println!(
        "\nConfidence sequence: logs in which the rate is ever outside, and the width at the end\n"
    );
    println!(
        "| rate | alpha | ever outside in {LENGTH} looks | the same with a textbook interval | width |"
    );
    println!("|{}", "---|".repeat(5));
    for (row, &(p, alpha)) in [(0.01, 0.05), (0.1, 0.05), (0.5, 0.01)].iter().enumerate() {
        let (mut random, mut ever, mut textbook, mut width) = (random(3, row), 0, 0, 0.0);
        let logs = size.runs / 20;
        for _ in 0..logs {
            let mut sequence = ConfidenceSequence::new(alpha)?;
            let (mut out, mut normal_out) = (false, false);
            for n in 1..=LENGTH {
                sequence.push(random.event(p));
                out |= sequence.evidence(p) >= -f64::ln(alpha);
                // Normal approximation around the true rate, at the usual points of 5 % and 1 %.
                let z = if alpha == 0.05 { 1.96 } else { 2.576 };
                let deviation = (p * (1.0 - p) / f64::from(n)).sqrt();
                let far = |rate: f64| (rate - p).abs() > z * deviation;
                normal_out |= sequence.rate().is_some_and(far);
            }
            ever += u32::from(out);
            textbook += u32::from(normal_out);
            let interval = sequence.interval();
            width += (interval.upper - interval.lower) / f64::from(logs);
        }
        let share = |hits| Share { hits, of: logs };
        share(ever).at_most(alpha, "confidence sequence")?;
        println!(
            "| {p} | {alpha} | {:.4} | {:.4} | {width:.4} |",
            share(ever).value(),
            share(textbook).value()
        );
    }
    Ok(())
}
