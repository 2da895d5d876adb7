//! The README's quickstart, block by block, as it stands there.

use crate::run::{Place, clean, done, program};
use std::path::Path;
use std::process::Command;

/// The shell blocks of the section `Quickstart`.
fn blocks(readme: &str) -> Vec<String> {
    let (_, section) = readme.split_once("\n## Quickstart\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut blocks = Vec::new();
    for part in section.split("\n```sh\n").skip(1) {
        blocks.push(part.split("\n```").next().unwrap().to_owned());
    }
    blocks
}

#[cfg(unix)]
#[test]
fn the_quickstart_of_the_readme_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 4, "{blocks:?}");
    let place = Place::empty();
    let home = place.path("home");
    std::fs::create_dir(&home).unwrap();
    // What a checkout has beside it.
    std::os::unix::fs::symlink(root.join("crates"), place.path("crates")).unwrap();
    let programs = Path::new(program()).parent().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap();
    let mut said = Vec::new();
    for block in blocks {
        // Installing is what the build of this test has done.
        let script: Vec<&str> = block
            .lines()
            .filter(|line| !line.starts_with("cargo install"))
            .collect();
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &script.join("\n")])
            .env("HOME", &home)
            .env("PATH", format!("{}:{path}", programs.display()));
        let done = done(clean(bash, &place.path("")).output().unwrap());
        assert_eq!(done.code, 0, "{block}\n{}{}", done.out, done.err);
        said.push(done.out);
    }
    let all = said.join("");
    assert!(
        all.contains("VERIFIED: integrity, attribution, completeness")
            && all.contains("tool intent"),
        "{all}"
    );
}
