//! Miri: the core, the trees and the C interface interpreted, and the format on a big-endian machine.
//!
//! Signatures are what Miri is slow at, some seconds each, and nothing about them is unsafe in this
//! repository. So tests that make or check hundreds of them are left out by name.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, ensure};

use crate::counts::Counts;
use crate::shell::{Cmd, Show};
use crate::workspace::Workspace;

/// 64 bits, the most significant byte first.
const BIG_ENDIAN: &str = "s390x-unknown-linux-gnu";

/// What the arithmetic of signatures is compiled with, in the root of the workspace.
const CONFIG: &str = "xtask/src/miri.toml";

/// One run of a crate's tests.
struct Run {
    package: &'static str,
    /// What cargo builds and starts.
    targets: &'static [&'static str],
    /// Parts of names of tests: these only; all, where there are none.
    only: &'static [&'static str],
    /// Parts of names of tests: these not.
    skip: &'static [&'static [&'static str]],
    big_endian: bool,
}

const UNITS: &[&str] = &["--lib"];
const TESTS: &[&str] = &["--test", "it"];
const BOTH: &[&str] = &["--lib", "--test", "it"];

impl Run {
    fn is_of(&self, name: &str) -> bool {
        self.package.strip_prefix("ai-audit-") == Some(name)
    }
}

const fn whole(package: &'static str, targets: &'static [&'static str]) -> Run {
    Run {
        package,
        targets,
        only: &[],
        skip: &[],
        big_endian: false,
    }
}

/// In CI, in some minutes from nothing: pointers and placed blocks, what has no signatures, and the
/// vectors sealed again on the big-endian machine.
const SHORT: [Run; 4] = [
    Run {
        only: &["spec_vectors::receipts_seal"],
        big_endian: true,
        ..whole("ai-audit-core", TESTS)
    },
    Run {
        only: &[
            "pointers::closed",
            "pointers::unknown",
            "hostile::any_",
            "bodies::digests",
        ],
        ..whole("ai-audit-ffi", TESTS)
    },
    Run {
        skip: &[&SLOW_IN_CORE],
        ..whole("ai-audit-core", UNITS)
    },
    whole("ai-audit-merkle", UNITS),
];

/// All, what takes longest first; two that are next to each other leave nothing out between them.
const WHOLE: [Run; 8] = [
    Run {
        only: &LONG_IN_FFI,
        ..whole("ai-audit-ffi", TESTS)
    },
    Run {
        skip: &[&LONG_IN_FFI],
        ..whole("ai-audit-ffi", BOTH)
    },
    Run {
        only: &LONG_IN_CORE,
        skip: &[&SLOW_IN_CORE],
        ..whole("ai-audit-core", TESTS)
    },
    Run {
        skip: &[&LONG_IN_CORE, &SLOW_IN_CORE],
        ..whole("ai-audit-core", BOTH)
    },
    Run {
        skip: &[&SLOW_IN_MERKLE],
        ..whole("ai-audit-merkle", BOTH)
    },
    Run {
        only: &[
            "spec_vectors",
            "vectors_text",
            "a18_digests",
            "a20_encoding",
            "hash",
            "time",
        ],
        skip: &[&SLOW_IN_CORE],
        big_endian: true,
        ..whole("ai-audit-core", BOTH)
    },
    Run {
        only: &["vectors", "a17_shape", "tiles"],
        skip: &[&SLOW_IN_MERKLE],
        big_endian: true,
        ..whole("ai-audit-merkle", TESTS)
    },
    Run {
        only: &["bodies", "walks::frames"],
        big_endian: true,
        ..whole("ai-audit-ffi", TESTS)
    },
];

/// A part that another run has, so that both end at about the same time.
const LONG_IN_FFI: [&str; 1] = ["hostile::"];

/// As [`LONG_IN_FFI`].
const LONG_IN_CORE: [&str; 3] = ["a20_", "a21_", "history::"];

/// Hundreds of signatures, tables of 4096 points, megabytes of hexadecimal digits, or every byte of a log in turn.
const SLOW_IN_CORE: [&str; 12] = [
    "a_key_that_was_revoked",
    "a01_",
    "a02_",
    "a03_",
    "bulk",
    "negative_cases",
    "nist_sha256_messages",
    "no_alloc",
    "properties",
    "two_keys_in_turn",
    "unicode_normalization_test",
    "vectors_ed25519",
];

/// Trees of hundreds of leaves or of every size up to that, against two other implementations, and every
/// choice of leaves: a hash takes a twentieth of a second.
const SLOW_IN_MERKLE: [&str; 9] = [
    "at_the_edges",
    "differential",
    "each_tile_is_read_once",
    "forgotten_tiles",
    "growing_tile",
    "largest_multi_proof",
    "lower_tiles",
    "multi_proof_of_every_set",
    "properties",
];

/// Runs the short form or the whole one, of these crates or of all, in a target directory of its own, as many programs at once as there
/// are cores, since Miri interprets on one; or says why nothing ran.
///
/// # Errors
/// When a test fails, or Miri finds undefined behaviour.
pub(crate) fn run(workspace: &Workspace, short: bool, crates: &[String]) -> Result<Option<String>> {
    let runs: &[Run] = if short { &SHORT } else { &WHOLE };
    let named = |run: &&Run| crates.is_empty() || crates.iter().any(|name| run.is_of(name));
    for name in crates {
        ensure!(
            runs.iter().any(|run| run.is_of(name)),
            "Miri runs nothing of {name:?}: expected core, merkle or ffi"
        );
    }
    let runs: Vec<&Run> = runs.iter().filter(named).collect();
    if let Some(reason) = missing(workspace) {
        return Ok(Some(format!("SKIPPED: miri: {reason}")));
    }
    // The standard libraries are built by one.
    for target in [&[][..], &["--target", BIG_ENDIAN]] {
        miri(workspace).arg("setup").args(target).run()?;
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            interpret(workspace, run, short)?;
        }
        Ok(())
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let all: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        all.into_iter().try_for_each(|one| match one.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(None)
}

fn interpret(workspace: &Workspace, run: &Run, short: bool) -> Result<()> {
    let mut cmd = miri(workspace)
        .args(["test", "--config", CONFIG, "-p", run.package])
        .args(run.targets);
    if run.package == "ai-audit-ffi" {
        // Signs with tables as the core does by default, which nothing of the interface depends on.
        cmd = cmd.args(["--features", "ai-audit-core/fast"]);
    }
    if run.big_endian {
        cmd = cmd.args(["--target", BIG_ENDIAN]);
    }
    cmd = cmd.arg("--").args(run.only);
    for skipped in run.skip.iter().copied().flatten() {
        cmd = cmd.args(["--skip", skipped]);
    }
    let mut passed = 0;
    cmd.args(["-Zunstable-options", "--report-time"])
        // Vectors are files.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", if short { "4" } else { "16" })
        .run_lines(|line| {
            let mut counts = Counts::default();
            counts.take_line(line);
            passed += counts.passed;
            Show::Yes
        })?;
    // Names change, and a filter that fits nothing would pass for ever.
    ensure!(
        passed > 0,
        "{}: no test has a name with any of {:?}",
        run.package,
        run.only
    );
    Ok(())
}

fn miri(workspace: &Workspace) -> Cmd {
    nightly(workspace)
        .args(["cargo", "miri"])
        .env("CARGO_TARGET_DIR", workspace.target.join("miri"))
}

fn nightly(workspace: &Workspace) -> Cmd {
    Cmd::new(workspace, "rustup").args(["run", "nightly"])
}

/// What is missing and cannot be had.
fn missing(workspace: &Workspace) -> Option<String> {
    if !nightly(workspace).args(["cargo", "--version"]).works() {
        return Some(
            "no nightly toolchain; install one with: rustup toolchain install nightly".into(),
        );
    }
    let there = || {
        nightly(workspace)
            .args(["cargo", "miri", "--version"])
            .works()
    };
    let source = || {
        let sysroot = nightly(workspace)
            .args(["rustc", "--print", "sysroot"])
            .read();
        sysroot.is_ok_and(|at| {
            let source = "lib/rustlib/src/rust/library/Cargo.lock";
            std::path::Path::new(at.trim()).join(source).is_file()
        })
    };
    if there() && source() {
        return None;
    }
    println!("the nightly toolchain has no Miri or no sources: adding them with rustup");
    let added = Cmd::new(workspace, "rustup")
        .args([
            "component",
            "add",
            "--toolchain",
            "nightly",
            "miri",
            "rust-src",
        ])
        .run();
    match added {
        Ok(()) if there() && source() => None,
        _ => Some(
            "its components are missing; install them with: \
             rustup component add --toolchain nightly miri rust-src"
                .into(),
        ),
    }
}
