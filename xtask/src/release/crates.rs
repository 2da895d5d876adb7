//! The crates that are published: what their manifests say, in the order in which they can be published.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// One package of the workspace, with what a release looks at.
#[derive(Clone, Debug)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Directory of the manifest.
    pub(crate) dir: PathBuf,
    pub(crate) description: String,
    pub(crate) license: String,
    pub(crate) rust_version: String,
    /// The path of its README in its directory, or nothing.
    pub(crate) readme: String,
    pub(crate) published: bool,
    /// Has a library, not a program alone.
    pub(crate) library: bool,
    /// Features with what each switches on, `default` among them.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) internal: Vec<Internal>,
    /// How many keywords and categories it has.
    pub(crate) listed: (usize, usize),
}

/// A dependency on another package of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Internal {
    pub(crate) name: String,
    /// The version asked for, as cargo writes it: `^0.1.0`, or `*` where only the path is given.
    pub(crate) req: String,
    pub(crate) dev: bool,
}

/// All packages of the workspace, by name.
///
/// # Errors
/// When cargo cannot be asked, or answers with something unexpected.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Crate>> {
    let said = Cmd::cargo(workspace)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .read()?;
    let metadata: Value = serde_json::from_str(&said)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata has no packages")?;
    let mut crates = packages.iter().map(read).collect::<Result<Vec<_>>>()?;
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<String> = crates.iter().map(|found| found.name.clone()).collect();
    for found in &mut crates {
        found.internal.retain(|other| names.contains(&other.name));
    }
    Ok(crates)
}

/// Those that are published, each after what it needs, also in its tests.
///
/// # Errors
/// As [`all`], and when they need each other in a circle.
pub(crate) fn in_order(workspace: &Workspace) -> Result<Vec<Crate>> {
    let published = all(workspace)?.into_iter().filter(|found| found.published);
    order(published.collect())
}

/// The crates named and all that they stand on, in order: those of their tests as well where a package names
/// them, by a version.
///
/// # Errors
/// When one is not there.
pub(crate) fn with_needs(ordered: &[Crate], names: &[&str]) -> Result<Vec<Crate>> {
    let mut wanted: Vec<String> = names.iter().map(|name| (*name).into()).collect();
    let mut at = 0;
    while let Some(name) = wanted.get(at).cloned() {
        let found = ordered.iter().find(|found| found.name == name);
        let found = found.with_context(|| format!("no published crate {name}"))?;
        let named = |needed: &&Internal| !needed.dev || needed.req != "*";
        for needed in found.internal.iter().filter(named) {
            if !wanted.contains(&needed.name) {
                wanted.push(needed.name.clone());
            }
        }
        at += 1;
    }
    let kept = ordered.iter().filter(|found| wanted.contains(&found.name));
    Ok(kept.cloned().collect())
}

fn order(mut left: Vec<Crate>) -> Result<Vec<Crate>> {
    let mut done: Vec<Crate> = Vec::new();
    while !left.is_empty() {
        let waits = |found: &Crate| {
            // A dependency without a version is left out of what is published.
            let needed = found.internal.iter().filter(|needed| needed.req != "*");
            needed
                .map(|needed| &needed.name)
                .any(|name| left.iter().any(|other| other.name == *name))
        };
        let (later, ready): (Vec<_>, Vec<_>) = left.iter().cloned().partition(waits);
        if ready.is_empty() {
            let names: Vec<_> = later.iter().map(|found| found.name.as_str()).collect();
            bail!(
                "these need each other in a circle, so none can be published first: {}",
                names.join(", ")
            );
        }
        done.extend(ready);
        left = later;
    }
    Ok(done)
}

fn read(value: &Value) -> Result<Crate> {
    let text = |field: &str| value[field].as_str().unwrap_or_default().to_string();
    let name = text("name");
    let manifest = PathBuf::from(text("manifest_path"));
    let list = |field: &str| value[field].as_array().map_or(0, Vec::len);
    let internal = value["dependencies"].as_array();
    let internal = internal.with_context(|| format!("{name} has no dependencies in the answer"))?;
    let internal = internal
        .iter()
        .filter(|dependency| dependency["path"].is_string());
    let targets = value["targets"].as_array();
    let features = value["features"].as_object();
    let features = features.with_context(|| format!("{name} has no features in the answer"))?;
    Ok(Crate {
        version: text("version"),
        dir: manifest
            .parent()
            .context("a manifest without a folder")?
            .into(),
        description: text("description"),
        license: text("license"),
        rust_version: text("rust_version"),
        readme: text("readme"),
        // Cargo says an empty list of registries where nothing is published, and none where all may be.
        published: value["publish"]
            .as_array()
            .is_none_or(|list| !list.is_empty()),
        library: targets.is_some_and(|targets| {
            targets
                .iter()
                .any(|target| target["kind"][0].as_str() == Some("lib"))
        }),
        features: features
            .iter()
            .map(|(name, switches)| {
                let switches = switches.as_array().into_iter().flatten();
                let switches = switches.filter_map(Value::as_str).map(String::from);
                (name.clone(), switches.collect())
            })
            .collect(),
        internal: internal
            .map(|dependency| Internal {
                name: dependency["name"].as_str().unwrap_or_default().into(),
                req: dependency["req"].as_str().unwrap_or_default().into(),
                dev: dependency["kind"].as_str() == Some("dev"),
            })
            .collect(),
        listed: (list("keywords"), list("categories")),
        name,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A crate that needs others in the version `^1.0.0`.
    pub(crate) fn sample(name: &str, needs: &[&str]) -> Crate {
        let internal = needs.iter().map(|name| Internal {
            name: (*name).into(),
            req: "^1.0.0".into(),
            dev: false,
        });
        Crate {
            name: name.into(),
            version: "1.0.0".into(),
            dir: PathBuf::from("/w/crates").join(name),
            description: "What it is".into(),
            license: "MIT".into(),
            rust_version: "1.89".into(),
            readme: "README.md".into(),
            published: true,
            library: true,
            features: BTreeMap::new(),
            internal: internal.collect(),
            listed: (5, 1),
        }
    }

    fn names(crates: &[Crate]) -> String {
        let names: Vec<_> = crates.iter().map(|found| found.name.as_str()).collect();
        names.join(" ")
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let crates = vec![
            sample("cli", &["store"]),
            sample("core", &[]),
            sample("store", &["core"]),
        ];
        let ordered = order(crates).expect("there is no circle");
        assert_eq!(names(&ordered), "core store cli");
        let some = with_needs(&ordered, &["store"]).expect("it is there");
        assert_eq!(names(&some), "core store");
        assert!(with_needs(&ordered, &["shop"]).is_err());
    }

    #[test]
    fn a_circle_is_an_error_unless_it_is_of_paths_alone() {
        let mut crates = vec![sample("a", &["b"]), sample("b", &["a"])];
        assert!(order(crates.clone()).is_err());
        crates[1].internal[0].req = "*".into();
        assert_eq!(names(&order(crates).expect("no circle")), "b a");
    }
}
