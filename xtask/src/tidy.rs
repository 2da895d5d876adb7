//! House rules that a compiler does not know: layers, file heads, sizes, manifests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::release::readme;
use crate::shell::Cmd;
use crate::workspace::{DependencyKind, Package, Workspace};

/// Crates by layer, the lowest first. A crate sees only layers below its own.
const LAYERS: [&[&str]; 11] = [
    &["core"],
    &[
        "analytics",
        "json",
        "listen",
        "merkle",
        "pii",
        "postgres-link",
        "readahead",
        "shredding",
        "signer-aws-lc",
    ],
    &["note", "agentic", "contracts", "timestamp", "epochs"],
    &["import"],
    &["verify"],
    &[
        "compliance",
        "export",
        "fleet",
        "store",
        "ingest",
        "import-servers",
    ],
    &[
        "kms",
        "otlp",
        "report",
        "store-object",
        "store-postgres",
        "store-redis",
        "store-sqlite",
        "telemetry",
        "witness",
    ],
    &["directory"],
    &["ai-audit-trail", "intake"],
    &[
        "ffi",
        "mcp",
        "mcp-proxy",
        "proxy",
        "server",
        "tower",
        "tracing",
        "wasm",
    ],
    &["cli"],
];

/// Crates for tests only: nothing may depend on them but tests.
const FOR_TESTS: [&str; 1] = ["testkit"];

/// The crate that may hold unsafe code. What is forbidden cannot be allowed again, so it repeats the
/// workspace's lints and denies this one instead.
const UNSAFE: &str = "ffi";

/// Longest source file, in lines; about 400 is the aim.
const MAX_LINES: usize = 500;

/// Checks everything and tells all that it found.
///
/// # Errors
/// When a rule does not hold.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut problems = Vec::new();
    for package in &workspace.packages {
        layers(workspace, package, &mut problems);
        manifest(workspace, package, &mut problems)?;
    }
    let files = sources(workspace)?;
    for file in &files {
        source(workspace, file, &mut problems)?;
    }
    unheard(workspace, &files, &mut problems)?;
    architecture(workspace, &mut problems)?;
    changelog(workspace, &mut problems);
    problems.extend(readme::problems(workspace)?);
    for problem in &problems {
        println!("tidy: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} things are not tidy", problems.len());
    }
    println!(
        "tidy: {} packages, {} source files",
        workspace.packages.len(),
        files.len()
    );
    Ok(())
}

fn layer_of(folder: &str) -> Option<usize> {
    LAYERS.iter().position(|crates| crates.contains(&folder))
}

/// The folder of one of our packages, by its name.
fn folder_of(package: &str) -> &str {
    match package {
        "ai-audit-trail" => package,
        _ => package.strip_prefix("ai-audit-").unwrap_or(package),
    }
}

fn layers(workspace: &Workspace, package: &Package, problems: &mut Vec<String>) {
    let Some(folder) = package.crate_folder(workspace) else {
        return;
    };
    let name = &package.name;
    if FOR_TESTS.contains(&folder) {
        return;
    }
    let Some(own) = layer_of(folder) else {
        problems.push(format!(
            "crates/{folder}: it is in no layer; add it to xtask/src/tidy.rs"
        ));
        return;
    };
    if folder_of(name) != folder {
        problems.push(format!(
            "crates/{folder}: the package should be ai-audit-{folder}, not {name}"
        ));
    }
    for dependency in &package.dependencies {
        if workspace.package(&dependency.name).is_none() {
            continue;
        }
        let other = folder_of(&dependency.name);
        if FOR_TESTS.contains(&other) {
            if dependency.kind != DependencyKind::Dev {
                problems.push(format!("{name}: {} is for tests only", dependency.name));
            }
            continue;
        }
        // What tests use may be of the same layer, as a store's tests use another store.
        let limit = if dependency.kind == DependencyKind::Dev {
            own + 1
        } else {
            own
        };
        match layer_of(other) {
            Some(layer) if layer < limit => {}
            _ => problems.push(format!(
                "{name} (layer {own}) must not see {}: it is not in a layer below",
                dependency.name
            )),
        }
    }
}

fn manifest(workspace: &Workspace, package: &Package, problems: &mut Vec<String>) -> Result<()> {
    let path = package.dir.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let shown = workspace.relative(&path);
    if !text.contains("\ndescription = \"") {
        problems.push(format!("{shown}: no description"));
    }
    if package.crate_folder(workspace) == Some(UNSAFE) {
        let root = fs::read_to_string(workspace.root.join("Cargo.toml"))?;
        for lint in missing_lints(&root, &text) {
            problems.push(format!(
                "{shown}: it does not have the workspace's lint `{lint}`"
            ));
        }
    } else if !text.contains("[lints]\nworkspace = true") {
        problems.push(format!("{shown}: it does not take the workspace's lints"));
    }
    Ok(())
}

/// The lints of the workspace's manifest that a crate's own lacks, but for the one on unsafe code, which
/// it must deny.
fn missing_lints<'r>(root: &'r str, own: &str) -> Vec<&'r str> {
    let lints = root
        .split_once("[workspace.lints.rust]")
        .map_or("", |(_, lints)| lints);
    let end = lints.find("[profile").unwrap_or(lints.len());
    let mut missing: Vec<&str> = lints[..end]
        .lines()
        .filter(|line| line.contains(" = ") && !line.starts_with("unsafe_code"))
        .filter(|line| !own.lines().any(|has| has == *line))
        .collect();
    if !own.contains("\nunsafe_code = \"deny\"\n") {
        missing.push("unsafe_code = \"deny\"");
    }
    missing
}

/// All Rust files that git knows or would take.
fn sources(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let listed = Cmd::new(workspace, "git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.rs",
        ])
        .read()?;
    let paths = listed.lines().map(|line| workspace.root.join(line));
    Ok(paths.filter(|path| path.is_file()).collect())
}

fn source(workspace: &Workspace, path: &Path, problems: &mut Vec<String>) -> Result<()> {
    let shown = workspace.relative(path);
    let text = fs::read_to_string(path).with_context(|| shown.clone())?;
    if !text.starts_with("//!") {
        problems.push(format!(
            "{shown}: the first line must be `//!` and say what the file is for"
        ));
    }
    if shown.ends_with("/mod.rs") {
        problems.push(format!(
            "{shown}: write foo.rs beside foo/ instead of foo/mod.rs"
        ));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        problems.push(format!("{shown}: {lines} lines, at most {MAX_LINES}"));
    }
    if prints_a_path(&shown, &text) {
        problems.push(format!(
            "{shown}: a path is shown with `shown_path` of crate::output: a name may have commands to the terminal in it"
        ));
    }
    let is_root = shown.ends_with("src/lib.rs");
    if is_root
        && !text
            .lines()
            .any(|line| line.starts_with("pub ") || line.starts_with("mod "))
    {
        problems.push(format!("{shown}: an empty shell"));
    }
    Ok(())
}

/// Whether a file of the command line shows a path as it is. Files that others hand over have names
/// that others chose.
fn prints_a_path(shown: &str, text: &str) -> bool {
    shown.starts_with("crates/cli/src/")
        && shown != "crates/cli/src/output/text.rs"
        && [".display()", "Path::display"]
            .iter()
            .any(|call| text.contains(call))
}

/// A test in the sources of a package that has none run there (`test = false`) would never fail.
fn unheard(workspace: &Workspace, files: &[PathBuf], problems: &mut Vec<String>) -> Result<()> {
    for package in &workspace.packages {
        let manifest = fs::read_to_string(package.dir.join("Cargo.toml"))
            .with_context(|| package.dir.display().to_string())?;
        if !manifest.lines().any(|line| line == "test = false") {
            continue;
        }
        for file in files {
            if !file.starts_with(package.dir.join("src")) {
                continue;
            }
            let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            if text.lines().any(|line| line.trim() == "#[test]") {
                let shown = workspace.relative(file);
                problems.push(format!(
                    "{shown}: a test that nobody runs: its package says `test = false`, so it belongs in tests/"
                ));
            }
        }
    }
    Ok(())
}

/// The document must name every crate that is there.
fn architecture(workspace: &Workspace, problems: &mut Vec<String>) -> Result<()> {
    let path = workspace.root.join("docs/ARCHITECTURE.md");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    for package in &workspace.packages {
        if let Some(folder) = package.crate_folder(workspace)
            && !text.contains(&format!("`{folder}`"))
        {
            problems.push(format!("docs/ARCHITECTURE.md does not name `{folder}`"));
        }
    }
    Ok(())
}

fn changelog(workspace: &Workspace, problems: &mut Vec<String>) {
    let text = fs::read_to_string(workspace.root.join("CHANGELOG.md")).unwrap_or_default();
    if !text.contains("## [Unreleased]") {
        problems.push("CHANGELOG.md has no section `## [Unreleased]`".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(folder: &str, dependency: &str, kind: DependencyKind) -> Package {
        Package {
            name: format!("ai-audit-{folder}"),
            dir: PathBuf::from("/w/crates").join(folder),
            dependencies: vec![Dependency {
                name: dependency.into(),
                kind,
            }],
            targets: Vec::new(),
            features: Vec::new(),
            by_default: Vec::new(),
        }
    }

    fn problems(folder: &str, dependency: &str, kind: DependencyKind) -> usize {
        let target = package(folder_of(dependency), "serde", DependencyKind::Normal);
        let workspace = Workspace {
            root: "/w".into(),
            target: "/w/target".into(),
            packages: vec![target],
        };
        let mut problems = Vec::new();
        layers(
            &workspace,
            &package(folder, dependency, kind),
            &mut problems,
        );
        problems.len()
    }

    #[test]
    fn lints_that_are_repeated_are_all_there() {
        let root = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"warn\"\n\n\
                    [workspace.lints.clippy]\ntodo = \"warn\"\n\n[profile.release]\nlto = \"thin\"\n";
        let own = "[lints.rust]\nunsafe_code = \"deny\"\nmissing_docs = \"warn\"\n[lints.clippy]\n";
        assert_eq!(missing_lints(root, own), ["todo = \"warn\""]);
        let own = "[lints.rust]\nmissing_docs = \"warn\"\ntodo = \"warn\"\n";
        assert_eq!(missing_lints(root, own), ["unsafe_code = \"deny\""]);
    }

    #[test]
    fn paths_are_shown_in_one_place() {
        let text = "format!(\"{}\", path.display())";
        assert!(prints_a_path("crates/cli/src/commands/verify.rs", text));
        assert!(!prints_a_path("crates/cli/src/output/text.rs", text));
        assert!(!prints_a_path("crates/directory/src/error.rs", text));
        assert!(!prints_a_path("crates/cli/src/open.rs", "shown_path(path)"));
    }

    #[test]
    fn edges_point_down_only() {
        use DependencyKind::{Dev, Normal};
        assert_eq!(problems("verify", "ai-audit-core", Normal), 0);
        assert_eq!(problems("core", "ai-audit-merkle", Normal), 1, "upward");
        assert_eq!(problems("merkle", "ai-audit-json", Normal), 1, "sideways");
        assert_eq!(
            problems("store", "ai-audit-store-sqlite", Dev),
            1,
            "upward in tests"
        );
        assert_eq!(
            problems("store", "ai-audit-export", Dev),
            0,
            "sideways in tests"
        );
        assert_eq!(problems("store", "ai-audit-testkit", Dev), 0);
        assert_eq!(problems("store", "ai-audit-testkit", Normal), 1);
        assert_eq!(problems("unheard-of", "ai-audit-core", Normal), 1);
    }
}
