//! The report in a real browser: nothing is loaded, nothing is said on the console, nothing sticks out,
//! and a checker of accessibility finds nothing serious.

use crate::logs::example;
use ai_audit_report::html;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `cargo xtask browser` puts what it takes from npm.
fn tools() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target =
        target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("tools/browser")
}

fn chromium() -> Option<&'static str> {
    let known = ["chromium", "chromium-browser", "google-chrome"];
    known.into_iter().find(|name| {
        let said = Command::new(name).arg("--version").output();
        said.is_ok_and(|said| said.status.success())
    })
}

#[test]
fn a_browser_finds_nothing_wrong_with_it() {
    let tools = tools();
    let Some(chromium) = chromium() else {
        println!("SKIPPED: the report in a browser: chromium is absent");
        return;
    };
    if !tools.join("node_modules/axe-core/axe.min.js").is_file() {
        println!("SKIPPED: the report in a browser: run `cargo xtask browser` first");
        return;
    }
    let page = tools.join("report.html");
    std::fs::write(&page, html(&example().2)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/look.mjs");
    let out = Command::new("node")
        .arg(script)
        .args([&tools, &page])
        .arg(chromium)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    let wrong = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}{wrong}");
    // Two widths, light and dark.
    assert_eq!(
        said.lines()
            .filter(|line| line.ends_with("nothing wrong"))
            .count(),
        4,
        "{said}"
    );
}
