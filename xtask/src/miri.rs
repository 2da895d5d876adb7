//! Miri: the core, the trees and the C interface interpreted, and the format on a big-endian machine.
//!
//! Signatures are what Miri is slow at, some seconds each, and nothing about them is unsafe in this
//! repository. So tests that make or check hundreds of them are left out by name.

use anyhow::{Result, ensure};

use crate::counts::Counts;
use crate::shell::{Cmd, Show};
use crate::workspace::Workspace;

/// 64 bits, the most significant byte first.
const BIG_ENDIAN: &str = "s390x-unknown-linux-gnu";

/// One run of a crate's tests.
struct Run {
    package: &'static str,
    /// What cargo builds and starts.
    targets: &'static [&'static str],
    /// Parts of names of tests: these only; all, where there are none.
    only: &'static [&'static str],
    /// Parts of names of tests: these not.
    skip: &'static [&'static str],
    big_endian: bool,
}

/// In CI, in some minutes from nothing: pointers and placed blocks, what has no signatures, and the
/// vectors sealed again on the big-endian machine.
const SHORT: [Run; 4] = [
    Run {
        package: "ai-audit-ffi",
        targets: &["--test", "it"],
        only: &[
            "pointers::closed",
            "pointers::unknown",
            "hostile::any_",
            "bodies::digests",
        ],
        skip: &[],
        big_endian: false,
    },
    Run {
        package: "ai-audit-core",
        targets: &["--lib"],
        only: &[],
        skip: &SLOW_IN_CORE,
        big_endian: false,
    },
    Run {
        package: "ai-audit-merkle",
        targets: &["--lib"],
        only: &[],
        skip: &[],
        big_endian: false,
    },
    Run {
        package: "ai-audit-core",
        targets: &["--test", "it"],
        only: &["spec_vectors::receipts_seal"],
        skip: &[],
        big_endian: true,
    },
];

/// All that ends within a night.
const WHOLE: [Run; 6] = [
    Run {
        package: "ai-audit-ffi",
        targets: &["--lib", "--test", "it"],
        only: &[],
        skip: &[],
        big_endian: false,
    },
    Run {
        package: "ai-audit-core",
        targets: &["--lib", "--test", "it"],
        only: &[],
        skip: &SLOW_IN_CORE,
        big_endian: false,
    },
    Run {
        package: "ai-audit-merkle",
        targets: &["--lib", "--test", "it"],
        only: &[],
        skip: &SLOW_IN_MERKLE,
        big_endian: false,
    },
    Run {
        package: "ai-audit-core",
        targets: &["--lib", "--test", "it"],
        only: &[
            "spec_vectors",
            "vectors_text",
            "a18_digests",
            "a20_encoding",
            "hash",
            "time",
        ],
        skip: &["negative_cases"],
        big_endian: true,
    },
    Run {
        package: "ai-audit-merkle",
        targets: &["--test", "it"],
        only: &["vectors", "a17_shape", "tiles"],
        skip: &[],
        big_endian: true,
    },
    Run {
        package: "ai-audit-ffi",
        targets: &["--test", "it"],
        only: &["bodies", "walks::frames"],
        skip: &[],
        big_endian: true,
    },
];

/// Hundreds of signatures, tables of 4096 points, or every byte of a log in turn.
const SLOW_IN_CORE: [&str; 8] = [
    "a01_",
    "a02_",
    "a03_",
    "bulk",
    "negative_cases",
    "no_alloc",
    "properties",
    "vectors_ed25519",
];

/// Trees of every size up to some hundreds, against two other implementations, and every choice of
/// leaves.
const SLOW_IN_MERKLE: [&str; 3] = ["differential", "multi_proof_of_every_set", "properties"];

/// Runs the short form or the whole one, in a target directory of its own; or says why nothing ran.
///
/// # Errors
/// When a test fails, or Miri finds undefined behaviour.
pub(crate) fn run(workspace: &Workspace, short: bool) -> Result<Option<String>> {
    if let Some(reason) = missing(workspace) {
        return Ok(Some(format!("SKIPPED: miri: {reason}")));
    }
    let runs: &[Run] = if short { &SHORT } else { &WHOLE };
    for run in runs {
        let mut cmd = nightly(workspace)
            .args(["cargo", "miri", "test", "-p", run.package])
            .args(run.targets);
        if run.big_endian {
            cmd = cmd.args(["--target", BIG_ENDIAN]);
        }
        cmd = cmd.arg("--").args(run.only);
        for skipped in run.skip {
            cmd = cmd.args(["--skip", skipped]);
        }
        let mut passed = 0;
        cmd.env("CARGO_TARGET_DIR", workspace.target.join("miri"))
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
    }
    Ok(None)
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
