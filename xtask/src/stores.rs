//! `cargo xtask stores`: throughput of the stores that are servers, each beside its bare driver.

use anyhow::Result;

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Crates whose example `throughput` starts a server of its own and measures.
const STORES: [&str; 1] = ["ai-audit-store-postgres"];

/// Measures each. One whose server is absent says so.
///
/// # Errors
/// When an append fails; in the whole form also when one is slower than its bar.
pub(crate) fn run(workspace: &Workspace, short: bool) -> Result<()> {
    for store in STORES {
        println!("{store}");
        let mut cargo = Cmd::cargo(workspace);
        cargo = cargo.args(["run", "--quiet", "--release", "--package", store]);
        cargo = cargo.args(["--example", "throughput"]);
        if short {
            cargo = cargo.args(["--", "--short"]);
        }
        cargo.run()?;
    }
    Ok(())
}
