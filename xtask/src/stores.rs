//! `cargo xtask stores`: throughput of the stores that are servers, each beside its bare driver.

use anyhow::{Result, ensure};

use crate::program::{self, Speed};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// A crate, its example that starts a server of its own and measures, and what makes that short.
const STORES: [(&str, &str, &[&str]); 2] = [
    (
        "ai-audit-store-postgres",
        "postgres_throughput",
        &["--short"],
    ),
    // Seconds, and rounds.
    ("ai-audit-store-redis", "redis_throughput", &["1", "1"]),
];

/// Measures each. One whose server is absent says so.
///
/// # Errors
/// When an append fails; in the whole form also when PostgreSQL's is slower than its bar.
pub(crate) fn run(workspace: &Workspace, short: bool) -> Result<()> {
    let mut missed = Vec::new();
    for (package, example, brief) in STORES {
        println!("{package}");
        let args = if short { brief } else { &[] };
        let ran = program::example(workspace, Speed::of(short), package, example)
            .and_then(|program| Cmd::new(workspace, program).args(args).run());
        missed.extend(ran.err().map(|error| format!("{error:#}")));
    }
    ensure!(missed.is_empty(), "{}", missed.join("; "));
    Ok(())
}
