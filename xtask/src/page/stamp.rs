//! The stamp beside the page: by it the command line's build tells a page of older sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::page_stamp::{self, Stamp};
use super::{FOR_CLI, SCRIPTS, SOURCES, STYLES, TARGET};
use crate::generate;
use crate::workspace::Workspace;

/// Writes the stamp of a page that was just built.
///
/// # Errors
/// When the compiler did not say what it read, or that cannot be read again.
pub(super) fn write(workspace: &Workspace, page: &[u8]) -> Result<()> {
    let told = workspace.target.join(TARGET).join("page/ai_audit_wasm.d");
    let told = fs::read_to_string(&told).with_context(|| told.display().to_string())?;
    let names = sources(&told, &workspace.root, &workspace.target);
    ensure!(
        names.contains("crates/wasm/src/lib.rs") && names.contains("crates/verify/src/lib.rs"),
        "the compiler's list of what it read does not name our sources"
    );
    let names: Vec<String> = names.into_iter().collect();
    let version = env!("CARGO_PKG_VERSION");
    let text = page_stamp::text(version, page, &workspace.root, &names)?;
    let read = Stamp::parse(&text).context("the stamp does not read as one")?;
    ensure!(
        read.names().eq(&names) && read.stale(version, page, &workspace.root).is_none(),
        "the sources changed while the page was built; build it again"
    );
    let path = workspace.root.join(FOR_CLI).with_extension("stamp");
    super::write_changed(&path, text.as_bytes())
}

/// What the page is made of, from the root: what cargo says it compiled, the manifests of its crates, the
/// lock file, and the page's own sources.
fn sources(told: &str, root: &Path, target: &Path) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = ["Cargo.lock", "Cargo.toml"].map(String::from).into();
    for name in SCRIPTS
        .iter()
        .chain(&STYLES)
        .chain(&["worker.js", "page.html"])
    {
        names.insert(format!("{SOURCES}/{name}"));
    }
    names.extend(generate::SOURCES.map(String::from));
    // Of a makefile: spaces in names stand behind a backslash.
    let told = told.replace("\\ ", "\0");
    for word in told.split_ascii_whitespace() {
        let word = word.replace('\0', " ");
        let Ok(name) = Path::new(&word).strip_prefix(root) else {
            continue;
        };
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        // The first word is what was made of them.
        if word.ends_with(':') || Path::new(&word).starts_with(target) {
            continue;
        }
        if let [crates, of, ..] = parts.as_slice() {
            names.insert(format!("{crates}/{of}/Cargo.toml"));
        }
        names.insert(parts.join("/"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn what_the_compiler_read_is_listed_from_the_root() {
        let told =
            "/a b/out/x.wasm: /a b/out/made.rs /a b/crates/core/src/lib.rs /elsewhere/y.rs\n"
                .replace("a b", "a\\ b");
        let names = sources(&told, Path::new("/a b"), Path::new("/a b/out"));
        let ours: Vec<_> = names.iter().filter(|name| name.contains("core")).collect();
        assert_eq!(ours, ["crates/core/Cargo.toml", "crates/core/src/lib.rs"]);
        assert!(names.contains("Cargo.lock") && names.contains("crates/wasm/page/main.js"));
        assert!(
            !names
                .iter()
                .any(|name| name.contains("elsewhere") || name.contains("out/"))
        );
    }

    #[test]
    fn a_page_of_other_sources_is_told() -> Result<()> {
        let place = std::env::temp_dir().join(format!("ai-audit-stamp-{}", std::process::id()));
        fs::create_dir_all(&place)?;
        fs::write(place.join("a.rs"), "old")?;
        let names = ["a.rs".to_owned()];
        let text = page_stamp::text("1.0.0", b"page", &place, &names)?;
        let stamp = Stamp::parse(&text).context("it was just written")?;
        assert_eq!(stamp.names().collect::<Vec<_>>(), ["a.rs"]);
        let why = |version, page: &[u8]| stamp.stale(version, page, &place).unwrap_or_default();
        assert_eq!(why("1.0.0", b"page"), "");
        assert!(why("1.1.0", b"page").contains("of version 1.0.0"));
        assert!(why("1.0.0", b"pagf").contains("another page"));
        fs::write(place.join("a.rs"), "new")?;
        assert!(why("1.0.0", b"page").contains("a.rs has changed"));
        fs::remove_dir_all(&place)?;
        assert!(why("1.0.0", b"page").contains("a.rs has changed"));
        assert!(Stamp::parse("").is_none() && Stamp::parse("version 1\npage 2\n").is_none());
        Ok(())
    }
}
