//! The servers that the Python library keeps receipts in, Redis and PostgreSQL, for the tests that read them.

use std::path::Path;

use crate::shell::Cmd;
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
    // A developer's machine is left as it is.
    if std::env::var_os("CI").is_some() {
        println!(
            "{} not installed: installing Debian's",
            missing.join(" and ")
        );
        let mut install = vec!["-q", "install", "-y", "--no-install-recommends"];
        install.extend(&missing);
        for arguments in [&["-q", "update"][..], &install] {
            let apt = Cmd::new(workspace, "apt-get").args(arguments);
            if let Err(error) = apt.env("DEBIAN_FRONTEND", "noninteractive").run() {
                return Some(format!("SKIPPED: servers as sources: {error:#}"));
            }
        }
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
    let redis = Cmd::new(workspace, "redis-server").arg("--version").works();
    let postgres = Path::new(POSTGRES).read_dir().is_ok_and(|mut versions| {
        versions.any(|version| version.is_ok_and(|at| at.path().join("bin/initdb").is_file()))
    });
    let found = [("redis-server", redis), ("postgresql", postgres)];
    let missing = found.into_iter().filter(|(_, there)| !there);
    missing.map(|(package, _)| package).collect()
}
