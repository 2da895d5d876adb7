//! `cargo xtask page`: the auditor's page as one HTML file, and its tests in a browser.

#[path = "../../crates/cli/page_stamp.rs"]
mod page_stamp;
mod stamp;
mod test;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

use crate::generate;
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

pub(crate) use test::{Size, test};

const TARGET: &str = "wasm32-unknown-unknown";
/// Where the page's sources are, from the root.
const SOURCES: &str = "crates/wasm/page";
/// The scripts of the window, in the order in which they need each other.
const SCRIPTS: [&str; 9] = [
    "text.js",
    "parts.js",
    "verifier.js",
    "verdict.js",
    "list.js",
    "path.js",
    "trace.js",
    "receipt.js",
    "main.js",
];
/// Its styles, those that the console has too before its own.
const STYLES: [&str; 2] = ["base.css", "style.css"];
/// Where the command line takes the page from when it is built. Its stamp is beside it.
const FOR_CLI: &str = "crates/cli/page/ai-audit-page.html";
/// What asks somebody for something. Neither our scripts nor the bindings have it; the policy in the page
/// would stop it besides.
const CONNECTIONS: [&str; 9] = [
    "fetch(",
    "XMLHttpRequest",
    "WebSocket",
    "EventSource",
    "sendBeacon",
    "import(",
    "importScripts",
    "http://",
    "https://",
];

/// Builds the page. Gives its path.
///
/// # Errors
/// When something that it needs cannot be had, or does not compile.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let (page, program) = make(workspace, workspace)?;
    let product = workspace.target.join("page/ai-audit-page.html");
    for path in [&product, &workspace.root.join(FOR_CLI)] {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        write_changed(path, page.as_bytes())?;
    }
    stamp::write(workspace, page.as_bytes())?;
    println!(
        "page: {}, {} bytes, of them {} of WebAssembly in packed form",
        product.display(),
        page.len(),
        program
    );
    println!("SHA-256 {}", hex(&Sha256::digest(page.as_bytes())));
    Ok(product)
}

/// Writes a file unless it has these bytes: what is built of it need not be built again for nothing.
fn write_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())
}

/// The page of the sources in `tree`, made with the programs of `workspace`; and how many bytes of it are
/// WebAssembly.
///
/// # Errors
/// As [`build`].
pub(crate) fn make(workspace: &Workspace, tree: &Workspace) -> Result<(String, usize)> {
    let (bindings, program) = compile(workspace, tree)?;
    let page = assemble(tree, &bindings, &program)?;
    Ok((page, Base64::encoded_len(&packed(&program))))
}

/// The verifier as WebAssembly, and the bindings to it.
fn compile(workspace: &Workspace, tree: &Workspace) -> Result<(String, Vec<u8>)> {
    tools::target(workspace, TARGET)?;
    let program = generate::bindings(workspace)?;
    Cmd::cargo(tree)
        .args(["build", "--locked", "-p", "ai-audit-wasm", "--lib"])
        .args(["--profile", "page", "--target", TARGET])
        .env("RUSTFLAGS", remapped(tree)?)
        .env("CARGO_TARGET_DIR", &tree.target)
        .run()?;
    let compiled = tree.target.join(TARGET).join("page/ai_audit_wasm.wasm");
    let folder = tree.target.join("page/bindings");
    Cmd::new(tree, program)
        .arg("bindings")
        .arg(&compiled)
        .arg(&folder)
        .run()?;
    let read = |name: &str| fs::read(folder.join(name)).with_context(|| name.to_owned());
    let bindings = String::from_utf8(read("ai_audit_wasm.js")?)?;
    Ok((without_loader(&bindings)?, read("ai_audit_wasm_bg.wasm")?))
}

/// Flags by which no path of this machine gets into the program: two checkouts give the same bytes.
fn remapped(workspace: &Workspace) -> Result<String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .context("no cargo home")?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = Cmd::new(workspace, rustc)
        .args(["--print", "sysroot"])
        .read()?;
    let map = |from: &str, to: &str| format!("--remap-path-prefix={from}={to}");
    let flags = [
        map(&workspace.root.display().to_string(), "/ai-audit"),
        map(&workspace.target.display().to_string(), "/ai-audit/target"),
        map(&home.display().to_string(), "/cargo"),
        map(sysroot.trim(), "/rust"),
    ];
    Ok(flags.join(" "))
}

/// The bindings without what loads the program from an address: the page has it in itself.
fn without_loader(bindings: &str) -> Result<String> {
    let mut rest = bindings.to_owned();
    for (from, to) in [
        ("    async function __wbg_load(", "    function initSync("),
        ("    let __wbg_init_promise;", "    return Object.assign("),
    ] {
        let (start, end) = (rest.find(from), rest.find(to));
        match (start, end) {
            (Some(start), Some(end)) if start < end => rest.replace_range(start..end, ""),
            _ => bail!("the bindings are not as expected: no {from:?} before {to:?}"),
        }
    }
    let old = "Object.assign(__wbg_init, { initSync }, exports)";
    ensure!(rest.contains(old), "the bindings do not end as expected");
    Ok(rest.replace(old, "Object.assign(exports, { initSync })"))
}

/// Puts everything into one file.
fn assemble(workspace: &Workspace, bindings: &str, program: &[u8]) -> Result<String> {
    let read = |name: &str| {
        let path = workspace.root.join(SOURCES).join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let mut script = String::from("\"use strict\";\n(() => {\n");
    for name in SCRIPTS {
        script += &read(name)?;
    }
    script += "})();\n";
    let worker = format!("\"use strict\";\n{bindings}{}", read("worker.js")?);
    let style = STYLES.into_iter().map(read).collect::<Result<String>>()?;
    for (name, text) in [("the scripts", &script), ("the worker", &worker)] {
        for word in CONNECTIONS {
            let found = text
                .replace("\"http://www.w3.org/2000/svg\"", "")
                .contains(word);
            ensure!(
                !found,
                "{name} of the page have {word:?}: it asks nobody for anything"
            );
        }
    }
    for (name, text) in [("script", &script), ("script", &worker), ("style", &style)] {
        let text = text.to_ascii_lowercase();
        let ends = text.contains(&format!("</{name}")) || text.contains("<!--");
        ensure!(!ends, "a part of the page would end its own <{name}>");
    }
    let policy = [
        "default-src 'none'".to_owned(),
        format!("script-src '{}' 'wasm-unsafe-eval'", source_hash(&script)),
        format!("style-src '{}'", source_hash(&style)),
        "worker-src blob:".into(),
        "img-src blob:".into(),
        "connect-src 'none'".into(),
        "form-action 'none'".into(),
        "base-uri 'none'".into(),
        "require-trusted-types-for 'script'".into(),
        "trusted-types ai-audit".into(),
    ];
    let version = env!("CARGO_PKG_VERSION");
    let wasm = Base64::encode_string(&packed(program));
    let mut page = read("page.html")?;
    for (place, text) in [
        ("{{policy}}", policy.join("; ").as_str()),
        ("{{version}}", version),
        ("{{style}}", &style),
        ("{{script}}", &script),
        ("{{worker}}", &worker),
        ("{{wasm}}", &wasm),
    ] {
        ensure!(
            page.matches(place).count() == 1,
            "page.html should have {place} once"
        );
        page = page.replacen(place, text, 1);
    }
    Ok(page)
}

/// Deflated: a browser unpacks it, and the page is a third as large.
fn packed(program: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(program, 10)
}

/// As a content security policy names an inline script or style.
fn source_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    format!("sha256-{}", Base64::encode_string(&digest))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_is_cut_out_and_nothing_else() {
        let bindings = "a\n    async function __wbg_load(x) { fetch(x) }\n    function initSync(m) {}\n    \
                        let __wbg_init_promise;\n    async function i() { fetch(1) }\n    \
                        return Object.assign(__wbg_init, { initSync }, exports);\n";
        let cut = without_loader(bindings).expect("it has the expected form");
        let wanted =
            "a\n    function initSync(m) {}\n    return Object.assign(exports, { initSync });\n";
        assert_eq!(cut, wanted);
        assert!(without_loader("something else").is_err());
    }

    #[test]
    fn a_source_is_named_as_the_policy_wants_it() {
        // Of the specification's own example (CSP Level 3, section 8.3).
        let hash = source_hash("alert('Hello, world.');");
        assert_eq!(hash, "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    }
}
