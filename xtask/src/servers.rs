//! The servers that the Python library keeps receipts in, Redis and PostgreSQL, for the tests that read them.

use std::path::Path;

use crate::tools;
use crate::workspace::Workspace;

/// Where Debian puts each version's programs, which are in no search path.
const POSTGRES: &str = "/usr/lib/postgresql";

/// Looks whether there is what the tests start servers from, each its own on a port of its own; or says
/// what they will skip. In CI installs what is missing.
pub(crate) fn ensure(workspace: &Workspace) -> Option<String> {
    let missing = missing(workspace);
    if missing.is_empty() {
        return None;
    }
    if let Err(error) = tools::debian(workspace, &missing) {
        return Some(format!("SKIPPED: servers as sources: {error:#}"));
    }
    let missing = self::missing(workspace);
    (!missing.is_empty()).then(|| {
        format!(
            "SKIPPED: servers as sources: {} absent",
            missing.join(" and ")
        )
    })
}

/// Debian's packages that are not there.
fn missing(workspace: &Workspace) -> Vec<&'static str> {
    let redis = tools::there(workspace, "redis-server");
    let postgres = Path::new(POSTGRES).read_dir().is_ok_and(|mut versions| {
        versions.any(|version| version.is_ok_and(|at| at.path().join("bin/initdb").is_file()))
    });
    let found = [("redis-server", redis), ("postgresql", postgres)];
    let missing = found.into_iter().filter(|(_, there)| !there);
    missing.map(|(package, _)| package).collect()
}
