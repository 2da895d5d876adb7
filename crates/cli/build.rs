//! Takes the auditor's page into the command line where `cargo xtask page` built it before.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_page)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=page");
    let page = "page/ai-audit-page.html";
    if Path::new(page).is_file() {
        println!("cargo::rerun-if-changed={page}");
        println!("cargo::rustc-cfg=has_page");
    }
}
