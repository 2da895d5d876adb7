//! Takes the auditor's page into the command line where `cargo xtask page` built it of these sources.

mod page_stamp;

use page_stamp::Stamp;
use std::fs;
use std::path::Path;

const PAGE: &str = "page/ai-audit-page.html";
const STAMP: &str = "page/ai-audit-page.stamp";
/// The workspace's root, from here.
const ROOT: &str = "../..";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_page)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=page_stamp.rs");
    println!("cargo::rerun-if-changed=page");
    let Ok(page) = fs::read(PAGE) else {
        return;
    };
    println!("cargo::rerun-if-changed={PAGE}");
    let stamp = fs::read_to_string(STAMP).unwrap_or_default();
    let why = match Stamp::parse(&stamp) {
        Some(stamp) => {
            println!("cargo::rerun-if-changed={STAMP}");
            for name in stamp.names() {
                println!("cargo::rerun-if-changed={ROOT}/{name}");
            }
            stamp.stale(env!("CARGO_PKG_VERSION"), &page, Path::new(ROOT))
        }
        None => Some(format!(
            "there is no {STAMP} that says what it was built of"
        )),
    };
    // An older verifier under this version's name would be worse than none.
    match why {
        None => println!("cargo::rustc-cfg=has_page"),
        Some(why) => println!(
            "cargo::warning=crates/cli/{PAGE} is left out: {why}; `cargo xtask page` builds it anew"
        ),
    }
}
