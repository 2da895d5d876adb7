//! Running the Python library itself.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `cargo xtask python` puts the library.
fn environment() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target =
        target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("tools/python")
}

/// Which version of the library's own JSON writer is at work: they differ in how they write large floats.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Writer {
    /// orjson from 3.12 on.
    Newer,
    /// orjson before 3.12.
    Older,
}

/// What a script of ours prints; none, said aloud, where the library is not installed.
pub(crate) fn run(writer: Writer, script: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let environment = environment();
    let inside = if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    };
    // Python would leave files beside the script, and take others from the reader's own folders.
    let mut python = Command::new(environment.join(inside));
    python.args(["-B", "-s"]);
    if matches!(writer, Writer::Older) {
        python.env("PYTHONPATH", environment.join("older"));
    } else {
        python.env_remove("PYTHONPATH");
    }
    if !environment.join("installed.txt").is_file() {
        println!("SKIPPED: the Python library itself: run `cargo xtask python` first");
        return None;
    }
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let done = python.arg(scripts.join(script)).args(arguments).output();
    let done = done.unwrap();
    let wrong = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{script} {arguments:?}: {wrong}");
    Some(done.stdout)
}
