//! Everything that CI runs, step by step, with the counts at the end; whole with `--full`.

mod beside;
mod late;
mod tests;

pub(crate) use tests::{Pdf, all as all_tests};

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use anyhow::{Result, anyhow, bail, ensure};

use late::Late;

use crate::counts::Counts;
use crate::failures::Failures;
use crate::shell::Cmd;
use crate::workspace::Workspace;
use crate::{
    bench, browser, capacity, console, coverage, deny, deploy, embedded, ffi, flames, frameworks,
    fuzz, generate, growth, latency, lint, load, mcp, measure, miri, mutants, nostd, otlp, page,
    program, proxy, python, release, scale, servers, service, services, simulate, stores, supply,
    telemetry, tidy, vectors,
};

/// A step and what it does; a step may say why it skipped something.
type Step = fn(&Workspace, &mut Outcome, Form) -> Result<()>;

/// How much of a step that takes long is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// What fits into every run.
    Short,
    /// All of it, with `--full`: hours.
    Whole,
}

const STEPS: [(&str, Step); 39] = [
    ("fmt", |workspace, _, _| {
        // The workspaces of their own, too; that of the device has its own check.
        for manifest in [
            "Cargo.toml",
            "fuzz/Cargo.toml",
            "benches/peers/Cargo.toml",
            generate::MANIFEST,
        ] {
            Cmd::cargo(workspace)
                .args(["fmt", "--all", "--check", "--manifest-path", manifest])
                .run()?;
        }
        Ok(())
    }),
    ("tidy", |workspace, _, _| tidy::run(workspace)),
    // Before the tests, one of which looks at a report in it.
    ("browser", |workspace, outcome, _| {
        outcome.skip(browser::ensure(workspace)?)
    }),
    // The same for tests that let the Python library make records, and for those that start servers.
    ("python", |workspace, outcome, _| {
        outcome.skip(python::ensure(workspace)?)
    }),
    ("servers", |workspace, outcome, _| {
        outcome.skip(servers::ensure(workspace))
    }),
    // The real SDK for Python sends spans; the tests hold what they became against what its client saw.
    ("otlp", |workspace, outcome, _| {
        match otlp::capture(workspace)? {
            Ok(captured) => {
                outcome.env.push((otlp::CAPTURED.into(), captured.into()));
                Ok(())
            }
            Err(why) => outcome.skip([why]),
        }
    }),
    // The tests of keys and objects that others keep look for these services in the search path.
    ("services", |workspace, outcome, _| {
        if !outcome.with_tests {
            return outcome.skip(services::run(workspace)?);
        }
        let (runner, skipped) = services::for_all(workspace)?;
        outcome.env.push(runner);
        outcome.skip(skipped)
    }),
    // Before the tests, too: the command line takes the page in when it is built.
    ("page", |workspace, _, _| page::build(workspace).map(drop)),
    // With the tests, what they run is linted while it is built. After the page, which goes into the command line.
    ("clippy", |workspace, outcome, form| {
        if !outcome.with_tests {
            return lint::clippy(workspace);
        }
        let env = lint::in_passing(workspace)?;
        all_tests(workspace, Pdf::of(form == Form::Short))
            .envs(&env)
            .arg("--no-run")
            .run()?;
        // The tests would build all anew without them; where something was found they run nevertheless.
        outcome.env.extend(env);
        Ok(())
    }),
    ("tests", tests::run),
    ("page-tests", |workspace, outcome, form| {
        let size = match form {
            Form::Short => page::Size::Short,
            Form::Whole => page::Size::Whole,
        };
        outcome.skip(page::test(workspace, size)?)
    }),
    // Other people's clients of the service, and how it is run, as its pages say.
    ("service", |workspace, outcome, form| {
        outcome.skip(service::run(workspace, form == Form::Short)?)
    }),
    ("proxy", |workspace, outcome, _| {
        outcome.skip(proxy::run(workspace)?)
    }),
    ("mcp", |workspace, outcome, form| {
        let env = outcome.env.clone();
        outcome.skip(mcp::run(workspace, form == Form::Whole, &env)?)
    }),
    ("telemetry", |workspace, outcome, _| {
        outcome.skip(telemetry::run(workspace)?)
    }),
    ("frameworks", |workspace, outcome, form| {
        outcome.skip(frameworks::run(workspace, form == Form::Short)?)
    }),
    ("console", |workspace, outcome, form| {
        let size = match form {
            Form::Short => console::Size::Short,
            Form::Whole => console::Size::Whole,
        };
        outcome.skip(console::run(workspace, size)?)
    }),
    ("deploy", |workspace, outcome, form| {
        outcome.skip(deploy::unit(workspace)?)?;
        match form {
            Form::Short => Ok(()),
            Form::Whole => outcome.skip(deploy::image(workspace, false)?),
        }
    }),
    ("examples", tests::examples),
    // With the tests, the libraries were documented along with their examples.
    ("doc", |workspace, outcome, form| {
        if form == Form::Short && outcome.env.iter().any(|(name, _)| name == "RUSTDOC") {
            return lint::documented(workspace);
        }
        lint::doc(workspace)
    }),
    ("nostd", |workspace, _, form| {
        nostd::run(workspace, form == Form::Short)
    }),
    ("embedded", |workspace, outcome, form| {
        let size = match form {
            Form::Short => embedded::Size::Short,
            Form::Whole => embedded::Size::Whole,
        };
        outcome.skip(embedded::run(workspace, size)?)
    }),
    ("ffi", |workspace, outcome, _| {
        outcome.skip(ffi::run(workspace)?)
    }),
    ("vectors", |workspace, outcome, _| {
        outcome.skip(vectors::run(workspace, true)?)
    }),
    ("demo", demo),
    ("calibrate", |workspace, _, form| {
        measure::statistics(workspace, form == Form::Short)
    }),
    // Many logs, and what goes wrong; and that the capacity model is of the figures that were measured.
    ("simulate", |workspace, _, form| {
        capacity::run(workspace, true)?;
        simulate::run(
            workspace,
            match form {
                Form::Short => simulate::SHORT,
                Form::Whole => simulate::WHOLE,
            },
        )
    }),
    ("deny", |workspace, outcome, _| {
        deny::run(workspace)?;
        outcome.skip(deny::advisories(workspace)?)
    }),
    ("supply", |workspace, _, _| supply::run(workspace)),
    ("release", |workspace, outcome, form| {
        let how = match form {
            Form::Short => release::How::SHORT,
            Form::Whole => release::How::WHOLE,
        };
        outcome.skip(release::check(workspace, how, &[])?)
    }),
    ("scale", |workspace, _, form| match form {
        Form::Short => {
            scale::run(workspace, scale::SHORT)?;
            scale::epochs::run(workspace, scale::epochs::SHORT)
        }
        Form::Whole => {
            scale::run(workspace, scale::RECEIPTS)?;
            scale::epochs::run(workspace, scale::epochs::FULL)
        }
    }),
    ("miri", |workspace, outcome, form| {
        outcome.skip(miri::run(workspace, form == Form::Short, &[])?)
    }),
    ("mutants", |workspace, _, form| {
        let args: &[&str] = match form {
            Form::Short => &["--short"],
            // What was caught once is tried again: the test may be gone.
            Form::Whole => &["--fresh"],
        };
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        mutants::run(workspace, &args)
    }),
    ("fuzz", |workspace, outcome, form| {
        let args: &[&str] = match form {
            Form::Short => &["--changed", "--total", FUZZ_SECONDS],
            Form::Whole => &["--seconds", "600"],
        };
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        outcome.skip(fuzz::run(workspace, &args)?)
    }),
    // The table with its bars; each measurement has run once among the tests.
    ("bench", |workspace, outcome, form| match form {
        Form::Short => outcome.skip(["SKIPPED: the table of bars: only with --full".into()]),
        Form::Whole => bench::run(workspace, &[]),
    }),
    ("measure", |workspace, _, form| {
        let options = measure::Options {
            short: form == Form::Short,
            ..measure::Options::default()
        };
        let (calls, length) = if options.short {
            (proxy::Length::SHORT, load::SHORT)
        } else {
            (proxy::Length::WHOLE, load::WHOLE)
        };
        // A bar that is missed hides none of the others.
        let all = [
            latency::run(workspace, &options),
            stores::run(workspace, options.short),
            growth::run(workspace, &options),
            proxy::latency(workspace, calls),
            load::run(workspace, length),
        ];
        let missed: Vec<String> = all
            .into_iter()
            .filter_map(|ran| ran.err().map(|error| format!("{error:#}")))
            .collect();
        ensure!(missed.is_empty(), "{}", missed.join("; "));
        Ok(())
    }),
    ("flames", |workspace, outcome, form| match form {
        Form::Short => outcome.skip(["SKIPPED: flame graphs: only with --full".into()]),
        Form::Whole => outcome.skip(flames::run(workspace, &measure::Options::default())?),
    }),
    ("coverage", |workspace, outcome, form| match form {
        Form::Short => outcome.skip(["SKIPPED: line coverage: only with --full".into()]),
        Form::Whole => outcome.skip(coverage::run(workspace, false)?),
    }),
    // Where it changed, or there is time left.
    ("pdf", tests::pdf),
];

/// Seconds of fuzzing in a run that is not whole, shared by the targets whose code changed.
const FUZZ_SECONDS: &str = "120";

/// With all steps, these are run one after the other beside those that build: they load what others have built, and
/// what they make ready is what tests ask for.
const MAKE_READY: [&str; 5] = ["browser", "python", "servers", "otlp", "services"];

/// The first step that waits for what [`MAKE_READY`] came to.
const NEEDS_READY: &str = "tests";

/// What the steps found.
#[derive(Debug, Default)]
struct Outcome {
    counts: Counts,
    failures: Failures,
    /// What was not run, and why.
    skipped: BTreeSet<String>,
    /// Whether the step `tests` is run, too: a step before it that makes something ready leaves its own tests to it.
    with_tests: bool,
    /// Where tests find what earlier steps have made ready for them.
    env: Vec<(String, OsString)>,
}

impl Outcome {
    /// Looks at a line that tests printed.
    fn take(&mut self, line: &str) {
        self.counts.take_line(line);
        self.failures.take_line(line);
        if let Some(at) = line.find("SKIPPED: ") {
            self.skipped.insert(line[at..].into());
        }
    }

    /// Notes what was skipped, if anything.
    fn skip(&mut self, reasons: impl IntoIterator<Item = String>) -> Result<()> {
        self.skipped.extend(reasons);
        Ok(())
    }
}

/// Names of all steps, in their order.
#[cfg(test)]
pub(crate) fn step_names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|(name, _)| *name)
}

/// Runs all steps, or those named, with `--full` whole; goes on after a failure, so that one run tells
/// everything.
///
/// # Errors
/// When a step is unknown.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode> {
    let (full, only): (Vec<&String>, Vec<&String>) = args.iter().partition(|arg| *arg == "--full");
    let form = if full.is_empty() {
        Form::Short
    } else {
        Form::Whole
    };
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|(step, _)| step != **name))
    {
        bail!("there is no step {unknown:?}; see `cargo xtask --help`");
    }
    let mut outcome = Outcome {
        with_tests: only.is_empty() || only.iter().any(|step| *step == "tests"),
        ..Outcome::default()
    };
    let mut failed = Vec::new();
    let mut times = Vec::new();
    let begun = Instant::now();
    thread::scope(|scope| {
        let (mut ready, mut beside) = (None, None);
        let mut late = Late::since(begun);
        for (name, step) in STEPS {
            if !only.is_empty() && !only.iter().any(|wanted| *wanted == name) {
                continue;
            }
            if only.is_empty() && MAKE_READY.contains(&name) {
                ready.get_or_insert_with(|| scope.spawn(|| make_ready(workspace, form)));
                continue;
            }
            if name == NEEDS_READY
                && let Some(made) = ready.take()
            {
                joined(made).add_to(&mut outcome, &mut times, &mut failed);
            }
            if form == Form::Short && only.is_empty() && beside::STEPS.contains(&name) {
                beside.get_or_insert_with(|| scope.spawn(|| beside::run(workspace)));
                continue;
            }
            if late::is_late(name)
                && let Some(run) = beside.take()
            {
                let ran = joined(run);
                ran.print();
                ran.add_to(&mut outcome, &mut times, &mut failed);
            }
            println!("\n== {name}");
            let start = Instant::now();
            if form == Form::Short
                && only.is_empty()
                && let Some(why) = late.left_out(workspace, name)
            {
                outcome.skipped.insert(why);
                continue;
            }
            let result = caught(&mut || step(workspace, &mut outcome, form));
            told(name, start, result, &mut times, &mut failed);
        }
        // Whatever the order of steps becomes, nothing of what they came to is lost.
        if let Some(made) = ready {
            joined(made).add_to(&mut outcome, &mut times, &mut failed);
        }
        if let Some(run) = beside {
            let ran = joined(run);
            ran.print();
            ran.add_to(&mut outcome, &mut times, &mut failed);
        }
    });
    println!("\nseconds: {}", times.join(", "));
    for reason in &outcome.skipped {
        println!("{reason}");
    }
    // Again, as the last thing: whoever reads only the end of a long output learns what to mend.
    for line in outcome.failures.lines() {
        println!("{line}");
    }
    for line in &failed {
        println!("failed step: {line}");
    }
    let Counts {
        passed,
        failed: tests_failed,
        ignored,
    } = outcome.counts;
    let skipped = ignored + outcome.skipped.len() as u64;
    let failures = tests_failed.max(u64::from(!failed.is_empty()));
    println!("{passed} passed, {failures} failed, {skipped} skipped");
    Ok(if failed.is_empty() && failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs a step. One that panics has failed, and the others still have something to say.
fn caught(step: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err(anyhow!("it panicked, see above")))
}

/// Says what a step came to and how long it took, and notes both.
fn told(
    name: &str,
    start: Instant,
    result: Result<()>,
    times: &mut Vec<String>,
    failed: &mut Vec<String>,
) {
    let seconds = start.elapsed().as_secs();
    times.push(format!("{name} {seconds}"));
    match result {
        Ok(()) => println!("== {name}: ok, {seconds} s"),
        Err(error) => {
            println!("== {name}: FAILED, {seconds} s: {error:#}");
            failed.push(format!("{name}: {error:#}"));
        }
    }
}

/// What the steps came to that make ready what tests ask for.
#[derive(Debug)]
struct Ready {
    outcome: Outcome,
    times: Vec<String>,
    failed: Vec<String>,
}

/// Runs the steps of [`MAKE_READY`], of a run with tests.
fn make_ready(workspace: &Workspace, form: Form) -> Ready {
    let mut outcome = Outcome {
        with_tests: true,
        ..Outcome::default()
    };
    let (mut times, mut failed) = (Vec::new(), Vec::new());
    for (name, step) in STEPS.iter().filter(|(name, _)| MAKE_READY.contains(name)) {
        println!("== {name}: begun beside");
        let start = Instant::now();
        let result = caught(&mut || step(workspace, &mut outcome, form));
        told(name, start, result, &mut times, &mut failed);
    }
    Ready {
        outcome,
        times,
        failed,
    }
}

impl Ready {
    fn add_to(self, outcome: &mut Outcome, times: &mut Vec<String>, failed: &mut Vec<String>) {
        outcome.env.extend(self.outcome.env);
        outcome.skipped.extend(self.outcome.skipped);
        times.extend(self.times);
        failed.extend(self.failed);
    }
}

/// What a thread came to; its panic is this one's.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

fn demo(workspace: &Workspace, _: &mut Outcome, _: Form) -> Result<()> {
    Cmd::new(workspace, program::ai_audit(workspace)?)
        .arg("demo")
        .run()
}
