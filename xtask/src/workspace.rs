//! What `cargo metadata` says about this workspace, reduced to what the checks need.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The workspace: where it is and its own packages.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Directory of the manifest.
    pub(crate) dir: PathBuf,
    /// Declared dependencies, optional ones included.
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    /// Names of features, `default` left out.
    pub(crate) features: Vec<String>,
    /// Those that are switched on where nobody says which.
    pub(crate) by_default: Vec<String>,
}

/// A declared dependency.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
}

/// When a dependency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    Normal,
    Build,
    Dev,
}

/// Something cargo compiles: a library, binary, example, test, bench or build script.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl Workspace {
    /// Asks cargo about the workspace that this program belongs to.
    ///
    /// # Errors
    /// When cargo cannot be run or answers with something unexpected.
    pub(crate) fn load() -> Result<Self> {
        // At run time first: a copied target directory must not lead to the old place.
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here.parent().context("xtask has no folder above it")?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .current_dir(root)
            .output()
            .context("cannot start `cargo metadata`")?;
        if !output.status.success() {
            bail!(
                "`cargo metadata` failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Self::from_metadata(&serde_json::from_slice(&output.stdout)?)
    }

    /// The package with this name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// `path` as seen from the root, with forward slashes.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        inside.to_string_lossy().replace('\\', "/")
    }

    fn from_metadata(metadata: &Value) -> Result<Self> {
        let packages = list(metadata, "packages")?
            .iter()
            .map(package)
            .collect::<Result<_>>()?;
        Ok(Workspace {
            root: text(metadata, "workspace_root")?.into(),
            target: text(metadata, "target_directory")?.into(),
            packages,
        })
    }
}

impl Package {
    /// The folder under `crates/`, if the package is directly in one.
    pub(crate) fn crate_folder(&self, workspace: &Workspace) -> Option<&str> {
        if self.dir.parent()? != workspace.root.join("crates") {
            return None;
        }
        self.dir.file_name()?.to_str()
    }
}

fn package(value: &Value) -> Result<Package> {
    let manifest = PathBuf::from(text(value, "manifest_path")?);
    let dependencies = list(value, "dependencies")?
        .iter()
        .map(dependency)
        .collect::<Result<_>>()?;
    let targets = list(value, "targets")?
        .iter()
        .map(|target| {
            let kind = list(target, "kind")?
                .first()
                .and_then(Value::as_str)
                .unwrap_or_default();
            Ok(Target {
                kind: kind.into(),
                name: text(target, "name")?.into(),
            })
        })
        .collect::<Result<_>>()?;
    let features = value["features"]
        .as_object()
        .context("a package without features")?;
    Ok(Package {
        name: text(value, "name")?.into(),
        dir: manifest
            .parent()
            .context("a manifest without a folder")?
            .into(),
        dependencies,
        targets,
        features: features
            .keys()
            .filter(|name| *name != "default")
            .cloned()
            .collect(),
        by_default: features
            .get("default")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect(),
    })
}

fn dependency(value: &Value) -> Result<Dependency> {
    let name = text(value, "name")?;
    let kind = match value["kind"].as_str() {
        None => DependencyKind::Normal,
        Some("build") => DependencyKind::Build,
        Some("dev") => DependencyKind::Dev,
        Some(other) => bail!("unknown kind of dependency {other:?} on {name}"),
    };
    Ok(Dependency {
        name: name.into(),
        kind,
    })
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field]
        .as_str()
        .with_context(|| format!("cargo's answer has no text in {field:?}"))
}

fn list<'a>(value: &'a Value, field: &str) -> Result<&'a [Value]> {
    let found = value[field].as_array();
    Ok(found.with_context(|| format!("cargo's answer has no list in {field:?}"))?)
}
